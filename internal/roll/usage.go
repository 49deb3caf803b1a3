package roll

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// Record is what has become of a ticket. The zero Record is a code that was
// printed, or not even that: dormant codes cost nothing.
//
// Records of the same ticket that were written in several places merge, in any
// order and however often, to the same one: over wins; else the earliest use; sold
// if sold anywhere.
type Record struct {
	// At is the first use, when the time began to run; zero before it. Whole
	// seconds, UTC.
	At time.Time
	// Holder is the ticket whose access the time went to: the ticket itself, or the
	// one that was entered before it in the same login.
	Holder Ticket
	// For is the time that it brought, the roll's at first use.
	For time.Duration
	// Over says that nothing is left of it: expired by staff, or used up elsewhere
	// at a time that nobody recorded. Nothing else is known of it then.
	Over bool
	// Sold says that it may be used, where that is asked for.
	Sold bool
}

// Used reports whether it can no longer be used for the first time.
func (r Record) Used() bool { return r.Over || !r.At.IsZero() }

// normal is the record with its instant as every copy has it.
func (r Record) normal() Record {
	r.At = r.At.UTC().Truncate(time.Second)
	return r
}

// merge is the least record that both are part of.
func (r Record) merge(other Record) Record {
	sold := r.Sold || other.Sold
	switch {
	case r.Over || other.Over:
		return Record{Over: true, Sold: sold}
	case !other.At.IsZero() && (r.At.IsZero() || other.before(r)):
		r = other
	}
	r.Sold = sold
	return r
}

// before orders uses of one ticket. Two at the same instant differ in the holder,
// or in the time, of which the guest is given the longer.
func (r Record) before(other Record) bool {
	return cmp.Or(
		r.At.Compare(other.At),
		cmp.Compare(r.Holder.Roll, other.Holder.Roll),
		cmp.Compare(r.Holder.Number, other.Holder.Number),
		cmp.Compare(other.For, r.For),
	) < 0
}

// Entry is a ticket's record on its way: from memory to disk, from an agent to the
// server, from the server to the other agents.
type Entry struct {
	Ticket Ticket
	Record Record
}

// Usage is the state of a zone's tickets, or of as many as a question is about. It
// changes by merging entries only, so that what several agents and portals did
// while they could not see each other comes together without loss. Not safe for
// concurrent use. The zero Usage is empty.
type Usage struct {
	records map[Ticket]Record
	added   map[Ticket][]Ticket // by holder, the tickets it holds besides itself
}

// Of returns a ticket's record.
func (u *Usage) Of(t Ticket) Record { return u.records[t] }

// All returns the records of all tickets that have one, in no order.
func (u *Usage) All() iter.Seq2[Ticket, Record] {
	return func(yield func(Ticket, Record) bool) {
		for t, r := range u.records {
			if !yield(t, r) {
				return
			}
		}
	}
}

// Merge takes entries in and returns those that changed something, as they are now.
func (u *Usage) Merge(entries ...Entry) (changed []Entry) {
	if u.records == nil {
		u.records, u.added = map[Ticket]Record{}, map[Ticket][]Ticket{}
	}
	for _, e := range entries {
		old := u.records[e.Ticket]
		merged := old.merge(e.Record.normal())
		if merged == old {
			continue
		}
		u.records[e.Ticket] = merged
		u.move(e.Ticket, old.Holder, merged.Holder)
		changed = append(changed, Entry{e.Ticket, merged})
	}
	return changed
}

// move keeps added true when a ticket's time goes to another holder.
func (u *Usage) move(t, from, to Ticket) {
	if from == to {
		return
	}
	if from != t {
		u.added[from] = slices.DeleteFunc(u.added[from], func(a Ticket) bool { return a == t })
		if len(u.added[from]) == 0 {
			delete(u.added, from)
		}
	}
	if to != t && to != (Ticket{}) {
		u.added[to] = append(u.added[to], t)
	}
}

// EndsAt is when the access ends that a ticket holds; zero when it holds none. The
// time of a code that was added runs from when it was entered, or from the end of
// what was there before, whichever is later: none of it is lost or counted twice.
func (u *Usage) EndsAt(holder Ticket) time.Time {
	return u.endsAt(holder, nil)
}

// endsAt is EndsAt as if entries had been merged that are not known yet.
func (u *Usage) endsAt(holder Ticket, fresh []Entry) time.Time {
	var parts []Record
	for _, t := range append([]Ticket{holder}, u.added[holder]...) {
		parts = append(parts, u.records[t])
	}
	for _, e := range fresh {
		parts = append(parts, e.Record)
	}
	parts = slices.DeleteFunc(parts, func(r Record) bool { return r.At.IsZero() || r.Holder != holder })
	if u.records[holder].Over || len(parts) == 0 {
		return time.Time{}
	}
	slices.SortFunc(parts, func(a, b Record) int { return a.At.Compare(b.At) })
	end := parts[0].At
	for _, part := range parts {
		if part.At.After(end) {
			end = part.At
		}
		end = end.Add(part.For)
	}
	return end
}
