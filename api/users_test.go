package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// user makes a member of staff with canaryPassword and returns address and id.
func (b *bench) user(t *testing.T, role auth.Role, sites ...visit.SiteID) (email, id string) {
	t.Helper()
	hash, err := auth.NewPasswords(1, auth.Cost{Memory: 64, Time: 1, Lanes: 1}).Hash(t.Context(), canaryPassword)
	require.NoError(t, err)
	email = string(role) + "-" + uuid.NewString() + "@example.org"
	user, err := b.CreateUser(t.Context(), store.Caller{Actor: "system:setup", Scope: store.Everything}, store.NewUser{
		Email: email, Name: "Desk", PasswordHash: hash, Role: string(role), Scope: store.Scope{All: len(sites) == 0, Sites: sites},
	})
	require.NoError(t, err)
	return email, user.ID
}

// enter signs somebody in and returns what their browser sends from then on.
func (b *bench) enter(t *testing.T, email, password string) http.Header {
	t.Helper()
	return sends(b.want(t, 200, signIn(email, password)))
}

// sends is what a browser sends after an answer: the cookies that it was given.
func sends(a answer) http.Header {
	header := http.Header{}
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.MaxAge >= 0 {
			header.Add("Cookie", c.Name+"="+c.Value)
		}
	}
	return header
}

// person is a signed-in member of staff.
func (b *bench) person(t *testing.T, role auth.Role, sites ...visit.SiteID) http.Header {
	t.Helper()
	email, _ := b.user(t, role, sites...)
	return b.enter(t, email, canaryPassword)
}

func TestUsersAreAddedAndChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin := b.person(t, auth.Administrator)
	post := call{method: "POST", path: "/api/v1/users", header: admin}
	a := b.want(t, 201, post.with(object{"email": " grace@example.org ", "name": "Grace", "role": "reception", "sites": []any{b.site}, "language": "de"}))
	id := a.string("user.id")
	require.Equal(t, "grace@example.org", a.string("user.email"))
	require.Equal(t, false, a.field("user.has_password"))
	require.Len(t, b.want(t, 200, call{path: "/api/v1/events?kind=user.invited", as: b.admin}).list("items"), 1, "an invitation is mailed")
	b.refused(t, 409, "email_taken", post.with(object{"email": "GRACE@example.org", "role": "host"}))
	for field, body := range map[string]object{
		"role":     {"email": "x@example.org", "role": "kiosk"},
		"email":    {"email": "x at example", "role": "host"},
		"sites":    {"email": "x@example.org", "role": "host", "sites": []any{"berlin"}},
		"language": {"email": "x@example.org", "role": "host", "language": "tlh"},
		"password": {"email": "x@example.org", "role": "host", "password": "password12345"},
	} {
		a := b.refused(t, 422, "invalid", post.with(body))
		require.Contains(t, string(a.text), "body."+field)
	}
	b.want(t, 401, signIn("grace@example.org", "x")) // no password is none
	patch := call{method: "PATCH", path: "/api/v1/users/" + id, header: admin}
	b.want(t, 200, patch.with(object{"password": "a goat on the roof"}))
	grace := b.enter(t, "grace@example.org", "a goat on the roof")
	a = b.want(t, 200, call{path: "/api/v1/me", header: grace})
	require.Equal(t, []any{string(b.site)}, a.list("sites"))
	require.Equal(t, "de", a.field("language"))
	a = b.want(t, 200, patch.with(object{"name": "Grace Stone", "language": "en"}))
	require.Equal(t, "Grace Stone", a.field("user.name"))
	b.want(t, 200, call{path: "/api/v1/me", header: grace}) // a name ends no login
	a = b.want(t, 200, patch.with(object{"all_sites": true}))
	require.Equal(t, true, a.field("user.all_sites"))
	b.refused(t, 401, "unauthenticated", call{path: "/api/v1/me", header: grace})
	b.refused(t, 422, "invalid", patch.with(object{"all_sites": false}))
	b.refused(t, 422, "invalid", patch.with(object{"role": "king"}))

	b.want(t, 204, call{method: "DELETE", path: "/api/v1/users/" + id, header: admin})
	b.refused(t, 401, "login_refused", signIn("grace@example.org", "a goat on the roof"))
	a = b.want(t, 200, call{path: "/api/v1/users/" + id, header: admin})
	require.NotEmpty(t, a.string("user.disabled_at"))
	b.want(t, 200, patch.with(object{"disabled": false}))
	b.enter(t, "grace@example.org", "a goat on the roof")
	list := b.want(t, 200, call{path: "/api/v1/users?limit=1", header: admin})
	require.Equal(t, id, list.list("items")[0].(object)["id"]) //nolint:errcheck,forcetypeassert // a test
	require.Len(t, b.want(t, 200, call{path: "/api/v1/users?cursor=" + list.string("next"), header: admin}).list("items"), 1)
}

