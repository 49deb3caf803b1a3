package app

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a CRM's name resolves to is judged when it is dialled.
func TestCRMsAreDialledThroughTheGuard(t *testing.T) {
	t.Parallel()
	called := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called++ }))
	defer server.Close()
	get := func(allow ...string) error {
		guard, err := Outward{OutwardAllow: allow}.guard()
		require.NoError(t, err)
		transport := guarded(guard)
		defer transport.CloseIdleConnections()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		require.NoError(t, err)
		answer, err := transport.RoundTrip(request)
		if err == nil {
			err = answer.Body.Close()
		}
		return err
	}
	require.ErrorContains(t, get(), "may not be called")
	require.ErrorContains(t, get("10.0.0.0/8"), "may not be called")
	require.Zero(t, called)
	require.NoError(t, get("127.0.0.0/8"))
	require.Equal(t, 1, called)
}
