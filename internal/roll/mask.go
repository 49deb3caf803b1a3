package roll

import (
	"encoding/base64"
	"math/bits"
	"strings"

	"github.com/foyerhq/foyer/internal/visit"
)

// Mask has a bit for each used ticket of a roll, in the original's layout: ticket
// t is bit t mod 8 of byte t/8, and bit 0 is nobody's.
type Mask []byte

// NewMask makes an empty mask for tickets up to last.
func NewMask(last uint32) Mask { return make(Mask, last/8+1) }

// Set marks a ticket, which must not be beyond the last.
func (m Mask) Set(ticket uint32) { m[ticket/8] |= 1 << (ticket % 8) }

// Has reports whether a ticket is marked.
func (m Mask) Has(ticket uint32) bool {
	return ticket/8 < uint32(len(m)) && m[ticket/8]>>(ticket%8)&1 == 1
}

// Count is how many tickets are marked.
func (m Mask) Count() (n int) {
	for _, b := range m {
		n += bits.OnesCount8(b)
	}
	return n
}

// Merge marks in m, which must be as long, what is marked in other.
func (m Mask) Merge(other Mask) {
	for i, b := range other {
		m[i] |= b
	}
}

// Entries are the marked tickets as used-up ones of a roll.
func (m Mask) Entries(roll ID) (entries []Entry) {
	for ticket := range uint32(8 * len(m)) {
		if m.Has(ticket) {
			entries = append(entries, Entry{Ticket{roll, ticket}, Record{Over: true}})
		}
	}
	return entries
}

// Text is the mask as the original keeps it in a file: a line of base64.
func (m Mask) Text() string { return base64.StdEncoding.EncodeToString(m) + "\n" }

// ParseMask reads a mask of a roll of count tickets. One of another length, or with
// bits behind the last ticket, is of another roll or damaged, and is refused: the
// original pads it with whatever comes, which uses tickets up or revives them. Bit 0
// is cleared; it is set where somebody was let in by ticket 0.
func ParseMask(text string, count uint32) (Mask, error) {
	const field = "used"
	octets, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, visit.Invalid(field, "This is no mask of used tickets: it is not base64. Copy the whole file again.")
	}
	m := Mask(octets)
	if want := len(NewMask(count)); len(m) != want {
		return nil, visit.Invalid(field, "The mask has %d bytes, one of %d tickets has %d. Check that it is this roll's, or begin with an empty mask.", len(m), count, want)
	}
	m[0] &^= 1
	for ticket := count + 1; ticket < uint32(8*len(m)); ticket++ {
		if m.Has(ticket) {
			return nil, visit.Invalid(field, "The mask marks ticket %d of a roll of %d. Check that it is this roll's and not damaged.", ticket, count)
		}
	}
	return m, nil
}
