package link

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/agent/link/linktest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestSnapshotThenEntries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ledger.grants = []string{"old"}
	hub := b.start()
	require.Equal(t, wire.Hello{Agent: string(linktest.AgentID), Journal: "journal-1", Version: "test", Protocol: wire.Version, Empty: true, Takes: []wire.Type{wire.TakesDevices}}, *hub.Hello)

	hub.Send(snapshot("s1", 10, "a", "b", "c")...)
	require.Equal(t, at(10), linktest.Expect[*wire.Ack](hub).Position)
	require.Equal(t, []string{"a", "b", "c"}, b.ledger.held())
	require.Equal(t, ask{grant: wire.Grant{ID: "old"}}, b.ended(), "what a snapshot no longer holds is disconnected")
	require.Equal(t, Connected, b.link.State().Phase)
	require.Equal(t, linktest.SiteID, b.link.State().SiteID)
	require.EqualValues(t, 3, b.ledger.Epoch())

	hub.Send(put("d", 11), drop("a", 12))
	for linktest.Expect[*wire.Ack](hub).Position != at(12) {
	}
	require.Equal(t, []string{"b", "c", "d"}, b.ledger.held())
	require.Equal(t, "a", b.ended().grant.ID)
}

func TestCutInMidSnapshotLeavesTheOldSet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ledger.grants = []string{"old"}
	hub := b.start()
	parts := snapshot("s1", 10, "a", "b", "c")
	hub.Send(parts[0], parts[1])
	hub.Cut()

	again := b.hub.Next()
	require.Equal(t, []string{"old"}, b.ledger.held())
	require.True(t, again.Hello.Empty)
	again.Send(parts[2]) // the rest of a forgotten snapshot is worth nothing
	third := b.hub.Next()
	require.Equal(t, []string{"old"}, b.ledger.held())
	third.Send(snapshot("s2", 12, "x")...)
	require.Equal(t, at(12), linktest.Expect[*wire.Ack](third).Position)
	require.Equal(t, []string{"x"}, b.ledger.held())
}

func TestResumeAndRepeatedEntries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ledger.position, b.ledger.empty, b.ledger.epoch = at(41), false, 2
	hub := b.start()
	require.Equal(t, at(41), hub.Hello.Position)
	require.EqualValues(t, 2, hub.Hello.Epoch)
	require.False(t, hub.Hello.Empty)
	hub.Send(&wire.Resume{Position: at(41), Epoch: 3, Now: time.Now()}, put("a", 42), put("a", 42), put("b", 43), put("a", 42), put("b", 43))
	for linktest.Expect[*wire.Ack](hub).Position != at(43) {
	}
	hub.Cut()
	again := b.hub.Next()
	require.Equal(t, at(43), again.Hello.Position)
	require.EqualValues(t, 3, again.Hello.Epoch)
	require.Equal(t, []string{"a", "b"}, b.ledger.held())
}

func TestEntriesBeforeTheWholeSetAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hub := b.start()
	hub.Send(put("a", 1))
	b.hub.Next()
	require.Empty(t, b.ledger.held())
}

func TestEntriesThatWaitAreOneBatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ledger.position, b.ledger.empty = at(0), false
	hub := b.start()
	b.ledger.mu.Lock() // the disk is slow
	hub.Send(&wire.Resume{Position: at(0), Now: time.Now()})
	for i := range int64(200) {
		hub.Send(put(fmt.Sprint(i), i+1))
	}
	require.Eventually(t, func() bool { return len(hub.Pongs) > 5 }, 10*time.Second, time.Millisecond, "pings are answered meanwhile")
	b.ledger.mu.Unlock()
	acks := 0
	for ; linktest.Expect[*wire.Ack](hub).Position != at(200); acks++ {
	}
	require.Less(t, acks, 100, "acknowledgements are cumulative")
	require.Less(t, len(b.ledger.batches), 100)
}

