package gate

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/foyerhq/foyer/internal/visit"
)

// Ruckus SmartZone (and RUCKUS One): the server tells the controller's northbound portal
// interface to log a client in, and the controller asks RADIUS. The redirect, the JSON and
// its codes are from docs.cloud.ruckuswireless.com/ruckusone/wispr-api (Captive Portal
// Attributes, JSON Responses Definitions); port 9443 and the spelling of a request from
// Ruckus' Hotspot WISPr Reference Guide for SmartZone 3.5 and inverse-inc/packetfence's
// lib/pf/Switch/Ruckus/SmartZone.pm.
type smartZone struct{}

var smartZoneNames = []string{"nbiIP", "sip", "mac", "client_mac", "uip", "url", "ssid", "wlan", "wlanName", "zoneName", "dn", "loc", "vlan", "reason", "proxy", "startUrl", "StartURL"}

func (smartZone) Parse(query url.Values, s Settings) (Arrival, error) {
	r := read(query, smartZoneNames...)
	a := Arrival{
		AP:       r.label("mac"),
		SSID:     r.label("ssid"),
		Continue: r.onward("url"),
		Handle:   map[string]string{"ue_mac": r.text("client_mac", 4*maxLabel), "ue_ip": r.text("uip", 4*maxLabel)},
	}
	a.see()
	// Which controller says this does not choose the one that is asked: that is the
	// server's to know, or a guest could have it send its password anywhere.
	nbi := r.text("nbiIP", maxLabel)
	switch {
	case r.err != nil:
		return Arrival{}, r.err
	case a.Handle["ue_mac"] == "" || a.Handle["ue_ip"] == "":
		return Arrival{}, ErrNotFromNAS
	case a.MAC == "" && !hidden(a.Handle["ue_mac"]):
		return Arrival{}, ErrForged
	case nbi != "" && (!bareHost(nbi) || len(s.Hosts) > 0 && !isOneOf(nbi, s.Hosts)):
		return Arrival{}, ErrForged
	}
	return a, nil
}

// isOneOf reports whether a host is one of the settings', whatever the port.
func isOneOf(host string, hosts []string) bool {
	for _, entry := range hosts {
		if name, _ := splitEntry(strings.ToLower(entry)); sameHost(strings.ToLower(host), name) {
			return true
		}
	}
	return false
}

// see takes the client's addresses out of the handle as far as they are not encrypted.
func (a *Arrival) see() {
	a.MAC, _ = visit.ParseMAC(a.Handle["ue_mac"])
	a.IP, _ = visit.ParseIP(a.Handle["ue_ip"])
}

// hidden reports whether the controller has encrypted an address, as it does unless
// encrypt-mac-ip is off.
func hidden(text string) bool { return strings.HasPrefix(text, "ENC") }

// northbound is a request to the portal interface.
type northbound struct {
	Vendor          string
	RequestUserName string `json:",omitempty"`
	RequestPassword string
	APIVersion      string
	RequestCategory string
	RequestType     string
	IP              string `json:"UE-IP,omitempty"`
	MAC             string `json:"UE-MAC,omitempty"`
	Proxy           string `json:"UE-Proxy,omitempty"`
	Username        string `json:"UE-Username,omitempty"`
	Password        string `json:"UE-Password,omitempty"`
	Data            string `json:",omitempty"`
}

// request asks the controller of the settings for something of a category, about a client
// or about data.
func (smartZone) request(s Settings, category, kind string, about northbound, read func(code int, data string) (*Call, error)) (*Call, error) {
	to, err := controller(s)
	if err != nil {
		return nil, err
	}
	about.Vendor, about.APIVersion = "ruckus", "1.0"
	about.RequestUserName, about.RequestPassword = s.Names["user"], s.Secret
	about.RequestCategory, about.RequestType = category, kind
	return postJSON(to.JoinPath("portalintf"), about, nil, func(answer Answer) (*Call, error) {
		var said struct {
			ResponseCode int
			Data         string
		}
		if answer.Status != http.StatusOK || json.Unmarshal(answer.Body, &said) != nil {
			return nil, ErrController
		}
		return read(said.ResponseCode, said.Data)
	})
}