func TestAUserIsErased(t *testing.T) {
	t.Parallel()
	b := setup(t)
	email, id := b.user(t, auth.Reception, b.site)
	who := b.enter(t, email, canaryPassword)
	b.secondFactor(t, who)
	erase := func(id string) call {
		return call{method: "POST", path: "/api/v1/users/" + id + "/erase", as: b.admin}
	}
	b.want(t, 204, erase(id))
	b.want(t, 204, erase(id))
	b.refused(t, 401, "unauthenticated", call{path: "/api/v1/me", header: who})
	a := b.want(t, 200, call{path: "/api/v1/users/" + id, as: b.admin})
	require.NotContains(t, string(a.text), email)
	require.NotContains(t, string(a.text), "Desk")
	require.NotEmpty(t, a.string("user.disabled_at"))
	_, boss := b.user(t, auth.Administrator)
	b.refused(t, 409, "last_administrator", erase(boss))
	_, err := b.UserByEmail(t.Context(), email)
	require.ErrorIs(t, err, store.ErrUserNotFound)
}

func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	email, id := b.user(t, auth.Administrator)
	admin := b.enter(t, email, canaryPassword)
	b.refused(t, 409, "last_administrator", call{method: "DELETE", path: "/api/v1/users/" + id, header: admin})
	b.refused(t, 409, "last_administrator", call{method: "PATCH", path: "/api/v1/users/" + id, header: admin, body: object{"role": "host"}})
	b.user(t, auth.Administrator)
	b.want(t, 200, call{method: "PATCH", path: "/api/v1/users/" + id, header: admin, body: object{"role": "host"}})
}

// Nobody gives more than they have, nor touches somebody who has more: who could
// set their address could become them.
func TestNobodyMakesThemselvesMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, boss := b.user(t, auth.Administrator)
	_, peer := b.user(t, auth.Administrator, b.site)
	_, desk := b.user(t, auth.Reception, b.site)
	rights := auth.Reception.Permissions()
	rights[auth.UsersWrite], rights[auth.UsersRead] = struct{}{}, struct{}{}
	token := b.token(t, store.Scope{Sites: []visit.SiteID{b.site}}, rights)
	post := call{method: "POST", path: "/api/v1/users", as: token}
	b.want(t, 201, post.with(object{"email": "a@example.org", "role": "reception"}))
	b.refused(t, 403, "grants_more", post.with(object{"email": "b@example.org", "role": "site_manager"}))
	b.refused(t, 403, "grants_more", post.with(object{"email": "b@example.org", "role": "reception", "sites": []any{b.other}}))
	b.refused(t, 404, "user_not_found", call{method: "PATCH", path: "/api/v1/users/" + boss, as: token, body: object{"email": "mine@example.org"}})
	for _, body := range []object{{"email": "mine@example.org"}, {"password": "a goat on the roof"}, {"role": "host"}, {"disabled": true}, {"name": "x"}, {}} {
		b.refused(t, 403, "grants_more", call{method: "PATCH", path: "/api/v1/users/" + peer, as: token, body: body})
	}
	b.refused(t, 403, "grants_more", call{method: "DELETE", path: "/api/v1/users/" + peer, as: token})
	b.refused(t, 403, "grants_more", call{method: "DELETE", path: "/api/v1/users/" + peer + "/totp", as: token})
	for _, body := range []object{{"role": "administrator"}, {"all_sites": true}, {"sites": []any{b.site, b.other}}} {
		b.refused(t, 403, "grants_more", call{method: "PATCH", path: "/api/v1/users/" + desk, as: token, body: body})
	}
	b.want(t, 200, call{method: "PATCH", path: "/api/v1/users/" + desk, as: token, body: object{"email": "fine@example.org"}})
	for _, role := range b.want(t, 200, call{path: "/api/v1/roles", as: token}).list("items") {
		r, _ := role.(object)
		require.Equal(t, r["name"] == "reception" || r["name"] == "host", r["grantable"], r["name"])
		require.NotEmpty(t, r["description"])
		require.NotEmpty(t, r["permissions"])
	}
}

