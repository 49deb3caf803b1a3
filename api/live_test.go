package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/internal/auth"
)

// screen is a dashboard's connection to the real thing.
type screen struct {
	t *testing.T
	*websocket.Conn
}

func (b *bench) dial(t *testing.T, query string, header http.Header) (screen, *http.Response, error) {
	t.Helper()
	conn, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(b.url, "http")+"/api/v1/live?"+query, header)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close() })
	}
	return screen{t, conn}, response, err
}

func (b *bench) screen(t *testing.T, query string, header http.Header) screen {
	t.Helper()
	s, response, err := b.dial(t, query, header)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, "hello", s.next()["type"])
	return s
}

func (s screen) next() object {
	s.t.Helper()
	require.NoError(s.t, s.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, text, err := s.ReadMessage()
	require.NoError(s.t, err)
	var message object
	require.NoError(s.t, json.Unmarshal(text, &message))
	require.NotContains(s.t, string(text), "anary")
	return message
}

func (s screen) kinds(n int) []any {
	s.t.Helper()
	var kinds []any
	for range n {
		event, _ := s.next()["event"].(object)
		kinds = append(kinds, event["kind"])
	}
	return kinds
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func TestScreensSeeWhatHappens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.staff(t)
	header := withCookie(b.cookie(t))
	header.Set("Origin", publicURL)
	desk := b.screen(t, "site_id="+string(b.site), header)
	elsewhere := b.screen(t, "", bearer(b.at(t, auth.Reception, b.other)))
	id := b.present(t)
	b.want(t, 200, b.post(id, "check-out"))
	want := []any{"visitor.pre_registered", "visitor.checked_in", "visitor.checked_out"}
	require.Equal(t, want, desk.kinds(3))

	// The other site's screen got none of it.
	registration := b.registration()
	registration["site_id"] = b.other
	theirs := b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: registration}).string("visit.id")
	message := elsewhere.next()
	event, _ := message["event"].(object)
	require.Equal(t, theirs, event["visit_id"])

	// Who comes back gets what it missed.
	require.NoError(t, elsewhere.Close())
	registration["purpose"] = "x"
	again := b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: registration}).string("visit.id")
	cursor, _ := message["cursor"].(string)
	back := b.screen(t, "cursor="+cursor, bearer(b.at(t, auth.Reception, b.other)))
	event, _ = back.next()["event"].(object)
	require.Equal(t, again, event["visit_id"])
}

func TestLogoutEndsScreens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.staff(t)
	c := b.cookie(t)
	mine, other := b.screen(t, "", withCookie(c)), b.screen(t, "", bearer(b.admin))
	b.want(t, 204, call{method: "POST", path: "/api/v1/logout", header: withCookie(c)})
	require.NoError(t, mine.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, _, err := mine.ReadMessage()
	require.True(t, websocket.IsCloseError(err, websocket.ClosePolicyViolation), "%v", err)
	b.expected(t)
	other.kinds(1)
}

func TestScreensAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) { c.Requests = limiter(c, 50) })
	desk := b.at(t, auth.Reception, b.site)
	origin := bearer(desk)
	origin.Set("Origin", "https://evil.example")
	for name, x := range map[string]struct {
		query, code string
		header      http.Header
		status      int
	}{
		"nobody":        {"", "unauthenticated", nil, 401},
		"no permission": {"", "forbidden", bearer(b.at(t, auth.Auditor, b.site)), 403},
		"other site":    {"site_id=" + string(b.other), "site_not_found", bearer(desk), 404},
		"no site":       {"site_id=x", "site_not_found", bearer(desk), 404},
		"foreign page":  {"", "foreign_origin", origin, 403},
		"unknown":       {"x=1", "invalid", bearer(desk), 422},
	} {
		_, response, err := b.dial(t, x.query, x.header)
		require.ErrorIs(t, err, websocket.ErrBadHandshake, name)
		a := read(response)
		require.NoError(t, response.Body.Close())
		require.Equal(t, x.status, a.status, "%s: %s", name, a.text)
		judge(t, response.Request, a)
		require.Equal(t, "urn:foyer:problem:"+x.code, a.field("type"), name)
	}
	b.refused(t, 422, "websocket_expected", call{path: "/api/v1/live", as: desk})
	b.refused(t, 422, "websocket_expected", call{path: "/api/v1/live", as: desk, header: http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-WebSocket-Version": {"8"}}})
}
