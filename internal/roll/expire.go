package roll

import (
	"slices"
	"time"
)

// Expire ends codes, before or during use. The entries must be merged; the holders
// are those whose access may end by it, now or earlier than before: their
// sessions are to be held against [Usage.EndsAt] again, which is zero for an
// access that ended with its first code. Claims that are no codes are passed over.
func Expire(u *Usage, claims []Claim) (entries []Entry, holders []Ticket) {
	for _, claim := range claims {
		if claim.Err != nil {
			continue
		}
		entries = append(entries, Entry{claim.Ticket(), Record{Over: true}})
		record := u.Of(claim.Ticket())
		if !record.At.IsZero() && !slices.Contains(holders, record.Holder) {
			holders = append(holders, record.Holder)
		}
	}
	return entries, holders
}

// Retire ends the codes in use of a roll that is retired and does not run on. What
// it returns is as from [Expire].
func Retire(u *Usage, r Roll) (entries []Entry, holders []Ticket) {
	var claims []Claim
	for ticket := r.First; ticket <= r.Last(); ticket++ {
		claim := Claim{Reading: Reading{Roll: r.Number, Ticket: ticket}, Of: r}
		if u.Of(claim.Ticket()).Used() {
			claims = append(claims, claim)
		}
	}
	return Expire(u, claims)
}

// Sell marks tickets as sold, first to last.
func Sell(roll ID, first, last uint32) (entries []Entry) {
	for ticket := first; ticket <= last; ticket++ {
		entries = append(entries, Entry{Ticket{roll, ticket}, Record{Sold: true}})
	}
	return entries
}

// Utilisation counts a roll's codes. Each is exactly one of the three.
type Utilisation struct {
	Ready, Active, Used uint32
}

// Utilisation counts a roll's codes at an instant.
func (u *Usage) Utilisation(r Roll, now time.Time) (n Utilisation) {
	for ticket := r.First; ticket <= r.Last(); ticket++ {
		switch record := u.Of(Ticket{r.ID, ticket}); {
		case !record.Used():
			n.Ready++
		case !record.Over && u.EndsAt(record.Holder).After(now):
			n.Active++
		default:
			n.Used++
		}
	}
	return n
}

// Mask is the roll's used tickets in the original's form, for a zone that goes
// back there.
func (u *Usage) Mask(r Roll) Mask {
	m := NewMask(r.Last())
	for ticket := r.First; ticket <= r.Last(); ticket++ {
		if u.Of(Ticket{r.ID, ticket}).Used() {
			m.Set(ticket)
		}
	}
	return m
}

// Settle turns the records of accesses that ended before an instant into used-up
// ones, which take no more than a bit of a [Mask]. What it returns is to be merged.
// The instant leaves time for agents that were cut off: what one of them added to
// an access that is settled here is lost.
func (u *Usage) Settle(before time.Time) (entries []Entry) {
	for t, record := range u.All() {
		if !record.At.IsZero() && u.EndsAt(record.Holder).Before(before) {
			entries = append(entries, Entry{t, Record{Over: true}})
		}
	}
	return entries
}
