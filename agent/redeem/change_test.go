package redeem

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/agent/ledger"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/wire"
)

func usage(id roll.ID, over ...byte) *wire.Entry {
	return &wire.Entry{Type: wire.TypeRollUsage, ObjectID: string(id), Usage: &wire.RollUsage{RollID: id, Over: over}}
}

func TestWhatEndsAnAccess(t *testing.T) {
	t.Parallel()
	retired := func(s *site, runsOn bool) *wire.Entry {
		r := s.set.Rolls[1]
		r.Retired, r.RunsOn = true, runsOn
		return &wire.Entry{Type: wire.TypeRollPut, ObjectID: string(cafeR), Roll: &r}
	}
	for name, of := range map[string]struct {
		entry func(*site) *wire.Entry
		ends  bool
		then  wire.RefusedReason
	}{
		"staff expire it":      {func(*site) *wire.Entry { return usage(cafeR, 0b10) }, true, wire.RefusedRollCodeExpired},
		"staff expire another": {func(*site) *wire.Entry { return usage(cafeR, 0b100) }, false, ""},
		"its roll is deleted":  {func(s *site) *wire.Entry { return retired(s, false) }, true, wire.RefusedRollCodeRetired},
		"its roll runs on":     {func(s *site) *wire.Entry { return retired(s, true) }, false, ""},
		"its roll is gone":     {func(*site) *wire.Entry { return &wire.Entry{Type: wire.TypeRollDrop, ObjectID: string(cafeR)} }, true, wire.RefusedRollCodeInvalid},
		"its zone is gone":     {func(*site) *wire.Entry { return &wire.Entry{Type: wire.TypeZoneDrop, ObjectID: cafe} }, true, wire.RefusedZoneDisabled},
		"its zone is switched off": {func(s *site) *wire.Entry {
			z := s.set.Zones[1]
			z.Enabled = false
			return &wire.Entry{Type: wire.TypeZonePut, ObjectID: cafe, Zone: &z}
		}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			id := s.let(t, cafe, s.code(2), phone, noon.Add(time.Hour))
			s.fullDisk = true // what takes access away does not wait for a disk
			ended, err := s.Apply([]*wire.Entry{of.entry(s)})
			require.ErrorIs(t, err, errFull)
			require.Equal(t, of.ends, len(ended) == 1)
			require.Equal(t, of.ends, s.grants.Grant(id) == nil)
			s.fullDisk = false
			_, err = s.Apply([]*wire.Entry{of.entry(s)})
			require.NoError(t, err)
			s.restart(t)
			require.Equal(t, of.ends, s.grants.Grant(id) == nil)
			require.Equal(t, of.then, s.enter(cafe, s.code(2), phone).Refused)
		})
	}
}

// TestASnapshotEndsNoAccess: the hub may not have heard of it yet.
func TestASnapshotEndsNoAccess(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.let(t, cafe, s.code(2), phone, noon.Add(time.Hour))
	ended, err := s.Replace(s.set)
	require.NoError(t, err)
	require.Empty(t, ended)
	_, err = s.grants.Replace(s.set)
	require.NoError(t, err)
	require.NotNil(t, s.grants.Grant(id))
	s.restart(t)
	s.let(t, cafe, s.code(2), phone, noon.Add(time.Hour))

	// The negative control: without its roll the access is over.
	s.set.Rolls = s.set.Rolls[:1]
	ended, err = s.Replace(s.set)
	require.NoError(t, err)
	require.Len(t, ended, 1)
	require.Equal(t, id, ended[0].Grant.ID)
}

// TestAnotherAgentsUseCounts: what the hub tells of it, before or after its roll.
func TestAnotherAgentsUseCounts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	holder := roll.Ticket{Roll: cafeR, Number: 2}
	put := &wire.Entry{Type: wire.TypeGrantPut, ObjectID: string(holder.AccessID()), Grant: &wire.Grant{
		ID: string(holder.AccessID()), Kind: wire.GrantRoll, Zone: cafe,
		Entries: []wire.RollEntry{entryOf(holder, roll.Record{At: noon.Add(-20 * time.Minute), Holder: holder, For: time.Hour})},
	}}
	s.let(t, cafe, s.code(2), phone, noon.Add(time.Hour)) // here too, while the two could not see each other
	_, err := s.Apply([]*wire.Entry{put})
	require.NoError(t, err)
	require.Equal(t, noon.Add(40*time.Minute), s.grants.Grant(put.ObjectID).NotAfter, "the earlier use counts")
	s.let(t, cafe, s.code(2), phone, noon.Add(40*time.Minute))

	for _, e := range []*wire.Entry{
		{Type: wire.TypeRollDrop, ObjectID: string(cafeR)}, put, {Type: wire.TypeRollPut, ObjectID: string(cafeR), Roll: &s.set.Rolls[1]},
	} {
		_, err = s.Apply([]*wire.Entry{e})
		require.NoError(t, err)
	}
	s.let(t, cafe, s.code(2), phone, noon.Add(40*time.Minute))
}

