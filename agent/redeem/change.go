package redeem

import (
	"cmp"
	"crypto/rand"
	"log/slog"
	"slices"

	"github.com/foyerhq/foyer/agent/ledger"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/wire"
)

// Change is what one transaction does: each object's new form, nil for none.
type change struct {
	whole      bool // of zones, rolls and codes nothing stays but what is in it
	head       *head
	zones      map[string]*wire.Zone
	rolls      map[roll.ID]*wire.Roll
	codes      map[roll.ID]*wire.RollCodes
	usages     map[roll.ID]*wire.RollUsage
	records    map[roll.Ticket]*roll.Record
	unreported map[string]*wire.RollUse

	uses []wire.RollEntry // to be merged into the records first
}

func newChange() *change {
	return &change{
		zones: map[string]*wire.Zone{}, rolls: map[roll.ID]*wire.Roll{}, codes: map[roll.ID]*wire.RollCodes{},
		usages: map[roll.ID]*wire.RollUsage{}, records: map[roll.Ticket]*roll.Record{}, unreported: map[string]*wire.RollUse{},
	}
}

// Apply takes what entries say of zones, rolls and accesses, and passes the others
// over. When it returns nil, that is on disk; with an error it holds in memory, and
// the same entries may be sent again. Ended are the accesses that ended by it.
func (b *Book) Apply(entries []*wire.Entry) (ended []ledger.Ended, err error) {
	c := newChange()
	about := false
	for _, e := range entries {
		about = c.fold(e) || about
	}
	if !about {
		return nil, nil
	}
	return b.take(c)
}

// fold adds an entry to the change and reports whether it is about roll codes.
func (c *change) fold(e *wire.Entry) bool {
	switch id := roll.ID(e.ObjectID); e.Type {
	case wire.TypeZonePut, wire.TypeZoneDrop:
		c.zones[e.ObjectID] = e.Zone
	case wire.TypeRollPut:
		c.rolls[id] = e.Roll
	case wire.TypeRollDrop:
		c.rolls[id], c.codes[id], c.usages[id] = nil, nil, nil
	case wire.TypeRollCodes:
		c.codes[id] = e.Codes
	case wire.TypeRollUsage:
		c.usages[id] = e.Usage
	case wire.TypeGrantPut:
		if e.Grant == nil || e.Grant.Kind != wire.GrantRoll {
			return false
		}
		c.uses = append(c.uses, e.Grant.Entries...)
	default:
		return false
	}
	return true
}

// Replace makes the set's zones, rolls and codes all there are, and adds what it
// says of their use. Errors and ended are as for Apply.
func (b *Book) Replace(set ledger.Set) (ended []ledger.Ended, err error) {
	c := newChange()
	c.whole, c.head = true, &head{Complete: true}
	for i := range set.Zones {
		c.zones[set.Zones[i].ID] = &set.Zones[i]
	}
	for i := range set.Rolls {
		c.rolls[set.Rolls[i].ID] = &set.Rolls[i]
	}
	for i := range set.Codes {
		c.codes[set.Codes[i].RollID] = &set.Codes[i]
	}
	for i := range set.Usages {
		c.usages[set.Usages[i].RollID] = &set.Usages[i]
	}
	for _, g := range set.Grants {
		if g.Kind == wire.GrantRoll {
			c.uses = append(c.uses, g.Entries...)
		}
	}
	return b.take(c)
}

// Clear forgets zones, rolls and accesses: nobody is let in by a code until a whole
// set has come. Errors and ended are as for Apply.
func (b *Book) Clear() (ended []ledger.Ended, err error) {
	c := newChange()
	c.whole, c.head = true, &head{}
	return b.take(c)
}

// take brings a change to the disk and, also where that fails, into memory.
func (b *Book) take(c *change) (ended []ledger.Ended, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	concerned := b.state.complete(c)
	err = b.commit(c)
	zones := map[string]bool{}
	b.state.about(c, zones) // also of rolls that go
	b.state.change(c)
	b.state.about(c, zones)
	b.state.reindex(zones, b.cfg.Logger)
	b.publish()
	for holder := range concerned {
		ended = append(ended, b.settle(holder)...)
	}
	return ended, err
}

// complete works out what a change does to records and usages, and returns the
// holders whose access it may change.
func (s *state) complete(c *change) (concerned map[roll.Ticket]bool) {
	concerned = map[roll.Ticket]bool{}
	if c.whole {
		s.dropOthers(c)
	}
	for id, usage := range c.usages {
		if g := s.rolls[id]; usage != nil && g != nil {
			c.usages[id] = &wire.RollUsage{RollID: id, Over: union(slices.Clone(usage.Over), g.Over), Sold: union(slices.Clone(usage.Sold), g.Sold)}
		}
	}
	s.merge(c, concerned)
	s.bury(c, concerned)
	if c.whole {
		s.remind(c)
	}
	for holder := range s.held {
		if s.touched(c, holder.Roll) || c.kills(holder, s.first(c, holder.Roll)) {
			concerned[holder] = true
		}
	}
	return concerned
}

// dropOthers makes a whole set say what goes.
func (s *state) dropOthers(c *change) {
	for id := range s.zones {
		if c.zones[id] == nil {
			c.zones[id] = nil
		}
	}
	for id := range s.rolls {
		if c.rolls[id] == nil {
			c.rolls[id], c.codes[id], c.usages[id] = nil, nil, nil
		}
	}
}

