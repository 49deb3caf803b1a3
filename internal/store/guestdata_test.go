package store_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func TestManyAccountsFromASpreadsheet(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	there := l.guest(t, "known@example.org")
	row := func(email, profile string) store.AccountRow {
		return store.AccountRow{NewAccount: store.NewAccount{ProfileID: l.profile, Visitor: visit.Visitor{LastName: "Row", Email: email}}, Profile: profile}
	}
	rows := []store.AccountRow{
		row("a@example.org", ""), row("b@example.org", "WEEK"), row("c@example.org", "nonsense"), row("not an address", ""),
		row("known@example.org", ""), row("A@example.org", ""), {Refused: visit.Invalid("email", "bad")},
	}
	outcomes := func(results []store.AccountResult) (list []store.ImportOutcome) {
		for _, r := range results {
			list = append(list, r.Outcome)
		}
		return list
	}
	want := []store.ImportOutcome{"created", "created", "refused", "refused", "skipped", "skipped", "refused"}
	dry, err := l.ImportAccounts(t.Context(), l.desk, l.site.ID, rows, store.AccountImport{DryRun: true})
	require.NoError(t, err)
	require.Equal(t, want, outcomes(dry))
	require.Empty(t, dry[0].AccountID)
	require.Equal(t, "profile", dry[2].Refused.Field)
	require.Equal(t, []int64{1}, sql[int64](t, l.bench, "select count(*) from accounts"), "nothing was changed")

	done, err := l.ImportAccounts(t.Context(), l.desk, l.site.ID, rows, store.AccountImport{})
	require.NoError(t, err)
	require.Equal(t, want, outcomes(done))
	require.Equal(t, []int64{3}, sql[int64](t, l.bench, "select count(*) from audit where action = 'account.created'"), "refused rows leave no trace")
	updated, err := l.ImportAccounts(t.Context(), l.desk, l.site.ID, rows[4:5], store.AccountImport{Update: true})
	require.NoError(t, err)
	require.Equal(t, store.AccountResult{Outcome: "updated", AccountID: there.ID}, updated[0])
	changed, err := l.Store.Account(t.Context(), store.Everything, there.ID)
	require.NoError(t, err)
	require.Equal(t, "Row", changed.LastName)

	paris := l.newSite(t, "Paris").ID
	here := store.Caller{Actor: "user:paris", Scope: store.Scope{Sites: []visit.SiteID{paris}}}
	foreign, err := l.ImportAccounts(t.Context(), here, paris, rows[4:5], store.AccountImport{Update: true})
	require.NoError(t, err)
	require.Equal(t, "login_taken", foreign[0].Refused.Code, "somebody else's account is not theirs to change")
	l.verify(t)
}

