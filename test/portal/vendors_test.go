package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/gate/gatetest"
	"github.com/foyerhq/foyer/internal/identity"
)

const faskey = "c775e7b757ede630cd0aa1113bd102661ab38829ca52a6422ab782862f268646"

// devices are one of each vendor.
func devices() []device {
	chilli := gate.Settings{Hosts: []string{"10.20.30.1"}, Secret: "uam se&cret"}
	return []device{meraki, merakiClick, {
		name: "cisco", vendor: gate.CiscoWLC, settings: gate.Settings{Hosts: []string{"192.0.2.1"}},
		make: func(w gatetest.World) gatetest.NAS { return gatetest.NewCiscoWLC(w) },
	}, {
		name: "aruba", vendor: gate.Aruba,
		make: func(w gatetest.World) gatetest.NAS { return gatetest.NewAruba(w) },
	}, {
		name: "fortigate", vendor: gate.FortiGate, settings: gate.Settings{Hosts: []string{"192.0.2.3"}},
		make: func(w gatetest.World) gatetest.NAS { return gatetest.NewFortiGate(w) },
	}, {
		name: "ruckus", vendor: gate.Ruckus, settings: gate.Settings{Hosts: []string{"192.0.2.4"}},
		make: func(w gatetest.World) gatetest.NAS { return gatetest.NewRuckus(w) },
	}, {
		name: "smartzone", vendor: gate.SmartZone, settings: gate.Settings{Controller: "https://192.0.2.5:9443", Secret: "request password"},
		make: func(w gatetest.World) gatetest.NAS { return gatetest.NewSmartZone(w, "request password") },
	}, {
		name: "mikrotik", vendor: gate.MikroTik, settings: gate.Settings{Hosts: []string{"192.0.2.10"}},
		make: func(w gatetest.World) gatetest.NAS { return gatetest.NewMikroTik(w, filePage(gate.MikroTik, w.Portal)) },
	}, {
		name: "coovachilli", vendor: gate.CoovaChilli, settings: chilli,
		make: func(w gatetest.World) gatetest.NAS { return gatetest.NewCoovaChilli(w, chilli.Secret) },
	}, {
		name: "pfsense", vendor: gate.PfSense, settings: gate.Settings{Hosts: []string{"192.0.2.11"}},
		make: func(w gatetest.World) gatetest.NAS { return gatetest.NewPfSense(w, filePage(gate.PfSense, w.Portal)) },
	}, {
		name: "opnsense", vendor: gate.OPNsense, settings: gate.Settings{Hosts: []string{"192.0.2.12"}},
		make: func(w gatetest.World) gatetest.NAS { return gatetest.NewOPNsense(w) },
	}, {
		name: "unifi", vendor: gate.UniFi, settings: gate.Settings{Controller: "https://192.0.2.13", Key: "an-api-key"},
		make: func(w gatetest.World) gatetest.NAS {
			nas := gatetest.NewUniFi(w)
			nas.Key = "an-api-key"
			return nas
		},
	}, {
		name: "opennds", vendor: gate.OpenNDS, settings: gate.Settings{Level: 3, Secret: faskey, Hosts: []string{"192.168.8.1"}},
		make: func(w gatetest.World) gatetest.NAS { return gatetest.NewOpenNDS(w, 3, faskey) },
	}}
}

// filePage is what staff put onto a device.
func filePage(vendor gate.Vendor, portal *url.URL) []byte {
	adapter, _ := gate.Of(vendor)
	installer, _ := adapter.(gate.Installer)
	files, err := installer.Pages(portal, "Continue")
	if err != nil {
		panic(err)
	}
	return files[0].Text
}

// everyVendor runs a test at a device of each.
func everyVendor(t *testing.T, test func(t *testing.T, d *deployment)) {
	t.Helper()
	var tested []gate.Vendor
	for _, kind := range devices() {
		tested = append(tested, kind.vendor)
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			test(t, deploy(t, plan{device: kind}))
		})
	}
	slices.Sort(tested)
	require.Equal(t, gate.Vendors(), tested)
}

// enters is what is left to do after a login: to press the device's form, or to wait for
// a gateway that collects who may go in.
func (g *guest) enters() *guest {
	g.d.t.Helper()
	g.goesOn()
	collector, ok := g.d.net.NAS.(*gatetest.OpenNDS)
	if !ok {
		return g
	}
	_, online, _ := strings.Cut(g.page.header.Get("Refresh"), "url=")
	collector.Poll(func(form url.Values) string { return g.post(g.d.portalURL().String(), form) }, false)
	if online != "" {
		g.opens(publicURL + online)
	}
	return g
}

