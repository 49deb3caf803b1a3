package portal

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/gate/gatetest"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func everyMethod(t *identity.Template) {
	t.Methods = []identity.Method{
		identity.MethodVisit, identity.MethodAccount, identity.MethodCode, identity.MethodEmail, identity.MethodForm, identity.MethodSponsor,
	}
	t.SponsorDomains = []string{"example.org"}
	for _, field := range identity.Fields() {
		t.Ask[field] = true
	}
	long := strings.Repeat("wörds ", 160)
	t.Look = identity.Look{
		Title: map[string]string{"en": "Guests <b>"}, Text: map[string]string{"en": long}, Footer: map[string]string{"en": long}, Accent: "#ffd43b",
	}
}

// TestEveryPageInEveryLanguage walks through what guests can see, with the longest
// arrival that a NAS may make; each page is held to what guest.decent says.
func TestEveryPageInEveryLanguage(t *testing.T) {
	t.Parallel()
	p := meraki
	p.template, p.zone, p.config = everyMethod, true, func(c *Config) { c.Mails = true }
	h := setup(t, p)
	h.agreeTo(t, identity.ConsentTerms, identity.ConsentPrivacy, identity.ConsentMarketing)
	for i, language := range catalogue.VisitorLanguages() {
		words := catalogue.ForVisitor(language, "")
		g := h.guest(t, "3c:22:fb:00:01:0"+string(rune('0'+i)))
		to := h.nas.Redirect(g.client, "http://news.example/"+strings.Repeat("x", 900)).String()
		g.opens(to+"&lang="+language).sees(`<html lang="`+language+`">`, words.Text("portal.method.visit"), "Guests &lt;b&gt;", "{--go:#", "Café &lt;Paris&gt;")
		for _, m := range []identity.Method{identity.MethodAccount, identity.MethodCode, identity.MethodEmail, identity.MethodForm, identity.MethodSponsor} {
			g.presses("choose=" + string(m)).sees(`name="method" value="` + string(m) + `"`)
		}
		g.presses("choose=form").presses("do=login", "email", "nobody").sees(words.Text("portal.field.email.wrong"))
		g.presses("do=login", "email", "ada"+language+"@example.org").sees(`name="last_name"`)
		g.presses("lang=de").sees(`<html lang="de">`, `name="last_name"`).presses("lang=" + language)
		rest := append(h.ticks(identity.ConsentTerms), "first_name", "Ada", "last_name", "Quill", "phone", "+49 30 1234567", "company", "Quill & <Co>")
		g.presses("do=login", rest...).sees(words.Text("portal.agree.missing"), `value="Quill &amp; &lt;Co&gt;"`, `" required checked>`)
		g.presses("do=login", append(rest, h.ticks(identity.ConsentPrivacy)...)...).sees(words.Text("portal.go.text"))
		g.presses("").sees(words.Text("portal.online.title"), words.Text("portal.logout"), "-news.example") // too long for a NAS to carry
		g.presses("do=logout").sees(words.Text("portal.left.title"))
		for _, place := range []string{"", "/online", "/nothing", "/text/x", "/text/" + h.portal.Consents[0].ID} {
			g.opens(publicURL + "/portal/" + string(h.portal.ID) + place + "?lang=" + language).sees(`<html lang="` + language + `">`)
		}
		require.Equal(t, []string{"terms", "privacy"}, sql[string](t, h, `select x.kind from consents c join consent_texts x on x.id = c.text_id
			join accounts a on a.person_id = c.person_id where a.login = $1 order by x.kind desc`, "ada"+language+"@example.org"))
	}
}

