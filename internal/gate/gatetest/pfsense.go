package gatetest

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// PfSense is a firewall's captive portal zone with a page of ours.
type PfSense struct {
	*floor

	Page []byte // Portal page contents and Auth error page contents
	Zone string
}

// NewPfSense returns the first zone of a firewall, with https logins.
func NewPfSense(w World, page []byte) *PfSense {
	return &PfSense{floor: newFloor(w, "https://192.0.2.11:8003"), Page: page, Zone: "guests"}
}

// Redirect implements NAS.
func (n *PfSense) Redirect(c Client, to string) *url.URL {
	n.join(c)
	return n.page(c, to, "")
}

func (n *PfSense) page(c Client, to, message string) *url.URL {
	filled := strings.NewReplacer(
		"$PORTAL_ACTION$", n.Address.String()+"/",
		"$PORTAL_ZONE$", html.EscapeString(n.Zone),
		"$PORTAL_REDIRURL$", html.EscapeString(to),
		"$CLIENT_MAC$", html.EscapeString(c.MAC),
		"$CLIENT_IP$", html.EscapeString(c.IP.String()),
		"$PORTAL_MESSAGE$", html.EscapeString(message),
	).Replace(string(n.Page))
	return sent(filled)
}

// Handler implements NAS: index.php. It reads the zone before anything else, and from
// the query: in its place, that of a request without one is empty.
func (n *PfSense) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, known := n.from(r)
		said, right := exactly(orNil(posted(r)), "auth_user", "auth_pass", "zone", "redirurl", "accept")
		switch {
		case !known || !n.here(r, http.MethodPost, "/") || r.URL.RawQuery != "zone="+n.Zone:
			http.NotFound(w, r)
		case !right || said["accept"] == "" || said["zone"] != n.Zone:
			http.Redirect(w, r, n.page(c, said["redirurl"], "").String(), http.StatusFound)
		case !n.login(said["auth_user"], said["auth_pass"], c, 24*time.Hour):
			http.Redirect(w, r, n.page(c, said["redirurl"], "Invalid credentials specified.").String(), http.StatusFound)
		default:
			http.Redirect(w, r, said["redirurl"], http.StatusFound)
		}
	})
}

// Disconnect implements NAS: pfSense has no ear for it.
func (*PfSense) Disconnect(Client) bool { return false }

func orNil(fields []Field, ok bool) []Field {
	if !ok {
		return nil
	}
	return fields
}
