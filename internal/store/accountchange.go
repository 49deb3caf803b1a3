package store

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
)

// NewAccount is an account that staff make.
type NewAccount struct {
	SiteID    visit.SiteID
	ProfileID identity.ProfileID
	Login     string // empty: the e-mail address, or the phone number, or else one that is drawn
	Visitor   visit.Visitor
	PersonID  visit.PersonID // somebody who is known; empty: a new person
	StartsAt  *time.Time     // nil: now
	EndsAt    *time.Time     // nil: by the profile
	Notes     string
	Language  string
	// PasswordHash is a PHC string; empty: the account has no password.
	PasswordHash string
}

// AccountChange names what to change; nil fields stay.
type AccountChange struct {
	FirstName, LastName, Email, Phone, Company *string
	ProfileID                                  *identity.ProfileID
	StartsAt                                   *time.Time
	EndsAt                                     **time.Time // pointer to nil: by the profile
	Notes                                      *string
	Language                                   *string
}

// Refusals about accounts.
var (
	ErrLoginTaken     = visit.Errorf(visit.KindConflict, "login_taken", "Another account has this login.")
	errAccountErased  = visit.Errorf(visit.KindGone, "account_erased", "The account's personal data is gone.")
	errAccountExists  = visit.Errorf(visit.KindConflict, "account_exists", "This person has an account already.")
	errAccountDates   = visit.Invalid("ends_at", "The end is not after the start.")
	errAccountEndPast = visit.Invalid("ends_at", "The end is in the past.")
)

const maxNotes = 2000 // characters

func validNotes(notes, language string) error {
	switch {
	case utf8.RuneCountInString(notes) > maxNotes || !utf8.ValidString(notes) || strings.ContainsRune(notes, 0):
		return visit.Invalid("notes", "At most %d characters.", maxNotes)
	case language != "" && !slices.Contains(visit.VisitorLanguages, language):
		return visit.Invalid("language", "There are %s.", strings.Join(visit.VisitorLanguages, ", "))
	}
	return nil
}

// CreateAccount makes an account for a person. It counts as proven: staff know whose
// it is. It returns KindInvalid, ErrSiteNotFound, ErrProfileNotFound,
// visit.ErrPersonNotFound, ErrLoginTaken, and visit.ErrSiteArchived.
func (s *Store) CreateAccount(ctx context.Context, by Caller, n NewAccount) (account Account, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		id, err := t.createAccount(ctx, by, n)
		if err != nil {
			return err
		}
		account, err = s.findAccount(ctx, t, by.Scope, id, accountInScope)
		return err
	})
	return account, err
}

func (t *tx) createAccount(ctx context.Context, by Caller, n NewAccount) (visit.PersonID, error) {
	site, err := findSite(ctx, t, by.Scope, n.SiteID)
	if err == nil && site.ArchivedAt != nil {
		err = visit.ErrSiteArchived
	}
	if err != nil {
		return "", err
	}
	if n.PersonID != "" && n.Visitor == (visit.Visitor{}) {
		person, err := findPerson(ctx, t, by.Scope, n.PersonID)
		if err != nil {
			return "", err
		}
		n.Visitor = person.Visitor
	}
	login, kind, err := t.s.loginOf(n)
	if err != nil {
		return "", err
	}
	if n.Visitor, err = n.Visitor.NormalizeGuest(); err != nil {
		return "", err
	}
	if err := validNotes(n.Notes, n.Language); err != nil {
		return "", err
	}
	profile, starts, ends, err := t.validity(ctx, n, site)
	if err != nil {
		return "", err
	}
	person, err := t.accountPerson(ctx, by, n)
	if err != nil {
		return "", err
	}
	const insert = `insert into accounts (person_id, site_id, profile_id, profile_revision, login, login_kind, method, password_hash, language, notes,
			starts_at, ends_at, ends_set, proven_at, contact_status, contact_due_at, created_at, updated_at)
		values (@person, @site, @profile, @revision, @login, @kind, 'account', nullif(@hash, ''), @language, @notes,
			@starts, @ends, @set, @now, 'unknown', case when @kind = 'email' then @now::timestamptz end, @now, @now)`
	_, err = t.Exec(ctx, insert, pgx.NamedArgs{
		"person": person, "site": site.ID, "profile": profile.ID, "revision": profile.Revision, "login": login, "kind": string(kind),
		"hash": n.PasswordHash, "language": n.Language, "notes": n.Notes, "starts": starts, "ends": ends, "set": n.EndsAt != nil, "now": t.now,
	})
	t.audit(site.ID, by.Actor, "account.created", accountPlace(person), map[string]any{
		"profile_id": string(profile.ID), "login": string(kind), "with_password": n.PasswordHash != "", "starts_at": starts, "ends_at": ends,
	})
	return person, err
}

