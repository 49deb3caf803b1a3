package portal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
)

// week is what a run of the worked example remembers from one step to the next.
type week struct {
	*deployment
	robert  *guest
	account api.Account // as it was made
	cookies []string    // that were good once
	told    []int       // what the device was told, as far as the steps go
}

func startWeek(t testing.TB, p plan) *week {
	w := &week{deployment: deploy(t, p)}
	w.robert = w.guest(robertsMAC)
	return w
}

// A step is one row of the worked example.
type step struct {
	name string
	at   string // by the clock at the place
	do   func(*week)
}

// The worked example: lifetime four hours, profile five days, of which Monday is the
// first. Row 5 and 6 are told twice, because the device comes back at once or at
// midnight.
var steps = []step{
	{"1 the whole login", "2024-06-03 08:00:00", (*week).arrivesFirst},
	{"2 registers", "2024-06-03 08:00:00", (*week).registersFirst},
	{"3 a second is left", "2024-06-03 11:59:59", (*week).aSecondIsLeft},
	{"4 the time is over", "2024-06-03 12:00:00", (*week).timeIsOver},
	{"5 Continue", "2024-06-03 12:00:00", (*week).isOffered},
	{"6 continues", "2024-06-03 12:00:00", func(w *week) { w.continues("Mon 16:00:00") }},
	{"5b Continue at midnight", "2024-06-04 00:00:00", (*week).isOffered},
	{"6b continues", "2024-06-04 00:00:00", func(w *week) { w.continues("Tue 04:00:00") }},
	{"7 without a cookie", "2024-06-05 09:00:00", (*week).comesWithoutCookie},
	{"8 until the account ends", "2024-06-07 22:00:00", (*week).continuesToTheEnd},
	{"9 the account ends", "2024-06-08 00:00:00", (*week).accountIsOver},
	{"10 the whole login again", "2024-06-08 09:00:00", (*week).isAskedAgain},
	{"11 registers anew", "2024-06-08 09:00:00", (*week).registersAnew},
}

func (w *week) run(before func(n int)) {
	w.t.Helper()
	for n, s := range steps {
		at, err := time.ParseInLocation(time.DateTime, s.at, w.zone)
		require.NoError(w.t, err)
		w.until(at)
		before(n)
		s.do(w)
		require.LessOrEqual(w.t, w.green(), 1, s.name)
		require.Equal(w.t, w.told, w.net.heard(), "%s: what the device was told", s.name)
	}
	w.totals()
}

func nothing(int) {}

// TestTheWorkedExample is the source's guest, from Monday to the Saturday after.
func TestTheWorkedExample(t *testing.T) {
	t.Parallel()
	for _, d := range []device{meraki, merakiClick} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			startWeek(t, plan{device: d}).run(nothing)
		})
	}
}

// TestTheWorkedExampleByTheClockAlone: no workflow ends anything in time, and everything
// is as it would be.
func TestTheWorkedExampleByTheClockAlone(t *testing.T) {
	t.Parallel()
	w := startWeek(t, plan{device: meraki})
	w.late = true
	w.run(nothing)
}

func (w *week) arrivesFirst() {
	w.robert.arrives().isAskedToLogIn()
	require.Empty(w.t, w.accounts(), "nothing is created yet")
	require.Empty(w.t, w.logins())
	require.Empty(w.t, w.robert.cookie())
}

func (w *week) registersFirst() {
	w.robert.registers(robertsLogin)
	w.granted(4*3600, identity.LoggedIn, "Mon 12:00:00").sees("12:00", wanted)
	a := w.theAccount()
	require.Equal(w.t, robertsLogin, a.Login)
	require.Equal(w.t, api.GuestVisitor{FirstName: "Robert", LastName: "Dupont", Email: robertsLogin}, a.Visitor)
	require.Equal(w.t, "Mon 08:00:00", w.local(a.CreatedAt))
	require.Equal(w.t, a.CreatedAt, a.StartsAt)
	require.Equal(w.t, "Sat 00:00:00", w.local(a.EndsAt))
	require.Equal(w.t, identity.Active, a.Lifecycle)
	w.account = a
	first := w.last()
	require.Equal(w.t, "user1@company.example", first.Name)
	require.False(w.t, first.Renewal)
}

func (w *week) aSecondIsLeft() {
	require.True(w.t, w.last().Green)
	w.robert.arrives().goesOn().isOnline(1)
	w.told = append(w.told, 1)
	require.Len(w.t, w.logins(), 1, "no new record")
	require.Equal(w.t, "Mon 12:00:00", w.local(w.last().ExpiresAt))
}

func (w *week) timeIsOver() { w.isGrey(identity.EndLifetime, identity.Active) }

// isGrey: the last authentication is over, in every place.
func (w *week) isGrey(why identity.Reason, lifecycle identity.Lifecycle) {
	w.t.Helper()
	last := w.last()
	require.False(w.t, last.Green)
	require.Equal(w.t, why, last.Reason)
	require.Equal(w.t, w.late, last.EndedAt == nil)
	require.Equal(w.t, lifecycle, w.theAccount().Lifecycle)
	w.robert.isOffline()
	if w.portal.Vendor != gate.Meraki {
		return
	}
	asked := w.net.asked[len(w.net.asked)-1]
	_, accepted := w.net.login(asked)
	require.False(w.t, accepted, "what opened the gate is worth nothing any more")
	w.net.asked = w.net.asked[:len(w.net.asked)-1]
}

func (w *week) isOffered() {
	before := len(w.logins())
	w.isGrey(identity.EndLifetime, identity.Active)
	w.robert.arrives().isAskedToContinue()
	require.Len(w.t, w.logins(), before, "no record yet")
}

