package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func (b bench) rows(names ...string) []store.BatchRow {
	rows := make([]store.BatchRow, len(names))
	for i, name := range names {
		rows[i].Registration = b.registration()
		rows[i].Visitor = visit.Visitor{LastName: name}
	}
	return rows
}

// codesOf are the refusals, "" for a visit and "-" for none of both.
func codesOf(results []store.RowResult) []string {
	list := make([]string, len(results))
	for i, r := range results {
		switch {
		case r.Refused != nil:
			list[i] = r.Refused.Code + " " + r.Refused.Field
		case r.VisitID == "":
			list[i] = "-"
		}
	}
	return list
}

func TestABatchReportsEachRow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rows := b.rows("One", "", "Three", "Four", "Five", "Six")
	rows[2].SiteID = "0198a000-0000-7000-8000-000000000000"
	rows[3].PersonID = "0198a000-0000-7000-8000-000000000000" // the database finds out
	rows[4].Refused = visit.Invalid("arrival", "What is this?")
	want := []string{"", "invalid visitor.last_name", "site_not_found ", "person_not_found ", "invalid arrival", ""}

	for i, options := range []store.BatchOptions{{DryRun: true}, {AllOrNothing: true}, {}} {
		out, err := b.RegisterBatch(t.Context(), b.desk, rows, options)
		require.NoError(t, err)
		got := codesOf(out.Rows)
		if i < 2 {
			require.Equal(t, []int64{0}, sql[int64](t, b, "select count(*) from visits"))
			require.Equal(t, []int64{0}, sql[int64](t, b, "select count(*) from people"))
			require.Equal(t, strings.Join(want, "|"), strings.ReplaceAll(strings.Join(got, "|"), "-", ""))
			require.Equal(t, "-", got[0])
			continue
		}
		require.Equal(t, want, got)
		require.Equal(t, []string{"Six"}, sql[string](t, b, "select visitor_last_name from visits where id = $1", out.Rows[5].VisitID))
	}
	require.Equal(t, []int64{2}, sql[int64](t, b, "select count(*) from visits"))
	require.Equal(t, []int64{2}, sql[int64](t, b, "select count(*) from people"), "none of a row that was refused")
	require.Equal(t, []int64{2}, sql[int64](t, b, "select count(*) from events where kind = 'visitor.pre_registered'"))
	b.verify(t)
}

func TestABatchIsRegisteredOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rows := b.rows("One", "", "Three")
	by := keyed(b.desk, "k", "h")
	outs := make([]store.BatchResult, 8)
	calls := make([]func() error, len(outs))
	for i := range calls {
		calls[i] = func() (err error) {
			outs[i], err = b.RegisterBatch(t.Context(), by, rows, store.BatchOptions{})
			return err
		}
	}
	for _, err := range atOnce(calls...) {
		require.NoError(t, err)
	}
	replayed := 0
	for _, out := range outs {
		require.Equal(t, outs[0].Rows, out.Rows)
		if out.Replayed {
			replayed++
		}
	}
	require.Equal(t, len(outs)-1, replayed)
	require.Equal(t, []int64{2}, sql[int64](t, b, "select count(*) from visits"))
	_, err := b.RegisterBatch(t.Context(), keyed(b.desk, "k", "other"), rows, store.BatchOptions{})
	require.ErrorIs(t, err, visit.ErrIdempotencyKey)
	b.verify(t)
}

func TestABatchOfNothingLeavesItsKeyFree(t *testing.T) {
	t.Parallel()
	b := setup(t)
	by := keyed(b.desk, "k", "h")
	for _, options := range []store.BatchOptions{{DryRun: true}, {}} {
		_, err := b.RegisterBatch(t.Context(), by, b.rows(""), options)
		require.NoError(t, err)
		require.Equal(t, []int64{0}, sql[int64](t, b, "select count(*) from idempotency"))
	}
}

func TestAHostsBatchInvitesToThemselves(t *testing.T) {
	t.Parallel()
	b := setup(t)
	by := store.Caller{Actor: "user:h", Scope: store.Scope{Sites: []visit.SiteID{b.site.ID}, Host: "host@example.org"}}
	rows := b.rows("One", "Two")
	rows[0].Host, rows[1].Host = visit.Host{}, visit.Host{Email: "grace@example.org"}
	out, err := b.RegisterBatch(t.Context(), by, rows, store.BatchOptions{})
	require.NoError(t, err)
	require.Equal(t, []string{"", "invalid host.email"}, codesOf(out.Rows))
	require.Equal(t, "host@example.org", b.visit(t, out.Rows[0].VisitID).Host.Email)
}

func (b bench) series() (visit.Registration, visit.Series) {
	reg := b.registration()
	reg.ExpectedDeparture = time.Time{}
	day := b.Clock.Now().AddDate(0, 0, 1)
	return reg, visit.Series{From: day.Format(time.DateOnly), To: day.AddDate(0, 0, 4).Format(time.DateOnly), Arrives: "09:00", Departs: "17:00"}
}

func TestASeriesIsAVisitADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reg, series := b.series()
	by := keyed(b.desk, "k", "h")
	out, err := b.RegisterSeries(t.Context(), by, reg, series, "")
	require.NoError(t, err)
	require.Len(t, out.Visits, 5)
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for i, v := range out.Visits {
		require.Equal(t, out.ID, v.SeriesID)
		require.Equal(t, out.Visits[0].PersonID, v.PersonID, "one person")
		require.Equal(t, "09:00", v.ExpectedArrival.In(berlin).Format("15:04"))
		require.Equal(t, b.Clock.Now().AddDate(0, 0, 1+i).Format(time.DateOnly), v.ExpectedArrival.In(berlin).Format(time.DateOnly))
	}
	again, err := b.RegisterSeries(t.Context(), by, reg, series, "")
	require.NoError(t, err)
	require.True(t, again.Replayed)
	require.Equal(t, out.Visits, again.Visits)
	require.Equal(t, []int64{5}, sql[int64](t, b, "select count(*) from visits"))

	series.From = b.Clock.Now().AddDate(0, 0, -1).Format(time.DateOnly)
	_, err = b.RegisterSeries(t.Context(), b.desk, reg, series, "")
	require.ErrorIs(t, err, visit.ErrDepartureInPast)
	refused, _ := errors.AsType[*visit.Error](err)
	require.Contains(t, refused.Message, series.From, "it names the day")
	require.Equal(t, []int64{5}, sql[int64](t, b, "select count(*) from visits"), "none at all")
	b.verify(t)
}

func TestTheRestOfASeriesIsCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reg, series := b.series()
	out, err := b.RegisterSeries(t.Context(), b.desk, reg, series, "")
	require.NoError(t, err)
	ids := make([]visit.VisitID, len(out.Visits))
	for i, v := range out.Visits {
		ids[i] = v.ID
	}
	_, err = b.RequestCheckIn(t.Context(), b.desk, ids[3]) // on its way
	require.NoError(t, err)
	statuses := func(visits []visit.Visit) (list []visit.Status) {
		for _, v := range visits {
			list = append(list, v.Status)
		}
		return list
	}
	some, err := b.CancelSeries(t.Context(), b.desk, out.ID, out.Visits[2].ExpectedArrival)
	require.NoError(t, err)
	want := []visit.Status{visit.PreRegistered, visit.PreRegistered, visit.Cancelled, visit.PreRegistered, visit.Cancelled}
	require.Equal(t, want, statuses(some.Visits))
	all, err := b.CancelSeries(t.Context(), b.desk, out.ID, time.Time{})
	require.NoError(t, err)
	require.Equal(t, []visit.Status{visit.Cancelled, visit.Cancelled, visit.Cancelled, visit.PreRegistered, visit.Cancelled}, statuses(all.Visits))
	require.Equal(t, []int64{4}, sql[int64](t, b, "select count(*) from events where kind = 'visitor.cancelled'"), "each once")

	paris := b.newSite(t, "Paris")
	stranger := store.Caller{Actor: "user:x", Scope: store.Scope{Sites: []visit.SiteID{paris.ID}}}
	_, err = b.CancelSeries(t.Context(), stranger, out.ID, time.Time{})
	require.ErrorIs(t, err, visit.ErrSeriesNotFound)
	_, err = b.SeriesVisits(t.Context(), stranger.Scope, out.ID)
	require.ErrorIs(t, err, visit.ErrSeriesNotFound)
	b.verify(t)
}

// Cancelling the rest while somebody checks in: one of the two, never both.
func TestCancellingASeriesRacesItsCheckIns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reg, series := b.series()
	out, err := b.RegisterSeries(t.Context(), b.desk, reg, series, "")
	require.NoError(t, err)
	calls := []func() error{func() error {
		_, err := b.CancelSeries(t.Context(), b.desk, out.ID, time.Time{})
		return err
	}}
	for _, v := range out.Visits {
		calls = append(calls, func() error {
			_, err := b.RequestCheckIn(t.Context(), b.desk, v.ID)
			if errors.Is(err, visit.ErrVisitCancelled) {
				err = nil
			}
			return err
		})
	}
	for _, err := range atOnce(calls...) {
		require.NoError(t, err)
	}
	require.Empty(t, sql[string](t, b, "select id::text from visits where (status = 'cancelled') = (check_in_requested_at is not null)"))
	b.verify(t)
}

func TestASeriesIsReadAlongItsIndex(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reg, series := b.series()
	out, err := b.RegisterSeries(t.Context(), b.desk, reg, series, "")
	require.NoError(t, err)
	sql[string](t, b, `with people as (select person_id from visits limit 1)
		insert into visits (id, site_id, person_id, series_id, visitor_first_name, visitor_last_name, status, presence, expected_arrival, expected_departure, created_at, updated_at)
		select gen_random_uuid(), $1::uuid, people.person_id, case n % 3 when 0 then gen_random_uuid() end, 'x', 'y', 'pre_registered', 'expected', now(), now() + interval '1 hour', now(), now()
		from people, generate_series(1, 5000) n returning 'x'`, b.site.ID)
	sql[string](t, b, "analyze visits")
	statement := strings.NewReplacer("@id", "'"+string(out.ID)+"'", "@all", "true", "@sites::uuid[]", "'{}'::uuid[]", "@host", "''").Replace(store.SeriesListStatement)
	require.Contains(t, strings.Join(sql[string](t, b, "explain "+statement), "\n"), "visits_series")
}
