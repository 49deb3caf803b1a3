package store

import (
	"context"
	"io"
	"strings"
	"time"

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
			return "", orElse(err, errAccountExists)
		}
	}
	return *person, nil
}

func orElse(err, otherwise error) error {
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
