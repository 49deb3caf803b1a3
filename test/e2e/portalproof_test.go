package e2e

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/mail/mailtest"
	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

// lobby is a running Foyer with a captive portal, before which the rig's NAS stands as
// a Meraki network does, and a mail server.
type lobby struct {
	*rig
	mail   *mailtest.Server
	portal string
}

func newLobby(t *testing.T) *lobby {
	t.Helper()
	l := &lobby{mail: mailtest.Start(t, mailtest.Manners{NoTLS: true})}
	l.rig = newRig(t, rigOptions{Options: stack.Options{NoFsync: true, Env: []string{
		"FOYER_MAIL_FROM=desk@foyer.example", "FOYER_SMTP_URL=smtp://" + mailtest.User + ":" + mailtest.Password + "@127.0.0.1:" + l.mail.Port,
	}}, nas: map[string]any{"max_session_seconds": 0}})
	var profile, template, portal struct{ ID string }
	l.Call("POST", "/api/v1/profiles", map[string]any{"name": "Day", "validity": map[string]any{"kind": "hours", "value": 24}}, &profile, 201)
	l.Call("POST", "/api/v1/templates", map[string]any{
		"name": "Lobby", "lifetime_minutes": 240, "methods": []string{"email", "sponsor"}, "profile_id": profile.ID,
		"grace_minutes": 10, "sponsor_domains": []string{"example.org"},
	}, &template, 201)
	l.Call("POST", "/api/v1/sites/"+l.site+"/portals", map[string]any{"name": "Lobby", "vendor": "meraki", "template_id": template.ID}, &portal, 201)
	l.portal = portal.ID
	return l
}

// device is a guest's, with the page that its browser shows.
type device struct {
	l    *lobby
	mac  string
	body string
}

// arrives opens a page that the NAS holds back.
func (d *device) arrives() {
	d.l.t.Helper()
	query := url.Values{
		"login_url":    {"https://n143.network-auth.com/splash/login?mauth=MMLRHTYJDN&continue_url=http%3A%2F%2Fnews.example%2F"},
		"continue_url": {"http://news.example/"}, "ap_mac": {"00:18:0a:13:dd:b0"}, "client_mac": {strings.ReplaceAll(d.mac, "-", ":")},
	}
	d.open(d.l.URL(0) + "/portal/" + d.l.portal + "?" + query.Encode())
}

func (d *device) open(address string) {
	d.l.t.Helper()
	d.send(http.MethodGet, address, nil)
}

