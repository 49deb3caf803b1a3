package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

type rulesRow struct {
	SiteID  visit.SiteID `db:"site_id"`
	Version int          `db:"version"`
	Texts   []byte       `db:"texts"`
	MadeAt  time.Time    `db:"made_at"`
	MadeBy  string       `db:"made_by"`
}

func (r rulesRow) rules() (visit.Rules, error) {
	rules := visit.Rules{SiteID: r.SiteID, Version: r.Version, MadeAt: r.MadeAt, MadeBy: r.MadeBy}
	if err := json.Unmarshal(r.Texts, &rules.Texts); err != nil {
		return visit.Rules{}, fmt.Errorf("rules of a site: %w", err)
	}
	return rules, nil
}

// ErrRulesNotFound means that a site never had this version.
var ErrRulesNotFound = visit.Errorf(visit.KindNotFound, "rules_not_found", "The site has no rules of this version.")

// Rules returns a version of a site's rules, zero for the current one, which is the
// zero Rules where there never were any. It returns ErrSiteNotFound and
// ErrRulesNotFound.
func (s *Store) Rules(ctx context.Context, scope Scope, site visit.SiteID, version int) (visit.Rules, error) {
	var rules visit.Rules
	err := s.query(ctx, func(ctx context.Context, q db) error {
		found, err := findSite(ctx, q, scope, site)
		if err != nil {
			return err
		}
		rules, err = findRules(ctx, q, found.ID, version)
		if version == 0 && errors.Is(err, ErrRulesNotFound) {
			rules, err = visit.Rules{SiteID: found.ID}, nil
		}
		return err
	})
	return rules, err
}

func findRules(ctx context.Context, q db, site visit.SiteID, version int) (visit.Rules, error) {
	const find = `select site_id, version, texts, made_at, made_by from site_rules
		where site_id = @site and (@version::integer = 0 or version = @version) order by version desc limit 1`
	row, err := one[rulesRow](ctx, q, ErrRulesNotFound, find, pgx.NamedArgs{"site": site, "version": version})
	if err != nil {
		return visit.Rules{}, err
	}
	return row.rules()
}

// SetRules makes a new version of a site's rules; the same texts again make none, and
// no texts end them. It returns KindInvalid and ErrSiteNotFound.
func (s *Store) SetRules(ctx context.Context, by Caller, site visit.SiteID, texts map[string]string) (visit.Rules, error) {
	texts, err := visit.ValidateRules(texts)
	if err != nil {
		return visit.Rules{}, err
	}
	var rules visit.Rules
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		// The site's lock makes versions take turns.
		found, err := t.lockSite(ctx, by.Scope, site)
		if err != nil {
			return err
		}
		rules, err = findRules(ctx, t, found.ID, 0)
		if errors.Is(err, ErrRulesNotFound) {
			rules, err = visit.Rules{SiteID: found.ID}, nil
		}
		if err != nil || maps.Equal(rules.Texts, texts) {
			return err
		}
		rules = visit.Rules{SiteID: found.ID, Version: rules.Version + 1, Texts: texts, MadeAt: t.now, MadeBy: by.Actor}
		return t.addRules(ctx, rules)
	})
	return rules, err
}

func (t *tx) addRules(ctx context.Context, r visit.Rules) error {
	t.audit(r.SiteID, r.MadeBy, "site.rules_changed", "site:"+string(r.SiteID), map[string]any{"version": r.Version, "languages": len(r.Texts)})
	const insert = `insert into site_rules (site_id, version, texts, made_at, made_by) values (@site, @version, @texts, @now, @by)`
	_, err := t.Exec(ctx, insert, pgx.NamedArgs{"site": r.SiteID, "version": r.Version, "texts": r.Texts, "now": t.now, "by": r.MadeBy})
	return err
}

// accept notes that who stands at a kiosk agrees to a version of the site's rules,
// which must be the one in force. Without rules nothing is noted.
func (t *tx) accept(ctx context.Context, row *visitRow, by Caller, version int) error {
	rules, err := findRules(ctx, t, row.SiteID, 0)
	switch {
	case errors.Is(err, ErrRulesNotFound):
		return nil
	case err != nil || !rules.InForce():
		return err
	case version != rules.Version:
		return visit.ErrRulesChanged
	}
	row.RulesVersion, row.RulesAcceptedAt, row.RulesAcceptedBy = &rules.Version, &t.now, &by.Actor
	return nil
}
