package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api"
)

// Bad input of every kind: a clear problem, nothing done, nothing logged as our
// fault.
func TestBadBodies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := b.count(t)
	visitor := `"visitor":{"last_name":"Q"}`
	site := fmt.Sprintf(`"site_id":%q`, b.site)
	for name, x := range map[string]struct {
		body   string
		status int
	}{
		"empty":                {"", 400},
		"no JSON":              {"{", 400},
		"trailing":             {"{} {}", 400},
		"not UTF-8":            {"{" + site + `,"visitor":{"last_name":"` + "\xff" + `"}}`, 400},
		"NUL":                  {"{" + site + `,"visitor":{"last_name":"a\u0000b"}}`, 400},
		"escape":               {"{" + site + `,"visitor":{"last_name":"a\u001b[31mb"}}`, 400},
		"DEL":                  {"{" + site + `,"visitor":{"last_name":"a\u007fb"}}`, 400},
		"huge":                 {"{" + site + "," + visitor + `,"purpose":"` + strings.Repeat("x", 70<<10) + `"}`, 413},
		"deep":                 {strings.Repeat("[", 60_000), 400},
		"null":                 {"null", 422},
		"list":                 {"[]", 422},
		"text":                 {`"x"`, 422},
		"nothing":              {"{}", 422},
		"unknown field":        {"{" + site + "," + visitor + `,"admin":true}`, 422},
		"unknown inner field":  {"{" + site + `,"visitor":{"last_name":"Q","id":"x"}}`, 422},
		"other spelling":       {"{" + site + "," + visitor + `,"Purpose":"x"}`, 422},
		"wrong type":           {"{" + site + "," + visitor + `,"check_in":"yes"}`, 422},
		"number for text":      {"{" + site + `,"visitor":{"last_name":7}}`, 422},
		"null for text":        {"{" + site + `,"visitor":{"last_name":null}}`, 422},
		"site is no id":        {`{"site_id":"berlin",` + visitor + `}`, 422},
		"person is no id":      {"{" + site + "," + visitor + `,"person_id":"x"}`, 422},
		"no date":              {"{" + site + "," + visitor + `,"expected_departure":"tomorrow"}`, 422},
		"date without a zone":  {"{" + site + "," + visitor + `,"expected_departure":"2030-01-01T10:00:00"}`, 422},
		"departure in past":    {"{" + site + "," + visitor + `,"expected_departure":"2001-01-01T10:00:00Z"}`, 422},
		"departure far away":   {"{" + site + "," + visitor + `,"expected_departure":"9999-12-31T23:59:59Z"}`, 422},
		"nobody":               {"{" + site + `,"visitor":{}}`, 422},
		"blanks":               {"{" + site + `,"visitor":{"last_name":"  "}}`, 422},
		"long name":            {"{" + site + `,"visitor":{"last_name":"` + strings.Repeat("ä", 201) + `"}}`, 422},
		"no e-mail address":    {"{" + site + `,"visitor":{"last_name":"Q","email":"me"}}`, 422},
		"other spelling of id": {`{"site_id":"urn:uuid:` + string(b.site) + `",` + visitor + `}`, 404},
		"unknown site":         {`{"site_id":"018f0000-0000-7000-8000-000000000000",` + visitor + `}`, 404},
		"unknown person":       {"{" + site + "," + visitor + `,"person_id":"018f0000-0000-7000-8000-000000000000"}`, 404},
	} {
		a := b.do(t, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: x.body})
		require.Equal(t, x.status, a.status, "%s: %s", name, a.text)
	}
	for name, x := range map[string]struct {
		contentType string
		status      int
	}{
		"form": {"application/x-www-form-urlencoded", 415}, "text": {"text/plain", 415}, "xml": {"application/xml", 415},
		"charset": {"application/json; charset=utf-8", 201},
	} {
		a := b.do(t, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: b.registration(), header: http.Header{"Content-Type": {x.contentType}}})
		require.Equal(t, x.status, a.status, "%s: %s", name, a.text)
	}
	require.Equal(t, before+1, b.count(t), "only the good one was stored")
	require.NotContains(t, b.log.String(), "level=ERROR")
}

func (b *bench) count(t *testing.T) int {
	t.Helper()
	return len(b.want(t, 200, call{path: "/api/v1/visits?limit=200", as: b.admin}).list("items"))
}

func TestBadAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.expected(t)
	for path, status := range map[string]int{
		"/api/v1/visits/x":                                                  422,
		"/api/v1/visits/" + id + "x":                                        422,
		"/api/v1/visits/%00":                                                422,
		"/api/v1/visits/..%2f..%2fetc%2fpasswd":                             404,
		"/api/v1/visits/018f0000-0000-7000-8000-000000000000":               404,
		"/api/v1/visits/urn:uuid:" + id:                                     404,
		"/api/v1/sites/x":                                                   422,
		"/api/v1/sites/x/nases":                                             422,
		"/api/v1/sites/" + string(b.site) + "/nases/x":                      422,
		"/api/v1/sites/018f0000-0000-7000-8000-000000000000/nases":          404,
		"/api/v1/sites/018f0000-0000-7000-8000-000000000000/agents":         404,
		"/api/v1/sites/018f0000-0000-7000-8000-000000000000/evacuation":     404,
		"/api/v1/sites/018f0000-0000-7000-8000-000000000000/evacuation.csv": 404,
		"/api/v1/sites/018f0000-0000-7000-8000-000000000000/refused-logins": 404,
		"/api/v1/visits?limit=0":                                            422,
		"/api/v1/visits?limit=201":                                          422,
		"/api/v1/visits?limit=many":                                         422,
		"/api/v1/visits?limit=99999999999999999999":                         422,
		"/api/v1/visits?tab=nowhere":                                        422,
		"/api/v1/visits?site_id=x":                                          422,
		"/api/v1/visits?unknown=1":                                          422,
		"/api/v1/visits?q=%00":                                              422,
		"/api/v1/visits?q=%ff":                                              422,
		"/api/v1/visits?q=a;b=c":                                            422,
		"/api/v1/visits?q=" + strings.Repeat("x", 201):                      422,
		"/api/v1/visits?cursor=nonsense":                                    422,
		"/api/v1/visits?cursor=e30":                                         422,
		"/api/v1/visits?cursor=eyJ0IjoieCJ9":                                422,
		"/api/v1/visits?cursor=" + strings.Repeat("x", 401):                 422,
		"/api/v1/events?cursor=nonsense":                                    422,
		"/api/v1/events?kind=" + strings.Repeat("a,", 30):                   422,
		"/api/v1/events?kind=a,b":                                           200,
		"/api/v1/events?visit_id=x":                                         422,
		"/api/v1/audit?cursor=nonsense":                                     422,
		"/api/v1/audit?visit_id=x":                                          422,
		"/api/v1/audit?chain=x":                                             200,
		"/api/v1/audit?chain=" + strings.Repeat("x", 41):                    422,
		"/api/v1/audit/verify?chain=" + strings.Repeat("x", 41):             422,
		"/api/v1/audit?site_id=x":                                           422,
		"/api/v1/audit?from=yesterday":                                      422,
		"/api/v1/audit?actor=%00":                                           422,
		"/api/v1/audit?object=" + strings.Repeat("x", 257):                  422,
		"/api/v1/audit?action=" + strings.Repeat("a,", 30):                  422,
		"/api/v1/audit?chain=deployment&site_id=" + string(b.site):          422,
		"/api/v1/audit/export?format=xml":                                   422,
		"/api/v1/audit/export?chain=x":                                      404,
		"/api/v1/audit/export?from=x":                                       422,
		"/api/v1/visits/x/disclosures":                                      422,
		"/api/v1/audit/verify?unknown=1":                                    422,
		"/api/v1/sites?unknown=1":                                           422,
		"/api/v1/me?x=1":                                                    422,
		"/api/v1/nothing":                                                   404,
		"/api/v1/visits/" + id + "/nothing":                                 404,
		"/nothing":                                                          404,
		"/api/v1/logout":                                                    405,
		"/api/v1/login?x=1":                                                 422,
		"/api/v1/users/x":                                                   422,
		"/api/v1/users/" + id:                                               404,
		"/api/v1/users?cursor=x":                                            422,
		"/api/v1/users?limit=201":                                           422,
		"/api/v1/sites/x/kiosks":                                            422,
		"/api/v1/visits/" + id + "/check-in":                                405,
	} {
		a := b.do(t, call{path: path, as: b.admin})
		require.Equal(t, status, a.status, "%s: %s", path, a.text)
	}
	require.NotContains(t, b.log.String(), "level=ERROR")
}

