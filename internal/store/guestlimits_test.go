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

// TestNoGateForWhatHasEnded: what ends between the grant and the gate would leave it
// open, with nobody to shut it.
func TestNoGateForWhatHasEnded(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	guest, visitor := l.admit(t, robert("")), l.arrived(t)
	openings := map[error]store.NewOpening{
		store.ErrAuthenticationNotFound: {Portal: l.portal, Access: accessID(guest.Authentication)},
		store.ErrNoVoucher:              {Portal: l.portal, Visit: visitor},
	}
	for _, o := range openings {
		o.Arrival, o.Until = gate.Arrival{MAC: phone}, l.Clock.Now().Add(time.Hour)
		_, err := l.OpenGate(t.Context(), o)
		require.NoError(t, err)
	}
	_, err := l.BlockAccount(t.Context(), l.desk, guest.Account.ID)
	require.NoError(t, err)
	l.leave(t, visitor)
	for ended, o := range openings {
		o.Arrival, o.Until = gate.Arrival{MAC: phone}, l.Clock.Now().Add(time.Hour)
		_, err := l.OpenGate(t.Context(), o)
		require.ErrorIs(t, err, ended)
	}
	require.Len(t, sql[string](t, l.bench, "select id::text from openings"), 2)
}

// TestAGateThatOpensLate: a controller may be told to shut a gate before it has been
// told, or has understood, to open it.
func TestAGateThatOpensLate(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	visitor := l.arrived(t)
	o := store.NewOpening{Portal: l.portal, Visit: visitor, Arrival: gate.Arrival{MAC: phone}, Until: l.Clock.Now().Add(time.Hour)}
	open := func() store.OpeningID {
		id, err := l.OpenGate(t.Context(), o)
		require.NoError(t, err)
		return id
	}
	opened := func(id store.OpeningID) bool {
		shut, err := l.GateOpened(t.Context(), id)
		require.NoError(t, err)
		return !shut
	}
	due := func() []store.DueGate {
		due, err := l.DueGates(t.Context(), 10)
		require.NoError(t, err)
		return due
	}
	first := open()
	require.True(t, opened(first))
	require.Empty(t, due())
	second := open()
	require.True(t, opened(first), "the second one stays")
	require.Empty(t, due())

	l.leave(t, visitor)
	taken := due()
	require.Len(t, taken, 1)
	require.False(t, opened(second), "a worker is about to shut it")
	shut := store.Shutting{Try: taken[0].Tries}
	require.NoError(t, l.ShutGate(t.Context(), second, shut), "which came too early")
	taken = due()
	require.Len(t, taken, 1)
	shut.Try = taken[0].Tries
	require.NoError(t, l.ShutGate(t.Context(), second, shut))
	require.Empty(t, due())
	require.False(t, opened(second), "it was shut")
	require.Equal(t, second, due()[0].ID)
}

// TestStaffSaidUntilWhen: who proves their address does not get more than staff gave.
func TestStaffSaidUntilWhen(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	first := l.admit(t, robert(""))
	end := new(l.Clock.Now().Add(time.Hour))
	_, err := l.ChangeAccount(t.Context(), l.desk, first.Account.ID, store.AccountChange{EndsAt: &end})
	require.NoError(t, err)
	l.Clock.Advance(10 * time.Minute)
	proven := robert(first.Cookie)
	proven.Proven, proven.Method = true, identity.MethodEmail
	again := l.admit(t, proven)
	require.Equal(t, first.Account.ID, again.Account.ID)
	require.True(t, again.Account.Proven)
	require.Equal(t, end.UTC(), again.Account.EndsAt.UTC())
	require.Equal(t, end.UTC(), again.Authentication.ExpiresAt.UTC())
}

