package gate_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/gate/gatetest"
)

const uamSecret = "uam se&cret"

// gateways are the devices of vendors whose guests come back to a gateway on their own
// network.
func gateways() []device {
	chilli := gate.Settings{Hosts: []string{"10.20.30.1"}, Secret: uamSecret}
	chilliPAP := chilli
	chilliPAP.Names = map[string]string{"response": "password"}
	return []device{{
		name: "mikrotik with CHAP", vendor: gate.MikroTik, failed: gate.FailedCredentials,
		settings: gate.Settings{Hosts: []string{"192.0.2.10"}},
		make:     func(w gatetest.World) gatetest.NAS { return gatetest.NewMikroTik(w, page(gate.MikroTik, w.Portal)) },
	}, {
		name: "mikrotik in the clear, behind an address with a query", vendor: gate.MikroTik, failed: gate.FailedCredentials,
		settings: gate.Settings{Hosts: []string{".hotspot.example"}},
		portal:   "https://portal.example/portal/p1?site=1&name=a%26b",
		make: func(w gatetest.World) gatetest.NAS {
			w.Address, _ = url.Parse("https://login.hotspot.example")
			nas := gatetest.NewMikroTik(w, page(gate.MikroTik, w.Portal))
			nas.Plain = true
			return nas
		},
	}, {
		name: "coovachilli", vendor: gate.CoovaChilli, failed: gate.FailedCredentials, settings: chilli, returns: true,
		make: func(w gatetest.World) gatetest.NAS { return gatetest.NewCoovaChilli(w, uamSecret) },
	}, {
		name: "coovachilli with PAP, behind an address with a query", vendor: gate.CoovaChilli, failed: gate.FailedCredentials,
		settings: chilliPAP, returns: true, portal: "https://portal.example/portal/p1?site=1",
		make: func(w gatetest.World) gatetest.NAS {
			nas := gatetest.NewCoovaChilli(w, uamSecret)
			nas.PAP = true
			return nas
		},
	}, {
		name: "pfsense", vendor: gate.PfSense, failed: gate.FailedCredentials, mute: true,
		settings: gate.Settings{Hosts: []string{"192.0.2.11"}},
		portal:   "https://portal.example/portal/p1?site=1",
		make:     func(w gatetest.World) gatetest.NAS { return gatetest.NewPfSense(w, page(gate.PfSense, w.Portal)) },
	}, {
		name: "opnsense", vendor: gate.OPNsense, failed: gate.FailedCredentials, mute: true,
		settings: gate.Settings{Hosts: []string{"192.0.2.12"}},
		make:     func(w gatetest.World) gatetest.NAS { return gatetest.NewOPNsense(w) },
	}}
}

// page is what staff put onto a device.
func page(vendor gate.Vendor, portal *url.URL) []byte {
	adapter, _ := gate.Of(vendor)
	installer, _ := adapter.(gate.Installer)
	files, err := installer.Pages(portal, "Continue")
	if err != nil {
		panic(err)
	}
	return files[0].Text
}

func gateway(t *testing.T, name string) device {
	t.Helper()
	for _, d := range gateways() {
		if d.name == name {
			return d
		}
	}
	t.Fatalf("no device %s", name)
	return device{}
}

func TestMikroTikWithoutACertificateIsGoneToAndWithOneIsPostedTo(t *testing.T) {
	t.Parallel()
	d := gateway(t, "mikrotik with CHAP")
	nas := d.start(newSite(time.Hour))
	release := d.release(t, d.parse(t, nas.Redirect(guest, wanted)), secret, time.Hour)
	require.NotNil(t, release.Redirect, "no browser warns of a form that leaves https")
	require.NotContains(t, release.Redirect.String(), url.QueryEscape(secret))

	d = gateway(t, "mikrotik in the clear, behind an address with a query")
	nas = d.start(newSite(time.Hour))
	release = d.release(t, d.parse(t, nas.Redirect(guest, wanted)), secret, time.Hour)
	require.Equal(t, "https://login.hotspot.example/login", release.Form.Action.String())
	require.Equal(t, []gate.Field{{Name: "username", Value: name}, {Name: "password", Value: secret}, {Name: "dst", Value: success}, {Name: "popup", Value: "false"}}, release.Form.Fields)
}

