package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func (b bench) personOf(t testing.TB, id visit.VisitID) visit.PersonID {
	t.Helper()
	return b.visit(t, id).PersonID
}

// known has a CRM know of the visit.
func (b bench) known(t testing.TB, id visit.VisitID, contact string) {
	t.Helper()
	sql[string](t, b, `insert into crm_accounts (id, name, kind, credentials_sealed, created_at, updated_at)
		values ('0197a000-0000-7000-8000-00000000000a', 'crm', 'hubspot', '\x00', now(), now()) on conflict do nothing returning 'x'`)
	sql[string](t, b, `insert into crm_syncs (visit_id, account_id, state, contact_ref, visit_ref, created_at, updated_at)
		values ($1, '0197a000-0000-7000-8000-00000000000a', 'synced', $2, 'canarymeeting', now(), now()) returning 'x'`, id, contact)
}

// Erasing takes everything a person left out of every table at once, and out of
// every file with the next rewrite; what others are to know holds ids alone.
func TestErasingAPersonLeavesNothing(t *testing.T) {
	t.Parallel()
	l := connect(t)
	other := l.visit
	id := l.came(t)
	person := l.personOf(t, id)
	again := guest
	again.SiteID, again.ExpectedDeparture = l.site.ID, l.Clock.Now().Add(time.Hour)
	invited, err := l.Register(t.Context(), l.desk, again, store.RegisterOptions{PersonID: person})
	require.NoError(t, err)
	l.known(t, id, "canarycontact")
	texts := append([]string{"canarycontact", "canarymeeting"}, guestTexts...)
	declared := map[string]bool{}
	for column := range personal(t) {
		table, _, _ := strings.Cut(column, ".")
		declared[table] = true
	}
	for _, text := range texts {
		tables := inTables(t, l.bench, text)
		require.NotEmpty(t, tables, "negative control: %s", text)
		for _, table := range tables {
			require.True(t, declared[table], "%s holds %s and has no personal column", table, text)
		}
	}

	erasure, err := l.ErasePerson(t.Context(), l.desk, person)
	require.NoError(t, err)
	require.Equal(t, store.ErasurePending, erasure.State)
	require.Equal(t, map[string]int{"visits": 2, "sessions": 1, "terminations": 1, "refused_logins": 1, "crm_contacts": 1}, erasure.Counts)
	for _, text := range guestTexts {
		require.Empty(t, inTables(t, l.bench, text), text)
	}
	require.Equal(t, []string{"erasures"}, inTables(t, l.bench, "canarycontact"), "until the CRM has erased it")
	require.Equal(t, visit.Cancelled, l.bench.visit(t, invited.Visit.ID).Status)
	require.Equal(t, []string{fmt.Sprintf(`{"person_id": "%s"}`, person)}, sql[string](t, l.bench, "select data::text from events where kind = 'person.erased'"))
	require.Equal(t, "Ada", l.bench.visit(t, other).Visitor.FirstName)
	l.bench.verify(t)

	contacts, err := l.ContactsToErase(t.Context(), erasure.ID)
	require.NoError(t, err)
	require.Equal(t, []store.CRMContact{{
		AccountID: "0197a000-0000-7000-8000-00000000000a", ContactRef: "canarycontact", VisitRefs: []string{"canarymeeting"},
	}}, contacts)
	require.NoError(t, l.ContactErased(t.Context(), erasure.ID, contacts[0]))
	state, err := l.EndErasure(t.Context(), erasure.ID, "")
	require.NoError(t, err)
	require.Equal(t, store.ErasureDone, state)
	require.NotEmpty(t, inFiles(t, l.bench, "Canarylast"), "deleted rows are still there")
	require.Subset(t, l.purgeUpTo(t, 1, rewriteAll).Rewritten, []string{"visits", "people", "sessions", "erasures"})
	for _, text := range texts {
		require.Empty(t, inTables(t, l.bench, text), text)
		require.Empty(t, inFiles(t, l.bench, text), text)
	}
	l.bench.verify(t)

	// What an agent brings in late about them is not taken.
	require.Equal(t, 1, l.report(t, l.device(wire.AccountingStop)).Skipped)
	require.Empty(t, inTables(t, l.bench, guestMAC))
}

