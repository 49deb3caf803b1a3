package ledger

import (
	"errors"
	"fmt"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// barredFor is how long a device is not let in by its address again after the hub took
// away before its time what it had: otherwise it would be back in milliseconds, and
// where the two do not agree over and over.
const barredFor = 10 * time.Minute

// errNoDevice: the grant ended while a login by it was under way.
var errNoDevice = errors.New("ledger: there is no such grant of kind device any more")

// Device finds what lets a device in by its MAC address alone, at a NAS and in a
// network of it, "" where the NAS names none: a grant of kind portal that is good
// already, else one of kind device, of which an access is to be made; nil for neither.
// It takes no lock. The grant is shared and must not be changed.
func (l *Ledger) Device(mac string, nas visit.NASID, ssid string) (g *wire.Grant) {
	now := l.cfg.Now()
	for _, h := range l.macs.get(mac) {
		if refusal(&h.grant, now) == "" && within(&h.grant, nas, ssid) && now.UnixNano() >= h.barred.Load() && better(&h.grant, g) {
			g = &h.grant
		}
	}
	return g
}

// within reports whether g is good there. A NAS that does not name its network may be
// in any, so it is in none that a grant names.
func within(g *wire.Grant, nas visit.NASID, ssid string) bool {
	return (g.NASID == "" || g.NASID == nas) && (g.SSID == "" || g.SSID == ssid)
}

// better prefers what needs no new access, then what lasts longer.
func better(g, than *wire.Grant) bool {
	if than == nil || g.Kind != than.Kind {
		return than == nil || g.Kind == wire.GrantPortal
	}
	return g.NotAfter.After(than.NotAfter)
}

// A held grant is an access that this agent gave a device, until the hub takes it over
// by an entry of its own about the same id.
type held struct {
	Grant  wire.Grant `json:"grant"`
	Device string     `json:"device"`
}

// HoldDevice makes g, of kind portal, usable: the access that the grant of kind device
// with the id device gives. It returns when g is on disk. From then on g is good until
// its end, or until the hub says something about it or takes device away. An error
// means that nobody may be let in by it.
func (l *Ledger) HoldDevice(device string, g wire.Grant) error {
	l.writer.Lock()
	defer l.writer.Unlock()
	l.mu.Lock()
	of := l.byID[device]
	l.mu.Unlock()
	if of == nil || of.grant.Kind != wire.GrantDevice {
		return errNoDevice
	}
	err := l.disk.commit(change{held: map[string]*held{g.ID: {Grant: g, Device: device}}}, l.disk.head)
	l.report(err)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	h := newHolding(g)
	h.device = device
	l.hold(h)
	return nil
}

// take reads a held grant; what the hub says of its id counts.
func (c *content) take(h *held) {
	if c.grants[h.Grant.ID] == nil {
		c.grants[h.Grant.ID] = newHolding(h.Grant)
		c.grants[h.Grant.ID].device = h.Device
	}
}

// follow adds to c what follows from it: accesses that devices were given go with the
// grants they were given by, and what is kept of grants goes with them.
func (l *Ledger) follow(c *change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.held = map[string]*held{}
	for id, device := range l.held {
		if _, named := c.grants[id]; named {
			c.held[id] = nil
		} else if g, named := c.grants[device]; named && g == nil {
			c.grants[id], c.held[id] = nil, nil
		}
	}
	for id, g := range c.grants {
		if g == nil {
			c.gone = append(c.gone, id)
		}
	}
}

// bar keeps the device of an access that the hub took away from being given another
// one at once.
func (l *Ledger) bar(h *holding) {
	now := l.cfg.Now()
	if h.mac == "" || h.grant.Kind != wire.GrantPortal || !now.Before(h.grant.NotAfter) {
		return
	}
	for _, o := range l.macs.get(h.mac) {
		if o.grant.Kind == wire.GrantDevice {
			o.barred.Store(now.Add(barredFor).UnixNano())
		}
	}
}
