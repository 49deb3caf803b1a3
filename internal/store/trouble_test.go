package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/visit"
)

func TestMigratingTwiceAndAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, err := range atOnce(
		func() error { return store.Migrate(t.Context(), b.URL) },
		func() error { return store.Migrate(t.Context(), b.URL) },
	) {
		require.NoError(t, err)
	}
	require.NoError(t, b.Ready(t.Context()))
	require.Equal(t, []int64{store.NewestMigration}, sql[int64](t, b, "select max(version_id) from goose_db_version"))
	sql[int64](t, b, "delete from goose_db_version returning version_id")
	require.Equal(t, visit.KindUnavailable, visit.KindOf(b.Ready(t.Context())))
}

// P19: a backend that dies under a pooled connection costs one retry at most, and
// never an internal error.
func TestALostBackendIsUnavailableAndThenForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.arrived(t)
	for range 5 {
		pid, err := b.Backend(t.Context())
		require.NoError(t, err)
		sql[bool](t, b, "select pg_terminate_backend($1)", pid)
		require.Eventually(t, func() bool {
			_, err := b.Visit(t.Context(), store.Everything, id)
			if err != nil {
				require.Equal(t, visit.KindUnavailable, visit.KindOf(err), "%v", err)
			}
			return err == nil
		}, 20*time.Second, 10*time.Millisecond)
	}
}

// A connection lost in COMMIT leaves the outcome open. The caller is told to come
// back, and the key settles it.
func TestACommitOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	b := setup(t)
	err := b.BreakCommit(t.Context(), func(_ context.Context, exec func(string) error) error { return exec("select 1") })
	require.Equal(t, visit.KindUnavailable, visit.KindOf(err), "%v", err)
	by := keyed(b.desk, "k", "h")
	first, err := b.Register(t.Context(), by, b.registration(), store.RegisterOptions{})
	require.NoError(t, err)
	again, err := b.Register(t.Context(), by, b.registration(), store.RegisterOptions{})
	require.NoError(t, err)
	require.Equal(t, first.Visit.ID, again.Visit.ID)
	b.verify(t)
}

func TestACallWithoutTimeIsUnavailable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	_, err := b.Register(ctx, b.desk, b.registration(), store.RegisterOptions{})
	require.Equal(t, visit.KindUnavailable, visit.KindOf(err), "%v", err)
	_, err = b.Visit(ctx, store.Everything, "x")
	require.Equal(t, visit.KindUnavailable, visit.KindOf(err), "%v", err)
}

func TestOpenTellsWhatIsWrongWithoutThePassword(t *testing.T) {
	t.Parallel()
	keyring := storetest.Keyring(t)
	for _, url := range []string{"", "postgres://u:canary-password@127.0.0.1:1/x?connect_timeout=1", "postgres://u:canary-password@[::1:bad/x"} {
		_, err := store.Open(t.Context(), store.Config{URL: url, Keyring: keyring})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "canary")
	}
	require.NotContains(t, store.Migrate(t.Context(), "postgres://u:canary-password@[::1:bad/x").Error(), "canary")
}

// Server errors quote the offending row; ours do not.
func TestErrorsQuoteNoValue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.newNAS(t, "10.0.0.0/8")
	_, err := b.CreateUser(t.Context(), b.desk, store.NewUser{Email: "canary@example.org", PasswordHash: "x", Role: "admin", Scope: store.Everything})
	require.NoError(t, err)
	_, err = b.CreateUser(t.Context(), b.desk, store.NewUser{Email: "Canary@Example.org", PasswordHash: "x", Role: "admin"})
	require.Equal(t, visit.KindConflict, visit.KindOf(err))
	for e := err; e != nil; e = unwrap(e) {
		require.NotContains(t, e.Error(), "anary@")
	}
}

func unwrap(err error) error {
	if w, ok := err.(interface{ Unwrap() error }); ok { //nolint:errorlint // walks the chain itself
		return w.Unwrap()
	}
	return nil
}
