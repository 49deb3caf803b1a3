package ledger

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/agent/clock"
	"github.com/foyerhq/foyer/internal/wire"
)

// A run is a ledger in Run, on the bubble's clock.
type run struct {
	*Ledger
	mu     sync.Mutex
	skew   time.Duration
	ended  map[string][]time.Time
	cancel func()
	wg     sync.WaitGroup
}

func running(t *testing.T) *run {
	t.Helper()
	r := &run{ended: map[string][]time.Time{}}
	b := setup(t)
	require.NoError(t, b.Close())
	l, err := Open(Config{Dir: b.dir, Keys: b.keys, Now: r.now, Logger: quiet(), OnEnded: func(e Ended) {
		at := r.now()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ended[e.Grant.ID] = append(r.ended[e.Grant.ID], at)
	}})
	require.NoError(t, err)
	r.Ledger = l
	ctx, cancel := context.WithCancel(t.Context())
	r.cancel = cancel
	r.wg.Go(func() { _ = l.Run(ctx) })
	return r
}

func (r *run) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Add(r.skew)
}

func (r *run) jump(by time.Duration) {
	r.mu.Lock()
	r.skew += by
	r.mu.Unlock()
	r.ClockChanged()
	synctest.Wait()
}

func (r *run) stop(t *testing.T) {
	r.cancel()
	r.wg.Wait()
	require.NoError(t, r.Close())
}

func (r *run) times(id string) []time.Time {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended[id]
}

func (r *run) grant(n int, start time.Time, stay time.Duration) wire.Grant {
	g := grant(n)
	g.NotBefore, g.NotAfter = start, start.Add(stay)
	return g
}

func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestGrantsEndAtTheInstant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, start := running(t), time.Now()
		defer r.stop(t)
		set := Set{Position: at(1)}
		for n := range 50 {
			set.Grants = append(set.Grants, r.grant(n, start, time.Duration(50-n)*7*time.Second))
		}
		_, err := r.Replace(set)
		require.NoError(t, err)
		longer := r.grant(10, start, time.Hour)
		_, err = r.Apply([]*wire.Entry{put(2, longer), drop(3, grant(11).ID)})
		require.NoError(t, err)

		pass(10 * time.Minute)
		for n, g := range set.Grants {
			switch n {
			case 10, 11:
				require.Empty(t, r.times(g.ID))
			default:
				require.Len(t, r.times(g.ID), 1)
				require.True(t, r.times(g.ID)[0].Equal(g.NotAfter))
			}
		}
		pass(time.Hour)
		require.True(t, r.times(longer.ID)[0].Equal(longer.NotAfter))
		require.Zero(t, r.Stats().Grants)

		ended, err := r.Apply([]*wire.Entry{drop(4, longer.ID)})
		require.NoError(t, err)
		require.Empty(t, ended, "OnEnded was told")
	})
}

func TestShorteningEndsAtTheNewInstant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, start := running(t), time.Now()
		defer r.stop(t)
		_, err := r.Replace(Set{Position: at(1), Grants: []wire.Grant{r.grant(1, start, time.Hour)}})
		require.NoError(t, err)
		pass(time.Minute)
		_, err = r.Apply([]*wire.Entry{put(2, r.grant(1, start, 2*time.Minute))})
		require.NoError(t, err)
		pass(time.Hour)
		require.Len(t, r.times(grant(1).ID), 1)
		require.True(t, r.times(grant(1).ID)[0].Equal(start.Add(2*time.Minute)))
	})
}

// A clock a day ahead ends grants early; once the hub has corrected it, nothing
// is lost, and they end once more in their time.
func TestClockThatWasAheadLosesNoGrant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, start := running(t), time.Now()
		defer r.stop(t)
		g := r.grant(1, start.Add(-time.Hour), 3*time.Hour)
		_, err := r.Replace(Set{Position: at(1), Grants: []wire.Grant{g}})
		require.NoError(t, err)
		r.jump(24 * time.Hour)
		require.Len(t, r.times(g.ID), 1)
		_, why := r.Lookup(g.Username)
		require.Equal(t, wire.RefusedExpired, why)

		r.jump(-24 * time.Hour)
		_, why = r.Lookup(g.Username)
		require.Empty(t, why)
		pass(3 * time.Hour)
		require.Len(t, r.times(g.ID), 2)
		require.True(t, r.times(g.ID)[1].Equal(g.NotAfter))
	})
}

func TestEndedGrantsAreForgottenInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, start := running(t), time.Now()
		defer r.stop(t)
		g := r.grant(1, start, time.Hour)
		_, err := r.Replace(Set{Position: at(1), Grants: []wire.Grant{g, r.grant(2, start, 100*time.Hour)}})
		require.NoError(t, err)
		pass(40 * time.Hour)
		require.NotNil(t, r.Grant(g.ID))
		pass(15 * time.Hour)
		require.Nil(t, r.Grant(g.ID))
		require.NotNil(t, r.Grant(grant(2).ID))
		require.Len(t, r.times(g.ID), 1)
	})
}

type markStore struct{ mark clock.Mark }

func (s *markStore) Load() (clock.Mark, error) { return s.mark, nil }
func (s *markStore) Save(m clock.Mark) error   { s.mark = m; return nil }

// Without the hub, whatever is done to the wall clock while running and over
// restarts, a guest gains at most the time the agent was down and what was not yet
// saved (P2).
func TestWallClockGivesNoTimeAway(t *testing.T) {
	t.Parallel()
	b, g := setup(t), grant(0)
	g.NotBefore = noon.AddDate(-1, 0, 0)
	_, err := b.Replace(Set{Position: at(1), Grants: []wire.Grant{g}})
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		truth, wall, mono, down := noon, noon, time.Duration(0), time.Duration(0)
		store := &markStore{}
		start := func() *clock.Clock {
			c, err := clock.New(clock.Config{
				Wall: func() time.Time { return wall }, Mono: func() time.Duration { return mono }, Store: store,
			})
			require.NoError(t, err)
			return c
		}
		c := start()
		c.Sync(truth, 0)
		require.NoError(t, c.Save())
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			passed := time.Duration(rapid.IntRange(0, 1200).Draw(t, "seconds")) * time.Second
			truth, wall, mono = truth.Add(passed), wall.Add(passed), mono+passed
			wall = wall.Add(time.Duration(rapid.IntRange(-24, 24).Draw(t, "hours set")) * time.Hour)
			if rapid.Bool().Draw(t, "restart") {
				require.NoError(t, c.Save())
				off := time.Duration(rapid.IntRange(0, 600).Draw(t, "off")) * time.Second
				truth, wall, mono, down = truth.Add(off), wall.Add(off), 0, down+off
				c = start()
			}
			b.set(c.Now())
			if b.reason(g) == "" {
				require.Less(t, truth, g.NotAfter.Add(down))
			}
		}
	})
}
