package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A segment whose records are all acknowledged is given up at this size, so that
// a restart does not send much again.
const smallSegment = 64 << 10

// write is the writer's goroutine: a batch at a time, while the next one gathers.
func (j *Journal) write() {
	for {
		<-j.wake
		b, closed := j.take()
		if len(b.entries) > 0 {
			j.finish(b, j.flush(b))
		}
		if closed {
			j.retire()
			return
		}
	}
}

func (j *Journal) take() (b *batch, closed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	b, j.queue = j.queue, newBatch()
	return b, j.closed
}

func (j *Journal) retire() {
	j.seg.Lock()
	defer j.seg.Unlock()
	if n := len(j.segments); n > 0 {
		j.segments[n-1].retire()
	}
}

func (j *Journal) finish(b *batch, err error) {
	if err != nil {
		b.err = fmt.Errorf("journal: %w", err)
	}
	close(b.done)
	if err == nil {
		poke(j.notify)
	}
}

// flush writes and syncs b. The disk is waited for without the lock; only the
// writer touches an open segment's file.
func (j *Journal) flush(b *batch) error {
	s, err := j.open()
	if err == nil {
		var buf []byte
		var frames []frame
		buf, frames, err = j.encode(b, s.size)
		if err == nil {
			err = writeSynced(s.file, buf)
		}
		if err == nil {
			j.accept(s, buf, frames)
			return nil
		}
	}
	j.abandon(s, b, err)
	return err
}

func writeSynced(f file, buf []byte) error {
	if _, err := f.Write(buf); err != nil {
		return err
	}
	return f.Sync()
}

// encode numbers and seals b's entries. A number is used once, whatever comes of
// it.
func (j *Journal) encode(b *batch, off int64) (buf []byte, frames []frame, err error) {
	for _, e := range b.entries {
		e.seq = j.next
		j.next++
		blob, err := j.cfg.Keys.Seal(e.text, place(e.seq, e.key))
		if err != nil {
			return nil, nil, err
		}
		start := len(buf)
		buf = appendFrame(buf, e.seq, e.key, blob)
		frames = append(frames, frame{seq: e.seq, key: e.key, off: off + int64(start), size: len(buf) - start})
	}
	return buf, frames, nil
}

func place(seq uint64, k key) string {
	return "journal\x00" + string(binary.BigEndian.AppendUint64(nil, seq)) + string(k[:])
}

func (j *Journal) accept(s *segment, buf []byte, frames []frame) {
	j.seg.Lock()
	defer j.seg.Unlock()
	s.size += int64(len(buf))
	s.frames = append(s.frames, frames...)
	j.report(nil)
	j.bound()
}

// abandon gives up s, nil if there is none, after a failure: it keeps what is
// durable. If even cutting it fails, the failed records may turn up after a
// restart, which does no harm. An empty file stays: its name keeps the sequence.
func (j *Journal) abandon(s *segment, b *batch, err error) {
	j.seg.Lock()
	defer j.seg.Unlock()
	if s != nil {
		s.retire()
		_ = j.cfg.disk.Truncate(s.path, s.size)
	}
	for _, e := range b.entries {
		if !e.awaited {
			j.stats.Unqueued++
		}
	}
	j.report(err)
}

// open returns the segment to write to: the last one, or a new one where there is
// none, where it was given up, is long enough, or has only acknowledged records.
func (j *Journal) open() (*segment, error) {
	j.seg.Lock()
	defer j.seg.Unlock()
	if n := len(j.segments); n > 0 {
		s := j.segments[n-1]
		spent := s.size >= smallSegment && s.last() <= j.acked
		if s.file != nil && s.size < j.segmentBytes() && !spent {
			return s, nil
		}
		s.retire()
	}
	s, err := j.create()
	if err != nil {
		return nil, err
	}
	if n := len(j.segments); n > 0 && j.segments[n-1].path == s.path {
		j.segments = j.segments[:n-1] // it was empty
	}
	j.segments = append(j.segments, s)
	_ = j.deleteAcked() // tried again with each Ack and segment
	return s, nil
}

func (j *Journal) create() (*segment, error) {
	path := segmentPath(j.cfg.Dir, j.next)
	f, err := j.cfg.disk.Create(path)
	if err != nil {
		return nil, err
	}
	if err := j.cfg.disk.SyncDir(j.cfg.Dir); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &segment{path: path, file: f}, nil
}

func (j *Journal) segmentBytes() int64 {
	return min(max(j.cfg.MaxBytes/16, 4<<10), 4<<20)
}
