package visit

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MailKind names a sort of mail. Names are interface: settings and deliveries
// carry them.
type MailKind string

// The kinds of mail, by whom they go to.
const (
	MailInvitation  MailKind = "invitation"   // visitor: where, when, the code for the desk
	MailChanged     MailKind = "changed"      // visitor: the invitation has changed
	MailCancelled   MailKind = "cancelled"    // visitor: the invitation does not hold any more
	MailCredentials MailKind = "credentials"  // visitor: user name and password
	MailLeavingSoon MailKind = "leaving_soon" // visitor: access ends soon, extend?

	MailArrival         MailKind = "arrival"           // host: the visitor is here
	MailLeavingSoonHost MailKind = "leaving_soon_host" // host: the visit ends soon, extend?

	MailTerminationFailed MailKind = "termination_failed"  // operators: a session could not be ended
	MailAgentOffline      MailKind = "agent_offline"       // operators
	MailWebhookDisabled   MailKind = "webhook_disabled"    // operators
	MailPresenceOverdue   MailKind = "presence_overdue"    // operators: nobody has said whether the visitor left
	MailCRMAttention      MailKind = "crm_needs_attention" // operators

	MailPasswordReset MailKind = "password_reset" // staff; of the deployment, no site switches it off
	MailAccount       MailKind = "account"        // staff, as that: there is an account for you

	// Of a portal. Somebody stands before it and waits: no site switches them off, only
	// the portal's template.
	MailPortalCode    MailKind = "portal_code"    // guest: a code that proves the address
	MailPortalSponsor MailKind = "portal_sponsor" // sponsor: somebody asks to be let in
)

// MailKinds lists the kinds that a site may switch on and off.
func MailKinds() []MailKind {
	return []MailKind{
		MailInvitation, MailChanged, MailCancelled, MailCredentials, MailLeavingSoon, MailArrival, MailLeavingSoonHost,
		MailTerminationFailed, MailAgentOffline, MailWebhookDisabled, MailPresenceOverdue, MailCRMAttention,
	}
}

// Alarm reports whether k goes to operators.
func (k MailKind) Alarm() bool {
	switch k {
	case MailTerminationFailed, MailAgentOffline, MailWebhookDisabled, MailPresenceOverdue, MailCRMAttention:
		return true
	}
	return false
}

// Defaults of a site's mail.
const (
	DefaultLeavingSoonFor = 15 * time.Minute
	DefaultExtendFor      = 30 * time.Minute
	maxOperators          = 20
)

// MailSettings are what a site says in its mail, and to whom of its staff.
type MailSettings struct {
	SenderName string // empty: the site's name
	ReplyTo    string // an address; empty: none
	Language   string // of the catalogue; empty: en
	// Kinds are switched on or off here; what is absent is on, but credentials.
	Kinds map[MailKind]bool
	// Operators are told of trouble; empty: the deployment's.
	Operators      []string
	LeavingSoonFor time.Duration // how long before the departure; zero: DefaultLeavingSoonFor
	ExtendFor      time.Duration // what the extend button adds; zero: DefaultExtendFor
}

// On reports whether mail of a kind is to be sent. A password in a mailbox is
// for each site to decide; everything else is on until it is switched off.
func (s MailSettings) On(k MailKind) bool {
	on, set := s.Kinds[k]
	return on || !set && k != MailCredentials
}

// LeadFor returns how long before the departure people are told.
func (s MailSettings) LeadFor() time.Duration {
	if s.LeavingSoonFor > 0 {
		return s.LeavingSoonFor
	}
	return DefaultLeavingSoonFor
}

// ExtensionFor returns what the extend button adds to a stay.
func (s MailSettings) ExtensionFor() time.Duration {
	if s.ExtendFor > 0 {
		return s.ExtendFor
	}
	return DefaultExtendFor
}

// Validate checks settings as staff entered them. Which languages there are is
// for the caller to know.
func (s MailSettings) Validate() error {
	switch {
	case utf8.RuneCountInString(s.SenderName) > maxName || !oneLine(s.SenderName):
		return Invalid("sender_name", "One line of at most %d characters.", maxName)
	case s.ReplyTo != "" && !MailAddress(s.ReplyTo):
		return Invalid("reply_to", "This is not an e-mail address.")
	case len(s.Operators) > maxOperators:
		return Invalid("operators", "At most %d addresses.", maxOperators)
	case s.LeavingSoonFor < 0 || s.LeavingSoonFor > 4*time.Hour || s.LeavingSoonFor%time.Minute != 0:
		return Invalid("leaving_soon_minutes", "At most 240 minutes, or 0 for the default.")
	case s.ExtendFor < 0 || s.ExtendFor > 8*time.Hour || s.ExtendFor%time.Minute != 0:
		return Invalid("extend_minutes", "At most 480 minutes, or 0 for the default.")
	}
	for _, address := range s.Operators {
		if !MailAddress(address) {
			return Invalid("operators", "One of these is not an e-mail address.")
		}
	}
	for kind := range s.Kinds {
		if !slices.Contains(MailKinds(), kind) {
			return Invalid("kinds", "There is no such kind of mail.")
		}
	}
	return nil
}

// MailAddress reports whether s can stand in an envelope (RFC 5321 4.1.2, less
// its rarities): one address, no display name, nothing that ends a line. An
// address of a visit may be less than that.
func MailAddress(s string) bool {
	local, domain, ok := cutLast(s, '@')
	if !ok || len(s) > maxEmail || len(local) > 64 || !utf8.ValidString(s) {
		return false
	}
	if local == "" || domain == "" || strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return false
	}
	for _, r := range s {
		if r <= ' ' || r == 0x7f || unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`"(),:;<>[\]`, r) {
			return false
		}
	}
	return !strings.Contains(local, "@") && !strings.HasPrefix(domain, "-") && !strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, "-")
}

func cutLast(s string, sep byte) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func oneLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
