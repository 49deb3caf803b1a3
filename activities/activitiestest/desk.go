// Package activitiestest plays the part of the database in tests of workflows: one
// table of visits in memory, with the same decisions taken by the same code.
package activitiestest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// Row is a visit as the desk keeps it.
type Row struct {
	visit.Visit
	Generation   int
	TerminateFor time.Duration
	CRM          string
	Synced       *visit.CRMSync // what became of it there
	Seals        []activities.SealInput
	GivenUp      []activities.FailInput
	Terminal     []visit.EventKind // one, or something is wrong
	Taken        bool              // the check-in, by the workflow
}

// Desk implements all that activities need. Its hooks are optional and are called
// one at a time, without the rows' lock, so that they may call the desk.
type Desk struct {
	Now func() time.Time
	// Fail is asked before each step; its error is the step's.
	Fail func(step string) error
	// Post keeps and carries deliveries.
	Post *Post
	// Papers are what is purged and erased.
	Papers *Papers
	// Begin answers TerminateSessions; nil means that no session is live.
	Begin func(a activities.Attempt) (visit.TerminationResult, bool, error)
	// HandOver is the CRM; nil takes whatever it is given.
	HandOver func(job visit.CRMJob) error

	hooks sync.Mutex // held while a hook runs
	mu    sync.Mutex // guards what follows
	rows  map[visit.VisitID]*Row
	steps []string

	accesses map[roll.AccessID]*AccessRow
}

// New returns a desk without visits.
func New(now func() time.Time) *Desk {
	return &Desk{Now: now, Post: &Post{deliveries: map[visit.DeliveryID]*Letter{}}, Papers: &Papers{}, rows: map[visit.VisitID]*Row{}}
}

// Set returns activities over the desk.
func (d *Desk) Set() activities.Set {
	return activities.Set{
		Vouchers: &activities.Vouchers{Desk: d}, Terminations: &activities.Terminations{Dispatch: d},
		CRM: &activities.CRM{Settings: d, Log: d, Accounts: d}, Records: &activities.Records{Archive: d},
		Deliveries: d.Post.activities(d.Now),
		Purges:     &activities.Purges{Shredder: d.Papers}, Erasures: &activities.Erasures{Book: d.Papers, CRM: d.Papers},
		Accesses: &activities.Accesses{Desk: d},
	}
}

// Add puts a visit on the desk.
func (d *Desk) Add(row Row) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if row.Status == "" {
		row.Status = visit.PreRegistered
	}
	row.Generation = max(row.Generation, 1)
	d.rows[row.ID] = &row
}

// Change edits a visit as a request to the API would.
func (d *Desk) Change(id visit.VisitID, edit func(*Row)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	edit(d.rows[id])
}

// CheckOut stamps the request for a check-out.
func (d *Desk) CheckOut(id visit.VisitID, by string) {
	now := d.Now()
	d.Change(id, func(r *Row) {
		if r.CheckOutRequestedAt == nil {
			r.CheckOutRequestedAt, r.CheckOutRequestedBy = &now, by
		}
	})
}

// Row returns a copy of the visit's row.
func (d *Desk) Row(id visit.VisitID) Row {
	d.mu.Lock()
	defer d.mu.Unlock()
	return *d.rows[id]
}

// Steps returns the steps carried out so far, in order.
func (d *Desk) Steps() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.steps)
}

// enter notes the step and returns the locked row.
func (d *Desk) enter(step string, id visit.VisitID) (*Row, error) {
	if err := d.failure(step); err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.steps = append(d.steps, step)
	if row, ok := d.rows[id]; ok {
		return row, nil
	}
	d.mu.Unlock()
	return nil, visit.ErrVisitNotFound
}

func (d *Desk) failure(step string) error {
	if d.Fail == nil {
		return nil
	}
	d.hooks.Lock()
	defer d.hooks.Unlock()
	return d.Fail(step)
}

func (r *Row) work() visit.Work {
	return visit.Work{
		VisitID: r.ID, SiteID: r.SiteID, Status: r.Status, ExpectedDeparture: r.ExpectedDeparture,
		CheckInRequested: r.CheckInRequestedAt != nil, CheckOutRequestedAt: r.CheckOutRequestedAt,
		EndedAt: r.EndedAt, Sealed: r.SealedAt != nil, Generation: r.Generation,
		TerminateFor: r.TerminateFor, CRM: r.CRM,
	}
}

// IssueVoucher implements activities.VoucherDesk.
func (d *Desk) IssueVoucher(_ context.Context, in activities.VisitInput) (activities.Issued, error) {
	r, err := d.enter("IssueVoucher", in.VisitID)
	if err != nil {
		return activities.Issued{}, err
	}
	defer d.mu.Unlock()
	now := d.Now()
	if r.Status == visit.PreRegistered && r.CheckInRequestedAt != nil {
		r.Status, r.Presence, r.CheckedInAt = visit.CheckedIn, visit.In, &now
	}
	issued := activities.Issued{Work: r.work()}
	if r.Status == visit.CheckedIn {
		r.Taken = true
		issued.VoucherID, issued.Revision = visit.VoucherID("voucher-of-"+string(r.ID)), 1
	}
	return issued, nil
}

