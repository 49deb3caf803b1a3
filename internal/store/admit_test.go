package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// lobby is a bench with a portal, on Monday, 3 June 2024, at eight in the morning there.
type lobby struct {
	bench
	portal  store.Portal
	profile identity.ProfileID
}

func (b bench) lobby(t testing.TB, change func(*identity.Template)) lobby {
	t.Helper()
	zone, err := time.LoadLocation(b.site.Timezone)
	require.NoError(t, err)
	b.Clock.Advance(time.Date(2024, 6, 3, 8, 0, 0, 0, zone).Sub(b.Clock.Now()))
	return b.lobbyNow(t, change)
}

// lobbyNow is lobby at whatever time it is.
func (b bench) lobbyNow(t testing.TB, changes ...func(*identity.Template)) lobby {
	t.Helper()
	profile, err := b.CreateProfile(t.Context(), b.desk, identity.Profile{Name: "Week", Validity: identity.Validity{Kind: identity.Days, Value: 5}})
	require.NoError(t, err)
	template := identity.Template{
		Name: "Lobby", Lifetime: 4 * time.Hour, Reauth: identity.ReauthContinue, Methods: []identity.Method{identity.MethodForm}, ProfileID: profile.ID,
		Ask: map[identity.Field]bool{identity.FieldEmail: true},
	}
	for _, change := range changes {
		if change != nil {
			change(&template)
		}
	}
	made, err := b.CreateTemplate(t.Context(), b.desk, template)
	require.NoError(t, err)
	portal, err := b.CreatePortal(t.Context(), b.desk, store.Portal{SiteID: b.site.ID, Name: "Lobby", Vendor: gate.Meraki, Enabled: true}, made.ID)
	require.NoError(t, err)
	l := lobby{bench: b, profile: profile.ID}
	l.portal, err = b.Portal(t.Context(), portal.ID)
	require.NoError(t, err)
	return l
}

const phone = "3c:22:fb:00:00:01"

// robert is the guest of the worked example, by his form.
func robert(cookie string) store.Admission {
	return store.Admission{
		Method: identity.MethodForm, Arrival: store.Arrival{MAC: phone, SSID: "Guests"}, Cookie: cookie, Clicked: true,
		Login: "robert.dupont@gmail.com", Kind: identity.LoginEmail, Visitor: visit.Visitor{FirstName: "Robert", LastName: "Dupont", Email: "robert.dupont@gmail.com"},
	}
}

func (l lobby) admit(t testing.TB, a store.Admission) store.Admitted {
	t.Helper()
	admitted, err := l.Admit(t.Context(), l.portal, a)
	require.NoError(t, err)
	return admitted
}

func (l lobby) decide(t testing.TB, seen store.Seen) (identity.Decision, store.Standing) {
	t.Helper()
	st, err := l.Stands(t.Context(), l.portal, seen)
	require.NoError(t, err)
	return identity.Decide(identity.Facts{
		Now: l.Clock.Now(), Live: st.Live, By: st.By, MAC: seen.MAC, Account: st.Account, Reauth: l.portal.Template.Reauth,
		ConsentDue: len(st.ConsentsDue) > 0, Devices: st.Devices, Limit: st.Limit,
	}), st
}

func (l lobby) local(t testing.TB, at time.Time) string {
	return at.In(l.portal.Zone).Format("Mon 15:04:05")
}

func (l lobby) end(t testing.TB, a identity.Authentication) store.Access {
	t.Helper()
	end, err := l.EndAccess(t.Context(), accessID(a), false)
	require.NoError(t, err)
	return end.Access
}

