package redeem

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"github.com/foyerhq/foyer/agent/ledger"
	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	lobby  = "zone-lobby" // long codes
	cafe   = "zone-cafe"  // compatible ones
	lobbyR = roll.ID("roll-lobby")
	cafeR  = roll.ID("roll-cafe")
	nasID  = visit.NASID("nas")
	phone  = "02:00:00:00:00:01"
	laptop = "02:00:00:00:00:02"
)

var (
	noon    = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	hashKey = []byte("a key of the zone's")
	errFull = errors.New("no space")
)

// A site is a book with all that is around it.
type site struct {
	*Book
	dir      string
	keys     *seal.Keyring
	grants   *ledger.Ledger
	printer  *roll.Printer
	long     []roll.LongCode
	set      ledger.Set
	online   map[string][]wire.Session
	silent   map[string]bool // devices
	cut      []wire.Session
	journal  journal
	now      time.Time
	fullDisk bool
}

type journal struct {
	mu   sync.Mutex
	full bool
	uses []wire.RollUse
	came chan struct{}
}

func (j *journal) Append(_ context.Context, rec wire.Record) (uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.full {
		return 0, errFull
	}
	j.uses = append(j.uses, *rec.RollUse)
	j.came <- struct{}{}
	return uint64(len(j.uses)), nil
}

func (s *site) ByGrant(id string) []wire.Session { return slices.Clone(s.online[id]) }

func (s *site) Heard(id string) []wire.Session {
	return slices.DeleteFunc(s.ByGrant(id), func(o wire.Session) bool { return s.silent[o.MAC] })
}

type fullDisk struct {
	vault.Tx
	s *site
}

func (d fullDisk) Update(f func(*bbolt.Tx) error) error {
	if d.s.fullDisk {
		return errFull
	}
	return d.Tx.Update(f)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// newSite is a site with a zone of each sort, a roll of five codes in each that are
// good for an hour, and a NAS whose SSID "Lobby" leads to the one and all else to the
// other.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{dir: t.TempDir(), online: map[string][]wire.Session{}, now: noon, journal: journal{came: make(chan struct{}, 100)}}
	keys, err := vault.Open(filepath.Join(s.dir, "key"), rand.Reader)
	require.NoError(t, err)
	s.keys = keys
	s.grants, err = ledger.Open(ledger.Config{Dir: s.dir, Keys: keys, Now: func() time.Time { return s.now }, Logger: quiet()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.grants.Close()) })
	s.open(t)
	t.Cleanup(func() { require.NoError(t, s.Book.Close()) })

	key, err := roll.GenerateKey(rand.Reader, roll.ShortKey)
	require.NoError(t, err)
	format := roll.Format{RollBits: 16, TicketBits: 10, ChecksumBits: 5, Alphabet: roll.DefaultAlphabet}
	s.printer, err = roll.NewPrinter(key, format)
	require.NoError(t, err)
	var hashes []byte
	for range 5 {
		code, err := roll.NewLongCode(rand.Reader)
		require.NoError(t, err)
		hash := code.Hash(hashKey)
		s.long, hashes = append(s.long, code), append(hashes, hash[:]...)
	}
	s.set = ledger.Set{
		Position: wire.Position{Revision: 1},
		Zones: []wire.Zone{
			{ID: lobby, Enabled: true, Logins: roll.LastLogin, HashKey: hashKey, Ways: []wire.Way{{NASID: nasID, SSID: "Lobby"}}, InvalidMessage: "Code invalid", ExpiredMessage: "Code expired"},
			{ID: cafe, Enabled: true, Logins: roll.LastLogin, Ways: []wire.Way{{NASID: nasID}}, InvalidMessage: "Voucher invalid", ExpiredMessage: "Voucher expired", Series: []wire.Series{{
				ID: "series", PublicKey: string(key.PublicKey.PEM()), RollBits: 16, TicketBits: 10, ChecksumBits: 5, Alphabet: roll.DefaultAlphabet,
			}}},
		},
		Rolls: []wire.Roll{
			{ID: lobbyR, ZoneID: lobby, Number: 1, First: 1, Count: 5, ForSeconds: 3600},
			{ID: cafeR, ZoneID: cafe, SeriesID: "series", Number: 0, First: 1, Count: 5, ForSeconds: 3600},
		},
		Codes: []wire.RollCodes{{RollID: lobbyR, Hashes: hashes}},
	}
	require.False(t, s.Complete())
	_, err = s.Replace(s.set)
	require.NoError(t, err)
	require.True(t, s.Complete())
	return s
}

