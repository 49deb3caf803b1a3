package portal

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/internal/identity"
)

// at is an instant by the clock at the place.
func (d *deployment) at(text string) time.Time {
	d.t.Helper()
	at, err := time.ParseInLocation(time.DateTime, text, d.zone)
	require.NoError(d.t, err)
	return at
}

func (d *deployment) in(by time.Duration) { d.until(d.clock.Now().Add(by)) }

// TestWhatAFewDaysMean holds the boundaries of each kind of validity: what a guest with a
// cookie sees, second by second.
func TestWhatAFewDaysMean(t *testing.T) {
	t.Parallel()
	days := func(n int) identity.Validity { return identity.Validity{Kind: identity.Days, Value: n} }
	hours := func(n int) identity.Validity { return identity.Validity{Kind: identity.Hours, Value: n} }
	for name, c := range map[string]struct {
		validity identity.Validity
		zone     string
		start    string
		good     []string // Continue
		over     []string // the whole login
	}{
		"days 5":    {days(5), "Europe/Paris", "2024-06-03 08:00:00", []string{"2024-06-07 23:59:59"}, []string{"2024-06-08 00:00:00", "2024-06-08 07:59:59", "2024-06-08 08:00:00"}},
		"hours 120": {hours(120), "Europe/Paris", "2024-06-03 08:00:00", []string{"2024-06-07 23:59:59", "2024-06-08 07:59:59"}, []string{"2024-06-08 08:00:00", "2024-06-08 09:00:00"}},
		"hours 96":  {hours(96), "Europe/Paris", "2024-06-03 08:00:00", []string{"2024-06-07 07:59:59"}, []string{"2024-06-07 08:00:00", "2024-06-07 23:59:59"}},
		"until": {identity.Validity{Kind: identity.Until, Until: time.Date(2024, 6, 5, 10, 0, 0, 0, time.UTC)}, "Europe/Paris", "2024-06-03 08:00:00",
			[]string{"2024-06-05 11:59:59"}, []string{"2024-06-05 12:00:00"}},
		"a zone half an hour off":   {days(2), "America/St_Johns", "2024-06-03 23:30:00", []string{"2024-06-04 23:59:59"}, []string{"2024-06-05 00:00:00"}},
		"clocks are put on":         {days(3), "Europe/Paris", "2024-03-30 08:00:00", []string{"2024-04-01 23:59:59"}, []string{"2024-04-02 00:00:00"}},
		"clocks are put back":       {days(3), "Europe/Paris", "2024-10-26 08:00:00", []string{"2024-10-28 23:59:59"}, []string{"2024-10-29 00:00:00"}},
		"a day of 23 hours, hourly": {hours(72), "Europe/Paris", "2024-03-30 08:00:00", []string{"2024-04-02 08:59:59"}, []string{"2024-04-02 09:00:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(c.zone)
			require.NoError(t, err)
			start, err := time.ParseInLocation(time.DateTime, c.start, zone)
			require.NoError(t, err)
			d := deploy(t, plan{device: merakiClick, zone: c.zone, monday: start, profile: identity.Profile{Name: name, Validity: c.validity}})
			robert := d.guest(robertsMAC)
			robert.arrives().registers(robertsLogin).sees("You are online")
			for _, at := range c.good {
				d.until(d.at(at))
				robert.arrives().isAskedToContinue()
			}
			for _, at := range c.over {
				d.until(d.at(at))
				robert.arrives().isAskedToLogIn()
			}
			require.Len(t, d.logins(), 1)
		})
	}
}

// TestCookiesOff: who types the login again returns; where the network may recognise
// devices by their addresses, one click is enough.
func TestCookiesOff(t *testing.T) {
	t.Parallel()
	for name, byMAC := range map[string]bool{"Returning": false, "Returning (auto)": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, plan{device: meraki, template: func(t *identity.Template) { t.RecogniseMAC = byMAC }})
			robert := d.guest(robertsMAC).keepsNoCookies()
			robert.arrives().isAskedToLogIn().registers(robertsLogin).isOnline(4 * 3600)
			d.in(4 * time.Hour)
			if byMAC {
				robert.arrives().isAskedToContinue().presses("do=continue").goesOn().isOnline(4 * 3600)
				require.Equal(t, identity.ReturningAuto, d.last().Status)
				require.Equal(t, identity.ByMAC, d.last().RecognisedBy)
			} else {
				robert.arrives().isAskedToLogIn().says(robertsLogin).goesOn().isOnline(4 * 3600)
				require.Equal(t, identity.Returning, d.last().Status)
			}
			require.Len(t, d.accounts(), 1)
		})
	}
}

