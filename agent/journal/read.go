package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/foyerhq/foyer/internal/wire"
)

// Pending returns records from sequence from on that are on disk and not
// acknowledged, oldest first: about maxBytes of JSON, but at least one if there is
// any. Numbers may be missing.
func (j *Journal) Pending(from uint64, maxBytes int) ([]wire.Record, error) {
	j.seg.Lock()
	defer j.seg.Unlock()
	from = max(from, j.acked+1)
	var records []wire.Record
	for _, s := range j.segments {
		if s.last() < from {
			continue
		}
		more, left, err := j.read(s, from, maxBytes, len(records) == 0)
		if err != nil {
			return nil, fmt.Errorf("journal: %w", err)
		}
		records, maxBytes = append(records, more...), left
		if maxBytes <= 0 {
			break
		}
	}
	return records, nil
}

// read returns s's records within budget and what is left of it.
func (j *Journal) read(s *segment, from uint64, budget int, atLeastOne bool) (records []wire.Record, left int, err error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var bad []uint64
	for _, fr := range s.frames {
		if fr.seq < from {
			continue
		}
		if budget -= fr.size; budget < 0 && (len(records) > 0 || !atLeastOne) {
			break
		}
		record, err := j.decode(f, fr)
		if errors.Is(err, errUnreadable) {
			bad = append(bad, fr.seq)
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		records = append(records, record)
	}
	j.forget(s, bad)
	return records, budget, nil
}

// errUnreadable: the frame is sound, its content is not, and never will be.
var errUnreadable = errors.New("record does not open")

func (j *Journal) decode(f io.ReaderAt, fr frame) (rec wire.Record, err error) {
	b := make([]byte, fr.size)
	if _, err := f.ReadAt(b, fr.off); err != nil {
		return rec, err
	}
	text, err := j.cfg.Keys.Open(b[headSize:], place(fr.seq, fr.key))
	if err != nil || json.Unmarshal(text, &rec) != nil {
		return rec, errUnreadable
	}
	rec.Sequence = fr.seq
	return rec, nil
}

// forget takes frames that cannot be read out of the backlog.
func (j *Journal) forget(s *segment, seqs []uint64) {
	if len(seqs) == 0 {
		return
	}
	j.stats.Damaged += int64(len(seqs))
	j.cfg.Logger.Error("records of the journal do not open and were skipped", "records", len(seqs))
	s.frames = slices.DeleteFunc(s.frames, func(f frame) bool { return slices.Contains(seqs, f.seq) })
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
