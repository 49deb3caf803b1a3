package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/visit"
)

// termination ends the live sessions of one grant, generation by generation: the
// first when the grant ends, another each time staff press "retry now".
type termination struct {
	activities.TerminateInput // Generation: the one under way or last settled
	limit                     time.Duration
	wanted                    int // the generation that was asked for last
	done                      int // the generation that settled last
	outcome                   activities.Outcome
}

// newTermination is of a grant whose sessions are to be gone within limit, 0 for the
// default, from a generation on.
func newTermination(in activities.TerminateInput, limit time.Duration, generation int) termination {
	if limit <= 0 {
		limit = visit.DefaultTerminationFor
	}
	return termination{TerminateInput: in, limit: limit, wanted: max(generation, 1)}
}

// retry asks for a generation. Earlier ones, and repeats, change nothing.
func (t *termination) retry(generation int) { t.wanted = max(t.wanted, generation) }

// settled reports whether the wanted generation came to an end, good or bad.
func (t *termination) settled() bool { return t.done >= t.wanted }

// run carries out what is wanted, as long as the workflow lives.
func (t *termination) run(ctx workflow.Context) {
	for {
		await(ctx, func() bool { return !t.settled() })
		t.Generation = t.wanted
		if outcome, over := t.end(ctx); over {
			t.outcome, t.done = outcome, t.Generation
		}
	}
}

// once carries out what is wanted now.
func (t *termination) once(ctx workflow.Context) {
	t.Generation = t.wanted
	t.outcome, _ = t.end(ctx)
	t.done = t.Generation
}

// end carries one generation through. It is not over when a newer one is wanted:
// the pending activity is cancelled then and not waited for.
func (t *termination) end(ctx workflow.Context) (outcome activities.Outcome, over bool) {
	summary := fmt.Sprintf("end live sessions at site %s", t.SiteID)
	if t.Generation > 1 {
		summary += fmt.Sprintf(", generation %d", t.Generation)
	}
	pendingCtx, drop := workflow.WithCancel(ctx)
	defer drop()
	pending := workflow.ExecuteActivity(untilConfirmed(pendingCtx, summary, t.limit),
		terminations.TerminateSessions, t.TerminateInput)
	await(ctx, func() bool { return pending.IsReady() || t.wanted > t.Generation })
	if !pending.IsReady() {
		return "", false
	}
	var result activities.Terminated
	if err := pending.Get(ctx, &result); err != nil {
		t.giveUp(ctx, activities.ReasonOf(err))
		return activities.Failed, true
	}
	return result.Outcome, true
}

// giveUp records, for staff to see, that a generation's time is over.
func (t *termination) giveUp(ctx workflow.Context, reason visit.TerminationReason) {
	_, err := do(ctx, patient("record that terminating was given up: "+string(reason)),
		terminations.FailTermination, activities.FailInput{VisitID: t.VisitID, AccessID: t.AccessID, Generation: t.Generation, Reason: reason})
	if err != nil {
		workflow.GetLogger(ctx).Error("termination not recorded as failed", "error", err)
	}
}
