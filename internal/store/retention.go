package store

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// Retention returns what a site has set, or ErrSiteNotFound.
func (s *Store) Retention(ctx context.Context, scope Scope, site visit.SiteID) (set visit.Retention, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) error {
		set, err = findRetention(ctx, q, scope, site, "")
		return err
	})
	return set, err
}

func findRetention(ctx context.Context, q db, scope Scope, site visit.SiteID, lock string) (set visit.Retention, err error) {
	type setting struct{ Retention []byte }
	find := `select v.retention from sites v where v.id = @id and ` + siteInScope + lock
	row, err := one[setting](ctx, q, visit.ErrSiteNotFound, find, scope.args(pgx.NamedArgs{"id": site}))
	if err != nil {
		return set, err
	}
	return set, json.Unmarshal(row.Retention, &set)
}

// SetRetention says how long a site keeps what, from the next purge on. It returns
// ErrSiteNotFound and KindInvalid.
func (s *Store) SetRetention(ctx context.Context, by Caller, site visit.SiteID, set visit.Retention) error {
	if err := set.Validate(); err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := findRetention(ctx, t, by.Scope, site, " for no key update"); err != nil {
			return err
		}
		if _, err := t.Exec(ctx, `update sites set retention = @set, updated_at = @now where id = @id`, pgx.NamedArgs{"id": site, "set": set, "now": t.now}); err != nil {
			return err
		}
		days := set.Days()
		t.audit(site, by.Actor, "site.retention_changed", "site:"+string(site), map[string]any{
			"profile": code(set.Profile), "visit_days": days.Visits, "session_days": days.Sessions, "refused_days": days.Refused, "account_days": days.Accounts,
		})
		return nil
	})
}