// The interface's codes that mean something else than that it failed.
const (
	nbUnauthorized = 100
	nbAuthorized   = 101
	nbOK           = 200
	nbLoggedIn     = 201
	nbPending      = 202
	nbNotFound     = 300
	nbLoginFailed  = 301
)

func (z smartZone) Release(a Arrival, g Grant, s Settings) (Release, error) {
	about := northbound{
		IP: a.Handle["ue_ip"], MAC: a.Handle["ue_mac"], Proxy: "0",
		Username: g.Username, Password: g.Password,
	}
	call, err := z.request(s, "UserOnlineControl", "Login", about, func(code int, _ string) (*Call, error) {
		return z.settle(a, s, code, 5)
	})
	return Release{Call: call}, err
}

// settle reads a login's code, and asks again so many times while RADIUS has not answered.
func (z smartZone) settle(a Arrival, s Settings, code, again int) (*Call, error) {
	switch {
	case code == nbLoggedIn || code == nbAuthorized:
		return nil, nil
	case code == nbPending && again > 0:
		about := northbound{IP: a.Handle["ue_ip"], MAC: a.Handle["ue_mac"]}
		return z.request(s, "UserOnlineControl", "Status", about, func(code int, _ string) (*Call, error) {
			return z.settle(a, s, code, again-1)
		})
	case code == nbLoginFailed || code == nbUnauthorized:
		return nil, ErrRefused
	}
	return nil, nbError(code)
}

// nbError is what a code means that is none of a success.
func nbError(code int) error {
	if code == nbNotFound {
		return ErrClientGone
	}
	return ErrController
}

// Reveal composes the calls that fill in the addresses of an arrival that the controller
// has encrypted; nil if there is nothing to fill in. The arrival must not be used until
// the last call was read without an error.
func Reveal(a *Arrival, s Settings) (*Call, error) {
	mac, ip := a.Handle["ue_mac"], a.Handle["ue_ip"]
	decrypt := func(data string, read func(data string) (*Call, error)) (*Call, error) {
		return smartZone{}.request(s, "GetConfig", "Decrypt", northbound{Data: data}, func(code int, data string) (*Call, error) {
			if code != nbOK {
				return nil, nbError(code)
			}
			return read(data)
		})
	}
	revealIP := func() (*Call, error) {
		if !hidden(ip) {
			return nil, nil
		}
		return decrypt(ip, func(data string) (*Call, error) {
			a.IP, _ = visit.ParseIP(data)
			return nil, nil
		})
	}
	if a.MAC != "" || !hidden(mac) {
		return revealIP()
	}
	return decrypt(mac, func(data string) (*Call, error) {
		var ok bool
		if a.MAC, ok = visit.ParseMAC(data); !ok {
			return nil, ErrController
		}
		return revealIP()
	})
}

func (z smartZone) Revoke(a Arrival, s Settings) (*Call, error) {
	about := northbound{IP: cmp.Or(a.Handle["ue_ip"], text(a.IP)), MAC: cmp.Or(a.Handle["ue_mac"], strings.ToUpper(a.MAC))}
	return z.request(s, "UserOnlineControl", "Logout", about, func(code int, _ string) (*Call, error) {
		if code == nbOK || code == nbUnauthorized || code == nbNotFound {
			return nil, nil // it is not online, which is what was wanted
		}
		return nil, nbError(code)
	})
}

func text(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.String()
}

func (smartZone) Caps() Caps { return Caps{RADIUS: true, Revoke: true, ReliableIP: true} }

func (smartZone) Needs() []string { return []string{"controller", "secret"} }

func (smartZone) Garden(host string) []string { return []string{host} }
