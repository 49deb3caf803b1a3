package roll_test

import (
	"encoding/binary"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/roll"
)

// oracle makes and reads codes by another way: long numbers, texts of bits, and
// nothing of the package. It is slow and plain.
type oracle struct {
	n, e, d *big.Int
	format  roll.Format
}

func (o oracle) length() int { return o.n.BitLen() }

// bits writes a number with exactly so many binary digits, the lowest ones.
func bits(n *big.Int, length int) string {
	text := strings.Repeat("0", length) + n.Text(2)
	return text[len(text)-length:]
}

func unbits(text string) *big.Int {
	n, _ := new(big.Int).SetString("0"+text, 2)
	return n
}

func (o oracle) code(number, ticket uint32) string {
	f := o.format
	total := big.NewInt(int64(number) + int64(ticket))
	text := bits(total, f.ChecksumBits) + bits(big.NewInt(int64(ticket)), f.TicketBits) + bits(big.NewInt(int64(number)), f.RollBits)
	text = "0" + bits(new(big.Int).SetUint64(f.Magic), o.length()-1-len(text)) + text
	signed := new(big.Int).Exp(unbits(text), o.d, o.n)
	var code strings.Builder
	base, digit := big.NewInt(int64(len(f.Alphabet))), new(big.Int)
	for signed.Sign() > 0 {
		signed.DivMod(signed, base, digit)
		code.WriteByte(f.Alphabet[digit.Int64()])
	}
	return code.String()
}

// read returns the fields, or the refusal.
func (o oracle) read(code string) (number, ticket uint32, refusal error) {
	f := o.format
	if len(code) > roll.MaxCode {
		return 0, 0, roll.ErrCodeTooLong
	}
	code = code[strings.LastIndexByte(code, ' ')+1:]
	value, place := new(big.Int), big.NewInt(1)
	for i := range len(code) {
		digit := strings.IndexByte(f.Alphabet, code[i])
		if digit < 0 {
			return 0, 0, roll.ErrCodeCharacter
		}
		value.Add(value, new(big.Int).Mul(place, big.NewInt(int64(digit))))
		place.Mul(place, big.NewInt(int64(len(f.Alphabet))))
	}
	value = unbits(bits(value, 64))
	value = unbits(bits(value, o.length()))
	if value.Cmp(o.n) >= 0 {
		return 0, 0, roll.ErrCodeNumber
	}
	text := bits(value.Exp(value, o.e, o.n), o.length())
	rest := len(text) - f.RollBits - f.TicketBits - f.ChecksumBits
	if text[:rest] != "0"+bits(new(big.Int).SetUint64(f.Magic), rest-1) {
		return 0, 0, roll.ErrCodeMagic
	}
	checksum, text := text[rest:rest+f.ChecksumBits], text[rest+f.ChecksumBits:]
	t, r := unbits(text[:f.TicketBits]), unbits(text[f.TicketBits:])
	if bits(new(big.Int).Add(t, r), f.ChecksumBits) != checksum {
		return 0, 0, roll.ErrCodeChecksum
	}
	if t.Sign() == 0 {
		return 0, 0, roll.ErrCodeZero
	}
	return uint32(r.Uint64()), uint32(t.Uint64()), nil
}

// zone is a key pair with a format, and the oracle of both.
type zone struct {
	key    roll.PrivateKey
	format roll.Format
	oracle oracle
}

func (z zone) verifier(t require.TestingT) *roll.Verifier {
	v, err := roll.NewVerifier(z.key.PublicKey, z.format)
	require.NoError(t, err)
	return v
}

func (z zone) printer(t require.TestingT) *roll.Printer {
	p, err := roll.NewPrinter(z.key, z.format)
	require.NoError(t, err)
	return p
}

// drawnOctets is a source of randomness that rapid shrinks.
type drawnOctets struct{ t *rapid.T }

func (d drawnOctets) Read(p []byte) (int, error) {
	return copy(p, rapid.SliceOfN(rapid.Byte(), len(p), len(p)).Draw(d.t, "octets")), nil
}

const printable = "!#$%&'()*+-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

// drawZone draws a key of 32 or 64 bits and a format that fits it.
func drawZone(t *rapid.T) zone {
	size := rapid.SampledFrom([]int{roll.ShortKey, roll.LongKey}).Draw(t, "key bits")
	key, err := roll.GenerateKey(drawnOctets{t}, size)
	require.NoError(t, err)
	f := roll.Format{Magic: rapid.Uint64().Draw(t, "magic")}
	f.RollBits = rapid.IntRange(1, min(31, size-2)).Draw(t, "roll bits")
	f.TicketBits = rapid.IntRange(1, min(16, size-1-f.RollBits)).Draw(t, "ticket bits")
	f.ChecksumBits = rapid.IntRange(0, min(31, size-1-f.RollBits-f.TicketBits)).Draw(t, "checksum bits")
	shuffled := rapid.Permutation([]byte(printable)).Draw(t, "alphabet")
	f.Alphabet = string(shuffled[:rapid.IntRange(2, len(shuffled)).Draw(t, "alphabet size")])
	require.NoError(t, f.Check(size))
	return zone{key, f, oracleOf(t, key, f)}
}

