package gate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/visit"
)

func TestTargetMustBeUnmistakablyAllowed(t *testing.T) {
	t.Parallel()
	s := Settings{Hosts: []string{"wlc.example", "192.0.2.1", ".wifi.example", "fw.example:8443", "2001:db8::1", "[2001:db8::2]:8443"}}
	d := door{plain: true, ports: []string{"1003"}, fixed: []string{".network-auth.com"}}
	for _, address := range []string{
		"https://wlc.example/login.html", "http://wlc.example/login.html", "https://WLC.Example/login", "https://wlc.example:443/", "http://wlc.example:80/",
		"https://wlc.example:1003/fgtauth", "https://192.0.2.1/x?y=z", "https://a.wifi.example/", "https://a.b.wifi.example/", "https://fw.example:8443/",
		"https://[2001:db8::1]/", "https://[2001:db8:0::1]/", "https://[2001:db8::2]:8443/", "https://n143.network-auth.com/splash/login?mauth=a%26b&c=http%3A%2F%2Fevil.example",
	} {
		u, err := d.target(address, s)
		require.NoError(t, err, address)
		require.Equal(t, address, u.String())
	}
	for _, address := range []string{
		"", "/login", "//wlc.example/", "wlc.example", "https:wlc.example", "https:/wlc.example", "https:///wlc.example", "https://", "https://:443/",
		"ftp://wlc.example/", "javascript:alert(1)", "javascript://wlc.example/%0aalert(1)", "data:text/html,x", "HTTPS ://wlc.example/",
		"https://wlc.example.evil.example/", "https://evilwlc.example/", "https://wlc.example@evil.example/", "https://evil.example#@wlc.example/",
		"https://user:pass@wlc.example/", "https://@wlc.example/", "https://wlc.example%2eevil.example/", "https://wlc.example%00.evil.example/", "https://wlc.example\x00/",
		"https://evil.example\\@wlc.example/", "https:\\\\wlc.example\\", "https://wlc.example\\.evil.example/", "https://evil.example/\\wlc.example", "https://wlc.example /",
		" https://wlc.example/", "https://wlc.example\t/", "https://wlc\n.example/", "https://wlc.example./", "https://wlc..example/", "https://wlc.example:/", "https://wlc.example:22/",
		"https://wlc.example:8443/", "https://fw.example/", "https://fw.example:443/", "https://wlc.example:443:443/", "https://wlc.example:https/", "https://wlc.example:00443/",
		"https://.wifi.example/", "https://wifi.example/", "https://evilwifi.example/", "https://a.wifi.example.evil.example/", "https://network-auth.com/", "https://n1.network-auth.com.evil.example/",
		"https://192.0.2.2/", "https://3221225985/", "https://0xC0000201/", "https://192.0.513/", "https://0300.0.2.1/", "https://192.0.2.1.evil.example/", "https://192.0.2.01/",
		"https://[::ffff:192.0.2.1]/", "https://[::ffff:c000:201]/", "https://[2001:db8::1%25eth0]/", "https://[2001:db8::1%eth0]/", "https://[::1]/", "https://2001:db8::1/",
		"https://wlс.example/", // a Cyrillic с
		"https://ｗｌｃ.example/", "https://wlc。example/", "https://xn--wl-xka.example/",
		"https://wlc.example/\"onfocus=", "https://wlc.example/<script>", "https://wlc.example/a b", "https://wlc.example/\\evil.example", "https://wlc.example/\u202e",
		"https%3A%2F%2Fwlc.example/", "https://wlc.example" + strings.Repeat("/a", maxTarget),
	} {
		_, err := d.target(address, s)
		require.ErrorIs(t, err, ErrForged, address)
	}

	_, err := door{}.target("http://wlc.example/", s)
	require.ErrorIs(t, err, ErrForged, "in the clear where the vendor has better")
	_, err = d.target("https://wlc.example/", Settings{})
	require.ErrorIs(t, err, ErrForged, "nobody named it")
	u, err := d.target("https://wlc.example/#fragment", s)
	require.NoError(t, err)
	require.Equal(t, "https://wlc.example/", u.String())
}

func TestPortOfAHostAdmitsThatAlone(t *testing.T) {
	t.Parallel()
	d := door{plain: true, ports: []string{"1003"}}
	for address, ok := range map[string]bool{
		"https://nas.example/": true, "https://nas.example:443/": true, "http://nas.example/": false, "http://nas.example:443/": false, "https://nas.example:1003/": false,
	} {
		_, err := d.target(address, Settings{Hosts: []string{"nas.example:443"}})
		require.Equal(t, ok, err == nil, address)
	}
}

func TestSuffixDoesNotMatchAddresses(t *testing.T) {
	t.Parallel()
	s := Settings{Hosts: []string{".2.1", ".", "", ".example:", "*", "*.example"}}
	for _, address := range []string{"https://192.0.2.1/", "https://a.b/", "https://a.example/", "https://2.1/", "https://*.example/"} {
		_, err := door{}.target(address, s)
		require.ErrorIs(t, err, ErrForged, address)
	}
}

func TestCheckHost(t *testing.T) {
	t.Parallel()
	for _, entry := range []string{"wlc.example", "WLC.example", "wlc", "192.0.2.1", "2001:db8::1", "[2001:db8::1]:8443", ".wifi.example", "fw.example:8443", "a_b.example"} {
		require.NoError(t, CheckHost(entry), entry)
	}
	for _, entry := range []string{"", ".", ".example", "*.example", "https://wlc.example", "wlc.example/", "wlc.example:", "wlc.example:https", "wlc..example", "12345", "0x7f.1", "fe80::1%eth0", "a b"} {
		var invalid *visit.Error
		require.ErrorAs(t, CheckHost(entry), &invalid, entry)
		require.Equal(t, "hosts", invalid.Field)
	}
}
