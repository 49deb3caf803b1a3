package gate

import (
	"cmp"
	"net/url"
)

// Fortinet FortiGate with an external authentication portal. The redirect is from
// Fortinet's technical tip 346187, the post from FortiOS' handbook (WiFi captive portal,
// external server). That a failure comes back as Auth=Failed is general knowledge.
type fortiGate struct{}

var fortiNames = []string{"login", "post", "magic", "usermac", "apmac", "apip", "userip", "ssid", "apname", "bssid", "Auth"}

// fortiDoor: auth-http-port is 1000 and auth-https-port 1003 unless somebody has changed
// them; other ports are named with the host.
var fortiDoor = door{plain: true, ports: []string{"1000", "1003"}}

func (fortiGate) Parse(query url.Values, s Settings) (Arrival, error) {
	r := read(query, fortiNames...)
	magic := r.text("magic", maxLabel)
	if !r.has("login") && !r.has("Auth") || magic == "" {
		return Arrival{}, cmp.Or(r.err, error(ErrNotFromNAS))
	}
	a := Arrival{
		MAC:    r.mac("usermac"),
		IP:     r.ip("userip"),
		AP:     cmp.Or(r.label("apmac"), r.label("apname"), r.label("apip")),
		SSID:   r.label("ssid"),
		Handle: map[string]string{"post": r.text("post", maxTarget), "magic": magic},
	}
	switch r.text("Auth", maxLabel) {
	case "":
	case "Success":
		a.Online = true
	default:
		a.Failed = FailedCredentials
	}
	return r.arrival(a, "post", fortiDoor, s)
}

// Release posts the magic once: a FortiGate takes each only once, and gives another with
// the redirect after a failure.
func (fortiGate) Release(a Arrival, g Grant, s Settings) (Release, error) {
	action, err := fortiDoor.target(a.Handle["post"], s)
	if err != nil {
		return Release{}, err
	}
	return Release{Form: &Form{Action: action, Fields: []Field{
		{"magic", a.Handle["magic"]}, {"username", g.Username}, {"password", g.Password},
	}}}, nil
}

func (fortiGate) Revoke(Arrival, Settings) (*Call, error) { return nil, nil }

func (fortiGate) Caps() Caps { return Caps{RADIUS: true, Revoke: true, ReliableIP: true} }

func (fortiGate) Needs() []string { return []string{"hosts"} }

func (fortiGate) Garden(host string) []string { return []string{host} }
