package gatetest

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// CiscoWLC is an AireOS controller, or a Catalyst 9800 where Names are set.
type CiscoWLC struct {
	*floor

	// Names are what the parameters are called at this controller, by AireOS' names.
	Names map[string]string

	mu       sync.Mutex // guards failures
	failures map[string]int
}

// NewCiscoWLC returns a controller at its virtual address.
func NewCiscoWLC(w World) *CiscoWLC {
	return &CiscoWLC{floor: newFloor(w, "https://192.0.2.1"), failures: map[string]int{}}
}

// Redirect implements NAS. Nothing is escaped, the guest's address has no scheme, and the
// query begins with ? whatever the portal's address has.
func (n *CiscoWLC) Redirect(c Client, to string) *url.URL {
	n.join(c)
	return n.redirect(c, to, "")
}

func (n *CiscoWLC) redirect(c Client, to, status string) *url.URL {
	var raw strings.Builder
	raw.WriteString(n.Portal.String())
	add := func(sep, name, value string) {
		if called := n.Names[name]; called != "" {
			name = called
		}
		raw.WriteString(sep + name + "=" + value)
	}
	add("?", "switch_url", n.Address.String()+"/login.html")
	add("&", "ap_mac", "b8:be:bf:14:41:90")
	add("&", "client_mac", c.MAC)
	add("&", "wlan", n.SSID)
	if status != "" {
		add("&", "statusCode", status)
	}
	_, bare, _ := strings.Cut(to, "://")
	add("&", "redirect", bare)
	return must(raw.String())
}

// Handler implements NAS: the controller's virtual interface.
func (n *CiscoWLC) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, known := n.from(r)
		said, right := form(r, []string{"username", "password"}, []string{"buttonClicked", "redirect_url"})
		switch {
		case !n.here(r, http.MethodPost, "/login.html") || !known:
			http.NotFound(w, r)
		case !right || said["buttonClicked"] != "4":
			sendTo(w, r, n.redirect(c, "http://example.com/", "").String(), http.StatusFound)
		default:
			n.answer(w, r, c, said)
		}
	})
}

// answer logs a client in, or sends it back with the status that says why not.
func (n *CiscoWLC) answer(w http.ResponseWriter, r *http.Request, c Client, said map[string]string) {
	status := ""
	_, online := n.Online(c)
	switch {
	case online:
		status = "1"
	case n.failed(c, 0) >= 3:
		status = "4"
	case n.inUse(said["username"]):
		status = "3"
	case !n.login(said["username"], said["password"], c, 30*time.Minute):
		n.failed(c, 1)
		status = "5"
	}
	to := said["redirect_url"]
	if status != "" {
		sendTo(w, r, n.redirect(c, "http://example.com/", status).String(), http.StatusFound)
	} else if to == "" {
		_, _ = w.Write([]byte("<html><title>Web Authentication</title>Login Successful !"))
	} else {
		sendTo(w, r, to[:min(len(to), 255)], http.StatusFound)
	}
}

// failed counts a client's failures.
func (n *CiscoWLC) failed(c Client, more int) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.failures[c.MAC] += more
	return n.failures[c.MAC]
}
