package store_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const (
	day        = 24 * time.Hour
	rewriteAll = 1 << 40 // bytes
)

// purge runs a purge of today as its workflow does, but leaves the files alone.
func (b bench) purge(t testing.TB, run int) store.Purge {
	t.Helper()
	return b.purgeUpTo(t, run, 0)
}

func (b bench) purgeUpTo(t testing.TB, run int, bytes int64) store.Purge {
	t.Helper()
	purge, err := b.BeginPurge(t.Context(), b.Clock.Now().Format(time.DateOnly), run)
	require.NoError(t, err)
	for _, class := range visit.PurgedClasses() {
		for n := 1; n > 0; {
			n, err = b.PurgeClass(t.Context(), purge.ID, class, 2)
			require.NoError(t, err)
		}
	}
	_, err = b.RewritePurged(t.Context(), purge.ID, bytes)
	require.NoError(t, err)
	purge, err = b.EndPurge(t.Context(), purge.ID)
	require.NoError(t, err)
	return purge
}

// inFiles lists the database's files that hold the text: tables, indexes, catalogs,
// as they lie on the disk. The server reads them for us. What WAL and backups hold
// is not looked at: they age out.
func inFiles(t testing.TB, b bench, text string) []string {
	t.Helper()
	sql[string](t, b, "checkpoint")
	return sql[string](t, b, `select f || coalesce(' ' || (select relname from pg_class where pg_relation_filenode(oid)::text = f), '') from (select oid::text from pg_database where datname = current_database()) d,
			lateral pg_ls_dir('base/' || d.oid) f
		where position(convert_to($1, 'UTF8') in pg_read_binary_file('base/' || d.oid || '/' || f, 0, 1 << 29, true)) > 0`, text)
}

// inTables lists the tables that hold the text.
func inTables(t testing.TB, b bench, text string) []string {
	t.Helper()
	return sql[string](t, b, `select table_name::text from information_schema.tables
		where table_schema = 'public' and table_type = 'BASE TABLE'
			and position(lower($1) in lower(query_to_xml('select to_jsonb(t)::text from public.' || quote_ident(table_name) || ' t', true, false, '')::text)) > 0
		order by 1`, text)
}

// Canaries of one guest, each in the columns that a guest's data goes through.
var guest = visit.Registration{
	Visitor: visit.Visitor{
		FirstName: "Canaryfirst", LastName: "Canarylast", Email: "canary@mail.example", Phone: "+49-canaryphone", Company: "Canarycompany",
	},
	Host: visit.Host{Name: "Canaryhost", Email: "canaryhost@mail.example"}, Purpose: "Canarypurpose",
}

const (
	guestMAC = "02:ca:fe:ca:fe:01"
	guestIP  = "10.77.66.55"
)

var guestTexts = []string{
	"Canaryfirst", "Canarylast", "canary@mail.example", "canaryphone", "Canarycompany", "Canaryhost", "canaryhost@mail.example", "Canarypurpose",
	guestMAC, "02-CA-FE-CA-FE-01", guestIP, "canarycalled", "canarysession", "canarytyped",
}

