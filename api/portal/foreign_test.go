package portal

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A page elsewhere cannot make a browser somebody whom it chose.
func TestFormsOfOtherSites(t *testing.T) {
	t.Parallel()
	h := setup(t, meraki)
	eve := h.guest(t, phone)
	eve.arrives().presses("do=login", "email", "eve@example.net")
	fields := eve.fills("first_name", "Eve", "last_name", "L")
	send := func(from string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/portal/"+string(h.portal.ID), strings.NewReader(fields.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", from)
		w := httptest.NewRecorder()
		h.pages.Serve(w, r, string(h.portal.ID), "", "192.0.2.1")
		return w
	}
	for _, from := range []string{"cross-site", "same-site"} {
		response := send(from)
		require.Equal(t, http.StatusForbidden, response.Code)
		require.Empty(t, response.Header().Values("Set-Cookie"))
	}
	require.Zero(t, sql[int64](t, h, "select count(*) from accounts")[0])
	require.Len(t, send("same-origin").Header().Values("Set-Cookie"), 1)
}

// Somebody who claims the address of a device that is online is shown what it is shown.
func TestWhoClaimsADeviceThatIsOnline(t *testing.T) {
	t.Parallel()
	h := setup(t, meraki)
	ada := h.guest(t, phone)
	ada.arrives().presses("do=login", "email", "ada@example.net")
	eve := h.guest(t, phone)
	eve.shown = ada.shown
	ada.presses("do=login", "first_name", "Ada", "last_name", "L").goes()
	h.Clock.Advance(time.Minute)
	eve.sends(http.MethodPost, "/portal/"+string(h.portal.ID), eve.fills("email", "other@example.net", "first_name", "Eve", "last_name", "L"))
	eve.sees("You are logged in", "-Log out", "-Ada")
	require.Empty(t, eve.jar)
	require.Equal(t, []string{"ada@example.net"}, sql[string](t, h, "select login from accounts"))
	require.Len(t, sql[string](t, h, "select access_id::text from authentications where live"), 1)
}

// fills is the form that is shown, filled in.
func (g *guest) fills(typed ...string) url.Values {
	fields := url.Values{"do": {"login"}}
	for _, field := range hiddenTag.FindAllStringSubmatch(formTag.FindStringSubmatch(g.shown.body)[2], -1) {
		fields.Set(field[1], field[2])
	}
	for i := 0; i+1 < len(typed); i += 2 {
		fields.Set(typed[i], typed[i+1])
	}
	return fields
}
