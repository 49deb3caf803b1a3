package auth_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/visit"
)

const good = "correct horse battery"

// cheap keeps tests quick; nothing but time depends on the cost.
var cheap = auth.Cost{Memory: 64, Time: 1, Lanes: 1}

func TestPasswordRoundTrip(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(2, cheap)
	stored, err := passwords.Hash(t.Context(), good)
	require.NoError(t, err)
	require.Regexp(t, `^\$argon2id\$v=19\$m=64,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`, stored)

	for password, want := range map[string]bool{
		good: true, "": false, good + " ": false, "Correct horse battery": false, strings.Repeat("x", 1<<20): false,
	} {
		ok, err := passwords.Verify(t.Context(), password, stored)
		require.NoError(t, err)
		require.Equal(t, want, ok)
	}
	again, err := passwords.Hash(t.Context(), good)
	require.NoError(t, err)
	require.NotEqual(t, stored, again)
}

// The values are a test vector of the reference implementation (phc-winner-argon2,
// argon2id, version 0x13): strings from elsewhere verify here.
func TestForeignHashVerifies(t *testing.T) {
	t.Parallel()
	const stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	passwords := auth.NewPasswords(1, auth.DefaultCost)
	ok, err := passwords.Verify(t.Context(), "password", stored)
	require.NoError(t, err)
	require.True(t, ok)
	require.True(t, passwords.NeedsRehash(stored))
}

func TestDefaultCostIsOWASPs(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(1, auth.DefaultCost)
	stored, err := passwords.Hash(t.Context(), good)
	require.NoError(t, err)
	require.Contains(t, stored, "m=19456,t=2,p=1")
	require.False(t, passwords.NeedsRehash(stored))
	require.True(t, auth.NewPasswords(1, cheap).NeedsRehash(stored))
	require.True(t, passwords.NeedsRehash("nonsense"))
}

func TestPasswordsToSetAreChecked(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(1, cheap)
	for _, password := range []string{"", "short", "äääääääääää", strings.Repeat("x", 513)} {
		_, err := passwords.Hash(t.Context(), password)
		require.Equal(t, visit.KindInvalid, visit.KindOf(err))
	}
	_, err := passwords.Hash(t.Context(), "ääääääääääää")
	require.NoError(t, err)
}

func TestStoredStringsAreChecked(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(1, cheap)
	const salt, hash = "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for name, stored := range map[string]string{
		"empty":         "",
		"another kind":  "$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + hash,
		"version":       "$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + hash,
		"much memory":   "$argon2id$v=19$m=4194304,t=1,p=1$" + salt + "$" + hash,
		"many passes":   "$argon2id$v=19$m=64,t=1000,p=1$" + salt + "$" + hash,
		"no lanes":      "$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + hash,
		"trailing cost": "$argon2id$v=19$m=64,t=1,p=1x$" + salt + "$" + hash,
		"blanks":        "$argon2id$v=19$m=64,t= 1,p=1$" + salt + "$" + hash,
		"short salt":    "$argon2id$v=19$m=64,t=1,p=1$YQ$" + hash,
		"short hash":    "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$YQ",
		"no hash":       "$argon2id$v=19$m=64,t=1,p=1$" + salt,
		"not base64":    "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + strings.Repeat("!", 43),
		"endless":       "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + strings.Repeat("A", 1<<16),
	} {
		ok, err := passwords.Verify(t.Context(), good, stored)
		require.Error(t, err, name)
		require.False(t, ok, name)
		require.NotContains(t, err.Error(), hash, name)
	}
}

// Many logins at once run a few at a time; beyond the queue they are refused
// instead of taking memory.
func TestSprayIsBounded(t *testing.T) {
	t.Parallel()
	const calls = 200
	passwords := auth.NewPasswords(1, auth.Cost{Memory: 2048, Time: 2, Lanes: 1})
	start := make(chan struct{})
	errs := make(chan error, calls)
	var wait sync.WaitGroup
	for range calls {
		wait.Go(func() {
			<-start
			errs <- passwords.VerifyNobody(t.Context(), good)
		})
	}
	close(start)
	wait.Wait()
	close(errs)
	busy := 0
	for err := range errs {
		if err != nil {
			require.ErrorIs(t, err, auth.ErrBusy)
			busy++
		}
	}
	require.Positive(t, busy)
	require.Less(t, busy, calls)
	require.NoError(t, passwords.VerifyNobody(t.Context(), good), "and afterwards it works again")
}

func TestWaitingEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(1, auth.Cost{Memory: 64 * 1024, Time: 16, Lanes: 1})
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan error)
	go func() { started <- passwords.VerifyNobody(t.Context(), good) }()
	require.Eventually(t, passwords.Running, 5*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, passwords.VerifyNobody(ctx, good), context.Canceled)
	require.NoError(t, <-started)
}

// An unknown name costs what a wrong password costs. The bounds are wide, the
// negative control being that a login that skips the work is a thousand times
// quicker.
func TestUnknownNameTakesAsLong(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(1, auth.DefaultCost)
	stored, err := passwords.Hash(t.Context(), good)
	require.NoError(t, err)
	wrong := quickest(func() { _, _ = passwords.Verify(t.Context(), "wrong", stored) })
	nobody := quickest(func() { _ = passwords.VerifyNobody(t.Context(), "wrong") })
	ratio := float64(nobody) / float64(wrong)
	require.Greater(t, ratio, 0.2)
	require.Less(t, ratio, 5.0)
}

func quickest(do func()) time.Duration {
	best := time.Hour
	for range 5 {
		start := time.Now()
		do()
		best = min(best, time.Since(start))
	}
	return best
}

func FuzzVerifyStored(f *testing.F) {
	passwords := auth.NewPasswords(1, cheap)
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, stored string) {
		passwords.NeedsRehash(stored)
	})
}
