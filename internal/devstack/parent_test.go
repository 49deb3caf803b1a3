package devstack

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	waitFor   = 15 * time.Second
	pollEvery = 10 * time.Millisecond
)

// A parent that is killed takes both services along, and the next start on the
// same directories is quick.
func TestKilledParentLeavesNoOrphans(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	parent := self(t)
	parent.Env = append(os.Environ(), parentEnv+"="+dir)
	parent.Stderr = os.Stderr
	output, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())

	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	var postgres, temporal int
	_, err = fmt.Sscan(line, &postgres, &temporal)
	require.NoError(t, err)
	data := filepath.Join(dir, "postgres", "data")
	backends := processesIn(data)
	require.Contains(t, backends, postgres)
	require.Greater(t, len(backends), 1, "Postgres has children of its own")
	require.False(t, gone(temporal))

	require.NoError(t, parent.Process.Signal(syscall.SIGKILL))
	require.Error(t, parent.Wait())
	require.Eventually(t, func() bool { return gone(postgres) && gone(temporal) && len(processesIn(data)) == 0 }, waitFor, pollEvery)

	began := time.Now()
	startPostgres(t, PostgresConfig{Dir: filepath.Join(dir, "postgres")})
	startTemporal(t, TemporalConfig{Dir: filepath.Join(dir, "temporal"), Headless: true})
	require.Less(t, time.Since(began), 15*time.Second, "a second start")
}

// The safety net alone: a server that has lost its parent without a death
// signal is ended by the next start on its directory.
func TestNextStartEndsSurvivors(t *testing.T) {
	t.Parallel()
	config := PostgresConfig{Dir: filepath.Join(newDir(t), "postgres"), NoFsync: true}
	first := startPostgres(t, config)
	survivor := first.server.cmd.Process.Pid
	// As if the parent were gone: its lock is free, its child runs on.
	require.NoError(t, first.lock.Close())
	first.lock = nil

	startPostgres(t, config)
	<-first.Exited()
	require.True(t, gone(survivor))
}
