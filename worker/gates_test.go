package worker

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/store"
)

// gates are due once, and what came of them.
type gates struct {
	mu   sync.Mutex // guards what follows
	due  []store.DueGate
	shut map[store.OpeningID]store.Shutting
}

func (g *gates) DueGates(context.Context, int) ([]store.DueGate, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	due := g.due
	g.due = nil
	return due, nil
}

func (g *gates) ShutGate(_ context.Context, id store.OpeningID, found store.Shutting) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut[id] = found
	return nil
}

// answers is a controller that says the same each time.
type answers struct{ err error }

func (a answers) Do(context.Context, gate.Settings, *gate.Call) error { return a.err }

func TestGatesAreShut(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	settings := gate.Settings{Controller: "https://controller.example", Key: "key"}
	due := func(vendor gate.Vendor, tries int, until time.Duration) store.DueGate {
		return store.DueGate{
			ID: "one", Portal: store.Portal{Vendor: vendor, Settings: settings}, Arrival: gate.Arrival{MAC: "3c:22:fb:00:00:01"},
			Until: now.Add(until), Tries: tries,
		}
	}
	for name, c := range map[string]struct {
		due  store.DueGate
		says error
		want store.Shutting
	}{
		"shut":                 {due(gate.UniFi, 1, time.Hour), nil, store.Shutting{}},
		"not on the network":   {due(gate.UniFi, 1, time.Hour), gate.ErrClientGone, store.Shutting{}},
		"silent":               {due(gate.UniFi, 1, time.Hour), gate.ErrController, store.Shutting{Failure: store.ShutFailed, Again: now.Add(gateFirst)}},
		"silent for long":      {due(gate.UniFi, 30, time.Hour), gate.ErrController, store.Shutting{Failure: store.ShutFailed, Again: now.Add(gateLongest)}},
		"its timer is sooner":  {due(gate.UniFi, 30, time.Minute), gate.ErrController, store.Shutting{Failure: store.ShutFailed}},
		"it cannot be told":    {due(gate.OpenNDS, 1, time.Hour), nil, store.Shutting{Failure: store.ShutAtNextCheck}},
		"no such vendor (any)": {due("gone", 1, time.Hour), nil, store.Shutting{Failure: store.ShutAtNextCheck}},
	} {
		g := &gates{due: []store.DueGate{c.due}, shut: map[store.OpeningID]store.Shutting{}}
		shutter := newGateShutter(Config{
			Gates: g, Controllers: answers{c.says}, Logger: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()),
			Now: func() time.Time { return now },
		})
		require.NoError(t, shutter.shut(t.Context()), name)
		c.want.Try = c.due.Tries
		require.Equal(t, c.want, g.shut["one"], name)
	}
}
