package disconnect

import (
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"layeh.com/radius"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func newProbe() *RADIUS { return NewRADIUS(RADIUSConfig{Schedule: patient, ProbeSchedule: quick}) }

// stranger answers as if somebody else's secret were ours.
func stranger(request []byte) [][]byte {
	return [][]byte{answerTo(request, radius.CodeDisconnectNAK, "another-secret-of-the-test")}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script []reply
		answer visit.ProbeAnswer
		cause  int
	}{
		"503, as it should be":      {[]reply{nak(503)}, visit.ProbeUnderstood, 503},
		"the answer is late":        {[]reply{silent, nak(503)}, visit.ProbeUnderstood, 503},
		"401, then 503":             {[]reply{nak(401), nak(503)}, visit.ProbeUnderstood, 503},
		"agrees to everything":      {[]reply{ack}, visit.ProbeAgreed, 0},
		"506":                       {[]reply{nak(506)}, visit.ProbeRefused, 506},
		"501":                       {[]reply{nak(501)}, visit.ProbeRefused, 501},
		"no cause":                  {[]reply{bareNAK}, visit.ProbeRefused, 0},
		"silence":                   {[]reply{silent}, visit.ProbeNoAnswer, 0},
		"somebody else's secret":    {[]reply{stranger}, visit.ProbeForged, 0},
		"a stranger, then the NAS":  {[]reply{stranger, nak(503)}, visit.ProbeUnderstood, 503},
		"refused, then silence":     {[]reply{nak(401), silent}, visit.ProbeRefused, 401},
		"somebody else's, then 501": {[]reply{stranger, nak(501)}, visit.ProbeRefused, 501},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newTestNAS(t, c.script...)
			report := newProbe().Probe(t.Context(), n.nas(), netip.MustParseAddr("127.0.0.1"))
			require.Equal(t, c.answer, report.Answer)
			require.Equal(t, c.cause, report.ErrorCause)
			require.Len(t, n.requests(), report.Tries)
			for _, b := range n.requests() {
				requireGenuine(t, b)
				require.Contains(t, string(b), "foyer-test-", "no guest's session is meant")
			}
		})
	}
}

func TestProbeOfAClosedPort(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	require.NoError(t, err)
	port := conn.LocalAddr().(*net.UDPAddr).Port
	require.NoError(t, conn.Close())
	nas := &wire.NAS{ID: "nas-1", Source: netip.MustParsePrefix("127.0.0.1/32"), Secret: secret, CoAPort: port}
	require.Equal(t, visit.ProbeUnreachable, newProbe().Probe(t.Context(), nas, netip.Addr{}).Answer)
}

// A network of access points has no address of its own until one was heard.
func TestProbeNeedsAnAddress(t *testing.T) {
	t.Parallel()
	n := newTestNAS(t, nak(503))
	require.Equal(t, visit.ProbeNoAddress, newProbe().Probe(t.Context(), n.nas(), netip.Addr{}).Answer)
	require.Empty(t, n.requests())
}

func TestProbeLearnsNothing(t *testing.T) {
	t.Parallel()
	n := newTestNAS(t, nak(401), nak(503), ack)
	d := newProbe()
	require.Equal(t, visit.ProbeUnderstood, d.Probe(t.Context(), n.nas(), netip.MustParseAddr("127.0.0.1")).Answer)
	require.Equal(t, []string{fullShape.String()}, shapes(d.Disconnect(t.Context(), n.nas(), testSession())))
}
