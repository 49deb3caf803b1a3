package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// maxSecrets is how many one-time secrets of a grant agents are told, the newest: a
// frame has its limit, and nobody needs more within a minute.
const maxSecrets = 8

type secretRow struct {
	ID        string       `db:"id"`
	Of        string       `db:"of"`
	NASID     *visit.NASID `db:"nas_id"`
	MAC       string       `db:"mac"`
	Sealed    []byte       `db:"secret_sealed"`
	ExpiresAt time.Time    `db:"expires_at"`
}

// oneTimeSecrets returns those that are still good, of vouchers and accesses by id, the
// oldest first. One that cannot be opened is left out: it must not hold up the others.
func (s *Store) oneTimeSecrets(ctx context.Context, q db, site visit.SiteID, ids []string) (map[string][]wire.OneTime, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	const list = `select v.id::text as id, coalesce(v.voucher_id, v.access_id)::text as of, v.nas_id, v.mac, v.secret_sealed, v.expires_at
		from one_time_secrets v where v.site_id = @site and v.expires_at > @now
			and (v.voucher_id = any(@ids::uuid[]) or v.access_id = any(@ids::uuid[])) order by v.expires_at, v.id`
	rows, err := all[secretRow](ctx, q, list, pgx.NamedArgs{"site": site, "ids": ids, "now": s.now()})
	of := map[string][]wire.OneTime{}
	for _, row := range rows {
		secret, err := s.keyring.Open(row.Sealed, secretPlace(row.ID))
		if err != nil {
			s.log.Error("one-time secret cannot be opened", "secret", row.ID, "error", err)
			continue
		}
		of[row.Of] = append(of[row.Of], wire.OneTime{Secret: string(secret), MAC: row.MAC, NASID: value(row.NASID), NotAfter: row.ExpiresAt})
		of[row.Of] = of[row.Of][max(0, len(of[row.Of])-maxSecrets):]
	}
	return of, err
}

// byMAC: the portal's template lets devices in by their address alone.
const byMAC = `(p.enabled and p.deleted_at is null and coalesce((t.settings->>'mac_auth')::boolean, false))`

type portalGrantRow struct {
	ID        string       `db:"id"`
	StartedAt time.Time    `db:"started_at"`
	EndsAt    time.Time    `db:"ends_at"`
	Name      string       `db:"name"`
	MAC       string       `db:"mac"`
	SSID      string       `db:"ssid"`
	NASID     *visit.NASID `db:"nas_id"`
	MACAuth   bool         `db:"mac_auth"`
}

// wireAuthentications returns the green ones. The policy is that of the portal now. One
// whose device is not known by its address is for one device all the same.
func (s *Store) wireAuthentications(ctx context.Context, q db, site visit.SiteID, which string, args pgx.NamedArgs) ([]*wire.Grant, error) {
	const list = `select v.id::text as id, v.started_at, v.ends_at, n.name, n.mac, n.ssid, p.nas_id, ` + byMAC + ` as mac_auth
		from ` + authenticationTables + ` join portals p on p.id = n.portal_id join templates t on t.id = p.template_id
		where v.site_id = @site and v.ended_at is null and v.ends_at > @now`
	args["now"] = s.now()
	rows, err := all[portalGrantRow](ctx, q, list+which, args)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	grants, ids := make([]*wire.Grant, len(rows)), make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
		grants[i] = &wire.Grant{
			ID: row.ID, Kind: wire.GrantPortal, Username: row.Name, NotBefore: row.StartedAt, NotAfter: row.EndsAt,
			MAC: row.MAC, SSID: row.SSID, NASID: value(row.NASID), MACAuth: row.MACAuth && row.MAC != "",
		}
		if row.MAC == "" {
			grants[i].DeviceLimit = 1
		}
	}
	secrets, err := s.oneTimeSecrets(ctx, q, site, ids)
	for _, g := range grants {
		g.Secrets = secrets[g.ID]
	}
	return grants, err
}

type deviceGrantRow struct {
	ID       string       `db:"id"`
	MAC      string       `db:"mac"`
	SSID     string       `db:"ssid"`
	NASID    *visit.NASID `db:"nas_id"`
	StartsAt time.Time    `db:"starts_at"`
	EndsAt   time.Time    `db:"ends_at"`
	Lifetime int64        `db:"lifetime_seconds"`
}

// wireDevices returns the devices that agents may let in by their address without
// asking. Where a portal would have to ask somebody first, they may not: for an address
// that the device made up or that is online elsewhere too, for consent to texts that have changed, and where rules of
// access have to be looked at.
func (s *Store) wireDevices(ctx context.Context, q db, which string, args pgx.NamedArgs) ([]*wire.Grant, error) {
	list := `select v.id::text as id, v.mac, v.ssid, p.nas_id, c.starts_at, c.ends_at, t.lifetime_seconds
		from devices v join accounts c on c.person_id = v.person_id join portals p on p.id = v.portal_id join templates t on t.id = p.template_id
		where v.site_id = @site and v.mac <> '' and not v.private and ` + byMAC + ` and not ` + greenElsewhere("v") + `
			and c.blocked_at is null and c.erased_at is null and not c.pending and c.ends_at > @now
			and coalesce(jsonb_array_length(nullif(t.settings->'rules', 'null')), 0) = 0
			and not exists (select from consent_texts x where x.template_id = t.id and x.kind <> 'marketing' and x.texts <> '{}'
				and not exists (select from consent_texts y where y.template_id = t.id and y.kind = x.kind and y.version > x.version)
				and not exists (select from consents a where a.person_id = c.person_id and a.text_id = x.id))`
	args["now"] = s.now()
	rows, err := all[deviceGrantRow](ctx, q, list+which, args)
	grants := make([]*wire.Grant, len(rows))
	for i, row := range rows {
		grants[i] = &wire.Grant{
			ID: row.ID, Kind: wire.GrantDevice, NotBefore: row.StartsAt, NotAfter: row.EndsAt,
			MAC: row.MAC, SSID: row.SSID, NASID: value(row.NASID), LifetimeSeconds: row.Lifetime,
			Domain: s.guestDomain,
		}
	}
	return grants, err
}

// guests sends authentications and devices.
func (p *snapshot) guests(ctx context.Context) error {
	grants, err := p.s.wireAuthentications(ctx, p.q, p.site, ` order by v.id`, pgx.NamedArgs{"site": p.site})
	if err != nil {
		return err
	}
	devices, err := p.s.wireDevices(ctx, p.q, ` order by v.id`, pgx.NamedArgs{"site": p.site})
	if err != nil {
		return err
	}
	return parts(append(grants, devices...), func(part []wire.Grant) error { return p.sendPart(wire.Snapshot{Grants: part}) })
}
