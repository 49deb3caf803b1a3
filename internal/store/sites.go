package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// SiteChange names what to change; nil fields stay. A wpa_psk network without a
// passphrase keeps the one its SSID had.
type SiteChange struct {
	Name, Timezone, Address *string
	Networks                *[]visit.Network
	DefaultStay, MaxStay    *time.Duration // zero: the default
	TerminationFor          *time.Duration
	DeviceLimit             *int
	NoWalkIns               *bool
}

type siteRow struct {
	ID                 visit.SiteID `db:"id"`
	Name               string       `db:"name"`
	Timezone           string       `db:"timezone"`
	Address            string       `db:"address"`
	Networks           []byte       `db:"networks"`
	DefaultStaySeconds *int         `db:"default_stay_seconds"`
	MaxStaySeconds     *int         `db:"max_stay_seconds"`
	TerminationSeconds *int         `db:"termination_seconds"`
	DeviceLimit        int          `db:"device_limit"`
	WalkIns            bool         `db:"walk_ins"`
	CRM                *string      `db:"crm"`
	ArchivedAt         *time.Time   `db:"archived_at"`
	CreatedAt          time.Time    `db:"created_at"`
	UpdatedAt          time.Time    `db:"updated_at"`
}

const siteColumns = `v.id, v.name, v.timezone, v.address, v.networks, v.default_stay_seconds, v.max_stay_seconds,
	v.termination_seconds, v.device_limit, v.walk_ins, v.crm, v.archived_at, v.created_at, v.updated_at`

// siteInScope is inScope for the table of sites itself.
const siteInScope = `(@all or v.id = any(@sites::uuid[]))`

// networkRow is one element of the networks column; the passphrase is sealed.
type networkRow struct {
	SSID      string            `json:"ssid"`
	Kind      visit.NetworkKind `json:"kind"`
	PortalURL string            `json:"portal_url,omitempty"`
	Hidden    bool              `json:"hidden,omitempty"`
	PSKSealed []byte            `json:"psk_sealed,omitempty"`
}

// site returns the row without passphrases.
func (r siteRow) site() (visit.Site, error) {
	var networks []networkRow
	if err := json.Unmarshal(r.Networks, &networks); err != nil {
		return visit.Site{}, fmt.Errorf("networks of a site: %w", err)
	}
	site := visit.Site{
		ID: r.ID, Name: r.Name, Timezone: r.Timezone, Address: r.Address,
		DefaultStay: span(r.DefaultStaySeconds), MaxStay: span(r.MaxStaySeconds), TerminationFor: span(r.TerminationSeconds),
		DeviceLimit: r.DeviceLimit, NoWalkIns: !r.WalkIns, CRMConfigured: r.CRM != nil,
		ArchivedAt: r.ArchivedAt, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	for _, n := range networks {
		site.Networks = append(site.Networks, visit.Network{SSID: n.SSID, Kind: n.Kind, PortalURL: n.PortalURL, Hidden: n.Hidden})
	}
	return site, nil
}

func span(seconds *int) time.Duration { return time.Duration(value(seconds)) * time.Second }

func seconds(span time.Duration) *int {
	if span == 0 {
		return nil
	}
	return new(int(span / time.Second))
}

func findSite(ctx context.Context, q db, scope Scope, id visit.SiteID) (visit.Site, error) {
	const find = `select ` + siteColumns + ` from sites v where v.id = @id and ` + siteInScope
	row, err := one[siteRow](ctx, q, visit.ErrSiteNotFound, find, scope.args(pgx.NamedArgs{"id": id}))
	if err != nil {
		return visit.Site{}, err
	}
	return row.site()
}

// Site returns a site without passphrases, or ErrSiteNotFound.
func (s *Store) Site(ctx context.Context, scope Scope, id visit.SiteID) (visit.Site, error) {
	var site visit.Site
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		site, err = findSite(ctx, q, scope, id)
		return err
	})
	return site, err
}

// Sites returns the sites of the scope by name, archived ones last.
func (s *Store) Sites(ctx context.Context, scope Scope) ([]visit.Site, error) {
	var sites []visit.Site
	err := s.query(ctx, func(ctx context.Context, q db) error {
		const list = `select ` + siteColumns + ` from sites v where ` + siteInScope + ` order by v.archived_at is not null, lower(v.name), v.id`
		rows, err := all[siteRow](ctx, q, list, scope.args(pgx.NamedArgs{}))
		if err != nil {
			return err
		}
		sites = make([]visit.Site, len(rows))
		for i, row := range rows {
			if sites[i], err = row.site(); err != nil {
				return err
			}
		}
		return nil
	})
	return sites, err
}