// post sends a form without the browser.
func (g *guest) post(to string, fields url.Values) string {
	g.d.t.Helper()
	r, err := http.NewRequestWithContext(g.d.t.Context(), http.MethodPost, to, strings.NewReader(fields.Encode()))
	require.NoError(g.d.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	gateway := &guest{d: g.d, client: g.client, http: &http.Client{Transport: g}}
	return gateway.does(r).page.body
}

// TestEveryVendor: admitted, the gate opens, the time is over, the gate shuts, and again.
func TestEveryVendor(t *testing.T) {
	t.Parallel()
	everyVendor(t, func(t *testing.T, d *deployment) {
		robert := d.guest(robertsMAC)
		robert.arrives().isAskedToLogIn()
		require.Equal(t, http.StatusOK, robert.page.status)
		robert.registers(robertsLogin).enters()
		require.Equal(t, 4*3600, d.net.seconds(robert.client))
		require.Equal(t, robertsMAC, d.last().MAC)
		require.Zero(t, d.net.seconds(d.guest("3c:22:fb:00:00:02").client), "nobody but Robert")

		d.until(d.at("2024-06-03 11:59:00"))
		require.Equal(t, 60, d.net.seconds(robert.client))
		d.until(d.at("2024-06-03 12:00:00"))
		require.Zero(t, d.net.seconds(robert.client))
		require.Equal(t, identity.EndLifetime, d.last().Reason)

		robert.arrives().isAskedToContinue().presses("do=continue").enters()
		require.Equal(t, 4*3600, d.net.seconds(robert.client))
		require.Equal(t, []identity.Status{identity.LoggedIn, identity.ReturningAuto}, []identity.Status{d.logins()[0].Status, d.logins()[1].Status})
		robert.toldNobodyElse()
	})
}

// toldNobodyElse: no secret went to another host than the device's, and no name anywhere.
func (g *guest) toldNobodyElse() {
	g.d.t.Helper()
	var secrets []string
	g.d.net.mu.Lock()
	for _, asked := range g.d.net.asked {
		secrets = append(secrets, asked.Username)
		if asked.Password != "" {
			secrets = append(secrets, asked.Password)
		}
	}
	g.d.net.mu.Unlock()
	for _, sent := range g.seen {
		require.NotContains(g.d.t, sent, robertsLogin)
		if strings.HasPrefix(sent, "http://news.example/") || strings.HasPrefix(sent, "http://example.com/") {
			for _, secret := range secrets {
				require.NotContains(g.d.t, sent, secret)
			}
		}
		u, err := url.Parse(strings.Fields(sent)[0])
		require.NoError(g.d.t, err)
		require.NotContains(g.d.t, u.Host, "evil")
	}
}

// TestMadeUpRedirects: what nobody's device has sent lets nobody in.
func TestMadeUpRedirects(t *testing.T) {
	t.Parallel()
	everyVendor(t, func(t *testing.T, d *deployment) {
		wants(t, d)
		anotherHost(t, d)
		swappedParameters(t, d)
		anOldForm(t, d)
	})
}

// TestRedirectsOfOthers: what somebody else's device has sent opens nothing for one's own.
func TestRedirectsOfOthers(t *testing.T) {
	t.Parallel()
	everyVendor(t, func(t *testing.T, d *deployment) {
		anothersAddress(t, d)
		othersRedirects(t, d)
	})
}

// wants: where a guest was going may be anything that a browser sends.
func wants(t *testing.T, d *deployment) {
	t.Helper()
	robert := d.guest(robertsMAC)
	for _, to := range []string{"http://news.example/a;b=c", "http://news.example/?q=50%25&x=%C3%BC", "http://news.example/%ff"} {
		robert.opens(d.net.Redirect(robert.client, to).String())
		require.Equal(t, http.StatusOK, robert.page.status, "%s: %s", to, robert.page.body)
		robert.isAskedToLogIn()
	}
}

// anotherHost: a redirect that leads elsewhere gets no form, no secret, and nobody in.
func anotherHost(t *testing.T, d *deployment) {
	t.Helper()
	robert := d.guest(robertsMAC)
	good := d.net.Redirect(robert.client, wanted).String()
	for _, evil := range []string{"evil.example", "evil.example%2f.network-auth.com", "n143.network-auth.com.evil.example", "192.0.2.1.evil.example"} {
		forged := good
		for _, host := range []string{"n143.network-auth.com", "192.0.2.1", "securelogin.arubanetworks.com", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.10", "10.20.30.1", "192.0.2.11", "192.0.2.12"} {
			if place, query, _ := strings.Cut(forged, "?"); strings.Contains(query, host) {
				forged = place + "?" + strings.ReplaceAll(query, host, evil)
				break
			}
		}
		if forged == good { // it names no host, or nobody can read it
			require.Contains(t, []gate.Vendor{gate.UniFi, gate.OpenNDS}, d.portal.Vendor)
			continue
		}
		robert.opens(forged)
		if d.portal.Vendor == gate.SmartZone { // the host is not asked: the settings say whom
			continue
		}
		require.Equal(t, http.StatusForbidden, robert.page.status, forged)
		_, ok := robert.page.form()
		require.False(t, ok, forged)
		require.NotContains(t, robert.page.header.Get("Content-Security-Policy"), "evil")
	}
	robert.toldNobodyElse()
	require.Empty(t, d.accounts())
	require.Zero(t, d.net.seconds(robert.client))
}

// othersRedirects: what one device was redirected with opens nothing for another.
func othersRedirects(t *testing.T, d *deployment) {
	t.Helper()
	robert, mallory := d.guest("3c:22:fb:00:00:05"), d.guest("66:00:00:00:00:67")
	d.net.Redirect(mallory.client, wanted)
	redirect := d.net.Redirect(robert.client, wanted).String()
	mallory.opens(redirect).isAskedToLogIn().registers("mallory@example.com").enters()
	require.Zero(t, d.net.seconds(mallory.client))
	mallory.toldNobodyElse()
}

// anothersAddress: who claims a device that is online gets no further than its
// network lets them, and cannot log it off.
func anothersAddress(t *testing.T, d *deployment) {
	t.Helper()
	robert, mallory := d.guest(robertsMAC), d.guest("66:00:00:00:00:66")
	robert.arrives().registers(robertsLogin).enters()
	require.Equal(t, 4*3600, d.net.seconds(robert.client))
	own := d.net.Redirect(mallory.client, wanted).String()
	claimed := respelt(own, mallory.client.MAC, robertsMAC)
	switch {
	case d.portal.Vendor == gate.MerakiClick:
		return // whoever goes to the grant address is let in, by us or without us
	case claimed == own: // nobody can write into what they cannot read
		require.Equal(t, gate.OpenNDS, d.portal.Vendor)
		return
	}
	mallory.opens(claimed).enters().sees("-do=logout", "-logout\"", "-Robert", "-"+robertsLogin)
	require.Zero(t, d.net.seconds(mallory.client))
	require.Empty(t, mallory.cookie())
	require.Len(t, d.logins(), 1)
	require.True(t, d.last().Green)
	mallory.toldNobodyElse()
}

// respelt puts one address in the place of another, in each of the spellings that devices
// have.
func respelt(text, from, to string) string {
	for _, spell := range []func(string) string{
		func(mac string) string { return mac },
		strings.ToUpper,
		url.QueryEscape,
		func(mac string) string { return url.QueryEscape(strings.ToUpper(mac)) },
		func(mac string) string { return strings.ReplaceAll(mac, ":", "") },
		func(mac string) string { return strings.ToUpper(strings.ReplaceAll(mac, ":", "-")) },
	} {
		text = strings.ReplaceAll(text, spell(from), spell(to))
	}
	return text
}

// anOldForm: a page that was left open for half an hour admits nobody.
func anOldForm(t *testing.T, d *deployment) {
	t.Helper()
	robert := d.guest(robertsMAC)
	robert.arrives().isAskedToLogIn().says(robertsLogin)
	d.clock.Advance(30*time.Minute + time.Second)
	robert.presses("do=login", "first_name", "Robert", "last_name", "Dupont")
	require.Equal(t, http.StatusGone, robert.page.status)
	require.Empty(t, d.accounts())
	require.Zero(t, d.net.seconds(robert.client))
}

// swappedParameters: values in each other's places, twice, or not at all. Whatever
// page that gives, its form leads to us or to the device.
func swappedParameters(t *testing.T, d *deployment) {
	t.Helper()
	robert := d.guest(robertsMAC)
	place, query, _ := strings.Cut(d.net.Redirect(robert.client, "http://evil.example/").String(), "?")
	pairs := strings.Split(query, "&")
	for i := range pairs {
		name, value, _ := strings.Cut(pairs[i], "=")
		for j := range pairs {
			other, swapped, _ := strings.Cut(pairs[j], "=")
			if i >= j {
				continue
			}
			changed := slices.Clone(pairs)
			changed[i], changed[j] = name+"="+swapped, other+"="+value
			robert.triesOut(place + "?" + strings.Join(changed, "&"))
		}
		robert.triesOut(place + "?" + strings.Join(append(slices.Clone(pairs), pairs[i]), "&"))
		robert.triesOut(place + "?" + strings.Join(slices.Delete(slices.Clone(pairs), i, i+1), "&"))
		robert.d.clock.Advance(time.Minute) // for the brakes
	}
	require.Empty(t, d.accounts())
	require.Zero(t, d.net.seconds(robert.client))
	robert.toldNobodyElse()
}

// triesOut opens an address and holds the page to what every page is.
func (g *guest) triesOut(address string) {
	g.d.t.Helper()
	g.opens(address)
	require.Contains(g.d.t, []int{200, 400, 403, 404, 429}, g.page.status, address)
	require.Contains(g.d.t, g.page.header.Get("Content-Type"), "text/html", address)
	f, ok := g.page.form()
	if ok {
		require.True(g.d.t, strings.HasPrefix(f.action, "/portal/"), "%s leads to %s", address, f.action)
	}
	require.NotContains(g.d.t, g.page.header.Get("Content-Security-Policy"), "evil", address)
}
