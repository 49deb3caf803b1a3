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
	"syscall"
	"time"

	"go.temporal.io/api/workflowservice/v1"
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
	temporalService
	config  TemporalServerConfig
	binary  string
	sqlTool string
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
	t := &TemporalServer{config: config}
	if err := t.find(); err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	t.temporalService = temporalService{
		name: "temporal server", log: config.Logger, port: config.Port, stopWithin: serverStopFor, start: t.startServer, lock: lock,
	}
	if err := t.begin(ctx); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return t, nil
}

func (t *TemporalServer) begin(ctx context.Context) error {
	preparing, cancel := context.WithTimeoutCause(ctx, startFor, errors.New("preparing Temporal's database took too long"))
	defer cancel()
	if err := errors.Join(t.prepare(preparing), preparing.Err()); err != nil {
		return err
	}
	return t.run(ctx)
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

// startServer returns once the frontend answers.
func (t *TemporalServer) startServer(ctx context.Context) (server *child, err error) {
	err = onFreePort(&t.port, func() error {
		env, failed := t.env()
		if failed != nil {
			return failed
		}
		server, err = t.launch(ctx, launch{
			name: "temporal-server", path: t.binary, args: []string{"--allow-no-auth", "start"}, env: env, logFile: t.logFile(),
		}, func(ctx context.Context, frontend workflowservice.WorkflowServiceClient) error {
			_, err := frontend.ListNamespaces(ctx, &workflowservice.ListNamespacesRequest{PageSize: 1})
			return err
		})
		return err
	})
	return server, err
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

// serverStopFor is longer than the dev server's: four services drain one after
// the other.
const serverStopFor = time.Minute

func (t *TemporalServer) logFile() string { return filepath.Join(t.config.Dir, "temporal-server.log") }

func (t *TemporalServer) dynamicFile() string { return filepath.Join(t.config.Dir, "dynamic.yaml") }
