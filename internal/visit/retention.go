package visit

import (
	"slices"
	"time"
)

// Class is a kind of personal data that is kept and purged together.
type Class string

// The classes that a purge goes through, in its order. Docs/privacy.md says what
// belongs to each.
const (
	ClassVisits          Class = "visits"
	ClassAccounts        Class = "accounts"
	ClassAuthentications Class = "authentications"
	ClassRegistrations   Class = "registrations"
	ClassDecisions       Class = "portal_decisions"
	ClassTerminations    Class = "terminations"
	ClassSessions        Class = "sessions"
	ClassRefusedLogins   Class = "refused_logins"
	ClassLogins          Class = "logins"
	ClassLawful          Class = "lawful_requests"
)

// PurgedClasses lists the classes in the order of a purge. Terminations come
// before the sessions they refer to.
func PurgedClasses() []Class {
	return []Class{
		ClassVisits, ClassAccounts, ClassAuthentications, ClassRegistrations, ClassDecisions, ClassTerminations, ClassSessions, ClassRefusedLogins, ClassLogins, ClassLawful,
	}
}

// VisitorClasses are those that a purge went through before there were guests without a
// visit; a purge that began then goes on with them.
func VisitorClasses() []Class {
	return []Class{ClassVisits, ClassTerminations, ClassSessions, ClassRefusedLogins, ClassLogins, ClassLawful}
}

// How long things are kept that no site's setting changes.
const (
	LawfulRequestFor = 30 * 24 * time.Hour // a lawful request and what it asks
	RegistrationFor  = 24 * time.Hour      // one that nobody finished, from its expiry on
	DecisionFor      = 30 * 24 * time.Hour // why a portal let somebody in or did not
	// PrivateDeviceFor is how long a device is remembered that made its address up: it
	// has another one by then.
	PrivateDeviceFor = 14 * 24 * time.Hour
	// PresenceOverdueAfter is how long after its departure a visit whose visitor
	// nobody has seen leave is an alarm, and the least time between two of them.
	PresenceOverdueAfter = 7 * 24 * time.Hour
)

// Retention is what a site has set: a country's profile, and days where the site
// wants others. Nil days are the profile's.
type Retention struct {
	Profile     string `json:"profile,omitempty"` // empty: DefaultProfile
	VisitDays   *int   `json:"visit_days,omitempty"`
	SessionDays *int   `json:"session_days,omitempty"`
	RefusedDays *int   `json:"refused_days,omitempty"`
	AccountDays *int   `json:"account_days,omitempty"`
}

// Days are how long the classes are kept that depend on the site: visits after
// presence became left (cancelled and missed ones after their end), sessions and
// terminations after their end, and authentications with them, refused logins after
// they happened, accounts of guests after their end.
type Days struct {
	Visits   int
	Sessions int
	Refused  int
	Accounts int
}

// The bounds. Deliveries and the CRM are waited for three days and three hours, and
// no visit is purged under their hands.
const (
	minVisitDays, maxVisitDays     = 4, 3650
	minSessionDays, maxSessionDays = 1, 730
	minRefusedDays, maxRefusedDays = 1, 90
	minAccountDays, maxAccountDays = 1, 3650
)

// DefaultProfile is what a site has that says nothing.
const DefaultProfile = "default"

// profiles differ from the default in connection records only, and only where a
// rule is known that speaks of those who give guests access; docs/privacy.md names
// the law and what is not certain about it.
var profiles = map[string]Days{
	DefaultProfile: {Visits: 90, Sessions: 180, Refused: 14, Accounts: 90},
	"AT":           {Visits: 90, Sessions: 180, Refused: 14, Accounts: 90},
	"CH":           {Visits: 90, Sessions: 184, Refused: 14, Accounts: 90}, // six months, the longest
	"DE":           {Visits: 90, Sessions: 7, Refused: 7, Accounts: 90},
	"ES":           {Visits: 90, Sessions: 180, Refused: 14, Accounts: 90},
	"FR":           {Visits: 90, Sessions: 365, Refused: 14, Accounts: 90},
	"IT":           {Visits: 90, Sessions: 180, Refused: 14, Accounts: 90},
	"NL":           {Visits: 90, Sessions: 180, Refused: 14, Accounts: 90},
	"PL":           {Visits: 90, Sessions: 180, Refused: 14, Accounts: 90},
	"UK":           {Visits: 90, Sessions: 180, Refused: 14, Accounts: 90},
}

