package durable

import (
	"maps"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
)

// sdkMetric is one of the SDK's metrics that we keep. Others are dropped: the
// table is what bounds the number of series, and what the operations page lists.
type sdkMetric struct {
	name   string // the SDK's, without "temporal_"
	labels []string
	help   string
}

var (
	sdkCounters = []sdkMetric{
		{"request", []string{"operation"}, "Requests to the Temporal server."},
		{"request_failure", []string{"operation", "status_code"}, "Requests to the Temporal server that failed."},
		{"long_request_failure", []string{"operation", "status_code"}, "Long polls that failed."},
		{"workflow_completed", []string{"workflow_type"}, "Workflows that ended well."},
		{"workflow_failed", []string{"workflow_type"}, "Workflows that failed."},
		{"workflow_canceled", []string{"workflow_type"}, "Workflows that ended cancelled."},
		{"workflow_task_execution_failed", []string{"workflow_type", "failure_reason"}, "Workflow tasks that failed, non-determinism included."},
		{"activity_execution_failed", []string{"activity_type"}, "Activity attempts that failed."},
		{"local_activity_total", []string{"activity_type"}, "Local activity attempts."},
		{"local_activity_execution_failed", []string{"activity_type"}, "Local activity attempts that failed."},
		{"sticky_cache_total_forced_eviction", nil, "Workflows put out of the cache for want of space."},
	}
	sdkGauges = []sdkMetric{
		{"worker_task_slots_available", []string{"worker_type"}, "Free task slots of this worker."},
		{"worker_task_slots_used", []string{"worker_type"}, "Task slots in use at this worker."},
		{"num_pollers", []string{"poller_type"}, "Pollers of this worker."},
		{"sticky_cache_size", nil, "Workflows in this worker's cache."},
	}
	sdkTimers = []sdkMetric{
		{"request_latency", []string{"operation"}, "Duration of requests to the Temporal server."},
		{"workflow_task_schedule_to_start_latency", nil, "Time workflow tasks waited for a worker."},
		{"workflow_task_execution_latency", []string{"workflow_type"}, "Duration of workflow tasks."},
		{"workflow_task_replay_latency", []string{"workflow_type"}, "Duration of replays."},
		{"activity_schedule_to_start_latency", []string{"activity_type"}, "Time activities waited for a worker."},
		{"activity_execution_latency", []string{"activity_type"}, "Duration of activity attempts."},
		{"local_activity_execution_latency", []string{"activity_type"}, "Duration of local activity attempts."},
	}
)

// Metrics holds the SDK's metrics as Prometheus ones, named foyer_temporal_….
type Metrics struct {
	counters map[string]vector[*prometheus.CounterVec]
	gauges   map[string]vector[*prometheus.GaugeVec]
	timers   map[string]vector[*prometheus.HistogramVec]
}

type vector[V any] struct {
	vec    V
	labels []string
}

// NewMetrics registers the metrics. It panics if they are registered already.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		counters: map[string]vector[*prometheus.CounterVec]{},
		gauges:   map[string]vector[*prometheus.GaugeVec]{},
		timers:   map[string]vector[*prometheus.HistogramVec]{},
	}
	for _, c := range sdkCounters {
		name := "foyer_temporal_" + strings.TrimSuffix(c.name, "_total") + "_total"
		vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: c.help}, c.labels)
		registry.MustRegister(vec)
		m.counters["temporal_"+c.name] = vector[*prometheus.CounterVec]{vec, c.labels}
	}
	for _, g := range sdkGauges {
		vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "foyer_temporal_" + g.name, Help: g.help}, g.labels)
		registry.MustRegister(vec)
		m.gauges["temporal_"+g.name] = vector[*prometheus.GaugeVec]{vec, g.labels}
	}
	for _, t := range sdkTimers {
		vec := prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "foyer_temporal_" + t.name + "_seconds", Help: t.help,
			Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 13), // 1 ms to 1 min
		}, t.labels)
		registry.MustRegister(vec)
		m.timers["temporal_"+t.name] = vector[*prometheus.HistogramVec]{vec, t.labels}
	}
	return m
}

// Handler is what the SDK reports to.
func (m *Metrics) Handler() client.MetricsHandler { return metricsHandler{metrics: m} }

type metricsHandler struct {
	metrics *Metrics
	tags    map[string]string
}

// WithTags adds tags to those there are.
func (h metricsHandler) WithTags(tags map[string]string) client.MetricsHandler {
	merged := make(map[string]string, len(h.tags)+len(tags))
	maps.Copy(merged, h.tags)
	maps.Copy(merged, tags)
	return metricsHandler{metrics: h.metrics, tags: merged}
}

// Counter returns the counter of that name, or one that counts nothing.
func (h metricsHandler) Counter(name string) client.MetricsCounter {
	found, ok := h.metrics.counters[name]
	if !ok {
		return client.MetricsNopHandler.Counter(name)
	}
	return counter{found.vec.WithLabelValues(h.values(found.labels)...)}
}

// Gauge returns the gauge of that name, or one that shows nothing.
func (h metricsHandler) Gauge(name string) client.MetricsGauge {
	found, ok := h.metrics.gauges[name]
	if !ok {
		return client.MetricsNopHandler.Gauge(name)
	}
	return gauge{found.vec.WithLabelValues(h.values(found.labels)...)}
}

// Timer returns the timer of that name, or one that measures nothing.
func (h metricsHandler) Timer(name string) client.MetricsTimer {
	found, ok := h.metrics.timers[name]
	if !ok {
		return client.MetricsNopHandler.Timer(name)
	}
	return timer{found.vec.WithLabelValues(h.values(found.labels)...)}
}

// plainLabel is the shape of names that programs give things. Anything else did
// not come from a program's source and would be a series of its own.
var plainLabel = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

func (h metricsHandler) values(labels []string) []string {
	values := make([]string, 0, len(labels))
	for _, label := range labels {
		value := h.tags[label]
		if value != "" && !plainLabel.MatchString(value) {
			value = "other"
		}
		values = append(values, value)
	}
	return values
}

type counter struct{ prometheus.Counter }

func (c counter) Inc(by int64) { c.Add(float64(by)) }

type gauge struct{ prometheus.Gauge }

func (g gauge) Update(value float64) { g.Set(value) }

type timer struct{ prometheus.Observer }

func (t timer) Record(took time.Duration) { t.Observe(took.Seconds()) }
