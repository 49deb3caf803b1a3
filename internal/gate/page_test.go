package gate_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
)

func TestPagesToInstall(t *testing.T) {
	t.Parallel()
	portal, _ := url.Parse(`https://portal.example/p/lobby?name=a%26%22b`)
	for vendor, want := range map[gate.Vendor]string{gate.MikroTik: "login.html", gate.PfSense: "portal.html", gate.OPNsense: "index.html"} {
		adapter, _ := gate.Of(vendor)
		installer, ok := adapter.(gate.Installer)
		require.True(t, ok)
		files, err := installer.Pages(portal, `Weiter "<>`)
		require.NoError(t, err)
		require.Len(t, files, 1)
		require.Equal(t, want, files[0].Name)
		text := string(files[0].Text)
		require.Contains(t, text, `action="https://portal.example/p/lobby"`)
		require.Contains(t, text, `<input type="hidden" name="name" value="a&amp;&#34;b">`)
		require.Contains(t, text, `<button>Weiter &#34;&lt;&gt;</button>`)
		require.NotContains(t, text, "{{")
		require.NotContains(t, text, "<?", "pfSense runs the page through PHP")
		require.Equal(t, vendor == gate.OPNsense, strings.Contains(text, "logon"))
	}
}
