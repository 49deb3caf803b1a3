package session

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/wire"
)

// drawStory is what a NAS says of a few sessions, two of which may have one
// Acct-Session-Id, and of itself. Another device's, or the same one's at another
// access point, may have it at about the same time.
func drawStory(t *rapid.T) (story []wire.Accounting) {
	for n := range rapid.IntRange(1, 3).Draw(t, "sessions") {
		acct := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "id")
		start := n*1000 + rapid.IntRange(0, 300).Draw(t, "start")
		story = append(story, drawSession(t, acct, start)...)
		if rapid.Bool().Draw(t, "another device") {
			other := drawSession(t, acct, start+rapid.SampledFrom([]int{-50, -1, 1, 45, 110}).Draw(t, "apart"))
			elsewhere := rapid.Bool().Draw(t, "elsewhere")
			for i := range other {
				if elsewhere {
					other[i].Session.NASAddress = "10.1.0.3"
				} else {
					other[i].Session.MAC, other[i].Session.GrantID = "02:00:00:00:00:02", "other"
				}
			}
			story = append(story, other...)
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "resets") {
		status := rapid.SampledFrom([]wire.AccountingStatus{wire.AccountingOn, wire.AccountingOff}).Draw(t, "reset")
		at := after(rapid.IntRange(0, 3000).Draw(t, "reset at"))
		if len(story) > 0 && rapid.Bool().Draw(t, "in the same second") {
			at = rapid.SampledFrom(story).Draw(t, "as").EventAt
			at = at.Add(rapid.SampledFrom([]time.Duration{0, onSlack}).Draw(t, "late by"))
		}
		story = append(story, wire.Accounting{
			Status: status, EventAt: at,
			Session: wire.Session{
				Key:        wire.SessionKey{NASID: "nas"},
				NASAddress: rapid.SampledFrom([]string{"", "10.1.0.2", "10.1.0.3"}).Draw(t, "of"),
			},
		})
	}
	return story
}

func drawSession(t *rapid.T, acct string, start int) (said []wire.Accounting) {
	add := func(status wire.AccountingStatus, seconds int) {
		a := wire.Accounting{
			Status: status, EventAt: after(start + seconds), SessionSeconds: uint32(seconds),
			InputOctets: rapid.Uint64Range(0, 9).Draw(t, "octets"), OutputOctets: uint64(seconds),
			Session: wire.Session{
				Key:     wire.SessionKey{NASID: "nas", AcctSessionID: acct, StartedAt: after(start)},
				GrantID: "grant", MAC: mac, NASAddress: "10.1.0.2", IP: rapid.SampledFrom([]string{"", fmt.Sprint("10.0.0.", seconds)}).Draw(t, "ip"),
			},
		}
		said = append(said, a)
	}
	if rapid.Bool().Draw(t, "with start") {
		add(wire.AccountingStart, 0)
	}
	for n := range rapid.IntRange(0, 4).Draw(t, "interims") {
		add(wire.AccountingInterim, 60*(n+1))
	}
	for range rapid.SampledFrom([]int{0, 1, 1, 2}).Draw(t, "stops") { // a repeat may have another time
		add(wire.AccountingStop, rapid.IntRange(1, 400).Draw(t, "stop"))
	}
	return said
}

// tell shuffles a story and repeats parts of it.
func tell(t *rapid.T, story []wire.Accounting, name string) map[wire.SessionKey]state {
	told := append([]wire.Accounting(nil), story...)
	for range rapid.IntRange(0, 4).Draw(t, name+" repeats") {
		told = append(told, rapid.SampledFrom(story).Draw(t, name+" repeat"))
	}
	told = rapid.Permutation(told).Draw(t, name)
	table := memory(func() time.Time { return noon })
	type grown struct {
		input uint64
		seen  time.Time
	}
	before := map[wire.SessionKey]grown{}
	for _, a := range told {
		table.Account(table.Resolve(a))
		for k, s := range snapshot(table) {
			if s.Input < before[k].input || s.SeenAt.Before(before[k].seen) {
				t.Fatalf("%v went back", k)
			}
			before[k] = grown{s.Input, s.SeenAt}
		}
	}
	return snapshot(table)
}

func TestOrderAndRepetitionDoNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		story := drawStory(t)
		if len(story) == 0 {
			return
		}
		first, second := tell(t, story, "once"), tell(t, story, "again")
		require.Equal(t, first, second)
		for key, s := range first {
			requireMeaning(t, story, key, s)
		}
	})
}

// requireMeaning checks s against the story as a whole.
func requireMeaning(t *rapid.T, story []wire.Accounting, key wire.SessionKey, s state) {
	var input uint64
	var seen, stop, reset time.Time
	for _, a := range story {
		if a.Session.Key == key {
			input, seen = max(input, a.InputOctets), later(seen, a.EventAt)
			if a.Status == wire.AccountingStop && (stop.IsZero() || a.EventAt.Before(stop)) {
				stop = a.EventAt
			}
		}
	}
	for _, a := range story {
		if a.Session.NASAddress != "" && a.Session.NASAddress != s.Session.NASAddress {
			continue
		}
		off := a.Status == wire.AccountingOff && !a.EventAt.Before(seen)
		on := a.Status == wire.AccountingOn && a.EventAt.After(seen.Add(onSlack))
		if (on || off) && (reset.IsZero() || a.EventAt.Before(reset)) {
			reset = a.EventAt
		}
	}
	require.Equal(t, input, s.Input)
	require.Equal(t, seen, s.SeenAt)
	switch {
	case !stop.IsZero():
		require.Equal(t, stop, s.endedAt())
	default:
		require.Equal(t, reset, s.endedAt())
	}
}

func TestAResetIsNotForgottenForLaterOnes(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]reset{
		"on":                       {At: after(10)},
		"off":                      {At: after(10), Off: true},
		"off in life's own second": {At: after(5), Off: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := memory(func() time.Time { return noon })
			table.Account(said(wire.AccountingStart, "a", 0, 0))
			table.reset("nas", first)
			for n := range maxResets + 5 {
				table.reset("nas", reset{At: after(11 + n)})
			}
			table.Account(said(wire.AccountingInterim, "a", 5, 0))
			s, _ := table.Watch(wire.Session{Key: key("a")})
			require.Equal(t, first.At, s.EndedAt)
			require.Len(t, table.resets["nas"], maxResets)
		})
	}
}

// The life that spares a session from a reset may become known after it.
func TestLateLifeSparesFromAReset(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reset reset
		ends  bool
	}{
		"on within the slack":    {reset{At: after(61)}, false},
		"on beyond it":           {reset{At: after(62)}, true},
		"off after it":           {reset{At: after(61), Off: true}, true},
		"off in the same second": {reset{At: after(60), Off: true}, true},
		"off before it":          {reset{At: after(59), Off: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, late := range []bool{false, true} {
				table := memory(func() time.Time { return noon })
				table.Account(said(wire.AccountingStart, "a", 0, 0))
				if late {
					table.reset("nas", c.reset)
				}
				table.Account(said(wire.AccountingInterim, "a", 60, 0))
				if !late {
					table.reset("nas", c.reset)
				}
				s, _ := table.Watch(wire.Session{Key: key("a")})
				require.Equal(t, c.ends, !s.EndedAt.IsZero(), "late %v", late)
			}
		})
	}
}
