package session

import (
	"cmp"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const (
	defaultMax     = 200_000
	defaultInterim = 300 * time.Second
	startSlack     = 2 * time.Minute
	startJitter    = 5 * time.Second // by which one Start's repeats differ
	maxResets      = 32
	maxAllResets   = 1024           // of a NAS that is a network
	impliedGrace   = time.Minute    // a NAS may be late with a Session-Timeout
	impliedFor     = 24 * time.Hour // where none was sent
)

// Config says where the table of sessions lives. Dir, Keys and Now are required.
type Config struct {
	Dir    string // holds sessions.db; made if missing
	Keys   *seal.Keyring
	Now    func() time.Time // the corrected clock
	Logger *slog.Logger     // nil: slog.Default
	Max    int              // sessions kept; zero: 200,000
	// Interim is a NAS's Acct-Interim-Interval: after three of silence a device
	// does not count any more. Nil or zero: 300 s.
	Interim func(visit.NASID) time.Duration
}

// Table is the sessions at a site's NASes. It is safe for concurrent use; no
// method waits for the disk but Open and Close.
type Table struct {
	cfg    Config
	db     *vault.DB
	wake   chan struct{} // capacity 1: there is something to write
	closed chan struct{} // by Close
	stop   sync.Once
	done   sync.WaitGroup

	mu       sync.RWMutex // guards the rest, and the records
	count    int
	byID     map[slot][]*record
	byNAS    map[visit.NASID]map[*record]struct{}
	byGrant  map[string]map[*record]struct{}
	byDevice map[nasDevice]*record // the last login without accounting
	resets   map[visit.NASID][]reset
	watchers map[slot]chan struct{}
	dirty    map[*record]struct{}
	dirtyNAS map[visit.NASID]struct{}
	stats    Stats
}

// A slot is an Acct-Session-Id at a NAS, which one session after another uses, or
// the instant of a login, which has none.
type slot struct {
	nas   visit.NASID
	acct  string
	login int64 // microseconds
}

func slotOf(k wire.SessionKey) slot {
	if k.AcctSessionID == "" {
		return slot{nas: k.NASID, login: k.StartedAt.UnixMicro()}
	}
	return slot{nas: k.NASID, acct: k.AcctSessionID}
}

type nasDevice struct {
	nas visit.NASID
	mac string
}

// A record is a session in memory.
type record struct {
	state
	gone bool // forgotten: to be deleted from the disk
}

func (r *record) device() nasDevice { return nasDevice{r.Session.Key.NASID, r.Session.MAC} }

// rounded is a key as the table has it: instants lose their nanoseconds on their
// way through databases.
func rounded(k wire.SessionKey) wire.SessionKey {
	k.StartedAt = k.StartedAt.UTC().Truncate(time.Microsecond)
	return k
}

// Accepted notes a login before the NAS is told of it; until is when the
// Session-Timeout sent ends. It renews the session the device has already.
func (t *Table) Accepted(s wire.Session, until time.Time) {
	s.Key, s.ExpiresAt = rounded(s.Key), &until
	t.mu.Lock()
	defer t.mu.Unlock()
	at := s.Key.StartedAt
	r := t.online(s, at)
	if r == nil {
		s.Key.AcctSessionID = ""
		s.Key = t.free(s.Key)
		r = &record{state: state{Session: s}}
		t.add(r)
	}
	r.Session.ExpiresAt = &until
	r.SeenAt = later(r.SeenAt, at)
	t.changed(r)
}

// online returns the open session of s's access point, grant and device, one with
// accounting if there is any. Mu must be held.
func (t *Table) online(s wire.Session, now time.Time) (found *record) {
	for r := range t.byGrant[s.GrantID] {
		if s.GrantID == "" || r.Remote || r.Session.Key.NASID != s.Key.NASID || r.Session.MAC != s.MAC ||
			elsewhere(r.Session, s) || !r.open(now) {
			continue
		}
		if found == nil || found.implied() && !r.implied() || found.implied() == r.implied() && r.SeenAt.After(found.SeenAt) {
			found = r
		}
	}
	return found
}

// Resolve returns a as the journal should have it: under the key by which the
// table knows the session, with grant, visit, user and device filled in where the
// NAS left them out. It changes nothing.
func (t *Table) Resolve(a wire.Accounting) wire.Accounting {
	t.mu.RLock()
	defer t.mu.RUnlock()
	a, _, _ = t.resolve(a)
	return a
}

// resolve also returns the session that is meant, or the login whose place it
// takes; nil where there is none.
func (t *Table) resolve(a wire.Accounting) (_ wire.Accounting, known, login *record) {
	a.Session.Key = rounded(a.Session.Key)
	if known = t.find(a); known != nil {
		a.Session.Key = known.Session.Key
		a.Session = complete(a.Session, known.Session)
		return a, known, nil
	}
	a.Session.Key = t.free(a.Session.Key)
	if login = t.login(a.Session); login != nil {
		a.Session = complete(a.Session, login.Session)
	}
	return a, nil, login
}

// Account applies what a NAS said, in any order and any number of times.
func (t *Table) Account(a wire.Accounting) {
	switch a.Status {
	case wire.AccountingAccepted:
		until := cmp.Or(a.Session.ExpiresAt, new(a.EventAt.Add(impliedFor)))
		t.Accepted(a.Session, *until)
	case wire.AccountingOn, wire.AccountingOff:
		t.reset(a.Session.Key.NASID, reset{sender: senderOf(a.Session), At: a.EventAt.UTC(), Off: a.Status == wire.AccountingOff})
	case wire.AccountingStart, wire.AccountingInterim, wire.AccountingStop:
		if a.Session.Key.AcctSessionID != "" { // RFC 2866 5.5 requires one
			t.account(a)
		}
	}
}

func (t *Table) account(a wire.Accounting) {
	a.EventAt = a.EventAt.UTC()
	t.mu.Lock()
	defer t.mu.Unlock()
	a, r, login := t.resolve(a)
	if r == nil {
		r = &record{state: state{Session: a.Session}}
		if login != nil {
			r.Session.IP = login.Session.IP
		}
		t.add(r)
	}
	t.unindex(r)
	r.state = r.account(a, t.resets[a.Session.Key.NASID])
	t.index(r)
	t.changed(r)
	if login != nil {
		login.Replaced = new(r.Session.Key)
		t.changed(login)
	}
}

// reset ends what its sender had before.
func (t *Table) reset(nas visit.NASID, at reset) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.resets[nas] = withReset(t.resets[nas], at)
	t.dirtyNAS[nas] = struct{}{}
	for r := range t.byNAS[nas] {
		if r.heed(t.resets[nas]) {
			t.changed(r)
		}
	}
}

