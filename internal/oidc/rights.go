package oidc

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/visit"
)

// Right says what a value of the role claim means.
type Right struct {
	Value string
	Role  auth.Role
	Sites auth.Sites
}

// ParseRight reads value=role for all sites, or value=role@site+site with ids.
func ParseRight(text string) (Right, error) {
	at := strings.LastIndex(text, "=")
	if at <= 0 {
		return Right{}, fmt.Errorf("oidc: %q is not value=role", text)
	}
	role, sites, limited := strings.Cut(text[at+1:], "@")
	right := Right{Value: text[:at], Role: auth.Role(role), Sites: auth.AllSites()}
	if !right.Role.Staff() {
		return Right{}, fmt.Errorf("oidc: there is no role %q for people", role)
	}
	if !limited {
		return right, nil
	}
	right.Sites = auth.Sites{}
	for id := range strings.SplitSeq(sites, "+") {
		if uuid.Validate(id) != nil {
			return Right{}, fmt.Errorf("oidc: %q is not a site's id", id)
		}
		right.Sites.IDs = append(right.Sites.IDs, visit.SiteID(strings.ToLower(id)))
	}
	return right, nil
}

// rightsOf returns the role of the first right whose value somebody has, with the
// sites of all such rights of that role: one group for each site is usual.
func rightsOf(rights []Right, values []string) (role auth.Role, sites auth.Sites, ok bool) {
	for _, right := range rights {
		if !slices.Contains(values, right.Value) || ok && right.Role != role {
			continue
		}
		role, ok = right.Role, true
		sites.All = sites.All || right.Sites.All
		sites.IDs = append(sites.IDs, right.Sites.IDs...)
	}
	if sites.All {
		sites.IDs = nil
	}
	return role, sites, ok
}

func hostOf(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" {
		return issuer
	}
	return u.Host
}
