package radius

import (
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// The guess brake: after this many wrong tries within the window, further ones
// are refused without a check.
const (
	brakeTries  = 5
	brakeWindow = time.Minute
	brakeKeys   = 32 * 1024 // in each of two generations
)

// brake slows guessing, per user name at a NAS and per device. A guest is not
// held up by what another device tries under another name. Its memory is two
// generations of keys; when the younger is full the elder is forgotten early.
type brake struct {
	mu      sync.Mutex // guards all below
	recent  map[brakeKey]tries
	elder   map[brakeKey]tries
	rotated time.Time
}

// brakeKey is a user name at a NAS, or a device anywhere.
type brakeKey struct {
	nas  visit.NASID
	name string // normalised
	mac  string
}

// tries are the last wrong ones, a ring whose next slot holds the oldest.
type tries struct {
	at   [brakeTries]int64 // nanoseconds since 1970, 0 for none
	next int
}

func newBrake() *brake { return &brake{recent: map[brakeKey]tries{}} }

// holds reports whether another try must be refused unchecked. An answer that is
// under way in another goroutine is not counted yet.
func (b *brake) holds(user, device brakeKey, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.full(user, now) || device.mac != "" && b.full(device, now)
}

// wrong counts a wrong try.
func (b *brake) wrong(user, device brakeKey, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count(user, now)
	if device.mac != "" {
		b.count(device, now)
	}
}

func (b *brake) full(key brakeKey, now time.Time) bool {
	t, ok := b.get(key)
	oldest := t.at[t.next]
	return ok && oldest != 0 && now.UnixNano()-oldest < int64(brakeWindow)
}

func (b *brake) get(key brakeKey) (tries, bool) {
	if t, ok := b.recent[key]; ok {
		return t, true
	}
	t, ok := b.elder[key]
	return t, ok
}

func (b *brake) count(key brakeKey, now time.Time) {
	if now.Sub(b.rotated) >= brakeWindow || len(b.recent) >= brakeKeys {
		b.recent, b.elder, b.rotated = map[brakeKey]tries{}, b.recent, now
	}
	t, _ := b.get(key)
	t.at[t.next] = now.UnixNano()
	t.next = (t.next + 1) % brakeTries
	b.recent[key] = t
}

func userKey(nas visit.NASID, name string) brakeKey {
	return brakeKey{nas: nas, name: visit.NormalizeUsername(name)}
}

func deviceKey(mac string) brakeKey { return brakeKey{mac: mac} }
