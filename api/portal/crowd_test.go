package portal

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/store"
)

// asServed are the limits of a server as it comes.
func asServed(c *Config) {
	c.Brakes = NewBrakes(10_000, c.Now)
	c.Tries = limit.New(limit.Config{Rate: 2, Burst: 60, Keys: 10_000}, c.Now)
	c.Guesses = limit.New(limit.Config{Rate: 10, Burst: 200, Keys: 10_000}, c.Now)
}

// TestACrowdBehindOneAddress: the opening of a conference, in one second.
func TestACrowdBehindOneAddress(t *testing.T) {
	t.Parallel()
	p := meraki
	p.config, p.template = asServed, func(t *identity.Template) { t.Ask = map[identity.Field]bool{identity.FieldEmail: true} }
	h := setup(t, p)
	for i := range 220 {
		g := h.guest(t, fmt.Sprintf("3c:22:fb:00:01:%02x", i))
		g.arrives().presses("do=login", "email", fmt.Sprintf("guest%d@example.com", i))
		require.Equal(t, http.StatusOK, g.shown.code, "guest %d: %s", i, g.shown.body)
	}
	require.Equal(t, []int{220}, sql[int](t, h, "select count(*)::int from authentications"))
}

// TestGuessersBehindOneAddress: who makes up a device for each guess gets no more of them.
func TestGuessersBehindOneAddress(t *testing.T) {
	t.Parallel()
	p := meraki
	p.config, p.template = asServed, visits
	h := setup(t, p)
	guesses := 0
	for i := range 70 {
		g := h.guest(t, fmt.Sprintf("3c:22:fb:00:01:%02x", i))
		g.arrives().presses("do=login", "username", "v-23456789", "password", "nonsense")
		if g.shown.code != http.StatusTooManyRequests {
			guesses++
		}
	}
	require.Equal(t, 60, guesses)
}

// TestNobodyElsewhereUsesADevicesTriesUp: an address can be claimed from anywhere.
func TestNobodyElsewhereUsesADevicesTriesUp(t *testing.T) {
	t.Parallel()
	p := meraki
	p.config = asServed
	h := setup(t, p)
	g, mallory := h.guest(t, phone), h.guest(t, phone)
	mallory.address = "198.51.100.7"
	form := mallory.arrives().shown
	for range 21 {
		mallory.shown = form
		mallory.presses("do=login", "email", "nobody@example.com")
	}
	require.Equal(t, http.StatusTooManyRequests, mallory.shown.code)
	g.arrives().presses("do=login", "email", robertsLogin)
	require.Equal(t, http.StatusOK, g.shown.code)
}

// TestADeviceThatLooksAgainAndAgain: phones do, every few seconds.
func TestADeviceThatLooksAgainAndAgain(t *testing.T) {
	t.Parallel()
	p := meraki
	p.template = func(t *identity.Template) { t.Ask = map[identity.Field]bool{identity.FieldEmail: true} }
	h := setup(t, p)
	g := h.guest(t, phone)
	g.arrives().presses("do=login", "email", robertsLogin).goes()
	h.Clock.Advance(4 * time.Hour)
	h.end(t)
	for range 30 {
		g.arrives().sees("Welcome back")
		h.Clock.Advance(time.Minute)
	}
	require.Equal(t, []string{"admitted", "continue"}, sql[string](t, h, "select page from portal_decisions order by id"))
}

// shutsNow is a store for which a rule's time begins between the page and the click.
type shutsNow struct{ Store }

func (shutsNow) Admit(context.Context, store.Portal, store.Admission) (store.Admitted, error) {
	return store.Admitted{}, store.ErrAccessRule
}

// TestARuleThatBeginsNow: staff who are asked why do not read that somebody is blocked.
func TestARuleThatBeginsNow(t *testing.T) {
	t.Parallel()
	p := meraki
	p.template = func(t *identity.Template) { t.Ask = map[identity.Field]bool{identity.FieldEmail: true} }
	p.config = func(c *Config) { c.Store = shutsNow{c.Store} }
	h := setup(t, p)
	h.guest(t, phone).arrives().presses("do=login", "email", robertsLogin).sees("No access")
	require.Equal(t, []string{"access_rule"}, sql[string](t, h, "select rule from portal_decisions"))
}