// TestSilently: where the template says so, a guest who is known is let in without a click.
func TestSilently(t *testing.T) {
	t.Parallel()
	d := deploy(t, plan{device: merakiClick, template: func(t *identity.Template) { t.Reauth = identity.ReauthSilent }})
	robert := d.guest(robertsMAC)
	robert.arrives().registers(robertsLogin).isOnline(4 * 3600)
	d.in(4 * time.Hour)
	before := robert.cookie()
	robert.arrives().isOnline(4 * 3600)
	require.NotEqual(t, before, robert.cookie())
	require.Equal(t, identity.ReturningAuto, d.last().Status)
	require.False(t, d.last().Clicked)
}

// TestTheNetworkForgets: it was switched off and on, or the device went to another access
// point. The guest sees nothing of it, and the time is what was left.
func TestTheNetworkForgets(t *testing.T) {
	t.Parallel()
	for _, kind := range []device{meraki, merakiClick} {
		d := deploy(t, plan{device: kind})
		robert := d.guest(robertsMAC)
		robert.arrives().registers(robertsLogin)
		d.in(time.Hour)
		require.True(t, d.net.Disconnect(robert.client))
		robert.keepsNoCookies().arrives().goesOn().isOnline(3 * 3600)
		require.Len(t, d.logins(), 1)
		d.guest("3c:22:fb:00:00:02").arrives().isAskedToLogIn()
	}
}

// TestAnUnprovenNetwork: a device of which nobody knows whether it heeds a Disconnect is
// told a quarter of an hour at a time. Guests are let in again for the rest.
func TestAnUnprovenNetwork(t *testing.T) {
	t.Parallel()
	d := deploy(t, plan{device: meraki, unproven: true})
	robert := d.guest(robertsMAC)
	robert.arrives().registers(robertsLogin).isOnline(900).sees("4\u00a0h")
	d.in(15 * time.Minute)
	robert.isOffline().arrives().goesOn().isOnline(900)
	require.Len(t, d.logins(), 1)
	require.Equal(t, "Mon 12:00:00", d.local(d.last().ExpiresAt))
}

// lobby makes an account as staff do and returns its password.
func (d *deployment) lobby(login string, more map[string]any) (account api.Account, password string) {
	d.t.Helper()
	body := map[string]any{
		"site_id": d.site.ID, "profile_id": d.portal.Template.ProfileID, "login": login, "password": true,
		"visitor": map[string]any{"first_name": "Ada", "last_name": "Lovelace"},
	}
	for name, value := range more {
		body[name] = value
	}
	var made struct {
		Account  api.Account
		Password string
	}
	d.call(http.MethodPost, "/api/v1/accounts", body, &made)
	return made.Account, made.Password
}

func byPassword(t *identity.Template) { t.Methods = []identity.Method{identity.MethodAccount} }

func (g *guest) logsIn(login, password string) *guest {
	g.d.t.Helper()
	return g.presses("do=login", "login", login, "password", password).goesOn()
}

