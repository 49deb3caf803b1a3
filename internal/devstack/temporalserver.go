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

// TemporalServerConfig says how to run a Temporal server on Postgres: what
// production has, as one process.
type TemporalServerConfig struct {
	// Dir holds the log, the dynamic configuration and the lock. Required.
	Dir string
	// Postgres gets the databases temporal and temporal_visibility. Required; it
	// must outlive the server.
	Postgres *Postgres
	// Port of the gRPC frontend on 127.0.0.1; 0 picks a free one.
	Port int
	// HistoryShards are fixed at the first start; 0 is 4.
	HistoryShards int
	// Env is added to the server's environment and wins over what this package
	// sets: the names are those of the server's own configuration template.
	Env []string
	// Logger tells of starts and stops; nil is slog.Default().
	Logger *slog.Logger
}

// TemporalServer is a private Temporal server whose state lies in Postgres. It
// starts without a namespace; `foyer migrate` makes one.
type TemporalServer struct {
	config  TemporalServerConfig
	binary  string
	sqlTool string
	port    int

	mu     sync.Mutex // guards the fields below and serialises Stop, Kill9 and Restart
	lock   *os.File   // nil when stopped for good
	server *child
}

// StartTemporalServer brings the schema up to date, starts the server and
// returns when its frontend answers.
//
// Errors: ErrNoTemporalServer when the programs are missing; a directory in use
// by another process; a schema that cannot be made or a server that does not
// come up, with the end of its log.
func StartTemporalServer(ctx context.Context, config TemporalServerConfig) (*TemporalServer, error) {
	config.Logger = cmp.Or(config.Logger, slog.Default())
	config.HistoryShards = cmp.Or(config.HistoryShards, 4)
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return nil, fmt.Errorf("temporal directory: %w", err)
	}
	config.Dir = dir
	t := &TemporalServer{config: config, port: config.Port}
	if err := t.find(); err != nil {
		return nil, err
	}
	if t.lock, err = lockDir(dir); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startFor, errors.New("starting the Temporal server took too long"))
	defer cancel()
	if err := errors.Join(t.prepare(ctx), ctx.Err()); err != nil {
		return nil, errors.Join(err, t.lock.Close())
	}
	if err := t.run(ctx); err != nil {
		return nil, errors.Join(err, t.lock.Close())
	}
	return t, nil
}

func (t *TemporalServer) find() (err error) {
	if t.binary, err = findBuilt("temporal-server"); err != nil {
		return err
	}
	if t.sqlTool, err = findBuilt("temporal-sql-tool"); err != nil {
		return err
	}
	if t.binary == "" || t.sqlTool == "" {
		return ErrNoTemporalServer
	}
	return nil
}

