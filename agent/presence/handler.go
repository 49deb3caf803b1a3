package presence

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
)

const (
	cookieName = "__Host-presence"
	maxForm    = 1 << 10
	atOnce     = 4 // requests that are answered; the connections' own limit bounds those that wait
)

// handler serves the pages. Who is not, or no longer, in one of the networks gets no
// answer: the connection ends.
func (k *Keeper) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", k.show)
	mux.HandleFunc("POST /{$}", k.enter)
	mux.HandleFunc("POST /close", k.leave)
	mux.HandleFunc("GET /style.css", style)
	running := make(chan struct{}, atOnce)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !k.allowed(addressOf(r.RemoteAddr)) {
			panic(http.ErrAbortHandler)
		}
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		// Before there is a place for it: who sends a form slowly keeps nobody waiting.
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			http.Error(w, "Bad Request", http.StatusBadRequest)
			return
		}
		select {
		case running <- struct{}{}:
			defer func() { <-running }()
		case <-r.Context().Done():
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// headers: nothing is kept, nothing comes from elsewhere, nothing runs. The policy for
// referrers is not no-referrer, with which browsers send forms without their origin.
var headers = map[string]string{
	"Cache-Control":                "no-store",
	"Content-Security-Policy":      "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
	"Referrer-Policy":              "same-origin",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
}

// show answers with the list to who has shown the PIN, else with the form for it.
func (k *Keeper) show(w http.ResponseWriter, r *http.Request) {
	l := k.current()
	if l.Settings == nil { // switched off this moment
		panic(http.ErrAbortHandler)
	}
	if cookie, err := r.Cookie(cookieName); err == nil && k.logins.hold(cookie.Value, l.Settings.PINHash) {
		k.cfg.Metrics.shown.Inc()
		k.render(w, r, http.StatusOK, "list.html", l, 0)
		return
	}
	k.render(w, r, http.StatusOK, "pin.html", l, 0)
}

// enter takes a PIN.
func (k *Keeper) enter(w http.ResponseWriter, r *http.Request) {
	l := k.current()
	if l.Settings == nil {
		panic(http.ErrAbortHandler)
	}
	if !sameOrigin(r) {
		http.Error(w, "Forbidden", http.StatusForbidden)
		return
	}
	source := sourceOf(addressOf(r.RemoteAddr))
	if wait := k.brake.enter(source); wait > 0 {
		k.cfg.Metrics.pins.WithLabelValues("early").Inc()
		k.tooEarly(w, r, l, wait)
		return
	}
	right, err := k.passwords.Verify(r.Context(), r.PostForm.Get("pin"), l.Settings.PINHash)
	switch {
	case errors.Is(err, auth.ErrBusy):
		k.cfg.Metrics.pins.WithLabelValues("busy").Inc()
		k.tooEarly(w, r, l, time.Second)
	case err != nil:
		k.log.Error("a PIN cannot be checked", "error", err)
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
	case !right:
		k.cfg.Metrics.pins.WithLabelValues("wrong").Inc()
		k.refused.Add(1)
		k.render(w, r, http.StatusForbidden, "pin.html", l, 0)
	default:
		k.cfg.Metrics.pins.WithLabelValues("right").Inc()
		k.brake.pass(source)
		k.tellOpened()
		setCookie(w, k.logins.begin(l.Settings.PINHash), loginFor)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

// tooEarly says how long to wait, in whole seconds.
func (k *Keeper) tooEarly(w http.ResponseWriter, r *http.Request, l *list, wait time.Duration) {
	seconds := int((wait + time.Second - 1) / time.Second)
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	k.render(w, r, http.StatusTooManyRequests, "pin.html", l, seconds)
}

// leave forgets that the browser has shown the PIN.
func (k *Keeper) leave(w http.ResponseWriter, r *http.Request) {
	if !sameOrigin(r) {
		http.Error(w, "Forbidden", http.StatusForbidden)
		return
	}
	if cookie, err := r.Cookie(cookieName); err == nil {
		k.logins.end(cookie.Value)
	}
	setCookie(w, "", 0)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// sameOrigin: browsers say where a form comes from, and no page but ours may send one.
func sameOrigin(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return r.Header.Get("Origin") == "https://"+r.Host && (site == "" || site == "same-origin")
}

func setCookie(w http.ResponseWriter, value string, keep time.Duration) {
	maxAge := int(keep / time.Second)
	if maxAge == 0 {
		maxAge = -1 // delete it
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}
