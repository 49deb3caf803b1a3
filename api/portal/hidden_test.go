package portal

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/gate/gatetest"
	"github.com/foyerhq/foyer/internal/limit"
)

// TestAControllerSaysWhichDevice: a SmartZone encrypts addresses in its redirects as it
// comes, and what is decided is about the device all the same.
func TestAControllerSaysWhichDevice(t *testing.T) {
	t.Parallel()
	p := plan{
		vendor: gate.SmartZone, settings: gate.Settings{Controller: "https://192.0.2.5:9443", Secret: "request password"},
		nas: func(w gatetest.World) gatetest.NAS {
			nas := gatetest.NewSmartZone(w, "request password")
			nas.Encrypt = true
			return nas
		},
	}
	p.config = func(c *Config) { c.Brakes.Reveals = limit.New(limit.Config{Rate: 0.1, Burst: 3, Keys: 10}, c.Now) }
	h := setup(t, p)
	g := h.guest(t, phone)
	require.Contains(t, h.nas.Redirect(g.client, "http://news.example/").String(), "client_mac=ENC")
	h.asked.deaf = true
	g.arrives().sees("-<form", "-"+phone)
	require.Equal(t, http.StatusBadGateway, g.shown.code)
	require.Empty(t, sql[string](t, h, "select mac from portal_decisions"))

	h.asked.deaf = false
	g.arrives().presses("do=login", "email", robertsLogin)
	g.presses("do=login", "first_name", "Robert", "last_name", "Dupont").goes()
	require.Equal(t, 4*3600, g.online())
	require.Equal(t, []string{phone}, sql[string](t, h, "select mac from authentications"))
	require.Equal(t, []string{phone}, sql[string](t, h, "select mac from one_time_secrets"))
	g.arrives()
	require.Len(t, sql[string](t, h, "select access_id::text from authentications"), 1, "the same device, let in again")
	asked := 0
	h.asked.meanwhile = func() { asked++ }
	g.arrives().arrives()
	require.Equal(t, http.StatusTooManyRequests, g.shown.code)
	require.Zero(t, asked, "a controller bears so much")
}
