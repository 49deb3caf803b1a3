package disconnect

import (
	"bytes"
	"context"
	"encoding/hex"
	"flag"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

var update = flag.Bool("update", false, "write golden files anew")

// quick is the field's schedule at a hundredth of its length.
var quick = Schedule{First: 20 * time.Millisecond, Cap: 160 * time.Millisecond, Tries: 5, All: 300 * time.Millisecond, Jitter: 0.1}

// patient is for answers that must arrive on the first try.
var patient = Schedule{First: 5 * time.Second, Cap: 5 * time.Second, Tries: 1, All: 5 * time.Second}

func newDriver(s Schedule) *RADIUS { return NewRADIUS(RADIUSConfig{Schedule: s}) }

func shapes(out Outcome) []string {
	var list []string
	for _, a := range out.Attempts {
		list = append(list, a.Shape)
	}
	return list
}

func TestErrorCauses(t *testing.T) {
	t.Parallel()
	const (
		full = "session+user+mac+ip+nas"
		noIP = "session+user+mac+nas"
	)
	for name, c := range map[string]struct {
		script []reply
		state  visit.TerminationState
		reason visit.TerminationReason
		shapes []string
	}{
		"ack":              {[]reply{ack}, visit.TerminationAccepted, "", []string{full}},
		"201 residual":     {[]reply{nak(201)}, visit.TerminationAccepted, "", []string{full}},
		"202":              {[]reply{nak(202)}, visit.TerminationFailed, visit.ReasonOther, []string{full}},
		"401 then ack":     {[]reply{nak(401), ack}, visit.TerminationAccepted, "", []string{full, noIP}},
		"401 always":       {[]reply{nak(401)}, visit.TerminationFailed, visit.ReasonUnsupported, []string{full, noIP, "session+mac+nas", "session+mac"}},
		"402 at once":      {[]reply{nak(402)}, visit.TerminationFailed, visit.ReasonUnsupported, []string{full}},
		"401, 402":         {[]reply{nak(401), nak(401), nak(402)}, visit.TerminationFailed, visit.ReasonUnsupported, []string{full, noIP, "session+mac+nas"}},
		"403 then ack":     {[]reply{nak(403), ack}, visit.TerminationAccepted, "", []string{full, "session+user+mac+ip"}},
		"403 always":       {[]reply{nak(403)}, visit.TerminationFailed, visit.ReasonMismatch, []string{full, "session+user+mac+ip"}},
		"404 always":       {[]reply{nak(404)}, visit.TerminationFailed, visit.ReasonInvalid, []string{full, full + "+respelt"}},
		"407 then ack":     {[]reply{nak(407), ack}, visit.TerminationAccepted, "", []string{full, full + "+respelt"}},
		"405":              {[]reply{nak(405)}, visit.TerminationFailed, visit.ReasonUnsupported, []string{full}},
		"406":              {[]reply{nak(406)}, visit.TerminationFailed, visit.ReasonUnsupported, []string{full}},
		"501":              {[]reply{nak(501)}, visit.TerminationFailed, visit.ReasonProhibited, []string{full}},
		"502":              {[]reply{nak(502)}, visit.TerminationUnconfirmed, visit.ReasonBusy, []string{full}},
		"503 twice":        {[]reply{nak(503)}, visit.TerminationUnconfirmed, visit.ReasonNotFound, []string{full, noIP}},
		"503 then ack":     {[]reply{nak(503), ack}, visit.TerminationAccepted, "", []string{full, noIP}},
		"504":              {[]reply{nak(504)}, visit.TerminationFailed, visit.ReasonNotRemovable, []string{full}},
		"505":              {[]reply{nak(505)}, visit.TerminationUnconfirmed, visit.ReasonBusy, []string{full}},
		"506":              {[]reply{nak(506)}, visit.TerminationUnconfirmed, visit.ReasonBusy, []string{full}},
		"507":              {[]reply{nak(507)}, visit.TerminationAccepted, "", []string{full}},
		"508 then ack":     {[]reply{nak(508), ack}, visit.TerminationAccepted, "", []string{full, "session+mac+nas"}},
		"509":              {[]reply{nak(509)}, visit.TerminationFailed, visit.ReasonOther, []string{full, full + "+respelt"}},
		"no cause":         {[]reply{bareNAK}, visit.TerminationFailed, visit.ReasonOther, []string{full, full + "+respelt"}},
		"401, 403 and 407": {[]reply{nak(401), nak(403), nak(407), ack}, visit.TerminationAccepted, "", []string{full, noIP, "session+user+mac", "session+user+mac+respelt"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newTestNAS(t, c.script...)
			out := newDriver(patient).Disconnect(t.Context(), n.nas(), testSession())
			require.Equal(t, c.state, out.State)
			require.Equal(t, c.reason, out.Reason)
			require.Equal(t, c.shapes, shapes(out))
			seen := make(map[byte]bool)
			for _, b := range n.requests() {
				requireGenuine(t, b)
				require.False(t, seen[b[1]], "a changed request has another Identifier")
				seen[b[1]] = true
			}
		})
	}
}

func TestRetransmissionIsTheIdenticalDatagram(t *testing.T) {
	t.Parallel()
	n := newTestNAS(t, silent, silent, ack)
	third := Schedule{First: 300 * time.Millisecond, Cap: 5 * time.Second, Tries: 3, All: 10 * time.Second} // which is answered within a second and more
	out := newDriver(third).Disconnect(t.Context(), n.nas(), testSession())
	require.Equal(t, visit.TerminationAccepted, out.State)
	got := n.requests()
	require.Len(t, got, 3)
	require.Equal(t, got[0], got[1])
	require.Equal(t, got[0], got[2])
	require.Equal(t, 3, out.Attempts[0].Tries)
}

func TestSilence(t *testing.T) {
	t.Parallel()
	n := newTestNAS(t, silent)
	out := newDriver(quick).Disconnect(t.Context(), n.nas(), testSession())
	require.Equal(t, visit.TerminationUnconfirmed, out.State)
	require.Equal(t, visit.ReasonNoAnswer, out.Reason)
	require.Equal(t, "none", out.Attempts[0].Answer)
	require.GreaterOrEqual(t, len(n.requests()), 2)
}

func TestSchedulePauses(t *testing.T) {
	t.Parallel()
	var pauses []time.Duration
	for try := range 5 {
		pauses = append(pauses, DefaultSchedule.pause(try, 0.5))
	}
	require.Equal(t, []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 16 * time.Second}, pauses)
	require.Equal(t, 1800*time.Millisecond, DefaultSchedule.pause(0, 0))
	require.InDelta(t, float64(2200*time.Millisecond), float64(DefaultSchedule.pause(0, 0.9999)), float64(time.Millisecond))
}

