package portal

import (
	"net/http"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

// cookieName is the guest's. Nothing depends on it but that they are known again.
const cookieName = "foyer_guest"

func (q *request) cookie() string {
	c, err := q.r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	return c.Value
}

// remember gives the browser what it is known by, until the account ends. The server
// decides then anyway.
func (q *request) remember(a store.Admitted) {
	if a.Cookie != "" && !q.unnamed {
		q.setCookie(a.Cookie, a.CookieUntil.Sub(q.Now()))
	}
}

func (q *request) forget() { q.setCookie("", -time.Second) }

func (q *request) setCookie(value string, lasts time.Duration) {
	q.setCookieNamed(cookieName, value, lasts)
}

func (q *request) setCookieNamed(name, value string, lasts time.Duration) {
	http.SetCookie(q.w, &http.Cookie{ //nolint:gosec // Secure wherever the address is https
		Name: name, Value: value, Path: "/portal", MaxAge: int(lasts / time.Second),
		HttpOnly: true, Secure: strings.HasPrefix(q.PublicURL, "https:"), SameSite: http.SameSiteLaxMode,
	})
}
