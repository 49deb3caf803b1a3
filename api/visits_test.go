package api_test

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func (b *bench) get(path string) call { return call{path: path, as: b.admin} }

func TestRegister(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: b.registration()})
	require.Equal(t, "pre_registered", a.field("visit.status"))
	require.Equal(t, "expected", a.field("visit.presence"))
	require.Equal(t, "Canary-Quill", a.field("visit.visitor.last_name"))
	require.Nil(t, a.field("voucher"))
	require.Nil(t, a.field("network"))
	detail := b.want(t, 200, b.get("/api/v1/visits/"+a.string("visit.id")))
	require.Equal(t, a.field("visit"), detail.field("visit"))
	require.Nil(t, detail.field("voucher"))
	require.Empty(t, detail.list("sessions"))

	least := b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: object{
		"site_id": b.site, "visitor": object{"last_name": "Q"}}})
	require.Equal(t, b.Clock.Now().Add(2*time.Hour).Format(time.RFC3339Nano), least.field("visit.expected_departure"), "the site's usual stay")
}

func TestWalkIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := b.registration()
	body["check_in"] = true
	walkIn := call{method: "POST", path: "/api/v1/visits", as: b.admin, body: body, key: "k"}
	a := b.want(t, 201, walkIn)
	require.Equal(t, "checked_in", a.field("visit.status"))
	require.NotEmpty(t, a.string("voucher.password"))
	require.Equal(t, string(a.text), string(b.want(t, 201, walkIn).text), "the first answer again")
	b.refused(t, 403, "forbidden", walkIn.by(b.at(t, auth.Host, b.site))) // hosts invite, the desk checks in
}

func TestTabsAndCounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	expected, present, gone := b.expected(t), b.present(t), b.gone(t)
	for tab, id := range map[string]string{"expected": expected, "on_site": present, "completed": gone} {
		a := b.want(t, 200, b.get("/api/v1/visits?tab="+tab+"&site_id="+string(b.site)))
		require.Len(t, a.list("items"), 1, tab)
		require.Contains(t, string(a.text), id)
		require.EqualValues(t, 1, a.field("counts."+tab))
	}
	require.Len(t, b.want(t, 200, b.get("/api/v1/visits?q=canary-q")).list("items"), 3)
	require.Empty(t, b.want(t, 200, b.get("/api/v1/visits?q=%25")).list("items"), "no pattern")
	require.Empty(t, b.want(t, 200, b.get("/api/v1/visits?site_id="+string(b.other))).list("items"))
}

func TestPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := map[string]bool{}
	for range 7 {
		want[b.expected(t)] = true
	}
	for _, list := range []string{"/api/v1/visits?limit=3", "/api/v1/visits?limit=3&tab=expected", "/api/v1/events?limit=3&kind=visitor.pre_registered", "/api/v1/audit?limit=3&chain=" + string(b.site)} {
		seen, next, pages := map[string]bool{}, "", 0
		for {
			a := b.want(t, 200, b.get(list+"&cursor="+next))
			for _, item := range a.list("items") {
				item, _ := item.(object)
				for _, key := range []string{"id", "visit_id", "event_id"} {
					if id, _ := item[key].(string); want[id] {
						seen[id] = true
					}
				}
			}
			pages++
			if next = a.string("next"); next == "" {
				break
			}
		}
		require.GreaterOrEqual(t, pages, 3, list)
		if list[:14] == "/api/v1/visits" {
			require.Equal(t, want, seen, list)
		}
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.expected(t)
	patch := call{method: "PATCH", path: "/api/v1/visits/" + id, as: b.admin}
	a := b.want(t, 200, patch.with(object{"visitor": object{"last_name": "Stone"}, "host": object{"name": "New"}, "purpose": "p"}))
	require.Equal(t, "Stone", a.field("visit.visitor.last_name"))
	require.Equal(t, "Ada", a.field("visit.visitor.first_name"), "what is not named stays")
	b.want(t, 200, patch.with(object{}))
	b.refused(t, 422, "invalid", patch.with(object{"visitor": object{"last_name": "", "first_name": ""}}))
	b.refused(t, 422, "invalid", patch.with(object{"status": "checked_in"}))
	b.refused(t, 422, "invalid", patch.with(object{"visitor": object{"email": "nobody"}}))
	later := b.Clock.Now().Add(4 * time.Hour)
	b.want(t, 200, patch.with(object{"expected_departure": later}))
	b.want(t, 200, b.post(id, "check-in"))
	b.want(t, 200, patch.with(object{"visitor": object{"phone": "1"}}))
	b.refused(t, 409, "visit_checked_in", patch.with(object{"expected_departure": later}))
	b.want(t, 200, b.post(id, "check-out"))
	b.refused(t, 409, "visit_ended", patch.with(object{"purpose": "x"}))
}

