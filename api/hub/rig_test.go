package hub_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/foyerhq/foyer/api/hub"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon bounds what is waited for; nothing waits that long unless it fails.
const soon = 30 * time.Second

// brisk is DefaultTiming for tests: what is waited for is short, what must not
// happen by itself is long.
var brisk = hub.Timing{
	Ping: 50 * time.Millisecond, Look: 20 * time.Millisecond, Suspect: 4500 * time.Millisecond, Cut: soon,
	Write: 5 * time.Second, Hello: soon, Store: soon, Poll: 100 * time.Millisecond,
}

// deaf hears of nothing but by notifications.
var deaf = hub.Timing{
	Ping: time.Hour, Look: time.Hour, Suspect: time.Hour, Cut: soon,
	Write: 5 * time.Second, Hello: soon, Store: soon, Poll: time.Hour,
}

// rig is a site on a database of its own.
type rig struct {
	*storetest.Bench
	t         *testing.T
	site      visit.Site
	desk      store.Caller
	authority *hub.Authority
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{Bench: storetest.New(t), t: t, desk: store.Caller{Actor: "user:desk", Scope: store.Everything}}
	var err error
	r.site, err = r.CreateSite(t.Context(), r.desk, visit.Site{Name: "Berlin", Timezone: "Europe/Berlin"})
	require.NoError(t, err)
	r.authority, err = hub.OpenAuthority(t.Context(), r.Store, []string{"127.0.0.1"}, r.Clock.Now)
	require.NoError(t, err)
	return r
}

// replica is one running hub.
type replica struct {
	*hub.Hub
	rig     *rig
	address string
	client  *http.Client // trusts the deployment's authority
	metrics *prometheus.Registry
}

// with changes what a hub is made of.
type with func(*hub.Config)

func timing(t hub.Timing) with { return func(c *hub.Config) { c.Timing = t } }

// replica starts another hub on the database, on a TLS socket.
func (r *rig) replica(changes ...with) *replica {
	r.t.Helper()
	log := slog.New(slog.DiscardHandler)
	p := &replica{rig: r, metrics: prometheus.NewRegistry()}
	config := hub.Config{
		ID: fmt.Sprintf("hub-%p", p), Authority: r.authority, Store: r.Store, Ledger: r.Store, Registry: r.Store,
		Notifications: r.listening(), Metrics: hub.NewMetrics(p.metrics), Logger: log, Now: r.Clock.Now, Timing: brisk,
	}
	for _, change := range changes {
		change(&config)
	}
	p.Hub = hub.New(config)
	p.Start()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(r.t, err)
	p.address = listener.Addr().String()
	server := &http.Server{Handler: p.Handler(), TLSConfig: r.authority.TLSConfig(), ReadHeaderTimeout: soon, ErrorLog: slog.NewLogLogger(log.Handler(), 0)}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.ServeTLS(listener, "", "") })
	p.client = &http.Client{Timeout: soon, Transport: &http.Transport{TLSClientConfig: r.tls(nil)}}
	r.t.Cleanup(func() {
		p.client.CloseIdleConnections()
		require.NoError(r.t, server.Close())
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		require.NoError(r.t, p.Stop(ctx))
		serving.Wait()
	})
	return p
}

// listening returns a notifier whose connection stands.
func (r *rig) listening() *store.Notifier {
	r.t.Helper()
	n := store.NewNotifier(r.URL, slog.New(slog.DiscardHandler))
	stands, cancel := n.Subscribe(1)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = n.Run(ctx) })
	r.t.Cleanup(func() { stop(); running.Wait() })
	select {
	case <-stands:
	case <-time.After(soon):
		require.FailNow(r.t, "the notifier does not listen")
	}
	cancel()
	return n
}

func (r *rig) tls(own *tls.Certificate) *tls.Config {
	ca, err := x509.ParseCertificate(r.authority.Certificate())
	require.NoError(r.t, err)
	config := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: x509.NewCertPool(), Time: r.Clock.Now}
	config.RootCAs.AddCert(ca)
	if own != nil {
		config.Certificates = []tls.Certificate{*own}
	}
	return config
}

// state is the agent as the store has it.
func (r *rig) state(id visit.AgentID) store.Agent {
	r.t.Helper()
	agents, err := r.Agents(r.t.Context(), store.Everything, r.site.ID)
	require.NoError(r.t, err)
	for _, a := range agents {
		if a.ID == id {
			return a
		}
	}
	require.FailNow(r.t, "no such agent")
	return store.Agent{}
}

