// Package devstacktest gives tests a real Postgres and a real Temporal server.
//
// Under `make test` one of each serves the whole run: the teststack command
// starts them and passes their addresses in the environment. A single
// `go test ./some/package` finds no addresses, starts what it asks for through
// the same command, and has it stopped and deleted when the test process ends,
// however it ends.
package devstacktest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// Environment variables through which a run shares its services.
const (
	DatabaseURLEnv     = "FOYER_TEST_DATABASE_URL"
	TemporalAddressEnv = "FOYER_TEST_TEMPORAL_ADDRESS"
)

var (
	postgres = &shared{service: "postgres", env: DatabaseURLEnv}
	temporal = &shared{service: "temporal", env: TemporalAddressEnv}
)

// SharedPostgres returns the URL of a Postgres superuser, connected to the
// database "postgres". Others use the same server at the same time, so a test
// creates a database of its own.
func SharedPostgres(t testing.TB) string {
	t.Helper()
	return postgres.get(t)
}

// SharedTemporal returns the address of a Temporal dev server with the
// namespace "default". Others use the same server at the same time, so a test
// chooses unique workflow ids and task queues.
func SharedTemporal(t testing.TB) string {
	t.Helper()
	return temporal.get(t)
}

// shared is a service that is found or started once per process.
type shared struct {
	service string
	env     string

	once  sync.Once
	value string
	err   error
	// stdin is never written: the service stops when it is closed, which the
	// end of this process does at the latest.
	stdin *os.File
}

func (s *shared) get(t testing.TB) string {
	t.Helper()
	s.once.Do(func() {
		if s.value = os.Getenv(s.env); s.value == "" {
			s.value, s.err = s.start()
		}
	})
	if s.err != nil {
		t.Fatalf("shared %s: %v", s.service, s.err)
	}
	return s.value
}

// start runs the teststack command and reads the address it prints.
func (s *shared) start() (string, error) {
	keep, write, err := os.Pipe()
	if err != nil {
		return "", err
	}
	read, output, err := os.Pipe()
	if err != nil {
		return "", errors.Join(err, keep.Close(), write.Close())
	}
	// Not tied to a test's context: later tests use the service as well.
	command := exec.CommandContext(context.Background(), "go", "run", //nolint:gosec // constants all
		"github.com/foyerhq/foyer/internal/devstack/cmd/teststack", "-only", s.service)
	command.Stdin, command.Stdout, command.Stderr = keep, output, os.Stderr
	err = errors.Join(command.Start(), keep.Close(), output.Close())
	if err != nil {
		return "", errors.Join(err, write.Close(), read.Close())
	}
	s.stdin = write
	value, err := s.readAddress(read)
	return value, errors.Join(err, read.Close())
}

// readAddress reads lines of the form NAME=value until ours.
func (s *shared) readAddress(output *os.File) (string, error) {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), s.env+"="); ok {
			return value, nil
		}
	}
	return "", fmt.Errorf("the teststack command ended without an address (%w); see its output above", errors.Join(lines.Err(), os.ErrClosed))
}
