package auth_test

import (
	"bytes"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
)

// The key and values of RFC 4226 appendix D, and of RFC 6238 appendix B for SHA-1.
var rfcKey = []byte("12345678901234567890")

func TestHOTPVectors(t *testing.T) {
	t.Parallel()
	for counter, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		require.Equal(t, want, auth.HOTP(rfcKey, int64(counter), 6))
	}
}

func TestTOTPVectors(t *testing.T) {
	t.Parallel()
	for at, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		require.Equal(t, want, auth.HOTP(rfcKey, at/30, 8))
		require.Equal(t, want[2:], auth.TOTPCode(rfcKey, time.Unix(at, 0)))
	}
}

func TestACodeIsGoodForAMomentAndOnce(t *testing.T) {
	t.Parallel()
	code := auth.TOTPCode(rfcKey, noon)
	step, ok := auth.TOTPStep(rfcKey, code, noon, 0)
	require.True(t, ok)
	for _, off := range []time.Duration{-30 * time.Second, 30 * time.Second, 59 * time.Second} {
		_, ok := auth.TOTPStep(rfcKey, code, noon.Add(off), 0)
		require.True(t, ok, off)
	}
	for _, off := range []time.Duration{-31 * time.Second, 60 * time.Second, time.Hour} {
		_, ok := auth.TOTPStep(rfcKey, code, noon.Add(off), 0)
		require.False(t, ok, off)
	}
	_, ok = auth.TOTPStep(rfcKey, code, noon, step)
	require.False(t, ok, "used")
	_, ok = auth.TOTPStep(rfcKey, auth.TOTPCode(rfcKey, noon.Add(30*time.Second)), noon.Add(30*time.Second), step)
	require.True(t, ok, "the next one")
	for _, wrong := range []string{"", code[:5], code + "0", "000000", "١٢٣٤٥٦"} {
		_, ok := auth.TOTPStep(rfcKey, wrong, noon, 0)
		require.False(t, ok, wrong)
	}
	_, ok = auth.TOTPStep([]byte("another key"), code, noon, 0)
	require.False(t, ok)
}

func TestTOTPForApps(t *testing.T) {
	t.Parallel()
	secret, err := auth.NewTOTP(bytes.NewReader(rfcKey))
	require.NoError(t, err)
	uri, err := url.Parse(auth.TOTPURI(secret, "Foyer at Quill & Co", "desk+1@example.org"))
	require.NoError(t, err)
	require.Equal(t, "totp", uri.Host)
	require.Equal(t, "/Foyer at Quill & Co:desk+1@example.org", uri.Path)
	require.Equal(t, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", uri.Query().Get("secret"))
	require.Equal(t, "Foyer at Quill & Co", uri.Query().Get("issuer"))
	_, err = auth.NewTOTP(bytes.NewReader(nil))
	require.Error(t, err)
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	codes, err := auth.NewRecoveryCodes(bytes.NewReader(bytes.Repeat([]byte{7, 130, 255}, 100)))
	require.NoError(t, err)
	require.Len(t, codes, 10)
	for _, code := range codes {
		require.Regexp(t, `^[2-9a-hjkmnp-z]{5}-[2-9a-hjkmnp-z]{5}$`, code)
		plain, ok := auth.ParseRecoveryCode("  " + code[:3] + " " + code[3:])
		require.True(t, ok)
		require.Equal(t, code[:5]+code[6:], plain)
	}
	for _, text := range []string{"", "123456", "aaaaa-aaaa", "aaaaa-aaaa1", "aaaaa-aaaaaa"} {
		_, ok := auth.ParseRecoveryCode(text)
		require.False(t, ok, text)
	}
	_, err = auth.NewRecoveryCodes(bytes.NewReader(nil))
	require.Error(t, err)
}
