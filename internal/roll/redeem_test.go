package roll_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/roll"
)

// desk is a zone with the recorded 64-bit key, two rolls and a clock.
type desk struct {
	t       require.TestingT
	printer *roll.Printer
	format  roll.Format
	zone    roll.Zone
	usage   *roll.Usage
	now     time.Time
}

func newDesk(t testing.TB) *desk { return newDeskOf(t, "d-default64") }

func newDeskOf(t testing.TB, config string) *desk {
	t.Helper()
	v := recorded(t)
	rolls := []roll.Roll{
		{ID: "one", Number: 1, First: 1, Count: 20, For: time.Hour},
		{ID: "day", Number: 42, First: 1, Count: 1023, For: 24 * time.Hour},
	}
	return &desk{
		t: t, printer: printer(t, v, config), format: v.config(t, config).format(t),
		zone:  roll.Zone{{Verifier: verifier(t, v, config), Rolls: rolls}},
		usage: &roll.Usage{}, now: noon,
	}
}

// roll gives access to a roll, to change it.
func (d *desk) roll(id roll.ID) *roll.Roll {
	for _, s := range d.zone {
		for i := range s.Rolls {
			if s.Rolls[i].ID == id {
				return &s.Rolls[i]
			}
		}
	}
	require.Fail(d.t, "no roll "+string(id))
	return nil
}

func (d *desk) code(id roll.ID, ticket uint32) string {
	return d.printer.Code(d.roll(id).Number, ticket)
}

// test decides and does nothing.
func (d *desk) test(codes ...string) roll.Decision {
	claims, err := d.zone.FindAll(strings.Join(codes, "\n"))
	require.NoError(d.t, err)
	return roll.Decide(d.usage, claims, d.now)
}

// enter is a login.
func (d *desk) enter(codes ...string) roll.Decision {
	decision := d.test(codes...)
	d.usage.Merge(decision.Entries...)
	return decision
}

// granted is a login that must succeed, and what is left.
func (d *desk) granted(codes ...string) time.Duration {
	decision := d.enter(codes...)
	require.Empty(d.t, decision.Refused, "%v", decision.Findings)
	require.Equal(d.t, decision.EndsAt, d.usage.EndsAt(decision.Holder), "decided is what is so")
	return decision.EndsAt.Sub(d.now)
}

// refused is a login that must fail, and why its codes do.
func (d *desk) refused(state roll.State, codes ...string) (why []error) {
	decision := d.enter(codes...)
	require.Equal(d.t, state, decision.Refused)
	require.Empty(d.t, decision.Entries)
	require.Zero(d.t, decision.EndsAt)
	for _, f := range decision.Findings {
		if f.Why != nil {
			why = append(why, f.Why)
		}
	}
	return why
}

func (d *desk) expire(codes ...string) []roll.Ticket {
	claims, err := d.zone.FindAll(strings.Join(codes, "\n"))
	require.NoError(d.t, err)
	entries, holders := roll.Expire(d.usage, claims)
	d.usage.Merge(entries...)
	return holders
}

func (d *desk) wait(span time.Duration) { d.now = d.now.Add(span) }

// The life of a code: ready, active to the last second, used up.
func TestOneCode(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	code, one := d.code("one", 1), *d.roll("one")
	require.Equal(t, roll.Ready, d.test(code).Findings[0].State)
	require.Equal(t, roll.Utilisation{Ready: 20}, d.usage.Utilisation(one, d.now), "testing uses nothing")

	require.Equal(t, time.Hour, d.granted(code))
	require.Equal(t, roll.Utilisation{Ready: 19, Active: 1}, d.usage.Utilisation(one, d.now))
	d.wait(10 * time.Minute)
	require.Equal(t, 50*time.Minute, d.granted(code), "a second device, or the same one again")
	finding := d.test(code).Findings[0]
	require.Equal(t, roll.Active, finding.State)
	require.Equal(t, noon.Add(time.Hour), finding.EndsAt)
	d.wait(49*time.Minute + 59*time.Second)
	require.Equal(t, time.Second, d.granted(code))
	d.wait(time.Second)
	require.Equal(t, []error{roll.ErrCodeUsedUp}, d.refused(roll.Expired, code))
	require.Equal(t, roll.Utilisation{Ready: 19, Used: 1}, d.usage.Utilisation(one, d.now))
}

