package ledger

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/wire"
)

const deviceMAC = "00:00:5e:00:53:2a"

func portal(secrets ...string) wire.Grant {
	g := wire.Grant{
		ID: "access-1", Kind: wire.GrantPortal, Username: "user17@guest.example", NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour),
		MAC: "02:00:00:00:00:2a",
	}
	for _, secret := range secrets {
		g.Secrets = append(g.Secrets, once(secret))
	}
	return g
}

func once(secret string) wire.OneTime {
	return wire.OneTime{Secret: secret, NotAfter: noon.Add(time.Minute)}
}

func device(id string) wire.Grant {
	return wire.Grant{
		ID: id, Kind: wire.GrantDevice, NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(24 * time.Hour), MAC: deviceMAC, LifetimeSeconds: 3600,
	}
}

func given(id string) wire.Grant {
	return wire.Grant{
		ID: id, Kind: wire.GrantPortal, Username: "device-" + id, NotBefore: noon, NotAfter: noon.Add(time.Hour), MAC: deviceMAC, MACAuth: true,
	}
}

func entry(revision int64, g wire.Grant) *wire.Entry {
	return &wire.Entry{Type: wire.TypeGrantPut, Position: at(revision), ObjectID: g.ID, Grant: &g}
}

func (b *bench) take(t *testing.T, entries ...*wire.Entry) []Ended {
	t.Helper()
	ended, err := b.Apply(entries)
	require.NoError(t, err)
	return ended
}

func (b *bench) begin(t *testing.T, grants ...wire.Grant) {
	t.Helper()
	_, err := b.Replace(Set{Position: at(1)})
	require.NoError(t, err)
	for i, g := range grants {
		b.take(t, entry(int64(i+2), g))
	}
}

func TestASecretIsSpentOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin(t, portal("one", "two"))
	require.True(t, b.Spend("access-1", once("one"), "mac", "nas-1"))
	require.False(t, b.Spend("access-1", once("one"), "mac", "nas-1"))
	require.True(t, b.Spend("access-1", once("two"), "mac", "nas-1"))
	require.Equal(t, []string{"two", "one"}, b.Spent("access-1", "mac", "nas-1"))
	require.Empty(t, b.Spent("access-1", "mac", "nas-2"))
	require.Empty(t, b.Spent("access-1", "other", "nas-1"))

	b.set(noon.Add(time.Minute))
	require.False(t, b.Spend("access-1", once("three"), "mac", "nas-1"), "expired")
	later := wire.OneTime{Secret: "four", NotAfter: noon.Add(2 * time.Minute)}
	require.True(t, b.Spend("access-1", later, "mac", "nas-1"))
	require.Equal(t, []string{"four"}, b.Spent("access-1", "mac", "nas-1"), "what a NAS renews by, it was given last")
}

func TestWhatIsKeptOfSecretsIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin(t, portal())
	for i := range 3 * spentMax {
		b.set(noon.Add(time.Duration(i) * time.Minute))
		o := wire.OneTime{Secret: fmt.Sprint("secret-", i), NotAfter: b.now.Load().Add(time.Second)}
		require.True(t, b.Spend("access-1", o, fmt.Sprint("mac-", i), "nas-1"))
	}
	require.Len(t, b.used.spent["access-1"], spentMax)
	b.saveSpent()
	b.reopen(t)
	require.Len(t, b.used.spent["access-1"], spentMax)
}

// TestSpentSecretsAreKept: what was written is known after a restart; what may not have
// been written counts as spent; what comes later is good.
func TestSpentSecretsAreKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin(t, portal("one", "two"))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = b.Run(ctx) }()
	require.True(t, b.Spend("access-1", once("one"), "mac", "nas-1"))
	cancel()
	<-done
	b.reopen(t)
	require.Equal(t, []string{"one"}, b.Spent("access-1", "mac", "nas-1"))
	require.False(t, b.Spend("access-1", once("one"), "mac", "nas-1"))
	require.False(t, b.Spend("access-1", once("two"), "mac", "nas-1"), "nobody knows whether it was spent")
	b.take(t, entry(9, portal("one", "two", "three")))
	require.False(t, b.Spend("access-1", once("two"), "mac", "nas-1"))
	require.True(t, b.Spend("access-1", once("three"), "mac", "nas-1"))

	b.take(t, &wire.Entry{Type: wire.TypeGrantDrop, Position: at(10), ObjectID: "access-1"})
	b.reopen(t)
	require.Empty(t, b.used.spent)
	require.Empty(t, b.used.barred)
}

