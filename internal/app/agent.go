package app

import (
	"context"
	"log/slog"
	"net/http"
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
				PresenceListen: c.PresenceListen, Version: p.Version, Proxy: c.BehindProxy, Logger: log, Registerer: r,
			})
		}),
		fx.Invoke(serveAgentProbes, startTracing, func(lc fx.Lifecycle, shutdown fx.Shutdowner, log *slog.Logger, a *agent.Agent) {
			background(lc, shutdown, log, "agent", a.Run)
		}),
	)
}

// serveAgentProbes adds /readyz: whether logins are answered as the hub wishes.
func serveAgentProbes(lc fx.Lifecycle, o Observability, registry *prometheus.Registry, log *slog.Logger, a *agent.Agent) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !a.State().Ready() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	})
	serveProbes(lc, o, registry, log, mux)
}
