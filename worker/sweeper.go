package worker

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// sweeper repairs what the rest could not finish; see the package documentation.
type sweeper struct {
	store     Store
	workflows starter
	logger    *slog.Logger
	metrics   *Metrics
	now       func() time.Time
	purges    PurgeSettings
	peers     *Peers
	contacts  *Contacts
}

// starter is satisfied by *workflows.Client.
type starter interface {
	Start(ctx context.Context, id visit.VisitID, site visit.SiteID) (bool, error)
	CheckOut(ctx context.Context, id visit.VisitID, site visit.SiteID) error
	Running(ctx context.Context) (map[visit.VisitID]bool, error)
	accessStarter
	StartPurge(ctx context.Context, in activities.PurgeInput) (bool, error)
	StartErase(ctx context.Context, id visit.ErasureID) (bool, error)
}

func newSweeper(c Config) *sweeper {
	return &sweeper{store: c.Store, workflows: c.Workflows, logger: c.Logger, metrics: c.Metrics, now: c.Now, purges: c.Purges, peers: c.Peers, contacts: c.Contacts}
}

// step is one of the sweeper's works.
type step struct {
	name  string
	every time.Duration
	// pass does a bounded part of the work and returns how much there was to do.
	pass func(ctx context.Context) (int, error)
}

const (
	passFor   = time.Minute // the longest a pass may take
	leadEvery = 5 * time.Second
	batch     = 200 // of anything, in one pass
)

func (s *sweeper) steps() []step {
	limited := func(do func(context.Context, int) (int, error)) func(context.Context) (int, error) {
		return func(ctx context.Context) (int, error) { return do(ctx, batch) }
	}
	steps := []step{
		{"overdue", 5 * time.Second, s.overdue},
		{"intents", 5 * time.Second, s.intents},
		{"disconnects", 5 * time.Second, limited(s.store.ExpireDisconnects)},
		{"workflows", 30 * time.Second, s.missing},
		{"accesses", 30 * time.Second, s.missingAccesses},
		{"settled", time.Minute, limited(s.store.SettleAccesses)},
		{"no_shows", 30 * time.Second, limited(s.store.MarkNoShows)},
		{"leaving_soon", 10 * time.Second, limited(s.store.LeavingSoon)},
		{"credentials", 5 * time.Minute, limited(s.store.WipeCredentials)},
		{"ledger", 10 * time.Minute, s.store.PruneLedger},
		{"idempotency", 10 * time.Minute, s.store.PruneIdempotency},
		{"checkpoints", 10 * time.Minute, s.store.Checkpoint},
		{"presence", 10 * time.Minute, limited(s.store.AlarmPresence)},
		{"purge", 5 * time.Minute, s.purge},
		{"erasures", 30 * time.Second, s.erasures},
		{"deliveries", 10 * time.Minute, limited(s.store.PruneDeliveries)},
		{"mail", 10 * time.Minute, s.store.PruneMail},
		{"accounts", 10 * time.Second, s.accounts},
		{"guests", time.Minute, limited(s.store.PruneGuests)},
	}
	if s.peers != nil {
		steps = append(steps, step{"peers", time.Second, s.peers.Push})
	}
	if s.contacts != nil {
		steps = append(steps, step{"contacts", 10 * time.Second, s.contacts.Look})
	}
	return steps
}

// accountsAtOnce is how many accounts of changed profiles are reckoned anew in one
// transaction.
const accountsAtOnce = 500

func (s *sweeper) accounts(ctx context.Context) (int, error) {
	return s.store.RecomputeAccounts(ctx, accountsAtOnce)
}

// run sweeps whenever this process leads, until ctx ends.
func (s *sweeper) run(ctx context.Context) {
	for ctx.Err() == nil {
		s.lead(ctx)
		pause(ctx, leadEvery)
	}
}

// lead sweeps as long as the lease lasts, if it can be had.
func (s *sweeper) lead(ctx context.Context) {
	lease, release, ok, err := s.store.TryLead(ctx, "sweeper")
	if err != nil && ctx.Err() == nil {
		s.logger.Warn("sweeper: no lease", "error", cause(err))
	}
	if err != nil || !ok {
		return
	}
	defer release()
	s.metrics.leading.Set(1)
	defer s.metrics.leading.Set(0)
	s.logger.Info("sweeper: leading")
	var steps sync.WaitGroup
	for _, st := range s.steps() {
		steps.Go(func() { s.repeat(lease, st) })
	}
	steps.Wait()
}

// repeat runs one step at its pace until the lease ends. A pass that was full is
// followed by the next at once.
func (s *sweeper) repeat(lease context.Context, st step) {
	for lease.Err() == nil {
		if full := s.once(lease, st); !full {
			pause(lease, st.every)
		}
	}
}

