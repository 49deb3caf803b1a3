package radius

import (
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/wire"
)

// dial connects a NAS to a port; a connected socket hears only whom it asked.
func dial(t testing.TB, to netip.AddrPort) *net.UDPConn {
	t.Helper()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	return conn
}

func exchange(t testing.TB, conn *net.UDPConn, request []byte) []byte {
	t.Helper()
	_, err := conn.Write(request)
	require.NoError(t, err)
	return hear(t, conn)
}

func hear(t testing.TB, conn *net.UDPConn) []byte {
	t.Helper()
	answer := make([]byte, maxPacket)
	n, err := conn.Read(answer)
	require.NoError(t, err)
	return answer[:n]
}

func TestRepeatedDatagramsOverUDP(t *testing.T) {
	t.Parallel()
	b := newBundle(t).start(t)
	for to, request := range map[netip.AddrPort][]byte{
		b.AuthAddr(): papLogin(t, testUser, testPassword).signed(t),
		b.AcctAddr(): account(t, start, "1").octets(t),
	} {
		conn := dial(t, to)
		first := exchange(t, conn, request)
		for range 10 {
			require.Equal(t, first, exchange(t, conn, request))
		}
	}
	require.Len(t, b.sessions.logins(), 1)
	require.Len(t, b.journal.accounting(), 1)
}

func TestAnswersComeFromTheAddressAsked(t *testing.T) {
	t.Parallel()
	for _, wildcard := range []string{"0.0.0.0:0", ":0"} {
		t.Run(wildcard, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t, func(c *Config) { c.AuthAddr = wildcard }).start(t)
			for _, address := range []string{"127.0.0.1", "127.0.0.2", "127.1.2.3"} {
				conn := dial(t, netip.AddrPortFrom(netip.MustParseAddr(address), b.AuthAddr().Port()))
				require.Equal(t, byte(codeAccessAccept), exchange(t, conn, papLogin(t, testUser, testPassword).signed(t))[0])
			}
		})
	}
}

func TestWhatTheKernelDropsIsCounted(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	k, err := listen(t.Context(), "127.0.0.1:0", authPort)
	require.NoError(t, err)
	defer k.conn.Close()
	conn := dial(t, k.addr)
	flood := make([]byte, maxPacket)
	for range 2 * receiveBuffer / len(flood) {
		_, err := conn.Write(flood)
		require.NoError(t, err)
	}
	_, err = conn.Write(flood) // dropped as well, or the last of what fits
	require.NoError(t, err)
	require.NoError(t, k.conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	r := newRequest()
	for b.discarded(authPort, dropOverload) == 0 { // what is sent once there is room brings the count
		require.True(t, b.receive(k, r))
		_, err = conn.Write(flood)
		require.NoError(t, err)
	}
	require.Zero(t, k.lostSince(k.lost.Load()))
	require.Zero(t, k.lostSince(k.lost.Load()-1))
	require.Equal(t, uint32(2), k.lostSince(k.lost.Load()+2))
}

func TestIPv6(t *testing.T) {
	t.Parallel()
	b := newBundle(t, func(c *Config) { c.AuthAddr = "[::1]:0" })
	b.nases.set(func(n *wire.NAS) { n.Source = netip.MustParsePrefix("::1/128") })
	b.start(t)
	require.NotEmpty(t, exchange(t, dial(t, b.AuthAddr()), papLogin(t, testUser, testPassword).signed(t)))
	require.Equal(t, "::1", b.sessions.logins()[0].NASAddress)
}

func TestAccountingWaitsWithoutHoldingUpOthers(t *testing.T) {
	t.Parallel()
	const inFlight = 8
	b := newBundle(t, func(c *Config) { c.InFlight = inFlight; c.JournalFor = time.Minute })
	b.journal.hold = make(chan struct{})
	b.start(t)

	conn := dial(t, b.AcctAddr())
	requests := make([][]byte, inFlight)
	for i := range requests {
		requests[i] = account(t, start, string(rune('a'+i))).octets(t)
		_, err := conn.Write(requests[i])
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return b.journal.held() == inFlight }, 5*time.Second, time.Millisecond)

	_, err := conn.Write(account(t, start, "one too many").octets(t))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return b.discarded(acctPort, dropOverload) == 1 }, 5*time.Second, time.Millisecond)
	require.NotEmpty(t, exchange(t, dial(t, b.AuthAddr()), papLogin(t, testUser, testPassword).signed(t)), "logins go on")

	close(b.journal.hold)
	for range requests {
		require.Equal(t, byte(codeAccountingResponse), hear(t, conn)[0])
	}
	require.NotEmpty(t, exchange(t, conn, account(t, start, "afterwards").octets(t)))
}

func TestDuplicateInProgressIsDroppedQuietly(t *testing.T) {
	t.Parallel()
	b := newBundle(t, func(c *Config) { c.JournalFor = time.Minute })
	b.journal.hold = make(chan struct{})
	b.start(t)
	conn := dial(t, b.AcctAddr())
	request := account(t, start, "1").octets(t)
	for range 3 {
		_, err := conn.Write(request)
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return b.discarded(acctPort, dropDuplicate) == 2 }, 5*time.Second, time.Millisecond)
	close(b.journal.hold)
	require.NotEmpty(t, hear(t, conn))
	require.Len(t, b.journal.accounting(), 1)
}

