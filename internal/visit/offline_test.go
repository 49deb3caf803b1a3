package visit_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/visit"
)

func TestOfflineListIsCheckedBeforeItIsShown(t *testing.T) {
	t.Parallel()
	good := visit.OfflineList{Enabled: true, Listen: ":8444", PINSet: true, Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/24")}}
	require.NoError(t, good.Validate())
	require.NoError(t, visit.OfflineList{Listen: visit.DefaultOfflineListen}.Validate(), "switched off it needs nothing")
	for _, listen := range []string{"10.1.0.5:443", "[2001:db8::1]:8444", "[::]:8444", "0.0.0.0:1"} {
		other := good
		other.Listen = listen
		require.NoError(t, other.Validate(), listen)
	}
	for field, bad := range map[string]func(*visit.OfflineList){
		"pin":      func(l *visit.OfflineList) { l.PINSet = false },
		"networks": func(l *visit.OfflineList) { l.Networks = nil },
		"listen":   func(l *visit.OfflineList) { l.Listen = "8444" },
	} {
		l := good
		bad(&l)
		refusal, ok := errors.AsType[*visit.Error](l.Validate())
		require.True(t, ok, field)
		require.Equal(t, field, refusal.Field)
	}
	for _, listen := range []string{"", ":", ":0", ":65536", ":http", "desk:8444", "10.1.0.5", "[::1]", "[::1]:", "::1:8444"} {
		l := good
		l.Listen = listen
		require.Error(t, l.Validate(), listen)
	}
	for _, network := range []string{"0.0.0.0/0", "10.0.0.0/7", "::/0", "10.1.0.5/24"} {
		l := good
		l.Networks = []netip.Prefix{netip.MustParsePrefix(network)}
		require.Error(t, l.Validate(), network)
	}
}

func TestPINsThatAreGuessedFirstAreRefused(t *testing.T) {
	t.Parallel()
	for _, pin := range []string{"", "1234567", "7410852a", "７４１０８５２９", "11111111", "12345678", "87654321", "89012345", "13579135", "12121212",
		"123456789012345678901234567890123"} {
		require.Error(t, visit.CheckPIN(pin), pin)
	}
	for _, pin := range []string{"74108529", "00319284", "20261122"} {
		require.NoError(t, visit.CheckPIN(pin), pin)
	}
}
