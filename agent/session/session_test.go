package session

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func after(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

const mac = "02:00:00:00:00:01"

type faultyDisk struct {
	vault.Tx
	full atomic.Bool
}

func (d *faultyDisk) Update(f func(*bbolt.Tx) error) error {
	return d.Tx.Update(func(tx *bbolt.Tx) error {
		if d.full.Load() {
			return errors.Join(f(tx), syscall.ENOSPC)
		}
		return f(tx)
	})
}

// A bench is a table at noon and what it stands on.
type bench struct {
	*Table
	cfg  Config
	now  atomic.Pointer[time.Time]
	disk *faultyDisk
}

func (b *bench) set(now time.Time) { b.now.Store(&now) }

func setup(t testing.TB, limit int) *bench {
	t.Helper()
	b, dir := &bench{}, t.TempDir()
	b.set(noon)
	keys, err := vault.Open(filepath.Join(dir, "ledger.key"), rand.Reader)
	require.NoError(t, err)
	b.cfg = Config{Dir: dir, Keys: keys, Now: func() time.Time { return *b.now.Load() }, Max: limit, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	b.open(t)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func (b *bench) open(t testing.TB) {
	t.Helper()
	table, err := Open(b.cfg)
	require.NoError(t, err)
	b.Table = table
	b.disk = &faultyDisk{Tx: table.db.Tx}
	table.db.Tx = b.disk
}

func (b *bench) reopen(t testing.TB) {
	t.Helper()
	require.NoError(t, b.Close())
	b.open(t)
}

func login(device string) wire.Session {
	return wire.Session{Key: wire.SessionKey{NASID: "nas", StartedAt: noon}, GrantID: "grant", VisitID: "visit", Username: "v-guest", MAC: device}
}

// said is accounting of a session that began at noon, at a number of seconds.
func said(status wire.AccountingStatus, acct string, seconds int, octets uint64) wire.Accounting {
	a := wire.Accounting{Status: status, EventAt: after(seconds), InputOctets: octets, SessionSeconds: uint32(seconds)}
	a.Session = login(mac)
	a.Session.Key.AcctSessionID = acct
	return a
}

func key(acct string) wire.SessionKey {
	return wire.SessionKey{NASID: "nas", AcctSessionID: acct, StartedAt: noon}
}

func (b *bench) status(k wire.SessionKey) Status {
	s, _ := b.Watch(wire.Session{Key: k})
	return s
}

func TestASessionsLife(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.Account(said(wire.AccountingStart, "a", 0, 0))
	require.Len(t, b.ByGrant("grant"), 1)
	b.Account(said(wire.AccountingInterim, "a", 300, 1000))
	s := b.status(key("a"))
	require.True(t, s.Known)
	require.Equal(t, after(300), s.SeenAt)
	require.Equal(t, after(300), s.InterimAt)
	require.Zero(t, s.EndedAt)
	b.Account(said(wire.AccountingStop, "a", 400, 900))
	s = b.status(key("a"))
	require.Equal(t, after(400), s.EndedAt)
	require.True(t, s.Stopped)
	require.Empty(t, b.ByGrant("grant"))
	require.Equal(t, uint64(1000), b.byKey(key("a")).Input, "counters never go back")
}

func TestStopBeforeStartLeavesItEnded(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.Account(said(wire.AccountingStop, "a", 60, 5))
	b.Account(said(wire.AccountingStart, "a", 0, 0))
	b.Account(said(wire.AccountingInterim, "a", 30, 1))
	b.Account(said(wire.AccountingInterim, "a", 90, 9))
	require.Empty(t, b.ByGrant("grant"))
	require.Equal(t, after(60), b.status(key("a")).EndedAt)
}

func TestOnAndOffCloseWhatTheNASHad(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.Account(said(wire.AccountingStart, "a", 0, 0))
	b.Accepted(login("02:00:00:00:00:02"), after(900))
	other := said(wire.AccountingStart, "c", 0, 0)
	other.Session.Key.NASID = "other"
	b.Account(other)

	b.Account(wire.Accounting{Status: wire.AccountingOn, EventAt: after(10), Session: wire.Session{Key: wire.SessionKey{NASID: "nas"}}})
	require.Len(t, b.ByGrant("grant"), 1)
	require.Equal(t, after(10), b.status(key("a")).EndedAt)
	require.False(t, b.status(key("a")).Stopped)

	b.Account(said(wire.AccountingInterim, "a", 5, 0)) // late, from before
	require.Len(t, b.ByGrant("grant"), 1)
	b.reopen(t)
	b.Account(said(wire.AccountingStart, "b", 3, 0)) // from before, first heard of now
	require.Len(t, b.ByGrant("grant"), 1)
	b.Account(said(wire.AccountingInterim, "a", 15, 0)) // it lives after all
	require.Len(t, b.ByGrant("grant"), 2)
	b.Account(said(wire.AccountingStop, "a", 20, 0))
	require.Equal(t, after(20), b.status(key("a")).EndedAt)
}

func TestReusedSessionIDIsAnotherSession(t *testing.T) {
	t.Parallel()
	for _, gap := range []int{1, 3600} {
		b := setup(t, 0)
		b.Account(said(wire.AccountingStart, "a", 0, 0))
		b.Account(said(wire.AccountingStop, "a", 30, 100))
		again := said(wire.AccountingStart, "a", 0, 0)
		again.EventAt, again.Session.Key.StartedAt = after(30+gap), after(30+gap)
		b.Account(again)
		require.Len(t, b.ByGrant("grant"), 1)
		require.Equal(t, after(30+gap), b.ByGrant("grant")[0].Key.StartedAt)
		b.Account(said(wire.AccountingStart, "a", 0, 0)) // a late repeat
		require.Len(t, b.ByGrant("grant"), 1)
	}
}

// began is accounting of a guest's session under an Acct-Session-Id that others
// have as well.
func began(status wire.AccountingStatus, guest string, start, seconds int) wire.Accounting {
	a := said(status, "00000001", seconds, 0)
	a.EventAt, a.Session.Key.StartedAt = after(start+seconds), after(start)
	a.Session.MAC, a.Session.GrantID, a.Session.Username = "mac-"+guest, "grant-"+guest, "v-"+guest
	return a
}

func on(seconds int) wire.Accounting {
	return wire.Accounting{Status: wire.AccountingOn, EventAt: after(seconds), Session: wire.Session{Key: wire.SessionKey{NASID: "nas"}}}
}

// A NAS was switched off and on and numbers its sessions from the first again.
// Each part by which the guests differ tells them apart, whether the end of the
// first one is known or not, and whatever is said of the second.
func TestPowerCycledNASUsesIDsAgain(t *testing.T) {
	t.Parallel()
	parts := map[string]func(a, b *wire.Session){
		"all":      func(_, _ *wire.Session) {},
		"MAC":      func(a, b *wire.Session) { a.GrantID, a.Username = b.GrantID, b.Username },
		"name":     func(a, b *wire.Session) { a.MAC, a.GrantID, b.GrantID = b.MAC, "", "" },
		"grant":    func(a, b *wire.Session) { a.MAC, a.Username, b.Username = b.MAC, "", "" },
		"no MAC":   func(a, b *wire.Session) { a.MAC, b.MAC = "", "" },
		"only MAC": func(a, b *wire.Session) { *b = wire.Session{Key: b.Key, MAC: b.MAC} },
	}
	for name, edit := range parts {
		for _, ended := range []bool{false, true} {
			for _, second := range []wire.AccountingStatus{wire.AccountingStart, wire.AccountingInterim, wire.AccountingStop} {
				t.Run(fmt.Sprint(name, ended, second), func(t *testing.T) {
					t.Parallel()
					b := setup(t, 0)
					old, next := began(wire.AccountingStart, "a", 0, 0), began(second, "b", 45, 0)
					edit(&old.Session, &next.Session)
					b.Accepted(wire.Session{Key: key(""), GrantID: old.Session.GrantID, MAC: old.Session.MAC}, after(900))
					b.Account(b.Resolve(old))
					if ended {
						b.Account(on(40))
					}
					resolved := b.Resolve(next)
					require.Equal(t, after(45), resolved.Session.Key.StartedAt)
					require.Nil(t, resolved.Session.ExpiresAt)
					b.Account(resolved)
					b.Account(b.Resolve(next))
					s := b.status(began(wire.AccountingStart, "a", 0, 0).Session.Key)
					require.Equal(t, old.Session.MAC, s.Session.MAC)
					require.Equal(t, ended, !s.EndedAt.IsZero())
					require.False(t, s.Stopped, "another's Stop")
					require.Equal(t, after(45), b.status(next.Session.Key).SeenAt)
				})
			}
		}
	}
}

func TestTwoThatBeganAtOnceUnderOneID(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	for range 2 {
		b.Account(b.Resolve(began(wire.AccountingStart, "a", 0, 0)))
		b.Account(b.Resolve(began(wire.AccountingStart, "b", 0, 0)))
	}
	require.Len(t, b.ByGrant("grant-a"), 1)
	require.Len(t, b.ByGrant("grant-b"), 1)
	b.Account(b.Resolve(began(wire.AccountingStop, "b", 0, 30)))
	b.reopen(t)
	require.Len(t, b.ByGrant("grant-a"), 1)
	require.Empty(t, b.ByGrant("grant-b"))
}

// The same guest is back: only what the NAS, or a login, said in between tells
// the sessions apart.
func TestSameGuestAfterAPowerCycle(t *testing.T) {
	t.Parallel()
	first, second := began(wire.AccountingStart, "a", 0, 0), began(wire.AccountingStart, "a", 45, 0)
	t.Run("reset", func(t *testing.T) {
		t.Parallel()
		for name, order := range map[string][]wire.Accounting{
			"in order": {first, on(40), second}, "a late Start": {on(40), second, first}, "late": {second, on(40), first},
		} {
			b := setup(t, 0)
			for _, a := range order {
				b.Account(b.Resolve(a))
			}
			require.Equal(t, 2, b.count, name)
			open := b.ByGrant("grant-a")
			require.Len(t, open, 1, name)
			require.Equal(t, after(45), open[0].Key.StartedAt, name)
		}
	})
	t.Run("login", func(t *testing.T) {
		t.Parallel()
		b := setup(t, 0)
		nameless := first // a device that the NAS let in by itself
		nameless.Session.GrantID, nameless.Session.Username = "", ""
		b.Account(b.Resolve(nameless))
		login := second.Session
		login.Key.StartedAt = after(44)
		b.Accepted(login, after(900))
		require.Equal(t, second.Session.Key, b.Resolve(second).Session.Key)
		b.Account(b.Resolve(second))
		require.Equal(t, after(900), *b.status(second.Session.Key).Session.ExpiresAt)
	})
	t.Run("nothing", func(t *testing.T) {
		t.Parallel()
		b := setup(t, 0)
		b.Account(b.Resolve(first))
		b.Account(b.Resolve(second)) // as well a repeat that does not tell its delay
		require.Equal(t, 1, b.count)
	})
}

func TestLateStopDoesNotEndTheNextSession(t *testing.T) {
	t.Parallel()
	for _, seconds := range []uint32{0, 29} {
		b := setup(t, 0)
		b.Account(b.Resolve(began(wire.AccountingStart, "a", 31, 0)))
		late := began(wire.AccountingStop, "a", 1, 29)
		if late.SessionSeconds = seconds; seconds == 0 {
			late.Session.Key.StartedAt = late.EventAt
		}
		b.Account(b.Resolve(late))
		require.Len(t, b.ByGrant("grant-a"), 1)
	}
}

func TestLateOnSparesWhatBeganAfterIt(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	for guest, start := range map[string]int{"before": 8, "same second": 10, "after": 12} {
		a := began(wire.AccountingStart, guest, start, 0)
		a.Session.Key.AcctSessionID = guest
		b.Account(a)
	}
	late := on(10) // came after them all
	late.EventAt = late.EventAt.Add(900 * time.Millisecond)
	b.Account(late)
	require.Empty(t, b.ByGrant("grant-before"))
	require.Len(t, b.ByGrant("grant-same second"), 1)
	require.Len(t, b.ByGrant("grant-after"), 1)
}

func TestWanderingStartIsTheSameSession(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.Account(said(wire.AccountingStart, "a", 0, 0))
	for _, drift := range []int{-3, 2, 61} {
		a := said(wire.AccountingInterim, "a", 600, 0)
		a.Session.Key.StartedAt = after(drift)
		require.Equal(t, key("a"), b.Resolve(a).Session.Key)
		b.Account(a)
	}
	timeless := said(wire.AccountingStop, "a", 900, 0) // a NAS that sends no Acct-Session-Time
	timeless.SessionSeconds, timeless.Session.Key.StartedAt = 0, timeless.EventAt
	require.Equal(t, key("a"), b.Resolve(timeless).Session.Key)
	b.Account(timeless)
	require.Empty(t, b.ByGrant("grant"))
	require.Equal(t, 1, b.count)
}

func TestAccountingTakesTheLoginsPlace(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]func(*wire.Session){
		"all":      func(*wire.Session) {},
		"no grant": func(s *wire.Session) { s.GrantID, s.VisitID, s.Username = "", "", "" },
		"no MAC":   func(s *wire.Session) { s.MAC = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, 0)
			b.Accepted(login(mac), after(900))
			b.Accepted(login("02:00:00:00:00:99"), after(900)) // in the same instant
			require.Len(t, b.ByGrant("grant"), 2)
			a := said(wire.AccountingStart, "a", 1, 0)
			known(&a.Session)
			resolved := b.Resolve(a)
			require.Equal(t, "grant", resolved.Session.GrantID)
			require.Equal(t, visit.VisitID("visit"), resolved.Session.VisitID)
			b.Account(resolved)
			open := b.ByGrant("grant")
			require.Len(t, open, 2)
			require.Equal(t, mac, b.byKey(key("a")).Session.MAC)
			require.Equal(t, after(900), *b.byKey(key("a")).Session.ExpiresAt)
			require.Equal(t, key("a"), *b.status(key("")).ReplacedBy)

			b.Account(a)
			require.Len(t, b.ByGrant("grant"), 2, "a repeat takes no other's place")
		})
	}
}

