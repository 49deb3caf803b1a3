package presence_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/wire"
)

// clientHello is what a browser begins with.
func clientHello(t *testing.T) []byte {
	t.Helper()
	ours, theirs := net.Pipe()
	defer func() { _, _ = ours.Close(), theirs.Close() }()
	go func() { _ = tls.Client(ours, &tls.Config{InsecureSkipVerify: true}).Handshake() }()
	hello := make([]byte, 4096)
	n, err := theirs.Read(hello)
	require.NoError(t, err)
	return hello[:n]
}

func TestListIsShownToWhoHasThePIN(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shows("v1", ada, peter, wire.PresentPerson{Name: `<script>alert("x")</script>`})
	b := r.serving()
	response, page := b.get("/")
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Contains(t, page, "Show the list")
	require.NotContains(t, page, "Lovelace")
	require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	require.Contains(t, response.Header.Get("Content-Security-Policy"), "default-src 'none'")
	require.NotContains(t, response.Header.Get("Content-Security-Policy"), "unsafe")

	response, page = b.enter(pin)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Contains(t, page, "Lovelace, Ada")
	require.Contains(t, page, "3 people")
	require.Contains(t, page, "Sunday, 22 November 2026, 13:00", "by the clock at the site")
	require.Contains(t, page, "Berlin &lt;Mitte&gt;")
	require.Equal(t, 1, strings.Count(page, "Overdue"))
	require.NotContains(t, page, "<script")
	require.NotContains(t, page, "has not been reached", "the list is fresh")
	require.Less(t, len(page), 14<<10)
	response, css := b.get("/style.css")
	require.Equal(t, "text/css; charset=utf-8", response.Header.Get("Content-Type"))
	require.Contains(t, css, "@media print")

	b.language = "de-AT,de;q=0.9"
	_, page = b.get("/")
	require.Contains(t, page, `<html lang="de">`)
	require.Contains(t, page, "3 Personen")
	require.Contains(t, page, "Überfällig")

	opened, refused := r.journal.sum()
	require.Equal(t, []int{1, 0}, []int{opened, refused}, "opened once, looked at twice")
	response, page = b.do(http.MethodPost, "/close", nil, nil)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.NotContains(t, page, "Lovelace")
}

// TestPagesSayNothingOfKeys: a text that the catalogue lacks would show as its key.
func TestPagesSayNothingOfKeys(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shows("v1")
	b := r.serving()
	for _, language := range []string{"en", "de"} {
		b.language = language
		_, form := b.get("/")
		_, empty := b.enter(pin)
		r.shows("v2", ada, peter)
		_, list := b.get("/")
		r.watch.pass(2 * time.Minute)
		_, stale := b.get("/")
		_, wrong := b.enter("00000000")
		_, early := b.enter(pin)
		r.watch.pass(24 * time.Hour)
		_, gone := b.enter(pin)
		for _, page := range []string{form, empty, list, stale, wrong, early, gone} {
			require.NotContains(t, page, "presence.")
			require.NotContains(t, page, "{")
		}
		r.watch.pass(2 * time.Hour)
		r.shows("v1")
	}
}

func TestLoginEndsAfterAWhile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shows("v1", ada)
	b := r.serving()
	response, _ := b.do(http.MethodPost, "/", url.Values{"pin": {pin}}, nil)
	cookie := response.Cookies[0]
	require.Equal(t, "__Host-presence", cookie.Name)
	require.True(t, cookie.Secure && cookie.HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
	require.Equal(t, 900, cookie.MaxAge)

	// By the agent's clock, whatever a browser makes of Max-Age.
	with := func() string {
		_, page := b.do(http.MethodGet, "/", nil, func(r *http.Request) { r.AddCookie(cookie) })
		return page
	}
	b.client.Jar = nil
	require.Contains(t, with(), "Lovelace")
	r.watch.pass(15*time.Minute - time.Second)
	require.Contains(t, with(), "Lovelace")
	r.watch.pass(time.Second)
	require.NotContains(t, with(), "Lovelace")
	forged := *cookie
	forged.Value = strings.Repeat("A", len(cookie.Value))
	cookie = &forged
	require.NotContains(t, with(), "Lovelace")
}

