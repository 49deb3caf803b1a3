package portal

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/gate/gatetest"
	"github.com/foyerhq/foyer/test/nas"
)

const (
	nasSecret = "a-shared-secret-of-24-ch"
	patience  = 30 * time.Second // for what comes over the network
)

// device is a vendor's simulated one, with the settings that fit it.
type device struct {
	name     string
	vendor   gate.Vendor
	settings gate.Settings
	tail     string // of the portal's address as staff typed it in
	make     func(gatetest.World) gatetest.NAS
}

var (
	meraki      = device{name: "sign-on", vendor: gate.Meraki, make: func(w gatetest.World) gatetest.NAS { return gatetest.NewMeraki(w) }}
	merakiClick = device{name: "click-through", vendor: gate.MerakiClick, make: func(w gatetest.World) gatetest.NAS { return gatetest.NewMerakiClick(w) }}
)

// network is a device as its guests see it, joined to a RADIUS client, which asks the
// site's agent and takes its Disconnect-Requests. How long sessions last goes by the
// deployment's clock.
type network struct {
	d *deployment
	gatetest.NAS
	client *nas.NAS

	mu      sync.Mutex // guards what follows
	told    []int      // seconds that the gate was opened for, one after the other
	asked   []nas.Guest
	clients []gatetest.Client
}

func newNetwork(d *deployment) *network {
	n := &network{d: d}
	var err error
	n.client, err = nas.New(nas.Config{
		Name: "ap-1", AuthAddr: d.agent.auth, AcctAddr: d.agent.acct, Secret: []byte(nasSecret),
		SendMessageAuthenticator: true, SendAccounting: true, Now: d.clock.Now,
	})
	require.NoError(d.t, err)
	require.NoError(d.t, n.client.Start(d.t.Context()))
	d.t.Cleanup(n.client.Stop)
	return n
}

func (n *network) coaPort() int { return int(netip.MustParseAddrPort(n.client.DASAddr()).Port()) }

// start plugs the device in, now that it has a portal's address.
func (n *network) start() {
	n.NAS = n.d.plan.make(gatetest.World{
		Portal: n.d.portalURL(), Now: n.d.clock.Now, SSID: "Guests",
		Authorize: func(user, password, mac string) (time.Duration, bool) {
			return n.login(nas.Guest{MAC: mac, Username: user, Password: password, Method: nas.PAP})
		},
		AuthorizeCHAP: func(user string, c gatetest.CHAP, mac string) (time.Duration, bool) {
			return n.login(nas.Guest{MAC: mac, Username: user, Method: nas.CHAP, Challenge: c.Challenge, Response: append([]byte{c.ID}, c.Response...)})
		},
		Account: n.account,
	})
}

// login asks RADIUS.
func (n *network) login(g nas.Guest) (time.Duration, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	result, err := n.client.Login(ctx, g)
	if err != nil {
		return 0, false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, g)
	if result.Accepted {
		n.told = append(n.told, int(result.SessionTimeout/time.Second))
	}
	return result.SessionTimeout, result.Accepted
}

// account hears of the device's sessions. The RADIUS client knows those that it opened
// itself, and not when their time is over by this clock.
func (n *network) account(r gatetest.Record) {
	if r.Stop && r.Cause != gatetest.CauseAdmin {
		n.client.Logout(r.Client.MAC)
	}
}

// ask is a call of the server's to the network's controller.
func (n *network) ask(call *gate.Call) error { return gatetest.Ask(n.NAS, call) }

// sent notes an address that a browser opened at the device. Click-through splash pages
// are told the time in it.
func (n *network) sent(release gate.Release) {
	if release.Redirect == nil {
		return
	}
	if seconds, err := strconv.Atoi(release.Redirect.Query().Get("duration")); err == nil {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.told = append(n.told, seconds)
	}
}

func (n *network) heard() []int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.told)
}

// joins notes a device on the network.
func (n *network) joins(c gatetest.Client) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Contains(n.clients, c) {
		n.clients = append(n.clients, c)
	}
}

// tick lets the device's timers run.
func (n *network) tick() {
	n.mu.Lock()
	clients := slices.Clone(n.clients)
	n.mu.Unlock()
	for _, c := range clients {
		n.Online(c)
	}
}

// cut waits for the Disconnect-Request that ends a client's session.
func (n *network) cut(c gatetest.Client) {
	n.d.t.Helper()
	ctx, cancel := context.WithTimeout(n.d.t.Context(), patience)
	defer cancel()
	require.NoError(n.d.t, n.client.WaitOffline(ctx, c.MAC), "nobody disconnects the device")
	require.True(n.d.t, n.Disconnect(c))
}

// seconds is for how long the gate is open for a client; 0: it is shut.
func (n *network) seconds(c gatetest.Client) int {
	until, open := n.Online(c)
	if !open {
		return 0
	}
	return int(until.Sub(n.d.clock.Now()) / time.Second)
}
