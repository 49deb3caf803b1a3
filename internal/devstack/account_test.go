package devstack

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNotRoot is the ordinary user's case. Run as root it runs itself again as
// nobody, so that both cases are tested wherever root is at hand.
func TestNotRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		runAsNobody(t)
		return
	}
	dir := os.Getenv(dirEnv)
	if dir == "" {
		dir = newDir(t)
	}
	postgres := startPostgres(t, PostgresConfig{Dir: filepath.Join(dir, "postgres"), NoFsync: true})
	require.Equal(t, filepath.Join(dir, "postgres", "data"), postgres.cluster.data, "one's own directory is always reachable")
	require.Equal(t, "foyer", query(t, postgres, `SELECT current_user`))
}

func runAsNobody(t *testing.T) {
	t.Helper()
	nobody, err := lookup("nobody")
	require.NoError(t, err)
	dir := newDir(t)
	// The test binary itself may lie where nobody cannot look.
	binary := filepath.Join(dir, "devstack.test")
	path, err := os.Executable()
	require.NoError(t, err)
	program, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(binary, program, 0o755))
	home := filepath.Join(dir, "home")
	require.NoError(t, os.Mkdir(home, 0o700))
	require.NoError(t, nobody.own(home))

	command := self(t, "-test.run=^TestNotRoot$", "-test.v")
	command.Path, command.Dir = binary, home
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, dirEnv + "=" + home}
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody.uid, Gid: nobody.gid}}
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	require.Contains(t, string(output), "--- PASS: TestNotRoot")
}

// Root's own files run Postgres as somebody else, also where that user cannot
// reach the directory.
func TestRootRunsPostgresAsAnotherUser(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newDir(t), "closed")
	require.NoError(t, os.Mkdir(dir, 0o700))
	config := PostgresConfig{Dir: filepath.Join(dir, "postgres"), NoFsync: true}
	postgres := startPostgres(t, config)
	t.Cleanup(func() { require.NoError(t, postgres.cluster.remove()) })

	account, err := postgresAccount()
	require.NoError(t, err)
	uid := os.Geteuid()
	if account != nil {
		uid = int(account.uid)
		require.Equal(t, filepath.Join(fallbackDir(config.Dir), "data"), postgres.cluster.data)
	}
	info, err := os.Stat(fmt.Sprintf("/proc/%d", postgres.server.cmd.Process.Pid))
	require.NoError(t, err)
	owner, ok := info.Sys().(*syscall.Stat_t)
	require.True(t, ok)
	require.Equal(t, uint32(uid), owner.Uid)
	execute(t, postgres, `CREATE TABLE kept (word text); INSERT INTO kept VALUES ('outside')`)

	require.NoError(t, postgres.Stop(t.Context()))
	again := startPostgres(t, config)
	require.Equal(t, "outside", query(t, again, `SELECT word FROM kept`), "found again from the same path")
}

func TestForeignDirectoryIsNotTaken(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newDir(t), "trap")
	require.NoError(t, os.Mkdir(dir, 0o755))
	c := cluster{account: &account{name: "somebody", uid: 4242, gid: 4242}}
	require.ErrorContains(t, c.claim(dir), "not a private directory of user somebody")
}
