package portal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
)

// TestWhoComesTooEarly: a browser that is known is told from when, and nobody else.
func TestWhoComesTooEarly(t *testing.T) {
	t.Parallel()
	p := meraki
	p.template = func(t *identity.Template) { t.Ask = map[identity.Field]bool{identity.FieldEmail: true} }
	h := setup(t, p)
	g := h.guest(t, phone)
	g.arrives().presses("do=login", "email", robertsLogin).goes()
	h.Clock.Advance(4 * time.Hour)
	h.end(t)
	_ = sql[string](t, h, "update accounts set starts_at = $1, ends_at = $2", h.Clock.Now().Add(25*time.Hour), h.Clock.Now().Add(48*time.Hour))

	g.arrives().sees(`name="email"`, "This access is valid from 2024-06-04 13:00 on.")
	stranger := h.guest(t, "3c:22:fb:00:00:02")
	stranger.arrives().sees("-valid from")
	stranger.presses("do=login", "email", robertsLogin).sees("-valid from", "-2024-06-04")
	h.guest(t, phone).arrives().sees("-valid from", "-2024-06-04")
}

// TestWhyAnAccountIsNotValid: each has its words, in each language.
func TestWhyAnAccountIsNotValid(t *testing.T) {
	t.Parallel()
	h := setup(t, meraki)
	now := h.Clock.Now()
	told := map[string]bool{}
	for _, language := range catalogue.VisitorLanguages() {
		q := &request{Pages: h.pages, portal: h.portal, p: catalogue.ForVisitor(language, "")}
		for _, account := range []identity.Account{
			{StartsAt: now.Add(time.Hour), EndsAt: now.Add(2 * time.Hour)},
			{StartsAt: now.Add(-2 * time.Hour), EndsAt: now.Add(-time.Hour)},
			{StartsAt: now, EndsAt: now.Add(time.Hour), Pending: true},
		} {
			told[q.inactive(store.Admission{Proven: true}, account)] = true
			require.Equal(t, q.word("inactive"), q.inactive(store.Admission{}, account), "not theirs, as far as we know")
			require.Equal(t, q.word("inactive"), q.inactive(store.Admission{By: identity.ByMAC}, account))
		}
		require.NotContains(t, told, q.word("inactive"))
	}
	require.Len(t, told, 3*len(catalogue.VisitorLanguages()))
}