func TestListsOfGuestsUseTheirIndexes(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	l.let(t, l.guest(t, "seed").ID, phone)
	conn, err := pgx.Connect(t.Context(), l.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	for _, fill := range []string{
		`insert into people (id, first_name, last_name, email, phone, company, created_at, updated_at)
			select gen_random_uuid(), 'F', 'L' || i, i || '@example.org', '', '', now(), now() from generate_series(1, 10000) i`,
		`insert into accounts (person_id, site_id, profile_id, profile_revision, login, login_kind, method, starts_at, ends_at, proven_at, created_at, updated_at)
			select p.id, s.site_id, s.profile_id, 1, p.email, 'email', 'account', s.starts_at, s.ends_at, now(), now(), now() from people p, accounts s where p.email <> ''`,
		`insert into accesses (id, kind, site_id, started_at, ends_at, ended_at, end_reason, created_at)
			select p.id, 'portal', x.site_id, x.started_at - interval '1 day', x.started_at, case when p.email not like '1%' then x.started_at end,
				case when p.email not like '1%' then 'lifetime' end, x.started_at from people p, accesses x where p.email <> ''`,
		`insert into authentications (access_id, person_id, portal_id, template_id, name, method, status, ends_with, mac, live)
			select p.id, p.id, n.portal_id, n.template_id, 'user-' || p.email, 'account', 'logged_in', 'lifetime', '', p.email like '1%' from people p, authentications n where p.email <> ''`,
		`analyze people, accounts, accesses, authentications`,
	} {
		_, err := conn.Exec(t.Context(), fill)
		require.NoError(t, err)
	}
	plan := func(statement string, args pgx.NamedArgs, err error) string {
		require.NoError(t, err)
		rows, err := conn.Query(t.Context(), "explain "+statement, args)
		require.NoError(t, err)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		return strings.Join(lines, "\n")
	}
	require.Contains(t, plan(store.AccountsStatement(store.Everything, store.AccountFilter{SiteID: l.site.ID})), "accounts_site")
	require.Contains(t, plan(store.AccountsStatement(store.Everything, store.AccountFilter{})), "accounts_pkey")
	for _, filter := range []store.AuthenticationFilter{{}, {SiteID: l.site.ID}} {
		listed := plan(store.AuthenticationsStatement(store.Everything, filter))
		require.Contains(t, listed, "Index Scan using accesses_")
		require.NotContains(t, listed, "Sort")
	}
	require.Contains(t, plan(store.AuthenticationsStatement(store.Everything, store.AuthenticationFilter{Query: phone})), "authentications_mac")
	args := store.Everything
	require.Contains(t, plan(store.GreenStatement, pgx.NamedArgs{"all": args.All, "sites": args.Sites, "site": nil, "now": l.Clock.Now()}, nil), "Index Scan using a")
	_, err = conn.Exec(t.Context(), "set enable_seqscan = off")
	require.NoError(t, err)
	require.Contains(t, plan(store.StaleStatement, pgx.NamedArgs{"limit": 500}, nil), "accounts_profile")
	require.Contains(t, plan(store.DecisionsStatement(store.Everything, store.DecisionFilter{SiteID: l.site.ID})), "portal_decisions_site")
	require.Contains(t, plan(store.DecisionsStatement(store.Everything, store.DecisionFilter{SiteID: l.site.ID, MAC: phone, Refused: true})), "portal_decisions_mac")
	require.Contains(t, plan(store.AuthenticationUses, pgx.NamedArgs{"ids": []string{string(l.portal.ID)}}, nil), "sessions_access")

	seen := map[string]bool{}
	filter := store.AuthenticationFilter{SiteID: l.site.ID, Page: store.Page{Limit: 200}}
	for range 5 {
		page, err := l.Authentications(t.Context(), store.Everything, filter)
		require.NoError(t, err)
		for _, item := range page.Items {
			require.False(t, seen[item.ID], "twice")
			seen[item.ID] = true
		}
		filter.Cursor = page.Next
	}
	require.Len(t, seen, 1000)
}

// everything is all text of the database that may hold something about somebody.
func (b bench) everything(t testing.TB) string {
	t.Helper()
	var all strings.Builder
	for _, table := range sql[string](t, b, `select table_name::text from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`) {
		all.WriteString(strings.Join(sql[string](t, b, fmt.Sprintf("select x::text from %q x", table)), "\n"))
	}
	return all.String()
}

func TestAGuestIsExportedAndErased(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	a := robert("")
	a.Arrival.IP = "10.9.8.7"
	in := l.admit(t, a)
	id := in.Account.ID
	_, err := l.ChangeAccount(t.Context(), l.desk, id, store.AccountChange{Notes: new("canary-note"), Phone: new("+49 30 5550199")})
	require.NoError(t, err)
	person, _, err := l.Person(t.Context(), store.Everything, id)
	require.NoError(t, err)
	require.True(t, person.Guest, "a guest without a visit is a person too")
	found, err := l.People(t.Context(), store.Scope{Sites: []visit.SiteID{l.site.ID}}, store.PersonFilter{Query: "dupont"})
	require.NoError(t, err)
	require.Len(t, found.Items, 1)
	found, err = l.People(t.Context(), store.Scope{Sites: []visit.SiteID{l.site.ID}, Host: "host@example.org"}, store.PersonFilter{Query: "dupont"})
	require.NoError(t, err)
	require.Empty(t, found.Items, "hosts see who visits them")
	elsewhere := store.Caller{Actor: "user:x", Scope: store.Scope{Sites: []visit.SiteID{l.newSite(t, "Paris").ID}}}
	_, err = l.ExportPerson(t.Context(), elsewhere, id)
	require.ErrorIs(t, err, visit.ErrPersonNotFound)

	text, err := l.ExportPerson(t.Context(), l.desk, id)
	require.NoError(t, err)
	var document map[string]any
	require.NoError(t, json.Unmarshal(text, &document))
	for _, part := range []string{"robert.dupont@gmail.com", "canary-note", "10.9.8.7", phone, in.Authentication.Name} {
		require.Contains(t, string(text), part)
	}
	require.Len(t, document["authentications"], 1)
	require.Len(t, document["devices"], 1)
	require.NotContains(t, string(text), "cookie_hash")

	_, err = l.ErasePerson(t.Context(), l.desk, id)
	require.NoError(t, err)
	rest := l.everything(t)
	for _, gone := range []string{"robert.dupont", "Dupont", "canary-note", "5550199"} {
		require.NotContains(t, rest, gone)
	}
	item := l.authentication(t, in.Authentication.ID)
	require.Equal(t, identity.EndRevoked, item.Reason, "what it had ended")
	require.Equal(t, []string{phone, "10.9.8.7", "erased-" + string(id)}, []string{item.MAC, item.IP, item.Login}, "the connection record is kept")
	_, st := l.decide(t, store.Seen{MAC: phone, SSID: "Guests", Cookie: in.Cookie})
	require.Equal(t, identity.ByNothing, st.By)
	_, _, err = l.Person(t.Context(), store.Everything, id)
	require.ErrorIs(t, err, visit.ErrPersonNotFound)
	again, err := l.ErasePerson(t.Context(), l.desk, id)
	require.NoError(t, err)
	require.Equal(t, 1, again.Counts["accounts"])
	_, err = l.ChangeAccount(t.Context(), l.desk, id, store.AccountChange{Notes: new("x")})
	require.Equal(t, visit.KindGone, visit.KindOf(err))
	fresh := l.admit(t, robert(""))
	require.NotEqual(t, id, fresh.Account.ID, "who comes again is somebody new")
	l.verify(t)
}

func TestGuestsArePurgedByClass(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	require.NoError(t, l.SetRetention(t.Context(), l.desk, l.site.ID, visit.Retention{AccountDays: new(10), SessionDays: new(30)}))
	in := l.admit(t, robert(""))
	kept := l.guest(t, "kept@example.org")
	far := l.Clock.Now().Add(365 * 24 * time.Hour)
	_, err := l.ChangeAccount(t.Context(), l.desk, kept.ID, store.AccountChange{EndsAt: new(&far)})
	require.NoError(t, err)
	require.NoError(t, l.NoteDecision(t.Context(), store.Decided{Portal: l.portal, MAC: phone, Page: identity.PageDenied, Rule: identity.RuleAccess}))
	require.Empty(t, l.purge(t, 1).Counts)

	l.Clock.Advance(5 * time.Hour)
	l.end(t, in.Authentication)
	_, err = l.SealAccess(t.Context(), accessID(in.Authentication), "absent")
	require.NoError(t, err)
	l.Clock.Advance(16 * 24 * time.Hour)
	require.Equal(t, map[string]int{"accounts": 1}, l.purge(t, 2).Counts)
	require.NotContains(t, l.everything(t), "dupont")
	require.Equal(t, "erased-"+string(in.Account.ID), l.authentication(t, in.Authentication.ID).Login, "the connection record outlives the name")

	l.Clock.Advance(20 * 24 * time.Hour)
	counts := l.purge(t, 3).Counts
	require.Equal(t, map[string]int{"authentications": 1, "people": 1, "portal_decisions": 1}, counts)
	require.Equal(t, []string{string(kept.ID)}, sql[string](t, l.bench, "select person_id::text from accounts"))
	require.Equal(t, []int64{1}, sql[int64](t, l.bench, "select count(*) from people"))
	require.NotContains(t, l.everything(t), phone)
	l.verify(t)
}

func TestVisitsArePurgedAndTheGuestStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := b.lobby(t, nil)
	out, err := b.Register(t.Context(), b.desk, b.registration(), store.RegisterOptions{})
	require.NoError(t, err)
	visitor := sql[visit.PersonID](t, b, "select person_id::text from visits where id = $1", out.Visit.ID)[0]
	account := l.guest(t, "ada@example.org")
	detail, err := l.Store.Account(t.Context(), store.Everything, account.ID)
	require.NoError(t, err)
	require.Len(t, detail.Same, 1, "a visitor with the proven address is offered")
	require.Equal(t, visitor, detail.Same[0].ID)
	joined, err := l.SamePerson(t.Context(), l.desk, account.ID, visitor)
	require.NoError(t, err)
	require.Equal(t, "Quill", joined.LastName)
	require.Equal(t, []string{string(account.ID)}, sql[string](t, b, "select person_id::text from visits"))
	_, err = b.Cancel(t.Context(), b.desk, out.Visit.ID)
	require.NoError(t, err)
	far := l.Clock.Now().Add(365 * 24 * time.Hour)
	_, err = l.ChangeAccount(t.Context(), l.desk, account.ID, store.AccountChange{EndsAt: new(&far)})
	require.NoError(t, err)
	l.Clock.Advance(100 * 24 * time.Hour)
	require.Equal(t, map[string]int{"visits": 1}, l.purge(t, 1).Counts, "the person is still a guest")
	require.Equal(t, []string{"Quill"}, sql[string](t, b, "select last_name from people where id = $1", account.ID))
	l.verify(t)
}