// TestTheWorkedExample is the week of the source's guest, at the store: the pages and
// what the NAS is told are tested over HTTP.
func TestTheWorkedExample(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	seen := store.Seen{MAC: phone, SSID: "Guests"}
	d, _ := l.decide(t, seen)
	require.Equal(t, identity.PageFull, d.Page)

	first := l.admit(t, robert(""))
	require.Equal(t, "Sat 00:00:00", l.local(t, first.Account.EndsAt))
	require.Equal(t, "Mon 12:00:00", l.local(t, first.Authentication.ExpiresAt))
	require.Equal(t, identity.LoggedIn, first.Authentication.Status)
	require.Regexp(t, `^user\d+@guest\.invalid$`, first.Authentication.Name)
	require.Len(t, first.Cookie, 43)

	l.Clock.Advance(4*time.Hour - time.Second)
	seen.Cookie = first.Cookie
	d, st := l.decide(t, seen)
	require.Equal(t, identity.PageConnected, d.Page)
	require.Equal(t, time.Second, st.Live.Left(l.Clock.Now()))
	require.Nil(t, l.end(t, first.Authentication).EndedAt, "not yet")

	l.Clock.Advance(time.Second)
	over := l.end(t, first.Authentication)
	require.Equal(t, "lifetime", over.EndReason)
	d, _ = l.decide(t, seen)
	require.Equal(t, identity.Decision{Page: identity.PageContinue, Rule: identity.RuleContinue}, d)

	again := robert(first.Cookie)
	again.Account, again.By = first.Account.ID, identity.ByCookie
	second := l.admit(t, again)
	require.Equal(t, "Mon 16:00:00", l.local(t, second.Authentication.ExpiresAt))
	require.Equal(t, identity.ReturningAuto, second.Authentication.Status)
	require.Equal(t, first.Account.EndsAt, second.Account.EndsAt)
	double := l.admit(t, again)
	require.True(t, double.Again, "a second click")
	require.Equal(t, second.Authentication.ID, double.Authentication.ID)

	l.Clock.Advance(45 * time.Hour) // Wednesday at nine: no cookie
	third := l.admit(t, robert(""))
	require.Equal(t, identity.Returning, third.Authentication.Status)
	require.Equal(t, first.Account.ID, third.Account.ID)

	l.Clock.Advance(61 * time.Hour) // Friday at ten in the evening
	again.Cookie = third.Cookie
	fourth := l.admit(t, again)
	require.Equal(t, "Sat 00:00:00", l.local(t, fourth.Authentication.ExpiresAt))
	require.Equal(t, 2*time.Hour, fourth.Authentication.Left(l.Clock.Now()))

	l.Clock.Advance(2 * time.Hour)
	require.Equal(t, "identity_end", l.end(t, fourth.Authentication).EndReason)
	l.Clock.Advance(9 * time.Hour) // Saturday at nine
	seen.Cookie = fourth.Cookie
	d, _ = l.decide(t, seen)
	require.Equal(t, identity.Decision{Page: identity.PageFull, Rule: identity.RuleExpired, Prefill: true}, d)
	again.Cookie = fourth.Cookie
	_, err := l.Admit(t.Context(), l.portal, again)
	require.ErrorIs(t, err, identity.ErrNotActive, "Continue is not enough")

	fifth := l.admit(t, robert(fourth.Cookie))
	require.Equal(t, first.Account.ID, fifth.Account.ID)
	require.Equal(t, "Thu 00:00:00", l.local(t, fifth.Account.EndsAt))
	require.Equal(t, identity.LoggedIn, fifth.Authentication.Status)
	require.True(t, fifth.Authentication.Renewal)
	seen.Cookie = fourth.Cookie
	seen.MAC = "3c:22:fb:00:00:99"
	d, _ = l.decide(t, seen)
	require.Equal(t, identity.RuleUnknown, d.Rule, "the old cookie is dead")

	require.Equal(t, []int64{1}, sql[int64](t, l.bench, "select count(*) from accounts"))
	require.Equal(t, []string{"logged_in", "returning_auto", "returning", "returning_auto", "logged_in"},
		sql[string](t, l.bench, "select n.status from authentications n join accesses v on v.id = n.access_id order by v.started_at"))
	require.Equal(t, []int64{1}, sql[int64](t, l.bench, "select count(*) from authentications where live"))
	l.verify(t)
}

// TestAStrangersClaim: whoever types an address that is somebody's makes an account of
// their own, and whoever proves it does not get what a stranger had claimed.
func TestAStrangersClaim(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	stranger := l.admit(t, robert(""))
	owner := robert("")
	owner.Arrival.MAC, owner.Proven, owner.Method = "3c:22:fb:00:00:02", true, identity.MethodEmail
	proven := l.admit(t, owner)
	require.NotEqual(t, stranger.Account.ID, proven.Account.ID)
	require.True(t, proven.Account.Proven)

	third := robert("")
	third.Arrival.MAC = "3c:22:fb:00:00:03"
	require.NotContains(t, []visit.PersonID{stranger.Account.ID, proven.Account.ID}, l.admit(t, third).Account.ID)
	owner.Arrival.MAC = "3c:22:fb:00:00:04"
	require.Equal(t, proven.Account.ID, l.admit(t, owner).Account.ID, "who proves it again is its holder")
	l.verify(t)
}

func TestTheGraceOfAMail(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	grace := robert("")
	grace.Method, grace.Until = identity.MethodEmail, l.Clock.Now().Add(10*time.Minute)
	let := l.admit(t, grace)
	require.Equal(t, 10*time.Minute, let.Authentication.Left(l.Clock.Now()))
	l.Clock.Advance(5 * time.Minute)
	grace.Proven, grace.Until, grace.Cookie = true, time.Time{}, let.Cookie
	proven := l.admit(t, grace)
	require.Equal(t, let.Account.ID, proven.Account.ID)
	require.NotEqual(t, let.Authentication.ID, proven.Authentication.ID)
	require.Equal(t, 4*time.Hour, proven.Authentication.Left(l.Clock.Now()))
	require.Equal(t, []string{"replaced"}, sql[string](t, l.bench, "select end_reason from accesses where ended_at is not null"))
	l.verify(t)
}

