package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
)

func TestATestMailIsForWhoeverAsks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := "/api/v1/sites/" + string(b.site) + "/mail"
	b.refused(t, 403, "not_a_user", call{method: "POST", path: at + "/test", as: b.admin})
	b.want(t, 202, call{method: "POST", path: at + "/test", header: b.person(t, auth.SiteManager, b.site)})
	events := b.want(t, 200, call{method: "GET", path: "/api/v1/events?kind=mail.test_requested&site_id=" + string(b.site), as: b.admin})
	require.Len(t, events.field("items"), 1)
	require.NotContains(t, events.text, "@", "an id, and no address")
	require.Empty(t, b.want(t, 200, call{method: "GET", path: at + "/deliveries", as: b.admin}).field("items"))
}

func TestSigningSomebodyOutEverywhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	email, id := b.user(t, auth.Reception, b.site)
	header := b.enter(t, email, canaryPassword)
	b.want(t, 200, call{method: "GET", path: "/api/v1/me", header: header})
	manager := call{method: "DELETE", path: "/api/v1/users/" + id + "/logins", header: b.person(t, auth.SiteManager, b.site)}
	b.want(t, 403, manager)
	b.want(t, 204, call{method: "DELETE", path: "/api/v1/users/" + id + "/logins", as: b.admin})
	b.want(t, 401, call{method: "GET", path: "/api/v1/me", header: header})
	b.want(t, 200, call{method: "GET", path: "/api/v1/me", header: b.enter(t, email, canaryPassword)})
}
