package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/gate/controller"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/worker"
	"github.com/foyerhq/foyer/workflows"
)

// Run works until ctx ends.
func (c *WorkerCommand) Run(ctx context.Context, p *Program) error {
	return run(ctx, p.Logger, 45*time.Second,
		infrastructure(p, "worker", c.Database, c.Temporal, c.Observability),
		fx.Supply(worker.Limits{Activities: c.Activities, Outward: c.Calls, Cached: c.Workflows}, c.Mail, c.Public, c.Outward, c.Purging, c.Addresses),
		fx.Provide(newMails, newCouriers, newVendors, newCRM, newPeers, newContacts, newWorker),
		fx.Invoke(func(lc fx.Lifecycle, shutdown fx.Shutdowner, log *slog.Logger, w *worker.Worker) {
			background(lc, shutdown, log, "worker", func(ctx context.Context) error {
				w.Run(ctx)
				return nil
			})
		}),
	)
}

func newWorker(c client.Client, w *workflows.Client, s *store.Store, n *store.Notifier,
	couriers map[string]activities.Courier, mails *worker.Mails, crms *worker.CRM, peers *worker.Peers, contacts *worker.Contacts, limits worker.Limits, purging Purging, r prometheus.Registerer, log *slog.Logger,
) (*worker.Worker, error) {
	return worker.New(worker.Config{
		Temporal: c, Workflows: w, TaskQueue: workflows.DefaultTaskQueue, Store: s, Notifications: n,
		Couriers: couriers, CRM: crms, Mails: mailPlan(mails), Peers: peers, Contacts: contacts,
		Gates: s, Controllers: &controller.Client{},
		Logger: log, Metrics: worker.NewMetrics(r), Limits: limits, Purges: purging.settings(), Now: time.Now,
	})
}
