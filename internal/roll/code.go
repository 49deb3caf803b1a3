package roll

import (
	"github.com/foyerhq/foyer/internal/visit"
)

// MaxCode is the length in bytes of the longest text that is looked at as a code.
// The longest that is ever printed has 64, of a 64-bit key in two characters.
const MaxCode = 128

// Reading is what a code says.
type Reading struct {
	Roll   uint32 // the roll's number
	Ticket uint32 // 1 or more
	// Spelling is the code as it is printed. What was typed may differ and mean the
	// same number, so state, user names and comparisons go by Roll and Ticket or by
	// this, never by what was typed.
	Spelling string
}

// Reasons why a text is not one of a zone's codes. Their messages are for staff,
// who test codes; guests see the zone's own text.
var (
	ErrCodeTooLong   = refusal("roll_code_too_long", "This is longer than any code. Enter the code alone.")
	ErrCodeCharacter = refusal("roll_code_character", "There is a character in it that codes do not have. Compare it with the printed code; capitals matter.")
	ErrCodeNumber    = refusal("roll_code_number", "This is no code of this zone: its number is too large for the zone's key. Compare it with the printed code.")
	ErrCodeMagic     = refusal("roll_code_magic", "This is no code of this zone: the magic number is missing. Compare it with the printed code, and the zone it was printed for.")
	ErrCodeChecksum  = refusal("roll_code_checksum", "This is no code of this zone: the checksum is wrong. Compare it with the printed code.")
	ErrCodeZero      = refusal("roll_code_zero", "This decodes to ticket 0, which is never printed. Enter a printed code.")
)

func refusal(code, message string) *visit.Error {
	return &visit.Error{Kind: visit.KindInvalid, Code: code, Field: "code", Message: message}
}

var refusals = map[reason]*visit.Error{
	illegalCharacter: ErrCodeCharacter,
	tooLarge:         ErrCodeNumber,
	wrongMagic:       ErrCodeMagic,
	wrongChecksum:    ErrCodeChecksum,
}

// Verifier reads codes. It is safe for concurrent use.
type Verifier struct{ coder *coder }

// NewVerifier makes a verifier, or says what is wrong with the format.
func NewVerifier(key PublicKey, f Format) (*Verifier, error) {
	if err := f.Check(key.Bits()); err != nil {
		return nil, err
	}
	return &Verifier{newCoder(key, 0, f)}, nil
}

// Verify reads a code in any of its spellings. It says nothing about whether such
// a roll exists, which is for [Zone.Find]. Besides what the original refuses it
// refuses ticket 0: under a key without room for a magic number, a run of the
// first character of the alphabet is one. The error is one of ErrCode….
func (v *Verifier) Verify(code string) (Reading, error) {
	if len(code) > MaxCode {
		return Reading{}, ErrCodeTooLong
	}
	number, why := v.coder.read(code)
	if why != good {
		return Reading{}, refusals[why]
	}
	roll, ticket, why := v.coder.fields(number)
	if why != good {
		return Reading{}, refusals[why]
	}
	if ticket == 0 {
		return Reading{}, ErrCodeZero
	}
	var spelling [64]byte
	return Reading{uint32(roll), uint32(ticket), string(v.coder.write(spelling[:0], number))}, nil
}

// Printer makes codes. It is safe for concurrent use.
type Printer struct{ coder *coder }

// NewPrinter makes a printer, or says what is wrong with the format.
func NewPrinter(key PrivateKey, f Format) (*Printer, error) {
	if err := f.Check(key.Bits()); err != nil {
		return nil, err
	}
	return &Printer{newCoder(key.PublicKey, key.d, f)}, nil
}

// AppendCode appends the code of a ticket. The same ticket always has the same
// code, so that a roll can be printed again. roll and ticket are in the format's
// range.
func (p *Printer) AppendCode(to []byte, roll, ticket uint32) []byte {
	return p.coder.write(to, p.coder.number(uint64(roll), uint64(ticket)))
}

// Code is AppendCode to a string.
func (p *Printer) Code(roll, ticket uint32) string {
	return string(p.AppendCode(nil, roll, ticket))
}
