package devstack

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func startPostgres(t *testing.T, config PostgresConfig) *Postgres {
	t.Helper()
	postgres, err := StartPostgres(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, postgres.Stop(context.WithoutCancel(t.Context()))) })
	return postgres
}

func query(t *testing.T, postgres *Postgres, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), postgres.URL("postgres"))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	var answer string
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&answer))
	return answer
}

func execute(t *testing.T, postgres *Postgres, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), postgres.URL("postgres"))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
}

func TestPostgresKeepsItsDataOverEveryEnd(t *testing.T) {
	t.Parallel()
	config := PostgresConfig{Dir: filepath.Join(newDir(t), "postgres")}

	first := startPostgres(t, config)
	execute(t, first, `CREATE TABLE kept (word text); INSERT INTO kept VALUES ('still here')`)
	require.NoError(t, first.Kill9())
	require.Empty(t, processesIn(first.cluster.data), "kill -9 leaves no backend")
	require.NoError(t, first.Restart(t.Context()), "a stale pid file does not block the start")
	require.Equal(t, "still here", query(t, first, `SELECT word FROM kept`), "after kill -9")

	require.NoError(t, first.Stop(t.Context()))
	require.NoError(t, first.Stop(t.Context()), "a second stop is fine")
	require.Error(t, first.Restart(t.Context()), "stopped for good")

	second := startPostgres(t, config)
	require.Equal(t, "still here", query(t, second, `SELECT word FROM kept`), "after a clean stop")
}

func TestPostgresBeginsAnewWhenItsDirectoryWasDeleted(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newDir(t), "closed")
	require.NoError(t, os.Mkdir(dir, 0o700)) // as root: forces the data out of it
	config := PostgresConfig{Dir: filepath.Join(dir, "postgres"), NoFsync: true, Ephemeral: true}
	kept := config
	kept.Ephemeral = false
	first := startPostgres(t, kept)
	execute(t, first, `CREATE TABLE before (word text)`)
	require.NoError(t, first.Stop(t.Context()))
	require.NoError(t, os.RemoveAll(config.Dir))

	second := startPostgres(t, config)
	require.Equal(t, "0", query(t, second, `SELECT count(*)::text FROM pg_tables WHERE tablename = 'before'`))
	require.NoError(t, second.Stop(t.Context()))
	require.NoDirExists(t, filepath.Dir(second.cluster.data))
}

func TestPostgresSurvivesAPidFileThatNamesAStranger(t *testing.T) {
	t.Parallel()
	config := PostgresConfig{Dir: filepath.Join(newDir(t), "postgres"), NoFsync: true}
	first := startPostgres(t, config)
	require.NoError(t, first.Stop(t.Context()))

	// Number 1 always runs and is never this cluster's postmaster.
	stale := filepath.Join(first.cluster.data, "postmaster.pid")
	require.NoError(t, os.WriteFile(stale, []byte("1\n"+first.cluster.data+"\n"), 0o600))
	require.NoError(t, first.cluster.account.own(stale))
	startPostgres(t, config)
}

func TestPostgresDirectoryBelongsToOneProcess(t *testing.T) {
	t.Parallel()
	config := PostgresConfig{Dir: filepath.Join(newDir(t), "postgres"), NoFsync: true}
	first := startPostgres(t, config)
	_, err := StartPostgres(t.Context(), config)
	require.ErrorContains(t, err, "in use by another process")
	require.Equal(t, "1", query(t, first, `SELECT '1'`), "the first is untouched")
}

func TestPostgresAsksForThePasswordAndListensOnLoopbackAlone(t *testing.T) {
	t.Parallel()
	postgres := startPostgres(t, PostgresConfig{Dir: filepath.Join(newDir(t), "postgres"), NoFsync: true})

	_, err := pgx.Connect(t.Context(), "postgres://foyer:wrong@127.0.0.1:"+strconv.Itoa(postgres.Port())+"/postgres?sslmode=disable")
	require.ErrorContains(t, err, "password authentication failed")
	require.Equal(t, "127.0.0.1", query(t, postgres, `SHOW listen_addresses`))
	require.Empty(t, query(t, postgres, `SHOW unix_socket_directories`))
	require.Equal(t, "200", query(t, postgres, `SHOW max_connections`))
	require.Equal(t, "off", query(t, postgres, `SHOW fsync`))
	require.Equal(t, "scram-sha-256", query(t, postgres, `SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules`))
	require.Equal(t, "äÖ", query(t, postgres, `SELECT lower('Ä') || upper('ö')`), "letters of all languages fold their case")

	info, err := os.Stat(filepath.Join(postgres.config.Dir, "password"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestCreateDatabaseTwiceIsFine(t *testing.T) {
	t.Parallel()
	postgres := startPostgres(t, PostgresConfig{Dir: filepath.Join(newDir(t), "postgres"), NoFsync: true})
	require.NoError(t, postgres.CreateDatabase(t.Context(), "visits"))
	require.NoError(t, postgres.CreateDatabase(t.Context(), "visits"))
}

func TestEphemeralPostgresLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newDir(t), "closed")
	require.NoError(t, os.Mkdir(dir, 0o700)) // as root: forces the data out of it
	config := PostgresConfig{Dir: filepath.Join(dir, "postgres"), NoFsync: true, Ephemeral: true}
	postgres := startPostgres(t, config)
	require.NoError(t, postgres.Stop(t.Context()))
	require.NoDirExists(t, config.Dir)
	require.NoDirExists(t, filepath.Dir(postgres.cluster.data))
}

func TestPostgresThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	config := PostgresConfig{Dir: filepath.Join(newDir(t), "postgres"), NoFsync: true}
	first := startPostgres(t, config)
	require.NoError(t, first.Stop(t.Context()))
	require.NoError(t, os.Remove(filepath.Join(first.cluster.data, "global", "pg_control")))
	_, err := StartPostgres(t.Context(), config)
	require.ErrorContains(t, err, "pg_control")
}
