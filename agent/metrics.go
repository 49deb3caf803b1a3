package agent

import (
	"github.com/prometheus/client_golang/prometheus"
)

var (
	grantsHeld      = desc("foyer_ledger_grants", "Grants that are usable now or later.")
	nasesHeld       = desc("foyer_ledger_nases", "NASes that are answered.")
	sessionsOpen    = desc("foyer_session_open_sessions", "Sessions that may be online, logins without accounting included.")
	sessionsDropped = desc("foyer_session_dropped_total", "Open sessions forgotten for lack of room.")
	backlog         = desc("foyer_journal_backlog_records", "Journal records that the hub has not stored yet.")
	journalSize     = desc("foyer_journal_size_bytes", "Size of the journal on disk.")
	journalDropped  = desc("foyer_journal_dropped_total", "Journal records dropped for lack of room, since the journal was made.")
	unqueued        = desc("foyer_journal_unqueued_total", "Journal records that found no place in the queue or that the disk did not take.")
	damaged         = desc("foyer_journal_damaged_total", "Stretches of the journal that could not be read.")
	clockOffset     = desc("foyer_clock_offset_seconds", "The hub's clock minus the machine's.")
	diskError       = desc("foyer_agent_disk_error", "1 while a part's last write failed, by part.", "part")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// collector reads what the parts know of themselves at each scrape.
type collector struct{ a *Agent }

// Describe implements prometheus.Collector.
func (c collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		grantsHeld, nasesHeld, sessionsOpen, sessionsDropped, backlog, journalSize,
		journalDropped, unqueued, damaged, clockOffset, diskError,
	} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	held, records, sessions := c.a.ledger.Stats(), c.a.journal.Stats(), c.a.sessions.Stats()
	tell := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, value, labels...)
	}
	tell(grantsHeld, prometheus.GaugeValue, float64(held.Grants))
	tell(nasesHeld, prometheus.GaugeValue, float64(held.NASes))
	tell(sessionsOpen, prometheus.GaugeValue, float64(sessions.Open))
	tell(sessionsDropped, prometheus.CounterValue, float64(sessions.Dropped))
	tell(backlog, prometheus.GaugeValue, float64(records.Backlog))
	tell(journalSize, prometheus.GaugeValue, float64(records.Bytes))
	tell(journalDropped, prometheus.CounterValue, float64(records.Dropped))
	tell(unqueued, prometheus.CounterValue, float64(records.Unqueued))
	tell(damaged, prometheus.CounterValue, float64(records.Damaged))
	tell(clockOffset, prometheus.GaugeValue, c.a.clock.Offset().Seconds())
	for part, class := range map[string]string{"ledger": held.DiskError, "journal": records.DiskError, "session": sessions.DiskError, "presence": c.a.presence.DiskError(), "rolls": c.a.book.DiskError()} {
		failing := 0.0
		if class != "" {
			failing = 1
		}
		tell(diskError, prometheus.GaugeValue, failing, part)
	}
}