func TestAnotherPINEndsLogins(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shows("v1", ada)
	b := r.serving()
	b.enter(pin)
	other := settings()
	var err error
	other.PINHash, err = auth.NewPasswords(1, auth.Cost{Memory: 64, Time: 1, Lanes: 1}).HashPIN(t.Context(), "90817263")
	require.NoError(t, err)
	r.showsAs(other, "v2", ada)
	_, page := b.get("/")
	require.NotContains(t, page, "Lovelace")
	_, page = b.enter("90817263")
	require.Contains(t, page, "Lovelace")
}

func TestFormsComeFromHere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shows("v1", ada)
	b := r.serving()
	for name, change := range map[string]func(*http.Request){
		"another origin": func(r *http.Request) { r.Header.Set("Origin", "https://example.org") },
		"another port":   func(r *http.Request) { r.Header.Set("Origin", "https://127.0.0.1:1") },
		"no TLS":         func(r *http.Request) { r.Header.Set("Origin", strings.Replace(b.base, "https", "http", 1)) },
		"none":           func(r *http.Request) { r.Header.Del("Origin") },
		"null":           func(r *http.Request) { r.Header.Set("Origin", "null") },
		"another site":   func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
	} {
		for _, path := range []string{"/", "/close"} {
			response, page := b.do(http.MethodPost, path, url.Values{"pin": {pin}}, change)
			require.Equal(t, http.StatusForbidden, response.StatusCode, "%s to %s", name, path)
			require.NotContains(t, page, "Lovelace")
		}
	}
	response, _ := b.do(http.MethodPost, "/", url.Values{"pin": {strings.Repeat("1", 4096)}}, nil)
	require.Equal(t, http.StatusBadRequest, response.StatusCode)
	for path, want := range map[string]int{"/favicon.ico": 404, "/page/list.html": 404, "/close": 405} {
		response, _ := b.get(path)
		require.Equal(t, want, response.StatusCode, path)
	}
}

func TestWrongPINsWaitAndAreReported(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shows("v1", ada)
	b := r.serving()
	response, page := b.enter("00000000")
	require.Equal(t, http.StatusForbidden, response.StatusCode)
	require.Contains(t, page, "PIN is wrong")
	response, page = b.enter(pin)
	require.Equal(t, http.StatusTooManyRequests, response.StatusCode, "too early, though right")
	require.Equal(t, "1", response.Header.Get("Retry-After"))
	require.Contains(t, page, "1 second")
	r.watch.pass(time.Second)
	b.enter("11111111")
	r.watch.pass(time.Second)
	response, _ = b.enter(pin)
	require.Equal(t, "1", response.Header.Get("Retry-After"), "one of two")
	r.watch.pass(time.Second)
	response, _ = b.enter(pin)
	require.Equal(t, http.StatusOK, response.StatusCode)
	opened, refused := r.journal.sum()
	require.Equal(t, []int{1, 2}, []int{opened, refused})
	response, _ = b.enter("22222222")
	require.Equal(t, http.StatusForbidden, response.StatusCode, "after the right one it begins anew")
	r.stop()
	_, refused = r.journal.sum()
	require.Equal(t, 3, refused, "also when the agent stops")

	for _, secret := range []string{pin, "00000000", "Lovelace", "argon2id", "127.0.0.1:5"} {
		require.NotContains(t, r.log.String(), secret)
	}
}

// TestSlowFormsKeepNobodyWaiting: whoever may call may also not finish a form.
func TestSlowFormsKeepNobodyWaiting(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shows("1")
	b := r.serving()
	for range 4 {
		dialer := tls.Dialer{Config: b.transport.TLSClientConfig.Clone()}
		conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(b.base, "https://"))
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		_, err = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\npin",
			strings.TrimPrefix(b.base, "https://"), b.base)
		require.NoError(t, err)
		answer, err := bufio.NewReader(conn).ReadString('\n')
		require.NoError(t, err)
		require.Contains(t, answer, "100 Continue", "its form is being read")
	}
	b.client.Timeout = 3 * time.Second // a form may take ten
	page, _ := b.get("/")
	require.Equal(t, http.StatusOK, page.StatusCode)
}
