package live

import (
	"maps"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// feed is what screens with the same sites follow.
type feed struct {
	scope   store.Scope
	members map[*screen]struct{}
}

// scopeOf is what a principal may follow, or the one site it asked for, which
// it is known to see.
func scopeOf(p auth.Principal, site visit.SiteID) store.Scope {
	if site != "" {
		return store.Scope{Sites: []visit.SiteID{site}}
	}
	return store.Scope{All: p.Sites.All, Sites: p.Sites.IDs}
}

// key is equal for scopes that are.
func key(s store.Scope) string {
	if s.All {
		return "all"
	}
	sites := slices.Clone(s.Sites)
	slices.Sort(sites)
	var b strings.Builder
	for _, site := range slices.Compact(sites) {
		b.WriteString(string(site) + " ")
	}
	return b.String()
}

func follows(s store.Scope, chain string) bool {
	return s.All || slices.Contains(s.Sites, visit.SiteID(chain))
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
