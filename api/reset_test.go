package api_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/link"
)

func askReset(email string) call {
	return call{method: "POST", path: "/api/v1/password-reset", body: object{"email": email}}
}

func confirmReset(token, password string) call {
	return call{method: "POST", path: "/api/v1/password-reset/confirm", body: object{"token": token, "password": password}}
}

// resetLinks are the tokens of the mails that were asked for, newest first, as whoever
// writes them makes them of the events.
func (b *bench) resetLinks(t *testing.T) []string {
	t.Helper()
	return b.passwordLinks(t, "user.password_reset_requested", link.Reset)
}

func (b *bench) passwordLinks(t *testing.T, kind string, of func(string, time.Time) link.Link) []string {
	t.Helper()
	var tokens []string
	for _, item := range b.want(t, 200, call{path: "/api/v1/events?kind=" + kind, as: b.admin}).list("items") {
		event, _ := item.(object)
		data, _ := event["data"].(object)
		text, _ := event["at"].(string)
		at, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		user, _ := data["user_id"].(string)
		token, err := link.Sign(b.Keyring, of(user, at))
		require.NoError(t, err)
		tokens = append(tokens, token)
	}
	return tokens
}

func TestPasswordReset(t *testing.T) {
	t.Parallel()
	b := setup(t)
	email, _ := b.user(t, auth.Reception, b.site)
	before := b.enter(t, email, canaryPassword)
	start := time.Now()
	b.want(t, 204, askReset("nobody@example.org"))
	require.GreaterOrEqual(t, time.Since(start), 300*time.Millisecond, "no answer is quick enough to tell")
	require.Empty(t, b.resetLinks(t))
	for range 5 { // and locked out besides
		b.want(t, 401, signIn(email, "wrong"))
	}
	b.want(t, 204, askReset(" "+email))
	b.want(t, 204, askReset(email)) // a moment later: no second mail
	links := b.resetLinks(t)
	require.Len(t, links, 1)

	b.refused(t, 422, "invalid", confirmReset(links[0], email))
	b.want(t, 204, confirmReset(links[0], "a goat on the roof"))
	b.refused(t, 401, "unauthenticated", call{path: "/api/v1/me", header: before})
	b.enter(t, email, "a goat on the roof")
	b.refused(t, 410, "link_expired", confirmReset(links[0], "a goat on the moon"))
	b.refused(t, 404, "link_invalid", confirmReset("x"+links[0][1:], "a goat on the moon"))

	b.Clock.Advance(3 * time.Minute)
	b.want(t, 204, askReset(email))
	fresh := b.resetLinks(t)[0]
	b.Clock.Advance(30*time.Minute + time.Second)
	b.refused(t, 410, "link_expired", confirmReset(fresh, "a goat on the moon"))
	b.want(t, 204, askReset(email))
	b.enter(t, email, "a goat on the roof")
	b.want(t, 204, confirmReset(b.resetLinks(t)[0], "a goat on the moon"))
}

// Somebody new may be away for a few days; the link works once, as others do.
func TestAnInvitationSetsTheFirstPassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.want(t, 201, call{method: "POST", path: "/api/v1/users", as: b.admin, body: object{"email": "new@example.org", "role": "host"}})
	welcome := b.passwordLinks(t, "user.invited", link.Welcome)
	require.Len(t, welcome, 1)
	b.Clock.Advance(71 * time.Hour)
	b.want(t, 204, confirmReset(welcome[0], "a goat on the roof"))
	b.enter(t, "new@example.org", "a goat on the roof")
	b.refused(t, 410, "link_expired", confirmReset(welcome[0], "a goat on the moon"))
}

// A link for something else, and one to somebody who is gone, open nothing.
func TestOnlyResetLinksReset(t *testing.T) {
	t.Parallel()
	b := setup(t)
	email, id := b.user(t, auth.Reception, b.site)
	for _, l := range []link.Link{
		{Purpose: link.Invitation, Object: id, ExpiresAt: b.Clock.Now().Add(time.Hour)},
		{Purpose: link.PasswordReset, Object: b.expected(t), ExpiresAt: b.Clock.Now().Add(10 * time.Minute)},
	} {
		token, err := link.Sign(b.Keyring, l)
		require.NoError(t, err)
		b.refused(t, 404, "link_invalid", confirmReset(token, "a goat on the roof"))
	}
	b.want(t, 204, askReset(email))
	b.want(t, 204, call{method: "DELETE", path: "/api/v1/users/" + id, as: b.admin})
	b.refused(t, 410, "link_expired", confirmReset(b.resetLinks(t)[0], "a goat on the roof"))
}

func TestResetsAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) { c.Logins = limiter(c, 3) })
	for range 3 {
		b.want(t, 204, askReset("nobody@example.org"))
	}
	b.refused(t, 429, "too_many_requests", askReset("nobody@example.org"))
	b.refused(t, 429, "too_many_requests", confirmReset("x", "y"))
}

// A page that promised a link where no mail is sent would have people wait for it.
func TestWaysToSignInSayWhetherMailIsSent(t *testing.T) {
	t.Parallel()
	ways := call{path: "/api/v1/login"}
	require.Equal(t, false, setup(t).want(t, 200, ways).field("mail"))
	require.Equal(t, true, setup(t, func(c *api.Config) { c.Mail = true }).want(t, 200, ways).field("mail"))
}

// Where staff sign in elsewhere, passwords are for administrators alone.
func TestLocalLoginForAdministrators(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) { c.LocalLogin = api.LocalAdministrators })
	desk, _ := b.user(t, auth.Reception, b.site)
	boss, _ := b.user(t, auth.Administrator)
	require.Equal(t, "administrators", b.want(t, 200, call{path: "/api/v1/login"}).field("local_login"))
	b.refused(t, 401, "login_refused", signIn(desk, canaryPassword))
	b.enter(t, boss, canaryPassword)
	b.want(t, 204, askReset(desk))
	require.Empty(t, b.resetLinks(t))
	b.want(t, 204, askReset(boss))
	require.Len(t, b.resetLinks(t), 1)
	b.want(t, 201, call{method: "POST", path: "/api/v1/users", as: b.admin, body: object{"email": "new@example.org", "role": "host"}})
	require.Len(t, b.resetLinks(t), 1, "no invitation to choose a password that opens nothing")
}
