package portal

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/gate/gatetest"
)

// guest is a device with a browser that runs no scripts.
type guest struct {
	d      *deployment
	client gatetest.Client
	http   *http.Client
	page   page
	seen   []string // addresses that it went to outside of the portal, with what it sent
}

const (
	robertsMAC   = "3c:22:fb:00:00:01"
	robertsLogin = "robert.dupont@gmail.com"
	wanted       = "http://news.example/today"
)

func (d *deployment) guest(mac string) *guest {
	d.t.Helper()
	n := byte(len(d.net.clients))
	g := &guest{d: d, client: gatetest.Client{MAC: mac, IP: netip.AddrFrom4([4]byte{10, 20, 30, 40 + n})}}
	g.http = &http.Client{Transport: g}
	g.keepsCookies()
	d.net.joins(g.client)
	return g
}

// keepsCookies gives the browser an empty jar.
func (g *guest) keepsCookies() {
	jar, err := cookiejar.New(nil)
	require.NoError(g.d.t, err)
	g.http.Jar = jar
}

func (g *guest) keepsNoCookies() *guest {
	g.http.Jar = nil
	return g
}

// cookie is the portal's, empty if the browser has none.
func (g *guest) cookie() string {
	if g.http.Jar == nil {
		return ""
	}
	for _, c := range g.http.Jar.Cookies(g.d.portalURL()) {
		if c.Name == "foyer_guest" {
			return c.Value
		}
	}
	return ""
}

// has puts a cookie into the jar, that somebody else was given.
func (g *guest) has(cookie string) *guest {
	g.http.Jar.SetCookies(g.d.portalURL(), []*http.Cookie{{Name: "foyer_guest", Value: cookie, Path: "/portal", Secure: true}})
	return g
}

// RoundTrip sends what is for the portal to the server, over TLS, what is for the device
// to it, and lets the rest of the world answer politely.
func (g *guest) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == portalHost {
		return g.toPortal(r)
	}
	sent := r.URL.String()
	release := gate.Release{Redirect: r.URL}
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		sent += " " + string(body)
		release = gate.Release{Form: &gate.Form{Action: r.URL, Fields: fieldsOf(string(body))}}
	}
	g.seen = append(g.seen, sent)
	if r.URL.Host == "news.example" {
		w := httptest.NewRecorder()
		_, _ = io.WriteString(w, "<h1>News</h1>")
		return answerTo(r, w.Result()), nil
	}
	g.d.net.sent(release)
	return answerTo(r, gatetest.Submit(g.d.net.NAS, g.client, release)), nil
}

func answerTo(r *http.Request, answer *http.Response) *http.Response {
	answer.Request = r
	return answer
}

func fieldsOf(body string) (fields []gate.Field) {
	for pair := range strings.SplitSeq(body, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, _ = url.QueryUnescape(name)
		value, _ = url.QueryUnescape(value)
		fields = append(fields, gate.Field{Name: name, Value: value})
	}
	return fields
}

func (g *guest) toPortal(r *http.Request) (*http.Response, error) {
	base, ok := g.d.server.Client().Transport.(*http.Transport)
	if !ok {
		return nil, http.ErrNotSupported
	}
	at, err := url.Parse(g.d.server.URL)
	if err != nil {
		return nil, err
	}
	sent := r.Clone(r.Context())
	sent.URL.Host, sent.Host = at.Host, portalHost
	answer, err := base.RoundTrip(sent)
	if err != nil {
		return nil, err
	}
	return answerTo(r, answer), nil
}

// page is what the browser shows.
type page struct {
	status int
	at     *url.URL
	header http.Header
	body   string
}

// opens goes to an address and on, as long as it is sent on.
func (g *guest) opens(address string) *guest {
	g.d.t.Helper()
	r, err := http.NewRequestWithContext(g.d.t.Context(), http.MethodGet, address, nil)
	require.NoError(g.d.t, err)
	return g.does(r)
}

// arrives opens a page that the device holds back.
func (g *guest) arrives() *guest {
	g.d.t.Helper()
	return g.opens(g.d.net.Redirect(g.client, wanted).String())
}

func (g *guest) does(r *http.Request) *guest {
	g.d.t.Helper()
	r.Header.Set("Accept-Language", "en")
	response, err := g.http.Do(r)
	require.NoError(g.d.t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(g.d.t, err)
	g.page = page{status: response.StatusCode, at: response.Request.URL, header: response.Header, body: string(body)}
	return g
}

var (
	formTag   = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)">(.*?)</form>`)
	inputTag  = regexp.MustCompile(`<input[^>]*>`)
	buttonTag = regexp.MustCompile(`<button[^>]*>`)
	attribute = regexp.MustCompile(`\b(name|type|value|action)="([^"]*)"`)
)

func attributes(tag string) map[string]string {
	found := map[string]string{}
	for _, a := range attribute.FindAllStringSubmatch(tag, -1) {
		found[a[1]] = html.UnescapeString(a[2])
	}
	return found
}

