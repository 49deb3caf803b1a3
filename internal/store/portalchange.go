package store

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

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
