package ledger

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestFullDiskAcknowledgesNothingAndRecovers(t *testing.T) {
	t.Parallel()
	b := filled(t, 3)
	b.disk.full.Store(true)
	batch := []*wire.Entry{drop(2, grant(0).ID), put(3, grant(7))}
	ended, err := b.Apply(batch)
	require.Error(t, err)
	require.Len(t, ended, 1, "sessions end although the disk is full")
	require.Equal(t, wire.RefusedRevoked, b.reason(grant(0)), "a revoke works in memory at once")
	require.Equal(t, wire.RefusedUnknownUser, b.reason(grant(7)), "what could not be kept is not granted")
	require.Equal(t, "no_space", b.Stats().DiskError)
	pos, _ := b.Position()
	require.Equal(t, at(1), pos)

	_, err = b.Replace(Set{Position: at(9), Grants: grants(2)[1:]})
	require.Error(t, err)
	require.Empty(t, b.reason(grant(1)))
	require.Equal(t, wire.RefusedRevoked, b.reason(grant(2)))
	require.Error(t, b.SetEpoch(4))
	require.Zero(t, b.Epoch())

	b.disk.full.Store(false)
	ended, err = b.Apply(batch)
	require.NoError(t, err)
	require.Empty(t, ended, "told once")
	require.Empty(t, b.reason(grant(7)))
	require.Empty(t, b.Stats().DiskError)
	b.reopen(t)
	require.Equal(t, wire.RefusedRevoked, b.reason(grant(0)))
	require.Empty(t, b.reason(grant(7)))
	pos, _ = b.Position()
	require.Equal(t, at(3), pos)
}

// TestClearLetsNobodyIn, not even after a restart, and whether the disk works or not.
func TestClearLetsNobodyIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.Replace(Set{Position: at(1), Grants: grants(3), NASes: []wire.NAS{nas("n", "10.0.0.0/8")}})
	require.NoError(t, err)
	b.disk.full.Store(true)
	ended, err := b.Clear()
	require.Error(t, err)
	require.Len(t, ended, 3)
	require.Equal(t, wire.RefusedRevoked, b.reason(grant(0)))
	b.disk.full.Store(false)
	ended, err = b.Clear()
	require.NoError(t, err)
	require.Empty(t, ended, "told once")
	require.Zero(t, b.Stats().Grants)

	b.reopen(t)
	require.Equal(t, wire.RefusedRevoked, b.reason(grant(0)))
	_, empty := b.Position()
	require.True(t, empty)
	require.NotNil(t, b.NASByID("n"), "it is told that a guest is refused")
	_, err = b.Apply([]*wire.Entry{put(2, grant(0))})
	require.ErrorIs(t, err, ErrEmpty)
	_, err = b.Replace(Set{Position: at(5), Grants: grants(1)})
	require.NoError(t, err)
	require.Empty(t, b.reason(grant(0)))
	require.Equal(t, wire.RefusedRevoked, b.reason(grant(1)))
}

// The caller may change a set that the disk did not take, and try again.
func TestReadersKeepTheirOwnNASes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	set := Set{Position: at(1), NASes: []wire.NAS{nas("m", "10.9.0.0/16"), nas("n", "10.0.0.0/8")}}
	_, err := b.Replace(set)
	require.NoError(t, err)
	b.disk.full.Store(true)
	_, err = b.Replace(set)
	require.Error(t, err)
	set.NASes = slices.Delete(set.NASes, 0, 1)
	require.Equal(t, "n", string(b.NASByID("n").ID))
	require.Equal(t, "m", string(b.NASByID("m").ID))
}

