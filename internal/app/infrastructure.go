package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"github.com/foyerhq/foyer/internal/durable"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/workflows"
)

// run starts an application, waits for ctx or for a part that fails, and stops
// it within the limit.
func run(ctx context.Context, log *slog.Logger, stopWithin time.Duration, options ...fx.Option) error {
	application := fx.New(append(options,
		fx.StartTimeout(time.Minute), fx.StopTimeout(stopWithin),
		fx.WithLogger(func() fxevent.Logger { return quiet{log} }))...)
	if err := application.Err(); err != nil {
		return err
	}
	starting, cancel := context.WithTimeout(ctx, application.StartTimeout())
	defer cancel()
	if err := application.Start(starting); err != nil {
		return err
	}
	var failure error
	select {
	case <-ctx.Done():
	case signal := <-application.Wait(): // also a process signal, which fx hears as well
		if signal.ExitCode != 0 {
			failure = errPartEnded
		}
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	return errors.Join(failure, application.Stop(stopping))
}

// errPartEnded is an application's failure; which part and why is in the log.
var errPartEnded = errors.New("a part ended; see the log")

// quiet logs what goes wrong in the wiring and nothing of what goes right.
type quiet struct{ log *slog.Logger }

// LogEvent implements fxevent.Logger.
func (q quiet) LogEvent(event fxevent.Event) {
	switch e := event.(type) {
	case *fxevent.OnStartExecuted:
		q.failed("start of "+e.FunctionName, e.Err)
	case *fxevent.OnStopExecuted:
		q.failed("stop of "+e.FunctionName, e.Err)
	case *fxevent.Invoked:
		q.failed("wiring", e.Err)
	}
}

func (q quiet) failed(what string, err error) {
	if err != nil {
		q.log.Error(what+" failed", "error", err)
	}
}

// background runs a function for the life of the application: it is cancelled
// when the application stops, and waited for. A function that fails before that
// ends the application.
func background(lc fx.Lifecycle, shutdown fx.Shutdowner, log *slog.Logger, name string, f func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error {
			running.Go(func() {
				if err := f(ctx); err != nil && ctx.Err() == nil {
					log.Error("a part ended", "part", name, "error", err)
					_ = shutdown.Shutdown(fx.ExitCode(1)) // fails only when that is under way
				}
			})
			return nil
		},
		OnStop: func(stopping context.Context) error {
			cancel()
			return waited(stopping, &running, name)
		},
	})
}

// waited waits for the group, at most until ctx ends.
func waited(ctx context.Context, group *sync.WaitGroup, name string) error {
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s did not stop in time", name)
	}
}

// infrastructure is what the api and worker roles share.
func infrastructure(p *Program, role string, db Database, t Temporal, o Observability) fx.Option {
	return fx.Module("infrastructure",
		fx.Supply(p.Logger.With("role", role), db, t, o),
		fx.Supply(fx.Annotate(p.Version, fx.ResultTags(`name:"version"`))),
		fx.Provide(newRegistry, newKeyring, newStore, newNotifier, newTemporal, newWorkflows),
		fx.Invoke(serveMetrics, startTracing),
	)
}

func newRegistry() (*prometheus.Registry, prometheus.Registerer) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry, registry
}

func newKeyring(db Database) (*seal.Keyring, error) {
	ring, err := seal.Parse(db.Key)
	if err != nil {
		return nil, fmt.Errorf("FOYER_KEY: %w; `foyer key generate` makes one", err)
	}
	return ring, nil
}

func newStore(lc fx.Lifecycle, db Database, ring *seal.Keyring, log *slog.Logger) (*store.Store, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	s, err := store.Open(ctx, store.Config{URL: db.URL, Keyring: ring, Logger: log, MaxConns: db.MaxConns, GuestDomain: db.guestDomain})
	if err != nil {
		return nil, err
	}
	lc.Append(fx.StopHook(s.Close))
	return s, nil
}

func newNotifier(lc fx.Lifecycle, shutdown fx.Shutdowner, db Database, log *slog.Logger) *store.Notifier {
	n := store.NewNotifier(db.URL, log)
	background(lc, shutdown, log, "notifier", n.Run)
	return n
}

func (t Temporal) config(ring *seal.Keyring, log *slog.Logger) (durable.Config, error) {
	c := durable.Config{Address: t.Address, Namespace: t.Namespace, Keys: ring, Logger: log}
	if t.CA != "" || t.Cert != "" || t.CertKey != "" || t.ServerName != "" {
		tls, err := durable.TLSFiles{Authority: t.CA, Certificate: t.Cert, Key: t.CertKey, ServerName: t.ServerName}.Load()
		if err != nil {
			return c, err
		}
		c.TLS = tls
	}
	return c, nil
}

func newTemporal(lc fx.Lifecycle, t Temporal, ring *seal.Keyring, registry prometheus.Registerer, log *slog.Logger) (client.Client, error) {
	config, err := t.config(ring, log)
	if err != nil {
		return nil, err
	}
	config.Metrics = durable.NewMetrics(registry)
	config.Interceptors = tracingInterceptors()
	c, err := durable.Dial(config)
	if err != nil {
		return nil, err
	}
	lc.Append(fx.StopHook(c.Close))
	return c, nil
}

func newWorkflows(c client.Client, t Temporal) *workflows.Client {
	return workflows.NewClient(c, t.Namespace, workflows.DefaultTaskQueue)
}
