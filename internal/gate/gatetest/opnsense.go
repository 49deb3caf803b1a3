package gatetest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// OPNsense is a firewall's captive portal zone with a page of ours. What the page's
// script does stands here once more.
type OPNsense struct {
	*floor

	ExtendedPreAuth bool // the status of a client that is not in says its MAC
}

// NewOPNsense returns zone 0 of a firewall, without a certificate.
func NewOPNsense(w World) *OPNsense {
	return &OPNsense{floor: newFloor(w, "http://192.0.2.12:8000"), ExtendedPreAuth: true}
}

// Redirect implements NAS: the page asks who the client is and sends it on.
func (n *OPNsense) Redirect(c Client, to string) *url.URL {
	n.join(c)
	_, bare, _ := strings.Cut(to, "://")
	return n.onward(c, bare, "")
}

// onward is where the script sends the browser after it has asked for the client's state.
func (n *OPNsense) onward(c Client, to, state string) *url.URL {
	client := n.ask(c, "status", "")
	if client["clientState"] == "AUTHORIZED" {
		state = "online"
	}
	return at(n.Portal, query("gw", n.Address.String(), "zone", "", "orig", to,
		"mac", client["macAddress"], "ip", client["ipAddress"], "state", state))
}

// ask is a request of the page's script.
func (n *OPNsense) ask(c Client, what, body string) map[string]string {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, n.Address.String()+"/api/captiveportal/access/"+what+"/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr = netip.AddrPortFrom(c.IP, 50000).String()
	w := httptest.NewRecorder()
	n.Handler().ServeHTTP(w, r)
	answer := map[string]string{}
	_ = json.Unmarshal(w.Body.Bytes(), &answer)
	return answer
}

// run logs in with what stands behind the #, if the browser has been sent to the page.
func (n *OPNsense) run(c Client, at *url.URL) *http.Response {
	w := httptest.NewRecorder()
	given, err := url.ParseQuery(at.EscapedFragment())
	if at.Host != n.Address.Host || at.Path != "/index.html" || err != nil {
		w.WriteHeader(http.StatusNotFound)
		return w.Result()
	}
	client := n.ask(c, "logon", query("user", given.Get("user"), "password", given.Get("password")))
	next := must(given.Get("next"))
	to := next
	if client["clientState"] != "AUTHORIZED" || next.Host != n.Portal.Host || next.Scheme != n.Portal.Scheme {
		to = n.onward(c, "", "refused")
	}
	w.Header().Set("Location", to.String())
	w.WriteHeader(http.StatusFound)
	return w.Result()
}

// Handler implements NAS: the page, and the access API, which answers everything in JSON.
func (n *OPNsense) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, known := n.from(r)
		what, api := strings.CutPrefix(r.URL.Path, "/api/captiveportal/access/")
		switch {
		case !known || r.Host != n.Address.Host:
			http.NotFound(w, r)
		case r.URL.Path == "/index.html" && r.Method == http.MethodGet:
			w.WriteHeader(http.StatusOK)
		case api && r.Method == http.MethodPost:
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(n.access(r, c, strings.Trim(what, "/")))
		default:
			http.NotFound(w, r) // a form that is posted to the page too
		}
	})
}

func (n *OPNsense) access(r *http.Request, c Client, what string) map[string]string {
	answer := map[string]string{"clientState": "NOT_AUTHORIZED", "ipAddress": c.IP.String()}
	if what == "logon" {
		said, ok := exactly(orNil(posted(r)), "user", "password")
		if !ok {
			return map[string]string{"clientState": "UNKNOWN", "ipAddress": c.IP.String()}
		}
		n.login(said["user"], said["password"], c, 24*time.Hour)
	}
	if _, online := n.Online(c); online {
		answer["clientState"] = "AUTHORIZED"
	}
	if what == "status" && (n.ExtendedPreAuth || answer["clientState"] == "AUTHORIZED") {
		answer["macAddress"] = c.MAC
	}
	return answer
}

// Disconnect implements NAS: OPNsense has no ear for it.
func (*OPNsense) Disconnect(Client) bool { return false }
