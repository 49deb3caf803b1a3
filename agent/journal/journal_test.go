package journal

import (
	"bytes"
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
	"go.uber.org/goleak"

	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("JOURNAL_APPEND_DIR"); dir != "" {
		appendForever(dir)
	}
	goleak.VerifyTestMain(m)
}

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// A faultyDisk has so much room and, while broken, syncs nothing.
type faultyDisk struct {
	osDisk
	room   atomic.Int64
	broken atomic.Bool
	uncut  atomic.Bool // Truncate fails too
	lazy   atomic.Bool // nothing is waited for
	syncs  atomic.Int64
	gate   atomic.Pointer[chan struct{}] // Sync waits until it is closed
	held   atomic.Int64                  // how many came to it
}

type faultyFile struct {
	file
	disk *faultyDisk
}

func newFaultyDisk() *faultyDisk {
	d := &faultyDisk{}
	d.room.Store(1 << 40)
	return d
}

func (d *faultyDisk) Create(path string) (file, error) {
	f, err := d.osDisk.Create(path)
	return faultyFile{f, d}, err
}

func (d *faultyDisk) Truncate(path string, size int64) error {
	if d.uncut.Load() {
		return syscall.EIO
	}
	return d.osDisk.Truncate(path, size)
}

func (f faultyFile) Write(b []byte) (int, error) {
	fits := min(int64(len(b)), max(0, f.disk.room.Load()))
	f.disk.room.Add(-fits)
	n, err := f.file.Write(b[:fits])
	if err == nil && n < len(b) {
		err = syscall.ENOSPC
	}
	return n, err
}

func (f faultyFile) Sync() error {
	if gate := f.disk.gate.Load(); gate != nil {
		f.disk.held.Add(1)
		<-*gate
	}
	f.disk.syncs.Add(1)
	switch {
	case f.disk.broken.Load():
		return syscall.EIO
	case f.disk.lazy.Load():
		return nil
	}
	return f.file.Sync()
}

// A bench is a journal and what it stands on.
type bench struct {
	*Journal
	cfg  Config
	disk *faultyDisk
}