// TestNobodyIsTickedIn: consents are the guest's own, each by itself, and new versions
// are asked for on Continue.
func TestNobodyIsTickedIn(t *testing.T) {
	t.Parallel()
	p := meraki
	p.template = func(t *identity.Template) { t.Ask = map[identity.Field]bool{identity.FieldEmail: true} }
	h := setup(t, p)
	h.agreeTo(t, identity.ConsentTerms, identity.ConsentMarketing)
	g := h.guest(t, phone)
	g.arrives().sees(`name="agree_terms"`, `name="agree_marketing"`, `-checked>`, `-agree_privacy`)
	g.presses("do=login", append(h.ticks(identity.ConsentTerms), "email", robertsLogin)...).goes().sees("You are online")
	h.Clock.Advance(4 * time.Hour)
	h.end(t)
	h.agreeTo(t, identity.ConsentTerms, identity.ConsentPrivacy)
	g.arrives().sees("Welcome back", `name="agree_terms"`, `name="agree_privacy"`, "-agree_marketing", `-checked>`)
	g.presses("do=continue", h.ticks(identity.ConsentPrivacy)...).sees("Tick the boxes", "Welcome back")
	require.Zero(t, g.online())
	g.presses("do=continue", h.ticks(identity.ConsentPrivacy, identity.ConsentTerms)...).goes().sees("You are online")
}

// TestHostileRedirects: nothing leads anywhere, nothing is repeated, nothing is written.
func TestHostileRedirects(t *testing.T) {
	t.Parallel()
	h := setup(t, meraki)
	g := h.guest(t, phone)
	good := h.nas.Redirect(g.client, "http://news.example/").String()
	for name, address := range map[string]string{
		"another host":  strings.Replace(good, "n143.network-auth.com", "n143.network-auth.com.evil.example", 1),
		"user info":     strings.Replace(good, "n143.network-auth.com", "n143.network-auth.com%40evil.example", 1),
		"twice":         good + "&client_mac=aa:bb:cc:dd:ee:ff",
		"script":        strings.Replace(good, "https%3A%2F%2Fn143", "javascript%3Aalert%281%29%2F%2Fn143", 1),
		"too long":      good + "&more=" + strings.Repeat("x", gate.MaxQuery),
		"a bad address": strings.Replace(good, url.QueryEscape(phone), "zz", 1),
	} {
		g.opens(address).sees("This address is not right", "-evil", "-<form", "-href=")
		require.Equal(t, http.StatusForbidden, g.shown.code, name)
		require.NotContains(t, g.shown.header.Get("Content-Security-Policy"), "network-auth", name)
	}
	g.opens(publicURL+"/portal/"+string(h.portal.ID)+"?x=1").sees("Join the network first", "-<form")
	g.opens(good).sees(`name="email"`)
	require.Contains(t, g.shown.header.Get("Content-Security-Policy"), "form-action 'self' https://n143.network-auth.com;")

	sealed := hiddenTag.FindStringSubmatch(g.shown.body)[2]
	other := h.guest(t, phone)
	for name, text := range map[string]string{"none": "", "rubbish": "AAAA", "forged": sealed[:len(sealed)-2] + "AA", "long": strings.Repeat("A", maxState+1)} {
		other.sends(http.MethodPost, publicURL+"/portal/"+string(h.portal.ID), url.Values{"s": {text}, "do": {"login"}, "method": {"form"}, "email": {robertsLogin}})
		require.Equal(t, http.StatusGone, other.shown.code, name)
	}
	h.Clock.Advance(stateFor + time.Second)
	g.presses("do=login", "email", robertsLogin).sees("This page is too old")
	require.Zero(t, sql[int64](t, h, "select count(*) from accounts")[0])
	require.Zero(t, sql[int64](t, h, "select count(*) from portal_decisions")[0], "of nobody known nothing is kept")
}

// TestWithoutCookies: who keeps none is known by typing the login, or by the device
// where the template says so.
func TestWithoutCookies(t *testing.T) {
	t.Parallel()
	for _, byMAC := range []bool{false, true} {
		p := meraki
		p.template = func(t *identity.Template) {
			t.RecogniseMAC = byMAC
			t.Ask = map[identity.Field]bool{identity.FieldEmail: true}
		}
		h := setup(t, p)
		g := h.guest(t, phone)
		g.cookies = false
		g.arrives().presses("do=login", "email", robertsLogin).goes().sees("You are online", "small window")
		h.Clock.Advance(4 * time.Hour)
		h.end(t)
		if byMAC {
			g.arrives().sees("Welcome back").presses("do=continue").goes()
		} else {
			g.arrives().sees(`name="email"`, "-value=\"robert").presses("do=login", "email", "Robert.Dupont@gmail.com ").goes()
		}
		g.sees("You are online")
		require.Equal(t, int64(1), sql[int64](t, h, "select count(*) from accounts")[0])
		want := map[bool]string{false: "returning", true: "returning_auto"}[byMAC]
		require.Equal(t, []string{"logged_in", want}, sql[string](t, h, "select n.status from authentications n join accesses v on v.id = n.access_id order by v.started_at"))
	}
}

