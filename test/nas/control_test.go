package nas

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"layeh.com/radius"
	"layeh.com/radius/rfc3576"
)

// call sends a request to the control API as a program on this machine would.
func call(t *testing.T, r rig, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequest(method, "http://127.0.0.1"+path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	r.ControlHandler().ServeHTTP(answer, request)
	return answer
}

func readJSON[T any](t *testing.T, answer *httptest.ResponseRecorder) T {
	t.Helper()
	var value T
	require.Equal(t, http.StatusOK, answer.Code, answer.Body)
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &value))
	return value
}

const loginJSON = `{"mac":"02-00-00-00-00-01","ip":"10.0.0.5","username":"v-1","password":"correct-horse-7","method":"chap"}`

func TestControlStory(t *testing.T) {
	t.Parallel()
	r := realRig(t, nil)
	accepted := readJSON[loginView](t, call(t, r, "POST", "/login", loginJSON))
	require.True(t, accepted.Accepted)
	require.EqualValues(t, 3600, accepted.SessionTimeout)
	require.Equal(t, []string{"636c6173732d31"}, accepted.Class)

	sessions := readJSON[map[string][]sessionView](t, call(t, r, "GET", "/sessions", ""))["sessions"]
	require.Len(t, sessions, 1)
	require.Equal(t, accepted.AcctSessionID, sessions[0].AcctSessionID)

	script := `{"script":[{"answer":"nak","error_cause":506,"times":2,"delay":"1ms"}],"policy":{"stop_first":true}}`
	require.Equal(t, http.StatusNoContent, call(t, r, "POST", "/behaviour", script).Code)
	c := newDAC(t, r, "127.0.0.1:0")
	for range 2 {
		answer := c.ask(c.compose(radius.CodeDisconnectRequest, acctSession(accepted.AcctSessionID)))
		require.EqualValues(t, 506, rfc3576.ErrorCause_Get(answer))
	}
	require.True(t, r.currentPolicy().StopFirst)

	out := readJSON[map[string]bool](t, call(t, r, "POST", "/logout", `{"mac":"02:00:00:00:00:01"}`))
	require.True(t, out["was_online"])
	require.Equal(t, http.StatusNoContent, call(t, r, "POST", "/reboot", `{}`).Code)

	events := readJSON[map[string][]Event](t, call(t, r, "GET", "/events?after=1", ""))["events"]
	require.EqualValues(t, 2, events[0].Seq)
	require.NotContains(t, call(t, r, "GET", "/events", "").Body.String(), password)
}

func TestControlRefuses(t *testing.T) {
	t.Parallel()
	r := realRig(t, func(c *Config) { c.Tries, c.RetryAfter, c.SendAccounting = 1, 1, false })
	r.server.set(func(*radius.Packet) *radius.Packet { return nil })
	for name, k := range map[string]struct {
		method, path, body string
		status             int
	}{
		"no JSON":          {"POST", "/login", "mac=1", 400},
		"unknown field":    {"POST", "/login", `{"pass":"x"}`, 400},
		"two values":       {"POST", "/login", `{} {}`, 400},
		"too large":        {"POST", "/login", `{"mac":"` + strings.Repeat("0", maxBody) + `"}`, 413},
		"no MAC":           {"POST", "/login", `{}`, 422},
		"unknown answer":   {"POST", "/behaviour", `{"script":[{"answer":"shrug"}]}`, 422},
		"no duration":      {"POST", "/behaviour", `{"script":[{"delay":"soon"}]}`, 422},
		"no sequence":      {"GET", "/events?after=x", "", 400},
		"wrong method":     {"GET", "/login", "", 405},
		"unknown path":     {"GET", "/", "", 404},
		"server is silent": {"POST", "/login", loginJSON, 504},
	} {
		require.Equal(t, k.status, call(t, r, k.method, k.path, k.body).Code, name)
	}
	r.Stop()
	require.Equal(t, 503, call(t, r, "POST", "/login", loginJSON).Code)
	require.Equal(t, 503, call(t, r, "POST", "/reboot", "{}").Code)
}

func TestControlKeepsWebPagesOut(t *testing.T) {
	t.Parallel()
	r := realRig(t, nil)
	ask := func(url, kind string) int {
		request := httptest.NewRequest("POST", url, strings.NewReader(`{}`))
		request.Header.Set("Content-Type", kind)
		answer := httptest.NewRecorder()
		r.ControlHandler().ServeHTTP(answer, request)
		return answer.Code
	}
	require.Equal(t, http.StatusForbidden, ask("http://evil.example/reboot", "application/json"))
	require.Equal(t, http.StatusUnsupportedMediaType, ask("http://localhost:1/reboot", "text/plain"))
	require.Equal(t, http.StatusNoContent, ask("http://localhost:1/reboot", "application/json; charset=utf-8"))
	require.Equal(t, http.StatusNoContent, ask("http://[::1]:1/reboot", "application/json"))
}
