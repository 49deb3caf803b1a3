package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
)

// sponsored is an admission that a sponsor gave a profile for.
func (l lobby) sponsored(t testing.TB, profile identity.ProfileID) store.Admission {
	t.Helper()
	r := l.begin(t, l.asks(identity.MethodSponsor))
	r, fresh, err := l.DecideRegistration(t.Context(), r.ID, true, profile)
	require.NoError(t, err)
	require.True(t, fresh)
	return store.Admission{
		Method: r.Method, Arrival: store.Arrival{MAC: phone, SSID: "Guests"}, Clicked: true, Registration: r.ID,
		Login: r.Login, Kind: identity.LoginEmail, Visitor: r.Visitor, Sponsor: r.Sponsor, Profile: r.ProfileID,
	}
}

func (l lobby) hours(t testing.TB, name string, n int) identity.ProfileID {
	t.Helper()
	p, err := l.CreateProfile(t.Context(), l.desk, identity.Profile{Name: name, Validity: identity.Validity{Kind: identity.Hours, Value: n}})
	require.NoError(t, err)
	return p.ID
}

// TestASponsorsLessIsNothing: the account is longer good than the sponsor says, and keeps
// who vouched for it.
func TestASponsorsLessIsNothing(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	short, a := l.hours(t, "Short", 5), robert("")
	vouched := l.sponsored(t, short)
	a.Login = vouched.Login
	first := l.admit(t, a)
	second := l.admit(t, vouched)
	require.Equal(t, first.Account, second.Account)
	require.Equal(t, []string{"grace@example.org"}, sql[string](t, l.bench, "select sponsor from accounts"))
}

// TestASponsorsTimeHolds: what a sponsor gives is the account's also where the guest has
// one that is good, and the device's next authentication is reckoned from it. It takes
// nothing away.
func TestASponsorsTimeHolds(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, byMAC)
	short, day, half := l.hours(t, "Short", 5), l.hours(t, "Day", 24), l.hours(t, "Half", 12)

	first := l.admit(t, l.sponsored(t, short))
	require.Equal(t, l.Clock.Now().Add(5*time.Hour), first.Account.EndsAt)
	require.Equal(t, []string{"false false grace@example.org"}, sql[string](t, l.bench,
		"select (proven_at is not null)::text || ' ' || pending::text || ' ' || sponsor from accounts"))

	l.Clock.Advance(3 * time.Hour)
	f := l.follows(t)
	longer := l.sponsored(t, day)
	second := l.admit(t, longer)
	require.Equal(t, first.Account.ID, second.Account.ID)
	require.Equal(t, l.Clock.Now().Add(24*time.Hour), second.Account.EndsAt)
	require.Equal(t, day, second.Account.ProfileID)
	require.False(t, second.Again, "what the device had would end before the account's new time")
	require.Equal(t, l.Clock.Now().Add(4*time.Hour), second.Authentication.ExpiresAt)
	require.Equal(t, []int64{1}, sql[int64](t, l.bench, "select count(*) from authentications where live"))
	require.Equal(t, []bool{true}, sql[bool](t, l.bench, "select bool_and(expires_at = $1) from browsers", second.Account.EndsAt), "other browsers too")
	f.hears(t)
	require.Equal(t, second.Account.EndsAt, f.grants[l.deviceOf(t, phone)].NotAfter.UTC())

	l.Clock.Advance(time.Second)
	again := l.admit(t, longer)
	require.True(t, again.Again, "a second click gives nothing more")
	require.Equal(t, second.Account.EndsAt, again.Account.EndsAt)

	l.Clock.Advance(time.Hour)
	less := l.admit(t, l.sponsored(t, half))
	require.Equal(t, second.Account.EndsAt, less.Account.EndsAt, "nothing is taken away")
	require.Equal(t, day, less.Account.ProfileID)

	end := l.Clock.Now().Add(2 * time.Hour)
	_, err := l.ChangeAccount(t.Context(), l.desk, first.Account.ID, store.AccountChange{EndsAt: new(&end)})
	require.NoError(t, err)
	_, err = l.ChangeAccount(t.Context(), l.desk, first.Account.ID, store.AccountChange{EndsAt: new(new(l.Clock.Now().Add(time.Hour)))})
	require.NoError(t, err)
	l.Clock.Advance(time.Minute)
	require.Equal(t, l.Clock.Now().Add(59*time.Minute), l.admit(t, l.sponsored(t, day)).Account.EndsAt, "an end of staff's stays")
	l.verify(t)
}