func TestBadNamesOfEquipment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := "/api/v1/sites/" + string(b.site)
	nas := func(changes object) object {
		body := object{"name": "ap", "source": "10.0.0.0/8", "secret": canarySecret}
		for name, value := range changes {
			body[name] = value
		}
		return body
	}
	for i, x := range []struct {
		path string
		body object
	}{
		{"/api/v1/sites", object{"name": "x", "timezone": "Mars/Olympus"}},
		{"/api/v1/sites", object{"name": "x", "timezone": ""}},
		{"/api/v1/sites", object{"name": "x", "timezone": "../../etc/passwd"}},
		{"/api/v1/sites", object{"name": "  ", "timezone": "UTC"}},
		{"/api/v1/sites", object{"name": "x", "timezone": "UTC", "networks": []any{object{"ssid": "x", "kind": "wpa_psk", "psk": "short"}}}},
		{"/api/v1/sites", object{"name": "x", "timezone": "UTC", "networks": []any{object{"ssid": "x", "kind": "wep"}}}},
		{"/api/v1/sites", object{"name": "x", "timezone": "UTC", "networks": []any{object{"ssid": strings.Repeat("ä", 20), "kind": "open_portal"}}}},
		{"/api/v1/sites", object{"name": "x", "timezone": "UTC", "max_stay_seconds": -1}},
		{at + "/agents", object{"name": ""}},
		{at + "/agents", object{"name": "   "}},
		{at + "/nases", nas(object{"source": "everywhere"})},
		{at + "/nases", nas(object{"source": "10.0.0.0/33"})},
		{at + "/nases", nas(object{"source": "fe80::1%eth0"})},
		{at + "/nases", nas(object{"secret": "short"})},
		{at + "/nases", nas(object{"coa_port": 0})},
		{at + "/nases", nas(object{"coa_port": 70000})},
		{at + "/nases", nas(object{"coa_address": "ap.example"})},
		{at + "/nases", nas(object{"interim_seconds": 1})},
		{at + "/nases", nas(object{"max_session_seconds": 10})},
		{at + "/nases", nas(object{"driver": "smoke-signals"})},
		{at + "/nases", nas(object{"message_authenticator": "maybe"})},
		{at + "/nases", nas(object{"name": " "})},
		{"/api/v1/tokens", object{"name": "x", "permissions": []string{"everything"}}},
		{"/api/v1/tokens", object{"name": "x", "permissions": []string{}}},
		{"/api/v1/tokens", object{"name": " ", "permissions": []string{"visits.read"}}},
		{"/api/v1/tokens", object{"name": "x", "permissions": []string{"visits.read"}, "sites": []string{"x"}}},
		{"/api/v1/tokens", object{"name": "x", "permissions": []string{"visits.read"}, "expires_at": "2001-01-01T00:00:00Z"}},
	} {
		a := b.want(t, 422, call{method: "POST", path: x.path, as: b.admin, body: x.body})
		require.Equal(t, "urn:foyer:problem:invalid", a.field("type"), i)
		require.NotEmpty(t, a.list("errors"), "%d: %s", i, a.text)
		require.NotContains(t, string(a.text), canarySecret)
	}
	require.NotContains(t, b.log.String(), "level=ERROR")
}

// Same key and meaning: the first answer. Same key, other meaning: refused.
func TestIdempotency(t *testing.T) {
	t.Parallel()
	b := setup(t)
	register := call{method: "POST", path: "/api/v1/visits", as: b.admin, key: "key", body: b.registration()}
	first := b.want(t, 201, register)
	require.Equal(t, string(first.text), string(b.want(t, 201, register).text))
	body := b.registration()
	body["purpose"] = "another"
	b.refused(t, 422, "idempotency_key_reused", register.with(body))
	id := first.string("visit.id")
	b.refused(t, 422, "idempotency_key_reused", b.post(id, "cancel").keyed("key"))
	require.Equal(t, 1, b.count(t))

	other := b.want(t, 201, register.by(b.token(t, everything, all))).string("visit.id")
	require.NotEqual(t, id, other, "keys belong to their caller")

	spelt := fmt.Sprintf(`{ "visitor": {"last_name":"Q"}, "site_id": %q }`, b.site)
	respelt := fmt.Sprintf(`{"site_id":%q,"visitor":{"last_name":"\u0051"}}`, b.site)
	once := b.want(t, 201, register.keyed("spelling").with(spelt))
	require.Equal(t, once.field("visit.id"), b.want(t, 201, register.keyed("spelling").with(respelt)).field("visit.id"))

	b.want(t, 422, register.keyed(strings.Repeat("k", 201)))
	require.Equal(t, 3, b.count(t))

	answers := b.atOnce(t, 10, func(int) call { return register.keyed("at once") })
	for _, a := range answers {
		require.Equal(t, 201, a.status, string(a.text))
		require.Equal(t, answers[0].field("visit.id"), a.field("visit.id"))
	}
	require.Equal(t, 4, b.count(t))
}

// Without a trusted proxy nobody chooses the address that limits count by.
func TestForwardedForIsNotTrusted(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) { c.Requests = limiter(c, 2) })
	for i := range 2 {
		b.want(t, 401, call{path: "/api/v1/me", header: http.Header{"X-Forwarded-For": {fmt.Sprintf("192.0.2.%d", i)}}})
	}
	b.want(t, 429, call{path: "/api/v1/me", header: http.Header{"X-Forwarded-For": {"192.0.2.9"}}})
	c := setup(t, func(c *api.Config) { c.Requests, c.TrustedProxies = limiter(c, 2), []string{"127.0.0.1"} })
	for i := range 5 {
		c.want(t, 401, call{path: "/api/v1/me", header: http.Header{"X-Forwarded-For": {fmt.Sprintf("192.0.2.%d", i)}}})
	}
}

// Passes a request that fails on our side: told so, logged once, without what it held.
func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.want(t, 200, call{path: "/readyz"})
	b.Close()
	a := b.want(t, 503, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: b.registration()})
	require.NotContains(t, string(a.text), "closed pool")
	b.want(t, 503, call{path: "/readyz"})
	b.want(t, 200, call{path: "/healthz"})
	require.NotContains(t, b.log.String(), "Canary")
}
