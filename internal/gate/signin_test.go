package gate_test

import (
	"crypto/md5"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/gate/gatetest"
)

var (
	guest    = gatetest.Client{MAC: "f4:5c:89:9b:17:67", IP: netip.MustParseAddr("10.20.30.40")}
	neighbor = gatetest.Client{MAC: "f6:00:00:00:00:01", IP: netip.MustParseAddr("10.20.30.41")}
)

const (
	name    = "user1@guests.example"
	secret  = "one-time+se/cret&=%"
	success = "https://portal.example/portal/p1/done?s=a%2Bb"
	wanted  = "http://example.com/?q=1"
	nbiPass = "request password"
)

// site is a NAS's world in a test: a clock, a RADIUS server that knows one secret, good
// once and for the guest's device, and what was accounted.
type site struct {
	mu      sync.Mutex // guards all
	now     time.Time
	left    time.Duration
	used    bool
	records []gatetest.Record
}

func newSite(left time.Duration) *site {
	return &site{now: time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC), left: left}
}

func (s *site) world(portal string) gatetest.World {
	u, err := url.Parse(portal)
	if err != nil {
		panic(err)
	}
	return gatetest.World{Portal: u, Now: s.clock, Authorize: s.authorize, AuthorizeCHAP: s.authorizeCHAP, Account: s.account}
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *site) authorize(user, password, mac string) (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ok := user == name && password == secret && mac == guest.MAC && !s.used
	s.used = s.used || ok
	return s.left, ok
}

func (s *site) authorizeCHAP(user string, response gatetest.CHAP, mac string) (time.Duration, bool) {
	want := md5.Sum([]byte(string([]byte{response.ID}) + secret + string(response.Challenge)))
	password := "wrong"
	if string(want[:]) == string(response.Response) {
		password = secret
	}
	return s.authorize(user, password, mac)
}

func (s *site) account(record gatetest.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = append(s.records, record)
}

func (s *site) accounted() []gatetest.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]gatetest.Record(nil), s.records...)
}

// device is a vendor's simulated NAS with the settings that fit it.
type device struct {
	name     string
	vendor   gate.Vendor
	settings gate.Settings
	portal   string // empty: the usual one
	make     func(gatetest.World) gatetest.NAS
	failed   string // what the device says of a wrong password
	silent   bool   // it does not say where the guest was going
	returns  bool   // it leads a guest who is in back to the portal, and says so
	mute     bool   // nothing ends a session before its time
	lands    string // where a guest who is in is sent; empty: to the success page
}

func devices() []device {
	return append([]device{{
		name: "meraki", vendor: gate.Meraki, failed: gate.FailedCredentials,
		make: func(w gatetest.World) gatetest.NAS { return gatetest.NewMeraki(w) },
	}, {
		name: "meraki behind an address with a query", vendor: gate.Meraki, failed: gate.FailedCredentials,
		portal: "https://portal.example/portal/p1?v=1",
		make:   func(w gatetest.World) gatetest.NAS { return gatetest.NewMeraki(w) },
	}, {
		name: "cisco AireOS", vendor: gate.CiscoWLC, failed: gate.FailedCredentials,
		settings: gate.Settings{Hosts: []string{"192.0.2.1"}},
		make:     func(w gatetest.World) gatetest.NAS { return gatetest.NewCiscoWLC(w) },
	}, {
		name: "cisco with a second ?", vendor: gate.CiscoWLC, failed: gate.FailedCredentials,
		settings: gate.Settings{Hosts: []string{"192.0.2.1"}},
		portal:   "https://portal.example/portal/p1?v=1",
		make:     func(w gatetest.World) gatetest.NAS { return gatetest.NewCiscoWLC(w) },
	}, {
		name: "cisco with ?? after an address that ends in ?", vendor: gate.CiscoWLC, failed: gate.FailedCredentials,
		settings: gate.Settings{Hosts: []string{"192.0.2.1"}},
		portal:   "https://portal.example/portal/p1?",
		make:     func(w gatetest.World) gatetest.NAS { return gatetest.NewCiscoWLC(w) },
	}, {
		name: "catalyst with names of its own", vendor: gate.CiscoWLC, failed: gate.FailedCredentials,
		settings: gate.Settings{Hosts: []string{"192.0.2.1"}, Names: map[string]string{"client_mac": "cmac", "wlan": "ssid-name"}},
		make: func(w gatetest.World) gatetest.NAS {
			nas := gatetest.NewCiscoWLC(w)
			nas.Names = map[string]string{"client_mac": "cmac", "wlan": "ssid-name"}
			return nas
		},
	}, {
		name: "aruba", vendor: gate.Aruba, failed: gate.FailedCredentials,
		make: func(w gatetest.World) gatetest.NAS { return gatetest.NewAruba(w) },
	}, {
		name: "aruba instant on", vendor: gate.Aruba, failed: gate.FailedCredentials,
		make: func(w gatetest.World) gatetest.NAS { return gatetest.NewArubaInstantOn(w) },
	}, {
		name: "aruba, early instant", vendor: gate.Aruba, failed: gate.FailedCredentials,
		settings: gate.Settings{Names: map[string]string{"path": "/swarm.cgi"}},
		portal:   "https://portal.example/portal/p1?v=1",
		make: func(w gatetest.World) gatetest.NAS {
			nas := gatetest.NewAruba(w)
			nas.Old = true
			return nas
		},
	}, {
		name: "fortigate", vendor: gate.FortiGate, failed: gate.FailedCredentials, silent: true, lands: wanted,
		settings: gate.Settings{Hosts: []string{"192.0.2.3"}},
		make:     func(w gatetest.World) gatetest.NAS { return gatetest.NewFortiGate(w) },
	}, {
		name: "ruckus", vendor: gate.Ruckus, lands: "http://example.com/",
		settings: gate.Settings{Hosts: []string{"192.0.2.4"}},
		make:     func(w gatetest.World) gatetest.NAS { return gatetest.NewRuckus(w) },
	}}, gateways()...)
}