func TestNothingReadableIsOnDisk(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.Replace(Set{Position: at(1), Grants: grants(100), NASes: []wire.NAS{nas("n", "10.0.0.0/8")}})
	require.NoError(t, err)
	_, err = b.Apply([]*wire.Entry{drop(2, grant(5).ID)})
	require.NoError(t, err)
	file, err := os.ReadFile(filepath.Join(b.dir, "ledger.db"))
	require.NoError(t, err)
	require.Contains(t, string(file), grant(7).ID, "the control: keys are readable")
	require.NotContains(t, string(file), "canary")
	require.NotContains(t, string(file), grant(7).Username)
	info, err := os.Stat(filepath.Join(b.dir, "ledger.db"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestAnotherKeyMeansAnEmptyLedger(t *testing.T) {
	t.Parallel()
	b := filled(t, 3)
	require.NoError(t, b.Close())
	keys, err := vault.Open(filepath.Join(b.dir, "other.key"), rand.Reader)
	require.NoError(t, err)
	b.keys = keys
	b.open(t)
	_, empty := b.Position()
	require.True(t, empty)
	require.NotEmpty(t, b.reason(grant(1)))
	require.FileExists(t, filepath.Join(b.dir, "ledger.db.broken"))
}

func TestOneProcessAtATime(t *testing.T) {
	t.Parallel()
	b := filled(t, 1)
	_, err := Open(Config{Dir: b.dir, Keys: b.keys, Now: time.Now, Logger: quiet()})
	require.ErrorContains(t, err, "another process")
}

// A damaged file gives the old content or an empty ledger, and never a crash.
func TestDamagedFile(t *testing.T) {
	t.Parallel()
	b := filled(t, 200)
	require.NoError(t, b.Close())
	whole, err := os.ReadFile(filepath.Join(b.dir, "ledger.db"))
	require.NoError(t, err)
	check := func(t require.TestingT, file []byte) {
		dir, err := os.MkdirTemp(b.dir, "damaged")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "ledger.db"), file, 0o600))
		l, err := Open(Config{Dir: dir, Keys: b.keys, Now: func() time.Time { return noon }, Logger: quiet()})
		require.NoError(t, err)
		if _, empty := l.Position(); !empty {
			require.Equal(t, 200, l.Stats().Grants)
		}
		require.NoError(t, l.Close())
		require.NoError(t, os.RemoveAll(dir))
	}
	for size := 0; size < len(whole); size += 4096 {
		check(t, whole[:size])
	}
	rapid.Check(t, func(t *rapid.T) {
		file := append([]byte(nil), whole...)
		start := rapid.IntRange(0, len(file)-1).Draw(t, "start")
		end := min(len(file), start+rapid.SampledFrom([]int{1, 16, 4096}).Draw(t, "length"))
		for i := start; i < end; i++ {
			file[i] ^= 0x5a
		}
		check(t, file)
	})
}

// Random histories with restarts and full disks: what memory and disk have is the
// desired set whenever nothing failed (P6).
func TestLedgerFollowsTheDesiredSet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		b := filled(t, 0)
		b.lazy = true
		b.reopen(t)
		defer func() { _ = b.Close() }()
		want, revision := map[string]wire.Grant{}, int64(1)
		var unacked []*wire.Entry
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			g := grant(rapid.IntRange(0, 5).Draw(rt, "grant"))
			switch rapid.SampledFrom([]string{"put", "drop", "full", "space", "restart", "snapshot"}).Draw(rt, "step") {
			case "put":
				revision++
				g.NotAfter = noon.Add(time.Duration(revision) * time.Minute)
				want[g.ID] = g
				unacked = append(unacked, put(revision, g))
			case "drop":
				revision++
				delete(want, g.ID)
				unacked = append(unacked, drop(revision, g.ID))
			case "full":
				b.disk.full.Store(true)
			case "space":
				b.disk.full.Store(false)
			case "restart":
				full := b.disk.full.Load()
				b.reopen(t)
				b.disk.full.Store(full)
			case "snapshot":
				if _, err := b.Replace(Set{Position: at(revision), Grants: values(want)}); err == nil {
					unacked = nil
				}
			}
			if _, err := b.Apply(unacked); err == nil {
				unacked = nil
			}
			for _, e := range unacked {
				if e.Grant == nil && want[e.ObjectID].ID == "" && !b.disk.full.Load() {
					rt.Fatal("not applied although there is space")
				}
			}
			if unacked == nil {
				pos, _ := b.Position()
				require.Equal(rt, at(revision), pos)
				requireHolds(rt, b.Ledger, want)
			}
		}
	})
}

func values(m map[string]wire.Grant) (all []wire.Grant) {
	for _, g := range m {
		all = append(all, g)
	}
	return all
}

func requireHolds(t require.TestingT, l *Ledger, want map[string]wire.Grant) {
	require.Len(t, l.byID, len(want))
	for id, g := range want {
		require.Equal(t, g, *l.Grant(id))
		got, why := l.Lookup(g.Username)
		require.Empty(t, why)
		require.Equal(t, g, *got)
	}
}

const swapSize = 3 * portion

