package store_test

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/audit"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func actionsOf(rows []audit.Row) []string {
	var actions []string
	for _, row := range rows {
		actions = append(actions, row.Action)
	}
	return actions
}

func TestTheTrailIsFiltered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.left(t)
	b.Clock.Advance(time.Hour)
	later := b.Clock.Now()
	other := store.Caller{Actor: "token:other", Scope: store.Everything}
	walkIn, err := b.Register(t.Context(), other, b.registration(), store.RegisterOptions{})
	require.NoError(t, err)
	paris := b.newSite(t, "Paris")

	here := string(b.site.ID)
	for name, tc := range map[string]struct {
		filter store.AuditFilter
		want   []string
	}{
		"visit":             {store.AuditFilter{VisitID: id}, []string{"visitor.checked_out", "visitor.checked_in", "visitor.pre_registered"}},
		"object":            {store.AuditFilter{Object: "visit:" + string(walkIn.Visit.ID)}, []string{"visitor.pre_registered"}},
		"actor":             {store.AuditFilter{Actor: "token:other"}, []string{"visitor.pre_registered"}},
		"action":            {store.AuditFilter{Actions: []string{"visitor.checked_in"}}, []string{"visitor.checked_in"}},
		"actions":           {store.AuditFilter{Actions: []string{"visitor.checked_in", "visitor.pre_registered", "visitor.checked_in"}}, []string{"visitor.pre_registered", "visitor.checked_in", "visitor.pre_registered"}},
		"action at a site":  {store.AuditFilter{Actions: []string{"visitor.checked_in"}, Chain: string(paris.ID)}, nil},
		"from":              {store.AuditFilter{Chain: here, From: &later}, []string{"visitor.pre_registered"}},
		"to":                {store.AuditFilter{Chain: here, To: &later, Actions: []string{"visitor.checked_out"}}, []string{"visitor.checked_out"}},
		"to is not in it":   {store.AuditFilter{Actor: "token:other", To: &later}, nil},
		"two that disagree": {store.AuditFilter{VisitID: id, Object: "visit:" + string(walkIn.Visit.ID)}, nil},
		"nothing":           {store.AuditFilter{Actor: "user:nobody"}, nil},
	} {
		page, err := b.AuditRows(t.Context(), store.Everything, tc.filter)
		require.NoError(t, err, name)
		require.Equal(t, tc.want, actionsOf(page.Items), name)
	}

	// In parts it is the same list, whatever is chosen.
	for _, filter := range []store.AuditFilter{{}, {Actions: []string{"visitor.pre_registered", "visitor.checked_in", "site.created"}}} {
		whole, err := b.AuditRows(t.Context(), store.Everything, filter)
		require.NoError(t, err)
		var parts []audit.Row
		filter.Limit = 1
		for {
			page, err := b.AuditRows(t.Context(), store.Everything, filter)
			require.NoError(t, err)
			parts = append(parts, page.Items...)
			if filter.Cursor = page.Next; filter.Cursor == "" {
				break
			}
		}
		require.Equal(t, whole.Items, parts)
	}

	// Another's site is not found by any filter.
	foreign := store.Scope{Sites: []visit.SiteID{paris.ID}}
	for _, filter := range []store.AuditFilter{
		{Chain: here}, {VisitID: id}, {Actor: "token:other"}, {Actions: []string{"visitor.checked_in"}}, {Chain: audit.Deployment},
	} {
		page, err := b.AuditRows(t.Context(), foreign, filter)
		require.NoError(t, err)
		require.Empty(t, page.Items)
	}
}

