package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// seriesAt is a series of three days at a site.
func (b *bench) seriesAt(site visit.SiteID) object {
	registration := b.registration()
	delete(registration, "expected_departure")
	registration["site_id"] = site
	day := b.Clock.Now().AddDate(0, 0, 7)
	registration["series"] = object{"from": day.Format(time.DateOnly), "to": day.AddDate(0, 0, 2).Format(time.DateOnly), "arrives": "09:00", "departs": "17:00"}
	return registration
}

func (b *bench) visits(names ...string) []object {
	var list []object
	for _, name := range names {
		registration := b.registration()
		registration["visitor"] = object{"last_name": name}
		list = append(list, registration)
	}
	return list
}

func rowsOf(a answer) []object {
	var rows []object
	for _, row := range a.list("rows") {
		rows = append(rows, row.(object))
	}
	return rows
}

func TestRegisteringMany(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := call{method: "POST", path: "/api/v1/visits/batch", as: b.admin, key: "k", body: object{"visits": b.visits("One", " ", "Three")}}
	a := b.want(t, 200, c)
	require.EqualValues(t, 2, a.field("registered"))
	require.EqualValues(t, 1, a.field("refused"))
	rows := rowsOf(a)
	require.NotEmpty(t, rows[0]["visit_id"])
	require.Equal(t, []any{object{"location": "visitor.last_name", "message": "A visitor needs a name."}}, rows[1]["refused"].(object)["errors"])
	require.Equal(t, string(a.text), string(b.want(t, 200, c).text), "a repeat")
	c.body = object{"visits": b.visits("Other")}
	b.refused(t, 422, "idempotency_key_reused", c)

	c.key, c.body = "", object{"visits": b.visits("Five", ""), "all_or_nothing": true}
	a = b.want(t, 200, c)
	require.EqualValues(t, 0, a.field("registered"))
	require.EqualValues(t, 1, a.field("good"))
	c.body = object{"visits": b.visits("Six"), "dry_run": true}
	a = b.want(t, 200, c)
	require.EqualValues(t, 1, a.field("good"))
	require.Empty(t, rowsOf(a)[0]["visit_id"])
	require.Len(t, b.want(t, 200, call{path: "/api/v1/visits", as: b.admin}).list("items"), 2)

	names := slices.Repeat([]string{"Many"}, 200)
	c.body = object{"visits": b.visits(names...)}
	require.EqualValues(t, 200, b.want(t, 200, c).field("registered"))
	c.body = object{"visits": b.visits(append(names, "more")...)}
	b.want(t, 422, c)
	c.body = object{"visits": []object{}}
	b.want(t, 422, c)
}

func TestCheckingManyIn(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]mode{"works": works, "Temporal is away": hangs} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			var ids []any
			for _, row := range rowsOf(b.want(t, 200, call{method: "POST", path: "/api/v1/visits/batch", as: b.admin, body: object{"visits": b.visits(slices.Repeat([]string{"Guest"}, 20)...)}})) {
				ids = append(ids, row["visit_id"])
			}
			b.want(t, 200, call{method: "POST", path: fmt.Sprintf("/api/v1/visits/%s/cancel", ids[1]), as: b.admin})
			ids = append(ids, "0198a000-0000-7000-8000-000000000000")
			b.workflows.set(mode)
			desk := b.at(t, auth.Reception, b.site)
			c := call{method: "POST", path: "/api/v1/visits/check-in-batch", as: desk, key: "k", body: object{"ids": ids}}
			started := time.Now()
			answer := b.want(t, 200, c)
			first := rowsOf(answer)
			require.Less(t, time.Since(started), 15*time.Second, "not two seconds for each")
			require.Contains(t, answer.field("networks"), string(b.site), "how to get in")
			passwords := map[any]bool{}
			for i, row := range first {
				require.Equal(t, ids[i], row["visit_id"])
				switch i {
				case 1:
					require.Equal(t, "urn:foyer:problem:visit_cancelled", row["refused"].(object)["type"])
				case len(ids) - 1:
					require.Equal(t, "urn:foyer:problem:visit_not_found", row["refused"].(object)["type"])
				default:
					require.Equal(t, "checked_in", row["visit"].(object)["status"])
					require.Equal(t, "pending", row["network"])
					passwords[row["voucher"].(object)["password"]] = true
				}
			}
			require.Len(t, passwords, 19)
			b.Clock.Advance(10 * time.Minute)
			again := rowsOf(b.want(t, 200, c))
			require.Equal(t, first[0]["voucher"], again[0]["voucher"], "the same key sees the password again")
			stranger := b.token(t, store.Scope{Sites: []visit.SiteID{b.site}}, auth.NewPermissions(auth.VisitsCheckIn))
			c.as = stranger
			answer = b.want(t, 200, c)
			require.Nil(t, rowsOf(answer)[0]["voucher"].(object)["password"], "somebody else does not")
			require.Nil(t, answer.field("networks"), "nor how to get in")
		})
	}
}

func (b *bench) imports(query, file string) call {
	return call{
		method: "POST", path: "/api/v1/visits/import?site_id=" + string(b.site) + query, as: b.admin,
		body: file, header: http.Header{"Content-Type": {"text/csv"}},
	}
}

