package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/visit"
)

// VisitInput names the visit. Everything else is read from its row.
type VisitInput struct {
	VisitID visit.VisitID `json:"visit_id"`
	SiteID  visit.SiteID  `json:"site_id"`
	// Indexed is what operators could search by when the run began. Nil: nothing, as
	// for runs that began before the field was there, which say more than others do.
	Indexed *Indexed `json:"indexed,omitempty"`
}

// VisitResult is how the visit ended.
type VisitResult struct {
	Status      visit.Status       `json:"status"`
	EndedAt     *time.Time         `json:"ended_at,omitempty"`
	Termination activities.Outcome `json:"termination,omitempty"`
	CRM         activities.Outcome `json:"crm,omitempty"`
}

// The nil pointers name activities; the worker has the real ones.
var (
	vouchers     *activities.Vouchers
	terminations *activities.Terminations
	crm          *activities.CRM
	records      *activities.Records
)

// Visit is one visit from check-in to the seal on its record. The package
// documentation tells the story.
func Visit(ctx workflow.Context, in VisitInput) (VisitResult, error) {
	// A visit that was begun is brought to its end, so the work runs in a context
	// that cancelling does not reach; cancelling is one more way to leave.
	lasting, _ := workflow.NewDisconnectedContext(ctx)
	v := &visitRun{VisitInput: in, cancelled: func() bool { return ctx.Err() != nil }}
	if in.Indexed != nil {
		v.indexed = *in.Indexed
	}
	if err := v.listen(lasting); err != nil {
		return VisitResult{}, err
	}
	result, err := v.run(lasting)
	await(lasting, func() bool { return workflow.AllHandlersFinished(lasting) })
	return result, err
}

// visitRun is one run of the workflow. Signals only set its fields.
type visitRun struct {
	VisitInput
	progress  progress
	cancelled func() bool

	opened      bool        // the first step is over, however it came out
	checkOut    bool        // somebody asked for the end and the row has not been asked since
	sooner      time.Time   // the earliest departure signalled since the row was asked
	departure   time.Time   // as the row said last
	refused     bool        // asked last, the row said that the visit goes on
	indexed     Indexed     // what operators search by
	termination termination // of the sessions that are live at the end
}

// run is the visit.
func (v *visitRun) run(ctx workflow.Context) (VisitResult, error) {
	work, err := v.issue(ctx)
	if err != nil || work.Sealed || work.NeverCheckedIn() {
		return VisitResult{Status: work.Status, EndedAt: work.EndedAt}, err
	}
	for {
		v.stay(ctx)
		if !v.leaving() && historyIsLong(ctx) {
			in := v.VisitInput
			if in.Indexed != nil {
				in.Indexed = &v.indexed // attributes stay with the workflow
			}
			return VisitResult{}, workflow.NewContinueAsNewError(ctx, Visit, in)
		}
		revoked, err := v.revoke(ctx)
		if err != nil {
			return VisitResult{Status: work.Status}, err
		}
		if revoked.Ended {
			return v.leave(ctx, revoked)
		}
	}
}

// issue makes the voucher, unless there is one, and says how the visit stands.
func (v *visitRun) issue(ctx workflow.Context) (visit.Work, error) {
	v.progress.is(ctx, "issuing the voucher")
	issued, err := do(ctx, patient("issue the voucher"), vouchers.IssueVoucher, activities.VisitInput{VisitID: v.VisitID})
	v.opened = true
	work := issued.Work
	switch {
	case err != nil:
		return work, err
	case work.Status == visit.PreRegistered:
		// Failing keeps the workflow's id free for the day somebody checks in.
		return work, temporal.NewNonRetryableApplicationError("nobody asked for the check-in", visit.ErrNotCheckedIn.Code, nil)
	}
	v.checkOut = v.checkOut || work.CheckOutRequestedAt != nil || work.Status.Ended()
	v.departure = work.ExpectedDeparture
	v.termination = newTermination(activities.TerminateInput{VisitID: v.VisitID, SiteID: v.SiteID}, work.TerminateFor, work.Generation)
	if work.Status == visit.CheckedIn {
		v.progress.was(ctx, "checked in: voucher %s, ledger revision %d", issued.VoucherID, issued.Revision)
	}
	return work, nil
}

