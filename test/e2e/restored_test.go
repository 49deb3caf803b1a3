package e2e

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/test/stack"
)

// The server's database is restored from a backup: codes that were used since are told
// to it again by the agents that let people in with them.
func TestRestoredBackupHearsOfRollCodes(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{Options: stack.Options{NoFsync: true}})
	zone, codes := r.codesOf("long", time.Hour)
	r.lets(codes[0], 1)
	r.Eventually("the server knows", func() bool { return len(r.active(zone)) == 1 })
	r.database(`create database backup template foyer`)
	r.lets(codes[1], 2)
	r.Eventually("the server knows", func() bool { return len(r.active(zone)) == 2 })
	before := r.active(zone)

	r.database(`drop database foyer`, `alter database backup rename to foyer`)
	r.Connected(r.agent)
	r.Eventually("the server knows again", func() bool { return len(r.active(zone)) == 2 })
	for i, a := range r.active(zone) {
		require.Equal(t, before[i].AccessID, a.AccessID)
		require.Equal(t, before[i].EndsAt, a.EndsAt)
	}
	r.AuditVerifies()
}

// database does something to the server's databases while nobody uses them.
func (r *rig) database(statements ...string) {
	r.t.Helper()
	r.APIs[0].Kill9()
	r.Workers[0].Kill9()
	conn, err := pgx.Connect(r.t.Context(), r.Postgres.URL("postgres"))
	require.NoError(r.t, err)
	defer func() { require.NoError(r.t, conn.Close(r.t.Context())) }()
	_, err = conn.Exec(r.t.Context(), `select pg_terminate_backend(pid) from pg_stat_activity where datname = 'foyer'`)
	require.NoError(r.t, err)
	for _, statement := range statements {
		require.Eventually(r.t, func() bool {
			_, err := conn.Exec(r.t.Context(), statement)
			return err == nil
		}, time.Minute, 100*time.Millisecond, statement)
	}
	r.Workers[0].Start()
	r.APIs[0].Start()
	r.Ready()
}
