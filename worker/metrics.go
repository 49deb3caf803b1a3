package worker

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the worker role's own; the SDK's are in package durable.
type Metrics struct {
	activities *prometheus.HistogramVec
	passes     *prometheus.CounterVec
	repaired   *prometheus.CounterVec
	leading    prometheus.Gauge
	delivered  *prometheus.CounterVec
}

// NewMetrics registers the metrics. It panics if they are registered already.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		activities: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "foyer_worker_activity_seconds", Help: "Duration of activity attempts, local ones included, by how they came out.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 11), // 1 ms to 10 s
		}, []string{"activity", "outcome"}),
		passes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_sweeper_passes_total", Help: "Passes of the sweeper's steps, by how they came out.",
		}, []string{"step", "outcome"}),
		repaired: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_sweeper_repaired_total", Help: "What the sweeper's steps found to do. Anything under overdue is an alarm: a visit was not ended in time.",
		}, []string{"step"}),
		leading: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "foyer_sweeper_leading", Help: "1 in the one process that sweeps.",
		}),
		delivered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_worker_results_total", Help: "Termination results given to waiting activities.",
		}, []string{"outcome"}),
	}
	registry.MustRegister(m.activities, m.passes, m.repaired, m.leading, m.delivered)
	return m
}

func (m *Metrics) activity(name, outcome string, took time.Duration) {
	m.activities.WithLabelValues(name, outcome).Observe(took.Seconds())
}

func (m *Metrics) pass(step string, found int, err error) {
	m.passes.WithLabelValues(step, outcome(err)).Inc()
	m.repaired.WithLabelValues(step).Add(float64(found))
}