// swapForever replaces the ledger in dir by one set after another, at odd
// revisions, and drops a grant from each at the even ones. It prints what it may
// acknowledge.
func swapForever(dir string) {
	l := openAt(dir)
	pos, _ := l.Position()
	for revision := (pos.Revision | 1) + 2; ; revision += 2 {
		set := Set{Position: at(revision), Grants: grants(swapSize)}
		for i := range set.Grants {
			set.Grants[i].Password = fmt.Sprint(revision)
		}
		_, err := l.Replace(set)
		must(err)
		fmt.Println(revision)
		_, err = l.Apply([]*wire.Entry{drop(revision+1, grant(0).ID)})
		must(err)
		fmt.Println(revision + 1)
	}
}

func openAt(dir string) *Ledger {
	keys, err := vault.Open(filepath.Join(dir, "ledger.key"), rand.Reader)
	must(err)
	l, err := Open(Config{Dir: dir, Keys: keys, Now: func() time.Time { return noon }, Logger: quiet()})
	must(err)
	return l
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func TestKillInMidSwapLeavesOldOrNew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for round := range 6 {
		acked := runAndKill(t, dir, time.Duration(150+60*round)*time.Millisecond)
		l := openAt(dir)
		pos, empty := l.Position()
		require.GreaterOrEqual(t, pos.Revision, acked, "what was acknowledged is there")
		if !empty {
			dropped := 1 - int(pos.Revision%2)
			require.Len(t, l.byID, swapSize-dropped)
			for _, h := range l.byID {
				require.Equal(t, fmt.Sprint(pos.Revision-int64(dropped)), h.grant.Password, "one set, not a mixture")
			}
		}
		require.NoError(t, l.Close())
		require.NoFileExists(t, filepath.Join(dir, "ledger.db.broken"))
	}
}

// A lyingDisk says that it has written and has not.
type lyingDisk struct{ vault.Tx }

var errLie = errors.New("not written")

func (d lyingDisk) Update(f func(*bbolt.Tx) error) error {
	err := d.Tx.Update(func(tx *bbolt.Tx) error { return cmp.Or(f(tx), errLie) })
	if errors.Is(err, errLie) {
		return nil
	}
	return err
}

// The control to the tests above: an acknowledgement before the flush is found,
// because access is back after a restart.
func TestAcknowledgingBeforeTheFlushWouldBeSeen(t *testing.T) {
	t.Parallel()
	b := filled(t, 3)
	b.Ledger.disk.db.Tx = lyingDisk{b.disk.Tx}
	_, err := b.Apply([]*wire.Entry{drop(2, grant(1).ID)})
	require.NoError(t, err)
	require.NotEmpty(t, b.reason(grant(1)))
	b.reopen(t)
	require.Empty(t, b.reason(grant(1)))
}

// A limit on the file's size is a full disk that the database itself meets.
func TestDatabaseMeetsTheEndOfTheDisk(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "LEDGER_FULL_DIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, "full, then well\n", string(out))
}

func fillDisk(dir string) {
	signal.Ignore(syscall.SIGXFSZ)
	l := openAt(dir)
	_, err := l.Replace(Set{Position: at(1), Grants: grants(100)})
	must(err)
	info, err := os.Stat(filepath.Join(dir, "ledger.db"))
	must(err)
	limit := syscall.Rlimit{}
	must(syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	unlimited := limit
	limit.Cur = uint64(info.Size())
	must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))

	set := Set{Position: at(9), Grants: grants(5000)[1:]}
	batch := []*wire.Entry{drop(2, grant(0).ID)}
	for n := range 3000 {
		batch = append(batch, put(int64(3+n), grant(1000+n)))
	}
	for range 3 {
		if _, err := l.Apply(batch); err == nil {
			panic("an acknowledgement without a disk")
		}
		if _, err := l.Replace(set); err == nil {
			panic("an acknowledgement without a disk")
		}
	}
	if _, why := l.Lookup(grant(0).Username); why == "" || l.Stats().DiskError != "no_space" {
		panic("no revoke, or " + l.Stats().DiskError)
	}
	must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &unlimited))
	_, err = l.Apply(batch)
	must(err)
	must(l.Close())
	if pos, _ := openAt(dir).Position(); pos != batch[len(batch)-1].Position {
		panic("not on disk")
	}
	fmt.Println("full, then well")
	os.Exit(0)
}

// runAndKill returns the last revision the process acknowledged.
func runAndKill(t *testing.T, dir string, after time.Duration) (acked int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0]) // killed with SIGKILL
	cmd.Env = append(os.Environ(), "LEDGER_SWAP_DIR="+dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	for dec := json.NewDecoder(out); dec.More(); {
		var revision int64
		if dec.Decode(&revision) != nil {
			break
		}
		acked = revision
	}
	require.ErrorContains(t, cmd.Wait(), "killed")
	return acked
}