// TestSilently: where the template lets known guests in without a word, a GET does; but
// not one that a NAS sends in a circle, nor a HEAD.
func TestSilently(t *testing.T) {
	t.Parallel()
	p := meraki
	p.template = func(t *identity.Template) {
		t.Reauth = identity.ReauthSilent
		t.Ask = map[identity.Field]bool{identity.FieldEmail: true}
	}
	var clock func() time.Time
	p.config = func(c *Config) {
		clock = c.Now
		c.Brakes.Again = limit.New(limit.Config{Rate: 0.1, Burst: 2, Keys: 10}, clock)
	}
	h := setup(t, p)
	g := h.guest(t, phone)
	g.arrives().presses("do=login", "email", robertsLogin).goes()
	h.Clock.Advance(4 * time.Hour)
	h.end(t)
	address := h.nas.Redirect(g.client, "http://news.example/").String()
	g.asks(http.MethodHead, address, nil)
	require.Equal(t, int64(1), sql[int64](t, h, "select count(*) from authentications")[0])
	g.opens(address).sees("One more step").goes().sees("You are online")
	require.Equal(t, int64(2), sql[int64](t, h, "select count(*) from authentications")[0])
	require.Equal(t, []bool{true, false}, sql[bool](t, h, "select n.clicked from authentications n join accesses v on v.id = n.access_id order by v.started_at"))
	g.arrives().sees("One more step")
	g.arrives().sees("You are logged in", `value="continue"`).presses("do=continue").goes().sees("You are online")
}

// TestTheNetworkSaysNo: the page that the NAS sends the guest back to says so, and has a
// button instead of a circle.
func TestTheNetworkSaysNo(t *testing.T) {
	t.Parallel()
	p := meraki
	p.template = func(t *identity.Template) { t.Ask = map[identity.Field]bool{identity.FieldEmail: true} }
	h := setup(t, p)
	g := h.guest(t, phone)
	g.arrives().presses("do=login", "email", robertsLogin).sees("One more step")
	h.radius.mu.Lock()
	clear(h.radius.secrets) // the minute is over
	h.radius.mu.Unlock()
	g.presses("").sees("The network did not accept the login", "You are logged in")
	require.Zero(t, g.online())
	g.presses("do=continue").goes().sees("You are online")
	require.Equal(t, int64(1), sql[int64](t, h, "select count(*) from authentications")[0])
}

func TestADoubleClick(t *testing.T) {
	t.Parallel()
	p := meraki
	p.template = func(t *identity.Template) { t.Ask = map[identity.Field]bool{identity.FieldEmail: true} }
	h := setup(t, p)
	g := h.guest(t, phone)
	g.arrives().presses("do=login", "email", robertsLogin).goes()
	h.Clock.Advance(4 * time.Hour)
	h.end(t)
	g.arrives().sees("Welcome back")
	page, cookie := g.shown, g.jar[cookieName]
	g.presses("do=continue").sees("One more step")
	g.shown, g.jar[cookieName] = page, cookie // the second click leaves before the first is answered
	g.presses("do=continue").goes().sees("You are online")
	require.Equal(t, int64(2), sql[int64](t, h, "select count(*) from authentications")[0])
}

