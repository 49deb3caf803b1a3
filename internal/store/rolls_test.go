package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// zone makes one of each kind.
func (b bench) zone(t testing.TB, kind store.ZoneKind, name string) store.Zone {
	t.Helper()
	var series store.SeriesChange
	if kind == store.CompatibleZone {
		pair, err := b.ProposeKeys(t.Context(), store.Everything, b.site.ID, roll.LongKey)
		require.NoError(t, err)
		series.Pair, series.Magic = pair.Pair, &pair.Magic
	}
	zone, err := b.CreateZone(t.Context(), b.desk, store.Zone{SiteID: b.site.ID, Name: name, Enabled: true, Kind: kind}, series)
	require.NoError(t, err)
	return zone
}

func (b bench) roll(t testing.TB, zone store.Zone, number, count uint32, change ...func(*store.Roll)) store.Roll {
	t.Helper()
	r := store.Roll{Roll: roll.Roll{Number: number, Count: count, For: time.Hour}}
	for _, f := range change {
		f(&r)
	}
	made, err := b.CreateRoll(t.Context(), b.desk, b.site.ID, zone.ID, r)
	require.NoError(t, err)
	return made
}

// codes prints a roll.
func (b bench) codes(t testing.TB, zone store.Zone, r store.Roll) []string {
	t.Helper()
	sheet, err := b.PrintCodes(t.Context(), b.desk, b.site.ID, zone.ID, r.ID, 0, 0, "json")
	require.NoError(t, err)
	var codes []string
	for _, code := range sheet.Codes {
		codes = append(codes, code.Code)
	}
	return codes
}

func (b bench) use(t testing.TB, zone store.Zone, codes ...string) roll.Decision {
	t.Helper()
	d, err := b.UseCodes(t.Context(), b.desk, b.site.ID, zone.ID, strings.Join(codes, "\n"))
	require.NoError(t, err)
	return d
}

func (b bench) test(t testing.TB, zone store.Zone, codes ...string) roll.Decision {
	t.Helper()
	d, err := b.TestCodes(t.Context(), store.Everything, b.site.ID, zone.ID, strings.Join(codes, "\n"))
	require.NoError(t, err)
	return d
}

func (b bench) counts(t testing.TB, zone store.Zone, r store.Roll) [4]int {
	t.Helper()
	found, err := b.Roll(t.Context(), store.Everything, b.site.ID, zone.ID, r.ID)
	require.NoError(t, err)
	return [4]int{found.Ready, found.Active, found.Used, found.Sold}
}

// state is what a question of the state of one code answers.
func (b bench) state(t testing.TB, zone store.Zone, code string) roll.State {
	t.Helper()
	return b.test(t, zone, code).Findings[0].State
}

func eachKind(t *testing.T, f func(t *testing.T, b bench, zone store.Zone)) {
	t.Helper()
	for _, kind := range []store.ZoneKind{store.LongZone, store.CompatibleZone} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			f(t, b, b.zone(t, kind, "lobby"))
			b.verify(t)
		})
	}
}

func TestACodeRunsFromItsFirstUse(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, b bench, zone store.Zone) {
		r := b.roll(t, zone, 7, 20)
		require.Equal(t, [4]int{20, 0, 0, 0}, b.counts(t, zone, r))
		codes := b.codes(t, zone, r)
		require.Equal(t, roll.Ready, b.state(t, zone, codes[0]))
		require.Equal(t, [4]int{20, 0, 0, 0}, b.counts(t, zone, r), "testing uses nothing")

		d := b.use(t, zone, codes[0])
		ends := b.Clock.Now().Truncate(time.Second).Add(time.Hour)
		require.Equal(t, ends, d.EndsAt)
		require.Equal(t, [4]int{19, 1, 0, 0}, b.counts(t, zone, r))
		access, err := b.Access(t.Context(), d.Holder.AccessID())
		require.NoError(t, err)
		require.Equal(t, ends, access.EndsAt)

		b.Clock.Advance(30 * time.Minute)
		require.Equal(t, ends, b.use(t, zone, codes[0], codes[0]).EndsAt, "again, and twice: the clock does not stop and nothing adds up")
		require.Equal(t, ends.Add(time.Hour), b.use(t, zone, codes[0], codes[1]).EndsAt, "another code adds its time")
		require.Equal(t, roll.Active, b.state(t, zone, codes[1]))
		require.Equal(t, [4]int{18, 2, 0, 0}, b.counts(t, zone, r))

		b.Clock.Advance(2 * time.Hour)
		require.Equal(t, roll.Expired, b.use(t, zone, codes[1]).Refused)
		end, err := b.EndAccess(t.Context(), d.Holder.AccessID(), false)
		require.NoError(t, err)
		require.Equal(t, "time", end.Access.EndReason)
		require.Equal(t, [4]int{18, 0, 2, 0}, b.counts(t, zone, r))
		require.Equal(t, []string{"access.started", "access.changed", "access.ended"},
			sql[string](t, b, "select kind from events where kind like 'access.%' order by seq"))
	})
}

