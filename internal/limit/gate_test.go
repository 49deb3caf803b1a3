package limit_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/limit"
)

var gateConfig = limit.GateConfig{
	AtOnce: 3, Rate: 10, Burst: 5, Failures: 2, First: 10 * time.Second, Longest: 10 * time.Minute, Keys: 10,
}

func enter(t *testing.T, g *limit.Gate, key string) func(limit.Outcome) {
	t.Helper()
	leave, _, ok := g.Enter(key)
	require.True(t, ok)
	return leave
}

func turnedAway(t *testing.T, g *limit.Gate, key string) time.Duration {
	t.Helper()
	_, waitFor, ok := g.Enter(key)
	require.False(t, ok)
	require.Positive(t, waitFor)
	return waitFor
}

func TestGateLimitsHowManyAreInside(t *testing.T) {
	t.Parallel()
	g := limit.NewGate(gateConfig, newClock().now)
	leave := enter(t, g, "a")
	enter(t, g, "a")
	enter(t, g, "a")
	turnedAway(t, g, "a")
	enter(t, g, "b")
	leave(limit.Answered())
	leave(limit.Answered()) // says nothing the second time
	enter(t, g, "a")
	turnedAway(t, g, "a")
}

func TestGateLimitsTheRate(t *testing.T) {
	t.Parallel()
	c := newClock()
	g := limit.NewGate(gateConfig, c.now)
	for range 5 {
		enter(t, g, "a")(limit.Answered())
	}
	waitFor := turnedAway(t, g, "a")
	require.Equal(t, 100*time.Millisecond, waitFor)
	require.Equal(t, 200*time.Millisecond, turnedAway(t, g, "a"), "the next comes after the first")
	c.move(waitFor)
	enter(t, g, "a")(limit.Answered())
	turnedAway(t, g, "a")
}

func TestGateClosesBeforeWhoIsSilent(t *testing.T) {
	t.Parallel()
	c := newClock()
	g := limit.NewGate(gateConfig, c.now)
	late := enter(t, g, "a")
	enter(t, g, "a")(limit.Silent())
	enter(t, g, "a")(limit.Silent())
	late(limit.Silent()) // in since before it was closed: no news
	for _, closed := range []time.Duration{10, 20, 40, 80, 160, 320, 600, 600} {
		closed *= time.Second
		require.GreaterOrEqual(t, turnedAway(t, g, "a"), closed)
		c.move(closed - 1)
		turnedAway(t, g, "a")
		c.move(1)
		probe := enter(t, g, "a")
		turnedAway(t, g, "a") // one probe at a time
		probe(limit.Silent())
	}
	c.move(10 * time.Minute)
	enter(t, g, "a")(limit.Answered())
	enter(t, g, "a")
	enter(t, g, "a")(limit.Silent())
	enter(t, g, "a")(limit.Answered()) // it takes two in a row
	enter(t, g, "a")(limit.Silent())
}

func TestGateOpensToALateAnswer(t *testing.T) {
	t.Parallel()
	g := limit.NewGate(gateConfig, newClock().now)
	late := enter(t, g, "a")
	enter(t, g, "a")(limit.Silent())
	enter(t, g, "a")(limit.Silent())
	turnedAway(t, g, "a")
	late(limit.Answered())
	enter(t, g, "a")
}

// Who does not call after all has learned nothing: neither that the service is back
// nor that it is not.
func TestGateIgnoresWhoDidNotCall(t *testing.T) {
	t.Parallel()
	c := newClock()
	g := limit.NewGate(gateConfig, c.now)
	enter(t, g, "a")(limit.Silent())
	enter(t, g, "a")(limit.Silent())
	c.move(gateConfig.First)
	enter(t, g, "a")(limit.Untried())
	enter(t, g, "a")
	turnedAway(t, g, "a") // still one probe at a time
}

func TestGatePauses(t *testing.T) {
	t.Parallel()
	c := newClock()
	g := limit.NewGate(gateConfig, c.now)
	inside := enter(t, g, "a")
	enter(t, g, "a")(limit.Throttled(time.Hour))
	inside(limit.Answered())
	require.GreaterOrEqual(t, turnedAway(t, g, "a"), time.Hour, "an answer shortens no pause, nor does the bound of waits")
	g.Pause("a", c.now().Add(time.Minute))
	c.move(time.Hour)
	enter(t, g, "a")

	g.Pause("b", c.now().Add(time.Minute))
	c.move(time.Minute - 1)
	turnedAway(t, g, "b")
	c.move(1)
	enter(t, g, "b")
}

// Callers that are turned away at once are not told to come back at once.
func TestGateSpreadsWhoComesBack(t *testing.T) {
	t.Parallel()
	c := newClock()
	g := limit.NewGate(gateConfig, c.now) // room for 6,000 in ten minutes
	g.Pause("a", c.now().Add(24*time.Hour))
	perSecond := map[time.Duration]int{}
	for range 20_000 {
		waitFor := turnedAway(t, g, "a")
		require.GreaterOrEqual(t, waitFor, 24*time.Hour)
		require.LessOrEqual(t, waitFor, 24*time.Hour+10*time.Minute)
		perSecond[waitFor.Truncate(time.Second)]++
	}
	for _, n := range perSecond {
		require.LessOrEqual(t, n, 4*10)
	}
}

// A line as long as the service needs for all: who waits comes back at its rate.
func TestGateLetsALineBeLonger(t *testing.T) {
	t.Parallel()
	c := newClock()
	config := gateConfig
	config.Rate, config.Line = 2, time.Hour
	g := limit.NewGate(config, c.now)
	g.Pause("a", c.now().Add(time.Minute))
	for i := range 5000 {
		require.Equal(t, time.Minute+time.Duration(i+1)*time.Second/2, turnedAway(t, g, "a"))
	}
}

