package redeem

import "github.com/prometheus/client_golang/prometheus"

// Metrics count what became of entered codes.
type Metrics struct {
	logins *prometheus.CounterVec
}

// NewMetrics registers a book's metrics with r; nil registers nothing.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{logins: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "foyer_agent_roll_logins_total",
		Help: "Logins by roll code. first: a code's first use; again: one in use; refused; held_off: unchecked, the zone was sent too many wrong codes; not_recorded: the disk failed.",
	}, []string{"outcome"})}
	if r != nil {
		r.MustRegister(m.logins)
	}
	return m
}