func (d device) start(s *site) gatetest.NAS {
	portal := d.portal
	if portal == "" {
		portal = "https://portal.example/portal/p1"
	}
	return d.make(s.world(portal))
}

// parse reads an address that a browser was sent to.
func (d device) parse(t *testing.T, to *url.URL) gate.Arrival {
	t.Helper()
	adapter, ok := gate.Of(d.vendor)
	require.True(t, ok)
	arrival, err := gate.Read(adapter, to.String(), d.settings)
	require.NoError(t, err)
	return arrival
}

func (d device) release(t *testing.T, a gate.Arrival, password string, left time.Duration) gate.Release {
	t.Helper()
	adapter, _ := gate.Of(d.vendor)
	release, err := adapter.Release(a, gate.Grant{Username: name, Password: password, Left: left, Success: success, Continue: a.Continue}, d.settings)
	require.NoError(t, err)
	return release
}

// goOn does what a release says and returns where the device sends the browser then.
func goOn(t *testing.T, nas gatetest.NAS, c gatetest.Client, release gate.Release) *url.URL {
	t.Helper()
	response := gatetest.Submit(nas, c, release)
	defer func() { require.NoError(t, response.Body.Close()) }()
	return sentTo(t, response)
}

// sentTo returns where a device sends the browser with an answer.
func sentTo(t *testing.T, response *http.Response) *url.URL {
	t.Helper()
	u, err := response.Location()
	require.NoError(t, err, "status %d", response.StatusCode)
	return u
}

func TestGuestIsLetInForTheTime(t *testing.T) {
	t.Parallel()
	for _, d := range devices() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			here := newSite(4 * time.Hour)
			nas := d.start(here)

			arrival := d.parse(t, nas.Redirect(guest, wanted))
			require.Equal(t, guest.MAC, arrival.MAC)
			require.Empty(t, arrival.Failed)
			if adapter, _ := gate.Of(d.vendor); adapter.Caps().ReliableIP {
				require.Equal(t, guest.IP, arrival.IP)
			} else {
				require.False(t, arrival.IP.IsValid())
			}
			if !d.silent {
				require.Equal(t, wanted, arrival.Continue)
			}

			to := goOn(t, nas, guest, d.release(t, arrival, secret, 4*time.Hour))
			if d.returns {
				require.True(t, d.parse(t, to).Online)
			} else if d.lands != "" {
				require.Equal(t, d.lands, to.String())
			} else {
				require.Equal(t, "a+b", to.Query().Get("s"), "the success page's own query came through: %s", to)
			}
			until, online := nas.Online(guest)
			require.True(t, online)
			require.Equal(t, here.clock().Add(4*time.Hour), until)
			_, online = nas.Online(neighbor)
			require.False(t, online)

			here.later(4 * time.Hour)
			_, online = nas.Online(guest)
			require.False(t, online)
			records := here.accounted()
			require.Len(t, records, 2)
			require.Equal(t, gatetest.CauseTimeout, records[1].Cause)
			require.Equal(t, name, records[1].User)
		})
	}
}