// RevokeVoucher implements activities.VoucherDesk.
func (d *Desk) RevokeVoucher(_ context.Context, in activities.RevokeInput) (activities.Revoked, error) {
	r, err := d.enter("RevokeVoucher", in.VisitID)
	if err != nil {
		return activities.Revoked{}, err
	}
	defer d.mu.Unlock()
	now := d.Now()
	if end, over := r.DecideEnd(now, in.Cancelled); over && !r.Status.Ended() {
		r.Status, r.Presence, r.EndedBy, r.EndedAt = end.Status, end.Presence, end.By, &now
		r.Terminal = append(r.Terminal, visit.TerminalEvent(end.Status))
	}
	return activities.Revoked{
		Ended: r.Status.Ended(), Status: r.Status, EndedAt: r.EndedAt,
		Departure: r.ExpectedDeparture, Generation: r.Generation,
	}, nil
}

// BeginTermination implements activities.Dispatch.
func (d *Desk) BeginTermination(_ context.Context, a activities.Attempt) (visit.TerminationResult, bool, error) {
	if a.AccessID != "" {
		if err := d.enterAccess("TerminateSessions"); err != nil {
			return visit.TerminationResult{}, false, err
		}
	} else if _, err := d.enter("TerminateSessions", a.VisitID); err != nil {
		return visit.TerminationResult{}, false, err
	} else {
		d.mu.Unlock()
	}
	if d.Begin == nil {
		return visit.TerminationResult{}, true, nil
	}
	d.hooks.Lock()
	defer d.hooks.Unlock()
	return d.Begin(a)
}

// FailTermination implements activities.Dispatch.
func (d *Desk) FailTermination(_ context.Context, in activities.FailInput) error {
	if in.AccessID != "" {
		return d.enterAccess("FailTermination")
	}
	r, err := d.enter("FailTermination", in.VisitID)
	if err != nil {
		return err
	}
	defer d.mu.Unlock()
	r.GivenUp = append(r.GivenUp, in)
	return nil
}

// WorkView implements activities.Settings.
func (d *Desk) WorkView(_ context.Context, id visit.VisitID) (visit.Work, error) {
	r, err := d.enter("SyncCRM", id)
	if err != nil {
		return visit.Work{}, err
	}
	defer d.mu.Unlock()
	return r.work(), nil
}

// CRMJob implements activities.Settings.
func (d *Desk) CRMJob(_ context.Context, id visit.VisitID) (visit.CRMJob, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.rows[id]
	job := visit.CRMJob{AccountID: visit.CRMAccountID(r.CRM), Visit: visit.CRMVisit{ID: id}, Known: r.Synced}
	if r.CRMSkip {
		job.Skip = visit.CRMDoNotSync
	}
	return job, nil
}

// WaitCRMSync implements activities.CRMLog.
func (d *Desk) WaitCRMSync(context.Context, visit.VisitID, visit.CRMAccountID) error { return nil }

// BeginCRMSync implements activities.CRMLog.
func (d *Desk) BeginCRMSync(context.Context, visit.VisitID, visit.CRMAccountID) error { return nil }

// NoteCRMRefs implements activities.CRMLog.
func (d *Desk) NoteCRMRefs(context.Context, visit.VisitID, visit.CRMRefs) error { return nil }

// EndCRMSync implements activities.CRMLog.
func (d *Desk) EndCRMSync(_ context.Context, id visit.VisitID, end visit.CRMEnd) error {
	d.Change(id, func(r *Row) {
		r.Synced = &visit.CRMSync{VisitID: id, AccountID: end.AccountID, State: end.State, Reason: end.Reason}
	})
	return nil
}

// Enter implements activities.CRMs.
func (d *Desk) Enter(visit.CRMAccountID) (leave func(error), waitFor time.Duration, ok bool) {
	return func(error) {}, 0, true
}

// SyncVisit implements activities.CRMs.
func (d *Desk) SyncVisit(_ context.Context, job visit.CRMJob, _ func(context.Context, visit.CRMRefs) error) error {
	if d.HandOver == nil {
		return nil
	}
	d.hooks.Lock()
	defer d.hooks.Unlock()
	return d.HandOver(job)
}

// SealVisit implements activities.Archive.
func (d *Desk) SealVisit(_ context.Context, in activities.SealInput) error {
	r, err := d.enter("SealAudit", in.VisitID)
	if err != nil {
		return err
	}
	defer d.mu.Unlock()
	if r.SealedAt == nil {
		now := d.Now()
		r.SealedAt, r.Seals = &now, append(r.Seals, in)
	}
	return nil
}
