package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/devstack"
	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

// empty is a deployment in which nothing is but its first administrator: an API on
// a database of its own. It has no Temporal, which the first login does not need.
type empty struct {
	t   *testing.T
	dir string
	URL string `json:"url"`
	// What the first administrator signs in with.
	User map[string]string `json:"user"`
}

func newEmpty(t *testing.T, s *stack.Stack) *empty {
	t.Helper()
	e := &empty{t: t, dir: t.TempDir(), User: map[string]string{"email": "first@example.org", "password": password}}
	require.NoError(t, s.Postgres.CreateDatabase(t.Context(), "empty"))
	api, agents, metrics := tcpPort(t), tcpPort(t), tcpPort(t)
	e.URL = fmt.Sprintf("http://127.0.0.1:%d", api)
	env := []string{
		"FOYER_DATABASE_URL=" + s.Postgres.URL("empty"), "FOYER_KEY=" + s.Key, "FOYER_TEMPORAL_ADDRESS=127.0.0.1:1",
		fmt.Sprintf("FOYER_LISTEN=127.0.0.1:%d", api), "FOYER_PUBLIC_URL=" + e.URL,
		fmt.Sprintf("FOYER_AGENT_LISTEN=127.0.0.1:%d", agents), fmt.Sprintf("FOYER_AGENT_URL=https://127.0.0.1:%d", agents),
		fmt.Sprintf("FOYER_METRICS_LISTEN=127.0.0.1:%d", metrics), "FOYER_ADMIN_PASSWORD=" + password,
	}
	e.foyer(env, "migrate", "--skip-temporal")
	e.foyer(env, "admin", "create", e.User["email"])
	stack.NewProcess(t, e.dir, "setup-api", env, "api").Start()
	s.Eventually("the empty deployment's API", func() bool {
		answer, err := http.Get(e.URL + "/readyz") //nolint:noctx // loopback
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	return e
}

func (e *empty) foyer(env []string, args ...string) {
	e.t.Helper()
	command := exec.CommandContext(e.t.Context(), stack.Binary(e.t), args...)
	command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + e.dir}, env...)
	out, err := command.CombinedOutput()
	require.NoError(e.t, err, "%s", out)
}

// world lets the story do what the page tells a person to do: start the agent by
// the command, and enter the agent at the access point.
func (e *empty) world() http.Handler {
	auth, acct := udpAddress(e.t), udpAddress(e.t)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /agent", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Command string }
		require.NoError(e.t, json.NewDecoder(r.Body).Decode(&in))
		fields := bytes.Fields([]byte(in.Command)) // VARIABLE=value foyer agent
		if len(fields) != 3 || string(fields[1]) != "foyer" || string(fields[2]) != "agent" {
			http.Error(w, "not the command of an agent", http.StatusUnprocessableEntity)
			return
		}
		stack.NewProcess(e.t, e.dir, "setup-agent", []string{
			string(fields[0]), "FOYER_DATA_DIR=" + filepath.Join(e.dir, "agent-data"), "FOYER_METRICS_LISTEN=",
			"FOYER_RADIUS_AUTH_LISTEN=" + auth, "FOYER_RADIUS_ACCT_LISTEN=" + acct,
		}, "agent").Start()
	})
	mux.HandleFunc("POST /access-point", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Secret string }
		require.NoError(e.t, json.NewDecoder(r.Body).Decode(&in))
		ap, err := nas.New(nas.Config{
			Name: "lobby", AuthAddr: auth, AcctAddr: acct, Secret: []byte(in.Secret), SendMessageAuthenticator: true, SendAccounting: true,
		})
		require.NoError(e.t, err)
		require.NoError(e.t, ap.Start(context.WithoutCancel(r.Context())))
		e.t.Cleanup(ap.Stop)
		mux.Handle("/nas/", http.StripPrefix("/nas", ap.ControlHandler()))
		_ = json.NewEncoder(w).Encode(map[string]any{"port": netip.MustParseAddrPort(ap.DASAddr()).Port()})
	})
	return mux
}

func tcpPort(t *testing.T) int {
	t.Helper()
	p, err := devstack.FreePort()
	require.NoError(t, err)
	return p
}

// udpAddress is free at the moment.
func udpAddress(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // loopback
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	return conn.LocalAddr().String()
}
