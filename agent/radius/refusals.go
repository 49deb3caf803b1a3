package radius

import (
	"strings"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const (
	refusalWindow = time.Minute
	refusalKeys   = 4096 // different refusals recorded a minute
	refusedName   = 64   // octets of a user name that are recorded
)

const (
	refusedNoMessageAuth = wire.RefusedNoMessageAuth
	refusedWrongSecret   = wire.RefusedWrongSecret
)

// refusals reports refused logins for staff to see: the first of a kind at once,
// its repeats within the minute together at the minute's end. What exceeds the
// bound is counted in the metrics only.
type refusals struct {
	journal Journal
	metrics *Metrics

	mu    sync.Mutex // guards all below
	since time.Time
	seen  map[wire.Refused]int // repeats not reported yet
}

func newRefusals(journal Journal, metrics *Metrics) *refusals {
	return &refusals{journal: journal, metrics: metrics, seen: map[wire.Refused]int{}}
}

// nas records a fault of a whole NAS, such as a wrong secret.
func (f *refusals) nas(id visit.NASID, why wire.RefusedReason, now time.Time) {
	f.record(wire.Refused{NASID: id, Reason: why}, now)
}

// record reports refused, or counts it if it repeats. GrantID and Method belong to
// what makes two refusals the same: they follow from the rest or are worth telling.
func (f *refusals) record(refused wire.Refused, now time.Time) {
	refused.Username = strings.ToValidUTF8(refused.Username[:min(len(refused.Username), refusedName)], "?")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flushLocked(now, refusalWindow)
	n, repeated := f.seen[refused]
	switch {
	case repeated:
		f.seen[refused] = n + 1
	case len(f.seen) >= refusalKeys:
		f.metrics.refusalsDropped.Inc()
	default:
		f.seen[refused] = 0
		f.enqueue(refused, 1, now)
	}
}

// flush reports the repeats of windows that are at least age old.
func (f *refusals) flush(now time.Time, age time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flushLocked(now, age)
}

func (f *refusals) flushLocked(now time.Time, age time.Duration) {
	if now.Sub(f.since) < age {
		return
	}
	for refused, repeats := range f.seen {
		if repeats > 0 {
			f.enqueue(refused, repeats, now)
		}
	}
	clear(f.seen)
	f.since = now
}

func (f *refusals) enqueue(refused wire.Refused, count int, now time.Time) {
	refused.Count = count
	f.journal.Enqueue(wire.Record{At: now, Refused: &refused})
}
