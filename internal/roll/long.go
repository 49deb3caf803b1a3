package roll

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
)

// LongCode is a random code in its one canonical spelling, without dashes. It is a
// secret: it is stored sealed, so that it can be printed again, and looked up by a
// keyed hash of its bytes.
//
// Fourteen symbols of five bits are drawn, 70 bits; with a million codes for sale
// and a thousand guesses a second, one is hit every 37,000 years on average. The
// fifteenth is a check symbol.
type LongCode string

const (
	longSymbols = 15
	longGroup   = 5

	// longAlphabet is Douglas Crockford's base 32: digits and capitals without I, L,
	// O, which are read as digits, and U.
	longAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

// Reasons why a text is no long code. Staff and guests may see them: they tell a
// slip of the finger from a code that does not exist, and nothing about codes.
var (
	ErrLongCodeLength    = refusal("roll_code_length", "A code has fifteen letters and digits. Enter all of them, with or without dashes.")
	ErrLongCodeCharacter = refusal("roll_code_letter", "There is a character in it that codes do not have. Compare it with the printed code.")
	ErrLongCodeCheck     = refusal("roll_code_check", "A character is mistyped, or two are swapped. Compare it with the printed code.")
)

// NewLongCode draws a code from random.
func NewLongCode(random io.Reader) (LongCode, error) {
	var drawn [longSymbols - 1]byte
	if _, err := io.ReadFull(random, drawn[:]); err != nil {
		return "", fmt.Errorf("random source: %w", err)
	}
	symbols := make([]byte, 0, longSymbols)
	for _, octet := range drawn {
		symbols = append(symbols, octet&31)
	}
	symbols = append(symbols, check(symbols))
	for i, s := range symbols {
		symbols[i] = longAlphabet[s]
	}
	return LongCode(symbols), nil
}

// ParseLongCode reads a code as people type it: in small letters, with dashes or
// blanks anywhere or nowhere, with the letters O, I and L for the digits they
// look like. The error is one of ErrLongCode….
func ParseLongCode(text string) (LongCode, error) {
	if len(text) > MaxCode {
		return "", ErrLongCodeLength
	}
	symbols := make([]byte, 0, longSymbols)
	for _, c := range []byte(strings.ToUpper(text)) {
		if c == '-' || c == ' ' {
			continue
		}
		s := strings.IndexByte(longAlphabet, lookalike(c))
		if s < 0 {
			return "", ErrLongCodeCharacter
		}
		symbols = append(symbols, byte(s))
	}
	if len(symbols) != longSymbols {
		return "", ErrLongCodeLength
	}
	if check(symbols[:longSymbols-1]) != symbols[longSymbols-1] {
		return "", ErrLongCodeCheck
	}
	for i, s := range symbols {
		symbols[i] = longAlphabet[s]
	}
	return LongCode(symbols), nil
}

func lookalike(c byte) byte {
	switch c {
	case 'O':
		return '0'
	case 'I', 'L':
		return '1'
	}
	return c
}

// Grouped is the code as it is printed: K7M2Q-9XTBC-4RHWE.
func (c LongCode) Grouped() string {
	var groups []string
	for i := 0; i < len(c); i += longGroup {
		groups = append(groups, string(c[i:min(i+longGroup, len(c))]))
	}
	return strings.Join(groups, "-")
}

// HashSize is the length of a [LongCode.Hash] in octets. A million codes make one
// guess in 2^76 pass for one of them, far fewer than are codes.
const HashSize = 12

// Hash is what a code is looked up by: HMAC-SHA-256 under the zone's key, cut. Who
// has the hashes and not the key learns nothing; who has both must try 2^70 codes.
func (c LongCode) Hash(key []byte) (hash [HashSize]byte) {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(c))
	copy(hash[:], mac.Sum(nil))
	return hash
}

// String keeps the code out of logs and error texts.
func (LongCode) String() string { return "[roll code]" }

// GoString is String.
func (c LongCode) GoString() string { return c.String() }

// check makes the check symbol. Symbols are elements of the field of 32, each is
// multiplied by another power of 2 there, and the sum over all fifteen is 0. One
// changed symbol changes the sum, and so does an exchange of two different ones,
// for no two of the first 31 powers are the same.
func check(symbols []byte) (sum byte) {
	for _, s := range symbols {
		sum = (sum ^ s) << 1
		if sum&32 != 0 {
			sum ^= 0b100101 // x⁵ + x² + 1, which 2 generates the field by
		}
	}
	return sum
}
