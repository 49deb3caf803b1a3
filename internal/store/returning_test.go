package store_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// Who comes again need not say everything again: as far as the desk may know.
func TestReturningVisitorsComeWithTheirLastVisit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.visit(t, b.registered(t))
	paris := b.newSite(t, "Paris")
	register := func(site visit.SiteID, host string) visit.VisitID {
		reg := b.registration()
		reg.SiteID, reg.Host, reg.Purpose = site, visit.Host{Name: host}, "talk"
		out, err := b.Register(t.Context(), b.desk, reg, store.RegisterOptions{PersonID: first.PersonID})
		require.NoError(t, err)
		return out.Visit.ID
	}
	second := register(b.site.ID, "Linus")
	third := register(paris.ID, "Marie")
	for _, c := range []struct {
		scope  store.Scope
		filter store.PersonFilter
		want   visit.VisitID
		host   string
		visits int
	}{
		{store.Everything, store.PersonFilter{Query: "quill"}, third, "Marie", 3},
		{store.Everything, store.PersonFilter{Query: "quill", SiteID: b.site.ID}, second, "Linus", 2},
		{store.Scope{Sites: []visit.SiteID{b.site.ID}}, store.PersonFilter{}, second, "Linus", 2},
	} {
		page, err := b.People(t.Context(), c.scope, c.filter)
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		require.Equal(t, c.want, page.Items[0].Last.ID)
		require.Equal(t, c.host, page.Items[0].Last.Host.Name)
		require.Equal(t, "talk", page.Items[0].Last.Purpose)
		require.Equal(t, c.visits, page.Items[0].Visits)
	}
}

func TestLastVisitsAreFoundAlongTheirIndex(t *testing.T) {
	t.Parallel()
	b := setup(t)
	person := b.visit(t, b.registered(t)).PersonID
	sql[string](t, b, `insert into people (id, first_name, last_name, created_at, updated_at)
		select gen_random_uuid(), 'x', 'y', now(), now() from generate_series(1, 2000) returning 'x'`)
	sql[string](t, b, `insert into visits (id, site_id, person_id, visitor_first_name, visitor_last_name, status, presence, expected_arrival, expected_departure, created_at, updated_at)
		select gen_random_uuid(), $1::uuid, p.id, 'x', 'y', 'pre_registered', 'expected', now(), now() + interval '1 hour', now(), now()
		from people p, generate_series(1, 3) returning 'x'`, b.site.ID)
	sql[string](t, b, "analyze visits, people")
	statement := strings.NewReplacer("@people", "'{"+string(person)+"}'", "@all", "true", "@sites::uuid[]", "'{}'::uuid[]", "@host", "''").Replace(store.LastVisitsStatement)
	plan := strings.Join(sql[string](t, b, "explain "+statement), "\n")
	require.Contains(t, plan, "visits_person")
}
