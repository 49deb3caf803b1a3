package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func days(n int) identity.Validity { return identity.Validity{Kind: identity.Days, Value: n} }

// guest is an account that staff made.
func (l lobby) guest(t testing.TB, login string) store.Account {
	t.Helper()
	account, err := l.CreateAccount(t.Context(), l.desk, store.NewAccount{SiteID: l.site.ID, ProfileID: l.profile, Login: login})
	require.NoError(t, err)
	return account
}

// let lets a guest in whose account staff made.
func (l lobby) let(t testing.TB, id visit.PersonID, mac string) store.Admitted {
	t.Helper()
	return l.admit(t, store.Admission{
		Method: identity.MethodAccount, Account: id, Clicked: true, Arrival: store.Arrival{MAC: mac, IP: "10.1.2.3", SSID: "Guests"},
	})
}

func (l lobby) authentication(t testing.TB, id string) store.AuthenticationItem {
	t.Helper()
	page, err := l.Authentications(t.Context(), store.Everything, store.AuthenticationFilter{})
	require.NoError(t, err)
	for _, item := range page.Items {
		if item.ID == id {
			return item
		}
	}
	t.Fatalf("no authentication %s", id)
	return store.AuthenticationItem{}
}

func TestALifetimeIsNotLongerThanItsAccounts(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	short, err := l.CreateProfile(t.Context(), l.desk, identity.Profile{Name: "Short", Validity: identity.Validity{Kind: identity.Hours, Value: 2}})
	require.NoError(t, err)
	_, err = l.UpdateTemplate(t.Context(), l.desk, l.portal.Template.ID, store.TemplateChange{Profiles: &map[identity.Method]identity.ProfileID{identity.MethodForm: short.ID}})
	require.ErrorContains(t, err, "lifetime_exceeds_profile")
	require.ErrorContains(t, err, `"Lobby"`)
	require.ErrorContains(t, err, `"Short"`)
	_, err = l.UpdateTemplate(t.Context(), l.desk, l.portal.Template.ID, store.TemplateChange{
		Profiles: &map[identity.Method]identity.ProfileID{identity.MethodForm: short.ID}, Lifetime: new(2 * time.Hour),
	})
	require.NoError(t, err)
	_, err = l.UpdateProfile(t.Context(), l.desk, short.ID, store.ProfileChange{Validity: &identity.Validity{Kind: identity.Hours, Value: 1}})
	require.ErrorContains(t, err, "lifetime_exceeds_profile", "the other side is held to it too")
	require.ErrorIs(t, l.DeleteProfile(t.Context(), l.desk, short.ID), store.ErrProfileInUse)
	require.ErrorIs(t, l.DeleteTemplate(t.Context(), l.desk, l.portal.Template.ID), store.ErrTemplateInUse)
	_, err = l.CreateTemplate(t.Context(), l.desk, identity.Template{
		Name: "lobby", Lifetime: time.Hour, Reauth: identity.ReauthSilent, Methods: []identity.Method{identity.MethodVisit}, ProfileID: l.profile,
	})
	require.ErrorContains(t, err, "template_name_taken")

	here := store.Caller{Actor: "user:here", Scope: store.Scope{Sites: []visit.SiteID{l.site.ID}}}
	_, err = l.UpdateProfile(t.Context(), here, short.ID, store.ProfileChange{Name: new("x")})
	require.Equal(t, visit.KindForbidden, visit.KindOf(err), "profiles are everybody's")
	_, err = l.UpdateTemplate(t.Context(), here, l.portal.Template.ID, store.TemplateChange{Name: new("x")})
	require.Equal(t, visit.KindForbidden, visit.KindOf(err))
}

