package portal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/link"
)

// TestASponsorProvesNoAddress: who has a sponsor let them in with somebody's address has
// an account of their own, and the address stays its holder's.
func TestASponsorProvesNoAddress(t *testing.T) {
	t.Parallel()
	h := proving(t, identity.MethodSponsor, func(t *identity.Template) {
		t.Methods = []identity.Method{identity.MethodEmail, identity.MethodSponsor}
	}, nil)
	ada, eve, grace := h.guest(t, phone), h.guest(t, "3c:22:fb:00:00:66"), h.guest(t, "3c:22:fb:00:00:67")
	ada.arrives().presses("do=login", "email", "ada@guest.example")
	ada.presses("do=code", "code", h.code(t)).goes().sees("You are online")
	eve.arrives().presses("choose=sponsor")
	eve.presses("do=login", "first_name", "Eve", "last_name", "Quill", "email", "ada@guest.example", "sponsor", "grace@example.org")
	grace.opens(h.mailed(t, link.RegistrationSponsor)).presses("do=approve", "profile", string(h.portal.Template.ProfileID)).sees("Allowed")
	eve.arrives().presses("do=continue").goes().sees("You are online")
	require.Equal(t, []string{phone + " true logged_in", "3c:22:fb:00:00:66 false logged_in"}, sql[string](t, h,
		`select n.mac || ' ' || (a.proven_at is not null)::text || ' ' || n.status from accounts a join authentications n using (person_id) order by n.access_id`))
	require.Equal(t, []int64{2}, sql[int64](t, h, "select count(distinct person_id) from authentications"))
}