func TestSeveralCodes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	a, b, c := d.code("one", 1), d.code("one", 2), d.code("one", 3)
	require.Equal(t, 2*time.Hour, d.granted(a, b))
	d.wait(time.Hour + 30*time.Minute)
	require.Equal(t, 30*time.Minute, d.granted(a))
	require.Equal(t, 30*time.Minute, d.granted(b), "the second opens the same door")
	require.Equal(t, 90*time.Minute, d.granted(c, a), "a fresh one is added, in whatever order")
	d.wait(time.Hour)
	require.Equal(t, 30*time.Minute, d.granted(a), "and stays added")
	d.wait(30 * time.Minute)
	for _, code := range []string{a, b, c} {
		d.refused(roll.Expired, code)
	}
}

// Two accesses that run already do not become one.
func TestTwoActiveCodes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	a, b := d.code("one", 1), d.code("day", 1)
	d.granted(a)
	d.granted(b)
	d.wait(30 * time.Minute)
	require.Equal(t, 30*time.Minute, d.granted(a, b))
	require.Equal(t, 23*time.Hour+30*time.Minute, d.granted(b, a))
}

// One bad code spoils the login, and no other code is used up by it.
func TestGoodAndBadTogether(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	good, bad := d.code("one", 1), "4KvGyjpKrP5"
	require.Equal(t, []error{roll.ErrCodeMagic}, d.refused(roll.Invalid, good, bad))
	require.Equal(t, []error{roll.ErrCodeUnknown}, d.refused(roll.Invalid, d.printer.Code(4, 1), good))
	require.Equal(t, []error{roll.ErrCodeUnknown}, d.refused(roll.Invalid, d.code("one", 21)), "above the count")
	d.refused(roll.Invalid)
	require.Equal(t, roll.Utilisation{Ready: 20}, d.usage.Utilisation(*d.roll("one"), d.now))

	d.granted(good)
	d.wait(time.Hour)
	d.refused(roll.Expired, good, d.code("one", 2))
	d.refused(roll.Expired, d.code("one", 2), good)
	d.refused(roll.Invalid, good, bad)
	require.Equal(t, roll.Utilisation{Ready: 19, Used: 1}, d.usage.Utilisation(*d.roll("one"), d.now))
}

func TestTerms(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r, code := d.roll("one"), d.code("one", 7)
	r.NotBefore, r.FirstUseBy, r.SoldOnly = noon.Add(time.Hour), noon.Add(2*time.Hour), true
	require.Equal(t, []error{roll.ErrCodeUnsold}, d.refused(roll.Invalid, code))
	d.usage.Merge(roll.Sell("one", 7, 8)...)
	require.Equal(t, []error{roll.ErrCodeTooEarly}, d.refused(roll.Invalid, code))
	d.wait(2*time.Hour - time.Second)
	require.Equal(t, time.Hour, d.granted(code))
	d.wait(time.Second)
	require.Equal(t, time.Hour-time.Second, d.granted(code), "the last first use is not the last use")
	require.Equal(t, []error{roll.ErrCodeTooLate}, d.refused(roll.Expired, d.code("one", 8)))
	require.Equal(t, []error{roll.ErrCodeUnsold}, d.refused(roll.Invalid, d.code("one", 9)))

	r.For = 3 * time.Hour
	require.Equal(t, time.Hour-time.Second, d.granted(code), "a code in use keeps its time")
}

func TestExpire(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	a, b, c, fresh := d.code("one", 1), d.code("one", 2), d.code("one", 3), d.code("one", 4)
	d.granted(a, b)
	d.granted(c)
	holder := roll.Ticket{Roll: "one", Number: 1}
	require.Equal(t, []roll.Ticket{holder}, d.expire(b, fresh, "no code"))
	require.Equal(t, noon.Add(time.Hour), d.usage.EndsAt(holder), "what b had added is gone")
	require.Equal(t, []error{roll.ErrCodeExpired}, d.refused(roll.Expired, b))
	require.Equal(t, []error{roll.ErrCodeExpired}, d.refused(roll.Expired, fresh))
	require.Equal(t, time.Hour, d.granted(a))
	require.Equal(t, []roll.Ticket{holder}, d.expire(a))
	require.Zero(t, d.usage.EndsAt(holder))
	d.refused(roll.Expired, a)
	require.Equal(t, time.Hour, d.granted(c), "another access goes on")
	require.Empty(t, d.expire(a), "again")
}

