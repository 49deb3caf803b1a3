package api_test

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
)

func TestARollCall(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := "/api/v1/sites/" + string(b.site) + "/roll-calls"
	desk := b.at(t, auth.Reception, b.site)
	registration := b.registration()
	registration["check_in"] = true
	registration["visitor"] = object{"last_name": "=Canary", "first_name": "Ada"}
	first := b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: desk, body: registration}).string("visit.id")

	a := b.want(t, 200, call{method: "POST", path: at, as: desk, body: object{"kind": "drill"}})
	require.Equal(t, true, a.field("changed"))
	one := at + "/" + a.string("roll_call.id")
	second := b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: desk, body: registration}).string("visit.id")
	joined := b.want(t, 200, call{method: "POST", path: at, as: b.admin, body: object{"kind": "real"}})
	require.Equal(t, a.string("roll_call.id"), joined.string("roll_call.id"))
	require.Equal(t, "real", joined.string("roll_call.kind"))
	b.want(t, 422, call{method: "POST", path: at, as: desk, body: object{"kind": "exercise"}})

	mark := func(as, visit, says string) answer {
		return b.want(t, 200, call{method: "POST", path: one + "/marks", as: as, body: object{"marks": []object{
			{"mark_id": strings.ToUpper(uuid.NewString()), "visit_id": strings.ToUpper(visit), "mark": says}}}})
	}
	require.Equal(t, "taken", mark(desk, first, "safe").list("results")[0].(object)["result"])
	mark(b.admin, first, "missing")
	require.Equal(t, "not_listed", mark(desk, string(b.site), "safe").list("results")[0].(object)["result"])
	mark(desk, second, "not_here")

	read := b.want(t, 200, call{path: one, as: desk})
	require.EqualValues(t, 2, read.field("counts.people"))
	require.EqualValues(t, 1, read.field("counts.unclear"))
	require.EqualValues(t, 1, read.field("counts.not_here"))
	people := map[any]object{}
	for _, p := range read.list("people") {
		people[p.(object)["visit_id"]] = p.(object)
	}
	require.Equal(t, "unclear", people[first]["mark"])
	require.Len(t, people[first]["marks"], 2)
	require.Equal(t, false, people[first]["arrived"])
	require.Equal(t, true, people[second]["arrived"])

	b.want(t, 200, call{method: "POST", path: "/api/v1/visits/" + second + "/check-out", as: desk})
	require.Equal(t, true, b.want(t, 200, call{method: "POST", path: one + "/end", as: desk}).field("changed"))
	require.Equal(t, false, b.want(t, 200, call{method: "POST", path: one + "/end", as: desk}).field("changed"))
	b.Clock.Advance(time.Second)
	require.Equal(t, "too_late", mark(desk, first, "safe").list("results")[0].(object)["result"])

	report := b.want(t, 200, call{path: one + "/report.csv", as: desk})
	require.Contains(t, report.header.Get("Content-Disposition"), "roll-call-")
	rows, err := csv.NewReader(strings.NewReader(string(report.text))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 3)
	require.Equal(t, "'=Canary", rows[1][0], "no formula")
	require.Contains(t, string(report.text), "left")
	require.Contains(t, string(report.text), "unclear")

	b.want(t, 200, call{method: "POST", path: at, as: desk, body: object{"kind": "drill"}})
	list := b.want(t, 200, call{path: at, as: desk}).list("items")
	require.Len(t, list, 2)
	require.Nil(t, list[0].(object)["ended_at"], "the one that goes on is the first")
	b.refused(t, 404, "roll_call_not_found", call{path: at + "/" + uuid.NewString(), as: desk})
}

// Who marked is named while they are a user, and a large list fits one request.
func TestWhoMarkedIsNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := "/api/v1/sites/" + string(b.site) + "/roll-calls"
	registration := b.registration()
	registration["check_in"] = true
	visit := b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: registration}).string("visit.id")
	one := at + "/" + b.want(t, 200, call{method: "POST", path: at, as: b.admin, body: object{"kind": "real"}}).string("roll_call.id")
	marks := make([]object, 500)
	for i := range marks {
		marks[i] = object{"mark_id": uuid.NewString(), "visit_id": visit, "mark": "safe", "marked_at": b.Clock.Now()}
	}
	warden := b.person(t, auth.Reception, b.site)
	b.want(t, 200, call{method: "POST", path: one + "/marks", header: warden, body: object{"marks": marks}})
	listed := b.want(t, 200, call{path: one, header: warden}).list("people")[0].(object)
	require.Equal(t, "safe", listed["mark"])
	require.NotEmpty(t, listed["marks"].([]any)[0].(object)["name"])
	b.want(t, 422, call{method: "POST", path: one + "/marks", header: warden, body: object{"marks": append(marks, marks[0])}})

	require.Nil(t, b.want(t, 200, call{path: one, header: warden}).field("roll_call.ender"))
	b.want(t, 200, call{method: "POST", path: one + "/end", header: warden})
	report := b.want(t, 200, call{path: one, header: warden})
	require.Equal(t, "token", report.string("roll_call.starter.kind"))
	require.Equal(t, "user", report.string("roll_call.ender.kind"))
	require.NotEmpty(t, report.string("roll_call.ender.name"))
}

// Screens of the site hear of it, thinly; a host's, which sees a part of the
// visits, does not.
func TestScreensHearOfARollCall(t *testing.T) {
	t.Parallel()
	b := setup(t)
	registration := b.registration()
	registration["check_in"] = true
	visit := b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: registration}).string("visit.id")
	desk := b.screen(t, "site_id="+string(b.site), bearer(b.at(t, auth.Reception, b.site)))
	hosting := b.person(t, auth.Host, b.site)
	host := b.screen(t, "", hosting)
	at := "/api/v1/sites/" + string(b.site) + "/roll-calls"
	one := at + "/" + b.want(t, 200, call{method: "POST", path: at, as: b.admin, body: object{"kind": "real"}}).string("roll_call.id")
	b.want(t, 200, call{method: "POST", path: one + "/marks", as: b.admin, body: object{"marks": []object{{"mark_id": uuid.NewString(), "visit_id": visit, "mark": "missing"}}}})
	b.want(t, 200, call{method: "POST", path: one + "/end", as: b.admin})
	started := desk.next()["event"].(object)
	require.Equal(t, "roll_call.started", started["kind"])
	require.True(t, strings.HasSuffix(one, started["roll_call_id"].(string)))
	require.NotContains(t, started, "visit_id")
	require.Equal(t, []any{"roll_call.marked", "roll_call.ended"}, desk.kinds(2))

	mine := b.registration()
	delete(mine, "host")
	b.want(t, 201, call{method: "POST", path: "/api/v1/visits", header: hosting, body: mine})
	require.Equal(t, []any{"visitor.pre_registered"}, host.kinds(1), "nothing before it")
}