func TestWhatIsOverByItselfIsPruned(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	account := l.guest(t, "walter")
	l.let(t, account.ID, "3a:22:fb:00:00:01")
	l.let(t, account.ID, phone)
	in := l.authentications(t)[0]
	_, err := l.OneTimeSecret(t.Context(), store.SecretFor{SiteID: l.site.ID, AccessID: accessID(in.Authentication), MAC: in.MAC})
	require.NoError(t, err)
	counts := func() []int64 {
		return sql[int64](t, l.bench, "select count(*) from one_time_secrets union all select count(*) from browsers union all select count(*) from devices")
	}
	n, err := l.PruneGuests(t.Context(), 100)
	require.NoError(t, err)
	require.Zero(t, n)
	l.Clock.Advance(2 * time.Minute)
	_, err = l.PruneGuests(t.Context(), 100)
	require.NoError(t, err)
	require.Equal(t, []int64{0, 2, 2}, counts())
	l.Clock.Advance(15 * 24 * time.Hour)
	_, err = l.PruneGuests(t.Context(), 100)
	require.NoError(t, err)
	require.Equal(t, []int64{0, 0, 1}, counts(), "an address that the device made up is another one by now")
	l.verify(t)
}

func (l lobby) authentications(t testing.TB) []store.AuthenticationItem {
	t.Helper()
	page, err := l.Authentications(t.Context(), store.Everything, store.AuthenticationFilter{})
	require.NoError(t, err)
	return page.Items
}

