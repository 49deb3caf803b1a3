package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/visit"
)

func (b bench) user(t testing.TB, email, role string, scope store.Scope) store.User {
	t.Helper()
	user, err := b.CreateUser(t.Context(), b.desk, store.NewUser{Email: email, PasswordHash: "hash of " + email, Role: role, Scope: scope})
	require.NoError(t, err)
	return user
}

func anything(store.User, store.User) error { return nil }

// Of many guesses at once, by two replicas, no more get through than one after the
// other would.
func TestGuessesAtOnceAreCountedFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user := b.user(t, "ada@example.org", "reception", store.Everything)
	replica := storetest.On(t, b.URL).Store
	calls := make([]func() error, 60)
	allowed := make(chan bool, len(calls))
	for i := range calls {
		replica := []*store.Store{b.Store, replica}[i%2]
		calls[i] = func() error {
			ok, err := replica.BeginLogin(t.Context(), user.ID)
			allowed <- ok
			return err
		}
	}
	for _, err := range atOnce(calls...) {
		require.NoError(t, err)
	}
	close(allowed)
	through := 0
	for ok := range allowed {
		if ok {
			through++
		}
	}
	require.Equal(t, 5, through)
	ok, err := b.BeginLogin(t.Context(), user.ID)
	require.NoError(t, err)
	require.False(t, ok, "locked, for every replica")
	require.NoError(t, b.ForgiveLogin(t.Context(), user.ID))
	require.NoError(t, b.LoginFailed(t.Context(), user.ID))
	require.NoError(t, b.SignIn(t.Context(), store.SignIn{
		Login: store.Login{TokenHash: []byte("x"), UserID: user.ID, ExpiresAt: b.Clock.Now().Add(time.Hour)}, PasswordHash: user.PasswordHash,
	}))
	ok, err = b.BeginLogin(t.Context(), user.ID)
	require.NoError(t, err)
	require.True(t, ok)
	_, err = b.BeginLogin(t.Context(), "00000000-0000-0000-0000-000000000000")
	require.ErrorIs(t, err, store.ErrUserNotFound)
	b.verify(t)
}

func TestWrongPasswordsAreForgottenAfterADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user := b.user(t, "ada@example.org", "reception", store.Everything)
	for range 4 {
		_, err := b.BeginLogin(t.Context(), user.ID)
		require.NoError(t, err)
	}
	b.Clock.Advance(25 * time.Hour)
	_, err := b.BeginLogin(t.Context(), user.ID)
	require.NoError(t, err)
	require.Equal(t, []int{1}, sql[int](t, b, "select failed_attempts from users"))
}

func TestCodesWorkOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user := b.user(t, "ada@example.org", "reception", store.Everything)
	_, _, err := b.SecondFactor(t.Context(), user.ID)
	require.ErrorIs(t, err, store.ErrNoSecond)
	require.NoError(t, b.BeginSecondFactor(t.Context(), user.ID, []byte("canary secret")))
	secret, used, err := b.SecondFactor(t.Context(), user.ID)
	require.NoError(t, err)
	require.Equal(t, "canary secret", string(secret))
	require.Zero(t, used)
	require.NotContains(t, string(sql[[]byte](t, b, "select totp_sealed from users")[0]), "canary")
	require.NoError(t, b.ConfirmSecondFactor(t.Context(), user.ID, 7, [][]byte{{1}, {2}}))
	require.ErrorIs(t, b.ConfirmSecondFactor(t.Context(), user.ID, 8, nil), store.ErrSecondFactor)
	require.ErrorIs(t, b.BeginSecondFactor(t.Context(), user.ID, []byte("other")), store.ErrSecondFactor)

	in := store.SignIn{Login: store.Login{UserID: user.ID, ExpiresAt: b.Clock.Now().Add(time.Hour)}, PasswordHash: user.PasswordHash}
	signIn := func(name string, step int64, recovery ...byte) func() error {
		in := in
		in.TokenHash, in.Step = []byte(name), step
		if recovery != nil {
			in.Recovery = [][]byte{recovery}
		}
		return func() error { return b.SignIn(t.Context(), in) }
	}
	require.ErrorIs(t, signIn("a", 0)(), store.ErrCodeUsed, "none was sent")
	require.ErrorIs(t, signIn("b", 7)(), store.ErrCodeUsed, "the one that set it up")
	once := 0
	for _, err := range atOnce(signIn("c", 9), signIn("d", 9), signIn("e", 9), signIn("f", 9)) {
		if err == nil {
			once++
		} else {
			require.ErrorIs(t, err, store.ErrCodeUsed)
		}
	}
	require.Equal(t, 1, once)
	require.ErrorIs(t, signIn("g", 8)(), store.ErrCodeUsed, "an earlier one")
	require.NoError(t, signIn("h", 0, 2)())
	require.ErrorIs(t, signIn("i", 0, 2)(), store.ErrCodeUsed)
	require.ErrorIs(t, signIn("j", 0, 3)(), store.ErrCodeUsed)

	require.NoError(t, b.RemoveSecondFactor(t.Context(), b.desk, user.ID, func(store.User) error { return nil }))
	_, _, err = b.Login(t.Context(), []byte("h"))
	require.ErrorIs(t, err, store.ErrLoginNotFound)
	require.Empty(t, sql[[]byte](t, b, "select code_hash from recovery_codes"))
	require.ErrorIs(t, b.RemoveSecondFactor(t.Context(), b.desk, user.ID, func(store.User) error { return nil }), store.ErrNoSecond)
	require.NoError(t, signIn("k", 0)())
	b.verify(t)
}

func TestResetLinksWorkOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user := b.user(t, "ada@example.org", "reception", store.Everything)
	require.NoError(t, b.AskReset(t.Context(), user.ID))
	require.NoError(t, b.AskReset(t.Context(), user.ID), "too soon: nothing happens")
	require.Equal(t, []string{user.ID}, sql[string](t, b, "select data->>'user_id' from events where kind = 'user.password_reset_requested'"))
	b.Clock.Advance(3 * time.Minute)
	require.NoError(t, b.AskReset(t.Context(), user.ID))
	asked := sql[time.Time](t, b, "select at from events where kind = 'user.password_reset_requested' order by at")
	require.Len(t, asked, 2)
	b.Clock.Advance(-time.Hour) // a replica's clock is behind
	require.NoError(t, b.ResetPassword(t.Context(), user.ID, asked[1], "new"))
	require.ErrorIs(t, b.ResetPassword(t.Context(), user.ID, asked[1], "newer"), store.ErrResetLinkUsed)
	require.ErrorIs(t, b.ResetPassword(t.Context(), user.ID, asked[0], "newer"), store.ErrResetLinkUsed)
	b.Clock.Advance(2 * time.Hour)
	_, err := b.ChangeUser(t.Context(), b.desk, user.ID, store.UserChange{Email: new("other@example.org")}, anything)
	require.NoError(t, err)
	require.ErrorIs(t, b.ResetPassword(t.Context(), user.ID, b.Clock.Now().Add(-time.Second), "newer"), store.ErrResetLinkUsed, "mailed to another address")
	_, err = b.ChangeUser(t.Context(), b.desk, user.ID, store.UserChange{Disabled: new(true)}, anything)
	require.NoError(t, err)
	require.ErrorIs(t, b.ResetPassword(t.Context(), user.ID, b.Clock.Now().Add(time.Minute), "newer"), store.ErrResetLinkUsed)
	require.NoError(t, b.AskReset(t.Context(), user.ID))
	require.Len(t, sql[string](t, b, "select id::text from events where kind = 'user.password_reset_requested'"), 2, "nobody who is disabled")
	b.verify(t)
}

func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.user(t, "one@example.org", "administrator", store.Everything), b.user(t, "two@example.org", "administrator", store.Everything)
	b.user(t, "three@example.org", "administrator", store.Scope{Sites: []visit.SiteID{b.site.ID}})
	invited, err := b.CreateUser(t.Context(), b.desk, store.NewUser{Email: "four@example.org", Role: "administrator", Scope: store.Everything, Invite: true})
	require.NoError(t, err)
	disable := func(id string) func() error {
		return func() error {
			_, err := b.ChangeUser(t.Context(), b.desk, id, store.UserChange{Disabled: new(true)}, anything)
			return err
		}
	}
	errs := atOnce(disable(one.ID), disable(two.ID))
	require.Len(t, sql[string](t, b, "select id::text from users where role = 'administrator' and sites is null and disabled_at is null and password_hash <> ''"), 1)
	lost := 0
	for _, err := range errs {
		if err != nil {
			require.ErrorIs(t, err, store.ErrLastAdministrator)
			lost++
		}
	}
	require.Equal(t, 1, lost)
	left := sql[string](t, b, "select id::text from users where disabled_at is null and email in ('one@example.org', 'two@example.org')")[0]
	for _, change := range []store.UserChange{
		{Role: new("host")}, {Scope: &store.Scope{Sites: []visit.SiteID{b.site.ID}}}, {Disabled: new(true)},
	} {
		_, err := b.ChangeUser(t.Context(), b.desk, left, change, anything)
		require.ErrorIs(t, err, store.ErrLastAdministrator)
	}
	require.NoError(t, disable(invited.ID)())
	require.Equal(t, 1, len(sql[string](t, b, "select id::text from events where kind = 'user.invited'")), "the invitation")
	b.verify(t)
}