// TestTheDeviceLimitHoldsWithoutAPortal: agents let devices in by their addresses, and
// none knows how many of an account are online.
func TestTheDeviceLimitHoldsWithoutAPortal(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, byMAC)
	_, err := l.UpdateProfile(t.Context(), l.desk, l.profile, store.ProfileChange{Devices: new(1)})
	require.NoError(t, err)
	first := l.admit(t, robert(""))
	require.NoError(t, l.LogOut(t.Context(), accessID(first.Authentication), first.Cookie))
	laptop := store.Arrival{MAC: "3c:22:fb:00:00:02", SSID: "Guests"}
	second := l.admit(t, store.Admission{Arrival: laptop, Account: first.Account.ID, By: identity.ByCookie})

	login := l.arrival(l.deviceOf(t, phone), "")
	require.NoError(t, l.DeviceLoggedIn(t.Context(), l.site.ID, login))
	require.Equal(t, []string{"device_limit"}, sql[string](t, l.bench, "select end_reason from accesses where id = $1", login.AccessID))
	require.Equal(t, []string{second.Authentication.ID}, sql[string](t, l.bench, "select access_id::text from authentications where live"))

	require.NoError(t, l.LogOut(t.Context(), accessID(second.Authentication), second.Cookie))
	l.Clock.Advance(time.Minute)
	login = l.arrival(l.deviceOf(t, phone), "")
	require.NoError(t, l.DeviceLoggedIn(t.Context(), l.site.ID, login))
	require.Equal(t, []string{string(login.AccessID)}, sql[string](t, l.bench, "select access_id::text from authentications where live"))
}

// TestDevicesElsewhereAreNotSeen: a guest of two sites has devices at both.
func TestDevicesElsewhereAreNotSeen(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	first := l.admit(t, robert(""))
	other := l.newSite(t, "Other")
	made, err := l.CreatePortal(t.Context(), l.desk, store.Portal{SiteID: other.ID, Name: "There", Vendor: gate.Meraki, Enabled: true}, l.portal.Template.ID)
	require.NoError(t, err)
	there, err := l.Portal(t.Context(), made.ID)
	require.NoError(t, err)
	_, err = l.Admit(t.Context(), there, store.Admission{Arrival: store.Arrival{MAC: phone, SSID: "There"}, Account: first.Account.ID, By: identity.ByCookie})
	require.NoError(t, err)
	for _, site := range []visit.SiteID{l.site.ID, other.ID} {
		detail, err := l.Account(t.Context(), store.Scope{Sites: []visit.SiteID{site}}, first.Account.ID)
		require.NoError(t, err)
		require.Len(t, detail.Devices, 1)
		require.Equal(t, site, detail.Devices[0].SiteID)
	}
	detail, err := l.Account(t.Context(), store.Everything, first.Account.ID)
	require.NoError(t, err)
	require.Len(t, detail.Devices, 2)
}

// TestWhoClaimsADeviceThrowsNobodyOut: anybody can say that they are a device that is
// online, and has a login of their own.
func TestWhoClaimsADeviceThrowsNobodyOut(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	first := l.admit(t, robert(""))
	l.Clock.Advance(time.Minute)
	eve := robert("")
	eve.Login, eve.Visitor.Email = "eve@example.net", "eve@example.net"
	for _, eve.Proven = range []bool{false, true} {
		_, err := l.Admit(t.Context(), l.portal, eve)
		require.ErrorIs(t, err, store.ErrDeviceTaken)
	}
	require.Equal(t, []string{first.Authentication.ID}, sql[string](t, l.bench, "select access_id::text from authentications where live"))
	require.Len(t, sql[string](t, l.bench, "select login from accounts"), 1)

	eve.Cookie = first.Cookie
	require.NotEqual(t, first.Account.ID, l.admit(t, eve).Account.ID, "the browser that was let in may be somebody else's now")
	l.Clock.Advance(5 * time.Hour)
	l.admit(t, robert(""))
}

// What stands in an address and cannot be a name is nobody's fault but the sender's.
func TestNoPortalByAnUnreadableName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, site := range []string{"default", "a\x00", "a\xff"} {
		_, err := b.VendorPortal(t.Context(), gate.UniFi, site)
		require.ErrorIs(t, err, store.ErrPortalNotFound)
	}
}