// TestSecretsOfALostLedger: a snapshot after the disk was lost may hold secrets that
// were spent before.
func TestSecretsOfALostLedger(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.Replace(Set{Position: at(7), Grants: []wire.Grant{portal("one")}})
	require.NoError(t, err)
	require.False(t, b.Spend("access-1", once("one"), "mac", "nas-1"))
	_, err = b.Replace(Set{Position: at(8), Grants: []wire.Grant{portal("one", "two")}})
	require.NoError(t, err)
	require.True(t, b.Spend("access-1", once("two"), "mac", "nas-1"))
}

// TestANewSecretIsOnDiskFirst: otherwise a crash would make it new again.
func TestANewSecretIsOnDiskFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin(t, portal("one"))
	b.disk.full.Store(true)
	_, err := b.Apply([]*wire.Entry{entry(9, portal("two", "three"))})
	require.Error(t, err)
	g, _ := b.Lookup("user17@guest.example")
	require.Empty(t, g.Secrets, "one is gone, and the others are not here yet")
	_, err = b.Replace(Set{Position: at(10), Grants: []wire.Grant{portal("two", "three")}})
	require.Error(t, err)
	g, _ = b.Lookup("user17@guest.example")
	require.Empty(t, g.Secrets)

	b.disk.full.Store(false)
	require.Empty(t, b.take(t, entry(9, portal("two", "three"))), "a secret is no end of anybody's access")
	g, _ = b.Lookup("user17@guest.example")
	require.Len(t, g.Secrets, 2)
	_, err = b.Replace(Set{Position: at(10), Grants: []wire.Grant{portal("three", "four")}})
	require.NoError(t, err)
	g, _ = b.Lookup("user17@guest.example")
	require.Equal(t, []wire.OneTime{once("three"), once("four")}, g.Secrets)
}

func TestASecretThatCannotBeWrittenIsSpent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin(t, portal("one"))
	b.disk.full.Store(true)
	require.True(t, b.Spend("access-1", once("one"), "mac", "nas-1"))
	b.saveSpent()
	require.False(t, b.Spend("access-1", once("one"), "mac", "nas-1"))
	require.NotEmpty(t, b.Stats().DiskError)
	b.disk.full.Store(false)
	b.saveSpent()
	b.reopen(t)
	require.Equal(t, []string{"one"}, b.Spent("access-1", "mac", "nas-1"))
}

func TestPastGrantsHoldNoSecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin(t, portal("one"))
	b.take(t, &wire.Entry{Type: wire.TypeGrantDrop, Position: at(9), ObjectID: "access-1"})
	g, why := b.Lookup("user17@guest.example")
	require.Equal(t, wire.RefusedRevoked, why)
	require.Empty(t, g.Secrets)
}

func TestDevicesAreFoundByAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	here, there := device("device-1"), device("device-2")
	here.NASID, here.SSID = "nas-1", "Lobby"
	there.NotAfter = noon.Add(48 * time.Hour)
	there.NASID = "nas-2"
	green := portal()
	green.MAC, green.MACAuth = deviceMAC, true
	b.begin(t, here, there, green)
	require.Equal(t, "access-1", b.Device(deviceMAC, "nas-1", "Lobby").ID, "it has an access")
	require.Nil(t, b.Device("02:00:00:00:00:07", "nas-1", "Lobby"))
	_, why := b.Lookup("")
	require.Equal(t, wire.RefusedUnknownUser, why, "a device has no name")

	green.MACAuth = false
	b.take(t, entry(9, green))
	require.Equal(t, "device-1", b.Device(deviceMAC, "nas-1", "Lobby").ID)
	require.Nil(t, b.Device(deviceMAC, "nas-1", "Elsewhere"))
	require.Nil(t, b.Device(deviceMAC, "nas-1", ""))
	require.Equal(t, "device-2", b.Device(deviceMAC, "nas-2", "").ID)
	here.NASID = "nas-2"
	b.take(t, entry(10, here))
	require.Equal(t, "device-2", b.Device(deviceMAC, "nas-2", "Lobby").ID, "what lasts longer")
	b.reopen(t)
	require.Equal(t, "device-2", b.Device(deviceMAC, "nas-2", "Lobby").ID)

	b.set(noon.Add(-2 * time.Hour))
	require.Nil(t, b.Device(deviceMAC, "nas-2", "Lobby"), "not begun")
	b.set(noon.Add(48 * time.Hour))
	require.Nil(t, b.Device(deviceMAC, "nas-2", "Lobby"), "over")
	b.set(noon)
	b.take(t, &wire.Entry{Type: wire.TypeGrantDrop, Position: at(11), ObjectID: "device-1"}, &wire.Entry{Type: wire.TypeGrantDrop, Position: at(12), ObjectID: "device-2"})
	require.Nil(t, b.Device(deviceMAC, "nas-2", "Lobby"))
	_, why = b.Lookup("")
	require.Equal(t, wire.RefusedUnknownUser, why)
}

