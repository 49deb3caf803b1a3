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

	"go.temporal.io/api/workflowservice/v1"
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
	temporalService
	config TemporalConfig
	binary string
	uiPort int
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
	t := &Temporal{config: config, binary: binary, uiPort: config.UIPort}
	t.temporalService = temporalService{
		name: "temporal", log: config.Logger, port: config.Port, stopWithin: stopFor, start: t.startServer, lock: lock,
	}
	if config.Ephemeral {
		t.cleanUp = func() error { return os.RemoveAll(dir) }
	}
	if err := t.run(ctx); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return t, nil
}

// startServer returns once the frontend knows the namespace.
func (t *Temporal) startServer(ctx context.Context) (server *child, err error) {
	err = onFreePort(&t.port, func() error {
		return onFreePort(&t.uiPort, func() error {
			server, err = t.launch(ctx, launch{name: "temporal", path: t.binary, args: t.args(), logFile: t.logFile()},
				func(ctx context.Context, frontend workflowservice.WorkflowServiceClient) error {
					_, err := frontend.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: t.config.Namespace})
					return err
				})
			return err
		})
	})
	return server, err
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

// UIURL is the address of the web interface, empty when there is none.
func (t *Temporal) UIURL() string {
	if t.config.Headless {
		return ""
	}
	return "http://" + loopback(t.uiPort)
}

func (t *Temporal) logFile() string { return filepath.Join(t.config.Dir, "temporal.log") }
