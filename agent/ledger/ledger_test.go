package ledger

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("LEDGER_SWAP_DIR"); dir != "" {
		swapForever(dir)
	}
	if dir := os.Getenv("LEDGER_FULL_DIR"); dir != "" {
		fillDisk(dir)
	}
	goleak.VerifyTestMain(m)
}

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// A faultyDisk runs transactions and, while full, lets them fail before they are
// committed.
type faultyDisk struct {
	vault.Tx
	full    atomic.Bool
	commits atomic.Int64
}

func (d *faultyDisk) Update(f func(*bbolt.Tx) error) error {
	d.commits.Add(1)
	return d.Tx.Update(func(tx *bbolt.Tx) error {
		return errors.Join(f(tx), d.err())
	})
}

func (d *faultyDisk) err() error {
	if d.full.Load() {
		return &os.PathError{Op: "write", Path: "ledger.db", Err: syscall.ENOSPC}
	}
	return nil
}

// A bench is a ledger at noon and what it stands on.
type bench struct {
	*Ledger
	dir  string
	keys *seal.Keyring
	now  atomic.Pointer[time.Time]
	disk *faultyDisk
	lazy bool // does not wait for the disk: restarts are clean
}

func (b *bench) set(now time.Time) { b.now.Store(&now) }

func setup(t testing.TB) *bench {
	t.Helper()
	b := &bench{dir: t.TempDir()}
	b.set(noon)
	keys, err := vault.Open(filepath.Join(b.dir, "ledger.key"), rand.Reader)
	require.NoError(t, err)
	b.keys = keys
	b.open(t)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func (b *bench) open(t testing.TB) {
	t.Helper()
	l, err := Open(Config{Dir: b.dir, Keys: b.keys, Now: func() time.Time { return *b.now.Load() }, Logger: quiet()})
	require.NoError(t, err)
	b.Ledger = l
	l.disk.db.Tx.(*bbolt.DB).NoSync = b.lazy
	b.disk = &faultyDisk{Tx: l.disk.db.Tx}
	l.disk.db.Tx = b.disk
}

func (b *bench) reopen(t testing.TB) {
	t.Helper()
	require.NoError(t, b.Close())
	b.open(t)
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func grant(n int) wire.Grant {
	return wire.Grant{
		ID: fmt.Sprintf("grant-%06d", n), Kind: wire.GrantVisit, VisitID: visit.VisitID(fmt.Sprintf("visit-%06d", n)),
		Username: fmt.Sprintf("v-%08d", n), Password: fmt.Sprintf("canary%06d", n),
		NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour),
	}
}

func grants(n int) []wire.Grant {
	all := make([]wire.Grant, n)
	for i := range all {
		all[i] = grant(i)
	}
	return all
}

func at(revision int64) wire.Position {
	return wire.Position{Revision: revision, Stamp: uint64(revision)}
}

func put(revision int64, g wire.Grant) *wire.Entry {
	return &wire.Entry{Type: wire.TypeVoucherUpdate, Position: at(revision), ObjectID: g.ID, Grant: &g}
}

func drop(revision int64, id string) *wire.Entry {
	return &wire.Entry{Type: wire.TypeVoucherRevoke, Position: at(revision), ObjectID: id}
}

// filled has n grants at revision 1.
func filled(t testing.TB, n int) *bench {
	b := setup(t)
	_, err := b.Replace(Set{Position: at(1), Grants: grants(n)})
	require.NoError(t, err)
	return b
}

func (b *bench) reason(g wire.Grant) wire.RefusedReason {
	_, why := b.Lookup(g.Username)
	return why
}

func TestEmptyLedgerTakesOnlyASnapshot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, empty := b.Position()
	require.True(t, empty)
	_, err := b.Apply([]*wire.Entry{put(1, grant(1))})
	require.ErrorIs(t, err, ErrEmpty)
	require.Equal(t, wire.RefusedUnknownUser, b.reason(grant(1)))

	_, err = b.Replace(Set{Position: at(7)})
	require.NoError(t, err)
	pos, empty := b.Position()
	require.False(t, empty)
	require.Equal(t, at(7), pos)
}

