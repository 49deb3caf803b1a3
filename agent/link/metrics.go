package link

import (
	"context"
	"errors"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what the link does.
type Metrics struct {
	phase     *prometheus.GaugeVec
	endings   *prometheus.CounterVec // by close code, or what else ended it
	frames    *prometheus.CounterVec // received, by type
	unwritten prometheus.Counter     // ledger writes that failed
	oversize  prometheus.Counter     // records no frame can hold
}

var phases = []Phase{Unenrolled, Connecting, Connected, Waiting, Replaced, Quarantined, Withdrawn}

// NewMetrics makes the metrics and registers them; nil registers nowhere.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		phase: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "foyer_link_phase_info",
			Help: "1 for the phase that the agent's link to the hub is in, 0 for the others.",
		}, []string{"phase"}),
		endings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_link_endings_total",
			Help: "Links to the hub, and tries to make one, that ended, by WebSocket close code, HTTP status, or error.",
		}, []string{"cause"}),
		frames: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_link_frames_total",
			Help: "Frames received from the hub by type; unknown ones are skipped.",
		}, []string{"type"}),
		unwritten: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "foyer_link_unwritten_total",
			Help: "Ledger changes that could not be written to disk and were not acknowledged; they are tried again.",
		}),
		oversize: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "foyer_link_oversize_total",
			Help: "Journal records left out because they exceed a frame.",
		}),
	}
	if r != nil {
		r.MustRegister(m.phase, m.endings, m.frames, m.unwritten, m.oversize)
	}
	return m
}

func (m *Metrics) enter(now Phase) {
	for _, p := range phases {
		value := 0.0
		if p == now {
			value = 1
		}
		m.phase.WithLabelValues(string(p)).Set(value)
	}
}

func (m *Metrics) ended(err error) {
	cause := "error"
	u, refused := errors.AsType[*unavailable](err)
	switch code := closeCode(err); {
	case code != 0:
		cause = strconv.Itoa(code)
	case refused:
		cause = strconv.Itoa(u.status)
	case errors.Is(err, errRefused):
		cause = "token_refused"
	case errors.Is(err, errSilent), errors.Is(err, context.DeadlineExceeded):
		cause = "silence"
	}
	m.endings.WithLabelValues(cause).Inc()
}
