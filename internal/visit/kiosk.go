package visit

import (
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Invited is how far an invitation has come, for whoever shows it at a kiosk.
type Invited string

// The states of an invitation.
const (
	InvitedReady     Invited = "ready"
	InvitedTooEarly  Invited = "too_early"
	InvitedCheckedIn Invited = "checked_in"
	InvitedOver      Invited = "over"
)

const (
	// EarlyFor is how long before the expected arrival a kiosk checks in. Earlier,
	// the desk decides.
	EarlyFor = time.Hour
	// ShownAgainFor is how long after a check-in its kiosk shows the credentials
	// again.
	ShownAgainFor = 120 * time.Second
	// InvitationCodeLength gives over 49 bits.
	InvitationCodeLength = 10
)

// Refusals of a kiosk.
var (
	ErrInvitationNotFound = Errorf(KindNotFound, "invitation_not_found", "This invitation is not known here. Please ask at the desk.")
	ErrTooEarly           = Errorf(KindConflict, "too_early", "It is too early for this visit. Please ask at the desk.")
	ErrCheckedInBefore    = Errorf(KindConflict, "already_checked_in", "This visit is checked in already. Please ask at the desk.")
	ErrRulesChanged       = Errorf(KindConflict, "rules_changed", "The site's rules are not accepted, or have changed.")
)

// Invited says how far v's invitation has come at now.
func (v Visit) Invited(now time.Time) Invited {
	switch {
	case v.Status.Ended() || v.CheckOutRequestedAt != nil || !v.ExpectedDeparture.After(now):
		return InvitedOver
	case v.Status == CheckedIn || v.CheckInRequestedAt != nil:
		return InvitedCheckedIn
	case now.Before(v.ExpectedArrival.Add(-EarlyFor)):
		return InvitedTooEarly
	}
	return InvitedReady
}

// NewInvitationCode draws a code from random, in the alphabet of credentials. That it
// is unique is for the store to enforce.
func NewInvitationCode(random io.Reader) (string, error) { return draw(random, InvitationCodeLength) }

// NormalizeInvitationCode returns the form in which a typed code is looked up.
func NormalizeInvitationCode(s string) string { return NormalizePassword(strings.TrimSpace(s)) }

// VisitorLanguages are those in which a site speaks to visitors at its kiosks.
var VisitorLanguages = []string{"en", "de", "fr", "es", "it", "pl"}

// Rules are what visitors agree to at a site's kiosks, by language. A version is never
// changed. The zero Rules, and those without texts, ask for nothing.
type Rules struct {
	SiteID  SiteID
	Version int
	Texts   map[string]string
	MadeAt  time.Time
	MadeBy  string // actor
}

// MaxRules is the length of a text in characters.
const MaxRules = 10_000

// InForce reports whether there is anything to agree to.
func (r Rules) InForce() bool { return len(r.Texts) > 0 }

// ValidateRules returns the texts trimmed, without empty ones, or a KindInvalid error.
func ValidateRules(texts map[string]string) (map[string]string, error) {
	clean := make(map[string]string, len(texts))
	for language, text := range texts {
		text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
		switch {
		case !slices.Contains(VisitorLanguages, language):
			return nil, Invalid("texts", "There are %s.", strings.Join(VisitorLanguages, ", "))
		case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
			return nil, Invalid("texts."+language, "This is not readable text.")
		case utf8.RuneCountInString(text) > MaxRules:
			return nil, Invalid("texts."+language, "At most %d characters.", MaxRules)
		case text != "":
			clean[language] = text
		}
	}
	return clean, nil
}
