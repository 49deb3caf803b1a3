package portal

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/identity"
)

// TestTextsAreReadInPlace: short ones, so that nobody leaves a form that is half filled
// in; a long one is a page of its own, and the form stays small.
func TestTextsAreReadInPlace(t *testing.T) {
	t.Parallel()
	h := setup(t, meraki)
	_, err := h.SetConsent(t.Context(), h.desk, h.portal.Template.ID, identity.ConsentTerms, map[string]string{"en": "Be kind.\n\nBe <brief>."})
	require.NoError(t, err)
	_, err = h.SetConsent(t.Context(), h.desk, h.portal.Template.ID, identity.ConsentPrivacy, map[string]string{"en": strings.Repeat("We keep little. ", 300)})
	require.NoError(t, err)
	h.reload(t, h.portal.ID)
	h.guest(t, phone).arrives().presses("do=login", "email", robertsLogin).
		sees("<details><summary>Terms of use</summary>", "<p>Be kind.</p>", "<p>Be &lt;brief&gt;.</p>", "-We keep little", "/text/")
}
