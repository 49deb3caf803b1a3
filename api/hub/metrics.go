package hub

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Metrics counts what goes over the links. Labels are bounded: frame types,
// close codes and agents' ids.
type Metrics struct {
	connected prometheus.Gauge
	frames    *prometheus.CounterVec
	ended     *prometheus.CounterVec
	refused   prometheus.Counter
	records   prometheus.Counter
	resumes   prometheus.Counter
	snapshots prometheus.Counter
	dropped   prometheus.Counter
	backlog   *prometheus.GaugeVec
	lost      *prometheus.GaugeVec
	offset    *prometheus.GaugeVec
	disk      *prometheus.GaugeVec
}

// NewMetrics registers the hub's metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	agent := []string{"agent_id"}
	return &Metrics{
		connected: f.NewGauge(prometheus.GaugeOpts{Name: "foyer_hub_agents", Help: "Agents connected to this replica."}),
		frames: f.NewCounterVec(prometheus.CounterOpts{Name: "foyer_hub_frames_total",
			Help: "Frames read from agents, by type."}, []string{"type"}),
		ended: f.NewCounterVec(prometheus.CounterOpts{Name: "foyer_hub_links_ended_total",
			Help: "Links that ended, by close code."}, []string{"code"}),
		refused:   f.NewCounter(prometheus.CounterOpts{Name: "foyer_hub_refused_total", Help: "Enrolments and links refused."}),
		records:   f.NewCounter(prometheus.CounterOpts{Name: "foyer_hub_records_total", Help: "Reported records stored or skipped."}),
		resumes:   f.NewCounter(prometheus.CounterOpts{Name: "foyer_hub_resumes_total", Help: "Links resumed from the agent's position."}),
		snapshots: f.NewCounter(prometheus.CounterOpts{Name: "foyer_hub_snapshots_total", Help: "Whole sets sent to agents."}),
		dropped: f.NewCounter(prometheus.CounterOpts{Name: "foyer_hub_session_reports_dropped_total",
			Help: "Reports of other agents' sessions not queued because a link was behind."}),
		backlog: f.NewGaugeVec(prometheus.GaugeOpts{Name: "foyer_hub_agent_journal_backlog",
			Help: "Records an agent holds that are not yet stored."}, agent),
		lost: f.NewGaugeVec(prometheus.GaugeOpts{Name: "foyer_hub_agent_journal_dropped",
			Help: "Records an agent dropped since its journal was made."}, agent),
		offset: f.NewGaugeVec(prometheus.GaugeOpts{Name: "foyer_hub_agent_clock_offset_seconds",
			Help: "The hub's clock less the agent's."}, agent),
		disk: f.NewGaugeVec(prometheus.GaugeOpts{Name: "foyer_hub_agent_disk_error",
			Help: "1 while an agent cannot write to its disk."}, agent),
	}
}

// observe keeps what an agent last said of itself.
func (m *Metrics) observe(agent store.Agent, s wire.Stats) {
	id := string(agent.ID)
	m.backlog.WithLabelValues(id).Set(float64(s.JournalBacklog))
	m.lost.WithLabelValues(id).Set(float64(s.JournalDropped))
	m.offset.WithLabelValues(id).Set(float64(s.ClockOffsetMS) / 1000)
	broken := 0.0
	if s.DiskError != "" {
		broken = 1
	}
	m.disk.WithLabelValues(id).Set(broken)
}

// forget drops an agent's figures: another replica may have newer ones.
func (m *Metrics) forget(agent visit.AgentID) {
	for _, figure := range []*prometheus.GaugeVec{m.backlog, m.lost, m.offset, m.disk} {
		figure.DeleteLabelValues(string(agent))
	}
}
