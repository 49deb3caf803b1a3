package gate

import (
	"cmp"
	"net/url"
)

// Cisco's web authentication with an external page: AireOS controllers and Catalyst 9800.
// Parameters, buttonClicked and the status codes are from Cisco's document 71881 (external
// web authentication on a WLC) and from github.com/stuartst/cisco-wlc-captive-portal; that
// a 9800 may call the parameters differently (parameter-map, redirect append … tag) is from
// Cisco's document 70937.
type ciscoWLC struct{}

// CiscoNames are what a controller's parameters are called unless somebody has named them
// otherwise at the device: the keys of Settings.Names.
func CiscoNames() []string {
	return []string{"switch_url", "ap_mac", "client_mac", "wlan", "redirect", "statusCode"}
}

// ciscoDoor: the controller's virtual address, in the clear unless web authentication over
// HTTPS is on. None of the usual ones is nobody's: 1.1.1.1 is a public resolver.
var ciscoDoor = door{plain: true}

func (ciscoWLC) Parse(query url.Values, s Settings) (Arrival, error) {
	called := func(name string) string { return cmp.Or(s.Names[name], name) }
	names := CiscoNames()
	for i, name := range names {
		names[i] = called(name)
	}
	r := read(query, names...)
	a := Arrival{
		MAC:      r.mac(called("client_mac")),
		AP:       r.label(called("ap_mac")),
		SSID:     r.label(called("wlan")),
		Continue: r.onward(called("redirect")),
		Handle:   map[string]string{"switch_url": r.text(called("switch_url"), maxTarget)},
	}
	switch r.text(called("statusCode"), maxLabel) {
	case "":
	case "1":
		a.Online = true
	case "2":
		a.Failed = FailedNetwork
	case "3":
		a.Failed = FailedInUse
	case "4":
		a.Failed = FailedExcluded
	case "5":
		a.Failed = FailedCredentials
	default:
		a.Failed = FailedOther
	}
	return r.arrival(a, "switch_url", ciscoDoor, s)
}

func (ciscoWLC) Release(a Arrival, g Grant, s Settings) (Release, error) {
	action, err := ciscoDoor.target(a.Handle["switch_url"], s)
	if err != nil {
		return Release{}, err
	}
	// Without buttonClicked=4 the controller only sends the browser back here.
	fields := []Field{{"buttonClicked", "4"}, {"username", g.Username}, {"password", g.Password}}
	// The controller's own page cuts redirect_url at 255 octets; half an address is worse
	// than none.
	if to := landing(g); to != "" && len(to) <= 255 {
		fields = append(fields, Field{"redirect_url", to})
	}
	return Release{Form: &Form{Action: action, Fields: fields}}, nil
}

func (ciscoWLC) Revoke(Arrival, Settings) (*Call, error) { return nil, nil }

func (ciscoWLC) Caps() Caps { return Caps{RADIUS: true, Revoke: true} }

func (ciscoWLC) Needs() []string { return []string{"hosts"} }

func (ciscoWLC) Garden(host string) []string { return []string{host} }
