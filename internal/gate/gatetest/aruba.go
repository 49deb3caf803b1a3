package gatetest

import (
	"net/http"
	"net/url"
	"time"
)

// Aruba is one of Aruba's kinds of devices.
type Aruba struct {
	*floor

	// InstantOn names the login host post, not switchip, and takes logins at /swarm.cgi.
	InstantOn bool
	// Old is an early Instant: logins at /swarm.cgi with opcode=cp_auth, and a redirect
	// that begins with ? although the portal's address has one.
	Old bool
}

// NewAruba returns an Instant access point or a controller.
func NewAruba(w World) *Aruba {
	return &Aruba{floor: newFloor(w, "https://securelogin.arubanetworks.com")}
}

// NewArubaInstantOn returns an Instant On access point.
func NewArubaInstantOn(w World) *Aruba {
	return &Aruba{floor: newFloor(w, "https://captive-2024.aio.cloudauth.net"), InstantOn: true}
}

// Redirect implements NAS.
func (n *Aruba) Redirect(c Client, to string) *url.URL {
	n.join(c)
	return n.redirect(c, to)
}

func (n *Aruba) redirect(c Client, to string, more ...string) *url.URL {
	pairs := []string{"cmd", "login", "mac", c.MAC, "essid", n.SSID, "ip", c.IP.String(), "apname", "lobby",
		"apmac", "94:b4:0f:c0:ff:ee", "vcname", "instant-c0ffee", "switchip", n.Address.Host, "url", to}
	if n.InstantOn {
		pairs = []string{"cmd", "Login", "mac", c.MAC, "ip", c.IP.String(), "network", n.SSID,
			"apmac", "94:b4:0f:c0:ff:ee", "site", "Lobby", "post", n.Address.Host, "url", to}
	}
	added := query(append(pairs, more...)...)
	if n.Old {
		return must(n.Portal.String() + "?" + added)
	}
	return at(n.Portal, added)
}

// Handler implements NAS: what answers under the login host's name.
func (n *Aruba) Handler() http.Handler {
	path, required, optional := "/cgi-bin/login", []string{"user", "password", "cmd"}, "url"
	if n.InstantOn || n.Old {
		path = "/swarm.cgi"
	}
	if n.Old {
		required, optional = []string{"user", "password", "opcode"}, "orig_url"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, known := n.from(r)
		said, right := form(r, required, []string{optional})
		switch {
		case !n.here(r, http.MethodPost, path) || !known:
			http.NotFound(w, r)
		case !right || said["cmd"] != "authenticate" && said["opcode"] != "cp_auth":
			http.Error(w, "unknown command", http.StatusBadRequest)
		case !n.login(said["user"], said["password"], c, 365*24*time.Hour):
			sendTo(w, r, n.redirect(c, "http://example.com/", "errmsg", "Authentication failed").String(), http.StatusFound)
		default:
			sendTo(w, r, said[optional], http.StatusFound)
		}
	})
}