func TestALawfulRequestFindsGuests(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	account := l.guest(t, "walter")
	in := l.let(t, account.ID, phone)
	at := l.Clock.Now().Add(time.Hour)
	l.Clock.Advance(2 * time.Hour)
	asks, decides := store.Caller{Actor: "user:asks", Scope: store.Everything}, store.Caller{Actor: "user:decides", Scope: store.Everything}
	request, err := l.AskLawful(t.Context(), asks, store.NewLawfulRequest{Query: visit.LawfulQuery{IP: "10.1.2.3", At: at}, Reference: "x"})
	require.NoError(t, err)
	_, err = l.DecideLawful(t.Context(), decides, request.ID, true)
	require.NoError(t, err)
	_, matches, err := l.ReadLawful(t.Context(), asks, request.ID)
	require.NoError(t, err)
	require.Len(t, matches, 1)
	require.True(t, matches[0].Certain)
	require.Equal(t, in.Authentication.Name, matches[0].Guest.Name)
	require.Equal(t, "walter", matches[0].Guest.Login)
}

// guestOf makes a person a guest of whom everything is known.
func (b bench) guestOf(t testing.TB, person visit.PersonID) {
	t.Helper()
	l := b.lobbyNow(t)
	access := "01a00000-0000-7000-8000-000000000001"
	conn, err := pgx.Connect(t.Context(), b.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	args := pgx.NamedArgs{
		"person": person, "site": b.site.ID, "profile": l.profile, "portal": l.portal.ID, "template": l.portal.Template.ID, "access": access, "now": b.Clock.Now(),
	}
	for _, statement := range []string{
		`insert into accounts (person_id, site_id, profile_id, profile_revision, login, login_kind, method, starts_at, ends_at, created_at, updated_at)
			values (@person, @site, @profile, 1, 'guest', 'name', 'form', @now, @now::timestamptz + interval '1 day', @now, @now)`,
		`insert into consent_texts (id, template_id, kind, version, texts, made_by, made_at) values (@access, @template, 'terms', 1, '{}', 'user:desk', @now)`,
		`insert into consents (person_id, text_id, agreed_at) values (@person, @access, @now)`,
		`insert into browsers (cookie_hash, person_id, made_at, expires_at) values ('\\x01', @person, @now, @now)`,
		`insert into devices (id, person_id, site_id, portal_id, ssid, mac, private, first_seen, last_seen) values (@access, @person, @site, @portal, '', '', false, @now, @now)`,
		`insert into accesses (id, kind, site_id, started_at, ends_at, created_at) values (@access, 'portal', @site, @now, @now::timestamptz + interval '1 hour', @now)`,
		`insert into authentications (access_id, person_id, portal_id, template_id, name, method, status, ends_with)
			values (@access, @person, @portal, @template, 'user0', 'form', 'logged_in', 'lifetime')`,
		`insert into openings (id, site_id, portal_id, access_id, arrival_sealed, opened_at, until) values (@access, @site, @portal, @access, '', @now, @now)`,
		`insert into registrations (id, site_id, portal_id, method, status, arrival_sealed, language, person_id, expires_at, created_at)
			values (@access, @site, @portal, 'email', 'waiting', '', 'en', @person, @now, @now)`,
		`insert into portal_decisions (id, site_id, portal_id, person_id, page, rule, facts, at) values (@access, @site, @portal, @person, 'full', 'login', '{}', @now)`,
	} {
		_, err := conn.Exec(t.Context(), statement, args)
		require.NoError(t, err, statement)
	}
}
