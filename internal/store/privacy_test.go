package store_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/audit"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Everything a person leaves, told apart from all else by its text.
var canaries = []string{"Canaryfirst", "Canarylast", "canary@mail", "+49canary", "Canarycompany", "Canaryhost", "Canarypurpose", "02:ca:ca:ca:ca:ca", "10.99.98.97", "canaryattr"}

// Tables that outlive a person: ids, kinds, instants and hashes only.
var impersonal = []string{"events", "audit", "audit_checkpoints", "idempotency", "commands", "site_ledger", "site_heads", "deliveries", "delivery_attempts", "event_cursors",
	"roll_calls", "roll_call_people", "roll_call_marks"}

func TestNothingPersonalOutsideItsTables(t *testing.T) {
	t.Parallel()
	l := connect(t)
	reg := visit.Registration{
		SiteID: l.site.ID, Purpose: "Canarypurpose",
		Visitor: visit.Visitor{FirstName: "Canaryfirst", LastName: "Canarylast", Email: "canary@mail", Phone: "+49canary", Company: "Canarycompany"},
		Host:    visit.Host{Name: "Canaryhost", Email: "canary@mail"},
	}
	by := keyed(l.desk, "k", "h")
	out, err := l.Register(t.Context(), by, reg, store.RegisterOptions{CheckIn: true})
	require.NoError(t, err)
	id := out.Visit.ID
	_, err = l.Change(t.Context(), l.desk, id, store.VisitChange{FirstName: new("Canaryfirst2"), Purpose: new("Canarypurpose2")})
	require.NoError(t, err)
	_, err = l.IssueVoucher(t.Context(), id, store.Workflow)
	require.NoError(t, err)
	credentials, voucher, err := l.Reveal(t.Context(), l.desk, id)
	require.NoError(t, err)
	l.visit, l.grant.ID = id, string(voucher.ID)
	record := l.accounting(wire.AccountingStart, "canaryattr", 0, 0)
	s := &record.Accounting.Session
	s.MAC, s.MACSpelt, s.IP, s.NASIdentifier, s.CalledStation = "02:ca:ca:ca:ca:ca", "02-CA-canaryattr", "10.99.98.97", "canaryattr", "canaryattr"
	result := l.result(&wire.Command{VisitID: id, Generation: 1, Attempt: 1}, visit.TerminationConfirmed, "canaryattr")
	result.Termination.Results[0].Key.AcctSessionID = "canaryattr"
	l.report(t, record)
	call := l.muster(t, visit.Real)
	l.mark(t, "user:desk", call, markOf(id, visit.MarkSafe))
	misspelt := reg
	misspelt.Visitor.Email = "canary@mail.canary,"
	batch, err := l.RegisterBatch(t.Context(), keyed(l.desk, "batch", "h"), []store.BatchRow{{Registration: reg}, {Registration: misspelt}}, store.BatchOptions{})
	require.NoError(t, err)
	require.NotNil(t, batch.Rows[1].Refused)
	l.leave(t, id)
	l.begin(t, 1, 1)
	l.claim(t)
	l.report(t, result)
	require.NoError(t, l.SealVisit(t.Context(), id, store.SealInput{Termination: "done", CRM: "not_configured"}))
	_, err = l.Readmit(t.Context(), l.desk, id, time.Time{})
	require.NoError(t, err)

	l.hook(t, nil)
	l.relay(t, func(visit.Event, visit.MailSettings) []visit.Posting {
		return []visit.Posting{{Target: visit.MailTarget("arrival")}}
	})
	for _, start := range l.starts(t) {
		require.NoError(t, l.EndAttempt(t.Context(), store.AttemptEnd{Delivery: start.ID, Attempt: 1, Code: "timeout", State: visit.DeliveryFailed, Reason: "exhausted"}))
	}
	secrets := append([]string{credentials.Password, credentials.Username}, canaries...)
	for _, table := range impersonal {
		text := strings.Join(sql[string](t, l.bench, "select to_jsonb(t)::text from "+table+" t"), "\n")
		for _, secret := range secrets {
			require.NotContains(t, strings.ToLower(text), strings.ToLower(secret), table)
		}
	}
	// The negative control: where they belong, the same search finds them.
	text := strings.Join(sql[string](t, l.bench, "select to_jsonb(t)::text from visits t union all select to_jsonb(t)::text from sessions t"), "\n")
	for _, canary := range canaries {
		require.Contains(t, text, canary)
	}
	// Passwords and shared secrets are nowhere in clear.
	everywhere := sql[string](t, l.bench, `select string_agg(query_to_xml('select * from public.' || quote_ident(table_name), true, false, '')::text, '')
		from information_schema.tables where table_schema = 'public'`)[0]
	require.Contains(t, everywhere, credentials.Username)
	require.NotContains(t, everywhere, credentials.Password)
	require.NotContains(t, everywhere, "canary-radius-secret")
	l.verify(t)
}

