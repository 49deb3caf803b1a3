package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
)

func TestActorsHaveTheNamesOfToday(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user := func(name string) string {
		created, err := b.CreateUser(t.Context(), b.desk, store.NewUser{Email: uuid.NewString() + "@example.org", Name: name, Role: "reception", Scope: store.Everything})
		require.NoError(t, err)
		return created.ID
	}
	ada, plain, gone := user("Ada Quill"), user(""), user("Gone Soon")
	agent, _, err := b.CreateAgent(t.Context(), b.desk, b.site.ID, "cellar")
	require.NoError(t, err)
	ask := []string{
		"user:" + ada, "user:" + plain, "user:" + gone, "user:" + ada, "agent:" + string(agent.ID),
		"timer", "system:sweeper", "operator:temporal", "link:guest", "user:", "user:no-id", "token:" + uuid.NewString(), "",
	}
	names, err := b.ActorNames(t.Context(), ask)
	require.NoError(t, err)
	require.Contains(t, names["user:"+plain], "@example.org")
	delete(names, "user:"+plain)
	require.Equal(t, map[string]string{"user:" + ada: "Ada Quill", "user:" + gone: "Gone Soon", "agent:" + string(agent.ID): "cellar"}, names)

	require.NoError(t, b.EraseUser(t.Context(), b.desk, gone, func(store.User) error { return nil }))
	name := "Ada Stone"
	_, err = b.ChangeUser(t.Context(), b.desk, ada, store.UserChange{Name: &name}, func(_, _ store.User) error { return nil })
	require.NoError(t, err)
	names, err = b.ActorNames(t.Context(), ask)
	require.NoError(t, err)
	require.Equal(t, name, names["user:"+ada])
	require.NotContains(t, names, "user:"+gone, "erased")
	names, err = b.ActorNames(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, names)
}