func TestExtend(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.present(t)
	until := b.Clock.Now().Add(5 * time.Hour)
	extend := b.post(id, "extend")
	a := b.want(t, 200, extend.with(object{"expected_departure": until}))
	require.Equal(t, until.Format(time.RFC3339Nano), a.field("visit.expected_departure"))
	require.Contains(t, b.workflows.called(), "departure-changed")
	detail := b.want(t, 200, b.get("/api/v1/visits/"+id))
	require.Equal(t, a.field("visit.expected_departure"), detail.field("voucher.valid_until"), "the voucher follows")
	b.refused(t, 422, "departure_in_past", extend.with(object{"expected_departure": b.Clock.Now().Add(-time.Second)}))
	b.refused(t, 422, "stay_too_long", extend.with(object{"expected_departure": b.Clock.Now().Add(48 * time.Hour)}))
	b.refused(t, 422, "invalid", extend.with(object{}))
	b.refused(t, 400, "bad_request", extend)
	b.workflows.set(fails)
	b.want(t, 200, extend.with(object{"expected_departure": until.Add(-time.Hour)})) // the row has changed: that is what counts
	expected := b.expected(t)
	b.want(t, 200, b.post(expected, "extend").with(object{"expected_departure": until}))
}

func TestEvacuation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.expected(t)
	body := b.registration()
	body["check_in"] = true
	body["visitor"] = object{"first_name": "=cmd()", "last_name": "Öller, \"O'Neil\""}
	overdue := b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: body}).string("visit.id")
	b.gone(t)
	b.Clock.Advance(3 * time.Hour)
	_, err := b.RevokeVoucher(t.Context(), visit.VisitID(overdue), store.RevokeInput{By: store.Workflow})
	require.NoError(t, err)
	in := b.present(t)

	at := "/api/v1/sites/" + string(b.site) + "/evacuation"
	a := b.want(t, 200, b.get(at))
	require.Len(t, a.list("people"), 2)
	require.Contains(t, string(a.text), in)
	require.Contains(t, string(a.text), "overdue_since")
	require.NotEmpty(t, a.string("note"))

	file := b.want(t, 200, b.get(at+".csv"))
	require.Equal(t, "text/csv; charset=utf-8", file.header.Get("Content-Type"))
	require.Contains(t, file.header.Get("Content-Disposition"), "attachment")
	rows, err := csv.NewReader(bytes.NewReader(file.text)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 3)
	require.Equal(t, "last_name", rows[0][0])
	names := []string{rows[1][0], rows[2][0]}
	require.Contains(t, names, "Öller, \"O'Neil\"")
	firsts := []string{rows[1][1], rows[2][1]}
	require.Contains(t, firsts, "'=cmd()", "no formula for a spreadsheet")

	b.refused(t, 409, "visit_checked_in", b.post(in, "confirm-left"))
	left := b.want(t, 200, b.post(overdue, "confirm-left"))
	require.Equal(t, "expired", left.field("visit.status"))
	require.Equal(t, "left", left.field("visit.presence"))
	b.want(t, 200, b.post(overdue, "confirm-left"))
	require.Len(t, b.want(t, 200, b.get(at)).list("people"), 1)
	require.Empty(t, b.want(t, 200, b.get("/api/v1/sites/"+string(b.other)+"/evacuation")).list("people"))
}

func TestTerminate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.refused(t, 409, "visit_not_checked_in", b.post(b.expected(t), "terminate"))
	running := b.want(t, 409, b.post(b.present(t), "terminate"))
	require.NotEmpty(t, running.string("detail"))
	id := b.gone(t)
	a := b.want(t, 200, b.post(id, "terminate").keyed("k"))
	require.EqualValues(t, 2, a.field("generation"))
	require.Contains(t, b.workflows.called(), "retry-termination")
	again := b.want(t, 200, b.post(id, "terminate").keyed("k"))
	require.EqualValues(t, 2, again.field("generation"))
	b.workflows.set(fails)
	b.refused(t, 503, "unavailable", b.post(id, "terminate")) // a "now" that nobody heard is not promised
	require.NoError(t, b.SealVisit(t.Context(), visit.VisitID(id), store.SealInput{Termination: "no_session", CRM: "not_configured"}))
	before := len(b.workflows.called())
	a = b.want(t, 200, b.post(id, "terminate"))
	require.EqualValues(t, 4, a.field("generation"))
	require.Len(t, b.workflows.called(), before, "after the seal there is no workflow to tell")
}

