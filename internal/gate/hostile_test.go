package gate_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/visit"
)

// staff is what a portal of any vendor might be set up with.
var staff = gate.Settings{
	Hosts:      []string{"nas.example", "192.0.2.1", ".wifi.example"},
	Controller: "https://controller.example:9443",
	Site:       "default",
	Level:      1,
	Secret:     "0123456789abcdef0123456789abcdef",
	Key:        "a key",
}

// where are the parameters that say where a vendor's device takes logins, such a place,
// and what else a redirect of the vendor needs.
var where = map[gate.Vendor]struct{ parameter, good, query string }{
	gate.Meraki:      {"login_url", "https://n143.network-auth.com/splash/login?mauth=a", "client_mac=f4:5c:89:9b:17:67&continue_url=http://example.com/"},
	gate.MerakiClick: {"base_grant_url", "https://n143.network-auth.com/splash/grant", "client_mac=f4:5c:89:9b:17:67&user_continue_url=http://example.com/"},
	gate.CiscoWLC:    {"switch_url", "http://192.0.2.1/login.html", "client_mac=f4:5c:89:9b:17:67&wlan=Guests"},
	gate.Aruba:       {"switchip", "securelogin.hpe.com", "cmd=login&mac=f4:5c:89:9b:17:67&ip=10.0.0.1"},
	gate.FortiGate:   {"post", "https://nas.example:1003/fgtauth", "login&magic=01234567&usermac=f4:5c:89:9b:17:67"},
	gate.Ruckus:      {"sip", "192.0.2.1", "client_mac=f45c899b1767&uip=10.0.0.1"},
	gate.MikroTik:    {"login", "http://192.0.2.1/login", "mac=F4:5C:89:9B:17:67&chap-id=%5C001&chap-challenge=%5C002"},
	gate.CoovaChilli: {"uamip", "192.0.2.1", "res=notyet&uamport=3990&challenge=5b1d296db7826a655411dcd83ee25154&mac=F4-5C-89-9B-17-67"},
	gate.PfSense:     {"action", "https://nas.example:8003/", "zone=guests&mac=f4:5c:89:9b:17:67"},
	gate.OPNsense:    {"gw", "http://192.0.2.1:8000", "state=&mac=f4:5c:89:9b:17:67"},
	gate.SmartZone:   {"nbiIP", "192.0.2.1", "client_mac=f4:5c:89:9b:17:67&uip=10.0.0.1"},
}

// mayHaveSecrets judges an address that a secret is sent to, by its octets and apart from
// how the adapters do it.
func mayHaveSecrets(vendor gate.Vendor, address string) bool {
	rest, https := strings.CutPrefix(address, "https://")
	if !https {
		var http bool
		if rest, http = strings.CutPrefix(address, "http://"); !http || vendor == gate.Meraki || vendor == gate.MerakiClick || vendor == gate.Aruba {
			return false
		}
	}
	host := strings.ToLower(rest[:strings.IndexAny(rest+"/", "/?#")])
	host = strings.TrimSuffix(strings.TrimSuffix(host, ":443"), ":80")
	for _, port := range []string{":1000", ":1003", ":9997", ":9443", ":3990", ":8000", ":8003"} {
		host = strings.TrimSuffix(host, port)
	}
	if strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
		return false
	}
	switch vendor {
	case gate.Meraki, gate.MerakiClick:
		if strings.HasSuffix(host, ".network-auth.com") {
			return true
		}
	case gate.Aruba:
		if host == "securelogin.arubanetworks.com" || host == "securelogin.hpe.com" || strings.HasSuffix(host, ".aio.cloudauth.net") {
			return true
		}
	}
	return host == "nas.example" || host == "192.0.2.1" || host == "controller.example" ||
		strings.HasSuffix(host, ".wifi.example") && host != ".wifi.example"
}

// targets are where a release sends the grant to.
func targets(release gate.Release) (addresses []string) {
	if release.Redirect != nil {
		addresses = append(addresses, release.Redirect.String())
	}
	if release.Form != nil {
		addresses = append(addresses, release.Form.Action.String())
	}
	if release.Call != nil {
		addresses = append(addresses, release.Call.URL.String())
	}
	return addresses
}

var grant = gate.Grant{Username: "user1@guests.example", Password: "one-time", Left: time.Hour, Success: "https://portal.example/done"}

