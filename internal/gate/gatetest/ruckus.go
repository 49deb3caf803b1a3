package gatetest

import (
	"net/http"
	"net/url"
	"time"
)

// Ruckus is a ZoneDirector or an Unleashed network.
type Ruckus struct{ *floor }

// NewRuckus returns one that takes logins in the clear.
func NewRuckus(w World) *Ruckus {
	return &Ruckus{newFloor(w, "http://192.0.2.4:9997")}
}

// Redirect implements NAS.
func (n *Ruckus) Redirect(c Client, to string) *url.URL {
	n.join(c)
	return at(n.Portal, query("sip", n.Address.Hostname(), "mac", "58b633c0ffee", "client_mac", bare(c.MAC), "uip", c.IP.String(),
		"lid", "", "dn", "", "url", to, "ssid", n.SSID, "loc", "", "vlan", "1"))
}

// bare writes an address without separators.
func bare(mac string) string {
	out := make([]byte, 0, 12)
	for i := range len(mac) {
		if mac[i] != ':' {
			out = append(out, mac[i])
		}
	}
	return string(out)
}

// Handler implements NAS. A failure comes back as if nothing had been tried.
func (n *Ruckus) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, known := n.from(r)
		said, right := form(r, []string{"username", "password", "ip"}, nil)
		switch {
		case !n.here(r, http.MethodPost, "/login") || !known:
			http.NotFound(w, r)
		case !right || said["ip"] != c.IP.String() || !n.login(said["username"], said["password"], c, 24*time.Hour):
			sendTo(w, r, n.Redirect(c, "http://example.com/").String(), http.StatusFound)
		default:
			sendTo(w, r, "http://example.com/", http.StatusFound)
		}
	})
}
