package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/foyerhq/foyer/activities"
)

// syncCRM hands the visit to the site's CRM and returns how that came out. A CRM
// that stays away for three days delays the seal and nothing else.
func syncCRM(ctx workflow.Context, in VisitInput) activities.Outcome {
	options := untilDelivered("hand the visit to the site's CRM")
	options.TaskQueue = outward(ctx)
	synced, err := do(ctx, options, crm.SyncCRM, activities.VisitInput{VisitID: in.VisitID})
	if err != nil {
		workflow.GetLogger(ctx).Error("visit not handed to the CRM", "error", err)
		return activities.Failed
	}
	return synced.Outcome
}
