package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/workflows"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The role runs on the real store.
var _ Store = (*store.Store)(nil)
var _ Notifications = (*store.Notifier)(nil)

// board is a database of stragglers, and Temporal beside it, for the sweeper.
type board struct {
	CRMVisits // not the sweeper's business
	Accesses

	mu       sync.Mutex
	calls    map[string]int
	fail     map[string]error
	hang     map[string]bool
	overdue  []visit.VisitID
	pending  []store.Intent
	open     []store.OpenVisit
	running  map[visit.VisitID]bool
	started  []visit.VisitID
	signaled []visit.VisitID
	sent     []visit.VisitID
	purged   map[string]bool
	erasing  []visit.ErasureID
	leader   bool // somebody else leads

	accesses        []store.Access
	runningAccesses map[roll.AccessID]bool
	told            []roll.AccessID
	lease           context.CancelFunc
}

func newBoard() *board {
	return &board{calls: map[string]int{}, fail: map[string]error{}, hang: map[string]bool{}, running: map[visit.VisitID]bool{}}
}

func (b *board) sweeper() *sweeper {
	return &sweeper{store: b, workflows: b, logger: slog.New(slog.DiscardHandler), metrics: NewMetrics(prometheus.NewRegistry()), now: time.Now}
}

// leadElsewhere says whether another process leads.
func (b *board) leadElsewhere(leads bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.leader = leads
}