// stay waits until the visit may be over: somebody left, time is up, or the
// departure was brought forward. It may return early; the row decides.
func (v *visitRun) stay(ctx workflow.Context) {
	remaining := v.departure.Sub(workflow.Now(ctx))
	switch {
	case v.leaving(), remaining <= 0 && !v.refused:
		return
	case remaining <= 0:
		remaining = recheckAfter
	}
	v.show(ctx, visit.CheckedIn)
	v.progress.is(ctx, "on site, departs %s", clock(v.departure))

	timerCtx, disarm := workflow.WithCancel(ctx)
	defer disarm()
	timer := workflow.NewTimerWithOptions(timerCtx, remaining, workflow.TimerOptions{
		Summary: "departs " + clock(v.departure),
	})
	await(ctx, func() bool {
		return timer.IsReady() || v.leaving() || v.shortened() || historyIsLong(ctx)
	})
}

// shortened reports whether the timer is set too late. A signal brings the timer
// forward and never puts it back, which only the row does: two signals that overtake
// each other cannot make a visit last too long.
func (v *visitRun) shortened() bool {
	return !v.sooner.IsZero() && v.sooner.Before(v.departure)
}

func (v *visitRun) leaving() bool { return v.checkOut || v.cancelled() }

func historyIsLong(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)
	return info.GetContinueAsNewSuggested() || info.GetCurrentHistoryLength() > longHistory
}

// revoke asks the row whether the visit ends, and adopts its departure if not.
func (v *visitRun) revoke(ctx workflow.Context) (activities.Revoked, error) {
	summary := v.revokeSummary()
	v.checkOut, v.sooner = false, time.Time{} // what is signalled from here on asks again
	v.progress.is(ctx, "%s", summary)
	revoked, err := do(ctx, patient(summary), vouchers.RevokeVoucher, activities.RevokeInput{
		VisitID: v.VisitID, Cancelled: v.cancelled(),
	})
	if v.refused = err == nil && !revoked.Ended; v.refused {
		v.departure = revoked.Departure
		v.progress.was(ctx, "the visit goes on until %s", clock(v.departure))
	}
	return revoked, err
}

func (v *visitRun) revokeSummary() string {
	switch {
	case v.cancelled():
		return "revoke: the workflow was cancelled"
	case v.checkOut:
		return "revoke: check-out"
	}
	return "revoke, if the departure has passed"
}

// Indexed is what operators search by. DepartsAt is the armed instant: it follows a
// shortening at once and an extension when the lazy timer wakes, so that "checked
// in and DepartsAt in the past" always means late.
type Indexed struct {
	Status    visit.Status `json:"status"`
	DepartsAt time.Time    `json:"departs_at"`
}

func (i Indexed) attributes(site visit.SiteID) []temporal.SearchAttributeUpdate {
	return []temporal.SearchAttributeUpdate{
		siteID.ValueSet(string(site)), visitStatus.ValueSet(string(i.Status)), departsAt.ValueSet(i.DepartsAt),
	}
}

// show updates the search attributes where they changed.
func (v *visitRun) show(ctx workflow.Context, status visit.Status) {
	now := Indexed{status, v.departure}
	if v.indexed.Status == now.Status && v.indexed.DepartsAt.Equal(now.DepartsAt) {
		return
	}
	v.indexed = now
	// Attributes that the namespace does not know fail the workflow task, which is
	// repeated until somebody has registered them: nothing is lost.
	err := workflow.UpsertTypedSearchAttributes(ctx, now.attributes(v.SiteID)...)
	if err != nil {
		workflow.GetLogger(ctx).Error("search attributes not updated", "error", err)
	}
}
