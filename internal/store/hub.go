package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const (
	replacedWithin = 10 * time.Minute
	replacedLimit  = 3 // replacements within that time quarantine the agent
	maxName        = 64
)

// Connect gives the agent's new connection the next epoch: from now on, writes
// with a lower one are refused. A connection of the process that held the last
// epoch is a reconnect; one of another process with the same identity is a
// replacement, and the third within ten minutes quarantines the agent. It returns
// ErrAgentNotFound and ErrQuarantined.
func (s *Store) Connect(ctx context.Context, agent visit.AgentID, hub string, hello wire.Hello) (epoch int64, err error) {
	var quarantined bool
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockAgent(ctx, Everything, agent)
		if err != nil {
			return err
		}
		if row.QuarantinedAt != nil {
			return ErrQuarantined
		}
		replaced := t.replacements(row, hello)
		quarantined, epoch = len(replaced) >= replacedLimit, row.Epoch+1
		t.notify(NotifyAgent, row.SiteID, string(agent))
		if quarantined {
			return t.quarantine(ctx, row, replaced)
		}
		return t.connect(ctx, row, hub, hello, replaced)
	})
	if err == nil && quarantined {
		err = ErrQuarantined
	}
	return epoch, err
}

// replacements are the recent ones, this connection among them if it is one. A
// link that nothing was heard of is no other process's: its replica died before it
// could tell the agent the epoch.
func (t *tx) replacements(row agentRow, hello wire.Hello) []time.Time {
	recent := slices.DeleteFunc(row.ReplacedAt, func(at time.Time) bool { return t.now.Sub(at) > replacedWithin })
	if row.Hub != nil && hello.Epoch != row.Epoch && value(row.LastSeenAt).After(value(row.ConnectedAt)) {
		recent = append(recent, t.now)
	}
	return recent
}

func (t *tx) quarantine(ctx context.Context, row agentRow, replaced []time.Time) error {
	const update = `update agents set epoch = epoch + 1, hub = null, disconnected_at = @now, suspect_since = null,
		quarantined_at = @now, replaced_at = @replaced where id = @id`
	t.audit(row.SiteID, "system:hub", "agent.quarantined", "agent:"+string(row.ID), map[string]any{"replacements": len(replaced)})
	if _, err := t.Exec(ctx, update, pgx.NamedArgs{"id": row.ID, "now": t.now, "replaced": replaced}); err != nil {
		return err
	}
	return t.record(agentEvent(row, visit.EventAgentDisconnected, map[string]any{"epoch": row.Epoch, "quarantined": true}))
}

func (t *tx) connect(ctx context.Context, row agentRow, hub string, hello wire.Hello, replaced []time.Time) error {
	acked := hello.Position
	if known, err := t.knows(ctx, row.SiteID, acked); err != nil {
		return err
	} else if hello.Empty || !known {
		acked = wire.Position{}
	}
	const update = `update agents set epoch = epoch + 1, hub = @hub, connected_at = @now, last_seen_at = @now, suspect_since = null,
		version = @version, journal_id = @journal, acked_revision = @revision, acked_stamp = @stamp, replaced_at = @replaced where id = @id`
	if _, err := t.Exec(ctx, update, pgx.NamedArgs{
		"id": row.ID, "hub": hub, "now": t.now, "version": clean(hello.Version, maxName), "journal": clean(hello.Journal, maxName),
		"revision": acked.Revision, "stamp": int64(acked.Stamp), "replaced": notNilTimes(replaced),
	}); err != nil {
		return err
	}
	return t.record(agentEvent(row, visit.EventAgentConnected, map[string]any{"epoch": row.Epoch + 1}))
}

func notNilTimes(times []time.Time) []time.Time {
	if times == nil {
		return []time.Time{}
	}
	return times
}

func agentEvent(row agentRow, kind visit.EventKind, data map[string]any) visit.Event {
	return visit.Event{Kind: kind, SiteID: row.SiteID, AgentID: row.ID, Actor: "agent:" + string(row.ID), Data: data}
}

