package visit

import (
	"net/netip"
	"strings"
	"time"
)

// NetworkKind says how a guest joins a WiFi network.
type NetworkKind string

// The kinds of network.
const (
	OpenPortal NetworkKind = "open_portal"
	WPAPSK     NetworkKind = "wpa_psk"
	WPAEAP     NetworkKind = "wpa_eap"
)

// Network is one WiFi network of a site. PSK is a secret; it is sealed at rest
// and never listed.
type Network struct {
	SSID      string
	Kind      NetworkKind
	PortalURL string
	PSK       string
	Hidden    bool
}

// Site is a place with guests: one or more networks, NASes and agents.
type Site struct {
	ID       SiteID
	Name     string
	Timezone string // IANA name
	Address  string
	Networks []Network

	DefaultStay    time.Duration // zero: DefaultStay
	MaxStay        time.Duration // zero: DefaultMaxStay
	TerminationFor time.Duration // how long terminations are retried; zero: DefaultTerminationFor
	DeviceLimit    int           // devices per voucher at a time; zero: no limit
	NoWalkIns      bool          // nobody registers themselves at its kiosks, whatever a kiosk allows
	CRMConfigured  bool
	ArchivedAt     *time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// DefaultTerminationFor is how long a termination is retried before it is
// surfaced as failed.
const DefaultTerminationFor = 24 * time.Hour

// DefaultStayFor returns the site's default length of a visit, never more than
// its longest.
func (s Site) DefaultStayFor() time.Duration {
	stay := DefaultStay
	if s.DefaultStay > 0 {
		stay = s.DefaultStay
	}
	return min(stay, s.MaxStayFor())
}

// MaxStayFor returns the longest visit the site allows.
func (s Site) MaxStayFor() time.Duration {
	if s.MaxStay > 0 {
		return s.MaxStay
	}
	return DefaultMaxStay
}

// TerminateFor returns how long terminations are retried at this site.
func (s Site) TerminateFor() time.Duration {
	if s.TerminationFor > 0 {
		return s.TerminationFor
	}
	return DefaultTerminationFor
}

// Validate checks a site as staff entered it.
func (s Site) Validate() error {
	if name := strings.TrimSpace(s.Name); name == "" || len(name) > 4*maxName {
		return Invalid("name", "A site needs a name of at most %d characters.", maxName)
	}
	if _, err := time.LoadLocation(s.Timezone); err != nil || s.Timezone == "" || s.Timezone == "Local" {
		return Invalid("timezone", "This is not a time zone such as Europe/Berlin.")
	}
	for _, n := range s.Networks {
		if err := n.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (n Network) validate() error {
	switch {
	case len(n.SSID) < 1 || len(n.SSID) > 32:
		return Invalid("networks.ssid", "An SSID has 1 to 32 octets.") // IEEE 802.11-2020 9.4.2.2
	case n.Kind != OpenPortal && n.Kind != WPAPSK && n.Kind != WPAEAP:
		return Invalid("networks.kind", "A network is open_portal, wpa_psk or wpa_eap.")
	case n.Kind == WPAPSK && (len(n.PSK) < 8 || len(n.PSK) > 63):
		return Invalid("networks.psk", "A WPA passphrase has 8 to 63 characters.")
	case n.Kind != WPAPSK && n.PSK != "":
		return Invalid("networks.psk", "Only a wpa_psk network has a passphrase.")
	}
	return nil
}

// MessageAuthenticatorPolicy says whether a NAS's Access-Requests must carry a
// Message-Authenticator (RFC 3579 3.2; CVE-2024-3596).
type MessageAuthenticatorPolicy string

// The policies. Auto accepts requests without one until the first that has one
// and never goes back.
const (
	RequireMessageAuthenticator MessageAuthenticatorPolicy = "require"
	AutoMessageAuthenticator    MessageAuthenticatorPolicy = "auto"
	AllowNone                   MessageAuthenticatorPolicy = "allow_none"
)

// UnprovenSessionSeconds bounds a session on a NAS where no disconnect was ever
// confirmed: access ends at the latest this long after its end was decided.
const UnprovenSessionSeconds = 900

// NAS is an access point, controller or firewall that asks the site's agents.
type NAS struct {
	ID     NASID
	SiteID SiteID
	Name   string
	Source netip.Prefix // requests come from here; the most specific prefix wins
	Secret string       // shared secret; sealed at rest

	MessageAuthenticator MessageAuthenticatorPolicy
	Driver               string // "radius" (RFC 5176) until other drivers exist
	CoAPort              int    // zero: 3799
	CoAAddress           string // empty: where the NAS's requests come from
	MaxSessionSeconds    *int   // operator's choice; 0 unlimited; nil: decided by DisconnectConfirmedAt
	InterimSeconds       int    // Acct-Interim-Interval sent; zero: 300

	DisconnectConfirmedAt *time.Time
	AccountingSeenAt      *time.Time
	CreatedAt, UpdatedAt  time.Time
}

// SessionSeconds returns the upper bound of a Session-Timeout on n; 0 means
// that only the voucher's end bounds it.
func (n NAS) SessionSeconds() int {
	switch {
	case n.MaxSessionSeconds != nil:
		return *n.MaxSessionSeconds
	case n.DisconnectConfirmedAt != nil:
		return 0
	}
	return UnprovenSessionSeconds
}

// Validate checks a NAS as staff entered it.
func (n NAS) Validate() error {
	switch {
	case strings.TrimSpace(n.Name) == "" || len(n.Name) > 4*maxName:
		return Invalid("name", "A NAS needs a name of at most %d characters.", maxName)
	case !n.Source.IsValid():
		return Invalid("source", "This is not a network such as 10.1.0.0/24.")
	case n.Source != n.Source.Masked():
		return Invalid("source", "The network has bits set beyond its length; did you mean %s?", n.Source.Masked())
	case len(n.Secret) < 8 || len(n.Secret) > 128:
		return Invalid("secret", "A shared secret has 8 to 128 octets; 16 or more are advised.")
	case n.CoAPort < 0 || n.CoAPort > 65535:
		return Invalid("coa_port", "This is not a port.")
	case n.MaxSessionSeconds != nil && (*n.MaxSessionSeconds < 0 || *n.MaxSessionSeconds > 0 && *n.MaxSessionSeconds < 60):
		return Invalid("max_session_seconds", "At least 60 seconds, or 0 for no limit.")
	case n.InterimSeconds < 0 || n.InterimSeconds > 0 && n.InterimSeconds < 60:
		return Invalid("interim_seconds", "At least 60 seconds (RFC 2869 5.16), or 0 for 300.")
	}
	return nil
}
