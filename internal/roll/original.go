package roll

import (
	"fmt"
	"io"
	"math/bits"
	"strings"
)

// Original is the voucher program of m0n0wall and pfSense, text for text: for
// scripts and firewalls that call it. It takes formats and keys that Check and
// the parsers refuse, and accepts ticket 0. Nothing else here uses it.
//
// Its refusals are *[OriginalError].
type Original struct {
	coder *coder
}

// OriginalError is a refusal of the program: what it prints, without the line's
// end, and the code it exits with.
type OriginalError struct {
	Text string
	Exit int
}

// Error is the text.
func (e *OriginalError) Error() string { return e.Text }

const (
	exitBad     = 1 // usage, configuration, key, code, range
	exitFailure = 4 // the key does not sign
)

func refuse(format string, args ...any) *OriginalError {
	return &OriginalError{fmt.Sprintf(format, args...), exitBad}
}

// errOriginalKey covers everything that is no key of the wanted kind.
var errOriginalKey = refuse("CRYPT key error. Wrong public/private?")

// OriginalKey is a key as the original takes it: the PEM is read, little is checked.
type OriginalKey struct {
	public PublicKey
	d      uint64
	size   int // bits of the modulus
}

// Format hides the key; see [PrivateKey].
func (OriginalKey) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, "roll.OriginalKey(redacted)")
}

// ReadOriginalKey finds a key of the wanted kind in PEM.
func ReadOriginalKey(text []byte, private bool) (OriginalKey, error) {
	parts, d, ok := originalParts(text, private)
	if !ok {
		return OriginalKey{}, errOriginalKey
	}
	size := parts.N.BitLen()
	if size/8 > MaxKeyBits/8 {
		return OriginalKey{}, refuse("CRYPT RSA Key size (%d) too large. Max %d Bits", 8*size, MaxKeyBits)
	}
	if size > MaxKeyBits {
		return OriginalKey{size: size}, nil // good for telling its size
	}
	key, ok := parts.key()
	if !ok || key.n%2 == 0 || key.n < 3 { // Montgomery's method wants an odd modulus, as RSA does
		return OriginalKey{}, errOriginalKey
	}
	return OriginalKey{key, d, size}, nil
}

func originalParts(text []byte, private bool) (parts pkcs1Public, d uint64, ok bool) {
	if !private {
		parts, ok = publicParts(text)
		return parts, 0, ok
	}
	all, ok := privateParts(text)
	if !ok || all.D.BitLen() > all.N.BitLen() {
		return pkcs1Public{}, 0, false
	}
	return pkcs1Public{all.N, all.E}, all.D.Uint64(), true
}

// Size is what the program prints for -s.
func (k OriginalKey) Size() string { return fmt.Sprintf("%d BITS", k.size) }

// NewOriginal fits a format to a key.
func NewOriginal(key OriginalKey, f Format) (*Original, error) {
	if 1+f.used()/8 > key.size/8 {
		return nil, refuse("CFG roll+voucher+checksum bits too large for given key")
	}
	if key.size%8 != 0 {
		// The newest original fails on these when it signs, older ones differ.
		return nil, &OriginalError{fmt.Sprintf("CRYPT RSA Key size (%d) is not a multiple of 8. Failed to sign", key.size), exitFailure}
	}
	return &Original{newCoder(key.public, key.d, f)}, nil
}

// Verify says what a code is, without the line's end. A bad one is an
// *[OriginalError]; the program then looks at no further ones.
func (o *Original) Verify(code string) (string, error) {
	number, why := o.coder.read(code)
	if why == illegalCharacter {
		return "", refuse("TYPO illegal character (%s) found in %s", []byte{byte(number)}, code)
	}
	var roll, ticket uint64
	if why == good {
		roll, ticket, why = o.coder.fields(number)
	}
	switch why {
	case tooLarge:
		return "", refuse("TYPO Invalid code <%s>", code)
	case wrongMagic:
		return "", refuse("TYPO Invalid magic <%s>", code)
	case wrongChecksum:
		return "", refuse("TYPO Invalid checksum <%s>", code)
	}
	return fmt.Sprintf("OK %d %d", roll, ticket), nil
}

// Print prints a roll. The arguments are the program's, in their text form; what
// is out of range is refused with an *[OriginalError], other errors are w's.
func (o *Original) Print(w io.Writer, roll, count string) error {
	f := o.coder.format
	number, last := atoi(roll), atoi(count)
	if last < 1 || last > f.MaxTicket() {
		return refuse("Error: Number of Ticket must be 1..%d", f.MaxTicket())
	}
	if number > f.MaxRoll() {
		return refuse("Error: Roll# must be 0..%d", f.MaxRoll())
	}
	return o.coder.print(w, Text, number, 1, last)
}

// ReadOriginalFormat reads the program's configuration, a line of five fields
// separated by commas, as C's scanf does: blanks before a field are skipped,
// numbers wrap, the alphabet ends at a blank or after 255 bytes. name is the
// file's.
func ReadOriginalFormat(text, name string) (Format, error) {
	var fields [4]uint64
	for i := range fields {
		var ok bool
		fields[i], text, ok = parseNumber(strings.TrimLeft(text, blanks))
		if !ok || text == "" || text[0] != ',' {
			return Format{}, refuse("CFG bad content in cfg file %s", name)
		}
		text = text[1:]
	}
	alphabet := strings.TrimLeft(text, blanks)
	if end := strings.IndexAny(alphabet, blanks); end >= 0 {
		alphabet = alphabet[:end]
	}
	alphabet = alphabet[:min(len(alphabet), 255)]
	switch {
	case alphabet == "":
		return Format{}, refuse("CFG bad content in cfg file %s", name)
	case len(alphabet) < 2:
		return Format{}, refuse("CFG charset too short '%s'", alphabet)
	}
	for _, field := range fields[:3] {
		if uint32(field) > 31 {
			return Format{}, refuse("CFGbits must be between 1..31")
		}
	}
	return Format{int(uint32(fields[0])), int(uint32(fields[1])), int(uint32(fields[2])), fields[3], alphabet}, nil
}

// OriginalFormat writes the program's configuration.
func (f Format) OriginalFormat() string {
	return fmt.Sprintf("%d,%d,%d,%d,%s\n", f.RollBits, f.TicketBits, f.ChecksumBits, f.Magic, f.Alphabet)
}

const blanks = " \t\n\v\f\r"

// parseNumber reads a number as C's strtoul does: a sign, digits, the largest value
// where it does not fit. A negative number wraps.
func parseNumber(text string) (value uint64, rest string, ok bool) {
	negative := strings.HasPrefix(text, "-")
	if negative || strings.HasPrefix(text, "+") {
		text = text[1:]
	}
	i, overflow := 0, false
	for ; i < len(text) && '0' <= text[i] && text[i] <= '9'; i++ {
		high, product := bits.Mul64(value, 10)
		sum, carry := bits.Add64(product, uint64(text[i]-'0'), 0)
		value, overflow = sum, overflow || high|carry != 0
	}
	switch {
	case overflow:
		value = ^uint64(0)
	case negative:
		value = -value
	}
	return value, text[i:], i > 0
}

// atoi is C's, seen as an unsigned number: what is no number is 0, and negative
// ones are huge.
func atoi(text string) uint32 {
	value, _, _ := parseNumber(strings.TrimLeft(text, blanks))
	return uint32(value)
}
