package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// Portal is where a NAS sends browsers.
type Portal struct {
	ID       identity.PortalID
	SiteID   visit.SiteID
	SiteName string
	Zone     *time.Location // of the site: its midnight ends accounts
	Name     string
	Vendor   gate.Vendor
	Settings gate.Settings // with Secret and Key where guests are served, without for staff
	NASID    visit.NASID   // that asks RADIUS for its guests; empty: any of the site
	RollZone roll.ZoneID   // whose roll codes it takes; empty: none
	Enabled  bool
	Template identity.Template
	Consents []Consent // in force
}

// StaffPortal is a portal as staff see it: Settings without what is secret, and
// without Consents.
type StaffPortal struct {
	Portal
	HasSecret bool
	HasKey    bool
	CreatedAt time.Time
	UpdatedAt time.Time
}

const maxPortals = 200 // of a site

// Refusals about portals.
var (
	ErrPortalNotFound = visit.Errorf(visit.KindNotFound, "portal_not_found", "There is no such portal.")
	errTooManyPortals = visit.Errorf(visit.KindConflict, "portals_too_many", "A site has at most 200 portals. Delete one that is not used.")
	// errPortalKey keeps a key, which is shown to nobody, from being sent to an address
	// of somebody's choice.
	errPortalKey = visit.Invalid("settings.key", "The key is for the controller that it came with: give it again.")
)

type portalRow struct {
	ID           identity.PortalID   `db:"id"`
	SiteID       visit.SiteID        `db:"site_id"`
	Name         string              `db:"name"`
	Vendor       gate.Vendor         `db:"vendor"`
	TemplateID   identity.TemplateID `db:"template_id"`
	NASID        *visit.NASID        `db:"nas_id"`
	ZoneID       *roll.ZoneID        `db:"zone_id"`
	Settings     gate.Settings       `db:"settings"`
	SecretSealed []byte              `db:"secret_sealed"`
	KeySealed    []byte              `db:"key_sealed"`
	Enabled      bool                `db:"enabled"`
	DeletedAt    *time.Time          `db:"deleted_at"`
	CreatedAt    time.Time           `db:"created_at"`
	UpdatedAt    time.Time           `db:"updated_at"`
}

const portalColumns = `v.id, v.site_id, v.name, v.vendor, v.template_id, v.nas_id, v.zone_id, v.settings, v.secret_sealed, v.key_sealed,
	v.enabled, v.deleted_at, v.created_at, v.updated_at`

// portal returns the row without what is secret and what stands in other tables.
func (r portalRow) portal() Portal {
	return Portal{
		ID: r.ID, SiteID: r.SiteID, Name: r.Name, Vendor: r.Vendor, Settings: r.Settings,
		NASID: value(r.NASID), RollZone: value(r.ZoneID), Enabled: r.Enabled,
	}
}

func portalPlace(id identity.PortalID) string { return "portal:" + string(id) }

// The places that a portal's two secrets are sealed for: one does not open as the other.
func portalSecret(id identity.PortalID) string { return portalPlace(id) + "/secret" }
func portalKey(id identity.PortalID) string    { return portalPlace(id) + "/key" }

// openPortal adds what is secret.
func (s *Store) openPortal(r portalRow, p *Portal) (err error) {
	if p.Settings.Secret, err = s.openOptional(r.SecretSealed, portalSecret(r.ID)); err != nil {
		return fmt.Errorf("secret of portal %s: %w", r.ID, err)
	}
	if p.Settings.Key, err = s.openOptional(r.KeySealed, portalKey(r.ID)); err != nil {
		return fmt.Errorf("key of portal %s: %w", r.ID, err)
	}
	return nil
}

func (s *Store) openOptional(sealed []byte, place string) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	text, err := s.keyring.Open(sealed, place)
	return string(text), err
}

func (s *Store) sealOptional(text, place string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	return s.keyring.Seal([]byte(text), place)
}

// Portal returns a portal by its id alone, for guests, with what is secret. It returns
// ErrPortalNotFound, also where the site is archived.
func (s *Store) Portal(ctx context.Context, id identity.PortalID) (portal Portal, err error) {
	if !isUUID(string(id)) {
		return portal, ErrPortalNotFound
	}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		row, err := one[placedPortalRow](ctx, q, ErrPortalNotFound, findPortalRow, Everything.args(pgx.NamedArgs{"id": id, "site": nil}))
		if err != nil {
			return err
		}
		portal, err = s.guestPortal(ctx, q, row)
		return err
	})
	return portal, err
}