func TestADeviceThatMakesNoSense(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin(t)
	for i, change := range []func(*wire.Grant){
		func(g *wire.Grant) { g.MAC = "" }, func(g *wire.Grant) { g.LifetimeSeconds = 0 }, func(g *wire.Grant) { g.NotAfter = time.Time{} },
	} {
		g := device("device-1")
		change(&g)
		b.take(t, entry(int64(i+2), g))
		require.Nil(t, b.Grant("device-1"))
	}
}

func TestHeldAccesses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin(t, device("device-1"))
	require.Error(t, b.HoldDevice("device-2", given("access-2")), "there is no such device")
	require.NoError(t, b.HoldDevice("device-1", given("access-2")))
	b.reopen(t)
	require.Equal(t, "access-2", b.Device(deviceMAC, "nas-1", "").ID, "it is on disk")
	_, err := b.Replace(Set{Position: at(20), Grants: []wire.Grant{device("device-1")}})
	require.NoError(t, err)
	b.reopen(t)
	require.Equal(t, "access-2", b.Device(deviceMAC, "nas-1", "").ID, "a snapshot need not know it yet")

	b.disk.full.Store(true)
	require.Error(t, b.HoldDevice("device-1", given("access-3")))
	require.Nil(t, b.Grant("access-3"))
	b.disk.full.Store(false)

	taken := given("access-2")
	taken.Username = "user18@guest.example"
	require.Empty(t, b.take(t, entry(21, taken)), "nobody's access ended")
	b.reopen(t)
	require.Equal(t, taken.Username, b.Grant("access-2").Username)
	require.Empty(t, b.held)
	ended, err := b.Replace(Set{Position: at(22), Grants: []wire.Grant{device("device-1")}})
	require.NoError(t, err)
	require.Len(t, ended, 1, "it is the hub's now")
	b.reopen(t)
	require.Nil(t, b.Grant("access-2"))
}

func TestAHeldAccessGoesWithItsDevice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin(t, device("device-1"))
	require.NoError(t, b.HoldDevice("device-1", given("access-2")))
	ended := b.take(t, &wire.Entry{Type: wire.TypeGrantDrop, Position: at(20), ObjectID: "device-1"})
	require.Len(t, ended, 2)
	require.Nil(t, b.Grant("access-2"))
	b.reopen(t)
	require.Nil(t, b.Grant("access-2"))
}

// TestAHeldAccessIsForgottenAtLast: the hub never said anything.
func TestAHeldAccessIsForgottenAtLast(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin(t, device("device-1"))
	require.NoError(t, b.HoldDevice("device-1", given("access-2")))
	b.set(noon.Add(time.Hour + keepFor + time.Second))
	_, _ = b.due(*b.now.Load())
	require.NoError(t, b.purge())
	b.set(noon)
	b.reopen(t)
	require.Nil(t, b.Grant("access-2"))
}

// TestADeviceIsNotBackAtOnce: what the hub ended before its time.
func TestADeviceIsNotBackAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin(t, device("device-1"))
	require.NoError(t, b.HoldDevice("device-1", given("access-2")))
	b.take(t, &wire.Entry{Type: wire.TypeGrantDrop, Position: at(20), ObjectID: "access-2"})
	require.Nil(t, b.Device(deviceMAC, "nas-1", ""))
	b.take(t, entry(21, device("device-1")))
	require.Nil(t, b.Device(deviceMAC, "nas-1", ""), "seen again by the hub")
	b.set(noon.Add(barredFor))
	require.NotNil(t, b.Device(deviceMAC, "nas-1", ""))

	b.take(t, entry(22, given("access-4")))
	b.set(noon.Add(time.Hour))
	b.take(t, &wire.Entry{Type: wire.TypeGrantDrop, Position: at(23), ObjectID: "access-4"})
	require.NotNil(t, b.Device(deviceMAC, "nas-1", ""), "its time was over")
}
