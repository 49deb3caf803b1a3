package workflows

import (
	"context"

	"go.temporal.io/sdk/workflow"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/visit"
)

// syncCRM hands the visit to the site's CRM and returns how that came out. A CRM
// that stays away for three days delays the seal and nothing else.
func syncCRM(ctx workflow.Context, in VisitInput) activities.Outcome {
	options := untilDelivered("hand the visit to the site's CRM")
	options.TaskQueue = outward(ctx)
	handed := activities.VisitInput{VisitID: in.VisitID}
	synced, err := do(ctx, options, crm.SyncCRM, handed)
	if err == nil && synced.Outcome == activities.Outward {
		err = workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), crm.SyncCRM, handed).Get(ctx, &synced)
	}
	if err != nil {
		workflow.GetLogger(ctx).Error("visit not handed to the CRM", "error", err)
		return failCRM(ctx, in)
	}
	return synced.Outcome
}

// failCRM notes, for staff to see, that the CRM's time is over, unless it has taken
// the visit after all.
func failCRM(ctx workflow.Context, in VisitInput) activities.Outcome {
	synced, err := do(ctx, patient("record that the CRM was given up"), crm.FailCRM, activities.VisitInput{VisitID: in.VisitID})
	if err != nil {
		workflow.GetLogger(ctx).Error("CRM not recorded as given up", "error", err)
		return activities.Failed
	}
	return synced.Outcome
}

// SyncVisit hands one visit to its site's CRM once more, because staff asked: the
// same step as the visit's own, which finds on the row what is done already.
func SyncVisit(ctx workflow.Context, in VisitInput) (activities.Outcome, error) {
	return syncCRM(ctx, in), nil
}

const crmPrefix = "crm-"

// CRMWorkflowID is the id of a hand-over that staff asked for.
func CRMWorkflowID(id visit.VisitID) string { return crmPrefix + string(id) }

// SyncCRM hands a visit to its site's CRM, beside what its own workflow does. One
// that is under way is joined.
func (c *Client) SyncCRM(ctx context.Context, id visit.VisitID, site visit.SiteID) error {
	_, err := c.startOnce(ctx, CRMWorkflowID(id), "visit at site "+string(site)+" to the CRM", SyncVisit, VisitInput{VisitID: id, SiteID: site})
	return err
}
