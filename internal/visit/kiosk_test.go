package visit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/visit"
)

func TestHowFarAnInvitationHasCome(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	waits := func(in time.Duration) visit.Visit {
		return visit.Visit{Status: visit.PreRegistered, ExpectedArrival: now.Add(in), ExpectedDeparture: now.Add(in + 2*time.Hour)}
	}
	with := func(v visit.Visit, change func(*visit.Visit)) visit.Visit {
		change(&v)
		return v
	}
	for name, c := range map[string]struct {
		visit visit.Visit
		want  visit.Invited
	}{
		"at its time":       {waits(0), visit.InvitedReady},
		"an hour early":     {waits(visit.EarlyFor), visit.InvitedReady},
		"earlier":           {waits(visit.EarlyFor + 1), visit.InvitedTooEarly},
		"late":              {waits(-time.Hour), visit.InvitedReady},
		"too late":          {waits(-2 * time.Hour), visit.InvitedOver},
		"being checked in":  {with(waits(0), func(v *visit.Visit) { v.CheckInRequestedAt = &now }), visit.InvitedCheckedIn},
		"checked in":        {with(waits(0), func(v *visit.Visit) { v.Status = visit.CheckedIn }), visit.InvitedCheckedIn},
		"being checked out": {with(waits(0), func(v *visit.Visit) { v.Status, v.CheckOutRequestedAt = visit.CheckedIn, &now }), visit.InvitedOver},
		"cancelled":         {with(waits(0), func(v *visit.Visit) { v.Status = visit.Cancelled }), visit.InvitedOver},
	} {
		require.Equal(t, c.want, c.visit.Invited(now), name)
	}
}

func TestInvitationCodesAreForgiving(t *testing.T) {
	t.Parallel()
	code, err := visit.NewInvitationCode(strings.NewReader(strings.Repeat("\x00\x01\xff", 20)))
	require.NoError(t, err)
	require.Equal(t, "2323232323", code)
	require.Equal(t, "abcd2345ef", visit.NormalizeInvitationCode(" ABCD 2345-ef\n"))
	_, err = visit.NewInvitationCode(strings.NewReader("short"))
	require.Error(t, err)
}

func TestRulesAreTexts(t *testing.T) {
	t.Parallel()
	texts, err := visit.ValidateRules(map[string]string{"en": " a\r\nb ", "de": "  "})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"en": "a\nb"}, texts)
	require.True(t, visit.Rules{Texts: texts}.InForce())
	require.False(t, visit.Rules{Version: 2}.InForce())
	for _, bad := range []map[string]string{{"xx": "a"}, {"en": strings.Repeat("ä", visit.MaxRules+1)}, {"en": "\x00"}, {"en": "\xff"}} {
		_, err := visit.ValidateRules(bad)
		require.Equal(t, visit.KindInvalid, visit.KindOf(err))
	}
}
