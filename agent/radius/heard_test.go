package radius

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Whoever sets a NAS up is told what it was heard to say, and from where.
func TestWhatANASWasHeardToSay(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	heard := func() (r visit.NASReport) {
		b.Heard("nas-1", &r)
		return r
	}
	require.Equal(t, visit.NASReport{HeardSince: testStart}, heard())
	require.False(t, b.LastFrom("nas-1").IsValid())

	b.ask(papLogin(t, testUser, testPassword).octets(t), authPort, testNAS)
	require.Equal(t, visit.NASReport{HeardSince: testStart, UnsignedAt: new(testStart)}, heard())
	require.False(t, b.LastFrom("nas-1").IsValid(), "anybody could have sent it")

	b.clock.move(time.Minute)
	b.nases.set(func(n *wire.NAS) { n.Secret = "another secret" })
	b.ask(papLogin(t, testUser, testPassword).signed(t), authPort, testNAS)
	require.Equal(t, new(testStart.Add(time.Minute)), heard().DistrustedAt)
	require.Nil(t, heard().SignedAt)

	b.clock.move(time.Minute)
	b.nases.set(func(n *wire.NAS) { n.Secret = testSecret })
	b.ask(papLogin(t, testUser, testPassword).signed(t), authPort, testNAS)
	require.Equal(t, new(testStart.Add(2*time.Minute)), heard().SignedAt)
	require.Nil(t, heard().AccountingAt)

	b.clock.move(time.Minute)
	elsewhere := netip.MustParseAddrPort("127.0.0.9:1645")
	b.ask(account(t, start, "1").octets(t), acctPort, elsewhere)
	require.Equal(t, new(testStart.Add(3*time.Minute)), heard().AccountingAt)
	require.Equal(t, elsewhere.Addr(), b.LastFrom("nas-1"))
}

// RFC 2865 3: a wrong secret without a Message-Authenticator shows as rubbish.
func TestARubbishPasswordSpeaksAgainstTheSecret(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.nases.set(func(n *wire.NAS) { n.Secret, n.MessageAuthenticator = "another secret", visit.AllowNone })
	b.ask(papLogin(t, testUser, testPassword).octets(t), authPort, testNAS)
	var report visit.NASReport
	b.Heard("nas-1", &report)
	require.NotNil(t, report.DistrustedAt)
	require.Equal(t, "secret_suspected", report.Findings(visit.AllowNone)[1].Code)
}
