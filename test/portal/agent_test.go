package portal

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/agent/disconnect"
	"github.com/foyerhq/foyer/agent/journal"
	"github.com/foyerhq/foyer/agent/ledger"
	"github.com/foyerhq/foyer/agent/radius"
	"github.com/foyerhq/foyer/agent/session"
	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/wire"
)

// agent is a site's, made of its real parts on the deployment's clock. What it must do
// is the agent's own; what it is told comes straight from the store.
type agent struct {
	d    *deployment
	dir  string
	host netip.Addr // an address of its own, so that it comes back at the same ports
	auth string     // host:port
	acct string

	ledger   *ledger.Ledger
	journal  *journal.Journal
	sessions *session.Table
	ladder   *disconnect.Ladder
	radius   *radius.Server

	mu     sync.Mutex // held while what is new is taken in
	cancel context.CancelFunc
	done   sync.WaitGroup
}

var agents atomic.Uint32

func newAgent(d *deployment) *agent {
	n := agents.Add(1)
	a := &agent{d: d, dir: d.t.TempDir(), host: netip.AddrFrom4([4]byte{127, 83, byte(n >> 8), byte(n)})}
	a.auth, a.acct = a.host.String()+":0", a.host.String()+":0"
	a.open()
	a.auth, a.acct = a.radius.AuthAddr().String(), a.radius.AcctAddr().String()
	return a
}

// open starts the parts on what is on disk.
func (a *agent) open() {
	t, now, logger := a.d.t, a.d.clock.Now, slog.New(slog.DiscardHandler)
	keys, err := vault.Open(filepath.Join(a.dir, "ledger.key"), rand.Reader)
	require.NoError(t, err)
	a.ledger, err = ledger.Open(ledger.Config{
		Dir: a.dir, Keys: keys, Now: now, Logger: logger, OnEnded: func(e ledger.Ended) { a.ladder.End(e.Grant, nil, nil) },
	})
	require.NoError(t, err)
	a.journal, err = journal.Open(journal.Config{Dir: filepath.Join(a.dir, "journal"), Keys: keys, Logger: logger})
	require.NoError(t, err)
	a.sessions, err = session.Open(session.Config{Dir: a.dir, Keys: keys, Now: now, Logger: logger})
	require.NoError(t, err)
	metrics := disconnect.NewMetrics(prometheus.NewRegistry())
	driver := disconnect.NewRADIUS(disconnect.RADIUSConfig{Local: a.host, Now: now, Logger: logger, Metrics: metrics})
	a.ladder = disconnect.New(disconnect.Config{
		Sessions: a.sessions, NASes: a.ledger, Journal: a.journal, Drivers: map[string]disconnect.Driver{"radius": driver},
		Now: now, Logger: logger, Metrics: metrics,
	})
	a.radius, err = radius.New(radius.Config{
		AuthAddr: a.auth, AcctAddr: a.acct, Grants: a.ledger, NASes: a.ledger, Sessions: a.sessions, Journal: a.journal,
		Ratchet: a.ledger.Ratchet, ClassKey: keys.MAC("radius class", nil), Now: now, Logger: logger, Metrics: radius.NewMetrics(prometheus.NewRegistry()),
	})
	require.NoError(t, err)
	require.NoError(t, a.radius.Start(t.Context()))
	var ctx context.Context
	ctx, a.cancel = context.WithCancel(context.Background())
	running := a.ledger
	a.done.Go(func() { _ = running.Run(ctx) })
}

func (a *agent) close() {
	a.cancel()
	a.done.Wait()
	require.NoError(a.d.t, a.radius.Stop())
	a.ladder.Stop()
	require.NoError(a.d.t, a.sessions.Close())
	require.NoError(a.d.t, a.journal.Close())
	require.NoError(a.d.t, a.ledger.Close())
}

func (a *agent) restart() {
	a.close()
	a.open()
}

// follow takes in what the store's ledger has that the agent has not, ends the sessions
// that this ends, and returns the revision that it is at.
func (a *agent) follow(ctx context.Context) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	ended, err := a.take(ctx)
	if err != nil {
		panic(fmt.Sprint("the agent cannot follow: ", err)) // on a goroutine of the server's
	}
	a.radius.Settle()
	for _, e := range ended {
		a.ladder.End(e.Grant, nil, nil)
	}
	at, _ := a.ledger.Position()
	return at.Revision
}

func (a *agent) take(ctx context.Context) ([]ledger.Ended, error) {
	at, empty := a.ledger.Position()
	if !empty {
		entries, known, err := a.d.store.LedgerFrom(ctx, a.d.site.ID, at, 1000)
		if err != nil || known && len(entries) == 0 {
			return nil, err
		}
		if known {
			return a.ledger.Apply(entries)
		}
	}
	var set ledger.Set
	err := a.d.store.Snapshot(ctx, a.d.site.ID, func(part wire.Snapshot) error {
		set.Position, set.Grants, set.NASes = part.Position, append(set.Grants, part.Grants...), append(set.NASes, part.NASes...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.ledger.Replace(set)
}
