package hub_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// known is a portal whose guests come back by their address, and one who did.
func (r *rig) known() (guest store.Admitted, again func() store.Admitted) {
	r.t.Helper()
	profile, err := r.CreateProfile(r.t.Context(), r.desk, identity.Profile{Name: "Week", Validity: identity.Validity{Kind: identity.Days, Value: 5}})
	require.NoError(r.t, err)
	template, err := r.CreateTemplate(r.t.Context(), r.desk, identity.Template{
		Name: "Lobby", Lifetime: 4 * time.Hour, Reauth: identity.ReauthContinue, Methods: []identity.Method{identity.MethodForm}, ProfileID: profile.ID,
		Ask: map[identity.Field]bool{identity.FieldEmail: true}, RecogniseMAC: true, MACAuth: true,
	})
	require.NoError(r.t, err)
	made, err := r.CreatePortal(r.t.Context(), r.desk, store.Portal{SiteID: r.site.ID, Name: "Lobby", Vendor: gate.Meraki, Enabled: true}, template.ID)
	require.NoError(r.t, err)
	portal, err := r.Portal(r.t.Context(), made.ID)
	require.NoError(r.t, err)
	again = func() store.Admitted {
		admitted, err := r.Admit(r.t.Context(), portal, store.Admission{
			Method: identity.MethodForm, Arrival: store.Arrival{MAC: "3c:22:fb:00:00:01"}, Clicked: true, Login: "ada@example.org", Kind: identity.LoginEmail,
			Visitor: visit.Visitor{FirstName: "Ada", Email: "ada@example.org"},
		})
		require.NoError(r.t, err)
		return admitted
	}
	return again(), again
}

// TestAnAgentThatCannotTakeDevicesIsSentNone, and its position goes on nevertheless.
func TestAnAgentThatCannotTakeDevicesIsSentNone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	guest, again := r.known()
	for name, takes := range map[string][]wire.Type{"old": nil, "new": {wire.TakesDevices}} {
		a := p.agent(name)
		l := p.dial(a)
		hello := a.hello()
		hello.Takes = takes
		l.send(hello)
		l.begin()
		var kinds []wire.GrantKind
		for last := false; !last; {
			part := expect[*wire.Snapshot](l)
			for _, g := range part.Grants {
				kinds = append(kinds, g.Kind)
			}
			last = part.Last
		}
		slices.Sort(kinds)
		want := []wire.GrantKind{wire.GrantPortal}
		if takes != nil {
			want = []wire.GrantKind{wire.GrantDevice, wire.GrantPortal}
		}
		require.Equal(t, want, kinds, name)

		require.NoError(t, r.LogOut(t.Context(), roll.AccessID(guest.Authentication.ID), guest.Cookie))
		guest = again()
		puts, head := map[wire.GrantKind]bool{}, int64(r.count("select revision from site_heads where site_id = '"+string(r.site.ID)+"'"))
		for at := int64(0); at < head; {
			e := expect[*wire.Entry](l)
			at = e.Position.Revision
			if e.Grant != nil {
				puts[e.Grant.Kind] = true
			} else {
				require.Equal(t, wire.TypeGrantDrop, e.Type)
			}
		}
		require.True(t, puts[wire.GrantPortal], name)
		require.Equal(t, takes != nil, puts[wire.GrantDevice], name)
	}
}
