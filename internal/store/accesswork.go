package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

const actorWorkflow = "system:workflow"

const kindPortal = "portal" // of an access

const endCancelled = "cancelled" // by an operator, in the Temporal UI

// untaken is what an access becomes whenever anybody but its workflow changes it.
const untaken = `taken_at = null, told_at = null, tellings = 0`

// AccessEnd is what EndAccess found.
type AccessEnd struct {
	Access       Access
	TerminateFor time.Duration // the site's, 0 for the default
}

// EndAccess is the step of an access's workflow: it ends the access if its time is
// over or an operator cancelled it, and notes that the workflow knows how it stands.
// One that has ended stays as it is. It returns ErrAccessNotFound.
func (s *Store) EndAccess(ctx context.Context, id roll.AccessID, cancelled bool) (end AccessEnd, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.endDueAccess(ctx, id, cancelled); err != nil {
			return err
		}
		const take = `update accesses as v set taken_at = @now from sites s where s.id = v.site_id and v.id = @id
			returning ` + accessColumns + `, coalesce(s.termination_seconds, 0) as termination_seconds`
		type taken struct {
			accessRow
			TerminationSeconds int `db:"termination_seconds"`
		}
		now, err := one[taken](ctx, t, ErrAccessNotFound, take, pgx.NamedArgs{"id": id, "now": t.now})
		end = AccessEnd{Access: now.access(), TerminateFor: time.Duration(now.TerminationSeconds) * time.Second}
		return err
	})
	return end, err
}

func (t *tx) endDueAccess(ctx context.Context, id roll.AccessID, cancelled bool) error {
	kinds, err := scalars[string](ctx, t, `select kind from accesses where id = @id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return err
	}
	if len(kinds) > 0 && kinds[0] == kindPortal {
		return t.endPortalAccess(ctx, id, cancelled)
	}
	zone, row, err := t.lockAccessInZone(ctx, id)
	switch {
	case err != nil || row.EndedAt != nil:
		return err
	case cancelled:
		return t.merge(ctx, zone, []roll.Entry{{Ticket: row.holder(), Record: roll.Record{Over: true}}}, cause{visit.ActorOperator, endCancelled})
	case !row.EndsAt.After(t.now):
		return t.endAccess(ctx, row, cause{actorWorkflow, endTime})
	}
	return nil
}

// lockAccessInZone locks an access behind its zone, as everybody does who changes
// what became of codes.
func (t *tx) lockAccessInZone(ctx context.Context, id roll.AccessID) (zoneRow, accessRow, error) {
	const find = `select ` + accessColumns + ` from accesses v where v.id = @id`
	row, err := one[accessRow](ctx, t, ErrAccessNotFound, find, pgx.NamedArgs{"id": id})
	if err != nil {
		return zoneRow{}, row, err
	}
	const lock = `select ` + zoneColumns + ` from zones v where v.id = @zone for no key update` // also one that was deleted since
	zone, err := one[zoneRow](ctx, t, ErrZoneNotFound, lock, pgx.NamedArgs{"zone": row.ZoneID})
	if err != nil {
		return zone, row, err
	}
	row, err = t.lockAccess(ctx, id)
	return zone, row, err
}

// SealAccess closes an ended access: nothing more is to be done for it. Sealed is
// false when it goes on after all. It returns ErrAccessNotFound.
func (s *Store) SealAccess(ctx context.Context, id roll.AccessID, termination string) (sealed bool, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockAccess(ctx, id)
		sealed = row.EndedAt != nil
		if err != nil || row.SealedAt != nil || !sealed {
			return err
		}
		const seal = `update accesses set sealed_at = @now, taken_at = @now where id = @id`
		if _, err := t.Exec(ctx, seal, pgx.NamedArgs{"id": id, "now": t.now}); err != nil {
			return err
		}
		t.audit(row.SiteID, actorWorkflow, "access.sealed", accessPlace(id),
			map[string]any{"generation": row.Generation, "termination": code(termination)})
		return nil
	})
	return sealed, err
}

// How soon a workflow is told again that did not take notice, doubling.
const (
	tellAgain  = 10 * time.Second
	tellAtMost = 10 * time.Minute
)

// AccessesToTell returns accesses whose workflow does not know how they stand, at
// most limit, and counts them as told: those that it does not take come again.
func (s *Store) AccessesToTell(ctx context.Context, limit int) (tell []Access, err error) {
	const list = `with due as (
			select id from accesses
			where taken_at is null and (told_at is null or told_at <= @now::timestamptz - least(@again * power(2, least(tellings, 10) - 1), @most) * interval '1 second')
			order by told_at nulls first limit @limit for update skip locked
		)
		update accesses v set told_at = @now, tellings = tellings + 1 from due where due.id = v.id returning ` + accessColumns
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		rows, err := all[accessRow](ctx, t, list, pgx.NamedArgs{
			"now": t.now, "limit": limit, "again": tellAgain.Seconds(), "most": tellAtMost.Seconds(),
		})
		tell = tell[:0]
		for _, row := range rows {
			tell = append(tell, row.access())
		}
		return err
	})
	return tell, err
}
