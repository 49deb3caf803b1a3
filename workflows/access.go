package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// AccessInput names an access. Everything else is read from its row.
type AccessInput struct {
	AccessID roll.AccessID `json:"access_id"`
	SiteID   visit.SiteID  `json:"site_id"`
}

// AccessResult is how the access ended.
type AccessResult struct {
	Reason      string             `json:"reason,omitempty"`
	Termination activities.Outcome `json:"termination,omitempty"`
}

var accesses *activities.Accesses

// Access is the time that a roll code gives, from its first use to the seal on its
// record. Its row decides, as a visit's does, and it leaves as a visit does.
func Access(ctx workflow.Context, in AccessInput) (AccessResult, error) {
	lasting, _ := workflow.NewDisconnectedContext(ctx)
	a := &accessRun{AccessInput: in, cancelled: func() bool { return ctx.Err() != nil }}
	a.listen(lasting)
	return a.run(lasting)
}

// accessRun is one run of the workflow. Signals only set its fields.
type accessRun struct {
	AccessInput
	progress  progress
	cancelled func() bool

	changed bool // the row changed since it was asked
}

// listen takes the signals. One may come late, twice or not at all.
func (a *accessRun) listen(ctx workflow.Context) {
	workflow.GoNamed(ctx, "signals", func(ctx workflow.Context) {
		for {
			workflow.GetSignalChannel(ctx, signalAccessChanged).Receive(ctx, nil)
			a.changed = true
		}
	})
}

func (a *accessRun) run(ctx workflow.Context) (AccessResult, error) {
	for {
		work, err := a.ask(ctx)
		switch {
		case err != nil, work.Sealed:
			return AccessResult{Reason: work.Reason}, err
		case work.Ended:
			// An agent that was cut off may bring news by which an access goes on that
			// had ended: then it is not sealed, and the row is asked again.
			outcome, sealed, err := a.leave(ctx, work)
			if sealed || err != nil {
				return AccessResult{Reason: work.Reason, Termination: outcome}, err
			}
		case historyIsLong(ctx):
			return AccessResult{}, workflow.NewContinueAsNewError(ctx, Access, a.AccessInput)
		default:
			a.wait(ctx, work.EndsAt)
		}
	}
}

// ask learns from the row how the access stands, and ends it if it is time.
func (a *accessRun) ask(ctx workflow.Context) (activities.AccessWork, error) {
	summary := "end, if the time is over"
	if a.cancelled() {
		summary = "end: the workflow was cancelled"
	}
	signals := workflow.GetSignalChannel(ctx, signalAccessChanged)
	for signals.ReceiveAsync(nil) { // the one that started the workflow, for one
	}
	a.changed = false // what is signalled from here on asks again
	a.progress.is(ctx, "%s", summary)
	return do(ctx, patient(summary), accesses.EndAccess, activities.EndAccessInput{AccessID: a.AccessID, Cancelled: a.cancelled()})
}

// wait is over when the access may be. It may return early; the row decides.
func (a *accessRun) wait(ctx workflow.Context, endsAt time.Time) {
	remaining := max(endsAt.Sub(workflow.Now(ctx)), recheckAfter)
	a.progress.is(ctx, "in use, ends %s", clock(endsAt))
	timerCtx, disarm := workflow.WithCancel(ctx)
	defer disarm()
	timer := workflow.NewTimerWithOptions(timerCtx, remaining, workflow.TimerOptions{Summary: "ends " + clock(endsAt)})
	await(ctx, func() bool { return timer.IsReady() || a.changed || a.cancelled() || historyIsLong(ctx) })
}

// leave ends the live sessions and seals the record, as a visit does.
func (a *accessRun) leave(ctx workflow.Context, work activities.AccessWork) (activities.Outcome, bool, error) {
	a.progress.was(ctx, "ended: %s", work.Reason)
	a.progress.is(ctx, "ending live sessions")
	t := newTermination(activities.TerminateInput{AccessID: a.AccessID, SiteID: a.SiteID}, work.TerminateFor, work.Generation)
	t.once(ctx)
	a.progress.was(ctx, "termination: %s", inWords[t.outcome])
	summary := "seal; termination: " + inWords[t.outcome]
	sealed, err := do(ctx, patient(summary), accesses.SealAccess, activities.SealAccessInput{AccessID: a.AccessID, Termination: t.outcome})
	if sealed.Sealed {
		a.progress.is(ctx, "")
		a.progress.was(ctx, "sealed")
	}
	return t.outcome, sealed.Sealed, err
}
