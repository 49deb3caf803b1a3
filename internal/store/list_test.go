package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func (b bench) list(t testing.TB, filter store.VisitFilter) []string {
	t.Helper()
	page, err := b.List(t.Context(), store.Everything, filter)
	require.NoError(t, err)
	var names []string
	for _, v := range page.Items {
		names = append(names, v.Visitor.LastName)
	}
	return names
}

func (b bench) named(t testing.TB, reg visit.Registration) visit.VisitID {
	t.Helper()
	reg.SiteID = b.site.ID
	if reg.ExpectedDeparture.IsZero() {
		reg.ExpectedDeparture = b.Clock.Now().Add(time.Hour)
	}
	out, err := b.Register(t.Context(), b.desk, reg, store.RegisterOptions{})
	require.NoError(t, err)
	return out.Visit.ID
}

func TestSearchingFindsWhatPeopleType(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.named(t, visit.Registration{Visitor: visit.Visitor{FirstName: "Zoë", LastName: "Ångström", Email: "z_a@example.org", Company: "100% Wool"}, Host: visit.Host{Name: "Grace Stone", Email: "grace@example.org"}})
	b.named(t, visit.Registration{Visitor: visit.Visitor{FirstName: "Max", LastName: "Other", Email: "zXa@example.org", Company: `Back\Slash`}})
	for query, want := range map[string][]string{
		"ångström":                      {"Ångström"},
		"ZOË ÅNG":                       {"Ångström"},
		"stone":                         {"Ångström"},
		"grace@":                        {"Ångström"},
		"z_a@":                          {"Ångström"}, // not any character
		"100%":                          {"Ångström"},
		"%":                             {"Ångström"},
		`k\s`:                           {"Other"},
		"example":                       {"Ångström", "Other"},
		"max stone":                     nil,
		"":                              {"Ångström", "Other"},
		"' or 1=1 --":                   nil,
		strings.Repeat("x", 200):        nil,
		"example max example other o x": {"Other"}, // five words count
	} {
		require.ElementsMatch(t, want, b.list(t, store.VisitFilter{SiteID: b.site.ID, Tab: store.TabExpected, Query: query}), query)
	}
	for _, query := range []string{"\x00", "\xff", strings.Repeat("x", 201)} {
		_, err := b.List(t.Context(), store.Everything, store.VisitFilter{Query: query})
		require.Equal(t, visit.KindInvalid, visit.KindOf(err))
	}
}

func TestTabsArePagedWithoutLossOrRepeat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const n = 25
	departs := b.Clock.Now().Add(3 * time.Hour)
	for i := range n {
		id := b.named(t, visit.Registration{
			Visitor:         visit.Visitor{LastName: fmt.Sprintf("V%02d", i)},
			ExpectedArrival: b.Clock.Now().Add(time.Duration(i/5) * time.Minute), ExpectedDeparture: departs, // many equal keys
		})
		if i%3 > 0 {
			_, err := b.RequestCheckIn(t.Context(), b.desk, id)
			require.NoError(t, err)
			_, err = b.IssueVoucher(t.Context(), id, store.Workflow)
			require.NoError(t, err)
		}
		if i%3 > 1 {
			b.leave(t, id)
		}
	}
	for tab, want := range map[store.Tab]int{store.TabExpected: 9, store.TabOnSite: 8, store.TabCompleted: 8, "": n} {
		for _, site := range []visit.SiteID{b.site.ID, ""} {
			seen := map[visit.VisitID]bool{}
			page := store.VisitPage{Next: ""}
			for rounds := 0; rounds == 0 || page.Next != ""; rounds++ {
				var err error
				page, err = b.List(t.Context(), store.Everything, store.VisitFilter{SiteID: site, Tab: tab, Page: store.Page{Cursor: page.Next, Limit: 4}})
				require.NoError(t, err)
				require.LessOrEqual(t, len(page.Items), 4)
				for _, v := range page.Items {
					require.False(t, seen[v.ID])
					seen[v.ID] = true
				}
			}
			require.Len(t, seen, want, tab)
		}
	}
	counts, err := b.Counts(t.Context(), store.Everything, b.site.ID)
	require.NoError(t, err)
	require.Equal(t, store.Counts{Expected: 9, OnSite: 8, Completed: 8}, counts)
}

func TestBadCursorsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []string{"x", "e30", "eyJpIjoieCJ9", strings.Repeat("e", 5000), "eyJ0IjoiMjAyNi0wMS0wMVQwMDowMDowMFoifQ"} {
		_, err := b.List(t.Context(), store.Everything, store.VisitFilter{Tab: store.TabExpected, Page: store.Page{Cursor: c}})
		require.Equal(t, visit.KindInvalid, visit.KindOf(err), c)
		_, err = b.RefusedLogins(t.Context(), store.Everything, b.site.ID, store.RefusedFilter{Page: store.Page{Cursor: c}})
		require.Equal(t, visit.KindInvalid, visit.KindOf(err), c)
		_, err = b.Events(t.Context(), store.Everything, store.EventFilter{Page: store.Page{Cursor: c}})
		require.Equal(t, visit.KindInvalid, visit.KindOf(err), c)
		_, err = b.AuditRows(t.Context(), store.Everything, store.AuditFilter{Page: store.Page{Cursor: c}})
		require.Equal(t, visit.KindInvalid, visit.KindOf(err), c)
	}
	_, err := b.List(t.Context(), store.Everything, store.VisitFilter{Tab: "lobby"})
	require.Equal(t, visit.KindInvalid, visit.KindOf(err))
}

// P24 in small: outside the scope nothing exists.
func TestOutsideTheScopeNothingExists(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.newSite(t, "Other")
	id := b.arrived(t)
	foreign := store.Scope{Sites: []visit.SiteID{other.ID}}
	by := store.Caller{Actor: "user:x", Scope: foreign}
	for name, call := range map[string]func() error{
		"visit":  func() error { _, err := b.Visit(t.Context(), foreign, id); return err },
		"nobody": func() error { _, err := b.Visit(t.Context(), store.Scope{}, id); return err },
		"detail": func() error { _, err := b.Detail(t.Context(), foreign, id); return err },
		"list":   func() error { _, err := b.List(t.Context(), foreign, store.VisitFilter{SiteID: b.site.ID}); return err },
		"counts": func() error { _, err := b.Counts(t.Context(), foreign, b.site.ID); return err },
		"evac":   func() error { _, err := b.Evacuation(t.Context(), foreign, b.site.ID); return err },
		"site":   func() error { _, err := b.Site(t.Context(), foreign, b.site.ID); return err },
		"nases":  func() error { _, err := b.NASes(t.Context(), foreign, b.site.ID); return err },
		"agents": func() error { _, err := b.Agents(t.Context(), foreign, b.site.ID); return err },
		"refused": func() error {
			_, err := b.RefusedLogins(t.Context(), foreign, b.site.ID, store.RefusedFilter{})
			return err
		},
		"check in": func() error { _, err := b.RequestCheckIn(t.Context(), by, id); return err },
		"out":      func() error { _, err := b.RequestCheckOut(t.Context(), by, id); return err },
		"cancel":   func() error { _, err := b.Cancel(t.Context(), by, id); return err },
		"reveal":   func() error { _, _, err := b.Reveal(t.Context(), by, id); return err },
		"register": func() error {
			_, err := b.Register(t.Context(), by, b.registration(), store.RegisterOptions{})
			return err
		},
		"no id": func() error { _, err := b.Visit(t.Context(), store.Everything, "no id"); return err },
	} {
		require.Equal(t, visit.KindNotFound, visit.KindOf(call()), name)
	}
	page, err := b.List(t.Context(), foreign, store.VisitFilter{})
	require.NoError(t, err)
	require.Empty(t, page.Items)
	events, err := b.Events(t.Context(), foreign, store.EventFilter{})
	require.NoError(t, err)
	require.Empty(t, events.Items)
	rows, err := b.AuditRows(t.Context(), foreign, store.AuditFilter{})
	require.NoError(t, err)
	require.Empty(t, rows.Items)
	after, err := b.EventsAfter(t.Context(), foreign, nil, 10)
	require.NoError(t, err)
	require.Empty(t, after)
}

