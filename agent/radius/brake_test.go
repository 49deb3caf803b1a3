package radius

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	layeh "layeh.com/radius"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/wire"
)

func TestGuessing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	other := wire.Grant{ID: "other", Username: "v-zzzzzzzz", Password: testPassword, NotAfter: testStart.Add(time.Hour)}
	b.grants.put(other)
	reason := func() wire.RefusedReason {
		all := b.journal.refused()
		return all[len(all)-1].Reason
	}
	for i := range brakeTries {
		b.auth(t, papLogin(t, testUser, fmt.Sprint("guess", i)).from("02-00-00-00-00-01").signed(t))
		require.Equal(t, wire.RefusedWrongPassword, reason())
		b.clock.move(time.Second)
	}
	right := func(name, mac string) layeh.Code {
		return b.auth(t, papLogin(t, name, testPassword).from(mac).signed(t)).Code
	}
	require.Equal(t, layeh.CodeAccessReject, right("V-ABCDEFGH", "02-00-00-00-00-02"), "the name is held, however it is spelt")
	require.Equal(t, wire.RefusedTooManyTries, reason())
	require.Equal(t, layeh.CodeAccessReject, right(other.Username, "02-00-00-00-00-01"), "the device is held")
	require.Equal(t, layeh.CodeAccessAccept, right(other.Username, "02-00-00-00-00-02"), "others are not")

	b.clock.move(brakeWindow - brakeTries*time.Second - 1)
	require.Equal(t, layeh.CodeAccessReject, right(testUser, "02-00-00-00-00-02"))
	b.clock.move(1)
	require.Equal(t, layeh.CodeAccessAccept, right(testUser, "02-00-00-00-00-02"), "a minute after the first wrong try")
}

func TestGuessingNamesIsGuessing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for i := range 2 * brakeTries {
		b.auth(t, papLogin(t, fmt.Sprint("v-nobody", i), "x").from("02-00-00-00-00-01").signed(t))
	}
	var tried int
	for _, r := range b.journal.refused() {
		if r.Reason == wire.RefusedUnknownUser {
			tried++
		}
	}
	require.Equal(t, brakeTries, tried)
}

// TestBrakeAgreesWithAModel: at any instant a key is held exactly if five wrong
// tries were counted within the last minute.
func TestBrakeAgreesWithAModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := newBrake()
		now := testStart
		counted := map[brakeKey][]time.Time{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "seconds")) * time.Second)
			key := userKey("nas", rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"))
			recent := 0
			for _, at := range counted[key] {
				if now.Sub(at) < brakeWindow {
					recent++
				}
			}
			held := b.holds(key, brakeKey{}, now)
			require.Equal(t, recent >= brakeTries, held)
			if !held {
				b.wrong(key, brakeKey{}, now)
				counted[key] = append(counted[key], now)
			}
		}
	})
}

func TestBrakeIsBounded(t *testing.T) {
	t.Parallel()
	b := newBrake()
	for i := range 3 * brakeKeys {
		b.wrong(userKey("nas", fmt.Sprint(i)), brakeKey{}, testStart)
	}
	require.LessOrEqual(t, len(b.recent), brakeKeys)
	require.LessOrEqual(t, len(b.elder), brakeKeys)
}
