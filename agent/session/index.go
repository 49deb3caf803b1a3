package session

import (
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// find returns the session that a is about, by NAS, Acct-Session-Id, start, device
// and user, or nil. Mu must be held, as in all of this file.
func (t *Table) find(a wire.Accounting) *record {
	key := a.Session.Key
	records, exact := t.alike(a.Session)
	if exact != nil {
		return exact
	}
	records = without(records, func(r *record) bool { return t.later(r, a) })
	if a.Status != wire.AccountingStart && a.SessionSeconds == 0 {
		return latest(records, a.EventAt) // the start is not known
	}
	r := nearest(records, key.StartedAt)
	if r != nil && t.loggedInSince(r, a) {
		return nil
	}
	return r
}

// alike returns the sessions under s's Acct-Session-Id that may be s by whose and
// where they are, and the one that began exactly when s did, or nil.
func (t *Table) alike(s wire.Session) (records []*record, exact *record) {
	records = without(t.byID[slotOf(s.Key)], func(r *record) bool { return Differ(r.Session, s) })
	at := slices.IndexFunc(records, func(r *record) bool { return r.Session.Key.StartedAt.Equal(s.Key.StartedAt) })
	if at >= 0 {
		exact = records[at]
	}
	return records, exact
}

// without returns records but those that are wrong.
func without(records []*record, wrong func(*record) bool) []*record {
	if !slices.ContainsFunc(records, wrong) { // hardly ever
		return records
	}
	return slices.DeleteFunc(slices.Clone(records), wrong)
}

// Differ reports whether a and b are of two access points, devices or users, as far
// as both are known: a NAS that was switched off and on gives its Acct-Session-Ids
// to others, and access points that are one NAS to us number theirs independently.
// One name stays one user when its voucher was issued anew, one grant when the NAS
// learns the name within a tunnel.
func Differ(a, b wire.Session) bool {
	switch {
	case elsewhere(a, b):
		return true
	case a.MAC != "" && b.MAC != "" && a.MAC != b.MAC:
		return true
	case a.GrantID != "" && a.GrantID == b.GrantID:
		return false
	case a.Username != "" && b.Username != "":
		return visit.NormalizeUsername(a.Username) != visit.NormalizeUsername(b.Username)
	}
	return a.GrantID != "" && b.GrantID != ""
}

// elsewhere reports whether a and b are known to be at two access points.
func elsewhere(a, b wire.Session) bool {
	return a.NASAddress != "" && b.NASAddress != "" && a.NASAddress != b.NASAddress
}

// later reports whether r began only after the session that a is about had ended:
// by the Stop that a is, or by a reset.
func (t *Table) later(r *record, a wire.Accounting) bool {
	start, from := r.Session.Key.StartedAt, senderOf(a.Session)
	if a.Status == wire.AccountingStop && a.EventAt.Before(start) {
		return true
	}
	return slices.ContainsFunc(t.resets[a.Session.Key.NASID], func(e reset) bool {
		return e.ends(a.EventAt) && !e.ends(start) && !e.differs(from)
	})
}

// loggedInSince reports whether Start a belongs to a login that is newer than r.
func (t *Table) loggedInSince(r *record, a wire.Accounting) bool {
	since := r.Session.Key.StartedAt.Add(startJitter)
	if a.Status != wire.AccountingStart || !a.Session.Key.StartedAt.After(since) {
		return false
	}
	l := t.login(a.Session)
	return l != nil && !elsewhere(l.Session, a.Session) && l.Session.Key.StartedAt.After(since)
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

// free returns key at the first instant from its own on that no session has: a
// clock in whole seconds starts two under one Acct-Session-Id at once.
func (t *Table) free(key wire.SessionKey) wire.SessionKey {
	for t.byKey(key) != nil {
		key.StartedAt = key.StartedAt.Add(time.Microsecond)
	}
	return key
}

// latest returns the session that a record of unknown start, at an instant, is
// about: the last that had begun, an open one if there is.
func latest(records []*record, at time.Time) (found *record) {
	for _, r := range records {
		if r.Session.Key.StartedAt.After(at.Add(startSlack)) {
			continue
		}
		if found == nil || likelierAt(at, r, found) {
			found = r
		}
	}
	return found
}

func likelierAt(at time.Time, r, found *record) bool {
	begun, best := !r.Session.Key.StartedAt.After(at), !found.Session.Key.StartedAt.After(at)
	if begun != best {
		return begun
	}
	running, best := r.endedAt().IsZero(), found.endedAt().IsZero()
	if running != best {
		return running
	}
	return r.Session.Key.StartedAt.After(found.Session.Key.StartedAt)
}

// nearest returns the session whose start is nearest to start and no further than
// startSlack, but none that had ended before start: its id is in use again.
func nearest(records []*record, start time.Time) (found *record) {
	best := startSlack + 1
	for _, r := range records {
		distance, ended := r.Session.Key.StartedAt.Sub(start).Abs(), r.endedAt()
		if distance < best && (ended.IsZero() || start.Before(ended)) {
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

// likelier prefers the login of s's own device, then one at its access point (it may
// have moved without another login), then the oldest.
func likelier(r, found *record, s wire.Session) bool {
	if own := r.Session.MAC == s.MAC; own != (found.Session.MAC == s.MAC) {
		return own
	}
	if away := elsewhere(r.Session, s); away != elsewhere(found.Session, s) {
		return !away
	}
	if !r.SeenAt.Equal(found.SeenAt) {
		return r.SeenAt.Before(found.SeenAt)
	}
	return r.Session.Key.StartedAt.Before(found.Session.Key.StartedAt)
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
