package redeem

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/wire"
)

// TestARollGoesBeforeItsZone: a deleted zone's rolls go first, and somebody may enter
// a code in between.
func TestARollGoesBeforeItsZone(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{cafe, lobby} {
		s := newSite(t)
		s.let(t, zone, s.codeIn(zone, 1), phone, noon.Add(time.Hour))
		id := map[string]roll.ID{cafe: cafeR, lobby: lobbyR}[zone]
		ended, err := s.Apply([]*wire.Entry{{Type: wire.TypeRollDrop, ObjectID: string(id)}})
		require.NoError(t, err)
		require.Len(t, ended, 1)
		for ticket := range uint32(2) {
			require.Equal(t, wire.RefusedRollCodeInvalid, s.enter(zone, s.codeIn(zone, ticket+1), phone).Refused)
		}
	}
}

func (s *site) codeIn(zone string, ticket uint32) string {
	if zone == lobby {
		return string(s.long[ticket-1])
	}
	return s.code(ticket)
}

// TestTheHubForgot: one that was restored from a backup is told again what it does
// not know, and only that.
func TestTheHubForgot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.let(t, cafe, s.code(1), phone, noon.Add(time.Hour))
	s.let(t, cafe, s.code(2)+" "+s.code(3), phone, noon.Add(2*time.Hour))
	s.let(t, lobby, string(s.long[0]), phone, noon.Add(time.Hour))
	require.NoError(t, s.report(t.Context()))
	s.journal.uses = nil

	first := roll.Ticket{Roll: cafeR, Number: 1}
	s.set.Grants = []wire.Grant{{ID: string(first.AccessID()), Kind: wire.GrantRoll, Entries: []wire.RollEntry{
		entryOf(first, roll.Record{At: noon, Holder: first, For: time.Hour}),
	}}}
	for range 2 { // once, however often it asks
		_, err := s.Replace(s.set)
		require.NoError(t, err)
	}
	s.restart(t)
	require.NoError(t, s.report(t.Context()))
	told := map[string][]wire.RollEntry{}
	for _, use := range s.journal.uses {
		told[use.ZoneID] = append(told[use.ZoneID], use.Entries...)
	}
	require.Equal(t, map[string][]wire.RollEntry{
		cafe: {
			{RollID: cafeR, Ticket: 2, At: noon, HolderRollID: cafeR, HolderTicket: 2, ForSeconds: 3600},
			{RollID: cafeR, Ticket: 3, At: noon, HolderRollID: cafeR, HolderTicket: 2, ForSeconds: 3600},
		},
		lobby: {{RollID: lobbyR, Ticket: 1, At: noon, HolderRollID: lobbyR, HolderTicket: 1, ForSeconds: 3600}},
	}, told)
}

// TestTheHoldersRollGoesFirst: its time was that of a code of another roll, which is
// still there.
func TestTheHoldersRollGoesFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, err := s.Apply([]*wire.Entry{{Type: wire.TypeRollPut, ObjectID: "roll-more", Roll: &wire.Roll{
		ID: "roll-more", ZoneID: cafe, SeriesID: "series", Number: 1, First: 1, Count: 5, ForSeconds: 3600,
	}}})
	require.NoError(t, err)
	s.let(t, cafe, s.code(1)+" "+s.printer.Code(1, 1), phone, noon.Add(2*time.Hour))
	_, err = s.Apply([]*wire.Entry{{Type: wire.TypeRollDrop, ObjectID: string(cafeR)}})
	require.NoError(t, err)
	require.Equal(t, wire.RefusedRollCodeInvalid, s.enter(cafe, s.printer.Code(1, 1), phone).Refused)
	_, err = s.Replace(s.set) // of rolls that it does not have, nothing is told
	require.NoError(t, err)
}

// TestADeviceThatLeftWithoutAWord is not waited for, where the newcomer would be.
func TestADeviceThatLeftWithoutAWord(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set.Zones[1].Logins = roll.FirstLogin
	_, err := s.Replace(s.set)
	require.NoError(t, err)
	s.let(t, cafe, s.code(1), phone, noon.Add(time.Hour))
	s.refused(t, cafe, s.code(1), laptop, wire.RefusedInUse, "")
	s.silent = map[string]bool{phone: true}
	s.let(t, cafe, s.code(1), laptop, noon.Add(time.Hour))
}

// TestWhoIsOnlineStays when a zone is switched off: a NAS with a bound on sessions asks
// again every few minutes. Nobody else is let in.
func TestWhoIsOnlineStays(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.let(t, cafe, s.code(1), phone, noon.Add(time.Hour))
	s.set.Zones[1].Enabled = false
	_, err := s.Replace(s.set)
	require.NoError(t, err)
	s.let(t, cafe, s.code(1), phone, noon.Add(time.Hour))
	for _, text := range []string{s.code(1), s.code(2), s.code(1) + " " + s.code(2)} {
		s.refused(t, cafe, text, laptop, wire.RefusedZoneDisabled, "Voucher invalid")
	}
	s.refused(t, cafe, s.code(1)+" "+s.code(2), phone, wire.RefusedZoneDisabled, "Voucher invalid")
}