func TestSites(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.want(t, 201, call{method: "POST", path: "/api/v1/sites", as: b.admin, body: object{
		"name": "Oslo", "timezone": "Europe/Oslo", "default_stay_seconds": 3600,
		"networks": []any{object{"ssid": "wpa", "kind": "wpa_psk", "psk": canaryPSK}, object{"ssid": "open", "kind": "open_portal", "portal_url": "https://p.example"}},
	}})
	require.NotContains(t, string(a.text), canaryPSK)
	require.EqualValues(t, 3600, a.field("default_stay_seconds"))
	require.EqualValues(t, 86400, a.field("max_stay_seconds"))
	at := "/api/v1/sites/" + a.string("id")
	require.Equal(t, string(a.text), string(b.want(t, 200, b.get(at)).text))
	require.Len(t, b.want(t, 200, b.get("/api/v1/sites")).list("items"), 3)
	patch := call{method: "PATCH", path: at, as: b.admin}
	changed := b.want(t, 200, patch.with(object{"name": "Oslo 2", "default_stay_seconds": 0}))
	require.Equal(t, "Oslo 2", changed.field("name"))
	require.EqualValues(t, 7200, changed.field("default_stay_seconds"))
	kept := b.want(t, 200, patch.with(object{"networks": []any{object{"ssid": "wpa", "kind": "wpa_psk"}}}))
	require.Len(t, kept.list("networks"), 1, "the passphrase of a known SSID is kept")
	b.refused(t, 422, "invalid", patch.with(object{"networks": []any{object{"ssid": "new", "kind": "wpa_psk"}}}))
	archived := b.want(t, 200, call{method: "POST", path: at + "/archive", as: b.admin})
	require.NotEmpty(t, archived.string("archived_at"))
	b.want(t, 200, call{method: "POST", path: at + "/archive", as: b.admin})
	b.refused(t, 409, "site_archived", call{method: "POST", path: "/api/v1/visits", as: b.admin, body: object{
		"site_id": a.field("id"), "visitor": object{"last_name": "Q"}}})
}

func TestNASes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := "/api/v1/sites/" + string(b.site) + "/nases"
	create := call{method: "POST", path: at, as: b.admin}
	a := b.want(t, 201, create.with(object{"name": "ap", "source": "192.0.2.7", "secret": canarySecret}))
	require.Equal(t, "192.0.2.7/32", a.field("source"))
	require.Equal(t, "require", a.field("message_authenticator"))
	require.EqualValues(t, 3799, a.field("coa_port"))
	require.EqualValues(t, 900, a.field("session_seconds"), "until a disconnect was confirmed")
	require.NotContains(t, string(a.text), canarySecret)
	b.refused(t, 409, "nas_source_taken", create.with(object{"name": "ap2", "source": "192.0.2.7/32", "secret": canarySecret}))
	b.want(t, 201, create.with(object{"name": "v6", "source": "2001:db8::/48", "secret": canarySecret, "max_session_seconds": 0}))
	one := at + "/" + a.string("id")
	require.Equal(t, string(a.text), string(b.want(t, 200, b.get(one)).text))
	patch := call{method: "PATCH", path: one, as: b.admin}
	require.EqualValues(t, 0, b.want(t, 200, patch.with(object{"max_session_seconds": 0})).field("session_seconds"))
	require.EqualValues(t, 900, b.want(t, 200, patch.with(object{"max_session_seconds": -1})).field("session_seconds"))
	b.want(t, 200, patch.with(object{"secret": canarySecret + "2", "source": "10.0.0.0/8", "coa_address": "10.0.0.1"}))
	b.refused(t, 422, "invalid", patch.with(object{"source": "x"}))
	require.Len(t, b.want(t, 200, b.get(at)).list("items"), 2)
	b.want(t, 204, call{method: "DELETE", path: one, as: b.admin})
	b.refused(t, 404, "nas_not_found", b.get(one))
	b.refused(t, 404, "nas_not_found", call{method: "DELETE", path: one, as: b.admin})
	require.Empty(t, b.want(t, 200, b.get("/api/v1/sites/"+string(b.site)+"/refused-logins")).list("items"))
}

