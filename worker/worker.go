package worker

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	temporal "go.temporal.io/sdk/worker"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/webhook"
	"github.com/foyerhq/foyer/workflows"
)

// Config is what the role is made of. All but Limits and Notifications is required.
type Config struct {
	Temporal  client.Client
	Workflows *workflows.Client
	TaskQueue string // the one Workflows starts on
	Store     Store
	// Notifications wake Results and the relay; without them they look by themselves.
	Notifications Notifications
	// Couriers carry deliveries, by sort of target; what has none waits.
	Couriers map[string]activities.Courier
	Mails    store.MailPlan // nil: events give rise to no mail
	CRM      *CRM           // nil: this process speaks to no CRM
	Peers    *Peers         // nil: this process sends no zones to other deployments
	Contacts *Contacts      // nil: this process judges no addresses
	// Gates that were opened without RADIUS are shut through Controllers; nil: by none.
	Gates       Gates
	Controllers Controllers
	Logger      *slog.Logger
	Metrics     *Metrics
	Limits      Limits
	Purges      PurgeSettings
	Now         func() time.Time
}

// Notifications tell of changes in the database: *store.Notifier.
type Notifications interface {
	Subscribe(buffer int) (notifications <-chan store.Notification, cancel func())
}

// Limits bound what one process does at a time. The defaults fit two cores.
type Limits struct {
	WorkflowTasks   int // zero: 64
	Activities      int // zero: 64
	LocalActivities int // zero: 64; each may hold a database connection
	Outward         int // zero: 64; what waits for others' services
	// Cached workflows answer without their history being read again. A visit waits
	// for hours, so that those waiting need not all be kept. Zero: 2000. It holds for
	// the whole process.
	Cached int
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		limit *int
		value int
	}{{&l.WorkflowTasks, 64}, {&l.Activities, 64}, {&l.LocalActivities, 64}, {&l.Outward, 64}, {&l.Cached, 2000}} {
		if *d.limit <= 0 {
			*d.limit = d.value
		}
	}
	return l
}

// Worker is the role.
type Worker struct {
	Config
	limits Limits
}

// New returns the role, not running.
func New(config Config) (*Worker, error) {
	if config.Temporal == nil || config.Workflows == nil || config.Store == nil || config.TaskQueue == "" ||
		config.Logger == nil || config.Metrics == nil || config.Now == nil {
		return nil, errors.New("worker: incomplete configuration")
	}
	return &Worker{Config: config, limits: config.Limits.withDefaults()}, nil
}

// Run works until ctx ends and everything has stopped. It may be called once.
func (w *Worker) Run(ctx context.Context) {
	temporal.SetStickyWorkflowCacheSize(w.limits.Cached)
	var parts sync.WaitGroup
	parts.Go(func() { w.poll(ctx) })
	parts.Go(func() { newResults(w.Config).run(ctx) })
	parts.Go(func() { newAccessTeller(w.Config).run(ctx) })
	if w.Gates != nil && w.Controllers != nil {
		parts.Go(func() { newGateShutter(w.Config).run(ctx) })
	}
	parts.Go(func() { newSweeper(w.Config).run(ctx) })
	parts.Go(func() { newRelay(w.Config).run(ctx) })
	parts.Wait()
}

const (
	// stopFor is what a running activity gets to finish. Ours take milliseconds.
	stopFor = 30 * time.Second
	// againAfter is how soon a part that failed begins again.
	againAfter = 2 * time.Second
	// answerFor is how long one call to Temporal may take.
	answerFor = 5 * time.Second
)

// poll keeps a Temporal worker running as long as ctx lives.
func (w *Worker) poll(ctx context.Context) {
	for ctx.Err() == nil {
		if err := w.serve(ctx); err != nil {
			w.Logger.Error("temporal worker ended, beginning again", "error", err)
		}
		pause(ctx, againAfter)
	}
}

// serve runs two Temporal workers, one for visits and one for what goes out, until
// ctx ends or Temporal refuses one of them.
func (w *Worker) serve(ctx context.Context) error {
	// Starting a worker cannot be interrupted, so it waits until Temporal answers.
	if err := w.reachable(ctx); err != nil {
		return err
	}
	refused := make(chan error, 1)
	onFatal := func(err error) {
		select {
		case refused <- err:
		default:
		}
	}
	visits := temporal.New(w.Temporal, w.TaskQueue, w.options(onFatal))
	outward := temporal.New(w.Temporal, workflows.OutwardTaskQueue(w.TaskQueue), w.outwardOptions(onFatal))
	workflows.Register(visits)
	set := w.set()
	set.Register(visits)
	set.Register(outward)
	if err := visits.Start(); err != nil {
		return err
	}
	if err := outward.Start(); err != nil {
		visits.Stop()
		return err
	}
	defer stop(visits, outward)
	w.Logger.Info("temporal worker started", "task_queue", w.TaskQueue)
	select {
	case <-ctx.Done():
		return nil
	case err := <-refused:
		return err
	}
}

// stop stops workers side by side: each may take as long as its activities.
func stop(workers ...temporal.Worker) {
	var stopping sync.WaitGroup
	for _, worker := range workers {
		stopping.Go(worker.Stop)
	}
	stopping.Wait()
}

// set is every activity over the store and the couriers.
func (w *Worker) set() activities.Set {
	set := desk{w.Store}.set()
	set.Deliveries = &activities.Deliveries{
		Log: deliveryLog{w.Store}, Couriers: w.Couriers, Schedule: schedule, Attempted: w.Metrics.attempted, Now: w.Now,
	}
	if w.CRM != nil {
		set.CRM.Accounts, set.Erasures.CRM = w.CRM, w.CRM
	}
	return set
}

// schedule is Standard Webhooks', for mail as well.
func schedule(attempts int) (time.Duration, bool) {
	return webhook.Pause(attempts, rand.Float64) //nolint:gosec // spreads attempts, guards nothing
}

func (w *Worker) reachable(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerFor)
	defer cancel()
	_, err := w.Temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
	return err
}

func (w *Worker) options(onFatal func(error)) temporal.Options {
	return temporal.Options{
		MaxConcurrentWorkflowTaskExecutionSize:  w.limits.WorkflowTasks,
		MaxConcurrentActivityExecutionSize:      w.limits.Activities,
		MaxConcurrentLocalActivityExecutionSize: w.limits.LocalActivities,
		MaxConcurrentWorkflowTaskPollers:        4,
		MaxConcurrentActivityTaskPollers:        2,
		// A workflow that does not replay waits, and is repeated, until a worker comes
		// that knows it: nobody's visit fails for a bug of ours.
		WorkflowPanicPolicy: temporal.BlockWorkflow,
		WorkerStopTimeout:   stopFor,
		OnFatalError:        onFatal,
		Interceptors:        []interceptor.WorkerInterceptor{NewInterceptor(w.Logger, w.Metrics)},
	}
}

// outwardOptions are for what waits for services of others: it has slots of its own.
func (w *Worker) outwardOptions(onFatal func(error)) temporal.Options {
	return temporal.Options{
		DisableWorkflowWorker:              true,
		MaxConcurrentActivityExecutionSize: w.limits.Outward,
		MaxConcurrentActivityTaskPollers:   2,
		WorkerStopTimeout:                  stopFor,
		OnFatalError:                       onFatal,
		Interceptors:                       []interceptor.WorkerInterceptor{NewInterceptor(w.Logger, w.Metrics)},
	}
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
