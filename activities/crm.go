package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/foyerhq/foyer/internal/visit"
)

// Synced is the result of SyncCRM.
type Synced struct {
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason,omitempty"` // why it was skipped or failed, a code
}

// Settings tells what a visit's site has set.
type Settings interface {
	WorkView(ctx context.Context, id visit.VisitID) (visit.Work, error)
	// CRMJob is what the site has chosen to send of the visit.
	CRMJob(ctx context.Context, id visit.VisitID) (visit.CRMJob, error)
}

// CRMLog keeps what was handed over.
type CRMLog interface {
	// WaitCRMSync notes that the visit waits, unless something is noted already.
	WaitCRMSync(ctx context.Context, id visit.VisitID, account visit.CRMAccountID) error
	// BeginCRMSync begins an attempt, or returns visit.ErrCRMBusy or another
	// KindLimited error with when to come again.
	BeginCRMSync(ctx context.Context, id visit.VisitID, account visit.CRMAccountID) error
	NoteCRMRefs(ctx context.Context, id visit.VisitID, refs visit.CRMRefs) error
	EndCRMSync(ctx context.Context, id visit.VisitID, end visit.CRMEnd) error
}

// CRMs speak to customers' accounts.
type CRMs interface {
	// Enter lets the caller in to an account, or says how long to stay away, at once.
	// Who is in calls leave with how it went; ErrNotCalled if it did not go at all.
	Enter(account visit.CRMAccountID) (leave func(error), waitFor time.Duration, ok bool)
	// SyncVisit writes a visit, once however often it is called. note keeps ids
	// before the next call is made.
	SyncVisit(ctx context.Context, job visit.CRMJob, note func(context.Context, visit.CRMRefs) error) error
}

// CRM are the activities that hand visits to the site's CRM.
type CRM struct {
	Settings Settings
	Log      CRMLog
	Accounts CRMs // nil: this process speaks to no CRM
}

// The outcomes of SyncCRM beside NotConfigured and Failed.
const (
	HandedOver Outcome = "synced"
	Skipped    Outcome = "skipped" // there was nothing to send, or it was not to be sent
	// Outward is no outcome yet: the CRM has to be called, which is not done within a
	// workflow's task, where nothing may take long.
	Outward Outcome = "outward"
)

// crmSyncFor bounds an attempt, so that its end can still be noted and nobody else
// begins one meanwhile.
const crmSyncFor = visit.CRMBusyFor - 15*time.Second

// ErrNotCalled is what somebody leaves an account with who did not call it.
var ErrNotCalled = errors.New("not called")

// errNoSuchCRM: nothing here can speak to CRMs.
var errNoSuchCRM = visit.Errorf(visit.KindInvalid, "crm_unknown", "This process speaks to no CRM.")

// SyncCRM logs the ended visit in the site's CRM, where there is one. What is set
// counts when the visit ends, not when it began. As a local activity it calls nobody:
// where that is needed it answers Outward, for the workflow to ask again outside.
//
// A refusal for good is a result and not an error: it is noted for somebody to mend
// and burns no attempts. An account that does not answer turns attempts away at
// once, so that a dead CRM holds nothing up.
func (c *CRM) SyncCRM(ctx context.Context, in VisitInput) (Synced, error) {
	work, err := c.Settings.WorkView(ctx, in.VisitID)
	switch {
	case err != nil:
		return Synced{}, err
	case work.CRM == "":
		return Synced{Outcome: NotConfigured}, nil
	}
	job, err := c.Settings.CRMJob(ctx, in.VisitID)
	if err != nil {
		return Synced{}, err
	}
	if synced, settled, err := c.settled(ctx, job); settled || err != nil {
		return synced, err
	}
	if activity.GetInfo(ctx).IsLocalActivity {
		return Synced{Outcome: Outward}, nil
	}
	if c.Accounts == nil {
		return Synced{}, errNoSuchCRM
	}
	return c.attempt(ctx, job)
}

