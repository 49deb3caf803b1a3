package e2e

import (
	"bytes"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/test/stack"
)

// Bad input of every kind: a clear problem over HTTP, silence where the RFC
// demands it, a counter moved, and everything goes on.
func TestBadInput(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{Options: stack.Options{NoFsync: true}})
	visitor := r.WalkIn(r.site, time.Hour)

	t.Run("HTTP", func(t *testing.T) {
		for name, c := range map[string]struct {
			method, path, body string
			status             int
		}{
			"no JSON":          {"POST", "/api/v1/visits", "{", 400},
			"wrong type":       {"POST", "/api/v1/visits", `{"site_id":7}`, 422},
			"unknown field":    {"POST", "/api/v1/visits", `{"site_id":"` + r.site + `","visitor":{"last_name":"x"},"admin":true}`, 422},
			"no name":          {"POST", "/api/v1/visits", `{"site_id":"` + r.site + `","visitor":{}}`, 422},
			"NUL in a name":    {"POST", "/api/v1/visits", `{"site_id":"` + r.site + `","visitor":{"last_name":"a\u0000b"}}`, 400},
			"past departure":   {"POST", "/api/v1/visits", `{"site_id":"` + r.site + `","visitor":{"last_name":"x"},"expected_departure":"2001-01-01T00:00:00Z"}`, 422},
			"endless stay":     {"POST", "/api/v1/visits", `{"site_id":"` + r.site + `","visitor":{"last_name":"x"},"expected_departure":"2101-01-01T00:00:00Z"}`, 422},
			"unknown site":     {"POST", "/api/v1/visits", `{"site_id":"018f0000-0000-7000-8000-000000000000","visitor":{"last_name":"x"}}`, 404},
			"no UUID":          {"GET", "/api/v1/visits/1%20or%201", "", 422},
			"unknown visit":    {"GET", "/api/v1/visits/018f0000-0000-7000-8000-000000000000", "", 404},
			"unknown route":    {"GET", "/api/v1/nothing", "", 404},
			"wrong method":     {"PUT", "/api/v1/visits", "", 405},
			"too long":         {"POST", "/api/v1/visits", strings.Repeat(" ", 200<<10) + "{}", 413},
			"bad cursor":       {"GET", "/api/v1/visits?cursor=zzz", "", 422},
			"unknown query":    {"GET", "/api/v1/visits?sql=1", "", 422},
			"huge limit":       {"GET", "/api/v1/visits?limit=100000", "", 422},
			"long idempotency": {"POST", "/api/v1/visits/" + visitor.Visit.ID + "/check-out?" + "", "long-key", 422},
		} {
			t.Run(name, func(t *testing.T) {
				request, err := http.NewRequest(c.method, r.URL(0)+c.path, strings.NewReader(c.body))
				require.NoError(t, err)
				request.Header.Set("Authorization", "Bearer "+r.Token)
				request.Header.Set("Content-Type", "application/json")
				if c.body == "long-key" {
					request.Body = http.NoBody
					request.ContentLength = 0
					request.Header.Set("Idempotency-Key", strings.Repeat("k", 300))
				}
				answer, err := http.DefaultClient.Do(request)
				require.NoError(t, err)
				defer func() { _ = answer.Body.Close() }()
				var body bytes.Buffer
				_, _ = body.ReadFrom(answer.Body)
				require.Equal(t, c.status, answer.StatusCode, body.String())
				require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
				require.Contains(t, body.String(), "urn:foyer:problem:")
			})
		}
		require.Equal(t, "checked_in", r.Detail(visitor.Visit.ID).Visit.Status)
	})

	t.Run("RADIUS", func(t *testing.T) {
		before := counter(t, r.agent.Metrics, "foyer_radius_discards_total")
		for name, packet := range map[string][]byte{
			"empty":                  {},
			"short":                  {1, 1, 0, 20},
			"length too long":        append([]byte{1, 2, 0x10, 0x01}, make([]byte, 16)...),
			"length too short":       append([]byte{1, 3, 0, 19}, make([]byte, 16)...),
			"attribute past the end": append(append([]byte{1, 4, 0, 23}, make([]byte, 16)...), 1, 200, 'x'),
			"attribute of length 0":  append(append([]byte{1, 5, 0, 22}, make([]byte, 16)...), 1, 0),
			"unknown code":           append([]byte{250, 6, 0, 20}, make([]byte, 16)...),
		} {
			t.Run(name, func(t *testing.T) { require.Empty(t, exchange(t, r.agent.Auth, packet)) })
		}
		require.False(t, answered(r.Radclient(r.agent, "another-secret-altogether", pap(visitor, r.Stack))), "a wrong secret is met with silence")
		require.True(t, r.accepts(visitor), "and the agent goes on")
		require.Greater(t, counter(t, r.agent.Metrics, "foyer_radius_discards_total"), before+6)
		r.Eventually("staff can see why", func() bool {
			var list struct{ Items []struct{ Reason string } }
			r.Call("GET", "/api/v1/sites/"+r.site+"/refused-logins", nil, &list, 200)
			for _, item := range list.Items {
				if item.Reason == "wrong_secret_suspected" {
					return true
				}
			}
			return false
		})
	})
}

func answered(reply stack.Reply) bool { return reply.Accepted || reply.Rejected }

// exchange sends a datagram and returns what comes back within a moment.
func exchange(t *testing.T, address string, packet []byte) []byte {
	t.Helper()
	conn, err := net.Dial("udp", address)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = conn.Write(packet)
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(300*time.Millisecond)))
	answer := make([]byte, 4096)
	n, _ := conn.Read(answer) // silence is the expected answer
	return answer[:n]
}

// counter sums a counter over its labels.
func counter(t *testing.T, url, name string) float64 {
	t.Helper()
	sum := 0.0
	for line := range strings.Lines(string(get(t, url))) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			fields := strings.Fields(rest)
			value, err := strconv.ParseFloat(fields[len(fields)-1], 64)
			require.NoError(t, err)
			sum += value
		}
	}
	return sum
}