// TestTermsOfARoll.
func TestTermsOfARoll(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.set.Rolls[1]
	change := func() {
		_, err := s.Apply([]*wire.Entry{{Type: wire.TypeRollPut, ObjectID: string(cafeR), Roll: &r}})
		require.NoError(t, err)
	}
	r.NotBefore, r.FirstUseBy = new(noon.Add(time.Minute)), new(noon.Add(time.Hour))
	change()
	s.refused(t, cafe, s.code(1), phone, wire.RefusedRollCodeTooEarly, "Voucher invalid")
	s.now = noon.Add(time.Hour)
	s.refused(t, cafe, s.code(1), phone, wire.RefusedRollCodeTooLate, "Voucher expired")
	r.NotBefore, r.FirstUseBy, r.SoldOnly = nil, nil, true
	change()
	s.refused(t, cafe, s.code(1), phone, wire.RefusedRollCodeUnsold, "Voucher invalid")
	_, err := s.Apply([]*wire.Entry{{Type: wire.TypeRollUsage, ObjectID: string(cafeR), Usage: &wire.RollUsage{RollID: cafeR, Sold: []byte{1}}}})
	require.NoError(t, err)
	s.let(t, cafe, s.code(1), phone, noon.Add(2*time.Hour))
	s.refused(t, cafe, s.code(2), laptop, wire.RefusedRollCodeUnsold, "Voucher invalid")
}

// TestGuessing: a zone that was sent too many wrong codes checks none, right ones
// included, until time has passed; devices that are in come back.
func TestGuessing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.let(t, cafe, s.code(1), phone, noon.Add(time.Hour))
	for range guessBurst {
		s.refused(t, cafe, "wrong", laptop, wire.RefusedRollCodeInvalid, "Voucher invalid")
	}
	s.refused(t, cafe, "wrong", laptop, wire.RefusedTooManyTries, "")
	s.refused(t, cafe, s.code(2), laptop, wire.RefusedTooManyTries, "")
	s.refused(t, cafe, s.code(1), laptop, wire.RefusedTooManyTries, "")
	s.let(t, cafe, s.code(1), phone, noon.Add(time.Hour))
	s.let(t, lobby, string(s.long[0]), laptop, noon.Add(time.Hour))
	s.now = noon.Add(time.Second)
	s.let(t, cafe, s.code(2), laptop, noon.Add(time.Hour+time.Second))
}

// TestBooksAgree: whatever two agents were told and did, in whatever order and
// however often, they come to the same as the records merged at once.
func TestBooksAgree(t *testing.T) {
	t.Parallel()
	a, b := newSite(t), newSite(t)
	rapid.Check(t, func(rt *rapid.T) {
		for _, s := range []*site{a, b} {
			_, err := s.Clear()
			require.NoError(rt, err)
			_, err = s.Replace(a.set)
			require.NoError(rt, err)
		}
		ticket := rapid.Custom(func(rt *rapid.T) roll.Ticket {
			return roll.Ticket{Roll: cafeR, Number: rapid.Uint32Range(1, 4).Draw(rt, "ticket")}
		})
		var entries []*wire.Entry
		usage := &roll.Usage{}
		for range rapid.IntRange(1, 8).Draw(rt, "entries") {
			t := ticket.Draw(rt, "used")
			if rapid.IntRange(0, 4).Draw(rt, "over") == 0 {
				usage.Merge(roll.Entry{Ticket: t, Record: roll.Record{Over: true}})
				entries = append(entries, overEntry(t))
				continue
			}
			record := roll.Record{
				At: noon.Add(-time.Duration(rapid.IntRange(0, 50).Draw(rt, "minutes")) * time.Minute), Holder: ticket.Draw(rt, "holder"), For: time.Hour,
			}
			usage.Merge(roll.Entry{Ticket: t, Record: record})
			entries = append(entries, &wire.Entry{Type: wire.TypeGrantPut, ObjectID: "x", Grant: &wire.Grant{
				Kind: wire.GrantRoll, Entries: []wire.RollEntry{entryOf(t, record)},
			}})
		}
		for _, s := range []*site{a, b} {
			for _, e := range rapid.Permutation(append(entries, entries...)).Draw(rt, "order") {
				_, err := s.Apply([]*wire.Entry{e})
				require.NoError(rt, err)
			}
			for n := range uint32(4) {
				holder := roll.Ticket{Roll: cafeR, Number: n + 1}
				var want time.Time
				if ends := usage.EndsAt(holder); ends.After(noon) {
					want = ends
				}
				var got time.Time
				if g := s.grants.Grant(string(holder.AccessID())); g != nil {
					got = g.NotAfter
				}
				require.Equal(rt, want, got)
			}
		}
	})
}

func overEntry(t roll.Ticket) *wire.Entry { return usage(t.Roll, 1<<(t.Number-1)) }

// TestClearLetsNobodyIn.
func TestClearLetsNobodyIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.let(t, cafe, s.code(1), phone, noon.Add(time.Hour))
	ended, err := s.Clear()
	require.NoError(t, err)
	require.Len(t, ended, 1)
	require.Nil(t, s.grants.Grant(id))
	require.False(t, s.Complete())
	require.False(t, s.Leads(nasID))
	_, err = s.Replace(ledger.Set{})
	require.NoError(t, err)
	require.True(t, s.Complete(), "a site without zones is a whole set")
}
