package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/foyerhq/foyer/internal/visit"
)

// MailPlan says which mails an event gives rise to, by the settings of its site;
// those of an event without a site are zero. It must be pure.
type MailPlan func(e visit.Event, settings visit.MailSettings) []visit.Posting

// Relayed is what one pass of the relay did.
type Relayed struct {
	Events     int
	Deliveries int
	More       bool // events were left for the next pass
}

const (
	relayConsumer = "relay"
	relayChains   = 100 // in one pass; the ones that have waited longest
	// An event that is older gives rise to nothing: who starts a worker after a week,
	// or upgrades, floods nobody with what is no news any more.
	webhookNewsFor = 75 * time.Hour
	mailNewsFor    = 24 * time.Hour
)

// place is how far a chain is to be read.
type place struct {
	Chain string
	After int64
	Upto  int64
}

// RelayEvents turns events behind the relay's cursors, at most limit of each chain,
// into deliveries: one transaction makes the deliveries and moves the cursors, so
// that a pass that is cut off has not happened and every event is looked at once.
//
// The end of a chain is read before its events, and events are written in the order
// of their places: what lies between a cursor and that end is all there.
func (s *Store) RelayEvents(ctx context.Context, mails MailPlan, limit int) (Relayed, error) {
	var done Relayed
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		done = Relayed{}
		// Two relays, while leadership changes, take turns.
		if _, err := t.Exec(ctx, `select pg_advisory_xact_lock(@class, hashtext(@name))`, pgx.NamedArgs{"class": leaseClass, "name": "relaying"}); err != nil {
			return err
		}
		behind, err := t.behind(ctx)
		if err != nil || len(behind) == 0 {
			return err
		}
		events, err := t.eventsOf(ctx, behind, limit)
		if err != nil {
			return err
		}
		rows, err := t.plan(ctx, events, mails)
		if err != nil {
			return err
		}
		made, err := t.insertDeliveries(ctx, rows)
		if err != nil {
			return err
		}
		done.Events, done.Deliveries, done.More = len(events), len(made), advance(behind, events, limit) || len(behind) == relayChains
		return t.moveCursors(ctx, behind)
	})
	return done, err
}

// behind returns the chains that have grown since they were read.
func (t *tx) behind(ctx context.Context) ([]place, error) {
	const list = `select h.chain, coalesce(c.seq, 0) as after, h.seq as upto
		from (select site_id::text as chain, audit_seq as seq from site_heads
			union all select 'deployment', audit_seq from deployment_head) h
		left join event_cursors c on c.consumer = @consumer and c.chain = h.chain
		where h.seq > coalesce(c.seq, 0)
		order by c.updated_at nulls first, h.chain limit @limit`
	return all[place](ctx, t, list, pgx.NamedArgs{"consumer": relayConsumer, "limit": relayChains})
}

