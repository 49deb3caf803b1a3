package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/visit"
)

// leave does what is left once access is revoked: it ends the live sessions and
// tells the CRM, side by side, and seals the record when both have settled. For the
// people concerned the visit is over already.
func (v *visitRun) leave(ctx workflow.Context, revoked activities.Revoked) (VisitResult, error) {
	if v.Indexed == nil {
		v.show(ctx, revoked.Status)
	}
	v.progress.was(ctx, "%s: voucher revoked", revoked.Status)

	v.termination.retry(revoked.Generation)
	workflow.GoNamed(ctx, "termination", v.termination.run)
	var synced activities.Outcome
	workflow.GoNamed(ctx, "crm", func(ctx workflow.Context) { synced = syncCRM(ctx, v.VisitInput) })
	v.progress.is(ctx, "ending live sessions, telling the CRM")
	settled := func() bool { return v.termination.settled() && synced != "" }
	if v.Indexed != nil {
		v.showUnlessSoonOver(ctx, revoked.Status, settled)
	}
	await(ctx, settled)

	err := v.seal(ctx, v.termination.outcome, synced)
	// "Retry now" may cross the seal; it is carried out all the same.
	await(ctx, v.termination.settled)
	return VisitResult{
		Status: revoked.Status, EndedAt: revoked.EndedAt, Termination: v.termination.outcome, CRM: synced,
	}, err
}

// soonOver is how long a visit that leaves is not worth a word to operators.
const soonOver = 10 * time.Second

// showUnlessSoonOver tells operators of the end, at once where the rest takes its
// time and else with the workflow's own end: a change of what they search by costs
// the server about as much as everything else that a visit without live sessions
// still has to do, unless the workflow closes in the same breath.
func (v *visitRun) showUnlessSoonOver(ctx workflow.Context, status visit.Status, settled func() bool) {
	options := workflow.AwaitOptions{Timeout: soonOver, TimerOptions: workflow.TimerOptions{Summary: "leaving; then operators are told"}}
	if _, err := workflow.AwaitWithOptions(ctx, options, settled); err != nil {
		panic(err) // as in await
	}
	v.show(ctx, status)
}

func (v *visitRun) seal(ctx workflow.Context, termination, synced activities.Outcome) error {
	v.progress.was(ctx, "termination: %s", inWords[termination])
	v.progress.was(ctx, "CRM: %s", inWords[synced])
	v.progress.is(ctx, "sealing the record")
	summary := "seal; termination: " + inWords[termination] + "; CRM: " + inWords[synced]
	_, err := do(ctx, patient(summary), records.SealAudit, activities.SealInput{
		VisitID: v.VisitID, Termination: termination, CRM: synced,
	})
	if err == nil {
		v.progress.is(ctx, "")
		v.progress.was(ctx, "sealed")
	}
	return err
}

var inWords = map[activities.Outcome]string{
	activities.NoLiveSession: "no live session",
	activities.SessionsEnded: "sessions ended",
	activities.LeftToTimeout: "left to Session-Timeout",
	activities.NotConfigured: "not configured",
	activities.HandedOver:    "handed over",
	activities.Skipped:       "skipped",
	activities.Failed:        "failed",
}