// TestNoAckBeforeTheFlush fails the disk: nothing may be acknowledged, removals
// are in effect and their sessions cut all the same, and it mends by itself.
func TestNoAckBeforeTheFlush(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ledger.position, b.ledger.empty, b.ledger.grants = at(1), false, []string{"a"}
	b.ledger.fails = true
	hub := b.start()
	hub.Send(&wire.Resume{Position: at(1), Now: time.Now()}, drop("a", 2))
	require.Equal(t, "a", b.ended().grant.ID)
	require.Empty(t, b.ledger.held())
	before := b.ledger.tried()
	require.Eventually(t, func() bool { return b.ledger.tried() > before+3 }, 10*time.Second, time.Millisecond)
	for len(hub.Frames) > 0 {
		require.NotEqual(t, wire.TypeAck, (<-hub.Frames).FrameType(), "acknowledged without a flush")
	}
	require.Equal(t, Connected, b.link.State().Phase, "the link stays")
	b.ledger.fail(false)
	require.Equal(t, at(2), linktest.Expect[*wire.Ack](hub).Position)
}

func TestSnapshotWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ledger.fails = true
	hub := b.start()
	hub.Send(snapshot("s1", 10, "a")...)
	hub.Send(put("b", 11))
	require.Eventually(t, func() bool { return b.ledger.tried() > 3 }, 10*time.Second, time.Millisecond)
	b.ledger.fail(false)
	require.Equal(t, at(11), linktest.Expect[*wire.Ack](hub).Position)
	require.Equal(t, []string{"a", "b"}, b.ledger.held())
}

// TestRevokeAfterAnUnwrittenSnapshot: the disk takes neither a snapshot nor what
// follows it, and a revoke works all the same (P18).
func TestRevokeAfterAnUnwrittenSnapshot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ledger.position, b.ledger.empty, b.ledger.grants = wire.Position{Revision: 900, Stamp: 1}, false, []string{"a", "b"}
	b.ledger.fails = true
	hub := b.start()
	hub.Send(snapshot("s1", 10, "a", "b", "c")...)
	hub.Send(drop("a", 11), put("d", 12), put("d", 13), drop("c", 14), put("a", 9)) // the last one is old
	require.Equal(t, "a", b.ended().grant.ID)
	require.Equal(t, []string{"b"}, b.ledger.held())
	nas := wire.NAS{ID: "nas-1"}
	hub.Send(&wire.Entry{Type: wire.TypeNASPut, Position: at(15), ObjectID: "nas-1", NAS: &nas}, drop("b", 16))
	require.Equal(t, "b", b.ended().grant.ID)
	require.Zero(t, b.ledger.applied, "to the lineage before")
	for len(hub.Frames) > 0 {
		require.NotEqual(t, wire.TypeAck, (<-hub.Frames).FrameType(), "acknowledged without a flush")
	}
	b.ledger.fail(false)
	require.Equal(t, at(16), linktest.Expect[*wire.Ack](hub).Position)
	require.Equal(t, []string{"d"}, b.ledger.held())
	require.Equal(t, []wire.NAS{nas}, b.ledger.nases)
	hub.Send(put("e", 17))
	require.Equal(t, at(17), linktest.Expect[*wire.Ack](hub).Position)
	require.Equal(t, []string{"d", "e"}, b.ledger.held())
}

func TestReportsAreSentAgainUntilStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.journal = newFakeJournal(20)
	b.cfg.Journal = b.journal
	hub := b.start()
	var last uint64
	for range maxUnderWay {
		report := linktest.Expect[*wire.Report](hub)
		require.Equal(t, "journal-1", report.Journal)
		last = report.Records[len(report.Records)-1].Sequence
	}
	require.EqualValues(t, 2*maxUnderWay, last, "no more than this many are under way")
	hub.Send(&wire.ReportAck{Journal: "another", Sequence: 20}, &wire.ReportAck{Journal: "journal-1", Sequence: 4})
	require.EqualValues(t, 9, linktest.Expect[*wire.Report](hub).Records[0].Sequence)
	require.EqualValues(t, 4, b.journal.stored())
	hub.Cut()

	again := b.hub.Next()
	require.EqualValues(t, 5, linktest.Expect[*wire.Report](again).Records[0].Sequence, "what was not stored comes again")
	for seq := uint64(6); seq <= 20; seq += 2 {
		again.Send(&wire.ReportAck{Journal: "journal-1", Sequence: seq})
	}
	require.Eventually(t, func() bool { return b.journal.stored() == 20 }, 10*time.Second, time.Millisecond)
	b.journal.add(1)
	for linktest.Expect[*wire.Report](again).Records[0].Sequence != 21 {
	}
}

func TestCommandsAndSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hub := b.start()
	command := wire.Command{VisitID: "visit-1", Generation: 2, Attempt: 3}
	session := wire.Session{Username: "v", Key: wire.SessionKey{NASID: "nas-1", AcctSessionID: "s"}}
	hub.Raw([]byte(`{"type":"presence.snapshot","from":"a newer hub"}`))
	hub.Send(&wire.SessionTerminate{Command: command, GrantID: "g", Username: "v", Sessions: []wire.Session{session}},
		&wire.SessionTerminate{Command: command, GrantID: "g", Username: "v", Sessions: []wire.Session{session}, Only: true},
		&wire.SessionReport{Open: []wire.Session{session}, Closed: []wire.SessionKey{session.Key}})
	require.Equal(t, ask{wire.Grant{ID: "g", Username: "v", VisitID: "visit-1"}, &command, []wire.Session{session}, false}, b.ended())
	require.Equal(t, ask{wire.Grant{ID: "g", Username: "v", VisitID: "visit-1"}, &command, []wire.Session{session}, true}, b.ended(),
		"a single session's command must not end the others")
	require.Equal(t, wire.SessionReport{Open: []wire.Session{session}, Closed: []wire.SessionKey{session.Key}}, <-b.sessions)
}

func TestPingsSetTheClockAndAreAnswered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hub.PingAt = time.Date(2031, 1, 2, 3, 4, 5, 6, time.UTC)
	hub := b.start()
	require.True(t, b.hub.PingAt.Equal(<-b.synced))
	require.Len(t, <-hub.Pongs, 8)
}

func TestHalfOpenLinkIsFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hub.PingEvery = 0
	b.cfg.Timing.Silence = 100 * time.Millisecond
	b.start() // and then nothing, while TCP stays up
	b.hub.Next()
}

func TestPingsKeepAQuietLink(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hub.PingEvery = 20 * time.Millisecond
	b.cfg.Timing.Silence = 2 * time.Second
	hub := b.start()
	began := time.Now()
	for time.Since(began) < 3*time.Second {
		<-hub.Pongs
	}
	require.Empty(t, b.hub.Links)
}

func TestHowAHubEndsALink(t *testing.T) {
	t.Parallel()
	for code, c := range map[int]struct {
		phase Phase
		least time.Duration
	}{
		wire.CloseRestart:     {Waiting, 0},
		wire.CloseOverloaded:  {Waiting, 5 * time.Second},
		wire.CloseReplaced:    {Replaced, 5 * time.Minute},
		wire.CloseQuarantined: {Quarantined, time.Hour},
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			pauses := make(chan time.Duration, 10)
			phases := make(chan Phase, 10)
			b.cfg.Wait = func(ctx context.Context, pause time.Duration) {
				pauses <- pause
				phases <- b.link.State().Phase
				<-ctx.Done()
			}
			b.start().Close(code)
			require.GreaterOrEqual(t, <-pauses, c.least)
			require.Equal(t, c.phase, <-phases)
		})
	}
}

// TestWithdrawalIsForGood: nobody is let in any more, although the disk fails at
// first, and the guests who are in are cut.
func TestWithdrawalIsForGood(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ledger.grants = []string{"a", "b"}
	b.ledger.fails = true
	b.start().Close(wire.CloseWithdrawn)
	require.Equal(t, "a", b.ended().grant.ID)
	require.Equal(t, "b", b.ended().grant.ID)
	require.Equal(t, Withdrawn, b.link.State().Phase)
	require.Empty(t, b.ledger.held())
	before := b.ledger.tried()
	require.Eventually(t, func() bool { return b.ledger.tried() > before }, 10*time.Second, time.Millisecond)
	b.ledger.fail(false)
	require.Eventually(t, func() bool { _, empty := b.ledger.Position(); return empty }, 10*time.Second, time.Millisecond)
	b.end()
	require.Empty(t, b.hub.Links)
	require.Empty(t, b.ladder, "each is cut once")
}

