package auth_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/auth"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestLockoutGrows(t *testing.T) {
	t.Parallel()
	for failed, want := range map[int]time.Duration{
		0: 0, 1: 0, 4: 0, 5: time.Minute, 6: 2 * time.Minute, 7: 4 * time.Minute, 8: 8 * time.Minute,
		9: 15 * time.Minute, 10: 15 * time.Minute, 1000: 15 * time.Minute, math.MaxInt: 15 * time.Minute,
	} {
		until := auth.Lockout(failed, noon, noon)
		if want == 0 {
			require.Zero(t, until, failed)
			continue
		}
		require.Equal(t, noon.Add(want), until, failed)
		require.Zero(t, auth.Lockout(failed, noon, until), "at that instant it is over")
	}
}

func TestLockoutNeverShrinksAndAlwaysEnds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		failed := rapid.IntRange(0, math.MaxInt-1).Draw(t, "failed")
		now := noon.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "later")))
		until := auth.Lockout(failed, noon, now)
		require.False(t, auth.Lockout(failed+1, noon, now).Before(until))
		require.False(t, until.After(noon.Add(15*time.Minute)))
	})
}

// What guessing at one name yields in a day: a figure of promise P25.
func TestGuessesPerDayAreFew(t *testing.T) {
	t.Parallel()
	var failed, guesses int
	last := time.Time{}
	for now := noon; now.Before(noon.Add(24 * time.Hour)); now = now.Add(time.Second) {
		if auth.Lockout(failed, last, now).IsZero() {
			failed, last = auth.CountFailure(failed, last, now), now
			guesses++
		}
	}
	require.Less(t, guesses, 110)
	require.Equal(t, 1, auth.CountFailure(failed, last, last.Add(24*time.Hour)))
}
