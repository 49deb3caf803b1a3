package gatetest

import (
	"net/http"
	"net/url"
	"sync"
	"time"
)

// FortiGate is a firewall whose interface has an external authentication portal.
type FortiGate struct {
	*floor

	mu     sync.Mutex // guards magics
	magics map[string]magic
}

// magic is a login that a FortiGate waits for: once, by one client, for a minute.
type magic struct {
	client Client
	to     string
	until  time.Time
}

// NewFortiGate returns a firewall with HTTPS authentication.
func NewFortiGate(w World) *FortiGate {
	return &FortiGate{floor: newFloor(w, "https://192.0.2.3:1003"), magics: map[string]magic{}}
}

// Redirect implements NAS. Nothing is escaped, and where the guest was going is not said.
func (n *FortiGate) Redirect(c Client, to string) *url.URL {
	n.join(c)
	return n.redirect(c, to, "")
}

func (n *FortiGate) redirect(c Client, to, first string) *url.URL {
	key := n.token()
	n.mu.Lock()
	n.magics[key] = magic{c, to, n.Now().Add(time.Minute)}
	n.mu.Unlock()
	return at(n.Portal, first+"login&post="+n.Address.String()+"/fgtauth&magic="+key+"&usermac="+c.MAC+
		"&apmac=00:11:22:33:44:55&apip=192.0.2.99&userip="+c.IP.String()+"&ssid="+n.SSID+"&apname=lobby&bssid=66:77:88:99:aa:bb")
}

// Handler implements NAS: the authentication daemon.
func (n *FortiGate) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, known := n.from(r)
		said, right := form(r, []string{"magic", "username", "password"}, nil)
		if !n.here(r, http.MethodPost, "/fgtauth") || !known || !right {
			http.Error(w, "Firewall Authentication", http.StatusBadRequest)
			return
		}
		waiting, good := n.take(said["magic"])
		switch {
		case !good || waiting.client.MAC != c.MAC:
			// It does not say what is wrong: another magic, from the beginning.
			sendTo(w, r, n.redirect(c, "http://example.com/", "").String(), http.StatusSeeOther)
		case !n.login(said["username"], said["password"], c, 5*time.Minute):
			sendTo(w, r, n.redirect(c, waiting.to, "Auth=Failed&").String(), http.StatusSeeOther)
		default:
			sendTo(w, r, waiting.to, http.StatusSeeOther)
		}
	})
}

// take returns what a magic stands for, once and in time.
func (n *FortiGate) take(key string) (magic, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	m, ok := n.magics[key]
	delete(n.magics, key)
	return m, ok && n.Now().Before(m.until)
}
