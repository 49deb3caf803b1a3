package visit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/visit"
)

func TestAVisitIsDueWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) *time.Time { return new(now.Add(-d)) }
	const kept = 90 * 24 * time.Hour
	days := visit.Retention{}.Days()
	for name, x := range map[string]struct {
		visit visit.Visit
		due   bool
	}{
		"expected, long ago":          {visit.Visit{Status: visit.PreRegistered, Presence: visit.Expected, ExpectedDeparture: *ago(10 * kept)}, false},
		"in, long ago":                {visit.Visit{Status: visit.CheckedIn, Presence: visit.In, CheckedInAt: ago(10 * kept)}, false},
		"unconfirmed, long ago":       {visit.Visit{Status: visit.Expired, Presence: visit.Unconfirmed, EndedAt: ago(10 * kept)}, false},
		"left, a moment too soon":     {visit.Visit{Status: visit.CheckedOut, Presence: visit.Left, EndedAt: ago(kept), LeftAt: ago(kept - 1)}, false},
		"left, to the instant":        {visit.Visit{Status: visit.CheckedOut, Presence: visit.Left, EndedAt: ago(kept), LeftAt: ago(kept)}, true},
		"expired, confirmed later":    {visit.Visit{Status: visit.Expired, Presence: visit.Left, EndedAt: ago(2 * kept), LeftAt: ago(kept - 1)}, false},
		"cancelled, a moment short":   {visit.Visit{Status: visit.Cancelled, EndedAt: ago(kept - 1)}, false},
		"cancelled, to the instant":   {visit.Visit{Status: visit.Cancelled, EndedAt: ago(kept)}, true},
		"never came, to the instant":  {visit.Visit{Status: visit.NoShow, EndedAt: ago(kept)}, true},
		"purged already":              {visit.Visit{Status: visit.NoShow, EndedAt: ago(kept), PurgedAt: ago(1)}, false},
		"left, and said to be in yet": {visit.Visit{Status: visit.CheckedOut, Presence: visit.In, EndedAt: ago(kept), LeftAt: ago(kept)}, false},
	} {
		require.Equal(t, x.due, x.visit.PurgeDue(days, now), name)
	}
}

func TestASiteMayKeepThingsLongerOrShorterWithinBounds(t *testing.T) {
	t.Parallel()
	require.Equal(t, visit.Days{Visits: 90, Sessions: 180, Refused: 14, Accounts: 90}, visit.Retention{}.Days())
	require.Equal(t, visit.Days{Visits: 90, Sessions: 365, Refused: 14, Accounts: 90}, visit.Retention{Profile: "FR"}.Days())
	require.Equal(t, visit.Days{Visits: 10, Sessions: 365, Refused: 1, Accounts: 30}, visit.Retention{Profile: "FR", VisitDays: new(10), RefusedDays: new(1), AccountDays: new(30)}.Days())
	require.Equal(t, visit.Retention{}.Days(), visit.Retention{Profile: "of a newer version"}.Days())
	for _, profile := range visit.RetentionProfiles() {
		days := visit.Retention{Profile: profile}.Days()
		set := visit.Retention{Profile: profile, VisitDays: &days.Visits, SessionDays: &days.Sessions, RefusedDays: &days.Refused, AccountDays: &days.Accounts}
		require.NoError(t, set.Validate(), "a profile keeps to the bounds: %s", profile)
	}
	for _, good := range []visit.Retention{
		{VisitDays: new(4)}, {VisitDays: new(3650)}, {SessionDays: new(1)}, {SessionDays: new(730)}, {RefusedDays: new(1)}, {RefusedDays: new(90)},
	} {
		require.NoError(t, good.Validate())
	}
	for _, bad := range []visit.Retention{
		{Profile: "XX"}, {VisitDays: new(3)}, {VisitDays: new(3651)}, {SessionDays: new(0)}, {SessionDays: new(731)}, {RefusedDays: new(0)}, {RefusedDays: new(91)},
	} {
		require.Equal(t, visit.KindInvalid, visit.KindOf(bad.Validate()))
	}
}

func TestAnAddressIsKnownInAnySpelling(t *testing.T) {
	t.Parallel()
	for _, spelling := range []string{"02:CA:fe:00:00:01", "02-ca-fe-00-00-01", "02ca.fe00.0001", "02CAFE000001", " 02ca:fe00:0001 "} {
		mac, ok := visit.ParseMAC(spelling)
		require.True(t, ok, spelling)
		require.Equal(t, "02:ca:fe:00:00:01", mac)
	}
	for _, none := range []string{"", "02:ca:fe:00:00", "02:ca:fe:00:00:01:02", "02:ca:fe:00:00:0g", "02:ca:fe:00:00:01:02:03"} {
		_, ok := visit.ParseMAC(none)
		require.False(t, ok, none)
	}
	for spelling, ip := range map[string]string{
		"10.0.0.1": "10.0.0.1", "::ffff:10.0.0.1": "10.0.0.1", "2001:DB8:0:0::1": "2001:db8::1", "FD00::1": "fd00::1",
	} {
		parsed, ok := visit.ParseIP(spelling)
		require.True(t, ok, spelling)
		require.Equal(t, ip, parsed.String())
	}
	for _, none := range []string{"", "10.0.0", "010.0.0.1", "fe80::1%eth0", "10.0.0.1:80", "example.org"} {
		_, ok := visit.ParseIP(none)
		require.False(t, ok, none)
	}
}

func TestAQuestionAboutThePublicInternetIsToldFromOneAboutTheGuestNetwork(t *testing.T) {
	t.Parallel()
	for ip, outside := range map[string]bool{
		"10.1.2.3": false, "172.16.0.1": false, "192.168.0.1": false, "100.64.0.1": false, "169.254.0.1": false, "fd00::1": false, "fe80::1": false,
		"203.0.113.9": true, "100.128.0.1": true, "2001:db8::1": true, "172.32.0.1": true,
	} {
		require.Equal(t, outside, visit.LawfulQuery{IP: ip}.Outside(), ip)
	}
	require.False(t, visit.LawfulQuery{MAC: "02:00:00:00:00:01"}.Outside())
}
