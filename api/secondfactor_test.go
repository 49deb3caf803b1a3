package api_test

import (
	"encoding/base32"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
)

func withCode(name, password, code string) call {
	return call{method: "POST", path: "/api/v1/login", body: object{"email": name, "password": password, "code": code}}
}

// secondFactor switches it on and returns its secret and recovery codes.
func (b *bench) secondFactor(t *testing.T, who http.Header) ([]byte, []any) {
	t.Helper()
	a := b.want(t, 200, call{method: "POST", path: "/api/v1/me/totp", header: who, body: object{"password": canaryPassword}})
	secret, err := base32.StdEncoding.DecodeString(a.string("secret"))
	require.NoError(t, err)
	require.Contains(t, a.string("uri"), "secret="+a.string("secret"))
	confirm := call{method: "POST", path: "/api/v1/me/totp/confirm", header: who}
	b.refused(t, 422, "invalid", confirm.with(object{"code": "000000"}))
	done := b.want(t, 200, confirm.with(object{"code": auth.TOTPCode(secret, b.Clock.Now())}))
	b.refused(t, 409, "totp_on", confirm.with(object{"code": auth.TOTPCode(secret, b.Clock.Now())}))
	return secret, done.list("recovery_codes")
}

func TestSigningInWithASecondFactor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	email, id := b.user(t, auth.Reception, b.site)
	who := b.enter(t, email, canaryPassword)
	b.refused(t, 403, "password_wrong", call{method: "POST", path: "/api/v1/me/totp", header: who, body: object{"password": "wrong"}})
	b.refused(t, 409, "totp_off", call{method: "POST", path: "/api/v1/me/totp/confirm", header: who, body: object{"code": "000000"}})
	b.want(t, 200, call{method: "POST", path: "/api/v1/me/totp", header: who, body: object{"password": canaryPassword}})
	b.enter(t, email, canaryPassword) // not confirmed: not asked for
	secret, recovery := b.secondFactor(t, who)
	require.Len(t, recovery, 10)
	require.Equal(t, true, b.want(t, 200, call{path: "/api/v1/me", header: who}).field("second_factor"))

	b.refused(t, 401, "totp_required", signIn(email, canaryPassword))
	b.refused(t, 401, "login_refused", signIn(email, "wrong"))
	now := auth.TOTPCode(secret, b.Clock.Now())
	b.refused(t, 401, "login_refused", withCode(email, "wrong", now))
	b.refused(t, 401, "totp_refused", withCode(email, canaryPassword, now)) // it switched the second factor on
	b.Clock.Advance(30 * time.Second)
	next := auth.TOTPCode(secret, b.Clock.Now())
	b.want(t, 200, withCode(email, canaryPassword, next[:3]+" "+next[3:]))
	b.refused(t, 401, "totp_refused", withCode(email, canaryPassword, next))                 // once
	b.want(t, 200, withCode(email, canaryPassword, strings.ToUpper(recovery[0].(string))))   //nolint:errcheck,forcetypeassert // a test
	b.refused(t, 401, "totp_refused", withCode(email, canaryPassword, recovery[0].(string))) //nolint:errcheck,forcetypeassert // a test
	b.refused(t, 401, "totp_refused", withCode(email, canaryPassword, "22222-22222"))

	// One's password can be changed without another code, and the factor removed.
	who = sends(b.want(t, 204, call{method: "POST", path: "/api/v1/me/totp/remove", header: who, body: object{"password": canaryPassword}}))
	b.enter(t, email, canaryPassword)
	b.secondFactor(t, who)
	who = sends(b.want(t, 204, call{method: "POST", path: "/api/v1/me/password", header: who, body: object{"old": canaryPassword, "new": "a goat on the roof"}}))
	b.want(t, 200, call{path: "/api/v1/me", header: who})

	// Who has lost it asks somebody who may.
	b.refused(t, 401, "totp_required", signIn(email, "a goat on the roof"))
	b.want(t, 204, call{method: "DELETE", path: "/api/v1/users/" + id + "/totp", as: b.admin})
	b.refused(t, 401, "unauthenticated", call{path: "/api/v1/me", header: who})
	b.enter(t, email, "a goat on the roof")
	b.refused(t, 409, "totp_off", call{method: "DELETE", path: "/api/v1/users/" + id + "/totp", as: b.admin})
}

// Who knows the password does not guess codes: wrong ones lock out as wrong
// passwords do, and asking for the code again and again forgives none.
func TestCodesAreNotGuessed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	email, _ := b.user(t, auth.Reception, b.site)
	secret, _ := b.secondFactor(t, b.enter(t, email, canaryPassword))
	b.Clock.Advance(time.Minute)
	right := auth.TOTPCode(secret, b.Clock.Now())
	for range 10 {
		b.refused(t, 401, "totp_required", signIn(email, canaryPassword)) // ten times no code locks nobody out: the control
	}
	for range 5 {
		b.refused(t, 401, "totp_refused", withCode(email, canaryPassword, "000000"))
		b.do(t, signIn(email, canaryPassword))
	}
	b.refused(t, 401, "login_refused", withCode(email, canaryPassword, right))
	b.Clock.Advance(time.Minute)
	b.want(t, 200, withCode(email, canaryPassword, auth.TOTPCode(secret, b.Clock.Now())))
}