// Every way to read the trail uses its index, in order.
func TestTheTrailsListsUseTheirIndexes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.left(t)
	conn, err := pgx.Connect(t.Context(), b.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	for _, prepare := range []string{
		`insert into audit (chain, seq, at, actor, action, object, prev_hash, hash)
			select 'site-' || (n % 50), n, now() - n * interval '1 s', 'user:' || (n % 200), 'action.' || (n % 40), 'visit:' || (n % 3000), '\x', '\x'
			from generate_series(1000, 30000) n`,
		`analyze audit`,
	} {
		_, err = conn.Exec(t.Context(), prepare)
		require.NoError(t, err)
	}
	yesterday := b.Clock.Now().Add(-24 * time.Hour)
	for index, filter := range map[string]store.AuditFilter{
		"audit_newest": {},
		"audit_at":     {Chain: "site-7"},
		"audit_actor":  {Actor: "user:7"},
		"audit_object": {Object: "visit:77"},
		"audit_action": {Actions: []string{"action.1", "action.2"}},
	} {
		first, err := b.AuditRows(t.Context(), store.Everything, filter)
		require.NoError(t, err)
		for _, cursor := range []string{"", first.Next} {
			for _, from := range []*time.Time{nil, &yesterday} {
				filter.Cursor, filter.From = cursor, from
				statement, args, err := store.AuditStatement(store.Everything, filter)
				require.NoError(t, err)
				rows, err := conn.Query(t.Context(), "explain "+statement, args)
				require.NoError(t, err)
				lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
				require.NoError(t, err)
				plan := strings.Join(lines, "\n")
				require.Contains(t, plan, index, plan)
				require.NotContains(t, plan, "Seq Scan", plan)
				// What a few rows are about is sorted, and so are the pages of several kinds.
				if filter.Object == "" && len(filter.Actions) == 0 {
					require.NotContains(t, plan, "Sort", plan)
				}
			}
		}
	}
}

// Who was shown the password is known for every way to be shown it.
func TestDisclosures(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.arrived(t)
	want := []store.Disclosure{}
	note := func(actor string, how visit.Disclosed, voucher visit.Voucher) {
		want = append(want, store.Disclosure{At: b.Clock.Now(), Actor: actor, How: how, VoucherID: voucher.ID})
		b.Clock.Advance(time.Minute)
	}
	for _, how := range []visit.Disclosed{visit.DisclosedAtCheckIn, visit.DisclosedAgain} {
		credentials, voucher, err := b.HandOut(t.Context(), b.desk, id, how)
		require.NoError(t, err)
		require.NotEmpty(t, credentials.Password)
		note("user:desk", how, voucher)
	}
	_, voucher, err := b.Reveal(t.Context(), store.Caller{Actor: "token:kiosk", Scope: store.Everything}, id)
	require.NoError(t, err)
	note("token:kiosk", visit.DisclosedByReveal, voucher)
	_, err = b.AskCredentialsMail(t.Context(), b.desk, id)
	require.NoError(t, err)
	delivery := sql[string](t, b, "select id::text from deliveries where target = 'mail:credentials'")[0]
	_, _, err = b.MailCredentials(t.Context(), id, visit.DeliveryID(delivery))
	require.NoError(t, err)
	note("system:mail", visit.DisclosedByMail, voucher)
	want[len(want)-1].AskedBy = "user:desk"
	_, err = b.Reissue(t.Context(), b.desk, id)
	require.NoError(t, err)
	_, voucher, err = b.HandOut(t.Context(), b.desk, id, visit.DisclosedAtReissue)
	require.NoError(t, err)
	note("user:desk", visit.DisclosedAtReissue, voucher)
	b.arrived(t) // another visit

	got, err := b.Disclosures(t.Context(), store.Everything, id)
	require.NoError(t, err)
	for i := range want {
		want[i].At = want[i].At.UTC().Truncate(time.Microsecond)
	}
	for i := range got {
		got[i].At = got[i].At.UTC()
	}
	require.Equal(t, want, got)

	b.leave(t, id)
	_, _, err = b.HandOut(t.Context(), b.desk, id, visit.DisclosedAgain)
	require.ErrorIs(t, err, visit.ErrVoucherWiped)
	again, err := b.Disclosures(t.Context(), store.Everything, id)
	require.NoError(t, err)
	require.Len(t, again, len(want), "what was not shown is not listed")
	_, err = b.Disclosures(t.Context(), store.Scope{Sites: []visit.SiteID{b.newSite(t, "Paris").ID}}, id)
	require.ErrorIs(t, err, visit.ErrVisitNotFound)
	b.verify(t)
}

func (b bench) export(ctx context.Context, t require.TestingT, by store.Caller, export store.AuditExport) (string, error) {
	var text bytes.Buffer
	out, err := audit.NewExporter(&text, export.Format)
	require.NoError(t, err)
	err = b.ExportAudit(ctx, by, export, out)
	return text.String(), err
}

func (b bench) judge(t require.TestingT, text string) audit.ExportReport {
	report, err := audit.VerifyExport(strings.NewReader(text), store.CheckpointKeys(b.Keyring)...)
	require.NoError(t, err)
	return report
}

func TestAnExportVerifiesWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 3 {
		require.NoError(t, b.SealVisit(t.Context(), b.left(t), store.SealInput{}))
		b.Clock.Advance(time.Hour)
	}
	paris := b.newSite(t, "Paris")
	begin := b.Clock.Now()
	from, to := begin.Add(-2*time.Hour-time.Minute), begin.Add(-time.Hour-time.Minute)
	for _, format := range []audit.Format{audit.NDJSON, audit.CSV} {
		text, err := b.export(t.Context(), t, b.desk, store.AuditExport{Format: format})
		require.NoError(t, err)
		report := b.judge(t, text)
		require.True(t, report.OK, "%v", report.FirstBad)
		require.Len(t, report.Chains, 2, "Paris has no rows yet")
		require.Equal(t, 3, report.Checkpoints, "one with each seal")

		text, err = b.export(t.Context(), t, b.desk, store.AuditExport{Format: format, Chain: string(b.site.ID), From: &from, To: &to})
		require.NoError(t, err)
		report = b.judge(t, text)
		require.True(t, report.OK, "%v", report.FirstBad)
		require.Len(t, report.Chains, 1)
		require.False(t, report.Chains[0].Complete)
		require.Equal(t, int64(4), report.Rows, "of the second visit")
	}
	exported, err := b.AuditRows(t.Context(), store.Everything, store.AuditFilter{Actions: []string{"audit.exported"}})
	require.NoError(t, err)
	require.Len(t, exported.Items, 4, "that somebody took a copy is in the trail")
	exported, err = b.AuditRows(t.Context(), store.Everything, store.AuditFilter{Actions: []string{"audit.exported"}, Chain: string(b.site.ID)})
	require.NoError(t, err)
	require.Equal(t, "chain:"+string(b.site.ID), exported.Items[0].Object)
	require.Equal(t, audit.Instant(from), exported.Items[0].Body["from"])

	// A site's manager gets the site's chain, whatever is asked for.
	manager := store.Caller{Actor: "user:manager", Scope: store.Scope{Sites: []visit.SiteID{paris.ID}}}
	text, err := b.export(t.Context(), t, manager, store.AuditExport{Format: audit.NDJSON})
	require.NoError(t, err)
	require.NotContains(t, text, string(b.site.ID))
	require.True(t, b.judge(t, text).OK)
	for _, chain := range []string{string(b.site.ID), audit.Deployment, "nonsense"} {
		_, err = b.export(t.Context(), t, manager, store.AuditExport{Format: audit.NDJSON, Chain: chain})
		require.ErrorIs(t, err, visit.ErrSiteNotFound, chain)
	}
	_, err = b.export(t.Context(), t, store.Caller{Actor: "user:host", Scope: store.Scope{All: true, Host: "a@example.org"}}, store.AuditExport{Format: audit.NDJSON})
	require.ErrorIs(t, err, visit.ErrSiteNotFound)
	b.verify(t)
}