// merge adds the uses to what is known of their tickets.
func (s *state) merge(c *change, concerned map[roll.Ticket]bool) {
	var entries []roll.Entry
	var tickets []roll.Ticket
	for _, e := range c.uses {
		t, record := recordOf(e)
		entries = append(entries, roll.Entry{Ticket: t, Record: record})
		tickets = append(tickets, t, record.Holder)
	}
	usage := s.usage(tickets...)
	for _, e := range usage.Merge(entries...) {
		if e.Record.Over { // the usages say it
			continue
		}
		concerned[e.Record.Holder] = true
		if old, was := s.records[e.Ticket]; was {
			concerned[old.Holder] = true
		}
		c.records[e.Ticket] = &e.Record
	}
}

// bury removes the records of tickets that are over or gone.
func (s *state) bury(c *change, concerned map[roll.Ticket]bool) {
	for t, record := range s.records {
		if c.kills(t, s.first(c, t.Roll)) {
			c.records[t] = nil
			concerned[record.Holder] = true
		}
	}
	for t := range c.records { // those that merge has just made
		if c.kills(t, s.first(c, t.Roll)) {
			c.records[t] = nil
		}
	}
}

// remind has the hub told again of uses that a whole set of its lacks: it may have
// been restored from a backup.
func (s *state) remind(c *change) {
	known := map[roll.Ticket]bool{}
	for _, e := range c.uses {
		known[roll.Ticket{Roll: e.RollID, Number: e.Ticket}] = true
	}
	for _, use := range s.unreported { // it will hear of these anyhow
		for _, e := range use.Entries {
			known[roll.Ticket{Roll: e.RollID, Number: e.Ticket}] = true
		}
	}
	forgotten := map[string][]wire.RollEntry{}
	for t, record := range s.records {
		_, changes := c.records[t]
		if g := s.rolls[t.Roll]; g != nil && !changes && !known[t] {
			forgotten[g.ZoneID] = append(forgotten[g.ZoneID], entryOf(t, record))
		}
	}
	for zone, entries := range forgotten {
		slices.SortFunc(entries, func(a, b wire.RollEntry) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.RollID, b.RollID), cmp.Compare(a.Ticket, b.Ticket))
		})
		for part := range slices.Chunk(entries, roll.MaxCodes) {
			c.unreported[rand.Text()] = &wire.RollUse{ZoneID: zone, Entries: part}
		}
	}
}

// kills reports whether a ticket is over after the change, or gone with its roll.
func (c *change) kills(t roll.Ticket, first uint32) bool {
	if g, named := c.rolls[t.Roll]; named && g == nil {
		return true
	}
	usage := c.usages[t.Roll]
	return usage != nil && (&generation{Roll: wire.Roll{First: first}}).has(usage.Over, t.Number)
}

// first is the lowest ticket of a roll, as it is or is to be.
func (s *state) first(c *change, id roll.ID) uint32 {
	if g := c.rolls[id]; g != nil {
		return g.First
	}
	if g := s.rolls[id]; g != nil {
		return g.First
	}
	return 1
}

// touched reports whether a roll or its zone changes.
func (s *state) touched(c *change, id roll.ID) bool {
	if _, named := c.rolls[id]; named {
		return true
	}
	if g := s.rolls[id]; g != nil {
		_, named := c.zones[g.ZoneID]
		return named
	}
	return false
}

// change does to memory what was done to the disk.
func (s *state) change(c *change) {
	if c.head != nil {
		s.head = *c.head
	}
	for id, z := range c.zones {
		if z == nil {
			delete(s.zones, id)
		} else {
			s.zones[id] = &zone{Zone: *z}
		}
	}
	for id, r := range c.rolls {
		if r == nil {
			delete(s.rolls, id)
		} else {
			s.generation(id).Roll = *r
		}
	}
	for id, codes := range c.codes {
		if codes != nil {
			s.generation(id).Hashes = codes.Hashes
		}
	}
	for id, usage := range c.usages {
		if usage != nil {
			g := s.generation(id)
			g.Over, g.Sold = usage.Over, usage.Sold
		}
	}
	for t, record := range c.records {
		if record == nil {
			s.remove(t)
		} else {
			s.put(t, *record)
		}
	}
	s.note(c.unreported)
}

// generation is a roll's, made if what came first is not the roll itself.
func (s *state) generation(id roll.ID) *generation {
	if s.rolls[id] == nil {
		s.rolls[id] = &generation{Roll: wire.Roll{ID: id}}
	}
	return s.rolls[id]
}

func (s *state) note(unreported map[string]*wire.RollUse) {
	for key, use := range unreported {
		if use == nil {
			delete(s.unreported, key)
		} else {
			s.unreported[key] = *use
		}
	}
}

// about adds the zones that c is about, as they are now.
func (s *state) about(c *change, zones map[string]bool) {
	for id := range c.zones {
		zones[id] = true
	}
	for id := range c.rolls {
		if g := s.rolls[id]; g != nil {
			zones[g.ZoneID] = true
		}
	}
	for id := range c.codes {
		if g := s.rolls[id]; g != nil {
			zones[g.ZoneID] = true
		}
	}
}

// reindex makes zones' look-ups anew.
func (s *state) reindex(zones map[string]bool, log *slog.Logger) {
	for id := range zones {
		if z := s.zones[id]; z != nil {
			s.indexZone(z, log)
		}
	}
}
