package devstack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// The tests need parents to kill and a user that is not root. Both are this
// test binary again, told by these variables what to do instead of testing.
const (
	parentEnv = "DEVSTACK_TEST_PARENT" // directory in which to start both services and wait
	dirEnv    = "DEVSTACK_TEST_DIR"    // where TestNotRoot, run as nobody, may write
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentEnv); dir != "" {
		if err := beParent(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// beParent starts both services, says so, and waits to be killed.
func beParent(dir string) error {
	ctx := context.Background()
	postgres, err := StartPostgres(ctx, PostgresConfig{Dir: filepath.Join(dir, "postgres")})
	if err != nil {
		return err
	}
	temporal, err := StartTemporal(ctx, TemporalConfig{Dir: filepath.Join(dir, "temporal"), Headless: true})
	if err != nil {
		return err
	}
	fmt.Println(postgres.server.cmd.Process.Pid, temporal.server.cmd.Process.Pid)
	select {}
}

// newDir is a directory whose files the users of these tests can reach.
func newDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "foyer-devstack-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// gone tells whether a process has ended; one that waits for its parent to
// collect it counts as ended.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(status), ") Z ")
}

// self is this test binary as a command.
func self(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return exec.CommandContext(t.Context(), path, args...)
}
