package api

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics counts requests by route pattern; paths, which hold ids, are no
// labels.
type Metrics struct {
	requests  *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	fallbacks *prometheus.CounterVec
	logins    *prometheus.CounterVec
	panics    prometheus.Counter
}

// NewMetrics registers the API's metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	return &Metrics{
		requests: f.NewCounterVec(prometheus.CounterOpts{Name: "foyer_api_requests_total",
			Help: "Requests answered, by method, route and status."}, []string{"method", "route", "status"}),
		seconds: f.NewHistogramVec(prometheus.HistogramOpts{Name: "foyer_api_request_seconds",
			Help:    "Time to answer, by route.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2, 5, 10}}, []string{"route"}),
		fallbacks: f.NewCounterVec(prometheus.CounterOpts{Name: "foyer_api_fallbacks_total",
			Help: "Steps the API ran itself because Temporal did not answer in time, by step."}, []string{"step"}),
		logins: f.NewCounterVec(prometheus.CounterOpts{Name: "foyer_api_logins_total",
			Help: "Sign-ins, by result."}, []string{"result"}),
		panics: f.NewCounter(prometheus.CounterOpts{Name: "foyer_api_panics_total", Help: "Handlers that panicked."}),
	}
}
