package workflows

import "go.temporal.io/sdk/workflow"

// OutwardTaskQueue is where workers find what goes out of the deployment, for
// workflows of a task queue: a receiver or a CRM that hangs takes slots of its own
// and none that ending sessions needs.
func OutwardTaskQueue(taskQueue string) string { return taskQueue + "-outward" }

// outward is the queue of a workflow's outgoing activities.
func outward(ctx workflow.Context) string {
	return OutwardTaskQueue(workflow.GetInfo(ctx).TaskQueueName)
}
