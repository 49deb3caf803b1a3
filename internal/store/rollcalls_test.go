package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func (b bench) muster(t testing.TB, kind visit.RollCallKind) visit.RollCallID {
	t.Helper()
	out, err := b.StartRollCall(t.Context(), b.desk, b.site.ID, kind)
	require.NoError(t, err)
	require.True(t, out.Fresh)
	return out.RollCall.ID
}

func (b bench) rollCall(t testing.TB, id visit.RollCallID) store.RollCallDetail {
	t.Helper()
	detail, err := b.RollCall(t.Context(), store.Everything, b.site.ID, id)
	require.NoError(t, err)
	return detail
}

// standing is what the marks amount to, by visit.
func (b bench) standing(t testing.TB, id visit.RollCallID) map[visit.VisitID]visit.Mark {
	t.Helper()
	standing := map[visit.VisitID]visit.Mark{}
	for _, p := range b.rollCall(t, id).People {
		require.NotContains(t, standing, p.Visit.ID, "twice on the list")
		standing[p.Visit.ID] = p.Mark
	}
	return standing
}

func markOf(id visit.VisitID, mark visit.Mark) store.NewMark {
	return store.NewMark{ID: visit.MarkID(uuid.NewString()), VisitID: id, Mark: mark}
}

func (b bench) mark(t testing.TB, by string, call visit.RollCallID, marks ...store.NewMark) []store.MarkResult {
	t.Helper()
	out, err := b.MarkRollCall(t.Context(), store.Caller{Actor: by, Scope: store.Everything}, b.site.ID, call, marks)
	require.NoError(t, err)
	return out.Results
}

func TestARollCallFreezesTheListAndGrows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in, gone, overdue := b.arrived(t), b.left(t), b.arrived(t)
	expected := b.registered(t)
	b.Clock.Advance(time.Hour)
	_, err := b.RevokeVoucher(t.Context(), overdue, store.RevokeInput{By: store.Workflow})
	require.NoError(t, err)
	call := b.muster(t, visit.Real)
	require.Equal(t, map[visit.VisitID]visit.Mark{in: visit.MarkNone, overdue: visit.MarkNone}, b.standing(t, call), "not %s, not %s", gone, expected)

	late := b.arrived(t)
	b.leave(t, in)
	require.Len(t, b.standing(t, call), 3, "who leaves stays on the list")
	for _, p := range b.rollCall(t, call).People {
		require.Equal(t, p.Visit.ID == late, p.Arrived)
		require.Equal(t, p.Visit.ID == overdue, p.OverdueSince != nil)
		require.Equal(t, p.Visit.ID == in, p.Visit.Presence == visit.Left)
	}
	out, err := b.EndRollCall(t.Context(), b.desk, b.site.ID, call)
	require.NoError(t, err)
	require.True(t, out.Fresh)
	b.arrived(t)
	require.Len(t, b.standing(t, call), 3, "it grows no more")
	out, err = b.EndRollCall(t.Context(), b.desk, b.site.ID, call)
	require.NoError(t, err)
	require.False(t, out.Fresh, "twice is once")
	require.Equal(t, []string{"roll_call.started", "roll_call.ended"}, sql[string](t, b, "select kind from events where kind like 'roll_call.%' order by seq"))
	b.verify(t)
}

// Whoever comes in at the moment of the alarm is on the list, whichever was first.
func TestNobodySlipsInBesideTheList(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 8 {
		out, err := b.Register(t.Context(), b.desk, b.registration(), store.RegisterOptions{CheckIn: true})
		require.NoError(t, err)
		leaver := b.arrived(t)
		var call visit.RollCallID
		for _, err := range atOnce(
			func() error { _, err := b.IssueVoucher(t.Context(), out.Visit.ID, store.Workflow); return err },
			func() error {
				started, err := b.StartRollCall(t.Context(), b.desk, b.site.ID, visit.Drill)
				call = started.RollCall.ID
				return err
			},
			func() error {
				if _, err := b.RequestCheckOut(t.Context(), b.desk, leaver); err != nil {
					return err
				}
				_, err := b.RevokeVoucher(t.Context(), leaver, store.RevokeInput{By: store.Workflow})
				return err
			},
		) {
			require.NoError(t, err)
		}
		require.Contains(t, b.standing(t, call), out.Visit.ID)
		_, err = b.EndRollCall(t.Context(), b.desk, b.site.ID, call)
		require.NoError(t, err)
	}
	b.verify(t)
}