// What is retired stays dead: under its number, under new keys, under new bits.
// Codes in use run on if that was chosen.
func TestRetiredCodesStayDead(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	used, unused := d.code("one", 1), d.code("one", 2)
	d.granted(used)

	old := d.roll("one")
	next := roll.Roll{ID: "next", Number: 1, Count: 5, For: time.Hour}
	_, err := d.zone[0].Place(next)
	require.ErrorContains(t, err, "a roll 1 already")
	old.Retired, old.RunsOn = true, true
	next, err = d.zone[0].Place(next)
	require.NoError(t, err)
	require.Equal(t, [2]uint32{21, 25}, [2]uint32{next.First, next.Last()})
	d.zone[0].Rolls = append(d.zone[0].Rolls, next)
	require.Equal(t, []error{roll.ErrCodeRetired}, d.refused(roll.Invalid, unused))
	require.Equal(t, time.Hour, d.granted(used), "runs on")
	require.Equal(t, time.Hour, d.granted(d.code("next", 21)))

	d.roll("one").RunsOn = false
	require.Equal(t, []error{roll.ErrCodeRetired}, d.refused(roll.Invalid, used))
	entries, holders := roll.Retire(d.usage, *d.roll("one"))
	d.usage.Merge(entries...)
	require.Equal(t, []roll.Ticket{{Roll: "one", Number: 1}}, holders)
	require.Zero(t, d.usage.EndsAt(holders[0]))
	require.Equal(t, roll.Utilisation{Ready: 19, Used: 1}, d.usage.Utilisation(*d.roll("one"), d.now))
}

// After a change of bits under the same short key, some of the new codes are
// spelt as old ones. The old ones stay dead, and the clashes are known beforehand.
func TestNewBitsReviveNothing(t *testing.T) {
	t.Parallel()
	d := newDeskOf(t, "d-default32")
	old := d.roll("day")
	format := d.format
	format.RollBits, format.TicketBits = 15, 11
	key := recorded(t).key(t, "d-k0-32b")
	after, err := roll.NewPrinter(key.private(t), format)
	require.NoError(t, err)
	reader, err := roll.NewVerifier(key.public(t), format)
	require.NoError(t, err)

	// The new roll that would bring most of the old codes back.
	revived := map[uint32]int{}
	for ticket := uint32(1); ticket <= old.Last(); ticket++ {
		if reading, err := reader.Verify(d.code("day", ticket)); err == nil {
			revived[reading.Roll]++
		}
	}
	require.Len(t, revived, 1, "the control: without memory, old codes are good again")
	for number := range revived {
		fresh := roll.Roll{ID: "new", Number: number, First: 1, Count: 2047, For: time.Hour}
		retired := *old
		retired.Retired = true
		d.zone = roll.Zone{{Verifier: reader, Rolls: []roll.Roll{fresh}}, {Verifier: d.zone[0].Verifier, Rolls: []roll.Roll{retired}}}
		clashes := d.zone.Clashes(after, fresh)
		require.Len(t, clashes, revived[number])
		for _, ticket := range clashes {
			require.Equal(t, []error{roll.ErrCodeRetired}, d.refused(roll.Invalid, after.Code(number, ticket)))
		}
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	a, b, c := d.code("one", 1), d.code("one", 2), d.code("day", 3)
	d.granted(a, b)
	d.granted(c)
	d.wait(3 * time.Hour)
	before := d.usage.Utilisation(*d.roll("one"), d.now)
	entries := d.usage.Settle(d.now.Add(-time.Hour))
	require.Empty(t, entries, "too early")
	entries = d.usage.Settle(d.now)
	require.Len(t, entries, 2)
	d.usage.Merge(entries...)
	require.Equal(t, before, d.usage.Utilisation(*d.roll("one"), d.now))
	d.refused(roll.Expired, a)
	d.refused(roll.Expired, b)
	require.Equal(t, 21*time.Hour, d.granted(c))
	require.Empty(t, d.usage.Settle(d.now))
}

func TestTooManyCodes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, err := d.zone.FindAll(strings.Repeat("x ", roll.MaxCodes))
	require.NoError(t, err)
	_, err = d.zone.FindAll(strings.Repeat("x ", roll.MaxCodes+1))
	require.ErrorIs(t, err, roll.ErrTooManyCodes)
	require.ErrorIs(t, roll.Zone(nil).Find("x").Err, roll.ErrCodeUnknown)
}

