package gate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/gate/gatetest"
)

// consoles are UniFi's, by what they speak.
func consoles(here *site) map[string]struct {
	nas *gatetest.UniFi
	device
} {
	w := here.world("https://portal.example/portal/p1")
	modern := gatetest.NewUniFi(w)
	modern.Key = "an-api-key"
	unfiltered := gatetest.NewUniFi(w)
	unfiltered.Key, unfiltered.Unfiltered, unfiltered.Site = "an-api-key", true, "x7k2"
	classic := gatetest.NewUniFi(w)
	classic.Name, classic.Password = "foyer", "p:ss"
	alone := w
	alone.Address = &url.URL{Scheme: "https", Host: "192.0.2.14:8443"}
	server := gatetest.NewUniFi(alone)
	server.Name, server.Password, server.NoUniFiOS = "foyer", "p:ss", true

	type console = struct {
		nas *gatetest.UniFi
		device
	}
	settings := gate.Settings{Controller: "https://192.0.2.13", Key: "an-api-key"}
	other, old, single := settings, settings, settings
	other.Site = "x7k2"
	old.Key = "foyer:p:ss"
	single.Key, single.Controller = "foyer:p:ss", "https://192.0.2.14:8443"
	return map[string]console{
		"API key":                   {modern, device{vendor: gate.UniFi, settings: settings}},
		"API key at another site":   {unfiltered, device{vendor: gate.UniFi, settings: other}},
		"classic":                   {classic, device{vendor: gate.UniFi, settings: old}},
		"a Network server, classic": {server, device{vendor: gate.UniFi, settings: single}},
	}
}

func TestUniFiIsAskedByTheServer(t *testing.T) {
	t.Parallel()
	here := newSite(0)
	for name, c := range consoles(here) {
		c.nas.Redirect(neighbor, wanted)
		to := c.nas.Redirect(guest, wanted)
		require.True(t, strings.HasPrefix(to.Path, "/guest/s/"))
		arrival := c.parse(t, to)
		require.Equal(t, guest.MAC, arrival.MAC, name)
		require.Equal(t, "78:8a:20:aa:bb:cc", arrival.AP)
		require.Equal(t, wanted, arrival.Continue)

		require.NoError(t, gatetest.Ask(c.nas, c.release(t, arrival, "", 90*time.Minute+59*time.Second).Call), name)
		until, online := c.nas.Online(guest)
		require.True(t, online, name)
		require.Equal(t, here.clock().Add(90*time.Minute), until, name)
		_, online = c.nas.Online(neighbor)
		require.False(t, online)

		adapter, _ := gate.Of(gate.UniFi)
		call, err := adapter.Revoke(arrival, c.settings)
		require.NoError(t, err)
		require.NoError(t, gatetest.Ask(c.nas, call), name)
		_, online = c.nas.Online(guest)
		require.False(t, online, name)

		require.NoError(t, gatetest.Ask(c.nas, c.release(t, arrival, "", time.Second).Call))
		until, _ = c.nas.Online(guest)
		require.Equal(t, here.clock().Add(time.Minute), until, "at least a minute")
		require.True(t, here.accounted()[0].At.Equal(here.clock()))
	}
}

