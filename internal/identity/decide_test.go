package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/identity"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func good() *identity.Account {
	return &identity.Account{StartsAt: noon.Add(-time.Hour), EndsAt: noon.Add(48 * time.Hour), Proven: true}
}

func TestWhatADeviceIsShown(t *testing.T) {
	t.Parallel()
	live := &identity.Authentication{StartedAt: noon.Add(-time.Hour), ExpiresAt: noon.Add(time.Hour)}
	over := &identity.Authentication{StartedAt: noon.Add(-time.Hour), ExpiresAt: noon}
	account := func(change func(*identity.Account)) *identity.Account {
		a := good()
		change(a)
		return a
	}
	for name, c := range map[string]struct {
		facts identity.Facts
		page  identity.Page
		rule  identity.Rule
	}{
		"nobody":                 {identity.Facts{}, "full", "not_recognised"},
		"a rule comes first":     {identity.Facts{Denied: true, Live: live}, "denied", "access_rule"},
		"online already":         {identity.Facts{Live: live, Waiting: true}, "connected", "live"},
		"online elsewhere too":   {identity.Facts{Elsewhere: true}, "full", "mac_elsewhere"},
		"at its very end":        {identity.Facts{Live: over}, "full", "not_recognised"},
		"waits":                  {identity.Facts{Waiting: true, By: identity.ByCookie, Account: good()}, "waiting", "pending"},
		"known":                  {identity.Facts{By: identity.ByCookie, Account: good()}, "continue", "reauth_continue"},
		"known, silently":        {identity.Facts{By: identity.ByCookie, Account: good(), Reauth: identity.ReauthSilent}, "silent", "reauth_silent"},
		"known by a private MAC": {identity.Facts{By: identity.ByMAC, MAC: "02:00:00:00:00:01", Account: good(), Reauth: identity.ReauthSilent}, "continue", "private_mac"},
		"known by its own MAC":   {identity.Facts{By: identity.ByMAC, MAC: "00:00:00:00:00:01", Account: good(), Reauth: identity.ReauthSilent}, "silent", "reauth_silent"},
		"new terms":              {identity.Facts{By: identity.ByCookie, Account: good(), Reauth: identity.ReauthSilent, ConsentDue: true}, "continue", "consent_due"},
		"too many devices":       {identity.Facts{By: identity.ByCookie, Account: good(), Devices: 2, Limit: 2}, "denied", "device_limit"},
		"the last device":        {identity.Facts{By: identity.ByCookie, Account: good(), Devices: 1, Limit: 2}, "continue", "reauth_continue"},
		"blocked":                {identity.Facts{By: identity.ByCookie, Account: account(func(a *identity.Account) { a.Blocked = true })}, "denied", "blocked"},
		"erased":                 {identity.Facts{By: identity.ByCookie, Account: account(func(a *identity.Account) { a.Erased, a.Blocked = true, true })}, "full", "erased"},
		"not begun":              {identity.Facts{By: identity.ByCookie, Account: account(func(a *identity.Account) { a.StartsAt = noon.Add(1) })}, "full", "scheduled"},
		"begins now":             {identity.Facts{By: identity.ByCookie, Account: account(func(a *identity.Account) { a.StartsAt = noon })}, "continue", "reauth_continue"},
		"ends now":               {identity.Facts{By: identity.ByCookie, Account: account(func(a *identity.Account) { a.EndsAt = noon })}, "full", "expired"},
		"not approved yet":       {identity.Facts{By: identity.ByCookie, Account: account(func(a *identity.Account) { a.Pending = true })}, "waiting", "pending"},
	} {
		c.facts.Now = noon
		d := identity.Decide(c.facts)
		require.Equal(t, c.page, d.Page, name)
		require.Equal(t, c.rule, d.Rule, name)
	}
}

// TestOnlyTheActiveGetIn: whatever the facts, nobody is let in by recognition alone
// whose account is not active, and a login is filled in for the browser's owner only.
func TestOnlyTheActiveGetIn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		flip := func(name string) bool { return rapid.Bool().Draw(t, name) }
		span := func(name string) time.Duration { return time.Duration(rapid.Int64Range(-5, 5).Draw(t, name)) }
		f := identity.Facts{
			Now: noon, Denied: flip("denied"), Waiting: flip("waiting"), ConsentDue: flip("consent"),
			By:  rapid.SampledFrom([]identity.Recognition{identity.ByNothing, identity.ByCookie, identity.ByMAC}).Draw(t, "by"),
			MAC: rapid.SampledFrom([]string{"", "00:11:22:33:44:55", "02:11:22:33:44:55"}).Draw(t, "mac"), Reauth: identity.ReauthSilent,
			Devices: rapid.IntRange(0, 3).Draw(t, "devices"), Limit: rapid.IntRange(0, 3).Draw(t, "limit"),
			Account: &identity.Account{
				StartsAt: noon.Add(span("starts")), EndsAt: noon.Add(span("ends")), Pending: flip("pending"), Blocked: flip("blocked"), Erased: flip("erased"),
			},
		}
		d := identity.Decide(f)
		if d.Page == identity.PageSilent || d.Page == identity.PageContinue {
			require.Equal(t, identity.Active, f.Account.Lifecycle(noon))
			require.False(t, f.Denied)
			require.NotEqual(t, identity.ByNothing, f.By)
		}
		if d.Prefill {
			require.Equal(t, identity.PageFull, d.Page)
			require.Equal(t, identity.ByCookie, f.By)
		}
	})
}

