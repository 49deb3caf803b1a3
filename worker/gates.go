package worker

import (
	"context"
	"log/slog"
	"time"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// Gates are those that were opened without RADIUS and have to be shut.
type Gates interface {
	DueGates(ctx context.Context, limit int) ([]store.DueGate, error)
	ShutGate(ctx context.Context, id store.OpeningID, found store.Shutting) error
}

// Controllers asks the controllers of networks: *controller.Client.
type Controllers interface {
	Do(ctx context.Context, s gate.Settings, first *gate.Call) error
}

// gateShutter shuts the gates of visits and authentications that have ended, which no
// agent can: the device's controller is asked, again and again, until the device's own
// timer would have ended it anyway. Worker processes share the work by taking gates for
// a while each.
type gateShutter struct {
	store       Gates
	controllers Controllers
	logger      *slog.Logger
	metrics     *Metrics
	now         func() time.Time
}

func newGateShutter(c Config) *gateShutter {
	return &gateShutter{store: c.Gates, controllers: c.Controllers, logger: c.Logger, metrics: c.Metrics, now: c.Now}
}

const (
	gatesEvery  = time.Second
	gatesAtOnce = 20
	// The first tries follow soon: somebody has been told that access has ended.
	gateFirst   = 2 * time.Second
	gateLongest = 5 * time.Minute
)

func (g *gateShutter) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := g.shut(ctx); err != nil && ctx.Err() == nil {
			g.logger.Warn("gates not shut, trying again", "error", cause(err))
		}
		pause(ctx, gatesEvery)
	}
}

// shut shuts what is due, side by side: a controller that does not answer holds up
// nobody else's.
func (g *gateShutter) shut(ctx context.Context) error {
	for {
		due, err := g.store.DueGates(ctx, gatesAtOnce)
		if err != nil || len(due) == 0 {
			return err
		}
		_, err = each(due, func(d store.DueGate) (bool, error) {
			found := g.try(ctx, d)
			found.Try = d.Tries
			return true, g.store.ShutGate(ctx, d.ID, found)
		})
		if err != nil || len(due) < gatesAtOnce {
			return err
		}
	}
}

// try asks the controller to shut a gate. A device that it does not see is not online.
func (g *gateShutter) try(ctx context.Context, due store.DueGate) store.Shutting {
	adapter, known := gate.Of(due.Portal.Vendor)
	if !known {
		return store.Shutting{Failure: store.ShutAtNextCheck}
	}
	call, err := adapter.Revoke(due.Arrival, due.Portal.Settings)
	switch {
	case err == nil && call == nil:
		g.metrics.gate(string(due.Portal.Vendor), "at_next_check")
		return store.Shutting{Failure: store.ShutAtNextCheck}
	case err == nil:
		err = g.controllers.Do(ctx, due.Portal.Settings, call)
	}
	if err == nil || visit.KindOf(err) == visit.KindConflict { // gate.ErrClientGone
		g.metrics.gate(string(due.Portal.Vendor), "shut")
		return store.Shutting{}
	}
	g.metrics.gate(string(due.Portal.Vendor), "failed")
	g.logger.Warn("gate not shut", "portal_id", due.Portal.ID, "vendor", due.Portal.Vendor, "tries", due.Tries, "error", cause(err))
	again := g.now().Add(gateWait(due.Tries))
	if again.After(due.Until) {
		return store.Shutting{Failure: store.ShutFailed}
	}
	return store.Shutting{Failure: store.ShutFailed, Again: again}
}

// gateWait is how long to wait after so many tries.
func gateWait(tries int) time.Duration {
	wait := gateFirst
	for range tries - 1 {
		if wait *= 2; wait >= gateLongest {
			return gateLongest
		}
	}
	return wait
}
