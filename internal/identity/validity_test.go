package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/identity"
)

func at(t require.TestingT, zone *time.Location, text string) time.Time {
	instant, err := time.ParseInLocation("2006-01-02 15:04:05", text, zone)
	require.NoError(t, err)
	return instant
}

func place(t require.TestingT, name string) *time.Location {
	zone, err := time.LoadLocation(name)
	require.NoError(t, err)
	return zone
}

// TestEndsOfAnAccountMadeOnMonday is the boundary table of the worked example: three
// readings of five days, asked at five instants.
func TestEndsOfAnAccountMadeOnMonday(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Paris", "America/Los_Angeles"} {
		zone := place(t, name)
		monday := at(t, zone, "2024-06-03 08:00:00")
		for _, c := range []struct {
			validity identity.Validity
			end      string
			pages    [5]identity.Page
		}{
			{identity.Validity{Kind: identity.Days, Value: 5}, "2024-06-08 00:00:00", [5]identity.Page{"continue", "full", "full", "full", "full"}},
			{identity.Validity{Kind: identity.Hours, Value: 120}, "2024-06-08 08:00:00", [5]identity.Page{"continue", "continue", "continue", "full", "full"}},
			{identity.Validity{Kind: identity.Hours, Value: 96}, "2024-06-07 08:00:00", [5]identity.Page{"full", "full", "full", "full", "full"}},
			{identity.Validity{Kind: identity.Until, Until: at(t, zone, "2024-06-08 07:59:59")}, "2024-06-08 07:59:59", [5]identity.Page{"continue", "continue", "full", "full", "full"}},
		} {
			account := identity.Account{StartsAt: monday, EndsAt: c.validity.End(monday, zone)}
			require.True(t, at(t, zone, c.end).Equal(account.EndsAt), "%v: %v", c.validity, account.EndsAt)
			for i, asked := range []string{"2024-06-07 23:59:59", "2024-06-08 00:00:00", "2024-06-08 07:59:59", "2024-06-08 08:00:00", "2024-06-08 09:00:00"} {
				d := identity.Decide(identity.Facts{Now: at(t, zone, asked), By: identity.ByCookie, Account: &account, Reauth: identity.ReauthContinue})
				require.Equal(t, c.pages[i], d.Page, "%v at %s", c.validity, asked)
			}
		}
	}
}

// TestDaysEndAtMidnightThere: also where a day has 23 or 25 hours, and where midnight
// itself does not exist.
func TestDaysEndAtMidnightThere(t *testing.T) {
	t.Parallel()
	three := identity.Validity{Kind: identity.Days, Value: 3}
	for _, c := range []struct{ zone, from, to string }{
		{"Europe/Berlin", "2026-03-27 23:59:59", "2026-03-30 00:00:00"}, // the night of 29 March is an hour short
		{"Europe/Berlin", "2026-10-24 00:00:00", "2026-10-27 00:00:00"}, // the night of 25 October an hour longer
		{"Asia/Kathmandu", "2026-01-01 12:00:00", "2026-01-04 00:00:00"},
	} {
		zone := place(t, c.zone)
		require.True(t, at(t, zone, c.to).Equal(three.End(at(t, zone, c.from), zone)), c.from)
	}
	berlin := place(t, "Europe/Berlin")
	from := at(t, berlin, "2026-03-27 12:00:00")
	require.Equal(t, 59*time.Hour, three.End(from, berlin).Sub(from), "60 less one")

	// Santiago puts its clocks on at midnight: 6 September 2026 begins at one.
	santiago := place(t, "America/Santiago")
	one := identity.Validity{Kind: identity.Days, Value: 1}
	end := one.End(at(t, santiago, "2026-09-05 18:00:00"), santiago)
	require.Equal(t, "2026-09-06", end.In(santiago).Format(time.DateOnly), "the first instant of that day")
	require.Equal(t, "2026-09-05", end.Add(-time.Nanosecond).In(santiago).Format(time.DateOnly))
}

func TestAValidityIsNeverEmpty(t *testing.T) {
	t.Parallel()
	zones := []string{"UTC", "Europe/Paris", "America/Los_Angeles", "Australia/Lord_Howe", "Pacific/Apia", "America/Santiago"}
	rapid.Check(t, func(t *rapid.T) {
		zone := place(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		start := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "start"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		v := identity.Validity{Kind: rapid.SampledFrom([]identity.Kind{identity.Hours, identity.Days}).Draw(t, "kind"), Value: rapid.IntRange(1, 100).Draw(t, "n")}
		end := v.End(start, zone)
		require.True(t, end.After(start))
		require.LessOrEqual(t, end.Sub(start), v.Nominal()+2*time.Hour)
		longer := v
		longer.Value++
		require.True(t, longer.End(start, zone).After(end))
	})
}
