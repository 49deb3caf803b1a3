package agent

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/foyerhq/foyer/agent/clock"
	"github.com/foyerhq/foyer/agent/disconnect"
	"github.com/foyerhq/foyer/agent/journal"
	"github.com/foyerhq/foyer/agent/ledger"
	"github.com/foyerhq/foyer/agent/link"
	"github.com/foyerhq/foyer/agent/presence"
	"github.com/foyerhq/foyer/agent/radius"
	"github.com/foyerhq/foyer/agent/redeem"
	"github.com/foyerhq/foyer/agent/session"
)

// Config is what an agent is told. DataDir is required, and EnrolmentToken until
// the agent is enrolled; other zero values mean the defaults of the parts.
type Config struct {
	DataDir        string
	EnrolmentToken string // may stay set
	AuthListen     string // UDP; empty: ":1812"
	AcctListen     string // UDP; empty: ":1813"
	PresenceListen string // TCP, of the list of who is in the building; empty: as the site says; NoPresence: never
	Version        string
	Logger         *slog.Logger
	Registerer     prometheus.Registerer // nil: metrics are not registered

	// Proxy: a proxy in front of the hub ends TLS. Its certificate is verified by
	// ProxyRoots, nil for the system's.
	Proxy      bool
	ProxyRoots *x509.CertPool

	DisconnectFrom netip.Addr          // Disconnect-Requests come from here; invalid: as the kernel chooses
	Schedule       disconnect.Schedule // of their repeats
	ConfirmFor     time.Duration       // how long an Accounting-Stop is waited for
	Backoff        link.Backoff
	Timing         link.Timing
}

// NoPresence as PresenceListen says that this agent never shows who is in the
// building, whatever the site wants.
const NoPresence = "off"

// Agent is the process on site. New makes it, Run runs it once.
type Agent struct {
	log      *slog.Logger
	clock    *clock.Clock
	ledger   *ledger.Ledger
	journal  *journal.Journal
	sessions *session.Table
	book     *redeem.Book
	ladder   *disconnect.Ladder
	radius   *radius.Server
	presence *presence.Keeper // nil: this agent shows no list
	link     *link.Link
	closers  []func() error // in the order of opening
}

// New reads what is on disk and makes the parts. It opens no port. When it
// returns an error nothing is left open.
func New(cfg Config) (*Agent, error) {
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	if cfg.Registerer == nil {
		cfg.Registerer = prometheus.NewRegistry()
	}
	a := &Agent{log: cfg.Logger}
	keys, err := a.openDisk(cfg)
	if err == nil {
		err = a.makeParts(cfg, keys)
	}
	if err == nil {
		err = cfg.Registerer.Register(collector{a})
	}
	if err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

// Run answers RADIUS and follows the hub until ctx ends, and closes everything. It
// returns early only when the ports cannot be opened.
func (a *Agent) Run(ctx context.Context) error {
	if err := a.radius.Start(ctx); err != nil {
		return errors.Join(err, a.close())
	}
	a.log.Info("answering RADIUS", "auth", a.radius.AuthAddr(), "acct", a.radius.AcctAddr())
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.clock.Run(ctx, a.clockUnsaved) })
	group.Go(func() error { return a.ledger.Run(ctx) })
	group.Go(func() error { return a.book.Run(ctx) })
	group.Go(func() error { return a.link.Run(ctx) })
	if a.presence != nil {
		group.Go(func() error { return a.presence.Run(ctx) })
	}
	err := group.Wait()
	return errors.Join(err, a.radius.Stop(), a.close())
}

// close ends what was opened, the last first.
func (a *Agent) close() error {
	var errs []error
	for _, closer := range slices.Backward(a.closers) {
		errs = append(errs, closer())
	}
	a.closers = nil
	return errors.Join(errs...)
}
