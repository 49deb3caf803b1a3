package ledger

import (
	"slices"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// earlyBy lets a guest in whose NotBefore is this far ahead: a check-in reaches
// the site before the two clocks agree on its instant.
const earlyBy = 5 * time.Second

// A holding is a grant in memory. Its fields but ended are never changed.
type holding struct {
	grant wire.Grant
	name  string // normalised
	ended bool   // OnEnded was told; guarded by Ledger.mu
}

func newHolding(g wire.Grant) *holding {
	return &holding{grant: g, name: visit.NormalizeUsername(g.Username)}
}

func usable(g wire.Grant) bool {
	return g.ID != "" && visit.NormalizeUsername(g.Username) != "" && !g.NotAfter.IsZero()
}

func refusal(g *wire.Grant, now time.Time) wire.RefusedReason {
	switch {
	case !now.Before(g.NotAfter):
		return wire.RefusedExpired
	case now.Add(earlyBy).Before(g.NotBefore):
		return wire.RefusedNotYetValid
	}
	return ""
}

// Lookup finds the grant that a user name may use now. Only when why is empty may
// it be accepted. Otherwise why is unknown_user, expired, revoked or
// not_yet_valid, and g, if not nil, is good for its ids; a revoked one has no
// password. The grant is shared and must not be changed.
func (l *Ledger) Lookup(username string) (g *wire.Grant, why wire.RefusedReason) {
	name, now := visit.NormalizeUsername(username), l.cfg.Now()
	why = wire.RefusedUnknownUser
	for _, h := range l.names.Load().get(name) {
		reason := refusal(&h.grant, now)
		if reason == "" {
			return &h.grant, ""
		}
		if g == nil {
			g, why = &h.grant, reason
		}
	}
	if g == nil {
		if past := l.former.names.get(name); past != nil && now.Sub(past.EndedAt) < rememberFor {
			return &past.Grant, past.Reason
		}
	}
	return g, why
}

// Grant returns a grant by its id, whether usable now or not, or nil.
func (l *Ledger) Grant(id string) *wire.Grant {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.byID[id]; h != nil {
		return &h.grant
	}
	return nil
}

// hold puts h in the place of what has its id. Mu must be held.
func (l *Ledger) hold(h *holding) {
	if old := l.byID[h.grant.ID]; old != nil {
		l.unname(old, h)
	}
	l.byID[h.grant.ID] = h
	names := l.names.Load()
	names.put(h.name, withHolding(names.get(h.name), h))
	l.schedule(h)
}

// release takes a grant out of memory. Mu must be held.
func (l *Ledger) release(h *holding) {
	delete(l.byID, h.grant.ID)
	l.unname(h, nil)
}

// unname removes h from its name, unless next is about to take its place there:
// no reader may find the name empty in between.
func (l *Ledger) unname(h, next *holding) {
	if next != nil && next.name == h.name {
		return
	}
	names := l.names.Load()
	left := slices.DeleteFunc(slices.Clone(names.get(h.name)), func(o *holding) bool { return o == h })
	if len(left) == 0 {
		names.remove(h.name)
		return
	}
	names.put(h.name, left)
}

// withHolding returns list with h instead of what has its id. Two grants with one
// name are an accident; sorted by id, they are the same accident everywhere.
func withHolding(list []*holding, h *holding) []*holding {
	next := make([]*holding, 0, len(list)+1)
	for _, o := range list {
		if o.grant.ID != h.grant.ID {
			next = append(next, o)
		}
	}
	next = append(next, h)
	slices.SortFunc(next, func(a, b *holding) int { return strings.Compare(a.grant.ID, b.grant.ID) })
	return next
}
