package portal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/gate/gatetest"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/visit"
)

const publicURL = "https://portal.example"

// hall is a site with a portal and a NAS before it, on Monday, 3 June 2024, at eight in
// the morning there. The store is the real one; the NAS is simulated, and asks for
// secrets what an agent would.
type hall struct {
	*storetest.Bench
	desk   store.Caller
	site   visit.Site
	portal store.Portal
	pages  *Pages
	nas    gatetest.NAS
	radius *radius
	asked  *controllers
}

// radius stands for the site's agents: it takes a secret once.
type radius struct {
	Store
	now func() time.Time

	mu      sync.Mutex // guards what follows
	secrets map[string]issued
	codes   map[string]time.Duration
	left    []int // seconds of each accept
}

type issued struct {
	username string
	of       store.SecretFor
}

func (r *radius) OneTimeSecret(ctx context.Context, f store.SecretFor) (store.Secret, error) {
	secret, err := r.Store.OneTimeSecret(ctx, f)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.secrets[secret.Password] = issued{secret.Username, f}
	}
	return secret, err
}

// TestCodes knows what the test has printed.
func (r *radius) TestCodes(_ context.Context, _ store.Scope, _ visit.SiteID, _ roll.ZoneID, text string) (roll.Decision, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	left, ok := r.codes[text]
	switch {
	case !ok:
		return roll.Decision{Refused: roll.Invalid}, nil
	case left == 0:
		return roll.Decision{Refused: roll.Expired}, nil
	}
	return roll.Decision{Findings: []roll.Finding{{Claim: roll.Claim{Code: text, Reading: roll.Reading{Spelling: text}}}}, EndsAt: r.now().Add(left)}, nil
}

func (r *radius) authorize(portal store.Portal, user, password, mac string) (time.Duration, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if left, ok := r.codes[password]; ok && user == password {
		return left, true
	}
	secret, ok := r.secrets[password]
	delete(r.secrets, password)
	if !ok || secret.username != user || secret.of.MAC != "" && secret.of.MAC != mac {
		return 0, false
	}
	var until time.Time
	if secret.of.VoucherID != "" {
		pass, err := r.Store.(*store.Store).VisitLogin(context.Background(), portal, user, password)
		until = pass.Until
		if err != nil { // what the voucher's own end is does not matter here
			until = r.now().Add(time.Hour)
		}
	} else {
		authentication, err := r.GuestAuthentication(context.Background(), portal, secret.of.AccessID)
		if err != nil || !authentication.Green(r.now()) {
			return 0, false
		}
		until = authentication.ExpiresAt
	}
	left := until.Sub(r.now()).Truncate(time.Second)
	r.left = append(r.left, int(left/time.Second))
	return left, left > 0
}

// controllers asks a NAS's controller, or is deaf.
type controllers struct {
	nas       func() gatetest.NAS
	deaf      bool
	meanwhile func() // what happens before it answers; nil: nothing
}

func (c *controllers) Do(_ context.Context, _ gate.Settings, call *gate.Call) error {
	if c.deaf {
		return visit.Unavailable("the network's controller", nil)
	}
	if c.meanwhile != nil {
		c.meanwhile()
	}
	return gatetest.Ask(c.nas(), call)
}

type ready struct{}

func (ready) WaitAcked(context.Context, visit.SiteID, int64) (store.Readiness, error) {
	return store.Readiness{Agents: 1, Connected: 1, Acked: 1}, nil
}

// plan is what a test wants of its hall.
type plan struct {
	vendor   gate.Vendor
	settings gate.Settings
	nas      func(gatetest.World) gatetest.NAS
	template func(*identity.Template)
	profile  identity.Profile
	config   func(*Config)
	zone     bool // with a zone of roll codes
}

func setup(t testing.TB, p plan) *hall {
	t.Helper()
	h := &hall{Bench: storetest.New(t), desk: store.Caller{Actor: "user:desk", Scope: store.Everything}}
	zone, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	h.Clock.Advance(time.Date(2024, 6, 3, 8, 0, 0, 0, zone).Sub(h.Clock.Now()))
	h.site, err = h.CreateSite(t.Context(), h.desk, visit.Site{Name: "Café <Paris>", Timezone: "Europe/Paris"})
	require.NoError(t, err)
	h.makePortal(t, p)
	h.radius = &radius{Store: h.Store, now: h.Clock.Now, secrets: map[string]issued{}, codes: map[string]time.Duration{}}
	h.asked = &controllers{nas: func() gatetest.NAS { return h.nas }}
	c := Config{
		Store: h.radius, Acks: ready{}, Passwords: auth.NewPasswords(2, auth.Cost{Memory: 64, Time: 1, Lanes: 1}), Caller: h.asked,
		Keys: h.Keyring, PublicURL: publicURL, Logger: slog.New(slog.DiscardHandler), Now: h.Clock.Now,
	}
	if p.config != nil {
		p.config(&c)
	}
	h.pages = New(c)
	address, err := url.Parse(publicURL + "/portal/" + string(h.portal.ID))
	require.NoError(t, err)
	h.nas = p.nas(gatetest.World{
		Portal: address, Now: h.Clock.Now, SSID: "Guests",
		Authorize: func(user, password, mac string) (time.Duration, bool) {
			return h.radius.authorize(h.portal, user, password, mac)
		},
	})
	return h
}

