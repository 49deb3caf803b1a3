package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
)

// TestAnAddressAtTwoSites: while somebody is online elsewhere with a device's address, it
// is no proof here, neither to the portal nor to the NAS by itself.
func TestAnAddressAtTwoSites(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, byMAC)
	here := l.admit(t, robert(""))
	require.NoError(t, l.LogOut(t.Context(), accessID(here.Authentication), here.Cookie))
	id, seen := l.deviceOf(t, phone), store.Seen{MAC: phone, SSID: "Guests"}
	f := l.follows(t)
	_, st := l.decide(t, seen)
	require.Equal(t, identity.ByMAC, st.By)
	require.Contains(t, f.grants, id)

	made, err := l.CreatePortal(t.Context(), l.desk, store.Portal{SiteID: l.newSite(t, "Paris").ID, Name: "There", Vendor: gate.Meraki, Enabled: true}, l.portal.Template.ID)
	require.NoError(t, err)
	paris, err := l.Portal(t.Context(), made.ID)
	require.NoError(t, err)
	eve := robert("")
	eve.Login = "eve@example.net"
	there, err := l.Admit(t.Context(), paris, eve)
	require.NoError(t, err)

	_, st = l.decide(t, seen)
	require.Equal(t, identity.ByNothing, st.By)
	require.True(t, st.Elsewhere)
	require.Equal(t, identity.RuleElsewhere, identity.Decide(identity.Facts{Now: l.Clock.Now(), By: st.By, Elsewhere: st.Elsewhere}).Rule)
	f.hears(t)
	require.NotContains(t, f.grants, id, "agents ask the portal")
	_, st = l.decide(t, store.Seen{MAC: "3c:22:fb:00:00:07", SSID: "Guests"})
	require.False(t, st.Elsewhere, "nobody knows it here")

	l.Clock.Advance(time.Minute)
	require.NoError(t, l.LogOut(t.Context(), accessID(there.Authentication), there.Cookie))
	_, st = l.decide(t, seen)
	require.Equal(t, identity.ByMAC, st.By)
	f.hears(t)
	require.Contains(t, f.grants, id)
}