// prepare makes what the server needs to find: a file that changes none of its
// settings, and the two databases with the current schema.
func (t *TemporalServer) prepare(ctx context.Context) error {
	if err := os.WriteFile(t.dynamicFile(), []byte("{}\n"), 0o600); err != nil {
		return fmt.Errorf("write the dynamic configuration: %w", err)
	}
	for database, schema := range map[string]string{"temporal": "temporal", "temporal_visibility": "visibility"} {
		if err := t.config.Postgres.CreateDatabase(ctx, database); err != nil {
			return err
		}
		// Both do nothing where the schema is there and current.
		for _, args := range [][]string{
			{"--database", database, "setup-schema", "--version", "0.0"},
			{"--database", database, "update-schema", "--schema-name", "postgresql/v12/" + schema},
		} {
			if err := t.sql(ctx, args); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *TemporalServer) sql(ctx context.Context, args []string) error {
	tool, err := launch{
		name: "temporal-sql-tool", path: t.sqlTool, args: args, onParentDeath: syscall.SIGKILL, logFile: t.logFile(),
		env: []string{
			"SQL_PLUGIN=" + sqlPlugin, "SQL_HOST=127.0.0.1", "SQL_PORT=" + strconv.Itoa(t.config.Postgres.Port()),
			"SQL_USER=" + superuser, "SQL_PASSWORD=" + t.config.Postgres.password,
		},
	}.start()
	if err != nil {
		return err
	}
	select {
	case <-tool.exited:
	case <-ctx.Done():
		tool.kill()
		return fmt.Errorf("temporal schema: %w", context.Cause(ctx))
	}
	if !tool.cmd.ProcessState.Success() {
		return fmt.Errorf("temporal schema: %s", tail(t.logFile()))
	}
	return nil
}

// sqlPlugin is the server's driver for Postgres 12 and later.
const sqlPlugin = "postgres12"

func (t *TemporalServer) run(ctx context.Context) error {
	began := time.Now()
	if err := onFreePort(&t.port, func() error { return t.startServer(ctx) }); err != nil {
		return err
	}
	t.config.Logger.Info("temporal server started", "address", t.Address(), "program", t.binary, "took", time.Since(began))
	return nil
}

func (t *TemporalServer) startServer(ctx context.Context) error {
	env, err := t.env()
	if err != nil {
		return err
	}
	server, err := launch{
		name: "temporal-server", path: t.binary, args: []string{"--allow-no-auth", "start"}, env: env,
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

// env fills the template that the server carries in itself, as its container
// image does.
func (t *TemporalServer) env() ([]string, error) {
	env := []string{
		"DB=" + sqlPlugin, "POSTGRES_SEEDS=127.0.0.1", "DB_PORT=" + strconv.Itoa(t.config.Postgres.Port()),
		"POSTGRES_USER=" + superuser, "POSTGRES_PWD=" + t.config.Postgres.password,
		"NUM_HISTORY_SHARDS=" + strconv.Itoa(t.config.HistoryShards), "BIND_ON_IP=127.0.0.1", "LOG_LEVEL=warn",
		"DYNAMIC_CONFIG_FILE_PATH=" + t.dynamicFile(), "FRONTEND_GRPC_PORT=" + strconv.Itoa(t.port),
	}
	for _, name := range []string{
		"FRONTEND_HTTP_PORT", "FRONTEND_MEMBERSHIP_PORT", "HISTORY_GRPC_PORT", "HISTORY_MEMBERSHIP_PORT",
		"MATCHING_GRPC_PORT", "MATCHING_MEMBERSHIP_PORT", "WORKER_GRPC_PORT", "WORKER_MEMBERSHIP_PORT",
	} {
		port, err := FreePort()
		if err != nil {
			return nil, err
		}
		env = append(env, name+"="+strconv.Itoa(port))
	}
	return append(env, t.config.Env...), nil
}

// awaitServing waits until the frontend answers.
func (t *TemporalServer) awaitServing(ctx context.Context, server *child) error {
	conn, err := grpc.NewClient(t.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("reach temporal: %w", err)
	}
	defer conn.Close() //nolint:errcheck // nothing was written
	frontend := workflowservice.NewWorkflowServiceClient(conn)
	return server.await(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		conn.ResetConnectBackoff()
		_, err := frontend.ListNamespaces(ctx, &workflowservice.ListNamespacesRequest{PageSize: 1})
		return err
	})
}

// Address of the gRPC frontend, host:port.
func (t *TemporalServer) Address() string { return loopback(t.port) }

// PID is the running server's.
func (t *TemporalServer) PID() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.server.pid()
}

// serverStopFor is longer than the dev server's: four services drain one after
// the other.
const serverStopFor = time.Minute

// Stop ends the server and frees the directory; the databases stay. A second
// call does nothing. When ctx, or a minute, run out the server is killed,
// which loses no data, and Stop returns an error.
func (t *TemporalServer) Stop(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lock == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, serverStopFor)
	defer cancel()
	err := errors.Join(t.server.stop(ctx, syscall.SIGTERM), t.lock.Close())
	t.lock = nil
	t.config.Logger.Info("temporal server stopped", "address", t.Address())
	return err
}

// Kill9 kills the server at once and waits until it is gone.
func (t *TemporalServer) Kill9() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.server.kill()
	return nil
}

// Restart starts the server again on the same port, stopping it in order if it
// runs. It fails after Stop.
func (t *TemporalServer) Restart(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lock == nil {
		return errors.New("restart the temporal server: it was stopped for good")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startFor, errors.New("restarting the Temporal server took too long"))
	defer cancel()
	if err := t.server.stop(ctx, syscall.SIGTERM); err != nil {
		return err
	}
	return t.run(ctx)
}

func (t *TemporalServer) logFile() string { return filepath.Join(t.config.Dir, "temporal-server.log") }

func (t *TemporalServer) dynamicFile() string { return filepath.Join(t.config.Dir, "dynamic.yaml") }
