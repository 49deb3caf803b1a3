package roll

import (
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// ID names a generation of a roll. It is never given twice, so that state kept
// under it cannot come back with a roll's number.
type ID string

// Ticket is one code of one generation, however it is spelt. State is kept by it.
type Ticket struct {
	Roll   ID
	Number uint32
}

// MaxFor is the longest time that a code can be good for.
const MaxFor = 10 * 365 * 24 * time.Hour

// Roll is a generation of a roll: a batch of codes with the same terms. Changing
// its number or count, or the zone's keys or bits, retires it and makes another;
// changing anything else does not, and holds for codes not used yet.
type Roll struct {
	ID     ID
	Number uint32
	// First and Count say which tickets it has. A generation that follows another
	// of the same number begins behind that one's last ticket: what was printed
	// once is never printed again, and so cannot be revived.
	First, Count uint32

	For        time.Duration // access per code; whole seconds
	SoldOnly   bool          // a code counts only once it is marked as sold
	NotBefore  time.Time     // the earliest first use; zero for none
	FirstUseBy time.Time     // no first use from here on; zero for none

	Retired bool // unused codes are dead
	RunsOn  bool // retired, but codes in use run to their end
}

// Last is the highest ticket.
func (r Roll) Last() uint32 { return r.First + r.Count - 1 }

// Has reports whether a reading is of one of the roll's tickets.
func (r Roll) Has(code Reading) bool {
	return code.Roll == r.Number && r.First <= code.Ticket && code.Ticket-r.First < r.Count
}

// Check says why there can be no such roll, naming the field and what to do.
// Numbers up to the format's highest and counts up to its last ticket are good.
func (r Roll) Check(f Format) error {
	switch {
	case r.Number > f.MaxRoll():
		return visit.Invalid("number", "Roll %d needs more than the zone's %d roll bits. Choose 0 to %d.", r.Number, f.RollBits, f.MaxRoll())
	case r.Count == 0:
		return visit.Invalid("count", "A roll of no codes could never be used. Choose 1 to %d.", f.MaxTicket())
	case r.First == 0:
		return visit.Invalid("first", "Ticket 0 is never printed: under some keys it can be guessed. Begin with 1.")
	case r.First > f.MaxTicket():
		return visit.Invalid("number", "All tickets of number %d were printed before, and what was printed is never printed again. Choose another number.", r.Number)
	case uint64(r.First)+uint64(r.Count)-1 > uint64(f.MaxTicket()):
		return visit.Invalid("count", "The zone's %d ticket bits end at ticket %d, and this roll begins at %d. Choose 1 to %d, or another number.", f.TicketBits, f.MaxTicket(), r.First, f.MaxTicket()-r.First+1)
	}
	return r.CheckTerms()
}

// CheckTerms is the part of Check that also holds for rolls of long codes.
func (r Roll) CheckTerms() error {
	switch {
	case r.For < time.Second || r.For > MaxFor || r.For%time.Second != 0:
		return visit.Invalid("minutes", "A code must be good for a whole number of seconds, up to ten years. Choose 1 minute or more.")
	case !r.NotBefore.IsZero() && !r.FirstUseBy.IsZero() && !r.NotBefore.Before(r.FirstUseBy):
		return visit.Invalid("first_use_by", "The last moment of first use is not after the first one. Choose a later one.")
	}
	return nil
}