// call notes a call and plays its failure.
func (b *board) call(ctx context.Context, name string) error {
	b.mu.Lock()
	b.calls[name]++
	err, hang := b.fail[name], b.hang[name]
	b.mu.Unlock()
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (b *board) count(name string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls[name]
}

func (b *board) TryLead(ctx context.Context, _ string) (context.Context, func(), bool, error) {
	err := b.call(ctx, "TryLead")
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil || b.leader {
		return nil, nil, false, err
	}
	lease, cancel := context.WithCancel(ctx)
	b.lease = cancel
	return lease, func() { cancel(); _ = b.call(ctx, "release") }, true, nil
}

func (b *board) Overdue(ctx context.Context, _ int) ([]visit.VisitID, error) {
	return b.overdue, b.call(ctx, "Overdue")
}

func (b *board) SettleAccesses(ctx context.Context, _ int) (int, error) {
	return 0, b.call(ctx, "SettleAccesses")
}

func (b *board) ExpireDisconnects(ctx context.Context, _ int) (int, error) {
	return 0, b.call(ctx, "ExpireDisconnects")
}

func (b *board) RevokeVoucher(ctx context.Context, id visit.VisitID, in store.RevokeInput) (store.Revoked, error) {
	if in.By != store.Fallback {
		return store.Revoked{}, errors.New("only the workflow stamps intents as taken")
	}
	err := b.call(ctx, "RevokeVoucher "+string(id))
	return store.Revoked{Fresh: err == nil}, err
}

func (b *board) PendingIntents(ctx context.Context, _ time.Time, limit int) ([]store.Intent, error) {
	err := b.call(ctx, "PendingIntents")
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pending[:min(limit, len(b.pending))], err
}

func (b *board) IntentSent(ctx context.Context, id visit.VisitID) error {
	b.mu.Lock()
	b.sent = append(b.sent, id)
	for i, intent := range b.pending {
		if intent.VisitID == id {
			b.pending = append(b.pending[:i:i], b.pending[i+1:]...)
			break
		}
	}
	b.mu.Unlock()
	return b.call(ctx, "IntentSent")
}

func (b *board) OpenVisits(ctx context.Context, after visit.VisitID, limit int) (page []store.OpenVisit, err error) {
	for _, v := range b.open {
		if v.ID > after && len(page) < limit {
			page = append(page, v)
		}
	}
	return page, b.call(ctx, "OpenVisits")
}

func (b *board) Start(ctx context.Context, id visit.VisitID, _ visit.SiteID) (bool, error) {
	if err := b.call(ctx, "Start "+string(id)); err != nil {
		return false, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running[id] {
		return false, nil
	}
	b.running[id] = true
	b.started = append(b.started, id)
	return true, nil
}

func (b *board) CheckOut(ctx context.Context, id visit.VisitID, _ visit.SiteID) error {
	b.mu.Lock()
	b.signaled = append(b.signaled, id)
	b.mu.Unlock()
	return b.call(ctx, "CheckOut")
}

func (b *board) Running(ctx context.Context) (map[visit.VisitID]bool, error) {
	return map[visit.VisitID]bool{"a": true}, b.call(ctx, "Running")
}

func (b *board) MarkNoShows(ctx context.Context, _ int) (int, error) {
	return 0, b.call(ctx, "MarkNoShows")
}
func (b *board) WipeCredentials(ctx context.Context, _ int) (int, error) {
	return 0, b.call(ctx, "WipeCredentials")
}
func (b *board) PruneLedger(ctx context.Context) (int, error) { return 0, b.call(ctx, "PruneLedger") }
func (b *board) PruneIdempotency(ctx context.Context) (int, error) {
	return 0, b.call(ctx, "PruneIdempotency")
}
func (b *board) Checkpoint(ctx context.Context) (int, error) { return 0, b.call(ctx, "Checkpoint") }
func (b *board) RecomputeAccounts(ctx context.Context, _ int) (int, error) {
	return 0, b.call(ctx, "RecomputeAccounts")
}

func (b *board) PruneGuests(ctx context.Context, _ int) (int, error) {
	return 0, b.call(ctx, "PruneGuests")
}

func (b *board) PruneMail(ctx context.Context) (int, error) { return 0, b.call(ctx, "PruneMail") }
func (b *board) LeavingSoon(ctx context.Context, _ int) (int, error) {
	return 0, b.call(ctx, "LeavingSoon")
}

func (b *board) PruneDeliveries(ctx context.Context, _ int) (int, error) {
	return 0, b.call(ctx, "PruneDeliveries")
}

func (b *board) AlarmPresence(ctx context.Context, _ int) (int, error) {
	return 0, b.call(ctx, "AlarmPresence")
}

func (b *board) NightPurged(ctx context.Context, day string) (bool, error) {
	return b.purged[day], b.call(ctx, "NightPurged")
}

func (b *board) StartPurge(ctx context.Context, in activities.PurgeInput) (bool, error) {
	err := b.call(ctx, "StartPurge "+in.Day)
	return err == nil, err
}

func (b *board) PendingErasures(ctx context.Context, _ int) ([]visit.ErasureID, error) {
	return b.erasing, b.call(ctx, "PendingErasures")
}

func (b *board) StartErase(ctx context.Context, id visit.ErasureID) (bool, error) {
	err := b.call(ctx, "StartErase "+string(id))
	return err == nil, err
}

// What the sweeper never calls.
func (b *board) BeginPurge(context.Context, string, int) (store.Purge, error) { panic("unused") }
func (b *board) PurgeClass(context.Context, store.PurgeID, visit.Class, int) (int, error) {
	panic("unused")
}
func (b *board) RewritePurged(context.Context, store.PurgeID, int64) (store.Purge, error) {
	panic("unused")
}
func (b *board) EndPurge(context.Context, store.PurgeID) (store.Purge, error) { panic("unused") }
func (b *board) ContactsToErase(context.Context, visit.ErasureID) ([]store.CRMContact, error) {
	panic("unused")
}
func (b *board) ContactErased(context.Context, visit.ErasureID, store.CRMContact) error {
	panic("unused")
}
func (b *board) EndErasure(context.Context, visit.ErasureID, string) (store.ErasureState, error) {
	panic("unused")
}
func (b *board) WorkView(context.Context, visit.VisitID) (visit.Work, error) { panic("unused") }
func (b *board) IssueVoucher(context.Context, visit.VisitID, store.Taker) (store.Issued, error) {
	panic("unused")
}
func (b *board) SealVisit(context.Context, visit.VisitID, store.SealInput) error { panic("unused") }
func (b *board) BeginTermination(context.Context, store.TerminationRequest) (visit.TerminationResult, bool, error) {
	panic("unused")
}
func (b *board) FailTermination(context.Context, visit.VisitID, int, string) error { panic("unused") }
func (b *board) RelayEvents(context.Context, store.MailPlan, int) (store.Relayed, error) {
	panic("unused")
}
func (b *board) DeliveriesToStart(context.Context, int) ([]store.DeliveryStart, error) {
	panic("unused")
}
func (b *board) DeliveriesStarted(context.Context, []visit.DeliveryID) error { panic("unused") }
func (b *board) DeliveryBacklog(context.Context) (store.DeliveryBacklog, error) {
	panic("unused")
}
func (b *board) BeginAttempt(context.Context, visit.DeliveryID) (visit.Delivery, store.DeliveryEnd, error) {
	panic("unused")
}
func (b *board) EndAttempt(context.Context, store.AttemptEnd) error { panic("unused") }
func (b *board) PostponeDelivery(context.Context, visit.DeliveryID, time.Time) error {
	panic("unused")
}
func (b *board) FailDelivery(context.Context, visit.DeliveryID, string) error { panic("unused") }
func (b *board) Undelivered(context.Context, int) ([]store.Completion, error) { panic("unused") }
func (b *board) Delivered(context.Context, visit.VisitID, int, int) error     { panic("unused") }

// tray is a store of results, and the activities that wait for them.
type tray struct {
	mu        sync.Mutex
	waiting   []store.Completion
	fail      map[visit.VisitID]error
	completed []workflows.Completion
	looked    int
	news      chan store.Notification
	ended     bool // the subscription
}

func (t *tray) results() *results {
	return &results{
		store: t, workflows: t, notifications: t,
		logger: slog.New(slog.DiscardHandler), metrics: NewMetrics(prometheus.NewRegistry()),
	}
}

func (t *tray) put(ids ...visit.VisitID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range ids {
		t.waiting = append(t.waiting, store.Completion{
			TerminationRequest: store.TerminationRequest{VisitID: id, Generation: 1, Attempt: 1, WorkflowID: string(id), RunID: "r", ActivityID: "a"},
			Final:              true,
		})
	}
}

func (t *tray) done() []workflows.Completion {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.completed
}

func (t *tray) Subscribe(int) (<-chan store.Notification, func()) {
	return t.news, func() { t.ended = true }
}

func (t *tray) Undelivered(_ context.Context, limit int) ([]store.Completion, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.looked++
	return append([]store.Completion(nil), t.waiting[:min(limit, len(t.waiting))]...), nil
}

func (t *tray) Delivered(_ context.Context, id visit.VisitID, _, _ int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, w := range t.waiting {
		if w.VisitID == id {
			t.waiting = append(t.waiting[:i:i], t.waiting[i+1:]...)
			break
		}
	}
	return nil
}

func (t *tray) CompleteTermination(_ context.Context, done workflows.Completion) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.fail[visit.VisitID(done.WorkflowID)]; err != nil {
		return err
	}
	t.completed = append(t.completed, done)
	return nil
}

func (t *tray) BeginTermination(context.Context, store.TerminationRequest) (visit.TerminationResult, bool, error) {
	panic("unused")
}
func (t *tray) FailTermination(context.Context, visit.VisitID, int, string) error { panic("unused") }

// The board has no accesses until it is given some.
func (b *board) OpenAccesses(_ context.Context, after roll.AccessID, _ int) ([]store.Access, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if after != "" {
		return nil, nil
	}
	return b.accesses, nil
}

func (b *board) RunningAccesses(context.Context) (map[roll.AccessID]bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls["RunningAccesses"]++
	return b.runningAccesses, nil
}

func (b *board) AccessChanged(_ context.Context, id roll.AccessID, _ visit.SiteID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = append(b.told, id)
	return nil
}