// TestNoAuthenticationOutlivesItsAccount is the one rule between the two.
func TestNoAuthenticationOutlivesItsAccount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		account := identity.Account{
			StartsAt: noon.Add(time.Duration(rapid.Int64Range(-1e12, 1e12).Draw(t, "starts"))),
			EndsAt:   noon.Add(time.Duration(rapid.Int64Range(-1e12, 1e14).Draw(t, "ends"))),
		}
		lifetime := time.Duration(rapid.Int64Range(0, 1e14).Draw(t, "lifetime"))
		ends, why, err := identity.Expiry(noon, account, lifetime)
		if err != nil {
			require.ErrorIs(t, err, identity.ErrNotActive)
			return
		}
		require.Equal(t, identity.Active, account.Lifecycle(noon))
		require.False(t, ends.After(account.EndsAt))
		require.LessOrEqual(t, ends.Sub(noon), lifetime)
		require.Equal(t, why == identity.EndIdentity, ends.Equal(account.EndsAt))
		a := identity.Authentication{StartedAt: noon, ExpiresAt: ends}
		require.GreaterOrEqual(t, a.Left(noon), time.Second, "a NAS may read 0 as for ever")
		require.True(t, a.Green(ends.Add(-1)))
		require.False(t, a.Green(ends))
		asked := noon.Add(time.Duration(rapid.Int64Range(0, 1e14).Draw(t, "asked")))
		require.LessOrEqual(t, a.Left(asked), max(0, ends.Sub(asked)))
	})
}

func TestHowAGuestIsKnown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		entered identity.Entered
		status  identity.Status
		renewal bool
	}{
		"first":                      {identity.Entered{New: true, Was: identity.Active}, identity.LoggedIn, false},
		"made by staff, first login": {identity.Entered{Was: identity.Active}, identity.LoggedIn, false},
		"typed again":                {identity.Entered{Was: identity.Active, PriorUse: true}, identity.Returning, false},
		"recognised, clicked":        {identity.Entered{Was: identity.Active, PriorUse: true, By: identity.ByCookie, Clicked: true}, identity.ReturningAuto, false},
		"recognised by the NAS":      {identity.Entered{Was: identity.Active, PriorUse: true, By: identity.ByMACAuth}, identity.ReturningAuto, false},
		"expired, proven anew":       {identity.Entered{Was: identity.Expired, PriorUse: true}, identity.LoggedIn, true},
	} {
		status, renewal := identity.StatusOf(c.entered)
		require.Equal(t, c.status, status, name)
		require.Equal(t, c.renewal, renewal, name)
	}
}

func TestWhomATypedLoginMeans(t *testing.T) {
	t.Parallel()
	require.True(t, identity.Links(true, identity.Known{Proven: true, Visits: true, Elsewhere: true}), "who proves it is its holder")
	require.False(t, identity.Links(false, identity.Known{Proven: true}), "who only says so is not")
	require.True(t, identity.Links(false, identity.Known{}), "the same device, nothing to be gained")
	for _, known := range []identity.Known{{Visits: true}, {Elsewhere: true}} {
		require.False(t, identity.Links(false, known))
		require.False(t, identity.Links(true, known), "what nobody proved may be a stranger's claim")
	}
}

func TestAccessRules(t *testing.T) {
	t.Parallel()
	office := []identity.AccessRule{
		{Allow: true, SSIDs: []string{"Hotel"}},
		{Allow: true, Weekdays: []time.Weekday{time.Monday, time.Friday}, From: 8 * 60, To: 18 * 60},
		{Allow: true, Weekdays: []time.Weekday{time.Friday}, From: 22 * 60, To: 2 * 60},
		{Allow: false},
	}
	zone := place(t, "Europe/Paris")
	for when, rule := range map[string]int{
		"2024-06-03 08:00:00": 1, "2024-06-03 07:59:59": 3, "2024-06-03 18:00:00": 3, "2024-06-04 12:00:00": 3,
		"2024-06-07 22:00:00": 2, "2024-06-08 01:59:59": 2, "2024-06-08 02:00:00": 3, "2024-06-07 01:00:00": 3,
	} {
		ok, decided := identity.Admits(office, at(t, zone, when), zone, "Guests")
		require.Equal(t, rule, decided, when)
		require.Equal(t, rule != 3, ok, when)
	}
	ok, decided := identity.Admits(office, at(t, zone, "2024-06-04 03:00:00"), zone, "Hotel")
	require.True(t, ok)
	require.Zero(t, decided)
	ok, decided = identity.Admits(nil, noon, zone, "")
	require.True(t, ok, "without rules everybody is let in")
	require.Equal(t, -1, decided)
}
