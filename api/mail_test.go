package api_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func TestMailSettingsOverTheAPI(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := "/api/v1/sites/" + string(b.site) + "/mail"
	a := b.want(t, 200, call{path: at, as: b.admin})
	require.Equal(t, "en", a.field("language"))
	require.Equal(t, true, a.field("kinds.invitation"))
	require.Equal(t, false, a.field("kinds.credentials"))
	require.EqualValues(t, 15, a.field("leaving_soon_minutes"))

	a = b.want(t, 200, call{method: "PUT", path: at, as: b.admin, body: object{
		"sender_name": "Berlin Mitte", "language": "de", "kinds": object{"arrival": false}, "operators": []string{"it@example.org"}, "extend_minutes": 60,
	}})
	require.Equal(t, false, a.field("kinds.arrival"))
	require.EqualValues(t, 60, a.field("extend_minutes"))
	require.Equal(t, string(a.text), string(b.want(t, 200, call{path: at, as: b.admin}).text))
	for _, bad := range []object{
		{"language": "xx"}, {"kinds": object{"nonsense": true}}, {"operators": []string{"nobody"}}, {"reply_to": "x"}, {"sender_name": "a\nb"},
		{"leaving_soon_minutes": 999}, {"unknown": 1},
	} {
		require.Equal(t, 422, b.do(t, call{method: "PUT", path: at, as: b.admin, body: bad}).status, bad)
	}
	b.refused(t, 403, "forbidden", call{path: at, as: b.at(t, auth.Reception, b.site)})
}

func TestCredentialsAreMailedOnDemand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	registration := b.registration()
	waiting := b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: registration}).string("visit.id")
	b.refused(t, 409, "visit_not_checked_in", call{method: "POST", path: "/api/v1/visits/" + waiting + "/voucher/mail", as: b.admin})
	registration["check_in"] = true
	present := b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: registration}).string("visit.id")
	a := b.want(t, 202, call{method: "POST", path: "/api/v1/visits/" + present + "/voucher/mail", as: b.admin})
	require.NotContains(t, string(a.text), "password")
	page, err := b.Events(t.Context(), store.Everything, store.EventFilter{VisitID: visit.VisitID(present), Kinds: []visit.EventKind{visit.EventCredentialsAsked}})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
}

// A guest's form does what staff's request does: the row, and the workflow's signal.
func TestGuestPagesAreServed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	registration := b.registration()
	registration["check_in"] = true
	id := visit.VisitID(b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: registration}).string("visit.id"))
	v, err := b.Visit(t.Context(), store.Everything, id)
	require.NoError(t, err)
	token, err := link.Sign(b.Keyring, link.Link{Purpose: link.Invitation, Object: string(id), ExpiresAt: v.ExpectedDeparture.Add(time.Hour)})
	require.NoError(t, err)

	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	send := func(method string, form url.Values) (status int, page, policy string) {
		request, err := http.NewRequestWithContext(t.Context(), method, b.url+"/v/"+token, strings.NewReader(form.Encode()))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", "null") // what a browser says from a page without a referrer
		response, err := client.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(body), response.Header.Get("Content-Security-Policy")
	}
	status, page, policy := send("GET", nil)
	require.Equal(t, 200, status)
	require.Contains(t, policy, "form-action 'self'")
	status, _, _ = send("HEAD", nil)
	require.Equal(t, 200, status)
	shown := regexp.MustCompile(`name="departure" value="(\d+)"`).FindStringSubmatch(page)[1]

	status, _, _ = send("POST", url.Values{"action": {"extend"}, "departure": {shown}})
	require.Equal(t, 303, status)
	moved, err := b.Visit(t.Context(), store.Everything, id)
	require.NoError(t, err)
	require.Equal(t, v.ExpectedDeparture.Add(30*time.Minute), moved.ExpectedDeparture)
	require.Contains(t, b.workflows.called(), "departure-changed")

	b.workflows.set(fails)
	status, _, _ = send("POST", url.Values{"action": {"check-out"}})
	require.Equal(t, 303, status)
	ended, err := b.Visit(t.Context(), store.Everything, id)
	require.NoError(t, err)
	require.Equal(t, visit.CheckedOut, ended.Status, "also while Temporal is away")
	require.Equal(t, "link:guest", ended.EndedBy)
	require.NotContains(t, b.log.String(), token, "an address that is a key is not logged")
}
