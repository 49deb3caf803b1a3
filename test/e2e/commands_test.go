package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/test/stack"
)

// What an operator does at the server's shell.
func TestCommands(t *testing.T) {
	t.Parallel()
	r := stack.Start(t, stack.Options{NoFsync: true})
	site := r.NewSite(nil)

	t.Run("tokens", func(t *testing.T) {
		made := strings.TrimSpace(r.Foyer("token", "create", "desk", "--permissions", "visits.read"))
		require.Equal(t, 200, status(t, r, made, "GET", "/api/v1/visits"))
		require.Equal(t, 403, status(t, r, made, "GET", "/api/v1/audit"), "no more than it was given")
		var id string
		for line := range strings.Lines(r.Foyer("token", "list")) {
			if strings.Contains(line, "desk") {
				id = strings.Fields(line)[0]
			}
		}
		r.Foyer("token", "revoke", id)
		require.Equal(t, 401, status(t, r, made, "GET", "/api/v1/visits"), "at once")
		require.Contains(t, r.Foyer("token", "list"), "revoked")
	})

	t.Run("an administrator signs in", func(t *testing.T) {
		password := strings.TrimSpace(r.Foyer("admin", "create", "desk@example.org"))
		body, err := json.Marshal(map[string]string{"email": "desk@example.org", "password": password})
		require.NoError(t, err)
		answer, err := http.Post(r.URL(0)+"/api/v1/login", "application/json", bytes.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, 200, answer.StatusCode)
		require.Len(t, answer.Cookies(), 1)
		require.True(t, answer.Cookies()[0].HttpOnly)
		require.Equal(t, http.SameSiteStrictMode, answer.Cookies()[0].SameSite)
	})

	t.Run("the audit trail verifies, until somebody tampers with it", func(t *testing.T) {
		visitor := r.WalkIn(site, time.Hour)
		r.Act(visitor.Visit.ID, "check-out", nil)
		r.Sealed(visitor.Visit.ID)
		require.Contains(t, r.Foyer("audit", "verify"), `"ok": true`)

		_, key, found := strings.Cut(strings.TrimSpace(r.Foyer("audit", "keys")), " ")
		require.True(t, found)
		file := filepath.Join(t.TempDir(), "trail.ndjson")
		r.Foyer("audit", "export", "--output", file)
		require.Contains(t, r.Foyer("audit", "verify", "--file", file, "--public-key", key), `"keys_pinned": true`)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		forged := bytes.Replace(text, []byte(`"action":"visitor.checked_out"`), []byte(`"action":"visitor.expired"`), 1)
		require.NotEqual(t, text, forged)
		require.NoError(t, os.WriteFile(file, forged, 0o600))
		out, err := r.TryFoyer("audit", "verify", "--file", file, "--public-key", key)
		require.Error(t, err)
		require.Contains(t, out, site)

		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		conn, err := pgx.Connect(ctx, r.Database)
		require.NoError(t, err)
		defer func() { _ = conn.Close(ctx) }()
		_, err = conn.Exec(ctx, "update audit set actor = 'user:somebody-else' where chain = $1 and seq = 2", site)
		require.NoError(t, err)
		out, err = r.TryFoyer("audit", "verify")
		exit, ok := errors.AsType[*exec.ExitError](err)
		require.True(t, ok, "a bad trail fails the command: %v", err)
		require.Equal(t, 1, exit.ExitCode())
		require.Contains(t, out, `"seq": 2`, "and the first bad row is named")
	})

	t.Run("health and version", func(t *testing.T) {
		r.Foyer("health", r.URL(0)+"/readyz")
		_, err := r.TryFoyer("health", r.URL(0)+"/nothing")
		require.Error(t, err)
		require.NotEmpty(t, strings.TrimSpace(r.Foyer("version")))
	})
}

func status(t *testing.T, r *stack.Stack, token, method, path string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, r.URL(0)+path, http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return answer.StatusCode
}

// A stopped API finishes what it is doing and says goodbye to its agents.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{Options: stack.Options{APIs: 2, NoFsync: true}})
	visitor := r.WalkIn(r.site, time.Hour)
	answers := make(chan int, 20)
	for range cap(answers) {
		go func() {
			answers <- r.Try(0, "POST", "/api/v1/visits", stack.WalkInBody(r.site, time.Hour), nil, "")
		}()
	}
	first := <-answers // the others are under way, or come too late
	require.Equal(t, 201, first)
	r.APIs[0].Stop()
	for range cap(answers) - 1 {
		require.Contains(t, []int{201, 0}, <-answers, "answered, or not taken in at all")
	}
	require.True(t, r.accepts(visitor), "the agent goes on alone")
	require.Contains(t, string(r.agent.Log()), "1012")
	r.APIs[0].Start()
	r.Ready()
	r.Connected(r.agent)
}