func TestConsentsHaveVersions(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	template := l.portal.Template.ID
	set := func(kind identity.ConsentKind, text string) store.Consent {
		texts := map[string]string{}
		if text != "" {
			texts["en"] = text
		}
		c, err := l.SetConsent(t.Context(), l.desk, template, kind, texts)
		require.NoError(t, err)
		return c
	}
	require.Equal(t, 1, set(identity.ConsentMarketing, "Mails?").Version)
	require.Equal(t, 1, set(identity.ConsentTerms, "Be kind.").Version)
	require.Equal(t, 1, set(identity.ConsentTerms, "Be kind.").Version, "the same again")
	require.Equal(t, 2, set(identity.ConsentTerms, "Be very kind.").Version)
	portal, err := l.Portal(t.Context(), l.portal.ID)
	require.NoError(t, err)
	require.Len(t, portal.Consents, 2)
	require.Equal(t, "Be very kind.", portal.Consents[0].Texts["en"], "terms come first")
	old, err := l.Consent(t.Context(), template, identity.ConsentTerms, 1)
	require.NoError(t, err)
	require.Equal(t, "Be kind.", old.Texts["en"], "somebody agreed to it")
	set(identity.ConsentTerms, "")
	consents, err := l.Consents(t.Context(), template)
	require.NoError(t, err)
	require.Len(t, consents, 1)
	none, err := l.Consent(t.Context(), template, identity.ConsentPrivacy, 0)
	require.NoError(t, err)
	require.Zero(t, none.Version)
	_, err = l.Consent(t.Context(), template, identity.ConsentPrivacy, 1)
	require.ErrorIs(t, err, store.ErrConsentNotFound)
}

func TestWhatIsSecretOfAPortal(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	settings := gate.Settings{Controller: "https://controller.example/", Site: "default", Secret: "canary-secret", Key: "canary-key", Hosts: []string{" Ap.Example "}}
	made, err := l.CreatePortal(t.Context(), l.desk, store.Portal{SiteID: l.site.ID, Name: "UniFi", Vendor: gate.UniFi, Settings: settings}, l.portal.Template.ID)
	require.NoError(t, err)
	require.Empty(t, made.Settings.Secret+made.Settings.Key, "nobody is shown it again")
	require.True(t, made.HasSecret && made.HasKey)
	require.Equal(t, []string{"ap.example"}, made.Settings.Hosts)
	require.NotContains(t, strings.Join(sql[string](t, l.bench, "select p::text from portals p"), ""), "canary")
	open, err := l.Portal(t.Context(), made.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"canary-secret", "canary-key"}, []string{open.Settings.Secret, open.Settings.Key}, "what serves guests has it")

	elsewhere := gate.Settings{Controller: "https://evil.example", Site: "default"}
	_, err = l.UpdatePortal(t.Context(), l.desk, l.site.ID, made.ID, store.PortalChange{Settings: &elsewhere})
	require.ErrorContains(t, err, "give it again", "a key goes to nobody else")
	_, err = l.UpdatePortal(t.Context(), l.desk, l.site.ID, made.ID, store.PortalChange{Name: new("Other"), Secret: new("")})
	require.NoError(t, err)
	open, err = l.Portal(t.Context(), made.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"", "canary-key", "Other"}, []string{open.Settings.Secret, open.Settings.Key, open.Name})

	_, err = l.UpdatePortal(t.Context(), l.desk, l.site.ID, made.ID, store.PortalChange{Settings: &gate.Settings{}, Key: new("x")})
	require.Equal(t, visit.KindInvalid, visit.KindOf(err), "UniFi needs a controller")
	_, err = l.CreatePortal(t.Context(), l.desk, store.Portal{SiteID: l.site.ID, Name: "x", Vendor: "acme"}, l.portal.Template.ID)
	require.Equal(t, visit.KindInvalid, visit.KindOf(err))
	require.NoError(t, l.DeletePortal(t.Context(), l.desk, l.site.ID, made.ID))
	_, err = l.Portal(t.Context(), made.ID)
	require.ErrorIs(t, err, store.ErrPortalNotFound)
	require.Equal(t, []bool{true}, sql[bool](t, l.bench, "select secret_sealed is null and key_sealed is null from portals where id = $1", made.ID))
	l.verify(t)
}

