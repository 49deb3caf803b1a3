package gate

import (
	"net/netip"
	"net/url"
	"strings"
)

// opnSense is OPNsense's captive portal. Its index.html is replaced by ours (Pages).
// OPNsense takes logins by a request of its own page's script (logon of its access API)
// and answers that in JSON, so no browser can be sent there by itself: we send it back
// to the page, with what to log in with behind the #, where no server sees it. Source:
// opnsense/core, CaptivePortal AccessController and the template that comes with it.
type opnSense struct{}

// A zone's port is 8000 and its number.
var opnSenseDoor = door{plain: true, ports: []string{"8000", "8001", "8002", "8003", "8004", "8005", "8006", "8007"}}

func (opnSense) Parse(query url.Values, s Settings) (Arrival, error) {
	r := read(query)
	if !r.has("gw") || !r.has("state") {
		return Arrival{}, ErrNotFromNAS
	}
	state := r.text("state", maxLabel)
	a := Arrival{
		MAC:      r.mac("mac"),
		IP:       r.ip("ip"),
		Continue: r.onward("orig"), // without a scheme, which makes it http
		Handle:   map[string]string{"gw": r.text("gw", maxTarget)},
		Online:   state == "online",
		Failed:   map[string]string{"refused": FailedCredentials, "failed": FailedNetwork}[state],
	}
	if zone := r.text("zone", 8); zone != "" {
		a.AP = label("zone " + zone)
	}
	if r.err != nil {
		return Arrival{}, r.err
	}
	if _, err := opnSenseTarget(a, s); err != nil {
		return Arrival{}, err
	}
	return a, nil
}

// opnSenseTarget is the page, at the origin that it said it has.
func opnSenseTarget(a Arrival, s Settings) (*url.URL, error) {
	u, err := opnSenseDoor.target(a.Handle["gw"], s)
	if err != nil {
		return nil, err
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, ErrForged
	}
	u.Path = "/index.html"
	return u, nil
}

func (opnSense) Release(a Arrival, g Grant, s Settings) (Release, error) {
	u, err := opnSenseTarget(a, s)
	if err != nil {
		return Release{}, err
	}
	u.RawFragment = "user=" + fragmentEscape(g.Username) + "&password=" + fragmentEscape(g.Password) + "&next=" + fragmentEscape(landing(g))
	u.Fragment, err = url.PathUnescape(u.RawFragment)
	if err != nil {
		return Release{}, err
	}
	return Release{Redirect: u}, nil
}

// fragmentEscape escapes a value of a form in a fragment, where a plus is a plus.
func fragmentEscape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

// Revoke is nothing's: OPNsense's portal takes no Disconnect-Request.
func (opnSense) Revoke(Arrival, Settings) (*Call, error) { return nil, nil }

func (opnSense) Caps() Caps { return Caps{RADIUS: true, ReliableIP: true} }

func (opnSense) Needs() []string { return []string{"hosts"} }

// Garden is for the zone's Allowed addresses, which takes addresses alone: a name is for
// an alias of the firewall's that follows it.
func (opnSense) Garden(host string) []string {
	if _, err := netip.ParseAddr(host); err == nil {
		return []string{host}
	}
	return []string{"alias Host(s): " + host}
}

// Pages implements Installer: index.html, for a template of Services > Captive Portal.
func (opnSense) Pages(portal *url.URL, label string) ([]Page, error) {
	return render("opnsense.html", "index.html", portal, label)
}