// came has the guest come, connect, mistype and leave, and returns the visit.
func (l *link) came(t testing.TB) visit.VisitID {
	t.Helper()
	reg := guest
	reg.SiteID, reg.ExpectedArrival, reg.ExpectedDeparture = l.site.ID, time.Time{}, l.Clock.Now().Add(time.Hour)
	out, err := l.Register(t.Context(), l.desk, reg, store.RegisterOptions{CheckIn: true})
	require.NoError(t, err)
	id := out.Visit.ID
	_, err = l.IssueVoucher(t.Context(), id, store.Workflow)
	require.NoError(t, err)
	_, err = l.Change(t.Context(), l.desk, id, store.VisitChange{Purpose: new("Canarypurpose, mended")}) // leaves a dead row behind
	require.NoError(t, err)
	credentials, voucher, err := l.Credentials(t.Context(), id)
	require.NoError(t, err)
	l.visit, l.grant, l.start = id, wire.Grant{ID: string(voucher.ID), Username: credentials.Username}, l.Clock.Now()
	l.report(t, l.device(wire.AccountingStart), wire.Record{Sequence: l.sequence(), At: l.Clock.Now(), Refused: &wire.Refused{
		NASID: l.nas.ID, Reason: wire.RefusedWrongPassword, Username: "canarytyped", MAC: guestMAC,
	}})
	l.leave(t, id)
	l.begin(t, 1, 1)
	l.claim(t)
	stop := l.device(wire.AccountingStop)
	result := l.result(&wire.Command{VisitID: id, Generation: 1, Attempt: 1}, visit.TerminationConfirmed, "")
	result.Termination.Results[0].Key.AcctSessionID = "canarysession"
	stop.Sequence, result.Sequence = result.Sequence, stop.Sequence
	l.report(t, result, stop)
	require.NoError(t, l.SealVisit(t.Context(), id, store.SealInput{Termination: "done", CRM: "not_configured"}))
	return id
}

func (l *link) sequence() uint64 { l.next++; return l.next }

func (l *link) device(status wire.AccountingStatus) wire.Record {
	record := l.accounting(status, "canarysession", 0, 0)
	s := &record.Accounting.Session
	s.MAC, s.MACSpelt, s.IP, s.CalledStation = guestMAC, "02-CA-FE-CA-FE-01", guestIP, "canarycalled"
	return record
}

// The canary is in the files while a visit is kept, and in none of them after the
// purge.
func TestAPurgeLeavesNothingInAnyFile(t *testing.T) {
	t.Parallel()
	l := connect(t)
	other := l.visit // Ada, still in
	id := l.came(t)
	require.Empty(t, l.purge(t, 1).Counts, "nothing is due yet")
	for _, text := range guestTexts {
		require.NotEmpty(t, inFiles(t, l.bench, text), "negative control: %s", text)
	}
	sql[string](t, l.bench, "analyze")
	l.Clock.Advance(200 * day)
	purge := l.purgeUpTo(t, 0, rewriteAll)
	require.Equal(t, map[string]int{"visits": 1, "people": 1, "sessions": 1, "terminations": 1, "refused_logins": 1}, purge.Counts)
	require.Empty(t, purge.Skipped)
	require.Subset(t, purge.Rewritten, []string{"visits", "people", "sessions", "terminations", "refused_logins"})
	for _, text := range guestTexts {
		require.Empty(t, inTables(t, l.bench, text), text)
		require.Empty(t, inFiles(t, l.bench, text), text)
	}
	require.Equal(t, "Ada", l.bench.visit(t, other).Visitor.FirstName, "who is in the building stays")
	require.NotNil(t, l.bench.visit(t, id).PurgedAt)
	l.bench.verify(t)

	rows, err := l.AuditRows(t.Context(), store.Everything, store.AuditFilter{Chain: "deployment"})
	require.NoError(t, err)
	require.Equal(t, "data.purged", rows.Items[0].Action)
	require.EqualValues(t, 1, rows.Items[0].Body["visits"])
	done, err := l.NightPurged(t.Context(), l.Clock.Now().Format(time.DateOnly))
	require.NoError(t, err)
	require.True(t, done)
}

// Plain DELETE and VACUUM would not do: the negative control of the rewrite.
func TestDeletedRowsStayInTheFileUntilItIsRewritten(t *testing.T) {
	t.Parallel()
	l := connect(t)
	l.came(t)
	l.Clock.Advance(200 * day)
	purge, err := l.BeginPurge(t.Context(), "2026-01-01", 0)
	require.NoError(t, err)
	for _, class := range visit.PurgedClasses() {
		_, err := l.PurgeClass(t.Context(), purge.ID, class, 500)
		require.NoError(t, err)
	}
	require.NotEmpty(t, inFiles(t, l.bench, "Canarylast"))
	skipped, err := l.RewritePurged(t.Context(), purge.ID, 0)
	require.NoError(t, err)
	require.Contains(t, skipped.Skipped, "visits", "switched off")
	_, err = l.EndPurge(t.Context(), purge.ID)
	require.NoError(t, err)
	require.NotEmpty(t, inFiles(t, l.bench, "Canarylast"))
	require.Contains(t, l.purgeUpTo(t, 1, rewriteAll).Rewritten, "visits", "the next one tries again")
	require.Empty(t, inFiles(t, l.bench, "Canarylast"))
}

