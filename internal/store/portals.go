package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

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

// PortalChange names what to change; nil fields stay. Secret and Key are in Settings
// too: nil stays, an empty one is taken away.
type PortalChange struct {
	Name       *string
	Vendor     *gate.Vendor
	TemplateID *identity.TemplateID
	NASID      *visit.NASID
	RollZone   *roll.ZoneID
	Enabled    *bool
	Settings   *gate.Settings // but Secret and Key
	Secret     *string
	Key        *string
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

// validatePortal says what is wrong with what people choose.
func validatePortal(p Portal) error {
	adapter, known := gate.Of(p.Vendor)
	switch {
	case p.Name == "" || utf8.RuneCountInString(p.Name) > 200 || !plain(p.Name):
		return visit.Invalid("name", "A portal needs a name of at most 200 characters.")
	case !known:
		return visit.Invalid("vendor", "There is no such vendor.")
	case slices.Contains(p.Template.Methods, identity.MethodCode) && p.RollZone == "":
		return visit.Invalid("zone_id", "The template lets guests in with roll codes: choose the zone whose codes they are.")
	}
	return validateGate(p.Settings, adapter.Needs())
}

// Limits of what a portal's settings hold.
const (
	maxHosts  = 50
	maxNames  = 20
	maxSecret = 500
)

func validateGate(g gate.Settings, needs []string) error {
	if len(g.Hosts) > maxHosts || len(g.Names) > maxNames {
		return visit.Invalid("settings.hosts", "At most %d hosts and %d names.", maxHosts, maxNames)
	}
	for _, host := range g.Hosts {
		if err := gate.CheckHost(host); err != nil {
			return visit.Invalid("settings.hosts", "%q: a host name, an address, or a suffix of two parts that begins with a dot; each may have a port.", host[:min(len(host), 80)])
		}
	}
	for ours, theirs := range g.Names {
		if len(ours) > 32 || len(theirs) > 64 || !plain(ours) || !plain(theirs) {
			return visit.Invalid("settings.names", "The name of a parameter.")
		}
	}
	switch {
	case g.Controller != "" && !controllerURL(g.Controller):
		return visit.Invalid("settings.controller", "An address that begins with https://, without user, question mark or fragment.")
	case g.Fingerprint != "" && (len(g.Fingerprint) != 64 || strings.Trim(g.Fingerprint, "0123456789abcdef") != ""):
		return visit.Invalid("settings.fingerprint", "The SHA-256 of the controller's certificate: 64 hexadecimal digits.")
	case len(g.Site) > 64 || !plain(g.Site):
		return visit.Invalid("settings.site", "At most 64 octets.")
	case len(g.Secret) > maxSecret || !plain(g.Secret):
		return visit.Invalid("settings.secret", "At most %d octets.", maxSecret)
	case len(g.Key) > maxSecret || !plain(g.Key):
		return visit.Invalid("settings.key", "At most %d octets.", maxSecret)
	}
	return needed(g, needs)
}

func needed(g gate.Settings, needs []string) error {
	given := map[string]bool{
		"hosts": len(g.Hosts) > 0, "secret": g.Secret != "", "key": g.Key != "",
		"controller": g.Controller != "", "site": g.Site != "", "level": g.Level != 0,
	}
	for _, need := range needs {
		if !given[need] {
			return visit.Invalid("settings."+need, "Devices of this vendor need it.")
		}
	}
	return nil
}

func controllerURL(text string) bool { return loginURL(text) && strings.HasPrefix(text, "https://") }

// CreatePortal adds a portal. It returns KindInvalid, ErrSiteNotFound,
// ErrTemplateNotFound and a conflict when the name is taken.
func (s *Store) CreatePortal(ctx context.Context, by Caller, p Portal, template identity.TemplateID) (portal StaffPortal, err error) {
	p = cleanPortal(p)
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.lockSite(ctx, by.Scope, p.SiteID); err != nil {
			return err
		}
		n, err := scalars[int](ctx, t, `select count(*)::integer from portals where site_id = @site and deleted_at is null`, pgx.NamedArgs{"site": p.SiteID})
		if err == nil && n[0] >= maxPortals {
			err = errTooManyPortals
		}
		if err != nil {
			return err
		}
		id, err := s.newID()
		if err != nil {
			return err
		}
		p.ID = identity.PortalID(id)
		const insert = `insert into portals (id, site_id, name, vendor, template_id, nas_id, zone_id, settings, secret_sealed, key_sealed, enabled, created_at, updated_at)
			values (@id, @site, @name, @vendor, @template, @nas, @zone, @settings, @secret, @key, @enabled, @now, @now)`
		if err := t.putPortal(ctx, p, template, insert); err != nil {
			return err
		}
		t.audit(p.SiteID, by.Actor, "portal.created", portalPlace(p.ID), map[string]any{"vendor": string(p.Vendor)})
		portal, err = findStaffPortal(ctx, t, by.Scope, p.SiteID, p.ID)
		return err
	})
	return portal, err
}

func cleanPortal(p Portal) Portal {
	p.Name = strings.TrimSpace(p.Name)
	p.Settings.Fingerprint = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(p.Settings.Fingerprint), ":", ""))
	p.Settings.Controller = strings.TrimRight(strings.TrimSpace(p.Settings.Controller), "/")
	hosts := []string{}
	for _, host := range p.Settings.Hosts {
		if host = strings.ToLower(strings.TrimSpace(host)); host != "" {
			hosts = append(hosts, host)
		}
	}
	p.Settings.Hosts = hosts
	return p
}

