package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
)

// settleAfter leaves time for agents that were cut off: what one of them adds to an
// access that is settled is lost.
const settleAfter = 7 * 24 * time.Hour

const actorSettle = "system:sweeper"

// SettleAccesses forgets accesses that ended a week ago, at most limit, and returns
// how many. What is left of them is that their codes are used up: a bit each.
func (s *Store) SettleAccesses(ctx context.Context, limit int) (settled int, err error) {
	const find = `select v.zone_id, array_agg(v.id::text) as ids from (
			select id, zone_id from accesses where ended_at <= @before and sealed_at is not null and kind = 'roll' order by ended_at limit @limit) v
		group by v.zone_id order by v.zone_id`
	type due struct {
		ZoneID roll.ZoneID
		IDs    []string `db:"ids"`
	}
	var zones []due
	err = s.query(ctx, func(ctx context.Context, q db) (err error) {
		zones, err = all[due](ctx, q, find, pgx.NamedArgs{"before": s.now().Add(-settleAfter), "limit": limit})
		return err
	})
	for _, zone := range zones {
		if err != nil {
			break
		}
		var n int
		n, err = s.settleZone(ctx, zone.ZoneID, zone.IDs)
		settled += n
	}
	return settled, err
}

func (s *Store) settleZone(ctx context.Context, id roll.ZoneID, accesses []string) (settled int, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		const lock = `select ` + zoneColumns + ` from zones v where v.id = @id for no key update`
		zone, err := one[zoneRow](ctx, t, ErrZoneNotFound, lock, pgx.NamedArgs{"id": id})
		if err != nil {
			return err
		}
		// One that goes on after all, since it was looked for, stays.
		const take = `delete from accesses where id = any(@ids::uuid[]) and ended_at <= @before and sealed_at is not null returning roll_id, ticket`
		type held struct {
			RollID roll.ID
			Ticket int64
		}
		gone, err := all[held](ctx, t, take, pgx.NamedArgs{"ids": accesses, "before": t.now.Add(-settleAfter)})
		if err != nil {
			return err
		}
		settled = len(gone)
		rolls, tickets := make([]roll.ID, len(gone)), make([]int64, len(gone))
		for i, h := range gone {
			rolls[i], tickets[i] = h.RollID, h.Ticket
		}
		if _, err := t.Exec(ctx, `delete from commands where visit_id = any(@ids::uuid[])`, pgx.NamedArgs{"ids": accesses}); err != nil {
			return err
		}
		// Records without an access are of codes whose holder was settled before they came in.
		const spent = `delete from roll_records r where r.zone_id = @zone and (
				exists (select from unnest(@rolls::uuid[], @tickets::bigint[]) h (roll_id, ticket)
					where h.roll_id = r.holder_roll_id and h.ticket = r.holder_ticket)
				or r.at <= @before and not exists (select from accesses a where a.roll_id = r.holder_roll_id and a.ticket = r.holder_ticket))
			returning r.roll_id, r.ticket, r.at, r.holder_roll_id, r.holder_ticket, r.for_seconds`
		records, err := all[recordRow](ctx, t, spent, pgx.NamedArgs{"zone": id, "rolls": rolls, "tickets": tickets, "before": t.now.Add(-settleAfter)})
		if err != nil {
			return err
		}
		return t.useUp(ctx, zone, records)
	})
	return settled, err
}

// useUp marks tickets as over, whose records are deleted.
func (t *tx) useUp(ctx context.Context, zone zoneRow, records []recordRow) error {
	var rolls []roll.ID
	for _, r := range records {
		rolls = append(rolls, r.RollID)
	}
	found, err := masksOf(ctx, t, rolls)
	if err != nil {
		return err
	}
	for _, r := range records {
		if m := found[r.RollID]; setBit(m.Over, uint32(r.Ticket)-uint32(m.First)) {
			m.changed = true
		}
	}
	for id, m := range found {
		if !m.changed {
			continue
		}
		if _, err := t.Exec(ctx, `update rolls set over = @over where id = @id`, pgx.NamedArgs{"id": id, "over": m.Over}); err != nil {
			return err
		}
		t.follow(zone.SiteID, ledgerRollUsage, string(id))
	}
	if len(records) > 0 {
		t.audit(zone.SiteID, actorSettle, "roll.codes_used_up", zonePlace(zone.ID), map[string]any{"codes": len(records)})
	}
	return nil
}
