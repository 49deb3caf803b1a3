package durable_test

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/foyerhq/foyer/internal/durable"
)

func TestDialDoesNotNeedTheServer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close()) // an address where nobody listens
	c, err := durable.Dial(durable.Config{Address: listener.Addr().String(), Keys: keys(t, 1)})
	require.NoError(t, err)
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = c.CheckHealth(ctx, &client.CheckHealthRequest{})
	require.Error(t, err)
}

func TestDialNeedsAddressAndKeys(t *testing.T) {
	t.Parallel()
	_, err := durable.Dial(durable.Config{Keys: keys(t, 1)})
	require.Error(t, err)
	_, err = durable.Dial(durable.Config{Address: "127.0.0.1:1"})
	require.Error(t, err)
}

func TestTLSFiles(t *testing.T) {
	t.Parallel()
	config, err := durable.TLSFiles{ServerName: "temporal.internal"}.Load()
	require.NoError(t, err)
	require.Equal(t, "temporal.internal", config.ServerName)
	missing := filepath.Join(t.TempDir(), "missing.pem")
	_, err = durable.TLSFiles{Authority: missing}.Load()
	require.Error(t, err)
	_, err = durable.TLSFiles{Authority: "client_test.go"}.Load()
	require.ErrorContains(t, err, "no certificate")
	_, err = durable.TLSFiles{Certificate: missing}.Load()
	require.Error(t, err)
}
