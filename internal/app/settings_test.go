package app

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesOfGuests(t *testing.T) {
	t.Parallel()
	for public, domain := range map[string]string{
		"https://WiFi.example.org": "wifi.example.org", "https://wifi.example.org:8443/": "wifi.example.org",
		"http://127.0.0.1:8080": "", "http://[::1]:8080": "", "http://localhost:8080": "",
	} {
		got, err := Guests{}.domain(Public{PublicURL: public})
		require.NoError(t, err)
		require.Equal(t, domain, got)
	}
	got, err := Guests{GuestDomain: "Guests.Example.org"}.domain(Public{})
	require.NoError(t, err)
	require.Equal(t, "guests.example.org", got)
	for _, domain := range []string{"a b", "x@example.org", "-.example", "a-domain-that-is-longer-than-any-nas-takes.example.org"} {
		_, err := Guests{GuestDomain: domain}.domain(Public{})
		require.ErrorContains(t, err, "--guest-domain", domain)
	}
}
