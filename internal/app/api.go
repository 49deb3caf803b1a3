package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/api/hub"
	"github.com/foyerhq/foyer/api/live"
	"github.com/foyerhq/foyer/api/portal"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/crm"
	"github.com/foyerhq/foyer/internal/durable"
	"github.com/foyerhq/foyer/internal/gate/controller"
	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/web"
	"github.com/foyerhq/foyer/workflows"
)

// Run serves the API until ctx ends.
func (c *APICommand) Run(ctx context.Context, p *Program) error {
	var err error
	if c.guestDomain, err = c.domain(c.Public); err != nil {
		return err
	}
	return run(ctx, p.Logger, c.ShutdownWithin, c.module(p))
}

func (c *APICommand) module(p *Program) fx.Option {
	return fx.Options(
		infrastructure(p, "api", c.Database, c.Temporal, c.Observability),
		fx.Supply(c.HTTP, c.SignIn, c.Sender, c.SMS, c.Outward, c.AgentListener, c.Codec),
		fx.Provide(newAuthority, newHub, newLive, newVendors, newTexter, fx.Annotate(newAPI, fx.ParamTags(`name:"version"`))),
		fx.Invoke(serveCodec, serveAgents, serveAPI),
	)
}

func newAuthority(s *store.Store, a AgentListener) (*hub.Authority, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	return hub.OpenAuthority(ctx, s, a.AgentHosts, time.Now)
}

// replicaID names this process among the replicas, anew at each start: a
// restarted process holds none of its predecessor's links.
func replicaID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return hex.EncodeToString(b[:])
}

func newHub(lc fx.Lifecycle, s *store.Store, n *store.Notifier, a *hub.Authority, r prometheus.Registerer, log *slog.Logger) *hub.Hub {
	h := hub.New(hub.Config{
		ID: replicaID(), Authority: a, Store: s, Ledger: s, Registry: s, Notifications: n,
		Metrics: hub.NewMetrics(r), Logger: log.With("part", "hub"), Now: time.Now,
	})
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error { h.Start(); return nil },
		OnStop:  h.Stop,
	})
	return h
}

func newLive(lc fx.Lifecycle, s *store.Store, n *store.Notifier, h HTTP, r prometheus.Registerer, log *slog.Logger) *live.Live {
	l := live.New(live.Config{
		Store: s, Notifications: n, Metrics: live.NewMetrics(r), Logger: log.With("part", "live"), Origin: h.PublicURL, Now: time.Now,
	})
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error { l.Start(); return nil },
		OnStop:  l.Stop,
	})
	return l
}

// callers kept by a rate limit; beyond them the least recent is forgotten.
const limitKeys = 10_000

func newAPI(version string, s *store.Store, n *store.Notifier, w *workflows.Client, l *live.Live, a *hub.Authority, ring *seal.Keyring,
	vendors *crm.Vendors, texter portal.Texter, h HTTP, in SignIn, sender Sender, agents AgentListener, o Outward, codec Codec, t Temporal, r prometheus.Registerer, log *slog.Logger,
) (*api.Server, error) {
	guard, err := o.guard()
	if err != nil {
		return nil, err
	}
	workflowURL, err := codec.workflowURL(t.Namespace)
	if err != nil {
		return nil, err
	}
	signOn, err := in.provider(h.Public, ring)
	if err != nil {
		return nil, err
	}
	return api.New(api.Config{
		SignOn: signOn, LocalLogin: api.LocalLogin(in.LocalLogin), Mail: sender.MailFrom != "",
		Store: s, Workflows: w, Readiness: readiness{s, n}, Live: l, Pages: web.Files(),
		Passwords: auth.NewPasswords(2, auth.DefaultCost),
		Requests:  limit.New(limit.Config{Rate: h.RequestRate, Burst: h.RequestBurst, Keys: limitKeys}, time.Now),
		Logins:    limit.New(limit.Config{Rate: 0.2, Burst: 10, Keys: limitKeys}, time.Now),
		// A handful of forms at once, then one every ten seconds.
		GuestForms: limit.New(limit.Config{Rate: 0.1, Burst: 6, Keys: limitKeys}, time.Now),
		// The guests of a site may share one address. Of a zone's codes no more are tried
		// than its agents try.
		CodeTries:   limit.New(limit.Config{Rate: 2, Burst: 60, Keys: limitKeys}, time.Now),
		CodeGuesses: limit.New(limit.Config{Rate: 10, Burst: 200, Keys: limitKeys}, time.Now),
		Portal: api.CaptivePortal{
			Brakes: portal.NewBrakes(limitKeys, time.Now), Caller: &controller.Client{}, SMS: texter, Metrics: portal.NewMetrics(r),
		},
		// More than a queue in a lobby needs, and far less than guessing does.
		KioskAsks: limit.New(limit.Config{Rate: 0.5, Burst: 20, Keys: limitKeys}, time.Now),
		Hash:      ring.MAC, Links: ring, CheckURL: guard.CheckURL, CRMs: vendors, Metrics: api.NewMetrics(r), Logger: log.With("part", "api"), Now: time.Now,
		Version: version, PublicURL: h.PublicURL, AgentURL: agents.AgentURL, AgentPin: a.SPKI(),
		TrustedProxies: h.TrustedProxies, Ready: s.Ready, WorkflowURL: workflowURL,
	})
}

// workflowURL makes the addresses of a namespace's workflows in the Temporal UI, which
// leads from there to the latest run. It is nil where no address is configured.
func (c Codec) workflowURL(namespace string) (func(id string) string, error) {
	if c.TemporalUI == "" {
		return nil, nil
	}
	base, err := url.Parse(c.TemporalUI)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, errors.New("temporal-ui: this is not a web address such as https://temporal.example.org")
	}
	return func(id string) string { return base.JoinPath("namespaces", namespace, "workflows", id).String() }, nil
}

func serveAPI(lc fx.Lifecycle, h HTTP, s *api.Server, log *slog.Logger) error {
	return serveHTTP(lc, h, s.Handler(), log)
}

func serveHTTP(lc fx.Lifecycle, h HTTP, handler http.Handler, log *slog.Logger) error {
	config, err := h.tlsConfig()
	if err != nil {
		return err
	}
	server := newHTTPServer(handler)
	if config == nil {
		listening(lc, log, "api", h.Listen, server)
		return nil
	}
	server.TLSConfig = config
	servingTLS(lc, log, "api", h.Listen, server)
	return nil
}

func serveAgents(lc fx.Lifecycle, a AgentListener, authority *hub.Authority, h *hub.Hub, log *slog.Logger) {
	server := newHTTPServer(h.Handler())
	server.TLSConfig = authority.TLSConfig()
	servingTLS(lc, log, "agents", a.AgentListen, server)
}

// serveCodec lets the Temporal UI of this machine show what is sealed.
func serveCodec(lc fx.Lifecycle, c Codec, t Temporal, ring *seal.Keyring, log *slog.Logger) error {
	if c.CodecListen == "" {
		return nil
	}
	if !loopback(c.CodecListen) {
		return errCodecListen
	}
	handler := durable.CodecHandler(durable.NewCodec(ring, t.Namespace), c.CodecOrigin)
	listening(lc, log, "codec", c.CodecListen, newHTTPServer(handler))
	return nil
}
