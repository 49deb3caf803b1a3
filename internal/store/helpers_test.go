package store_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// bench is a store with one site.
type bench struct {
	*storetest.Bench
	site visit.Site
	desk store.Caller
}

func setup(t testing.TB) bench {
	t.Helper()
	b := bench{Bench: storetest.New(t), desk: store.Caller{Actor: "user:desk", Scope: store.Everything}}
	b.site = b.newSite(t, "Berlin")
	return b
}

func (b bench) newSite(t testing.TB, name string) visit.Site {
	t.Helper()
	site, err := b.CreateSite(t.Context(), b.desk, visit.Site{Name: name, Timezone: "Europe/Berlin"})
	require.NoError(t, err)
	return site
}

func (b bench) registration() visit.Registration {
	return visit.Registration{
		SiteID:            b.site.ID,
		Visitor:           visit.Visitor{FirstName: "Ada", LastName: "Quill", Email: "ada@example.org"},
		Host:              visit.Host{Name: "Grace Stone"},
		ExpectedDeparture: b.Clock.Now().Add(time.Hour),
	}
}

func (b bench) registered(t testing.TB) visit.VisitID {
	t.Helper()
	out, err := b.Register(t.Context(), b.desk, b.registration(), store.RegisterOptions{})
	require.NoError(t, err)
	return out.Visit.ID
}

// arrived returns a visit that is checked in.
func (b bench) arrived(t testing.TB) visit.VisitID {
	t.Helper()
	out, err := b.Register(t.Context(), b.desk, b.registration(), store.RegisterOptions{CheckIn: true})
	require.NoError(t, err)
	issued, err := b.IssueVoucher(t.Context(), out.Visit.ID, store.Workflow)
	require.NoError(t, err)
	require.True(t, issued.Fresh)
	return out.Visit.ID
}

// left returns a visit that was checked in and out.
func (b bench) left(t testing.TB) visit.VisitID {
	t.Helper()
	id := b.arrived(t)
	b.leave(t, id)
	return id
}

func (b bench) leave(t testing.TB, id visit.VisitID) {
	t.Helper()
	_, err := b.RequestCheckOut(t.Context(), b.desk, id)
	require.NoError(t, err)
	revoked, err := b.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Workflow})
	require.NoError(t, err)
	require.True(t, revoked.Ended)
}

func (b bench) visit(t testing.TB, id visit.VisitID) visit.Visit {
	t.Helper()
	v, err := b.Visit(t.Context(), store.Everything, id)
	require.NoError(t, err)
	return v
}

// sql asks the database itself: the oracle is not the store.
func sql[T any](t testing.TB, b bench, query string, args ...any) []T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), query, args...)
	require.NoError(t, err)
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	require.NoError(t, err)
	return values
}

func (b bench) kinds(t testing.TB, id visit.VisitID) []string {
	t.Helper()
	return sql[string](t, b, "select kind from events where visit_id = $1 order by seq", id)
}

// verify holds the database to what must always be true of it.
func (b bench) verify(t testing.TB) {
	t.Helper()
	report, err := b.AuditVerify(t.Context(), store.Everything, "")
	require.NoError(t, err)
	require.True(t, report.OK, "%v", report.FirstBad)
	require.Empty(t, sql[string](t, b, `select id::text from events e where (select count(*) from audit a where a.event_id = e.id) <> 1`), "one audit row per event")
	require.Empty(t, sql[string](t, b, `select visit_id::text from events
		where kind in ('visitor.checked_out', 'visitor.expired', 'visitor.cancelled', 'visitor.no_show') group by 1 having count(*) > 1`), "one terminal event")
	require.Empty(t, sql[string](t, b, `select id::text from visits v where (ended_at is not null) <> exists (select from events e where e.visit_id = v.id
		and kind in ('visitor.checked_out', 'visitor.expired', 'visitor.cancelled', 'visitor.no_show'))`), "ended visits have their event")
	require.Empty(t, sql[string](t, b, `select h.site_id::text from site_heads h
		where h.revision <> (select count(*) from site_ledger l where l.site_id = h.site_id)`), "revisions without gaps")
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// positionOf returns the place of a revision in the site's ledger.
func positionOf(t testing.TB, b bench, revision int64) wire.Position {
	t.Helper()
	stamp := sql[int64](t, b, "select stamp from site_ledger where site_id = $1 and revision = $2", b.site.ID, revision)[0]
	return wire.Position{Revision: revision, Stamp: uint64(stamp)}
}
