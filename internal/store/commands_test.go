package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func (l *link) begin(t testing.TB, generation, attempt int) (visit.TerminationResult, bool) {
	t.Helper()
	result, final, err := l.BeginTermination(t.Context(), store.TerminationRequest{
		VisitID: l.visit, Generation: generation, Attempt: attempt, WorkflowID: "visit-x", RunID: "r", ActivityID: "7",
	})
	require.NoError(t, err)
	return result, final
}

func (l *link) claim(t testing.TB) []wire.SessionTerminate {
	t.Helper()
	commands, err := l.ClaimCommands(t.Context(), l.site.ID, l.agent.ID, l.epoch, nil)
	require.NoError(t, err)
	return commands
}

func (l *link) result(command *wire.Command, state visit.TerminationState, reason visit.TerminationReason) wire.Record {
	l.next++
	return wire.Record{Sequence: l.next, At: l.Clock.Now(), Termination: &wire.Termination{
		Command: command, GrantID: l.grant.ID, VisitID: l.visit,
		Results: []wire.SessionResult{{
			Key: wire.SessionKey{NASID: l.nas.ID, AcctSessionID: "s1", StartedAt: l.start},
			Result: visit.SessionTermination{State: state, Reason: reason, At: l.Clock.Now(), Attempts: []visit.TerminationAttempt{
				{At: l.Clock.Now(), Method: "disconnect", Answer: "ack", Tries: 1},
			}},
		}},
	}}
}

func TestATerminationFromCommandToCompletion(t *testing.T) {
	t.Parallel()
	l := connect(t)
	l.report(t, l.accounting(wire.AccountingStart, "s1", 0, 0))
	l.leave(t, l.visit)
	_, final := l.begin(t, 1, 1)
	require.False(t, final)

	commands := l.claim(t)
	require.Len(t, commands, 1)
	require.Equal(t, wire.Command{VisitID: l.visit, Generation: 1, Attempt: 1}, commands[0].Command)
	require.Equal(t, l.grant.ID, commands[0].GrantID)
	require.Equal(t, l.grant.Username, commands[0].Username)
	require.Equal(t, "s1", commands[0].Sessions[0].Key.AcctSessionID)
	require.Equal(t, "02:00:00:00:00:01", commands[0].Sessions[0].MAC)
	require.Empty(t, l.claim(t), "claimed")

	stored := l.report(t, l.result(&commands[0].Command, visit.TerminationFailed, visit.ReasonBusy))
	require.Len(t, stored.Completions, 1)
	require.False(t, stored.Completions[0].Final)
	require.Equal(t, visit.ReasonBusy, stored.Completions[0].Result.Worst())
	pending, err := l.Undelivered(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, stored.Completions, pending)
	require.NoError(t, l.Delivered(t.Context(), l.visit, 1, 1))
	pending, err = l.Undelivered(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, pending)

	_, final = l.begin(t, 1, 2)
	require.False(t, final)
	old := commands[0].Command
	require.Empty(t, l.report(t, l.result(&old, visit.TerminationFailed, visit.ReasonBusy)).Completions, "only the current attempt fails")
	require.Len(t, l.claim(t), 1)
	stored = l.report(t, l.result(&old, visit.TerminationConfirmed, ""))
	require.Len(t, stored.Completions, 1, "a success of any attempt is final")
	require.True(t, stored.Completions[0].Final)
	require.Equal(t, 2, stored.Completions[0].Attempt)
	require.NotEmpty(t, stored.Completions[0].Result.Sessions[0].SessionID)

	result, final := l.begin(t, 1, 3)
	require.True(t, final)
	require.True(t, result.Done())
	require.Equal(t, []string{
		"visitor.pre_registered", "visitor.checked_in", "session.started", "visitor.checked_out", "session.ended", "session.terminated",
	}, l.kinds(t, l.visit))
	detail, err := l.Detail(t.Context(), store.Everything, l.visit)
	require.NoError(t, err)
	require.Len(t, detail.Terminations, 3)
	require.Equal(t, "ack", detail.Terminations[2].Attempts[0].Answer)
	require.NotNil(t, detail.Sessions[0].EndedAt)

	nas, err := l.NAS(t.Context(), store.Everything, l.site.ID, l.nas.ID)
	require.NoError(t, err)
	require.NotNil(t, nas.DisconnectConfirmedAt)
	require.Zero(t, nas.SessionSeconds(), "a confirmed disconnect lifts the short limit")
	l.verify(t)
}

func TestASiteWithoutAgentsHasNothingToEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, _, err := b.CreateAgent(t.Context(), b.desk, b.site.ID, "never enrolled")
	require.NoError(t, err)
	id := b.left(t)
	for range 2 {
		result, final, err := b.BeginTermination(t.Context(), store.TerminationRequest{VisitID: id, Generation: 1, Attempt: 1, WorkflowID: "w", ActivityID: "7"})
		require.NoError(t, err)
		require.True(t, final)
		require.Empty(t, result.Sessions)
	}
	pending, err := b.Undelivered(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, pending)
	_, _, err = b.BeginTermination(t.Context(), store.TerminationRequest{VisitID: "00000000-0000-0000-0000-000000000000", Generation: 1})
	require.ErrorIs(t, err, visit.ErrVisitNotFound)
}

