package identity

import (
	"slices"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// TemplateID is a UUID.
type TemplateID string

// Reauth is what a recognised guest does when an authentication is over.
type Reauth string

// The modes.
const (
	ReauthContinue Reauth = "continue" // a click
	ReauthSilent   Reauth = "silent"   // nothing
)

// Method is a way to log in.
type Method string

// The methods, in the order in which a portal offers them.
const (
	MethodVisit   Method = "visit"   // credentials of a visit
	MethodAccount Method = "account" // login and password that staff or a sponsor handed out
	MethodCode    Method = "code"    // a roll code
	MethodEmail   Method = "email"
	MethodSMS     Method = "sms"
	MethodForm    Method = "form" // what the guest says; nothing is proven
	MethodSponsor Method = "sponsor"
)

// Methods lists all of them.
func Methods() []Method {
	return []Method{MethodVisit, MethodAccount, MethodCode, MethodEmail, MethodSMS, MethodForm, MethodSponsor}
}

// Field is one that a guest may be asked for.
type Field string

// The fields, in the order in which they are asked.
const (
	FieldFirstName Field = "first_name"
	FieldLastName  Field = "last_name"
	FieldEmail     Field = "email"
	FieldPhone     Field = "phone"
	FieldCompany   Field = "company"
)

// Fields lists all of them.
func Fields() []Field {
	return []Field{FieldFirstName, FieldLastName, FieldEmail, FieldPhone, FieldCompany}
}

// Template is a portal's page and policy.
type Template struct {
	ID       TemplateID
	Name     string
	Lifetime time.Duration // of an authentication
	Reauth   Reauth
	Methods  []Method
	// ProfileID is that of accounts made here; Profiles may name another for a method.
	ProfileID ProfileID
	Profiles  map[Method]ProfileID
	Ask       map[Field]bool // what the form asks for, and whether it must be answered
	// RecogniseMAC: a device that is known may come back by its MAC address alone, in the
	// same network of the same site. MACAuth: also without a portal, when the NAS asks
	// RADIUS for it.
	RecogniseMAC bool
	MACAuth      bool
	// GraceFor is how long somebody who gave an e-mail address is let in, to read the
	// mail; 0: not at all.
	GraceFor       time.Duration
	SponsorDomains []string // of whom may be a sponsor; empty: no sponsor
	SMSPrefixes    []string // +49, +43; empty: numbers of all countries
	Rules          []AccessRule
	Look           Look
}

// Look is what a page shows beside its forms, by language where it is text.
type Look struct {
	Title  map[string]string `json:"title,omitempty"`
	Text   map[string]string `json:"text,omitempty"`
	Footer map[string]string `json:"footer,omitempty"`
	Accent string            `json:"accent,omitempty"` // #rrggbb
}

// Lifetimes.
const (
	MinLifetime     = 5 * time.Minute
	MaxLifetime     = 30 * 24 * time.Hour
	DefaultLifetime = 4 * time.Hour
	ShortLifetime   = time.Hour // below it staff are warned
	MaxGrace        = 30 * time.Minute
)

// Validate checks a template as staff entered it.
func (t Template) Validate() error {
	switch {
	case !named(t.Name):
		return visit.Invalid("name", "A template needs a name of at most 200 characters.")
	case t.Lifetime < MinLifetime || t.Lifetime > MaxLifetime || t.Lifetime%time.Minute != 0:
		return visit.Invalid("lifetime_minutes", "5 minutes to 30 days.")
	case t.Reauth != ReauthContinue && t.Reauth != ReauthSilent:
		return visit.Invalid("reauth", "continue or silent.")
	case len(t.Methods) == 0 || !within(t.Methods, Methods()):
		return visit.Invalid("methods", "Choose at least one way to log in, each once.")
	case t.ProfileID == "":
		return visit.Invalid("profile_id", "Choose the profile of accounts that are made here.")
	case t.GraceFor < 0 || t.GraceFor > MaxGrace || t.GraceFor%time.Minute != 0:
		return visit.Invalid("grace_minutes", "At most 30 minutes.")
	case t.MACAuth && !t.RecogniseMAC:
		return visit.Invalid("mac_auth", "Only where devices are recognised by their MAC address.")
	case slices.Contains(t.Methods, MethodSponsor) && len(t.SponsorDomains) == 0:
		return visit.Invalid("sponsor_domains", "Say whose addresses may be a sponsor's.")
	case slices.Contains(t.Methods, MethodForm) && !t.asksForLogin():
		return visit.Invalid("ask", "The form must ask for an e-mail address or a phone number that must be given.")
	}
	for method := range t.Profiles {
		if !slices.Contains(Methods(), method) {
			return visit.Invalid("profiles", "There is no such way to log in.")
		}
	}
	for _, prefix := range t.SMSPrefixes {
		if digits, ok := strings.CutPrefix(prefix, "+"); !ok || len(digits) < 1 || len(digits) > 6 || strings.Trim(digits, "0123456789") != "" {
			return visit.Invalid("sms_prefixes", "Such as +49.")
		}
	}
	for _, domain := range t.SponsorDomains {
		if !visit.MailAddress("x@"+domain) || strings.ToLower(domain) != domain {
			return visit.Invalid("sponsor_domains", "Such as example.org.")
		}
	}
	for _, rule := range t.Rules {
		if err := rule.validate(); err != nil {
			return err
		}
	}
	return t.Look.validate()
}

func (t Template) asksForLogin() bool { return t.Ask[FieldEmail] || t.Ask[FieldPhone] }

// ProfileOf is the profile of accounts that a method makes.
func (t Template) ProfileOf(m Method) ProfileID {
	if id, ok := t.Profiles[m]; ok && id != "" {
		return id
	}
	return t.ProfileID
}

// Fits reports whether a lifetime goes with a profile: not longer than its accounts.
// One that ends at an instant is clamped when a login is granted.
func (t Template) Fits(p Profile) bool {
	nominal := p.Validity.Nominal()
	return nominal == 0 || t.Lifetime <= nominal
}

// ErrDoesNotFit names both sides of a lifetime that is longer than a validity.
func ErrDoesNotFit(t Template, p Profile) error {
	return visit.Errorf(visit.KindConflict, "lifetime_exceeds_profile",
		"The lifetime of template %q is longer than accounts of profile %q are good.", t.Name, p.Name)
}

// maxTexts bounds each text of a look, in characters.
const maxTexts = 1000

func (l Look) validate() error {
	if l.Accent != "" && (len(l.Accent) != 7 || l.Accent[0] != '#' || strings.Trim(strings.ToLower(l.Accent[1:]), "0123456789abcdef") != "") {
		return visit.Invalid("look.accent", "Such as #1c7ed6.")
	}
	for field, texts := range map[string]map[string]string{"look.title": l.Title, "look.text": l.Text, "look.footer": l.Footer} {
		for language, text := range texts {
			if len(language) > 8 || len([]rune(text)) > maxTexts {
				return visit.Invalid(field, "At most %d characters.", maxTexts)
			}
		}
	}
	return nil
}

// within reports whether list holds values of allowed only, each once.
func within[T comparable](list, allowed []T) bool {
	for i, v := range list {
		if !slices.Contains(allowed, v) || slices.Contains(list[:i], v) {
			return false
		}
	}
	return true
}
