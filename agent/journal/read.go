package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/foyerhq/foyer/internal/wire"
)

// A blob is a frame as it is on disk.
type blob struct {
	frame
	bytes []byte
}

// Pending returns records from sequence from on that are on disk and not
// acknowledged, oldest first: about maxBytes of JSON, but at least one if there is
// any. Numbers may be missing.
func (j *Journal) Pending(from uint64, maxBytes int) ([]wire.Record, error) {
	for {
		blobs, err := j.fetch(from, maxBytes)
		if err != nil {
			return nil, fmt.Errorf("journal: %w", err)
		}
		records, bad := j.decode(blobs)
		j.forget(bad)
		if len(records) > 0 || len(bad) == 0 {
			return records, nil
		}
	}
}

// fetch reads frames from the disk; opening them can do without the lock.
func (j *Journal) fetch(from uint64, budget int) (blobs []blob, err error) {
	j.seg.Lock()
	defer j.seg.Unlock()
	from, budget = max(from, j.acked+1), max(budget, 1)
	for _, s := range j.segments {
		if s.last() < from {
			continue
		}
		frames := s.within(from, &budget, len(blobs) == 0)
		if blobs, err = s.read(frames, blobs); err != nil || budget <= 0 {
			return blobs, err
		}
	}
	return blobs, nil
}

// within returns s's frames from sequence from on that the budget, of which they
// are taken, allows; at least one if atLeastOne.
func (s *segment) within(from uint64, budget *int, atLeastOne bool) []frame {
	first, _ := slices.BinarySearchFunc(s.frames, from, func(f frame, seq uint64) int {
		if f.seq < seq {
			return -1
		}
		return 1
	})
	end := first
	for end < len(s.frames) && *budget > 0 {
		if *budget -= s.frames[end].size; *budget < 0 && (end > first || !atLeastOne) {
			break
		}
		end++
	}
	return s.frames[first:end]
}

func (s *segment) read(frames []frame, blobs []blob) (_ []blob, err error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for _, fr := range frames {
		b := make([]byte, fr.size)
		if _, err := f.ReadAt(b, fr.off); err != nil {
			return nil, err
		}
		blobs = append(blobs, blob{fr, b})
	}
	return blobs, nil
}

// decode opens blobs. Bad are those that are sound but do not open, and never will.
func (j *Journal) decode(blobs []blob) (records []wire.Record, bad []uint64) {
	for _, b := range blobs {
		var rec wire.Record
		text, err := j.cfg.Keys.Open(b.bytes[headSize:], place(b.seq, b.key))
		if err != nil || json.Unmarshal(text, &rec) != nil {
			bad = append(bad, b.seq)
			continue
		}
		rec.Sequence = b.seq
		records = append(records, rec)
	}
	return records, bad
}

// forget takes frames that do not open, ascending, out of the backlog.
func (j *Journal) forget(seqs []uint64) {
	if len(seqs) == 0 {
		return
	}
	j.seg.Lock()
	defer j.seg.Unlock()
	j.stats.Damaged += int64(len(seqs))
	j.cfg.Logger.Error("records of the journal do not open and were skipped", "records", len(seqs))
	for _, s := range j.segments {
		s.frames = slices.DeleteFunc(s.frames, func(f frame) bool {
			_, found := slices.BinarySearch(seqs, f.seq)
			return found
		})
	}
}

// Ack says that the hub has stored everything up to seq. Segments without other
// records are deleted. An error is of the deletion only; the records are not
// pending any more.
func (j *Journal) Ack(seq uint64) error {
	j.seg.Lock()
	defer j.seg.Unlock()
	j.acked = max(j.acked, seq)
	return j.deleteAcked()
}

// deleteAcked deletes acknowledged segments but never the last, whose name keeps
// the sequence over a restart. Seg must be held.
func (j *Journal) deleteAcked() (failed error) {
	last := len(j.segments) - 1
	kept := j.segments[:0]
	for i, s := range j.segments {
		if i == last || s.last() > j.acked {
			kept = append(kept, s)
			continue
		}
		if err := os.Remove(s.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			failed = fmt.Errorf("journal: %w", err)
			kept = append(kept, s)
		}
	}
	clear(j.segments[len(kept):])
	j.segments = kept
	return failed
}
