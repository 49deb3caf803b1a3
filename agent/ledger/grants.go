package ledger

import (
	"sync/atomic"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// earlyBy lets a guest in whose NotBefore is this far ahead: a check-in reaches
// the site before the two clocks agree on its instant.
const earlyBy = 5 * time.Second

// A holding is a grant in memory. Its fields but ended and barred are never changed.
type holding struct {
	grant  wire.Grant
	name   string       // normalised; empty for kind device
	mac    string       // for which it is enough to be asked; empty: none
	device string       // of an access that this agent gave and the hub has not taken over: the grant of kind device
	ended  bool         // OnEnded was told; guarded by Ledger.mu
	barred atomic.Int64 // of kind device: gives no access before this, unix nanoseconds
}

func newHolding(g wire.Grant) *holding {
	h := &holding{grant: g, name: visit.NormalizeUsername(g.Username)}
	switch {
	case g.Kind == wire.GrantDevice:
		h.name, h.mac = "", g.MAC
	case g.Kind == wire.GrantPortal && g.MACAuth:
		h.mac = g.MAC
	}
	return h
}

func usable(g wire.Grant) bool {
	if g.ID == "" || g.NotAfter.IsZero() {
		return false
	}
	if g.Kind == wire.GrantDevice {
		return g.MAC != "" && g.LifetimeSeconds > 0
	}
	return visit.NormalizeUsername(g.Username) != ""
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
	for _, h := range l.names.get(name) {
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
	old := l.byID[h.grant.ID]
	if old != nil {
		h.barred.Store(old.barred.Load())
	}
	l.byID[h.grant.ID] = h
	delete(l.held, h.grant.ID)
	if h.device != "" {
		l.held[h.grant.ID] = h.device
	}
	l.names.put(old, h)
	l.macs.put(old, h)
	l.schedule(h)
}

// release takes a grant out of memory. Mu must be held.
func (l *Ledger) release(h *holding) {
	delete(l.byID, h.grant.ID)
	delete(l.held, h.grant.ID)
	l.names.remove(h)
	l.macs.remove(h)
}