// With ten thousand open visits a page is read along its tab's index, without
// sorting.
func TestListsUseTheirIndexes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conn, err := pgx.Connect(t.Context(), b.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	seed := b.registered(t)
	_, err = conn.Exec(t.Context(), `insert into visits (id, site_id, person_id, visitor_first_name, visitor_last_name, host_email, status, presence,
			expected_arrival, expected_departure, check_in_requested_at, check_in_requested_by, checked_in_at, ended_at, ended_by, left_at, created_at, updated_at)
		select gen_random_uuid(), v.site_id, v.person_id, 'F', 'L' || i, 'Host' || i % 500 || '@example.org',
			(array['pre_registered', 'checked_in', 'checked_out'])[1 + i % 3], (array['expected', 'in', 'left'])[1 + i % 3],
			now() + i * interval '1 s', now() + interval '1 day', now(), 'user:x',
			case when i % 3 > 0 then now() end, case when i % 3 = 2 then now() + i * interval '1 s' end, case when i % 3 = 2 then 'timer' end,
			case when i % 3 = 2 then now() end, now(), now()
		from visits v, generate_series(1, 30000) i where v.id = $1`, seed)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "analyze visits")
	require.NoError(t, err)
	for tab, index := range map[store.Tab]string{
		store.TabExpected: "visits_tab_expected", store.TabOnSite: "visits_tab_on_site", store.TabCompleted: "visits_tab_completed", "": "visits_newest",
	} {
		first, err := b.List(t.Context(), store.Everything, store.VisitFilter{SiteID: b.site.ID, Tab: tab})
		require.NoError(t, err)
		for _, cursor := range []string{"", first.Next} {
			filter := store.VisitFilter{SiteID: b.site.ID, Tab: tab, Page: store.Page{Cursor: cursor}}
			plan := explain(t, conn, store.Everything, filter)
			require.Contains(t, plan, "Index Scan using "+index, plan)
			require.NotContains(t, plan, "Sort", plan)
		}
	}
	host := store.Scope{Sites: []visit.SiteID{b.site.ID}, Host: "Host7@example.org"}
	page, err := b.List(t.Context(), host, store.VisitFilter{})
	require.NoError(t, err)
	require.Len(t, page.Items, 50)
	for _, v := range page.Items {
		require.Equal(t, "Host7@example.org", v.Host.Email)
	}
	require.Contains(t, explain(t, conn, host, store.VisitFilter{}), "visits_host", "a host's few are not looked for among all")
}

func explain(t *testing.T, conn *pgx.Conn, scope store.Scope, filter store.VisitFilter) string {
	t.Helper()
	statement, args, err := store.ListStatement(scope, filter)
	require.NoError(t, err)
	rows, err := conn.Query(t.Context(), "explain "+statement, args)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return strings.Join(lines, "\n")
}

func TestTheEvacuationListKeepsWhoMayBeThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in, expired, gone, confirmed := b.arrived(t), b.arrived(t), b.arrived(t), b.arrived(t)
	_, err := b.Move(t.Context(), b.desk, in, b.Clock.Now().Add(3*time.Hour))
	require.NoError(t, err)
	b.leave(t, gone)
	b.registered(t)
	due := b.Clock.Now().Add(time.Hour)
	b.Clock.Advance(2 * time.Hour)
	for _, id := range []visit.VisitID{expired, confirmed} {
		_, err := b.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Fallback})
		require.NoError(t, err)
	}
	_, err = b.ConfirmLeft(t.Context(), b.desk, confirmed)
	require.NoError(t, err)
	_, err = b.MarkNoShows(t.Context(), 10)
	require.NoError(t, err)
	b.Clock.Advance(11 * time.Hour)

	entries, err := b.Evacuation(t.Context(), store.Everything, b.site.ID)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	overdue := map[visit.VisitID]*time.Time{}
	for _, e := range entries {
		overdue[e.Visit.ID] = e.OverdueSince
	}
	require.Equal(t, map[visit.VisitID]*time.Time{in: nil, expired: &due}, overdue)

	out, err := b.Readmit(t.Context(), b.desk, expired, time.Time{})
	require.NoError(t, err)
	require.Equal(t, expired, out.Visit.ReadmitOf)
	require.Equal(t, visit.Unconfirmed, b.visit(t, expired).Presence, "until the new visit has begun")
	_, err = b.IssueVoucher(t.Context(), out.Visit.ID, store.Workflow)
	require.NoError(t, err)
	require.Equal(t, visit.Left, b.visit(t, expired).Presence)
	entries, err = b.Evacuation(t.Context(), store.Everything, b.site.ID)
	require.NoError(t, err)
	require.Len(t, entries, 2, "the person once")
	b.verify(t)
}
