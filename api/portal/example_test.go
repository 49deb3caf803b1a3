package portal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/gate/gatetest"
)

// TestTheWorkedExample is the week of the source's guest: through the pages, with a
// simulated network in both of its modes, and the server started again between the
// Continue page and its button.
func TestTheWorkedExample(t *testing.T) {
	t.Parallel()
	click := plan{vendor: gate.MerakiClick, nas: func(w gatetest.World) gatetest.NAS { return gatetest.NewMerakiClick(w) }}
	for name, p := range map[string]plan{"sign-on": meraki, "click-through": click} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t, p)
			worked(t, h)
		})
	}
}

const robertsLogin = "robert.dupont@gmail.com"

// logsIn types the login, and the rest if it is asked for.
func (g *guest) logsIn() *guest {
	g.t.Helper()
	return g.presses("do=login", "email", robertsLogin)
}

// goes presses the NAS's own form where there is one.
func (g *guest) goes() *guest {
	g.t.Helper()
	if found := formTag.FindStringSubmatch(g.shown.body); found != nil && g.h.portal.Vendor == gate.Meraki && found[1][0] != '/' {
		return g.presses("")
	}
	return g
}

func worked(t *testing.T, h *hall) {
	robert := h.guest(t, phone)
	robert.arrives().sees(`name="email"`, "-Welcome back")
	require.Zero(t, sql[int64](t, h, "select count(*) from accounts")[0], "nothing created yet")
	robert.logsIn().sees(`name="first_name"`)
	robert.presses("do=login", "first_name", "Robert", "last_name", "Dupont").goes()
	robert.sees("You are online", "4\u00a0h", "12:00", "http://news.example/today")
	require.Equal(t, 4*3600, robert.online())
	require.NotEmpty(t, robert.jar[cookieName])
	require.Equal(t, []string{"robert.dupont@gmail.com"}, sql[string](t, h, "select login from accounts"))

	h.Clock.Advance(4*time.Hour - time.Second)
	robert.arrives().goes().sees("You are online")
	require.Equal(t, 1, robert.online(), "let in again for what is left")
	require.Equal(t, int64(1), sql[int64](t, h, "select count(*) from authentications")[0], "no new record")

	h.Clock.Advance(time.Second)
	h.end(t)
	require.Zero(t, robert.online())
	robert.arrives().sees("Welcome back", `value="continue"`, "-name=\"email\"", "-type=\"password\"", "-Robert", "-"+robertsLogin)
	h.pages = New(h.pages.Config) // the server starts again
	robert.presses("do=continue").goes().sees("You are online", "16:00")
	require.Equal(t, 4*3600, robert.online())

	h.Clock.Advance(12 * time.Hour) // Tuesday, midnight
	h.end(t)
	robert.arrives().sees("Welcome back").presses("do=continue").goes().sees("04:00")

	h.Clock.Advance(33 * time.Hour) // Wednesday at nine, in another browser
	h.end(t)
	robert.jar = map[string]string{}
	robert.arrives().sees(`name="email"`, "-Welcome back").logsIn().goes().sees("You are online", "13:00", "-first_name")
	require.Equal(t, int64(1), sql[int64](t, h, "select count(*) from accounts")[0])

	h.Clock.Advance(61 * time.Hour) // Friday at ten in the evening
	h.end(t)
	robert.arrives().presses("do=continue").goes().sees("You are online", "2\u00a0h")
	require.Equal(t, 2*3600, robert.online(), "not beyond the account's end")

	h.Clock.Advance(2 * time.Hour) // Saturday, midnight
	h.end(t)
	require.Zero(t, robert.online())
	h.Clock.Advance(9 * time.Hour)
	old := robert.jar[cookieName]
	robert.arrives().sees(`name="email"`, `value="robert.dupont@gmail.com"`, "-Welcome back", `-value="continue"`)
	robert.logsIn().presses("do=login", "first_name", "Robert", "last_name", "Dupont").goes().sees("You are online", "13:00")
	require.NotEqual(t, old, robert.jar[cookieName])

	require.Equal(t, int64(1), sql[int64](t, h, "select count(*) from accounts")[0])
	require.Equal(t, []string{"logged_in", "returning_auto", "returning_auto", "returning", "returning_auto", "logged_in"},
		sql[string](t, h, "select n.status from authentications n join accesses v on v.id = n.access_id order by v.started_at"))
	require.Equal(t, []string{"form"}, sql[string](t, h, "select distinct method from authentications"))
	require.Equal(t, []bool{false, false, false, false, false, true},
		sql[bool](t, h, "select n.renewal from authentications n join accesses v on v.id = n.access_id order by v.started_at"))
	require.Equal(t, int64(1), sql[int64](t, h, "select count(*) from authentications where live")[0])
	if h.portal.Vendor == gate.Meraki {
		require.Equal(t, []int{14400, 1, 14400, 14400, 14400, 7200, 14400}, h.radius.left)
	}
}
