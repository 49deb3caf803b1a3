// Package hotspot is a simulated guest network with a captive portal, for people and
// browsers on this machine: whoever opens its address is a guest's phone that has just
// joined. It holds the phone back and sends it to the portal; once the portal has let it
// through, it shows that the phone is online.
//
// It has no protocol of its own. Towards browsers it is gatetest's CoovaChilli, over real
// HTTP; towards the site's agent it is a nas.NAS, which asks RADIUS with what the gateway
// was brought, accounts, and takes Disconnect-Requests. A session is open while both say
// so: the one that hears of an end tells the other.
//
// There is one phone at a time, since everybody on this machine has the same address.
package hotspot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/gate/gatetest"
	"github.com/foyerhq/foyer/test/nas"
)

// Config describes a network. All fields are required.
type Config struct {
	Address string // where it is served: host:port of loopback
	Portal  string // the portal's address, as its settings show it
	Secret  string // shared with the portal (uamsecret)
	SSID    string
	NAS     *nas.NAS // started by the caller
}

// Hotspot is a network with one phone. It is safe for concurrent use.
type Hotspot struct {
	radius  *nas.NAS
	gateway *gatetest.CoovaChilli
	host    string

	mu    sync.Mutex // guards phone
	phone gatetest.Client
}

// New returns a network and its first phone.
func New(c Config) (*Hotspot, error) {
	portal, err := url.Parse(c.Portal)
	if err != nil {
		return nil, fmt.Errorf("hotspot: portal: %w", err)
	}
	if at, err := netip.ParseAddrPort(c.Address); err != nil || !at.Addr().IsLoopback() {
		return nil, errors.New("hotspot: for loopback only, as host:port")
	}
	h := &Hotspot{radius: c.NAS, host: c.Address, phone: phone(0)}
	h.gateway = gatetest.NewCoovaChilli(gatetest.World{
		Portal: portal, Address: &url.URL{Scheme: "http", Host: c.Address}, SSID: c.SSID, Now: time.Now,
		AuthorizeCHAP: h.authorize, Account: h.account,
		Who: func(*http.Request) (gatetest.Client, bool) { return h.Phone(), true },
	}, c.Secret)
	return h, nil
}

// phone is one of 256, which have the addresses for documentation (RFC 7042 section 2.1.2).
func phone(n byte) gatetest.Client {
	return gatetest.Client{MAC: fmt.Sprintf("00:00:5e:00:53:%02x", n), IP: netip.AddrFrom4([4]byte{10, 78, 0, n})}
}

// Phone is the device that browsers are at present.
func (h *Hotspot) Phone() gatetest.Client {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.phone
}

// Next takes another phone, that has never been here; after 256 the first again. The one
// before stays as it is.
func (h *Hotspot) Next() gatetest.Client {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.phone = phone(h.phone.IP.As4()[3] + 1)
	return h.phone
}

// Online reports until when the phone is let through.
func (h *Hotspot) Online() (until time.Time, ok bool) {
	c := h.Phone()
	if _, open := h.radius.Session(c.MAC); !open {
		h.gateway.Disconnect(c) // it was cut off by the site's agent
	}
	return h.gateway.Online(c)
}

const askWithin = 5 * time.Second

// authorize asks RADIUS with what a browser brought from the portal.
func (h *Hotspot) authorize(user string, response gatetest.CHAP, mac string) (time.Duration, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), askWithin)
	defer cancel()
	result, err := h.radius.Login(ctx, nas.Guest{
		MAC: mac, IP: h.Phone().IP, Username: user, Method: nas.CHAP, Challenge: response.Challenge, Response: response.Response,
	})
	return result.SessionTimeout, err == nil && result.Accepted
}

// account hears of who logged off at the gateway.
func (h *Hotspot) account(record gatetest.Record) {
	if record.Stop && record.Cause == gatetest.CauseUser {
		h.radius.Logout(record.Client.MAC)
	}
}