func TestRenewedLoginIsTheSameSession(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.Accepted(login(mac), after(900))
	b.Account(said(wire.AccountingStart, "a", 1, 0))
	again := login(mac)
	again.Key.StartedAt = after(890)
	b.Accepted(again, after(1800))
	open := b.ByGrant("grant")
	require.Len(t, open, 1)
	require.Equal(t, after(1800), *open[0].ExpiresAt)
	require.Equal(t, after(890), b.status(key("a")).SeenAt)
}

func TestLoginWithoutAccountingEndsWithItsTimeout(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.Accepted(login(mac), after(900))
	b.set(after(900))
	require.Len(t, b.ByGrant("grant"), 1)
	b.set(after(900).Add(impliedGrace))
	require.Empty(t, b.ByGrant("grant"))
	require.Zero(t, b.Devices("grant", ""))
}

func TestDevices(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	require.Zero(t, b.Devices("grant", mac))
	b.Account(said(wire.AccountingStart, "a", 0, 0))
	b.Account(said(wire.AccountingStart, "b", 0, 0)) // the same device
	require.Equal(t, 1, b.Devices("grant", ""))
	require.Zero(t, b.Devices("grant", mac))
	b.Accepted(login("02:00:00:00:00:02"), after(9000))
	nameless := login("")
	nameless.Key.StartedAt = after(1)
	b.Accepted(nameless, after(9000))
	require.Equal(t, 3, b.Devices("grant", ""))
	b.Account(said(wire.AccountingInterim, "a", 300, 0))
	b.Account(said(wire.AccountingInterim, "b", 300, 0))
	b.set(after(300 + 3*300 + 1))
	require.Equal(t, 2, b.Devices("grant", ""), "a silent device does not keep others out")
	require.Len(t, b.ByGrant("grant"), 4, "but may be online")
	require.Len(t, b.Heard("grant"), 2)
}