// Whatever guests enter and staff expire, in whatever order: nobody is given more
// time than the codes that are in it have, the counts add up, and a code never
// comes back.
func TestTimeIsNeverMadeOfNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t)
		d.t = rt
		d.roll("one").Count = 5
		spent := map[uint32]bool{}
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			var tickets []uint32
			var codes []string
			for range rapid.IntRange(1, 4).Draw(rt, "codes") {
				ticket := rapid.Uint32Range(1, 5).Draw(rt, "ticket")
				tickets = append(tickets, ticket)
				codes = append(codes, d.code("one", ticket)+strings.Repeat("2", rapid.IntRange(0, 1).Draw(rt, "alias")))
			}
			if rapid.IntRange(0, 5).Draw(rt, "expire") == 0 {
				d.expire(codes...)
				for _, ticket := range tickets {
					spent[ticket] = true
				}
			} else if decision := d.enter(codes...); decision.Refused == "" {
				for _, ticket := range tickets {
					require.False(rt, spent[ticket], "ticket %d", ticket)
				}
			}
			d.wait(time.Duration(rapid.IntRange(0, 90).Draw(rt, "minutes")) * time.Minute)
			requireFair(rt, d, spent)
		}
	})
}

// requireFair adds up what is left of all accesses, and notes what has run out.
func requireFair(t require.TestingT, d *desk, spent map[uint32]bool) {
	n := d.usage.Utilisation(*d.roll("one"), d.now)
	require.EqualValues(t, 5, n.Ready+n.Active+n.Used)
	var left, brought time.Duration
	for ticket := uint32(1); ticket <= 5; ticket++ {
		record := d.usage.Of(roll.Ticket{Roll: "one", Number: ticket})
		if !record.Over && record.Used() {
			brought += record.For
		}
		if ends := d.usage.EndsAt(roll.Ticket{Roll: "one", Number: ticket}); ends.After(d.now) {
			left += ends.Sub(d.now)
		}
		if record.Used() && !d.usage.EndsAt(record.Holder).After(d.now) {
			spent[ticket] = true
		}
	}
	require.LessOrEqual(t, left, brought)
}

// Three agents that see each other now and then let guests in and expire codes. When
// all is told, all know the same.
func TestAgentsApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t)
		d.t = rt
		agents, expired := []*roll.Usage{{}, {}, {}}, map[uint32]bool{}
		agent := rapid.IntRange(0, 2)
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			d.usage = agents[agent.Draw(rt, "agent")]
			codes := []string{d.code("one", rapid.Uint32Range(1, 5).Draw(rt, "first")), d.code("one", rapid.Uint32Range(1, 5).Draw(rt, "second"))}
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0:
				ticket := rapid.Uint32Range(1, 5).Draw(rt, "expired")
				d.expire(d.code("one", ticket))
				expired[ticket] = true
			case 1, 2:
				d.usage.Merge(listed(agents[agent.Draw(rt, "heard of")])...)
			default:
				d.enter(codes...)
			}
			d.wait(time.Duration(rapid.IntRange(0, 40).Draw(rt, "minutes")) * time.Minute)
		}
		all := union(union(agents[0], agents[1]), agents[2])
		for _, u := range agents {
			u.Merge(listed(all)...)
			require.Equal(rt, picture(all), picture(u))
		}
		for ticket := range uint32(5) {
			d.usage = all
			state := d.test(d.code("one", ticket+1)).Findings[0].State
			if expired[ticket+1] {
				require.Equal(rt, roll.Expired, state, "expired anywhere is expired everywhere")
			}
		}
	})
}
