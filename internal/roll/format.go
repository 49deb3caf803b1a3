package roll

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/foyerhq/foyer/internal/visit"
)

// Defaults of a compatible zone, the original's.
const (
	DefaultRollBits     = 16
	DefaultTicketBits   = 10
	DefaultChecksumBits = 5
	DefaultAlphabet     = "2345678abcdefhijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
)

// Format is what a zone's codes have in common besides its key pair: how the bits
// of a number are shared out, the magic number, and the characters it is written
// in. Changing any of it makes another Format, whose codes are other codes.
type Format struct {
	RollBits     int
	TicketBits   int
	ChecksumBits int
	Magic        uint64 // cut to the bits that are left over
	Alphabet     string // its order matters; bytes, case-sensitive
}

// NewFormat is the default format with a magic number drawn from random: 32 bits,
// all that a long key has room for.
func NewFormat(random io.Reader) (Format, error) {
	var magic [4]byte
	if _, err := io.ReadFull(random, magic[:]); err != nil {
		return Format{}, fmt.Errorf("random source: %w", err)
	}
	return Format{DefaultRollBits, DefaultTicketBits, DefaultChecksumBits, uint64(binary.BigEndian.Uint32(magic[:])), DefaultAlphabet}, nil
}

// Check says why f is not fit for codes under a key of keyBits, naming the field
// and what to do. It is stricter than the original, which prints codes that
// nobody can enter from some alphabets, and finds out about the sum of the bits
// only when a roll is printed.
func (f Format) Check(keyBits int) error {
	for _, field := range []struct {
		name            string
		bits, low, high int
	}{
		{"roll_bits", f.RollBits, 1, 31},
		{"ticket_bits", f.TicketBits, 1, 16},
		{"checksum_bits", f.ChecksumBits, 0, 31},
	} {
		if field.bits < field.low || field.bits > field.high {
			return visit.Invalid(field.name, "%d bits are out of range. Choose %d to %d.", field.bits, field.low, field.high)
		}
	}
	if sum := f.used(); sum >= keyBits {
		return visit.Invalid("checksum_bits", "Roll, ticket and checksum take %d bits together, a key of %d bits has room for %d. Take fewer bits or a longer key.", sum, keyBits, keyBits-1)
	}
	return checkAlphabet(f.Alphabet)
}

// checkAlphabet wants printable ASCII that survives a spreadsheet and a line of
// codes separated by blanks.
func checkAlphabet(alphabet string) error {
	const field = "alphabet"
	if len(alphabet) < 2 {
		return visit.Invalid(field, "The character set needs at least two characters. Add some.")
	}
	for i := range len(alphabet) {
		c := alphabet[i]
		switch {
		case c <= ' ' || c > '~':
			return visit.Invalid(field, "Character %d of the character set is a blank or not plain ASCII. Remove it.", i+1)
		case c == '"' || c == ',':
			return visit.Invalid(field, "The character set cannot contain %q, which separates values in exported files. Remove it.", c)
		case strings.IndexByte(alphabet, c) < i:
			return visit.Invalid(field, "The character set contains %q twice, so that codes could not be read back. Remove one.", c)
		}
	}
	return nil
}

// used is the number of bits that the three fields take.
func (f Format) used() int { return f.RollBits + f.TicketBits + f.ChecksumBits }

// MagicBits is how many bits a key of keyBits leaves for the magic number. With
// none, every 2^ChecksumBits-th number is a ticket of some roll.
func (f Format) MagicBits(keyBits int) int { return max(0, keyBits-1-f.used()) }

// EffectiveMagic is the part of the magic number that codes carry.
func (f Format) EffectiveMagic(keyBits int) uint64 { return low(f.Magic, f.MagicBits(keyBits)) }

// MaxRoll is the highest roll number.
func (f Format) MaxRoll() uint32 { return uint32(low(^uint64(0), f.RollBits)) }

// MaxTicket is the highest ticket of a roll; the lowest is 1.
func (f Format) MaxTicket() uint32 { return uint32(low(^uint64(0), f.TicketBits)) }

// CodeLength is the length of the longest code under a key of keyBits.
func (f Format) CodeLength(keyBits int) int {
	length := 0
	for n := low(^uint64(0), keyBits); n > 0; n /= uint64(len(f.Alphabet)) {
		length++
	}
	return length
}

// low keeps the lowest bits of n, at most 64 of them.
func low(n uint64, bits int) uint64 { return n & (1<<bits - 1) }
