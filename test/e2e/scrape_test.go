package e2e

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// scrape reads the metrics of every process.
func scrape(t *testing.T, r *rig) []byte {
	t.Helper()
	var all []byte
	for _, url := range r.MetricsURLs() {
		all = append(all, get(t, url)...)
	}
	return all
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Get(url)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	return body
}