func TestAGrantsLife(t *testing.T) {
	t.Parallel()
	b, g := filled(t, 0), grant(1)
	ended, err := b.Apply([]*wire.Entry{put(2, g)})
	require.NoError(t, err)
	require.Empty(t, ended)

	got, why := b.Lookup(" V-00000001 ")
	require.Empty(t, why)
	require.Equal(t, g, *got)
	require.Equal(t, g, *b.Grant(g.ID))

	longer := g
	longer.NotAfter = noon.Add(2 * time.Hour)
	_, err = b.Apply([]*wire.Entry{put(3, longer)})
	require.NoError(t, err)
	b.set(noon.Add(90 * time.Minute))
	require.Empty(t, b.reason(g))

	ended, err = b.Apply([]*wire.Entry{drop(4, g.ID)})
	require.NoError(t, err)
	require.Equal(t, []Ended{{Grant: longer, Reason: wire.RefusedRevoked}}, ended)
	require.Equal(t, wire.RefusedRevoked, b.reason(g))
	former, _ := b.Lookup(g.Username)
	require.Equal(t, g.VisitID, former.VisitID)
	require.Empty(t, former.Password)
	require.Nil(t, b.Grant(g.ID))

	require.NoError(t, b.SetEpoch(1))
	b.reopen(t)
	require.Equal(t, wire.RefusedRevoked, b.reason(g), "remembered over a restart")
	require.Len(t, b.former.oldest, 1, "once")
	b.set(noon.Add(26 * time.Hour))
	require.Equal(t, wire.RefusedUnknownUser, b.reason(g), "for a day")
}

func TestAccessHasABeginAndAnEnd(t *testing.T) {
	t.Parallel()
	b, g := filled(t, 2), grant(1)
	for _, c := range []struct {
		now time.Time
		why wire.RefusedReason
	}{
		{g.NotBefore.Add(-time.Minute), wire.RefusedNotYetValid},
		{g.NotBefore, ""},
		{g.NotAfter.Add(-1), ""},
		{g.NotAfter, wire.RefusedExpired},
	} {
		b.set(c.now)
		require.Equal(t, c.why, b.reason(g), c.now)
	}
	_, err := b.Apply([]*wire.Entry{drop(2, g.ID)})
	require.NoError(t, err)
	require.Equal(t, wire.RefusedExpired, b.reason(g), "dropped after its end is still expired")
}

func TestNewPasswordEndsTheOldOnesSessions(t *testing.T) {
	t.Parallel()
	b, g := filled(t, 2), grant(1)
	g.Password = "another"
	ended, err := b.Apply([]*wire.Entry{put(2, g)})
	require.NoError(t, err)
	require.Equal(t, []Ended{{Grant: grant(1), Reason: wire.RefusedRevoked}}, ended)
	got, why := b.Lookup(g.Username)
	require.Empty(t, why)
	require.Equal(t, "another", got.Password)
}

func TestLowerOrRepeatedRevisionChangesNothing(t *testing.T) {
	t.Parallel()
	b := filled(t, 2)
	_, err := b.Apply([]*wire.Entry{put(5, grant(5))})
	require.NoError(t, err)
	commits := b.disk.commits.Load()
	for _, e := range []*wire.Entry{drop(5, grant(5).ID), drop(4, grant(1).ID), put(3, grant(9))} {
		ended, err := b.Apply([]*wire.Entry{e})
		require.NoError(t, err)
		require.Empty(t, ended)
	}
	require.Equal(t, commits, b.disk.commits.Load())
	require.Empty(t, b.reason(grant(1)))
	require.Empty(t, b.reason(grant(5)))
	require.Equal(t, wire.RefusedUnknownUser, b.reason(grant(9)))
}