// Disabling, another role and another password end live screens at once.
func TestLosingRightsEndsScreens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, change := range map[string]object{
		"disabled": {"disabled": true}, "role": {"role": "auditor"}, "password": {"password": "a goat on the roof"}, "sites": {"sites": []any{b.other}},
	} {
		email, id := b.user(t, auth.Reception, b.site)
		s := b.screen(t, "", b.enter(t, email, canaryPassword))
		b.want(t, 200, call{method: "PATCH", path: "/api/v1/users/" + id, as: b.admin, body: change})
		require.NoError(t, s.SetReadDeadline(time.Now().Add(10*time.Second)))
		_, _, err := s.ReadMessage()
		require.True(t, websocket.IsCloseError(err, websocket.ClosePolicyViolation), "%s: %v", name, err)
	}
}

func TestOnesOwnPassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	email, _ := b.user(t, auth.Reception, b.site)
	here, there := b.enter(t, email, canaryPassword), b.enter(t, email, canaryPassword)
	change := func(old, chosen string) call {
		return call{method: "POST", path: "/api/v1/me/password", header: here, body: object{"old": old, "new": chosen}}
	}
	b.refused(t, 403, "password_wrong", change("wrong", "a goat on the roof"))
	a := b.refused(t, 422, "invalid", change(canaryPassword, "short"))
	require.Contains(t, string(a.text), "body.new")
	b.refused(t, 422, "invalid", change(canaryPassword, email))
	now := sends(b.want(t, 204, change(canaryPassword, "a goat on the roof")))
	b.want(t, 200, call{path: "/api/v1/me", header: now})
	for _, before := range []http.Header{here, there} {
		b.refused(t, 401, "unauthenticated", call{path: "/api/v1/me", header: before})
	}
	b.refused(t, 401, "login_refused", signIn(email, canaryPassword))
	b.enter(t, email, "a goat on the roof")

	// A browser that was left open is no way to guess.
	here = now
	for range 5 {
		b.refused(t, 403, "password_wrong", change("wrong", "a goat on the moon"))
	}
	b.refused(t, 403, "password_wrong", change("a goat on the roof", "a goat on the moon"))
	b.refused(t, 403, "not_a_user", call{method: "POST", path: "/api/v1/me/password", as: b.admin, body: object{"old": "x", "new": "y"}})
	b.refused(t, 403, "not_a_user", call{method: "PATCH", path: "/api/v1/me", as: b.admin, body: object{"name": "x"}})
	a = b.want(t, 200, call{method: "PATCH", path: "/api/v1/me", header: here, body: object{"name": " Ada ", "language": "de"}})
	require.Equal(t, "Ada", a.field("name"))
	b.refused(t, 422, "invalid", call{method: "PATCH", path: "/api/v1/me", header: here, body: object{"language": "tlh"}})
}

