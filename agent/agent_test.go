package agent

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"

	"github.com/foyerhq/foyer/agent/link"
	"github.com/foyerhq/foyer/agent/link/linktest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const nasSecret = "a-shared-secret-of-the-test"

// site is an agent that runs, and what is around it.
type site struct {
	t     *testing.T
	cfg   Config
	agent *Agent
	stop  func()
}

func newSite(t *testing.T, hub *linktest.Hub) *site {
	s := &site{t: t, cfg: Config{
		DataDir: filepath.Join(t.TempDir(), "agent"), EnrolmentToken: hub.Token("secret-1"),
		AuthListen: "127.0.0.1:0", AcctListen: "127.0.0.1:0", Version: "test",
		Logger:  slog.New(slog.DiscardHandler),
		Backoff: link.Backoff{First: time.Millisecond, Cap: 50 * time.Millisecond, Stable: time.Minute},
	}}
	s.start()
	return s
}

func (s *site) start() {
	s.t.Helper()
	var err error
	s.agent, err = New(s.cfg)
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.agent.Run(ctx) }()
	stopped := false
	s.stop = func() {
		if cancel(); !stopped {
			stopped = true
			require.NoError(s.t, <-done)
		}
	}
	s.t.Cleanup(s.stop)
	require.Eventually(s.t, func() bool { return s.agent.AuthAddr().IsValid() }, 10*time.Second, time.Millisecond)
}

// login asks as a NAS would; silence is the code 0.
func (s *site) login(username, password string) radius.Code {
	p := radius.New(radius.CodeAccessRequest, []byte(nasSecret))
	_ = rfc2865.UserName_SetString(p, username)
	_ = rfc2865.UserPassword_SetString(p, password)
	_ = rfc2865.CallingStationID_SetString(p, "AA-BB-CC-DD-EE-FF")
	return s.exchange(p, s.agent.AuthAddr())
}

func (s *site) account(status rfc2866.AcctStatusType) radius.Code {
	p := radius.New(radius.CodeAccountingRequest, []byte(nasSecret))
	_ = rfc2866.AcctStatusType_Set(p, status)
	_ = rfc2866.AcctSessionID_SetString(p, "5F3A-01")
	_ = rfc2865.UserName_SetString(p, "v-7k2m")
	_ = rfc2865.CallingStationID_SetString(p, "AA-BB-CC-DD-EE-FF")
	return s.exchange(p, s.agent.AcctAddr())
}

func (s *site) exchange(p *radius.Packet, to netip.AddrPort) radius.Code {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	answer, err := radius.Exchange(ctx, p, to.String())
	if err != nil {
		return 0
	}
	return answer.Code
}

func (s *site) logsIn() bool { return s.login("v-7k2m", "correct horse") == radius.CodeAccessAccept }

func at(revision int64) wire.Position { return wire.Position{Revision: revision, Stamp: 9} }

// set is a snapshot of one NAS, whose CoA port is given, and one grant.
func set(coaPort int) *wire.Snapshot {
	now := time.Now()
	return &wire.Snapshot{
		ID: "s1", Last: true, Position: at(10), Now: now, Epoch: 1,
		NASes: []wire.NAS{{
			ID: "nas-1", Source: netip.MustParsePrefix("127.0.0.1/32"), Secret: nasSecret,
			MessageAuthenticator: visit.AllowNone, Driver: "radius", CoAPort: coaPort, InterimSeconds: 300,
		}},
		Grants: []wire.Grant{{
			ID: "grant-1", Kind: wire.GrantVisit, VisitID: "visit-1", Username: "v-7k2m", Password: "correct horse",
			NotBefore: now.Add(-time.Minute), NotAfter: now.Add(time.Hour),
		}},
	}
}

func revoke() *wire.Entry {
	return &wire.Entry{Type: wire.TypeVoucherRevoke, Position: at(11), ObjectID: "grant-1"}
}

// TestAnswersFromDiskWithoutTheHub is the promise that a restart needs nobody.
func TestAnswersFromDiskWithoutTheHub(t *testing.T) {
	t.Parallel()
	hub := linktest.New(t)
	s := newSite(t, hub)
	first := hub.Next()
	require.Zero(t, s.login("v-7k2m", "correct horse"), "no NAS is known yet")
	require.False(t, s.agent.State().Ready())
	first.Send(set(3799))
	require.Equal(t, at(10), linktest.Expect[*wire.Ack](first).Position)
	require.True(t, s.logsIn())
	require.True(t, s.agent.State().Ready())
	require.True(t, s.agent.State().Connected())
	require.Equal(t, 1, s.agent.State().Stats.Grants)
	s.stop()

	hub.Refuse.Store(true)
	s.start()
	require.True(t, s.logsIn(), "from the disk, while the hub refuses everybody")
	require.False(t, s.agent.State().Connected())
	require.Equal(t, at(10), s.agent.State().Position)
	hub.Refuse.Store(false)
	require.Equal(t, at(10), hub.Next().Hello.Position)
}