func TestAnErasureThatTheCRMRefusesWaitsForPeople(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.left(t)
	b.known(t, id, "contact")
	erasure, err := b.ErasePerson(t.Context(), b.desk, b.personOf(t, id))
	require.NoError(t, err)
	pending, err := b.PendingErasures(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, []visit.ErasureID{erasure.ID}, pending)

	for _, reason := range []string{"", "crm_unauthorized"} { // an end without the contact erased is none
		state, err := b.EndErasure(t.Context(), erasure.ID, reason)
		require.NoError(t, err)
		require.Equal(t, store.ErasureAttention, state)
		got, err := b.Erasure(t.Context(), store.Everything, erasure.ID)
		require.NoError(t, err)
		require.Equal(t, map[string]string{"": "incomplete"}[reason]+reason, got.Reason)
		require.Equal(t, 1, got.InCRM)
		pending, err = b.PendingErasures(t.Context(), 10)
		require.NoError(t, err)
		require.Empty(t, pending)
		got, err = b.RetryErasure(t.Context(), b.desk, erasure.ID)
		require.NoError(t, err)
		require.Equal(t, store.ErasurePending, got.State)
	}
	_, err = b.Erasure(t.Context(), store.Scope{}, erasure.ID)
	require.ErrorIs(t, err, visit.ErrErasureNotFound)
	b.verify(t)
}

// A visit with somebody's id would show them to whoever registers it.
func TestNobodyIsFoundByTheIDOfAVisitElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	person := b.personOf(t, b.registered(t))
	paris := b.newSite(t, "Paris")
	there := store.Caller{Actor: "user:paris", Scope: store.Scope{Sites: []visit.SiteID{paris.ID}}}
	reg := b.registration()
	reg.SiteID = paris.ID
	_, err := b.Register(t.Context(), there, reg, store.RegisterOptions{PersonID: person})
	require.ErrorIs(t, err, visit.ErrPersonNotFound)
	_, _, err = b.Person(t.Context(), there.Scope, person)
	require.ErrorIs(t, err, visit.ErrPersonNotFound)
	_, err = b.Register(t.Context(), b.desk, reg, store.RegisterOptions{PersonID: person})
	require.NoError(t, err, "who sees all sites may")
}

// An attempt that is under way while its person is erased comes back with what it
// wrote: that is erased as well.
func TestWhatACRMWasWritingDuringAnErasureIsErasedToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	account := b.withCRM(t)
	id := b.left(t)
	require.NoError(t, b.BeginCRMSync(t.Context(), id, account.ID))
	erasure, err := b.ErasePerson(t.Context(), b.desk, b.personOf(t, id))
	require.NoError(t, err)
	require.Equal(t, store.ErasureDone, erasure.State, "nothing was known")

	require.ErrorIs(t, b.NoteCRMRefs(t.Context(), id, visit.CRMRefs{}), visit.ErrCRMErased)
	pending, err := b.PendingErasures(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, pending, "nothing was written")
	require.ErrorIs(t, b.NoteCRMRefs(t.Context(), id, visit.CRMRefs{Contact: "c"}), visit.ErrCRMErased)
	first, err := b.ContactsToErase(t.Context(), erasure.ID)
	require.NoError(t, err)
	require.Equal(t, []store.CRMContact{{AccountID: account.ID, ContactRef: "c", VisitRefs: []string{}}}, first)
	require.ErrorIs(t, b.NoteCRMRefs(t.Context(), id, visit.CRMRefs{Contact: "c", Visit: "m"}), visit.ErrCRMErased)
	require.NoError(t, b.ContactErased(t.Context(), erasure.ID, first[0]))
	rest, err := b.ContactsToErase(t.Context(), erasure.ID)
	require.NoError(t, err)
	require.Equal(t, []store.CRMContact{{AccountID: account.ID, ContactRef: "c", VisitRefs: []string{"m"}}}, rest)

	pending, err = b.PendingErasures(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, []visit.ErasureID{erasure.ID}, pending)
	require.NoError(t, b.ContactErased(t.Context(), erasure.ID, rest[0]))
	state, err := b.EndErasure(t.Context(), erasure.ID, "")
	require.NoError(t, err)
	require.Equal(t, store.ErasureDone, state)
	require.Empty(t, sql[string](t, b, "select 'x' from crm_syncs where contact_ref <> '' or visit_ref <> ''"))
	b.verify(t)
}

