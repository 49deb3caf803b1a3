package api_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// peopleOf makes a person who is expected, one who was erased, and an open lawful
// request at a site.
func (b *bench) peopleOf(t *testing.T, site visit.SiteID) (o objects) {
	t.Helper()
	register := func() string {
		registration := b.registration()
		registration["site_id"] = site
		return b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: registration}).string("visit.person_id")
	}
	o.person = register()
	o.erasure = b.want(t, 202, call{method: "DELETE", path: "/api/v1/people/" + register(), as: b.admin}).string("erasure_id")
	asked, err := b.AskLawful(t.Context(), store.Caller{Actor: "user:asks", Scope: store.Everything}, store.NewLawfulRequest{
		SiteID: site, Reference: "1 Js 1/26", Query: visit.LawfulQuery{IP: "10.0.0.1", At: b.Clock.Now()},
	})
	require.NoError(t, err)
	o.request = asked.ID
	return o
}

func TestPeopleAreFoundMendedExportedAndErased(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := b.peopleOf(t, b.site)
	at := "/api/v1/people/" + o.person
	require.Len(t, b.want(t, 200, call{path: "/api/v1/people?q=quill&site_id=" + string(b.site), as: b.admin}).list("items"), 1)
	require.Empty(t, b.want(t, 200, call{path: "/api/v1/people?q=quill&site_id=" + string(b.other), as: b.admin}).list("items"))
	require.Len(t, b.want(t, 200, call{path: at, as: b.admin}).list("visits"), 1)

	mended := b.want(t, 200, call{method: "PATCH", path: at, as: b.admin, body: object{"company": "Canary & Co"}})
	require.Equal(t, "Canary & Co", mended.string("person.company"))
	b.refused(t, 422, "invalid", call{method: "PATCH", path: at, as: b.admin, body: object{"first_name": "", "last_name": ""}})

	export := b.want(t, 200, call{path: at + "/export", as: b.admin})
	require.Equal(t, "no-store", export.header.Get("Cache-Control"))
	var document map[string]any
	require.NoError(t, json.Unmarshal(export.text, &document))
	require.Contains(t, document, "refused_logins")

	gone := b.want(t, 202, call{method: "DELETE", path: at, as: b.admin})
	require.Equal(t, "done", gone.string("state"), "no CRM knew them")
	again := b.want(t, 202, call{method: "DELETE", path: at, as: b.admin})
	require.Equal(t, gone.string("erasure_id"), again.string("erasure_id"))
	b.refused(t, 404, "person_not_found", call{path: at, as: b.admin})
	erasure := "/api/v1/erasures/" + gone.string("erasure_id")
	require.EqualValues(t, 1, b.want(t, 200, call{path: erasure, as: b.admin}).field("counts.visits"))
	require.Len(t, b.want(t, 200, call{path: "/api/v1/erasures", as: b.admin}).list("items"), 2)
	b.want(t, 200, call{method: "POST", path: erasure + "/retry", as: b.admin})
	require.NotContains(t, b.workflows.called(), "erase")

	// What is left of their visit renders everywhere.
	visits := b.want(t, 200, call{path: "/api/v1/visits?site_id=" + string(b.site), as: b.admin}).list("items")
	require.Len(t, visits, 2)
	for _, v := range visits {
		v := v.(map[string]any)
		require.NotEmpty(t, v["purged_at"])
		require.NotContains(t, v, "person_id")
		b.want(t, 200, call{path: "/api/v1/visits/" + v["id"].(string), as: b.admin})
	}
}