func (d *device) send(method, address string, form url.Values) {
	d.l.t.Helper()
	request, err := http.NewRequestWithContext(d.l.t.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(d.l.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	require.NoError(d.l.t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(d.l.t, err)
	require.Equal(d.l.t, http.StatusOK, response.StatusCode, string(body))
	d.body = string(body)
}

var (
	aForm   = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)">(.*?)</form>`)
	aHidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// form is the page's, with what is hidden in it.
func (d *device) form() (action string, fields url.Values) {
	d.l.t.Helper()
	found := aForm.FindStringSubmatch(d.body)
	require.NotNil(d.l.t, found, "no form on: %s", d.body)
	fields = url.Values{}
	for _, field := range aHidden.FindAllStringSubmatch(found[2], -1) {
		fields.Set(field[1], html.UnescapeString(field[2]))
	}
	return html.UnescapeString(found[1]), fields
}

// presses sends the page's form with a button and what was typed.
func (d *device) presses(do string, typed ...string) {
	d.l.t.Helper()
	action, fields := d.form()
	fields.Set("do", do)
	for i := 0; i+1 < len(typed); i += 2 {
		fields.Set(typed[i], typed[i+1])
	}
	d.send(http.MethodPost, d.l.URL(0)+action, fields)
}

// joins does what the NAS does with the form that it is posted: it asks RADIUS. It
// returns for how long the device is let in.
func (d *device) joins() time.Duration {
	d.l.t.Helper()
	action, fields := d.form()
	require.Contains(d.l.t, action, "network-auth.com", d.body)
	ctx, cancel := context.WithTimeout(d.l.t.Context(), 30*time.Second)
	defer cancel()
	result, err := d.l.nas.Login(ctx, nas.Guest{
		MAC: d.mac, IP: netip.MustParseAddr("10.9.1.1"), Username: fields.Get("username"), Password: fields.Get("password"), Method: nas.PAP,
	})
	require.NoError(d.l.t, err)
	require.True(d.l.t, result.Accepted, "refused: %s", result.ReplyMessage)
	return result.SessionTimeout
}

// mailed waits for a mail to an address and returns what a pattern finds in it.
func (l *lobby) mailed(to, pattern string) (found string) {
	l.t.Helper()
	expression := regexp.MustCompile(pattern)
	l.Eventually("mail to "+to, func() bool {
		for _, m := range l.mail.Taken() {
			if match := expression.FindStringSubmatch(decoded(l.t, m.Raw)); m.To == to && match != nil {
				found = match[1]
				return true
			}
		}
		return false
	})
	return found
}

// A guest gives an address, is online for ten minutes to read the mail, enters its code
// and stays.
func TestGuestByMail(t *testing.T) {
	t.Parallel()
	l := newLobby(t)
	ada := &device{l: l, mac: "02-00-00-00-01-01"}
	ada.arrives()
	ada.presses("login", "email", "ada-canary@guest.example")
	grace := ada.joins()
	require.LessOrEqual(t, grace, 10*time.Minute)
	require.Greater(t, grace, 9*time.Minute)

	code := l.mailed("ada-canary@guest.example", `Code: (\d{6})`)
	ada.arrives()
	again, _ := ada.form()
	require.Contains(t, again, "network-auth.com", "let in again for what is left of the grace")
	ada.open(l.URL(0) + graceful(t, l, ada))
	ada.presses("code", "code", code)
	require.Contains(t, ada.body, "You are let in")
	l.offline(ada.mac) // the grace was replaced
	ada.arrives()
	full := ada.joins()
	require.LessOrEqual(t, full, 4*time.Hour)
	require.Greater(t, full, 3*time.Hour+59*time.Minute)
	l.nothingLeaks(code)
}

// graceful is the address that the NAS sends the browser to after a login.
func graceful(t *testing.T, l *lobby, d *device) string {
	t.Helper()
	_, fields := d.form()
	to := fields.Get("success_url")
	require.True(t, strings.HasPrefix(to, l.URL(0)), to)
	return strings.TrimPrefix(to, l.URL(0))
}

// A sponsor answers after the guest has closed the browser.
func TestGuestBySponsor(t *testing.T) {
	t.Parallel()
	l := newLobby(t)
	ada := &device{l: l, mac: "02-00-00-00-01-02"}
	ada.arrives()
	_, fields := ada.form()
	ada.send(http.MethodPost, l.URL(0)+"/portal/"+l.portal, url.Values{
		"s": fields["s"], "method": {"sponsor"}, "do": {"login"},
		"first_name": {"Ada"}, "last_name": {"Quill-Canary"}, "email": {"ada-canary@guest.example"}, "sponsor": {"grace@example.org"},
	})
	require.Contains(t, ada.body, "Waiting for the answer")

	// The worker was told of no address of the API's.
	link := l.URL(0) + l.mailed("grace@example.org", `http://[^/]+(/\S+/r/\S+)`)
	grace := &device{l: l}
	grace.open(link)
	require.Contains(t, grace.body, "Ada Quill-Canary")
	profile := regexp.MustCompile(`<option value="([^"]+)">Day`).FindStringSubmatch(grace.body)
	require.NotNil(t, profile, grace.body)
	grace.presses("approve", "profile", profile[1])
	require.Contains(t, grace.body, "Allowed")

	ada = &device{l: l, mac: ada.mac}
	ada.arrives()
	require.Contains(t, ada.body, "You may go online")
	ada.presses("continue")
	require.Greater(t, ada.joins(), 3*time.Hour+59*time.Minute)
	grace.open(link)
	require.Contains(t, grace.body, "Allowed")
	l.nothingLeaks(link)
}

// nothingLeaks looks for what is personal or secret where it must not be.
func (l *lobby) nothingLeaks(secrets ...string) {
	l.t.Helper()
	secrets = append(secrets, "canary", "02:00:00:00:01", "grace@example.org", mailtest.Password)
	var logs []byte
	for _, p := range append(append([]*stack.Process{}, l.APIs...), append(l.Workers, l.agent.Process)...) {
		logs = append(logs, p.Log()...)
	}
	require.Empty(l.t, found(logs, secrets...), "in logs")
	require.Empty(l.t, found(temporalFiles(l.t, l.rig), secrets...), "in Temporal's database")
	require.Empty(l.t, found(scrape(l.t, l.rig), secrets...), "in metrics")
	require.Empty(l.t, found(tables(l.t, l.rig, "audit", "events", "deliveries", "delivery_attempts", "idempotency", "commands"), secrets...), "in rows that hold ids only")
}