func TestWhatOtherAgentsReported(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.Account(said(wire.AccountingStart, "mine", 0, 0))
	theirs := login("02:00:00:00:00:02")
	theirs.Key, theirs.ID = key("theirs"), "id-2"
	mine := wire.Session{Key: key("mine"), ID: "id-1"}
	b.Remote([]wire.Session{theirs, mine}, nil)
	open := b.ByGrant("grant")
	require.Len(t, open, 2)
	require.Equal(t, visit.SessionID("id-1"), b.byKey(key("mine")).Session.ID)
	require.Equal(t, 1, b.Devices("grant", mac))

	moved := theirs
	moved.IP = "10.0.0.7"
	b.Remote([]wire.Session{moved}, nil)
	require.Equal(t, "10.0.0.7", b.byKey(key("theirs")).Session.IP)
	b.Remote(nil, []wire.SessionKey{key("theirs"), key("mine"), key("unknown")})
	require.Empty(t, b.ByGrant("grant"))
	require.Equal(t, noon, b.status(key("mine")).EndedAt)
	require.False(t, b.status(key("mine")).Stopped)
}

func TestWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.Account(said(wire.AccountingStart, "a", 0, 0))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	wait := func(k wire.SessionKey, since time.Time) chan Status {
		done := make(chan Status, 1)
		_, changed := b.Watch(wire.Session{Key: k})
		go func() {
			s, _ := b.Wait(ctx, wire.Session{Key: k}, since)
			done <- s
		}()
		select {
		case <-changed:
			t.Fatal("nothing has changed")
		default:
		}
		return done
	}
	stop := wait(key("a"), after(1000))
	b.Account(said(wire.AccountingInterim, "a", 10, 0))
	select {
	case <-stop:
		t.Fatal("life before after is no news")
	default:
	}
	b.Account(said(wire.AccountingStop, "a", 20, 0))
	require.True(t, (<-stop).Stopped)

	life := wait(key("later"), after(50)) // not known yet
	b.Account(said(wire.AccountingInterim, "later", 60, 0))
	require.Equal(t, after(60), (<-life).SeenAt)

	gone := login("02:00:00:00:00:05")
	gone.Key.StartedAt = after(70)
	b.Accepted(gone, after(900))
	replaced := wait(gone.Key, after(70))
	a := said(wire.AccountingStart, "next", 71, 0)
	a.Session.MAC, a.Session.Key.StartedAt = gone.MAC, after(71)
	b.Account(a)
	require.Equal(t, "next", (<-replaced).ReplacedBy.AcctSessionID)
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := memory(time.Now)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s, err := table.Wait(ctx, wire.Session{Key: key("nobody")}, noon)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.False(t, s.Known)
	})
}