// TestDevicesOfOneAccount: each has its own record and cookie, and there are no more than
// the profile says.
func TestDevicesOfOneAccount(t *testing.T) {
	t.Parallel()
	d := deploy(t, plan{device: meraki, template: byPassword, profile: identity.Profile{
		Name: "Two", Validity: identity.Validity{Kind: identity.Days, Value: 5}, Devices: 2,
	}})
	_, password := d.lobby("ada", nil)
	phone, laptop, tablet := d.guest("02:00:00:00:00:01"), d.guest("3c:22:fb:00:00:02"), d.guest("3c:22:fb:00:00:03")
	phone.arrives().logsIn("ada", "wrong-password").isOffline()
	phone.arrives().logsIn("ada", password).isOnline(4 * 3600)
	laptop.arrives().logsIn("ada", password).isOnline(4 * 3600)
	require.NotEqual(t, phone.cookie(), laptop.cookie())
	require.Equal(t, 2, d.green())
	require.Len(t, d.accounts(), 1)

	tablet.arrives().logsIn("ada", password).isOffline().sees("-You are online")
	require.Equal(t, 2, d.green())
	require.Empty(t, tablet.cookie())
	phone.arrives().goesOn().isOnline(4 * 3600)

	d.in(4 * time.Hour)
	tablet.arrives().logsIn("ada", password).isOnline(4 * 3600)
	phone.arrives().isAskedToContinue().presses("do=continue").goesOn().isOnline(4 * 3600)
	laptop.arrives().isOffline().sees("-do=continue", "-You are online")
	require.Equal(t, 2, d.green())
}

// TestSomebodyElsesLogin: nothing is proven by typing it, so another device gets an account
// of its own.
func TestSomebodyElsesLogin(t *testing.T) {
	t.Parallel()
	d := deploy(t, plan{device: meraki})
	d.guest(robertsMAC).arrives().registers(robertsLogin).isOnline(4 * 3600)
	other := d.guest("3c:22:fb:00:00:02")
	other.arrives().says(robertsLogin).sees("first_name", "-Robert", "-Dupont")
	other.presses("do=login", "first_name", "Mallory", "last_name", "M").goesOn().isOnline(4 * 3600)
	require.Len(t, d.accounts(), 2)
	require.Equal(t, identity.LoggedIn, d.last().Status)
}

// TestAnotherLogin: who is known and logs in as somebody else is that one from then on.
func TestAnotherLogin(t *testing.T) {
	t.Parallel()
	d := deploy(t, plan{device: meraki})
	g := d.guest(robertsMAC)
	g.arrives().registers(robertsLogin)
	before := g.cookie()
	d.in(4 * time.Hour)
	g.arrives().isAskedToContinue().presses("do=other").isAskedToLogIn().sees("-" + robertsLogin).registers("ada@example.com").isOnline(4 * 3600)
	require.Len(t, d.accounts(), 2)
	require.Equal(t, "ada@example.com", d.last().Login)
	d.guest("3c:22:fb:00:00:09").has(before).arrives().isAskedToLogIn()
}

// TestAScheduledAccount: before its start the guest is told so, and not let in.
func TestAScheduledAccount(t *testing.T) {
	t.Parallel()
	d := deploy(t, plan{device: meraki, template: byPassword})
	tomorrow := d.clock.Now().Add(24 * time.Hour)
	account, password := d.lobby("ada", map[string]any{"starts_at": tomorrow})
	require.Equal(t, identity.Scheduled, account.Lifecycle)
	ada := d.guest("3c:22:fb:00:00:02")
	ada.arrives().logsIn("ada", password).isOffline().sees(`role="alert"`, "2024-06-04 08:00", "-Lovelace")
	require.Empty(t, d.logins())
	d.until(tomorrow.Add(-time.Second))
	ada.arrives().logsIn("ada", password).isOffline()
	d.until(tomorrow)
	ada.arrives().logsIn("ada", password).isOnline(4 * 3600)
	require.Equal(t, identity.LoggedIn, d.last().Status)
}

func (d *deployment) profile(kind identity.Kind, value int) {
	d.t.Helper()
	d.call(http.MethodPatch, "/api/v1/profiles/"+string(d.portal.Template.ProfileID), map[string]any{"validity": map[string]any{"kind": kind, "value": value}}, nil)
	for { // as the worker does
		n, err := d.store.RecomputeAccounts(d.t.Context(), 100)
		require.NoError(d.t, err)
		if n == 0 {
			break
		}
	}
	d.agent.follow(d.t.Context())
}

