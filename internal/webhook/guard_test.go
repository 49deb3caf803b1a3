package webhook_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
)

func TestGuardRefusesWhatIsNotPublic(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.1.2.3",
		"169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1",
		"192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255",
		"240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::10.0.0.1",
		"64:ff9b::169.254.169.254", "64:ff9b:1::1", "100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:db8::1",
		"2002:7f00:1::1", "2002:0a00:0001::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
		"fec0::1", "ff02::1", "ff0e::1", "4000::1",
	} {
		err := webhook.Guard{}.Check(netip.MustParseAddr(text))
		require.ErrorAs(t, err, new(*webhook.AddressError), text)
	}
	require.Error(t, webhook.Guard{}.Check(netip.Addr{}))
	for _, text := range []string{
		"1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1",
		"198.17.0.1", "223.255.255.255", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2606:4700::1111", "2a00:1450::1", "2001:4860::1",
	} {
		require.NoError(t, webhook.Guard{}.Check(netip.MustParseAddr(text)), text)
	}
}

func TestGuardAllowsWhatTheOperatorAllowed(t *testing.T) {
	t.Parallel()
	guard := webhook.Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd12::/16")}}
	for _, text := range []string{"10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd12::1", "1.1.1.1"} {
		require.NoError(t, guard.Check(netip.MustParseAddr(text)), text)
	}
	for _, text := range []string{"10.2.0.1", "::ffff:10.2.0.1", "fd13::1", "169.254.169.254"} {
		require.Error(t, guard.Check(netip.MustParseAddr(text)), text)
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	open := webhook.Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	for _, text := range []string{
		"https://example.com", "https://example.com:8443/hook?token=x", "https://[2606:4700::1111]/", "https://1.1.1.1/",
	} {
		require.NoError(t, webhook.Guard{}.CheckURL(text), text)
	}
	for _, text := range []string{"https://10.1.2.3/", "http://10.1.2.3/", "http://hooks.example.com/"} {
		require.Error(t, webhook.Guard{}.CheckURL(text), text)
		require.NoError(t, open.CheckURL(text), text)
	}
	require.Error(t, open.CheckURL("http://1.1.1.1/"), "plain http is for allowed addresses")
	for _, text := range []string{
		"", "example.com", "/path", "https:", "https://", "https:///path", "https:example.com", "mailto:a@example.com", "ftp://example.com",
		"file:///etc/passwd", "https://user@example.com", "https://user:canary@example.com", "https://@example.com/",
		"https://example.com/#canary", "https://example.com:0/", "https://example.com:65536/", "https://example.com:x/", "https://exa mple.com",
		"https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1%25eth0]/", "https://169.254.169.254/latest",
		"https://example.com/canary\n", "https://example.com/%zz", "https://example.com/" + strings.Repeat("x", 2000),
	} {
		err := open.CheckURL(text)
		require.Equal(t, visit.KindInvalid, visit.KindOf(err), text)
		require.NotContains(t, err.Error(), "canary")
	}
}