func TestUnenrolledAgentKeepsTrying(t *testing.T) {
	t.Parallel()
	hub := linktest.New(t)
	hub.Refuse.Store(true)
	s := newSite(t, hub)
	require.Equal(t, link.Unenrolled, s.agent.State().Link.Phase)
	hub.Refuse.Store(false)
	hub.Next()
	enrolled, err := Enrolled(s.cfg.DataDir)
	require.NoError(t, err)
	require.True(t, enrolled)
}

// TestRevokeRejectsAndDisconnects follows one guest: in, revoked, cut, confirmed.
func TestRevokeRejectsAndDisconnects(t *testing.T) {
	t.Parallel()
	nas, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer nas.Close()
	hub := linktest.New(t)
	s := newSite(t, hub)
	l := hub.Next()
	l.Send(set(nas.LocalAddr().(*net.UDPAddr).Port))
	linktest.Expect[*wire.Ack](l)
	require.True(t, s.logsIn())
	require.Equal(t, radius.CodeAccountingResponse, s.account(rfc2866.AcctStatusType_Value_Start))

	l.Send(revoke())
	for linktest.Expect[*wire.Ack](l).Position != at(11) {
	}
	require.Equal(t, radius.CodeAccessReject, s.login("v-7k2m", "correct horse"), "acknowledged, so refused")
	l.Send(&wire.SessionTerminate{
		Command: wire.Command{VisitID: "visit-1", Generation: 1, Attempt: 1}, GrantID: "grant-1", Username: "v-7k2m",
	})

	buffer := make([]byte, 4096)
	require.NoError(t, nas.SetReadDeadline(time.Now().Add(10*time.Second)))
	n, from, err := nas.ReadFrom(buffer)
	require.NoError(t, err)
	request, err := radius.Parse(buffer[:n], []byte(nasSecret))
	require.NoError(t, err)
	require.Equal(t, radius.CodeDisconnectRequest, request.Code)
	require.Equal(t, "5F3A-01", rfc2866.AcctSessionID_GetString(request))
	require.Equal(t, "AA-BB-CC-DD-EE-FF", rfc2865.CallingStationID_GetString(request))
	answer, err := request.Response(radius.CodeDisconnectACK).Encode()
	require.NoError(t, err)
	_, err = nas.WriteTo(answer, from)
	require.NoError(t, err)
	require.Equal(t, radius.CodeAccountingResponse, s.account(rfc2866.AcctStatusType_Value_Stop))

	termination := reported(l)
	require.NotNil(t, termination.Command)
	require.Equal(t, visit.TerminationConfirmed, termination.Results[0].Result.State)
	require.Equal(t, "5F3A-01", termination.Results[0].Key.AcctSessionID)
}

// reported returns the first termination in the reports, acknowledging them.
func reported(l *linktest.Link) wire.Termination {
	for {
		report := linktest.Expect[*wire.Report](l)
		for _, r := range report.Records {
			if r.Termination != nil {
				return *r.Termination
			}
		}
		l.Send(&wire.ReportAck{Journal: report.Journal, Sequence: report.Records[len(report.Records)-1].Sequence})
	}
}

// TestWithdrawnAgentLetsNobodyIn: it hears of no revoke any more.
func TestWithdrawnAgentLetsNobodyIn(t *testing.T) {
	t.Parallel()
	nas, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer nas.Close()
	hub := linktest.New(t)
	s := newSite(t, hub)
	l := hub.Next()
	l.Send(set(nas.LocalAddr().(*net.UDPAddr).Port))
	linktest.Expect[*wire.Ack](l)
	require.True(t, s.logsIn())
	require.Equal(t, radius.CodeAccountingResponse, s.account(rfc2866.AcctStatusType_Value_Start))
	l.Close(wire.CloseWithdrawn)

	buffer := make([]byte, 4096)
	require.NoError(t, nas.SetReadDeadline(time.Now().Add(10*time.Second)))
	n, _, err := nas.ReadFrom(buffer)
	require.NoError(t, err)
	require.Equal(t, radius.CodeDisconnectRequest, radius.Code(buffer[0]), "of %d octets", n)
	require.Equal(t, radius.CodeAccessReject, s.login("v-7k2m", "correct horse"))
	require.False(t, s.agent.State().Ready())
	require.Zero(t, s.agent.State().Stats.Grants)
	require.Eventually(t, func() bool { return s.agent.State().Empty }, 10*time.Second, time.Millisecond)
	s.stop()

	hub.Refuse.Store(true)
	s.start()
	require.Equal(t, radius.CodeAccessReject, s.login("v-7k2m", "correct horse"), "nor after a restart")
	require.False(t, s.agent.State().Ready())
}

