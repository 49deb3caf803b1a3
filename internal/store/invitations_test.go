package store_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// A code is found by its keyed hash, at its site, and goes with what is personal.
func TestInvitationCodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	waiting := b.registered(t)
	code, err := b.InvitationCode(t.Context(), waiting)
	require.NoError(t, err)
	require.Len(t, code, visit.InvitationCodeLength)
	require.Empty(t, inTables(t, b, code), "only its hash and the sealed text are stored")

	found, err := b.VisitByCode(t.Context(), store.Scope{Sites: []visit.SiteID{b.site.ID}}, " "+strings.ToUpper(code))
	require.NoError(t, err)
	require.Equal(t, waiting, found.ID)
	other := b.newSite(t, "Paris")
	for _, scope := range []store.Scope{{Sites: []visit.SiteID{other.ID}}, {}, {All: true, Host: "somebody@example.org"}} {
		_, err = b.VisitByCode(t.Context(), scope, code)
		require.ErrorIs(t, err, visit.ErrInvitationNotFound)
	}
	for _, text := range []string{"", code[:9], code + "2", "%", "__________"} {
		_, err = b.VisitByCode(t.Context(), store.Everything, text)
		require.ErrorIs(t, err, visit.ErrInvitationNotFound)
	}

	walkIn, err := b.Register(t.Context(), b.desk, visit.Registration{SiteID: b.site.ID, Visitor: visit.Visitor{LastName: "Moss"}},
		store.RegisterOptions{CheckIn: true})
	require.NoError(t, err)
	none, err := b.InvitationCode(t.Context(), walkIn.Visit.ID)
	require.NoError(t, err)
	require.Empty(t, none, "nobody was invited")

	_, err = b.Cancel(t.Context(), b.desk, waiting)
	require.NoError(t, err)
	b.Clock.Advance(91 * day)
	b.purge(t, 0)
	require.Empty(t, sql[string](t, b, "select visit_id::text from invitation_codes"))
	none, err = b.InvitationCode(t.Context(), waiting)
	require.NoError(t, err)
	require.Empty(t, none)
}

// However many write rules at once, each text is one version, and older ones stay.
func TestRulesHaveVersions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	texts := []string{"a", "b", "c", "d"}
	calls := make([]func() error, len(texts))
	for i, text := range texts {
		calls[i] = func() error {
			_, err := b.SetRules(t.Context(), b.desk, b.site.ID, map[string]string{"en": text})
			return err
		}
	}
	for _, err := range atOnce(calls...) {
		require.NoError(t, err)
	}
	require.Equal(t, []int{1, 2, 3, 4}, sql[int](t, b, "select version from site_rules order by version"))
	seen := map[string]bool{}
	for version := range 5 {
		rules, err := b.Rules(t.Context(), store.Everything, b.site.ID, version)
		require.NoError(t, err)
		require.NotZero(t, rules.Version)
		seen[rules.Texts["en"]] = true
	}
	require.Len(t, seen, 4)
	elsewhere := store.Caller{Actor: "user:x", Scope: store.Scope{Sites: []visit.SiteID{b.newSite(t, "Paris").ID}}}
	_, err := b.SetRules(t.Context(), elsewhere, b.site.ID, nil)
	require.ErrorIs(t, err, visit.ErrSiteNotFound)
	_, err = b.Rules(t.Context(), elsewhere.Scope, b.site.ID, 1)
	require.ErrorIs(t, err, visit.ErrSiteNotFound)
	b.verify(t)
}
