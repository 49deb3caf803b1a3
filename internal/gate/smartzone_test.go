package gate_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/gate/gatetest"
)

func smartZone(t *testing.T, left time.Duration) (*site, *gatetest.SmartZone, device) {
	t.Helper()
	here := newSite(left)
	nas := gatetest.NewSmartZone(here.world("https://portal.example/portal/p1"), nbiPass)
	return here, nas, device{vendor: gate.SmartZone, settings: gate.Settings{Controller: "https://192.0.2.5:9443", Secret: nbiPass}}
}

func TestSmartZoneIsAskedByTheServer(t *testing.T) {
	t.Parallel()
	here, nas, d := smartZone(t, time.Hour)
	arrival := d.parse(t, nas.Redirect(guest, wanted))
	require.Equal(t, guest.MAC, arrival.MAC)
	require.Equal(t, guest.IP, arrival.IP)
	require.Equal(t, wanted, arrival.Continue)

	require.ErrorIs(t, gatetest.Ask(nas, d.release(t, arrival, "wrong", time.Hour).Call), gate.ErrRefused)
	require.NoError(t, gatetest.Ask(nas, d.release(t, arrival, secret, time.Hour).Call))
	until, online := nas.Online(guest)
	require.True(t, online)
	require.Equal(t, here.clock().Add(time.Hour), until)
	require.NoError(t, gatetest.Ask(nas, d.release(t, arrival, secret, time.Hour).Call), "open already")

	adapter, _ := gate.Of(gate.SmartZone)
	for range 2 {
		call, err := adapter.Revoke(arrival, d.settings)
		require.NoError(t, err)
		require.NoError(t, gatetest.Ask(nas, call))
		_, online = nas.Online(guest)
		require.False(t, online)
	}
}

func TestSmartZoneEncryptsAddresses(t *testing.T) {
	t.Parallel()
	_, nas, d := smartZone(t, time.Hour)
	nas.Encrypt, nas.Slow = true, 3
	arrival := d.parse(t, nas.Redirect(guest, wanted))
	require.Empty(t, arrival.MAC)

	call, err := gate.Reveal(&arrival, d.settings)
	require.NoError(t, err)
	require.NoError(t, gatetest.Ask(nas, call))
	require.Equal(t, guest.MAC, arrival.MAC)
	require.Equal(t, guest.IP, arrival.IP)
	require.NoError(t, gatetest.Ask(nas, d.release(t, arrival, secret, time.Hour).Call))
	_, online := nas.Online(guest)
	require.True(t, online)

	plain := gate.Arrival{MAC: guest.MAC, Handle: map[string]string{"ue_mac": guest.MAC, "ue_ip": "10.0.0.1"}}
	call, err = gate.Reveal(&plain, d.settings)
	require.NoError(t, err)
	require.Nil(t, call)
}

func TestSmartZoneThatDoesNotAnswerWellIsNotOpen(t *testing.T) {
	t.Parallel()
	_, nas, d := smartZone(t, time.Hour)
	arrival := d.parse(t, nas.Redirect(guest, wanted))

	swapped := arrival
	swapped.Handle = map[string]string{"ue_mac": guest.MAC, "ue_ip": neighbor.IP.String()}
	require.ErrorIs(t, gatetest.Ask(nas, d.release(t, swapped, secret, time.Hour).Call), gate.ErrClientGone)

	call := d.release(t, arrival, secret, time.Hour).Call
	for _, answer := range []gate.Answer{
		{Status: http.StatusOK, Body: []byte(`{"ResponseCode":306}`)},
		{Status: http.StatusOK, Body: []byte(`{"ResponseCode":401}`)},
		{Status: http.StatusOK, Body: []byte(`{"ResponseCode":200}`)},
		{Status: http.StatusOK, Body: []byte(`{"ResponseCode":"201"}`)},
		{Status: http.StatusOK, Body: []byte(`<html>`)},
		{Status: http.StatusOK},
		{Status: http.StatusFound, Body: []byte(`{"ResponseCode":201}`)},
		{Status: http.StatusBadGateway, Body: []byte(`{"ResponseCode":201}`)},
	} {
		next, err := call.Read(answer)
		require.Nil(t, next)
		require.ErrorIs(t, err, gate.ErrController)
	}

	// RADIUS that never answers is not asked for ever.
	steps := 0
	for call != nil {
		next, err := call.Read(gate.Answer{Status: http.StatusOK, Body: []byte(`{"ResponseCode":202}`)})
		if err != nil {
			require.ErrorIs(t, err, gate.ErrController)
			break
		}
		call = next
		steps++
	}
	require.Equal(t, 5, steps)

	d.settings.Secret = "another"
	require.ErrorIs(t, gatetest.Ask(nas, d.release(t, arrival, secret, time.Hour).Call), gate.ErrController)
	d.settings.Controller = "http://192.0.2.5:9443"
	adapter, _ := gate.Of(gate.SmartZone)
	_, err := adapter.Release(arrival, gate.Grant{Left: time.Second}, d.settings)
	require.ErrorContains(t, err, "controller")
}

func TestSmartZoneOfTheRedirectIsNotTheOneThatIsAsked(t *testing.T) {
	t.Parallel()
	_, nas, d := smartZone(t, time.Hour)
	adapter, _ := gate.Of(gate.SmartZone)
	query := nas.Redirect(guest, wanted).Query()
	query.Set("nbiIP", "203.0.113.66")

	arrival, err := adapter.Parse(query, d.settings)
	require.NoError(t, err)
	require.Equal(t, "192.0.2.5:9443", d.release(t, arrival, secret, time.Hour).Call.URL.Host)

	d.settings.Hosts = []string{"192.0.2.5"}
	_, err = adapter.Parse(query, d.settings)
	require.ErrorIs(t, err, gate.ErrForged)
	query.Set("nbiIP", "192.0.2.5")
	_, err = adapter.Parse(query, d.settings)
	require.NoError(t, err)
}
