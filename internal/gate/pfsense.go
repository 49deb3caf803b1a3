package gate

import (
	"net/url"
	"strings"
)

// pfSense is pfSense's captive portal. Its page is replaced by ours (Pages), which sends
// the browser to us with the variables that pfSense fills in; what we post back to its
// address it checks by RADIUS. Source: pfSense, captiveportal/index.php and the help of
// Services > Captive Portal.
//
// The zone must be in what comes back, and pfSense reads user and password from a
// posted body alone, so there is no way around a form; a portal of https wants pfSense
// to have https logins, or browsers warn.
type pfSense struct{}

// A zone's port is 8000 and its number, one more with https; the first zone is 2.
var pfSenseDoor = door{plain: true, ports: []string{"8002", "8003", "8004", "8005", "8006", "8007"}}

func (pfSense) Parse(query url.Values, s Settings) (Arrival, error) {
	r := read(query)
	if !r.has("action") || !r.has("zone") {
		return Arrival{}, ErrNotFromNAS
	}
	a := Arrival{
		MAC:      r.mac("mac"),
		IP:       r.ip("ip"),
		AP:       r.label("zone"),
		Continue: r.onward("orig"),
		Handle:   map[string]string{"action": r.text("action", maxTarget), "zone": r.text("zone", maxLabel)},
	}
	if message := r.text("message", maxContinue); message != "" {
		a.Failed = pfSenseFailure(message)
	}
	if r.err != nil {
		return Arrival{}, r.err
	}
	if _, err := pfSenseTarget(a, s); err != nil {
		return Arrival{}, err
	}
	return a, nil
}

// pfSenseFailure reads $PORTAL_MESSAGE$: what RADIUS replied, or a sentence of
// pfSense's.
func pfSenseFailure(message string) string {
	message = strings.ToLower(message)
	switch {
	case strings.Contains(message, "radius") || strings.Contains(message, "server"):
		return FailedNetwork
	case strings.Contains(message, "blocked"):
		return FailedExcluded
	case strings.Contains(message, "maximum") || strings.Contains(message, "limit"):
		return FailedInUse
	}
	return FailedCredentials
}

// pfSenseTarget is where the zone takes logins, its name in the query.
func pfSenseTarget(a Arrival, s Settings) (*url.URL, error) {
	u, err := pfSenseDoor.target(a.Handle["action"], s)
	if err != nil {
		return nil, err
	}
	zone := a.Handle["zone"]
	if !isWord(zone) || (u.Path != "" && u.Path != "/" && u.Path != "/index.php") {
		return nil, ErrForged
	}
	u.RawQuery = "" // nothing but the zone is ours to bring
	return withQuery(u, Field{"zone", zone}), nil
}

// isWord reports whether text is letters, digits, - and _, and not too many of them.
func isWord(text string) bool {
	return text != "" && len(text) <= maxLabel && !strings.ContainsFunc(text, func(c rune) bool {
		return c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	})
}

func (pfSense) Release(a Arrival, g Grant, s Settings) (Release, error) {
	u, err := pfSenseTarget(a, s)
	if err != nil {
		return Release{}, err
	}
	return Release{Form: &Form{Action: u, Fields: []Field{
		{"auth_user", g.Username},
		{"auth_pass", g.Password},
		{"zone", a.Handle["zone"]},
		{"redirurl", landing(g)},
		{"accept", "1"},
	}}}, nil
}

// Revoke is nothing's: pfSense takes no Disconnect-Request, and its re-authentication of
// every minute would ask with a secret that is long spent.
func (pfSense) Revoke(Arrival, Settings) (*Call, error) { return nil, nil }

func (pfSense) Caps() Caps { return Caps{RADIUS: true, ReliableIP: true} }

func (pfSense) Needs() []string { return []string{"hosts"} }

// Garden is for the zone's tab Allowed Hostnames.
func (pfSense) Garden(host string) []string { return []string{host} }

// Pages implements Installer: one file, for both Portal page contents and Auth error
// page contents of the zone.
func (pfSense) Pages(portal *url.URL, label string) ([]Page, error) {
	return render("pfsense.html", "portal.html", portal, label)
}