func TestNobodyIsErasedWhileTheyMayBeInTheBuilding(t *testing.T) {
	t.Parallel()
	b := setup(t)
	registration := b.registration()
	registration["check_in"] = true
	in := b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: registration})
	at, visits := "/api/v1/people/"+in.string("visit.person_id"), "/api/v1/visits/"+in.string("visit.id")
	b.refused(t, 409, "person_checked_in", call{method: "DELETE", path: at, as: b.admin})
	b.Clock.Advance(3 * time.Hour)
	_, err := b.RevokeVoucher(t.Context(), visit.VisitID(in.string("visit.id")), store.RevokeInput{By: store.Fallback})
	require.NoError(t, err)
	b.refused(t, 409, "person_unconfirmed", call{method: "DELETE", path: at, as: b.admin})
	b.want(t, 200, call{method: "POST", path: visits + "/confirm-left", as: b.admin})
	b.want(t, 202, call{method: "DELETE", path: at, as: b.admin})
	b.refused(t, 410, "visit_purged", call{method: "POST", path: visits + "/readmit", as: b.admin, body: object{}})
}

// Who sees one site sees a person's visits there; changing, exporting and erasing
// takes seeing them all.
func TestAPersonOfTwoSitesIsNobodysAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := b.peopleOf(t, b.site)
	there := b.registration()
	there["site_id"], there["person_id"] = b.other, o.person
	b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: there})
	at := "/api/v1/people/" + o.person
	here := b.at(t, auth.SiteManager, b.site)
	seen := b.want(t, 200, call{path: at, as: here})
	require.Len(t, seen.list("visits"), 1)
	require.EqualValues(t, 1, seen.field("person.visits"))
	for _, c := range []call{
		{method: "PATCH", path: at, body: object{"company": "x"}}, {path: at + "/export"}, {method: "DELETE", path: at},
	} {
		c.as = here
		b.refused(t, 403, "person_elsewhere", c)
	}
	require.EqualValues(t, 2, b.want(t, 200, call{path: at, as: b.at(t, auth.SiteManager, b.site, b.other)}).field("person.visits"))
}

func TestASiteSaysHowLongItKeepsWhat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := "/api/v1/sites/" + string(b.site) + "/retention"
	require.EqualValues(t, 90, b.want(t, 200, call{path: at, as: b.admin}).field("effective.visit_days"))
	set := b.want(t, 200, call{method: "PUT", path: at, as: b.admin, body: object{"profile": "FR", "visit_days": 30}})
	require.EqualValues(t, 30, set.field("effective.visit_days"))
	require.EqualValues(t, 365, set.field("effective.session_days"))
	require.Equal(t, "FR", b.want(t, 200, call{path: at, as: b.admin}).string("set.profile"))
	for _, bad := range []object{{"profile": "XX"}, {"visit_days": 3}, {"visit_days": 3651}, {"session_days": 0}, {"refused_days": 91}} {
		b.refused(t, 422, "invalid", call{method: "PUT", path: at, as: b.admin, body: bad})
	}
}

