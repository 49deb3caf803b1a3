package worker

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/store"
)

// Metrics are the worker role's own; the SDK's are in package durable.
type Metrics struct {
	activities *prometheus.HistogramVec
	passes     *prometheus.CounterVec
	repaired   *prometheus.CounterVec
	leading    prometheus.Gauge
	delivered  *prometheus.CounterVec

	gates *prometheus.CounterVec

	relayed  prometheus.Counter
	attempts *prometheus.CounterVec
	pending  *prometheus.GaugeVec
	oldest   prometheus.Gauge
	relayLag prometheus.Gauge
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
		gates: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_gate_shuts_total", Help: "Tries to shut gates that were opened without RADIUS, by vendor and outcome: shut, failed, at_next_check.",
		}, []string{"vendor", "outcome"}),
		relayed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "foyer_deliveries_relayed_total", Help: "Deliveries made of events.",
		}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_deliveries_attempts_total", Help: "Attempts at deliveries, by sort of target and by how the delivery stood after them.",
		}, []string{"target", "outcome"}),
		pending: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "foyer_deliveries_pending", Help: "Deliveries that are to be tried, or tried again; told by the one process that relays.",
		}, []string{"target"}),
		oldest: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "foyer_deliveries_oldest_seconds", Help: "For how long the oldest pending delivery has been due; told by the one process that relays.",
		}),
		relayLag: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "foyer_deliveries_relay_lag_seconds", Help: "Age of the oldest event of which no deliveries were made yet; told by the one process that relays.",
		}),
	}
	registry.MustRegister(m.activities, m.passes, m.repaired, m.leading, m.delivered, m.gates,
		m.relayed, m.attempts, m.pending, m.oldest, m.relayLag)
	return m
}

func (m *Metrics) attempted(sort string, end activities.AttemptEnd) {
	m.attempts.WithLabelValues(sort, string(end.State)).Inc()
}

func (m *Metrics) backlog(b store.DeliveryBacklog) {
	m.pending.Reset()
	for sort, n := range b.Pending {
		m.pending.WithLabelValues(sort).Set(float64(n))
	}
	m.oldest.Set(b.OldestFor.Seconds())
	m.relayLag.Set(b.UnrelayedFor.Seconds())
}

func (m *Metrics) activity(name, outcome string, took time.Duration) {
	m.activities.WithLabelValues(name, outcome).Observe(took.Seconds())
}

func (m *Metrics) gate(vendor, outcome string) { m.gates.WithLabelValues(vendor, outcome).Inc() }

func (m *Metrics) pass(step string, found int, err error) {
	m.passes.WithLabelValues(step, outcome(err)).Inc()
	m.repaired.WithLabelValues(step).Add(float64(found))
}
