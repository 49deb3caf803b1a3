package store

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
)

// AccountRow is one account of many.
type AccountRow struct {
	NewAccount
	Profile string       // its name or id; empty: NewAccount's
	Refused *visit.Error // what is wrong with the row already
}

// AccountImport are the choices of an import.
type AccountImport struct {
	DryRun bool // find out, change nothing
	Update bool // change accounts that are there; else they are skipped
}

// ImportOutcome is what became of a row.
type ImportOutcome string

// The outcomes. In a dry run they are what would become of it.
const (
	RowCreated ImportOutcome = "created"
	RowUpdated ImportOutcome = "updated"
	RowSkipped ImportOutcome = "skipped" // there is an account with this login
	RowRefused ImportOutcome = "refused"
)

// AccountResult is what became of a row.
type AccountResult struct {
	Outcome   ImportOutcome
	AccountID visit.PersonID // empty in a dry run, and of refused rows
	Refused   *visit.Error
}

// ImportAccounts makes accounts in one transaction, those that are good. What is wrong
// with single rows is in their results. It returns ErrSiteNotFound.
func (s *Store) ImportAccounts(ctx context.Context, by Caller, site visit.SiteID, rows []AccountRow, options AccountImport) (results []AccountResult, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := findSite(ctx, t, by.Scope, site); err != nil {
			return err
		}
		names, err := profileNames(ctx, t)
		if err != nil {
			return err
		}
		results = make([]AccountResult, len(rows))
		for i, row := range rows {
			row.SiteID = site
			if results[i], err = t.importRow(ctx, by, row, names, options); err != nil {
				return err
			}
		}
		if options.DryRun {
			return errTakeBack
		}
		return nil
	})
	if errors.Is(err, errTakeBack) {
		for i := range results {
			if results[i].Outcome == RowCreated {
				results[i].AccountID = ""
			}
		}
		err = nil
	}
	return results, err
}

// profileNames are the ids of profiles by id and by name in lower case.
func profileNames(ctx context.Context, q db) (map[string]identity.ProfileID, error) {
	rows, err := all[profileRow](ctx, q, `select `+profileColumns+` from profiles p where p.deleted_at is null`, nil)
	names := make(map[string]identity.ProfileID, 2*len(rows))
	for _, row := range rows {
		names[string(row.ID)], names[strings.ToLower(row.Name)] = row.ID, row.ID
	}
	return names, err
}

// importRow does one row behind a savepoint, so that one that the database refuses
// takes no other with it.
func (t *tx) importRow(ctx context.Context, by Caller, row AccountRow, names map[string]identity.ProfileID, options AccountImport) (AccountResult, error) {
	if row.Refused != nil {
		return AccountResult{Outcome: RowRefused, Refused: row.Refused}, nil
	}
	whole, unsay := t.Tx, t.mark()
	savepoint, err := whole.Begin(ctx)
	if err != nil {
		return AccountResult{}, err
	}
	t.Tx = savepoint
	result, err := t.importOne(ctx, by, row, names, options)
	t.Tx = whole
	if err == nil {
		return result, savepoint.Commit(ctx)
	}
	rollback(ctx, savepoint)
	unsay()
	if refused, ok := refusalOf(err); ok {
		return AccountResult{Outcome: RowRefused, Refused: refused}, nil
	}
	return AccountResult{}, err
}

// mark returns what takes back all that is recorded from here on.
func (t *tx) mark() (unsay func()) {
	type lengths struct{ rows, ledger int }
	marks, wake := map[visit.SiteID]lengths{}, len(t.wake)
	for site, c := range t.changes {
		marks[site] = lengths{len(c.rows), len(c.ledger)}
	}
	return func() {
		t.wake = t.wake[:wake]
		for site, c := range t.changes {
			c.rows, c.ledger = c.rows[:marks[site].rows], c.ledger[:marks[site].ledger]
		}
	}
}

func (t *tx) importOne(ctx context.Context, by Caller, row AccountRow, names map[string]identity.ProfileID, options AccountImport) (AccountResult, error) {
	if row.Profile != "" {
		id, ok := names[strings.ToLower(row.Profile)]
		if !ok {
			return AccountResult{}, visit.Invalid("profile", "There is no such profile.")
		}
		row.ProfileID = id
	}
	known, err := t.provenAccount(ctx, row.NewAccount)
	switch {
	case err != nil:
		return AccountResult{}, err
	case known == nil:
		if row.ProfileID == "" {
			return AccountResult{}, visit.Invalid("profile", "Say which profile, here or for the whole file.")
		}
		id, err := t.createAccount(ctx, by, row.NewAccount)
		return AccountResult{Outcome: RowCreated, AccountID: id}, err
	case !by.Scope.holds(known.SiteID):
		return AccountResult{}, ErrLoginTaken
	case !options.Update:
		return AccountResult{Outcome: RowSkipped, AccountID: known.ID}, nil
	}
	return AccountResult{Outcome: RowUpdated, AccountID: known.ID}, t.changeAccount(ctx, by, known.ID, row.change())
}

// provenAccount is the account that has the row's login, nil where there is none.
func (t *tx) provenAccount(ctx context.Context, n NewAccount) (*accountRow, error) {
	login, _, err := t.s.loginOf(n)
	if err != nil {
		return nil, err
	}
	const find = `select ` + accountColumns + ` from accounts c where c.login = @login and c.proven_at is not null`
	rows, err := all[accountRow](ctx, t, find, pgx.NamedArgs{"login": login})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// change is what a row says of an account that is there: cells that are empty, nothing.
func (r AccountRow) change() AccountChange {
	given := func(text string) *string {
		if text == "" {
			return nil
		}
		return &text
	}
	c := AccountChange{
		FirstName: given(r.Visitor.FirstName), LastName: given(r.Visitor.LastName), Email: given(r.Visitor.Email),
		Phone: given(r.Visitor.Phone), Company: given(r.Visitor.Company), Notes: given(r.Notes), Language: given(r.Language), StartsAt: r.StartsAt,
	}
	if r.Profile != "" {
		c.ProfileID = &r.ProfileID
	}
	if r.EndsAt != nil {
		c.EndsAt = &r.EndsAt
	}
	return c
}
