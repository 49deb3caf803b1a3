package identity_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
)

func TestDeviceAccessIDsAreTheSameEverywhere(t *testing.T) {
	t.Parallel()
	const device = identity.DeviceID("0197a3f0-0000-7000-8000-000000000009")
	at := time.Date(2026, 3, 2, 10, 0, 0, 123_456_789, time.UTC)
	id := identity.DeviceAccessID(device, at)
	require.Equal(t, roll.AccessID("9fdac4c8-dd4f-8d94-a159-d21f2017ce29"), id)
	parsed, err := uuid.Parse(string(id))
	require.NoError(t, err)
	require.EqualValues(t, 8, parsed.Version())
	require.Equal(t, uuid.RFC4122, parsed.Variant())

	require.Equal(t, id, identity.DeviceAccessID(device, at.In(time.FixedZone("", 3600)).Truncate(time.Microsecond)), "as a database keeps it")
	require.NotEqual(t, id, identity.DeviceAccessID(device, at.Add(time.Microsecond)))
	require.NotEqual(t, id, identity.DeviceAccessID("0197a3f0-0000-7000-8000-00000000000a", at))
	require.Equal(t, "user241277860569221120@guests.example.org", identity.DeviceTokenName(id, "guests.example.org"))
}