func TestUniFiRefusals(t *testing.T) {
	t.Parallel()
	here := newSite(0)
	all := consoles(here)
	ask := func(name string, change func(nas *gatetest.UniFi, s *gate.Settings)) error {
		c := consoles(here)[name]
		change(c.nas, &c.settings)
		return gatetest.Ask(c.nas, c.release(t, c.parse(t, c.nas.Redirect(guest, wanted)), "", time.Hour).Call)
	}
	require.ErrorIs(t, ask("API key", func(_ *gatetest.UniFi, s *gate.Settings) { s.Key = "revoked" }), gate.ErrController)
	require.ErrorIs(t, ask("API key", func(_ *gatetest.UniFi, s *gate.Settings) { s.Site = "nowhere" }), gate.ErrController)
	require.ErrorIs(t, ask("classic", func(_ *gatetest.UniFi, s *gate.Settings) { s.Key = "foyer:wrong" }), gate.ErrController)
	require.ErrorIs(t, ask("classic", func(nas *gatetest.UniFi, _ *gate.Settings) { nas.CookieFor = 0 }), gate.ErrController, "the login has ended: 403")

	c := all["API key"]
	arrival := c.parse(t, c.nas.Redirect(guest, wanted))
	arrival.MAC = neighbor.MAC // which is not there
	require.ErrorIs(t, gatetest.Ask(c.nas, c.release(t, arrival, "", time.Hour).Call), gate.ErrClientGone)

	adapter, _ := gate.Of(gate.UniFi)
	for _, s := range []gate.Settings{
		{Key: "k"}, {Controller: "http://192.0.2.13", Key: "k"}, {Controller: "https://user@192.0.2.13", Key: "k"},
		{Controller: "https://192.0.2.13"}, {Controller: "https://192.0.2.13", Key: "k", Site: "../../admin"},
	} {
		_, err := adapter.Release(arrival, gate.Grant{Left: time.Hour}, s)
		require.Error(t, err)
		_, err = adapter.Revoke(arrival, s)
		require.Error(t, err)
	}
	for _, query := range []string{"id=nonsense&ap=x", "id=" + guest.MAC + "&id=" + neighbor.MAC + "&ap=x"} {
		_, err := gate.Read(adapter, "https://portal.example/guest/s/default/?"+query, gate.Settings{})
		require.ErrorIs(t, err, gate.ErrForged)
	}
}

func TestUniFiLogsInForEachGrantAndOut(t *testing.T) {
	t.Parallel()
	here := newSite(0)
	c := consoles(here)["classic"]
	arrival := c.parse(t, c.nas.Redirect(guest, wanted))
	for range 2 {
		require.NoError(t, gatetest.Ask(c.nas, c.release(t, arrival, "", time.Hour).Call))
		here.later(2 * time.Hour) // long after a login has ended
	}
	require.Equal(t, 2, c.nas.Logins)
}

func TestUniFiRates(t *testing.T) {
	t.Parallel()
	adapter, _ := gate.Of(gate.UniFi)
	s := gate.Settings{Controller: "https://192.0.2.13", Key: "foyer:pw"}
	release, err := adapter.Release(gate.Arrival{MAC: guest.MAC, AP: "78:8a:20:aa:bb:cc"}, gate.Grant{Left: time.Hour, UpKbps: 512, DownKbps: 2048}, s)
	require.NoError(t, err)
	next, err := release.Call.Read(gate.Answer{Status: http.StatusOK, Header: http.Header{"Set-Cookie": {"unifises=abc; Path=/; HttpOnly", "csrf_token=def"}}})
	require.NoError(t, err)
	require.Equal(t, "unifises=abc; csrf_token=def", next.Header["Cookie"])
	require.JSONEq(t, `{"cmd":"authorize-guest","mac":"`+guest.MAC+`","minutes":60,"up":512,"down":2048,"ap_mac":"78:8a:20:aa:bb:cc"}`, string(next.Body))
}

func TestControllersOwnCertificateIsPinned(t *testing.T) {
	t.Parallel()
	here := newSite(0)
	server := httptest.NewTLSServer(consoles(here)["API key"].nas.Handler())
	defer server.Close()
	sum := sha256.Sum256(server.Certificate().Raw)
	for pin, good := range map[string]bool{
		hex.EncodeToString(sum[:]): true,
		strings.ToUpper(hex.EncodeToString(sum[:1])) + ":" + hex.EncodeToString(sum[1:]): true,
		"":                           false,
		hex.EncodeToString(sum[:16]): false,
		strings.Repeat("00", 32):     false,
		"no hex":                     false,
	} {
		transport := &http.Transport{TLSClientConfig: gate.Settings{Fingerprint: pin}.TLS()}
		response, err := (&http.Client{Transport: transport}).Get(server.URL)
		transport.CloseIdleConnections()
		if !good {
			require.Error(t, err, pin)
			continue
		}
		require.NoError(t, err, pin)
		require.NoError(t, response.Body.Close())
	}
}