func (s *sweeper) once(lease context.Context, st step) (full bool) {
	ctx, cancel := context.WithTimeoutCause(lease, passFor, errors.New("sweeper: "+st.name+" took too long"))
	defer cancel()
	found, err := st.pass(ctx)
	s.metrics.pass(st.name, found, err)
	if err != nil && lease.Err() == nil {
		s.logger.Warn("sweeper: pass failed", "step", st.name, "error", cause(err))
	}
	return err == nil && found >= batch
}

// overdue ends visits whose departure passed and whose workflow did not end them.
// That a guest could have been left online is an alarm even though the agents have
// ended the voucher by themselves.
func (s *sweeper) overdue(ctx context.Context) (ended int, err error) {
	due, err := s.store.Overdue(ctx, batch)
	for _, id := range due {
		revoked, failed := s.store.RevokeVoucher(ctx, id, store.RevokeInput{By: store.Fallback})
		if err = errors.Join(err, failed); revoked.Fresh {
			ended++
			s.logger.Error("sweeper: a visit was not ended by its workflow", "visit_id", id)
		}
	}
	return ended, err
}

// intents sends again what was asked for and no workflow has taken up.
func (s *sweeper) intents(ctx context.Context) (int, error) {
	pending, err := s.store.PendingIntents(ctx, s.now(), batch)
	if err != nil {
		return 0, err
	}
	return each(pending, func(intent store.Intent) (bool, error) {
		if err := s.send(ctx, intent); err != nil {
			return false, err
		}
		return true, s.store.IntentSent(ctx, intent.VisitID)
	})
}

// send starts or wakes the workflow. It never waits for it as a check-in does.
func (s *sweeper) send(ctx context.Context, intent store.Intent) error {
	ctx, cancel := context.WithTimeout(ctx, answerFor)
	defer cancel()
	if intent.Kind == store.IntentCheckOut {
		return s.workflows.CheckOut(ctx, intent.VisitID, intent.SiteID)
	}
	_, err := s.workflows.Start(ctx, intent.VisitID, intent.SiteID)
	return err
}

// missing starts the workflows of open visits that have none. Temporal's listing
// saves it from asking for each visit; where the listing is late, starting a
// workflow that runs changes nothing.
func (s *sweeper) missing(ctx context.Context) (started int, err error) {
	running, err := s.workflows.Running(ctx)
	if err != nil {
		return 0, err
	}
	for after := visit.VisitID(""); started < batch && ctx.Err() == nil; {
		open, failed := s.store.OpenVisits(ctx, after, batch)
		if failed != nil || len(open) == 0 {
			return started, errors.Join(err, failed)
		}
		after = open[len(open)-1].ID
		open = slices.DeleteFunc(open, func(v store.OpenVisit) bool { return running[v.ID] })
		n, failed := each(open, func(v store.OpenVisit) (bool, error) { return s.start(ctx, v) })
		started, err = started+n, errors.Join(err, failed)
	}
	return started, err
}

// missingAccesses does the same for accesses, if there are any.
func (s *sweeper) missingAccesses(ctx context.Context) (started int, err error) {
	var running map[roll.AccessID]bool
	for after := roll.AccessID(""); started < batch && ctx.Err() == nil; {
		open, failed := s.store.OpenAccesses(ctx, after, batch)
		if failed != nil || len(open) == 0 {
			return started, errors.Join(err, failed)
		}
		after = open[len(open)-1].ID
		if running == nil {
			if running, failed = s.workflows.RunningAccesses(ctx); failed != nil {
				return started, failed
			}
		}
		open = slices.DeleteFunc(open, func(a store.Access) bool { return running[a.ID] })
		n, failed := each(open, func(a store.Access) (bool, error) { return true, tellAccess(ctx, s.workflows, a) })
		started, err = started+n, errors.Join(err, failed)
	}
	return started, err
}

func (s *sweeper) start(ctx context.Context, v store.OpenVisit) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, answerFor)
	defer cancel()
	fresh, err := s.workflows.Start(ctx, v.ID, v.SiteID)
	if fresh {
		s.logger.Warn("sweeper: an open visit had no workflow", "visit_id", v.ID)
	}
	return fresh, err
}

// each does something for all items, a few side by side, and counts where it had an
// effect. An item that fails stops no other.
func each[T any](items []T, do func(T) (bool, error)) (int, error) {
	var group errgroup.Group
	group.SetLimit(sideBySide)
	var effects atomic.Int64
	for _, item := range items {
		group.Go(func() error {
			done, err := do(item)
			if done {
				effects.Add(1)
			}
			return err
		})
	}
	err := group.Wait()
	return int(effects.Load()), err
}