func (t *tx) eventsOf(ctx context.Context, places []place, limit int) ([]ChainEvent, error) {
	const list = `select ` + eventColumns + `
		from unnest(@chains::text[], @afters::bigint[], @uptos::bigint[]) p(chain, after, upto)
		cross join lateral (
			select * from events e where e.chain = p.chain and e.seq > p.after and e.seq <= p.upto
			order by e.seq limit @limit) v
		order by v.chain, v.seq`
	var chains []string
	var afters, uptos []int64
	for _, p := range places {
		chains, afters, uptos = append(chains, p.Chain), append(afters, p.After), append(uptos, p.Upto)
	}
	rows, err := all[eventRow](ctx, t, list, pgx.NamedArgs{"chains": chains, "afters": afters, "uptos": uptos, "limit": limit})
	if err != nil {
		return nil, err
	}
	events := make([]ChainEvent, len(rows))
	for i, row := range rows {
		if events[i], err = row.event(); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// advance sets how far each chain was read: to its end, or where the batch was
// full to its last event, which it reports.
func advance(places []place, events []ChainEvent, limit int) (more bool) {
	count, last := map[string]int{}, map[string]int64{}
	for _, e := range events {
		count[e.Chain]++
		last[e.Chain] = e.Seq
	}
	for i, p := range places {
		if count[p.Chain] == limit {
			places[i].Upto, more = last[p.Chain], true
		}
	}
	return more
}

func (t *tx) moveCursors(ctx context.Context, places []place) error {
	var batch pgx.Batch
	for _, p := range places {
		batch.Queue(`insert into event_cursors (consumer, chain, seq, updated_at) values (@consumer, @chain, @seq, @now)
			on conflict (consumer, chain) do update set seq = excluded.seq, updated_at = excluded.updated_at`, pgx.NamedArgs{
			"consumer": relayConsumer, "chain": p.Chain, "seq": p.Upto, "now": t.now,
		})
	}
	return t.SendBatch(ctx, &batch).Close()
}

// planned is a delivery to make.
type planned struct {
	event  visit.Event
	target visit.Target
	hook   visit.WebhookID
	due    time.Time
	replay int
}

// plan returns the deliveries that events give rise to.
func (t *tx) plan(ctx context.Context, events []ChainEvent, mails MailPlan) (rows []planned, err error) {
	if len(events) == 0 {
		return nil, nil
	}
	hooks, err := all[listener](ctx, t, `select id, sites, sites is null as all_sites, kinds, created_at
		from webhooks where deleted_at is null and disabled_at is null`, nil)
	if err != nil {
		return nil, err
	}
	settings, err := t.mailSettings(ctx, events)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		for _, hook := range hooks {
			if hook.wants(e.Event, t.now) {
				rows = append(rows, planned{event: e.Event, target: visit.WebhookTarget(hook.ID), hook: hook.ID, due: t.now})
			}
		}
		if mails == nil || e.At.Before(t.now.Add(-mailNewsFor)) {
			continue
		}
		for _, posting := range mails(e.Event, settings[e.SiteID]) {
			rows = append(rows, planned{event: e.Event, target: posting.Target, due: later(t.now, posting.DueAt)})
		}
	}
	return rows, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// mailSettings returns the settings of the events' sites.
func (t *tx) mailSettings(ctx context.Context, events []ChainEvent) (map[visit.SiteID]visit.MailSettings, error) {
	type row struct {
		ID   visit.SiteID
		Mail []byte
	}
	sites := map[visit.SiteID]bool{}
	for _, e := range events {
		sites[e.SiteID] = true
	}
	delete(sites, "")
	rows, err := all[row](ctx, t, `select id, mail from sites where id = any(@sites::uuid[])`, pgx.NamedArgs{"sites": slices.Collect(maps.Keys(sites))})
	settings := make(map[visit.SiteID]visit.MailSettings, len(rows))
	for _, r := range rows {
		settings[r.ID] = mailSettingsOf(r.Mail)
	}
	return settings, err
}

// listener is an endpoint as the relay sees it.
type listener struct {
	ID        visit.WebhookID
	Sites     []visit.SiteID
	AllSites  bool
	Kinds     []visit.EventKind
	CreatedAt time.Time
}

// wants reports whether an endpoint is to hear of an event: of its sites, of its
// kinds, not older than itself and not old.
func (w listener) wants(e visit.Event, now time.Time) bool {
	switch {
	case !slices.Contains(visit.Outward(), e.Kind),
		len(w.Kinds) > 0 && !slices.Contains(w.Kinds, e.Kind),
		!w.AllSites && !slices.Contains(w.Sites, e.SiteID):
		return false
	}
	return !e.At.Before(w.CreatedAt) && !e.At.Before(now.Add(-webhookNewsFor))
}

// insertDeliveries writes those that are not there yet and returns their ids.
func (t *tx) insertDeliveries(ctx context.Context, rows []planned) ([]visit.DeliveryID, error) {
	const insert = `insert into deliveries (id, event_id, target, replay, webhook_id, site_id, visit_id, due_at, next_attempt_at, created_at)
		values (@id, @event, @target, @replay, @hook, @site, @visit, @due, @due, @now)
		on conflict (event_id, target, replay) do nothing`
	var batch pgx.Batch
	var made []visit.DeliveryID
	for _, row := range rows {
		id, err := t.s.newID()
		if err != nil {
			return nil, err
		}
		queued := batch.Queue(insert, pgx.NamedArgs{
			"id": id, "event": row.event.ID, "target": row.target, "replay": row.replay, "hook": optional(row.hook),
			"site": optional(row.event.SiteID), "visit": optional(row.event.VisitID), "due": row.due, "now": t.now,
		})
		queued.Exec(func(tag pgconn.CommandTag) error {
			if tag.RowsAffected() == 1 {
				made = append(made, visit.DeliveryID(id))
			}
			return nil
		})
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return made, t.SendBatch(ctx, &batch).Close()
}
