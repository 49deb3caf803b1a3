package journal

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// A frame is, in big-endian order:
//
//	marker (4) | length of payload (4) | CRC-32C of all but the marker and itself (4)
//	| sequence (8) | key (16) | payload
//
// A key that is not zero names a session whose later frame with the same key makes
// this one superfluous.
const (
	headSize    = 36
	lengthAt    = 4
	checksumAt  = 8
	sequenceAt  = 12
	keyAt       = 20
	keySize     = headSize - keyAt
	maxPayload  = 128 << 10
	markerValue = "\xf0FyJ" // 0xf0 begins no JSON and few other texts
)

var (
	marker     = []byte(markerValue)
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

type key [keySize]byte

// A frame refers to its place in a segment's bytes.
type frame struct {
	seq  uint64
	key  key
	off  int64
	size int // with its head
}

// appendFrame returns buf with a frame at its end.
func appendFrame(buf []byte, seq uint64, k key, payload []byte) []byte {
	start := len(buf)
	buf = append(buf, marker...)
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(payload)))
	buf = binary.BigEndian.AppendUint32(buf, 0)
	buf = binary.BigEndian.AppendUint64(buf, seq)
	buf = append(buf, k[:]...)
	buf = append(buf, payload...)
	binary.BigEndian.PutUint32(buf[start+checksumAt:], checksum(buf[start:]))
	return buf
}

func checksum(f []byte) uint32 {
	return crc32.Update(crc32.Checksum(f[lengthAt:checksumAt], castagnoli), castagnoli, f[sequenceAt:])
}

// frameAt returns the frame that begins at off, if a whole and sound one does.
func frameAt(segment []byte, off int) (frame, bool) {
	b := segment[off:]
	if len(b) < headSize || !bytes.HasPrefix(b, marker) {
		return frame{}, false
	}
	length := int64(binary.BigEndian.Uint32(b[lengthAt:]))
	if length > maxPayload || length > int64(len(b)-headSize) {
		return frame{}, false
	}
	b = b[:headSize+length]
	if binary.BigEndian.Uint32(b[checksumAt:]) != checksum(b) {
		return frame{}, false
	}
	return frame{
		seq: binary.BigEndian.Uint64(b[sequenceAt:]), key: key(b[keyAt:headSize]), off: int64(off), size: len(b),
	}, true
}

// scan finds the sound frames of a segment. Damaged counts the stretches between
// them that are none; what follows the last frame, from end on, is not counted.
func scan(segment []byte) (frames []frame, end, damaged int) {
	for off := 0; off < len(segment); {
		f, ok := frameAt(segment, off)
		if ok {
			if off != end {
				damaged++
			}
			frames = append(frames, f)
			off += f.size
			end = off
			continue
		}
		next := bytes.Index(segment[off+1:], marker)
		if next < 0 {
			break
		}
		off += 1 + next
	}
	return frames, end, damaged
}
