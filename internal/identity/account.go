package identity

import (
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/visit"
)

// Account is a guest's identity. Its id is that of the person.
type Account struct {
	ID        visit.PersonID
	Login     string // normalised: an e-mail address, a phone number in E.164, or a name of its own
	ProfileID ProfileID
	StartsAt  time.Time
	EndsAt    time.Time // exclusive
	Pending   bool      // somebody has yet to approve it, or the guest to prove it
	Blocked   bool
	Erased    bool
	Proven    bool // the login was proven: by a code, a link or staff
}

// Lifecycle is how an account stands, by the clock.
type Lifecycle string

// The lifecycles. Only an active account can get or renew an authentication.
const (
	Pending   Lifecycle = "pending"
	Scheduled Lifecycle = "scheduled" // it has not begun
	Active    Lifecycle = "active"
	Expired   Lifecycle = "expired"
	Blocked   Lifecycle = "blocked"
	Erased    Lifecycle = "erased"
)

// Lifecycle is how the account stands.
func (a Account) Lifecycle(now time.Time) Lifecycle {
	switch {
	case a.Erased:
		return Erased
	case a.Blocked:
		return Blocked
	case !now.Before(a.EndsAt):
		return Expired
	case a.Pending:
		return Pending
	case now.Before(a.StartsAt):
		return Scheduled
	}
	return Active
}

// ContactStatus says whether the address that a guest gave can be one. It is shown and
// does not decide on access.
type ContactStatus string

// The contact statuses.
const (
	ContactUnknown    ContactStatus = "unknown" // not looked at yet, or it could not be found out
	ContactValid      ContactStatus = "valid"   // proven, or the domain takes mail
	ContactInvalid    ContactStatus = "invalid" // no such domain, or it takes no mail
	ContactDisposable ContactStatus = "disposable"
)

// LoginKind is what a login is.
type LoginKind string

// The kinds of login.
const (
	LoginEmail LoginKind = "email"
	LoginPhone LoginKind = "phone"
	LoginName  LoginKind = "name" // staff made it up
)

// MaxLogin bounds a login, in octets: an e-mail address (RFC 5321, section 4.5.3).
const MaxLogin = 254

// ErrLogin means that a text cannot be a login.
var ErrLogin = visit.Invalid("login", "Give an e-mail address, a phone number with its country code, or a name without blanks.")

// ParseLogin normalises what somebody typed: addresses in lower case, numbers as E.164
// without what people put between the digits. A number needs its + or 00.
func ParseLogin(text string) (login string, kind LoginKind, err error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "" || len(text) > MaxLogin || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", "", ErrLogin
	case strings.Contains(text, "@"):
		address, err := mail.ParseAddress(text)
		if err != nil || address.Name != "" || address.Address != text || !visit.MailAddress(text) {
			return "", "", ErrLogin
		}
		return strings.ToLower(text), LoginEmail, nil
	case strings.HasPrefix(text, "+") || strings.HasPrefix(text, "00"):
		number, ok := ParsePhone(text)
		if !ok {
			return "", "", ErrLogin
		}
		return number, LoginPhone, nil
	case strings.ContainsFunc(text, unicode.IsSpace) || utf8.RuneCountInString(text) > 64:
		return "", "", ErrLogin
	}
	return strings.ToLower(text), LoginName, nil
}

// ParsePhone reads an international number (E.164): 8 to 15 digits behind + or 00.
func ParsePhone(text string) (number string, ok bool) {
	text = strings.TrimSpace(text)
	digits, ok := strings.CutPrefix(text, "+")
	if !ok {
		if digits, ok = strings.CutPrefix(text, "00"); !ok {
			return "", false
		}
	}
	var b strings.Builder
	b.WriteByte('+')
	for _, r := range strings.ReplaceAll(digits, "(0)", "") { // +49 (0) 30 …: the trunk zero is not dialled from abroad
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case !strings.ContainsRune(" ()-./\u00a0", r):
			return "", false
		}
	}
	number = b.String()
	return number, len(number) >= 9 && len(number) <= 16 && number[1] != '0'
}

// Known is what decides whether a login that somebody typed may be taken for an account.
type Known struct {
	Proven    bool // its login was proven at some time
	Visits    bool // the person visited
	Elsewhere bool // it was used by another device than the one that asks
}

// Links reports whether somebody who typed an account's login is taken for its holder.
// A proven login is its holder's alone. One that nobody proved may be a stranger's
// claim, also to whoever proves it now: it is taken up only where nothing is gained by
// it, by the one device that it was made with. Otherwise the login makes another
// account.
func Links(proven bool, k Known) bool {
	if k.Proven {
		return proven
	}
	return !k.Visits && !k.Elsewhere
}

func named(name string) bool {
	n := utf8.RuneCountInString(name)
	return n >= 1 && n <= 200 && strings.TrimSpace(name) == name && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}
