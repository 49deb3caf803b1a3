package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// twoDevices is a running visit with the sessions s1 and s2.
func twoDevices(t testing.TB) (*link, visit.SessionID) {
	t.Helper()
	l := connect(t)
	l.report(t, l.accounting(wire.AccountingStart, "s1", 0, 0), l.accounting(wire.AccountingStart, "s2", 0, 0))
	for _, s := range l.sessions(t) {
		if s.AcctSessionID == "s1" {
			return l, s.ID
		}
	}
	require.Fail(t, "no session")
	return nil, ""
}

func (l *link) openNames(t testing.TB) (names []string) {
	t.Helper()
	for _, s := range l.sessions(t) {
		if s.EndedAt == nil {
			names = append(names, s.AcctSessionID)
		}
	}
	return names
}

func TestOneDeviceIsDisconnectedAndTheVisitGoesOn(t *testing.T) {
	t.Parallel()
	l, first := twoDevices(t)
	out, err := l.DisconnectSession(t.Context(), l.desk, l.visit, first)
	require.NoError(t, err)
	require.Equal(t, 1, out.Generation)
	again, err := l.DisconnectSession(t.Context(), l.desk, l.visit, first)
	require.NoError(t, err)
	require.True(t, again.Unchanged, "it is under way")
	require.Equal(t, out.Generation, again.Generation)

	commands := l.claim(t)
	require.Len(t, commands, 1)
	require.True(t, commands[0].Only)
	require.Equal(t, wire.TypeDisconnect, commands[0].FrameType())
	require.Equal(t, l.grant.ID, commands[0].GrantID)
	require.Len(t, commands[0].Sessions, 1, "not the other device")
	require.Equal(t, first, commands[0].Sessions[0].ID)
	require.Empty(t, l.claim(t))

	l.report(t, l.result(&commands[0].Command, visit.TerminationConfirmed, ""))
	require.Equal(t, []string{"s2"}, l.openNames(t))
	require.Equal(t, visit.CheckedIn, l.visit1(t).Status)
	detail, err := l.Detail(t.Context(), store.Everything, l.visit)
	require.NoError(t, err)
	require.Nil(t, detail.Voucher.RevokedAt)
	require.Len(t, detail.Terminations, 1)
	require.Equal(t, 1, detail.Terminations[0].Generation)
	require.Nil(t, detail.Retry, "nobody repeats it by himself")
	require.Equal(t, []string{
		"visitor.pre_registered", "visitor.checked_in", "session.started", "session.started",
		"session.disconnect_requested", "session.ended", "session.terminated",
	}, l.kinds(t, l.visit))
	_, err = l.DisconnectSession(t.Context(), l.desk, l.visit, first)
	require.ErrorIs(t, err, visit.Errorf(visit.KindConflict, "session_ended", ""))

	// The end of the visit is a generation of its own, with all that is left.
	l.leave(t, l.visit)
	_, final := l.begin(t, 2, 1)
	require.False(t, final)
	commands = l.claim(t)
	require.Len(t, commands, 1)
	require.False(t, commands[0].Only)
	require.Len(t, commands[0].Sessions, 1)
	l.verify(t)
}

func (l *link) visit1(t testing.TB) visit.Visit { return l.bench.visit(t, l.visit) }

func TestWhatADisconnectDidNotBringIsTold(t *testing.T) {
	t.Parallel()
	l, first := twoDevices(t)
	_, err := l.DisconnectSession(t.Context(), l.desk, l.visit, first)
	require.NoError(t, err)
	command := l.claim(t)[0].Command
	l.report(t, l.result(&command, visit.TerminationUnconfirmed, visit.ReasonNoAnswer))
	l.report(t, l.result(&command, visit.TerminationUnconfirmed, visit.ReasonStillOnline))
	require.Equal(t, []string{"s1", "s2"}, l.openNames(t))
	require.Equal(t, []int64{1}, sql[int64](t, l.bench, "select count(*) from events where kind = 'session.disconnect_failed' and data ->> 'reason' = 'no_answer'"), "once")
	out, err := l.DisconnectSession(t.Context(), l.desk, l.visit, first)
	require.NoError(t, err)
	require.False(t, out.Unchanged, "somebody tries again")
	require.Equal(t, 2, out.Generation)
	require.Len(t, l.claim(t), 1)
	pending, err := l.Undelivered(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, pending, "no activity waits")
	l.verify(t)
}