func TestARefusedCodeKeepsTheOthers(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, b bench, zone store.Zone) {
		r := b.roll(t, zone, 1, 5)
		codes := b.codes(t, zone, r)
		require.Equal(t, roll.Invalid, b.use(t, zone, codes[0], "nonsense").Refused)
		require.Equal(t, roll.Ready, b.state(t, zone, codes[0]))
		require.Empty(t, sql[string](t, b, "select id::text from accesses"))
	})
}

// Promise: what was printed once is never printed, nor accepted, again.
func TestAnotherCountRetiresTheRoll(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, b bench, zone store.Zone) {
		r := b.roll(t, zone, 1, 5)
		codes := b.codes(t, zone, r)
		b.use(t, zone, codes[0])
		change := store.RollChange{Count: new(uint32(6))}

		impact, err := b.PreviewRoll(t.Context(), store.Everything, b.site.ID, zone.ID, r.ID, change)
		require.NoError(t, err)
		require.Equal(t, store.Impact{Rolls: 1, Ready: 4, Active: 1}, impact)
		_, err = b.UpdateRoll(t.Context(), b.desk, b.site.ID, zone.ID, r.ID, change)
		require.Equal(t, visit.KindConflict, visit.KindOf(err), "without retire: true")
		require.ErrorContains(t, err, "4 that were never used, and 1 in use")

		change.Retire, change.RunsOn = true, true
		next, err := b.UpdateRoll(t.Context(), b.desk, b.site.ID, zone.ID, r.ID, change)
		require.NoError(t, err)
		require.NotEqual(t, r.ID, next.ID)
		require.Equal(t, roll.Invalid, b.state(t, zone, codes[1]))
		require.ErrorIs(t, b.test(t, zone, codes[1]).Findings[0].Why, roll.ErrCodeRetired)
		require.Equal(t, roll.Active, b.state(t, zone, codes[0]), "runs on")
		for _, code := range b.codes(t, zone, next) {
			require.NotContains(t, codes, code)
			require.Equal(t, roll.Ready, b.state(t, zone, code))
		}

		require.NoError(t, b.DeleteRoll(t.Context(), b.desk, b.site.ID, zone.ID, next.ID, false))
		again := b.roll(t, zone, 1, 6)
		require.Equal(t, roll.Invalid, b.state(t, zone, codes[1]), "the number made anew revives nothing")
		for _, code := range b.codes(t, zone, again) {
			require.NotContains(t, codes, code)
		}
	})
}

func TestRetiringEndsCodesInUse(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, b bench, zone store.Zone) {
		r := b.roll(t, zone, 1, 5)
		codes := b.codes(t, zone, r)
		d := b.use(t, zone, codes[0])
		require.NoError(t, b.DeleteRoll(t.Context(), b.desk, b.site.ID, zone.ID, r.ID, false))
		access, err := b.Access(t.Context(), d.Holder.AccessID())
		require.NoError(t, err)
		require.NotNil(t, access.EndedAt)
		require.Equal(t, "retired", access.EndReason)
		require.Equal(t, roll.Invalid, b.state(t, zone, codes[0]))
	})
}

func TestOtherTermsHoldForCodesNotUsedYet(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, b bench, zone store.Zone) {
		r := b.roll(t, zone, 1, 5)
		codes := b.codes(t, zone, r)
		first := b.use(t, zone, codes[0])
		_, err := b.UpdateRoll(t.Context(), b.desk, b.site.ID, zone.ID, r.ID, store.RollChange{For: new(2 * time.Hour)})
		require.NoError(t, err)
		require.Equal(t, first.EndsAt, b.use(t, zone, codes[0]).EndsAt)
		require.Equal(t, first.EndsAt.Add(time.Hour), b.use(t, zone, codes[1]).EndsAt)
	})
}

