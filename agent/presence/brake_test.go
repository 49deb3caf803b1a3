package presence_test

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/agent/presence"
)

func source(i int) netip.Prefix {
	return presence.SourceOf(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
}

func TestWaitsGrow(t *testing.T) {
	t.Parallel()
	w := &watch{at: noon}
	b := presence.NewBrake(w.now)
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
		require.Zero(t, b.Enter(source(1)))
		wait := b.Enter(source(1))
		require.Equal(t, want*time.Second, wait)
		w.pass(wait)
	}
	require.Zero(t, b.Enter(source(2)), "others do not wait for one who is slow by now")
	w.pass(time.Hour)
	require.Zero(t, b.Enter(source(1)))
	require.Equal(t, time.Second, b.Enter(source(1)), "an hour of quiet")
}

// TestGuessingDoesNotPay: however many sources guess for a day, they get a few
// thousand tries at a hundred million PINs, and who has the PIN is let in within
// half a minute.
func TestGuessingDoesNotPay(t *testing.T) {
	t.Parallel()
	w := &watch{at: noon}
	b := presence.NewBrake(w.now)
	tries := 0
	for second := range 24 * 3600 {
		for i := range 20 {
			if b.Enter(source(second*20+i)) == 0 {
				tries++
			}
		}
		w.pass(time.Second)
	}
	t.Logf("%d tries in a day", tries)
	require.Less(t, tries, 3000)
	require.LessOrEqual(t, b.Enter(source(1<<20)), presence.AllLongest)
	require.LessOrEqual(t, b.Sources(), presence.MaxSources+1, "memory is bounded")
}

func TestTriesAtOnceAreOne(t *testing.T) {
	t.Parallel()
	b := presence.NewBrake(func() time.Time { return noon })
	var entered atomic.Int32
	var wait sync.WaitGroup
	for range 100 {
		wait.Go(func() {
			if b.Enter(source(1)) == 0 {
				entered.Add(1)
			}
		})
	}
	wait.Wait()
	require.EqualValues(t, 1, entered.Load())
}

// TestFullMemoryIsNoWayAround: sources that there is no room for wait for each other.
func TestFullMemoryIsNoWayAround(t *testing.T) {
	t.Parallel()
	b := presence.NewBrake(func() time.Time { return noon })
	for i := range presence.MaxSources {
		require.Zero(t, b.Enter(source(i)))
		b.Pass(source(1_000_000)) // somebody who has the PIN keeps the door open for all
	}
	require.Zero(t, b.Enter(source(2_000_000)))
	require.Positive(t, b.Enter(source(2_000_001)))
	require.LessOrEqual(t, b.Sources(), presence.MaxSources+1)
}

func TestClockSetBackDoesNotShutTheDoor(t *testing.T) {
	t.Parallel()
	w := &watch{at: noon}
	b := presence.NewBrake(w.now)
	b.Enter(source(1))
	w.pass(-24 * time.Hour)
	require.LessOrEqual(t, b.Enter(source(1)), presence.LongestFor)
}

func TestIPv6HostIsOneSource(t *testing.T) {
	t.Parallel()
	require.Equal(t, presence.SourceOf(netip.MustParseAddr("2001:db8::1")), presence.SourceOf(netip.MustParseAddr("2001:db8::ffff:2")))
	require.NotEqual(t, presence.SourceOf(netip.MustParseAddr("2001:db8:0:1::1")), presence.SourceOf(netip.MustParseAddr("2001:db8::1")))
	require.NotEqual(t, source(1), source(2))
	require.Equal(t, presence.SourceOf(netip.MustParseAddr("fe80::1%eth0")), presence.SourceOf(netip.MustParseAddr("fe80::2%eth1")))
}