// memory is a table without a disk.
func memory(now func() time.Time) *Table {
	t := &Table{cfg: Config{Now: now, Max: defaultMax}, wake: make(chan struct{}, 1)}
	t.clear()
	return t
}

func TestTheTableSurvivesARestart(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.Accepted(login("02:00:00:00:00:02"), after(900))
	b.Account(said(wire.AccountingInterim, "a", 60, 1<<40))
	b.Account(said(wire.AccountingStop, "b", 60, 5))
	before := snapshot(b.Table)
	b.reopen(t)
	require.Equal(t, before, snapshot(b.Table))
	require.Len(t, b.ByGrant("grant"), 2)
	file, err := os.ReadFile(filepath.Join(b.cfg.Dir, "sessions.db"))
	require.NoError(t, err)
	require.NotContains(t, string(file), "02:00:00")
	require.NotContains(t, string(file), "v-guest")
}

func snapshot(t *Table) map[wire.SessionKey]state {
	all := map[wire.SessionKey]state{}
	for _, r := range t.all() {
		all[r.Session.Key] = r.state
	}
	return all
}

func TestWritesGatherAndFollow(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.Account(said(wire.AccountingStart, "a", 0, 0))
	require.Eventually(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.dirty) == 0
	}, 5*time.Second, 10*time.Millisecond)
}