// A table that is in use is left for the next night.
func TestATableInUseIsSkipped(t *testing.T) {
	t.Parallel()
	l := connect(t)
	l.came(t)
	l.Clock.Advance(200 * day)
	conn, err := pgx.Connect(t.Context(), l.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	_, err = conn.Exec(t.Context(), "begin; lock table visits in access share mode")
	require.NoError(t, err)
	purge := l.purgeUpTo(t, 0, rewriteAll)
	require.Equal(t, []string{"visits"}, purge.Skipped)
	require.Contains(t, purge.Rewritten, "people")
	_, err = conn.Exec(t.Context(), "rollback")
	require.NoError(t, err)
	require.Contains(t, l.purgeUpTo(t, 1, rewriteAll).Rewritten, "visits")
}

// What is due at which instant, at the boundary of each rule.
func TestThePurgeKeepsToItsRules(t *testing.T) {
	t.Parallel()
	l := connect(t)
	strict := l.newSite(t, "Strict")
	require.NoError(t, l.SetRetention(t.Context(), l.desk, strict.ID, visit.Retention{Profile: "DE", VisitDays: new(10)}))
	strictly := l.bench
	strictly.site = strict
	ids := map[string]visit.VisitID{
		"checked out": l.left(t), "in": l.visit, "cancelled": l.registered(t), "missed": l.registered(t),
		"unconfirmed": l.arrived(t), "confirmed late": l.arrived(t), "expected": l.registered(t), "strict": strictly.left(t),
	}
	_, err := l.Cancel(t.Context(), l.desk, ids["cancelled"])
	require.NoError(t, err)
	for _, name := range []string{"in", "expected"} { // stay what they are, whatever the time
		sql[string](t, l.bench, "update visits set expected_departure = expected_departure + interval '3 years' where id = $1", ids[name])
	}
	l.Clock.Advance(2 * time.Hour)
	for _, name := range []string{"unconfirmed", "confirmed late"} {
		_, err := l.RevokeVoucher(t.Context(), ids[name], store.RevokeInput{By: store.Fallback})
		require.NoError(t, err)
	}
	_, err = l.MarkNoShows(t.Context(), 10)
	require.NoError(t, err)
	l.Clock.Advance(5 * day)
	_, err = l.ConfirmLeft(t.Context(), l.desk, ids["confirmed late"])
	require.NoError(t, err)

	run := 0
	purged := func() []string {
		run++
		l.purge(t, run)
		var gone []string
		for name, id := range ids {
			v := l.bench.visit(t, id)
			if v.PurgedAt != nil {
				gone = append(gone, name)
				require.Empty(t, v.Visitor)
				require.Empty(t, v.PersonID)
			} else {
				require.Equal(t, "Ada", v.Visitor.FirstName)
			}
		}
		return gone
	}
	require.Empty(t, purged())
	l.Clock.Advance(5*day - 2*time.Hour - time.Microsecond) // a moment before ten days after the check-out
	require.Empty(t, purged())
	l.Clock.Advance(time.Microsecond)
	require.ElementsMatch(t, []string{"strict"}, purged())
	l.Clock.Advance(80*day - time.Microsecond)
	require.ElementsMatch(t, []string{"strict"}, purged())
	l.Clock.Advance(time.Microsecond)
	require.ElementsMatch(t, []string{"strict", "checked out", "cancelled"}, purged())
	l.Clock.Advance(2 * time.Hour)
	require.ElementsMatch(t, []string{"strict", "checked out", "cancelled", "missed"}, purged())
	l.Clock.Advance(5*day - time.Microsecond)
	require.NotContains(t, purged(), "confirmed late")
	l.Clock.Advance(time.Microsecond)
	all := []string{"strict", "checked out", "cancelled", "missed", "confirmed late"}
	require.ElementsMatch(t, all, purged())
	l.Clock.Advance(1000 * day)
	require.ElementsMatch(t, all, purged(), "who may be in the building, or is still to come, is never purged")
	l.bench.verify(t)
}

// The database itself refuses to forget who may be in the building.
func TestTheDatabaseRefusesToPurgeWhoMayBeThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := b.arrived(t)
	conn, err := pgx.Connect(t.Context(), b.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	const blank = `update visits set purged_at = now(), person_id = null, visitor_first_name = '', visitor_last_name = '', visitor_email = '', host_name = '' where id = $1`
	_, err = conn.Exec(t.Context(), blank, in)
	require.ErrorContains(t, err, "visits_purged")
	b.Clock.Advance(2 * time.Hour)
	_, err = b.RevokeVoucher(t.Context(), in, store.RevokeInput{By: store.Fallback})
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), blank, in)
	require.ErrorContains(t, err, "visits_purged", "unconfirmed")
	_, err = b.ConfirmLeft(t.Context(), b.desk, in)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), blank, in)
	require.NoError(t, err, "the negative control")
}