// A site that changes its account leaves contacts behind in the one before, and one
// account's ids are nobody, or somebody else, in another.
func TestAnErasureFindsContactsInAccountsThatTheSiteHasLeft(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := b.withCRM(t)
	id := b.left(t)
	require.NoError(t, b.BeginCRMSync(t.Context(), id, before.ID))
	require.NoError(t, b.NoteCRMRefs(t.Context(), id, visit.CRMRefs{Contact: "canaryold"}))
	require.NoError(t, b.EndCRMSync(t.Context(), id, visit.CRMEnd{AccountID: before.ID, State: visit.CRMNeedsAttention, Reason: "crm_forbidden"}))
	after := b.withCRM(t)
	require.NoError(t, b.EndCRMSync(t.Context(), id, visit.CRMEnd{AccountID: after.ID, State: visit.CRMSkipped, Reason: visit.CRMDoNotSync}))
	require.NoError(t, b.BeginCRMSync(t.Context(), id, after.ID))
	require.NoError(t, b.NoteCRMRefs(t.Context(), id, visit.CRMRefs{Contact: "canarynew", Visit: "meeting"}))

	erasure, err := b.ErasePerson(t.Context(), b.desk, b.personOf(t, id))
	require.NoError(t, err)
	contacts, err := b.ContactsToErase(t.Context(), erasure.ID)
	require.NoError(t, err)
	require.ElementsMatch(t, []store.CRMContact{
		{AccountID: before.ID, ContactRef: "canaryold", VisitRefs: []string{}},
		{AccountID: after.ID, ContactRef: "canarynew", VisitRefs: []string{"meeting"}},
	}, contacts)
	require.Equal(t, []string{"erasures"}, inTables(t, b, "canaryold"))
}

// What of a regular visitor a CRM has erased is noted in between: one attempt is not
// long enough for all.
func TestTheManyVisitsOfOneContactAreErasedInParts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	person := b.personOf(t, b.registered(t))
	for range 45 {
		out, err := b.Register(t.Context(), b.desk, b.registration(), store.RegisterOptions{PersonID: person})
		require.NoError(t, err)
		b.known(t, out.Visit.ID, "c")
	}
	erasure, err := b.ErasePerson(t.Context(), b.desk, person)
	require.NoError(t, err)
	require.Equal(t, 1, erasure.InCRM)
	parts, err := b.ContactsToErase(t.Context(), erasure.ID)
	require.NoError(t, err)
	var sizes []int
	for i, part := range parts {
		require.Equal(t, []string{"", "", "c"}[i], part.ContactRef, "last")
		sizes = append(sizes, len(part.VisitRefs))
		require.NoError(t, b.ContactErased(t.Context(), erasure.ID, part))
	}
	require.Equal(t, []int{20, 20, 5}, sizes)
	state, err := b.EndErasure(t.Context(), erasure.ID, "")
	require.NoError(t, err)
	require.Equal(t, store.ErasureDone, state)
}

// Who was checked out and is not yet offline may be erased; that their sessions
// ended is heard of all the same.
func TestSessionsOfWhoWasErasedAreStillEnded(t *testing.T) {
	t.Parallel()
	l := connect(t)
	l.report(t, l.accounting(wire.AccountingStart, "s1", 0, 0))
	l.leave(t, l.visit)
	l.begin(t, 1, 1)
	command := l.claim(t)[0].Command
	_, err := l.ErasePerson(t.Context(), l.desk, l.personOf(t, l.visit))
	require.NoError(t, err)
	stored := l.report(t, l.result(&command, visit.TerminationConfirmed, ""))
	require.Len(t, stored.Completions, 1)
	require.True(t, stored.Completions[0].Final)
	_, final := l.begin(t, 1, 2)
	require.True(t, final)
	require.Empty(t, sql[string](t, l.bench, "select id::text from sessions union all select id::text from terminations"))
	require.Equal(t, 1, l.report(t, l.result(nil, visit.TerminationConfirmed, "")).Skipped, "what nobody waits for")
	l.bench.verify(t)
}

// A visit that is registered while its person is erased is either erased too or
// refused: none is left with a name.
func TestErasingWhileThePersonIsRegisteredAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 5 {
		person := b.personOf(t, b.registered(t))
		registered := make(chan error, 1)
		go func() {
			_, err := b.Register(context.WithoutCancel(t.Context()), b.desk, b.registration(), store.RegisterOptions{PersonID: person})
			registered <- err
		}()
		_, err := b.ErasePerson(t.Context(), b.desk, person)
		require.NoError(t, err)
		if err := <-registered; err != nil {
			require.Equal(t, visit.KindNotFound, visit.KindOf(err), err)
		}
		require.Empty(t, inTables(t, b, "Quill"))
	}
	b.verify(t)
}

