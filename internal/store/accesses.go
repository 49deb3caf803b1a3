package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// Access is what a roll code gives its holder, from first use to its end.
type Access struct {
	ID         roll.AccessID
	Kind       string // roll
	SiteID     visit.SiteID
	ZoneID     roll.ZoneID
	Holder     roll.Ticket
	StartedAt  time.Time
	EndsAt     time.Time
	EndedAt    *time.Time
	EndReason  string // time, expired, retired, merged
	Generation int    // of terminations
	SealedAt   *time.Time
}

// ErrAccessNotFound also covers accesses that ended long ago.
var ErrAccessNotFound = visit.Errorf(visit.KindNotFound, "access_not_found", "There is no such access.")

type accessRow struct {
	ID         roll.AccessID `db:"id"`
	Kind       string        `db:"kind"`
	SiteID     visit.SiteID  `db:"site_id"`
	ZoneID     *roll.ZoneID  `db:"zone_id"`
	RollID     *roll.ID      `db:"roll_id"`
	Ticket     *int64        `db:"ticket"`
	StartedAt  time.Time     `db:"started_at"`
	EndsAt     time.Time     `db:"ends_at"`
	EndedAt    *time.Time    `db:"ended_at"`
	EndReason  *string       `db:"end_reason"`
	Generation int           `db:"generation"`
	SealedAt   *time.Time    `db:"sealed_at"`
}

const accessColumns = `v.id, v.kind, v.site_id, v.zone_id, v.roll_id, v.ticket, v.started_at, v.ends_at, v.ended_at, v.end_reason, v.generation, v.sealed_at`

func (r accessRow) access() Access {
	return Access{
		ID: r.ID, Kind: r.Kind, SiteID: r.SiteID, ZoneID: value(r.ZoneID), Holder: r.holder(), StartedAt: r.StartedAt, EndsAt: r.EndsAt,
		EndedAt: r.EndedAt, EndReason: value(r.EndReason), Generation: r.Generation, SealedAt: r.SealedAt,
	}
}

func (r accessRow) holder() roll.Ticket {
	return roll.Ticket{Roll: value(r.RollID), Number: uint32(value(r.Ticket))}
}

func accessPlace(id roll.AccessID) string { return "access:" + string(id) }

// event is one of the access's. It holds ids, instants and kinds.
func (r accessRow) event(kind visit.EventKind, actor string) visit.Event {
	data := map[string]any{
		"access_id": string(r.ID), "kind": r.Kind, "started_at": r.StartedAt, "ends_at": r.EndsAt,
	}
	if r.ZoneID != nil {
		data["zone_id"] = string(*r.ZoneID)
	}
	if r.RollID != nil {
		data["roll_id"], data["ticket"] = string(*r.RollID), *r.Ticket
	}
	if r.EndedAt != nil {
		data["ended_at"], data["reason"] = *r.EndedAt, value(r.EndReason)
	}
	return visit.Event{Kind: kind, SiteID: r.SiteID, Actor: actor, Data: data}
}

