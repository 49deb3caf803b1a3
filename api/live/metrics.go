package live

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics counts screens and what they are told.
type Metrics struct {
	screens  prometheus.Gauge
	events   prometheus.Counter
	closed   *prometheus.CounterVec
	failures prometheus.Counter
	lag      prometheus.Histogram
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	return &Metrics{
		screens: f.NewGauge(prometheus.GaugeOpts{Name: "foyer_live_screens", Help: "Screens connected."}),
		events:  f.NewCounter(prometheus.CounterOpts{Name: "foyer_live_events_total", Help: "Events handed out, whatever the number of screens."}),
		closed: f.NewCounterVec(prometheus.CounterOpts{Name: "foyer_live_closed_total",
			Help: "Screens' connections ended, by reason."}, []string{"reason"}),
		failures: f.NewCounter(prometheus.CounterOpts{Name: "foyer_live_poll_failures_total", Help: "Looks for new events that failed."}),
		lag: f.NewHistogram(prometheus.HistogramOpts{Name: "foyer_live_lag_seconds",
			Help:    "From an event to its being handed to screens.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2, 5, 10}}),
	}
}
