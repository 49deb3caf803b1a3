package devstack

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"
)

func TestTemporalServerKeepsItsStateInPostgresOverEveryEnd(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	postgres, err := StartPostgres(t.Context(), PostgresConfig{Dir: filepath.Join(dir, "postgres"), NoFsync: true, Ephemeral: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, postgres.Stop(context.WithoutCancel(t.Context()))) })
	config := TemporalServerConfig{Dir: filepath.Join(dir, "temporal"), Postgres: postgres}
	first, err := StartTemporalServer(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, first.Stop(context.WithoutCancel(t.Context()))) })
	register(t, first, "visits")

	require.NoError(t, first.Kill9())
	require.NoError(t, first.Restart(t.Context()))
	require.True(t, knows(t, first, "visits"), "after kill -9")

	require.NoError(t, first.Stop(t.Context()))
	second, err := StartTemporalServer(t.Context(), config)
	require.NoError(t, err, "the schema is there already")
	t.Cleanup(func() { require.NoError(t, second.Stop(context.WithoutCancel(t.Context()))) })
	require.True(t, knows(t, second, "visits"), "after a clean stop")
	require.False(t, knows(t, second, "guests"))
}

func namespaces(t *testing.T, s *TemporalServer) client.NamespaceClient {
	t.Helper()
	c, err := client.NewNamespaceClient(client.Options{HostPort: s.Address()})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func register(t *testing.T, s *TemporalServer, name string) {
	t.Helper()
	require.NoError(t, namespaces(t, s).Register(t.Context(), &workflowservice.RegisterNamespaceRequest{
		Namespace: name, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	}))
}

func knows(t *testing.T, s *TemporalServer, name string) bool {
	t.Helper()
	_, err := namespaces(t, s).Describe(t.Context(), name)
	return err == nil
}
