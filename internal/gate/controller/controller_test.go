package controller

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/visit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// console answers as a path asks it to.
func console(t *testing.T) (*httptest.Server, gate.Settings, func(string, func(gate.Answer) (*gate.Call, error)) *gate.Call) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/elsewhere":
			http.Redirect(w, r, "/ok", http.StatusFound)
		case "/long":
			_, _ = w.Write([]byte(strings.Repeat("x", maxAnswer+1)))
		default:
			_, _ = w.Write([]byte(r.Header.Get("X-API-KEY")))
		}
	}))
	t.Cleanup(server.Close)
	sum := sha256.Sum256(server.Certificate().Raw)
	call := func(path string, read func(gate.Answer) (*gate.Call, error)) *gate.Call {
		u, err := url.Parse(server.URL + path)
		require.NoError(t, err)
		return &gate.Call{Method: http.MethodPost, URL: u, Header: map[string]string{"X-API-KEY": "key"}, Read: read}
	}
	return server, gate.Settings{Fingerprint: hex.EncodeToString(sum[:])}, call
}

func good(answer gate.Answer) (*gate.Call, error) {
	if answer.Status != http.StatusOK || string(answer.Body) != "key" {
		return nil, gate.ErrController
	}
	return nil, nil
}

func TestAsking(t *testing.T) {
	t.Parallel()
	server, pinned, call := console(t)
	var c Client
	require.NoError(t, c.Do(t.Context(), pinned, call("/ok", good)))
	require.NoError(t, c.Do(t.Context(), pinned, call("/ok", func(gate.Answer) (*gate.Call, error) { return call("/ok", good), nil })), "one after another")

	require.Equal(t, visit.KindUnavailable, visit.KindOf(c.Do(t.Context(), gate.Settings{}, call("/ok", good))), "nobody has signed its certificate")
	wrong := gate.Settings{Fingerprint: strings.Repeat("0", 64)}
	require.Error(t, c.Do(t.Context(), wrong, call("/ok", good)))
	require.ErrorIs(t, c.Do(t.Context(), pinned, call("/elsewhere", good)), gate.ErrController, "a redirection is an answer")
	require.ErrorIs(t, c.Do(t.Context(), pinned, call("/long", good)), gate.ErrController)

	var without func(gate.Answer) (*gate.Call, error)
	without = func(gate.Answer) (*gate.Call, error) { return call("/ok", without), nil }
	require.ErrorIs(t, c.Do(t.Context(), pinned, call("/ok", without)), gate.ErrController, "calls without end")

	own := errors.New("what the answer was judged as")
	require.ErrorIs(t, c.Do(t.Context(), pinned, call("/ok", func(gate.Answer) (*gate.Call, error) { return nil, own })), own)
	server.Close()
	err := c.Do(t.Context(), pinned, call("/ok", good))
	require.Equal(t, visit.KindUnavailable, visit.KindOf(err))
	require.NotContains(t, err.Error(), "127.0.0.1")
}
