package gate

import (
	"cmp"
	"net/url"
	"strings"
)

// HPE Aruba: Instant, mobility controllers, Instant On. Instant On's parameters and its
// /swarm.cgi are from HPE's "Aruba Instant On external captive portal" note; the others'
// from the ArubaOS user guide (switchip in the redirection URL) and from
// flomain.de/2016/12/aruba-instant-with-external-captive-portal. That a failure comes back
// as errmsg is general knowledge.
type aruba struct{}

var arubaNames = []string{"cmd", "mac", "essid", "network", "ip", "apname", "apmac", "vcname", "site", "switchip", "post", "url", "errmsg"}

// arubaDoor: the names that the devices' own certificates are for.
var arubaDoor = door{fixed: []string{"securelogin.arubanetworks.com", "securelogin.hpe.com", ".aio.cloudauth.net"}}

func (aruba) Parse(query url.Values, s Settings) (Arrival, error) {
	r := read(query, arubaNames...)
	if !strings.EqualFold(r.text("cmd", maxLabel), "login") {
		return Arrival{}, cmp.Or(r.err, error(ErrNotFromNAS))
	}
	a := Arrival{
		MAC:      r.mac("mac"),
		IP:       r.ip("ip"),
		AP:       cmp.Or(r.label("apmac"), r.label("apname"), r.label("vcname"), r.label("site")),
		SSID:     cmp.Or(r.label("essid"), r.label("network")),
		Continue: r.onward("url"),
		Failed:   arubaFailure(r.text("errmsg", maxContinue)),
		Handle:   map[string]string{"login": ""},
	}
	host, instantOn := r.text("switchip", maxLabel), r.text("post", 2*maxLabel)
	switch {
	case host != "" && instantOn != "":
		r.refuse() // a device is the one or the other
	case host != "" && s.Names["path"] == "/swarm.cgi":
		a.Handle["login"], a.Handle["old"] = r.loginAt(host, "/swarm.cgi"), "1"
	case host != "":
		a.Handle["login"] = r.loginAt(host, "/cgi-bin/login")
	case instantOn != "":
		a.Handle["login"] = r.loginAt(instantOn, "/swarm.cgi")
	}
	return r.arrival(a, "login", arubaDoor, s)
}

// loginAt composes the address that a host takes logins at.
func (r *reader) loginAt(host, path string) string {
	if !bareHost(host) {
		r.refuse()
		return ""
	}
	return "https://" + host + path
}

// arubaFailure sorts the device's text, which is for people.
func arubaFailure(text string) string {
	text = strings.ToLower(text)
	says := func(words ...string) bool {
		for _, word := range words {
			if strings.Contains(text, word) {
				return true
			}
		}
		return false
	}
	switch {
	case text == "":
		return ""
	case says("timeout", "timed out", "server"):
		return FailedNetwork
	case says("denied", "invalid", "failed", "incorrect"):
		return FailedCredentials
	}
	return FailedOther
}

func (aruba) Release(a Arrival, g Grant, s Settings) (Release, error) {
	action, err := arubaDoor.target(a.Handle["login"], s)
	if err != nil {
		return Release{}, err
	}
	fields := []Field{{"user", g.Username}, {"password", g.Password}}
	onward := "url"
	if a.Handle["old"] == "" {
		fields = append(fields, Field{"cmd", "authenticate"})
	} else {
		fields = append(fields, Field{"opcode", "cp_auth"})
		onward = "orig_url"
	}
	if to := landing(g); to != "" {
		fields = append(fields, Field{onward, to})
	}
	return Release{Form: &Form{Action: action, Fields: fields}}, nil
}

func (aruba) Revoke(Arrival, Settings) (*Call, error) { return nil, nil }

func (aruba) Caps() Caps { return Caps{RADIUS: true, Revoke: true, ReliableIP: true} }

func (aruba) Needs() []string { return nil }

func (aruba) Garden(host string) []string { return []string{host} }