// What a workflow's history will hold.
func TestWorkHoldsIdsAndInstantsOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.arrived(t)
	work, err := b.WorkView(t.Context(), id)
	require.NoError(t, err)
	text, err := json.Marshal(work)
	require.NoError(t, err)
	for _, personal := range []string{"Ada", "Quill", "example", "Grace", "Berlin"} {
		require.NotContains(t, string(text), personal)
	}
}

// P22: a changed, a missing and a cut-off row are found, and named.
func TestTamperingIsFound(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]struct {
		statement string
		seq       int64
	}{
		"changed":   {"update audit set actor = 'user:other' where chain = $1 and seq = 2", 2},
		"removed":   {"delete from audit where chain = $1 and seq = 2", 2},
		"truncated": {"delete from audit where chain = $1 and seq > 3", 4},
		"truncated with its head": {`with cut as (delete from audit where chain = $1 and seq > 3)
			update site_heads set audit_seq = 3, audit_hash = (select hash from audit where chain = $1 and seq = 3) where site_id::text = $1`, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id := b.left(t)
			require.NoError(t, b.SealVisit(t.Context(), id, store.SealInput{}))
			signed, err := b.Checkpoint(t.Context())
			require.NoError(t, err)
			require.Equal(t, 1, signed, "the deployment's; the site's was signed with the seal")
			b.verify(t)
			sql[string](t, b, edit.statement+" returning 'x'", string(b.site.ID))
			for _, chain := range []string{"", string(b.site.ID)} {
				report, err := b.AuditVerify(t.Context(), store.Everything, chain)
				require.NoError(t, err)
				require.False(t, report.OK)
				require.Equal(t, edit.seq, report.FirstBad.Seq, report.FirstBad)
			}
			report, err := b.AuditVerify(t.Context(), store.Everything, audit.Deployment)
			require.NoError(t, err)
			require.True(t, report.OK)
		})
	}
}

func TestTheTrailIsReadInPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 3 {
		b.left(t)
	}
	var seen []int64
	page := store.AuditPage{}
	for first := true; first || page.Next != ""; first = false {
		var err error
		page, err = b.AuditRows(t.Context(), store.Everything, store.AuditFilter{Chain: string(b.site.ID), Page: store.Page{Cursor: page.Next, Limit: 4}})
		require.NoError(t, err)
		for _, row := range page.Items {
			seen = append(seen, row.Seq)
		}
	}
	require.Equal(t, []int64{9, 8, 7, 6, 5, 4, 3, 2, 1}, seen)

	cursors, err := b.EventCursors(t.Context(), store.Everything)
	require.NoError(t, err)
	require.Equal(t, map[string]int64{string(b.site.ID): 9}, cursors)
	id := b.arrived(t)
	after, err := b.EventsAfter(t.Context(), store.Everything, cursors, 10)
	require.NoError(t, err)
	require.Len(t, after, 2)
	require.Equal(t, visit.EventCheckedIn, after[1].Kind)
	require.Equal(t, int64(11), after[1].Seq)
	events, err := b.Events(t.Context(), store.Everything, store.EventFilter{VisitID: id, Kinds: []visit.EventKind{visit.EventCheckedIn}})
	require.NoError(t, err)
	require.Len(t, events.Items, 1)
	require.Equal(t, after[1].Event, events.Items[0])
	rows, err := b.AuditRows(t.Context(), store.Everything, store.AuditFilter{VisitID: id})
	require.NoError(t, err)
	require.Len(t, rows.Items, 2)
}

func TestAChainThatIsNotLookedAtIsNotCalledGood(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine := store.Scope{Sites: []visit.SiteID{b.site.ID}}
	_, err := b.AuditVerify(t.Context(), mine, string(b.site.ID))
	require.NoError(t, err)
	for _, chain := range []string{string(b.newSite(t, "Paris").ID), audit.Deployment} {
		_, err = b.AuditVerify(t.Context(), mine, chain)
		require.ErrorIs(t, err, visit.ErrSiteNotFound, chain)
	}
	for _, chain := range []string{"nonsense", "0197a000-0000-7000-8000-000000000001"} {
		_, err = b.AuditVerify(t.Context(), store.Everything, chain)
		require.ErrorIs(t, err, visit.ErrSiteNotFound, chain)
	}
}