// putPortal writes the whole row of a portal that was found good.
func (t *tx) putPortal(ctx context.Context, p Portal, template identity.TemplateID, statement string) error {
	row, err := one[templateRow](ctx, t, ErrTemplateNotFound, findTemplateRow+` for share`, pgx.NamedArgs{"id": template})
	if err != nil {
		return err
	}
	p.Template = row.template()
	if err := validatePortal(p); err != nil {
		return err
	}
	if err := t.ofSite(ctx, p); err != nil {
		return err
	}
	secret, err := t.s.sealOptional(p.Settings.Secret, portalSecret(p.ID))
	if err != nil {
		return err
	}
	key, err := t.s.sealOptional(p.Settings.Key, portalKey(p.ID))
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, statement, pgx.NamedArgs{
		"id": p.ID, "site": p.SiteID, "name": p.Name, "vendor": p.Vendor, "template": template, "nas": optional(p.NASID), "zone": optional(p.RollZone),
		"settings": p.Settings, "secret": secret, "key": key, "enabled": p.Enabled, "now": t.now,
	})
	return err
}

// ofSite refuses a NAS and a zone that the portal's site does not have.
func (t *tx) ofSite(ctx context.Context, p Portal) error {
	if p.NASID != "" {
		if _, err := one[nasRow](ctx, t, visit.ErrNASNotFound, findNAS, Everything.args(pgx.NamedArgs{"id": p.NASID, "site": p.SiteID})); err != nil {
			return err
		}
	}
	if p.RollZone != "" {
		if _, err := findZone(ctx, t, Everything, p.SiteID, p.RollZone); err != nil {
			return err
		}
	}
	return nil
}

// UpdatePortal changes a portal. It returns what CreatePortal does, and
// ErrPortalNotFound.
func (s *Store) UpdatePortal(ctx context.Context, by Caller, site visit.SiteID, id identity.PortalID, change PortalChange) (portal StaffPortal, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockPortal(ctx, by.Scope, site, id)
		if err != nil {
			return err
		}
		p := row.portal()
		if err := s.openPortal(row, &p); err != nil {
			return err
		}
		template := row.TemplateID
		fields, err := change.apply(&p, &template)
		if err != nil {
			return err
		}
		if len(fields) > 0 {
			const update = `update portals set name = @name, vendor = @vendor, template_id = @template, nas_id = @nas, zone_id = @zone, settings = @settings,
					secret_sealed = @secret, key_sealed = @key, enabled = @enabled, updated_at = @now
				where id = @id and site_id = @site`
			if err := t.putPortal(ctx, cleanPortal(p), template, update); err != nil {
				return err
			}
			if err := t.retakeGuests(ctx, site, id); err != nil {
				return err
			}
			t.audit(site, by.Actor, "portal.changed", portalPlace(id), map[string]any{"fields": strings.Join(fields, ",")})
		}
		portal, err = findStaffPortal(ctx, t, by.Scope, site, id)
		return err
	})
	return portal, err
}

func (t *tx) lockPortal(ctx context.Context, scope Scope, site visit.SiteID, id identity.PortalID) (portalRow, error) {
	const find = `select ` + portalColumns + ` from portals v where v.id = @id and v.site_id = @site and v.deleted_at is null and ` + inScope + ` for no key update`
	return one[portalRow](ctx, t, ErrPortalNotFound, find, scope.args(pgx.NamedArgs{"id": id, "site": site}))
}

func (c PortalChange) apply(p *Portal, template *identity.TemplateID) ([]string, error) {
	before := *p
	var fields []string
	take(&fields, "name", &p.Name, c.Name)
	take(&fields, "vendor", &p.Vendor, c.Vendor)
	take(&fields, "template_id", template, c.TemplateID)
	take(&fields, "nas_id", &p.NASID, c.NASID)
	take(&fields, "zone_id", &p.RollZone, c.RollZone)
	take(&fields, "enabled", &p.Enabled, c.Enabled)
	if c.Settings != nil {
		settings := *c.Settings
		settings.Secret, settings.Key = p.Settings.Secret, p.Settings.Key
		p.Settings = settings
		fields = append(fields, "settings")
	}
	take(&fields, "secret", &p.Settings.Secret, c.Secret)
	take(&fields, "key", &p.Settings.Key, c.Key)
	now := cleanPortal(*p)
	elsewhere := now.Vendor != before.Vendor || now.Settings.Controller != before.Settings.Controller || now.Settings.Fingerprint != before.Settings.Fingerprint
	if elsewhere && before.Settings.Key != "" && c.Key == nil {
		return nil, errPortalKey
	}
	return fields, nil
}

// DeletePortal takes a portal away: its page is gone, and nobody is let in by it any
// more. Who was let in stays so until their authentications end. Its secrets go with
// it. It returns ErrPortalNotFound.
func (s *Store) DeletePortal(ctx context.Context, by Caller, site visit.SiteID, id identity.PortalID) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.lockPortal(ctx, by.Scope, site, id); err != nil {
			return err
		}
		const remove = `update portals set deleted_at = @now, updated_at = @now, enabled = false, secret_sealed = null, key_sealed = null where id = @id`
		if _, err := t.Exec(ctx, remove, pgx.NamedArgs{"id": id, "now": t.now}); err != nil {
			return err
		}
		t.audit(site, by.Actor, "portal.deleted", portalPlace(id), nil)
		return t.retakeGuests(ctx, site, id)
	})
}

// retakeGuests makes agents take everything anew where they know guests of a portal:
// what these may depends on it.
func (t *tx) retakeGuests(ctx context.Context, site visit.SiteID, id identity.PortalID) error {
	const known = `select true where exists (select from devices where portal_id = @id and not private)
		or exists (select from authentications where portal_id = @id and live)`
	found, err := scalars[bool](ctx, t, known, pgx.NamedArgs{"id": id})
	if len(found) > 0 {
		t.restart(site)
	}
	return err
}
