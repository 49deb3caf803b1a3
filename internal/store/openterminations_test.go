package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func (l *link) stillOpen(t testing.TB, scope store.Scope) []store.OpenTermination {
	t.Helper()
	page, err := l.OpenTerminations(t.Context(), scope, l.site.ID, store.Page{})
	require.NoError(t, err)
	return page.Items
}

func TestOpenTerminations(t *testing.T) {
	t.Parallel()
	l := connect(t)
	l.report(t, l.accounting(wire.AccountingStart, "s1", 0, 0))
	require.Empty(t, l.stillOpen(t, store.Everything), "a visit that goes on has nothing to end")
	l.leave(t, l.visit)
	l.begin(t, 1, 1)

	open := l.stillOpen(t, store.Everything)
	require.Len(t, open, 1)
	require.Equal(t, l.visit, open[0].Visit.ID)
	require.Equal(t, []string{"AP"}, open[0].NASes)
	require.Equal(t, 1, open[0].Devices)
	require.Empty(t, open[0].AgentName, "no agent has taken it")

	command := l.claim(t)[0].Command
	require.NotEmpty(t, l.stillOpen(t, store.Everything)[0].AgentName)
	l.report(t, l.result(&command, visit.TerminationUnconfirmed, visit.ReasonNoAnswer))
	require.NoError(t, l.Delivered(t.Context(), l.visit, 1, 1))
	open = l.stillOpen(t, store.Everything)
	require.Equal(t, visit.ReasonNoAnswer, open[0].Reason)
	require.WithinDuration(t, l.Clock.Now().Add(30*time.Second), *open[0].NextTryAt, 5*time.Second)

	require.NoError(t, l.FailTermination(t.Context(), l.visit, 1, "time_limit"))
	open = l.stillOpen(t, store.Everything)
	require.NotNil(t, open[0].FailedAt, "given up, and still open")
	require.Nil(t, open[0].NextTryAt)

	l.begin(t, 2, 1)
	command.Generation = 2
	require.Len(t, l.stillOpen(t, store.Everything), 1, "one line a visit")
	l.report(t, l.result(&command, visit.TerminationConfirmed, ""))
	require.Empty(t, l.stillOpen(t, store.Everything))
}

func TestOpenTerminationsOfOthersAreNotShown(t *testing.T) {
	t.Parallel()
	l := connect(t)
	l.report(t, l.accounting(wire.AccountingStart, "s1", 0, 0))
	l.leave(t, l.visit)
	l.begin(t, 1, 1)
	host := store.Scope{Sites: []visit.SiteID{l.site.ID}, Host: "nobody@example.org"}
	require.Empty(t, l.stillOpen(t, host))
	_, err := l.OpenTerminations(t.Context(), store.Scope{}, l.site.ID, store.Page{})
	require.ErrorIs(t, err, visit.ErrSiteNotFound)
}

func TestTestsOfNASesAreLimitedAndForgotten(t *testing.T) {
	t.Parallel()
	l := connect(t)
	for range 10 {
		_, err := l.BeginNASTest(t.Context(), l.desk, l.site.ID, l.nas.ID)
		require.NoError(t, err)
	}
	_, err := l.BeginNASTest(t.Context(), l.desk, l.site.ID, l.nas.ID)
	require.ErrorIs(t, err, store.ErrTooManyTests)
	require.Equal(t, []string{"nas.tested"}, sql[string](t, l.bench, "select distinct action from audit where action like 'nas.t%'"))

	l.Clock.Advance(2 * time.Hour)
	id, err := l.BeginNASTest(t.Context(), l.desk, l.site.ID, l.nas.ID)
	require.NoError(t, err)
	require.Equal(t, []int64{1}, sql[int64](t, l.bench, "select count(*) from nas_tests"))

	require.Empty(t, must(l.ClaimNASTests(t.Context(), l.agent.ID, l.epoch+1)), "a stale link")
	require.Len(t, must(l.ClaimNASTests(t.Context(), l.agent.ID, l.epoch)), 1)
	require.Empty(t, must(l.ClaimNASTests(t.Context(), l.agent.ID, l.epoch)), "taken")
	stale := l.AnswerNASTest(t.Context(), l.agent.ID, l.site.ID, l.epoch-1, wire.NASTested{ID: id})
	require.ErrorIs(t, stale, visit.ErrStaleEpoch)
	l.verify(t)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