func TestMikroTikTakesAChallengeOnce(t *testing.T) {
	t.Parallel()
	d := gateway(t, "mikrotik with CHAP")
	nas := d.start(newSite(time.Hour))
	arrival := d.parse(t, nas.Redirect(guest, wanted))
	goOn(t, nas, guest, d.release(t, arrival, "wrong", time.Hour))
	stale := d.parse(t, goOn(t, nas, guest, d.release(t, arrival, secret, time.Hour)))
	require.Equal(t, gate.FailedCredentials, stale.Failed)
	_, online := nas.Online(guest)
	require.False(t, online)
	goOn(t, nas, guest, d.release(t, d.parse(t, nas.Redirect(guest, wanted)), secret, time.Hour))
	_, online = nas.Online(guest)
	require.True(t, online)
}

func TestMikroTikErrors(t *testing.T) {
	t.Parallel()
	d := gateway(t, "mikrotik with CHAP")
	nas := d.start(newSite(time.Hour))
	for said, want := range map[string]string{
		"":                                "",
		"invalid username or password":    gate.FailedCredentials,
		"RADIUS server is not responding": gate.FailedNetwork,
		"no more sessions are allowed for user guest": gate.FailedInUse,
		"user guest has reached uptime limit reached": gate.FailedCredentials,
		"not allowed to log in from this MAC address": gate.FailedExcluded,
		"something new": gate.FailedOther,
	} {
		to := nas.Redirect(guest, wanted)
		to.RawQuery += "&error=" + url.QueryEscape(said)
		require.Equal(t, want, d.parse(t, to).Failed, said)
	}
}

func TestBrowserCanBeSentToLogOff(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"mikrotik with CHAP", "coovachilli"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := gateway(t, name)
			here := newSite(time.Hour)
			nas := d.start(here)
			arrival := d.parse(t, nas.Redirect(guest, wanted))
			goOn(t, nas, guest, d.release(t, arrival, secret, time.Hour))

			adapter, _ := gate.Of(d.vendor)
			leaver, ok := adapter.(gate.Leaver)
			require.True(t, ok)
			off, err := leaver.Leave(arrival, d.settings)
			require.NoError(t, err)
			again := d.parse(t, goOn(t, nas, guest, gate.Release{Redirect: off}))
			require.False(t, again.Online)
			require.Empty(t, again.Failed)
			_, online := nas.Online(guest)
			require.False(t, online)
			require.Equal(t, gatetest.CauseUser, here.accounted()[1].Cause)

			_, err = leaver.Leave(arrival, gate.Settings{Hosts: []string{"192.0.2.99"}})
			require.ErrorIs(t, err, gate.ErrForged)
		})
	}
}

