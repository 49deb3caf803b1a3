package worker

import (
	"context"
	"log/slog"
	"time"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/workflows"
)

// results takes termination results from the store to the activities that wait for
// them. Delivering twice, by two processes say, is fine: the second finds nobody
// waiting.
type results struct {
	store         Commands
	workflows     completer
	notifications Notifications
	logger        *slog.Logger
	metrics       *Metrics
}

// completer is satisfied by *workflows.Client.
type completer interface {
	CompleteTermination(ctx context.Context, done workflows.Completion) error
}

func newResults(c Config) *results {
	return &results{
		store: c.Store, workflows: c.Workflows, notifications: c.Notifications,
		logger: c.Logger, metrics: c.Metrics,
	}
}

const (
	lookEvery     = time.Second
	atATime       = 100 // results read
	sideBySide    = 8   // calls to Temporal
	notifications = 64  // waiting; more are one
)

func (r *results) run(ctx context.Context) {
	var news <-chan store.Notification
	if r.notifications != nil {
		subscription, cancel := r.notifications.Subscribe(notifications)
		defer cancel()
		news = subscription
	}
	for ctx.Err() == nil {
		if err := r.deliver(ctx); err != nil && ctx.Err() == nil {
			r.logger.Warn("termination results not delivered, trying again", "error", cause(err))
		}
		waitForNews(ctx, news, store.NotifyVisit, lookEvery)
	}
}

// waitForNews returns when something of a kind happened, when anything may have, or
// after every, which is all there is where news is nil.
func waitForNews(ctx context.Context, news <-chan store.Notification, kind store.NotificationKind, every time.Duration) {
	timer := time.NewTimer(every)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case n, open := <-news:
			if !open {
				news = nil
				continue
			}
			if n.Kind == kind || n.Kind == store.NotifyResync {
				return
			}
		}
	}
}

// deliver empties the store's list, or does what it can of it: a result that cannot
// be delivered does not hold up the others.
func (r *results) deliver(ctx context.Context) error {
	for {
		waiting, err := r.store.Undelivered(ctx, atATime)
		if err != nil || len(waiting) == 0 {
			return err
		}
		_, err = each(waiting, func(done store.Completion) (bool, error) { return true, r.complete(ctx, done) })
		if err != nil || len(waiting) < atATime {
			return err
		}
	}
}

func (r *results) complete(ctx context.Context, done store.Completion) error {
	ctx, cancel := context.WithTimeout(ctx, answerFor)
	defer cancel()
	err := r.workflows.CompleteTermination(ctx, workflows.Completion{
		WorkflowID: done.WorkflowID, RunID: done.RunID, ActivityID: done.ActivityID,
		Result: done.Result, Final: done.Final,
	})
	r.metrics.delivered.WithLabelValues(outcome(err)).Inc()
	if err != nil {
		return err
	}
	return r.store.Delivered(ctx, done.VisitID, done.Generation, done.Attempt)
}
