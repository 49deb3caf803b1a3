package api

import (
	"context"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/visit"
)

// Joining is how a guest's device gets into one network of the site. It is answered
// with credentials alone: whoever may hand those out may hand out the passphrase.
type Joining struct {
	SSID       string            `json:"ssid"`
	Kind       visit.NetworkKind `json:"kind" enum:"open_portal,wpa_psk,wpa_eap"`
	PortalURL  string            `json:"portal_url,omitempty"`
	Passphrase string            `json:"passphrase,omitempty" doc:"The network's own, of kind wpa_psk; no voucher's password."`
	Hidden     bool              `json:"hidden,omitempty"`
}

// joining lists a site's networks. That they could not be found out is no reason to
// withhold credentials.
func (s *Server) joining(ctx context.Context, site visit.SiteID) []Joining {
	networks, err := s.Store.Networks(ctx, scopeOf(auth.PrincipalOf(ctx)), site)
	if err != nil {
		s.Logger.WarnContext(ctx, "networks not found out", "site_id", site, "error", err)
	}
	return each(networks, func(n visit.Network) Joining {
		return Joining{SSID: n.SSID, Kind: n.Kind, PortalURL: n.PortalURL, Passphrase: n.PSK, Hidden: n.Hidden}
	})
}