func setup(t testing.TB, maxBytes int64) *bench {
	t.Helper()
	dir := t.TempDir()
	keys, err := vault.Open(filepath.Join(dir, "ledger.key"), rand.Reader)
	require.NoError(t, err)
	b := &bench{disk: newFaultyDisk()}
	b.cfg = Config{Dir: filepath.Join(dir, "journal"), Keys: keys, MaxBytes: maxBytes, Logger: quiet(), disk: b.disk}
	b.open(t)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func (b *bench) open(t testing.TB) {
	t.Helper()
	j, err := Open(b.cfg)
	require.NoError(t, err)
	b.Journal = j
}

func (b *bench) reopen(t testing.TB) {
	t.Helper()
	require.NoError(t, b.Close())
	b.open(t)
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func record(n int) wire.Record {
	return wire.Record{At: noon.Add(time.Duration(n)), Refused: &wire.Refused{
		NASID: "nas", Reason: wire.RefusedUnknownUser, Username: fmt.Sprintf("canary-%d", n),
	}}
}

func accounting(status wire.AccountingStatus, session string, octets uint64) wire.Record {
	return wire.Record{At: noon, Accounting: &wire.Accounting{Status: status, EventAt: noon, InputOctets: octets,
		Session: wire.Session{Key: wire.SessionKey{NASID: "nas", AcctSessionID: session, StartedAt: noon}}}}
}

func (b *bench) add(t require.TestingT, rec wire.Record) uint64 {
	seq, err := b.Append(context.Background(), rec)
	require.NoError(t, err)
	return seq
}

func (b *bench) pending(t require.TestingT) []wire.Record {
	all, err := b.Pending(0, 1<<30)
	require.NoError(t, err)
	return all
}

func sequences(records []wire.Record) []uint64 {
	seqs := make([]uint64, len(records))
	for i, r := range records {
		seqs[i] = r.Sequence
	}
	return seqs
}

func TestRecordsComeBackInOrderUntilAcknowledged(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	for n := 1; n <= 5; n++ {
		require.Equal(t, uint64(n), b.add(t, record(n)))
	}
	got := b.pending(t)
	require.Len(t, got, 5)
	for i, r := range got {
		want := record(i + 1)
		want.Sequence = uint64(i + 1)
		require.Equal(t, want, r)
	}
	require.NoError(t, b.Ack(2))
	require.Equal(t, []uint64{3, 4, 5}, sequences(b.pending(t)))
	require.Equal(t, 3, b.Stats().Backlog)
	some, err := b.Pending(4, 1)
	require.NoError(t, err)
	require.Equal(t, []uint64{4}, sequences(some), "at least one")
	require.NoError(t, b.Ack(1), "an old acknowledgement takes nothing back")
	require.Equal(t, 3, b.Stats().Backlog)
}

func TestRestartGoesOnWithNumbersAndName(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	id := b.ID()
	b.add(t, record(1))
	b.add(t, record(2))
	b.reopen(t)
	require.Equal(t, id, b.ID())
	require.Equal(t, []uint64{1, 2}, sequences(b.pending(t)))
	require.Equal(t, uint64(3), b.add(t, record(3)))
	for range 3 {
		require.NoError(t, b.Ack(3))
		b.reopen(t)
	}
	require.Equal(t, uint64(4), b.add(t, record(4)))
	b.reopen(t)
	require.NoError(t, b.Ack(4))
	require.Equal(t, uint64(5), b.add(t, record(5)))
	names, err := filepath.Glob(filepath.Join(b.cfg.Dir, "*"+suffix))
	require.NoError(t, err)
	require.Len(t, names, 1, "acknowledged segments are deleted")
}

func TestWipedDirectoryIsAnotherJournal(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	id := b.ID()
	b.add(t, record(1))
	require.NoError(t, b.Close())
	require.NoError(t, os.RemoveAll(b.cfg.Dir))
	b.open(t)
	require.NotEqual(t, id, b.ID())
	require.Equal(t, uint64(1), b.add(t, record(1)))

	require.NoError(t, b.Close())
	require.NoError(t, os.WriteFile(identityPath(b.cfg.Dir), []byte("{"), 0o600))
	b.open(t)
	require.Len(t, b.pending(t), 1, "a lost name loses no records")
}

func TestNotify(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.add(t, record(1))
	<-b.Notify()
	b.reopen(t)
	<-b.Notify()
}

func TestManyWritersShareAnFsync(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.add(t, record(0))
	gate := make(chan struct{})
	open := sync.OnceFunc(func() { close(gate) })
	defer open() // also where something below fails: Close waits for the disk
	b.disk.gate.Store(&gate)
	b.disk.syncs.Store(0)
	var wg sync.WaitGroup
	var seen sync.Map
	write := func(n int) { wg.Go(func() { seen.Store(b.add(t, record(n)), true) }) }
	write(1)
	require.Eventually(t, func() bool { return b.disk.held.Load() == 1 }, 5*time.Second, time.Millisecond)
	for n := range 63 { // all of them wait for the next flush
		write(n)
	}
	require.Eventually(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.queue.entries) == 63
	}, 5*time.Second, time.Millisecond)
	open()
	wg.Wait()
	require.Equal(t, int64(2), b.disk.syncs.Load())
	require.Len(t, b.pending(t), 65)
	for seq := uint64(2); seq <= 65; seq++ {
		_, ok := seen.Load(seq)
		require.True(t, ok, seq)
	}
}

func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	gate := make(chan struct{})
	b.disk.gate.Store(&gate)
	for range 2 * maxQueued {
		b.Enqueue(record(1))
	}
	require.Positive(t, b.Stats().Unqueued)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var full error
	for range 2 * maxQueued {
		if _, err := b.Append(ctx, record(2)); errors.Is(err, ErrFull) {
			full = err
			break
		}
	}
	require.Error(t, full, "Append has more room than Enqueue, but not endless")
	close(gate)
	require.NoError(t, b.Close())
	_, err := b.Append(t.Context(), record(3))
	require.ErrorIs(t, err, ErrClosed)
	b.open(t)
	require.GreaterOrEqual(t, len(b.pending(t)), maxQueued, "Close writes what was handed over")
}

func TestWaitingForTheDiskEndsWithTheContext(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		j := &Journal{cfg: b.Journal.cfg, wake: make(chan struct{}, 1), queue: newBatch()} // nobody writes
		_, err := j.Append(ctx, record(1))
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestTooLargeRecordIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	huge := record(1)
	huge.Refused.Username = string(bytes.Repeat([]byte("x"), maxPayload))
	_, err := b.Append(t.Context(), huge)
	require.ErrorIs(t, err, ErrTooLarge)
	require.Equal(t, uint64(1), b.add(t, record(1)))
}

