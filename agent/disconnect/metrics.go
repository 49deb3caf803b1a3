package disconnect

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what the ladder does.
type Metrics struct {
	answers   *prometheus.CounterVec // by answer: ack, nak, none, error
	discarded *prometheus.CounterVec // datagrams, by what was wrong with them
	results   *prometheus.CounterVec // by termination state
	climbs    prometheus.Gauge
	refused   prometheus.Counter
	unwritten prometheus.Counter
}

// NewMetrics makes the metrics and registers them; nil registers nowhere.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_disconnect_answers_total",
			Help: "Disconnect-Requests by what came back: ack, nak, none or error.",
		}, []string{"answer"}),
		discarded: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_disconnect_discarded_total",
			Help: "Datagrams that came from a NAS's CoA port and were not a valid answer, by reason.",
		}, []string{"reason"}),
		results: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_disconnect_results_total",
			Help: "Session termination results by state.",
		}, []string{"state"}),
		climbs: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "foyer_disconnect_climbs",
			Help: "Grants whose sessions are being ended or watched.",
		}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "foyer_disconnect_refused_total",
			Help: "Requests to end a grant's sessions refused because too many were waiting.",
		}),
		unwritten: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "foyer_disconnect_unwritten_total",
			Help: "Termination results that could not be written to the journal.",
		}),
	}
	if r != nil {
		r.MustRegister(m.answers, m.discarded, m.results, m.climbs, m.refused, m.unwritten)
	}
	return m
}
