package gate

import (
	"cmp"
	"net/url"
	"strconv"
)

// Cisco Meraki's external captive portal (EXCAP). Parameters, the post and its answer are
// from developer.cisco.com/meraki/captive-portal-api, sign-on-api and click-through-api.
// The error_message that a failed sign-on comes back with is not described there.

// Its client_ip may be one that the access point translates to, so it is nobody's.

// merakiDoor: the cloud takes logins at hosts such as n143.network-auth.com only.
var merakiDoor = door{fixed: []string{".network-auth.com"}}

// meraki is the sign-on splash page: the browser posts to Meraki's cloud, which asks
// RADIUS.
type meraki struct{}

var merakiNames = []string{"login_url", "continue_url", "ap_mac", "ap_name", "ap_tags", "client_mac", "client_ip", "error_message"}

func (meraki) Parse(query url.Values, s Settings) (Arrival, error) {
	r := read(query, merakiNames...)
	a := Arrival{
		MAC:      r.mac("client_mac"),
		AP:       cmp.Or(r.label("ap_mac"), r.label("ap_name")),
		Continue: r.onward("continue_url"),
		Handle:   map[string]string{"login_url": r.text("login_url", maxTarget)},
	}
	if r.text("error_message", maxContinue) != "" {
		a.Failed = FailedCredentials
	}
	return r.arrival(a, "login_url", merakiDoor, s)
}

func (meraki) Release(a Arrival, g Grant, s Settings) (Release, error) {
	action, err := merakiDoor.target(a.Handle["login_url"], s)
	if err != nil {
		return Release{}, err
	}
	fields := []Field{{"username", g.Username}, {"password", g.Password}}
	if to := landing(g); to != "" {
		fields = append(fields, Field{"success_url", to})
	}
	return Release{Form: &Form{Action: action, Fields: fields}}, nil
}

func (meraki) Revoke(Arrival, Settings) (*Call, error) { return nil, nil }

func (meraki) Caps() Caps { return Caps{RADIUS: true, Revoke: true} }

func (meraki) Needs() []string { return nil }

func (meraki) Garden(host string) []string { return []string{host} }

// MerakiLogout returns where a guest ends their own access: Meraki's cloud appends it to
// the success page's address after a sign-on. Nil if that is not one of the cloud's.
func MerakiLogout(query url.Values, s Settings) *url.URL {
	r := read(query)
	u, err := merakiDoor.target(r.text("logout_url", maxTarget), s)
	if r.err != nil || err != nil {
		return nil
	}
	return u
}

// merakiClick is the click-through splash page: whoever goes to the grant address is let
// in, by us or without us, so it suits networks where it does not matter who that is.
type merakiClick struct{ meraki }

var merakiClickNames = []string{"base_grant_url", "user_continue_url", "node_id", "node_mac", "gateway_id", "client_ip", "client_mac"}

func (merakiClick) Parse(query url.Values, s Settings) (Arrival, error) {
	r := read(query, merakiClickNames...)
	return r.arrival(Arrival{
		MAC:      r.mac("client_mac"),
		AP:       r.label("node_mac"),
		Continue: r.onward("user_continue_url"),
		Handle:   map[string]string{"base_grant_url": r.text("base_grant_url", maxTarget)},
	}, "base_grant_url", merakiDoor, s)
}

func (merakiClick) Release(a Arrival, g Grant, s Settings) (Release, error) {
	grant, err := merakiDoor.target(a.Handle["base_grant_url"], s)
	if err != nil {
		return Release{}, err
	}
	var fields []Field
	if to := landing(g); to != "" {
		fields = append(fields, Field{"continue_url", to})
	}
	fields = append(fields, Field{"duration", strconv.Itoa(seconds(g.Left))})
	return Release{Redirect: withQuery(grant, fields...)}, nil
}

func (merakiClick) Caps() Caps { return Caps{TimeLimit: true} }
