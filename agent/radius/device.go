package radius

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/wire"
)

// serviceCallCheck is the Service-Type of a request that names a device and no user
// (RFC 2865 5.6).
const serviceCallCheck = 10

// asksByMAC reports whether the NAS asks for a device by its MAC address, and returns
// it in its canonical form. The address is the user name, in any spelling. Either the
// Service-Type is Call-Check, or the password is the address too. A guest can type the
// latter into a login page, so the NAS must name the same device by itself then.
func (r *request) asksByMAC(m method) (mac string, asked bool) {
	const shortest, longest = len("0010A42319C0"), len("00-10-A4-23-19-C0")
	if len(r.userName) < shortest || len(r.userName) > longest {
		return "", false
	}
	var buf [longest]byte
	named := appendMAC(buf[:0], r.userName)
	service, _ := number(r.serviceType)
	check := service == serviceCallCheck
	switch {
	case len(named) == 0, r.who.mac != "" && r.who.mac != string(named), r.who.mac == "" && !check:
		return "", false
	case r.provesMAC(m, string(named)):
	case !check || !r.showsSecret(m):
		return "", false
	}
	return string(named), true
}

// provesMAC reports whether the password is the device's address, as the user name
// spells it or otherwise.
func (r *request) provesMAC(m method, mac string) bool {
	if r.proves(m, string(r.userName)) {
		return true
	}
	bare := strings.ReplaceAll(mac, ":", "")
	dotted := bare[:4] + "." + bare[4:8] + "." + bare[8:]
	for _, spelt := range []string{mac, bare, strings.ReplaceAll(mac, ":", "-"), dotted} {
		if r.proves(m, spelt) || r.proves(m, strings.ToUpper(spelt)) {
			return true
		}
	}
	return false
}

// showsSecret reports whether a request whose password is not checked shows that the
// NAS has the secret.
func (r *request) showsSecret(m method) bool {
	if r.messageAuthenticator != 0 {
		return true
	}
	r.provesPAP("")
	return m == methodPAP && !r.garbled
}

// byMAC decides a login by MAC address. Nobody types one, so that no try is counted.
func (s *Server) byMAC(r *request, v verdict, mac string) verdict {
	r.who.mac = mac
	ssid := ssidOf(r.who.calledStation)
	v.grant = s.cfg.Grants.Device(mac, r.nas.ID, ssid)
	switch {
	case v.grant == nil:
		return v.refuse(wire.RefusedUnknownDevice)
	case v.grant.Kind == wire.GrantPortal:
		return s.last(r, v)
	case !r.waits:
		r.deferred = true
		return v
	}
	return s.arrive(r, v, ssid)
}

// arrive gives a device of a grant of kind device an access. The hub hears of it from
// the journal, and what was given holds over a restart: both are on disk before anybody
// is let in. The journal comes first: an access that only the hub knows does no harm.
func (s *Server) arrive(r *request, v verdict, ssid string) verdict {
	mac := v.grant.MAC
	if _, busy := s.arriving.LoadOrStore(mac, true); busy {
		v.discard = dropDuplicate // the NAS asks again, and finds an access
		return v
	}
	defer s.arriving.Delete(mac)
	if g := s.cfg.Grants.Device(mac, r.nas.ID, ssid); g == nil || g.Kind == wire.GrantPortal {
		return s.byMAC(r, v, mac)
	}
	login, access := arrival(r, v.grant, ssid)
	if err := s.keepArrival(login, access); err != nil {
		s.logs.journal.Do(func() { s.cfg.Logger.Error("a device was not let in because that cannot be recorded", "error", err) })
		return v.refuse(wire.RefusedNotRecorded)
	}
	v.grant = &access
	return s.last(r, v)
}

// arrival is the access that g gives, and the report of that.
func arrival(r *request, g *wire.Grant, ssid string) (wire.DeviceLogin, wire.Grant) {
	at := r.at.UTC().Truncate(time.Microsecond) // as a database keeps it
	until := at.Add(time.Duration(g.LifetimeSeconds) * time.Second)
	if g.NotAfter.Before(until) {
		until = g.NotAfter
	}
	device := identity.DeviceID(g.ID)
	login := wire.DeviceLogin{
		DeviceID: device, AccessID: identity.DeviceAccessID(device, at), NASID: r.nas.ID, MAC: g.MAC, SSID: ssid, At: at, Until: until,
	}
	return login, wire.Grant{
		ID: string(login.AccessID), Kind: wire.GrantPortal, Username: identity.DeviceTokenName(login.AccessID, cmp.Or(g.Domain, identity.NoDomain)),
		NotBefore: at, NotAfter: until, MAC: g.MAC, NASID: g.NASID, SSID: g.SSID, MACAuth: true,
	}
}

func (s *Server) keepArrival(login wire.DeviceLogin, access wire.Grant) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.JournalFor)
	defer cancel()
	if _, err := s.cfg.Journal.Append(ctx, wire.Record{At: login.At, DeviceLogin: &login}); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return s.cfg.Grants.HoldDevice(string(login.DeviceID), access)
}
