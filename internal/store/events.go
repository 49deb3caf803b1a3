package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/audit"
	"github.com/foyerhq/foyer/internal/visit"
)

// EventFilter chooses events; empty fields choose all.
type EventFilter struct {
	SiteID  visit.SiteID
	VisitID visit.VisitID
	Kinds   []visit.EventKind
	Page
}

// EventPage is a part of the list, newest first.
type EventPage struct {
	Items []visit.Event
	Next  string
}

// ChainEvent is an event with its place, which is in commit order.
type ChainEvent struct {
	visit.Event
	Chain string
	Seq   int64
	// Host is the e-mail address of the visit's host, lower-cased, for deciding who
	// is told. It is personal data and never sent.
	Host string
}

type eventRow struct {
	ID      visit.EventID   `db:"id"`
	Kind    visit.EventKind `db:"kind"`
	SiteID  *visit.SiteID   `db:"site_id"`
	VisitID *visit.VisitID  `db:"visit_id"`
	AgentID *visit.AgentID  `db:"agent_id"`
	Actor   string          `db:"actor"`
	At      time.Time       `db:"at"`
	Data    []byte          `db:"data"`
	Chain   string          `db:"chain"`
	Seq     int64           `db:"seq"`
}

const eventColumns = `v.id, v.kind, v.site_id, v.visit_id, v.agent_id, v.actor, v.at, v.data, v.chain, v.seq`

func (r eventRow) event() (ChainEvent, error) {
	data, err := audit.ParseBody(r.Data)
	return ChainEvent{
		Event: visit.Event{
			ID: r.ID, Kind: r.Kind, SiteID: value(r.SiteID), VisitID: value(r.VisitID), AgentID: value(r.AgentID),
			Actor: r.Actor, At: r.At, Data: data,
		},
		Chain: r.Chain, Seq: r.Seq,
	}, err
}

func plainEvents(rows []eventRow) ([]visit.Event, error) {
	events := make([]visit.Event, len(rows))
	for i, row := range rows {
		e, err := row.event()
		if err != nil {
			return nil, err
		}
		events[i] = e.Event
	}
	return events, nil
}

// Events returns what happened, newest first.
func (s *Store) Events(ctx context.Context, scope Scope, filter EventFilter) (EventPage, error) {
	const list = `select ` + eventColumns + ` from events v
		where ` + inScope + ` and (@host = '' or exists (select from visits w where w.id = v.visit_id and lower(w.host_email) = @host))
			and (@site::uuid is null or v.site_id = @site)
			and (@visit::uuid is null or v.visit_id = @visit)
			and (cardinality(@kinds::text[]) = 0 or v.kind = any(@kinds))
			and (@at::timestamptz is null or (v.at, v.id) < (@at, @id::uuid))
		order by v.at desc, v.id desc limit @limit`
	var page EventPage
	err := s.query(ctx, func(ctx context.Context, q db) error {
		after, err := parseCursor(filter.Cursor, byTime)
		if err != nil {
			return err
		}
		rows, err := all[eventRow](ctx, q, list, scope.args(pgx.NamedArgs{
			"site": optional(filter.SiteID), "visit": optional(filter.VisitID), "kinds": texts(filter.Kinds),
			"at": after.At, "id": after.ID, "limit": filter.limit() + 1,
		}))
		if err != nil {
			return orMissing(err, visit.Invalid("filter", "An id in the filter is no id."))
		}
		rows, page.Next = cut(rows, filter.limit(), func(r eventRow) cursor { return cursor{At: &r.At, ID: new(string(r.ID))} })
		page.Items, err = plainEvents(rows)
		return err
	})
	return page, err
}

// texts is a list that is never null.
func texts[T ~string](values []T) []T {
	if values == nil {
		return []T{}
	}
	return values
}

// EventsAfter returns events behind the given place of each chain in the scope,
// in order within a chain, at most limit of each; a chain that is not named is
// read from its beginning. The order is that of commits: what is behind a place
// was not there when that place was read.
func (s *Store) EventsAfter(ctx context.Context, scope Scope, after map[string]int64, limit int) ([]ChainEvent, error) {
	type row struct {
		eventRow
		Host string `db:"host"`
	}
	const list = `select ` + eventColumns + `, coalesce(lower(w.host_email), '') as host from site_heads h
		cross join lateral (
			select * from events e
			where e.chain = h.site_id::text and e.seq > coalesce((@after::jsonb ->> e.chain)::bigint, 0)
				and (@host = '' or exists (select from visits o where o.id = e.visit_id and lower(o.host_email) = @host))
			order by e.seq limit @limit) v
		left join visits w on w.id = v.visit_id
		where ` + inScope + ` and h.audit_seq > coalesce((@after::jsonb ->> h.site_id::text)::bigint, 0)
		order by v.chain, v.seq`
	if after == nil {
		after = map[string]int64{}
	}
	var events []ChainEvent
	err := s.query(ctx, func(ctx context.Context, q db) error {
		rows, err := all[row](ctx, q, list, scope.args(pgx.NamedArgs{"after": after, "limit": limit}))
		if err != nil {
			return err
		}
		events = make([]ChainEvent, len(rows))
		for i, row := range rows {
			if events[i], err = row.event(); err != nil {
				return err
			}
			events[i].Host = row.Host
		}
		return nil
	})
	return events, err
}

// EventCursors returns the present end of each site's chain in the scope.
func (s *Store) EventCursors(ctx context.Context, scope Scope) (map[string]int64, error) {
	type head struct {
		Chain string
		Seq   int64
	}
	const list = `select v.site_id::text as chain, v.audit_seq as seq from site_heads v where ` + inScope
	cursors := map[string]int64{}
	err := s.query(ctx, func(ctx context.Context, q db) error {
		heads, err := all[head](ctx, q, list, scope.args(pgx.NamedArgs{}))
		for _, h := range heads {
			cursors[h.Chain] = h.Seq
		}
		return err
	})
	return cursors, err
}