// Remote takes the hub's word on sessions that other agents reported. Of sessions
// that this agent hears of itself it only takes the server's id, and that they are
// over.
func (t *Table) Remote(open []wire.Session, closed []wire.SessionKey) {
	now := t.cfg.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range open {
		s.Key = rounded(s.Key)
		r := t.byKey(s.Key)
		switch {
		case r == nil:
			r = &record{state: state{Session: s, Remote: true}}
			t.add(r)
		case r.Remote:
			t.unindex(r)
			r.Session = s
			t.index(r)
		default:
			r.Session.ID = cmp.Or(s.ID, r.Session.ID)
		}
		if r.Remote {
			r.SeenAt, r.ClosedAt = now, time.Time{}
		}
		t.changed(r)
	}
	for _, key := range closed {
		if r := t.byKey(rounded(key)); r != nil && r.endedAt().IsZero() {
			r.ClosedAt = now
			t.changed(r)
		}
	}
}

// ByGrant returns a grant's open sessions, oldest first.
func (t *Table) ByGrant(grantID string) []wire.Session { return t.openOf(grantID, true) }

// Heard is ByGrant without silent sessions.
func (t *Table) Heard(grantID string) []wire.Session { return t.openOf(grantID, false) }

func (t *Table) openOf(grantID string, silent bool) []wire.Session {
	now := t.cfg.Now()
	t.mu.RLock()
	defer t.mu.RUnlock()
	var open []wire.Session
	for r := range t.byGrant[grantID] {
		if r.open(now) && (silent || !t.silent(r, now)) {
			open = append(open, r.Session)
		}
	}
	slices.SortFunc(open, func(a, b wire.Session) int { return a.Key.StartedAt.Compare(b.Key.StartedAt) })
	return open
}

// Devices counts a grant's devices that are online, without exceptMAC. A session
// whose device is not known counts as one, a silent one not at all.
func (t *Table) Devices(grantID, exceptMAC string) int {
	now := t.cfg.Now()
	t.mu.RLock()
	defer t.mu.RUnlock()
	sessions := t.byGrant[grantID]
	if len(sessions) == 0 {
		return 0
	}
	count, macs := 0, make(map[string]struct{}, len(sessions))
	for r := range sessions {
		if !r.open(now) || t.silent(r, now) {
			continue
		}
		if r.Session.MAC == "" {
			count++
		} else if r.Session.MAC != exceptMAC {
			macs[r.Session.MAC] = struct{}{}
		}
	}
	return count + len(macs)
}

// Online reports whether a device has an open session of a grant at a NAS. A device
// that is not known by its address is the one of sessions without any.
func (t *Table) Online(grantID, mac string, nas visit.NASID) bool {
	now := t.cfg.Now()
	t.mu.RLock()
	defer t.mu.RUnlock()
	for r := range t.byGrant[grantID] {
		if r.Session.MAC == mac && r.Session.Key.NASID == nas && r.open(now) {
			return true
		}
	}
	return false
}

// silent reports whether a session that used to speak has not for three intervals.
func (t *Table) silent(r *record, now time.Time) bool {
	every := time.Duration(0)
	if t.cfg.Interim != nil {
		every = t.cfg.Interim(r.Session.Key.NASID)
	}
	return !r.InterimAt.IsZero() && now.Sub(r.SeenAt) > 3*cmp.Or(every, defaultInterim)
}

// Stats is what the agent reports of its sessions.
type Stats struct {
	Open      int
	Dropped   int64  // forgotten for lack of room, since the start
	DiskError string // class of the last write's failure: "no_space", "read_only", "io"; empty when it worked
}

// Stats returns the present figures.
func (t *Table) Stats() Stats {
	now := t.cfg.Now()
	t.mu.RLock()
	defer t.mu.RUnlock()
	s := t.stats
	for _, records := range t.byID {
		for _, r := range records {
			if r.open(now) {
				s.Open++
			}
		}
	}
	return s
}

// all returns every record. Mu must be held.
func (t *Table) all() []*record {
	list := make([]*record, 0, t.count)
	for records := range maps.Values(t.byID) {
		list = append(list, records...)
	}
	return list
}