func TestSoldOnlyAndDates(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, b bench, zone store.Zone) {
		now := b.Clock.Now()
		r := b.roll(t, zone, 1, 10, func(r *store.Roll) {
			r.SoldOnly, r.NotBefore, r.FirstUseBy = true, now.Add(time.Hour), now.Add(3*time.Hour)
		})
		codes := b.codes(t, zone, r)
		require.ErrorIs(t, b.test(t, zone, codes[2]).Findings[0].Why, roll.ErrCodeUnsold)
		sold, err := b.SellCodes(t.Context(), b.desk, b.site.ID, zone.ID, r.ID, 3, 5)
		require.NoError(t, err)
		require.Equal(t, 3, sold)
		sold, err = b.SellCodes(t.Context(), b.desk, b.site.ID, zone.ID, r.ID, 3, 6)
		require.NoError(t, err)
		require.Equal(t, 1, sold, "the others were")
		require.ErrorIs(t, b.test(t, zone, codes[2]).Findings[0].Why, roll.ErrCodeTooEarly)
		b.Clock.Advance(time.Hour)
		require.Equal(t, roll.Ready, b.state(t, zone, codes[2]))
		require.ErrorIs(t, b.test(t, zone, codes[1]).Findings[0].Why, roll.ErrCodeUnsold)
		b.use(t, zone, codes[2])
		b.Clock.Advance(2*time.Hour + time.Second)
		require.ErrorIs(t, b.test(t, zone, codes[3]).Findings[0].Why, roll.ErrCodeTooLate)
		require.Equal(t, [4]int{9, 0, 1, 4}, b.counts(t, zone, r))
	})
}

func TestExpiringCodes(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, b bench, zone store.Zone) {
		r := b.roll(t, zone, 1, 10)
		codes := b.codes(t, zone, r)
		alone := b.use(t, zone, codes[0])
		both := b.use(t, zone, codes[1], codes[2])

		done, err := b.ExpireCodes(t.Context(), b.desk, b.site.ID, zone.ID, []string{codes[0], codes[2], codes[3], "nonsense", codes[3]})
		require.NoError(t, err)
		var changed, active []bool
		for _, code := range done {
			changed, active = append(changed, code.Changed), append(active, code.Active)
		}
		require.Equal(t, []bool{true, true, true, false, false}, changed)
		require.Equal(t, []bool{true, true, false, false, false}, active)

		access, err := b.Access(t.Context(), alone.Holder.AccessID())
		require.NoError(t, err)
		require.Equal(t, "expired", access.EndReason)
		access, err = b.Access(t.Context(), both.Holder.AccessID())
		require.NoError(t, err)
		require.Nil(t, access.EndedAt)
		require.Equal(t, both.EndsAt.Add(-time.Hour), access.EndsAt, "the second one's hour is gone, the first's is not")
		require.Equal(t, roll.Expired, b.state(t, zone, codes[3]))
		require.Equal(t, [4]int{6, 1, 3, 0}, b.counts(t, zone, r))
	})
}

// A hundred thousand dormant tickets are ten rows.
func TestDormantCodesCostNoRow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	zone := b.zone(t, store.LongZone, "lobby")
	rows := func() int {
		total := 0
		for _, table := range sql[string](t, b, "select table_name from information_schema.tables where table_schema = 'public' and table_name not in ('rolls', 'site_ledger', 'audit')") {
			total += sql[int](t, b, "select count(*)::integer from "+table)[0]
		}
		return total
	}
	before := rows()
	for number := range uint32(10) {
		b.roll(t, zone, number, store.LongRollCount)
	}
	require.Equal(t, before, rows())
	require.Equal(t, []int{10}, sql[int](t, b, "select count(*)::integer from rolls"))

	rolls, err := b.Rolls(t.Context(), store.Everything, b.site.ID, zone.ID)
	require.NoError(t, err)
	last := b.codes(t, zone, rolls[0])
	require.Len(t, last, store.LongRollCount)
	require.Equal(t, roll.Ready, b.state(t, zone, last[store.LongRollCount-1]))
	require.Equal(t, rolls[0].ID, b.use(t, zone, last[4711]).Holder.Roll)
	var hashes int
	require.NoError(t, b.Snapshot(t.Context(), b.site.ID, func(part wire.Snapshot) error {
		for _, codes := range part.Codes {
			hashes += len(codes.Hashes) / roll.HashSize
		}
		_, err := wire.Encode(&part)
		return err
	}))
	require.Equal(t, 100_000, hashes)
}

