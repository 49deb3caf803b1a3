package sheet

import (
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
)

// The columns that only sheets of guests' accounts have.
const (
	Login    = "login"
	Profile  = "profile"
	Starts   = "starts_at"
	Ends     = "ends_at"
	Notes    = "notes"
	Language = "language"
)

// AccountColumns are all columns that a sheet of accounts may have.
var AccountColumns = []string{Login, FirstName, LastName, Email, Phone, Company, Profile, Starts, Ends, Notes, Language}

// Accounts is the layout of a sheet of guests' accounts whose columns may be named
// otherwise, as called says.
func Accounts(called map[string]string) Layout {
	return Layout{What: "accounts", Names: AccountColumns, AnyOf: []string{Email, Phone}, Map: called}
}

// Account is the account that a row describes.
type Account struct {
	Login    string
	Visitor  visit.Visitor
	Profile  string // its name or id; empty: the file's
	StartsAt *time.Time
	EndsAt   *time.Time
	Notes    string
	Language string
}

// Account is the account that a row describes, at a site in whose zone the clocks are
// read. What is wrong with it names the column.
func (r Row) Account(zone *time.Location) (Account, *visit.Error) {
	c := r.Cells
	a := Account{
		Login: c[Login], Profile: c[Profile], Notes: c[Notes], Language: c[Language],
		Visitor: visit.Visitor{FirstName: c[FirstName], LastName: c[LastName], Email: c[Email], Phone: c[Phone], Company: c[Company]},
	}
	if r.Refused != nil {
		return a, r.Refused
	}
	if a.Visitor.Email == "" && a.Visitor.Phone == "" {
		return a, visit.Invalid(Email, "An e-mail address or a phone number is needed.")
	}
	if a.Visitor.Phone != "" {
		number, ok := identity.ParsePhone(a.Visitor.Phone)
		if !ok {
			return a, visit.Invalid(Phone, "This is no number with its country code, such as +49 30 1234567.")
		}
		a.Visitor.Phone = number
	}
	for column, at := range map[string]**time.Time{Starts: &a.StartsAt, Ends: &a.EndsAt} {
		parsed, ok := instantOrDay(c[column], zone, column == Ends)
		if !ok {
			return a, visit.Invalid(column, "This is neither a day nor a time such as 2026-12-24 09:00.")
		}
		if !parsed.IsZero() {
			*at = &parsed
		}
	}
	return a, nil
}

// instantOrDay reads a time, or a day: of its end the whole day is meant.
func instantOrDay(text string, zone *time.Location, end bool) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, "02.01.2006", "2.1.2006"} {
		if day, err := time.Parse(layout, text); err == nil {
			if end {
				day = day.AddDate(0, 0, 1)
			}
			return visit.Wall(day, zone), true
		}
	}
	return instant(text, zone)
}

// accountFields says in which column a field of an account is written that is named
// otherwise there.
var accountFields = map[string]string{"profile_id": Profile}

// AccountColumn is ColumnOf for accounts.
func AccountColumn(field string) string {
	if column, ok := accountFields[field]; ok {
		return column
	}
	if column := ColumnOf(field); slices.Contains(AccountColumns, column) {
		return column
	}
	return field
}
