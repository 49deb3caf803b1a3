package clock_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/agent/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const day = 24 * time.Hour

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// A machine has clocks that a test sets.
type machine struct {
	wall time.Time
	mono time.Duration
}

func (m *machine) pass(d time.Duration) { m.wall, m.mono = m.wall.Add(d), m.mono+d }

func (m *machine) clock(t require.TestingT, s clock.Store) *clock.Clock {
	c, err := clock.New(clock.Config{
		Wall: func() time.Time { return m.wall }, Mono: func() time.Duration { return m.mono }, Store: s,
	})
	require.NoError(t, err)
	return c
}

type memory struct {
	mark clock.Mark
	fail error
}

func (s *memory) Load() (clock.Mark, error) { return s.mark, s.fail }
func (s *memory) Save(m clock.Mark) error {
	if s.fail == nil {
		s.mark = m
	}
	return s.fail
}

func TestWallClockSetWhileRunningChangesNothing(t *testing.T) {
	t.Parallel()
	for _, shift := range []time.Duration{-day, day} {
		m := &machine{wall: noon}
		c := m.clock(t, &memory{})
		m.wall = m.wall.Add(shift)
		m.pass(time.Minute)
		require.Equal(t, noon.Add(time.Minute), c.Now())
	}
}

func TestHubCorrectsBothWays(t *testing.T) {
	t.Parallel()
	for _, shift := range []time.Duration{-day, -time.Second, time.Second, day} {
		m := &machine{wall: noon.Add(shift)}
		c := m.clock(t, &memory{})
		jump := c.Sync(noon, 100*time.Millisecond)
		require.Equal(t, noon.Add(50*time.Millisecond), c.Now())
		require.Equal(t, -shift+50*time.Millisecond, jump)
		require.Equal(t, jump, c.Offset())
	}
}

func TestJitterOfTheRoundTripDoesNotMoveTheClock(t *testing.T) {
	t.Parallel()
	m := &machine{wall: noon}
	c := m.clock(t, &memory{})
	require.Zero(t, c.Sync(noon.Add(-80*time.Millisecond), 100*time.Millisecond))
	require.Equal(t, noon, c.Now())
}

func TestClockSetBackOverRestartCannotLengthenAVisit(t *testing.T) {
	t.Parallel()
	m, s := &machine{wall: noon}, &memory{}
	c := m.clock(t, s)
	c.Sync(noon, 0)
	m.pass(time.Hour)
	require.NoError(t, c.Save())

	*m = machine{wall: m.wall.Add(-day)}
	require.Equal(t, noon.Add(time.Hour), m.clock(t, s).Now(), "not before the mark")

	// The negative control: without the mark, the day is given away.
	require.Equal(t, noon.Add(time.Hour-day), m.clock(t, &memory{}).Now())
}

func TestClockSetForwardOverRestartIsUndoneByTheHub(t *testing.T) {
	t.Parallel()
	m, s := &machine{wall: noon.Add(day)}, &memory{mark: clock.Mark{At: noon}}
	c := m.clock(t, s)
	require.NoError(t, c.Save())
	require.Equal(t, noon.Add(day), c.Now())
	c.Sync(noon, 0)
	require.Equal(t, noon, c.Now())
	require.NoError(t, c.Save())
	*m = machine{wall: noon}
	require.Equal(t, noon, m.clock(t, s).Now())
}

func TestWrongButSteadyWallClockIsRightAfterRestartWithoutHub(t *testing.T) {
	t.Parallel()
	m, s := &machine{wall: noon.Add(-3 * time.Hour)}, &memory{}
	c := m.clock(t, s)
	c.Sync(noon, 0)
	require.NoError(t, c.Save())
	m.pass(10 * time.Minute) // down
	require.Equal(t, noon.Add(10*time.Minute), m.clock(t, s).Now())
}

func TestTimeNeverRunsBackWithoutTheHub(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, s := &machine{wall: noon}, &memory{}
		c := m.clock(t, s)
		var saved time.Time
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			before := c.Now()
			switch rapid.SampledFrom([]string{"pass", "set", "save", "restart"}).Draw(t, "step") {
			case "pass":
				m.pass(time.Duration(rapid.Int64Range(0, int64(day)).Draw(t, "for")))
			case "set":
				m.wall = m.wall.Add(time.Duration(rapid.Int64Range(-int64(day), int64(day)).Draw(t, "by")))
				require.Equal(t, before, c.Now())
			case "save":
				require.NoError(t, c.Save())
				saved = c.Now()
			case "restart":
				m.mono = 0
				c = m.clock(t, s)
				require.False(t, c.Now().Before(saved))
				continue
			}
			require.False(t, c.Now().Before(before))
		}
	})
}

func TestRunSavesWhileRunningAndAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &memory{}
		start := time.Now()
		c, err := clock.New(clock.Config{Mono: func() time.Duration { return time.Since(start) }, Store: s})
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = c.Run(ctx, nil) })
		<-time.After(clock.SaveEvery + time.Second)
		synctest.Wait()
		require.True(t, s.mark.At.Equal(start.Add(clock.SaveEvery)), s.mark.At)
		stop()
		wg.Wait()
		require.True(t, s.mark.At.Equal(start.Add(clock.SaveEvery+time.Second)), s.mark.At)
	})
}

func TestLostMarkIsToldAndTheClockWorks(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	c, err := clock.New(clock.Config{Wall: func() time.Time { return noon }, Mono: func() time.Duration { return 0 }, Store: &memory{fail: broken}})
	require.ErrorIs(t, err, broken)
	require.Equal(t, noon, c.Now())
	require.ErrorIs(t, c.Save(), broken)
}

func TestFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "clock")
	mark, err := clock.File(path).Load()
	require.NoError(t, err)
	require.Zero(t, mark)
	want := clock.Mark{At: noon, Offset: -time.Hour}
	require.NoError(t, clock.File(path).Save(want))
	got, err := clock.File(path).Load()
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err = clock.File(path).Load()
	require.Error(t, err)
	require.Error(t, clock.File(filepath.Join(path, "below a file")).Save(want))
}

func TestMachineClocks(t *testing.T) {
	t.Parallel()
	c, err := clock.New(clock.Config{Store: &memory{}})
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), c.Now(), time.Minute)
}

func BenchmarkNow(b *testing.B) {
	c, err := clock.New(clock.Config{Store: &memory{}})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_ = c.Now()
	}
}