func (w *week) continues(expires string) {
	w.robert.presses("do=continue").goesOn()
	w.granted(4*3600, identity.ReturningAuto, expires)
	require.True(w.t, w.last().Clicked)
	require.Equal(w.t, identity.ByCookie, w.last().RecognisedBy)
	w.sameAccount()
}

func (w *week) comesWithoutCookie() {
	w.robert.keepsCookies()
	w.robert.arrives().isAskedToLogIn().sees("-"+robertsLogin, "-Robert")
	w.robert.says(robertsLogin).goesOn()
	w.granted(4*3600, identity.Returning, "Wed 13:00:00").sees("-first_name")
	w.sameAccount()
}

func (w *week) continuesToTheEnd() {
	w.robert.arrives().isAskedToContinue().presses("do=continue").goesOn()
	w.granted(2*3600, identity.ReturningAuto, "Sat 00:00:00")
	require.Equal(w.t, identity.EndIdentity, w.last().EndsWith)
	w.sameAccount()
}

func (w *week) accountIsOver() {
	w.isGrey(identity.EndIdentity, identity.Expired)
}

func (w *week) isAskedAgain() {
	require.NotEmpty(w.t, w.robert.cookie(), "the browser may well have kept it")
	before := len(w.logins())
	w.robert.arrives().isAskedToLogIn().sees("-Robert", "-Dupont")
	require.Len(w.t, w.logins(), before)
	w.robert.isOffline()
}

func (w *week) registersAnew() {
	w.robert.registers(robertsLogin)
	w.granted(4*3600, identity.LoggedIn, "Sat 13:00:00")
	require.True(w.t, w.last().Renewal)
	a := w.theAccount()
	require.Equal(w.t, w.account.ID, a.ID)
	require.Equal(w.t, w.account.CreatedAt, a.CreatedAt)
	require.Equal(w.t, "Sat 09:00:00", w.local(a.StartsAt))
	require.Equal(w.t, "Thu 00:00:00", w.local(a.EndsAt))
	require.Equal(w.t, identity.Active, a.Lifecycle)
}

// granted: the device is online for so long, there is a green record of it, and the
// browser has another cookie than before, which is good while the old one is not.
func (w *week) granted(seconds int, status identity.Status, expires string) *guest {
	w.t.Helper()
	w.robert.isOnline(seconds)
	w.told = append(w.told, seconds)
	last := w.last()
	require.True(w.t, last.Green)
	require.Equal(w.t, status, last.Status)
	require.Equal(w.t, expires, w.local(last.ExpiresAt))
	require.Equal(w.t, robertsMAC, last.MAC)
	require.Equal(w.t, 1, w.green())
	if w.robert.http.Jar == nil {
		return w.robert
	}
	require.NotEmpty(w.t, w.robert.cookie())
	require.NotContains(w.t, w.cookies, w.robert.cookie())
	if len(w.cookies) > 0 && status != identity.Returning {
		w.guest("3c:22:fb:00:00:99").has(w.cookies[len(w.cookies)-1]).arrives().isAskedToLogIn().sees("-" + robertsLogin)
	}
	w.cookies = append(w.cookies, w.robert.cookie())
	return w.robert
}

// sameAccount: nothing has happened to the account.
func (w *week) sameAccount() {
	w.t.Helper()
	a := w.theAccount()
	require.Equal(w.t, []any{w.account.ID, w.account.CreatedAt, w.account.StartsAt, w.account.EndsAt}, []any{a.ID, a.CreatedAt, a.StartsAt, a.EndsAt})
}

func (w *week) totals() {
	w.t.Helper()
	require.Len(w.t, w.accounts(), 1)
	var statuses []identity.Status
	var renewals, clicks []bool
	names := map[string]bool{}
	for _, a := range w.logins() {
		statuses, renewals, clicks, names[a.Name] = append(statuses, a.Status), append(renewals, a.Renewal), append(clicks, a.Clicked), true
	}
	require.Equal(w.t, []identity.Status{
		identity.LoggedIn, identity.ReturningAuto, identity.ReturningAuto, identity.Returning, identity.ReturningAuto, identity.LoggedIn,
	}, statuses)
	require.Equal(w.t, []bool{false, false, false, false, false, true}, renewals)
	require.Equal(w.t, []bool{true, true, true, true, true, true}, clicks)
	require.Len(w.t, names, 6, "each its own name")
	require.Equal(w.t, []int{14400, 1, 14400, 14400, 14400, 7200, 14400}, w.net.heard())
	require.Equal(w.t, 1, w.green())
	for _, sent := range w.robert.seen {
		require.NotContains(w.t, sent, robertsLogin, "nobody outside is told who the guest is")
	}
}

// TestTheWorkedExampleWithEverythingRestarted closes the server and the agent before
// each of the steps, and opens them anew on what they have written.
func TestTheWorkedExampleWithEverythingRestarted(t *testing.T) {
	t.Parallel()
	for _, d := range []device{meraki, merakiClick} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			w := startWeek(t, plan{device: d})
			w.run(func(int) {
				w.restart()
				w.agent.restart()
			})
		})
	}
}

// TestTheWorkedExampleWithOneRestart restarts the server before one step alone: what one
// process knows by heart must not matter to the next, whichever step comes between.
func TestTheWorkedExampleWithOneRestart(t *testing.T) {
	t.Parallel()
	for n, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := startWeek(t, plan{device: meraki})
			w.run(func(now int) {
				if now == n {
					w.restart()
				}
			})
		})
	}
}