// tampering is one edit of the chain in the database. It returns the number that
// is to be named first. n is the chain's length.
var tampering = map[string]func(t *rapid.T, exec func(string, ...any), chain string, n int64) int64{
	"change a field": func(t *rapid.T, exec func(string, ...any), chain string, n int64) int64 {
		seq := rapid.Int64Range(1, n).Draw(t, "row")
		exec("update audit set "+rapid.SampledFrom([]string{
			"at = at + interval '1 microsecond'", "actor = actor || 'x'", "action = 'visitor.extended'", "object = 'visit:other'",
			"event_id = '01890a5d-ac96-774b-bcce-b302099a8057'", `body = body || '{"n": 1}'`, `body = '[1.5]'`, `prev_hash = prev_hash || '\x00'`, `hash = '\x00'`,
		}).Draw(t, "change")+" where chain = $1 and seq = $2", chain, seq)
		return seq
	},
	"delete": func(t *rapid.T, exec func(string, ...any), chain string, n int64) int64 {
		seq := rapid.Int64Range(1, n).Draw(t, "row")
		exec("delete from audit where chain = $1 and seq = $2", chain, seq)
		return seq
	},
	"truncate": func(t *rapid.T, exec func(string, ...any), chain string, n int64) int64 {
		seq := rapid.Int64Range(1, n).Draw(t, "row")
		exec("delete from audit where chain = $1 and seq >= $2", chain, seq)
		return seq
	},
	"swap": func(t *rapid.T, exec func(string, ...any), chain string, n int64) int64 {
		a := rapid.Int64Range(1, n-1).Draw(t, "row")
		z := rapid.Int64Range(a+1, n).Draw(t, "other")
		exec("update audit set seq = -1 where chain = $1 and seq = $2", chain, a)
		exec("update audit set seq = $2 where chain = $1 and seq = $3", chain, a, z)
		exec("update audit set seq = $2 where chain = $1 and seq = -1", chain, z)
		return a
	},
	"move to the end": func(t *rapid.T, exec func(string, ...any), chain string, n int64) int64 {
		seq := rapid.Int64Range(1, n-1).Draw(t, "row")
		exec("update audit set seq = $3 where chain = $1 and seq = $2", chain, seq, n+1)
		return seq
	},
	"insert a copy": func(t *rapid.T, exec func(string, ...any), chain string, n int64) int64 {
		seq := rapid.Int64Range(1, n).Draw(t, "row")
		exec(`insert into audit (chain, seq, at, actor, action, object, body, prev_hash, hash)
			select chain, $3, at, actor, action, object, body, prev_hash, hash from audit where chain = $1 and seq = $2`, chain, seq, n+1)
		return n + 1
	},
	"move to another chain": func(t *rapid.T, exec func(string, ...any), chain string, n int64) int64 {
		seq := rapid.Int64Range(1, n).Draw(t, "row")
		exec("update audit set chain = 'deployment', seq = 100000 where chain = $1 and seq = $2", chain, seq)
		return seq
	},
}

// TestAnySingleEditOfTheDatabaseIsFound is P22: whatever is done to a row behind
// the store's back, verifying names the first one that is not as it was. An export
// of the tampered database says the same.
func TestAnySingleEditOfTheDatabaseIsFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 2 {
		require.NoError(t, b.SealVisit(t.Context(), b.left(t), store.SealInput{}))
	}
	_, err := b.Checkpoint(t.Context())
	require.NoError(t, err)
	chain := string(b.site.ID)
	n := sql[int64](t, b, "select max(seq) from audit where chain = $1", chain)[0]
	conn, err := pgx.Connect(t.Context(), b.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	_, err = conn.Exec(t.Context(), "create table kept as select * from audit")
	require.NoError(t, err)

	names := slices.Sorted(maps.Keys(tampering))
	rapid.Check(t, func(rt *rapid.T) {
		exec := func(statement string, args ...any) {
			_, err := conn.Exec(t.Context(), statement, args...)
			require.NoError(rt, err)
		}
		defer exec("insert into audit select * from kept")
		defer exec("delete from audit")
		require.True(rt, report(rt, b).OK, "the control")
		name := rapid.SampledFrom(names).Draw(rt, "edit")
		seq := tampering[name](rt, exec, chain, n)
		found := report(rt, b)
		require.False(rt, found.OK, name)
		// A row that another chain got is named there as well, by whichever is read first.
		if name != "move to another chain" || found.FirstBad.Chain == chain {
			require.Equal(rt, chain, found.FirstBad.Chain, name)
			require.Equal(rt, seq, found.FirstBad.Seq, "%s: %v", name, found.FirstBad)
		}
	})
	b.verify(t)
}

func report(t require.TestingT, b bench) audit.Report {
	report, err := b.AuditVerify(context.Background(), store.Everything, "")
	require.NoError(t, err)
	return report
}

// An export of a database that was tampered with does not hide it.
func TestAnExportOfATamperedDatabaseSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.left(t)
	b.left(t)
	chain := string(b.site.ID)
	sql[string](t, b, "update audit set actor = 'user:other' where chain = $1 and seq = 3 returning 'x'", chain)
	text, err := b.export(t.Context(), t, b.desk, store.AuditExport{Format: audit.NDJSON, Chain: chain})
	require.NoError(t, err)
	require.Equal(t, int64(3), b.judge(t, text).FirstBad.Seq)
	sql[string](t, b, "delete from audit where chain = $1 and seq = 2 returning 'x'", chain)
	text, err = b.export(t.Context(), t, b.desk, store.AuditExport{Format: audit.CSV, Chain: chain})
	require.NoError(t, err)
	require.Equal(t, int64(2), b.judge(t, text).FirstBad.Seq)
}
