package roll_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/roll"
)

// After every recorded step, both files of every roll are taken in, and our counts
// are the ones that pfSense's page of rolls shows; then they are given out again
// and pfSense reads the same.
func TestRecordedStateGoesOverAndBack(t *testing.T) {
	t.Parallel()
	v := recorded(t)
	moves := 0
	for _, s := range v.Scenarios {
		p := newPfSense(t, v, s.Config, s.Rolls)
		for i, step := range s.Steps {
			p.take(step)
			for _, was := range p.status() {
				r := rollOf(p, was.Number)
				files := roll.Files{Used: p.files[usedFile(r.Number)], Active: p.files[activeFile(r.Number)]}
				if len(p.readUsed(r.Number)) != int(r.Count/8+1) {
					continue // lost: refused, see TestImportRefuses
				}
				if hasBit(p.readUsed(r.Number), 0) {
					was.Used, was.Active = was.Used+1, was.Active-1 // ticket 0 got in
				}
				ours := roll.Roll{ID: "r", Number: r.Number, First: 1, Count: r.Count, For: time.Duration(r.Minutes) * time.Minute}
				series := roll.Series{Verifier: verifier(t, v, s.Config), Rolls: []roll.Roll{ours}}
				entries, err := roll.Import(series, ours, files)
				require.NoError(t, err)
				u, now := usage(entries...), time.Unix(p.now, 0)
				n := u.Utilisation(ours, now)
				require.Equal(t, was, rollStatus{was.Number, int(n.Used), int(n.Active), int(n.Ready)}, "%s, step %d", s.Name, i)

				back := roll.Export(printer(t, v, s.Config), u, ours, now)
				if !hasBit(p.readUsed(r.Number), 0) {
					require.Equal(t, files.Used, back.Used, "%s, step %d", s.Name, i)
					files.Active = strings.ReplaceAll(files.Active, "2,1", ",1") // the recorded aliases
					require.ElementsMatch(t, strings.Split(files.Active, "\n"), strings.Split(back.Active, "\n"), "%s, step %d", s.Name, i)
				}
				moves++
			}
		}
	}
	require.Greater(t, moves, 100)
}

func rollOf(p *pfSense, number int) pfSenseRoll {
	for _, r := range p.rolls {
		if int(r.Number) == number {
			return r
		}
	}
	panic(fmt.Sprint("no roll ", number))
}

// What a guest has left survives the way there and back, to the begun minute.
func TestTimeLeftSurvivesTheWayBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t)
		d.t = rt
		for range rapid.IntRange(1, 8).Draw(rt, "logins") {
			var codes []string
			for range rapid.IntRange(1, 3).Draw(rt, "codes") {
				codes = append(codes, d.code("one", rapid.Uint32Range(1, 20).Draw(rt, "ticket")))
			}
			d.enter(codes...)
			d.wait(time.Duration(rapid.IntRange(0, 3000).Draw(rt, "seconds")) * time.Second)
		}
		one := *d.roll("one")
		files := roll.Export(d.printer, d.usage, one, d.now)
		entries, err := roll.Import(d.zone[0], one, files)
		require.NoError(rt, err)
		there := usage(entries...)
		for ticket := uint32(1); ticket <= 20; ticket++ {
			id := roll.Ticket{Roll: "one", Number: ticket}
			require.Equal(rt, d.usage.Of(id).Used(), there.Of(id).Used())
			ends := d.usage.EndsAt(id)
			if !ends.After(d.now) {
				require.False(rt, there.EndsAt(id).After(d.now))
				continue
			}
			require.WithinRange(rt, there.EndsAt(id), ends, ends.Add(time.Minute-time.Second))
		}
	})
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	one, code := *d.roll("one"), d.code("one", 1)
	_, err := roll.Import(d.zone[0], one, roll.Files{Used: "ICAC", Active: ""})
	require.NoError(t, err, "blanks in a mask cannot be told from tickets")
	_, err = roll.Import(d.zone[0], one, roll.Files{Used: "IC=="})
	requireField(t, err, "used")
	for _, active := range []string{
		code, code + ",1790000000", code + ",x,60", code + ",1790000000,-1", code + ",-1,60", code + ",1790000000,60,1",
		code + ",1790000000,99999999999", code + ",253402300800,60",
	} {
		_, err = roll.Import(d.zone[0], one, roll.Files{Used: "AgAA", Active: active})
		requireField(t, err, "active")
	}
	entries, err := roll.Import(d.zone[0], one, roll.Files{
		Used:   "AgAA",
		Active: code + "2,1790000000,60\n" + code + ",1790000000,30\n" + d.printer.Code(4, 1) + ",1790000000,60\n" + d.code("day", 1) + ",1790000000,60\n",
	})
	require.NoError(t, err)
	id := roll.Ticket{Roll: "one", Number: 1}
	require.Equal(t, []roll.Entry{{Ticket: id, Record: roll.Record{At: time.Unix(1790000000, 0).UTC(), Holder: id, For: time.Hour}}}, entries)
}
