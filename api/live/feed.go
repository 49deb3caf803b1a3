package live

import (
	"maps"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// feed is what screens with the same scope follow.
type feed struct {
	scope   store.Scope
	members map[*screen]struct{}
}

// scopeOf is what a principal may follow, or the one site it asked for, which
// it is known to see.
func scopeOf(p auth.Principal, site visit.SiteID) store.Scope {
	if site != "" {
		return store.Scope{Sites: []visit.SiteID{site}, Host: p.Host}
	}
	return store.Scope{All: p.Sites.All, Sites: p.Sites.IDs, Host: p.Host}
}

// key is equal for scopes that are.
func key(s store.Scope) string {
	if s.All {
		return s.Host + " all"
	}
	sites := slices.Clone(s.Sites)
	slices.Sort(sites)
	var b strings.Builder
	b.WriteString(s.Host + " ")
	for _, site := range slices.Compact(sites) {
		b.WriteString(string(site) + " ")
	}
	return b.String()
}

// follows reports whether an event is for a scope: of its sites, and for a host of
// visits to them.
func follows(s store.Scope, e store.ChainEvent) bool {
	here := s.All || slices.Contains(s.Sites, visit.SiteID(e.Chain))
	return here && (s.Host == "" || strings.EqualFold(s.Host, e.Host))
}

// within is the part of p that a scope follows.
func (p position) within(s store.Scope) position {
	if s.All {
		return maps.Clone(p)
	}
	part := position{}
	for _, site := range s.Sites {
		if seq, ok := p[string(site)]; ok {
			part[string(site)] = seq
		}
	}
	return part
}
