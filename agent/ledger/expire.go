package ledger

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/wire"
)

const (
	// keepFor is how long an ended grant's row waits for the hub to take it away.
	keepFor = 48 * time.Hour
	// lookEvery bounds a timer: it does not see the machine sleep.
	lookEvery  = 10 * time.Second
	purgeEvery = time.Hour
)

// Expiry is what Run needs: holdings by their end. All but wake is guarded by
// Ledger.mu. An entry whose holding is no longer in memory is skipped when its
// turn comes.
type expiry struct {
	queue endQueue
	wake  chan struct{} // capacity 1
	last  time.Time     // when due last looked
}

type endQueue []*holding

func (q endQueue) Len() int           { return len(q) }
func (q endQueue) Less(i, j int) bool { return q[i].grant.NotAfter.Before(q[j].grant.NotAfter) }
func (q endQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *endQueue) Push(x any) {
	if h, ok := x.(*holding); ok {
		*q = append(*q, h)
	}
}

func (q *endQueue) Pop() any {
	old := *q
	h := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return h
}

func newExpiry() expiry { return expiry{wake: make(chan struct{}, 1)} }

func (e *expiry) reset(holdings map[string]*holding) {
	e.queue = make(endQueue, 0, len(holdings))
	for _, h := range holdings {
		if !h.ended {
			e.queue = append(e.queue, h)
		}
	}
	heap.Init(&e.queue)
}

func (e *expiry) poke() {
	select {
	case e.wake <- struct{}{}:
	default: // it is awake already
	}
}

// schedule queues h's end. Mu must be held.
func (l *Ledger) schedule(h *holding) {
	heap.Push(&l.expiry.queue, h)
	if l.expiry.queue[0] == h {
		l.expiry.poke()
	}
	if len(l.expiry.queue) > 2*len(l.byID)+portion {
		l.expiry.reset(l.byID) // mostly entries whose turn would be skipped
	}
}

// ClockChanged tells Run that Now has jumped.
func (l *Ledger) ClockChanged() { l.expiry.poke() }

// Run tells OnEnded of each grant at its not_after, until ctx is done. Lookup
// refuses from that instant on whether Run is late or not running. It also does
// what Ratchet asks for.
func (l *Ledger) Run(ctx context.Context) error {
	var keeper sync.WaitGroup // of its own: the disk must make nobody's end late
	defer keeper.Wait()
	keeper.Go(func() { l.keepRatchets(ctx) })
	keeper.Go(func() { l.keepSpent(ctx) })
	timer := time.NewTimer(0)
	defer timer.Stop()
	purged := l.cfg.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.expiry.wake:
		case <-timer.C:
		}
		ended, wait := l.due(l.cfg.Now())
		for _, e := range ended {
			l.cfg.OnEnded(e)
		}
		if now := l.cfg.Now(); now.Sub(purged) > purgeEvery {
			purged = now
			if err := l.purge(); err != nil {
				l.cfg.Logger.Warn("ended grants stay on disk for now", "error", err)
			}
		}
		timer.Reset(wait)
	}
}

// due takes what has ended and returns how long to wait for the next.
func (l *Ledger) due(now time.Time) (ended []Ended, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.expiry.last) {
		l.unend(now)
	}
	l.expiry.last = now
	for len(l.expiry.queue) > 0 {
		h := l.expiry.queue[0]
		if left := h.grant.NotAfter.Sub(now); left > 0 && l.byID[h.grant.ID] == h {
			return ended, min(left, lookEvery)
		}
		heap.Pop(&l.expiry.queue)
		if l.byID[h.grant.ID] == h && !h.ended {
			h.ended = true
			ended = append(ended, Ended{Grant: h.grant, Reason: wire.RefusedExpired})
		}
	}
	return ended, lookEvery
}

// unend takes back what a clock that was ahead has ended too early.
func (l *Ledger) unend(now time.Time) {
	for _, h := range l.byID {
		if h.ended && now.Before(h.grant.NotAfter) {
			h.ended = false
		}
	}
	l.expiry.reset(l.byID)
}
