package gate

import (
	"crypto/md5"
	"encoding/hex"
	"net/url"
	"strings"
)

// mikrotik is RouterOS's hotspot. Its own login.html is replaced by ours (Pages), which
// sends the router's variables on under names of ours; the router then takes user and
// password at its login address. Source: MikroTik, RouterOS documentation, HotSpot
// customisation.
//
// With HTTP CHAP, the default, the router says an id and a challenge, and the password
// is MD5 over id, password and challenge; a challenge is good for one attempt. Without,
// it is posted as it is.
type mikrotik struct{}

// The router's login page is http unless it has a certificate.
var mikrotikDoor = door{plain: true}

const mikrotikLogin = "/login"

func (mikrotik) Parse(query url.Values, s Settings) (Arrival, error) {
	r := read(query)
	if !r.has("mac") || !r.has("login") {
		return Arrival{}, ErrNotFromNAS
	}
	a := Arrival{
		MAC:      r.mac("mac"),
		IP:       r.ip("ip"),
		AP:       r.label("nas"),
		SSID:     r.label("server"),
		Continue: mikrotikOrigin(r.text("orig", 3*maxContinue)),
		Failed:   mikrotikFailure(r.text("error", maxContinue)),
		Handle: map[string]string{
			"login":          r.text("login", maxTarget),
			"chap-id":        r.text("chap-id", 4),
			"chap-challenge": r.text("chap-challenge", 256),
		},
	}
	if r.err != nil {
		return Arrival{}, r.err
	}
	if a.MAC == "" {
		return Arrival{}, ErrNotFromNAS
	}
	if _, err := mikrotikTarget(a, s); err != nil {
		return Arrival{}, err
	}
	if _, _, err := mikrotikChallenge(a); err != nil {
		return Arrival{}, err
	}
	return a, nil
}

// mikrotikOrigin undoes the escaping of $(link-orig-esc), which keeps an address with a
// quote from ending the attribute that our page puts it into.
func mikrotikOrigin(escaped string) string {
	text, err := url.QueryUnescape(escaped)
	if err != nil {
		return ""
	}
	return onward(text)
}

// mikrotikFailure reads $(error-orig), one of the router's own sentences or what RADIUS
// replied.
func mikrotikFailure(text string) string {
	text = strings.ToLower(text)
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(text, part) {
				return true
			}
		}
		return false
	}
	switch {
	case text == "":
		return ""
	case has("radius", "not responding", "shutting down"):
		return FailedNetwork
	case has("no more sessions", "session limit", "already"):
		return FailedInUse
	case has("mac address"):
		return FailedExcluded
	case has("invalid", "password", "expired", "challenge", "limit reached"):
		return FailedCredentials
	}
	return FailedOther
}

// mikrotikTarget is the router's login address, never another page of the same host.
func mikrotikTarget(a Arrival, s Settings) (*url.URL, error) {
	u, err := mikrotikDoor.target(a.Handle["login"], s)
	if err != nil {
		return nil, err
	}
	if u.Path != mikrotikLogin || u.RawQuery != "" {
		return nil, ErrForged
	}
	return u, nil
}

// mikrotikChallenge returns the id and the challenge, both nil if the router said none.
func mikrotikChallenge(a Arrival) (id, challenge []byte, err error) {
	if a.Handle["chap-id"] == "" && a.Handle["chap-challenge"] == "" {
		return nil, nil, nil
	}
	id, err = unoctal(a.Handle["chap-id"])
	if err != nil {
		return nil, nil, err
	}
	challenge, err = unoctal(a.Handle["chap-challenge"])
	if err != nil {
		return nil, nil, err
	}
	if len(id) != 1 || len(challenge) == 0 {
		return nil, nil, ErrForged
	}
	return id, challenge, nil
}

// unoctal reads octets written as \ooo, as the router writes them for scripts; others
// stand for themselves.
func unoctal(text string) ([]byte, error) {
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			out = append(out, text[i])
			continue
		}
		if i+3 >= len(text) {
			return nil, ErrForged
		}
		octet := 0
		for _, c := range []byte(text[i+1 : i+4]) {
			if c < '0' || c > '7' {
				return nil, ErrForged
			}
			octet = octet<<3 | int(c-'0')
		}
		if octet > 0xff {
			return nil, ErrForged
		}
		out = append(out, byte(octet))
		i += 3
	}
	return out, nil
}

// Release is a form for a router that speaks https, and a redirect for one that does
// not: browsers warn of a form that leaves https, and the router reads either.
func (mikrotik) Release(a Arrival, g Grant, s Settings) (Release, error) {
	u, err := mikrotikTarget(a, s)
	if err != nil {
		return Release{}, err
	}
	id, challenge, err := mikrotikChallenge(a)
	if err != nil {
		return Release{}, err
	}
	password := g.Password
	if id != nil {
		sum := md5.Sum([]byte(string(id) + g.Password + string(challenge)))
		password = hex.EncodeToString(sum[:])
	}
	fields := []Field{{"username", g.Username}, {"password", password}, {"dst", landing(g)}, {"popup", "false"}}
	if u.Scheme == "https" {
		return Release{Form: &Form{Action: u, Fields: fields}}, nil
	}
	return Release{Redirect: withQuery(u, fields...)}, nil
}

// Leave implements Leaver.
func (mikrotik) Leave(a Arrival, s Settings) (*url.URL, error) {
	u, err := mikrotikTarget(a, s)
	if err != nil {
		return nil, err
	}
	u.Path = "/logout"
	return u, nil
}

// Revoke is RADIUS's: /radius incoming must accept Disconnect-Requests.
func (mikrotik) Revoke(Arrival, Settings) (*Call, error) { return nil, nil }

func (mikrotik) Caps() Caps { return Caps{RADIUS: true, Revoke: true, ReliableIP: true} }

func (mikrotik) Needs() []string { return []string{"hosts"} }

// Garden holds two lines: the first lets plain requests through the router's proxy, the
// second TLS, which that does not see into.
func (mikrotik) Garden(host string) []string {
	return []string{
		"/ip hotspot walled-garden add action=allow dst-host=" + host,
		"/ip hotspot walled-garden ip add action=accept dst-host=" + host,
	}
}

// Pages implements Installer: login.html, for the hotspot's html-directory. The others
// in there, alogin.html and status.html, may stay: nothing leads to them.
func (mikrotik) Pages(portal *url.URL, label string) ([]Page, error) {
	return render("mikrotik.html", "login.html", portal, label)
}