// TestWhoIsKeptOut: by a rule in its words, by the profile's number of devices, and
// without a hint who it is by being blocked.
func TestWhoIsKeptOut(t *testing.T) {
	t.Parallel()
	p := meraki
	p.profile = identity.Profile{Name: "One", Validity: identity.Validity{Kind: identity.Days, Value: 5}, Devices: 1}
	p.template = func(t *identity.Template) {
		t.Ask = map[identity.Field]bool{identity.FieldEmail: true}
		t.Rules = []identity.AccessRule{{Weekdays: []time.Weekday{time.Tuesday}, Text: map[string]string{"en": "Closed on <Tuesdays>"}}}
	}
	h := setup(t, p)
	g := h.guest(t, phone)
	g.arrives().presses("do=login", "email", robertsLogin).goes().sees("You are online")
	tablet := h.guest(t, "3c:22:fb:00:00:02")
	tablet.jar = g.jar
	tablet.arrives().sees("As many devices", "-"+robertsLogin, "-<form")
	h.Clock.Advance(4 * time.Hour)
	h.end(t)
	_ = sql[int](t, h, "update accounts set blocked_at = now() returning 1")
	g.arrives().sees("No access here", "-"+robertsLogin, "-blocked")
	stranger := h.guest(t, "3c:22:fb:00:00:03")
	stranger.arrives().sees(`name="email"`)
	h.Clock.Advance(12*time.Hour + time.Minute)
	stranger.arrives().sees("Closed on &lt;Tuesdays&gt;", "-<form")
	require.Equal(t, []string{"device_limit", "blocked", "access_rule"},
		sql[string](t, h, "select rule from portal_decisions where rule not in ('login', 'recognised') order by id"))
}

// TestOnlyWhoWasLetInLogsOut: whoever claims the device's address is let in again if it
// is theirs, and cannot end anything.
func TestOnlyWhoWasLetInLogsOut(t *testing.T) {
	t.Parallel()
	p := meraki
	p.template = func(t *identity.Template) { t.Ask = map[identity.Field]bool{identity.FieldEmail: true} }
	h := setup(t, p)
	g := h.guest(t, phone)
	g.arrives().presses("do=login", "email", robertsLogin).goes().sees(`value="logout"`)
	claim := h.guest(t, phone)
	claim.arrives().goes().sees("You are online", `-value="logout"`)
	g.arrives().goes().sees(`value="logout"`)
	old := g.jar[cookieName]
	g.presses("do=logout")
	require.Empty(t, g.jar)
	require.Equal(t, []string{"logout"}, sql[string](t, h, "select end_reason from accesses"))
	g.jar[cookieName] = old
	g.arrives().sees(`name="email"`, "-Welcome back")
}

// TestTooMany: by address, by device and by portal; a password also by site.
func TestTooMany(t *testing.T) {
	t.Parallel()
	slow := func(now func() time.Time) *limit.Limiter {
		return limit.New(limit.Config{Rate: 0.01, Burst: 3, Keys: 10}, now)
	}
	for name, change := range map[string]func(*Config){
		"address": func(c *Config) { c.Tries = slow(c.Now) },
		"portal":  func(c *Config) { c.Guesses = slow(c.Now) },
		"device":  func(c *Config) { c.Brakes.Devices = slow(c.Now) },
		"secrets": func(c *Config) { c.Brakes.Secrets = slow(c.Now) },
		"site":    func(c *Config) { c.Brakes.Site = slow(c.Now) },
	} {
		p := meraki
		p.config, p.template = change, func(t *identity.Template) { t.Methods = []identity.Method{identity.MethodVisit} }
		h := setup(t, p)
		g := h.guest(t, phone)
		g.arrives()
		form := g.shown
		for range 3 {
			g.shown = form
			g.presses("do=login", "username", "v-23456789", "password", "nonsense").sees("User name or password are not right")
		}
		g.shown = form
		g.presses("do=login", "username", "v-23456789", "password", "nonsense").sees("One moment, please")
		require.Equal(t, http.StatusTooManyRequests, g.shown.code, name)
		require.NotEmpty(t, g.shown.header.Get("Retry-After"))
	}
	p := meraki
	p.config = func(c *Config) { c.Brakes.Loads = slow(c.Now) }
	h := setup(t, p)
	g := h.guest(t, phone)
	for range 3 {
		g.arrives().sees("<form")
	}
	require.Equal(t, http.StatusTooManyRequests, g.arrives().shown.code)
}