// CreateSite stores a new site with its head. The caller must see all sites.
func (s *Store) CreateSite(ctx context.Context, by Caller, site visit.Site) (visit.Site, error) {
	site.Name, site.Address = strings.TrimSpace(site.Name), strings.TrimSpace(site.Address)
	if err := site.Validate(); err != nil {
		return site, err
	}
	if !by.Scope.All {
		return site, visit.ErrSiteNotFound
	}
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		id, err := s.newID()
		if err != nil {
			return err
		}
		site.ID, site.CreatedAt, site.UpdatedAt = visit.SiteID(id), t.now, t.now
		if err := t.insertSite(ctx, site); err != nil {
			return err
		}
		t.audit("", by.Actor, "site.created", "site:"+id, nil)
		return nil
	})
	return withoutKeys(site), err
}

func (t *tx) insertSite(ctx context.Context, site visit.Site) error {
	args, err := t.s.siteArgs(site)
	if err != nil {
		return err
	}
	const insert = `insert into sites (id, name, timezone, address, networks, default_stay_seconds, max_stay_seconds,
			termination_seconds, device_limit, walk_ins, created_at, updated_at)
		values (@id, @name, @timezone, @address, @networks, @default_stay, @max_stay, @termination, @device_limit, @walk_ins, @updated_at, @updated_at)`
	if _, err := t.Exec(ctx, insert, args); err != nil {
		return err
	}
	_, err = t.Exec(ctx, `insert into site_heads (site_id) values (@id)`, args)
	return err
}

func (s *Store) siteArgs(site visit.Site) (pgx.NamedArgs, error) {
	networks := make([]networkRow, len(site.Networks))
	for i, n := range site.Networks {
		networks[i] = networkRow{SSID: n.SSID, Kind: n.Kind, PortalURL: n.PortalURL, Hidden: n.Hidden}
		if n.PSK == "" {
			continue
		}
		sealed, err := s.keyring.Seal([]byte(n.PSK), networkPlace(site.ID, n.SSID))
		if err != nil {
			return nil, err
		}
		networks[i].PSKSealed = sealed
	}
	return pgx.NamedArgs{
		"id": site.ID, "name": site.Name, "timezone": site.Timezone, "address": site.Address, "networks": networks,
		"default_stay": seconds(site.DefaultStay), "max_stay": seconds(site.MaxStay), "termination": seconds(site.TerminationFor),
		"device_limit": site.DeviceLimit, "walk_ins": !site.NoWalkIns, "updated_at": site.UpdatedAt,
	}, nil
}

func networkPlace(site visit.SiteID, ssid string) string {
	return "network:" + string(site) + ":" + ssid
}

func withoutKeys(site visit.Site) visit.Site {
	site.Networks = slices.Clone(site.Networks)
	for i := range site.Networks {
		site.Networks[i].PSK = ""
	}
	return site
}

// UpdateSite changes a site's settings. A new device limit reaches agents with a
// snapshot, because it is part of every grant.
func (s *Store) UpdateSite(ctx context.Context, by Caller, id visit.SiteID, change SiteChange) (visit.Site, error) {
	var site visit.Site
	err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
		if site, err = t.lockSite(ctx, by.Scope, id); err != nil {
			return err
		}
		limit := site.DeviceLimit
		fields := change.apply(&site)
		if len(fields) == 0 {
			return nil
		}
		if err := site.Validate(); err != nil {
			return err
		}
		if site.DeviceLimit != limit {
			t.restart(id)
		}
		site.UpdatedAt = t.now
		t.audit(id, by.Actor, "site.changed", "site:"+string(id), map[string]any{"fields": strings.Join(fields, ",")})
		return t.updateSite(ctx, site)
	})
	return withoutKeys(site), err
}

// ArchiveSite closes a site to new visits. It returns a conflict while somebody
// is checked in there.
func (s *Store) ArchiveSite(ctx context.Context, by Caller, id visit.SiteID) (visit.Site, error) {
	var site visit.Site
	err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
		if site, err = t.lockSite(ctx, by.Scope, id); err != nil || site.ArchivedAt != nil {
			return err
		}
		open, err := scalars[bool](ctx, t, `select true from visits where site_id = @id and status = 'checked_in' limit 1`, pgx.NamedArgs{"id": id})
		if err != nil {
			return err
		}
		if len(open) > 0 {
			return visit.Errorf(visit.KindConflict, "site_in_use", "Visitors are checked in at the site.")
		}
		site.ArchivedAt = &t.now
		t.audit("", by.Actor, "site.archived", "site:"+string(id), nil)
		_, err = t.Exec(ctx, `update sites set archived_at = @now, updated_at = @now where id = @id`, pgx.NamedArgs{"id": id, "now": t.now})
		return err
	})
	return withoutKeys(site), err
}

