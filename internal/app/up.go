package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/foyerhq/foyer/internal/devstack"
)

// UpCommand runs everything on one machine: a private Postgres and Temporal,
// the api, worker and agent roles, and a demo site whose guests come and go at
// a simulated NAS, with a portal to try.
type UpCommand struct {
	Dir      string `help:"Where data, secrets and foyer.json are kept." default:"var" env:"FOYER_UP_DIR" type:"path"`
	PortBase int    `help:"First of the 16 ports to use instead of the usual ones." env:"FOYER_PORT_BASE"`
	Host     string `help:"Address to bind the API and RADIUS to; others stay on loopback." default:"127.0.0.1" env:"FOYER_UP_HOST"`
	NoDemo   bool   `help:"No demo site." env:"FOYER_NO_DEMO"`
	NoGuests bool   `help:"A demo site without guests of its own." env:"FOYER_NO_GUESTS"`

	DatabaseURL     string `help:"Use this Postgres instead of a private one." env:"FOYER_DATABASE_URL" secret:""`
	TemporalAddress string `help:"Use this Temporal instead of a private one." env:"FOYER_TEMPORAL_ADDRESS"`
	TLSCert         string `name:"tls-cert" help:"Certificate file of the API." env:"FOYER_TLS_CERT" type:"path"`
	TLSKey          string `name:"tls-key" help:"Key file of the API." env:"FOYER_TLS_KEY" type:"path"`

	Mail
	Outward
}

// upPorts are the ports `foyer up` uses, in the order of --port-base.
type upPorts struct {
	api, agents, auth, acct, das, control   int
	postgres, temporal, temporalUI, codec   int
	apiMetrics, workerMetrics, agentMetrics int
	hotspot                                 int
}

func (c *UpCommand) ports() upPorts {
	if b := c.PortBase; b > 0 {
		return upPorts{b, b + 1, b + 2, b + 3, b + 4, b + 5, b + 6, b + 7, b + 8, b + 9, b + 10, b + 11, b + 12, b + 13}
	}
	return upPorts{8080, 8443, 1812, 1813, 3799, 3780, 5466, 7233, 8233, 8234, 9090, 9091, 9092, 3990}
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

var errDemoHost = errors.New("the demo is for loopback only, because its secrets stand in a file and its guests are made up: add --no-demo")

// Run starts everything, prints where it is, and stops it all when ctx ends.
func (c *UpCommand) Run(ctx context.Context, p *Program) error {
	if !c.NoDemo && !loopback(net.JoinHostPort(c.Host, "0")) {
		return errDemoHost
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	state, err := openState(filepath.Join(c.Dir, "up.json"))
	if err != nil {
		return err
	}
	u := &up{UpCommand: c, program: p, ports: c.ports(), state: state, log: p.Logger}
	defer u.stopServices(context.WithoutCancel(ctx))
	if err := u.startServices(ctx); err != nil {
		return err
	}
	if err := u.migrate(ctx); err != nil {
		return err
	}
	if err := u.prepare(ctx); err != nil {
		return err
	}
	return u.serve(ctx)
}

// up is one run of UpCommand.
type up struct {
	*UpCommand
	program  *Program
	ports    upPorts
	state    *upState
	log      *slog.Logger
	postgres *devstack.Postgres // nil: somebody else's
	temporal *devstack.Temporal // nil: somebody else's
	sim      *simulator         // nil without the demo
}

func (u *up) startServices(ctx context.Context) (err error) {
	if u.DatabaseURL == "" {
		u.postgres, err = devstack.StartPostgres(ctx, devstack.PostgresConfig{
			Dir: filepath.Join(u.Dir, "postgres"), Port: u.ports.postgres, Logger: u.log,
		})
		if err != nil {
			return err
		}
		if err := u.postgres.CreateDatabase(ctx, "foyer"); err != nil {
			return err
		}
		u.DatabaseURL = u.postgres.URL("foyer")
	}
	if u.TemporalAddress == "" {
		u.temporal, err = devstack.StartTemporal(ctx, devstack.TemporalConfig{
			Dir: filepath.Join(u.Dir, "temporal"), Port: u.ports.temporal, UIPort: u.ports.temporalUI,
			CodecEndpoint: "http://" + local(u.ports.codec), Logger: u.log,
		})
		if err != nil {
			return err
		}
		u.TemporalAddress = u.temporal.Address()
	}
	return nil
}

// stopServices stops what startServices started, last first.
func (u *up) stopServices(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if u.temporal != nil {
		if err := u.temporal.Stop(ctx); err != nil {
			u.log.Warn("Temporal did not stop in order", "error", err)
		}
	}
	if u.postgres != nil {
		if err := u.postgres.Stop(ctx); err != nil {
			u.log.Warn("Postgres did not stop in order", "error", err)
		}
	}
}

func (u *up) database() Database {
	return Database{URL: u.DatabaseURL, Key: u.state.Key, MaxConns: 16}
}

func (u *up) durable() Temporal { return Temporal{Address: u.TemporalAddress, Namespace: "default"} }

func (u *up) migrate(ctx context.Context) error {
	c := MigrateCommand{Database: u.database(), Temporal: u.durable(), Retention: 30 * 24 * time.Hour, Within: 2 * time.Minute}
	return c.Run(ctx, u.program)
}

// serve runs the roles until ctx ends or one of them fails.
func (u *up) serve(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return u.api().Run(ctx, u.program) })
	group.Go(func() error { return u.worker().Run(ctx, u.program) })
	group.Go(func() error { return u.exited(ctx) })
	if !u.NoDemo {
		group.Go(func() error { return u.agent().Run(ctx, u.program) })
		group.Go(func() error { return u.sim.run(ctx) })
	}
	group.Go(func() error { return u.announce(ctx) })
	return group.Wait()
}

