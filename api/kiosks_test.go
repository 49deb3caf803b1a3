package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/visit"
)

func (b *bench) kioskCode(t *testing.T, site visit.SiteID, walkIns bool) (id, code string) {
	t.Helper()
	a := b.want(t, 201, call{method: "POST", path: "/api/v1/sites/" + string(site) + "/kiosks", as: b.admin, body: object{"name": "Lobby", "walk_ins": walkIns}})
	return a.string("kiosk.id"), a.string("code")
}

func pair(code string) call {
	return call{method: "POST", path: "/api/v1/kiosk/pair", body: object{"code": code}}
}

// kiosk is a paired screen.
func (b *bench) kiosk(t *testing.T, site visit.SiteID, walkIns bool) http.Header {
	t.Helper()
	_, code := b.kioskCode(t, site, walkIns)
	return sends(b.want(t, 200, pair(code)))
}

func TestKiosks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, code := b.kioskCode(t, b.site, false)
	desk := b.person(t, auth.Reception, b.site)
	a := b.want(t, 200, call{method: "POST", path: "/api/v1/kiosk/pair", header: desk, body: object{"code": code}})
	require.NotContains(t, string(a.text), "foyerkiosk_", "only the browser has the secret, out of reach for scripts")
	cookies := (&http.Response{Header: a.header}).Cookies()
	require.Len(t, cookies, 2)
	require.True(t, cookies[0].HttpOnly)
	require.True(t, cookies[0].Secure)
	require.Equal(t, http.SameSiteStrictMode, cookies[0].SameSite)
	b.refused(t, 401, "unauthenticated", call{path: "/api/v1/me", header: desk}) // whoever paired it is signed out
	kiosk := sends(a)
	me := b.want(t, 200, call{path: "/api/v1/me", header: kiosk})
	require.Equal(t, "kiosk", me.field("kind"))
	require.Equal(t, "kiosk", me.field("role"))
	require.Equal(t, []any{string(b.site)}, me.list("sites"))
	require.Equal(t, []any{"kiosk.use"}, me.list("permissions"))
	b.refused(t, 401, "pairing_refused", pair(code))
	b.refused(t, 422, "invalid", pair("12345x"))

	// What staff do is not for it.
	visitor := b.expected(t)
	for _, c := range []call{
		{path: "/api/v1/visits"},
		{path: "/api/v1/visits/" + visitor},
		{method: "POST", path: "/api/v1/visits", body: b.registration()},
		{method: "POST", path: "/api/v1/visits/" + visitor + "/check-in"},
		{method: "POST", path: "/api/v1/visits/" + visitor + "/check-out"},
		{method: "POST", path: "/api/v1/visits/" + visitor + "/readmit"},
		{method: "POST", path: "/api/v1/visits/" + visitor + "/voucher/reveal"},
		{method: "POST", path: "/api/v1/visits/check-in-batch", body: object{"ids": []string{visitor}}},
		{path: "/api/v1/sites"},
		{path: "/api/v1/sites/" + string(b.site) + "/evacuation"},
	} {
		c.header = kiosk
		b.refused(t, 403, "forbidden", c)
	}

	list := b.want(t, 200, call{path: "/api/v1/sites/" + string(b.site) + "/kiosks", as: b.admin}).list("items")
	require.Len(t, list, 1)
	b.want(t, 204, call{method: "DELETE", path: "/api/v1/sites/" + string(b.site) + "/kiosks/" + id, as: b.admin})
	b.refused(t, 401, "unauthenticated", call{path: "/api/v1/me", header: kiosk})
	require.Len(t, b.want(t, 200, call{path: "/api/v1/sites/" + string(b.site) + "/kiosks", as: b.admin}).list("items"), 0)
	b.refused(t, 401, "unauthenticated", call{path: "/api/v1/me", header: http.Header{"Cookie": {"foyer_kiosk=nonsense"}}})
}

func (b *bench) visitOf(t *testing.T, id string) visit.Visit {
	t.Helper()
	v, err := b.Visit(t.Context(), everything, visit.VisitID(id))
	require.NoError(t, err)
	return v
}

// Guesses are slowed by address, and end every code before they have a chance.
func TestPairingCodesAreNotGuessed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, code := b.kioskCode(t, b.site, false)
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	for range 20 {
		b.refused(t, 401, "pairing_refused", pair(wrong))
	}
	b.refused(t, 401, "pairing_refused", pair(code))

	slow := setup(t, func(c *api.Config) { c.Logins = limiter(c, 3) })
	_, code = slow.kioskCode(t, slow.site, false)
	for range 3 {
		slow.want(t, 401, pair(wrong))
	}
	slow.refused(t, 429, "too_many_requests", pair(code))
}