// hostile are addresses, or parts of some, that somebody would like a secret sent to.
var hostile = []string{
	"evil.example", "nas.example.evil.example", "evilnas.example", "nas.example@evil.example", "evil.example#nas.example", "evil.example?nas.example",
	"evil.example\\.nas.example", "nas.example\\@evil.example", "nas.example:22", "nas.example%2eevil.example", "nas.example%00", "nas.example\t", "nas.example.",
	"wifi.example", ".wifi.example", "a.wifi.example.evil.example", "[::ffff:192.0.2.1]", "3221225985", "0xc0000201", "192.0.2.1.evil.example", "[2001:db8::1]",
	"network-auth.com", "n1.network-auth.com.evil.example", "n1.network-auth.com:8443", "captive.aio.cloudauth.net.evil.example", "securelogin.arubanetworks.com.evil.example",
	"nаs.example", "nas.example/../@evil.example", "http://evil.example", "", " ",
}

var friendly = []string{"nas.example", "192.0.2.1", "a.wifi.example", "n143.network-auth.com", "securelogin.hpe.com", "captive-2024.aio.cloudauth.net"}

func TestSecretsGoNowhereElse(t *testing.T) {
	t.Parallel()
	for vendor, ask := range where {
		adapter, _ := gate.Of(vendor)
		for _, host := range hostile {
			for _, address := range []string{host, "https://" + host + "/login", "http://" + host + "/login", "//" + host + "/", "https:" + host, "javascript://" + host, url.QueryEscape("https://" + host + "/")} {
				query, err := url.ParseQuery(ask.query)
				require.NoError(t, err)
				query.Set(ask.parameter, address)
				if arrival, err := adapter.Parse(query, staff); err == nil {
					release, err := adapter.Release(arrival, grant, staff)
					require.NoError(t, err)
					for _, to := range targets(release) {
						require.True(t, mayHaveSecrets(vendor, to), "%s: %q leads to %q", vendor, address, to)
					}
				} else if address != "" {
					require.ErrorIs(t, err, gate.ErrForged, "%s: %q", vendor, address)
				}
			}
		}
	}
}

// anyQuery draws a redirect: a vendor's own, with its parameters changed, doubled, left
// out, or swapped for each other's values.
func anyQuery(vendor gate.Vendor) *rapid.Generator[url.Values] {
	return rapid.Custom(func(t *rapid.T) url.Values {
		ask := where[vendor]
		query, _ := url.ParseQuery(ask.query)
		host := rapid.SampledFrom(append(slices.Clone(hostile), friendly...)).Draw(t, "host")
		scheme := rapid.SampledFrom([]string{"", "https://", "http://", "https:", "//", "HTTPS://", "https://user@", "ftp://", "https%3A%2F%2F"}).Draw(t, "scheme")
		tail := rapid.SampledFrom([]string{"", "/", "/fgtauth", ":443/", ":1003/fgtauth", ":9443", ":22/", "/?a=b&c", "@evil.example/", ".evil.example/", "#@evil.example/", "\\@evil.example"}).Draw(t, "tail")
		query.Set(ask.parameter, scheme+host+tail)
		if rapid.Bool().Draw(t, "good") {
			query.Set(ask.parameter, ask.good)
		}
		names := slices.Sorted(func(yield func(string) bool) {
			for name := range query {
				if !yield(name) {
					return
				}
			}
		})
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			name := rapid.SampledFrom(names).Draw(t, "name")
			switch rapid.IntRange(0, 4).Draw(t, "change") {
			case 0:
				query.Del(name)
			case 1:
				query.Add(name, query.Get(name))
			case 2:
				query.Set(name, query.Get(rapid.SampledFrom(names).Draw(t, "other")))
			case 3:
				query.Set(name, rapid.String().Draw(t, "value"))
			case 4:
				query.Set("v", "1?"+name+"="+rapid.SampledFrom(hostile).Draw(t, "hidden"))
			}
		}
		return query
	})
}

// leak sends a grant on as a query says and returns an address that must not have had it.
func leak(adapter gate.Adapter, vendor gate.Vendor, query url.Values) (string, bool) {
	arrival, err := adapter.Parse(query, staff)
	if err != nil {
		return "", false
	}
	release, err := adapter.Release(arrival, grant, staff)
	if err != nil {
		return "", false
	}
	for _, to := range targets(release) {
		if !mayHaveSecrets(vendor, to) {
			return to, true
		}
	}
	return "", false
}