func TestTwoAlarmsAreOneRollCall(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.arrived(t)
	outs := make([]store.RollCallOutcome, 6)
	calls := make([]func() error, len(outs))
	for i := range calls {
		calls[i] = func() (err error) {
			outs[i], err = b.StartRollCall(t.Context(), b.desk, b.site.ID, visit.Real)
			return err
		}
	}
	for _, err := range atOnce(calls...) {
		require.NoError(t, err)
	}
	fresh := 0
	for _, out := range outs {
		require.Equal(t, outs[0].RollCall.ID, out.RollCall.ID)
		if out.Fresh {
			fresh++
		}
	}
	require.Equal(t, 1, fresh)
	elsewhere, err := b.StartRollCall(t.Context(), b.desk, b.newSite(t, "Paris").ID, visit.Drill)
	require.NoError(t, err)
	require.True(t, elsewhere.Fresh, "another site has its own")
	b.verify(t)
}

func TestARealAlarmTurnsADrillIntoOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	there := b.arrived(t)
	call := b.muster(t, visit.Drill)
	b.mark(t, "user:a", call, markOf(there, visit.MarkSafe))
	require.Equal(t, call, b.muster(t, visit.Real))
	again, err := b.StartRollCall(t.Context(), b.desk, b.site.ID, visit.Drill)
	require.NoError(t, err)
	require.Equal(t, store.RollCallOutcome{RollCall: again.RollCall}, again, "joined")
	require.Equal(t, visit.Real, again.RollCall.Kind)
	require.Equal(t, visit.MarkSafe, b.standing(t, call)[there], "what was found out stays")
	_, err = b.StartRollCall(t.Context(), b.desk, b.site.ID, "exercise")
	require.Equal(t, visit.KindInvalid, visit.KindOf(err))
}

func TestAnIdempotencyKeyDoesNotSoundTheAlarmAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	by := keyed(b.desk, "k", "h")
	first, err := b.StartRollCall(t.Context(), by, b.site.ID, visit.Real)
	require.NoError(t, err)
	joined, err := b.StartRollCall(t.Context(), keyed(b.desk, "k2", "h"), b.site.ID, visit.Real)
	require.NoError(t, err)
	require.False(t, joined.Fresh)
	_, err = b.EndRollCall(t.Context(), b.desk, b.site.ID, first.RollCall.ID)
	require.NoError(t, err)
	for key, fresh := range map[string]bool{"k": true, "k2": false} {
		again, err := b.StartRollCall(t.Context(), keyed(b.desk, key, "h"), b.site.ID, visit.Real)
		require.NoError(t, err)
		require.Equal(t, first.RollCall.ID, again.RollCall.ID, "late repeat")
		require.Equal(t, fresh, again.Fresh)
	}
}

func TestMarksOfTwoTabletsMerge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := []visit.VisitID{b.arrived(t), b.arrived(t), b.arrived(t)}
	call := b.muster(t, visit.Real)
	one := []store.NewMark{markOf(ids[0], visit.MarkSafe), markOf(ids[1], visit.MarkSafe)}
	two := []store.NewMark{markOf(ids[1], visit.MarkMissing), markOf(ids[2], visit.MarkNotHere)}
	var calls []func() error
	for range 5 { // each hands in again what may have been lost
		for by, marks := range map[string][]store.NewMark{"user:a": one, "user:b": two} {
			calls = append(calls, func() error {
				_, err := b.MarkRollCall(t.Context(), store.Caller{Actor: by, Scope: store.Everything}, b.site.ID, call, marks)
				return err
			})
		}
	}
	for _, err := range atOnce(calls...) {
		require.NoError(t, err)
	}
	require.Equal(t, map[visit.VisitID]visit.Mark{ids[0]: visit.MarkSafe, ids[1]: visit.MarkUnclear, ids[2]: visit.MarkNotHere}, b.standing(t, call))
	require.Equal(t, []int64{4}, sql[int64](t, b, "select count(*) from roll_call_marks"))
	require.Equal(t, []int64{4}, sql[int64](t, b, "select count(*) from audit where action = 'roll_call.mark'"))
	require.Equal(t, []int64{2}, sql[int64](t, b, "select count(*) from events where kind = 'roll_call.marked'"))
	require.Equal(t, map[visit.Mark]int{visit.MarkSafe: 1, visit.MarkUnclear: 1, visit.MarkNotHere: 1}, b.rollCall(t, call).Counts())

	b.Clock.Advance(time.Minute)
	b.mark(t, "user:b", call, markOf(ids[1], visit.MarkSafe))
	require.Equal(t, visit.MarkSafe, b.standing(t, call)[ids[1]], "they agree now")
	b.verify(t)
}