// exited ends everything when a service ends that this run depends on.
func (u *up) exited(ctx context.Context) error {
	var postgres, temporal <-chan struct{}
	if u.postgres != nil {
		postgres = u.postgres.Exited()
	}
	if u.temporal != nil {
		temporal = u.temporal.Exited()
	}
	select {
	case <-postgres:
		return errors.New("Postgres ended; its log is in " + filepath.Join(u.Dir, "postgres"))
	case <-temporal:
		return errors.New("Temporal ended; its log is in " + filepath.Join(u.Dir, "temporal"))
	case <-ctx.Done():
		return nil
	}
}

func (u *up) api() *APICommand {
	address := net.JoinHostPort(u.Host, strconv.Itoa(u.ports.api))
	return &APICommand{
		Database: u.database(), Temporal: u.durable(),
		HTTP: HTTP{
			Listen: address, Public: u.public(), TLSCert: u.TLSCert, TLSKey: u.TLSKey,
			RequestRate: 200, RequestBurst: 1000, ShutdownWithin: 15 * time.Second,
		},
		AgentListener: AgentListener{AgentListen: local(u.ports.agents), AgentHosts: []string{"127.0.0.1", "localhost"}, AgentURL: u.agentURL()},
		Codec:         Codec{CodecListen: local(u.ports.codec), CodecOrigin: u.temporalUI(), TemporalUI: u.temporalUI()},
		Outward:       u.Outward,
		Sender:        u.sender(),
		Observability: Observability{MetricsListen: local(u.ports.apiMetrics)},
	}
}

// sender is nobody where there is no server to send by.
func (u *up) sender() Sender {
	if u.SMTPURL == "" {
		return Sender{}
	}
	return u.Sender
}

func (u *up) public() Public {
	scheme := "http://"
	if u.TLSCert != "" {
		scheme = "https://"
	}
	return Public{PublicURL: scheme + net.JoinHostPort(u.Host, strconv.Itoa(u.ports.api))}
}

func (u *up) agentURL() string { return "https://" + local(u.ports.agents) }

func (u *up) temporalUI() string {
	if u.temporal == nil {
		return ""
	}
	return u.temporal.UIURL()
}

func (u *up) worker() *WorkerCommand {
	return &WorkerCommand{
		Database: u.database(), Temporal: u.durable(), Public: u.public(), Mail: u.Mail, Outward: u.Outward,
		Purging: Purging{PurgeHour: 3, Rewrite: Rewrite{PurgeRewrite: 512}}, Activities: 64, Calls: 64, Workflows: 2000,
		Observability: Observability{MetricsListen: local(u.ports.workerMetrics)},
	}
}

func (u *up) agent() *AgentCommand {
	return &AgentCommand{
		DataDir: filepath.Join(u.Dir, "agent"), EnrolmentToken: u.state.enrolment,
		AuthListen:    net.JoinHostPort(u.Host, strconv.Itoa(u.ports.auth)),
		AcctListen:    net.JoinHostPort(u.Host, strconv.Itoa(u.ports.acct)),
		Observability: Observability{MetricsListen: local(u.ports.agentMetrics)},
	}
}

// announce waits for the API, writes foyer.json and tells people where all is.
func (u *up) announce(ctx context.Context) error {
	health := HealthCommand{URL: "http://" + local(u.ports.apiMetrics) + "/healthz"}
	limit, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := untilAnswered(limit, func() error { return health.Run(limit) }); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("the API did not come up: %w", err)
	}
	facts := u.facts()
	if err := facts.write(filepath.Join(u.Dir, "foyer.json")); err != nil {
		return err
	}
	facts.print(u.program.Out, u.Dir)
	return nil
}