func TestRefusedGuestComesBackAndIsLetIn(t *testing.T) {
	t.Parallel()
	for _, d := range devices() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			nas := d.start(newSite(time.Hour))

			arrival := d.parse(t, nas.Redirect(guest, wanted))
			back := goOn(t, nas, guest, d.release(t, arrival, "wrong", time.Hour))
			_, online := nas.Online(guest)
			require.False(t, online)

			again := d.parse(t, back)
			require.Equal(t, d.failed, again.Failed)
			goOn(t, nas, guest, d.release(t, again, secret, time.Hour))
			_, online = nas.Online(guest)
			require.True(t, online)
		})
	}
}

func TestReleaseOpensOnceAndForItsDevice(t *testing.T) {
	t.Parallel()
	for _, d := range devices() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			here := newSite(time.Hour)
			nas := d.start(here)
			theirs := d.parse(t, nas.Redirect(neighbor, wanted))
			release := d.release(t, d.parse(t, nas.Redirect(guest, wanted)), secret, time.Hour)

			// The neighbor posts what the guest was given, and puts it into a post of their own.
			stolen := d.release(t, theirs, secret, time.Hour)
			for _, r := range []gate.Release{stolen, release} {
				if d.vendor == gate.Meraki && r.Form == release.Form {
					continue // the cloud knows the client by mauth, not by who posts
				}
				require.NoError(t, gatetest.Submit(nas, neighbor, r).Body.Close())
				_, online := nas.Online(neighbor)
				require.False(t, online)
			}

			fresh := d.release(t, d.parse(t, nas.Redirect(guest, wanted)), secret, time.Hour)
			require.NoError(t, gatetest.Submit(nas, guest, fresh).Body.Close())
			_, online := nas.Online(guest)
			require.True(t, online)

			require.Equal(t, !d.mute, nas.Disconnect(guest))
			if d.mute {
				here.later(time.Hour)
			}
			require.NoError(t, gatetest.Submit(nas, guest, fresh).Body.Close())
			_, online = nas.Online(guest)
			require.False(t, online, "replayed")
		})
	}
}

func TestMerakiSuccessPageGetsTheLogout(t *testing.T) {
	t.Parallel()
	d := devices()[0]
	here := newSite(time.Hour)
	nas := d.start(here)
	to := goOn(t, nas, guest, d.release(t, d.parse(t, nas.Redirect(guest, wanted)), secret, time.Hour))

	logout := gate.MerakiLogout(to.Query(), d.settings)
	require.NotNil(t, logout)
	goOn(t, nas, guest, gate.Release{Redirect: logout})
	_, online := nas.Online(guest)
	require.False(t, online)
	require.Equal(t, gatetest.CauseUser, here.accounted()[1].Cause)

	require.Nil(t, gate.MerakiLogout(url.Values{"logout_url": {"https://evil.example/"}}, d.settings))
	require.Nil(t, gate.MerakiLogout(url.Values{}, d.settings))
}

func TestMerakiClickThroughCarriesTheTime(t *testing.T) {
	t.Parallel()
	here := newSite(0)
	w := here.world("https://portal.example/portal/p1")
	nas := gatetest.NewMerakiClick(w)
	d := device{vendor: gate.MerakiClick}

	arrival := d.parse(t, nas.Redirect(guest, wanted))
	require.Equal(t, guest.MAC, arrival.MAC)
	release := d.release(t, arrival, "", 90*time.Minute+999*time.Millisecond)
	require.Equal(t, success, goOn(t, nas, guest, release).String())
	until, online := nas.Online(guest)
	require.True(t, online)
	require.Equal(t, here.clock().Add(90*time.Minute), until, "rounded down")

	// What somebody put into the grant address is not read before ours.
	forged := nas.Redirect(guest, wanted)
	query := forged.Query()
	query.Set("base_grant_url", query.Get("base_grant_url")+"&duration=999999&continue_url=https%3A%2F%2Fevil.example%2F&d%75ration=7")
	forged.RawQuery = query.Encode()
	release = d.release(t, d.parse(t, forged), "", 200*time.Millisecond)
	require.Equal(t, []string{"1"}, release.Redirect.Query()["duration"], "never 0, which is for ever")
	require.Equal(t, []string{success}, release.Redirect.Query()["continue_url"])

	nas.Swallow = true
	release = d.release(t, d.parse(t, nas.Redirect(guest, wanted)), "", time.Hour)
	require.Contains(t, goOn(t, nas, guest, release).String(), "network-auth.com")
}

