package radius

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testSecret   = "correct horse battery staple"
	testUser     = "v-abcdefgh"
	testPassword = "hjkmnpqrstuv"
)

// fakeGrants is a ledger of names.
type fakeGrants struct {
	mu     sync.Mutex
	byName map[string]*wire.Grant
	ended  map[string]wire.RefusedReason
	lookup func(name string) // called at each Lookup, may panic
}

func (f *fakeGrants) Lookup(name string) (*wire.Grant, wire.RefusedReason) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lookup != nil {
		f.lookup(name)
	}
	name = visit.NormalizeUsername(name)
	if why := f.ended[name]; why != "" {
		return &wire.Grant{ID: "grant-" + name}, why
	}
	if g := f.byName[name]; g != nil {
		return g, ""
	}
	return nil, wire.RefusedUnknownUser
}

func (f *fakeGrants) Grant(id string) *wire.Grant {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, g := range f.byName {
		if g.ID == id {
			return g
		}
	}
	return nil
}

func (f *fakeGrants) Device(mac string, _ visit.NASID, _ string) *wire.Grant {
	f.mu.Lock()
	defer f.mu.Unlock()
	var device *wire.Grant
	for _, g := range f.byName {
		switch {
		case g.MAC != mac:
		case g.Kind == wire.GrantPortal && g.MACAuth:
			return g
		case g.Kind == wire.GrantDevice:
			device = g
		}
	}
	return device
}

func (f *fakeGrants) HoldDevice(_ string, access wire.Grant) error {
	f.put(access)
	return nil
}

func (f *fakeGrants) Spend(string, wire.OneTime, string, visit.NASID) bool { return true }
func (f *fakeGrants) Spent(string, string, visit.NASID) []string           { return nil }

func (f *fakeGrants) put(g wire.Grant) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.byName[g.Username] = &g
}

func (f *fakeGrants) end(name string, why wire.RefusedReason) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.byName, name)
	f.ended[name] = why
}

// fakeNASes knows one NAS, wherever it asks from within its source.
type fakeNASes struct {
	mu  sync.Mutex
	nas wire.NAS
}

func (f *fakeNASes) NAS(addr netip.Addr) *wire.NAS {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.nas.Source.Contains(addr) {
		return nil
	}
	n := f.nas
	return &n
}

func (f *fakeNASes) set(change func(*wire.NAS)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.nas)
}

// fakeSessions remembers what it was told.
type fakeSessions struct {
	mu       sync.Mutex
	accepted []wire.Session
	until    []time.Time
	accounts []wire.Accounting
	devices  map[string]map[string]bool // grant → MACs
}

func (f *fakeSessions) Accepted(s wire.Session, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.accepted, f.until = append(f.accepted, s), append(f.until, until)
	if f.devices[s.GrantID] == nil {
		f.devices[s.GrantID] = map[string]bool{}
	}
	f.devices[s.GrantID][s.MAC] = true
}

func (f *fakeSessions) Devices(grantID, exceptMAC string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for mac := range f.devices[grantID] {
		if mac != exceptMAC {
			n++
		}
	}
	return n
}

func (f *fakeSessions) Online(grantID, mac string, _ visit.NASID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.devices[grantID][mac]
}

// Resolve finds the grant of a device that logged in before.
func (f *fakeSessions) Resolve(a wire.Accounting) wire.Accounting {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.accepted {
		if a.Session.GrantID == "" && a.Session.MAC != "" && s.MAC == a.Session.MAC && s.Key.NASID == a.Session.Key.NASID {
			a.Session.GrantID = s.GrantID
		}
	}
	return a
}

func (f *fakeSessions) Account(a wire.Accounting) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.accounts = append(f.accounts, a)
}

func (f *fakeSessions) logins() []wire.Session {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]wire.Session(nil), f.accepted...)
}