// What the gate is for: a service is dead and thousands wait. Nobody holds a
// place for longer than a probe takes, and when the service is back they do not
// come all at once.
func TestGateBeforeADeadService(t *testing.T) {
	t.Parallel()
	c := newClock()
	g := limit.NewGate(limit.GateConfig{
		AtOnce: 4, Rate: 10, Burst: 10, Failures: 3, First: 5 * time.Second, Longest: 10 * time.Minute, Keys: 10,
	}, c.now)
	const waiting = 2000
	due := slices.Repeat([]time.Time{c.at}, waiting)
	const dead, timeout = 3 * time.Hour, 30 * time.Second
	type visitor struct {
		leave func(limit.Outcome)
		until time.Time
	}
	var inside []visitor
	done, probes, turned, most := 0, 0, 0, 0
	for start := c.at; done < waiting; c.move(time.Second) {
		alive := c.at.Sub(start) >= dead
		require.Less(t, c.at.Sub(start), dead+time.Hour, "they are all through soon after")
		inside = slices.DeleteFunc(inside, func(v visitor) bool {
			over := !c.at.Before(v.until)
			if over {
				v.leave(limit.Silent())
			}
			return over
		})
		perSecond := 0
		for i := range due {
			if due[i].After(c.at) {
				continue
			}
			leave, waitFor, ok := g.Enter("crm")
			switch {
			case ok && alive:
				leave(limit.Answered())
				due[i] = due[i].AddDate(1, 0, 0)
				done++
				perSecond++
			case ok:
				inside = append(inside, visitor{leave, c.at.Add(timeout)})
				due[i] = c.at.Add(timeout)
				probes++
			default:
				due[i] = c.at.Add(waitFor)
				turned++
			}
		}
		most = max(most, len(inside))
		require.LessOrEqual(t, perSecond, 20)
	}
	require.LessOrEqual(t, most, 4)
	require.Less(t, probes, 60, "one a while")
	t.Logf("%d waiting for %s: %d attempts, %d turned away at once", waiting, dead, probes, turned)
}

func TestGateForgetsOnlyWhereNobodyIsInside(t *testing.T) {
	t.Parallel()
	c := newClock()
	config := gateConfig
	config.Keys = 2
	g := limit.NewGate(config, c.now)
	stays := enter(t, g, "a")
	g.Pause("b", c.now().Add(time.Hour))
	enter(t, g, "c") // in b's place
	require.Equal(t, 2, g.Len())
	turnedAway(t, g, "d")
	stays(limit.Answered())
	enter(t, g, "d")
	require.Equal(t, 2, g.Len())
}

func TestGateKeepsItsWord(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		config := limit.GateConfig{
			AtOnce: rapid.IntRange(1, 5).Draw(t, "at once"), Rate: rapid.Float64Range(0.5, 20).Draw(t, "rate"),
			Burst: rapid.IntRange(1, 10).Draw(t, "burst"), Failures: rapid.IntRange(1, 3).Draw(t, "failures"),
			First: time.Second, Longest: time.Minute, Keys: 3,
		}
		g := limit.NewGate(config, c.now)
		start, entries, silences := c.at, 0, 0
		var inside []func(limit.Outcome)
		var pausedUntil time.Time
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"enter", "enter", "answered", "silent", "throttled", "wait"}).Draw(t, "step") {
			case "enter":
				leave, waitFor, ok := g.Enter("a")
				if !ok {
					require.Positive(t, waitFor)
					require.GreaterOrEqual(t, waitFor, pausedUntil.Sub(c.at))
					continue
				}
				require.False(t, c.at.Before(pausedUntil))
				inside = append(inside, leave)
				entries++
				require.LessOrEqual(t, len(inside), config.AtOnce)
				if silences >= config.Failures+config.AtOnce { // in a row, whoever was inside before
					require.Len(t, inside, 1, "a probe is alone")
				}
				most := float64(config.Burst) + c.at.Sub(start).Seconds()*config.Rate
				require.LessOrEqual(t, float64(entries), most+1e-6)
			case "wait":
				c.move(time.Duration(rapid.Int64Range(0, int64(10*time.Second)).Draw(t, "for")))
			case "answered":
				inside = leaveFirst(inside, limit.Answered(), func() { silences = 0 })
			case "silent":
				inside = leaveFirst(inside, limit.Silent(), func() { silences++ })
			case "throttled":
				inside = leaveFirst(inside, limit.Throttled(3*time.Second), func() {
					silences = 0
					pausedUntil = c.at.Add(3 * time.Second)
				})
			}
		}
		for _, leave := range inside {
			leave(limit.Answered())
		}
		c.move(time.Minute)
		_, _, ok := g.Enter("a")
		require.True(t, ok, "whatever happened, it opens again")
	})
}

func leaveFirst(inside []func(limit.Outcome), outcome limit.Outcome, then func()) []func(limit.Outcome) {
	if len(inside) == 0 {
		return inside
	}
	inside[0](outcome)
	then()
	return inside[1:]
}

func TestGateConcurrentUse(t *testing.T) {
	t.Parallel()
	c := newClock()
	g := limit.NewGate(limit.GateConfig{AtOnce: 2, Rate: 1, Burst: 100, Failures: 1, First: 1, Longest: 1, Keys: 4}, c.now)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for i := range 500 {
				if leave, _, ok := g.Enter(fmt.Sprint(i % 6)); ok {
					leave(limit.Throttled(0))
				}
			}
		})
	}
	wait.Wait()
	require.LessOrEqual(t, g.Len(), 4)
}
