package ledger

import (
	"fmt"
	"maps"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// ErrEmpty refuses entries without a snapshot before them.
var ErrEmpty = visit.Errorf(visit.KindConflict, "ledger_empty", "The agent's ledger is empty; only a snapshot helps.")

// Set is the whole of what an agent should hold.
type Set struct {
	Position wire.Position
	Grants   []wire.Grant
	NASes    []wire.NAS

	// Of roll codes, which the ledger passes over; see package redeem. So are the
	// grants of that kind.
	Zones  []wire.Zone
	Rolls  []wire.Roll
	Codes  []wire.RollCodes
	Usages []wire.RollUsage
}

// Size is how many objects the set has.
func (s Set) Size() int {
	return len(s.Grants) + len(s.NASes) + len(s.Zones) + len(s.Rolls) + len(s.Codes) + len(s.Usages)
}

// Apply takes entries in their order, as one transaction. Entries at or before
// the position change nothing. A nil error means that all of it is in memory and
// on disk and may be acknowledged. With an error nothing may be: what takes access
// away holds all the same, the rest does not, and the same entries may be sent
// again. Ended lists, in either case, the grants that were taken away now, or
// whose password was; those OnEnded was told of are left out.
func (l *Ledger) Apply(entries []*wire.Entry) (ended []Ended, err error) {
	l.writer.Lock()
	defer l.writer.Unlock()
	if l.disk.head.Position == nil {
		return nil, ErrEmpty
	}
	next := l.disk.head
	c, last := l.fold(entries)
	if last == *next.Position {
		return nil, nil
	}
	next.Position = &last
	c.ratchets = l.unratchet(c.nases)
	l.follow(&c)
	ended = l.restrict(c)
	if err := l.commit(c, next); err != nil {
		return ended, fmt.Errorf("ledger: %w", err)
	}
	l.admit(c)
	return ended, nil
}

// fold reduces entries to each object's last form: "an entry carries the whole
// object" makes that the same as one after the other.
func (l *Ledger) fold(entries []*wire.Entry) (change, wire.Position) {
	c := change{grants: map[string]*wire.Grant{}, nases: map[visit.NASID]*wire.NAS{}}
	last := *l.disk.head.Position
	for _, e := range entries {
		if e.Position.Revision <= last.Revision {
			continue
		}
		last = e.Position
		if e.Grant != nil && e.Grant.Kind == wire.GrantRoll {
			continue
		}
		switch e.Type {
		case wire.TypeVoucherCreate, wire.TypeVoucherUpdate, wire.TypeGrantPut:
			c.grants[e.ObjectID] = l.sound(e.ObjectID, e.Grant)
		case wire.TypeVoucherRevoke, wire.TypeGrantDrop:
			c.grants[e.ObjectID] = nil
		case wire.TypeNASPut:
			c.nases[visit.NASID(e.ObjectID)] = e.NAS
		case wire.TypeNASDrop:
			c.nases[visit.NASID(e.ObjectID)] = nil
		}
	}
	return c, last
}

// sound returns g, or nil if nobody could ever use it: an object that makes no
// sense is no reason to stop following, and no reason to let anybody in.
func (l *Ledger) sound(id string, g *wire.Grant) *wire.Grant {
	if g == nil || g.ID != id || !usable(*g) {
		l.cfg.Logger.Warn("the hub sent a grant that makes no sense; it counts as removed", "grant_id", id)
		return nil
	}
	return g
}

// restrict does to memory what c does to objects that memory has: removals,
// earlier ends, other passwords. Writer must be held.
func (l *Ledger) restrict(c change) (ended []Ended) {
	for id, g := range c.grants {
		if e, was := l.supersede(id, g); was {
			ended = append(ended, e)
		}
	}
	l.editNASes(c, func(held bool) bool { return held })
	return ended
}

// supersede puts g, nil for nothing, in the place of what memory has under id, and
// reports whether that ended somebody's access.
func (l *Ledger) supersede(id string, g *wire.Grant) (e Ended, was bool) {
	l.mu.Lock() // for each anew: a snapshot may end everything
	defer l.mu.Unlock()
	old := l.byID[id]
	switch {
	case old == nil || g != nil && g.Equal(old.grant):
		return e, false
	case g != nil:
		l.hold(newHolding(withoutNewSecrets(*g, old.grant)))
		was = g.Password != old.grant.Password || g.Username != old.grant.Username && old.device == ""
		return Ended{Grant: old.grant, Reason: wire.RefusedRevoked}, was
	}
	p := newPast(old.grant, l.cfg.Now())
	if old.grant.Kind != wire.GrantDevice {
		l.former.add(p)
		l.unsaved = append(l.unsaved, p)
	}
	l.release(old)
	l.used.forget(id)
	l.bar(old)
	return Ended{Grant: old.grant, Reason: p.Reason}, !old.ended
}

// admit puts into memory what c adds. Writer must be held.
func (l *Ledger) admit(c change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, g := range c.grants {
		if g == nil {
			continue
		}
		if old := l.byID[id]; old == nil || !old.grant.Equal(*g) {
			l.hold(newHolding(*g))
		}
	}
	l.editNASes(c, func(bool) bool { return true })
}

// editNASes, which is the writer's, publishes an index with those of c's NASes for which wanted, told
// whether memory has the NAS, says so.
func (l *Ledger) editNASes(c change, wanted func(held bool) bool) {
	if len(c.nases) == 0 {
		return
	}
	byID := make(map[visit.NASID]*wire.NAS, len(c.nases))
	maps.Copy(byID, l.nases.Load().byID)
	for id, n := range c.nases {
		_, held := byID[id]
		switch {
		case !wanted(held):
		case n == nil:
			delete(byID, id)
		default:
			byID[id] = l.effective(n)
		}
	}
	l.nases.Store(newNASIndex(byID))
}

// Replace makes set the whole ledger, whatever the position was. Until it is on
// disk, logins are answered from what the old and the new set have in common; a
// crash leaves the old or the new. Errors and ended are as for Apply.
func (l *Ledger) Replace(set Set) (ended []Ended, err error) {
	l.writer.Lock()
	defer l.writer.Unlock()
	c := l.difference(set)
	ratchets := l.unratchet(c.nases)
	l.follow(&c)
	ended = l.restrict(c)
	next := l.disk.head
	if next.Position == nil { // what was used before the disk was lost is not known
		l.used.bar(c.grants)
	}
	next.Position = &set.Position
	next.Generation, err = l.disk.stage(compact(c.grants), compact(c.nases))
	if err != nil {
		l.report(err)
		return ended, fmt.Errorf("ledger: %w", err)
	}
	if err := l.commit(change{ratchets: ratchets, held: c.held, gone: c.gone}, next); err != nil {
		return ended, fmt.Errorf("ledger: %w", err)
	}
	l.publish(l.holdings(c.grants))
	l.editNASes(c, func(bool) bool { return true })
	if err := l.disk.sweep(); err != nil {
		l.cfg.Logger.Warn("an old snapshot's space was not given back yet", "error", err)
	}
	return ended, nil
}

// Clear takes every grant away, in memory at once and then on disk, where only a
// snapshot helps afterwards. NASes stay: their guests are refused and disconnected.
// Errors and ended are as for Apply.
func (l *Ledger) Clear() (ended []Ended, err error) {
	l.writer.Lock()
	defer l.writer.Unlock()
	c := change{grants: l.difference(Set{}).grants}
	l.mu.Lock()
	for id := range l.held {
		c.grants[id] = nil
	}
	l.mu.Unlock()
	ended = l.restrict(c)
	next := l.disk.head
	next.Position = nil
	if err := l.commit(change{clear: true}, next); err != nil {
		return ended, fmt.Errorf("ledger: %w", err)
	}
	return ended, nil
}

// difference returns set as a change: what is in it, and nil for what memory has
// beyond it.
func (l *Ledger) difference(set Set) change {
	c := change{grants: make(map[string]*wire.Grant, len(set.Grants)), nases: map[visit.NASID]*wire.NAS{}}
	l.mu.Lock()
	for id, h := range l.byID {
		if h.grant.Kind != wire.GrantRoll && h.device == "" {
			c.grants[id] = nil
		}
	}
	l.mu.Unlock()
	for id := range l.nases.Load().byID {
		c.nases[id] = nil
	}
	for i := range set.Grants {
		if set.Grants[i].Kind == wire.GrantRoll {
			continue
		}
		c.grants[set.Grants[i].ID] = l.sound(set.Grants[i].ID, &set.Grants[i])
	}
	for i := range set.NASes {
		n := set.NASes[i] // readers get it, while the caller may change its set
		c.nases[n.ID] = &n
	}
	return c
}

// compact returns m without its nils.
func compact[K comparable, V any](m map[K]*V) map[K]*V {
	return maps.Collect(func(yield func(K, *V) bool) {
		for k, v := range m {
			if v != nil && !yield(k, v) {
				return
			}
		}
	})
}

// holdings makes memory's form of grants; those that memory has already keep
// theirs, and with it what OnEnded was told.
func (l *Ledger) holdings(grants map[string]*wire.Grant) map[string]*holding {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make(map[string]*holding, len(grants))
	for id, g := range grants {
		switch old := l.byID[id]; {
		case g == nil:
		case old != nil && old.grant.Equal(*g):
			all[id] = old // restrict has put g there
		case old != nil: // but for its secrets
			all[id] = newHolding(*g)
			all[id].ended = old.ended
			all[id].barred.Store(old.barred.Load())
		default:
			all[id] = newHolding(*g)
		}
	}
	for id, h := range l.byID {
		if h.grant.Kind == wire.GrantRoll || h.device != "" { // not the hub's, see Hold and HoldDevice
			all[id] = h
		}
	}
	return all
}