// settled reports whether there is nothing to send.
func (c *CRM) settled(ctx context.Context, job visit.CRMJob) (Synced, bool, error) {
	switch {
	case job.AccountID == "":
		return Synced{Outcome: NotConfigured}, true, nil
	case job.Known != nil && job.Known.State == visit.CRMErased:
		return Synced{Outcome: Skipped, Reason: string(visit.CRMErased)}, true, nil
	case job.Known != nil && job.Known.State == visit.CRMSynced:
		return Synced{Outcome: HandedOver}, true, nil
	case job.Skip == "":
		return Synced{}, false, nil
	}
	err := c.Log.EndCRMSync(ctx, job.Visit.ID, visit.CRMEnd{AccountID: job.AccountID, State: visit.CRMSkipped, Reason: job.Skip})
	return Synced{Outcome: Skipped, Reason: job.Skip}, true, err
}

// attempt speaks to the CRM, if its account lets us in.
func (c *CRM) attempt(ctx context.Context, job visit.CRMJob) (Synced, error) {
	leave, waitFor, ok := c.Accounts.Enter(job.AccountID)
	if !ok {
		heldBack := &visit.Error{Kind: visit.KindLimited, Code: "crm_held_back", Message: "The CRM is left alone for now.", RetryAfter: waitFor}
		if job.Known != nil {
			return Synced{}, heldBack
		}
		return Synced{}, errors.Join(heldBack, c.Log.WaitCRMSync(ctx, job.Visit.ID, job.AccountID))
	}
	if err := c.Log.BeginCRMSync(ctx, job.Visit.ID, job.AccountID); err != nil {
		leave(ErrNotCalled)
		return erased(err)
	}
	within, cancel := context.WithTimeout(ctx, crmSyncFor)
	defer cancel()
	noted := error(nil)
	err := c.Accounts.SyncVisit(within, job, func(ctx context.Context, refs visit.CRMRefs) error {
		noted = c.Log.NoteCRMRefs(ctx, job.Visit.ID, refs)
		return noted
	})
	if noted != nil {
		leave(nil) // our own database, not the CRM
	} else {
		leave(err)
	}
	return c.end(ctx, job, err)
}

// end notes how an attempt came out.
func (c *CRM) end(ctx context.Context, job visit.CRMJob, failure error) (Synced, error) {
	end := visit.CRMEnd{AccountID: job.AccountID, State: visit.CRMSynced, Fields: job.Visit.Fields}
	synced := Synced{Outcome: HandedOver}
	if failure != nil {
		if errors.Is(failure, visit.ErrCRMErased) {
			return erased(failure)
		}
		end.State, end.Reason = visit.CRMPending, codeOf(failure)
		if final(visit.KindOf(failure)) {
			end.State = visit.CRMNeedsAttention
			synced = Synced{Outcome: Failed, Reason: end.Reason}
			failure = nil
		}
	}
	if err := c.Log.EndCRMSync(ctx, job.Visit.ID, end); err != nil {
		return Synced{}, err // repeated, and found written
	}
	if failure != nil {
		return Synced{}, failure
	}
	return synced, nil
}

// erased makes a result of the one refusal that is as it should be: the person was
// erased while the visit waited.
func erased(err error) (Synced, error) {
	if errors.Is(err, visit.ErrCRMErased) {
		return Synced{Outcome: Skipped, Reason: string(visit.CRMErased)}, nil
	}
	return Synced{}, err
}

// CRMExhausted is the reason of a visit whose CRM did not take it in three days.
const CRMExhausted = "crm_exhausted"

// FailCRM notes, for somebody to see and to try again, that a CRM did not take the
// visit in time.
func (c *CRM) FailCRM(ctx context.Context, in VisitInput) (Synced, error) {
	job, err := c.Settings.CRMJob(ctx, in.VisitID)
	if err != nil {
		return Synced{}, err
	}
	if synced, settled, err := c.settled(ctx, job); settled || err != nil {
		return synced, err
	}
	err = c.Log.EndCRMSync(ctx, in.VisitID, visit.CRMEnd{AccountID: job.AccountID, State: visit.CRMNeedsAttention, Reason: CRMExhausted})
	return Synced{Outcome: Failed, Reason: CRMExhausted}, err
}