func TestChangesOfRightsEndLogins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(t, "admin@example.org", "administrator", store.Everything)
	user := b.user(t, "ada@example.org", "reception", store.Everything)
	for name, change := range map[string]store.UserChange{
		"role":     {Role: new("host")},
		"sites":    {Scope: &store.Scope{Sites: []visit.SiteID{b.site.ID}}},
		"email":    {Email: new("eda@example.org")},
		"disabled": {Disabled: new(true)},
		"password": {PasswordHash: new("other")},
	} {
		found, err := b.User(t.Context(), user.ID)
		require.NoError(t, err)
		if found.DisabledAt != nil {
			_, err = b.ChangeUser(t.Context(), b.desk, user.ID, store.UserChange{Disabled: new(false)}, anything)
			require.NoError(t, err)
		}
		require.NoError(t, b.SignIn(t.Context(), store.SignIn{
			Login: store.Login{TokenHash: []byte(name), UserID: user.ID, ExpiresAt: b.Clock.Now().Add(time.Hour)}, PasswordHash: found.PasswordHash,
		}))
		_, err = b.ChangeUser(t.Context(), b.desk, user.ID, store.UserChange{Name: new("Ada " + name), Language: new("de")}, anything)
		require.NoError(t, err)
		_, _, err = b.Login(t.Context(), []byte(name))
		require.NoError(t, err, "a name gives and takes nothing")
		_, err = b.ChangeUser(t.Context(), b.desk, user.ID, change, func(_, _ store.User) error { return store.ErrCodeUsed })
		require.ErrorIs(t, err, store.ErrCodeUsed, "who may not changes nothing")
		_, err = b.ChangeUser(t.Context(), b.desk, user.ID, change, anything)
		require.NoError(t, err)
		_, _, err = b.Login(t.Context(), []byte(name))
		require.ErrorIs(t, err, store.ErrLoginNotFound, name)
	}
	_, err := b.ChangeUser(t.Context(), b.desk, user.ID, store.UserChange{Email: new("ADMIN@example.org")}, anything)
	require.Equal(t, visit.KindConflict, visit.KindOf(err))
	b.verify(t)
}

func TestSomebodyOfWiderScopeIsNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wide := b.user(t, "wide@example.org", "reception", store.Everything)
	here := b.user(t, "here@example.org", "reception", store.Scope{Sites: []visit.SiteID{b.site.ID}})
	caller := store.Caller{Actor: "user:x", Scope: store.Scope{Sites: []visit.SiteID{b.site.ID}}}
	page, err := b.Users(t.Context(), caller.Scope, store.Page{})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.Equal(t, here.ID, page.Items[0].ID)
	_, err = b.UserInScope(t.Context(), caller.Scope, wide.ID)
	require.ErrorIs(t, err, store.ErrUserNotFound)
	_, err = b.ChangeUser(t.Context(), caller, wide.ID, store.UserChange{Name: new("x")}, anything)
	require.ErrorIs(t, err, store.ErrUserNotFound)
	require.ErrorIs(t, b.RemoveSecondFactor(t.Context(), caller, wide.ID, nil), store.ErrUserNotFound)
	first, err := b.Users(t.Context(), store.Everything, store.Page{Limit: 1})
	require.NoError(t, err)
	second, err := b.Users(t.Context(), store.Everything, store.Page{Limit: 1, Cursor: first.Next})
	require.NoError(t, err)
	require.Equal(t, []string{here.ID, wide.ID}, []string{first.Items[0].ID, second.Items[0].ID})
	require.Empty(t, second.Next)
}

// However many tabs somebody new comes back in, one user is made; a changed right
// ends what they were signed in with, the same one nothing.
func TestSigningOnAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := store.SignOn{
		Issuer: "https://id.example", Subject: "ada", Email: "ada@example.org", Name: "Ada", Role: "host", Scope: store.Everything, Provision: true,
		Login: store.Login{ExpiresAt: b.Clock.Now().Add(time.Hour)},
	}
	calls := make([]func() error, 8)
	for i := range calls {
		in := in
		in.Login.TokenHash = []byte{byte(i)}
		calls[i] = func() error { _, err := b.SignOn(t.Context(), in); return err }
	}
	for _, err := range atOnce(calls...) {
		require.NoError(t, err)
	}
	require.Equal(t, []int{1}, sql[int](t, b, "select count(*)::int from users"))
	require.Equal(t, []int{8}, sql[int](t, b, "select count(*)::int from logins where revoked_at is null"))
	in.Role, in.Login.TokenHash = "reception", []byte("another role")
	_, err := b.SignOn(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, []int{1}, sql[int](t, b, "select count(*)::int from logins where revoked_at is null"))
	in.Provision, in.Subject, in.Email = false, "eve", "eve@example.org"
	_, err = b.SignOn(t.Context(), in)
	require.ErrorIs(t, err, store.ErrNoAccount)
	b.verify(t)
}