// TestForgedAnswersAreDiscarded lets the NAS send, before its true answer,
// everything that must not be taken for one.
func TestForgedAnswersAreDiscarded(t *testing.T) {
	t.Parallel()
	forgeries := map[string]reply{
		"malformed": func([]byte) [][]byte { return [][]byte{{41, 0, 0, 20}} },
		"identifier": func(r []byte) [][]byte {
			b := bytes.Clone(r)
			b[1]++
			return ack(b)
		},
		"authenticator":         func(r []byte) [][]byte { return [][]byte{answerTo(r, radius.CodeDisconnectACK, "another secret")} },
		"code":                  func(r []byte) [][]byte { return [][]byte{answerTo(r, radius.CodeCoAACK, secret)} },
		"message_authenticator": ackWith(time.Now(), "another secret"),
		"event_timestamp":       ackWith(time.Now().Add(-time.Hour), secret),
	}
	for reason, forged := range forgeries {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			n := newTestNAS(t, func(r []byte) [][]byte { return append(forged(r), nak(501)(r)...) })
			metrics := NewMetrics(nil)
			d := NewRADIUS(RADIUSConfig{Schedule: patient, Metrics: metrics})
			out := d.Disconnect(t.Context(), n.nas(), testSession())
			require.Equal(t, visit.ReasonProhibited, out.Reason, "the true answer counts")
			require.InDelta(t, 1, testutil.ToFloat64(metrics.discarded.WithLabelValues(reason)), 0)
		})
	}
	t.Run("control: genuine", func(t *testing.T) {
		t.Parallel()
		n := newTestNAS(t, ackWith(time.Now(), secret))
		out := newDriver(patient).Disconnect(t.Context(), n.nas(), testSession())
		require.Equal(t, visit.TerminationAccepted, out.State)
	})
	t.Run("padding is ignored", func(t *testing.T) {
		t.Parallel()
		n := newTestNAS(t, func(r []byte) [][]byte { return [][]byte{append(ack(r)[0], 1, 2, 3)} })
		out := newDriver(patient).Disconnect(t.Context(), n.nas(), testSession())
		require.Equal(t, visit.TerminationAccepted, out.State)
	})
}