// TestRatchetSurvivesARestart: a NAS that signed once must go on signing.
func TestRatchetSurvivesARestart(t *testing.T) {
	t.Parallel()
	hub := linktest.New(t)
	s := newSite(t, hub)
	l := hub.Next()
	auto := set(3799)
	auto.NASes[0].MessageAuthenticator = visit.AutoMessageAuthenticator
	l.Send(auto)
	linktest.Expect[*wire.Ack](l)
	require.True(t, s.logsIn(), "unsigned, as it always was")
	require.Equal(t, radius.CodeAccessAccept, s.signedLogin())
	s.stop()

	hub.Refuse.Store(true)
	s.start()
	require.Zero(t, s.login("v-7k2m", "correct horse"), "unsigned")
	require.Equal(t, radius.CodeAccessAccept, s.signedLogin())
}

// signedLogin is login with a Message-Authenticator (RFC 3579 3.2).
func (s *site) signedLogin() radius.Code {
	p := radius.New(radius.CodeAccessRequest, []byte(nasSecret))
	_ = rfc2865.UserName_SetString(p, "v-7k2m")
	_ = rfc2865.UserPassword_SetString(p, "correct horse")
	_ = rfc2869.MessageAuthenticator_Set(p, make([]byte, md5.Size))
	raw, err := p.MarshalBinary()
	require.NoError(s.t, err)
	sum := hmac.New(md5.New, []byte(nasSecret))
	sum.Write(raw)
	_ = rfc2869.MessageAuthenticator_Set(p, sum.Sum(nil))
	return s.exchange(p, s.agent.AuthAddr())
}

func TestMetricsTellWhatThePartsHold(t *testing.T) {
	t.Parallel()
	hub := linktest.New(t)
	s := newSite(t, hub)
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(collector{s.agent}))
	l := hub.Next()
	l.Send(set(3799))
	linktest.Expect[*wire.Ack](l)
	require.True(t, s.logsIn())
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP foyer_agent_disk_error 1 while a part's last write failed, by part.
# TYPE foyer_agent_disk_error gauge
foyer_agent_disk_error{part="journal"} 0
foyer_agent_disk_error{part="ledger"} 0
foyer_agent_disk_error{part="presence"} 0
foyer_agent_disk_error{part="rolls"} 0
foyer_agent_disk_error{part="session"} 0
# HELP foyer_ledger_grants Grants that are usable now or later.
# TYPE foyer_ledger_grants gauge
foyer_ledger_grants 1
# HELP foyer_ledger_nases NASes that are answered.
# TYPE foyer_ledger_nases gauge
foyer_ledger_nases 1
# HELP foyer_session_open_sessions Sessions that may be online, logins without accounting included.
# TYPE foyer_session_open_sessions gauge
foyer_session_open_sessions 1
`), "foyer_agent_disk_error", "foyer_ledger_grants", "foyer_ledger_nases", "foyer_session_open_sessions"))
	problems, err := testutil.GatherAndLint(registry)
	require.NoError(t, err)
	require.Empty(t, problems)
	count, err := testutil.GatherAndCount(registry)
	require.NoError(t, err)
	require.Equal(t, 15, count)
}

func TestTakenPortIsAnError(t *testing.T) {
	t.Parallel()
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	a, err := New(Config{
		DataDir: t.TempDir(), EnrolmentToken: linktest.New(t).Token("s"), Logger: slog.New(slog.DiscardHandler),
		AuthListen: taken.LocalAddr().String(), AcctListen: "127.0.0.1:0",
	})
	require.NoError(t, err)
	require.Error(t, a.Run(t.Context()))
}

func TestNewLeavesNothingOpenOnFailure(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range 2 { // the second finds no file locked
		_, err := New(Config{DataDir: dir, EnrolmentToken: "not a token", Logger: slog.New(slog.DiscardHandler)})
		require.ErrorContains(t, err, "enrolment token")
	}
}