func TestNothingReadableIsOnDisk(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.add(t, record(1))
	require.NoError(t, b.Close())
	entries, err := os.ReadDir(b.cfg.Dir)
	require.NoError(t, err)
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(b.cfg.Dir, e.Name()))
		require.NoError(t, err)
		require.NotContains(t, string(content), "canary")
		info, err := e.Info()
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

func TestAnotherKeySkipsAndCounts(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.add(t, record(1))
	keys, err := vault.Open(filepath.Join(t.TempDir(), "other.key"), rand.Reader)
	require.NoError(t, err)
	b.cfg.Keys = keys
	b.reopen(t)
	require.Empty(t, b.pending(t))
	require.Equal(t, int64(1), b.Stats().Damaged)
	require.Zero(t, b.Stats().Backlog)
	require.Equal(t, uint64(2), b.add(t, record(2)))
	require.Equal(t, []uint64{2}, sequences(b.pending(t)))
}

func TestOnlyTheLastInterimIsKeptWhenRoomIsShort(t *testing.T) {
	t.Parallel()
	b := setup(t, 256<<10)
	b.disk.lazy.Store(true)
	b.add(t, accounting(wire.AccountingStart, "a", 0))
	const rounds = 1500
	for n := range uint64(rounds) {
		b.Enqueue(accounting(wire.AccountingInterim, "a", n))
		b.add(t, accounting(wire.AccountingInterim, "b", n))
	}
	b.add(t, accounting(wire.AccountingStop, "a", rounds))
	s := b.Stats()
	require.Positive(t, s.Compacted)
	require.Zero(t, s.Dropped)
	require.LessOrEqual(t, s.Bytes, b.Journal.cfg.MaxBytes)
	got := b.pending(t)
	require.Equal(t, wire.AccountingStart, got[0].Accounting.Status, "other records stay")
	last := map[string]uint64{}
	for _, r := range got {
		k := r.Accounting.Session.Key.AcctSessionID
		require.GreaterOrEqual(t, r.Accounting.InputOctets, last[k])
		last[k] = r.Accounting.InputOctets
	}
	require.Equal(t, map[string]uint64{"a": rounds, "b": rounds - 1}, last)
	before := sequences(got)
	b.reopen(t)
	require.Equal(t, before, sequences(b.pending(t)))
}

func TestOldestAreDroppedAndCounted(t *testing.T) {
	t.Parallel()
	b := setup(t, 64<<10)
	b.disk.lazy.Store(true)
	const total = 2000
	for n := range total {
		b.add(t, record(n))
	}
	s := b.Stats()
	require.Positive(t, s.Dropped)
	require.LessOrEqual(t, s.Bytes, b.Journal.cfg.MaxBytes)
	require.Equal(t, total, s.Backlog+int(s.Dropped))
	got := b.pending(t)
	require.Equal(t, uint64(total), got[len(got)-1].Sequence)
	require.Equal(t, uint64(s.Dropped)+1, got[0].Sequence)
	b.reopen(t)
	require.Equal(t, s.Dropped, b.Stats().Dropped, "counted since the journal was made")
}

func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			j := setup(b, 0)
			rec := accounting(wire.AccountingStop, "0123456789abcdef", 1)
			rec.Accounting.Session.GrantID, rec.Accounting.Session.VisitID = "0198c0de-0000-7000-8000-000000000001", visit.VisitID("0198c0de-0000-7000-8000-000000000002")
			rec.Accounting.Session.MAC, rec.Accounting.Session.MACSpelt = "02:00:00:00:00:01", "02-00-00-00-00-01"
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			var left atomic.Int64
			left.Store(int64(b.N))
			for range writers {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						if _, err := j.Append(context.Background(), rec); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(float64(b.N)/float64(j.disk.syncs.Load()), "records/fsync")
		})
	}
}

func BenchmarkPending(b *testing.B) {
	j := setup(b, 0)
	for n := range maxUnawaited {
		j.Enqueue(record(n))
	}
	j.add(b, record(0))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := j.Pending(100, 200<<10); err != nil {
			b.Fatal(err)
		}
	}
}
