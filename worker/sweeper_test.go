package worker

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// sweep runs the sweeper for that long, in time of its own.
func sweep(t *testing.T, b *board, during time.Duration, then func(t *testing.T, s *sweeper)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s, done := b.sweeper(), make(chan struct{})
		go func() { defer close(done); s.run(ctx) }()
		pause(ctx, during)
		synctest.Wait()
		if then != nil {
			then(t, s)
		}
		cancel()
		<-done
	})
}

func TestEachStepHasItsPace(t *testing.T) {
	t.Parallel()
	b := newBoard()
	sweep(t, b, time.Hour, nil)
	for name, every := range map[string]time.Duration{
		"Overdue": 5 * time.Second, "PendingIntents": 5 * time.Second, "Running": 30 * time.Second,
		"MarkNoShows": 30 * time.Second, "WipeCredentials": 5 * time.Minute,
		"PruneLedger": 10 * time.Minute, "PruneIdempotency": 10 * time.Minute, "Checkpoint": 10 * time.Minute,
		"LeavingSoon": 10 * time.Second, "PruneMail": 10 * time.Minute, "RecomputeAccounts": 10 * time.Second, "PruneGuests": time.Minute, "SettleAccesses": time.Minute,
	} {
		require.InDelta(t, time.Hour/every, b.count(name), 2, name)
	}
	require.Equal(t, 1, b.count("release"), "the lead is given back")
}

func TestAStepThatFailsOrHangsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	b := newBoard()
	b.hang["Running"], b.fail["MarkNoShows"] = true, errors.New("down")
	b.hang["PendingIntents"] = true
	sweep(t, b, time.Hour, func(t *testing.T, s *sweeper) {
		require.InDelta(t, 60, testutil.ToFloat64(s.metrics.passes.WithLabelValues("intents", "failed")), 10, "cut off after a minute")
	})
	require.InDelta(t, time.Hour/(5*time.Second), b.count("Overdue"), 2)
	require.InDelta(t, time.Hour/(30*time.Second), b.count("MarkNoShows"), 2)
	require.InDelta(t, 6, b.count("PruneLedger"), 2)
}

func TestOneProcessSweepsAndTheNextTakesOver(t *testing.T) {
	t.Parallel()
	b := newBoard()
	b.leadElsewhere(true)
	sweep(t, b, time.Minute, func(t *testing.T, s *sweeper) {
		require.Zero(t, b.count("Overdue"))
		require.Zero(t, testutil.ToFloat64(s.metrics.leading))
		b.leadElsewhere(false) // the other one died
		pause(t.Context(), 2*leadEvery)
		require.Positive(t, b.count("Overdue"))
		require.InDelta(t, 1, testutil.ToFloat64(s.metrics.leading), 0)
	})
}

func TestALostLeaseEndsTheSweepUntilItIsHadAgain(t *testing.T) {
	t.Parallel()
	b := newBoard()
	sweep(t, b, time.Minute, func(t *testing.T, _ *sweeper) {
		b.leadElsewhere(true)
		b.lease() // the connection that held the lock broke
		synctest.Wait()
		before := b.count("Overdue")
		pause(t.Context(), time.Minute)
		require.Equal(t, before, b.count("Overdue"))
	})
}

func TestVisitsThatNobodyEndedAreEndedWithAnAlarm(t *testing.T) {
	t.Parallel()
	b := newBoard()
	b.overdue = []visit.VisitID{"a", "broken", "c"}
	b.fail["RevokeVoucher broken"] = errors.New("down")
	s := b.sweeper()
	ended, err := s.overdue(t.Context())
	require.Error(t, err)
	require.Equal(t, 2, ended, "one that fails stops no other")
	require.Equal(t, 1, b.count("RevokeVoucher c"))
}

func TestIntentsAreSentAgainUntilTaken(t *testing.T) {
	t.Parallel()
	b := newBoard()
	b.pending = []store.Intent{{VisitID: "in", Kind: store.IntentCheckIn}, {VisitID: "out", Kind: store.IntentCheckOut}}
	sent, err := b.sweeper().intents(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, sent)
	require.Equal(t, []visit.VisitID{"in"}, b.started, "a check-in is a plain start: nothing waits for its update")
	require.Equal(t, []visit.VisitID{"out"}, b.signaled)
	require.ElementsMatch(t, []visit.VisitID{"in", "out"}, b.sent)
}

func TestAnIntentThatTemporalDidNotTakeIsNotNotedAsSent(t *testing.T) {
	t.Parallel()
	b := newBoard()
	b.pending = []store.Intent{{VisitID: "in", Kind: store.IntentCheckIn}}
	b.fail["Start in"] = visit.Unavailable("Temporal", errors.New("refused"))
	_, err := b.sweeper().intents(t.Context())
	require.Error(t, err)
	require.Empty(t, b.sent, "so that it is sent as soon as Temporal is back")
}

func TestABacklogIsDrainedWithoutPausing(t *testing.T) {
	t.Parallel()
	b := newBoard()
	for i := range 1000 {
		b.pending = append(b.pending, store.Intent{VisitID: visit.VisitID(fmt.Sprint(i)), Kind: store.IntentCheckIn})
	}
	sweep(t, b, time.Second, nil)
	require.Len(t, b.started, 1000)
}

func TestOpenVisitsWithoutAWorkflowAreStarted(t *testing.T) {
	t.Parallel()
	b := newBoard() // Temporal lists a; b runs, but the listing does not have it yet
	b.running["a"], b.running["b"] = true, true
	b.open = []store.OpenVisit{{ID: "a"}, {ID: "b"}, {ID: "broken"}, {ID: "c"}}
	b.fail["Start broken"] = errors.New("refused")
	for i := range 2 * batch {
		b.open = append(b.open, store.OpenVisit{ID: visit.VisitID(fmt.Sprintf("d%04d", i))})
	}
	started, err := b.sweeper().missing(t.Context())
	require.Error(t, err, "one that cannot be started is told")
	require.Zero(t, b.count("Start a"), "the listing saves the question")
	require.Equal(t, 1, b.count("Start b"), "where it is late, asking changes nothing")
	require.Contains(t, b.started, visit.VisitID("c"))
	require.GreaterOrEqual(t, started, batch)
	require.Less(t, started, 2*batch, "a pass is bounded")
}

func TestWithoutAListingNothingIsStarted(t *testing.T) {
	t.Parallel()
	b := newBoard()
	b.open = []store.OpenVisit{{ID: "c"}}
	b.fail["Running"] = visit.Unavailable("Temporal", errors.New("refused"))
	_, err := b.sweeper().missing(t.Context())
	require.Error(t, err)
	require.Empty(t, b.started)
}

// TestAccessesWithoutAWorkflow are told, and one that runs is not. Where there is no
// access, Temporal is not asked for a listing.
func TestAccessesWithoutAWorkflow(t *testing.T) {
	t.Parallel()
	b := newBoard()
	sweep(t, b, 40*time.Second, nil)
	require.Zero(t, b.count("RunningAccesses"))
	b.accesses = []store.Access{{ID: "running"}, {ID: "missing"}}
	b.runningAccesses = map[roll.AccessID]bool{"running": true}
	sweep(t, b, 20*time.Second, nil)
	require.Equal(t, []roll.AccessID{"missing"}, b.told)
}
