package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
)

// changeValidity changes from when to when an account is good.
func (t *tx) changeValidity(ctx context.Context, actor string, row accountRow, c AccountChange, fields *[]string) error {
	if c.ProfileID == nil && c.StartsAt == nil && c.EndsAt == nil {
		return nil
	}
	if c.StartsAt != nil {
		take(fields, "starts_at", &row.StartsAt, new(micro(*c.StartsAt)))
	}
	if c.EndsAt != nil {
		row.EndsSet = *c.EndsAt != nil
		*fields = append(*fields, "ends_at")
	}
	profile, err := t.profileFor(ctx, &row, c, fields)
	if err != nil {
		return err
	}
	if !row.EndsSet {
		site, err := findSite(ctx, t, Everything, row.SiteID)
		if err != nil {
			return err
		}
		zone, err := time.LoadLocation(site.Timezone)
		if err != nil {
			return err
		}
		row.EndsAt = profile.profile().Validity.End(row.StartsAt, zone)
	} else if c.EndsAt != nil {
		row.EndsAt = micro(**c.EndsAt)
	}
	if !row.EndsAt.After(row.StartsAt) {
		return errAccountDates
	}
	const update = `update accounts set profile_id = @profile, profile_revision = @revision, ends_set = @set, updated_at = @now where person_id = @id`
	if _, err := t.Exec(ctx, update, pgx.NamedArgs{
		"id": row.ID, "profile": row.ProfileID, "revision": profile.Revision, "set": row.EndsSet, "now": t.now,
	}); err != nil {
		return err
	}
	return t.moveEnd(ctx, row, actor)
}

// profileFor is the profile that the account has, or is given.
func (t *tx) profileFor(ctx context.Context, row *accountRow, c AccountChange, fields *[]string) (profileRow, error) {
	if c.ProfileID == nil || *c.ProfileID == row.ProfileID {
		return t.anyProfile(ctx, row.ProfileID)
	}
	row.ProfileID = *c.ProfileID
	*fields = append(*fields, "profile_id")
	return one[profileRow](ctx, t, ErrProfileNotFound, findProfileRow+` for share`, pgx.NamedArgs{"id": row.ProfileID})
}

// moveEnd gives a locked account the start and end of row. Authentications that would
// outlive it are shortened, or end now; none grows.
func (t *tx) moveEnd(ctx context.Context, to accountRow, actor string) error {
	const update = `update accounts set starts_at = @starts, ends_at = @ends, updated_at = @now where person_id = @id`
	args := pgx.NamedArgs{"id": to.ID, "starts": to.StartsAt, "ends": to.EndsAt, "now": t.now}
	if _, err := t.Exec(ctx, update, args); err != nil {
		return err
	}
	if _, err := t.Exec(ctx, `update browsers set expires_at = @ends where person_id = @id`, args); err != nil {
		return err
	}
	const find = `select ` + authenticationColumns + ` from ` + authenticationTables + `
		where n.person_id = @id and n.live and v.ends_at > @ends order by v.id for no key update`
	longer, err := all[authenticationRow](ctx, t, find, args)
	if err != nil {
		return err
	}
	for _, row := range longer {
		if err := t.shorten(ctx, row, to.EndsAt, actor); err != nil {
			return err
		}
	}
	return t.followDevicesOf(ctx, to.ID)
}

// shorten gives a locked authentication the end of its account, which comes earlier.
// Agents and its workflow are told, so that it is cut then.
func (t *tx) shorten(ctx context.Context, row authenticationRow, ends time.Time, actor string) error {
	if !ends.After(t.now) {
		return t.endAuthentication(ctx, row, identity.EndIdentity, actor)
	}
	const with = `update authentications set ends_with = @with where access_id = @id`
	if _, err := t.Exec(ctx, with, pgx.NamedArgs{"id": row.ID, "with": identity.EndIdentity}); err != nil {
		return err
	}
	const update = `update accesses as v set ends_at = @ends, ` + untaken + ` where v.id = @id returning ` + accessColumns
	access, err := one[accessRow](ctx, t, ErrAccessNotFound, update, pgx.NamedArgs{"id": row.ID, "ends": ends})
	if err != nil {
		return err
	}
	row.accessRow = access
	t.follow(row.SiteID, ledgerAccess, string(row.ID))
	return t.record(row.portalEvent(visit.EventAccessChanged, actor))
}

// followDevicesOf lets agents know how long they may let an account's devices in by
// their MAC addresses alone, or that they may not.
func (t *tx) followDevicesOf(ctx context.Context, id visit.PersonID) error {
	return t.followDevicesWhere(ctx, `d.person_id = @id`, pgx.NamedArgs{"id": id})
}

// followElsewhere lets agents of other sites know that somebody is, or is not any more,
// online at this one with the address of a device that they may know.
func (t *tx) followElsewhere(ctx context.Context, site visit.SiteID, mac string) error {
	if mac == "" {
		return nil
	}
	return t.followDevicesWhere(ctx, `d.mac = @mac and d.site_id <> @site and not d.private`, pgx.NamedArgs{"mac": mac, "site": site})
}

func (t *tx) followDevicesWhere(ctx context.Context, which string, args pgx.NamedArgs) error {
	type known struct {
		ID     string
		SiteID visit.SiteID `db:"site_id"`
	}
	list := `select d.id::text as id, d.site_id from devices d join portals p on p.id = d.portal_id join templates t on t.id = p.template_id
		where ` + which + ` and (t.settings ->> 'mac_auth')::boolean order by d.id`
	devices, err := all[known](ctx, t, list, args)
	for _, d := range devices {
		t.follow(d.SiteID, ledgerDevice, d.ID)
	}
	return err
}
