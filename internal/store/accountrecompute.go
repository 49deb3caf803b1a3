package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
)

// staleAccount is one whose profile has changed since its end was reckoned.
type staleAccount struct {
	accountRow
	Revision int           `db:"revision"` // that the profile has now
	Kind     identity.Kind `db:"kind"`
	Value    int           `db:"value"`
	Until    *time.Time    `db:"until"`
	Timezone string        `db:"timezone"`
}

// staleAccounts are found along the index of profiles' accounts: mostly there are none
// among many.
const staleAccounts = `with stale as materialized (
		select d.person_id from profiles p cross join lateral (
			select c.person_id from accounts c where c.profile_id = p.id and c.profile_revision < p.revision
			order by c.profile_id, c.profile_revision limit @limit) d limit @limit)
	select ` + accountColumns + `, p.revision, p.kind, p.value, p.until, s.timezone
	from stale join accounts c on c.person_id = stale.person_id join profiles p on p.id = c.profile_id join sites s on s.id = c.site_id
	where c.profile_revision < p.revision for no key update of c skip locked`

// RecomputeAccounts reckons the ends of accounts anew whose profile's validity has
// changed, at most limit of them, and returns how many it looked at. Those whose end
// staff have set keep it, and those that have ended stay so. An authentication that
// would outlive its account is shortened in the same transaction.
func (s *Store) RecomputeAccounts(ctx context.Context, limit int) (n int, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		rows, err := all[staleAccount](ctx, t, staleAccounts, pgx.NamedArgs{"limit": limit})
		n = len(rows)
		for _, row := range rows {
			if err == nil {
				err = t.recompute(ctx, row)
			}
		}
		return err
	})
	return n, err
}

func (t *tx) recompute(ctx context.Context, row staleAccount) error {
	const seen = `update accounts set profile_revision = @revision where person_id = @id`
	if _, err := t.Exec(ctx, seen, pgx.NamedArgs{"id": row.ID, "revision": row.Revision}); err != nil {
		return err
	}
	if row.EndsSet || row.ErasedAt != nil || !row.EndsAt.After(t.now) {
		return nil
	}
	ends, err := row.newEnd()
	if err != nil || ends.Equal(row.EndsAt) {
		return err
	}
	was := row.EndsAt
	row.EndsAt = ends
	t.audit(row.SiteID, visit.ActorSweeper, "account.recomputed", accountPlace(row.ID), map[string]any{
		"profile_id": string(row.ProfileID), "revision": row.Revision, "ended_at": was, "ends_at": ends,
	})
	return t.moveEnd(ctx, row.accountRow, visit.ActorSweeper)
}

// reckoned brings a locked account up to its profile, if that has changed and the worker
// has not come to it: nobody is let in by an end that does not hold any more.
func (t *tx) reckoned(ctx context.Context, row accountRow) (accountRow, error) {
	const stale = `select ` + accountColumns + `, p.revision, p.kind, p.value, p.until, s.timezone
		from accounts c join profiles p on p.id = c.profile_id and c.profile_revision < p.revision join sites s on s.id = c.site_id
		where c.person_id = @id`
	rows, err := all[staleAccount](ctx, t, stale, pgx.NamedArgs{"id": row.ID})
	if err != nil || len(rows) == 0 {
		return row, err
	}
	if err := t.recompute(ctx, rows[0]); err != nil {
		return row, err
	}
	return t.lockAccount(ctx, row.ID)
}

// newEnd is the end by the profile as it is now.
func (r staleAccount) newEnd() (time.Time, error) {
	zone, err := time.LoadLocation(r.Timezone)
	if err != nil {
		return time.Time{}, err
	}
	profile := profileRow{Kind: r.Kind, Value: r.Value, Until: r.Until}.profile()
	ends := profile.Validity.End(r.StartsAt, zone)
	if !ends.After(r.StartsAt) { // a profile until an instant before the account begins
		ends = r.StartsAt.Add(time.Microsecond)
	}
	return ends, nil
}
