package presence

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics counts what happens at the list.
type Metrics struct {
	serving prometheus.Gauge
	refused *prometheus.CounterVec
	pins    *prometheus.CounterVec
	shown   prometheus.Counter
}

// NewMetrics registers the list's metrics; r may be nil.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	return &Metrics{
		serving: f.NewGauge(prometheus.GaugeOpts{Name: "foyer_presence_serving", Help: "1 while the list of who is in the building is served at the site."}),
		refused: f.NewCounterVec(prometheus.CounterOpts{Name: "foyer_presence_refused_connections_total",
			Help: "Connections reset at once, by reason: network (not one that may call) or crowded."}, []string{"reason"}),
		pins: f.NewCounterVec(prometheus.CounterOpts{Name: "foyer_presence_pins_total",
			Help: "Tries to open the list, by result: right, wrong, early (refused unchecked) or busy."}, []string{"result"}),
		shown: f.NewCounter(prometheus.CounterOpts{Name: "foyer_presence_shown_total", Help: "How often the list was shown."}),
	}
}