func TestSlowJournalIsSilence(t *testing.T) {
	t.Parallel()
	b := newBundle(t, func(c *Config) { c.JournalFor = time.Millisecond })
	b.journal.hold = make(chan struct{})
	require.Nil(t, b.acct(t, account(t, start, "1").octets(t)))
	require.Equal(t, 1, b.discarded(acctPort, dropNotDurable))
}

func TestPanicCostsOnePacket(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	b := newBundle(t, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	armed := true
	b.grants.lookup = func(name string) {
		if armed {
			armed = false
			panic("a bug with " + name)
		}
	}
	b.start(t)
	conn := dial(t, b.AuthAddr())
	request := papLogin(t, testUser, testPassword).signed(t)
	_, err := conn.Write(request)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return b.discarded(authPort, dropInternal) == 1 }, 5*time.Second, time.Millisecond)
	require.NotEmpty(t, exchange(t, conn, request), "also its own repetition is answered")
	require.InDelta(t, 1, testutil.ToFloat64(b.cfg.Metrics.panics), 0)
	require.Contains(t, log.String(), "authorize.go")
	require.NotContains(t, log.String(), testUser)
	require.NotContains(t, log.String(), testPassword)
}

func TestStartAndStop(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.False(t, b.AuthAddr().IsValid())
	require.NoError(t, b.Start(t.Context()))
	require.NoError(t, b.Start(t.Context()))
	auth, acct := b.AuthAddr(), b.AcctAddr()
	require.NotEqual(t, auth, acct)
	require.NotZero(t, auth.Port())

	var stops sync.WaitGroup
	for range 4 {
		stops.Go(func() { require.NoError(t, b.Stop()) })
	}
	stops.Wait()
	require.Error(t, b.Start(t.Context()))
	again, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(auth))
	require.NoError(t, err, "the port is free")
	require.NoError(t, again.Close())
	require.NoError(t, newBundle(t).Stop())
}

func TestStartFailsWhole(t *testing.T) {
	t.Parallel()
	b := newBundle(t).start(t)
	taken := newBundle(t, func(c *Config) { c.AcctAddr = b.AcctAddr().String() })
	require.Error(t, taken.Start(t.Context()))
	require.False(t, taken.AuthAddr().IsValid())
	require.NoError(t, taken.Stop())
}

func TestStopAnswersWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	b := newBundle(t, func(c *Config) { c.JournalFor = time.Minute })
	b.journal.hold = make(chan struct{})
	require.NoError(t, b.Start(t.Context()))
	conn := dial(t, b.AcctAddr())
	_, err := conn.Write(account(t, start, "1").octets(t))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return b.journal.held() == 1 }, 5*time.Second, time.Millisecond)
	stopped := make(chan error)
	go func() { stopped <- b.Stop() }()
	select {
	case <-stopped:
		require.Fail(t, "Stop did not wait")
	case <-b.stop:
	}
	close(b.journal.hold)
	require.NoError(t, <-stopped)
	require.NotEmpty(t, hear(t, conn))
}

// TestSettle: no Access-Accept that was decided before a revoke is sent after
// Settle has returned, and its login is known by then.
func TestSettle(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	deciding, goOn := make(chan struct{}), make(chan struct{})
	b.cfg.Sessions = slowSessions{b.sessions, deciding, goOn}
	b.start(t)
	conn := dial(t, b.AuthAddr())
	_, err := conn.Write(papLogin(t, testUser, testPassword).signed(t))
	require.NoError(t, err)
	<-deciding
	b.grants.end(testUser, wire.RefusedRevoked)
	settled := make(chan struct{})
	go func() { b.Settle(); close(settled) }()
	require.Eventually(t, func() bool { // Settle has come and is waiting
		if b.deciding.TryRLock() {
			b.deciding.RUnlock()
			return false
		}
		return true
	}, 5*time.Second, time.Millisecond)
	select {
	case <-settled:
		require.Fail(t, "an answer was still to come")
	case goOn <- struct{}{}:
	}
	<-settled
	require.Len(t, b.sessions.logins(), 1)
	require.Equal(t, byte(codeAccessAccept), hear(t, conn)[0])
	require.Equal(t, byte(codeAccessReject), exchange(t, conn, papLogin(t, testUser, testPassword).signed(t))[0])
}

type slowSessions struct {
	*fakeSessions
	deciding, goOn chan struct{}
}

func (s slowSessions) Accepted(session wire.Session, until time.Time) {
	close(s.deciding)
	<-s.goOn
	s.fakeSessions.Accepted(session, until)
}

func TestConfigMustBeWhole(t *testing.T) {
	t.Parallel()
	_, err := New(Config{})
	require.Error(t, err)
	b := newBundle(t)
	cfg := b.cfg
	cfg.ClassKey = []byte("short")
	_, err = New(cfg)
	require.Error(t, err)
}

func TestLogsOfStrangersAreLimited(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	b := newBundle(t, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	b.nases.set(func(n *wire.NAS) { n.Source = netip.MustParsePrefix("192.0.2.0/24") })
	for range 100 {
		require.Nil(t, b.ask(papLogin(t, testUser, testPassword).signed(t), authPort, testNAS))
	}
	require.Equal(t, 1, strings.Count(log.String(), "\n"))
	require.Equal(t, 100, b.discarded(authPort, dropUnknownNAS))
}
