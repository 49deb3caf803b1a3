package ledger

import "github.com/foyerhq/foyer/internal/wire"

// Hold makes a grant of kind roll usable, in the place of what has its id. It is
// held in memory only: who computes such grants does so again after a restart.
func (l *Ledger) Hold(g wire.Grant) {
	l.writer.Lock()
	defer l.writer.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if old := l.byID[g.ID]; old == nil || !old.grant.Equal(g) {
		l.hold(newHolding(g))
	}
}

// Release takes a grant of kind roll away. Was is false when nobody's access ended
// by that: there is no such grant, or OnEnded was told of it.
func (l *Ledger) Release(id string) (e Ended, was bool) {
	l.writer.Lock()
	defer l.writer.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.byID[id]
	if old == nil || old.grant.Kind != wire.GrantRoll {
		return Ended{}, false
	}
	p := newPast(old.grant, l.cfg.Now())
	l.former.add(p)
	l.release(old)
	return Ended{Grant: old.grant, Reason: p.Reason}, !old.ended
}

// Restrict does what entries take away, in memory only: for when they cannot be
// written yet. Ended is as for Apply, which is to follow with the same entries.
func (l *Ledger) Restrict(entries []*wire.Entry) (ended []Ended) {
	l.writer.Lock()
	defer l.writer.Unlock()
	if l.disk.head.Position == nil {
		return nil
	}
	c, _ := l.fold(entries)
	l.follow(&c)
	return l.restrict(c)
}

// RestrictTo does in memory what Replace would take away.
func (l *Ledger) RestrictTo(set Set) (ended []Ended) {
	l.writer.Lock()
	defer l.writer.Unlock()
	c := l.difference(set)
	l.follow(&c)
	return l.restrict(c)
}
