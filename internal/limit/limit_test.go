package limit_test

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/limit"
)

// clock is a clock that stands until it is moved.
type clock struct{ at time.Time }

func (c *clock) now() time.Time        { return c.at }
func (c *clock) move(by time.Duration) { c.at = c.at.Add(by) }

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func allowed(l *limit.Limiter, key string, calls int) int {
	n := 0
	for range calls {
		if ok, _ := l.Allow(key); ok {
			n++
		}
	}
	return n
}

func TestBurstThenRate(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := limit.New(limit.Config{Rate: 2, Burst: 5, Keys: 10}, c.now)
	require.Equal(t, 5, allowed(l, "a", 20))
	require.Equal(t, 5, allowed(l, "b", 20), "each key has its own")

	ok, retryFor := l.Allow("a")
	require.False(t, ok)
	require.Equal(t, 500*time.Millisecond, retryFor)
	c.move(retryFor)
	require.Equal(t, 1, allowed(l, "a", 20))
	c.move(time.Hour)
	require.Equal(t, 5, allowed(l, "a", 20), "a bucket holds no more than the burst")
}

func TestNeverMoreThanBurstPlusRate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		config := limit.Config{Rate: rapid.Float64Range(0.1, 50).Draw(t, "rate"), Burst: rapid.IntRange(1, 20).Draw(t, "burst"), Keys: 4}
		l := limit.New(config, c.now)
		start, got := c.at, 0
		for range rapid.IntRange(1, 200).Draw(t, "calls") {
			c.move(time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "wait")))
			got += allowed(l, "a", 1)
			most := float64(config.Burst) + c.at.Sub(start).Seconds()*config.Rate
			require.LessOrEqual(t, float64(got), most+1e-6)
		}
	})
}

func TestClockSetBackGivesNothing(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := limit.New(limit.Config{Rate: 1, Burst: 1, Keys: 1}, c.now)
	require.Equal(t, 1, allowed(l, "a", 1))
	c.move(-time.Hour)
	require.Equal(t, 0, allowed(l, "a", 3))
	c.move(time.Second)
	require.Equal(t, 1, allowed(l, "a", 3), "and it goes on from there")
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := limit.New(limit.Config{Rate: 1, Burst: 2, Keys: 100}, c.now)
	for i := range 10_000 {
		l.Allow(fmt.Sprint("key ", i))
		c.move(time.Second)
	}
	require.LessOrEqual(t, l.Len(), 100)
}

// A flood from many addresses must not free the one that is held back, nor get a
// fresh burst for each address.
func TestFloodOfKeysFreesNobody(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := limit.New(limit.Config{Rate: 1, Burst: 3, Keys: 50}, c.now)
	require.Equal(t, 3, allowed(l, "guesser", 10))
	passed := 0
	for i := range 10_000 {
		passed += allowed(l, fmt.Sprint("flood ", i), 1)
	}
	require.Equal(t, 49+3, passed, "the room left, then the shared bucket's burst")
	require.Equal(t, 0, allowed(l, "guesser", 10))
	require.Equal(t, 2, allowed(l, "flood 1", 5), "a known key is served as before")

	c.move(time.Minute)
	require.Equal(t, 3, allowed(l, "newcomer", 10), "afterwards there is room again")
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := limit.New(limit.Config{Rate: 1, Burst: 100, Keys: 8}, c.now)
	var passed atomic.Int64
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for i := range 500 {
				passed.Add(int64(allowed(l, "a", 1)))
				l.Allow(fmt.Sprint(i))
			}
		})
	}
	wait.Wait()
	require.Equal(t, int64(100), passed.Load())
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::9": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		require.Equal(t, want, limit.Address(netip.MustParseAddr(text)))
	}
	require.NotPanics(t, func() { limit.Address(netip.Addr{}) })
}

func BenchmarkAllow(b *testing.B) {
	l := limit.New(limit.Config{Rate: 1e9, Burst: 10, Keys: 10_000}, time.Now)
	keys := make([]string, 20_000)
	for i := range keys {
		keys[i] = fmt.Sprint("key ", i)
	}
	for i := 0; b.Loop(); i++ {
		l.Allow(keys[i%len(keys)])
	}
}
