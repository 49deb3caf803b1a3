package workflows

import (
	"context"
	"errors"
	"strconv"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/visit"
)

// DeliveryInput names a delivery. What it says is read from the rows when it is
// sent.
type DeliveryInput struct {
	activities.DeliverInput
	SiteID visit.SiteID `json:"site_id,omitempty"` // empty: of the deployment
}

var deliveries *activities.Deliveries

// Delivery is one event on its way to one target. The package documentation tells
// the story.
func Delivery(ctx workflow.Context, in DeliveryInput) (activities.Delivered, error) {
	var p progress
	p.is(ctx, "delivering to %s", in.Target)
	var done activities.Delivered
	err := workflow.ExecuteActivity(untilAccepted(ctx, "deliver to "+string(in.Target)), deliveries.Deliver, in.DeliverInput).Get(ctx, &done)
	if err != nil {
		done = failDelivery(ctx, in, undelivered(err))
	}
	p.is(ctx, "")
	p.was(ctx, "%s %s, attempts: %d", done.State, done.Reason, done.Attempts)
	return done, nil
}

// failDelivery records that a delivery was given up, also by cancelling.
func failDelivery(ctx workflow.Context, in DeliveryInput, reason string) activities.Delivered {
	lasting, _ := workflow.NewDisconnectedContext(ctx)
	_, err := do(lasting, patient("record that delivering was given up: "+reason), deliveries.FailDelivery,
		activities.FailDeliveryInput{DeliveryID: in.DeliveryID, Reason: reason})
	if err != nil {
		workflow.GetLogger(ctx).Error("delivery not recorded as failed", "error", err)
	}
	return activities.Delivered{State: visit.DeliveryFailed, Reason: reason}
}

// undelivered is the reason of a delivery whose activity came to no end of its own.
func undelivered(err error) string {
	if _, ok := errors.AsType[*temporal.CanceledError](err); ok {
		return visit.DeliveryCancelled
	}
	if failure, ok := errors.AsType[*temporal.ApplicationError](err); ok && failure.NonRetryable() {
		return failure.Message()
	}
	return visit.DeliveryExhausted
}

const deliveryPrefix = "delivery-"

// DeliveryWorkflowID is the id of a delivery's workflow; a replay has one of its own.
func DeliveryWorkflowID(event visit.EventID, target visit.Target, replay int) string {
	id := deliveryPrefix + string(event) + "-" + string(target)
	if replay > 0 {
		id += "-r" + strconv.Itoa(replay)
	}
	return id
}

// DeliveryStart is a delivery whose workflow is to be started.
type DeliveryStart struct {
	DeliveryInput
	Kind   visit.EventKind
	Replay int
	DueAt  time.Time // zero, or past: now
}

// StartDelivery starts a delivery's workflow. One that runs is fine. Of a delivery
// that has ended it closes at once: the row says how the delivery stands.
func (c *Client) StartDelivery(ctx context.Context, start DeliveryStart, now time.Time) error {
	wait := max(0, start.DueAt.Sub(now))
	options := client.StartWorkflowOptions{
		ID:                       DeliveryWorkflowID(start.EventID, start.Target, start.Replay),
		TaskQueue:                c.queue,
		WorkflowTaskTimeout:      taskTimeout,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		// Who asks has found the row pending, which counts for more than that a workflow
		// once completed: the database may have been restored.
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StartDelay:            wait,
		EnableEagerStart:      wait == 0, // who starts deliveries also works on them
		StaticSummary:         string(start.Kind) + " to " + string(start.Target),
	}
	if start.SiteID != "" {
		options.TypedSearchAttributes = temporal.NewSearchAttributes(siteID.ValueSet(string(start.SiteID)))
	}
	_, err := c.temporal.ExecuteWorkflow(ctx, options, Delivery, start.DeliveryInput)
	return unlessClosed(err)
}