// A hash at an earlier cost is replaced when its password is next seen.
func TestOldHashesAreMadeAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dear, err := auth.NewPasswords(1, auth.Cost{Memory: 128, Time: 2, Lanes: 1}).Hash(t.Context(), canaryPassword)
	require.NoError(t, err)
	user, err := b.CreateUser(t.Context(), store.Caller{Actor: "system:setup"}, store.NewUser{Email: "old@example.org", PasswordHash: dear, Role: "host", Scope: everything})
	require.NoError(t, err)
	for range 2 {
		b.enter(t, user.Email, canaryPassword)
	}
	found, err := b.User(t.Context(), user.ID)
	require.NoError(t, err)
	require.Contains(t, found.PasswordHash, "m=64,t=1,p=1")
}

// A host sees, changes and follows visits to themselves only.
func TestHostsSeeTheirOwnVisits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	email, _ := b.user(t, auth.Host, b.site)
	host := b.enter(t, strings.ToUpper(email), canaryPassword)
	require.Equal(t, true, b.want(t, 200, call{path: "/api/v1/me", header: host}).field("own_visits"))
	live := b.screen(t, "", host)
	others := b.expected(t) // Grace's
	register := call{method: "POST", path: "/api/v1/visits", header: host}
	body := b.registration()
	body["host"] = object{"name": "Me"}
	mine := b.want(t, 201, register.with(body)).string("visit.id")
	require.Equal(t, email, b.want(t, 200, call{path: "/api/v1/visits/" + mine, header: host}).string("visit.host.email"))
	body["host"] = object{"email": strings.ToUpper(email)}
	also := b.want(t, 201, register.with(body)).string("visit.id")
	body["host"] = object{"email": "grace@canary.example"}
	b.refused(t, 422, "invalid", register.with(body))
	b.refused(t, 422, "invalid", call{method: "PATCH", path: "/api/v1/visits/" + mine, header: host, body: object{"host": object{"email": "x@example.org"}}})
	for _, want := range []string{mine, also} {
		event, _ := live.next()["event"].(object)
		require.Equal(t, want, event["visit_id"], "and nothing of Grace's")
	}
	for _, path := range []string{"/api/v1/visits", "/api/v1/visits?site_id=" + string(b.site), "/api/v1/visits?tab=expected&q=canary"} {
		a := b.want(t, 200, call{path: path, header: host})
		require.Len(t, a.list("items"), 2, path)
		require.NotContains(t, string(a.text), others, path)
	}
	// Every call about one visit: another's does not exist, one's own does.
	for _, op := range operations(t) {
		if !strings.Contains(op.path, "/visits/{id}") || !auth.Host.Permissions().Has(auth.Permission(op.permission)) {
			continue
		}
		body := places(b, b.site)[op.String()]
		b.missing(t, call{method: op.method, path: strings.ReplaceAll(op.path, "{id}", others), header: host, body: body})
		a := b.do(t, call{method: op.method, path: strings.ReplaceAll(op.path, "{id}", mine), header: host, body: body})
		require.NotEqual(t, 404, a.status, "%s: %s", op, a.text)
	}
	// Who comes back is told of one's own visits alone, too.
	again := b.screen(t, "", host)
	b.want(t, 200, call{method: "PATCH", path: "/api/v1/visits/" + also, header: host, body: object{"purpose": "x"}})
	cursor, _ := again.next()["cursor"].(string)
	require.NoError(t, again.Close())
	b.want(t, 200, call{method: "PATCH", path: "/api/v1/visits/" + others, as: b.admin, body: object{"purpose": "x"}})
	b.want(t, 200, call{method: "PATCH", path: "/api/v1/visits/" + also, header: host, body: object{"purpose": "y"}})
	event, _ := b.screen(t, "cursor="+cursor, host).next()["event"].(object)
	require.Equal(t, also, event["visit_id"])
}
