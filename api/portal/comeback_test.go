package portal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/gate/gatetest"
	"github.com/foyerhq/foyer/internal/identity"
)

// chilli answers a login by sending the browser to the portal's own address again.
var chilli = plan{
	vendor:   gate.CoovaChilli,
	settings: gate.Settings{Hosts: []string{"10.20.30.1"}, Secret: "shared", Names: map[string]string{"response": "password"}},
	nas: func(w gatetest.World) gatetest.NAS {
		n := gatetest.NewCoovaChilli(w, "shared")
		n.PAP = true
		return n
	},
	template: func(t *identity.Template) {
		t.Methods = []identity.Method{identity.MethodVisit, identity.MethodForm}
	},
}

// TestAGatewayComesBackWithTheAnswer: a visitor who is online sees that, though no
// authentication says so, and where the guest was going is not lost on the way.
func TestAGatewayComesBackWithTheAnswer(t *testing.T) {
	t.Parallel()
	h := setup(t, chilli)
	_, credentials := h.visitor(t)
	g := h.guest(t, phone).arrives()
	g.presses("do=login", "username", credentials.Username, "password", credentials.Password)
	g.sees("You are online", "http://news.example/today", `-name="password"`, "-Go on to portal.example")
	require.Positive(t, g.online())
}

// TestAFailureKeepsWhereTheGuestWasGoing: the gateway says our page for it then.
func TestAFailureKeepsWhereTheGuestWasGoing(t *testing.T) {
	t.Parallel()
	p, asked := chilli, false
	p.nas = func(w gatetest.World) gatetest.NAS {
		authorize := w.Authorize
		w.Authorize = func(user, password, mac string) (time.Duration, bool) {
			if !asked { // nobody answered
				asked = true
				return 0, false
			}
			return authorize(user, password, mac)
		}
		return chilli.nas(w)
	}
	h := setup(t, p)
	_, credentials := h.visitor(t)
	g := h.guest(t, phone).arrives()
	g.presses("do=login", "username", credentials.Username, "password", credentials.Password)
	g.sees("The network did not accept the login")
	g.presses("do=login", "username", credentials.Username, "password", credentials.Password)
	g.sees("You are online", "http://news.example/today", "-Go on to portal.example")
}