func TestOtherKeysRetireAllRolls(t *testing.T) {
	t.Parallel()
	b := setup(t)
	zone := b.zone(t, store.CompatibleZone, "lobby")
	first, second := b.roll(t, zone, 1, 5), b.roll(t, zone, 2, 5)
	codes := append(b.codes(t, zone, first), b.codes(t, zone, second)...)
	old := zone.Series.ID

	change := store.ZoneChange{Series: &store.SeriesChange{RollBits: new(15)}}
	impact, err := b.PreviewZone(t.Context(), store.Everything, b.site.ID, zone.ID, change)
	require.NoError(t, err)
	require.Equal(t, store.Impact{Rolls: 2, Ready: 10}, impact)
	_, err = b.UpdateZone(t.Context(), b.desk, b.site.ID, zone.ID, change)
	require.Equal(t, visit.KindConflict, visit.KindOf(err))
	change.Retire = true
	zone, err = b.UpdateZone(t.Context(), b.desk, b.site.ID, zone.ID, change)
	require.NoError(t, err)
	require.NotEqual(t, old, zone.Series.ID)
	for _, code := range codes {
		require.ErrorIs(t, b.test(t, zone, code).Findings[0].Why, roll.ErrCodeRetired)
	}

	// Back to what it was: the same codes could be printed again, and are not.
	change.Series.RollBits = new(16)
	zone, err = b.UpdateZone(t.Context(), b.desk, b.site.ID, zone.ID, change)
	require.NoError(t, err)
	again := b.roll(t, zone, 1, 5)
	require.Equal(t, uint32(6), again.First)
	for _, code := range b.codes(t, zone, again) {
		require.NotContains(t, codes, code)
		require.Equal(t, roll.Ready, b.state(t, zone, code))
	}
	// Nothing changed: nothing is retired.
	zone, err = b.UpdateZone(t.Context(), b.desk, b.site.ID, zone.ID, store.ZoneChange{Series: &store.SeriesChange{RollBits: new(16)}})
	require.NoError(t, err)
	require.Equal(t, roll.Ready, b.state(t, zone, b.codes(t, zone, again)[0]))
}

// However often a zone's keys were changed, and with all its ways, it fits a frame: one
// that does not would keep the site's agents from hearing anything.
func TestAZoneFitsAFrame(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nas, zone := b.newNAS(t, "10.0.0.0/8"), b.zone(t, store.CompatibleZone, "lobby")
	change := store.ZoneChange{Retire: true, InvalidMessage: new(strings.Repeat("<", 200)), ExpiredMessage: new(strings.Repeat("<", 200))}
	for i := range 500 {
		change.Ways = append(change.Ways, wire.Way{NASID: nas.ID, SSID: fmt.Sprintf("%s%03d", strings.Repeat("<", 29), i)})
	}
	_, err := b.UpdateZone(t.Context(), b.desk, b.site.ID, zone.ID, change)
	require.NoError(t, err)
	for i := range 199 {
		_, err = b.UpdateZone(t.Context(), b.desk, b.site.ID, zone.ID, store.ZoneChange{Retire: true, Series: &store.SeriesChange{RollBits: new(14 + i%2)}})
		require.NoError(t, err)
	}
	_, err = b.UpdateZone(t.Context(), b.desk, b.site.ID, zone.ID, store.ZoneChange{Retire: true, Series: &store.SeriesChange{RollBits: new(13)}})
	require.Equal(t, visit.KindConflict, visit.KindOf(err))
	require.NoError(t, b.Snapshot(t.Context(), b.site.ID, func(part wire.Snapshot) error {
		frame, err := wire.Encode(&part)
		if len(part.Zones) > 0 {
			t.Logf("%d octets of %d", len(frame), wire.MaxFrame)
		}
		return err
	}))
}