// TestAShorterProfile: who is online goes when the account goes, whatever the device was
// told before.
func TestAShorterProfile(t *testing.T) {
	t.Parallel()
	d := deploy(t, plan{device: meraki, profile: identity.Profile{Name: "Day", Validity: identity.Validity{Kind: identity.Hours, Value: 24}}})
	robert := d.guest(robertsMAC)
	robert.arrives().registers(robertsLogin)
	d.in(4 * time.Hour)
	robert.arrives().presses("do=continue").goesOn().isOnline(4 * 3600)

	d.in(time.Hour) // it is one o'clock; until two
	d.profile(identity.Hours, 6)
	require.Equal(t, "Mon 14:00:00", d.local(d.last().ExpiresAt))
	require.True(t, d.last().Green)
	require.Equal(t, 3*3600, d.net.seconds(robert.client), "the device does not know yet")
	robert.arrives().goesOn().isOnline(3600)
	d.in(30 * time.Minute)
	d.profile(identity.Hours, 5) // over half an hour ago
	d.net.cut(robert.client)
	require.Equal(t, identity.EndIdentity, d.last().Reason)
	require.Equal(t, identity.Expired, d.theAccount().Lifecycle)
	robert.arrives().isAskedToLogIn()
}

// TestTheDeviceIsCutWhenTheAccountEnds: at the instant, by the agent alone, and not when
// the device's own timer runs out.
func TestTheDeviceIsCutWhenTheAccountEnds(t *testing.T) {
	t.Parallel()
	d := deploy(t, plan{device: meraki, profile: identity.Profile{Name: "Day", Validity: identity.Validity{Kind: identity.Hours, Value: 24}}})
	robert := d.guest(robertsMAC)
	robert.arrives().registers(robertsLogin)
	d.in(2 * time.Hour)
	ends := d.clock.Now().Add(time.Hour)
	d.call(http.MethodPatch, "/api/v1/accounts/"+string(d.theAccount().ID), map[string]any{"ends_at": ends}, nil)
	d.agent.follow(t.Context())
	d.until(ends.Add(-time.Second))
	require.Equal(t, 3601, d.net.seconds(robert.client))
	d.late = true // no workflow, no server
	d.until(ends)
	d.net.cut(robert.client)
	require.Equal(t, identity.EndIdentity, d.last().Reason)
}

// TestALongerProfile: what is green does not grow; what comes next does.
func TestALongerProfile(t *testing.T) {
	t.Parallel()
	d := deploy(t, plan{device: meraki})
	robert := d.guest(robertsMAC)
	robert.arrives().registers(robertsLogin)
	d.until(d.at("2024-06-07 22:00:00"))
	robert.arrives().presses("do=continue").goesOn().isOnline(2 * 3600)
	d.profile(identity.Days, 10)
	require.Equal(t, "Sat 00:00:00", d.local(d.last().ExpiresAt))
	require.Equal(t, "2024-06-13 00:00:00", d.theAccount().EndsAt.In(d.zone).Format(time.DateTime))
	d.until(d.at("2024-06-08 00:00:00"))
	robert.isOffline().arrives().isAskedToContinue().presses("do=continue").goesOn().isOnline(4 * 3600)
}

// TestBlocked: at once, everywhere.
func TestBlocked(t *testing.T) {
	t.Parallel()
	d := deploy(t, plan{device: meraki})
	robert := d.guest(robertsMAC)
	robert.arrives().registers(robertsLogin).isOnline(4 * 3600)
	where := "/api/v1/accounts/" + string(d.theAccount().ID)
	d.call(http.MethodPost, where+"/block", nil, nil)
	d.agent.follow(t.Context())
	d.net.cut(robert.client)
	_, accepted := d.net.login(d.net.asked[len(d.net.asked)-1])
	require.False(t, accepted)
	require.Equal(t, identity.EndRevoked, d.last().Reason)
	require.Zero(t, d.green())
	require.Equal(t, identity.Blocked, d.theAccount().Lifecycle)

	robert.arrives().isAskedToLogIn().says(robertsLogin).sees("-You are online", "-Robert")
	if _, more := robert.page.form(); more {
		robert.presses("do=login", "first_name", "Robert", "last_name", "Dupont").goesOn()
	}
	robert.isOffline()
	d.call(http.MethodPost, where+"/unblock", nil, nil)
	robert.arrives().isAskedToLogIn().says(robertsLogin).goesOn().isOnline(4 * 3600)
	require.Equal(t, identity.Returning, d.last().Status)
}

