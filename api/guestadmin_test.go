package api_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
)

// setupGuests returns a profile and a template.
func (b *bench) setupGuests(t *testing.T) (profile, template string) {
	t.Helper()
	profile = b.want(t, 201, call{method: "POST", path: "/api/v1/profiles", as: b.admin, body: object{
		"name": "Week", "validity": object{"kind": "days", "value": 5}, "devices": 2}}).string("id")
	template = b.want(t, 201, call{method: "POST", path: "/api/v1/templates", as: b.admin, body: object{
		"name": "Lobby", "profile_id": profile, "methods": []string{"form", "visit"}, "ask": object{"email": true},
		"look": object{"title": object{"en": "<b>Welcome</b>"}, "accent": "#1c7ed6"}}}).string("id")
	return profile, template
}

func TestProfilesTemplatesAndPortals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	profile, template := b.setupGuests(t)
	made := b.want(t, 200, call{path: "/api/v1/templates/" + template, as: b.admin})
	require.Equal(t, []any{"visit", "form"}, made.list("methods"), "in the order in which they are offered")
	b.refused(t, 409, "lifetime_exceeds_profile", call{method: "PATCH", path: "/api/v1/templates/" + template, as: b.admin, body: object{"lifetime_minutes": 10 * 24 * 60}})
	b.refused(t, 409, "profile_in_use", call{method: "DELETE", path: "/api/v1/profiles/" + profile, as: b.admin})
	manager := b.at(t, auth.SiteManager, b.site)
	b.refused(t, 403, "forbidden", call{method: "PATCH", path: "/api/v1/templates/" + template, as: manager, body: object{"name": "x"}})

	consents := "/api/v1/templates/" + template + "/consents"
	b.want(t, 200, call{method: "PUT", path: consents + "/terms", as: b.admin, body: object{"texts": object{"en": "Be kind."}}})
	require.Len(t, b.want(t, 200, call{path: consents, as: manager}).list("items"), 1)

	page := b.want(t, 200, call{path: "/api/v1/templates/" + template + "/preview?page=full&language=en", as: manager})
	require.Contains(t, string(page.text), "&lt;b&gt;Welcome")
	require.Equal(t, "SAMEORIGIN", page.header.Get("X-Frame-Options"))
	require.Contains(t, page.header.Get("Content-Security-Policy"), "sandbox; default-src 'none'; style-src 'sha256-")
	b.refused(t, 422, "invalid", call{path: "/api/v1/templates/" + template + "/preview?page=nonsense", as: manager})

	at := "/api/v1/sites/" + string(b.site) + "/portals"
	portal := b.want(t, 201, call{method: "POST", path: at, as: manager, body: object{
		"name": "Lobby", "vendor": "mikrotik", "template_id": template, "settings": object{"hosts": []string{"10.5.50.1"}}, "secret": "canary-portal-secret"}})
	require.NotContains(t, string(portal.text), "canary")
	require.Equal(t, publicURL+"/portal/"+portal.string("id"), portal.string("url"))
	set := b.want(t, 200, call{path: at + "/" + portal.string("id") + "/setup", as: manager})
	require.Contains(t, set.string("url"), portal.string("id"))
	require.NotEmpty(t, set.list("garden"))
	require.NotEmpty(t, set.list("files"), "the router has a page of its own")
	require.Equal(t, set.string("url")+"/capport", set.string("capport_url"))
	without := b.want(t, 201, call{method: "POST", path: at, as: manager, body: object{
		"name": "Garden", "vendor": "meraki_click", "template_id": template}})
	set = b.want(t, 200, call{path: at + "/" + without.string("id") + "/setup", as: manager})
	require.Empty(t, set.string("capport_url"), "without sessions it would hold everybody back")
	require.GreaterOrEqual(t, len(b.want(t, 200, call{path: "/api/v1/portal-vendors", as: manager}).list("items")), 13)
	b.refused(t, 422, "invalid", call{method: "POST", path: at, as: manager, body: object{"name": "x", "vendor": "mikrotik", "template_id": template}})
	b.want(t, 204, call{method: "DELETE", path: at + "/" + portal.string("id"), as: manager})
}

func TestReceptionMakesAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	profile, _ := b.setupGuests(t)
	desk := b.at(t, auth.Reception, b.site)
	body := object{"site_id": b.site, "profile_id": profile, "visitor": object{"last_name": "=cmd", "email": "Ada@example.org"}, "password": true}
	made := b.want(t, 201, call{method: "POST", path: "/api/v1/accounts", as: desk, body: body})
	require.Len(t, made.string("password"), 12, "shown once")
	id := made.string("account.id")
	b.refused(t, 409, "login_taken", call{method: "POST", path: "/api/v1/accounts", as: desk, body: body})
	read := b.want(t, 200, call{path: "/api/v1/accounts/" + id, as: desk})
	require.Equal(t, "active", read.string("account.lifecycle"))
	require.NotContains(t, string(read.text), made.string("password"))
	again := b.want(t, 200, call{method: "POST", path: "/api/v1/accounts/" + id + "/password", as: desk})
	require.NotEqual(t, made.string("password"), again.string("password"))
	require.Equal(t, "blocked", b.want(t, 200, call{method: "POST", path: "/api/v1/accounts/" + id + "/block", as: desk}).string("lifecycle"))
	require.Len(t, b.want(t, 200, call{path: "/api/v1/accounts?lifecycle=blocked&q=ada", as: desk}).list("items"), 1)
	require.Empty(t, b.want(t, 200, call{path: "/api/v1/accounts?lifecycle=active", as: desk}).list("items"))
	b.refused(t, 403, "forbidden", call{method: "DELETE", path: "/api/v1/people/" + id, as: desk})

	rows, err := csv.NewReader(strings.NewReader(string(b.want(t, 200, call{path: "/api/v1/accounts.csv", as: desk}).text))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, []string{"ada@example.org", "'=cmd"}, []string{rows[1][1], rows[1][3]}, "no formula")
	green := b.want(t, 200, call{path: "/api/v1/authentications/count", as: desk})
	require.Contains(t, string(green.text), `"green":0`)
	require.Empty(t, b.want(t, 200, call{path: "/api/v1/sites/" + string(b.site) + "/portal-decisions?refused=true", as: desk}).list("items"))
}

func TestAccountsAreImported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	profile, _ := b.setupGuests(t)
	file := "Nachname;Mail;Telefon;Abteilung;Ends at\nQuill;ada@example.org;;HR;2030-01-31\nStone;;+49 30 5550199;;\nBad;;030 5550199;;\nNobody;;;;\n"
	csvFile := http.Header{"Content-Type": {"text/csv"}}
	path := "/api/v1/accounts/import?site_id=" + string(b.site) + "&profile_id=" + profile + "&map=Nachname:last_name,Mail:email,Telefon:phone,Abteilung:"
	dry := b.want(t, 200, call{method: "POST", path: path + "&dry_run=true", as: b.admin, body: file, header: csvFile})
	require.Contains(t, string(dry.text), `"created":2`)
	require.Empty(t, b.want(t, 200, call{path: "/api/v1/accounts", as: b.admin}).list("items"))
	done := b.want(t, 200, call{method: "POST", path: path, as: b.admin, body: file, header: csvFile})
	row := func(a answer, i int) object { return a.list("rows")[i].(object) }
	require.Equal(t, "created", row(done, 0)["outcome"])
	fault := row(done, 2)["refused"].(object)
	require.Equal(t, []any{"phone", 3.0}, []any{fault["column"], fault["place"]})
	require.NotContains(t, string(done.text), "5550199", "it repeats nothing")
	require.Equal(t, "email", row(done, 3)["refused"].(object)["column"])
	found := b.want(t, 200, call{path: "/api/v1/accounts?q=quill", as: b.admin}).list("items")[0].(object)
	require.Equal(t, "2030-01-31T23:00:00Z", found["ends_at"], "a day is meant whole, where the site is")
	require.Equal(t, "+49305550199", b.want(t, 200, call{path: "/api/v1/accounts?q=stone", as: b.admin}).list("items")[0].(object)["login"])
	twice := b.want(t, 200, call{method: "POST", path: path, as: b.admin, body: file, header: csvFile})
	require.Contains(t, string(twice.text), `"skipped":2`)
	b.refused(t, 422, "invalid", call{method: "POST", path: path, as: b.admin, body: "emial\nx\n", header: csvFile})
}
