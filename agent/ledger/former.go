package ledger

import (
	"time"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const (
	rememberFor = 24 * time.Hour
	rememberMax = 10_000
)

// A past grant is remembered by name, without what proves it.
type past struct {
	Grant   wire.Grant         `json:"grant"`
	Reason  wire.RefusedReason `json:"reason"`
	EndedAt time.Time          `json:"ended_at"`
}

func newPast(g wire.Grant, now time.Time) *past {
	p := &past{Grant: g, Reason: wire.RefusedRevoked, EndedAt: now}
	if !now.Before(g.NotAfter) {
		p.Reason = wire.RefusedExpired
	}
	p.Grant.Password, p.Grant.Secrets = "", nil
	return p
}

// Former remembers at most rememberMax past grants, the latest. Names may be read
// at any time; the rest is guarded by Ledger.mu.
type former struct {
	names  *shards[*past]
	oldest []*past // in the order they were added
}

func (f *former) add(p *past) {
	if p.Grant.Kind == wire.GrantDevice { // nobody's name
		return
	}
	f.names.put(visit.NormalizeUsername(p.Grant.Username), p)
	f.oldest = append(f.oldest, p)
	for len(f.oldest) > rememberMax {
		f.forgetOldest()
	}
}

func (f *former) forget(before time.Time) {
	for len(f.oldest) > 0 && f.oldest[0].EndedAt.Before(before) {
		f.forgetOldest()
	}
}

func (f *former) forgetOldest() {
	p := f.oldest[0]
	f.oldest[0], f.oldest = nil, f.oldest[1:]
	name := visit.NormalizeUsername(p.Grant.Username)
	if f.names.get(name) == p { // not when the name has ended once more since
		f.names.remove(name)
	}
}
