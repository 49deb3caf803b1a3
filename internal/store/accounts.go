package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
)

// accountRow is what the rules need of an account.
type accountRow struct {
	ID              visit.PersonID     `db:"person_id"`
	SiteID          visit.SiteID       `db:"site_id"`
	ProfileID       identity.ProfileID `db:"profile_id"`
	ProfileRevision int                `db:"profile_revision"`
	Login           string             `db:"login"`
	LoginKind       identity.LoginKind `db:"login_kind"`
	Method          identity.Method    `db:"method"`
	StartsAt        time.Time          `db:"starts_at"`
	EndsAt          time.Time          `db:"ends_at"`
	EndsSet         bool               `db:"ends_set"`
	ProvenAt        *time.Time         `db:"proven_at"`
	Pending         bool               `db:"pending"`
	BlockedAt       *time.Time         `db:"blocked_at"`
	ErasedAt        *time.Time         `db:"erased_at"`
	FirstLoginAt    *time.Time         `db:"first_login_at"`
}

// grace reports whether the account ends with the time that somebody was given to read
// their mail. An end of staff's stays what it is; one as short as that is taken for none.
func (r accountRow) grace() bool {
	return r.EndsSet && r.EndsAt.Sub(r.StartsAt) <= identity.MaxGrace
}

const accountColumns = `c.person_id, c.site_id, c.profile_id, c.profile_revision, c.login, c.login_kind, c.method, c.starts_at, c.ends_at, c.ends_set,
	c.proven_at, c.pending, c.blocked_at, c.erased_at, c.first_login_at`

func (r accountRow) account() identity.Account {
	return identity.Account{
		ID: r.ID, Login: r.Login, ProfileID: r.ProfileID, StartsAt: r.StartsAt, EndsAt: r.EndsAt, Pending: r.Pending,
		Blocked: r.BlockedAt != nil, Erased: r.ErasedAt != nil, Proven: r.ProvenAt != nil,
	}
}

// ErrAccountNotFound also covers accounts that the caller does not see.
var ErrAccountNotFound = visit.Errorf(visit.KindNotFound, "account_not_found", "There is no such account.")

// lockAccount locks an account: nobody else changes it, or grants or ends what it has,
// until the end of the transaction.
func (t *tx) lockAccount(ctx context.Context, id visit.PersonID) (accountRow, error) {
	const lock = `select ` + accountColumns + ` from accounts c where c.person_id = @id for no key update`
	return one[accountRow](ctx, t, ErrAccountNotFound, lock, pgx.NamedArgs{"id": id})
}

// claimantRow is an account that a typed login may mean.
type claimantRow struct {
	accountRow
	Visits    bool
	Elsewhere bool
}

// accountByLogin finds the account that somebody who typed its login is taken for, and
// locks it. It returns ErrAccountNotFound where the login makes a new one.
//
// An account was used elsewhere if it was, and not by this device: known by the address
// that the NAS tells, or by the browser's cookie.
func (t *tx) accountByLogin(ctx context.Context, a Admission) (accountRow, error) {
	const find = `select ` + accountColumns + `,
			exists (select from visits v where v.person_id = c.person_id) as visits,
			not (exists (select from browsers b where b.person_id = c.person_id and b.cookie_hash = any(@cookies))
				or (@mac <> '' and exists (select from devices d where d.person_id = c.person_id and d.mac = @mac)
					and not exists (select from devices d where d.person_id = c.person_id and d.mac <> @mac))
				or not exists (select from authentications n where n.person_id = c.person_id)) as elsewhere
		from accounts c where c.login = @login and c.erased_at is null
		order by c.proven_at is null, c.ends_at desc, c.person_id limit 20`
	rows, err := all[claimantRow](ctx, t, find, pgx.NamedArgs{"login": a.Login, "mac": a.Arrival.MAC, "cookies": t.s.cookieHashes(a.Cookie)})
	if err != nil {
		return accountRow{}, err
	}
	for _, row := range rows {
		if identity.Links(a.Proven, identity.Known{Proven: row.ProvenAt != nil, Visits: row.Visits, Elsewhere: row.Elsewhere}) {
			return t.lockAccount(ctx, row.ID)
		}
	}
	return accountRow{}, ErrAccountNotFound
}

// anyProfile reads a profile, also one that was deleted since accounts were made with
// it. It stays as it is until the end of the transaction.
func (t *tx) anyProfile(ctx context.Context, id identity.ProfileID) (profileRow, error) {
	const find = `select ` + profileColumns + ` from profiles p where p.id = @id for share`
	return one[profileRow](ctx, t, ErrProfileNotFound, find, pgx.NamedArgs{"id": id})
}

