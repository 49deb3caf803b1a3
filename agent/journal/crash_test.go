package journal

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestTornTailAtEveryOctet(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.disk.lazy.Store(true)
	var ends []int64 // of each record
	for n := range 4 {
		b.add(t, record(n))
		ends = append(ends, b.Stats().Bytes)
	}
	path := b.segments[0].path
	require.NoError(t, b.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for size := range len(whole) + 1 {
		require.NoError(t, os.WriteFile(path, whole[:size], 0o600))
		b.open(t)
		left := 0
		for left < len(ends) && ends[left] <= int64(size) {
			left++
		}
		require.Len(t, b.pending(t), left, "cut at %d", size)
		require.Zero(t, b.Stats().Damaged)
		require.Equal(t, uint64(left+1), b.add(t, record(9)))
		b.reopen(t)
		require.Len(t, b.pending(t), left+1)
		require.NoError(t, b.Close())
		clean(t, b.cfg.Dir, path)
	}
	b.open(t)
}

// clean removes all segments but one.
func clean(t *testing.T, dir, but string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	require.NoError(t, err)
	for _, name := range names {
		if name != but {
			require.NoError(t, os.Remove(name))
		}
	}
}

// Power loss leaves zeros or rubbish at the end as well as nothing.
func TestRubbishAtTheEndIsCutOff(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.add(t, record(1))
	path := b.segments[0].path
	for _, tail := range []string{"\x00\x00\x00\x00", markerValue, markerValue + "\x00\x00\x00\x01", "rubbish" + markerValue + "more"} {
		require.NoError(t, b.Close())
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = f.WriteString(tail)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		b.open(t)
		require.Len(t, b.pending(t), 1)
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, b.Stats().Bytes, info.Size())
	}
}

