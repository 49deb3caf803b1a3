package gate

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/foyerhq/foyer/internal/visit"
)

// uniFi is UniFi Network with an external portal: the redirect says which client it is,
// nothing goes back with the browser, and the server asks the controller. Sources:
// Ubiquiti, External Hotspot API for Authorization, and the controller's own API
// documentation for what begins with /integration; what is older than Network 9.1 has
// none of Ubiquiti's.
//
// Consoles send browsers to /guest/s/<site>/ of the portal's host, whatever path staff
// would rather have.
//
// Settings.Key is an API key, or name:password of a local account, for a controller
// without keys; such logins are limited to a few a minute there.
type uniFi struct{}

// UniFi's own limits.
const (
	uniFiMaxKbps = 100_000
	uniFiMinKbps = 2
)

func (uniFi) Parse(query url.Values, _ Settings) (Arrival, error) {
	r := read(query)
	if !r.has("id") || !r.has("ap") {
		return Arrival{}, ErrNotFromNAS
	}
	a := Arrival{MAC: r.mac("id"), AP: r.label("ap"), SSID: r.label("ssid"), Continue: r.onward("url")}
	if r.err != nil {
		return Arrival{}, r.err
	}
	if a.MAC == "" {
		return Arrival{}, ErrNotFromNAS
	}
	return a, nil
}

// Release rounds down to minutes: our clock has the last word, and Revoke.
func (u uniFi) Release(a Arrival, g Grant, s Settings) (Release, error) {
	call, err := u.ask(a, s, order{classic: map[string]any{
		"cmd": "authorize-guest", "mac": a.MAC, "minutes": minutes(g.Left),
	}, modern: map[string]any{
		"action": "AUTHORIZE_GUEST_ACCESS", "timeLimitMinutes": minutes(g.Left),
	}}.limit(g).at(a))
	return Release{Call: call}, err
}

func (u uniFi) Revoke(a Arrival, s Settings) (*Call, error) {
	return u.ask(a, s, order{
		classic: map[string]any{"cmd": "unauthorize-guest", "mac": a.MAC},
		modern:  map[string]any{"action": "UNAUTHORIZE_GUEST_ACCESS"},
	})
}

// order is what the controller is to do, in the words of either API.
type order struct{ classic, modern map[string]any }

// limit adds the rates. Rx is what the client receives.
func (o order) limit(g Grant) order {
	if g.UpKbps > 0 {
		o.classic["up"] = g.UpKbps
		o.modern["txRateLimitKbps"] = min(max(g.UpKbps, uniFiMinKbps), uniFiMaxKbps)
	}
	if g.DownKbps > 0 {
		o.classic["down"] = g.DownKbps
		o.modern["rxRateLimitKbps"] = min(max(g.DownKbps, uniFiMinKbps), uniFiMaxKbps)
	}
	return o
}

// at tells an older controller the access point, which spares it a search.
func (o order) at(a Arrival) order {
	if mac, ok := visit.ParseMAC(a.AP); ok {
		o.classic["ap_mac"] = mac
	}
	return o
}

func (u uniFi) ask(a Arrival, s Settings, o order) (*Call, error) {
	base, err := controller(s)
	if err != nil {
		return nil, err
	}
	c := uniFiController{network: base.JoinPath("proxy", "network"), login: base.JoinPath("api", "auth", "login"), mac: a.MAC, site: s.Site, order: o}
	// A Network server without UniFi OS is at a port of its own, and speaks at the root.
	if base.Port() == "8443" {
		c.network, c.login = base, base.JoinPath("api", "login")
	}
	if c.site == "" {
		c.site = "default"
	}
	if !isWord(c.site) {
		return nil, visit.Invalid("site", "Give the site as it stands in the controller's address.")
	}
	if s.Key == "" {
		return nil, visit.Invalid("key", "Give an API key, or the name and the password of a local account with a colon between.")
	}
	if name, password, classic := strings.Cut(s.Key, ":"); classic {
		return c.signIn(name, password)
	}
	c.header = map[string]string{"X-API-KEY": s.Key}
	return c.get(c.network.JoinPath("integration", "v1", "sites"), "limit=200", c.readSites), nil
}

