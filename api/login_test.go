package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/store"
)

const email = "desk@example.org"

// staff makes a user with canaryPassword.
func (b *bench) staff(t *testing.T) {
	t.Helper()
	hash, err := auth.NewPasswords(1, auth.Cost{Memory: 64, Time: 1, Lanes: 1}).Hash(t.Context(), canaryPassword)
	require.NoError(t, err)
	_, err = b.CreateUser(t.Context(), store.Caller{Actor: "system:setup", Scope: store.Everything}, store.NewUser{
		Email: email, Name: "Desk", PasswordHash: hash, Role: string(auth.Reception), Scope: store.Everything,
	})
	require.NoError(t, err)
}

func signIn(name, password string) call {
	return call{method: "POST", path: "/api/v1/login", body: object{"email": name, "password": password}}
}

// cookie signs in and returns the cookie.
func (b *bench) cookie(t *testing.T) *http.Cookie {
	t.Helper()
	a := b.want(t, 200, signIn(email, canaryPassword))
	cookies := (&http.Response{Header: a.header}).Cookies()
	require.Len(t, cookies, 1)
	return cookies[0]
}

func withCookie(c *http.Cookie) http.Header { return http.Header{"Cookie": {c.Name + "=" + c.Value}} }

func TestLogin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.staff(t)
	a := b.want(t, 200, signIn("  DESK@example.org ", canaryPassword))
	require.Equal(t, "user", a.field("kind"))
	require.Contains(t, a.list("permissions"), "visits.checkin")
	c := b.cookie(t)
	require.True(t, c.HttpOnly)
	require.True(t, c.Secure, "the public URL is https")
	require.Equal(t, http.SameSiteStrictMode, c.SameSite)
	require.Equal(t, "/", c.Path)
	require.Empty(t, c.Domain)
	require.Equal(t, int(12*time.Hour/time.Second), c.MaxAge)

	me := b.want(t, 200, call{path: "/api/v1/me", header: withCookie(c)})
	require.Equal(t, "Desk", me.field("name"))
	b.Clock.Advance(12*time.Hour + time.Second)
	b.refused(t, 401, "unauthenticated", call{path: "/api/v1/me", header: withCookie(c)})
}

func TestLoopbackCookieNeedsNoTLS(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) { c.PublicURL = "http://127.0.0.1:8080" })
	b.staff(t)
	require.False(t, b.cookie(t).Secure)
}

func TestLogoutEndsTheLogin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.staff(t)
	c, other := b.cookie(t), b.cookie(t)
	require.NotEqual(t, c.Value, other.Value)
	a := b.want(t, 204, call{method: "POST", path: "/api/v1/logout", header: withCookie(c)})
	gone := (&http.Response{Header: a.header}).Cookies()[0]
	require.Empty(t, gone.Value)
	require.Negative(t, gone.MaxAge)
	b.refused(t, 401, "unauthenticated", call{path: "/api/v1/me", header: withCookie(c)})
	b.want(t, 200, call{path: "/api/v1/me", header: withCookie(other)})
	for _, value := range []string{"", c.Value, "nonsense", b.admin} {
		b.want(t, 204, call{method: "POST", path: "/api/v1/logout", header: http.Header{"Cookie": {"foyer_login=" + value}}})
	}
}

// Whatever is wrong, the answer is the same; and after five wrong passwords the
// right one is refused as well, until time has passed.
func TestLoginTellsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.staff(t)
	start := time.Now()
	unknown := b.refused(t, 401, "login_refused", signIn("nobody@example.org", canaryPassword))
	require.GreaterOrEqual(t, time.Since(start), 300*time.Millisecond, "no refusal is quick enough to tell why")
	for range 5 {
		require.Equal(t, string(unknown.text), string(b.want(t, 401, signIn(email, "wrong password")).text))
	}
	require.Equal(t, string(unknown.text), string(b.want(t, 401, signIn(email, canaryPassword)).text), "locked")
	b.Clock.Advance(61 * time.Second)
	b.want(t, 200, signIn(email, canaryPassword))
	for range 4 {
		b.want(t, 401, signIn(email, "wrong password"))
	}
	b.want(t, 200, signIn(email, canaryPassword)) // four are forgiven
}

func TestLoginRate(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) {
		c.Logins = limit.New(limit.Config{Rate: 0.1, Burst: 3, Keys: 10}, c.Now)
	})
	b.staff(t)
	for range 3 {
		b.want(t, 401, signIn(email, "wrong password"))
	}
	a := b.refused(t, 429, "too_many_requests", signIn(email, canaryPassword))
	require.Equal(t, "10", a.header.Get("Retry-After"))
	b.Clock.Advance(11 * time.Second)
	b.want(t, 200, signIn(email, canaryPassword))
}

func TestRequestRate(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) {
		c.Requests = limit.New(limit.Config{Rate: 0.5, Burst: 5, Keys: 100}, c.Now)
	})
	for range 5 {
		b.want(t, 200, call{path: "/api/v1/me", as: b.admin})
	}
	a := b.refused(t, 429, "too_many_requests", call{path: "/api/v1/me", as: b.admin})
	require.Equal(t, "2", a.header.Get("Retry-After"))
	b.want(t, 200, call{path: "/api/v1/me", as: b.at(t, auth.Host, b.site)}) // others are served
	for range 5 {
		b.want(t, 401, call{path: "/api/v1/me"})
	}
	b.refused(t, 429, "too_many_requests", call{path: "/api/v1/me"}) // nobody has a rate as well
	b.want(t, 200, call{path: "/healthz"})
}

// A page of another site cannot make a signed-in browser change anything.
func TestOtherSitesPagesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.staff(t)
	c := b.cookie(t)
	from := func(name, value string) call {
		header := withCookie(c)
		header.Set(name, value)
		return call{method: "POST", path: "/api/v1/visits", header: header, body: b.registration()}
	}
	b.refused(t, 403, "forbidden", from("Sec-Fetch-Site", "cross-site"))
	b.refused(t, 403, "forbidden", from("Sec-Fetch-Site", "same-site"))
	b.refused(t, 403, "forbidden", from("Origin", "https://evil.example"))
	b.refused(t, 403, "forbidden", from("Origin", "null"))
	b.want(t, 201, from("Sec-Fetch-Site", "same-origin"))
	b.want(t, 201, from("Origin", publicURL)) // behind a proxy Host differs
	b.want(t, 201, from("Origin", b.url))
}