func TestWhatBecomesOfAMark(t *testing.T) {
	t.Parallel()
	b := setup(t)
	there, gone := b.arrived(t), b.left(t)
	call := b.muster(t, visit.Real)
	m := markOf(there, visit.MarkSafe)
	other := m
	other.Mark = visit.MarkMissing
	require.Equal(t, []store.MarkResult{store.MarkTaken, store.MarkKnown, store.MarkReused, store.MarkNotListed},
		b.mark(t, "user:a", call, m, m, other, markOf(gone, visit.MarkSafe)))
	require.Equal(t, []store.MarkResult{store.MarkKnown}, b.mark(t, "user:a", call, m))
	require.Equal(t, []store.MarkResult{store.MarkReused}, b.mark(t, "user:b", call, m), "somebody else's id")

	ahead := markOf(there, visit.MarkMissing)
	ahead.At = b.Clock.Now().Add(time.Hour)
	b.Clock.Advance(time.Second)
	require.Equal(t, []store.MarkResult{store.MarkTaken}, b.mark(t, "user:a", call, ahead))
	require.Equal(t, visit.MarkMissing, b.standing(t, call)[there])
	b.Clock.Advance(time.Second)
	b.mark(t, "user:a", call, markOf(there, visit.MarkSafe))
	require.Equal(t, visit.MarkSafe, b.standing(t, call)[there], "a fast clock does not have the last word")

	offline := markOf(there, visit.MarkMissing)
	offline.At = b.Clock.Now()
	b.Clock.Advance(time.Minute)
	_, err := b.EndRollCall(t.Context(), b.desk, b.site.ID, call)
	require.NoError(t, err)
	b.Clock.Advance(time.Minute)
	require.Equal(t, []store.MarkResult{store.MarkTooLate}, b.mark(t, "user:b", call, markOf(there, visit.MarkSafe)), "made after the end")
	require.Equal(t, []store.MarkResult{store.MarkTaken}, b.mark(t, "user:b", call, offline), "made before it, handed in later")
	require.Equal(t, visit.MarkUnclear, b.standing(t, call)[there])
	later := markOf(there, visit.MarkMissing)
	later.At = offline.At
	b.Clock.Advance(visit.MergeMarksWithin)
	require.Equal(t, []store.MarkResult{store.MarkTooLate, store.MarkKnown}, b.mark(t, "user:b", call, later, offline))
	b.verify(t)
}

func TestRollCallsOfOthersAreNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	call, paris := b.muster(t, visit.Drill), b.newSite(t, "Paris")
	stranger := store.Caller{Actor: "user:x", Scope: store.Scope{Sites: []visit.SiteID{paris.ID}}}
	host := store.Caller{Actor: "user:h", Scope: store.Scope{Sites: []visit.SiteID{b.site.ID}, Host: "grace@example.org"}}
	for _, by := range []store.Caller{stranger, host} {
		_, err := b.StartRollCall(t.Context(), by, b.site.ID, visit.Real)
		require.ErrorIs(t, err, visit.ErrSiteNotFound)
		_, err = b.RollCalls(t.Context(), by.Scope, b.site.ID, store.Page{})
		require.ErrorIs(t, err, visit.ErrSiteNotFound)
		_, err = b.RollCall(t.Context(), by.Scope, b.site.ID, call)
		require.ErrorIs(t, err, visit.ErrSiteNotFound)
		_, err = b.MarkRollCall(t.Context(), by, b.site.ID, call, nil)
		require.ErrorIs(t, err, visit.ErrSiteNotFound)
		_, err = b.EndRollCall(t.Context(), by, b.site.ID, call)
		require.ErrorIs(t, err, visit.ErrSiteNotFound)
	}
	_, err := b.RollCall(t.Context(), store.Everything, paris.ID, call)
	require.ErrorIs(t, err, visit.ErrRollCallNotFound, "of another site")
}

