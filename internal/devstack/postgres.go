package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Limits of starting and stopping when the caller's context has none.
const (
	startFor = time.Minute
	stopFor  = 15 * time.Second
)

// PostgresConfig says how to run a private Postgres.
type PostgresConfig struct {
	// Dir holds the cluster, its password, log and lock. Required. Run as root,
	// the data itself may lie elsewhere; see StartPostgres.
	Dir string
	// Port on 127.0.0.1; 0 picks a free one.
	Port int
	// NoFsync trades the data's safety over a power cut for speed; for tests
	// that do not cut the power. A kill -9 loses nothing even so.
	NoFsync bool
	// Ephemeral deletes the directory and the data when the service stops.
	Ephemeral bool
	// Logger tells of starts and stops; nil is slog.Default().
	Logger *slog.Logger
}

// Postgres is a private Postgres server.
type Postgres struct {
	config   PostgresConfig
	cluster  cluster
	password string
	port     int

	mu     sync.Mutex // guards the fields below and serialises Stop, Kill9 and Restart
	lock   *os.File   // nil when stopped for good
	server *child
}

// StartPostgres starts the cluster in config.Dir, creating it at the first
// time, and returns when it answers queries. What an earlier parent that was
// killed may have left running there is ended first.
//
// As root the server runs as the user postgres, or nobody; when that user
// cannot reach config.Dir the data lies in a private directory under /var/tmp
// whose name is derived from the path of config.Dir, and a log line says so.
//
// Errors: ErrNoPostgres when no server is installed; a directory in use by
// another process; a server that does not come up, with the end of its log.
func StartPostgres(ctx context.Context, config PostgresConfig) (*Postgres, error) {
	config.Logger = cmp.Or(config.Logger, slog.Default())
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return nil, fmt.Errorf("postgres directory: %w", err)
	}
	config.Dir = dir
	bin, err := findPostgres()
	if err != nil {
		return nil, err
	}
	account, err := postgresAccount()
	if err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	p := &Postgres{
		config: config, port: config.Port, lock: lock,
		cluster: cluster{base: dir, bin: bin, account: account, logger: config.Logger},
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startFor, errors.New("starting Postgres took too long"))
	defer cancel()
	if err := p.prepare(ctx); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if err := p.run(ctx); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return p, nil
}

func (p *Postgres) prepare(ctx context.Context) error {
	if err := p.cluster.locate(); err != nil {
		return err
	}
	password, fresh, err := p.cluster.password()
	if err == nil && fresh {
		err = p.cluster.setAside(ctx)
	}
	if err != nil {
		return err
	}
	p.password = password
	return p.cluster.ensure(ctx, password, !p.config.NoFsync)
}

// run starts the server, on another port if the one we picked was taken
// between picking and binding.
func (p *Postgres) run(ctx context.Context) error {
	began := time.Now()
	if err := killIn(ctx, p.cluster.data); err != nil {
		return err
	}
	if err := clearStalePID(p.cluster.data); err != nil {
		return err
	}
	err := onFreePort(&p.port, func() error { return p.startServer(ctx) })
	if err != nil {
		return err
	}
	p.config.Logger.Info("postgres started",
		"address", loopback(p.port), "data", p.cluster.data, "took", time.Since(began))
	return nil
}

func (p *Postgres) startServer(ctx context.Context) error {
	settings := []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(p.port), "unix_socket_directories=",
		"max_connections=200", "fsync=" + onOff(!p.config.NoFsync), "log_min_messages=warning",
		"log_timezone=UTC", "timezone=UTC",
	}
	args := []string{"-D", p.cluster.data}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	server, err := launch{
		name: "postgres", path: filepath.Join(p.cluster.bin, "postgres"), args: args, account: p.cluster.account,
		// Immediate shutdown: the postmaster takes its own children along.
		onParentDeath: syscall.SIGQUIT, logFile: p.cluster.logFile(),
	}.start()
	if err != nil {
		return err
	}
	if err := server.await(ctx, p.ping); err != nil {
		server.kill()
		return err
	}
	p.server = server
	return nil
}

func (p *Postgres) ping(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, p.URL("postgres"))
	if err != nil {
		return err
	}
	return errors.Join(conn.Ping(ctx), conn.Close(ctx))
}

// URL is the address of a database for the superuser, password included: do
// not log it. Every cluster has the database "postgres".
func (p *Postgres) URL(database string) string {
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, p.password),
		Host: loopback(p.port), Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return address.String()
}

// Port is the server's port on 127.0.0.1.
func (p *Postgres) Port() int { return p.port }

// PID is the postmaster's; its backends are its children.
func (p *Postgres) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.server.pid()
}

// CreateDatabase creates a database unless it exists.
func (p *Postgres) CreateDatabase(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, p.URL("postgres"))
	if err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the database exists or the error is known
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	const duplicateDatabase = "42P04"
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && refusal.Code == duplicateDatabase {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// Exited is closed when the running server ends, whoever ended it. After
// Restart a new channel takes its place.
func (p *Postgres) Exited() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.server.exited
}

// Stop ends the server in order, closing connections, and frees the directory;
// an ephemeral one is deleted. A second call does nothing. When ctx, or 15
// seconds, run out the server is killed, which loses no data, and Stop returns
// an error.
func (p *Postgres) Stop(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lock == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stopFor)
	defer cancel()
	err := p.server.stop(ctx, syscall.SIGINT)
	// A killed postmaster's children notice by themselves, but not at once.
	err = errors.Join(err, p.killRest())
	if p.config.Ephemeral {
		err = errors.Join(err, p.cluster.remove())
	}
	err = errors.Join(err, p.lock.Close())
	p.lock = nil
	p.config.Logger.Info("postgres stopped", "data", p.cluster.data)
	return err
}

// Kill9 kills the server and all its processes at once, as a power cut would,
// and waits until they are gone. Restart, or a start on the same directory
// after Stop, recovers the data.
func (p *Postgres) Kill9() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.server.kill()
	return p.killRest()
}

// killRest ends what the postmaster leaves behind. It has its own limit: it is
// needed most when the caller's context has ended.
func (p *Postgres) killRest() error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), stopFor, errors.New("ending Postgres took too long"))
	defer cancel()
	return killIn(ctx, p.cluster.data)
}

// Restart starts the server again on the same port, stopping it in order if it
// runs. It fails after Stop.
func (p *Postgres) Restart(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lock == nil {
		return errors.New("restart postgres: it was stopped for good")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startFor, errors.New("restarting Postgres took too long"))
	defer cancel()
	if err := p.server.stop(ctx, syscall.SIGINT); err != nil {
		return err
	}
	return p.run(ctx)
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// onFreePort calls start, which reads *port. A port of 0 is picked, and picked
// again a few times if start fails while somebody else sits on the port.
func onFreePort(port *int, start func() error) error {
	if *port != 0 {
		return start()
	}
	for attempt := 1; ; attempt++ {
		picked, err := FreePort()
		if err != nil {
			return err
		}
		*port = picked
		err = start()
		if err == nil || attempt == 5 || portIsFree(picked) {
			return err
		}
	}
}
