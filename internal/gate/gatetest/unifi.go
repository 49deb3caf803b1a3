package gatetest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// UniFi is a console with a hotspot, new enough for API keys or not.
type UniFi struct {
	*floor

	Key        string        // API key; empty: an older one, with Name and Password
	Name       string        // of a local account
	Password   string        //
	CookieFor  time.Duration // how long a login is good
	NoUniFiOS  bool          // a Network server by itself
	Site       string        // its name in addresses
	Unfiltered bool          // it does not know to filter clients, and gives all

	mu      sync.Mutex // guards cookies
	cookies map[string]time.Time
	Logins  int // so many logins it has seen
}

// What the integration API calls the site.
const uniFiSite = "88f7af54-98f8-306a-a1c7-c9349722b1f6"

// NewUniFi returns a console.
func NewUniFi(w World) *UniFi {
	return &UniFi{floor: newFloor(w, "https://192.0.2.13"), Site: "default", CookieFor: time.Hour, cookies: map[string]time.Time{}}
}

// Redirect implements NAS: to a path of its own at the portal's host.
func (n *UniFi) Redirect(c Client, to string) *url.URL {
	n.join(c)
	return must(n.Portal.Scheme + "://" + n.Portal.Host + "/guest/s/" + n.Site + "/?" + query(
		"ap", "78:8a:20:aa:bb:cc", "id", c.MAC, "t", "1780300800", "url", to, "ssid", n.SSID))
}

// Handler implements NAS: the console's API.
func (n *UniFi) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		network, login := "/proxy/network", "/api/auth/login"
		if n.NoUniFiOS {
			network, login = "", "/api/login"
		}
		path, inside := strings.CutPrefix(r.URL.Path, network)
		switch {
		case r.Host != n.Address.Host:
			http.NotFound(w, r)
		case n.Key == "" && r.URL.Path == login && r.Method == http.MethodPost:
			n.signIn(w, r)
		case n.Key == "" && inside && path == "/api/s/"+n.Site+"/cmd/stamgr" && r.Method == http.MethodPost:
			n.command(w, r)
		case n.Key != "" && inside && strings.HasPrefix(path, "/integration/v1/"):
			n.integration(w, r, strings.TrimPrefix(path, "/integration/v1/"))
		default:
			http.NotFound(w, r)
		}
	})
}

// said reads a JSON body of at most 8 kB.
func said(r *http.Request) map[string]any {
	body, err := io.ReadAll(io.LimitReader(r.Body, 8<<10))
	out := map[string]any{}
	if err != nil || r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &out) != nil {
		return nil
	}
	return out
}

func (n *UniFi) signIn(w http.ResponseWriter, r *http.Request) {
	body := said(r)
	if len(body) != 2 || body["username"] != n.Name || body["password"] != n.Password {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	token := n.token()
	n.mu.Lock()
	n.Logins++
	n.cookies[token] = n.Now().Add(n.CookieFor)
	n.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "TOKEN", Value: token, Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
	if !n.NoUniFiOS {
		w.Header().Set("X-CSRF-Token", "csrf-"+token)
	}
	_, _ = io.WriteString(w, `{"unique_id":"x"}`)
}

// command is the older API's. A login that has ended is a 401 or a 403, as it likes.
func (n *UniFi) command(w http.ResponseWriter, r *http.Request) {
	cookie, err := r.Cookie("TOKEN")
	n.mu.Lock()
	good := err == nil && n.Now().Before(n.cookies[cookie.Value])
	n.mu.Unlock()
	if !good || !n.NoUniFiOS && r.Header.Get("X-CSRF-Token") != "csrf-"+cookie.Value {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"meta":{"rc":"error","msg":"api.err.LoginRequired"},"data":[]}`)
		return
	}
	body := said(r)
	mac, _ := body["mac"].(string)
	result := `{"meta":{"rc":"ok"},"data":[]}`
	switch minutes, timed := whole(body["minutes"]); {
	case body["cmd"] == "authorize-guest" && timed && mac != "":
		c, _ := n.known(mac)
		n.open("", c, time.Duration(minutes)*time.Minute)
	case body["cmd"] == "unauthorize-guest" && mac != "":
		c, _ := n.known(mac)
		n.shut(c, CauseAdmin)
	default:
		result = `{"meta":{"rc":"error","msg":"api.err.Invalid"},"data":[]}`
	}
	_, _ = io.WriteString(w, result)
}

// whole reads a number of at least 1 without a fraction.
func whole(value any) (int, bool) {
	number, ok := value.(float64)
	return int(number), ok && number >= 1 && number == float64(int(number))
}

// integration is the API with keys.
func (n *UniFi) integration(w http.ResponseWriter, r *http.Request, path string) {
	client, acts := strings.CutPrefix(path, "sites/"+uniFiSite+"/clients/")
	switch {
	case r.Header.Get("X-API-KEY") != n.Key:
		w.WriteHeader(http.StatusUnauthorized)
	case path == "sites" && r.Method == http.MethodGet:
		n.list(w, []map[string]string{{"id": "00000000-0000-0000-0000-000000000000", "internalReference": "other", "name": "Other"},
			{"id": uniFiSite, "internalReference": n.Site, "name": "Headquarters"}})
	case path == "sites/"+uniFiSite+"/clients" && r.Method == http.MethodGet:
		n.list(w, n.matching(r.URL.Query().Get("filter")))
	case acts && r.Method == http.MethodPost:
		n.act(w, r, strings.TrimSuffix(client, "/actions"))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (*UniFi) list(w http.ResponseWriter, data []map[string]string) {
	_ = json.NewEncoder(w).Encode(map[string]any{"offset": 0, "limit": 25, "count": len(data), "totalCount": len(data), "data": data})
}

func (n *UniFi) matching(filter string) []map[string]string {
	n.floor.mu.Lock()
	defer n.floor.mu.Unlock()
	found := []map[string]string{}
	for mac := range n.clients {
		if n.Unfiltered || filter == "macAddress.eq('"+mac+"')" {
			found = append(found, map[string]string{"id": uniFiClient(mac), "macAddress": mac, "type": "WIRELESS"})
		}
	}
	return found
}

func uniFiClient(mac string) string {
	return "6f3b6677-e61a-3057-8a4f-" + strings.ReplaceAll(mac, ":", "")
}

func (n *UniFi) act(w http.ResponseWriter, r *http.Request, id string) {
	mac, _ := visit.ParseMAC(strings.TrimPrefix(id, "6f3b6677-e61a-3057-8a4f-"))
	c, known := n.known(mac)
	body := said(r)
	minutes, timed := whole(body["timeLimitMinutes"])
	switch {
	case !known || uniFiClient(mac) != id:
		w.WriteHeader(http.StatusNotFound)
	case body["action"] == "AUTHORIZE_GUEST_ACCESS" && timed && minutes <= 1_000_000:
		n.open("", c, time.Duration(minutes)*time.Minute)
		_, _ = io.WriteString(w, `{"action":"AUTHORIZE_GUEST_ACCESS","grantedAuthorization":{}}`)
	case body["action"] == "UNAUTHORIZE_GUEST_ACCESS" && len(body) == 1:
		n.shut(c, CauseAdmin)
		_, _ = io.WriteString(w, `{"action":"UNAUTHORIZE_GUEST_ACCESS"}`)
	default:
		w.WriteHeader(http.StatusBadRequest)
	}
}

// Disconnect implements NAS: the console asks no RADIUS here.
func (*UniFi) Disconnect(Client) bool { return false }