// oracleOf takes the key's numbers from its PEM by hand.
func oracleOf(t require.TestingT, key roll.PrivateKey, f roll.Format) oracle {
	block, _ := pem.Decode(key.PEM())
	require.NotNil(t, block)
	der := block.Bytes[2:] // a short sequence
	var parts []*big.Int
	for len(der) > 0 {
		parts = append(parts, new(big.Int).SetBytes(der[2:2+der[1]]))
		der = der[2+der[1]:]
	}
	require.Len(t, parts, 9)
	return oracle{n: parts[1], e: parts[2], d: parts[3], format: f}
}

// What is printed is what the oracle prints, and is read back by both.
func TestCodesAgainstOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		number := rapid.Uint32Range(0, z.format.MaxRoll()).Draw(t, "roll")
		ticket := rapid.Uint32Range(1, z.format.MaxTicket()).Draw(t, "ticket")
		code := z.printer(t).Code(number, ticket)
		require.Equal(t, z.oracle.code(number, ticket), code)
		require.LessOrEqual(t, len(code), z.format.CodeLength(z.key.Bits()))
		reading, err := z.verifier(t).Verify(code)
		require.NoError(t, err)
		require.Equal(t, roll.Reading{Roll: number, Ticket: ticket, Spelling: code}, reading)
	})
}

// Any text at all: both say the same of it, and what is accepted is told by its
// one right spelling.
func TestTextsAgainstOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		letters := rapid.SampledFrom([]rune(z.format.Alphabet + " ~0"))
		text := rapid.StringOfN(letters, 0, roll.MaxCode+2, -1).Draw(t, "text")
		requireAgreement(t, z, text)
	})
}

func requireAgreement(t require.TestingT, z zone, text string) {
	v := z.verifier(t)
	number, ticket, refusal := z.oracle.read(text)
	reading, err := v.Verify(text)
	if refusal != nil {
		require.ErrorIs(t, err, refusal, "%q", text)
		return
	}
	require.NoError(t, err, "%q", text)
	require.Equal(t, number, reading.Roll)
	require.Equal(t, ticket, reading.Ticket)
	if number <= z.format.MaxRoll() && ticket <= z.format.MaxTicket() {
		require.Equal(t, z.oracle.code(number, ticket), reading.Spelling)
	}
}

// A code with one character changed, removed, added or swapped with its neighbour
// is refused, or it is called by its own name: another ticket, or the same one by
// the spelling on its slip. It never passes for another text's ticket.
func TestEditedCodesAreRefusedOrNamed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		v := z.verifier(t)
		number := rapid.Uint32Range(0, z.format.MaxRoll()).Draw(t, "roll")
		ticket := rapid.Uint32Range(1, z.format.MaxTicket()).Draw(t, "ticket")
		code := z.printer(t).Code(number, ticket)
		for _, edited := range edits(code, z.format.Alphabet) {
			reading, err := v.Verify(edited)
			if err != nil || edited == code {
				continue
			}
			same := reading.Roll == number && reading.Ticket == ticket
			require.Equal(t, same, reading.Spelling == code, "%q from %q", edited, code)
			require.Equal(t, reading.Spelling, z.printer(t).Code(reading.Roll, reading.Ticket))
		}
	})
}

// edits are all texts that differ from code by one slip of the finger.
func edits(code, alphabet string) []string {
	var all []string
	for i := range len(code) + 1 {
		for _, c := range alphabet {
			all = append(all, code[:i]+string(c)+code[i:])
			if i < len(code) {
				all = append(all, code[:i]+string(c)+code[i+1:])
			}
		}
		if i < len(code) {
			all = append(all, code[:i]+code[i+1:])
		}
		if i+1 < len(code) {
			all = append(all, code[:i]+code[i+1:i+2]+code[i:i+1]+code[i+2:])
		}
	}
	return all
}

// Under a long key with the default bits, no slip of the finger in the recorded
// codes makes another ticket: 32 bits of magic see to that.
func TestSlipsUnderLongKey(t *testing.T) {
	t.Parallel()
	v := recorded(t)
	p, reader := printer(t, v, "d-default64"), verifier(t, v, "d-default64")
	for ticket := range uint32(50) {
		code := p.Code(1, ticket+1)
		for _, edited := range edits(code, roll.DefaultAlphabet) {
			if reading, err := reader.Verify(edited); err == nil {
				require.Equal(t, code, reading.Spelling, "%q", edited)
			}
		}
	}
}

// FuzzVerify gives any bytes to verifiers of all recorded configurations.
func FuzzVerify(f *testing.F) {
	v := recorded(f)
	for i, call := range v.Verify {
		if i%9 == 0 {
			f.Add([]byte(call.Args[0]), uint8(i))
		}
	}
	f.Add(binary.BigEndian.AppendUint64(nil, 1<<63), uint8(3))
	f.Fuzz(func(t *testing.T, text []byte, which uint8) {
		config := v.Configs[int(which)%len(v.Configs)]
		key := v.key(t, config.Key).private(t)
		format := config.format(t)
		z := zone{key, format, oracleOf(t, key, format)}
		requireAgreement(t, z, string(text))
	})
}