func TestSnapshotOfAnotherLineageReplacesWhateverItsRevision(t *testing.T) {
	t.Parallel()
	b := filled(t, 3)
	_, err := b.Apply([]*wire.Entry{put(90, grant(90))})
	require.NoError(t, err)
	ended, err := b.Replace(Set{Position: wire.Position{Revision: 40, Stamp: 4}, Grants: grants(2)})
	require.NoError(t, err)
	require.Len(t, ended, 2) // 2 and 90
	pos, _ := b.Position()
	require.Equal(t, wire.Position{Revision: 40, Stamp: 4}, pos)
	require.Equal(t, wire.RefusedRevoked, b.reason(grant(90)))
	_, err = b.Apply([]*wire.Entry{put(41, grant(41))})
	require.NoError(t, err)
	b.reopen(t)
	for _, n := range []int{0, 1, 41} {
		require.Empty(t, b.reason(grant(n)))
	}
	require.Equal(t, 3, b.Stats().Grants)
}

// Six commands in every order, the first repeated after each: the highest revision
// decides (P7).
func TestOrderAndRepetitionDoNotMatter(t *testing.T) {
	t.Parallel()
	b := filled(t, 0)
	b.lazy = true
	b.reopen(t)
	commands := func(base int64) []*wire.Entry {
		var all []*wire.Entry
		for i := range int64(6) {
			g := grant(1)
			g.NotAfter = noon.Add(time.Duration(i) * time.Hour)
			all = append(all, put(base+i, g))
		}
		all[2] = drop(base+2, grant(1).ID)
		return all
	}
	base, orders := int64(10), 0
	permute([]int{0, 1, 2, 3, 4, 5}, func(order []int) {
		orders++
		all := commands(base)
		for _, i := range order {
			_, err := b.Apply(all[i : i+1])
			require.NoError(t, err)
			_, err = b.Apply(all[order[0] : order[0]+1])
			require.NoError(t, err)
		}
		pos, _ := b.Position()
		require.Equal(t, at(base+5), pos)
		require.Equal(t, *all[5].Grant, *b.Grant(grant(1).ID))
		base += 10
	})
	require.Equal(t, 720, orders)
}

func permute(rest []int, visit func([]int)) {
	var walk func(k int)
	walk = func(k int) {
		if k == len(rest) {
			visit(rest)
			return
		}
		for i := k; i < len(rest); i++ {
			rest[k], rest[i] = rest[i], rest[k]
			walk(k + 1)
			rest[k], rest[i] = rest[i], rest[k]
		}
	}
	walk(0)
}

func TestEntriesThatMakeNoSenseLetNobodyIn(t *testing.T) {
	t.Parallel()
	b := filled(t, 2)
	nameless, endless := grant(1), grant(5)
	nameless.Username, endless.NotAfter = " ", time.Time{}
	_, err := b.Apply([]*wire.Entry{
		put(2, nameless), put(3, endless),
		{Type: wire.TypeGrantPut, Position: at(4), ObjectID: "grant-6"},
		{Type: wire.TypeNASPut, Position: at(5), ObjectID: "nas-1"},
		{Type: "something.new", Position: at(6), ObjectID: "x"},
	})
	require.NoError(t, err)
	pos, _ := b.Position()
	require.Equal(t, at(6), pos)
	for _, name := range []string{"", " ", grant(1).Username, endless.Username} {
		_, why := b.Lookup(name)
		require.NotEmpty(t, why, name)
	}
}

func TestTwoGrantsWithOneNameAreBothFound(t *testing.T) {
	t.Parallel()
	b, twin := filled(t, 2), grant(9)
	twin.Username, twin.NotBefore = grant(1).Username, noon.Add(30*time.Minute)
	_, err := b.Apply([]*wire.Entry{put(2, twin)})
	require.NoError(t, err)
	got, _ := b.Lookup(twin.Username)
	require.Equal(t, grant(1).ID, got.ID)
	_, err = b.Apply([]*wire.Entry{drop(3, grant(1).ID)})
	require.NoError(t, err)
	b.set(noon.Add(40 * time.Minute))
	got, why := b.Lookup(twin.Username)
	require.Empty(t, why)
	require.Equal(t, twin.ID, got.ID)
}

