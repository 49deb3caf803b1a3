package store

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
)

// validatePortal says what is wrong with what people choose.
func validatePortal(p Portal) error {
	adapter, known := gate.Of(p.Vendor)
	switch {
	case p.Name == "" || utf8.RuneCountInString(p.Name) > 200 || !plain(p.Name):
		return visit.Invalid("name", "A portal needs a name of at most 200 characters.")
	case !known:
		return visit.Invalid("vendor", "There is no such vendor.")
	case slices.Contains(p.Template.Methods, identity.MethodCode) && p.RollZone == "":
		return visit.Invalid("zone_id", "The template lets guests in with roll codes: choose the zone whose codes they are.")
	}
	return validateGate(p.Settings, adapter.Needs())
}

// Limits of what a portal's settings hold.
const (
	maxHosts  = 50
	maxNames  = 20
	maxSecret = 500
)

func validateGate(g gate.Settings, needs []string) error {
	if len(g.Hosts) > maxHosts || len(g.Names) > maxNames {
		return visit.Invalid("settings.hosts", "At most %d hosts and %d names.", maxHosts, maxNames)
	}
	for _, host := range g.Hosts {
		if err := gate.CheckHost(host); err != nil {
			return visit.Invalid("settings.hosts", "%q: a host name, an address, or a suffix of two parts that begins with a dot; each may have a port.", host[:min(len(host), 80)])
		}
	}
	for ours, theirs := range g.Names {
		if len(ours) > 32 || len(theirs) > 64 || !plain(ours) || !plain(theirs) {
			return visit.Invalid("settings.names", "The name of a parameter.")
		}
	}
	switch {
	case g.Controller != "" && !controllerURL(g.Controller):
		return visit.Invalid("settings.controller", "An address that begins with https://, without user, question mark or fragment.")
	case g.Fingerprint != "" && (len(g.Fingerprint) != 64 || strings.Trim(g.Fingerprint, "0123456789abcdef") != ""):
		return visit.Invalid("settings.fingerprint", "The SHA-256 of the controller's certificate: 64 hexadecimal digits.")
	case len(g.Site) > 64 || !plain(g.Site):
		return visit.Invalid("settings.site", "At most 64 octets.")
	case len(g.Secret) > maxSecret || !plain(g.Secret):
		return visit.Invalid("settings.secret", "At most %d octets.", maxSecret)
	case len(g.Key) > maxSecret || !plain(g.Key):
		return visit.Invalid("settings.key", "At most %d octets.", maxSecret)
	}
	return needed(g, needs)
}

func needed(g gate.Settings, needs []string) error {
	given := map[string]bool{
		"hosts": len(g.Hosts) > 0, "secret": g.Secret != "", "key": g.Key != "",
		"controller": g.Controller != "", "site": g.Site != "", "level": g.Level != 0,
	}
	for _, need := range needs {
		if !given[need] {
			return visit.Invalid("settings."+need, "Devices of this vendor need it.")
		}
	}
	return nil
}

func controllerURL(text string) bool { return loginURL(text) && strings.HasPrefix(text, "https://") }