// visitor checks somebody in, until noon.
func (h *hall) visitor(t testing.TB) (visit.VisitID, visit.Credentials) {
	t.Helper()
	out, err := h.Register(t.Context(), h.desk, visit.Registration{
		SiteID: h.site.ID, Visitor: visit.Visitor{FirstName: "Grace", LastName: "Stone"}, Host: visit.Host{Name: "Ada Quill"},
		ExpectedDeparture: h.Clock.Now().Add(4 * time.Hour),
	}, store.RegisterOptions{CheckIn: true})
	require.NoError(t, err)
	_, err = h.IssueVoucher(t.Context(), out.Visit.ID, store.Workflow)
	require.NoError(t, err)
	credentials, _, err := h.Credentials(t.Context(), out.Visit.ID)
	require.NoError(t, err)
	return out.Visit.ID, credentials
}

func visits(t *identity.Template) {
	t.Methods, t.Lifetime = []identity.Method{identity.MethodVisit}, 2*time.Hour
}

// TestCredentialsOfAVisit: they make no account, what is agreed to is the visitor's, and
// the visit's own end holds.
func TestCredentialsOfAVisit(t *testing.T) {
	t.Parallel()
	p := meraki
	p.template = visits
	h := setup(t, p)
	h.agreeTo(t, identity.ConsentTerms)
	id, credentials := h.visitor(t)
	g := h.guest(t, phone)
	g.arrives()
	for _, typed := range [][]string{{credentials.Username, "wrong"}, {"v-23456789", credentials.Password}, {credentials.Username, ""}, {"", ""}} {
		g.presses("do=login", append(h.ticks(identity.ConsentTerms), "username", typed[0], "password", typed[1])...).sees("User name or password are not right", `-value="`+credentials.Password)
	}
	g.presses("do=login", "username", credentials.Username, "password", credentials.Password).sees("Tick the boxes")
	g.presses("do=login", append(h.ticks(identity.ConsentTerms), "username", " "+strings.ToUpper(credentials.Username), "password", strings.ToUpper(credentials.Password[:4]+"-"+credentials.Password[4:]))...)
	g.sees("One more step").goes().sees("You are online", "12:00", `-value="logout"`)
	require.Zero(t, sql[int64](t, h, "select count(*) from accounts")[0])
	require.Zero(t, sql[int64](t, h, "select count(*) from accesses")[0])
	require.Equal(t, int64(1), sql[int64](t, h, "select count(*) from consents")[0])
	require.Empty(t, g.jar)

	_, err := h.RequestCheckOut(t.Context(), h.desk, id)
	require.NoError(t, err)
	_, err = h.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Workflow})
	require.NoError(t, err)
	online := g.shown.at
	g.opens(online).sees("Your access has ended")
	h.guest(t, "3c:22:fb:00:00:02").arrives().presses("do=login", append(h.ticks(identity.ConsentTerms), "username", credentials.Username, "password", credentials.Password)...).sees("are not right")
}

// TestARollCode: the NAS is told the code, and nothing is stored of its holder.
func TestARollCode(t *testing.T) {
	t.Parallel()
	p := meraki
	p.zone, p.template = true, func(t *identity.Template) { t.Methods = []identity.Method{identity.MethodCode} }
	h := setup(t, p)
	h.radius.codes["good"], h.radius.codes["over"] = 90*time.Minute, 0
	g := h.guest(t, phone)
	g.arrives().presses("do=login", "auth_voucher", "nonsense").sees(`role="alert"`)
	g.presses("do=login", "auth_voucher", "over").sees(`role="alert"`)
	g.presses("do=login", "auth_voucher", " good ").sees(`value="good"`).goes().sees("You are online", `-value="logout"`)
	require.Equal(t, 90*60, g.online())
	require.Zero(t, sql[int64](t, h, "select count(*) from accesses")[0], "the agent makes it")
}

var uniFi = plan{
	vendor: gate.UniFi, settings: gate.Settings{Controller: "https://192.0.2.13", Key: "key", Site: "default"}, template: visits,
	nas: func(w gatetest.World) gatetest.NAS {
		n := gatetest.NewUniFi(w)
		n.Key = "key"
		return n
	},
}