// Every personal column of a person's rows is in their export, driven by the same
// list of columns that the privacy page is held to.
func TestAnExportHoldsEveryPersonalColumn(t *testing.T) {
	t.Parallel()
	l := connect(t)
	call := l.muster(t, visit.Drill)
	id := l.came(t)
	l.mark(t, "user:desk", call, markOf(id, visit.MarkSafe))
	l.known(t, id, "canarycontact")
	person := l.personOf(t, id)
	l.guestOf(t, person)
	text, err := l.ExportPerson(t.Context(), l.desk, person)
	require.NoError(t, err)
	var document map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &document))
	parts := map[string]string{
		"people": "person", "visits": "visits", "vouchers": "vouchers", "sessions": "sessions", "terminations": "terminations",
		"refused_logins": "refused_logins", "crm_syncs": "crm", "roll_call_marks": "roll_call_marks",
		"accounts": "account", "consents": "consents", "browsers": "browsers", "devices": "devices", "authentications": "authentications",
		"openings": "openings", "registrations": "registrations", "portal_decisions": "portal_decisions",
	}
	// What opens something, or says again what stands beside it.
	keys := map[string]bool{"accounts.password_hash": true, "registrations.arrival_sealed": true, "registrations.code_sealed": true, "openings.arrival_sealed": true}
	// Of staff, of somebody's question, a key, and what no name leads to.
	elsewhere := map[string]bool{"users": true, "sites": true, "logins": true, "erasures": true, "lawful_requests": true, "mail_rates": true, "sms_codes": true, "invitation_codes": true, "one_time_secrets": true}
	for column := range personal(t) {
		table, name, _ := strings.Cut(column, ".")
		if elsewhere[table] {
			continue
		}
		part, ok := parts[table]
		require.True(t, ok, "%s is personal and not exported", table)
		if keys[column] {
			require.NotContains(t, string(document[part]), `"`+name+`":`, column)
			continue
		}
		if column == "vouchers.password_sealed" {
			require.NotContains(t, string(document[part]), "password", "a key is not data about anybody")
			continue
		}
		require.Contains(t, string(document[part]), `"`+name+`":`, column)
	}
	for _, canary := range guestTexts {
		if canary != "canarytyped" {
			require.Contains(t, string(text), canary)
		}
	}
	require.Contains(t, string(text), "canarytyped", "tried with their device")
	require.NotContains(t, string(text), "Ada", "somebody else's")
	rows, err := l.AuditRows(t.Context(), store.Everything, store.AuditFilter{Chain: string(l.site.ID)})
	require.NoError(t, err)
	require.Equal(t, "person.exported", rows.Items[0].Action)
	require.Equal(t, "person:"+string(person), rows.Items[0].Object)
	_, err = l.ExportPerson(t.Context(), store.Caller{Actor: "user:other"}, person)
	require.ErrorIs(t, err, visit.ErrPersonNotFound)
}