// TestTheDatabaseHoldsTheRule: whoever writes, no authentication outlives its account.
func TestTheDatabaseHoldsTheRule(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	in := l.admit(t, robert(""))
	for _, statement := range []string{
		"update accounts set ends_at = starts_at + interval '1 hour' where person_id = '" + string(in.Account.ID) + "'",
		"update accesses set ends_at = ends_at + interval '5 days' where id = '" + in.Authentication.ID + "'",
	} {
		require.ErrorContains(t, try(t, l.bench, statement), "authentications_within_account")
		require.NoError(t, try(t, l.bench, "alter table accounts disable trigger all; alter table accesses disable trigger all; begin; "+statement+"; rollback"), "negative control")
		require.NoError(t, try(t, l.bench, "alter table accounts enable trigger all; alter table accesses enable trigger all"))
	}
}

// TestManyAtOnce: a device that asks ten times at once has one authentication, and a
// login that is used first by two devices at once, proven, one account.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	var wait sync.WaitGroup
	for i := range 10 {
		wait.Go(func() {
			a := robert("")
			a.Proven, a.Method = true, identity.MethodEmail
			a.Arrival.MAC = []string{phone, "3c:22:fb:00:00:02"}[i%2]
			_, err := l.Admit(t.Context(), l.portal, a)
			require.NoError(t, err)
		})
	}
	wait.Wait()
	require.Equal(t, []int64{1}, sql[int64](t, l.bench, "select count(*) from accounts where proven_at is not null"))
	require.Equal(t, []int64{2}, sql[int64](t, l.bench, "select count(*) from authentications where live"))
	l.verify(t)
}

func TestAsManyDevicesAsTheProfileSays(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	two := 2
	_, err := l.UpdateProfile(t.Context(), l.desk, l.profile, store.ProfileChange{Devices: &two})
	require.NoError(t, err)
	device := func(mac string) error {
		a := robert("")
		a.Proven, a.Method, a.Arrival.MAC = true, identity.MethodEmail, mac
		_, err := l.Admit(t.Context(), l.portal, a)
		return err
	}
	require.NoError(t, device("02:00:00:00:00:01"))
	require.NoError(t, device("02:00:00:00:00:02"))
	require.ErrorIs(t, device("02:00:00:00:00:03"), identity.ErrDeviceLimit)
	l.Clock.Advance(4 * time.Hour)
	require.NoError(t, device("02:00:00:00:00:03"), "who is not online does not count")
	require.NoError(t, device("02:00:00:00:00:03"), "nor does the device itself")
}

// TestAShortenedProfileHoldsAtOnce: also before the worker has come to the account.
func TestAShortenedProfileHoldsAtOnce(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	l.admit(t, robert(""))
	l.Clock.Advance(5 * time.Hour)
	_, err := l.UpdateProfile(t.Context(), l.desk, l.profile, store.ProfileChange{Validity: &identity.Validity{Kind: identity.Hours, Value: 6}})
	require.NoError(t, err)
	in := l.admit(t, robert(""))
	require.Equal(t, time.Hour, in.Authentication.Left(l.Clock.Now()))
	require.Equal(t, identity.Returning, in.Authentication.Status)
	l.verify(t)
}

func TestOneTimeSecrets(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	in := l.admit(t, robert(""))
	f := store.SecretFor{SiteID: l.site.ID, AccessID: accessID(in.Authentication), MAC: phone}
	one, err := l.OneTimeSecret(t.Context(), f)
	require.NoError(t, err)
	two, err := l.OneTimeSecret(t.Context(), f)
	require.NoError(t, err)
	require.Equal(t, in.Authentication.Name, one.Username)
	require.NotEqual(t, one.Password, two.Password)
	require.Greater(t, two.Revision, one.Revision)
	require.NoError(t, l.LogOut(t.Context(), f.AccessID, in.Cookie))
	_, err = l.OneTimeSecret(t.Context(), f)
	require.ErrorIs(t, err, store.ErrAuthenticationNotFound)
	d, _ := l.decide(t, store.Seen{MAC: phone, Cookie: in.Cookie})
	require.Equal(t, identity.RuleUnknown, d.Rule, "who logs out is not known any more")
}

func accessID(a identity.Authentication) roll.AccessID { return roll.AccessID(a.ID) }

// try runs a statement and returns what the server says of it.
func try(t testing.TB, b bench, statement string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	_, err = conn.Exec(t.Context(), statement)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.ConstraintName != "" {
		return errors.New(pg.ConstraintName)
	}
	return err
}
