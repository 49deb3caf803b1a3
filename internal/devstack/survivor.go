package devstack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Postgres's processes each lead a session of their own, so that no process
// group holds them together. What they share is their working directory, the
// cluster's; on systems without /proc nothing is found, and Postgres's own
// checks of its pid file must do.

// processesIn returns the processes named postgres whose working directory is
// the cluster's.
func processesIn(cluster string) []int {
	cluster, err := filepath.EvalSymlinks(cluster)
	if err != nil {
		return nil // no such cluster, no process in it
	}
	entries, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		return nil
	}
	var pids []int
	for _, entry := range entries {
		if target, err := os.Readlink(entry); err != nil || target != cluster {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
		if err == nil && isPostgres(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func isPostgres(pid int) bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && strings.TrimSpace(string(name)) == "postgres"
}

// killIn ends every Postgres process of a cluster like a power cut and waits
// until all are gone, after which the cluster can be started again.
func killIn(ctx context.Context, cluster string) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		pids := processesIn(cluster)
		if len(pids) == 0 {
			return nil
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL) // gone meanwhile is as good
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("processes %v of an earlier run do not end: %w", pids, context.Cause(ctx))
		}
	}
}

// clearStalePID removes the pid file of a cluster in which nothing runs.
// Postgres does so itself unless its number has meanwhile gone to another
// process, which is common in containers.
func clearStalePID(cluster string) error {
	if !exists("/proc/self/cwd") {
		return nil // nobody to ask; Postgres decides alone
	}
	path := filepath.Join(cluster, "postmaster.pid")
	text, err := os.ReadFile(filepath.Clean(path))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the cluster's pid file: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err == nil && slices.Contains(processesIn(cluster), pid) {
		return fmt.Errorf("postgres %d still runs in %s", pid, cluster)
	}
	return os.Remove(path)
}