// The rules of time in SQL are those in Go, for whatever rows and whenever.
func TestLifecyclesAndColoursAreThoseOfTheRules(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	for i := range 40 {
		account := l.guest(t, fmt.Sprintf("guest%d", i))
		l.let(t, account.ID, fmt.Sprintf("3c:22:fb:00:01:%02x", i))
	}
	conn, err := pgx.Connect(t.Context(), l.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	now := l.Clock.Now()
	rapid.Check(t, func(t *rapid.T) {
		hours := rapid.IntRange(-3, 3)
		_, err := conn.Exec(t.Context(), `update accounts set starts_at = $1, ends_at = $1::timestamptz + $2 * interval '1 hour',
				blocked_at = $3, pending = $4, erased_at = $5
			where login = $6`, now.Add(time.Duration(hours.Draw(t, "start"))*time.Hour), rapid.IntRange(1, 3).Draw(t, "long"),
			rapid.SampledFrom([]*time.Time{nil, nil, &now}).Draw(t, "blocked"), rapid.Bool().Draw(t, "pending"),
			rapid.SampledFrom([]*time.Time{nil, nil, nil, &now}).Draw(t, "erased"), fmt.Sprintf("guest%d", rapid.IntRange(0, 39).Draw(t, "who")))
		require.NoError(t, ignoreHeld(err))
		_, err = conn.Exec(t.Context(), `update accesses set started_at = $1, ends_at = $1::timestamptz + interval '1 hour', ended_at = $2, end_reason = $3
			where id = (select access_id from authentications order by name limit 1 offset $4)`,
			now.Add(time.Duration(hours.Draw(t, "from"))*time.Hour), nil, nil, rapid.IntRange(0, 39).Draw(t, "which"))
		require.NoError(t, ignoreHeld(err))
		page, err := l.Accounts(t.Context(), store.Everything, store.AccountFilter{Page: store.Page{Limit: 200}})
		require.NoError(t, err)
		require.Len(t, page.Items, 40)
		for _, a := range page.Items {
			require.Equal(t, a.Account.Lifecycle(now), a.Lifecycle)
		}
		wanted := rapid.SampledFrom([]identity.Lifecycle{identity.Active, identity.Expired, identity.Blocked, identity.Scheduled}).Draw(t, "lifecycle")
		some, err := l.Accounts(t.Context(), store.Everything, store.AccountFilter{Lifecycle: wanted, Page: store.Page{Limit: 200}})
		require.NoError(t, err)
		n := 0
		for _, a := range page.Items {
			if a.Lifecycle == wanted {
				n++
			}
		}
		require.Len(t, some.Items, n)
		all, err := l.Authentications(t.Context(), store.Everything, store.AuthenticationFilter{Page: store.Page{Limit: 200}})
		require.NoError(t, err)
		green := 0
		for _, a := range all.Items {
			require.Equal(t, a.Green(now), a.IsGreen)
			if a.IsGreen {
				green++
			}
		}
		count, err := l.GreenAuthentications(t.Context(), store.Everything, l.site.ID)
		require.NoError(t, err)
		require.Equal(t, green, count)
	})
}

// ignoreHeld: what the database itself refuses is not what is asked here.
func ignoreHeld(err error) error {
	if err != nil && strings.Contains(err.Error(), "outlives") {
		return nil
	}
	return err
}

func TestStaffMakeAccounts(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	account, err := l.CreateAccount(t.Context(), l.desk, store.NewAccount{
		SiteID: l.site.ID, ProfileID: l.profile, Visitor: visit.Visitor{FirstName: "Ada", Email: "Ada@Example.org"}, PasswordHash: "hash", Notes: "canary-note",
	})
	require.NoError(t, err)
	require.Equal(t, "ada@example.org", account.Login)
	require.Equal(t, identity.Active, account.Lifecycle)
	require.True(t, account.HasPassword && account.Proven && !account.EndsSet)
	require.Equal(t, "Sat 00:00:00", l.local(t, account.EndsAt))
	_, err = l.CreateAccount(t.Context(), l.desk, store.NewAccount{SiteID: l.site.ID, ProfileID: l.profile, Login: "ADA@example.org "})
	require.ErrorIs(t, err, store.ErrLoginTaken)

	drawn := l.guest(t, "")
	require.Regexp(t, `^guest-[2-9a-z]{6}$`, drawn.Login)
	later := l.Clock.Now().Add(24 * time.Hour)
	scheduled, err := l.ChangeAccount(t.Context(), l.desk, drawn.ID, store.AccountChange{StartsAt: &later})
	require.NoError(t, err)
	require.Equal(t, identity.Scheduled, scheduled.Lifecycle)
	require.Equal(t, "Sun 00:00:00", l.local(t, scheduled.EndsAt), "five days from then")
	end := later.Add(time.Hour)
	fixed, err := l.ChangeAccount(t.Context(), l.desk, drawn.ID, store.AccountChange{EndsAt: new(&end), Notes: new("x"), LastName: new("Drawn")})
	require.NoError(t, err)
	require.True(t, fixed.EndsSet)
	require.Equal(t, end, fixed.EndsAt)
	require.Equal(t, "Drawn", fixed.LastName)
	free, err := l.ChangeAccount(t.Context(), l.desk, drawn.ID, store.AccountChange{EndsAt: new((*time.Time)(nil))})
	require.NoError(t, err)
	require.Equal(t, scheduled.EndsAt, free.EndsAt)
	_, err = l.ChangeAccount(t.Context(), l.desk, drawn.ID, store.AccountChange{EndsAt: new(&later)})
	require.Equal(t, visit.KindInvalid, visit.KindOf(err), "it would be good for no time")

	here := store.Caller{Actor: "user:elsewhere", Scope: store.Scope{Sites: []visit.SiteID{l.newSite(t, "Paris").ID}}}
	_, err = l.ChangeAccount(t.Context(), here, drawn.ID, store.AccountChange{Notes: new("y")})
	require.ErrorIs(t, err, store.ErrAccountNotFound)
	_, err = l.Store.Account(t.Context(), here.Scope, drawn.ID)
	require.ErrorIs(t, err, store.ErrAccountNotFound)
	require.NotContains(t, strings.Join(sql[string](t, l.bench, "select body::text || object from audit"), ""), "ada@", "the trail holds ids")
	l.verify(t)
}

func TestAnEarlierEndCutsAndALaterOneDoesNotGrow(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	account := l.guest(t, "walter")
	in := l.let(t, account.ID, phone)
	green := in.Authentication.ExpiresAt
	soon := l.Clock.Now().Add(time.Hour)
	_, err := l.ChangeAccount(t.Context(), l.desk, account.ID, store.AccountChange{EndsAt: new(&soon)})
	require.NoError(t, err)
	item := l.authentication(t, in.Authentication.ID)
	require.Equal(t, soon, item.ExpiresAt)
	require.Equal(t, identity.EndIdentity, item.EndsWith)
	require.Contains(t, sql[string](t, l.bench, "select kind from events order by seq"), "access.changed")
	tell, err := l.AccessesToTell(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, tell, 1, "its workflow is to take notice")
	_, err = l.ChangeAccount(t.Context(), l.desk, account.ID, store.AccountChange{EndsAt: new((*time.Time)(nil))})
	require.NoError(t, err)
	require.Equal(t, soon, l.authentication(t, in.Authentication.ID).ExpiresAt, "before it would have been %s; it does not grow", green)
	past := l.Clock.Now()
	l.Clock.Advance(time.Minute)
	_, err = l.ChangeAccount(t.Context(), l.desk, account.ID, store.AccountChange{StartsAt: new(past.Add(-time.Hour)), EndsAt: new(&past)})
	require.NoError(t, err)
	item = l.authentication(t, in.Authentication.ID)
	require.False(t, item.IsGreen)
	require.Equal(t, identity.EndIdentity, item.Reason)
	l.verify(t)
}

func TestAChangedProfileMovesItsAccounts(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	account, fixed := l.guest(t, "walter"), l.guest(t, "fixed")
	end := fixed.EndsAt
	_, err := l.ChangeAccount(t.Context(), l.desk, fixed.ID, store.AccountChange{EndsAt: new(&end)})
	require.NoError(t, err)
	_, err = l.UpdateTemplate(t.Context(), l.desk, l.portal.Template.ID, store.TemplateChange{Lifetime: new(24 * time.Hour)})
	require.NoError(t, err)
	l.portal, err = l.Portal(t.Context(), l.portal.ID)
	require.NoError(t, err)
	in := l.let(t, account.ID, phone)
	require.Equal(t, "Tue 08:00:00", l.local(t, in.Authentication.ExpiresAt))

	_, err = l.UpdateProfile(t.Context(), l.desk, l.profile, store.ProfileChange{Validity: new(days(1))})
	require.NoError(t, err)
	n, err := l.RecomputeAccounts(t.Context(), 500)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	item := l.authentication(t, in.Authentication.ID)
	require.Equal(t, "Tue 00:00:00", l.local(t, item.ExpiresAt), "the shorter counts")
	require.Equal(t, identity.EndIdentity, item.EndsWith)
	detail, err := l.Store.Account(t.Context(), store.Everything, fixed.ID)
	require.NoError(t, err)
	require.Equal(t, end, detail.EndsAt, "staff said so")
	n, err = l.RecomputeAccounts(t.Context(), 500)
	require.NoError(t, err)
	require.Zero(t, n, "once")

	_, err = l.UpdateProfile(t.Context(), l.desk, l.profile, store.ProfileChange{Validity: new(days(7))})
	require.NoError(t, err)
	_, err = l.RecomputeAccounts(t.Context(), 500)
	require.NoError(t, err)
	require.Equal(t, "Tue 00:00:00", l.local(t, l.authentication(t, in.Authentication.ID).ExpiresAt), "a green one does not grow")
	detail, err = l.Store.Account(t.Context(), store.Everything, account.ID)
	require.NoError(t, err)
	require.Equal(t, "Mon 00:00:00", l.local(t, detail.EndsAt))
	l.verify(t)
}

func TestBlockedIsOutAtOnce(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	account := l.guest(t, "mallory")
	in := l.let(t, account.ID, phone)
	second := l.let(t, account.ID, "3c:22:fb:00:00:02")
	blocked, err := l.BlockAccount(t.Context(), l.desk, account.ID)
	require.NoError(t, err)
	require.Equal(t, identity.Blocked, blocked.Lifecycle)
	for _, a := range []store.Admitted{in, second} {
		item := l.authentication(t, a.Authentication.ID)
		require.False(t, item.IsGreen)
		require.Equal(t, identity.EndRevoked, item.Reason)
	}
	_, st := l.decide(t, store.Seen{MAC: phone, SSID: "Guests", Cookie: in.Cookie})
	require.Equal(t, identity.ByNothing, st.By, "its cookie is dead")
	_, err = l.Admit(t.Context(), l.portal, store.Admission{Method: identity.MethodAccount, Account: account.ID})
	require.ErrorIs(t, err, store.ErrBlocked)
	again, err := l.BlockAccount(t.Context(), l.desk, account.ID)
	require.NoError(t, err)
	require.Equal(t, blocked.BlockedAt, again.BlockedAt)
	freed, err := l.UnblockAccount(t.Context(), l.desk, account.ID)
	require.NoError(t, err)
	require.Equal(t, identity.Active, freed.Lifecycle)
	l.let(t, account.ID, phone)
	require.Equal(t, []string{"account.blocked", "account.unblocked"}, sql[string](t, l.bench, "select action from audit where action like 'account.%blocked' order by seq"))
	l.verify(t)
}