func TestCiscoSaysWhyNot(t *testing.T) {
	t.Parallel()
	d := devices()[2]
	nas := d.start(newSite(time.Hour))
	submit := func(c gatetest.Client, password string) gate.Arrival {
		return d.parse(t, goOn(t, nas, c, d.release(t, d.parse(t, nas.Redirect(c, wanted)), password, time.Hour)))
	}
	require.NoError(t, gatetest.Submit(nas, guest, d.release(t, d.parse(t, nas.Redirect(guest, wanted)), secret, time.Hour)).Body.Close())

	require.True(t, submit(guest, secret).Online)
	require.Equal(t, gate.FailedInUse, submit(neighbor, secret).Failed)
	require.True(t, nas.Disconnect(guest))
	for range 3 {
		require.Equal(t, gate.FailedCredentials, submit(neighbor, "wrong").Failed)
	}
	require.Equal(t, gate.FailedExcluded, submit(neighbor, secret).Failed)

	// Without the button the controller is as if nothing had been posted.
	release := d.release(t, d.parse(t, nas.Redirect(guest, wanted)), secret, time.Hour)
	release.Form.Fields = release.Form.Fields[1:]
	require.Empty(t, d.parse(t, goOn(t, nas, guest, release)).Failed)
}

func TestCiscoIsNotToldAnAddressThatItCuts(t *testing.T) {
	t.Parallel()
	adapter, _ := gate.Of(gate.CiscoWLC)
	d := devices()[2]
	arrival := d.parse(t, d.start(newSite(time.Hour)).Redirect(guest, wanted))
	for size, fields := range map[int]int{255: 4, 256: 3} {
		long := "https://portal.example/" + strings.Repeat("a", size-len("https://portal.example/"))
		release, err := adapter.Release(arrival, gate.Grant{Username: name, Password: secret, Left: time.Hour, Success: long}, d.settings)
		require.NoError(t, err)
		require.Len(t, release.Form.Fields, fields)
	}
}

func TestFortiGateTakesAMagicOnceAndInTime(t *testing.T) {
	t.Parallel()
	d := devices()[9]
	here := newSite(time.Hour)
	nas := d.start(here)
	late := d.release(t, d.parse(t, nas.Redirect(guest, wanted)), secret, time.Hour)
	here.later(time.Minute)
	fresh := d.parse(t, goOn(t, nas, guest, late))
	_, online := nas.Online(guest)
	require.False(t, online)
	require.NotEqual(t, late.Form.Fields[0].Value, fresh.Handle["magic"])

	require.NoError(t, gatetest.Submit(nas, guest, d.release(t, fresh, secret, time.Hour)).Body.Close())
	_, online = nas.Online(guest)
	require.True(t, online)
}

func TestRuckusInTheClearOnlyUnlessNamedOtherwise(t *testing.T) {
	t.Parallel()
	d := devices()[10]
	nas := d.start(newSite(time.Hour))
	plain := d.release(t, d.parse(t, nas.Redirect(guest, wanted)), secret, time.Hour)
	require.Equal(t, "http://192.0.2.4:9997/login", plain.Form.Action.String())
	d.settings.Hosts = []string{"192.0.2.4:9998"}
	secure := d.release(t, d.parse(t, nas.Redirect(guest, wanted)), secret, time.Hour)
	require.Equal(t, "https://192.0.2.4:9998/login", secure.Form.Action.String())
}

func TestWhatStaffAreTold(t *testing.T) {
	t.Parallel()
	for _, vendor := range gate.Vendors() {
		adapter, _ := gate.Of(vendor)
		require.Contains(t, strings.Join(adapter.Garden("portal.example"), " "), "portal.example", vendor)
		require.Subset(t, []string{"hosts", "secret", "key", "controller", "site", "level"}, adapter.Needs(), vendor)
		caps := adapter.Caps()
		require.True(t, caps.RADIUS || caps.TimeLimit, "%s: access has an end", vendor)
	}
}
