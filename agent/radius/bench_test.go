package radius

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// The bounds of allocations per request that TestAllocations holds us to; the
// benchmarks show the time.
var budgets = map[string]struct {
	request func(testing.TB) []byte
	allowed float64
}{
	"PAP": {func(t testing.TB) []byte {
		return papLogin(t, testUser, testPassword).from("02-00-00-00-00-01").signed(t)
	}, 1},
	"CHAP": {func(t testing.TB) []byte {
		return chapLogin(t, testUser, testPassword).from("02-00-00-00-00-01").signed(t)
	}, 1},
	"MS-CHAPv2": {func(t testing.TB) []byte {
		return mschap2Login(t, testUser, testPassword).from("02-00-00-00-00-01").signed(t)
	}, 8},
}

// oneGrant, oneNAS and noSessions cost nothing, so that what is measured is ours.
type oneGrant struct{ grant *wire.Grant }

func (g oneGrant) Lookup(string) (*wire.Grant, wire.RefusedReason) { return g.grant, "" }
func (g oneGrant) Grant(string) *wire.Grant                        { return g.grant }

func (oneGrant) Device(string, visit.NASID, string) *wire.Grant       { return nil }
func (oneGrant) HoldDevice(string, wire.Grant) error                  { return nil }
func (oneGrant) Spend(string, wire.OneTime, string, visit.NASID) bool { return true }
func (oneGrant) Spent(string, string, visit.NASID) []string           { return nil }

type oneNAS struct{ nas *wire.NAS }

func (n oneNAS) NAS(netip.Addr) *wire.NAS { return n.nas }

type noSessions struct{}

func (noSessions) Accepted(wire.Session, time.Time)          {}
func (noSessions) Devices(string, string) int                { return 0 }
func (noSessions) Online(string, string, visit.NASID) bool   { return false }
func (noSessions) Resolve(a wire.Accounting) wire.Accounting { return a }
func (noSessions) Account(wire.Accounting)                   {}

// rig is a server and one request that can be handled again and again.
type rig struct {
	*Server
	r *request
}

func newRig(tb testing.TB, datagram []byte) *rig {
	b := newBundle(tb)
	nas := b.nases.nas
	server, err := New(Config{
		Grants: oneGrant{b.grants.byName[testUser]}, NASes: oneNAS{&nas}, Sessions: noSessions{}, Journal: b.journal,
		Now: b.clock.Now, Logger: b.cfg.Logger, Metrics: b.cfg.Metrics,
	})
	require.NoError(tb, err)
	r := newRequest()
	r.socket, r.from = &socket{port: authPort}, testNAS
	r.received = copy(r.in[:], datagram)
	return &rig{server, r}
}

// once handles the request from the n-th port of the NAS, as a new one.
func (g *rig) once(n int) {
	g.r.from = netip.AddrPortFrom(testNAS.Addr(), uint16(n))
	g.handle(g.r)
}

func TestAllocations(t *testing.T) { // not parallel: others' allocations would count
	for name, c := range budgets {
		g := newRig(t, c.request(t))
		for n := range answersPerNAS + 1 { // until entries are used again
			g.once(n)
		}
		n := 0
		got := testing.AllocsPerRun(2000, func() { g.once(n); n++ })
		require.NotNil(t, g.r.answer)
		require.LessOrEqual(t, got, c.allowed, name)
		require.Zero(t, testing.AllocsPerRun(2000, func() { g.once(n) }), "%s repeated", name)
	}
}

func BenchmarkLogin(b *testing.B) {
	for name, c := range budgets {
		b.Run(name, func(b *testing.B) {
			g := newRig(b, c.request(b))
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				g.once(n)
			}
		})
	}
}

func BenchmarkRepeated(b *testing.B) {
	g := newRig(b, budgets["PAP"].request(b))
	b.ReportAllocs()
	for b.Loop() {
		g.once(1)
	}
}

func BenchmarkForged(b *testing.B) {
	request := budgets["PAP"].request(b)
	request[len(request)-1] ^= 1
	g := newRig(b, request)
	b.ReportAllocs()
	for b.Loop() {
		g.once(1)
	}
}

func BenchmarkAccounting(b *testing.B) {
	g := newRig(b, nil)
	g.r.socket = &socket{port: acctPort}
	request := account(b, start, "1").octets(b)
	g.r.received = copy(g.r.in[:], request)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		g.once(n)
	}
}

// BenchmarkUDP is the whole way over the loopback, 32 requests in flight from one
// socket, client and server in this process.
func BenchmarkUDP(b *testing.B) {
	g := newRig(b, nil)
	g.cfg.AuthAddr, g.cfg.AcctAddr = "127.0.0.1:0", "127.0.0.1:0"
	require.NoError(b, g.Start(b.Context()))
	defer func() { require.NoError(b, g.Stop()) }()
	conn := dial(b, g.AuthAddr())
	require.NoError(b, conn.SetDeadline(time.Now().Add(time.Minute)))
	requests := make([][]byte, 1<<13)
	for i := range requests { // each with an authenticator of its own, so none is a repetition for long
		requests[i] = budgets["PAP"].request(b)
	}
	answer := make([]byte, maxPacket)
	b.ReportAllocs()
	sent := 0
	for ; sent < 32; sent++ {
		_, err := conn.Write(requests[sent])
		require.NoError(b, err)
	}
	for b.Loop() {
		if _, err := conn.Read(answer); err != nil {
			b.Fatal(err)
		}
		if _, err := conn.Write(requests[sent%len(requests)]); err != nil {
			b.Fatal(err)
		}
		sent++
	}
}
