package radius

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/internal/wire"
)

// port is which of the two services a packet came to.
type port byte

const (
	authPort port = iota
	acctPort
	ports
)

var portNames = [ports]string{"auth", "acct"}

// discard says why a packet got no answer.
type discard byte

const (
	keep discard = iota // not discarded
	dropMalformed
	dropUnknownNAS
	dropUnknownCode
	dropNoMessageAuthenticator
	dropNotAuthentic
	dropDuplicate
	dropOverload
	dropRateLimited
	dropInvalid
	dropNotDurable
	dropTooLong
	dropInternal
	dropUnsent
	discards
)

var discardNames = [discards]string{
	dropMalformed:              "malformed",
	dropUnknownNAS:             "unknown_nas",
	dropUnknownCode:            "unknown_code",
	dropNoMessageAuthenticator: "no_message_authenticator",
	dropNotAuthentic:           "not_authentic",
	dropDuplicate:              "duplicate",
	dropOverload:               "overload",
	dropRateLimited:            "rate_limited",
	dropInvalid:                "invalid",
	dropNotDurable:             "not_durable",
	dropTooLong:                "too_long",
	dropInternal:               "internal",
	dropUnsent:                 "unsent",
}

// outcome is what an answer said.
type outcome byte

const (
	noAnswer outcome = iota
	answeredAccept
	answeredReject
	answeredAccounting
	answeredStatus
	answeredAgain // the same octets as before
	outcomes
)

var outcomeNames = [outcomes]string{
	answeredAccept:     "accept",
	answeredReject:     "reject",
	answeredAccounting: "accounting",
	answeredStatus:     "status",
	answeredAgain:      "repeated",
}

// Metrics are the server's figures. Their labels have fixed sets of values.
type Metrics struct {
	answers         [ports][outcomes]prometheus.Counter
	discards        [ports][discards]prometheus.Counter
	rejects         *prometheus.CounterVec
	seconds         [ports]prometheus.Observer
	panics          prometheus.Counter
	orphans         prometheus.Counter
	refusalsDropped prometheus.Counter
}

// NewMetrics registers the server's metrics.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	answers := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "foyer_radius_answers_total", Help: "Answers sent, by port and kind.",
	}, []string{"port", "answer"})
	dropped := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "foyer_radius_discards_total", Help: "Packets that got no answer, by port and reason.",
	}, []string{"port", "reason"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "foyer_radius_answer_seconds", Help: "Time from reading a packet to its answer or discard, by port.",
		Buckets: []float64{50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 100e-3, 1},
	}, []string{"port"})
	m := &Metrics{
		rejects: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_radius_rejects_total", Help: "Access-Rejects decided, by reason.",
		}, []string{"reason"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "foyer_radius_panics_total", Help: "Packets whose handling panicked; each is a bug.",
		}),
		orphans: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "foyer_radius_orphans_total", Help: "Accounting of sessions whose grant is gone.",
		}),
		refusalsDropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "foyer_radius_refusals_dropped_total", Help: "Refused logins not recorded because there were too many different ones.",
		}),
	}
	for p, name := range portNames {
		m.seconds[p] = seconds.WithLabelValues(name)
		for o := noAnswer + 1; o < outcomes; o++ {
			m.answers[p][o] = answers.WithLabelValues(name, outcomeNames[o])
		}
		for d := keep + 1; d < discards; d++ {
			m.discards[p][d] = dropped.WithLabelValues(name, discardNames[d])
		}
	}
	registry.MustRegister(answers, dropped, seconds, m.rejects, m.panics, m.orphans, m.refusalsDropped)
	return m
}

func (m *Metrics) rejected(why wire.RefusedReason) { m.rejects.WithLabelValues(string(why)).Inc() }