// newAccount makes a person and their account.
func (t *tx) newAccount(ctx context.Context, p Portal, a Admission) (accountRow, error) {
	person, err := t.person(ctx, Everything, "", a.Visitor)
	if err != nil {
		return accountRow{}, err
	}
	profile, err := t.anyProfile(ctx, a.profile(p))
	if err != nil {
		return accountRow{}, err
	}
	ends := profile.profile().Validity.End(t.now, p.Zone)
	if !a.Until.IsZero() && a.Until.Before(ends) {
		ends = a.Until
	}
	if !ends.After(t.now) {
		return accountRow{}, identity.ErrNotActive
	}
	const insert = `insert into accounts as c (person_id, site_id, portal_id, profile_id, profile_revision, login, login_kind, method, sponsor, language,
			starts_at, ends_at, ends_set, proven_at, contact_status, contact_checked_at, contact_due_at, created_at, updated_at)
		values (@person, @site, @portal, @profile, @revision, @login, @kind, @method, @sponsor, @language,
			@now, @ends, @grace, case when @proven then @now::timestamptz end, case when @proven and @contact then 'valid' else 'unknown' end,
			case when @proven and @contact then @now::timestamptz end, case when not @proven and @contact then @now::timestamptz end, @now, @now)
		returning ` + accountColumns
	row, err := one[accountRow](ctx, t, ErrAccountNotFound, insert, pgx.NamedArgs{
		"person": person, "site": p.SiteID, "portal": p.ID, "profile": a.profile(p), "revision": profile.Revision,
		"login": a.Login, "kind": a.Kind, "method": a.Method, "sponsor": a.Sponsor, "language": a.Language,
		"now": t.now, "ends": ends, "grace": !a.Until.IsZero(), "proven": a.Proven, "contact": a.Kind == identity.LoginEmail,
	})
	if err == nil {
		t.audit(p.SiteID, actorPortal, "account.created", accountPlace(row.ID), map[string]any{
			"portal_id": string(p.ID), "method": string(a.Method), "proven": a.Proven, "starts_at": row.StartsAt, "ends_at": row.EndsAt,
		})
	}
	return row, err
}

func accountPlace(id visit.PersonID) string { return "account:" + string(id) }

// renew gives an account the time of a profile from now on: it had expired, or was let in for as long as reading a mail takes.
func (t *tx) renew(ctx context.Context, p Portal, a Admission, row accountRow) (accountRow, error) {
	profile, err := t.anyProfile(ctx, a.profile(p))
	if err != nil {
		return row, err
	}
	ends := profile.profile().Validity.End(t.now, p.Zone)
	if !a.Until.IsZero() && a.Until.Before(ends) { // another grace: nothing was proven
		ends = a.Until
	}
	if !ends.After(t.now) {
		return row, identity.ErrNotActive
	}
	const update = `update accounts as c set starts_at = @now, ends_at = @ends, ends_set = @grace, profile_id = @profile, profile_revision = @revision,
			sponsor = case when @sponsor <> '' then @sponsor else c.sponsor end, updated_at = @now
		where c.person_id = @id returning ` + accountColumns
	was := row.EndsAt
	// What browsers had from the time before is not good again; what is good lasts as long.
	for _, query := range []string{
		`delete from browsers where person_id = @id and expires_at <= @now`, `update browsers set expires_at = @ends where person_id = @id`,
	} {
		if _, err := t.Exec(ctx, query, pgx.NamedArgs{"id": row.ID, "now": t.now, "ends": ends}); err != nil {
			return row, err
		}
	}
	row, err = one[accountRow](ctx, t, ErrAccountNotFound, update, pgx.NamedArgs{
		"id": row.ID, "now": t.now, "ends": ends, "profile": a.profile(p), "revision": profile.Revision, "sponsor": a.Sponsor,
		"grace": !a.Until.IsZero(),
	})
	t.audit(p.SiteID, actorPortal, "account.renewed", accountPlace(row.ID), map[string]any{
		"portal_id": string(p.ID), "method": string(a.Method), "ended_at": was, "starts_at": row.StartsAt, "ends_at": row.EndsAt,
	})
	if err == nil {
		err = t.followDevicesOf(ctx, row.ID)
	}
	return row, err
}

// extend gives an account that is good the time of the profile that a sponsor chose, once,
// and only more than it has. An end of staff's stays what it is.
func (t *tx) extend(ctx context.Context, p Portal, a Admission, row accountRow) (_ accountRow, more bool, err error) {
	const vouched = `update accounts set sponsor = @sponsor, updated_at = @now where person_id = @id and sponsor <> @sponsor`
	if _, err := t.Exec(ctx, vouched, pgx.NamedArgs{"id": row.ID, "sponsor": a.Sponsor, "now": t.now}); err != nil {
		return row, false, err
	}
	profile, err := t.anyProfile(ctx, a.Profile)
	if err != nil || row.EndsSet && !row.grace() || !profile.profile().Validity.End(t.now, p.Zone).After(row.EndsAt) {
		return row, false, err
	}
	const given = `select true from registrations where id = @id and status = 'approved' for no key update`
	open, err := scalars[bool](ctx, t, given, pgx.NamedArgs{"id": a.Registration})
	if err != nil || len(open) == 0 {
		return row, false, err
	}
	row, err = t.renew(ctx, p, a, row)
	return row, true, err
}

// prove notes that an account's login was proven.
func (t *tx) prove(ctx context.Context, p Portal, row accountRow) (accountRow, error) {
	const update = `update accounts as c set proven_at = @now, updated_at = @now,
			contact_status = case when c.login_kind = 'email' then 'valid' else c.contact_status end, contact_due_at = null
		where c.person_id = @id returning ` + accountColumns
	row, err := one[accountRow](ctx, t, ErrAccountNotFound, update, pgx.NamedArgs{"id": row.ID, "now": t.now})
	t.audit(p.SiteID, actorPortal, "account.proven", accountPlace(row.ID), map[string]any{"portal_id": string(p.ID)})
	return row, err
}

// profile is that of an account that the admission makes or renews.
func (a Admission) profile(p Portal) identity.ProfileID {
	if a.Profile != "" {
		return a.Profile
	}
	return p.Template.ProfileOf(a.Method)
}

const actorPortal = "system:portal"
