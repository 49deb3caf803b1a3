package compose

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

const nasSecret = "a-shared-secret-of-24-ch"

// The graph of the file, as processes: what docker compose would start, in the
// order it would, serves a visit from check-in to confirmed disconnect, and again
// after one api and one worker were killed.
func TestTheGraphServesAVisit(t *testing.T) {
	t.Parallel()
	balancer := newBalancer(t)
	g := newGraph(t, balancer.port)
	g.up()
	for _, name := range []string{"api", "worker"} {
		require.Len(t, g.containers[name], 2)
		for _, c := range g.containers[name] {
			c.healthy()
		}
	}
	api := g.containers["api"]
	balancer.to(net.JoinHostPort(loopback, api[0].ports["8443"]), net.JoinHostPort(loopback, api[1].ports["8443"]))
	token := g.admin("token", "create", "test")
	g.requireRetention(30 * 24 * time.Hour)

	both := stack.Attach(t, token, api[0].url(), api[1].url())
	site := both.NewSite(nil)
	agent := g.enrol(both, site)
	accessPoint := newNAS(t, agent)
	das := netip.MustParseAddrPort(accessPoint.DASAddr())
	both.NewNAS(site, loopback+"/32", nasSecret, int(das.Port()), nil)

	t.Log("a visit")
	journey(t, both, site, agent, accessPoint, 1)

	t.Log("one api and one worker are killed; a visit")
	api[0].Kill9()
	g.containers["worker"][0].Kill9()
	rest := stack.Attach(t, token, api[1].url())
	rest.Connected(agent)
	journey(t, rest, site, agent, accessPoint, 2)
	require.Regexp(t, `"ok":\s*true`, g.admin("audit", "verify"))

	t.Log("they come back, as restart: unless-stopped would have them")
	for _, c := range []*container{api[0], g.containers["worker"][0]} {
		c.Start()
		c.healthy()
	}
	journey(t, both, site, agent, accessPoint, 3)

	g.print()
	t.Logf("Ran: %v, after the jobs %v.", g.running(), g.completed)
	for name, why := range g.left {
		t.Logf("Not run: %s, since %s.", name, why)
	}
	t.Log("Not imitated: the images of others (the programs are this machine's), users, read-only roots, capabilities, networks.")
	require.Equal(t, []string{"temporal-ui"}, slices.Sorted(maps.Keys(g.left)))
}

// requireRetention asks Temporal itself.
func (g *graph) requireRetention(want time.Duration) {
	g.t.Helper()
	address := net.JoinHostPort(loopback, g.port(g.primary["temporal"], "7233"))
	namespaces, err := client.NewNamespaceClient(client.Options{HostPort: address})
	require.NoError(g.t, err)
	defer namespaces.Close()
	ctx, cancel := context.WithTimeout(g.t.Context(), 30*time.Second)
	defer cancel()
	described, err := namespaces.Describe(ctx, "foyer")
	require.NoError(g.t, err)
	require.Equal(g.t, want, described.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration())
}

// enrol does what the head of the file says: a token from the API into the
// secrets directory, then the profile "agent".
func (g *graph) enrol(s *stack.Stack, site string) *stack.Agent {
	g.t.Helper()
	var made struct {
		ID             string `json:"id"`
		EnrolmentToken string `json:"enrolment_token"`
	}
	s.Call("POST", "/api/v1/sites/"+site+"/agents", map[string]any{"name": "rack 1"}, &made, 201)
	g.secret("foyer_enrolment_token", made.EnrolmentToken)
	g.profile("agent")
	c := g.containers["agent"][0]
	c.healthy()
	agent := &stack.Agent{
		Process: c.Process, ID: made.ID, Site: site,
		Auth: net.JoinHostPort(loopback, c.ports["1812"]), Acct: net.JoinHostPort(loopback, c.ports["1813"]),
	}
	s.Connected(agent)
	return agent
}

func newNAS(t *testing.T, a *stack.Agent) *nas.NAS {
	t.Helper()
	n, err := nas.New(nas.Config{
		Name: "ap-1", AuthAddr: a.Auth, AcctAddr: a.Acct, Secret: []byte(nasSecret), SendMessageAuthenticator: true, SendAccounting: true,
	})
	require.NoError(t, err)
	require.NoError(t, n.Start(t.Context()))
	t.Cleanup(n.Stop)
	return n
}

// journey is the short one: check-in, online, check-out, offline for certain.
func journey(t *testing.T, s *stack.Stack, site string, agent *stack.Agent, accessPoint *nas.NAS, guest byte) {
	t.Helper()
	began := time.Now()
	visitor := s.WalkIn(site, time.Hour)
	require.Equal(t, "ready", visitor.Network)
	credentials := "User-Name=" + visitor.Voucher.Username + ",User-Password=" + visitor.PasswordIn(s)
	accepted := s.Radclient(agent, nasSecret, credentials)
	require.True(t, accepted.Accepted, accepted.Text)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	mac := fmt.Sprintf("02-00-00-00-00-%02X", guest)
	login, err := accessPoint.Login(ctx, nas.Guest{
		MAC: mac, IP: netip.AddrFrom4([4]byte{10, 9, 0, guest}),
		Username: visitor.Voucher.Username, Password: visitor.PasswordIn(s), Method: nas.PAP,
	})
	require.NoError(t, err)
	require.True(t, login.Accepted)
	s.Eventually("the session is known", func() bool { return len(s.Detail(visitor.Visit.ID).Sessions) > 0 })

	require.Equal(t, "checked_out", s.Act(visitor.Visit.ID, "check-out", nil).Status)
	s.Eventually("rejected", func() bool { return s.Radclient(agent, nasSecret, credentials).Rejected })
	require.NoError(t, accessPoint.WaitOffline(ctx, mac))
	confirmed := slices.ContainsFunc(s.Sealed(visitor.Visit.ID).Terminations, func(x stack.Termination) bool { return x.State == "confirmed" })
	require.True(t, confirmed, "the disconnect is confirmed")
	s.AuditVerifies()
	t.Logf("from check-in to the sealed record in %s", time.Since(began).Round(time.Millisecond))
}

// balancer is the TCP balancer in front of the agents' listeners.
type balancer struct {
	port string

	mu       sync.Mutex // guards backends and open
	backends []string
	open     []net.Conn
}

func newBalancer(t *testing.T) *balancer {
	t.Helper()
	listener, err := net.Listen("tcp", loopback+":0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	b := &balancer{port: port}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			agent, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { b.serve(agent) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		b.mu.Lock()
		for _, conn := range b.open {
			_ = conn.Close()
		}
		b.mu.Unlock()
		serving.Wait()
	})
	return b
}

func (b *balancer) to(backends ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.backends = backends
}

// serve joins a connection to the first backend that takes it.
func (b *balancer) serve(agent net.Conn) {
	defer func() { _ = agent.Close() }()
	hub := b.dial()
	if hub == nil {
		return
	}
	defer func() { _ = hub.Close() }()
	b.mu.Lock()
	b.open = append(b.open, agent, hub)
	b.mu.Unlock()
	var copying sync.WaitGroup
	copying.Go(func() { _, _ = io.Copy(hub, agent); _ = hub.Close() })
	_, _ = io.Copy(agent, hub)
	_ = agent.Close()
	copying.Wait()
}

func (b *balancer) dial() net.Conn {
	b.mu.Lock()
	backends := slices.Clone(b.backends)
	b.mu.Unlock()
	for _, backend := range backends {
		if conn, err := net.DialTimeout("tcp", backend, time.Second); err == nil {
			return conn
		}
	}
	return nil
}
