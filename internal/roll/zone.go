package roll

import (
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/visit"
)

// MaxCodes is how many codes are looked at in one login. Staff who test or expire
// batches send several requests.
const MaxCodes = 100

// ErrCodeUnknown: the code is well made, and no roll has its ticket.
var ErrCodeUnknown = refusal("roll_code_unknown", "No roll of this zone has this code. It may be of a roll that was never added here.")

// ErrTooManyCodes: more than MaxCodes at once.
var ErrTooManyCodes = &visit.Error{Kind: visit.KindInvalid, Code: "roll_codes_too_many", Field: "codes", Message: "These are more than 100 codes. Enter fewer at a time."}

// ZoneID names a zone, in the form of a UUID.
type ZoneID string

// SeriesID names a Series, in the form of a UUID.
type SeriesID string

// Series are the rolls that were printed under one key pair and format, also those
// that were deleted: they are kept as retired ones, so that their tickets are not
// printed again.
type Series struct {
	Verifier *Verifier
	Rolls    []Roll
}

// Place gives a new roll its tickets, behind all that were ever printed under its
// number, and says why there can be no such roll. Who changes a roll's count
// retires it first.
func (s Series) Place(r Roll) (Roll, error) {
	r.First = 1
	for _, other := range s.Rolls {
		if other.Number != r.Number {
			continue
		}
		if !other.Retired {
			return Roll{}, visit.Invalid("number", "There is a roll %d already. Choose another number, or delete that roll.", r.Number)
		}
		r.First = max(r.First, other.Last()+1)
	}
	return r, r.Check(s.Verifier.coder.format)
}

// Zone is where codes are tried: the current series first, then those of keys and
// formats that it had before, whose rolls are all retired.
type Zone []Series

// Claim is a code that somebody entered, and what it is found to be. Whoever looks
// up long codes makes claims of what is found, for [Decide] to go on with.
type Claim struct {
	Code string // as typed
	Reading
	Of  Roll  // the generation that has it, also a retired one
	Err error // why it is none; one of ErrCode…
}

// Ticket is the claim's ticket.
func (c Claim) Ticket() Ticket { return Ticket{c.Of.ID, c.Reading.Ticket} }

// Find says which roll has a code. A code that an earlier series has is that
// series' code: what was retired does not come back because new keys happen to
// read it as something else.
func (z Zone) Find(code string) Claim {
	for i := len(z) - 1; i > 0; i-- {
		if claim := z[i].find(code); claim.Err == nil {
			return claim
		}
	}
	if len(z) == 0 {
		return Claim{Code: code, Err: ErrCodeUnknown}
	}
	return z[0].find(code)
}

func (s Series) find(code string) Claim {
	reading, err := s.Verifier.Verify(code)
	if err != nil {
		return Claim{Code: code, Err: err}
	}
	for _, r := range s.Rolls {
		if r.Has(reading) {
			return Claim{Code: code, Reading: reading, Of: r}
		}
	}
	return Claim{Code: code, Reading: reading, Err: ErrCodeUnknown}
}

// FindAll finds the codes of a text, separated by blanks and line ends.
func (z Zone) FindAll(text string) ([]Claim, error) {
	codes := strings.Fields(text)
	if len(codes) > MaxCodes {
		return nil, ErrTooManyCodes
	}
	claims := make([]Claim, len(codes))
	for i, code := range codes {
		claims[i] = z.Find(code)
	}
	return claims, nil
}

// Clashes returns the tickets of a new roll whose codes an earlier series has.
// They would be refused, so they are not to be sold. Under new keys that is a
// chance of one in 2^32 or 2^64 for each pair of a new and an old code. Under the
// same short key with other bits, as many clash as the checksum lets through, which
// is why such a change deserves a new pair.
func (z Zone) Clashes(p *Printer, r Roll) (tickets []uint32) {
	if len(z) < 2 {
		return nil
	}
	for ticket := r.First; ticket <= r.Last(); ticket++ {
		code := p.Code(r.Number, ticket)
		if slices.ContainsFunc(z[1:], func(s Series) bool { return s.find(code).Err == nil }) {
			tickets = append(tickets, ticket)
		}
	}
	return tickets
}
