package session

import (
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/wire"
)

// find returns the session that a is about, by NAS, Acct-Session-Id and start, or
// nil. Mu must be held, as in all of this file.
func (t *Table) find(a wire.Accounting) *record {
	key := a.Session.Key
	records := t.byID[slotOf(key)]
	if exact := t.byKey(key); exact != nil {
		return exact
	}
	if a.Status != wire.AccountingStart && a.SessionSeconds == 0 {
		return latest(records, a.EventAt) // the start is not known
	}
	return nearest(records, key.StartedAt)
}

// byKey returns the session with exactly this key, or nil.
func (t *Table) byKey(key wire.SessionKey) *record {
	for _, r := range t.byID[slotOf(key)] {
		if r.Session.Key.StartedAt.Equal(key.StartedAt) {
			return r
		}
	}
	return nil
}

// latest returns the last session that began before at, an open one if there is.
func latest(records []*record, at time.Time) (found *record) {
	for _, r := range records {
		if r.Session.Key.StartedAt.After(at.Add(startSlack)) {
			continue
		}
		running, best := r.StoppedAt.IsZero(), found != nil && found.StoppedAt.IsZero()
		if found == nil || running && !best || running == best && r.Session.Key.StartedAt.After(found.Session.Key.StartedAt) {
			found = r
		}
	}
	return found
}

// nearest returns the session whose start is nearest to start and no further than
// startSlack, but none that had stopped before start: its id is in use again.
func nearest(records []*record, start time.Time) (found *record) {
	best := startSlack + 1
	for _, r := range records {
		distance := r.Session.Key.StartedAt.Sub(start).Abs()
		if distance < best && (r.StoppedAt.IsZero() || start.Before(r.StoppedAt)) {
			found, best = r, distance
		}
	}
	return found
}

// login returns the login without accounting whose place s takes: of the same NAS
// and device, and grant if s has one.
func (t *Table) login(s wire.Session) *record {
	if s.GrantID == "" {
		r := t.byDevice[nasDevice{s.Key.NASID, s.MAC}]
		if s.MAC != "" && r != nil && precedes(r, s) {
			return r
		}
		return nil
	}
	var found *record
	for r := range t.byGrant[s.GrantID] {
		same := r.Session.MAC == s.MAC || r.Session.MAC == "" || s.MAC == ""
		if r.Session.Key.NASID == s.Key.NASID && same && precedes(r, s) && (found == nil || likelier(r, found, s)) {
			found = r
		}
	}
	return found
}

// likelier prefers the login of s's own device, then the oldest.
func likelier(r, found *record, s wire.Session) bool {
	if own := r.Session.MAC == s.MAC; own != (found.Session.MAC == s.MAC) {
		return own
	}
	return r.SeenAt.Before(found.SeenAt)
}

// precedes reports whether r is a login that s may have come from.
func precedes(r *record, s wire.Session) bool {
	return r.implied() && !r.Remote && r.Replaced == nil && r.endedAt().IsZero() &&
		!r.Session.Key.StartedAt.After(s.Key.StartedAt.Add(startSlack))
}

func (t *Table) add(r *record) {
	if t.count >= t.cfg.Max {
		t.makeRoom()
	}
	at := slotOf(r.Session.Key)
	t.byID[at] = append(t.byID[at], r)
	put(t.byNAS, r.Session.Key.NASID, r)
	t.index(r)
	t.count++
}

// index and unindex keep the indexes of what may become known later.
func (t *Table) index(r *record) {
	if r.Session.GrantID != "" {
		put(t.byGrant, r.Session.GrantID, r)
	}
	if r.implied() && !r.Remote && r.Session.MAC != "" {
		t.byDevice[r.device()] = r
	}
}

func (t *Table) unindex(r *record) {
	drop(t.byGrant, r.Session.GrantID, r)
	if t.byDevice[r.device()] == r {
		delete(t.byDevice, r.device())
	}
}

func (t *Table) remove(r *record) {
	at := slotOf(r.Session.Key)
	t.byID[at] = slices.DeleteFunc(t.byID[at], func(o *record) bool { return o == r })
	if len(t.byID[at]) == 0 {
		delete(t.byID, at)
	}
	drop(t.byNAS, r.Session.Key.NASID, r)
	t.unindex(r)
	t.count--
	r.gone = true
	t.changed(r)
}

func put[K comparable](m map[K]map[*record]struct{}, k K, r *record) {
	if m[k] == nil {
		m[k] = map[*record]struct{}{}
	}
	m[k][r] = struct{}{}
}

func drop[K comparable](m map[K]map[*record]struct{}, k K, r *record) {
	delete(m[k], r)
	if len(m[k]) == 0 {
		delete(m, k)
	}
}