func TestOldAccessesSettleIntoTheMask(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, b bench, zone store.Zone) {
		r := b.roll(t, zone, 1, 20)
		codes := b.codes(t, zone, r)
		old, lasting := b.use(t, zone, codes[0], codes[1]), b.use(t, zone, codes[9])
		b.Clock.Advance(3 * time.Hour)
		_, err := b.EndAccess(t.Context(), old.Holder.AccessID(), false)
		require.NoError(t, err)
		sealed, err := b.SealAccess(t.Context(), old.Holder.AccessID(), "done")
		require.NoError(t, err)
		require.True(t, sealed)
		settle := func() int {
			n, err := b.SettleAccesses(t.Context(), 100)
			require.NoError(t, err)
			return n
		}
		require.Zero(t, settle(), "an agent may have more of it to report")
		b.Clock.Advance(7 * 24 * time.Hour)
		require.Equal(t, 1, settle())
		require.Zero(t, settle())
		require.Equal(t, []int64{10}, sql[int64](t, b, "select ticket::bigint from roll_records"), "of the access that nobody has ended")
		require.Equal(t, roll.Expired, b.state(t, zone, codes[1]))
		require.Equal(t, [4]int{17, 0, 3, 0}, b.counts(t, zone, r))
		_, err = b.Access(t.Context(), old.Holder.AccessID())
		require.ErrorIs(t, err, store.ErrAccessNotFound)
		_, err = b.Access(t.Context(), lasting.Holder.AccessID())
		require.NoError(t, err)
		usage, _ := b.told(t)
		require.True(t, usage.Of(roll.Ticket{Roll: r.ID, Number: r.First}).Over, "and agents hear of it")
	})
}

func TestActiveCodes(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, b bench, zone store.Zone) {
		r := b.roll(t, zone, 1, 20)
		codes := b.codes(t, zone, r)
		b.use(t, zone, codes[3])
		b.Clock.Advance(time.Minute)
		b.use(t, zone, codes[5], codes[6])
		var shown []string
		page := store.Page{Limit: 1}
		for {
			part, err := b.ActiveCodes(t.Context(), store.Everything, b.site.ID, zone.ID, page, true)
			require.NoError(t, err)
			for _, item := range part.Items {
				shown = append(shown, item.Code)
			}
			if page.Cursor = part.Next; page.Cursor == "" {
				break
			}
		}
		require.Equal(t, []string{codes[3], codes[5]}, shown)
		hidden, err := b.ActiveCodes(t.Context(), store.Everything, b.site.ID, zone.ID, store.Page{}, false)
		require.NoError(t, err)
		require.Empty(t, hidden.Items[0].Code+hidden.Items[1].Code)
		require.Equal(t, 2, hidden.Items[1].Codes)
	})
}

// Under the same short key with other bits some new codes are an earlier roll's. They
// are neither printed nor sold, and count as no codes.
func TestCodesThatClashAreNotPrinted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	pair, err := b.ProposeKeys(t.Context(), store.Everything, b.site.ID, roll.ShortKey)
	require.NoError(t, err)
	zone, err := b.CreateZone(t.Context(), b.desk, store.Zone{SiteID: b.site.ID, Name: "lobby", Enabled: true, Kind: store.CompatibleZone},
		store.SeriesChange{Pair: pair.Pair, RollBits: new(4), TicketBits: new(16), ChecksumBits: new(0), Magic: new(uint64(0))})
	require.NoError(t, err)
	b.roll(t, zone, 3, 2000)
	zone, err = b.UpdateZone(t.Context(), b.desk, b.site.ID, zone.ID, store.ZoneChange{Retire: true, Series: &store.SeriesChange{RollBits: new(3)}})
	require.NoError(t, err)
	r := b.roll(t, zone, 3, 1000)
	require.NotEmpty(t, r.Clashes, "or the test tests nothing")
	printed := b.codes(t, zone, r)
	require.Len(t, printed, 1000-len(r.Clashes))
	require.Equal(t, [4]int{1000 - len(r.Clashes), 0, 0, 0}, b.counts(t, zone, r))
	require.Equal(t, roll.Ready, b.state(t, zone, printed[len(printed)-1]))
	sold, err := b.SellCodes(t.Context(), b.desk, b.site.ID, zone.ID, r.ID, 0, 0)
	require.NoError(t, err)
	require.Equal(t, len(printed), sold)
}
