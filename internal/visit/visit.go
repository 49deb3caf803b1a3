package visit

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Identifiers are UUIDv7 in their canonical text form. They are distinct types
// so that the compiler tells them apart.
type (
	VisitID   string
	PersonID  string
	VoucherID string
	SiteID    string
	AgentID   string
	NASID     string
	SessionID string
	EventID   string
)

// Status is a visit's place in its life cycle; see the package documentation.
type Status string

// The states of a visit.
const (
	PreRegistered Status = "pre_registered"
	CheckedIn     Status = "checked_in"
	CheckedOut    Status = "checked_out"
	Expired       Status = "expired"
	Cancelled     Status = "cancelled"
	NoShow        Status = "no_show"
)

// Ended reports whether s is final.
func (s Status) Ended() bool { return s != PreRegistered && s != CheckedIn }

// Presence is where the person is, as far as anybody has said. It is not
// access: an expired visitor is Unconfirmed until somebody confirms that they
// left. Cancelled and no-show visits have none.
type Presence string

// The presences.
const (
	PresenceNone Presence = ""
	Expected     Presence = "expected"
	In           Presence = "in"
	Left         Presence = "left"
	Unconfirmed  Presence = "unconfirmed"
)

// Rules of time that no setting changes.
const (
	// DefaultStay is the departure's distance from arrival when none is given.
	DefaultStay = 2 * time.Hour
	// DefaultMaxStay is a site's longest visit unless the site says otherwise.
	DefaultMaxStay = 24 * time.Hour
	// ReadmitWithin bounds how long after its end a visit can be readmitted.
	ReadmitWithin = 12 * time.Hour
	// CredentialsKeptFor is how long after the end sealed credentials are kept.
	CredentialsKeptFor = 24 * time.Hour
	// RegisteredAhead is how far ahead a visit may be registered. Instants beyond
	// the year 9999 have no RFC 3339 form, and one of them would spoil every list.
	RegisteredAhead = 10 * 365 * 24 * time.Hour
	// SweepGrace is how late a departure may be before the sweeper ends the
	// visit by itself and raises an alarm.
	SweepGrace = 30 * time.Second
)

// Visitor is a visit's own snapshot of the person. It is personal data.
type Visitor struct {
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Email     string `json:"email,omitempty"`
	Phone     string `json:"phone,omitempty"`
	Company   string `json:"company,omitempty"`
}

// Host is whom the visitor comes to see. It is personal data.
type Host struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// Visit is one occasion of one visitor at one site.
type Visit struct {
	ID        VisitID
	SiteID    SiteID
	PersonID  PersonID
	ReadmitOf VisitID  // the visit this one continues, or empty
	SeriesID  SeriesID // of the visits that were registered with it for other days, or empty

	Visitor Visitor
	Host    Host
	Purpose string

	Status            Status
	Presence          Presence
	ExpectedArrival   time.Time
	ExpectedDeparture time.Time

	CheckInRequestedAt  *time.Time // the intent; nil when nobody asked
	CheckInRequestedBy  string     // actor
	CheckedInAt         *time.Time
	CheckOutRequestedAt *time.Time
	CheckOutRequestedBy string // actor
	EndedAt             *time.Time
	EndedBy             string // actor: "user:…", "token:…", "timer", "operator:temporal", "system:sweeper"
	LeftAt              *time.Time
	SealedAt            *time.Time
	PurgedAt            *time.Time // its personal data is gone, and PersonID is empty
	CRMSkip             bool       // "do not sync": it stays out of the site's CRM
	RulesVersion        int        // of the site's rules that the visitor agreed to; zero: none
	RulesAcceptedAt     *time.Time
	RulesAcceptedBy     string // actor: the kiosk

	CreatedAt time.Time
	UpdatedAt time.Time
}

// Registration is what a visit starts from.
type Registration struct {
	SiteID            SiteID
	Visitor           Visitor
	Host              Host
	Purpose           string
	ExpectedArrival   time.Time // zero means now
	ExpectedDeparture time.Time // zero means arrival + DefaultStay
	CRMSkip           bool      // keep the visit out of the site's CRM
}

const (
	maxName    = 200 // characters
	maxEmail   = 254 // octets, RFC 5321 4.5.3.1.3 less the brackets
	maxPhone   = 40
	maxPurpose = 500
)

// Normalize trims r's texts, fills the defaults for now, and checks it against
// the site's limits. It returns KindInvalid errors that name the field.
func (r Registration) Normalize(site Site, now time.Time) (Registration, error) {
	for _, s := range []*string{
		&r.Visitor.FirstName, &r.Visitor.LastName, &r.Visitor.Email, &r.Visitor.Phone,
		&r.Visitor.Company, &r.Host.Name, &r.Host.Email, &r.Purpose,
	} {
		*s = strings.TrimSpace(*s)
	}
	if site.ArchivedAt != nil {
		return r, ErrSiteArchived
	}
	if r.Visitor.FirstName == "" && r.Visitor.LastName == "" {
		return r, Invalid("visitor.last_name", "A visitor needs a name.")
	}
	if err := r.checkTexts(); err != nil {
		return r, err
	}
	if r.ExpectedArrival.IsZero() {
		r.ExpectedArrival = now
	}
	if r.ExpectedDeparture.IsZero() {
		r.ExpectedDeparture = r.ExpectedArrival.Add(site.DefaultStayFor())
	}
	r.ExpectedArrival = instant(r.ExpectedArrival)
	r.ExpectedDeparture = instant(r.ExpectedDeparture)
	return r, checkSpan(r.ExpectedArrival, r.ExpectedDeparture, site, now)
}

