package link_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
)

const (
	oneKey   = "c3RvcmV0ZXN0IGRlcGxveW1lbnQga2V5LCAzMiBieXQ="
	otherKey = "b3RoZXJ0ZXN0IGRlcGxveW1lbnQga2V5LCAzMiBieXQ="
	object   = "01890a5d-ac96-774b-bcce-b302099a8057"
)

var now = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func ring(t require.TestingT, keys string) *seal.Keyring {
	ring, err := seal.Parse(keys)
	require.NoError(t, err)
	return ring
}

func sign(t require.TestingT, keys string, purpose link.Purpose) string {
	token, err := link.Sign(ring(t, keys), link.Link{Purpose: purpose, Object: object, ExpiresAt: now.Add(time.Hour)})
	require.NoError(t, err)
	return token
}

func TestALinkSaysWhatWasSigned(t *testing.T) {
	t.Parallel()
	keys := ring(t, oneKey)
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 1<<40-1).Draw(t, "expiry"), 0).UTC()
		want := link.Link{Purpose: link.Extend, Object: object, ExpiresAt: at}
		token, err := link.Sign(keys, want)
		require.NoError(t, err)
		require.Len(t, token, link.Length)
		got, err := link.Parse(keys, token, at.Add(-time.Nanosecond), link.Invitation, link.Extend)
		require.NoError(t, err)
		require.Equal(t, want, got)
		_, err = link.Parse(keys, token, at, link.Extend)
		require.ErrorIs(t, err, link.ErrExpired)
		require.Equal(t, visit.KindGone, visit.KindOf(err))
	})
	require.Equal(t, sign(t, oneKey, link.Extend), sign(t, oneKey, link.Extend), "a repeated mail has the same link")
}

func TestEveryForgedBitIsRefused(t *testing.T) {
	t.Parallel()
	keys, token := ring(t, oneKey), sign(t, oneKey, link.Invitation)
	_, err := link.Parse(keys, token, now, link.Invitation)
	require.NoError(t, err)
	all := []link.Purpose{link.Invitation, link.Extend, link.ExtendByHost, link.CheckOut, link.PasswordReset, link.Account}
	for i := range token {
		for bit := range 8 {
			forged := []byte(token)
			forged[i] ^= 1 << bit
			_, err := link.Parse(keys, string(forged), now, all...)
			require.ErrorIs(t, err, link.ErrInvalid, "character %d, bit %d", i, bit)
		}
	}
	for _, text := range []string{"", token[:len(token)-1], token + "A", token + "=", token[:51] + "\n", token[:51] + "\x00"} {
		_, err := link.Parse(keys, text, now, all...)
		require.ErrorIs(t, err, link.ErrInvalid)
	}
}

func TestALinkOfOnePurposeIsNoneOfAnother(t *testing.T) {
	t.Parallel()
	token := sign(t, oneKey, link.Extend)
	_, err := link.Parse(ring(t, oneKey), token, now, link.Invitation, link.CheckOut)
	require.ErrorIs(t, err, link.ErrInvalid)
	_, err = link.Parse(ring(t, oneKey), token, now)
	require.ErrorIs(t, err, link.ErrInvalid)
}

func TestKeysOfTheRingHold(t *testing.T) {
	t.Parallel()
	old := sign(t, oneKey, link.Extend)
	_, err := link.Parse(ring(t, otherKey+","+oneKey), old, now, link.Extend)
	require.NoError(t, err, "rotated")
	_, err = link.Parse(ring(t, otherKey), old, now, link.Extend)
	require.ErrorIs(t, err, link.ErrInvalid, "rotated out")
}

func TestWhatCannotBeSigned(t *testing.T) {
	t.Parallel()
	for _, l := range []link.Link{{Object: "nothing", ExpiresAt: now}, {Object: object}, {Object: object, ExpiresAt: time.Unix(1<<40, 0)}} {
		_, err := link.Sign(ring(t, oneKey), l)
		require.Error(t, err)
	}
}