func TestDamageInTheMiddleLosesOneRecord(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	for n := range 6 {
		b.add(t, record(n))
	}
	frames := slices.Clone(b.segments[0].frames)
	path := b.segments[0].path
	require.NoError(t, b.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	end := frames[4].off + int64(frames[4].size) // the last record's damage is a torn tail
	for off := range end {
		content := slices.Clone(whole)
		content[off] ^= 0xff
		frames, _, damaged := scan(content)
		require.Len(t, frames, 5, "octet %d", off)
		require.Equal(t, 1, damaged)
	}
	content := slices.Clone(whole)
	content[frames[2].off+headSize] ^= 1
	require.NoError(t, os.WriteFile(path, content, 0o600))
	b.open(t)
	require.Equal(t, []uint64{1, 2, 4, 5, 6}, sequences(b.pending(t)))
	require.Equal(t, int64(1), b.Stats().Damaged)
}

func FuzzScan(f *testing.F) {
	f.Add([]byte(markerValue))
	f.Add(appendFrame([]byte("x"), 7, key{1}, []byte("payload")))
	f.Fuzz(func(t *testing.T, content []byte) {
		frames, end, _ := scan(content)
		last := int64(0)
		for _, fr := range frames {
			if fr.off < last || fr.off+int64(fr.size) > int64(end) || end > len(content) {
				t.Fatalf("frame %+v of %d octets", fr, len(content))
			}
			last = fr.off + int64(fr.size)
		}
		framed := appendFrame(content[:end:end], 9, key{}, []byte("more"))
		again, _, _ := scan(framed)
		if len(again) != len(frames)+1 {
			t.Fatal("a frame after the last good one was not found")
		}
	})
}

func TestFullDiskFailsAppendsAndRecovers(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.add(t, record(1))
	for _, room := range []int64{0, 1, headSize, 100} {
		b.disk.room.Store(room)
		for range 3 {
			_, err := b.Append(t.Context(), record(2))
			require.Error(t, err)
		}
		require.Equal(t, "no_space", b.Stats().DiskError)
		b.Enqueue(record(2))
	}
	require.Len(t, b.pending(t), 1)
	b.disk.room.Store(1 << 40)
	seq := b.add(t, record(3))
	require.Empty(t, b.Stats().DiskError)
	require.Greater(t, seq, uint64(12), "numbers of failed records are not used again")
	require.Eventually(t, func() bool { return b.Stats().Unqueued >= 3 }, 5*time.Second, time.Millisecond)
	b.reopen(t)
	got := sequences(b.pending(t))
	require.Equal(t, uint64(1), got[0])
	require.Equal(t, seq, got[len(got)-1])
	names, err := filepath.Glob(filepath.Join(b.cfg.Dir, "*"+suffix))
	require.NoError(t, err)
	require.LessOrEqual(t, len(names), 3, "failures leave no files behind")
}

func TestFailedFsyncIsAFailedAppend(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.add(t, record(1))
	b.disk.broken.Store(true)
	_, err := b.Append(t.Context(), record(2))
	require.Error(t, err)
	require.Equal(t, "io", b.Stats().DiskError)
	require.Len(t, b.pending(t), 1)
	b.disk.broken.Store(false)
	b.add(t, record(3))
	require.Equal(t, []uint64{1, 3}, sequences(b.pending(t)))
	require.Len(t, b.segments, 2, "the file is not written again")
	b.reopen(t)
	require.Equal(t, []uint64{1, 3}, sequences(b.pending(t)))
}

// When the failed records can not even be cut off, they may come back, under
// their own numbers.
func TestFailedRecordsThatStayNeverShareANumber(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.add(t, record(1))
	b.disk.broken.Store(true)
	b.disk.uncut.Store(true)
	_, err := b.Append(t.Context(), record(2))
	require.Error(t, err)
	b.disk.broken.Store(false)
	b.disk.uncut.Store(false)
	require.Equal(t, uint64(3), b.add(t, record(3)))
	b.reopen(t)
	got := b.pending(t)
	require.Equal(t, []uint64{1, 2, 3}, sequences(got))
	require.Equal(t, "canary-2", got[1].Refused.Username)
}

// Random histories: every record that was appended is pending until acknowledged
// or counted as dropped, whatever the disk does and however often it restarts.
func TestAcceptedRecordsAreNeverLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		b := setup(t, 1<<20)
		b.disk.lazy.Store(true)
		defer func() { _ = b.Close() }()
		kept := map[uint64]int{}
		var highest uint64
		for n := range rapid.IntRange(1, 30).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"append", "append", "append", "ack", "restart", "full", "sync", "well"}).Draw(rt, "step") {
			case "append":
				if seq, err := b.Append(context.Background(), record(n)); err == nil {
					require.Greater(rt, seq, highest)
					kept[seq], highest = n, seq
				}
			case "ack":
				if highest > 0 {
					seq := rapid.Uint64Range(1, highest).Draw(rt, "seq")
					require.NoError(rt, b.Ack(seq))
					for s := range kept {
						if s <= seq {
							delete(kept, s)
						}
					}
				}
			case "restart":
				b.reopen(t)
			case "full":
				b.disk.room.Store(rapid.Int64Range(0, 500).Draw(rt, "room"))
			case "sync":
				b.disk.broken.Store(true)
			case "well":
				b.disk.broken.Store(false)
				b.disk.room.Store(1 << 40)
			}
			found := map[uint64]wire.Record{}
			for _, r := range b.pending(rt) {
				found[r.Sequence] = r
			}
			for seq, n := range kept {
				require.Equal(rt, record(n).Refused, found[seq].Refused, "sequence %d", seq)
			}
		}
	})
}

// appendForever prints each number once its record is on disk.
func appendForever(dir string) {
	keys, err := vault.Open(filepath.Join(dir, "ledger.key"), rand.Reader)
	if err != nil {
		panic(err)
	}
	j, err := Open(Config{Dir: dir, Keys: keys, MaxBytes: 1 << 30, Logger: quiet()})
	if err != nil {
		panic(err)
	}
	for {
		seq, err := j.Append(context.Background(), record(1))
		if err != nil {
			panic(err)
		}
		fmt.Println(seq)
	}
}

func TestKillLosesNothingThatWasAppended(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys, err := vault.Open(filepath.Join(dir, "ledger.key"), rand.Reader)
	require.NoError(t, err)
	for round := range 5 {
		last := runAndKill(t, dir, time.Duration(100+50*round)*time.Millisecond)
		j, err := Open(Config{Dir: dir, Keys: keys, MaxBytes: 1 << 30, Logger: quiet()})
		require.NoError(t, err)
		records, err := j.Pending(0, 1<<30)
		require.NoError(t, err)
		require.GreaterOrEqual(t, uint64(len(records)), last)
		for i, r := range records {
			require.Equal(t, uint64(i+1), r.Sequence)
		}
		require.Zero(t, j.Stats().Damaged)
		require.NoError(t, j.Close())
	}
}

func runAndKill(t *testing.T, dir string, after time.Duration) (last uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0]) // killed with SIGKILL
	cmd.Env = append(os.Environ(), "JOURNAL_APPEND_DIR="+dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if seq, err := strconv.ParseUint(lines.Text(), 10, 64); err == nil {
			last = seq
		}
	}
	require.ErrorContains(t, cmd.Wait(), "killed")
	return last
}
