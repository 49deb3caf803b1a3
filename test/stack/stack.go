package stack

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/devstack"
)

// Options choose what runs. The zero value is one of each, with one site, one
// NAS and one enrolled agent.
type Options struct {
	APIs    int // default 1
	Workers int // default 1
	NoAgent bool
	// NoFsync makes Postgres faster, for tests that do not cut its power.
	NoFsync bool
	// TemporalOnPostgres runs Temporal as production does, on a Postgres of its
	// own, instead of the dev server.
	TemporalOnPostgres bool
	// Env is added to every process's environment.
	Env []string
}

// Temporal is either kind of Temporal server.
type Temporal interface {
	Address() string
	PID() int
	Kill9() error
	Restart(ctx context.Context) error
	Stop(ctx context.Context) error
}

// Stack is a running Foyer.
type Stack struct {
	t        testing.TB
	Dir      string
	Postgres *devstack.Postgres
	Temporal Temporal
	// TemporalPostgres is nil for the dev server, which keeps a file.
	TemporalPostgres *devstack.Postgres
	APIs             []*Process
	Workers          []*Process
	Agents           []*Agent
	Token            string
	Key              string
	Database         string // URL

	apiURLs   []string
	agentPort int
	metrics   []string
	env       []string
	extra     []string // Options.Env
}

// Agent is an agent process and where it answers.
type Agent struct {
	*Process
	ID         string
	Site       string
	Dir        string
	Auth, Acct string // host:port
	Metrics    string // URL
}

// startWithin bounds starting a service or a role; machines are small and busy.
const startWithin = 90 * time.Second

// Start starts everything and waits until the API is ready and the agent
// connected. What it started is stopped when the test ends.
func Start(t testing.TB, o Options) *Stack {
	t.Helper()
	s := &Stack{t: t, Dir: t.TempDir(), extra: o.Env}
	require.NoError(t, os.Chmod(s.Dir, 0o755)) //nolint:gosec // Postgres runs as another user
	s.services(o)
	s.Key = newKey(t)
	s.env = append([]string{
		"FOYER_DATABASE_URL=" + s.Database, "FOYER_KEY=" + s.Key, "FOYER_TEMPORAL_ADDRESS=" + s.Temporal.Address(),
		"FOYER_TEMPORAL_NAMESPACE=default", "FOYER_LOG_LEVEL=debug", "FOYER_REQUEST_RATE=1000", "FOYER_REQUEST_BURST=5000",
	}, o.Env...)
	s.Foyer("migrate")
	s.Token = strings.TrimSpace(s.Foyer("token", "create", "test"))
	s.agentPort = port(t)
	for i := range max(1, o.APIs) {
		s.addAPI(i)
	}
	for i := range max(1, o.Workers) {
		s.Workers = append(s.Workers, s.process(fmt.Sprintf("worker%d", i), []string{s.metricsListen()}, "worker"))
	}
	for _, p := range append(s.APIs, s.Workers...) {
		p.Start()
	}
	s.Ready()
	return s
}

func (s *Stack) services(o Options) {
	ctx, cancel := context.WithTimeout(s.t.Context(), startWithin)
	defer cancel()
	s.Postgres = s.postgres(ctx, "postgres", o.NoFsync)
	require.NoError(s.t, s.Postgres.CreateDatabase(ctx, "foyer"))
	s.Database = s.Postgres.URL("foyer")
	var err error
	if dir := filepath.Join(s.Dir, "temporal"); o.TemporalOnPostgres {
		s.TemporalPostgres = s.postgres(ctx, "temporal-postgres", o.NoFsync)
		s.Temporal, err = devstack.StartTemporalServer(ctx, devstack.TemporalServerConfig{Dir: dir, Postgres: s.TemporalPostgres, Logger: quiet})
	} else {
		s.Temporal, err = devstack.StartTemporal(ctx, devstack.TemporalConfig{Dir: dir, Headless: true, Logger: quiet})
	}
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = s.Temporal.Stop(context.Background()) })
}

var quiet = slog.New(slog.DiscardHandler)

// postgres starts a cluster in a directory of that name.
func (s *Stack) postgres(ctx context.Context, name string, noFsync bool) *devstack.Postgres {
	s.t.Helper()
	p, err := devstack.StartPostgres(ctx, devstack.PostgresConfig{
		Dir: filepath.Join(s.Dir, name), NoFsync: noFsync, Logger: quiet,
		Ephemeral: true, // run as root, the data may lie outside Dir
	})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = p.Stop(context.Background()) })
	return p
}

func newKey(t testing.TB) string {
	var key [32]byte
	_, err := rand.Read(key[:])
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(key[:])
}