// TestEndedByStaff, and logged out by the guest: the device is told at once, and what the
// browser holds is worth nothing.
func TestEndedByStaff(t *testing.T) {
	t.Parallel()
	d := deploy(t, plan{device: meraki})
	robert := d.guest(robertsMAC)
	robert.arrives().registers(robertsLogin).isOnline(4 * 3600)
	d.call(http.MethodPost, "/api/v1/authentications/"+d.last().ID+"/end", nil, nil)
	d.agent.follow(t.Context())
	d.net.cut(robert.client)
	require.Equal(t, identity.EndRevoked, d.last().Reason)
	robert.opens(robert.page.at.String()).sees("-You are online")
	robert.arrives().isAskedToContinue()
}

func TestLoggedOut(t *testing.T) {
	t.Parallel()
	d := deploy(t, plan{device: meraki})
	robert := d.guest(robertsMAC)
	robert.arrives().registers(robertsLogin).isOnline(4 * 3600)
	before := robert.cookie()
	robert.presses("do=logout").isOffline()
	require.Equal(t, identity.EndLogout, d.last().Reason)
	require.Empty(t, robert.cookie())
	robert.has(before).arrives().isAskedToLogIn()
}

// TestDoubleClick: at the same time, and a moment later.
func TestDoubleClick(t *testing.T) {
	t.Parallel()
	d := deploy(t, plan{device: meraki})
	robert := d.guest(robertsMAC)
	robert.arrives().registers(robertsLogin)
	d.in(4 * time.Hour)
	robert.arrives().isAskedToContinue()
	var clicks sync.WaitGroup
	for range 5 {
		click := robert.filled("do=continue")
		for _, c := range robert.http.Jar.Cookies(d.portalURL()) {
			click.AddCookie(c)
		}
		clicks.Go(func() {
			response, err := robert.toPortal(click)
			if err == nil {
				err = response.Body.Close()
			}
			require.NoError(t, err)
		})
	}
	clicks.Wait()
	require.Len(t, d.logins(), 2)
	robert.presses("do=continue").goesOn().isOnline(4 * 3600)
	require.Len(t, d.logins(), 2)
	require.Equal(t, 1, d.green())
}

// TestForms: a form is good for half an hour, at its own portal, as it was given out, and
// a GET does nothing of what it does.
func TestForms(t *testing.T) {
	t.Parallel()
	d := deploy(t, plan{device: meraki})
	robert := d.guest(robertsMAC)
	robert.arrives().registers(robertsLogin)
	d.in(4 * time.Hour)

	robert.arrives().isAskedToContinue()
	f, _ := robert.page.form()
	robert.opens(publicURL + f.action + "?do=continue&s=" + url.QueryEscape(f.hidden[0].Value)).sees("-You are online")
	robert.arrives()
	for _, change := range []func(string) string{
		func(s string) string { return s[:len(s)-8] + strings.Repeat("A", 8) },
		func(s string) string { return s[:len(s)/2] },
		func(string) string { return "" },
	} {
		shown := robert.page
		body := strings.Replace(shown.body, f.hidden[0].Value, change(f.hidden[0].Value), 1)
		if again, ok := shown.form(); ok {
			body = strings.Replace(shown.body, again.hidden[0].Value, change(again.hidden[0].Value), 1)
		}
		robert.page.body = body
		robert.presses("do=continue")
		require.Equal(t, http.StatusGone, robert.page.status)
		robert.isOffline()
		robert.page = shown
	}

	elsewhere, err := d.store.CreatePortal(t.Context(), d.desk, portalLike(d.portal), d.portal.Template.ID)
	require.NoError(t, err)
	robert.page.body = strings.ReplaceAll(robert.page.body, string(d.portal.ID), string(elsewhere.ID))
	robert.presses("do=continue")
	require.Equal(t, http.StatusGone, robert.page.status)

	robert.arrives().isAskedToContinue()
	d.in(30*time.Minute + time.Second)
	robert.presses("do=continue")
	require.Equal(t, http.StatusGone, robert.page.status)
	robert.isOffline()
	require.Len(t, d.logins(), 1)
	robert.arrives().presses("do=continue").goesOn().isOnline(4 * 3600)
}