func TestCommandsGoToTheAgentThatKnowsTheSession(t *testing.T) {
	t.Parallel()
	l := connect(t)
	other, otherEpoch := l.connected(t, "b")
	l.report(t, l.accounting(wire.AccountingStart, "s1", 0, 0))
	l.leave(t, l.visit)
	l.begin(t, 1, 1)
	byOther := func() int {
		commands, err := l.ClaimCommands(t.Context(), l.site.ID, other.ID, otherEpoch, nil)
		require.NoError(t, err)
		return len(commands)
	}
	require.Zero(t, byOther(), "the first ten seconds are a's")
	require.Len(t, l.claim(t), 1)
	l.Clock.Advance(11 * time.Second)
	require.Zero(t, byOther(), "a has it, and its link is up")
	require.NoError(t, l.Disconnected(t.Context(), l.agent.ID, l.epoch))
	require.Equal(t, 1, byOther(), "a's link is gone")

	l.begin(t, 1, 2)
	require.Equal(t, 1, byOther(), "a is away")
	l.epoch++
	_, err := l.Connect(t.Context(), l.agent.ID, "hub-1", wire.Hello{Epoch: l.epoch - 1})
	require.NoError(t, err)
	require.Empty(t, l.claim(t))
	l.begin(t, 1, 3)
	require.Zero(t, byOther())
	l.Clock.Advance(11 * time.Second)
	require.Equal(t, 1, byOther(), "a did not take it in time")
}

func TestRetryingByHand(t *testing.T) {
	t.Parallel()
	l := connect(t)
	_, err := l.RetryTermination(t.Context(), l.desk, l.visit)
	require.Equal(t, visit.KindConflict, visit.KindOf(err), "it goes on")
	l.report(t, l.accounting(wire.AccountingStart, "s1", 0, 0))
	l.leave(t, l.visit)
	l.begin(t, 1, 1)
	retried, err := l.RetryTermination(t.Context(), l.desk, l.visit)
	require.NoError(t, err)
	require.Equal(t, 2, retried.Generation)
	require.False(t, retried.Sealed)
	first := l.claim(t)
	require.Len(t, first, 1, "until the second generation begins the first goes on: the signal may be lost")
	require.Equal(t, 1, first[0].Command.Generation)
	l.begin(t, 1, 2)
	l.begin(t, 2, 1)
	second := l.claim(t)
	require.Len(t, second, 1, "the first is over")
	require.Equal(t, 2, second[0].Command.Generation)

	for range 2 {
		require.NoError(t, l.FailTermination(t.Context(), l.visit, 2, "no answer!"))
	}
	require.NoError(t, l.SealVisit(t.Context(), l.visit, store.SealInput{Termination: "failed", CRM: "not configured"}))
	by := l.desk
	by.Idempotency = &store.Idempotency{Key: "again", RequestHash: []byte("x")}
	for range 2 {
		retried, err = l.RetryTermination(t.Context(), by, l.visit)
		require.NoError(t, err)
		require.Equal(t, 3, retried.Generation)
		require.True(t, retried.Sealed)
	}
	commands := l.claim(t)
	require.Len(t, commands, 1)
	require.Equal(t, 3, commands[0].Command.Generation)
	stored := l.report(t, l.result(&commands[0].Command, visit.TerminationConfirmed, ""))
	require.Empty(t, stored.Completions, "no activity waits")
	pending, err := l.Undelivered(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, pending)
	kinds := l.kinds(t, l.visit)
	require.Equal(t, []string{"session.termination_failed", "visit.sealed", "session.ended", "session.terminated"}, kinds[len(kinds)-4:])
	l.verify(t)
}

// An agent acts by itself on a revoke; the record has no command.
func TestAnAgentsOwnTermination(t *testing.T) {
	t.Parallel()
	l := connect(t)
	l.report(t, l.accounting(wire.AccountingStart, "s1", 0, 0))
	l.leave(t, l.visit)
	for range 2 {
		l.report(t, l.result(nil, visit.TerminationConfirmed, ""))
	}
	require.Equal(t, []int64{2}, sql[int64](t, l.bench, "select count(*) from terminations where generation is null"))
	require.Equal(t, []int64{1}, sql[int64](t, l.bench, "select count(*) from events where kind = 'session.terminated'"))
}

// A command ends what a voucher began that has been replaced since.
func TestAResultClosesTheSessionOfAReplacedVoucher(t *testing.T) {
	t.Parallel()
	l := connect(t)
	l.report(t, l.accounting(wire.AccountingStart, "s1", 0, 0))
	_, err := l.Reissue(t.Context(), l.desk, l.visit)
	require.NoError(t, err)
	l.leave(t, l.visit)
	l.begin(t, 1, 1)
	commands := l.claim(t)
	require.Len(t, commands, 1)
	require.NotEqual(t, l.grant.ID, commands[0].GrantID)
	require.Len(t, commands[0].Sessions, 1)
	result := l.result(&commands[0].Command, visit.TerminationAbsent, "")
	result.Termination.GrantID = commands[0].GrantID
	stored := l.report(t, result)
	require.Len(t, stored.Completions, 1)
	require.NotEmpty(t, stored.Completions[0].Result.Sessions[0].SessionID)
	require.NotNil(t, l.sessions(t)[0].EndedAt)
	l.verify(t)
}
