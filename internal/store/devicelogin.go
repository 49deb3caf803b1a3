package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// deviceRow is a device of an account in one network.
type deviceRow struct {
	ID       identity.DeviceID `db:"id"`
	PersonID visit.PersonID    `db:"person_id"`
	PortalID identity.PortalID `db:"portal_id"`
	SSID     string            `db:"ssid"`
	MAC      string            `db:"mac"`
}

// errDeviceGone: it was forgotten after the agent let it in.
var errDeviceGone = visit.Errorf(visit.KindNotFound, "device_not_found", "There is no such device.")

// deviceLogin keeps that an agent let a known device in by its address, without a
// portal (RADIUS MAC authentication). The agent has decided: what does not hold any
// more ends at once, and its workflow ends the session. A repeat changes nothing.
func (t *tx) deviceLogin(ctx context.Context, site visit.SiteID, l wire.DeviceLogin) error {
	const find = `select d.id, d.person_id, d.portal_id, d.ssid, d.mac from devices d where d.id = @id and d.site_id = @site`
	device, err := one[deviceRow](ctx, t, errDeviceGone, find, pgx.NamedArgs{"id": l.DeviceID, "site": site})
	if errors.Is(err, errDeviceGone) {
		// The session is not proven to be anybody's. It ends with what the agent gave it.
		t.audit(site, actorPortal, "device.login_unknown", "site:"+string(site), map[string]any{"device_id": string(l.DeviceID)})
		return nil
	}
	if err != nil {
		return err
	}
	row, err := t.lockAccount(ctx, device.PersonID)
	if err != nil {
		return err
	}
	if row, err = t.reckoned(ctx, row); err != nil {
		return err
	}
	known, err := scalars[bool](ctx, t, `select true from accesses where id = @id`, pgx.NamedArgs{"id": l.AccessID})
	if err != nil || len(known) > 0 {
		return err
	}
	p, err := t.s.portalOf(ctx, t, device.PortalID)
	if err != nil {
		return err
	}
	return t.admitDevice(ctx, p, device, row, l)
}

func (t *tx) admitDevice(ctx context.Context, p Portal, device deviceRow, row accountRow, l wire.DeviceLogin) error {
	live, found, err := t.liveAt(ctx, p.ID, device.MAC)
	if err != nil {
		return err
	}
	if found && live.StartedAt.After(l.At) { // an agent that was cut off reports what has been replaced since
		t.audit(p.SiteID, actorPortal, "device.login_late", accessPlace(l.AccessID), map[string]any{"device_id": string(l.DeviceID)})
		return nil
	}
	if found {
		if err := t.endAuthentication(ctx, live, live.replacedAt(t.now), actorPortal); err != nil {
			return err
		}
	}
	a := Admission{
		Method: row.Method, Arrival: Arrival{MAC: device.MAC, SSID: device.SSID}, By: identity.ByMACAuth,
	}
	ends, reason := identity.Clamp(l.At, row.EndsAt, p.Template.Lifetime)
	n := newAuthentication{
		ID: l.AccessID, Person: row.ID, StartedAt: l.At, EndsAt: ends, EndsWith: reason,
		Entered: identity.Entered{Was: identity.Active, By: identity.ByMACAuth, PriorUse: true},
	}
	why := identity.Reason("")
	if row.account().Lifecycle(t.now) != identity.Active || !n.EndsAt.After(t.now) {
		why = identity.EndRevoked
	} else if err := t.withinLimit(ctx, row, device.MAC); errors.Is(err, identity.ErrDeviceLimit) {
		why = identity.EndDeviceLimit // agents do not know of each other's devices
	} else if err != nil {
		return err
	}
	if !n.EndsAt.After(n.StartedAt) { // the account had ended by then, and the agent did not know
		n.StartedAt = n.EndsAt
	}
	made, err := t.insertAuthentication(ctx, p, a, n)
	switch {
	case err != nil || why == "":
		return err
	case why == identity.EndRevoked:
		why = made.notGood(row, t.now)
	}
	return t.endAuthentication(ctx, made, why, actorPortal)
}