func TestFullDiskLosesNothingInMemory(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.disk.full.Store(true)
	b.Account(said(wire.AccountingStart, "a", 0, 0))
	require.Eventually(t, func() bool { return b.Stats().DiskError == "no_space" }, 5*time.Second, 10*time.Millisecond)
	require.Len(t, b.ByGrant("grant"), 1)
	b.disk.full.Store(false)
	require.Eventually(t, func() bool { return b.Stats().DiskError == "" }, 5*time.Second, 10*time.Millisecond)
	b.reopen(t)
	require.Len(t, b.ByGrant("grant"), 1)
}

func TestOtherKeyMeansAnEmptyTable(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.Account(said(wire.AccountingStart, "a", 0, 0))
	keys, err := vault.Open(filepath.Join(t.TempDir(), "other.key"), rand.Reader)
	require.NoError(t, err)
	b.cfg.Keys = keys
	b.reopen(t)
	require.Empty(t, b.ByGrant("grant"))
	b.Account(said(wire.AccountingStart, "b", 0, 0))
	b.reopen(t)
	require.Len(t, b.ByGrant("grant"), 1)
}

func TestRoomIsMadeInOrderOfWorth(t *testing.T) {
	t.Parallel()
	b := setup(t, 100)
	for n := range 40 {
		b.Account(said(wire.AccountingStart, fmt.Sprint("open", n), 0, 0))
	}
	for n := range 30 {
		b.Account(said(wire.AccountingStop, fmt.Sprint("ended", n), n, 0))
		b.Accepted(login(fmt.Sprint("device", n)), after(900))
	}
	for n := range 40 {
		b.Account(said(wire.AccountingStart, fmt.Sprint("more", n), 0, 0))
	}
	require.LessOrEqual(t, b.count, 100)
	sessions := 0
	for _, s := range b.ByGrant("grant") {
		if s.Key.AcctSessionID != "" {
			sessions++
		}
	}
	require.Equal(t, 80, sessions, "ended ones and logins go first")
	require.Positive(t, b.Stats().Dropped)
	require.Less(t, b.Stats().Dropped, int64(30))
	before := snapshot(b.Table)
	b.reopen(t)
	require.Equal(t, before, snapshot(b.Table))
}

func TestOldSessionsAreForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.Account(said(wire.AccountingStart, "open", 0, 0))
	b.Account(said(wire.AccountingStop, "ended", 0, 0))
	b.Accepted(login("02:00:00:00:00:02"), after(900))
	b.Watch(wire.Session{Key: key("unknown")})
	for _, c := range []struct {
		after time.Duration
		left  int
	}{{time.Hour, 3}, {2 * time.Hour, 2}, {25 * time.Hour, 1}, {8 * 24 * time.Hour, 0}} {
		b.set(noon.Add(c.after))
		b.sweep()
		require.Equal(t, c.left, b.count, c.after)
	}
	require.Empty(t, b.byNAS)
	require.Empty(t, b.byGrant)
	require.Empty(t, b.byDevice)
	require.Empty(t, b.watchers)
	b.reopen(t)
	require.Zero(t, b.count)
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	b := setup(t, 500)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := range 400 {
				id := fmt.Sprint(n)
				b.Accepted(login(fmt.Sprint("device", n)), after(900))
				b.Account(b.Resolve(said(wire.AccountingStatus([]string{"start", "interim", "stop", "on"}[(n+w)%4]), id, n, uint64(n))))
				b.ByGrant("grant")
				b.Devices("grant", mac)
				b.Watch(wire.Session{Key: key(id)})
				b.Stats()
				if n%100 == 0 {
					b.sweep()
				}
			}
		})
	}
	wg.Wait()
	before := snapshot(b.Table)
	b.reopen(t)
	require.Equal(t, before, snapshot(b.Table))
}

func BenchmarkAccepted(b *testing.B) {
	t := memory(func() time.Time { return noon })
	sessions := make([]wire.Session, 10_000)
	for n := range sessions {
		sessions[n] = login(fmt.Sprint("device", n))
		sessions[n].GrantID = fmt.Sprint("grant", n)
		sessions[n].Key.StartedAt = noon.Add(time.Duration(n) * time.Millisecond)
	}
	until := after(900)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		t.Accepted(sessions[i%len(sessions)], until)
	}
}

func BenchmarkInterim(b *testing.B) {
	t := memory(func() time.Time { return noon })
	a := make([]wire.Accounting, 10_000)
	for n := range a {
		a[n] = said(wire.AccountingInterim, fmt.Sprint("session", n), 300, uint64(n))
		a[n].Session.GrantID = fmt.Sprint("grant", n)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		t.Account(t.Resolve(a[i%len(a)]))
	}
}