// Networks returns a site's networks with their passphrases, for whoever hands
// credentials out. It returns ErrSiteNotFound.
func (s *Store) Networks(ctx context.Context, scope Scope, id visit.SiteID) ([]visit.Network, error) {
	var site visit.Site
	err := s.query(ctx, func(ctx context.Context, q db) error {
		const find = `select ` + siteColumns + ` from sites v where v.id = @id and ` + siteInScope
		row, err := one[siteRow](ctx, q, visit.ErrSiteNotFound, find, scope.args(pgx.NamedArgs{"id": id}))
		if err != nil {
			return err
		}
		site, err = s.withKeys(row)
		return err
	})
	return site.Networks, err
}

// lockSite returns the site with passphrases.
func (t *tx) lockSite(ctx context.Context, scope Scope, id visit.SiteID) (visit.Site, error) {
	const find = `select ` + siteColumns + ` from sites v where v.id = @id and ` + siteInScope + ` for no key update`
	row, err := one[siteRow](ctx, t, visit.ErrSiteNotFound, find, scope.args(pgx.NamedArgs{"id": id}))
	if err != nil {
		return visit.Site{}, err
	}
	return t.s.withKeys(row)
}

// withKeys opens the passphrases of a site's networks.
func (s *Store) withKeys(row siteRow) (visit.Site, error) {
	site, err := row.site()
	if err != nil {
		return visit.Site{}, err
	}
	var networks []networkRow
	if err := json.Unmarshal(row.Networks, &networks); err != nil {
		return visit.Site{}, err
	}
	for i, n := range networks {
		if site.Networks[i].PSK, err = s.openPSK(site.ID, n); err != nil {
			return visit.Site{}, err
		}
	}
	return site, nil
}

func (s *Store) openPSK(site visit.SiteID, n networkRow) (string, error) {
	if len(n.PSKSealed) == 0 {
		return "", nil
	}
	psk, err := s.keyring.Open(n.PSKSealed, networkPlace(site, n.SSID))
	return string(psk), err
}

func (t *tx) updateSite(ctx context.Context, site visit.Site) error {
	args, err := t.s.siteArgs(site)
	if err != nil {
		return err
	}
	const update = `update sites set name = @name, timezone = @timezone, address = @address, networks = @networks,
			default_stay_seconds = @default_stay, max_stay_seconds = @max_stay, termination_seconds = @termination,
			device_limit = @device_limit, walk_ins = @walk_ins, updated_at = @updated_at
		where id = @id`
	_, err = t.Exec(ctx, update, args)
	return err
}

// apply returns the names of the fields that were given.
func (c SiteChange) apply(site *visit.Site) []string {
	var fields []string
	take(&fields, "name", &site.Name, c.Name)
	take(&fields, "timezone", &site.Timezone, c.Timezone)
	take(&fields, "address", &site.Address, c.Address)
	take(&fields, "default_stay", &site.DefaultStay, c.DefaultStay)
	take(&fields, "max_stay", &site.MaxStay, c.MaxStay)
	take(&fields, "termination_for", &site.TerminationFor, c.TerminationFor)
	take(&fields, "device_limit", &site.DeviceLimit, c.DeviceLimit)
	take(&fields, "walk_ins", &site.NoWalkIns, c.NoWalkIns)
	if c.Networks != nil {
		site.Networks = keepKeys(*c.Networks, site.Networks)
		fields = append(fields, "networks")
	}
	site.Name, site.Address = strings.TrimSpace(site.Name), strings.TrimSpace(site.Address)
	return fields
}

func take[T comparable](fields *[]string, name string, to, from *T) {
	if from != nil && *from != *to {
		*to = *from
		*fields = append(*fields, name)
	}
}

func keepKeys(networks, old []visit.Network) []visit.Network {
	networks = slices.Clone(networks)
	for i, n := range networks {
		at := slices.IndexFunc(old, func(o visit.Network) bool { return o.SSID == n.SSID })
		if n.Kind == visit.WPAPSK && n.PSK == "" && at >= 0 {
			networks[i].PSK = old[at].PSK
		}
	}
	return networks
}
