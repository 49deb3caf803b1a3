package e2e

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/test/nas"
)

// guestLogin is one as staff see it.
type guestLogin struct {
	ID     string `json:"id"`
	Green  bool   `json:"green"`
	Status string `json:"status"`
	Reason string `json:"reason"`
}

// guestSessions are a login's, and what came of ending them.
type guestSessions struct {
	Sessions []struct {
		ID string `json:"id"`
	} `json:"sessions"`
	Terminations []struct {
		State string `json:"state"`
	} `json:"terminations"`
}

// login is the only one that an account has.
func (l *lobby) login(account string) guestLogin {
	l.t.Helper()
	var list struct{ Items []guestLogin }
	l.Call("GET", "/api/v1/authentications?account_id="+account, nil, &list, 200)
	require.Len(l.t, list.Items, 1)
	return list.Items[0]
}

func (l *lobby) sessions(id string) (found guestSessions) {
	l.t.Helper()
	l.Call("GET", "/api/v1/authentications/"+id, nil, &found, 200)
	return found
}

// account is one that staff make, with its password.
func (l *lobby) account(login string) (id, password string) {
	l.t.Helper()
	var profiles struct{ Items []struct{ ID string } }
	l.Call("GET", "/api/v1/profiles", nil, &profiles, 200)
	var made struct {
		Account  struct{ ID string }
		Password string
	}
	l.Call("POST", "/api/v1/accounts", map[string]any{
		"site_id": l.site, "profile_id": profiles.Items[0].ID, "login": login, "password": true,
	}, &made, 201)
	return made.Account.ID, made.Password
}

// chooses another way to log in.
func (d *device) chooses(method string) {
	d.l.t.Helper()
	action, fields := d.form()
	fields.Set("choose", method)
	d.send(http.MethodPost, d.l.URL(0)+action, fields)
}

// again tries once more what the device was given, from a device of its own address.
func (d *device) again(mac string) bool {
	d.l.t.Helper()
	_, fields := d.form()
	ctx, cancel := context.WithTimeout(d.l.t.Context(), 30*time.Second)
	defer cancel()
	result, err := d.l.nas.Login(ctx, nas.Guest{MAC: mac, Username: fields.Get("username"), Password: fields.Get("password"), Method: nas.PAP})
	require.NoError(d.l.t, err)
	return result.Accepted
}

// A visitor checks in at the desk and types what was printed into a portal; a guest has an
// account. Both are offline as soon as somebody says so, and the guest also when the
// account's time is over.
func TestGuestsAtAPortal(t *testing.T) {
	t.Parallel()
	l := newLobby(t)
	var templates struct{ Items []struct{ ID string } }
	l.Call("GET", "/api/v1/templates", nil, &templates, 200)
	l.Call("PATCH", "/api/v1/templates/"+templates.Items[0].ID, map[string]any{"methods": []string{"visit", "account"}}, nil, 200)

	t.Log("a visit: by one-time secret, reported, disconnected at check-out, rejected")
	visitor := l.WalkIn(l.site, time.Hour)
	phone := &device{l: l, mac: "02-00-00-00-01-11"}
	phone.arrives()
	phone.presses("login", "username", visitor.Voucher.Username, "password", visitor.PasswordIn(l.Stack))
	require.False(t, phone.again("02-00-00-00-01-99"), "the secret is for the device alone")
	left := phone.joins()
	require.LessOrEqual(t, left, time.Hour)
	require.Greater(t, left, 59*time.Minute)
	l.seen(visitor.Visit.ID)
	l.Act(visitor.Visit.ID, "check-out", nil)
	l.offline(phone.mac)
	l.Eventually("rejected", func() bool { return !phone.again(phone.mac) })
	require.Contains(t, states(l.Sealed(visitor.Visit.ID)), "confirmed")
	phone.arrives()
	phone.presses("login", "username", visitor.Voucher.Username, "password", visitor.PasswordIn(l.Stack))
	require.NotContains(t, phone.body, "network-auth.com/splash")

	t.Log("an account: green, ended by staff")
	account, password := l.account("ada-canary")
	laptop := &device{l: l, mac: "02-00-00-00-01-12"}
	laptop.arrives()
	laptop.chooses("account")
	laptop.presses("login", "login", "ada-canary", "password", password)
	require.Greater(t, laptop.joins(), 3*time.Hour+59*time.Minute)
	in := l.login(account)
	require.True(t, in.Green)
	require.Equal(t, "logged_in", in.Status)
	l.Eventually("session known", func() bool { return len(l.sessions(in.ID).Sessions) == 1 })
	l.Call("POST", "/api/v1/authentications/"+in.ID+"/end", nil, nil, 204)
	l.offline(laptop.mac)
	l.Eventually("rejected", func() bool { return !laptop.again(laptop.mac) })
	require.Equal(t, "revoked", l.login(account).Reason)
	require.False(t, l.login(account).Green)
	l.Eventually("told", func() bool {
		found := l.sessions(in.ID).Terminations
		return len(found) > 0 && found[0].State == "confirmed"
	})

	t.Log("an account that is made shorter: cut when its time is over, and ended by its workflow")
	account, password = l.account("grace-canary")
	tablet := &device{l: l, mac: "02-00-00-00-01-13"}
	tablet.arrives()
	tablet.chooses("account")
	tablet.presses("login", "login", "grace-canary", "password", password)
	require.Greater(t, tablet.joins(), 3*time.Hour)
	id := l.login(account).ID
	l.Eventually("session known", func() bool { return len(l.sessions(id).Sessions) == 1 })
	l.Call("PATCH", "/api/v1/accounts/"+account, map[string]any{"ends_at": time.Now().Add(5 * time.Second)}, nil, 200)
	require.True(t, l.login(account).Green)
	l.offline(tablet.mac)
	l.Eventually("over", func() bool { return l.login(account).Reason == "identity_end" })
	require.False(t, tablet.again(tablet.mac))
	l.Eventually("sealed", func() bool {
		return contains(map[string]any{"history": l.WorkflowHistory("access-" + id)}, "SealAccess")
	})
	order(t, l.WorkflowHistory("access-"+id), "EndAccess", "TIMER_STARTED", "EndAccess", "TerminateSessions", "SealAccess")
	l.AuditVerifies()
	l.nothingLeaks(password)
}
