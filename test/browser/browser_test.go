// Package browser lets Chromium use the dashboard on a real stack. The stories are
// in journeys/, in JavaScript; this starts what they need and tells them where it is.
package browser

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

const (
	secret   = "a-shared-secret-of-24-ch"
	password = "correct horse battery staple"
)

func TestJourneys(t *testing.T) {
	t.Parallel()
	require.FileExists(t, filepath.Join(stack.Root(), "web", "dist", "index.html"), "the dashboard is not built: make web")
	require.DirExists(t, "node_modules", "playwright-core is missing: make web")
	s := stack.Start(t, stack.Options{NoFsync: true})
	site := s.NewSite(map[string]any{
		"name": "Harbour House", "timezone": "Europe/Berlin", "networks": []any{
			map[string]any{"ssid": "Harbour Guests", "kind": "open_portal", "portal_url": "https://portal.example"},
			map[string]any{"ssid": "Harbour Rooms", "kind": "wpa_psk", "psk": "pass;phrase"},
		},
	})
	ap, nasID := newNAS(t, s, site)
	guests := newNetwork(t, ap)
	users := map[string]any{}
	for _, role := range []string{"reception", "host", "site_manager", "cashier"} {
		user := map[string]any{"email": role + "@example.org", "name": role, "role": role, "password": password, "sites": []string{site}}
		s.Call("POST", "/api/v1/users", user, nil, 201)
		users[role] = map[string]string{"email": role + "@example.org", "password": password}
	}
	setup := newEmpty(t, s)
	control := httptest.NewServer(controls(s, ap, setup, guests))
	t.Cleanup(control.Close)
	told, err := json.Marshal(map[string]any{
		"url": s.URL(0), "token": s.Token, "site": site, "users": users, "control": control.URL, "setup": setup,
		"nas": nasID, "network": guests.URL(),
	})
	require.NoError(t, err)
	run(t, string(told))
}

// newNAS starts the site's agent and a simulated access point that asks it.
func newNAS(t *testing.T, s *stack.Stack, site string) (ap *nas.NAS, id string) {
	t.Helper()
	agent := s.NewAgent(site)
	ap, err := nas.New(nas.Config{
		Name: "ap-1", AuthAddr: agent.Auth, AcctAddr: agent.Acct, Secret: []byte(secret), SendMessageAuthenticator: true, SendAccounting: true,
	})
	require.NoError(t, err)
	require.NoError(t, ap.Start(t.Context()))
	t.Cleanup(ap.Stop)
	id = s.NewNAS(site, "127.0.0.1/32", secret, int(netip.MustParseAddrPort(ap.DASAddr()).Port()), nil)
	agent.Start()
	s.Connected(agent)
	return ap, id
}

// controls are what a story may do to the world: to the access point under /nas,
// to the empty deployment's under /setup, to the network of guests, and to the API's
// process.
func controls(s *stack.Stack, ap *nas.NAS, setup *empty, guests *network) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /portal", guests.point)
	mux.Handle("/setup/", http.StripPrefix("/setup", setup.world()))
	mux.Handle("/nas/", http.StripPrefix("/nas", ap.ControlHandler()))
	mux.HandleFunc("POST /invitation", invitation(s))
	mux.HandleFunc("POST /unsigned", func(_ http.ResponseWriter, r *http.Request) { unsigned(s.Agents[0], r) })
	mux.HandleFunc("POST /cut", func(http.ResponseWriter, *http.Request) { s.APIs[0].Kill9() })
	mux.HandleFunc("POST /restore", func(http.ResponseWriter, *http.Request) {
		s.APIs[0].Start()
		s.Ready()
	})
	return mux
}

func run(t *testing.T, told string) {
	t.Helper()
	// FOYER_JOURNEYS chooses some, such as setup or desk*, while one works on them.
	files, err := filepath.Glob("journeys/" + cmp.Or(os.Getenv("FOYER_JOURNEYS"), "*") + ".test.mjs")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	node := exec.CommandContext(t.Context(), "node", append([]string{"--test", "--test-concurrency=1", "--test-timeout=180000"}, files...)...)
	node.Env = append(os.Environ(), "FOYER_BROWSER="+told)
	output, err := node.CombinedOutput()
	t.Logf("%s", output) // with -v: how long each took
	require.NoError(t, err)
}
