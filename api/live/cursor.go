package live

import (
	"encoding/base64"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/google/uuid"
)

const (
	cursorVersion = 1
	maxCursor     = 16 << 10 // characters; some 500 sites
)

// position is a place in each of several sites' chains of events, by the site's
// id: the sequence number of the last event seen.
type position map[string]int64

// encode returns the position as text that callers treat as opaque:
//
//	base64url(version | per chain, in order: the 16 octets of its id, uvarint)
func (p position) encode() string {
	out := []byte{cursorVersion}
	for _, chain := range slices.Sorted(maps.Keys(p)) {
		id, err := uuid.Parse(chain)
		if err != nil {
			continue // no site has such an id
		}
		out = binary.AppendUvarint(append(out, id[:]...), uint64(max(p[chain], 0)))
	}
	return base64.RawURLEncoding.EncodeToString(out)
}

// parseCursor reads what encode wrote. False means that it was written by
// nothing of ours.
func parseCursor(text string) (position, bool) {
	if len(text) > maxCursor {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) == 0 || raw[0] != cursorVersion {
		return nil, false
	}
	p := position{}
	for raw = raw[1:]; len(raw) > 0; {
		if len(raw) < 16 {
			return nil, false
		}
		seq, n := binary.Uvarint(raw[16:])
		if n <= 0 || int64(seq) < 0 {
			return nil, false
		}
		p[uuid.UUID(raw[:16]).String()] = int64(seq)
		raw = raw[16+n:]
	}
	return p, true
}
