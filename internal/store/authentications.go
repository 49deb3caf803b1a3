package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// authenticationRow is an access of kind portal with what is its own.
type authenticationRow struct {
	accessRow
	PersonID     visit.PersonID       `db:"person_id"`
	PortalID     identity.PortalID    `db:"portal_id"`
	Name         string               `db:"name"`
	Status       identity.Status      `db:"status"`
	Renewal      bool                 `db:"renewal"`
	Clicked      bool                 `db:"clicked"`
	RecognisedBy identity.Recognition `db:"recognised_by"`
	EndsWith     identity.Reason      `db:"ends_with"`
	MAC          string               `db:"mac"`
}

const authenticationColumns = accessColumns + `, n.person_id, n.portal_id, n.name, n.status, n.renewal, n.clicked, n.recognised_by, n.ends_with, n.mac`

const authenticationTables = `authentications n join accesses v on v.id = n.access_id`

func (r authenticationRow) authentication() identity.Authentication {
	return identity.Authentication{
		ID: string(r.ID), AccountID: r.PersonID, Name: r.Name, MAC: r.MAC, StartedAt: r.StartedAt, ExpiresAt: r.EndsAt,
		EndedAt: r.EndedAt, Reason: identity.Reason(value(r.EndReason)), Status: r.Status, Renewal: r.Renewal, Click: r.Clicked, By: r.RecognisedBy,
	}
}

// replacedAt is why an authentication ends when its device logs in again: it may be
// over already, and nobody has noted it.
func (r authenticationRow) replacedAt(now time.Time) identity.Reason {
	if now.Before(r.EndsAt) {
		return identity.EndReplaced
	}
	return r.EndsWith
}

// liveAt finds and locks the authentication that a device has in one network; the
// NASes of some vendors do not tell devices apart, and nothing is found then.
func (t *tx) liveAt(ctx context.Context, portal identity.PortalID, mac string) (row authenticationRow, found bool, err error) {
	const find = `select ` + authenticationColumns + ` from ` + authenticationTables + `
		where n.portal_id = @portal and n.mac = @mac and n.mac <> '' and n.live for no key update`
	rows, err := all[authenticationRow](ctx, t, find, pgx.NamedArgs{"portal": portal, "mac": mac})
	if err != nil || len(rows) == 0 {
		return row, false, err
	}
	return rows[0], true, nil
}

// newAuthentication is one that is to be written.
type newAuthentication struct {
	ID        roll.AccessID
	Person    visit.PersonID
	StartedAt time.Time
	EndsAt    time.Time
	EndsWith  identity.Reason
	Entered   identity.Entered
}

// insertAuthentication writes an access with its authentication, and what is known by
// it: the device, and that the account was used.
func (t *tx) insertAuthentication(ctx context.Context, p Portal, a Admission, n newAuthentication) (row authenticationRow, err error) {
	const access = `insert into accesses (id, kind, site_id, started_at, ends_at, created_at) values (@id, 'portal', @site, @started, @ends, @now)`
	if _, err := t.Exec(ctx, access, pgx.NamedArgs{
		"id": n.ID, "site": p.SiteID, "started": n.StartedAt, "ends": n.EndsAt, "now": t.now,
	}); err != nil {
		return row, err
	}
	name, err := t.tokenName(ctx, n)
	if err != nil {
		return row, err
	}
	status, renewal := identity.StatusOf(n.Entered)
	const insert = `insert into authentications (access_id, person_id, portal_id, template_id, name, method, status, renewal, clicked, recognised_by,
			ends_with, mac, ip, ssid, ap)
		values (@id, @person, @portal, @template, @name, @method, @status, @renewal, @clicked, @by, @with, @mac, @ip, @ssid, @ap)`
	if _, err := t.Exec(ctx, insert, pgx.NamedArgs{
		"id": n.ID, "person": n.Person, "portal": p.ID, "template": p.Template.ID, "name": name,
		"method": a.Method, "status": status, "renewal": renewal, "clicked": n.Entered.Clicked, "by": n.Entered.By, "with": n.EndsWith,
		"mac": a.Arrival.MAC, "ip": a.Arrival.IP, "ssid": a.Arrival.SSID, "ap": a.Arrival.AP,
	}); err != nil {
		return row, err
	}
	if err := t.noteUse(ctx, p, a, n); err != nil {
		return row, err
	}
	row, err = t.lockAuthentication(ctx, n.ID)
	if err != nil {
		return row, err
	}
	t.follow(p.SiteID, ledgerAccess, string(n.ID))
	if err := t.followElsewhere(ctx, p.SiteID, row.MAC); err != nil {
		return row, err
	}
	return row, t.record(row.portalEvent(visit.EventAccessStarted, actorPortal))
}

// tokenName is the next name, or the one by which the agent let the device in already.
func (t *tx) tokenName(ctx context.Context, n newAuthentication) (string, error) {
	if n.Entered.By == identity.ByMACAuth {
		return identity.DeviceTokenName(n.ID, t.s.guestDomain), nil
	}
	numbers, err := scalars[int64](ctx, t, `select nextval('token_numbers')`, nil)
	if err != nil {
		return "", err
	}
	return identity.TokenName(numbers[0], t.s.guestDomain), nil
}