func TestADisconnectThatNoAgentTakesIsGivenUp(t *testing.T) {
	t.Parallel()
	l, first := twoDevices(t)
	by := l.desk
	by.Idempotency = &store.Idempotency{Key: "kick", RequestHash: []byte("x")}
	out, err := l.DisconnectSession(t.Context(), by, l.visit, first)
	require.NoError(t, err)
	l.Clock.Advance(store.DisconnectFor - time.Second)
	n, err := l.ExpireDisconnects(t.Context(), 10)
	require.NoError(t, err)
	require.Zero(t, n)
	l.Clock.Advance(time.Second)
	require.Empty(t, l.claim(t), "a device that is cut long after is a riddle")
	for want := range 2 {
		n, err = l.ExpireDisconnects(t.Context(), 10)
		require.NoError(t, err)
		require.Equal(t, 1-want, n)
	}
	detail, err := l.Detail(t.Context(), store.Everything, l.visit)
	require.NoError(t, err)
	require.Len(t, detail.Terminations, 1)
	got := detail.Terminations[0]
	require.Equal(t, first, got.SessionID)
	require.Equal(t, out.Generation, got.Generation)
	require.Equal(t, visit.ReasonAgentUnreachable, got.Reason)
	kinds := l.kinds(t, l.visit)
	require.Equal(t, "session.disconnect_failed", kinds[len(kinds)-1])
	replayed, err := l.DisconnectSession(t.Context(), by, l.visit, first)
	require.NoError(t, err)
	require.True(t, replayed.Replayed)
	require.Equal(t, out.Generation, replayed.Generation)
	l.verify(t)
}

func TestWhatCannotBeDisconnected(t *testing.T) {
	t.Parallel()
	l, first := twoDevices(t)
	refused := func(code string, by store.Caller, id visit.VisitID, session visit.SessionID) {
		t.Helper()
		_, err := l.DisconnectSession(t.Context(), by, id, session)
		require.ErrorIs(t, err, &visit.Error{Code: code})
	}
	other := l.arrived(t)
	elsewhere := store.Caller{Actor: "user:x", Scope: store.Scope{Sites: []visit.SiteID{l.newSite(t, "Paris").ID}}}
	refused("session_not_found", l.desk, other, first)
	refused("session_not_found", l.desk, l.visit, visit.SessionID(uuid.NewString()))
	refused("visit_not_found", elsewhere, l.visit, first)
	refused("visit_not_checked_in", l.desk, l.registered(t), first)
	require.NoError(t, l.Disconnected(t.Context(), l.agent.ID, l.epoch))
	refused("agent_away", l.desk, l.visit, first)
	require.Empty(t, sql[string](t, l.bench, "select visit_id::text from commands"), "nothing was changed")
	l.leave(t, l.visit)
	refused("visit_ended", l.desk, l.visit, first)
	l.verify(t)
}

// The visit ends before the agent has answered: the end is asked for as well, and the
// single wish does not come after it.
func TestAnEndOvertakesADisconnect(t *testing.T) {
	t.Parallel()
	l, first := twoDevices(t)
	_, err := l.DisconnectSession(t.Context(), l.desk, l.visit, first)
	require.NoError(t, err)
	l.leave(t, l.visit)
	l.begin(t, 2, 1)
	commands := l.claim(t)
	require.Len(t, commands, 1)
	require.False(t, commands[0].Only)
	require.Len(t, commands[0].Sessions, 2)
}

