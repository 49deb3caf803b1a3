package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The kiosk's page is kept by nothing, and can be installed.
func TestTheKioskIsAPageOfItsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t, withDashboard)
	a, body := b.fetch(t, "GET", "/kiosk")
	require.Equal(t, 200, a.status)
	require.Equal(t, "<title>Foyer</title>", body)
	require.Equal(t, "no-store", a.header.Get("Cache-Control"), "not even for the back button")
	require.Contains(t, a.header.Get("Content-Security-Policy"), "manifest-src 'self'")
	a, body = b.fetch(t, "GET", "/kiosk.webmanifest")
	require.Equal(t, 200, a.status)
	require.Equal(t, "application/manifest+json", a.header.Get("Content-Type"))
	require.JSONEq(t, `{"name": "Foyer", "start_url": "/kiosk", "scope": "/kiosk", "display": "fullscreen", "background_color": "#ffffff",
		"theme_color": "#0b7a6d", "icons": [{"src": "/assets/mark-3c.svg", "sizes": "any", "type": "image/svg+xml"}]}`, body)
}