// noteUse keeps that the account was used, and with which device.
func (t *tx) noteUse(ctx context.Context, p Portal, a Admission, n newAuthentication) error {
	const used = `update accounts set first_login_at = coalesce(first_login_at, @at), last_login_at = greatest(last_login_at, @at) where person_id = @id`
	if _, err := t.Exec(ctx, used, pgx.NamedArgs{"id": n.Person, "at": n.StartedAt}); err != nil || a.Arrival.MAC == "" {
		return err
	}
	id, err := t.s.newID()
	if err != nil {
		return err
	}
	const seen = `insert into devices as d (id, person_id, site_id, portal_id, ssid, mac, private, first_seen, last_seen)
		values (@id, @person, @site, @portal, @ssid, @mac, @private, @at, @at)
		on conflict on constraint devices_once do update set last_seen = greatest(d.last_seen, @at) returning d.id::text`
	ids, err := scalars[string](ctx, t, seen, pgx.NamedArgs{
		"id": id, "person": n.Person, "site": p.SiteID, "portal": p.ID, "ssid": a.Arrival.SSID, "mac": a.Arrival.MAC,
		"private": identity.Private(a.Arrival.MAC), "at": n.StartedAt,
	})
	if err == nil && p.Template.MACAuth {
		t.follow(p.SiteID, ledgerDevice, ids[0])
	}
	return err
}

const ledgerDevice = "device"

// portalEvent is an event of the access, with ids and kinds of the authentication.
func (r authenticationRow) portalEvent(kind visit.EventKind, actor string) visit.Event {
	e := r.event(kind, actor)
	e.Data["portal_id"], e.Data["account_id"], e.Data["status"] = string(r.PortalID), string(r.PersonID), string(r.Status)
	return e
}

// ErrAuthenticationNotFound also covers those that were purged.
var ErrAuthenticationNotFound = visit.Errorf(visit.KindNotFound, "authentication_not_found", "There is no such authentication.")

func (t *tx) lockAuthentication(ctx context.Context, id roll.AccessID) (authenticationRow, error) {
	const find = `select ` + authenticationColumns + ` from ` + authenticationTables + ` where n.access_id = @id for no key update`
	return one[authenticationRow](ctx, t, ErrAuthenticationNotFound, find, pgx.NamedArgs{"id": id})
}

// endAuthentication ends a locked authentication now; one that has ended stays as it is.
// Its workflow is told, and ends its sessions.
func (t *tx) endAuthentication(ctx context.Context, row authenticationRow, why identity.Reason, actor string) error {
	if row.EndedAt != nil {
		return nil
	}
	const ended = `update accesses as v set ended_at = @now, end_reason = @reason, ends_at = least(v.ends_at, @now), ` + untaken + ` where v.id = @id returning ` + accessColumns
	access, err := one[accessRow](ctx, t, ErrAccessNotFound, ended, pgx.NamedArgs{"id": row.ID, "reason": why, "now": t.now})
	if err != nil {
		return err
	}
	row.accessRow = access
	if _, err := t.Exec(ctx, `update authentications set live = false where access_id = @id`, pgx.NamedArgs{"id": row.ID}); err != nil {
		return err
	}
	if err := t.shutGatesOfAccess(ctx, row.ID, why); err != nil {
		return err
	}
	t.follow(row.SiteID, ledgerAccess, string(row.ID))
	if err := t.followElsewhere(ctx, row.SiteID, row.MAC); err != nil {
		return err
	}
	return t.record(row.portalEvent(visit.EventAccessEnded, actor))
}

// endAllOf ends what an account has, which is locked.
func (t *tx) endAllOf(ctx context.Context, person visit.PersonID, why identity.Reason, actor string) error {
	const find = `select ` + authenticationColumns + ` from ` + authenticationTables + ` where n.person_id = @person and n.live order by v.id for no key update`
	rows, err := all[authenticationRow](ctx, t, find, pgx.NamedArgs{"person": person})
	for _, row := range rows {
		if err == nil {
			err = t.endAuthentication(ctx, row, why, actor)
		}
	}
	return err
}

// EndAuthentication ends an authentication, for a reason; one that has ended stays as
// it is. It returns ErrAuthenticationNotFound, also for one outside the caller's sites.
func (s *Store) EndAuthentication(ctx context.Context, by Caller, id roll.AccessID, why identity.Reason) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockAuthentication(ctx, id)
		if err == nil && !by.Scope.holds(row.SiteID) {
			err = ErrAuthenticationNotFound
		}
		if err != nil {
			return err
		}
		return t.endAuthentication(ctx, row, why, by.Actor)
	})
}

// LogOut ends an authentication as its guest, whose browser forgets it. It returns
// ErrAuthenticationNotFound.
func (s *Store) LogOut(ctx context.Context, id roll.AccessID, cookie string) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockAuthentication(ctx, id)
		if err != nil {
			return err
		}
		const forget = `delete from browsers where cookie_hash = any(@cookies)`
		if _, err := t.Exec(ctx, forget, pgx.NamedArgs{"cookies": s.cookieHashes(cookie)}); err != nil {
			return err
		}
		return t.endAuthentication(ctx, row, identity.EndLogout, actorPortal)
	})
}

// endPortalAccess is the step of its workflow: it ends the authentication if its time is
// over or an operator cancelled it.
func (t *tx) endPortalAccess(ctx context.Context, id roll.AccessID, cancelled bool) error {
	row, err := t.lockAuthentication(ctx, id)
	switch {
	case err != nil:
		return err
	case cancelled:
		return t.endAuthentication(ctx, row, identity.EndCancelled, visit.ActorOperator)
	case !row.EndsAt.After(t.now):
		return t.endAuthentication(ctx, row, row.EndsWith, actorWorkflow)
	}
	return nil
}

// notGood is why an authentication that an agent gave does not hold.
func (r authenticationRow) notGood(account accountRow, now time.Time) identity.Reason {
	if account.BlockedAt == nil && !now.Before(r.EndsAt) {
		return r.EndsWith
	}
	return identity.EndRevoked
}