func TestRollCallsArePaged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var want, got []visit.RollCallID
	for range 5 {
		call := b.muster(t, visit.Drill)
		want = append(want, call)
		_, err := b.EndRollCall(t.Context(), b.desk, b.site.ID, call)
		require.NoError(t, err)
		b.Clock.Advance(time.Minute)
	}
	slices.Reverse(want)
	page := store.RollCallPage{}
	for first := true; first || page.Next != ""; first = false {
		var err error
		page, err = b.RollCalls(t.Context(), store.Everything, b.site.ID, store.Page{Limit: 2, Cursor: page.Next})
		require.NoError(t, err)
		for _, call := range page.Items {
			got = append(got, call.ID)
		}
	}
	require.Equal(t, want, got)
}

// Names are the visits': who is erased is erased here too, and nobody is erased
// while somebody looks for them.
func TestErasingWhoWasInARollCall(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.arrived(t)
	person := b.visit(t, id).PersonID
	call := b.muster(t, visit.Real)
	b.mark(t, "user:a", call, markOf(id, visit.MarkMissing))
	b.leave(t, id)
	_, err := b.ErasePerson(t.Context(), b.desk, person)
	require.ErrorIs(t, err, visit.ErrEraseRollCall)
	_, err = b.EndRollCall(t.Context(), b.desk, b.site.ID, call)
	require.NoError(t, err)
	export, err := b.ExportPerson(t.Context(), b.desk, person)
	require.NoError(t, err)
	require.Contains(t, string(export), `"mark": "missing"`)
	_, err = b.ErasePerson(t.Context(), b.desk, person)
	require.NoError(t, err)
	people := b.rollCall(t, call).People
	require.Len(t, people, 1)
	require.Equal(t, visit.Visitor{}, people[0].Visit.Visitor)
	require.Equal(t, visit.MarkMissing, people[0].Mark, "that somebody was missing stays")
}

// 30,000 visits, 20,100 places on lists: each is found along an index.
func TestRollCallsReadAlongIndexes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	there := b.arrived(t)
	sql[string](t, b, `with people as (select person_id from visits limit 1)
		insert into visits (id, site_id, person_id, visitor_first_name, visitor_last_name, status, presence, expected_arrival, expected_departure,
			checked_in_at, ended_at, ended_by, left_at, created_at, updated_at)
		select gen_random_uuid(), $1::uuid, people.person_id, 'x', 'y', 'checked_out', 'left', now(), now() + interval '1 hour', now(), now(), 'timer', now(), now(), now()
		from people, generate_series(1, 30000) returning 'x'`, b.site.ID)
	call := b.muster(t, visit.Drill)
	b.mark(t, "user:a", call, markOf(there, visit.MarkSafe))
	sql[string](t, b, `insert into roll_call_people select $1::uuid, id, now(), true from visits where presence = 'left' limit 100 returning 'x'`, call)
	sql[string](t, b, `insert into roll_calls (id, site_id, kind, started_at, started_by, ended_at, ended_by)
		select gen_random_uuid(), $1::uuid, 'drill', now(), 'x', now(), 'x' from generate_series(1, 2000) returning 'x'`, b.site.ID)
	sql[string](t, b, `with calls as (select id from roll_calls where started_by = 'x' limit 20)
		insert into roll_call_people select calls.id, v.id, now(), false from calls, visits v where presence = 'left' limit 20000 returning 'x'`)
	sql[string](t, b, "analyze visits, roll_calls, roll_call_people, roll_call_marks, sessions")
	for name, statement := range map[string]string{
		"the list":    strings.ReplaceAll(store.RollCallListStatement, "@id", "'"+string(call)+"'"),
		"the freeze":  fmt.Sprintf(`select id from visits where site_id = '%s' and presence in ('in', 'unconfirmed')`, b.site.ID),
		"the open":    fmt.Sprintf(`select id from roll_calls where site_id = '%s' and ended_at is null`, b.site.ID),
		"the newest":  fmt.Sprintf(`select id from roll_calls where site_id = '%s' order by id desc limit 50`, b.site.ID),
		"of a person": fmt.Sprintf(`select p.visit_id from roll_call_people p join roll_calls r on r.id = p.roll_call_id where p.visit_id = any('{%s}'::uuid[]) and r.ended_at is null`, there),
	} {
		plan := strings.Join(sql[string](t, b, "explain "+statement), "\n")
		for _, table := range []string{"visits", "roll_calls", "roll_call_people", "roll_call_marks"} {
			require.NotContains(t, plan, "Seq Scan on "+table, "%s\n%s", name, plan)
		}
	}
}
