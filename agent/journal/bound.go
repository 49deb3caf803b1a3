package journal

import "os"

// bound keeps the journal within MaxBytes. It goes down by a tenth at least, so
// that the work is done once in a while and not for each record. Seg must be held.
func (j *Journal) bound() {
	if j.bytes() <= j.cfg.MaxBytes {
		return
	}
	j.compact()
	dropped := 0
	for j.bytes() > j.cfg.MaxBytes/10*9 && len(j.segments) > 1 {
		oldest := j.segments[0]
		if err := os.Remove(oldest.path); err != nil {
			j.cfg.Logger.Error("the journal is too large and cannot be cut", "error", err)
			break
		}
		dropped += oldest.pending(j.acked)
		j.segments = j.segments[1:]
	}
	if dropped > 0 {
		j.count(dropped)
	}
}

func (j *Journal) count(dropped int) {
	j.stats.Dropped += int64(dropped)
	j.identity.Dropped = j.stats.Dropped
	j.cfg.Logger.Error("the journal is full; its oldest records were dropped", "records", dropped)
	if err := j.identity.save(j.cfg.Dir, j.cfg.disk); err != nil {
		j.cfg.Logger.Warn("the count of dropped records was not kept", "error", err)
	}
}

// compact rewrites closed segments without the Interim-Updates that a later one of
// the same session makes superfluous. A segment is replaced whole; a crash leaves
// some done and some not.
func (j *Journal) compact() {
	later := map[key]bool{}
	for i := len(j.segments) - 1; i >= 0; i-- {
		s := j.segments[i]
		keep := s.needed(later, j.acked)
		if len(keep) == len(s.frames) || s.file != nil {
			continue
		}
		removed := s.pending(j.acked) - len(keep)
		if err := s.rewrite(j.cfg.disk, keep); err != nil {
			j.cfg.Logger.Warn("the journal was not compacted", "error", err)
			return
		}
		j.stats.Compacted += int64(removed)
	}
}

// needed returns s's frames without the acknowledged and the superfluous ones. It
// goes backwards and adds the sessions it meets to later.
func (s *segment) needed(later map[key]bool, acked uint64) []frame {
	keep := make([]frame, len(s.frames))
	n := len(keep)
	for i := len(s.frames) - 1; i >= 0; i-- {
		f := s.frames[i]
		if f.seq <= acked || f.key != (key{}) && later[f.key] {
			continue
		}
		if f.key != (key{}) {
			later[f.key] = true
		}
		n--
		keep[n] = f
	}
	return keep[n:]
}

func (s *segment) rewrite(d disk, keep []frame) error {
	content, err := os.ReadFile(s.path)
	if err != nil {
		return err
	}
	var next []byte
	for i, f := range keep {
		frame := content[f.off : f.off+int64(f.size)]
		keep[i].off = int64(len(next))
		next = append(next, frame...)
	}
	if err := replace(d, s.path, next); err != nil {
		return err
	}
	s.size, s.frames = int64(len(next)), keep
	return nil
}