// uniFiController is a chain of calls to one.
type uniFiController struct {
	network, login *url.URL
	mac, site      string
	header         map[string]string
	order          order
}

func (c uniFiController) get(to *url.URL, query string, read func(Answer) (*Call, error)) *Call {
	to.RawQuery = query
	header := map[string]string{"Accept": "application/json"}
	for name, value := range c.header {
		header[name] = value
	}
	return &Call{Method: http.MethodGet, URL: to, Header: header, Read: read}
}

// uniFiPage is one of a list.
type uniFiPage struct {
	Data []struct {
		ID                string `json:"id"`
		InternalReference string `json:"internalReference"`
		Name              string `json:"name"`
		MACAddress        string `json:"macAddress"`
	} `json:"data"`
}

// readSites finds the site by id, by the name in its address, or by the name shown.
func (c uniFiController) readSites(answer Answer) (*Call, error) {
	var page uniFiPage
	if err := uniFiRead(answer, &page); err != nil {
		return nil, err
	}
	for _, site := range page.Data {
		if (site.ID == c.site || site.InternalReference == c.site || site.Name == c.site) && isWord(site.ID) {
			c.site = site.ID
			return c.get(c.clients(), "filter="+url.QueryEscape("macAddress.eq('"+c.mac+"')"), c.readClients), nil
		}
	}
	return nil, fmt.Errorf("%w: it has no such site", ErrController)
}

func (c uniFiController) clients() *url.URL {
	return c.network.JoinPath("integration", "v1", "sites", c.site, "clients")
}

// readClients picks the client, by its address again: what an older version does not
// know to filter by, it leaves out.
func (c uniFiController) readClients(answer Answer) (*Call, error) {
	var page uniFiPage
	if err := uniFiRead(answer, &page); err != nil {
		return nil, err
	}
	for _, client := range page.Data {
		if mac, ok := visit.ParseMAC(client.MACAddress); ok && mac == c.mac && isWord(client.ID) {
			return postJSON(c.clients().JoinPath(client.ID, "actions"), c.order.modern, c.header, c.readAction)
		}
	}
	return nil, ErrClientGone
}

func (uniFiController) readAction(answer Answer) (*Call, error) {
	if answer.Status == http.StatusNotFound {
		return nil, ErrClientGone
	}
	return nil, uniFiRead(answer, nil)
}

func (c uniFiController) signIn(name, password string) (*Call, error) {
	return postJSON(c.login, map[string]string{"username": name, "password": password}, nil, c.readSignIn)
}

// readSignIn keeps what the next call must show: a cookie, and where there is one the
// token that goes with it.
func (c uniFiController) readSignIn(answer Answer) (*Call, error) {
	if answer.Status != http.StatusOK {
		return nil, ErrController
	}
	var cookies []string
	for _, cookie := range (&http.Response{Header: answer.Header}).Cookies() {
		cookies = append(cookies, cookie.Name+"="+cookie.Value)
	}
	if len(cookies) == 0 {
		return nil, ErrController
	}
	header := map[string]string{"Cookie": strings.Join(cookies, "; ")}
	if token := answer.Header.Get("X-CSRF-Token"); token != "" {
		header["X-CSRF-Token"] = token
	}
	return postJSON(c.network.JoinPath("api", "s", c.site, "cmd", "stamgr"), c.order.classic, header, c.readCommand)
}

func (uniFiController) readCommand(answer Answer) (*Call, error) {
	var result struct {
		Meta struct {
			RC string `json:"rc"`
		} `json:"meta"`
	}
	if err := uniFiRead(answer, &result); err != nil {
		return nil, err
	}
	if result.Meta.RC != "ok" {
		return nil, ErrController
	}
	return nil, nil
}

func uniFiRead(answer Answer, into any) error {
	if answer.Status != http.StatusOK {
		return ErrController
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Body, into); err != nil {
		return ErrController
	}
	return nil
}

func (uniFi) Caps() Caps { return Caps{TimeLimit: true, Revoke: true} }

func (uniFi) Needs() []string { return []string{"controller", "key"} }

// Garden is for the hotspot's Pre-Authorization Allowances.
func (uniFi) Garden(host string) []string { return []string{host} }
