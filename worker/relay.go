package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/workflows"
)

// relay turns events into deliveries and starts their workflows, in the one process
// that leads; see the package documentation.
type relay struct {
	store         Outbox
	workflows     deliveryStarter
	mails         store.MailPlan
	notifications Notifications
	logger        *slog.Logger
	metrics       *Metrics
	now           func() time.Time
	lead          func(ctx context.Context, name string) (context.Context, func(), bool, error)
}

// deliveryStarter is satisfied by *workflows.Client.
type deliveryStarter interface {
	StartDelivery(ctx context.Context, start workflows.DeliveryStart, now time.Time) error
}

func newRelay(c Config) *relay {
	return &relay{
		store: c.Store, workflows: c.Workflows, mails: c.Mails, notifications: c.Notifications,
		logger: c.Logger, metrics: c.Metrics, now: c.Now, lead: c.Store.TryLead,
	}
}

const (
	relayEvery   = 2 * time.Second // where nothing wakes it
	measureEvery = 15 * time.Second
	relayBatch   = 100 // events of a chain in one transaction
	startBatch   = 200 // workflows in one go
)

// run relays whenever this process leads, until ctx ends.
func (r *relay) run(ctx context.Context) {
	for ctx.Err() == nil {
		r.whileLeading(ctx)
		pause(ctx, leadEvery)
	}
}

func (r *relay) whileLeading(ctx context.Context) {
	lease, release, ok, err := r.lead(ctx, "relay")
	if err != nil && ctx.Err() == nil {
		r.logger.Warn("relay: no lease", "error", cause(err))
	}
	if err != nil || !ok {
		return
	}
	defer release()
	r.logger.Info("relay: leading")
	var parts sync.WaitGroup
	// Side by side, so that a Temporal that hangs does not keep events from becoming
	// rows, where they are safe and can be seen.
	made := make(chan struct{}, 1)
	parts.Go(func() { r.relaying(lease, made) })
	parts.Go(func() { r.starting(lease, made) })
	parts.Go(func() { r.measuring(lease) })
	parts.Wait()
	r.metrics.backlog(store.DeliveryBacklog{}) // the next leader's to say
}

// relaying makes deliveries of events, and says when there are any.
func (r *relay) relaying(ctx context.Context, made chan<- struct{}) {
	var news <-chan store.Notification
	if r.notifications != nil {
		subscription, cancel := r.notifications.Subscribe(notifications)
		defer cancel()
		news = subscription
	}
	for batch := relayBatch; ctx.Err() == nil; {
		done, err := r.store.RelayEvents(ctx, r.mails, batch)
		r.metrics.relayed.Add(float64(done.Deliveries))
		if err != nil && ctx.Err() == nil {
			r.logger.Warn("relay: events not relayed, trying again", "error", cause(err))
		}
		switch { // a backlog that is too much for one transaction must not be so for ever
		case err != nil:
			batch = max(1, batch/2)
		case !done.More:
			batch = relayBatch
		}
		select { // also when there are none: a replay is made elsewhere
		case made <- struct{}{}:
		default:
		}
		if err != nil || !done.More {
			waitForNews(ctx, news, store.NotifyEvent, relayEvery)
		}
	}
}

// starting starts workflows whenever deliveries may have been made.
func (r *relay) starting(ctx context.Context, made <-chan struct{}) {
	for ctx.Err() == nil {
		if err := r.start(ctx); err != nil && ctx.Err() == nil {
			r.logger.Warn("relay: deliveries not started, trying again", "error", cause(err))
			pause(ctx, againAfter)
		}
		select {
		case <-ctx.Done():
		case <-made:
		}
	}
}

// start empties the store's list of deliveries without a workflow, or does what it
// can of it. After a failure the rest waits: Temporal is away.
func (r *relay) start(ctx context.Context) error {
	for {
		waiting, err := r.store.DeliveriesToStart(ctx, startBatch)
		if err != nil || len(waiting) == 0 {
			return err
		}
		started, err := r.startAll(ctx, waiting)
		if len(started) > 0 {
			err = errors.Join(err, r.store.DeliveriesStarted(ctx, started))
		}
		if err != nil || len(waiting) < startBatch {
			return err
		}
	}
}

func (r *relay) startAll(ctx context.Context, waiting []store.DeliveryStart) (started []visit.DeliveryID, err error) {
	var mu sync.Mutex // guards started
	var down atomic.Bool
	_, err = each(waiting, func(d store.DeliveryStart) (bool, error) {
		if down.Load() {
			return false, nil
		}
		if err := r.startOne(ctx, d); err != nil {
			down.Store(true)
			return false, err
		}
		mu.Lock()
		defer mu.Unlock()
		started = append(started, d.ID)
		return true, nil
	})
	return started, err
}

func (r *relay) startOne(ctx context.Context, d store.DeliveryStart) error {
	ctx, cancel := context.WithTimeout(ctx, answerFor)
	defer cancel()
	return r.workflows.StartDelivery(ctx, workflows.DeliveryStart{
		DeliveryInput: workflows.DeliveryInput{
			DeliverInput: activities.DeliverInput{DeliveryID: d.ID, EventID: d.EventID, Target: d.Target}, SiteID: d.SiteID,
		},
		Kind: d.Kind, Replay: d.Replay, DueAt: d.DueAt,
	}, r.now())
}

// measuring says what waits to go out.
func (r *relay) measuring(ctx context.Context) {
	for ctx.Err() == nil {
		backlog, err := r.store.DeliveryBacklog(ctx)
		switch {
		case err == nil:
			r.metrics.backlog(backlog)
		case ctx.Err() == nil:
			r.logger.Warn("relay: backlog not measured", "error", cause(err))
		}
		pause(ctx, measureEvery)
	}
}