func TestAgents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := "/api/v1/sites/" + string(b.site) + "/agents"
	a := b.want(t, 201, call{method: "POST", path: at, as: b.admin, body: object{"name": "lobby"}})
	require.NotEmpty(t, a.string("enrolment_token"))
	require.Equal(t, b.Clock.Now().Add(time.Hour).Format(time.RFC3339Nano), a.field("expires_at"))
	list := b.want(t, 200, b.get(at))
	require.Len(t, list.list("items"), 1)
	require.NotContains(t, string(list.text), a.string("enrolment_token"))
	item, _ := list.list("items")[0].(object)
	require.Equal(t, "new", item["state"])
	one := at + "/" + a.string("id")
	b.want(t, 204, call{method: "POST", path: one + "/release", as: b.admin})
	b.want(t, 204, call{method: "DELETE", path: one, as: b.admin})
	b.refused(t, 404, "agent_not_found", call{method: "DELETE", path: one, as: b.admin})
	require.Empty(t, b.want(t, 200, b.get(at)).list("items"))
}

func TestTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.want(t, 201, call{method: "POST", path: "/api/v1/tokens", as: b.admin, body: object{
		"name": "kiosk", "permissions": []string{"visits.checkin", "visits.checkin"}, "sites": []any{b.site}}})
	require.Regexp(t, "^foyer_", a.string("secret"))
	me := b.want(t, 200, call{path: "/api/v1/me", as: a.string("secret")})
	require.Equal(t, []any{"visits.checkin"}, me.list("permissions"))
	require.Equal(t, []any{string(b.site)}, me.list("sites"))
	b.refused(t, 403, "forbidden", call{path: "/api/v1/visits", as: a.string("secret")})
	list := b.want(t, 200, b.get("/api/v1/tokens"))
	require.Len(t, list.list("items"), 2)
	one := "/api/v1/tokens/" + a.string("token.id")
	b.want(t, 204, call{method: "DELETE", path: one, as: b.admin})
	b.refused(t, 401, "unauthenticated", call{path: "/api/v1/me", as: a.string("secret")})
	b.want(t, 204, call{method: "DELETE", path: one, as: b.admin}) // revoked it stays
}

func TestTrail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.gone(t)
	a := b.want(t, 200, b.get("/api/v1/audit?visit_id="+id))
	require.Len(t, a.list("items"), 4, "registered, checked in, handed out, checked out")
	for _, personal := range []string{"Canary", "canary", "Ada", "Grace"} {
		require.NotContains(t, string(a.text), personal)
		require.NotContains(t, string(b.want(t, 200, b.get("/api/v1/events")).text), personal)
	}
	report := b.want(t, 200, b.get("/api/v1/audit/verify"))
	require.Equal(t, true, report.field("ok"))
	require.Positive(t, report.field("rows"))
	require.Nil(t, report.field("first_bad"))
	one := b.want(t, 200, b.get("/api/v1/audit/verify?chain="+string(b.other)))
	require.Equal(t, true, one.field("ok"))
	require.Less(t, one.field("rows"), report.field("rows"))
}

func TestOperators(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, "ok", b.want(t, 200, call{path: "/healthz"}).field("status"))
	require.Equal(t, "ok", b.want(t, 200, call{path: "/readyz"}).field("status"))
	require.Equal(t, "test", b.want(t, 200, call{path: "/version"}).field("version"))
	a := b.do(t, call{path: "/healthz", header: http.Header{"Accept": {"image/png"}}})
	require.Equal(t, 200, a.status, "whoever asks for a picture gets JSON")
	require.NotContains(t, b.log.String(), "panicked")

	description, err := http.Get(b.url + "/openapi.json")
	require.NoError(t, err)
	defer func() { _ = description.Body.Close() }()
	require.Equal(t, 200, description.StatusCode)

	b.expected(t)
	families, err := b.registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		require.NotRegexp(t, `[0-9a-f]{8}-[0-9a-f]{4}-`, family.String(), "no ids in metrics")
	}
}