func (s *site) open(t *testing.T) {
	t.Helper()
	b, err := Open(Config{
		Dir: s.dir, Keys: s.keys, Now: func() time.Time { return s.now }, Grants: s.grants, Sessions: s, Journal: &s.journal, Logger: quiet(),
		Cut: func(_ wire.Grant, sessions []wire.Session) { s.cut = append(s.cut, sessions...) },
	})
	require.NoError(t, err)
	b.db.Tx.(*bbolt.DB).NoSync = true // the machine does not crash
	b.db.Tx = fullDisk{b.db.Tx, s}
	s.Book = b
}

// restart is what a crash leaves: the file.
func (s *site) restart(t *testing.T) {
	t.Helper()
	require.NoError(t, s.Book.Close())
	require.NoError(t, s.grants.Close())
	grants, err := ledger.Open(ledger.Config{Dir: s.dir, Keys: s.keys, Now: func() time.Time { return s.now }, Logger: quiet()})
	require.NoError(t, err)
	s.grants = grants
	s.open(t)
}

// enter is a login with codes of the café's roll or the lobby's, by a device that is
// online from then on if it is let in.
func (s *site) enter(zone, text, mac string) Answer {
	return s.Redeem(Login{Zone: zone, NASID: nasID, Text: text, MAC: mac}, func(g wire.Grant) {
		s.online[g.ID] = slices.DeleteFunc(s.online[g.ID], func(o wire.Session) bool { return o.MAC == mac })
		s.online[g.ID] = append(s.online[g.ID], wire.Session{GrantID: g.ID, MAC: mac})
	})
}

func (s *site) code(ticket uint32) string { return s.printer.Code(0, ticket) }

// let requires that somebody is let in, until an instant.
func (s *site) let(t *testing.T, zone, text, mac string, until time.Time) string {
	t.Helper()
	a := s.enter(zone, text, mac)
	require.Empty(t, a.Refused)
	require.Equal(t, until, a.Grant.NotAfter)
	held := s.grants.Grant(a.Grant.ID)
	require.NotNil(t, held, "the ledger ends it in time")
	require.Equal(t, until, held.NotAfter)
	return a.Grant.ID
}

func (s *site) refused(t *testing.T, zone, text, mac string, why wire.RefusedReason, message string) {
	t.Helper()
	a := s.enter(zone, text, mac)
	require.Nil(t, a.Grant)
	require.Equal(t, why, a.Refused)
	require.Equal(t, message, a.Message)
}

func TestZonesByNASAndSSID(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	require.True(t, s.Leads(nasID))
	require.False(t, s.Leads("another"))
	require.Equal(t, lobby, s.Zone(nasID, "Lobby"))
	require.Equal(t, cafe, s.Zone(nasID, "Guests"))
	require.Equal(t, cafe, s.Zone(nasID, ""))
	require.Empty(t, s.Zone("another", "Lobby"))
	s.refused(t, cafe, string(s.long[0]), phone, wire.RefusedRollCodeInvalid, "Voucher invalid")
	s.refused(t, lobby, s.code(1), phone, wire.RefusedRollCodeInvalid, "Code invalid")
}

// TestTimeRunsFromTheFirstUse and does not stop: not for a logout, another device or
// a restart without the hub.
func TestTimeRunsFromTheFirstUse(t *testing.T) {
	t.Parallel()
	for zone, code := range map[string]func(*site) string{
		cafe:  func(s *site) string { return s.code(2) },
		lobby: func(s *site) string { return s.long[1].Grouped() },
	} {
		s := newSite(t)
		ends := noon.Add(time.Hour)
		id := s.let(t, zone, code(s), phone, ends)
		s.now = noon.Add(20 * time.Minute)
		require.Equal(t, id, s.let(t, zone, code(s), laptop, ends))
		s.restart(t)
		require.NotNil(t, s.grants.Grant(id), "held again before anybody logs in")
		s.now = noon.Add(40 * time.Minute)
		s.let(t, zone, code(s), phone, ends)
		s.now = ends
		message := map[string]string{cafe: "Voucher expired", lobby: "Code expired"}[zone]
		s.refused(t, zone, code(s), phone, wire.RefusedRollCodeExpired, message)
		s.restart(t)
		s.refused(t, zone, code(s), phone, wire.RefusedRollCodeExpired, message)
	}
}

func TestLongCodesAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ends := noon.Add(time.Hour)
	id := s.let(t, lobby, string(s.long[0]), phone, ends)
	grouped := s.long[0].Grouped()
	for _, typed := range []string{grouped, grouped[:5] + " " + grouped[6:11] + " " + grouped[12:], " " + grouped + " "} {
		require.Equal(t, id, s.let(t, lobby, typed, phone, ends), typed)
	}
	s.let(t, lobby, string(s.long[1])+" "+string(s.long[2]), phone, noon.Add(2*time.Hour))
}

func TestSeveralCodesAddUpOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	text := s.code(1) + " " + s.code(2) + " " + s.code(1) + "22" // an alias of the first
	id := s.let(t, cafe, text, phone, noon.Add(2*time.Hour))
	s.now = noon.Add(time.Hour)
	require.Equal(t, id, s.let(t, cafe, text, phone, noon.Add(2*time.Hour)), "entered again, nothing is added")
	require.Equal(t, id, s.let(t, cafe, s.code(2), phone, noon.Add(2*time.Hour)), "the second is part of the access")
	require.Equal(t, id, s.let(t, cafe, s.code(2)+" "+s.code(3), phone, noon.Add(3*time.Hour)))
	s.refused(t, cafe, s.code(4)+" nonsense", phone, wire.RefusedRollCodeInvalid, "Voucher invalid")
	s.let(t, cafe, s.code(4), laptop, noon.Add(2*time.Hour))
	s.refused(t, cafe, "22222", phone, wire.RefusedRollCodeInvalid, "Voucher invalid")
}

func TestASecondDevice(t *testing.T) {
	t.Parallel()
	for logins, want := range map[roll.Logins]struct {
		cut     []string
		refused wire.RefusedReason
	}{
		roll.LastLogin:      {cut: []string{phone}},
		roll.FirstLogin:     {refused: wire.RefusedInUse},
		roll.MultipleLogins: {},
	} {
		s := newSite(t)
		s.set.Zones[1].Logins = logins
		_, err := s.Replace(s.set)
		require.NoError(t, err)
		s.let(t, cafe, s.code(1), phone, noon.Add(time.Hour))
		s.let(t, cafe, s.code(1), phone, noon.Add(time.Hour)) // it just comes back
		require.Empty(t, s.cut)
		require.Equal(t, want.refused, s.enter(cafe, s.code(1), laptop).Refused)
		var cut []string
		for _, session := range s.cut {
			cut = append(cut, session.MAC)
		}
		require.Equal(t, want.cut, cut, logins)
	}
}

// TestNothingIsUsedUnrecorded: without the disk nobody is let in for the first time,
// nor is the code used; who is in comes back.
func TestNothingIsUsedUnrecorded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.let(t, cafe, s.code(1), phone, noon.Add(time.Hour))
	s.fullDisk = true
	s.refused(t, cafe, s.code(2), laptop, wire.RefusedNotRecorded, "")
	s.let(t, cafe, s.code(1), phone, noon.Add(time.Hour))
	s.now = noon.Add(30 * time.Minute)
	s.fullDisk = false
	s.let(t, cafe, s.code(2), laptop, noon.Add(90*time.Minute))
}

// TestTheHubHears of a first use once the journal takes it, also after a restart.
func TestTheHubHears(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.journal.full = true
	s.let(t, cafe, s.code(1)+" "+s.code(2), phone, noon.Add(2*time.Hour))
	require.Error(t, s.report(t.Context()))
	s.restart(t)
	s.journal.full = false
	ctx, cancel := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { _ = s.Run(ctx) })
	<-s.journal.came
	cancel()
	run.Wait()
	require.Len(t, s.journal.uses, 1)
	use := s.journal.uses[0]
	require.Equal(t, cafe, use.ZoneID)
	require.Equal(t, nasID, use.NASID)
	require.Equal(t, []wire.RollEntry{
		{RollID: cafeR, Ticket: 1, At: noon, HolderRollID: cafeR, HolderTicket: 1, ForSeconds: 3600},
		{RollID: cafeR, Ticket: 2, At: noon, HolderRollID: cafeR, HolderTicket: 1, ForSeconds: 3600},
	}, use.Entries)
	require.NoError(t, s.report(t.Context()))
	require.Len(t, s.journal.uses, 1, "told once")
}

// TestTheHubHearsOfAUseBeforeItsAccounting: the journal has it when the guest is let
// in, and is told once.
func TestTheHubHearsOfAUseBeforeItsAccounting(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.let(t, cafe, s.code(1), phone, noon.Add(time.Hour))
	require.Len(t, s.journal.uses, 1)
	require.NoError(t, s.report(t.Context()))
	require.Empty(t, s.state.unreported)
	require.Len(t, s.journal.uses, 1)
}

// TestALostBookMakesNoCodeFresh.
func TestALostBookMakesNoCodeFresh(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.let(t, cafe, s.code(1), phone, noon.Add(time.Hour))
	require.NoError(t, s.Book.Close())
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "rolls.db"), []byte("not a database"), 0o600))
	s.open(t)
	require.False(t, s.Complete())
	require.False(t, s.Leads(nasID))
}