func TestNoRedirectMakesAnAdapterTellAStranger(t *testing.T) {
	t.Parallel()
	for vendor := range where {
		t.Run(string(vendor), func(t *testing.T) {
			t.Parallel()
			adapter, _ := gate.Of(vendor)
			accepted := 0
			rapid.Check(t, func(t *rapid.T) {
				query := anyQuery(vendor).Draw(t, "query")
				to, leaked := leak(adapter, vendor, query)
				require.False(t, leaked, "%q", to)
				if _, err := adapter.Parse(query, staff); err == nil {
					accepted++
				}
			})
			require.Positive(t, accepted, "the queries are not all refused for another reason")
		})
	}
}

// trusting is an adapter that posts where it is told to.
type trusting struct {
	gate.Adapter
	parameter string
}

func (a trusting) Parse(query url.Values, _ gate.Settings) (gate.Arrival, error) {
	return gate.Arrival{Handle: map[string]string{"to": query.Get(a.parameter)}}, nil
}

func (a trusting) Release(arrival gate.Arrival, _ gate.Grant, _ gate.Settings) (gate.Release, error) {
	u, err := url.Parse(arrival.Handle["to"])
	return gate.Release{Form: &gate.Form{Action: u}}, err
}

// prefixed is one that looks at how the address begins, the usual mistake.
type prefixed struct{ trusting }

func (a prefixed) Release(arrival gate.Arrival, g gate.Grant, s gate.Settings) (gate.Release, error) {
	if !strings.HasPrefix(arrival.Handle["to"], "https://nas.example") {
		return gate.Release{}, gate.ErrForged
	}
	return a.trusting.Release(arrival, g, s)
}

func TestAdapterThatTrustsIsCaught(t *testing.T) {
	t.Parallel()
	for _, adapter := range []gate.Adapter{trusting{parameter: "switch_url"}, prefixed{trusting{parameter: "switch_url"}}} {
		caught := false
		for i := range 5000 {
			if _, leaked := leak(adapter, gate.CiscoWLC, anyQuery(gate.CiscoWLC).Example(i)); leaked {
				caught = true
				break
			}
		}
		require.True(t, caught, "%T", adapter)
	}
}

func TestParameterGivenTwiceOrTooLongIsRefused(t *testing.T) {
	t.Parallel()
	for vendor, ask := range where {
		adapter, _ := gate.Of(vendor)
		good, err := url.ParseQuery(ask.query + "&" + ask.parameter + "=" + url.QueryEscape(ask.good))
		require.NoError(t, err)
		_, err = adapter.Parse(good, staff)
		require.NoError(t, err, vendor)

		for name := range good {
			if strings.Contains(name, "continue") || name == "login" {
				continue // no secret goes there; the address is dropped, or there is no value
			}
			twice, _ := url.ParseQuery(good.Encode())
			twice.Add(name, twice.Get(name))
			_, err = adapter.Parse(twice, staff)
			require.ErrorIs(t, err, gate.ErrForged, "%s: %s twice", vendor, name)
		}
		long, _ := url.ParseQuery(good.Encode())
		long.Set("x", strings.Repeat("x", gate.MaxQuery))
		_, err = adapter.Parse(long, staff)
		require.ErrorIs(t, err, gate.ErrForged, vendor)

		_, err = adapter.Parse(url.Values{}, staff)
		require.ErrorIs(t, err, gate.ErrNotFromNAS, vendor)

		// Settings that have changed meanwhile count at the release too.
		arrival, err := adapter.Parse(good, staff)
		require.NoError(t, err)
		if slices.Contains(adapter.Needs(), "hosts") {
			_, err = adapter.Release(arrival, grant, gate.Settings{})
			require.ErrorIs(t, err, gate.ErrForged, vendor)
		}
		forged := arrival
		forged.Handle = map[string]string{}
		for name := range arrival.Handle {
			forged.Handle[name] = "https://evil.example/"
		}
		if release, err := adapter.Release(forged, grant, staff); err == nil {
			for _, to := range targets(release) {
				require.True(t, mayHaveSecrets(vendor, to), "%s: %s", vendor, to)
			}
		}
	}
}