func TestImportingASpreadsheet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	departure := b.Clock.Now().Add(3 * time.Hour)
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	file := "\ufefflast_name;email;company;departure\r\n" +
		"=1+1;zoe@canary.example;@canary;" + departure.In(berlin).Format("02.01.2006 15:04") + "\r\n" +
		";;;\r\n" +
		"Two;not an address;;\r\n" +
		"Three;;;tomorrow\r\n" +
		"Four;;;2020-01-01 09:00\r\n" +
		";nobody@canary.example;;\r\n"
	a := b.want(t, 200, b.imports("&dry_run=true", file))
	require.EqualValues(t, 1, a.field("good"))
	require.EqualValues(t, 0, a.field("registered"))
	require.Empty(t, b.want(t, 200, call{path: "/api/v1/visits", as: b.admin}).list("items"))
	b.want(t, 200, b.imports("&all_or_nothing=true", file))
	require.Empty(t, b.want(t, 200, call{path: "/api/v1/visits", as: b.admin}).list("items"))

	c := b.imports("", file)
	c.key = "k"
	a = b.want(t, 200, c)
	require.Equal(t, []any{"last_name", "email", "company", "departure"}, a.list("columns"))
	var got []string
	for _, row := range rowsOf(a) {
		refused, _ := row["refused"].(object)
		got = append(got, fmt.Sprint(row["line"], " ", refused["column"], " ", refused["place"]))
	}
	require.Equal(t, []string{"2 <nil> <nil>", "4 email 2", "5 departure 4", "6 departure 4", "7 last_name 1"}, got)
	items := b.want(t, 200, call{path: "/api/v1/visits", as: b.admin}).list("items")
	require.Len(t, items, 1)
	item := items[0].(object)
	require.Equal(t, "=1+1", item["visitor"].(object)["last_name"], "text, as it stands there")
	require.Equal(t, departure.Truncate(time.Minute).UTC().Format(time.RFC3339), item["expected_departure"])
	require.Equal(t, string(a.text), string(b.want(t, 200, c).text), "a repeat")
	require.Len(t, b.want(t, 200, call{path: "/api/v1/visits", as: b.admin}).list("items"), 1)
}

func TestFilesThatCannotBeImported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for file, says := range map[string]string{
		"last_name\nM\xfcller\n": "UTF-8",
		"name\nx\n":              "column 1",
		"last_name\n" + strings.Repeat("x\n", 501):   "500",
		"last_name\n\"x\n":                           "quotation mark",
		"last_name\n" + strings.Repeat("x", 600<<10): "",
	} {
		a := b.do(t, b.imports("", file))
		if says == "" {
			require.Equal(t, 200, a.status, "half a megabyte is read")
			require.EqualValues(t, 1, a.field("refused"))
			continue
		}
		require.Equal(t, 422, a.status, "%.40q", file)
		require.Contains(t, a.string("detail"), says)
	}
	b.want(t, 413, b.imports("", "last_name\n"+strings.Repeat("x", 1<<20)))
	b.refused(t, 404, "site_not_found", call{
		method: "POST", path: "/api/v1/visits/import?site_id=" + string(b.other), as: b.at(t, auth.Reception, b.site),
		body: "last_name\nx\n", header: http.Header{"Content-Type": {"text/csv"}},
	})
	require.Empty(t, b.want(t, 200, call{path: "/api/v1/visits", as: b.admin}).list("items"))
}

func TestASeries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.want(t, 201, call{method: "POST", path: "/api/v1/visits/series", as: b.admin, body: b.seriesAt(b.site)})
	require.Len(t, a.list("visits"), 3)
	at := "/api/v1/visits/series/" + a.string("series_id")
	second := a.list("visits")[1].(object)
	require.Equal(t, a.string("series_id"), second["series_id"])
	cancelled := b.want(t, 200, call{method: "POST", path: at + "/cancel", as: b.admin, body: object{"from": second["expected_arrival"]}})
	var statuses []any
	for _, v := range cancelled.list("visits") {
		statuses = append(statuses, v.(object)["status"])
	}
	require.Equal(t, []any{"pre_registered", "cancelled", "cancelled"}, statuses)
	b.want(t, 200, call{method: "POST", path: at + "/cancel", as: b.admin})
	require.Equal(t, "cancelled", b.want(t, 200, call{path: at, as: b.admin}).list("visits")[0].(object)["status"])

	body := b.seriesAt(b.site)
	body["series"] = object{"dates": []string{"2020-01-01"}, "arrives": "09:00", "departs": "17:00"}
	refused := b.refused(t, 422, "departure_in_past", call{method: "POST", path: "/api/v1/visits/series", as: b.admin, body: body})
	require.Contains(t, refused.string("detail"), "2020-01-01")
	body["series"] = object{"from": "2027-01-01", "to": "2027-02-01", "weekdays": []string{"funday"}, "arrives": "09:00", "departs": "17:00"}
	b.want(t, 422, call{method: "POST", path: "/api/v1/visits/series", as: b.admin, body: body})
}

func TestReceptionFindsWhoCameBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: b.registration()}).string("visit.id")
	a := b.want(t, 200, call{path: "/api/v1/people?q=quill", as: b.at(t, auth.Reception, b.site)})
	last := a.list("items")[0].(object)["last_visit"].(object)
	require.Equal(t, id, last["visit_id"])
	require.Equal(t, "Grace", last["host"].(object)["name"])
}