func TestAnswerFromElsewhereIsNotSeen(t *testing.T) {
	t.Parallel()
	elsewhere, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer elsewhere.Close()
	n := newTestNAS(t, silent)
	// The spoofer knows the secret and the request, and answers from its own port.
	spoof := func(r []byte) [][]byte {
		n.mu.Lock()
		defer n.mu.Unlock()
		address, _ := net.ResolveUDPAddr("udp", n.lastFrom)
		_, _ = elsewhere.WriteTo(ack(r)[0], address)
		return nil
	}
	n.mu.Lock()
	n.script = []reply{spoof}
	n.mu.Unlock()
	out := newDriver(quick).Disconnect(t.Context(), n.nas(), testSession())
	require.Equal(t, visit.ReasonNoAnswer, out.Reason)
}

// TestRestart has nobody listen at first, so that ICMP says unreachable.
func TestRestart(t *testing.T) {
	t.Parallel()
	n := newTestNAS(t, ack)
	nas, address := n.nas(), n.conn.LocalAddr().(*net.UDPAddr)
	require.NoError(t, n.conn.Close())
	<-n.done

	result := make(chan Outcome)
	slow := Schedule{First: 200 * time.Millisecond, Cap: time.Second, Tries: 5, All: 10 * time.Second}
	go func() { result <- newDriver(slow).Disconnect(t.Context(), nas, testSession()) }()
	conn, err := net.ListenUDP("udp", address)
	require.NoError(t, err)
	n.conn, n.done = conn, make(chan struct{})
	go n.serve()
	require.Equal(t, visit.TerminationAccepted, (<-result).State)
}

func TestCancelledAtOnce(t *testing.T) {
	t.Parallel()
	n := newTestNAS(t, silent)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan Outcome)
	go func() { result <- newDriver(patient).Disconnect(ctx, n.nas(), testSession()) }()
	require.Eventually(t, func() bool { return len(n.requests()) > 0 }, 5*time.Second, time.Millisecond)
	cancel()
	select {
	case out := <-result:
		require.Equal(t, visit.ReasonNoAnswer, out.Reason)
	case <-time.After(2 * time.Second):
		require.Fail(t, "Disconnect outlives its context")
	}
}

func TestLearnsWhatANASUnderstands(t *testing.T) {
	t.Parallel()
	n := newTestNAS(t, nak(401), nak(403), nak(407), ack)
	d := newDriver(patient)
	require.Len(t, d.Disconnect(t.Context(), n.nas(), testSession()).Attempts, 4)
	again := d.Disconnect(t.Context(), n.nas(), testSession())
	require.Equal(t, []string{"session+user+mac+respelt"}, shapes(again))

	other := n.nas()
	other.ID = "nas-2"
	require.Equal(t, []string{"session+user+mac+ip+nas"}, shapes(d.Disconnect(t.Context(), other, testSession())))
}

func TestLessonSurvivesSessionsThatKnowLess(t *testing.T) {
	t.Parallel()
	n := newTestNAS(t, ack)
	d := newDriver(patient)
	bare := testSession()
	bare.IP = ""
	d.Disconnect(t.Context(), n.nas(), bare)
	require.Equal(t, []string{"session+user+mac+ip+nas"}, shapes(d.Disconnect(t.Context(), n.nas(), testSession())),
		"a session without an address teaches nothing of addresses")
}