// A purge that was cut off between two batches goes on, and counts each row once.
func TestAPurgeIsResumed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 5 {
		b.left(t)
	}
	b.Clock.Advance(91 * day)
	today := b.Clock.Now().Format(time.DateOnly)
	purge, err := b.BeginPurge(t.Context(), today, 0)
	require.NoError(t, err)
	n, err := b.PurgeClass(t.Context(), purge.ID, visit.ClassVisits, 2)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	killed, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = b.PurgeClass(killed, purge.ID, visit.ClassVisits, 2)
	require.Error(t, err)
	done, err := b.NightPurged(t.Context(), today)
	require.NoError(t, err)
	require.False(t, done, "there is no proof yet")

	again := b.purge(t, 0)
	require.Equal(t, purge.ID, again.ID)
	require.Equal(t, map[string]int{"visits": 5, "people": 5}, again.Counts)
	require.Equal(t, []int64{5}, sql[int64](t, b, "select count(*) from events where kind = 'visit.purged'"))
	require.Equal(t, again, b.purge(t, 0), "one that has ended does nothing more")
	n, err = b.PurgeClass(t.Context(), purge.ID, visit.ClassVisits, 2)
	require.NoError(t, err)
	require.Zero(t, n)
	b.verify(t)
}

func TestConnectionRecordsAndTheRestAreDeletedInTime(t *testing.T) {
	t.Parallel()
	l := connect(t)
	l.came(t)
	sql[string](t, l.bench, `insert into users (id, email, password_hash, role, created_at, updated_at) values
		('0197a000-0000-7000-8000-000000000001', 'a@example.org', '', 'host', now(), now()) returning 'x'`)
	sql[string](t, l.bench, `insert into logins (token_hash, user_id, created_at, last_seen_at, expires_at) values
		('\x01', '0197a000-0000-7000-8000-000000000001', $1, $1, $1) returning 'x'`, l.Clock.Now().Add(day))
	counts := func() map[string]int {
		l.Clock.Advance(time.Second)
		run, err := l.NextPurgeRun(t.Context(), l.Clock.Now().Format(time.DateOnly))
		require.NoError(t, err)
		return l.purge(t, run).Counts
	}
	require.Empty(t, counts())
	l.Clock.Advance(day)
	require.Equal(t, map[string]int{"logins": 1}, counts())
	l.Clock.Advance(13 * day)
	require.Equal(t, map[string]int{"refused_logins": 1}, counts())
	l.Clock.Advance(76 * day)
	require.Equal(t, map[string]int{"visits": 1, "people": 1}, counts())
	l.Clock.Advance(90 * day)
	require.Equal(t, map[string]int{"sessions": 1, "terminations": 1}, counts())
	require.Empty(t, counts())
}