func (r *rig) eventually(what string, holds func() bool) {
	r.t.Helper()
	require.Eventually(r.t, holds, soon, 10*time.Millisecond, what)
}

func (r *rig) nas(third int) visit.NAS {
	r.t.Helper()
	nas, err := r.CreateNAS(r.t.Context(), r.desk, visit.NAS{
		SiteID: r.site.ID, Name: fmt.Sprintf("AP %d", third), Source: netip.MustParsePrefix(fmt.Sprintf("10.0.%d.0/24", third)), Secret: "a shared secret",
	})
	require.NoError(r.t, err)
	return nas
}

// guest is somebody who is checked in, and online at a NAS.
type guest struct {
	visit visit.VisitID
	key   wire.SessionKey
	grant wire.Grant
}

func (r *rig) arrive(nas visit.NAS) guest {
	r.t.Helper()
	out, err := r.Register(r.t.Context(), r.desk, visit.Registration{
		SiteID: r.site.ID, Visitor: visit.Visitor{FirstName: "Ada", LastName: "Quill"}, Host: visit.Host{Name: "Grace Stone"},
		ExpectedDeparture: r.Clock.Now().Add(time.Hour),
	}, store.RegisterOptions{CheckIn: true})
	require.NoError(r.t, err)
	_, err = r.IssueVoucher(r.t.Context(), out.Visit.ID, store.Workflow)
	require.NoError(r.t, err)
	credentials, voucher, err := r.Credentials(r.t.Context(), out.Visit.ID)
	require.NoError(r.t, err)
	return guest{
		visit: out.Visit.ID, grant: wire.Grant{ID: string(voucher.ID), Username: credentials.Username},
		key: wire.SessionKey{NASID: nas.ID, AcctSessionID: "s-" + string(out.Visit.ID), StartedAt: r.Clock.Now()},
	}
}

// leave checks the guest out and asks for the end of the session.
func (r *rig) leave(g guest) {
	r.t.Helper()
	_, err := r.RequestCheckOut(r.t.Context(), r.desk, g.visit)
	require.NoError(r.t, err)
	_, err = r.RevokeVoucher(r.t.Context(), g.visit, store.RevokeInput{By: store.Workflow})
	require.NoError(r.t, err)
	_, final := r.terminate(g)
	require.False(r.t, final)
}

func (r *rig) terminate(g guest) (visit.TerminationResult, bool) {
	r.t.Helper()
	result, final, err := r.BeginTermination(r.t.Context(), store.TerminationRequest{
		VisitID: g.visit, Generation: 1, Attempt: 1, WorkflowID: "visit-" + string(g.visit), RunID: "run", ActivityID: "1",
	})
	require.NoError(r.t, err)
	return result, final
}

func (g guest) accounting(sequence uint64, status wire.AccountingStatus) wire.Record {
	return wire.Record{Sequence: sequence, At: g.key.StartedAt, Accounting: &wire.Accounting{
		Status: status, EventAt: g.key.StartedAt,
		Session: wire.Session{Key: g.key, GrantID: g.grant.ID, VisitID: g.visit, Username: g.grant.Username, MAC: "02:00:00:00:00:01"},
	}}
}

func (l *link) report(records ...wire.Record) {
	l.t.Helper()
	l.send(&wire.Report{Journal: l.a.hello().Journal, Records: records})
}

// reported sends records and waits until they are stored.
func (l *link) reported(records ...wire.Record) {
	l.t.Helper()
	l.report(records...)
	ack := expect[*wire.ReportAck](l)
	require.Equal(l.t, l.a.hello().Journal, ack.Journal)
	require.Equal(l.t, records[len(records)-1].Sequence, ack.Sequence)
}

// count asks the database itself.
func (r *rig) count(query string) int {
	r.t.Helper()
	conn, err := pgx.Connect(r.t.Context(), r.URL)
	require.NoError(r.t, err)
	defer func() { _ = conn.Close(r.t.Context()) }()
	var n int
	require.NoError(r.t, conn.QueryRow(r.t.Context(), query).Scan(&n))
	return n
}

func digest(parts ...[]byte) []byte {
	sum := sha256.New()
	for _, part := range parts {
		sum.Write(part)
	}
	return sum.Sum(nil)
}