func (r Registration) checkTexts() error {
	for _, f := range []struct {
		field, value string
		limit        int
	}{
		{"visitor.first_name", r.Visitor.FirstName, maxName},
		{"visitor.last_name", r.Visitor.LastName, maxName},
		{"visitor.company", r.Visitor.Company, maxName},
		{"visitor.phone", r.Visitor.Phone, maxPhone},
		{"visitor.email", r.Visitor.Email, maxEmail},
		{"host.name", r.Host.Name, maxName},
		{"host.email", r.Host.Email, maxEmail},
		{"purpose", r.Purpose, maxPurpose},
	} {
		if !utf8.ValidString(f.value) || strings.ContainsRune(f.value, 0) {
			return Invalid(f.field, "This is not readable text.")
		}
		if utf8.RuneCountInString(f.value) > f.limit {
			return Invalid(f.field, "At most %d characters.", f.limit)
		}
	}
	for field, address := range map[string]string{"visitor.email": r.Visitor.Email, "host.email": r.Host.Email} {
		if address != "" && !plausibleEmail(address) {
			return Invalid(field, "This is not an e-mail address.")
		}
	}
	return nil
}

// plausibleEmail is deliberately generous: whether an address exists is shown
// by mail that arrives, not by a pattern.
func plausibleEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && at < len(s)-1 && !strings.ContainsAny(s, " \t\r\n<>,;")
}

func checkSpan(from, to time.Time, site Site, now time.Time) error {
	switch {
	case !to.After(now):
		return ErrDepartureInPast
	case from.Sub(now) > RegisteredAhead:
		return Invalid("expected_arrival", "At most ten years ahead.")
	case !to.After(from):
		return Invalid("expected_departure", "The departure is not after the arrival.")
	case to.Sub(from) > site.MaxStayFor():
		return ErrStayTooLong
	}
	return nil
}

// instant drops what Postgres cannot keep, so that a value read back equals
// the value written.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// CheckIn says whether v may be checked in at now. Already being checked in is
// no refusal: check-in is idempotent.
func (v Visit) CheckIn(now time.Time) error {
	switch {
	case v.Status == Cancelled:
		return ErrVisitCancelled
	case v.Status.Ended():
		return ErrVisitEnded
	case v.Status == PreRegistered && !v.ExpectedDeparture.After(now):
		return ErrDepartureInPast
	}
	return nil
}

// DepartureFrom returns v's departure if v is checked in at now: whoever comes
// before their time stays no longer than the site allows.
func (v Visit) DepartureFrom(now time.Time, site Site) time.Time {
	latest := instant(now.Add(site.MaxStayFor()))
	if v.ExpectedDeparture.After(latest) {
		return latest
	}
	return v.ExpectedDeparture
}

// Cancel says whether v may be cancelled. A visit whose check-in has been
// requested is no longer merely expected.
func (v Visit) Cancel() error {
	switch {
	case v.Status == Cancelled:
		return nil
	case v.Status == CheckedIn || v.CheckInRequestedAt != nil && v.Status == PreRegistered:
		return ErrAlreadyCheckIn
	case v.Status.Ended():
		return ErrVisitEnded
	}
	return nil
}

// Move says whether v's departure may become to, and returns the instant as it
// will be stored. Extending and shortening are the same thing.
func (v Visit) Move(to time.Time, site Site, now time.Time) (time.Time, error) {
	switch {
	case v.Status == Cancelled:
		return to, ErrVisitCancelled
	case v.Status.Ended() || v.CheckOutRequestedAt != nil:
		return to, ErrVisitEnded
	}
	from := v.ExpectedArrival
	if v.CheckedInAt != nil {
		from = *v.CheckedInAt
	}
	to = instant(to)
	return to, checkSpan(from, to, site, now)
}

// Readmit says whether v, having ended, may be continued by a new visit.
func (v Visit) Readmit(now time.Time) error {
	switch {
	case v.PurgedAt != nil:
		return ErrVisitPurged
	case v.Status == Cancelled || v.Status == NoShow:
		return ErrVisitCancelled
	case !v.Status.Ended():
		return ErrAlreadyCheckIn
	case v.EndedAt == nil || now.Sub(*v.EndedAt) > ReadmitWithin:
		return ErrReadmitTooLate
	}
	return nil
}

// End is the outcome of deciding a checked-in visit's end.
type End struct {
	Status   Status
	Presence Presence
	By       string // actor
}

// Actors that are not people.
const (
	ActorTimer    = "timer"
	ActorOperator = "operator:temporal"
	ActorSweeper  = "system:sweeper"
)

// DecideEnd says how a checked-in visit ends at now. The first committed reason
// wins: a requested check-out, then a passed departure, then a workflow that an
// operator cancelled. ok is false when the visit goes on, until
// v.ExpectedDeparture.
func (v Visit) DecideEnd(now time.Time, cancelled bool) (end End, ok bool) {
	switch {
	case v.CheckOutRequestedAt != nil:
		return End{CheckedOut, Left, v.CheckOutRequestedBy}, true
	case !v.ExpectedDeparture.After(now):
		return End{Expired, Unconfirmed, ActorTimer}, true
	case cancelled:
		return End{CheckedOut, Left, ActorOperator}, true
	}
	return End{}, false
}
