package portal

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/identity"
)

// TestWhatNobodyTypes: no text of a form is more than wrong.
func TestWhatNobodyTypes(t *testing.T) {
	t.Parallel()
	p := meraki
	p.template = func(t *identity.Template) {
		t.Methods = []identity.Method{identity.MethodForm, identity.MethodVisit, identity.MethodAccount}
	}
	h := setup(t, p)
	for i, text := range []string{"A\x00b", "A\xff", "a" + strings.Repeat("ü", maxValue)} {
		for method, fields := range map[string][]string{
			"visit": {"username", text, "password", text}, "account": {"login", text, "password", text}, "form": {"email", text + "@example.org"},
		} {
			g := h.guest(t, "3c:22:fb:00:00:1"+string(rune('0'+i))).arrives()
			if method != "visit" { // the first
				g.presses("choose=" + method)
			}
			g.presses("do=login", fields...)
			require.Equal(t, http.StatusOK, g.shown.code, "%s: %q", method, text)
		}
		g := h.guest(t, "3c:22:fb:00:00:2"+string(rune('0'+i))).arrives().presses("choose=form").presses("do=login", "email", string(rune('a'+i))+"@example.org")
		g.presses("do=login", "first_name", text, "last_name", "Quill")
		require.Equal(t, http.StatusOK, g.shown.code, "%q", text)
	}
}