func TestALawfulRequestFindsWhoHadTheAddress(t *testing.T) {
	t.Parallel()
	l := connect(t)
	asks, decides := l.desk, store.Caller{Actor: "user:other", Scope: store.Everything}
	start := l.Clock.Now()
	id := l.came(t) // to the same instant: the session lasted no time
	l.Clock.Advance(time.Hour)
	ask := func(query visit.LawfulQuery) []store.LawfulMatch {
		request, err := l.AskLawful(t.Context(), asks, store.NewLawfulRequest{SiteID: l.site.ID, Query: query, Reference: "canaryreference"})
		require.NoError(t, err)
		_, none, err := l.ReadLawful(t.Context(), asks, request.ID)
		require.NoError(t, err)
		require.Empty(t, none, "not yet approved")
		_, err = l.DecideLawful(t.Context(), asks, request.ID, true)
		require.ErrorIs(t, err, visit.ErrLawfulSamePerson)
		_, err = l.DecideLawful(t.Context(), store.Caller{Actor: "token:1", Scope: store.Everything}, request.ID, true)
		require.ErrorIs(t, err, visit.ErrNeedsUser)
		_, err = l.DecideLawful(t.Context(), decides, request.ID, true)
		require.NoError(t, err)
		_, none, err = l.ReadLawful(t.Context(), decides, request.ID)
		require.NoError(t, err)
		require.Empty(t, none, "who decides is not who asked")
		_, matches, err := l.ReadLawful(t.Context(), asks, request.ID)
		require.NoError(t, err)
		return matches
	}
	for name, x := range map[string]struct {
		query   visit.LawfulQuery
		certain []bool
	}{
		"by MAC":            {visit.LawfulQuery{MAC: "02-CA-FE-CA-FE-01", At: start}, []bool{true}},
		"by IP":             {visit.LawfulQuery{IP: "::ffff:" + guestIP, At: start}, []bool{true}},
		"within the slack":  {visit.LawfulQuery{IP: guestIP, At: start.Add(visit.ClockSlack)}, []bool{false}},
		"before, in slack":  {visit.LawfulQuery{IP: guestIP, At: start.Add(-visit.ClockSlack)}, []bool{false}},
		"beyond the slack":  {visit.LawfulQuery{IP: guestIP, At: start.Add(visit.ClockSlack + time.Second)}, nil},
		"too early":         {visit.LawfulQuery{IP: guestIP, At: start.Add(-visit.ClockSlack - time.Second)}, nil},
		"somebody else's":   {visit.LawfulQuery{IP: "10.0.0.99", At: start}, nil},
		"another's address": {visit.LawfulQuery{MAC: "02:00:00:00:00:99", At: start}, nil},
	} {
		matches := ask(x.query)
		require.Len(t, matches, len(x.certain), name)
		for i, m := range matches {
			require.Equal(t, x.certain[i], m.Certain, name)
			require.Equal(t, id, m.VisitID)
			require.Equal(t, "Canaryfirst", m.Visit.Visitor.FirstName)
		}
	}
	require.Empty(t, inTables(t, l.bench, "canaryreference"), "sealed")
	require.NotContains(t, inTables(t, l.bench, guestIP), "lawful_requests")
	actions := sql[string](t, l.bench, "select action from audit where object like 'lawful_request:%' order by seq limit 5")
	require.Equal(t, []string{"lawful.requested", "lawful.read", "lawful.approved", "lawful.read", "lawful.read"}, actions)

	// After the purge the session is known and its visitor is not.
	l.Clock.Advance(100 * day)
	l.purge(t, 0)
	matches := ask(visit.LawfulQuery{IP: guestIP, At: start})
	require.Len(t, matches, 1)
	require.Nil(t, matches[0].Visit)
	l.bench.verify(t)
}

func TestALawfulRequestEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	decides := store.Caller{Actor: "user:other", Scope: store.Everything}
	ask := func() string {
		request, err := b.AskLawful(t.Context(), b.desk, store.NewLawfulRequest{Query: visit.LawfulQuery{IP: "10.0.0.1", At: b.Clock.Now()}, Reference: "x"})
		require.NoError(t, err)
		return request.ID
	}
	sealed := func() int64 {
		return sql[int64](t, b, "select count(*) from lawful_requests where query_sealed is not null or reference_sealed is not null")[0]
	}
	denied, err := b.DecideLawful(t.Context(), decides, ask(), false)
	require.NoError(t, err)
	require.Nil(t, denied.Query)
	require.Zero(t, sealed(), "a denied one is wiped at once")
	_, err = b.DecideLawful(t.Context(), decides, denied.ID, true)
	require.ErrorIs(t, err, visit.ErrLawfulDecided)

	id := ask()
	b.Clock.Advance(visit.LawfulRequestFor)
	_, err = b.DecideLawful(t.Context(), decides, id, true)
	require.ErrorIs(t, err, visit.ErrLawfulExpired)
	require.Equal(t, int64(1), sealed())
	require.Equal(t, map[string]int{"lawful_requests": 1}, b.purge(t, 0).Counts)
	require.Zero(t, sealed())
	_, err = b.AskLawful(t.Context(), store.Caller{Actor: "user:here", Scope: store.Scope{Sites: []visit.SiteID{b.site.ID}}}, store.NewLawfulRequest{
		Query: visit.LawfulQuery{IP: "10.0.0.1", At: b.Clock.Now()},
	})
	require.ErrorIs(t, err, visit.ErrSiteNotFound, "all sites are for who sees all")
	b.verify(t)
}
