package gate_test

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
)

// vectors reads the files of a pattern that testdata/README.md explains.
func vectors[T any](t *testing.T, pattern string) map[string]T {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 2)
	out := map[string]T{}
	for _, file := range files {
		octets, err := os.ReadFile(file)
		require.NoError(t, err)
		var one T
		require.NoError(t, json.Unmarshal(octets, &one))
		out[filepath.Base(file)] = one
	}
	return out
}

type openNDSVector struct {
	Level                                    int
	FASKey, FAS, IV, HID, Token, GatewayHash string
}

func TestOpenNDSVectors(t *testing.T) {
	t.Parallel()
	adapter, _ := gate.Of(gate.OpenNDS)
	for file, v := range vectors[openNDSVector](t, "opennds-*.json") {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			s := gate.Settings{Level: v.Level, Secret: v.FASKey, Hosts: []string{"192.168.8.1:2050", "10.1.0.1:2050"}}
			// The gateway escapes neither part.
			a, err := gate.Read(adapter, "https://portal.example/p?fas="+v.FAS+"&iv="+v.IV, s)
			require.NoError(t, err)
			require.Equal(t, v.HID, a.Handle["hid"])
			require.Equal(t, v.GatewayHash, a.Handle["hash"])
			if strings.HasSuffix(file, "a.json") {
				require.Equal(t, "da:3f:aa:00:12:9e", a.MAC)
				require.Equal(t, "192.168.8.141", a.IP.String())
				require.Equal(t, "openNDS Node:94e979a1b2c3", a.AP)
				require.Equal(t, "http://connectivitycheck.gstatic.com/generate_204", a.Continue)
			} else {
				require.Equal(t, "02:00:5e:10:00:01", a.MAC)
				require.Equal(t, "http://example.org/?a=1&b=2", a.Continue)
			}

			release, err := adapter.Release(a, gate.Grant{Left: 90 * time.Minute, Success: "https://portal.example/done?a=b", UpKbps: 512, DownKbps: 2048}, s)
			require.NoError(t, err)
			if v.Level == 3 {
				require.Equal(t, &gate.Entry{Client: v.Token, Minutes: 90, Text: v.Token + " 90 512 2048 0 0 Zm95ZXI="}, release.Queue)
				return
			}
			door := map[bool]string{true: "http://192.168.8.1:2050/opennds_auth/", false: "http://10.1.0.1:2050/nds_in/"}[strings.HasSuffix(file, "a.json")]
			require.Equal(t, door+"?tok="+v.Token+"&redir="+url.QueryEscape("https://portal.example/done?a=b"), release.Redirect.String())
		})
	}
}

func TestCoovaChilliVectors(t *testing.T) {
	t.Parallel()
	adapter, _ := gate.Of(gate.CoovaChilli)
	for file, v := range vectors[struct{ UAMSecret, Address, Password, Response, PAP string }](t, "coovachilli-*.json") {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			s := gate.Settings{Secret: v.UAMSecret, Hosts: []string{"10.1.0.1", "192.168.182.1"}}
			a, err := gate.Read(adapter, v.Address, s)
			require.NoError(t, err)
			grant := gate.Grant{Username: "u@g.example", Password: v.Password, Success: "https://portal.example/done"}
			release, err := adapter.Release(a, grant, s)
			require.NoError(t, err)
			host := a.Handle["uamip"] + ":" + a.Handle["uamport"]
			require.Equal(t, "http://"+host+"/logon?username=u%40g.example&response="+v.Response+"&userurl=https%3A%2F%2Fportal.example%2Fdone", release.Redirect.String())

			s.Names = map[string]string{"response": "password"}
			release, err = adapter.Release(a, grant, s)
			require.NoError(t, err)
			require.Equal(t, "http://"+host+"/logon?username=u%40g.example&password="+v.PAP+"&userurl=https%3A%2F%2Fportal.example%2Fdone", release.Redirect.String())
		})
	}
}

func TestCoovaChilliSignature(t *testing.T) {
	t.Parallel()
	adapter, _ := gate.Of(gate.CoovaChilli)
	v := vectors[struct{ UAMSecret, Address string }](t, "coovachilli-*.json")["coovachilli-a.json"]
	s := gate.Settings{Secret: v.UAMSecret, Hosts: []string{"10.1.0.1", "10.1.0.9"}}
	signed, sum, _ := strings.Cut(v.Address, "&md=")
	for what, address := range map[string]string{
		"another MAC":         strings.Replace(v.Address, "5C-1D-D9-20-A0-C1", "5C-1D-D9-20-A0-C2", 1),
		"another gateway":     strings.Replace(v.Address, "10.1.0.1&", "10.1.0.9&", 1),
		"another portal":      strings.Replace(v.Address, "/p/lobby", "/p/other", 1),
		"swapped parameters":  strings.Replace(v.Address, "uamip=10.1.0.1&uamport=3990", "uamport=3990&uamip=10.1.0.1", 1),
		"spelled otherwise":   strings.Replace(v.Address, "%3a", "%3A", 1),
		"something after it":  v.Address + "&uamip=10.1.0.9",
		"something before it": strings.Replace(v.Address, "?res", "?mac=02-00-5E-10-00-09&res", 1),
		"none":                signed,
		"an empty one":        signed + "&md=",
		"half of it":          signed + "&md=" + sum[:16],
		"two":                 v.Address + "&md=" + sum,
	} {
		_, err := gate.Read(adapter, address, s)
		require.ErrorIs(t, err, gate.ErrForged, what)
	}
	for _, secret := range []string{"", "other"} {
		s.Secret = secret
		_, err := gate.Read(adapter, v.Address, s)
		require.ErrorIs(t, err, gate.ErrForged)
	}
	s = gate.Settings{Secret: v.UAMSecret, Hosts: []string{"10.1.0.9"}}
	_, err := gate.Read(adapter, v.Address, s)
	require.ErrorIs(t, err, gate.ErrForged, "signed, and still not a host of the portal's")
}

func TestMikroTikVectors(t *testing.T) {
	t.Parallel()
	adapter, _ := gate.Of(gate.MikroTik)
	s := gate.Settings{Hosts: []string{"10.5.50.1"}}
	for file, v := range vectors[map[string]string](t, "mikrotik-*.json") {
		query := url.Values{"mac": {guest.MAC}, "ip": {"10.5.50.2"}, "login": {"http://10.5.50.1/login"}, "chap-id": {v["chap-id"]}, "chap-challenge": {v["chap-challenge"]}}
		a, err := gate.Read(adapter, "https://portal.example/p?"+query.Encode(), s)
		require.NoError(t, err)
		release, err := adapter.Release(a, gate.Grant{Username: "u", Password: v["password"]}, s)
		require.NoError(t, err)
		require.Equal(t, v["response"], release.Redirect.Query().Get("password"), file)
	}
	for what, chap := range map[string][2]string{
		"no octal digit":    {`\008`, `\001`},
		"more than 8 bits":  {`\400`, `\001`},
		"cut short":         {`\00`, `\001`},
		"two octets":        {`ab`, `\001`},
		"an id alone":       {`\001`, ``},
		"a challenge alone": {``, `\001`},
		"far too long":      {`\001`, strings.Repeat(`\001`, 65)},
	} {
		query := url.Values{"mac": {guest.MAC}, "login": {"http://10.5.50.1/login"}, "chap-id": {chap[0]}, "chap-challenge": {chap[1]}}
		_, err := gate.Read(adapter, "https://portal.example/p?"+query.Encode(), s)
		require.ErrorIs(t, err, gate.ErrForged, what)
	}
}
