package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func TestKioskPairing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	kiosk, code, err := b.CreateKiosk(t.Context(), b.desk, b.site.ID, " Lobby ", true)
	require.NoError(t, err)
	require.Regexp(t, `^\d{6}$`, code)
	require.Equal(t, "Lobby", kiosk.Name)
	require.NotContains(t, string(sql[[]byte](t, b, "select code_hash from kiosks")[0]), code)

	paired, err := b.PairKiosk(t.Context(), code, []byte("secret"))
	require.NoError(t, err)
	require.Equal(t, kiosk.ID, paired.ID)
	_, err = b.PairKiosk(t.Context(), code, []byte("another"))
	require.ErrorIs(t, err, store.ErrPairingCode, "once")
	found, err := b.KioskByHash(t.Context(), []byte("secret"))
	require.NoError(t, err)
	require.True(t, found.WalkIns)
	b.Clock.Advance(time.Hour)
	_, err = b.KioskByHash(t.Context(), []byte("secret"))
	require.NoError(t, err)

	list, err := b.Kiosks(t.Context(), store.Everything, b.site.ID)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, b.Clock.Now(), *list[0].LastSeenAt)
	other := b.newSite(t, "Paris")
	elsewhere := store.Caller{Actor: "user:x", Scope: store.Scope{Sites: []visit.SiteID{other.ID}}}
	require.ErrorIs(t, b.RevokeKiosk(t.Context(), elsewhere, b.site.ID, kiosk.ID), store.ErrKioskNotFound)
	require.ErrorIs(t, b.RevokeKiosk(t.Context(), b.desk, other.ID, kiosk.ID), store.ErrKioskNotFound)
	_, _, err = b.CreateKiosk(t.Context(), elsewhere, b.site.ID, "x", false)
	require.ErrorIs(t, err, visit.ErrSiteNotFound)
	require.NoError(t, b.RevokeKiosk(t.Context(), b.desk, b.site.ID, kiosk.ID))
	_, err = b.KioskByHash(t.Context(), []byte("secret"))
	require.ErrorIs(t, err, store.ErrKioskNotFound)
	b.verify(t)
}

// Guessing ends a code before it has a chance, however many guess at once and
// wherever; and a code that is over is none.
func TestPairingCodesAreNotGuessed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, code, err := b.CreateKiosk(t.Context(), b.desk, b.site.ID, "Lobby", false)
	require.NoError(t, err)
	_, late, err := b.CreateKiosk(t.Context(), b.desk, b.site.ID, "Late", false)
	require.NoError(t, err)
	require.NotEqual(t, code, late)
	calls := make([]func() error, 40)
	for i := range calls {
		guess := fmt.Sprintf("%06d", i)
		if guess == code || guess == late {
			guess = "999999"
		}
		calls[i] = func() error { _, err := b.PairKiosk(t.Context(), guess, []byte("x")); return err }
	}
	for _, err := range atOnce(calls[:19]...) {
		require.ErrorIs(t, err, store.ErrPairingCode)
	}
	_, err = b.PairKiosk(t.Context(), late, []byte("in time"))
	require.NoError(t, err, "19 wrong codes end none: the control")
	for _, err := range atOnce(calls[19:]...) {
		require.ErrorIs(t, err, store.ErrPairingCode)
	}
	require.Equal(t, []int{20}, sql[int](t, b, "select code_guesses from kiosks where code_hash is not null"), "what comes after is not even compared")
	_, err = b.PairKiosk(t.Context(), code, []byte("too late"))
	require.ErrorIs(t, err, store.ErrPairingCode)

	_, over, err := b.CreateKiosk(t.Context(), b.desk, b.site.ID, "Over", false)
	require.NoError(t, err)
	b.Clock.Advance(10 * time.Minute)
	_, err = b.PairKiosk(t.Context(), over, []byte("over"))
	require.ErrorIs(t, err, store.ErrPairingCode)
	b.verify(t)
}