// Each case changes a redirect that the device made into one that must be refused.
func TestForgedRedirectsToGateways(t *testing.T) {
	t.Parallel()
	for name, doors := range map[string]struct {
		param string // that names where a secret goes
		path  string
	}{
		"mikrotik with CHAP": {"login", "/login"},
		"pfsense":            {"action", "/"},
		"opnsense":           {"gw", ""},
	} {
		d := gateway(t, name)
		good := d.start(newSite(time.Hour)).Redirect(guest, wanted)
		host, _ := url.Parse(good.Query().Get(doors.param))
		for what, to := range map[string]string{
			"another host":      "https://evil.example" + doors.path,
			"user information":  "http://" + host.Host + "@evil.example" + doors.path,
			"a suffix":          "http://" + host.Host + ".evil.example" + doors.path,
			"a backslash":       `http://evil.example\@` + host.Host + doors.path,
			"a script":          "javascript://" + host.Host + "/%0aalert(1)",
			"no scheme":         "//" + host.Host + doors.path,
			"another port":      "http://" + host.Hostname() + ":22" + doors.path,
			"another page":      host.Scheme + "://" + host.Host + "/evil",
			"a page above":      host.Scheme + "://" + host.Host + doors.path + "/../evil",
			"a dotted number":   "http://3221225985" + doors.path,
			"too long":          host.String() + "?" + strings.Repeat("a", 2000),
			"a line of its own": host.String() + "\r\nX: y",
			"an escaped host":   "http://%65vil.example" + doors.path,
			"nothing":           "",
		} {
			t.Run(name+" "+what, func(t *testing.T) {
				t.Parallel()
				query := good.Query()
				query.Set(doors.param, to)
				refuse(t, d, good, query)
			})
		}
		t.Run(name+" twice", func(t *testing.T) {
			t.Parallel()
			query := good.Query()
			query.Add(doors.param, "https://evil.example"+doors.path)
			refuse(t, d, good, query)
		})
		t.Run(name+" too much", func(t *testing.T) {
			t.Parallel()
			query := good.Query()
			query.Set("more", strings.Repeat("a", gate.MaxQuery))
			refuse(t, d, good, query)
		})
		t.Run(name+" another MAC twice", func(t *testing.T) {
			t.Parallel()
			query := good.Query()
			query.Add("mac", neighbor.MAC)
			refuse(t, d, good, query)
		})
	}
}

func refuse(t *testing.T, d device, good *url.URL, query url.Values) {
	t.Helper()
	to := *good
	to.RawQuery = query.Encode()
	adapter, _ := gate.Of(d.vendor)
	_, err := gate.Read(adapter, to.String(), d.settings)
	require.ErrorIs(t, err, gate.ErrForged)
}

func TestWhoeverOpensThePageByHandIsToldSo(t *testing.T) {
	t.Parallel()
	for _, d := range append(gateways(), device{name: "unifi", vendor: gate.UniFi},
		device{name: "opennds", vendor: gate.OpenNDS, settings: gate.Settings{Level: 3, Secret: "k"}}) {
		adapter, _ := gate.Of(d.vendor)
		for _, address := range []string{"https://portal.example/portal/p1", "https://portal.example/portal/p1?lang=de"} {
			_, err := gate.Read(adapter, address, d.settings)
			require.ErrorIs(t, err, gate.ErrNotFromNAS, d.name)
		}
	}
}

func TestZoneOfPfSenseStaysAWord(t *testing.T) {
	t.Parallel()
	d := gateway(t, "pfsense")
	good := d.start(newSite(time.Hour)).Redirect(guest, wanted)
	for _, zone := range []string{"", "a&b=c", "a b", "../x", strings.Repeat("z", 65)} {
		query := good.Query()
		query.Set("zone", zone)
		refuse(t, d, good, query)
	}
	release := d.release(t, d.parse(t, good), secret, time.Hour)
	require.Equal(t, "https://192.0.2.11:8003/?zone=guests", release.Form.Action.String())
	require.Equal(t, "auth_user auth_pass zone redirurl accept", fieldNames(release.Form))
}

func fieldNames(f *gate.Form) string {
	names := make([]string, len(f.Fields))
	for i, field := range f.Fields {
		names[i] = field.Name
	}
	return strings.Join(names, " ")
}

func TestOPNsensePasswordIsNotInWhatServersSee(t *testing.T) {
	t.Parallel()
	d := gateway(t, "opnsense")
	nas := d.start(newSite(time.Hour))
	release := d.release(t, d.parse(t, nas.Redirect(guest, wanted)), secret, time.Hour)
	require.Equal(t, "http://192.0.2.12:8000/index.html#user=user1%40guests.example&password=one-time%2Bse%2Fcret%26%3D%25&next="+
		"https%3A%2F%2Fportal.example%2Fportal%2Fp1%2Fdone%3Fs%3Da%252Bb", release.Redirect.String())
	require.Empty(t, release.Redirect.RawQuery)
	require.Equal(t, "/index.html", release.Redirect.RequestURI())
}
