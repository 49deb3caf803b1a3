package gatetest

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Meraki is Cisco Meraki's cloud with an access point before it.
type Meraki struct {
	*floor

	// Swallow has the dashboard send guests to Meraki's own page, wherever they were
	// going: the setting that makes continue_url do nothing.
	Swallow bool

	click bool
	mu    sync.Mutex // guards pages
	pages map[string]merakiPage
}

// merakiPage is a splash page that waits for its login.
type merakiPage struct {
	client Client
	to     string
}

// NewMeraki returns a network with a sign-on splash page.
func NewMeraki(w World) *Meraki {
	return &Meraki{floor: newFloor(w, "https://n143.network-auth.com"), pages: map[string]merakiPage{}}
}

// NewMerakiClick returns one with a click-through splash page.
func NewMerakiClick(w World) *Meraki {
	m := NewMeraki(w)
	m.click = true
	return m
}

// Redirect implements NAS. The client's address is the one that the access point
// translates to, not its own.
func (m *Meraki) Redirect(c Client, to string) *url.URL {
	m.join(c)
	return m.redirect(c, to)
}

func (m *Meraki) redirect(c Client, to string, more ...string) *url.URL {
	key := m.token()
	m.mu.Lock()
	m.pages[key] = merakiPage{c, to}
	m.mu.Unlock()
	if m.click {
		grant := m.Address.String() + "/splash/grant?" + query("h", key)
		return at(m.Portal, query(append([]string{"base_grant_url", grant, "user_continue_url", to, "node_id", "1301936",
			"node_mac", "00:18:0a:13:dd:b0", "gateway_id", "1301936", "client_ip", "10.162.50.40", "client_mac", c.MAC}, more...)...))
	}
	login := m.Address.String() + "/splash/login?" + query("mauth", key, "continue_url", to)
	return at(m.Portal, query(append([]string{"login_url", login, "continue_url", to, "ap_mac", "88:15:44:60:1c:1a",
		"ap_name", "lobby", "ap_tags", "MR53 BLE", "client_mac", c.MAC, "client_ip", "10.162.50.40"}, more...)...))
}

// Handler implements NAS: the cloud.
func (m *Meraki) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !m.click && m.here(r, http.MethodPost, "/splash/login"):
			m.signOn(w, r)
		case m.click && m.here(r, http.MethodGet, "/splash/grant"):
			m.clickThrough(w, r)
		case m.here(r, http.MethodGet, "/splash/logout"):
			m.logOut(w, r)
		default:
			http.NotFound(w, r)
		}
	})
}

// take returns the page that a key stands for, once.
func (m *Meraki) take(key string) (merakiPage, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	page, ok := m.pages[key]
	delete(m.pages, key)
	return page, ok
}

func (m *Meraki) signOn(w http.ResponseWriter, r *http.Request) {
	asked, ok := ordered(r.URL.RawQuery)
	address, known := exactly(asked, "mauth", "continue_url")
	said, right := form(r, []string{"username", "password"}, []string{"success_url"})
	page, waiting := m.take(address["mauth"])
	if !ok || !known || !right || !waiting || address["continue_url"] != page.to {
		http.Error(w, "bad splash request", http.StatusBadRequest)
		return
	}
	if !m.login(said["username"], said["password"], page.client, 30*24*time.Hour) {
		back := m.redirect(page.client, page.to, "error_message", "Incorrect username or password")
		sendTo(w, r, back.String(), http.StatusFound)
		return
	}
	to, err := url.Parse(said["success_url"])
	if err != nil || said["success_url"] == "" {
		sendTo(w, r, page.to, http.StatusFound)
		return
	}
	key := m.token()
	m.mu.Lock()
	m.pages[key] = page
	m.mu.Unlock()
	sendTo(w, r, at(to, query("logout_url", m.Address.String()+"/splash/logout?"+query("key", key))).String(), http.StatusFound)
}

func (m *Meraki) clickThrough(w http.ResponseWriter, r *http.Request) {
	asked, ok := ordered(r.URL.RawQuery)
	said, right := exactly(asked, "h", "continue_url", "duration")
	left, err := strconv.Atoi(said["duration"])
	page, waiting := m.take(said["h"])
	if !ok || !right || !waiting || err != nil || left < 1 {
		http.Error(w, "bad grant request", http.StatusBadRequest)
		return
	}
	m.open("", page.client, time.Duration(left)*time.Second)
	to := said["continue_url"]
	if m.Swallow {
		to = m.Address.String() + "/splash/connected"
	}
	sendTo(w, r, to, http.StatusFound)
}

func (m *Meraki) logOut(w http.ResponseWriter, r *http.Request) {
	page, ok := m.take(r.URL.Query().Get("key"))
	if !ok || !m.shut(page.client, CauseUser) {
		http.NotFound(w, r)
		return
	}
	sendTo(w, r, cmp.Or(r.URL.Query().Get("continue_url"), page.to), http.StatusFound)
}
