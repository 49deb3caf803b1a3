package disconnect

import (
	"context"
	"sync"

	"golang.org/x/time/rate"

	"github.com/foyerhq/foyer/internal/visit"
)

// gates let requests through to each NAS at its pace, and only so many at a
// time. Who waits for one NAS waits for no other.
type gates struct {
	perSecond float64
	inFlight  int

	mu    sync.Mutex // guards byNAS
	byNAS map[visit.NASID]*gate
}

type gate struct {
	pace  *rate.Limiter
	slots chan struct{}
}

func newGates(perSecond float64, inFlight int) *gates {
	return &gates{perSecond: perSecond, inFlight: inFlight, byNAS: make(map[visit.NASID]*gate)}
}

// enter waits for a turn at the NAS. The caller must call leave.
func (g *gates) enter(ctx context.Context, id visit.NASID) (leave func(), err error) {
	at := g.at(id)
	select {
	case at.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if err := at.pace.Wait(ctx); err != nil {
		<-at.slots
		return nil, err
	}
	return func() { <-at.slots }, nil
}

func (g *gates) at(id visit.NASID) *gate {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := g.byNAS[id]
	if at == nil {
		at = &gate{
			pace:  rate.NewLimiter(rate.Limit(g.perSecond), 1),
			slots: make(chan struct{}, g.inFlight),
		}
		g.byNAS[id] = at
	}
	return at
}