// placedPortalRow is a portal with its site and template.
type placedPortalRow struct {
	portalRow
	SiteName         string           `db:"site_name"`
	Timezone         string           `db:"timezone"`
	TemplateName     string           `db:"template_name"`
	LifetimeSeconds  int              `db:"lifetime_seconds"`
	ProfileID        string           `db:"profile_id"`
	TemplateSettings templateSettings `db:"template_settings"`
}

const (
	anyPortal = `select ` + portalColumns + `, s.name as site_name, s.timezone, t.name as template_name, t.lifetime_seconds,
			t.profile_id::text as profile_id, t.settings as template_settings
		from portals v join sites s on s.id = v.site_id join templates t on t.id = v.template_id where `
	placedPortal  = anyPortal + `v.deleted_at is null and s.archived_at is null and (@site::uuid is null or v.site_id = @site::uuid) and ` + inScope
	findPortalRow = placedPortal + ` and v.id = @id`
)

// portalOf returns a portal with what is secret, also one that was deleted since, for
// what happened there. It returns ErrPortalNotFound.
func (s *Store) portalOf(ctx context.Context, q db, id identity.PortalID) (Portal, error) {
	row, err := one[placedPortalRow](ctx, q, ErrPortalNotFound, anyPortal+`v.id = @id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return Portal{}, err
	}
	return s.guestPortal(ctx, q, row)
}

func (r placedPortalRow) placed() (Portal, error) {
	p := r.portal()
	p.SiteName = r.SiteName
	p.Template = templateRow{
		ID: r.TemplateID, Name: r.TemplateName, LifetimeSeconds: r.LifetimeSeconds,
		ProfileID: identity.ProfileID(r.ProfileID), Settings: r.TemplateSettings,
	}.template()
	zone, err := time.LoadLocation(r.Timezone)
	p.Zone = zone
	return p, err
}

func (s *Store) guestPortal(ctx context.Context, q db, row placedPortalRow) (Portal, error) {
	p, err := row.placed()
	if err != nil {
		return p, err
	}
	if err := s.openPortal(row.portalRow, &p); err != nil {
		return p, err
	}
	p.Consents, err = currentConsents(ctx, q, row.TemplateID)
	return p, err
}

func (r placedPortalRow) staff() (StaffPortal, error) {
	p, err := r.placed()
	return StaffPortal{
		Portal: p, HasSecret: len(r.SecretSealed) > 0, HasKey: len(r.KeySealed) > 0, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}, err
}

// SitePortal returns a portal for staff, or ErrPortalNotFound.
func (s *Store) SitePortal(ctx context.Context, scope Scope, site visit.SiteID, id identity.PortalID) (portal StaffPortal, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) error {
		portal, err = findStaffPortal(ctx, q, scope, site, id)
		return err
	})
	return portal, err
}

func findStaffPortal(ctx context.Context, q db, scope Scope, site visit.SiteID, id identity.PortalID) (StaffPortal, error) {
	row, err := one[placedPortalRow](ctx, q, ErrPortalNotFound, findPortalRow, scope.args(pgx.NamedArgs{"id": id, "site": site}))
	if err != nil {
		return StaffPortal{}, err
	}
	return row.staff()
}

// Portals returns a site's portals by name for staff, or ErrSiteNotFound.
func (s *Store) Portals(ctx context.Context, scope Scope, site visit.SiteID) ([]StaffPortal, error) {
	portals := []StaffPortal{}
	err := s.query(ctx, func(ctx context.Context, q db) error {
		if _, err := findSite(ctx, q, scope, site); err != nil {
			return err
		}
		rows, err := all[placedPortalRow](ctx, q, placedPortal+` order by lower(v.name), v.id limit @limit`,
			scope.args(pgx.NamedArgs{"site": site, "limit": maxPortals}))
		if err != nil {
			return err
		}
		for _, row := range rows {
			portal, err := row.staff()
			if err != nil {
				return err
			}
			portals = append(portals, portal)
		}
		return nil
	})
	return portals, err
}