// TestAGateWithoutRADIUS: the controller is asked, the opening is known, and it is shut
// when the visit ends.
func TestAGateWithoutRADIUS(t *testing.T) {
	t.Parallel()
	h := setup(t, uniFi)
	id, credentials := h.visitor(t)
	g := h.guest(t, phone)
	g.opens(publicURL + "/guest/s/another/?id=" + phone + "&ap=x").sees("Not available")
	h.asked.deaf = true
	g.arrives().presses("do=login", "username", credentials.Username, "password", credentials.Password).sees("The network did not open", `value="continue"`)
	require.Equal(t, http.StatusBadGateway, g.shown.code)
	require.Equal(t, []string{store.ShutNeverOpened}, sql[string](t, h, "select failure from openings"))
	h.asked.deaf = false
	g.presses("do=continue").sees("You are online")
	require.Equal(t, 2*3600, g.online(), "as long as the template lets a gate open")

	_, err := h.RequestCheckOut(t.Context(), h.desk, id)
	require.NoError(t, err)
	_, err = h.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Workflow})
	require.NoError(t, err)
	due, err := h.DueGates(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, due, 1)
	require.Equal(t, phone, due[0].Arrival.MAC)
	require.Equal(t, "key", due[0].Portal.Settings.Key)
	again, err := h.DueGates(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, again, "somebody has it")
	require.NoError(t, h.ShutGate(t.Context(), due[0].ID, store.Shutting{}))
	h.Clock.Advance(time.Hour)
	again, err = h.DueGates(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, again)
}

// TestAGateOpenedTooLate: who checks out while the controller is asked is not online.
func TestAGateOpenedTooLate(t *testing.T) {
	t.Parallel()
	h := setup(t, uniFi)
	id, credentials := h.visitor(t)
	h.asked.meanwhile = func() {
		_, err := h.RequestCheckOut(t.Context(), h.desk, id)
		require.NoError(t, err)
		_, err = h.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Workflow})
		require.NoError(t, err)
		due, err := h.DueGates(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, due, 1)
		require.NoError(t, h.ShutGate(t.Context(), due[0].ID, store.Shutting{Try: due[0].Tries}))
	}
	h.guest(t, phone).arrives().presses("do=login", "username", credentials.Username, "password", credentials.Password).sees("Your access has ended")
	due, err := h.DueGates(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, due, 1, "to be shut once more")
}

// TestTheDevicesOfAVisit: where nobody asks an agent, the site's limit holds all the same.
func TestTheDevicesOfAVisit(t *testing.T) {
	t.Parallel()
	h := setup(t, uniFi)
	limit := func(n int) {
		_, err := h.UpdateSite(t.Context(), h.desk, h.site.ID, store.SiteChange{DeviceLimit: &n})
		require.NoError(t, err)
	}
	limit(1)
	_, credentials := h.visitor(t)
	in := func(mac, seen string) {
		h.guest(t, mac).arrives().presses("do=login", "username", credentials.Username, "password", credentials.Password).sees(seen)
	}
	const tooMany = "As many devices as are allowed"
	in(phone, "You are online")
	in(phone, "You are online")
	in("3c:22:fb:00:00:02", tooMany)
	require.Equal(t, int64(1), sql[int64](t, h, "select count(*) from openings where shut_at is null")[0])
	h.asked.deaf = true
	limit(2)
	in("3c:22:fb:00:00:02", "The network did not open")
	h.asked.deaf = false
	in("3c:22:fb:00:00:03", "You are online")
	in("3c:22:fb:00:00:02", tooMany)
	limit(0)
	in("3c:22:fb:00:00:02", "You are online")
	limit(1)
	h.Clock.Advance(2 * time.Hour)
	in("3c:22:fb:00:00:04", "You are online")
}

// TestAReplacedGate: who logs in anew on the same device is not shut out for who was
// there before.
func TestAReplacedGate(t *testing.T) {
	t.Parallel()
	p := uniFi
	p.template = func(t *identity.Template) { t.Ask = map[identity.Field]bool{identity.FieldEmail: true} }
	h := setup(t, p)
	g := h.guest(t, phone)
	g.arrives().presses("do=login", "email", robertsLogin).sees("You are online").presses("do=logout").sees("You are logged out")
	due, err := h.DueGates(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, due, 1)
	require.NoError(t, h.ShutGate(t.Context(), due[0].ID, store.Shutting{}))
	g.arrives().presses("do=login", "email", robertsLogin).sees("You are online")
	first := g.shown
	g.jar = map[string]string{}
	h.Clock.Advance(time.Minute)
	g.arrives().sees("You are online")
	require.Equal(t, int64(2), sql[int64](t, h, "select count(*) from openings where failure = '' ")[0])
	g.shown = first
	require.Equal(t, int64(1), sql[int64](t, h, "select count(*) from openings where shut_at is null")[0], "let in again, one gate is open")
}

