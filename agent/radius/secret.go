package radius

import (
	"github.com/foyerhq/foyer/internal/wire"
)

// A portal gives a device's browser a one-time secret, which the NAS sends in the place
// of a password. It is spent by the first Access-Accept; what a NAS sends again while
// the session lives renews that session, which is all it has for the purpose.

// provenOnce returns the one-time secret that a login proves, nil for none. Spent is
// true for one that the hub has forgotten since, and that renews nothing.
func (s *Server) provenOnce(r *request, v verdict) (once *wire.OneTime, spent bool) {
	for i := range v.grant.Secrets {
		if r.proves(v.method, v.grant.Secrets[i].Secret) {
			return &v.grant.Secrets[i], false
		}
	}
	for _, secret := range s.cfg.Grants.Spent(v.grant.ID, r.who.mac, r.nas.ID) {
		if r.proves(v.method, secret) {
			return &wire.OneTime{Secret: secret, MAC: r.who.mac, NASID: r.nas.ID}, !s.renews(r, v)
		}
	}
	return nil, false
}

// bound refuses a proven login of another device, or at another NAS, than it was meant
// for. A device that the NAS does not name is no device that a grant does.
func (v verdict) bound(r *request) verdict {
	g := v.grant
	switch {
	case g.MAC != "" && g.MAC != r.who.mac, v.once != nil && v.once.MAC != "" && v.once.MAC != r.who.mac:
		return v.refuse(wire.RefusedOtherDevice)
	case g.NASID != "" && g.NASID != r.nas.ID, v.once != nil && v.once.NASID != "" && v.once.NASID != r.nas.ID:
		return v.refuse(wire.RefusedOtherNAS)
	}
	return v
}

// spend uses up the secret that proved a login, and says why it is good for none. The
// admission lock must be held.
func (s *Server) spend(r *request, v verdict) wire.RefusedReason {
	switch {
	case s.cfg.Grants.Spend(v.grant.ID, *v.once, r.who.mac, r.nas.ID), s.renews(r, v):
		return ""
	case !r.at.Before(v.once.NotAfter):
		return wire.RefusedSecretExpired
	}
	return wire.RefusedSecretSpent
}

// renews reports whether the device has a session here that the login goes on with.
func (s *Server) renews(r *request, v verdict) bool {
	return s.cfg.Sessions.Online(v.grant.ID, r.who.mac, r.nas.ID)
}
