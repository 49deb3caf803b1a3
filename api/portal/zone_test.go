package portal

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// desk has one zone with one code of each sort.
type desk struct {
	Store // no captive portal is asked for here

	zone  store.PortalZone
	err   error
	tried []string
}

func (d *desk) Portal(context.Context, identity.PortalID) (store.Portal, error) {
	return store.Portal{}, d.orElse(store.ErrPortalNotFound)
}

func (d *desk) PortalZone(_ context.Context, id roll.ZoneID) (store.PortalZone, error) {
	if d.err != nil || id != d.zone.ID {
		return store.PortalZone{}, d.orElse(store.ErrZoneNotFound)
	}
	return d.zone, nil
}

func (d *desk) orElse(err error) error {
	if d.err != nil {
		return d.err
	}
	return err
}

func (d *desk) TestCodes(_ context.Context, _ store.Scope, _ visit.SiteID, _ roll.ZoneID, text string) (roll.Decision, error) {
	d.tried = append(d.tried, text)
	var findings []roll.Finding
	for _, code := range strings.Fields(text) {
		findings = append(findings, roll.Finding{Claim: roll.Claim{Code: code, Reading: roll.Reading{Spelling: strings.TrimSuffix(code, "22")}}})
	}
	switch text {
	case "fresh", "fresh22":
		return roll.Decision{Findings: findings, EndsAt: now.Add(26*time.Hour + 30*time.Minute), Entries: []roll.Entry{{}}}, nil
	case "active", "active  two", strings.TrimSpace(strings.Repeat("sixteen-letters ", 8)), strings.TrimSpace(strings.Repeat("sixteen-letters ", 9)):
		return roll.Decision{Findings: findings, EndsAt: now.Add(89*time.Minute + time.Second)}, nil
	case "active active":
		findings[1].State = roll.Repeated
		return roll.Decision{Findings: findings, EndsAt: now.Add(time.Hour)}, nil
	case "over":
		return roll.Decision{Refused: roll.Expired}, nil
	case "many":
		return roll.Decision{}, roll.ErrTooManyCodes
	}
	return roll.Decision{Refused: roll.Invalid}, nil
}

func open(t *testing.T, change ...func(*Config)) (*desk, http.Handler) {
	t.Helper()
	d := &desk{zone: store.PortalZone{SiteName: "Café <Wien>", Zone: store.Zone{
		ID: "zone", SiteID: "site", Enabled: true, InvalidMessage: "No such <code>", ExpiredMessage: "Time is up",
		Login: store.LoginForm{URL: "http://10.0.0.1:8002/login", UserField: "auth_user", PasswordField: "auth_pass"},
	}}}
	c := Config{Store: d, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }}
	for _, f := range change {
		f(&c)
	}
	pages := New(c)
	return d, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		zone := strings.TrimPrefix(r.URL.Path, "/portal/")
		pages.Serve(w, r, zone, "", r.RemoteAddr)
	})
}