// Disconnected notes that the connection with this epoch is over. It returns
// ErrStaleEpoch when a later one, or nobody, acts for the agent.
func (s *Store) Disconnected(ctx context.Context, agent visit.AgentID, epoch int64) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockAgent(ctx, Everything, agent)
		if err != nil {
			return err
		}
		if row.Epoch != epoch || row.Hub == nil {
			return visit.ErrStaleEpoch
		}
		const update = `update agents set hub = null, disconnected_at = @now, suspect_since = null where id = @id`
		if _, err := t.Exec(ctx, update, pgx.NamedArgs{"id": agent, "now": t.now}); err != nil {
			return err
		}
		t.notify(NotifyAgent, row.SiteID, string(agent))
		return t.record(agentEvent(row, visit.EventAgentDisconnected, map[string]any{"epoch": epoch}))
	})
}

// Seen notes a sign of life, or that it is overdue. Hubs call it at least every
// 30 seconds: after a minute of silence a link counts as suspect by itself. It
// returns ErrStaleEpoch.
func (s *Store) Seen(ctx context.Context, agent visit.AgentID, epoch int64, suspect bool) error {
	const update = `update agents set
			last_seen_at = case when @suspect then last_seen_at else @now end,
			suspect_since = case when @suspect then coalesce(suspect_since, @now) end
		where id = @id and epoch = @epoch and hub is not null`
	_, err := s.asAgent(ctx, update, pgx.NamedArgs{"id": agent, "epoch": epoch, "now": s.now(), "suspect": suspect})
	return err
}

// StoreStats keeps the agent's last figures. It returns ErrStaleEpoch.
func (s *Store) StoreStats(ctx context.Context, agent visit.AgentID, epoch int64, stats wire.Stats) error {
	const update = `update agents set stats = @stats, last_seen_at = @now where id = @id and epoch = @epoch and hub is not null`
	_, err := s.asAgent(ctx, update, pgx.NamedArgs{"id": agent, "epoch": epoch, "now": s.now(), "stats": stats})
	return err
}

// Ack notes that the agent has everything up to position in effect and on its
// disk. It returns ErrStaleEpoch.
func (s *Store) Ack(ctx context.Context, agent visit.AgentID, epoch int64, position wire.Position) error {
	const update = `update agents set acked_revision = @revision, acked_stamp = @stamp, last_seen_at = @now
		where id = @id and epoch = @epoch and hub is not null`
	site, err := s.asAgent(ctx, update, pgx.NamedArgs{
		"id": agent, "epoch": epoch, "now": s.now(), "revision": position.Revision, "stamp": int64(position.Stamp),
	})
	if err == nil {
		s.pulse.wake(Notification{NotifyAck, site, string(agent)})
	}
	return err
}

// asAgent runs one update that is conditional on the epoch.
func (s *Store) asAgent(ctx context.Context, update string, args pgx.NamedArgs) (visit.SiteID, error) {
	var sites []visit.SiteID
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		sites, err = scalars[visit.SiteID](ctx, q, update+` returning site_id`, args)
		return err
	})
	if err == nil && len(sites) == 0 {
		err = visit.ErrStaleEpoch
	}
	if err != nil {
		return "", err
	}
	return sites[0], nil
}

// fence makes the transaction fail with ErrStaleEpoch unless the epoch is the
// agent's current one, and keeps it so until the commit.
func (t *tx) fence(ctx context.Context, agent visit.AgentID, site visit.SiteID, epoch int64) error {
	const find = `select true from agents where id = @id and site_id = @site and epoch = @epoch and hub is not null for share`
	held, err := scalars[bool](ctx, t, find, pgx.NamedArgs{"id": agent, "site": site, "epoch": epoch})
	if err == nil && len(held) == 0 {
		err = visit.ErrStaleEpoch
	}
	return err
}
