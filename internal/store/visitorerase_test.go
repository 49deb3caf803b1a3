package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// TestAVisitorAtAPortalIsErased: who used a portal with a visit's credentials has no
// account, and left their device's address all the same.
func TestAVisitorAtAPortalIsErased(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := b.lobby(t, nil)
	id := b.arrived(t)
	person := sql[visit.PersonID](t, b, "select person_id::text from visits where id = $1", id)[0]
	var gates [2]store.OpeningID
	for i, mac := range []string{phone, "3c:22:fb:00:00:77"} {
		var err error
		gates[i], err = l.OpenGate(t.Context(), store.NewOpening{Portal: l.portal, Visit: id, Arrival: gate.Arrival{MAC: mac}, Until: b.Clock.Now().Add(time.Hour)})
		require.NoError(t, err)
	}
	b.leave(t, id)
	require.NoError(t, l.ShutGate(t.Context(), gates[0], store.Shutting{}))
	require.NoError(t, l.ShutGate(t.Context(), gates[1], store.Shutting{Failure: store.ShutFailed, Again: b.Clock.Now().Add(time.Minute)}))
	require.NoError(t, l.NoteDecision(t.Context(), store.Decided{Portal: l.portal, Person: person, MAC: phone, Page: identity.PageAdmitted, Rule: "visit"}))
	export, err := b.ExportPerson(t.Context(), b.desk, person)
	require.NoError(t, err)
	require.Contains(t, string(export), phone)

	_, err = b.ErasePerson(t.Context(), b.desk, person)
	require.NoError(t, err)
	require.Equal(t, []string{"3c:22:fb:00:00:77"}, sql[string](t, b, "select client from openings"), "it is yet to be shut")
	require.Empty(t, sql[string](t, b, "select mac from portal_decisions"))
	require.NoError(t, l.ShutGate(t.Context(), gates[1], store.Shutting{}))
	require.Empty(t, sql[string](t, b, "select client from openings"))
}

// TestWhatBrowsersHadEndsWithTheAccount: a browser's cookie of the time before is not
// good again once the account is, by another browser.
func TestWhatBrowsersHadEndsWithTheAccount(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	first := l.admit(t, robert(""))
	l.Clock.Advance(6 * 24 * time.Hour)
	l.end(t, first.Authentication)
	again := l.admit(t, robert(""))
	require.Equal(t, first.Account.ID, again.Account.ID)
	st, err := l.Stands(t.Context(), l.portal, store.Seen{Cookie: first.Cookie})
	require.NoError(t, err)
	require.Equal(t, identity.ByNothing, st.By)
}