// form is a page's only one.
type form struct {
	action  string
	hidden  []gate.Field
	fields  []string // names of what can be typed or ticked
	buttons []string // name=value
}

func (p page) form() (f form, ok bool) {
	found := formTag.FindStringSubmatch(p.body)
	if found == nil {
		return f, false
	}
	f.action = html.UnescapeString(found[1])
	for _, tag := range inputTag.FindAllString(found[2], -1) {
		a := attributes(tag)
		if a["type"] == "hidden" {
			f.hidden = append(f.hidden, gate.Field{Name: a["name"], Value: a["value"]})
		} else {
			f.fields = append(f.fields, a["name"])
		}
	}
	for _, tag := range buttonTag.FindAllString(found[2], -1) {
		a := attributes(tag)
		f.buttons = append(f.buttons, a["name"]+"="+a["value"])
	}
	return f, true
}

// presses sends the page's form by one of its buttons, with what was typed.
func (g *guest) presses(button string, typed ...string) *guest {
	g.d.t.Helper()
	return g.does(g.filled(button, typed...))
}

// filled is the request that a press of a button makes.
func (g *guest) filled(button string, typed ...string) *http.Request {
	g.d.t.Helper()
	f, ok := g.page.form()
	require.True(g.d.t, ok, "no form on: %s", g.page.body)
	require.Contains(g.d.t, f.buttons, button)
	fields := f.hidden
	for i := 0; i+1 < len(typed); i += 2 {
		require.Contains(g.d.t, f.fields, typed[i])
		fields = append(fields, gate.Field{Name: typed[i], Value: typed[i+1]})
	}
	if name, value, _ := strings.Cut(button, "="); name != "" {
		fields = append(fields, gate.Field{Name: name, Value: value})
	}
	pairs := make([]string, len(fields))
	for i, field := range fields {
		pairs[i] = url.QueryEscape(field.Name) + "=" + url.QueryEscape(field.Value)
	}
	to, err := g.page.at.Parse(f.action)
	require.NoError(g.d.t, err)
	if to.Host != portalHost {
		require.Contains(g.d.t, g.page.header.Get("Content-Security-Policy"), " "+to.Scheme+"://"+to.Host, "the browser would not let it through")
	}
	r, err := http.NewRequestWithContext(g.d.t.Context(), http.MethodPost, to.String(), strings.NewReader(strings.Join(pairs, "&")))
	require.NoError(g.d.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "null") // as browsers say of a page that keeps its address to itself
	return r
}

// goesOn presses the button of the page that posts to the device, if that is shown.
func (g *guest) goesOn() *guest {
	g.d.t.Helper()
	if f, ok := g.page.form(); ok && strings.HasPrefix(f.action, "http") {
		return g.presses("=")
	}
	return g
}

func (g *guest) sees(texts ...string) *guest {
	g.d.t.Helper()
	for _, text := range texts {
		if without, ok := strings.CutPrefix(text, "-"); ok {
			require.NotContains(g.d.t, g.page.body, without)
		} else {
			require.Contains(g.d.t, g.page.body, text)
		}
	}
	return g
}

// isAskedToLogIn: the whole login, and no Continue.
func (g *guest) isAskedToLogIn() *guest {
	g.d.t.Helper()
	f, ok := g.page.form()
	require.True(g.d.t, ok, g.page.body)
	require.Contains(g.d.t, f.fields, "email")
	require.NotContains(g.d.t, f.buttons, "do=continue")
	return g
}

// isAskedToContinue: one button, nothing to type, and nothing that says who is meant.
func (g *guest) isAskedToContinue() *guest {
	g.d.t.Helper()
	f, ok := g.page.form()
	require.True(g.d.t, ok, g.page.body)
	require.Empty(g.d.t, f.fields, "no login, no password, nothing to type")
	require.Contains(g.d.t, f.buttons, "do=continue")
	require.NotContains(g.d.t, f.buttons, "do=login", "this is not the login page")
	return g.sees("-Robert", "-Dupont", "-"+robertsLogin)
}

// isOnline: the page says so, and the device's gate is open for so many seconds.
func (g *guest) isOnline(seconds int) *guest {
	g.d.t.Helper()
	require.Equal(g.d.t, portalHost, g.page.at.Host)
	g.sees("You are online")
	require.Equal(g.d.t, seconds, g.d.net.seconds(g.client))
	return g
}

func (g *guest) isOffline() *guest {
	g.d.t.Helper()
	require.Zero(g.d.t, g.d.net.seconds(g.client))
	return g
}

// says types the login alone, registers all of it.
func (g *guest) says(login string) *guest {
	g.d.t.Helper()
	return g.presses("do=login", "email", login)
}

func (g *guest) registers(login string) *guest {
	g.d.t.Helper()
	return g.says(login).presses("do=login", "first_name", "Robert", "last_name", "Dupont").goesOn()
}
