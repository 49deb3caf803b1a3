package auth

import (
	"log/slog"
	"slices"

	"github.com/foyerhq/foyer/internal/visit"
)

// Kind says what sort of caller a principal is.
type Kind string

// The kinds of principal.
const (
	KindUser     Kind = "user"     // a member of staff, logged in
	KindToken    Kind = "token"    // a program with an API token
	KindKiosk    Kind = "kiosk"    // a self-service screen
	KindOperator Kind = "operator" // someone at an operator's tool, such as the Temporal UI
	KindSystem   Kind = "system"   // a part of Foyer, acting by itself
	KindLink     Kind = "link"     // someone who holds a signed link: "guest" or "host"
)

// Principal is who makes a call. Treat it as read-only: it is shared by everything
// that serves the call.
type Principal struct {
	Kind        Kind
	ID          string
	Name        string // for the caller's own screen; personal data, never logged or audited
	Sites       Sites
	Permissions Permissions
	// Host, when set, is the e-mail address of a host, who sees visits to themselves
	// only. It is personal data, as Name is.
	Host string
}

// System is a part of Foyer acting by itself, everywhere and without limits.
func System(part string) Principal {
	return Principal{Kind: KindSystem, ID: part, Sites: AllSites(), Permissions: EveryPermission()}
}

// Operator is someone acting through an operator's tool, whose name is not known.
func Operator(tool string) Principal {
	return Principal{Kind: KindOperator, ID: tool, Sites: AllSites(), Permissions: EveryPermission()}
}

// Actor is how events and audit rows name the principal: "user:<id>",
// "operator:temporal", "system:sweeper".
func (p Principal) Actor() string { return string(p.Kind) + ":" + p.ID }

// Can reports whether the principal has a permission, somewhere.
func (p Principal) Can(permission Permission) bool { return p.Permissions.Has(permission) }

// MaySite reports whether a site exists for the principal.
func (p Principal) MaySite(id visit.SiteID) bool { return p.Sites.Has(id) }

// MayGrant reports whether the principal may hand out these rights, to a token or a
// user: nobody gives more than they have, and who sees a part of the visits gives
// none.
func (p Principal) MayGrant(sites Sites, permissions Permissions) bool {
	return p.Host == "" && sites.Within(p.Sites) && permissions.Within(p.Permissions)
}

// LogValue shows the actor alone.
func (p Principal) LogValue() slog.Value { return slog.StringValue(p.Actor()) }

// Sites is a set of sites, possibly all, those of the future included. The zero
// value holds none.
type Sites struct {
	All bool
	IDs []visit.SiteID // unused when All
}

// AllSites is the set of all sites.
func AllSites() Sites { return Sites{All: true} }

// TheseSites is a set of single sites.
func TheseSites(ids ...visit.SiteID) Sites { return Sites{IDs: ids} }

// Has reports whether the set holds a site.
func (s Sites) Has(id visit.SiteID) bool { return s.All || slices.Contains(s.IDs, id) }

// Within reports whether other holds every site of the set.
func (s Sites) Within(other Sites) bool {
	if s.All {
		return other.All
	}
	return !slices.ContainsFunc(s.IDs, func(id visit.SiteID) bool { return !other.Has(id) })
}
