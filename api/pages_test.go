package api_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/web"
)

var dashboard = fstest.MapFS{
	"index.html":            {Data: []byte("<title>Foyer</title>")},
	"assets/app-1a2b.js":    {Data: []byte("plain")},
	"assets/app-1a2b.js.br": {Data: []byte("brotli")},
	"assets/app-1a2b.js.gz": {Data: []byte("gzip")},
	"assets/mark-3c.svg":    {Data: []byte("<svg/>")},
	"evacuation-worker.js":  {Data: []byte("worker")},
	"secret.txt":            {Data: []byte("not an asset")},
}

// fetch is a browser's request for a page: no JSON, and not the API's to judge.
func (b *bench) fetch(t *testing.T, method, path string, headers ...string) (answer, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, b.url+path, http.NoBody)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := b.client.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answer{status: response.StatusCode, header: response.Header}, string(body)
}

func withDashboard(c *api.Config) { c.Pages = dashboard }

func TestDashboardAnswersAtItsOwnAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t, withDashboard)
	for _, path := range []string{"/", "/sign-in", "/forgot", "/reset", "/setup", "/sites/x/board/on-site", "/visits/x?q=1"} {
		a, body := b.fetch(t, "GET", path)
		require.Equal(t, 200, a.status, path)
		require.Equal(t, "<title>Foyer</title>", body, path)
		require.Equal(t, "text/html; charset=utf-8", a.header.Get("Content-Type"))
		require.Equal(t, "no-cache", a.header.Get("Cache-Control"))
		policy := a.header.Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'")
		require.NotContains(t, policy, "unsafe")
		again, body := b.fetch(t, "GET", path, "If-None-Match", a.header.Get("ETag"))
		require.Equal(t, 304, again.status)
		require.Empty(t, body)
	}
	a, body := b.fetch(t, "HEAD", "/")
	require.Equal(t, 200, a.status)
	require.Empty(t, body)
	for _, path := range []string{"/api/v1/nothing", "/api", "/nothing", "/secret.txt", "/index.html"} {
		a, body = b.fetch(t, "GET", path)
		require.Equal(t, 404, a.status, path)
		require.NotContains(t, body, "<title>", "no page shadows the API's 404: %s", path)
	}
	a, _ = b.fetch(t, "POST", "/sign-in")
	require.Equal(t, 405, a.status)
}

var pageAt = regexp.MustCompile(`getParentRoute: \(\) => (?:inside|root),\s*path: '([^']+)'`)

// Whatever address the dashboard knows can be opened, mailed and reloaded.
func TestDashboardAnswersWhereItHasPages(t *testing.T) {
	t.Parallel()
	b := setup(t, withDashboard)
	files, err := filepath.Glob("../web/src/*/*.tsx")
	require.NoError(t, err)
	own, err := filepath.Glob("../web/src/*.tsx")
	require.NoError(t, err)
	pages := 0
	for _, file := range append(files, own...) {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range pageAt.FindAllStringSubmatch(string(source), -1) {
			pages++
			a, _ := b.fetch(t, "GET", strings.ReplaceAll(found[1], "$", "a-"))
			require.Equal(t, 200, a.status, "%s, of %s", found[1], file)
		}
	}
	require.Greater(t, pages, 7)
}

func TestDashboardAssets(t *testing.T) {
	t.Parallel()
	b := setup(t, withDashboard)
	for _, of := range []struct{ accept, coding, body string }{
		{"gzip, deflate, br", "br", "brotli"}, {"br;q=0, GZIP ;q=0.5", "gzip", "gzip"}, {"identity", "", "plain"},
		{"gzip;q=0.0, br; q=0", "", "plain"}, {"brotli, xgzip", "", "plain"},
	} {
		a, body := b.fetch(t, "GET", "/assets/app-1a2b.js", "Accept-Encoding", of.accept)
		require.Equal(t, 200, a.status, of.accept)
		require.Equal(t, of.body, body, of.accept)
		require.Equal(t, of.coding, a.header.Get("Content-Encoding"), of.accept)
		require.Contains(t, a.header.Get("Content-Type"), "text/javascript")
		require.Equal(t, "public, max-age=31536000, immutable", a.header.Get("Cache-Control"))
		require.Equal(t, "Accept-Encoding", a.header.Get("Vary"))
		require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
	}
	a, body := b.fetch(t, "GET", "/assets/mark-3c.svg", "Accept-Encoding", "br")
	require.Equal(t, 200, a.status)
	require.Equal(t, "<svg/>", body)
	for _, path := range []string{"/assets/none.js", "/assets/", "/assets/..%2fsecret.txt", "/assets/%2e%2e/secret.txt", "/assets/app-1a2b"} {
		a, body := b.fetch(t, "GET", path)
		require.Equal(t, 404, a.status, path)
		require.NotContains(t, body, "not an asset")
		require.Equal(t, "no-store", a.header.Get("Cache-Control"), path)
	}
}

// The evacuation page's service worker is fetched anew each time, and may do nothing
// but fetch what is ours.
func TestDashboardWorker(t *testing.T) {
	t.Parallel()
	b := setup(t, withDashboard)
	a, body := b.fetch(t, "GET", "/evacuation-worker.js")
	require.Equal(t, 200, a.status)
	require.Equal(t, "worker", body)
	require.Equal(t, "text/javascript; charset=utf-8", a.header.Get("Content-Type"))
	require.Equal(t, "no-cache", a.header.Get("Cache-Control"))
	require.Equal(t, "default-src 'none'; connect-src 'self'; frame-ancestors 'none'", a.header.Get("Content-Security-Policy"))
	require.Empty(t, a.header.Get("Service-Worker-Allowed"))
	without := setup(t, func(c *api.Config) { c.Pages = fstest.MapFS{"index.html": dashboard["index.html"]} })
	a, _ = without.fetch(t, "GET", "/evacuation-worker.js")
	require.Equal(t, 404, a.status)
}

// A binary that was built without the dashboard says so, and one with it has a page.
func TestDashboardOfThisBinary(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) { c.Pages = web.Files() })
	a, body := b.fetch(t, "GET", "/")
	require.Equal(t, 200, a.status)
	require.Contains(t, body, "Foyer")
	without := setup(t)
	a, _ = without.fetch(t, "GET", "/")
	require.Equal(t, 404, a.status)
}
