package worker

import (
	"cmp"
	"context"
	"time"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// Store is what the role needs of the database: *store.Store.
type Store interface {
	Visits
	Commands
	Stragglers
	Chores
	Outbox
	Deliveries
	Shredder
	Erasures
	CRMVisits
	Accesses
	// TryLead takes the deployment's lease of a name if nobody has it.
	TryLead(ctx context.Context, name string) (lease context.Context, release func(), ok bool, err error)
}

// Visits are the transactions at a visit's turning points.
type Visits interface {
	WorkView(ctx context.Context, id visit.VisitID) (visit.Work, error)
	IssueVoucher(ctx context.Context, id visit.VisitID, by store.Taker) (store.Issued, error)
	RevokeVoucher(ctx context.Context, id visit.VisitID, in store.RevokeInput) (store.Revoked, error)
	SealVisit(ctx context.Context, id visit.VisitID, in store.SealInput) error
}

// CRMVisits are visits on their way to customers' CRMs.
type CRMVisits interface {
	CRMJob(ctx context.Context, id visit.VisitID) (visit.CRMJob, error)
	activities.CRMLog
}

// Commands are terminations on their way to agents and back.
type Commands interface {
	BeginTermination(ctx context.Context, request store.TerminationRequest) (result visit.TerminationResult, final bool, err error)
	FailTermination(ctx context.Context, id visit.VisitID, generation int, reason string) error
	Undelivered(ctx context.Context, limit int) ([]store.Completion, error)
	Delivered(ctx context.Context, id visit.VisitID, generation, attempt int) error
}

// Stragglers are visits that something has gone wrong with.
type Stragglers interface {
	PendingIntents(ctx context.Context, now time.Time, limit int) ([]store.Intent, error)
	IntentSent(ctx context.Context, id visit.VisitID) error
	OpenVisits(ctx context.Context, after visit.VisitID, limit int) ([]store.OpenVisit, error)
	Overdue(ctx context.Context, limit int) ([]visit.VisitID, error)
	ExpireDisconnects(ctx context.Context, limit int) (int, error)
}

// Chores keep the database in order; each returns how much there was to do.
type Chores interface {
	MarkNoShows(ctx context.Context, limit int) (int, error)
	WipeCredentials(ctx context.Context, limit int) (int, error)
	PruneLedger(ctx context.Context) (int, error)
	SettleAccesses(ctx context.Context, limit int) (int, error)
	PruneIdempotency(ctx context.Context) (int, error)
	Checkpoint(ctx context.Context) (int, error)
	LeavingSoon(ctx context.Context, limit int) (int, error)
	PruneMail(ctx context.Context) (int, error)
	PruneDeliveries(ctx context.Context, limit int) (int, error)
	RecomputeAccounts(ctx context.Context, limit int) (int, error)
	PruneGuests(ctx context.Context, limit int) (int, error)
}

// Outbox is what is to go out.
type Outbox interface {
	RelayEvents(ctx context.Context, mails store.MailPlan, limit int) (store.Relayed, error)
	DeliveriesToStart(ctx context.Context, limit int) ([]store.DeliveryStart, error)
	DeliveriesStarted(ctx context.Context, ids []visit.DeliveryID) error
	DeliveryBacklog(ctx context.Context) (store.DeliveryBacklog, error)
}

// Deliveries are carried out of the deployment one by one.
type Deliveries interface {
	BeginAttempt(ctx context.Context, id visit.DeliveryID) (visit.Delivery, store.DeliveryEnd, error)
	EndAttempt(ctx context.Context, end store.AttemptEnd) error
	PostponeDelivery(ctx context.Context, id visit.DeliveryID, until time.Time) error
	FailDelivery(ctx context.Context, id visit.DeliveryID, reason string) error
}

// desk joins activities to the store.
type desk struct{ store Store }

func (d desk) set() activities.Set {
	return activities.Set{
		Vouchers: &activities.Vouchers{Desk: d}, Terminations: &activities.Terminations{Dispatch: d},
		CRM: &activities.CRM{Settings: d.store, Log: d.store}, Records: &activities.Records{Archive: d},
		Purges: &activities.Purges{Shredder: shredder{d.store}}, Erasures: &activities.Erasures{Book: erasureBook{d.store}},
		Accesses: &activities.Accesses{Desk: accessDesk{d.store}},
	}
}

// IssueVoucher implements activities.VoucherDesk.
func (d desk) IssueVoucher(ctx context.Context, in activities.VisitInput) (activities.Issued, error) {
	issued, err := d.store.IssueVoucher(ctx, in.VisitID, store.Workflow)
	return activities.Issued{Work: issued.Work, VoucherID: issued.VoucherID, Revision: issued.Revision}, err
}

// RevokeVoucher implements activities.VoucherDesk.
func (d desk) RevokeVoucher(ctx context.Context, in activities.RevokeInput) (activities.Revoked, error) {
	revoked, err := d.store.RevokeVoucher(ctx, in.VisitID, store.RevokeInput{Cancelled: in.Cancelled, By: store.Workflow})
	return activities.Revoked{
		Ended: revoked.Ended, Status: revoked.Status, EndedAt: revoked.EndedAt,
		Departure: revoked.Departure, Generation: revoked.Generation,
	}, err
}

// BeginTermination implements activities.Dispatch.
func (d desk) BeginTermination(ctx context.Context, a activities.Attempt) (visit.TerminationResult, bool, error) {
	return d.store.BeginTermination(ctx, store.TerminationRequest{
		VisitID: grantHolder(a.VisitID, a.AccessID), Generation: a.Generation, Attempt: a.Attempt,
		WorkflowID: a.WorkflowID, RunID: a.RunID, ActivityID: a.ActivityID,
	})
}

// FailTermination implements activities.Dispatch.
func (d desk) FailTermination(ctx context.Context, in activities.FailInput) error {
	return d.store.FailTermination(ctx, grantHolder(in.VisitID, in.AccessID), in.Generation, string(in.Reason))
}

// grantHolder is whose sessions a command ends: the two sorts of ids never meet.
func grantHolder(id visit.VisitID, access roll.AccessID) visit.VisitID {
	return cmp.Or(id, visit.VisitID(access))
}

// SealVisit implements activities.Archive.
func (d desk) SealVisit(ctx context.Context, in activities.SealInput) error {
	return d.store.SealVisit(ctx, in.VisitID, store.SealInput{Termination: string(in.Termination), CRM: string(in.CRM)})
}

// deliveryLog joins deliveries to the store.
type deliveryLog struct{ store Deliveries }

// BeginAttempt implements activities.DeliveryLog.
func (d deliveryLog) BeginAttempt(ctx context.Context, id visit.DeliveryID) (visit.Delivery, activities.Delivered, error) {
	delivery, end, err := d.store.BeginAttempt(ctx, id)
	return delivery, activities.Delivered{State: end.State, Reason: end.Reason, Attempts: end.Attempts}, err
}

// EndAttempt implements activities.DeliveryLog.
func (d deliveryLog) EndAttempt(ctx context.Context, end activities.AttemptEnd) error {
	return d.store.EndAttempt(ctx, store.AttemptEnd(end))
}

// PostponeDelivery implements activities.DeliveryLog.
func (d deliveryLog) PostponeDelivery(ctx context.Context, id visit.DeliveryID, until time.Time) error {
	return d.store.PostponeDelivery(ctx, id, until)
}

// FailDelivery implements activities.DeliveryLog.
func (d deliveryLog) FailDelivery(ctx context.Context, in activities.FailDeliveryInput) error {
	return d.store.FailDelivery(ctx, in.DeliveryID, in.Reason)
}