func (h *hall) makePortal(t testing.TB, p plan) {
	t.Helper()
	if p.profile.Name == "" {
		p.profile = identity.Profile{Name: "Week", Validity: identity.Validity{Kind: identity.Days, Value: 5}}
	}
	profile, err := h.CreateProfile(t.Context(), h.desk, p.profile)
	require.NoError(t, err)
	template := identity.Template{
		Name: "Lobby", Lifetime: 4 * time.Hour, Reauth: identity.ReauthContinue, Methods: []identity.Method{identity.MethodForm}, ProfileID: profile.ID,
		Ask: map[identity.Field]bool{identity.FieldEmail: true, identity.FieldFirstName: true, identity.FieldLastName: true},
	}
	if p.template != nil {
		p.template(&template)
	}
	made, err := h.CreateTemplate(t.Context(), h.desk, template)
	require.NoError(t, err)
	wanted := store.Portal{SiteID: h.site.ID, Name: "Lobby", Vendor: p.vendor, Settings: p.settings, Enabled: true}
	if p.zone {
		zone, err := h.CreateZone(t.Context(), h.desk, store.Zone{SiteID: h.site.ID, Name: "Codes", Kind: store.LongZone, Enabled: true}, store.SeriesChange{})
		require.NoError(t, err)
		wanted.RollZone = zone.ID
	}
	portal, err := h.CreatePortal(t.Context(), h.desk, wanted, made.ID)
	require.NoError(t, err)
	h.reload(t, portal.ID)
}

func (h *hall) reload(t testing.TB, id identity.PortalID) {
	t.Helper()
	var err error
	h.portal, err = h.Portal(t.Context(), id)
	require.NoError(t, err)
}

func (h *hall) agreeTo(t testing.TB, kinds ...identity.ConsentKind) {
	t.Helper()
	for _, kind := range kinds {
		_, err := h.SetConsent(t.Context(), h.desk, h.portal.Template.ID, kind, map[string]string{"en": string(kind) + " of " + h.Clock.Now().String()})
		require.NoError(t, err)
	}
	h.reload(t, h.portal.ID)
}

var meraki = plan{vendor: gate.Meraki, nas: func(w gatetest.World) gatetest.NAS { return gatetest.NewMeraki(w) }}

func sql[T any](t testing.TB, h *hall, query string, args ...any) []T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), h.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), query, args...)
	require.NoError(t, err)
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	require.NoError(t, err)
	return values
}

// guest is a device with a browser.
type guest struct {
	t       testing.TB
	h       *hall
	client  gatetest.Client
	cookies bool
	jar     map[string]string
	agent   string
	address string // that it asks from
	shown   shown
}

// shown is what the browser shows.
type shown struct {
	code   int
	header http.Header
	body   string
	at     string
}

func (h *hall) guest(t testing.TB, mac string) *guest {
	return &guest{t: t, h: h, client: gatetest.Client{MAC: mac, IP: netip.MustParseAddr("192.168.7.20")}, cookies: true, jar: map[string]string{}, address: "192.0.2.1"}
}

const phone = "3c:22:fb:00:00:01"

// arrives opens a page that the NAS holds back.
func (g *guest) arrives() *guest {
	g.t.Helper()
	return g.opens(g.h.nas.Redirect(g.client, "http://news.example/today").String())
}

func (g *guest) opens(address string) *guest {
	g.t.Helper()
	return g.sends(http.MethodGet, address, nil)
}

// sends does what a browser does, and follows to our pages and to the NAS.
func (g *guest) sends(method, address string, fields url.Values) *guest {
	g.t.Helper()
	for range 6 {
		u, err := url.Parse(address)
		require.NoError(g.t, err)
		if u.Host != "" && u.Host != "portal.example" {
			response := gatetest.Submit(g.h.nas, g.client, gate.Release{Redirect: u})
			if !g.left(response) {
				return g
			}
			method, address, fields = http.MethodGet, response.Header.Get("Location"), nil
			continue
		}
		g.asks(method, address, fields)
		location := g.shown.header.Get("Location")
		if location == "" {
			return g
		}
		method, address, fields = http.MethodGet, location, nil
	}
	g.t.Fatal("redirected without end")
	return g
}