func TestOldNamesAreBounded(t *testing.T) {
	t.Parallel()
	b := filled(t, rememberMax+50)
	_, err := b.Replace(Set{Position: at(2)})
	require.NoError(t, err)
	known := func() (n int) {
		for i := range rememberMax + 50 {
			if b.reason(grant(i)) == wire.RefusedRevoked {
				n++
			}
		}
		return n
	}
	require.Equal(t, rememberMax, known())
	b.reopen(t)
	require.Equal(t, rememberMax, known())
	_, err = b.Apply([]*wire.Entry{put(3, grant(rememberMax+100)), drop(4, grant(1).ID)})
	require.NoError(t, err)
	_, err = b.Apply([]*wire.Entry{drop(5, grant(rememberMax+100).ID)})
	require.NoError(t, err)
	b.reopen(t)
	require.Len(t, b.former.oldest, rememberMax)
}

// An agent's disk is no archive: names of former guests go after a day.
func TestOldNamesAreForgottenOnDiskToo(t *testing.T) {
	t.Parallel()
	b := filled(t, 3)
	_, err := b.Apply([]*wire.Entry{drop(2, grant(0).ID)})
	require.NoError(t, err)
	b.set(noon.Add(time.Hour))
	_, err = b.Apply([]*wire.Entry{drop(3, grant(1).ID)})
	require.NoError(t, err)
	b.set(noon.Add(rememberFor))
	require.NoError(t, b.purge())
	require.Len(t, b.former.oldest, 2, "not a moment too early")
	b.set(noon.Add(rememberFor + time.Nanosecond))
	require.NoError(t, b.purge())
	b.reopen(t)
	require.Len(t, b.former.oldest, 1)
	require.Equal(t, grant(1).ID, b.former.oldest[0].Grant.ID)
	require.Equal(t, 1, b.Ledger.disk.past)
}

func nas(id, source string) wire.NAS {
	return wire.NAS{ID: visit.NASID(id), Source: netip.MustParsePrefix(source), Secret: "canary-secret"}
}

func TestMostSpecificNASWins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.Replace(Set{Position: at(1), NASes: []wire.NAS{
		nas("site", "10.0.0.0/8"), nas("hall", "10.1.0.0/16"), nas("ap", "10.1.2.3/32"), nas("twin", "10.1.2.3/32"),
		nas("v6", "2001:db8::/32"), nas("mapped", "::ffff:192.168.0.0/112"),
	}})
	require.NoError(t, err)
	check := func() {
		for addr, want := range map[string]visit.NASID{
			"10.9.9.9": "site", "10.1.9.9": "hall", "10.1.2.3": "ap", "::ffff:10.1.2.3": "ap",
			"2001:db8::1": "v6", "2001:db8::1%eth0": "v6", "192.168.7.7": "mapped",
		} {
			n := b.NAS(netip.MustParseAddr(addr))
			require.NotNil(t, n, addr)
			require.Equal(t, want, n.ID, addr)
		}
		require.Nil(t, b.NAS(netip.MustParseAddr("11.0.0.1")))
		require.Nil(t, b.NAS(netip.Addr{}))
	}
	check()
	b.reopen(t)
	check()

	_, err = b.Apply([]*wire.Entry{{Type: wire.TypeNASDrop, Position: at(2), ObjectID: "ap"}, {Type: wire.TypeNASDrop, Position: at(3), ObjectID: "twin"}})
	require.NoError(t, err)
	require.Equal(t, visit.NASID("hall"), b.NAS(netip.MustParseAddr("10.1.2.3")).ID)
	require.Nil(t, b.NASByID("ap"))
	require.Equal(t, 4, b.Stats().NASes)
}

func TestEpochIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Zero(t, b.Epoch())
	require.NoError(t, b.SetEpoch(7))
	b.reopen(t)
	require.Equal(t, int64(7), b.Epoch())
	_, empty := b.Position()
	require.True(t, empty)
}
