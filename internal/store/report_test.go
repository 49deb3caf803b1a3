package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// link is a connected agent with a journal, a NAS and a guest.
type link struct {
	bench
	agent store.Agent
	epoch int64
	nas   visit.NAS
	visit visit.VisitID
	grant wire.Grant
	next  uint64
	start time.Time
}

func connect(t testing.TB) *link {
	t.Helper()
	b := setup(t)
	l := &link{bench: b, nas: b.newNAS(t, "10.0.0.0/8"), visit: b.arrived(t), start: b.Clock.Now()}
	l.agent, l.epoch = b.connected(t, "a")
	credentials, voucher, err := b.Credentials(t.Context(), l.visit)
	require.NoError(t, err)
	l.grant = wire.Grant{ID: string(voucher.ID), Username: credentials.Username}
	return l
}

func (l *link) accounting(status wire.AccountingStatus, session string, at time.Duration, octets uint64) wire.Record {
	l.next++
	return wire.Record{Sequence: l.next, At: l.Clock.Now(), Accounting: &wire.Accounting{
		Status: status, EventAt: l.start.Add(at), InputOctets: octets, TerminateCause: "user-request",
		Session: wire.Session{
			Key:     wire.SessionKey{NASID: l.nas.ID, AcctSessionID: session, StartedAt: l.start},
			GrantID: l.grant.ID, VisitID: l.visit, Username: l.grant.Username, MAC: "02:00:00:00:00:01", IP: "10.9.9.9",
		},
	}}
}

func (l *link) report(t testing.TB, records ...wire.Record) store.Stored {
	t.Helper()
	stored, err := l.StoreReport(t.Context(), l.agent.ID, l.site.ID, l.epoch, wire.Report{Journal: "j", Records: records})
	require.NoError(t, err)
	return stored
}

func (l *link) sessions(t testing.TB) []store.Session {
	t.Helper()
	detail, err := l.Detail(t.Context(), store.Everything, l.visit)
	require.NoError(t, err)
	return detail.Sessions
}

// P7: whatever the order of Start, Interim and Stop, and however often they come,
// one session with its largest counters and its first end remains.
func TestAccountingInAnyOrder(t *testing.T) {
	t.Parallel()
	statuses := []wire.AccountingStatus{wire.AccountingStart, wire.AccountingInterim, wire.AccountingStop}
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		l := connect(t)
		for range 2 {
			for _, i := range order {
				stored := l.report(t, l.accounting(statuses[i], "s1", time.Duration(i)*time.Minute, uint64(i*100)))
				require.Equal(t, l.next, stored.Sequence)
				require.Zero(t, stored.Skipped)
			}
		}
		sessions := l.sessions(t)
		require.Len(t, sessions, 1)
		require.Equal(t, int64(200), sessions[0].InputOctets)
		require.Equal(t, l.start.Add(2*time.Minute), *sessions[0].EndedAt)
		require.Equal(t, "user-request", sessions[0].TerminateCause)
		require.Equal(t, []string{"visitor.pre_registered", "visitor.checked_in", "session.started", "session.ended"}, l.kinds(t, l.visit))
		l.verify(t)
	}
}

func TestARepeatedReportIsPassedOver(t *testing.T) {
	t.Parallel()
	l := connect(t)
	refused := wire.Record{Sequence: 1, At: l.start, Refused: &wire.Refused{NASID: l.nas.ID, Reason: wire.RefusedWrongPassword, Username: "v-guess", Count: 3}}
	l.next = 1
	start := l.accounting(wire.AccountingStart, "s1", 0, 0)
	for range 3 {
		require.Equal(t, uint64(2), l.report(t, refused, start).Sequence)
	}
	page, err := l.RefusedLogins(t.Context(), store.Everything, l.site.ID, store.RefusedFilter{})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.Equal(t, 3, page.Items[0].Count)
	require.Equal(t, "AP", page.Items[0].NASName)

	// Another journal of the same agent is another story: a wiped disk.
	_, err = l.StoreReport(t.Context(), l.agent.ID, l.site.ID, l.epoch, wire.Report{Journal: "wiped", Records: []wire.Record{refused, start}})
	require.NoError(t, err)
	require.Len(t, l.sessions(t), 1, "the session's key makes it the same")
	require.Equal(t, []int64{2}, sql[int64](t, l.bench, "select count(*) from refused_logins"))
}