func TestImpliedSession(t *testing.T) {
	t.Parallel()
	n := newTestNAS(t, nak(401), ack)
	implied := testSession()
	implied.Key.AcctSessionID, implied.IP = "", ""
	out := newDriver(patient).Disconnect(t.Context(), n.nas(), implied)
	require.Equal(t, []string{"user+mac+nas", "mac+nas"}, shapes(out))
	p := requireGenuine(t, n.requests()[0])
	require.Equal(t, "v-7k2m", rfc2865.UserName_GetString(p))
	require.Equal(t, "AABB.CCDD.EEFF", rfc2865.CallingStationID_GetString(p))
	require.Empty(t, rfc2866.AcctSessionID_GetString(p))
}

func TestWhereANASListens(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*wire.NAS, *wire.Session)
		want   string
	}{
		"where packets come from": {func(n *wire.NAS, _ *wire.Session) { n.CoAPort = 0 }, "127.0.0.1:3799"},
		"as configured":           {func(n *wire.NAS, _ *wire.Session) { n.CoAAddress, n.CoAPort = "10.9.9.9", 1700 }, "10.9.9.9:1700"},
		"IPv4 in IPv6":            {func(n *wire.NAS, s *wire.Session) { s.NASAddress, n.CoAPort = "::ffff:127.0.0.1", 0 }, "127.0.0.1:3799"},
		"not outside its network": {func(_ *wire.NAS, s *wire.Session) { s.NASAddress = "192.0.2.1" }, ""},
		"its only address": {func(n *wire.NAS, s *wire.Session) {
			n.Source, s.NASAddress, n.CoAPort = netip.MustParsePrefix("10.1.0.2/32"), "", 0
		}, "10.1.0.2:3799"},
		"nothing known, many of it": {func(_ *wire.NAS, s *wire.Session) { s.NASAddress = "" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nas, s := wire.NAS{Source: netip.MustParsePrefix("127.0.0.0/8"), CoAPort: 1}, testSession()
			c.change(&nas, &s)
			got, err := coaAddress(&nas, s)
			require.Equal(t, c.want, got)
			require.Equal(t, c.want == "", err != nil)
		})
	}
}

// TestGoldenPackets pins the octets of each shape.
func TestGoldenPackets(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 5, 1, 9, 30, 0, 0, time.UTC)
	ipv6 := testSession()
	ipv6.NASIP = "2001:db8::2"
	for name, c := range map[string]struct {
		form    shape
		session wire.Session
	}{
		"full":    {fullShape, testSession()},
		"no_ip":   {fullShape &^ withIP, testSession()},
		"no_user": {fullShape &^ (withIP | withUser), testSession()},
		"least":   {withSession | withMAC, testSession()},
		"no_nas":  {fullShape &^ withNAS, testSession()},
		"respelt": {fullShape | respelt, testSession()},
		"implied": {withUser | withMAC | withNAS, testSession()},
		"ipv6":    {fullShape, ipv6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := buildRequest(7, []byte(secret), at, c.form.attributes(c.session))
			requireGenuine(t, b)
			path := filepath.Join("testdata", name+".hex")
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(hex.EncodeToString(b)+"\n"), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, strings.TrimSpace(string(want)), hex.EncodeToString(b))
		})
	}
}

func FuzzParseAnswer(f *testing.F) {
	request := buildRequest(7, []byte(secret), time.Unix(1, 0), nil)
	f.Add(answerTo(request, radius.CodeDisconnectACK, secret))
	f.Add([]byte{41, 7, 0, 22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 80, 1})
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = parseAnswer(b, request, []byte(secret), time.Unix(1, 0))
		var a answer // and past the authenticator, which a fuzzer cannot guess
		if len(b) >= headerLen {
			_ = a.readAttributes(b, request, []byte(secret), time.Unix(1, 0))
		}
	})
}