// fakeJournal keeps records in memory. Append can be held up or made to fail.
type fakeJournal struct {
	mu      sync.Mutex
	records []wire.Record
	waiting int
	fail    error
	hold    chan struct{} // Append waits until it is closed
}

func (f *fakeJournal) Append(ctx context.Context, rec wire.Record) (uint64, error) {
	f.mu.Lock()
	hold := f.hold
	f.waiting++
	f.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting--
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if f.fail != nil {
		return 0, f.fail
	}
	f.records = append(f.records, rec)
	return uint64(len(f.records)), nil
}

func (f *fakeJournal) Enqueue(rec wire.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.records = append(f.records, rec)
}

func (f *fakeJournal) held() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.waiting
}

func (f *fakeJournal) setFail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = err
}

func (f *fakeJournal) refused() (all []wire.Refused) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rec := range f.records {
		if rec.Refused != nil {
			all = append(all, *rec.Refused)
		}
	}
	return all
}

func (f *fakeJournal) accounting() (all []wire.Accounting) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rec := range f.records {
		if rec.Accounting != nil {
			all = append(all, *rec.Accounting)
		}
	}
	return all
}

// bundle is a server with everything around it.
type bundle struct {
	*Server
	grants   *fakeGrants
	nases    *fakeNASes
	sessions *fakeSessions
	journal  *fakeJournal
	clock    *fakeClock
	orphans  chan wire.Session
	ratchets chan visit.NASID
}

// fakeClock stands still until it is moved.
type fakeClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *fakeClock) move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(by)
}

var testStart = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// newBundle makes a server that is not started: its handler can be called. It has
// one grant of two hours and one NAS on the loopback network.
func newBundle(t testing.TB, change ...func(*Config)) *bundle {
	t.Helper()
	b := &bundle{
		grants:   &fakeGrants{byName: map[string]*wire.Grant{}, ended: map[string]wire.RefusedReason{}},
		nases:    &fakeNASes{nas: wire.NAS{ID: "nas-1", Source: netip.MustParsePrefix("127.0.0.0/8"), Secret: testSecret, MessageAuthenticator: visit.RequireMessageAuthenticator}},
		sessions: &fakeSessions{devices: map[string]map[string]bool{}},
		journal:  &fakeJournal{},
		clock:    &fakeClock{at: testStart},
		orphans:  make(chan wire.Session, 100),
		ratchets: make(chan visit.NASID, 100),
	}
	b.grants.put(wire.Grant{
		ID: "0195f3a0-0000-7000-8000-000000000001", Kind: wire.GrantVisit, VisitID: "visit-1",
		Username: testUser, Password: testPassword,
		NotBefore: testStart.Add(-time.Hour), NotAfter: testStart.Add(2 * time.Hour),
	})
	cfg := Config{
		AuthAddr: "127.0.0.1:0", AcctAddr: "127.0.0.1:0",
		Grants: b.grants, NASes: b.nases, Sessions: b.sessions, Journal: b.journal,
		Ratchet:  func(id visit.NASID) { b.ratchets <- id },
		OnOrphan: func(s wire.Session) { b.orphans <- s },
		Now:      b.clock.Now, Rand: rand.Reader,
		Logger:  slog.New(slog.NewTextHandler(io.Discard, nil)),
		Metrics: NewMetrics(prometheus.NewRegistry()),
	}
	for _, f := range change {
		f(&cfg)
	}
	server, err := New(cfg)
	require.NoError(t, err)
	b.Server = server
	return b
}

// start opens the ports until the test ends.
func (b *bundle) start(t testing.TB) *bundle {
	t.Helper()
	require.NoError(t, b.Start(context.Background()))
	t.Cleanup(func() { require.NoError(t, b.Stop()) })
	return b
}

func (b *bundle) discarded(p port, why discard) int {
	return int(testutil.ToFloat64(b.cfg.Metrics.discards[p][why]))
}

func (b *bundle) answered(p port, what outcome) int {
	return int(testutil.ToFloat64(b.cfg.Metrics.answers[p][what]))
}