func get(h http.Handler, address, language string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, address, nil)
	r.Header.Set("Accept-Language", language)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func post(h http.Handler, address, code string) *httptest.ResponseRecorder {
	form := url.Values{"auth_voucher": {code}, "accept": {"1"}}
	r := httptest.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestTheFormInEveryLanguage(t *testing.T) {
	t.Parallel()
	_, h := open(t)
	for _, language := range catalogue.VisitorLanguages() {
		for _, w := range []*httptest.ResponseRecorder{get(h, "/portal/zone", language), get(h, "/portal/zone?lang="+language, "ja")} {
			body := w.Body.String()
			require.Equal(t, http.StatusOK, w.Code)
			require.Contains(t, body, `<html lang="`+language+`">`)
			require.Contains(t, body, `name="auth_voucher"`)
			require.Contains(t, body, catalogue.ForVisitor(language, "").Text("portal.button"))
			require.NotContains(t, body, "portal.", "a text is missing")
			require.NotContains(t, body, "<script")
			require.Contains(t, body, "Café &lt;Wien&gt;")
			require.Less(t, len(body), 14_000)
			require.Empty(t, w.Result().Cookies())
			require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		}
	}
}

func TestAnAddressFillsTheFormInAndNoMore(t *testing.T) {
	t.Parallel()
	d, h := open(t)
	body := get(h, `/portal/zone?voucher="><script>&client_mac=aa`, "en").Body.String()
	require.Contains(t, body, `value="&#34;&gt;&lt;script&gt;"`)
	require.Contains(t, body, "client_mac=aa&amp;lang=de", "what a portal adds goes along")
	require.Empty(t, d.tried)
	long := get(h, "/portal/zone?voucher="+strings.Repeat("x", 5000), "en")
	require.Less(t, len(long.Body.String()), 14_000)
	require.NotContains(t, long.Body.String(), `value="`+strings.Repeat("x", maxShown+1))
}

func TestWhatIsWrongWithACode(t *testing.T) {
	t.Parallel()
	_, h := open(t)
	for code, message := range map[string]string{
		"nonsense": "No such &lt;code&gt;", "many": "No such &lt;code&gt;", "": "No such &lt;code&gt;", "over": "Time is up", strings.Repeat("x", maxCodes+1): "No such &lt;code&gt;",
	} {
		w := post(h, "/portal/zone", code)
		require.Equal(t, http.StatusOK, w.Code)
		require.Contains(t, w.Body.String(), `role="alert">`+message)
		require.NotContains(t, w.Body.String(), "10.0.0.1")
	}
	require.NotContains(t, post(h, "/portal/zone", "typed-code").Body.String(), "voucher=typed", "what was typed gets into no address")
}

func TestAGoodCodeLeadsToTheNetworksOwnForm(t *testing.T) {
	t.Parallel()
	d, h := open(t)
	w := post(h, "/portal/zone", "fresh")
	body := w.Body.String()
	require.Contains(t, body, "Access for 1\u00a0d 2\u00a0h from when you go online.")
	require.Contains(t, body, `<form method="post" action="http://10.0.0.1:8002/login">`)
	require.Contains(t, body, `name="auth_user" value="fresh"`)
	require.Contains(t, body, `name="auth_pass" value="fresh"`)
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "form-action 'self' http://10.0.0.1:8002;")
	require.Contains(t, post(h, "/portal/zone", "active  two").Body.String(), `value="active two"`)
	require.Contains(t, post(h, "/portal/zone", "fresh22").Body.String(), `name="auth_user" value="fresh"`, "as printed")
	require.Contains(t, post(h, "/portal/zone", "active active").Body.String(), `name="auth_user" value="active"`, "once")
	eight := strings.TrimSpace(strings.Repeat("sixteen-letters ", 8))
	require.Contains(t, post(h, "/portal/zone", eight+" ").Body.String(), `name="auth_user" value="`+eight+`"`)
	nine := post(h, "/portal/zone", eight+" sixteen-letters ").Body.String()
	require.NotContains(t, nine, "auth_user", "no NAS could send them")
	require.Contains(t, nine, "No such &lt;code&gt;")
	require.Contains(t, post(h, "/portal/zone", "active").Body.String(), "Access until it ends in 1\u00a0h 30\u00a0min.")

	d.zone.Login.URL = ""
	body = post(h, "/portal/zone", "fresh").Body.String()
	require.Contains(t, body, "Enter it where the network asks you for it.")
	require.NotContains(t, body, "<form")
}

func TestWhereThereIsNoPage(t *testing.T) {
	t.Parallel()
	d, h := open(t)
	require.Equal(t, http.StatusNotFound, get(h, "/portal/another", "en").Code)
	require.Equal(t, http.StatusNotFound, post(h, "/portal/another", "fresh").Code)
	d.zone.Enabled = false
	require.Equal(t, http.StatusNotFound, post(h, "/portal/zone", "fresh").Code)
	require.Empty(t, d.tried)
	d.err = visit.Unavailable("the database", nil)
	w := get(h, "/portal/zone", "en")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotContains(t, w.Body.String(), "database")
}

// TestGuessing: who tries too often, and a zone that is tried too often by whomever,
// is told to wait, whether the code is good or not.
func TestGuessing(t *testing.T) {
	t.Parallel()
	slow := func() *limit.Limiter { return limit.New(limit.Config{Rate: 0.01, Burst: 3, Keys: 10}, time.Now) }
	for name, change := range map[string]func(*Config){
		"by address": func(c *Config) { c.Tries = slow() },
		"by zone":    func(c *Config) { c.Guesses = slow() },
	} {
		d, h := open(t, change)
		for range 3 {
			require.Equal(t, http.StatusOK, post(h, "/portal/zone", "nonsense").Code, name)
		}
		w := post(h, "/portal/zone", "fresh")
		require.Equal(t, http.StatusTooManyRequests, w.Code, name)
		require.NotEmpty(t, w.Header().Get("Retry-After"))
		require.Len(t, d.tried, 3)
		require.Equal(t, http.StatusOK, get(h, "/portal/zone", "en").Code, "looking at the form costs nothing")
	}
}
