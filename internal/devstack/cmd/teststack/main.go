// Command teststack runs a command with a Postgres and a Temporal dev server at
// its side and stops them afterwards:
//
//	go run ./internal/devstack/cmd/teststack -- go test ./...
//
// The command finds the addresses in FOYER_TEST_DATABASE_URL and
// FOYER_TEST_TEMPORAL_ADDRESS, and its exit status becomes ours. Without a
// command teststack prints the addresses in the same form and waits until its
// input ends or it is interrupted. Nothing it stored survives it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/foyerhq/foyer/internal/devstack"
	"github.com/foyerhq/foyer/internal/devstack/devstacktest"
)

func main() {
	only := flag.String("only", "", "start one service alone: postgres or temporal")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *only, flag.Args())
	cancel()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(max(exit.ExitCode(), 1))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "teststack:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, command []string) (err error) {
	if only != "" && only != "postgres" && only != "temporal" {
		return fmt.Errorf("-only %s: there is postgres and temporal", only)
	}
	dir, err := os.MkdirTemp("", "foyer-teststack-")
	if err != nil {
		return err
	}
	stack := &stack{dir: dir, logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	defer func() { err = errors.Join(err, stack.stop()) }()
	if err := stack.start(ctx, only); err != nil {
		return err
	}
	if len(command) > 0 {
		return stack.runCommand(ctx, command)
	}
	for _, line := range stack.env {
		fmt.Println(line)
	}
	return untilInputEnds(ctx)
}

// stack is what runs at the command's side.
type stack struct {
	dir    string
	logger *slog.Logger
	env    []string
	stops  []func(context.Context) error
}

func (s *stack) start(ctx context.Context, only string) error {
	// The user Postgres runs as must be able to pass.
	if err := os.Chmod(s.dir, 0o711); err != nil { //nolint:gosec // pass through, not look
		return err
	}
	if only != "temporal" {
		postgres, err := devstack.StartPostgres(ctx, devstack.PostgresConfig{
			Dir: filepath.Join(s.dir, "postgres"), NoFsync: true, Ephemeral: true, Logger: s.logger,
		})
		if err != nil {
			return err
		}
		s.stops = append(s.stops, postgres.Stop)
		s.env = append(s.env, devstacktest.DatabaseURLEnv+"="+postgres.URL("postgres"))
	}
	if only != "postgres" {
		temporal, err := devstack.StartTemporal(ctx, devstack.TemporalConfig{
			Dir: filepath.Join(s.dir, "temporal"), Headless: true, Logger: s.logger,
		})
		if err != nil {
			return err
		}
		s.stops = append(s.stops, temporal.Stop)
		s.env = append(s.env, devstacktest.TemporalAddressEnv+"="+temporal.Address())
	}
	return nil
}

// runCommand runs until the command ends. An interrupt is passed on once; who
// does not heed it within ten seconds is killed.
func (s *stack) runCommand(ctx context.Context, args []string) error {
	command := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // running it is the purpose
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(), s.env...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	return command.Run()
}

func (s *stack) stop() error {
	// A minute of its own: the interrupt that brought us here has ended ctx.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var errs []error
	for _, stop := range s.stops {
		errs = append(errs, stop(ctx))
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// untilInputEnds returns at the end of the standard input or of ctx. The
// reading goroutine ends with the process at the latest.
func untilInputEnds(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		ended <- err
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return nil
	}
}