// accountPerson is the person of a new account: a known one whom the caller sees, or
// another.
func (t *tx) accountPerson(ctx context.Context, by Caller, n NewAccount) (visit.PersonID, error) {
	person, err := t.person(ctx, by.Scope, n.PersonID, n.Visitor)
	if err != nil {
		return "", err
	}
	if n.PersonID != "" {
		known, err := scalars[bool](ctx, t, `select true from accounts where person_id = @id`, pgx.NamedArgs{"id": n.PersonID})
		if err != nil || len(known) > 0 {
			return "", cmpErr(err, errAccountExists)
		}
	}
	return *person, nil
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// loginOf is what a new account is logged in with.
func (s *Store) loginOf(n NewAccount) (string, identity.LoginKind, error) {
	for _, text := range []string{n.Login, n.Visitor.Email, n.Visitor.Phone} {
		if strings.TrimSpace(text) != "" {
			return identity.ParseLogin(text)
		}
	}
	drawn, err := drawLogin(s.rand)
	return drawn, identity.LoginName, err
}

// drawLogin is a name that can be read out and typed: the unique index makes sure that
// it is nobody else's.
func drawLogin(random io.Reader) (string, error) {
	password, err := visit.NewPassword(random)
	if err != nil {
		return "", err
	}
	return "guest-" + password[:6], nil
}

// validity is from when to when a new account is good.
func (t *tx) validity(ctx context.Context, n NewAccount, site visit.Site) (row profileRow, starts, ends time.Time, err error) {
	if row, err = one[profileRow](ctx, t, ErrProfileNotFound, findProfileRow+` for share`, pgx.NamedArgs{"id": n.ProfileID}); err != nil {
		return row, starts, ends, err
	}
	zone, err := time.LoadLocation(site.Timezone)
	if err != nil {
		return row, starts, ends, err
	}
	starts = t.now
	if n.StartsAt != nil {
		starts = micro(*n.StartsAt)
	}
	ends = row.profile().Validity.End(starts, zone)
	if n.EndsAt != nil {
		ends = micro(*n.EndsAt)
	}
	switch {
	case !ends.After(starts):
		err = errAccountDates
	case !ends.After(t.now):
		err = errAccountEndPast
	}
	return row, starts, ends, err
}

// ownAccount locks an account that the caller may change: of a site of theirs, and not
// erased.
func (t *tx) ownAccount(ctx context.Context, by Caller, id visit.PersonID) (accountRow, error) {
	row, err := t.lockAccount(ctx, id)
	switch {
	case err == nil && !by.Scope.holds(row.SiteID):
		return row, ErrAccountNotFound
	case err == nil && row.ErasedAt != nil:
		return row, errAccountErased
	}
	return row, err
}

// onAccount runs a change of an account and returns it as it is then.
func (s *Store) onAccount(ctx context.Context, by Caller, id visit.PersonID, change func(context.Context, *tx, accountRow) error) (account Account, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.ownAccount(ctx, by, id)
		if err != nil {
			return err
		}
		if err := change(ctx, t, row); err != nil {
			return err
		}
		account, err = s.findAccount(ctx, t, by.Scope, id, accountInScope)
		return err
	})
	return account, err
}

// ChangeAccount changes an account. An end that comes earlier is one for its
// authentications too; one that comes later is for the next. It returns KindInvalid,
// ErrAccountNotFound, ErrProfileNotFound and errAccountErased.
func (s *Store) ChangeAccount(ctx context.Context, by Caller, id visit.PersonID, change AccountChange) (account Account, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.changeAccount(ctx, by, id, change); err != nil {
			return err
		}
		account, err = s.findAccount(ctx, t, by.Scope, id, accountInScope)
		return err
	})
	return account, err
}

func (t *tx) changeAccount(ctx context.Context, by Caller, id visit.PersonID, change AccountChange) error {
	row, err := t.ownAccount(ctx, by, id)
	if err != nil {
		return err
	}
	var fields []string
	if err := t.changeGuest(ctx, id, change, &fields); err != nil {
		return err
	}
	if err := t.changeValidity(ctx, by.Actor, row, change, &fields); err != nil {
		return err
	}
	if err := t.changeNotes(ctx, id, change, &fields); err != nil {
		return err
	}
	if len(fields) > 0 {
		t.audit(row.SiteID, by.Actor, "account.changed", accountPlace(id), map[string]any{"fields": strings.Join(fields, ",")})
	}
	return nil
}

