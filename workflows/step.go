package workflows

import (
	"context"
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// do runs a short step: inside the workflow task first, which costs Temporal next
// to nothing, and should that not succeed as an ordinary activity of the same name,
// whose attempts operators can see. What returns as an error is final: a refusal
// that no repeat changes, or the end of the patience that otherwise grants.
func do[In, Out any](ctx workflow.Context, otherwise workflow.ActivityOptions, step func(context.Context, In) (Out, error), in In) (Out, error) {
	var out Out
	err := workflow.ExecuteLocalActivity(quick(ctx, otherwise.Summary), step, in).Get(ctx, &out)
	if err == nil || refused(err) {
		return out, err
	}
	err = workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, otherwise), step, in).Get(ctx, &out)
	return out, err
}

// refused reports whether repeating is useless.
func refused(err error) bool {
	failure, ok := errors.AsType[*temporal.ApplicationError](err)
	return ok && failure.NonRetryable()
}

// await waits in a context that nothing cancels. That it was cancelled after all
// would be a bug of ours: the workflow task fails, and operators see the workflow
// stand still instead of taking a wrong turn.
func await(ctx workflow.Context, condition func() bool) {
	if err := workflow.Await(ctx, condition); err != nil {
		panic(err)
	}
}
