package store

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
)

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