func TestAPurgedVisitStillRenders(t *testing.T) {
	t.Parallel()
	l := connect(t)
	id := l.came(t)
	l.Clock.Advance(100 * day)
	l.purge(t, 0)
	detail, err := l.Detail(t.Context(), store.Everything, id)
	require.NoError(t, err)
	require.Len(t, detail.Sessions, 1, "connection records are kept longer")
	require.NotEmpty(t, detail.Timeline)
	for _, tab := range []store.Tab{"", store.TabCompleted} {
		page, err := l.List(t.Context(), store.Everything, store.VisitFilter{Tab: tab})
		require.NoError(t, err)
		require.NotEmpty(t, page.Items)
	}
	_, err = l.Readmit(t.Context(), l.desk, id, time.Time{})
	require.ErrorIs(t, err, visit.ErrVisitPurged)
	// A journal that comes back late teaches nothing about them any more.
	stored := l.report(t, l.device(wire.AccountingInterim))
	require.Equal(t, 1, stored.Skipped)
}

func TestAVisitNobodySawEndIsAnAlarmOnceAWeek(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.arrived(t)
	b.Clock.Advance(time.Hour)
	_, err := b.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Fallback})
	require.NoError(t, err)
	alarms := func() int {
		n, err := b.AlarmPresence(t.Context(), 10)
		require.NoError(t, err)
		return n
	}
	b.Clock.Advance(7*day - time.Microsecond)
	require.Zero(t, alarms())
	b.Clock.Advance(time.Microsecond)
	require.Equal(t, 1, alarms())
	require.Zero(t, alarms())
	b.Clock.Advance(7*day - time.Microsecond)
	require.Zero(t, alarms())
	b.Clock.Advance(time.Microsecond)
	require.Equal(t, 1, alarms())
	_, err = b.ConfirmLeft(t.Context(), b.desk, id)
	require.NoError(t, err)
	b.Clock.Advance(30 * day)
	require.Zero(t, alarms())
	require.Equal(t, 2, strings.Count(strings.Join(b.kinds(t, id), " "), "visit.presence_overdue"))
	b.verify(t)
}

// The due rows of each class are found by an index.
func TestAPurgeUsesItsIndexes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for class, index := range map[visit.Class]string{
		visit.ClassTerminations: "terminations_site", visit.ClassSessions: "sessions_over", visit.ClassRefusedLogins: "refused_logins_site",
		visit.ClassAccounts: "accounts_due", visit.ClassAuthentications: "accesses_portal_ended", visit.ClassRegistrations: "registrations_expired",
		visit.ClassDecisions: "portal_decisions_at",
	} {
		conn, err := pgx.Connect(t.Context(), b.URL)
		require.NoError(t, err)
		_, err = conn.Exec(t.Context(), "set enable_seqscan = off")
		require.NoError(t, err)
		rows, err := conn.Query(t.Context(), "explain "+store.PurgeStatement(class), pgx.NamedArgs{
			"ids": []string{string(b.site.ID)}, "instants": []time.Time{time.Now()}, "limit": 500, "before": time.Now(),
		})
		require.NoError(t, err)
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		require.Contains(t, strings.Join(plan, "\n"), index)
		require.NoError(t, conn.Close(t.Context()))
	}
}

func TestASiteSaysHowLongItKeepsWhat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	set := visit.Retention{Profile: "FR", SessionDays: new(30)}
	require.NoError(t, b.SetRetention(t.Context(), b.desk, b.site.ID, set))
	got, err := b.Retention(t.Context(), store.Everything, b.site.ID)
	require.NoError(t, err)
	require.Equal(t, set, got)
	require.Equal(t, visit.KindInvalid, visit.KindOf(b.SetRetention(t.Context(), b.desk, b.site.ID, visit.Retention{VisitDays: new(3)})))
	_, err = b.Retention(t.Context(), store.Scope{}, b.site.ID)
	require.ErrorIs(t, err, visit.ErrSiteNotFound)
	text, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, `{"profile":"FR","session_days":30}`, string(text))
}