func TestNothingBlocksTheJournal(t *testing.T) {
	t.Parallel()
	l := connect(t)
	foreign := connect(t)
	records := []wire.Record{
		l.accounting(wire.AccountingStart, "s1", 0, 0),
		l.accounting(wire.AccountingStart, "s2", 0, 0),
		l.accounting(wire.AccountingStart, "s3\x00\xff"+strings.Repeat("é", 300), 0, 1<<63),
		l.accounting("dance", "s4", 0, 0),
		l.accounting(wire.AccountingStart, "", 0, 0),
		{Sequence: l.next + 1, Termination: &wire.Termination{GrantID: foreign.grant.ID}},
		{Sequence: l.next + 2},
		{Sequence: l.next + 3, Termination: &wire.Termination{GrantID: l.grant.ID, Command: &wire.Command{VisitID: l.visit, Generation: 9, Attempt: 1}}},
		{Sequence: l.next + 4, Refused: &wire.Refused{Reason: "new\x00reason", Username: strings.Repeat("x", 300), NASID: "no id", GrantID: "neither"}},
	}
	l.next += 4
	records[0].Accounting.Session.Key.NASID = foreign.nas.ID
	records[1].Accounting.Session.GrantID = foreign.grant.ID
	last := l.accounting(wire.AccountingStart, "s9", 0, 0)
	stored := l.report(t, append(records, last)...)
	require.Equal(t, l.next, stored.Sequence)
	require.Equal(t, 6, stored.Skipped)
	require.Len(t, l.sessions(t), 2)

	// A record that the database itself refuses is found out and passed over.
	bad := l.accounting(wire.AccountingStart, "s10", 0, 0)
	bad.Accounting.Session.Key.StartedAt = time.Date(300_000, 1, 1, 0, 0, 0, 0, time.UTC)
	stored = l.report(t, bad, l.accounting(wire.AccountingStart, "s11", 0, 0))
	require.Equal(t, l.next, stored.Sequence)
	require.Equal(t, 1, stored.Skipped)
	require.Len(t, l.sessions(t), 3)
	l.verify(t)
}

func TestAnImpliedSessionBecomesReal(t *testing.T) {
	t.Parallel()
	l := connect(t)
	accepted := l.accounting(wire.AccountingAccepted, "", 0, 0)
	accepted.Accounting.Session.ExpiresAt = new(l.start.Add(15 * time.Minute))
	stored := l.report(t, accepted)
	require.Len(t, stored.Open, 1)
	require.Equal(t, []string{"visitor.pre_registered", "visitor.checked_in"}, l.kinds(t, l.visit), "nothing has begun, as far as anybody knows")
	require.False(t, l.accountingSeen(t))

	stored = l.report(t, l.accounting(wire.AccountingStart, "s1", time.Second, 0))
	require.Len(t, stored.Closed, 1)
	require.Empty(t, stored.Closed[0].AcctSessionID)
	require.Equal(t, "s1", stored.Open[0].Key.AcctSessionID)
	sessions := l.sessions(t)
	require.Len(t, sessions, 1)
	require.Equal(t, "s1", sessions[0].AcctSessionID)
	require.Equal(t, l.start.Add(15*time.Minute), *sessions[0].ExpiresAt)
	require.True(t, l.accountingSeen(t))

	l.report(t, l.accounting(wire.AccountingAccepted, "", time.Minute, 0))
	require.Len(t, l.sessions(t), 1, "a re-authentication opens no second one")
}

func (l *link) accountingSeen(t testing.TB) bool {
	t.Helper()
	nas, err := l.NAS(t.Context(), store.Everything, l.site.ID, l.nas.ID)
	require.NoError(t, err)
	return nas.AccountingSeenAt != nil
}

func TestARestartedNASHasNoSessions(t *testing.T) {
	t.Parallel()
	l := connect(t)
	l.report(t, l.accounting(wire.AccountingStart, "s1", 0, 0), l.accounting(wire.AccountingStart, "s2", 0, 0))
	later := l.accounting(wire.AccountingStart, "s3", 0, 0)
	later.Accounting.Session.Key.StartedAt = l.start.Add(2 * time.Minute)
	on := l.accounting(wire.AccountingOn, "", time.Minute, 0)
	stored := l.report(t, later, on)
	require.Len(t, stored.Closed, 2)
	open, err := l.OpenSessions(t.Context(), l.site.ID, "00000000-0000-0000-0000-000000000000")
	require.NoError(t, err)
	require.Len(t, open, 1)
	require.Equal(t, "s3", open[0].Key.AcctSessionID)
	open, err = l.OpenSessions(t.Context(), l.site.ID, l.agent.ID)
	require.NoError(t, err)
	require.Empty(t, open, "its own")
}

