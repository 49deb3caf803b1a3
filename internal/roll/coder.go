package roll

import "strings"

// reason is why a text is no code, in the order in which that is found out.
type reason int

const (
	good reason = iota
	illegalCharacter
	tooLarge
	wrongMagic
	wrongChecksum
)

// coder turns tickets into codes and back under one key and format. It checks
// nothing: the bits fit the key, the alphabet has two to 255 bytes.
type coder struct {
	key      modulus
	e, d     uint64 // d is 0 where codes are only read
	bytes    int    // of the modulus
	format   Format
	magic    uint64
	alphabet string
	index    [256]int16 // of a byte in the alphabet, -1 for the others
}

func newCoder(key PublicKey, d uint64, f Format) *coder {
	c := &coder{
		key: newModulus(key.n), e: key.e, d: d, bytes: key.Bits() / 8,
		format: f, magic: f.EffectiveMagic(key.Bits()), alphabet: f.Alphabet,
	}
	for b := range c.index {
		c.index[b] = int16(strings.IndexByte(f.Alphabet, byte(b))) // the first of repeated ones
	}
	return c
}

func (c *coder) checksum(roll, ticket uint64) uint64 {
	return low(roll+ticket, c.format.ChecksumBits)
}

// number is a ticket's number before it is written down: the fields, most
// significant first 0, magic, checksum, ticket, roll, raised to the private key.
// The leading 0 keeps it below the modulus, whose first bit is 1.
func (c *coder) number(roll, ticket uint64) uint64 {
	plain := c.magic<<c.format.ChecksumBits | c.checksum(roll, ticket)
	plain = plain<<c.format.TicketBits | ticket
	plain = plain<<c.format.RollBits | roll
	return c.key.exp(plain, c.d)
}

// write appends number in the alphabet, the least significant digit first and
// without padding: the number 0 is the empty code.
func (c *coder) write(to []byte, number uint64) []byte {
	base := uint64(len(c.alphabet))
	for ; number > 0; number /= base {
		to = append(to, c.alphabet[number%base])
	}
	return to
}

// read is the inverse of write, made as forgiving as the original: only what
// follows the last blank counts, the value wraps at 64 bits, and what exceeds the
// key's bytes is cut off. So every number has many spellings. For
// illegalCharacter, number is that byte.
func (c *coder) read(code string) (number uint64, why reason) {
	base := uint64(len(c.alphabet))
	for i := len(code) - 1; i >= 0 && code[i] != ' '; i-- {
		digit := c.index[code[i]]
		if digit < 0 {
			return uint64(code[i]), illegalCharacter
		}
		number = number*base + uint64(digit)
	}
	if number = low(number, 8*c.bytes); number >= c.key.n {
		return number, tooLarge
	}
	return number, good
}

// fields takes a number apart with the public key.
func (c *coder) fields(number uint64) (roll, ticket uint64, why reason) {
	f, plain := c.format, c.key.exp(number, c.e)
	roll = low(plain, f.RollBits)
	ticket = low(plain>>f.RollBits, f.TicketBits)
	checksum := low(plain>>(f.RollBits+f.TicketBits), f.ChecksumBits)
	switch {
	case plain>>f.used() != c.magic:
		return 0, 0, wrongMagic
	case checksum != c.checksum(roll, ticket):
		return 0, 0, wrongChecksum
	}
	return roll, ticket, good
}