// TestOnlyAWithdrawalDropsGrants is its negative control.
func TestOnlyAWithdrawalDropsGrants(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ledger.grants = []string{"a"}
	var refuses atomic.Bool
	var refused atomic.Int64
	b.hub.Answer = func(w http.ResponseWriter, _ *http.Request) bool {
		if !refuses.Load() {
			return false
		}
		w.WriteHeader(http.StatusUnauthorized)
		refused.Add(1)
		return true
	}
	hub := b.start()
	for _, code := range []int{wire.CloseUnknown, wire.CloseQuarantined, wire.CloseReplaced, wire.CloseRestart, 1008, 1011} {
		hub.Close(code)
		hub = b.hub.Next()
	}
	refuses.Store(true)
	hub.Cut()
	// Longer than the silence after which a link counts as dead: a cut may go unheard.
	require.Eventually(t, func() bool { return refused.Load() > 0 }, 30*time.Second, 5*time.Millisecond)
	b.end()
	require.Equal(t, []string{"a"}, b.ledger.held())
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var busy atomic.Bool
	busy.Store(true)
	b.hub.Answer = func(w http.ResponseWriter, r *http.Request) bool {
		if !busy.Load() || r.URL.Path != "/agent/ws" {
			return false
		}
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	pauses := make(chan time.Duration, 10)
	b.cfg.Wait = func(_ context.Context, pause time.Duration) {
		busy.Store(false)
		pauses <- pause
	}
	b.start()
	require.GreaterOrEqual(t, <-pauses, 7*time.Second)
}

func TestProofBehindAProxy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.cfg.Proxy, b.cfg.ProxyRoots = true, b.hub.Roots()
	hub := b.start()
	leaf, err := x509.ParseCertificate(hub.Proof.Certificate)
	require.NoError(t, err)
	digest := sha256.Sum256(slices.Concat([]byte(wire.ProofContext), hub.Nonce))
	require.True(t, ecdsa.VerifyASN1(leaf.PublicKey.(*ecdsa.PublicKey), digest[:], hub.Proof.Signature))
	require.Empty(t, hub.Certificate)
}

func TestEnrolment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hub := b.start()
	require.NotEmpty(t, hub.Certificate)
	info, err := os.Stat(filepath.Join(b.cfg.Dir, identityFile))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoFileExists(t, filepath.Join(b.cfg.Dir, enrollingFile))
	b.end()

	b.cfg.Token = ""
	b.run()
	require.Equal(t, hub.Certificate, b.hub.Next().Certificate, "the next start needs no token")
	b.end()
	b.cfg.Token = b.hub.Token("secret-1")
	b.run()
	require.Equal(t, hub.Certificate, b.hub.Next().Certificate, "the token it was made with does not enrol it again")
	b.end()
	b.cfg.Token = b.hub.Token("used")
	b.run()
	require.Equal(t, hub.Certificate, b.hub.Next().Certificate, "a refused token changes nothing")
	b.end()
	b.cfg.Token = b.hub.Token("secret-2")
	b.run()
	require.NotEqual(t, hub.Certificate, b.hub.Next().Certificate, "a new token does")
	require.Len(t, b.hub.Enrolled(), 2)
}

func TestLostEnrolmentIsRepeatedWithTheSameKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var lost atomic.Int32
	b.hub.Answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/agent/enrol" || lost.Add(1) > 2 {
			return false
		}
		b.hub.Enrol(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusBadGateway) // enrolled, and the answer lost
		return true
	}
	b.start()
	keys := b.hub.Enrolled()
	require.Len(t, keys, 3)
	require.Len(t, slices.Compact(keys), 1)
}

func TestEnrolmentTrustsThePinOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := linktest.New(t)
	genuine, err := parseToken(b.hub.Token("secret-1"))
	require.NoError(t, err)
	b.cfg.Token = linktest.Token(other.URL, genuine.SPKI, "secret-1") // another server at the URL
	l, err := New(b.cfg)
	require.NoError(t, err)
	require.ErrorContains(t, l.enrol(t.Context()), "does not present the authority")
	require.Empty(t, other.Enrolled(), "the secret was not sent")
}

func TestTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	pin := make([]byte, 32)
	for name, text := range map[string]string{
		"not base64": "!!!", "not JSON": "aGVsbG8", "empty": "",
		"plain HTTP": linktest.Token("http://hub", pin, "s"), "no host": linktest.Token("https://", pin, "s"),
		"short pin": linktest.Token("https://hub", pin[:31], "s"), "no secret": linktest.Token("https://hub", pin, ""),
	} {
		b.cfg.Token = text
		_, err := New(b.cfg)
		require.Error(t, err, name)
	}
}

func TestRenewal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hub.CertificateFor = time.Minute // of which an hour is over already
	hub := b.start()
	old := hub.Certificate
	renew := linktest.Expect[*wire.Renew](hub)
	b.hub.CertificateFor = 0
	fresh := b.hub.Certificate(renew.CSR)
	hub.Send(&wire.Certificate{Certificate: fresh})

	again := b.hub.Next()
	require.Equal(t, fresh, again.Certificate, "the new one is tried at once")
	id, err := loadIdentity(filepath.Join(b.cfg.Dir, identityFile))
	require.NoError(t, err)
	require.Equal(t, old, id.Current.Certificate, "the old one is kept until the hub has spoken")
	require.Equal(t, fresh, id.Next.Certificate)
	again.Send(&wire.SessionReport{})
	<-b.sessions
	require.Eventually(t, func() bool {
		id, err := loadIdentity(filepath.Join(b.cfg.Dir, identityFile))
		return err == nil && id.Next == nil && slices.Equal(id.Current.Certificate, fresh)
	}, 10*time.Second, time.Millisecond)
}

func TestRenewedCertificateThatFailsIsDropped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hub.CertificateFor = time.Minute
	hub := b.start()
	old := hub.Certificate
	renew := linktest.Expect[*wire.Renew](hub)
	b.hub.CertificateFor = 0
	hub.Send(&wire.Certificate{Certificate: b.hub.Certificate(renew.CSR)})
	b.hub.Next().Close(wire.CloseWithdrawn)
	require.Equal(t, old, b.hub.Next().Certificate, "the agent itself may still be welcome")
}

func TestForeignCertificateIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hub.CertificateFor = time.Minute
	hub := b.start()
	renew := linktest.Expect[*wire.Renew](hub)
	hub.Send(&wire.Certificate{Certificate: linktest.New(t).Certificate(renew.CSR)})
	require.Equal(t, hub.Certificate, b.hub.Next().Certificate)
}

func TestStateBeforeEnrolment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l, err := New(b.cfg)
	require.NoError(t, err)
	require.Equal(t, Unenrolled, l.State().Phase)
	require.Equal(t, visit.AgentID(""), l.State().AgentID)
	b.cfg.Token = ""
	_, err = New(b.cfg)
	require.Error(t, err)
}

// TestCutInMidSnapshotKeepsTheEpoch: a hub that has not noticed the cut takes who
// comes back with an older epoch for another machine, and the third for a reason to
// quarantine.
func TestCutInMidSnapshotKeepsTheEpoch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ledger.epoch = 2
	hub := b.start()
	hub.Send(snapshot("s1", 10, "a", "b")[0])
	require.Eventually(t, func() bool { return b.ledger.Epoch() == 3 }, 10*time.Second, time.Millisecond)
	hub.Cut()
	require.EqualValues(t, 3, b.hub.Next().Hello.Epoch)
}

// TestEpochWhileTheDiskFails is remembered as long as the agent runs.
func TestEpochWhileTheDiskFails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ledger.epoch, b.ledger.fails = 2, true
	hub := b.start()
	hub.Send(snapshot("s1", 10, "a")...)
	require.Eventually(t, func() bool { return b.link.State().Phase == Connected }, 10*time.Second, time.Millisecond)
	hub.Cut()
	require.EqualValues(t, 3, b.hub.Next().Hello.Epoch)
}