// TestAGatewayThatCollects is openNDS at level 3.
func TestAGatewayThatCollects(t *testing.T) {
	t.Parallel()
	p := plan{
		vendor: gate.OpenNDS, settings: gate.Settings{Level: 3, Secret: "faskey"}, template: visits,
		nas: func(w gatetest.World) gatetest.NAS { return gatetest.NewOpenNDS(w, 3, "faskey") },
	}
	h := setup(t, p)
	id, credentials := h.visitor(t)
	g := h.guest(t, phone)
	g.arrives().presses("do=login", "username", credentials.Username, "password", credentials.Password).sees("The network is opening", "Continue")
	require.Contains(t, g.shown.header.Get("Refresh"), "/online?s=")
	gateway, ok := h.nas.(*gatetest.OpenNDS)
	require.True(t, ok)
	poll := func(action, payload string) string {
		other := h.guest(t, "")
		other.sends(http.MethodPost, publicURL+"/portal/"+string(h.portal.ID), url.Values{"auth_get": {action}, "gatewayhash": {hashOf(gateway.Name)}, "payload": {payload}})
		return other.shown.body
	}
	waiting := poll("view", "none")
	require.Regexp(t, `^\* [0-9a-f]{64}`, waiting)
	require.Equal(t, waiting, poll("view", "none"), "until it is acknowledged")
	token := strings.Fields(strings.ReplaceAll(waiting, "%20", " "))[1][:64]
	require.Equal(t, "ack", poll("view", "* "+token))
	require.Equal(t, "*", strings.TrimSpace(poll("view", "none")))

	_, err := h.RequestCheckOut(t.Context(), h.desk, id)
	require.NoError(t, err)
	_, err = h.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Workflow})
	require.NoError(t, err)
	due, err := h.DueGates(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, due, 1, "that nothing can be done is for the worker to find out")
}

// TestWhoseDeviceIsHeld is RFC 8908.
func TestWhoseDeviceIsHeld(t *testing.T) {
	t.Parallel()
	p := meraki
	p.template = func(t *identity.Template) { t.Ask = map[identity.Field]bool{identity.FieldEmail: true} }
	h := setup(t, p)
	g := h.guest(t, phone)
	address := publicURL + "/portal/" + string(h.portal.ID)
	ask := func(key string) string {
		other := h.guest(t, "")
		other.opens(address + "/capport" + key)
		require.Equal(t, "application/captive+json", other.shown.header.Get("Content-Type"))
		require.Equal(t, "private, no-store", other.shown.header.Get("Cache-Control"))
		return other.shown.body
	}
	held := `{"captive":true,"user-portal-url":"` + address + `"}`
	key := CaptiveKey(h.Keyring, h.portal.ID, phone)
	require.JSONEq(t, held, ask("/"+key))
	g.arrives().presses("do=login", "email", robertsLogin).goes()
	require.JSONEq(t, `{"captive":false,"user-portal-url":"`+address+`","can-extend-session":true,"seconds-remaining":14400}`, ask("/"+key))
	for _, other := range []string{"", "/", "/" + phone, "/" + CaptiveKey(h.Keyring, "another", phone), "/" + key[:len(key)-1] + "0", "/" + key + "0"} {
		if other != "/"+key {
			require.JSONEq(t, held, ask(other), other)
		}
	}
	h.Clock.Advance(4 * time.Hour)
	require.JSONEq(t, held, ask("/"+key))
}

