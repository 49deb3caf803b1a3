package gate

import "net/url"

// Ruckus ZoneDirector and Unleashed, hotspot service (WISPr). The redirect's parameters
// and the post to port 9997 are from Ruckus' application note "Enabling WISPr (hotspot
// services) in the ZoneDirector" and inverse-inc/packetfence's lib/pf/Switch/Ruckus.pm.
type ruckus struct{}

var ruckusNames = []string{"sip", "mac", "client_mac", "uip", "lid", "dn", "url", "ssid", "loc", "vlan", "reason", "StartURL", "wlan", "proxy"}

// ruckusDoor: 9997 in the clear is what the note has. Where a host is named with :9998,
// that is preferred, by HTTPS.
var ruckusDoor = door{plain: true, ports: []string{"9997"}}

func (ruckus) Parse(query url.Values, s Settings) (Arrival, error) {
	r := read(query, ruckusNames...)
	a := Arrival{
		MAC:      r.mac("client_mac"),
		IP:       r.ip("uip"),
		AP:       r.label("mac"),
		SSID:     r.label("ssid"),
		Continue: r.onward("url"),
		Handle:   map[string]string{"login": ""},
	}
	if sip := r.text("sip", maxLabel); sip != "" && bareHost(sip) {
		a.Handle["login"] = "http://" + sip + ":9997/login"
		if secure := "https://" + sip + ":9998/login"; r.err == nil {
			if _, err := ruckusDoor.target(secure, s); err == nil {
				a.Handle["login"] = secure
			}
		}
	} else if sip != "" {
		r.refuse()
	}
	if a.IP.IsValid() {
		a.Handle["ip"] = a.IP.String()
	}
	return r.arrival(a, "login", ruckusDoor, s)
}

func (ruckus) Release(a Arrival, g Grant, s Settings) (Release, error) {
	action, err := ruckusDoor.target(a.Handle["login"], s)
	if err != nil {
		return Release{}, err
	}
	fields := []Field{{"username", g.Username}, {"password", g.Password}}
	if ip := a.Handle["ip"]; ip != "" {
		fields = append(fields, Field{"ip", ip})
	}
	return Release{Form: &Form{Action: action, Fields: fields}}, nil
}

func (ruckus) Revoke(Arrival, Settings) (*Call, error) { return nil, nil }

func (ruckus) Caps() Caps { return Caps{RADIUS: true, Revoke: true, ReliableIP: true} }

func (ruckus) Needs() []string { return []string{"hosts"} }

func (ruckus) Garden(host string) []string { return []string{host} }