// changeGuest changes the person behind the account.
func (t *tx) changeGuest(ctx context.Context, id visit.PersonID, c AccountChange, fields *[]string) error {
	const find = `select first_name, last_name, email, phone, company from people where id = @id for no key update`
	type names struct {
		FirstName, LastName, Email, Phone, Company string
	}
	row, err := one[names](ctx, t, ErrAccountNotFound, find, pgx.NamedArgs{"id": id})
	if err != nil {
		return err
	}
	v := visit.Visitor(row)
	before := len(*fields)
	take(fields, "first_name", &v.FirstName, c.FirstName)
	take(fields, "last_name", &v.LastName, c.LastName)
	take(fields, "email", &v.Email, c.Email)
	take(fields, "phone", &v.Phone, c.Phone)
	take(fields, "company", &v.Company, c.Company)
	if len(*fields) == before {
		return nil
	}
	if v, err = v.NormalizeGuest(); err != nil {
		return err
	}
	const update = `update people set first_name = @first, last_name = @last, email = @email, phone = @phone, company = @company, updated_at = @now where id = @id`
	_, err = t.Exec(ctx, update, pgx.NamedArgs{
		"id": id, "first": v.FirstName, "last": v.LastName, "email": v.Email, "phone": v.Phone, "company": v.Company, "now": t.now,
	})
	return err
}

func (t *tx) changeNotes(ctx context.Context, id visit.PersonID, c AccountChange, fields *[]string) error {
	if c.Notes == nil && c.Language == nil {
		return nil
	}
	if err := validNotes(value(c.Notes), value(c.Language)); err != nil {
		return err
	}
	for name, given := range map[string]*string{"notes": c.Notes, "language": c.Language} {
		if given != nil {
			*fields = append(*fields, name)
		}
	}
	slices.Sort(*fields)
	const update = `update accounts set notes = coalesce(@notes, notes), language = coalesce(@language, language), updated_at = @now where person_id = @id`
	_, err := t.Exec(ctx, update, pgx.NamedArgs{"id": id, "notes": c.Notes, "language": c.Language, "now": t.now})
	return err
}

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
	type known struct {
		ID     string
		SiteID visit.SiteID `db:"site_id"`
	}
	const list = `select d.id::text as id, d.site_id from devices d join portals p on p.id = d.portal_id join templates t on t.id = p.template_id
		where d.person_id = @id and (t.settings ->> 'mac_auth')::boolean order by d.id`
	devices, err := all[known](ctx, t, list, pgx.NamedArgs{"id": id})
	for _, d := range devices {
		t.follow(d.SiteID, ledgerDevice, d.ID)
	}
	return err
}

// BlockAccount shuts an account out: what it has ends now, and no browser is known by
// it any more. It returns ErrAccountNotFound.
func (s *Store) BlockAccount(ctx context.Context, by Caller, id visit.PersonID) (Account, error) {
	return s.onAccount(ctx, by, id, func(ctx context.Context, t *tx, row accountRow) error {
		if row.BlockedAt != nil {
			return nil
		}
		if _, err := t.Exec(ctx, `update accounts set blocked_at = @now, updated_at = @now where person_id = @id`, pgx.NamedArgs{"id": id, "now": t.now}); err != nil {
			return err
		}
		t.audit(row.SiteID, by.Actor, "account.blocked", accountPlace(id), nil)
		return t.shutOut(ctx, id, by.Actor)
	})
}

// shutOut ends all that a locked account has, and what it could come back with.
func (t *tx) shutOut(ctx context.Context, id visit.PersonID, actor string) error {
	if err := t.endAllOf(ctx, id, identity.EndRevoked, actor); err != nil {
		return err
	}
	args := pgx.NamedArgs{"id": id, "now": t.now}
	if _, err := t.Exec(ctx, `delete from browsers where person_id = @id`, args); err != nil {
		return err
	}
	const cancel = `update registrations set status = 'cancelled', decided_at = @now where person_id = @id and status in ('waiting', 'approved')`
	if _, err := t.Exec(ctx, cancel, args); err != nil {
		return err
	}
	return t.followDevicesOf(ctx, id)
}

// UnblockAccount lets a guest log in again. It returns ErrAccountNotFound.
func (s *Store) UnblockAccount(ctx context.Context, by Caller, id visit.PersonID) (Account, error) {
	return s.onAccount(ctx, by, id, func(ctx context.Context, t *tx, row accountRow) error {
		if row.BlockedAt == nil {
			return nil
		}
		if _, err := t.Exec(ctx, `update accounts set blocked_at = null, updated_at = @now where person_id = @id`, pgx.NamedArgs{"id": id, "now": t.now}); err != nil {
			return err
		}
		t.audit(row.SiteID, by.Actor, "account.unblocked", accountPlace(id), nil)
		return t.followDevicesOf(ctx, id)
	})
}

// SetAccountPassword gives an account another password, by its PHC string. Who is
// logged in stays so. It returns ErrAccountNotFound.
func (s *Store) SetAccountPassword(ctx context.Context, by Caller, id visit.PersonID, hash string) (Account, error) {
	return s.onAccount(ctx, by, id, func(ctx context.Context, t *tx, row accountRow) error {
		if _, err := t.Exec(ctx, `update accounts set password_hash = @hash, updated_at = @now where person_id = @id`,
			pgx.NamedArgs{"id": id, "hash": hash, "now": t.now}); err != nil {
			return err
		}
		t.audit(row.SiteID, by.Actor, "account.password_set", accountPlace(id), nil)
		return nil
	})
}