// RetentionProfiles lists the names of the profiles.
func RetentionProfiles() []string {
	names := make([]string, 0, len(profiles))
	for name := range profiles {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Validate checks what was set. It returns KindInvalid errors that name the field.
func (r Retention) Validate() error {
	if _, ok := profiles[r.ProfileName()]; !ok {
		return Invalid("profile", "There is no such profile.")
	}
	for _, d := range []struct {
		field    string
		days     *int
		min, max int
	}{
		{"visit_days", r.VisitDays, minVisitDays, maxVisitDays},
		{"session_days", r.SessionDays, minSessionDays, maxSessionDays},
		{"refused_days", r.RefusedDays, minRefusedDays, maxRefusedDays},
		{"account_days", r.AccountDays, minAccountDays, maxAccountDays},
	} {
		if d.days != nil && (*d.days < d.min || *d.days > d.max) {
			return Invalid(d.field, "From %d to %d days.", d.min, d.max)
		}
	}
	return nil
}

// ProfileName returns the profile that holds.
func (r Retention) ProfileName() string {
	if r.Profile == "" {
		return DefaultProfile
	}
	return r.Profile
}

// Days returns what holds at the site. A profile that this version does not know
// is the default.
func (r Retention) Days() Days {
	days, ok := profiles[r.ProfileName()]
	if !ok {
		days = profiles[DefaultProfile]
	}
	for _, own := range []struct{ days, to *int }{
		{r.VisitDays, &days.Visits}, {r.SessionDays, &days.Sessions}, {r.RefusedDays, &days.Refused}, {r.AccountDays, &days.Accounts},
	} {
		if own.days != nil {
			*own.to = *own.days
		}
	}
	return days
}

// Before returns the instant at and before which something of the class is due to
// be purged at now.
func (d Days) Before(class Class, now time.Time) time.Time {
	switch class {
	case ClassVisits:
		return now.AddDate(0, 0, -d.Visits)
	case ClassAccounts:
		return now.AddDate(0, 0, -d.Accounts)
	case ClassSessions, ClassTerminations, ClassAuthentications:
		return now.AddDate(0, 0, -d.Sessions)
	case ClassRefusedLogins:
		return now.AddDate(0, 0, -d.Refused)
	case ClassRegistrations:
		return now.Add(-RegistrationFor)
	case ClassDecisions:
		return now.Add(-DecisionFor)
	case ClassLogins, ClassLawful: // carry their own end
	}
	return now
}

// OverSince returns since when nothing holds v: since presence became left, or
// since its end where nobody was expected any more. It is zero for a visit that
// may not be purged, above all one whose visitor may be in the building.
func (v Visit) OverSince() time.Time {
	switch {
	case v.PurgedAt != nil || !v.Status.Ended() || v.Presence == In || v.Presence == Unconfirmed:
		return time.Time{}
	case v.LeftAt != nil:
		return *v.LeftAt
	case v.EndedAt != nil:
		return *v.EndedAt
	}
	return time.Time{}
}

// PurgeDue reports whether v is to be purged at now.
func (v Visit) PurgeDue(days Days, now time.Time) bool {
	over := v.OverSince()
	return !over.IsZero() && !over.After(days.Before(ClassVisits, now))
}

// Erasable says whether v may be erased together with its person, and else what
// has to be done first.
func (v Visit) Erasable() error {
	switch {
	case v.Status == CheckedIn || v.Status == PreRegistered && v.CheckInRequestedAt != nil:
		return ErrErasePresent
	case v.Presence == In || v.Presence == Unconfirmed:
		return ErrEraseUnconfirmed
	}
	return nil
}

// Refusals about people's data.
var (
	ErrPersonNotFound   = Errorf(KindNotFound, "person_not_found", "There is no such person.")
	ErrPersonElsewhere  = Errorf(KindForbidden, "person_elsewhere", "The person has visits at sites that you may not see.")
	ErrErasePresent     = Errorf(KindConflict, "person_checked_in", "The person is checked in. Check them out first.")
	ErrEraseUnconfirmed = Errorf(KindConflict, "person_unconfirmed", "Nobody has said that the person left the building. Confirm that they left first.")
	ErrVisitPurged      = Errorf(KindGone, "visit_purged", "The visit's personal data is gone.")
	ErrErasureNotFound  = Errorf(KindNotFound, "erasure_not_found", "There is no such erasure.")
	ErrExportTooLarge   = Errorf(KindInvalid, "export_too_large", "There is more about this person than one answer can hold; an operator can read it from the database.")
	ErrLawfulNotFound   = Errorf(KindNotFound, "lawful_request_not_found", "There is no such request.")
	ErrLawfulSamePerson = Errorf(KindForbidden, "lawful_same_person", "Another person than the one who asks has to decide.")
	ErrLawfulDecided    = Errorf(KindConflict, "lawful_decided", "The request was decided already.")
	ErrLawfulExpired    = Errorf(KindGone, "lawful_expired", "The request has expired.")
	ErrNeedsUser        = Errorf(KindForbidden, "needs_user", "Only a member of staff who is signed in may do this, no API token.")
)
