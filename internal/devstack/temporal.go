package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// TemporalConfig says how to run a Temporal dev server.
type TemporalConfig struct {
	// Dir holds the database file, the log and the lock. Required.
	Dir string
	// Port of the gRPC frontend on 127.0.0.1; 0 picks a free one.
	Port int
	// UIPort of the web interface on 127.0.0.1; 0 picks a free one.
	UIPort int
	// Headless leaves the web interface out.
	Headless bool
	// Namespace that must exist; empty is "default".
	Namespace string
	// CodecEndpoint is the URL the web interface asks to decode payloads.
	CodecEndpoint string
	// BinaryPath of the temporal program; empty looks for one.
	BinaryPath string
	// Ephemeral keeps the database in memory and deletes Dir on Stop: a Restart
	// begins empty.
	Ephemeral bool
	// DynamicConfig are the server's own settings as key=JSON value.
	DynamicConfig []string
	// Logger tells of starts and stops; nil is slog.Default().
	Logger *slog.Logger
}

// Temporal is a private Temporal dev server.
type Temporal struct {
	config TemporalConfig
	binary string
	port   int
	uiPort int

	mu     sync.Mutex // guards the fields below and serialises Stop, Kill9 and Restart
	lock   *os.File   // nil when stopped for good
	server *child
}

// StartTemporal starts the dev server on the database file in config.Dir,
// which is created at the first time, and returns when it serves the namespace.
//
// Errors: ErrNoTemporal when there is no program; a directory in use by
// another process; a server that does not come up, with the end of its log.
func StartTemporal(ctx context.Context, config TemporalConfig) (*Temporal, error) {
	config.Logger = cmp.Or(config.Logger, slog.Default())
	config.Namespace = cmp.Or(config.Namespace, "default")
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return nil, fmt.Errorf("temporal directory: %w", err)
	}
	config.Dir = dir
	binary, err := findTemporal(config.BinaryPath)
	if err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	t := &Temporal{config: config, binary: binary, port: config.Port, uiPort: config.UIPort, lock: lock}
	if err := t.run(ctx); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return t, nil
}

func (t *Temporal) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startFor, errors.New("starting Temporal took too long"))
	defer cancel()
	began := time.Now()
	err := onFreePort(&t.port, func() error {
		return onFreePort(&t.uiPort, func() error { return t.startServer(ctx) })
	})
	if err != nil {
		return err
	}
	t.config.Logger.Info("temporal started",
		"address", t.Address(), "ui", t.UIURL(), "program", t.binary, "took", time.Since(began))
	return nil
}

func (t *Temporal) startServer(ctx context.Context) error {
	server, err := launch{
		name: "temporal", path: t.binary, args: t.args(),
		// It has no children, and the database file survives any end.
		onParentDeath: syscall.SIGKILL, logFile: t.logFile(),
	}.start()
	if err != nil {
		return err
	}
	if err := t.awaitServing(ctx, server); err != nil {
		server.kill()
		return err
	}
	t.server = server
	return nil
}

func (t *Temporal) args() []string {
	args := []string{
		"server", "start-dev", "--ip", "127.0.0.1", "--port", strconv.Itoa(t.port),
		"--namespace", t.config.Namespace, "--log-level", "warn", "--log-format", "json",
	}
	if t.config.Headless {
		args = append(args, "--headless")
	} else {
		args = append(args, "--ui-port", strconv.Itoa(t.uiPort))
	}
	if t.config.CodecEndpoint != "" {
		args = append(args, "--ui-codec-endpoint", t.config.CodecEndpoint)
	}
	if !t.config.Ephemeral {
		// Twice the rate of the default pragmas; a kill -9 loses nothing, a power
		// cut at most the last moments.
		args = append(args, "--db-filename", filepath.Join(t.config.Dir, "temporal.db"),
			"--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=1")
	}
	for _, setting := range t.config.DynamicConfig {
		args = append(args, "--dynamic-config-value", setting)
	}
	return args
}

// awaitServing waits until the frontend knows the namespace.
func (t *Temporal) awaitServing(ctx context.Context, server *child) error {
	conn, err := grpc.NewClient(t.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("reach temporal: %w", err)
	}
	defer conn.Close() //nolint:errcheck // nothing was written
	frontend := workflowservice.NewWorkflowServiceClient(conn)
	return server.await(ctx, func(ctx context.Context) error {
		// Each try is short: a half-started server may accept and not answer.
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		conn.ResetConnectBackoff()
		_, err := frontend.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: t.config.Namespace})
		return err
	})
}

// Address of the gRPC frontend, host:port.
func (t *Temporal) Address() string { return loopback(t.port) }

// UIURL is the address of the web interface, empty when there is none.
func (t *Temporal) UIURL() string {
	if t.config.Headless {
		return ""
	}
	return "http://" + loopback(t.uiPort)
}

// PID is the running server's.
func (t *Temporal) PID() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.server.pid()
}

// Exited is closed when the running server ends, whoever ended it. After
// Restart a new channel takes its place.
func (t *Temporal) Exited() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.server.exited
}

// Stop ends the server and frees the directory; an ephemeral one is deleted. A
// second call does nothing. When ctx, or 15 seconds, run out the server is
// killed, which loses no data, and Stop returns an error.
func (t *Temporal) Stop(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lock == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stopFor)
	defer cancel()
	err := t.server.stop(ctx, syscall.SIGTERM)
	if t.config.Ephemeral {
		err = errors.Join(err, os.RemoveAll(t.config.Dir))
	}
	err = errors.Join(err, t.lock.Close())
	t.lock = nil
	t.config.Logger.Info("temporal stopped", "address", t.Address())
	return err
}

// Kill9 kills the server at once and waits until it is gone.
func (t *Temporal) Kill9() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.server.kill()
	return nil
}

// Restart starts the server again on the same ports, stopping it in order if
// it runs. It fails after Stop.
func (t *Temporal) Restart(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lock == nil {
		return errors.New("restart temporal: it was stopped for good")
	}
	if err := t.server.stop(ctx, syscall.SIGTERM); err != nil {
		return err
	}
	return t.run(ctx)
}

func (t *Temporal) logFile() string { return filepath.Join(t.config.Dir, "temporal.log") }
