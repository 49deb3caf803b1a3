package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const suffix = ".seg"

// A segment is one file of frames. Only the last one is still written.
type segment struct {
	path   string
	size   int64 // durable
	frames []frame
	file   file // nil once it is no longer written
}

func segmentPath(dir string, first uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%020d%s", first, suffix))
}

func (s *segment) last() uint64 {
	if len(s.frames) == 0 {
		return 0
	}
	return s.frames[len(s.frames)-1].seq
}

// pending counts the frames after acked.
func (s *segment) pending(acked uint64) (n int) {
	for i := len(s.frames) - 1; i >= 0 && s.frames[i].seq > acked; i-- {
		n++
	}
	return n
}

// retire closes a segment after which another will be written.
func (s *segment) retire() {
	if s.file != nil {
		_ = s.file.Close() // what counts was synced
		s.file = nil
	}
}

// A layout is what Open found in a directory.
type layout struct {
	segments []*segment
	next     uint64
	damaged  int64
}

// survey reads the segments of dir. The last one's torn tail is cut off.
func survey(dir string, d disk) (layout, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*"+suffix)) // sorted
	if err != nil {
		return layout{}, err
	}
	l := layout{next: 1}
	for i, path := range names {
		first, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(path), suffix), 10, 64)
		if err != nil {
			continue // not ours
		}
		l.next = max(l.next, first)
		if err := l.read(path, d, i == len(names)-1); err != nil {
			return layout{}, err
		}
	}
	return l, nil
}

func (l *layout) read(path string, d disk, isLast bool) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	frames, end, damaged := scan(content)
	l.damaged += int64(damaged)
	if len(content) > end && !isLast {
		l.damaged++
	}
	if isLast {
		// Also syncs: these frames were read, but perhaps not from the disk. Where
		// it cannot be written it can still be read and reported.
		_ = d.Truncate(path, int64(end))
	}
	l.segments = append(l.segments, &segment{path: path, size: int64(end), frames: frames})
	if len(frames) > 0 {
		l.next = max(l.next, frames[len(frames)-1].seq+1)
	}
	return nil
}
