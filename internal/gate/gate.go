package gate

import (
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// Vendor names an adapter. Names are stored and part of the API.
type Vendor string

// The vendors.
const (
	Meraki      Vendor = "meraki"       // Cisco Meraki EXCAP, sign-on
	MerakiClick Vendor = "meraki_click" // the same, click-through: no RADIUS
	CiscoWLC    Vendor = "cisco_wlc"    // AireOS and Catalyst 9800 web authentication
	Aruba       Vendor = "aruba"        // Instant, controllers, Instant On
	FortiGate   Vendor = "fortigate"
	MikroTik    Vendor = "mikrotik"
	Ruckus      Vendor = "ruckus"    // ZoneDirector, Unleashed
	SmartZone   Vendor = "smartzone" // Ruckus SmartZone: the server asks the controller
	UniFi       Vendor = "unifi"     // the server asks the controller
	OpenNDS     Vendor = "opennds"   // FAS levels 1 to 3
	CoovaChilli Vendor = "coovachilli"
	OPNsense    Vendor = "opnsense" // its own page, replaced by one that leads here
	PfSense     Vendor = "pfsense"  // the same
)

// Refusals of a redirect. What it held is not repeated.
var (
	// ErrNotFromNAS: the browser came without what the device adds; whoever opened the
	// page by hand is told to join the network first.
	ErrNotFromNAS = visit.Errorf(visit.KindInvalid, "portal_not_redirected", "The network did not send this browser here.")
	// ErrForged: what must be signed or encrypted is not, is too old, or names a host
	// that is not one of the portal's.
	ErrForged = visit.Errorf(visit.KindForbidden, "portal_redirect_refused", "This redirect is not from a network of this portal.")
)

// MaxQuery bounds a redirect's query, in octets.
const MaxQuery = 4 << 10

// Arrival is what a device said when it sent a browser to the portal. It holds
// personal data.
type Arrival struct {
	MAC      string     `json:"m,omitempty"` // as visit.ParseMAC spells it; empty where the device does not say
	IP       netip.Addr `json:"i,omitzero"`  // invalid where the device does not say, or not reliably
	AP       string     `json:"a,omitempty"` // access point or NAS as it names itself; at most 64 octets
	SSID     string     `json:"s,omitempty"`
	Continue string     `json:"c,omitempty"` // where the guest was going: http, https or empty; never sent a secret
	// Handle is what Release needs to know again, by the vendor's own names; 2 kB at most.
	Handle map[string]string `json:"h,omitempty"`
	Failed string            `json:"f,omitempty"` // why the device refused the last attempt: one of Failures, or empty
	Online bool              `json:"o,omitempty"` // the device says that it is open already
}

// Why a device refused, as far as vendors tell. The portal has words for each.
const (
	FailedCredentials = "credentials" // wrong, expired or unknown to RADIUS
	FailedInUse       = "in_use"      // the user name is in use elsewhere
	FailedExcluded    = "excluded"    // the device shuts this client out
	FailedNetwork     = "network"     // not set up, or RADIUS did not answer
	FailedOther       = "other"
)

// Grant is what the device is told to open for.
type Grant struct {
	Username string        // a pseudonym; empty where the device asks no RADIUS
	Password string        // good once, for a minute, for this device at this NAS
	Left     time.Duration // whole seconds, at least one
	Success  string        // our page that says it worked, https
	Continue string        // where the guest was going, if the page leads there
	UpKbps   int           // 0: no limit
	DownKbps int
}

// Settings are a portal's, by what its vendor needs. Secret and Key are never shown
// again and never part of an error.
type Settings struct {
	// Hosts are the devices that a browser may be sent to: host names, addresses, or
	// suffixes that begin with a dot; with :port, that one only, be it the vendor's or not
	// (CheckHost). Where the vendor fixes them they need not be given.
	Hosts []string `json:"hosts,omitempty"`
	// Names are what this device calls parameters, where staff can set them there.
	Names map[string]string `json:"names,omitempty"`
	// Controller is the address that the server asks, https.
	Controller string `json:"controller,omitempty"`
	// Fingerprint is the SHA-256 of the controller's certificate in hex, for one that no
	// authority has signed; empty: as every other server's is checked. See TLS.
	Fingerprint string `json:"fingerprint,omitempty"`
	Site        string `json:"site,omitempty"`  // the controller's name for the site
	Level       int    `json:"level,omitempty"` // openNDS: FAS security level
	// Secret is shared with the device: faskey, uamsecret, request password.
	Secret string `json:"-"`
	// Key is for the controller's API.
	Key string `json:"-"`
}

// Release is what opens the gate: exactly one field is set.
type Release struct {
	Redirect *url.URL // the browser goes there
	Form     *Form    // the browser posts it
	Call     *Call    // the server asks the controller
	Queue    *Entry   // the device collects it
}

// Form is posted by the browser. Its fields keep their order.
type Form struct {
	Action *url.URL
	Fields []Field
}

// Field is one of a form.
type Field struct{ Name, Value string }

// Call is a request of the server's to a controller, and how to read the answer. Its
// header may hold a secret: it is not logged.
type Call struct {
	Method string
	URL    *url.URL
	Header map[string]string
	Body   []byte
	// Read judges an answer. It may give the next call of several, all of them to the same
	// controller; the last one's error is nil when the gate is open.
	Read func(Answer) (*Call, error)
}

// Answer is a controller's. A redirection is an answer, not something to follow.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // at most 64 kB
}