func (s *Stack) addAPI(i int) {
	// Replicas share one agents' address in production; here each has its own,
	// and agents know the first.
	listen, agents := port(s.t), s.agentPort
	if i > 0 {
		agents = port(s.t)
	}
	url := fmt.Sprintf("http://127.0.0.1:%d", listen)
	s.apiURLs = append(s.apiURLs, url)
	s.APIs = append(s.APIs, s.process(fmt.Sprintf("api%d", i), []string{
		fmt.Sprintf("FOYER_LISTEN=127.0.0.1:%d", listen), "FOYER_PUBLIC_URL=" + url,
		fmt.Sprintf("FOYER_AGENT_LISTEN=127.0.0.1:%d", agents), fmt.Sprintf("FOYER_AGENT_URL=https://127.0.0.1:%d", s.agentPort),
		s.metricsListen(),
	}, "api"))
}

func (s *Stack) metricsListen() string {
	p := port(s.t)
	s.metrics = append(s.metrics, fmt.Sprintf("http://127.0.0.1:%d/metrics", p))
	return fmt.Sprintf("FOYER_METRICS_LISTEN=127.0.0.1:%d", p)
}

func (s *Stack) process(name string, env []string, args ...string) *Process {
	return NewProcess(s.t, s.Dir, name, append(append([]string{}, s.env...), env...), args...)
}

// Foyer runs a foyer command to its end and returns what it printed.
func (s *Stack) Foyer(args ...string) string {
	s.t.Helper()
	out, err := s.TryFoyer(args...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		require.NoError(s.t, err, "foyer %s: %s", strings.Join(args, " "), exit.Stderr)
	}
	require.NoError(s.t, err)
	return out
}

// TryFoyer is Foyer for a command that may fail.
func (s *Stack) TryFoyer(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), startWithin)
	defer cancel()
	command := exec.CommandContext(ctx, Binary(s.t), args...)
	command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.Dir}, s.env...)
	out, err := command.Output()
	return string(out), err
}

// Ready waits until every API is ready.
func (s *Stack) Ready() {
	s.t.Helper()
	for i := range s.APIs {
		s.Eventually("api ready", func() bool { return s.try(i, "GET", "/readyz", nil, nil, "") == 200 })
	}
}

// Eventually waits for a condition, generously: it is a limit, not a measure.
func (s *Stack) Eventually(what string, condition func() bool) {
	s.t.Helper()
	require.Eventually(s.t, condition, startWithin, 50*time.Millisecond, what)
}

// AddAgent makes an agent of the site, enrols it by its token, and waits until
// it is connected.
func (s *Stack) AddAgent(site string) *Agent {
	s.t.Helper()
	a := s.NewAgent(site)
	a.Start()
	s.Connected(a)
	return a
}

// NewAgent makes an agent of the site without starting it.
func (s *Stack) NewAgent(site string) *Agent {
	s.t.Helper()
	var made struct {
		ID             string `json:"id"`
		EnrolmentToken string `json:"enrolment_token"`
	}
	name := fmt.Sprintf("agent%d", len(s.Agents))
	s.Call("POST", "/api/v1/sites/"+site+"/agents", map[string]any{"name": name}, &made, 201)
	a := &Agent{
		ID: made.ID, Site: site, Dir: filepath.Join(s.Dir, name+"-data"),
		Auth: fmt.Sprintf("127.0.0.1:%d", udpPort(s.t)), Acct: fmt.Sprintf("127.0.0.1:%d", udpPort(s.t)),
	}
	metrics := port(s.t)
	a.Metrics = fmt.Sprintf("http://127.0.0.1:%d/metrics", metrics)
	a.Process = NewProcess(s.t, s.Dir, name, append([]string{
		"FOYER_DATA_DIR=" + a.Dir, "FOYER_ENROLMENT_TOKEN=" + made.EnrolmentToken, "FOYER_LOG_LEVEL=debug",
		"FOYER_RADIUS_AUTH_LISTEN=" + a.Auth, "FOYER_RADIUS_ACCT_LISTEN=" + a.Acct,
		fmt.Sprintf("FOYER_METRICS_LISTEN=127.0.0.1:%d", metrics),
	}, s.extra...), "agent")
	s.Agents = append(s.Agents, a)
	return a
}

// Connected waits until the API shows the agent as connected.
func (s *Stack) Connected(a *Agent) {
	s.t.Helper()
	s.Eventually("agent connected", func() bool { return s.AgentState(a) == "connected" })
}

// AgentState is the agent's state as the API shows it.
func (s *Stack) AgentState(a *Agent) string {
	s.t.Helper()
	var list struct {
		Items []struct{ ID, State string }
	}
	if s.try(0, "GET", "/api/v1/sites/"+a.Site+"/agents", nil, &list, "") != 200 {
		return ""
	}
	for _, item := range list.Items {
		if item.ID == a.ID {
			return item.State
		}
	}
	return ""
}

// port returns a free TCP port of loopback.
func port(t testing.TB) int {
	t.Helper()
	p, err := devstack.FreePort()
	require.NoError(t, err)
	return p
}

func udpPort(t testing.TB) int {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	return int(netip.MustParseAddrPort(conn.LocalAddr().String()).Port())
}

// MetricsURLs are those of every role.
func (s *Stack) MetricsURLs() []string {
	urls := append([]string{}, s.metrics...)
	for _, a := range s.Agents {
		urls = append(urls, a.Metrics)
	}
	return urls
}
