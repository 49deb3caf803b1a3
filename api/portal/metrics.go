package portal

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/internal/identity"
)

// Metrics counts what the pages do. A nil one counts nothing.
type Metrics struct {
	pages  *prometheus.CounterVec
	logins *prometheus.CounterVec
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		pages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_portal_pages_total", Help: "Pages of captive portals shown, by page.",
		}, []string{"page"}),
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_portal_logins_total", Help: "Logins at captive portals, by method and outcome.",
		}, []string{"method", "outcome"}),
	}
	r.MustRegister(m.pages, m.logins)
	return m
}

func (m *Metrics) shown(page string) {
	if m != nil {
		m.pages.WithLabelValues(page).Inc()
	}
}

// Outcomes of a login.
const (
	outcomeAdmitted  = "admitted"
	outcomeAgain     = "again"     // the device was online by our clock, and is let in for what is left
	outcomeRefused   = "refused"   // wrong, or not allowed
	outcomeUnopened  = "unopened"  // admitted, and the gate did not open
	outcomeUnproven  = "unproven"  // a proof is asked for
	outcomeThrottled = "throttled" // too many tries
)

func (m *Metrics) loggedIn(method identity.Method, outcome string) {
	if m != nil {
		m.logins.WithLabelValues(cmp.Or(string(method), "recognised"), outcome).Inc()
	}
}