// A lawful request takes two people, and no program.
func TestALawfulRequestTakesTwoPersons(t *testing.T) {
	t.Parallel()
	b := setup(t)
	asks, approves := b.signedIn(t, "asks@example.org", auth.Administrator), b.signedIn(t, "approves@example.org", auth.Auditor)
	question := object{"mac": "02-CA-FE.00 0001", "at": b.Clock.Now(), "reference": "1 Js 1/26"}
	ask := call{method: "POST", path: "/api/v1/lawful-requests", body: question}
	ask.as = b.admin
	b.refused(t, 403, "needs_user", ask)
	ask.as, ask.header = "", asks
	for _, bad := range []object{
		{"at": b.Clock.Now(), "reference": "x"}, {"ip": "10.0.0.1", "mac": "02:00:00:00:00:01", "at": b.Clock.Now(), "reference": "x"},
		{"ip": "fe80::1%eth0", "at": b.Clock.Now(), "reference": "x"}, {"ip": "10.0.0.1", "at": b.Clock.Now().Add(time.Hour), "reference": "x"},
	} {
		c := ask
		c.body = bad
		b.refused(t, 422, "invalid", c)
	}
	request := b.want(t, 201, ask)
	require.Equal(t, "02:ca:fe:00:00:01", request.string("request.query.mac"))
	at := "/api/v1/lawful-requests/" + request.string("request.id")
	read := call{path: at, header: asks}
	require.Nil(t, b.want(t, 200, read).field("matches"))
	b.refused(t, 403, "lawful_same_person", call{method: "POST", path: at + "/approve", header: asks})
	b.refused(t, 403, "needs_user", call{method: "POST", path: at + "/approve", as: b.admin})
	require.Equal(t, "approved", b.want(t, 200, call{method: "POST", path: at + "/approve", header: approves}).string("request.state"))
	b.refused(t, 409, "lawful_decided", call{method: "POST", path: at + "/deny", header: approves})
	require.Equal(t, "approved", b.want(t, 200, read).string("request.state"))

	list := b.want(t, 200, call{path: "/api/v1/lawful-requests", header: approves})
	require.NotContains(t, string(list.text), "02:ca:fe", "what is asked is not in lists")
	require.NotContains(t, string(list.text), "1 Js")
	b.Clock.Advance(visit.LawfulRequestFor)
	fresh := call{path: at, as: b.admin}
	require.Equal(t, "expired", b.want(t, 200, fresh).string("request.state"))
	require.Nil(t, b.want(t, 200, fresh).field("request.query"))

	outside := call{method: "POST", path: "/api/v1/lawful-requests", header: b.signedIn(t, "third@example.org", auth.Administrator)}
	outside.body = object{"ip": "::ffff:203.0.113.9", "at": b.Clock.Now(), "reference": "x"}
	answer := b.want(t, 201, outside)
	require.Equal(t, "203.0.113.9", answer.string("request.query.ip"))
	require.Contains(t, answer.string("note"), "firewall")
}

// signedIn is the header of a member of staff, signed in.
func (b *bench) signedIn(t *testing.T, email string, role auth.Role) http.Header {
	t.Helper()
	hash, err := auth.NewPasswords(1, auth.Cost{Memory: 64, Time: 1, Lanes: 1}).Hash(t.Context(), canaryPassword)
	require.NoError(t, err)
	_, err = b.CreateUser(t.Context(), store.Caller{Actor: "system:setup", Scope: store.Everything}, store.NewUser{
		Email: email, Name: "Staff", PasswordHash: hash, Role: string(role), Scope: store.Everything,
	})
	require.NoError(t, err)
	a := b.want(t, 200, signIn(email, canaryPassword))
	return withCookie((&http.Response{Header: a.header}).Cookies()[0])
}

// What reception needs to fill a form in, and who must not look people up.
func TestSomebodyWhoComesAgainIsFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.expected(t)
	desk := b.at(t, auth.Reception, b.site)
	found := b.want(t, 200, call{path: "/api/v1/people?limit=5&site_id=" + string(b.site) + "&q=quill", as: desk}).list("items")
	require.Len(t, found, 1)
	person, _ := found[0].(object)
	for _, field := range []string{"id", "first_name", "last_name", "email", "company"} {
		require.NotEmpty(t, person[field], field)
	}
	last, _ := person["last_visit"].(object)
	require.NotEmpty(t, last["host"].(object)["name"])
	for _, q := range []string{"q", "%20q%20", "%C3%B6"} {
		b.refused(t, 422, "invalid", call{path: "/api/v1/people?q=" + q, as: desk})
	}
	b.want(t, 200, call{path: "/api/v1/people?q=%C3%B6l", as: desk})
	require.Empty(t, b.want(t, 200, call{path: "/api/v1/people?q=quill", as: b.at(t, auth.Reception, b.other)}).list("items"), "of another site")
	for _, role := range []auth.Role{auth.Host, auth.Auditor, auth.Kiosk} {
		b.refused(t, 403, "forbidden", call{path: "/api/v1/people?q=quill", as: b.at(t, role, b.site)})
	}
}