// settleHolders brings the accesses of holders to what usage says of them.
func (t *tx) settleHolders(ctx context.Context, zone zoneRow, usage *roll.Usage, holders []roll.Ticket, why cause) error {
	ids := make([]roll.AccessID, len(holders))
	for i, holder := range holders {
		ids[i] = holder.AccessID()
	}
	rows, err := all[accessRow](ctx, t, `select `+accessColumns+` from accesses v where v.id = any(@ids::uuid[]) order by v.id for no key update`, pgx.NamedArgs{"ids": ids})
	if err != nil {
		return err
	}
	known := map[roll.AccessID]accessRow{}
	for _, row := range rows {
		known[row.ID] = row
	}
	for i, holder := range holders {
		row, ok := known[ids[i]]
		if err := t.settleHolder(ctx, zone, usage, holder, row, ok, why); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) settleHolder(ctx context.Context, zone zoneRow, usage *roll.Usage, holder roll.Ticket, row accessRow, known bool, why cause) error {
	t.follow(zone.SiteID, ledgerAccess, string(holder.AccessID()))
	ends := usage.EndsAt(holder)
	switch {
	case ends.IsZero() && !known:
		return t.noteAccess(ctx, zone, usage, holder, why)
	case ends.IsZero() && row.EndedAt != nil:
		return nil
	case ends.IsZero():
		return t.endAccess(ctx, row, why)
	case !known:
		return t.beginAccess(ctx, zone, usage, holder, ends, why)
	case row.EndsAt.Equal(ends) && row.EndedAt == nil:
		return nil
	}
	return t.moveAccess(ctx, row, startOf(usage, holder), ends, why)
}

// startOf is the first use of an access's codes.
func startOf(usage *roll.Usage, holder roll.Ticket) time.Time {
	var first time.Time
	for _, record := range usage.All() {
		if record.Holder == holder && !record.At.IsZero() && (first.IsZero() || record.At.Before(first)) {
			first = record.At
		}
	}
	return first
}

func (t *tx) beginAccess(ctx context.Context, zone zoneRow, usage *roll.Usage, holder roll.Ticket, ends time.Time, why cause) error {
	const insert = `insert into accesses as v (id, kind, site_id, zone_id, roll_id, ticket, started_at, ends_at, created_at)
		values (@id, 'roll', @site, @zone, @roll, @ticket, @started, @ends, @now) returning ` + accessColumns
	row, err := one[accessRow](ctx, t, ErrAccessNotFound, insert, pgx.NamedArgs{
		"id": holder.AccessID(), "site": zone.SiteID, "zone": zone.ID, "roll": holder.Roll, "ticket": int64(holder.Number),
		"started": startOf(usage, holder), "ends": ends, "now": t.now,
	})
	if err != nil {
		return err
	}
	return t.record(row.event(visit.EventAccessStarted, why.actor))
}

// noteAccess keeps an access that had ended before it was heard of, if it holds other
// codes: what they were used for is told under its id. Nothing is to be done for it.
func (t *tx) noteAccess(ctx context.Context, zone zoneRow, usage *roll.Usage, holder roll.Ticket, why cause) error {
	started := startOf(usage, holder)
	if started.IsZero() {
		return nil
	}
	const insert = `insert into accesses (id, kind, site_id, zone_id, roll_id, ticket, started_at, ends_at, ended_at, end_reason, taken_at, sealed_at, created_at)
		values (@id, 'roll', @site, @zone, @roll, @ticket, @started, @started, @now, @reason, @now, @now, @now)`
	_, err := t.Exec(ctx, insert, pgx.NamedArgs{
		"id": holder.AccessID(), "site": zone.SiteID, "zone": zone.ID, "roll": holder.Roll, "ticket": int64(holder.Number),
		"started": started, "reason": why.end, "now": t.now,
	})
	return err
}

// moveAccess gives an access another end. One that had ended, and of which an agent
// that was cut off reports more time, goes on: it is another generation.
func (t *tx) moveAccess(ctx context.Context, row accessRow, started, ends time.Time, why cause) error {
	const update = `update accesses as v set started_at = @started, ends_at = @ends, ended_at = null, end_reason = null, sealed_at = null,
			` + untaken + `, generation = v.generation + (v.ended_at is not null)::integer
		where v.id = @id returning ` + accessColumns
	row, err := one[accessRow](ctx, t, ErrAccessNotFound, update, pgx.NamedArgs{"id": row.ID, "started": started, "ends": ends})
	if err != nil {
		return err
	}
	return t.record(row.event(visit.EventAccessChanged, why.actor))
}

// endAccess ends an access now.
func (t *tx) endAccess(ctx context.Context, row accessRow, why cause) error {
	const update = `update accesses as v set ended_at = @now, end_reason = @reason, ends_at = least(v.ends_at, @now), ` + untaken + ` where v.id = @id returning ` + accessColumns
	row, err := one[accessRow](ctx, t, ErrAccessNotFound, update, pgx.NamedArgs{"id": row.ID, "reason": why.end, "now": t.now})
	if err != nil {
		return err
	}
	t.follow(row.SiteID, ledgerAccess, string(row.ID))
	return t.record(row.event(visit.EventAccessEnded, why.actor))
}

func (t *tx) lockAccess(ctx context.Context, id roll.AccessID) (accessRow, error) {
	const find = `select ` + accessColumns + ` from accesses v where v.id = @id for no key update`
	return one[accessRow](ctx, t, ErrAccessNotFound, find, pgx.NamedArgs{"id": id})
}

// Access returns an access, or ErrAccessNotFound.
func (s *Store) Access(ctx context.Context, id roll.AccessID) (access Access, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) error {
		row, err := one[accessRow](ctx, q, ErrAccessNotFound, `select `+accessColumns+` from accesses v where v.id = @id`, pgx.NamedArgs{"id": id})
		access = row.access()
		return err
	})
	return access, err
}

// OpenAccesses returns accesses that must have a workflow, by id behind after: those
// that are not sealed.
func (s *Store) OpenAccesses(ctx context.Context, after roll.AccessID, limit int) ([]Access, error) {
	const list = `select ` + accessColumns + ` from accesses v
		where v.sealed_at is null and (@after::uuid is null or v.id > @after) order by v.id limit @limit`
	var open []Access
	err := s.query(ctx, func(ctx context.Context, q db) error {
		rows, err := all[accessRow](ctx, q, list, pgx.NamedArgs{"after": optional(after), "limit": limit})
		open = open[:0]
		for _, row := range rows {
			open = append(open, row.access())
		}
		return err
	})
	return open, err
}