// Entry waits for the device to collect it.
type Entry struct {
	Client  string // what the device knows the client by
	Minutes int
	Text    string // the line that the device is given
}

// Caps say what a vendor's devices can be told.
type Caps struct {
	RADIUS     bool // the device asks RADIUS, so an agent decides and sessions are accounted
	TimeLimit  bool // Release itself carries the time; else only RADIUS does
	Revoke     bool // access can be ended at once: by RADIUS Disconnect, or by Revoke
	ReliableIP bool
	Signed     bool // the redirect is authenticated by a shared secret
}

// Adapter is what speaks with one vendor's devices. Adapters hold no state.
type Adapter interface {
	// Parse reads a redirect. It returns ErrNotFromNAS and ErrForged. Callers use Read,
	// which checks the signature too where there is one.
	Parse(query url.Values, s Settings) (Arrival, error)
	// Release composes the way on. It returns ErrForged for an arrival that names a host
	// that is not one of s.
	Release(a Arrival, g Grant, s Settings) (Release, error)
	// Revoke composes what shuts the gate; nil where RADIUS does, or nothing can.
	Revoke(a Arrival, s Settings) (*Call, error)
	Caps() Caps
	// Needs names the settings without which a portal cannot work: hosts, secret, key,
	// controller, site, level.
	Needs() []string
	// Garden lists what staff must let guests reach before they are let in, as this
	// vendor wants it written, for a portal served at host.
	Garden(host string) []string
}

// adapters are one a file.
var adapters = map[Vendor]Adapter{
	Meraki:      meraki{},
	MerakiClick: merakiClick{},
	CiscoWLC:    ciscoWLC{},
	Aruba:       aruba{},
	FortiGate:   fortiGate{},
	Ruckus:      ruckus{},
	SmartZone:   smartZone{},
	MikroTik:    mikrotik{},
	UniFi:       uniFi{},
	OpenNDS:     openNDS{},
	CoovaChilli: coovaChilli{},
	OPNsense:    opnSense{},
	PfSense:     pfSense{},
}

// Vendors returns those that have an adapter, in order of their names.
func Vendors() []Vendor { return slices.Sorted(maps.Keys(adapters)) }

// Of returns a vendor's adapter.
func Of(v Vendor) (Adapter, bool) {
	adapter, ok := adapters[v]
	return adapter, ok
}