// Two devices are two wishes: a later one does not take an earlier one's place.
func TestTwoDisconnectsAtATime(t *testing.T) {
	t.Parallel()
	l, first := twoDevices(t)
	for _, s := range l.sessions(t) {
		_, err := l.DisconnectSession(t.Context(), l.desk, l.visit, s.ID)
		require.NoError(t, err)
	}
	commands := l.claim(t)
	require.Len(t, commands, 2)
	require.NotEqual(t, commands[0].Command.Generation, commands[1].Command.Generation)
	require.Contains(t, []visit.SessionID{commands[0].Sessions[0].ID, commands[1].Sessions[0].ID}, first)
}

func TestTheNextAttemptIsKnownWhileThereIsOne(t *testing.T) {
	t.Parallel()
	l := connect(t)
	l.report(t, l.accounting(wire.AccountingStart, "s1", 0, 0))
	retry := func() *store.Retry {
		t.Helper()
		detail, err := l.Detail(t.Context(), store.Everything, l.visit)
		require.NoError(t, err)
		return detail.Retry
	}
	attempt := func(n int, reason visit.TerminationReason) {
		t.Helper()
		l.begin(t, 1, n)
		command := l.claim(t)[0].Command
		require.Nil(t, retry(), "it is under way")
		l.report(t, l.result(&command, visit.TerminationUnconfirmed, reason))
		require.Nil(t, retry(), "the workflow has not heard")
		l.Clock.Advance(time.Second)
		require.NoError(t, l.Delivered(t.Context(), l.visit, 1, n))
	}
	require.Nil(t, retry())
	l.leave(t, l.visit)
	attempt(1, visit.ReasonNoAnswer)
	require.Equal(t, &store.Retry{Generation: 1, At: l.Clock.Now().Add(30 * time.Second)}, retry())
	l.Clock.Advance(34 * time.Second)
	require.NotNil(t, retry(), "a little late")
	l.Clock.Advance(2 * time.Second)
	require.Nil(t, retry(), "it should have begun: nobody knows")
	attempt(2, visit.ReasonOther)
	require.Equal(t, l.Clock.Now().Add(4*time.Second), retry().At, "the policy's own back-off")
	attempt(3, visit.ReasonProhibited)
	require.Equal(t, l.Clock.Now().Add(10*time.Minute), retry().At)

	l.Clock.Advance(visit.DefaultTerminationFor - 5*time.Minute)
	attempt(4, visit.ReasonProhibited)
	require.Nil(t, retry(), "beyond the limit none is made")
	attempt(5, visit.ReasonBusy)
	require.NotNil(t, retry())
	_, err := l.RetryTermination(t.Context(), l.desk, l.visit)
	require.NoError(t, err)
	require.Nil(t, retry(), "somebody asked for one at once")
}

func TestNothingIsTriedNextWhereItIsOver(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*link) error{
		"sealed":   func(l *link) error { return l.SealVisit(t.Context(), l.visit, store.SealInput{}) },
		"given up": func(l *link) error { return l.FailTermination(t.Context(), l.visit, 1, "no_answer") },
		"done": func(l *link) error {
			l.report(t, l.result(&wire.Command{VisitID: l.visit, Generation: 1, Attempt: 1}, visit.TerminationConfirmed, ""))
			return nil
		},
	} {
		l := connect(t)
		l.report(t, l.accounting(wire.AccountingStart, "s1", 0, 0))
		l.leave(t, l.visit)
		l.begin(t, 1, 1)
		command := l.claim(t)[0].Command
		l.report(t, l.result(&command, visit.TerminationUnconfirmed, visit.ReasonNoAnswer))
		require.NoError(t, l.Delivered(t.Context(), l.visit, 1, 1))
		before, err := l.Detail(t.Context(), store.Everything, l.visit)
		require.NoError(t, err)
		require.NotNil(t, before.Retry, name)
		require.NoError(t, end(l))
		after, err := l.Detail(t.Context(), store.Everything, l.visit)
		require.NoError(t, err)
		require.Nil(t, after.Retry, name)
	}
}
