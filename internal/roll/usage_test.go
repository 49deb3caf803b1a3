package roll_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/roll"
)

var noon = time.Date(2026, 9, 21, 12, 0, 0, 0, time.UTC)

// few are the tickets that drawn entries are about: few, so that they meet.
var few = []roll.Ticket{{Roll: "a", Number: 1}, {Roll: "a", Number: 2}, {Roll: "b", Number: 1}}

// drawEntry draws any entry, also such as no agent would write.
func drawEntry(t *rapid.T) roll.Entry {
	record := roll.Record{Over: rapid.IntRange(0, 9).Draw(t, "over") == 0, Sold: rapid.Bool().Draw(t, "sold")}
	if !record.Over && rapid.Bool().Draw(t, "used") {
		record.At = noon.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "at")) * time.Minute)
		record.Holder = rapid.SampledFrom(few).Draw(t, "holder")
		record.For = time.Duration(rapid.IntRange(1, 3).Draw(t, "for")) * time.Hour
	}
	return roll.Entry{Ticket: rapid.SampledFrom(few).Draw(t, "ticket"), Record: record}
}

func usage(entries ...roll.Entry) *roll.Usage {
	u := &roll.Usage{}
	u.Merge(entries...)
	return u
}

// picture is all that can be asked of a usage.
func picture(u *roll.Usage) string {
	records := maps.Collect(u.All())
	for t, r := range u.All() {
		for _, holder := range []roll.Ticket{t, r.Holder} {
			records[roll.Ticket{Roll: "ends " + holder.Roll, Number: holder.Number}] = roll.Record{At: u.EndsAt(holder)}
		}
	}
	return fmt.Sprint(records)
}

// Whatever was written where, everybody who has all of it knows the same: in any
// order, in any portions, however often.
func TestMergeIsOrderless(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(rapid.Custom(drawEntry), 0, 12).Draw(t, "entries")
		want := picture(usage(entries...))
		shuffled := rapid.Permutation(append(slices.Clone(entries), entries...)).Draw(t, "another order, twice")
		require.Equal(t, want, picture(usage(shuffled...)))

		left, right := usage(shuffled[:len(entries)]...), usage(shuffled[len(entries):]...)
		require.Equal(t, want, picture(union(left, right)), "a and b")
		require.Equal(t, want, picture(union(right, left)), "b and a")
		all := usage(entries...)
		require.Empty(t, all.Merge(listed(all)...), "a and a: nothing changes")
	})
}

// The laws themselves, on three usages.
func TestMergeLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) *roll.Usage {
			return usage(rapid.SliceOfN(rapid.Custom(drawEntry), 0, 6).Draw(t, name)...)
		}
		a, b, c := draw("a"), draw("b"), draw("c")
		require.Equal(t, picture(union(a, b)), picture(union(b, a)), "commutative")
		require.Equal(t, picture(union(union(a, b), c)), picture(union(a, union(b, c))), "associative")
		require.Equal(t, picture(a), picture(union(a, a)), "idempotent")
	})
}

// Nothing that was known is taken back: used stays used, starts only get earlier,
// over stays over, sold stays sold. And what Merge says it changed is what it changed.
func TestMergeOnlyAdds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := &roll.Usage{}
		for range rapid.IntRange(1, 12).Draw(t, "entries") {
			before := maps.Collect(u.All())
			entry := drawEntry(t)
			changed := u.Merge(entry)
			for ticket, was := range before {
				is := u.Of(ticket)
				require.True(t, !was.Used() || is.Used())
				require.True(t, !was.Over || is.Over)
				require.True(t, !was.Sold || is.Sold)
				require.True(t, was.At.IsZero() || is.Over || !is.At.After(was.At))
			}
			require.Equal(t, u.Of(entry.Ticket) != before[entry.Ticket], len(changed) == 1)
			for _, e := range changed {
				require.Equal(t, u.Of(e.Ticket), e.Record)
			}
		}
	})
}

func listed(u *roll.Usage) (entries []roll.Entry) {
	for t, r := range u.All() {
		entries = append(entries, roll.Entry{Ticket: t, Record: r})
	}
	return entries
}

func union(a, b *roll.Usage) *roll.Usage {
	return usage(append(listed(a), listed(b)...)...)
}

// An access ends when a plain look at all records says so.
func TestEndsAtAgainstAllRecords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := &roll.Usage{}
		for _, e := range rapid.SliceOfN(rapid.Custom(drawEntry), 1, 20).Draw(t, "entries") {
			u.Merge(e)
			for _, holder := range few {
				require.Equal(t, plainEnd(u, holder), u.EndsAt(holder))
			}
		}
	})
}

// plainEnd goes through the time minute by minute.
func plainEnd(u *roll.Usage, holder roll.Ticket) (ends time.Time) {
	var left time.Duration
	for now := noon; !u.Of(holder).Over && now.Before(noon.Add(12*time.Hour)); now = now.Add(time.Minute) {
		if left > 0 {
			left -= time.Minute
			ends = now
		}
		for _, r := range u.All() {
			if r.Holder == holder && r.At.Equal(now) {
				left += r.For
			}
		}
	}
	return ends
}

// An instant is the same instant in whatever form it comes, from a clock, a
// database or a frame.
func TestInstantsAreNormal(t *testing.T) {
	t.Parallel()
	berlin := time.FixedZone("CEST", 7200)
	u := usage(roll.Entry{Ticket: few[0], Record: roll.Record{At: noon.Add(300 * time.Millisecond).In(berlin), Holder: few[0], For: time.Hour}})
	require.Equal(t, noon, u.Of(few[0]).At)
	require.Empty(t, u.Merge(roll.Entry{Ticket: few[0], Record: roll.Record{At: noon, Holder: few[0], For: time.Hour}}))
}

// Two agents that cannot see each other let two guests in with the same second
// code. When they meet, its time counts once, for the one who was first.
func TestOneCodeAtTwoAgents(t *testing.T) {
	t.Parallel()
	first, shared, other := few[0], few[1], few[2]
	use := func(t roll.Ticket, minute int, holder roll.Ticket) roll.Entry {
		return roll.Entry{Ticket: t, Record: roll.Record{At: noon.Add(time.Duration(minute) * time.Minute), Holder: holder, For: time.Hour}}
	}
	one := usage(use(first, 0, first), use(shared, 10, first))
	two := usage(use(other, 5, other), use(shared, 5, other))
	require.Equal(t, noon.Add(2*time.Hour), one.EndsAt(first))
	require.Equal(t, noon.Add(2*time.Hour+5*time.Minute), two.EndsAt(other))
	both := union(one, two)
	require.Equal(t, noon.Add(time.Hour), both.EndsAt(first))
	require.Equal(t, noon.Add(2*time.Hour+5*time.Minute), both.EndsAt(other))

	both.Merge(roll.Entry{Ticket: other, Record: roll.Record{Over: true}})
	require.Zero(t, both.EndsAt(other), "an access ends with its first code")
	require.Equal(t, noon.Add(time.Hour), both.EndsAt(first))
}