func TestRedirectThatSaysHalf(t *testing.T) {
	t.Parallel()
	always := []gate.Vendor{gate.Meraki, gate.MerakiClick, gate.CiscoWLC, gate.Aruba, gate.FortiGate, gate.Ruckus, gate.SmartZone}
	for _, vendor := range always {
		ask := where[vendor]
		adapter, _ := gate.Of(vendor)
		whole, err := url.ParseQuery(ask.query + "&" + ask.parameter + "=" + url.QueryEscape(ask.good))
		require.NoError(t, err)
		for name := range whole {
			if name == "client_mac" || name == "usermac" || name == "mac" {
				// A secret would be for no particular device.
				without, _ := url.ParseQuery(whole.Encode())
				without.Del(name)
				_, err = adapter.Parse(without, staff)
				require.ErrorIs(t, err, gate.ErrNotFromNAS, "%s without %s", vendor, name)
				without.Set(name, "not an address")
				_, err = adapter.Parse(without, staff)
				require.ErrorIs(t, err, gate.ErrForged, "%s: %s", vendor, name)
			}
		}
	}
}

func TestHostMustBeNothingElse(t *testing.T) {
	t.Parallel()
	for _, vendor := range []gate.Vendor{gate.Aruba, gate.Ruckus, gate.SmartZone} {
		adapter, _ := gate.Of(vendor)
		for _, host := range []string{"nas.example/other?", "nas.example/#", "nas.example:443", "nas.example?", "nas.example;", "a@nas.example"} {
			query, err := url.ParseQuery(where[vendor].query)
			require.NoError(t, err)
			query.Set(where[vendor].parameter, host)
			_, err = adapter.Parse(query, staff)
			require.ErrorIs(t, err, gate.ErrForged, "%s: %s", vendor, host)
		}
	}
	both, err := url.ParseQuery(where[gate.Aruba].query + "&switchip=nas.example&post=captive-2024.aio.cloudauth.net")
	require.NoError(t, err)
	adapter, _ := gate.Of(gate.Aruba)
	_, err = adapter.Parse(both, staff)
	require.ErrorIs(t, err, gate.ErrForged)
}

// checkArrival is what every adapter promises of what it read.
func checkArrival(t *testing.T, a gate.Arrival) {
	t.Helper()
	if a.MAC != "" {
		mac, ok := visit.ParseMAC(a.MAC)
		require.True(t, ok && mac == a.MAC, a.MAC)
	}
	if a.Continue != "" {
		u, err := url.Parse(a.Continue)
		require.NoError(t, err)
		require.Contains(t, []string{"http", "https"}, u.Scheme)
		require.Nil(t, u.User)
	}
	require.LessOrEqual(t, len(a.AP), 64)
	require.Contains(t, []string{"", gate.FailedCredentials, gate.FailedInUse, gate.FailedExcluded, gate.FailedNetwork, gate.FailedOther}, a.Failed)
	size := 0
	for name, value := range a.Handle {
		size += len(name) + len(value)
	}
	require.LessOrEqual(t, size, 2<<10)
	_, err := json.Marshal(a)
	require.NoError(t, err)
}

func FuzzParse(f *testing.F) {
	for vendor, ask := range where {
		for _, host := range []string{"192.0.2.1", "https://n1.network-auth.com/x?y", "http://nas.example/login.html", "https://evil.example/"} {
			f.Add(string(vendor), ask.query+"&"+ask.parameter+"="+url.QueryEscape(host))
		}
	}
	f.Add("opennds", "fas=aGlkPWEsIGNsaWVudGlwPTEwLjAuMC4x")
	f.Fuzz(func(t *testing.T, vendor, raw string) {
		query, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		vendors := []gate.Vendor{gate.Vendor(vendor)}
		if _, ok := gate.Of(vendors[0]); !ok {
			vendors = gate.Vendors()
		}
		for _, v := range vendors {
			adapter, _ := gate.Of(v)
			arrival, err := adapter.Parse(query, staff)
			if err != nil {
				continue
			}
			checkArrival(t, arrival)
			release, err := adapter.Release(arrival, grant, staff)
			if err != nil {
				continue
			}
			set := len(targets(release))
			if release.Queue != nil {
				set++
			}
			require.Equal(t, 1, set, "exactly one way on: %s", v)
			if _, mine := where[v]; mine {
				require.True(t, mayHaveSecrets(v, targets(release)[0]), targets(release)[0])
			}
		}
	})
}
