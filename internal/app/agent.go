package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"

	"github.com/foyerhq/foyer/agent"
)

// Run answers RADIUS until ctx ends.
func (c *AgentCommand) Run(ctx context.Context, p *Program) error {
	return run(ctx, p.Logger, 30*time.Second,
		fx.Supply(p.Logger.With("role", "agent"), c.Observability),
		fx.Provide(newRegistry, func(r prometheus.Registerer, log *slog.Logger) (*agent.Agent, error) {
			return agent.New(agent.Config{
				DataDir: c.DataDir, EnrolmentToken: c.EnrolmentToken, AuthListen: c.AuthListen, AcctListen: c.AcctListen,
				Version: p.Version, Proxy: c.BehindProxy, Logger: log, Registerer: r,
			})
		}),
		fx.Invoke(serveMetrics, startTracing, func(lc fx.Lifecycle, shutdown fx.Shutdowner, log *slog.Logger, a *agent.Agent) {
			background(lc, shutdown, log, "agent", a.Run)
		}),
	)
}