func (g *guest) asks(method, address string, fields url.Values) {
	g.t.Helper()
	path := strings.TrimPrefix(address, publicURL)
	r := httptest.NewRequestWithContext(g.t.Context(), method, path, strings.NewReader(fields.Encode()))
	if fields != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("User-Agent", g.agent)
	for name, value := range g.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	if site, ok := strings.CutPrefix(r.URL.Path, "/guest/s/"); ok {
		g.h.pages.ServeUniFi(w, r, strings.TrimSuffix(site, "/"), g.address)
	} else {
		id, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/portal/"), "/")
		g.h.pages.Serve(w, r, id, rest, g.address)
	}
	for _, c := range w.Result().Cookies() {
		require.True(g.t, c.HttpOnly && c.Secure && c.SameSite == http.SameSiteLaxMode && c.Path == "/portal")
		if delete(g.jar, c.Name); g.cookies && c.MaxAge > 0 {
			g.jar[c.Name] = c.Value
		}
	}
	g.shown = shown{code: w.Code, header: w.Header(), body: w.Body.String(), at: address}
	g.decent()
}

// decent is what every page is.
func (g *guest) decent() {
	g.t.Helper()
	if !strings.HasPrefix(g.shown.header.Get("Content-Type"), "text/html") {
		return
	}
	require.Less(g.t, len(g.shown.body), 14_000)
	require.NotContains(g.t, g.shown.body, "<script")
	require.NotRegexp(g.t, ` on[a-z]+=`, g.shown.body)
	require.NotContains(g.t, g.shown.body, "portal.title", "a text is missing")
	require.NotRegexp(g.t, `>portal(proof)?\.`, g.shown.body, "a text is missing")
	require.Equal(g.t, "no-store", g.shown.header.Get("Cache-Control"))
	policy := g.shown.header.Get("Content-Security-Policy")
	require.Contains(g.t, policy, "default-src 'none'")
	require.Contains(g.t, policy, "form-action 'self'")
	require.NotContains(g.t, policy, "unsafe")
}

// left reports whether the NAS sends the browser on to us.
func (g *guest) left(response *http.Response) bool {
	body, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	location := response.Header.Get("Location")
	g.shown = shown{code: response.StatusCode, header: response.Header, body: string(body), at: location}
	return strings.HasPrefix(location, publicURL)
}

var (
	formTag   = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)">(.*?)</form>`)
	hiddenTag = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// presses sends the page's form as a browser does: what is hidden, what was typed, and
// the button that was pressed. A form of the NAS's goes there.
func (g *guest) presses(button string, typed ...string) *guest {
	g.t.Helper()
	found := formTag.FindStringSubmatch(g.shown.body)
	require.NotNil(g.t, found, "no form on: %s", g.shown.body)
	action, fields := html.UnescapeString(found[1]), url.Values{}
	var ordered []gate.Field
	for _, field := range hiddenTag.FindAllStringSubmatch(found[2], -1) {
		fields.Set(field[1], html.UnescapeString(field[2]))
		ordered = append(ordered, gate.Field{Name: field[1], Value: html.UnescapeString(field[2])})
	}
	if u, err := url.Parse(action); err == nil && u.Host != "" {
		require.Contains(g.t, g.shown.header.Get("Content-Security-Policy"), "form-action 'self' "+u.Scheme+"://"+u.Host+";", "the browser would not let it through")
		response := gatetest.Submit(g.h.nas, g.client, gate.Release{Form: &gate.Form{Action: u, Fields: ordered}}) //nolint:bodyclose // left closes it
		if g.left(response) {
			return g.opens(g.shown.at)
		}
		return g
	}
	name, value, _ := strings.Cut(button, "=")
	require.Contains(g.t, g.shown.body, ` name="`+name+`" value="`+value+`"`)
	fields.Set(name, value)
	for i := 0; i+1 < len(typed); i += 2 {
		require.Contains(g.t, g.shown.body, `name="`+typed[i]+`"`)
		fields.Set(typed[i], typed[i+1])
	}
	return g.sends(http.MethodPost, action, fields)
}

// sees holds the page to texts that it has, and those behind a minus that it has not.
func (g *guest) sees(texts ...string) *guest {
	g.t.Helper()
	for _, text := range texts {
		if without, ok := strings.CutPrefix(text, "-"); ok {
			require.NotContains(g.t, g.shown.body, without)
		} else {
			require.Contains(g.t, g.shown.body, text)
		}
	}
	return g
}

// online reports for how many seconds the NAS lets the device through; 0: not.
func (g *guest) online() int {
	until, ok := g.h.nas.Online(g.client)
	if !ok {
		return 0
	}
	return int(until.Sub(g.h.Clock.Now()) / time.Second)
}

// ticks are the ids of the portal's texts, as a form's values.
func (h *hall) ticks(kinds ...identity.ConsentKind) (typed []string) {
	for _, c := range h.portal.Consents {
		for _, kind := range kinds {
			if c.Kind == kind {
				typed = append(typed, consentField(kind), c.ID)
			}
		}
	}
	return typed
}

func (h *hall) end(t testing.TB) {
	t.Helper()
	for _, id := range sql[string](t, h, "select access_id::text from authentications where live") {
		_, err := h.EndAccess(t.Context(), roll.AccessID(id), false)
		require.NoError(t, err)
	}
}

// hashOf is what a gateway calls itself by when it collects.
func hashOf(name string) string {
	sum := sha256.Sum256([]byte(url.PathEscape(name)))
	return hex.EncodeToString(sum[:])
}