// A NAS that numbers its sessions anew after a restart, and two agents that
// disagree by seconds about a start.
func TestSessionsAreToldApart(t *testing.T) {
	t.Parallel()
	l := connect(t)
	l.report(t, l.accounting(wire.AccountingStart, "1", 0, 0))
	near := l.accounting(wire.AccountingInterim, "1", time.Minute, 5)
	near.Accounting.Session.Key.StartedAt = l.start.Add(3 * time.Second)
	l.report(t, near)
	require.Len(t, l.sessions(t), 1)
	l.report(t, l.accounting(wire.AccountingStop, "1", 2*time.Minute, 9))
	again := l.accounting(wire.AccountingStart, "1", 10*time.Minute, 0)
	again.Accounting.Session.Key.StartedAt = l.start.Add(10 * time.Minute)
	l.report(t, again)
	sessions := l.sessions(t)
	require.Len(t, sessions, 2)
	require.Equal(t, int64(9), sessions[0].InputOctets)
	require.Nil(t, sessions[1].EndedAt)
}

// A NAS that was switched off and on gives its first Acct-Session-Id to whoever
// comes first, within the time by which starts may disagree.
func TestPowerCycledNASUsesIDsAgain(t *testing.T) {
	t.Parallel()
	for name, guest := range map[string]func(*wire.Session){
		"another device": func(s *wire.Session) { s.MAC = "02:00:00:00:00:02" },
		"another user":   func(s *wire.Session) { s.Username, s.GrantID, s.VisitID = "v-other", "", "" },
		"the same":       func(*wire.Session) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := connect(t)
			on := l.accounting(wire.AccountingOn, "", 40*time.Second, 0)
			again := l.accounting(wire.AccountingStart, "00000001", 45*time.Second, 0)
			again.Accounting.Session.Key.StartedAt = again.Accounting.EventAt
			guest(&again.Accounting.Session)
			l.next = 0
			first := l.accounting(wire.AccountingStart, "00000001", 0, 0)
			on.Sequence, again.Sequence, l.next = 2, 3, 3
			l.report(t, first, on, again)
			open, err := l.OpenSessions(t.Context(), l.site.ID, "00000000-0000-0000-0000-000000000000")
			require.NoError(t, err)
			require.Len(t, open, 1)
			require.Equal(t, again.Accounting.Session.Key, open[0].Key)
			require.Equal(t, again.Accounting.Session.MAC, open[0].MAC)
			require.Equal(t, l.start.Add(40*time.Second), *l.sessions(t)[0].EndedAt)
		})
	}
}

// The second in which one session ends is the one in which the next begins.
func TestSessionThatBeginsAsAnotherEnds(t *testing.T) {
	t.Parallel()
	l := connect(t)
	l.report(t, l.accounting(wire.AccountingStart, "1", 0, 0), l.accounting(wire.AccountingStop, "1", 30*time.Second, 0))
	again := l.accounting(wire.AccountingStart, "1", 30*time.Second, 0)
	again.Accounting.Session.Key.StartedAt = again.Accounting.EventAt
	l.report(t, again)
	require.Len(t, l.sessions(t), 2)
	require.Nil(t, l.sessions(t)[1].EndedAt)
}

func TestLateOnSparesWhatBeganAfterIt(t *testing.T) {
	t.Parallel()
	l := connect(t)
	for i, at := range []time.Duration{8 * time.Second, 10 * time.Second, 12 * time.Second} {
		start := l.accounting(wire.AccountingStart, string(rune('a'+i)), at, 0)
		start.Accounting.Session.Key.StartedAt = start.Accounting.EventAt
		l.report(t, start)
	}
	alive := l.accounting(wire.AccountingInterim, "d", 20*time.Second, 0)
	stored := l.report(t, alive, l.accounting(wire.AccountingOn, "", 10900*time.Millisecond, 0))
	require.Len(t, stored.Closed, 1)
	require.Equal(t, "a", stored.Closed[0].AcctSessionID)

	stored = l.report(t, l.accounting(wire.AccountingOff, "", 12*time.Second, 0))
	require.Len(t, stored.Closed, 2, "of an Off's own second as well")
}

func TestTwoAgentsReportTheSameSessionAtOnce(t *testing.T) {
	t.Parallel()
	l := connect(t)
	other, epoch := l.connected(t, "b")
	for i := range 10 {
		record := l.accounting(wire.AccountingStart, "s"+string(rune('0'+i)), 0, 0)
		for _, err := range atOnce(
			func() error {
				_, err := l.StoreReport(t.Context(), l.agent.ID, l.site.ID, l.epoch, wire.Report{Journal: "j", Records: []wire.Record{record}})
				return err
			},
			func() error {
				_, err := l.StoreReport(t.Context(), other.ID, l.site.ID, epoch, wire.Report{Journal: "k", Records: []wire.Record{record}})
				return err
			},
		) {
			require.NoError(t, err)
		}
	}
	require.Len(t, l.sessions(t), 10)
	require.Equal(t, []int64{10}, sql[int64](t, l.bench, "select count(*) from events where kind = 'session.started'"))
	l.verify(t)
}