// TestAProgramThatLogsIn is WISPr.
func TestAProgramThatLogsIn(t *testing.T) {
	t.Parallel()
	h := setup(t, uniFi)
	_, credentials := h.visitor(t)
	g := h.guest(t, phone)
	g.arrives().sees("-WISPAccessGatewayParam")
	g.agent = "CaptiveNetworkSupport-407 wispr"
	g.arrives().sees("<WISPAccessGatewayParam", "<ResponseCode>0</ResponseCode>", "Café &lt;Paris&gt;")
	address := strings.ReplaceAll(between(g.shown.body, "<LoginURL>", "</LoginURL>"), "&amp;", "&")
	login := func(password string) *guest {
		return g.sends(http.MethodPost, address, url.Values{"UserName": {credentials.Username}, "Password": {password}})
	}
	login("wrong").sees("<AuthenticationReply>", "<MessageType>120</MessageType><ResponseCode>100</ResponseCode>")
	login(credentials.Password).sees("<AuthenticationReply>", "<MessageType>120</MessageType><ResponseCode>50</ResponseCode>")
}

// TestAProgramIsNotToldOfAForm: it could not send one.
func TestAProgramIsNotToldOfAForm(t *testing.T) {
	t.Parallel()
	p := meraki
	p.template = visits
	g := setup(t, p).guest(t, phone)
	g.agent = "CaptiveNetworkSupport-407 wispr"
	g.arrives().sees("-WISPAccessGatewayParam")
}

func between(text, from, to string) string {
	_, text, _ = strings.Cut(text, from)
	text, _, _ = strings.Cut(text, to)
	return text
}

// TestColoursCanBeRead: whatever accent staff choose.
func TestColoursCanBeRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, ok := parseColour(rapid.StringMatching(`#[0-9a-fA-F]{6}`).Draw(t, "accent"))
		require.True(t, ok)
		for ground, towards := range map[colour]colour{lightCard: black, darkCard: white} {
			made := c.against(ground, towards)
			require.GreaterOrEqual(t, contrast(made, ground), enough)
			require.GreaterOrEqual(t, contrast(made, made.ink()), enough)
		}
	})
	for _, text := range []string{"", "#12345", "red", "#12345g", "#1234567"} {
		_, ok := parseColour(text)
		require.False(t, ok)
	}
}

func TestPreviews(t *testing.T) {
	t.Parallel()
	template := identity.Template{Name: "New", Lifetime: time.Hour, Ask: map[identity.Field]bool{}}
	everyMethod(&template)
	consents := []store.Consent{{ID: "1", Kind: identity.ConsentTerms, Texts: map[string]string{"en": "x"}}}
	for _, name := range Previews() {
		for _, language := range append(catalogue.VisitorLanguages(), "", "xx") {
			body, err := Preview(template, consents, name, language)
			require.NoError(t, err)
			require.Less(t, len(body), 14_000)
			require.Contains(t, string(body), "<h1>")
			require.NotContains(t, string(body), "<script")
		}
	}
	_, err := Preview(template, nil, "nothing", "en")
	require.ErrorIs(t, err, ErrPreview)
}

// TestALinkStandsForThePasswordOnce: opened before the browser is in the network, kept
// until a NAS sends it, and used once.
func TestALinkStandsForThePasswordOnce(t *testing.T) {
	t.Parallel()
	p := meraki
	p.template = visits
	h := setup(t, p)
	id, credentials := h.visitor(t)
	_, voucher, err := h.Credentials(t.Context(), id)
	require.NoError(t, err)
	token, err := link.Sign(h.Keyring, link.Link{Purpose: link.VisitLogin, Object: string(voucher.ID), ExpiresAt: voucher.NotAfter})
	require.NoError(t, err)
	address := publicURL + "/portal/" + string(h.portal.ID) + "?v="
	g := h.guest(t, phone)
	g.opens(address+token).sees("Join the network first", "Your visit is known")
	g.opens(address+token).sees("Your visit is known", "-"+credentials.Username)
	g.arrives().sees(`value="`+credentials.Username+`"`, "-name=\"password\"", "stands for the password")
	form := g.shown
	g.presses("do=login").goes().sees("You are online")
	require.Empty(t, g.jar)
	g.shown = form
	g.presses("do=login").sees("are not right", `name="password"`)
	g.opens(address+token).sees("Join the network first", "-Your visit is known")
	invitation, err := link.Sign(h.Keyring, link.Link{Purpose: link.Invitation, Object: string(voucher.ID), ExpiresAt: voucher.NotAfter})
	require.NoError(t, err)
	g.opens(address + invitation).sees("-Your visit is known")
}
