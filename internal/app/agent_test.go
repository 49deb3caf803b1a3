package app

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/agent/link/linktest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// TestAgentIsReadyOnceItCanAnswer, and not any more when it was withdrawn.
func TestAgentIsReadyOnceItCanAnswer(t *testing.T) {
	t.Parallel()
	hub := linktest.New(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	command := AgentCommand{
		DataDir: t.TempDir(), EnrolmentToken: hub.Token("secret-1"), AuthListen: "127.0.0.1:0", AcctListen: "127.0.0.1:0",
		Observability: Observability{MetricsListen: address},
	}
	go func() { done <- command.Run(ctx, &Program{Version: "test", Logger: slog.New(slog.DiscardHandler)}) }()
	defer func() {
		cancel()
		require.NoError(t, <-done)
	}()
	answers := func(path string, status int) func() bool {
		return func() bool {
			response, err := http.Get("http://" + address + path)
			return err == nil && response.Body.Close() == nil && response.StatusCode == status
		}
	}
	within := func(path string, status int) {
		t.Helper()
		require.Eventually(t, answers(path, status), 20*time.Second, 10*time.Millisecond)
	}
	link := hub.Next()
	within("/healthz", http.StatusOK)
	within("/readyz", http.StatusServiceUnavailable)
	link.Send(&wire.Snapshot{ID: "s", Last: true, Position: wire.Position{Revision: 1, Stamp: 1}, Now: time.Now(), NASes: []wire.NAS{{
		ID: "n", Source: netip.MustParsePrefix("127.0.0.1/32"), Secret: "a-shared-secret", MessageAuthenticator: visit.RequireMessageAuthenticator,
	}}})
	within("/readyz", http.StatusOK)
	link.Close(wire.CloseWithdrawn)
	within("/readyz", http.StatusServiceUnavailable)
}
