package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/visit"
)

// Erase carries the erasure of a person to the CRMs that know them. Here the person
// is gone when it begins. What a CRM refuses for good, or has not done after three
// days, is for people to look at.
func Erase(ctx workflow.Context, in activities.ErasureInput) (activities.ErasureEnd, error) {
	options := untilDelivered("erase the person in the CRM")
	options.TaskQueue = outward(ctx)
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), erasures.EraseFromCRM, in).Get(ctx, nil)
	end := activities.EndErasureInput{ErasureID: in.ErasureID, Reason: whyNot(err)}
	if ctx.Err() != nil { // cancelled by an operator: the row says so all the same
		ctx, _ = workflow.NewDisconnectedContext(ctx)
	}
	return do(ctx, patient("close the erasure"), erasures.EndErasure, end)
}

// whyNot is the code of what the activity ended with.
func whyNot(err error) string {
	var failure *temporal.ApplicationError
	var timeout *temporal.TimeoutError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &timeout):
		return "time_over"
	case temporal.IsCanceledError(err):
		return "cancelled"
	case errors.As(err, &failure):
		return failure.Message()
	}
	return string(visit.KindInternal)
}

const erasePrefix = "erase-"

// EraseWorkflowID is the id of an erasure's workflow.
func EraseWorkflowID(id visit.ErasureID) string { return erasePrefix + string(id) }
