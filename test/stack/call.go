package stack

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/stretchr/testify/require"
)

var caller = &http.Client{Timeout: 30 * time.Second}

// Call makes a request to the first API, requires the status and decodes the
// answer.
func (s *Stack) Call(method, path string, in, out any, status int) {
	s.t.Helper()
	require.Equal(s.t, status, s.try(0, method, path, in, out, ""), "%s %s", method, path)
}

// Try makes a request to API number i with an Idempotency-Key, if not empty, and
// returns the status: 0 when nothing answered.
func (s *Stack) Try(i int, method, path string, in, out any, key string) int {
	return s.try(i, method, path, in, out, key)
}

func (s *Stack) try(i int, method, path string, in, out any, key string) int {
	var body io.Reader = http.NoBody
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			panic(err) // the test's own value
		}
		body = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.apiURLs[i]+path, body)
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.Token)
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	answer, err := caller.Do(request)
	if err != nil {
		return 0
	}
	defer func() { _ = answer.Body.Close() }()
	read, err := io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	if err != nil {
		return 0
	}
	if out != nil && answer.StatusCode < 300 {
		if err := json.Unmarshal(read, out); err != nil {
			s.t.Errorf("%s %s: answer does not decode: %v", method, path, err)
		}
	}
	if answer.StatusCode >= 400 {
		s.t.Logf("%s %s: %d %s", method, path, answer.StatusCode, read)
	}
	return answer.StatusCode
}

// URL is API number i's.
func (s *Stack) URL(i int) string { return s.apiURLs[i] }
