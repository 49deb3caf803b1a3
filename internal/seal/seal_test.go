package seal_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/seal"
)

// keyText is a deployment key whose bytes are all b.
func keyText(b byte) string {
	return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, seal.KeySize))
}

func ring(t testing.TB, texts ...string) *seal.Keyring {
	t.Helper()
	r, err := seal.Parse(strings.Join(texts, ","))
	require.NoError(t, err)
	return r
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	r := ring(t, keyText(1))
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		place := rapid.String().Draw(t, "place")
		blob, err := r.Seal(plain, place)
		require.NoError(t, err)
		require.Len(t, blob, len(plain)+seal.Overhead)
		got, err := r.Open(blob, place)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain, got))
	})
}

func TestSealingTwiceGivesDifferentBlobs(t *testing.T) {
	t.Parallel()
	r := ring(t, keyText(1))
	first, err := r.Seal([]byte("same"), "p")
	require.NoError(t, err)
	second, err := r.Seal([]byte("same"), "p")
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	require.NotContains(t, string(first), "same")
}

func TestMovedBlobIsRefused(t *testing.T) {
	t.Parallel()
	r := ring(t, keyText(1))
	blob, err := r.Seal([]byte("secret"), "voucher:1")
	require.NoError(t, err)
	_, err = r.Open(blob, "voucher:2")
	require.ErrorIs(t, err, seal.ErrRefused)
}

func TestEveryFlippedBitIsRefused(t *testing.T) {
	t.Parallel()
	r := ring(t, keyText(1))
	blob, err := r.Seal([]byte("secret"), "voucher:1")
	require.NoError(t, err)
	for i := range len(blob) * 8 {
		bad := bytes.Clone(blob)
		bad[i/8] ^= 1 << (i % 8)
		_, err := r.Open(bad, "voucher:1")
		require.Error(t, err, "bit %d", i)
	}
	for n := range blob {
		_, err := r.Open(blob[:n], "voucher:1")
		require.Error(t, err, "cut to %d bytes", n)
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	before, both, after := ring(t, keyText(1)), ring(t, keyText(2), keyText(1)), ring(t, keyText(2))
	old, err := before.Seal([]byte("v"), "p")
	require.NoError(t, err)

	got, err := both.Open(old, "p")
	require.NoError(t, err)
	require.Equal(t, "v", string(got))
	resealed, err := both.Seal(got, "p")
	require.NoError(t, err)
	id, err := seal.KeyID(resealed)
	require.NoError(t, err)
	require.Equal(t, after.KeyID(), id)
	oldID, err := seal.KeyID(old)
	require.NoError(t, err)
	require.Equal(t, before.KeyID(), oldID)

	_, err = after.Open(resealed, "p")
	require.NoError(t, err)
	_, err = after.Open(old, "p")
	require.ErrorIs(t, err, seal.ErrUnknownKey)

	require.Equal(t, before.MAC("m", nil), both.MACs("m", nil)[1])
	require.Equal(t, after.MAC("m", nil), both.MACs("m", nil)[0])
}

func TestPurposesAreSeparate(t *testing.T) {
	t.Parallel()
	r := ring(t, keyText(1))
	require.NotEqual(t, r.MAC("a", []byte("x")), r.MAC("b", []byte("x")))
	require.NotEqual(t, r.SigningKeys("a")[0], r.SigningKeys("b")[0])
	require.NotEqual(t, r.Derive("a").MAC("m", nil), r.MAC("m", nil))
	require.Equal(t, r.KeyID(), r.Derive("a").KeyID())

	blob, err := r.Derive("a").Seal([]byte("x"), "p")
	require.NoError(t, err)
	_, err = r.Open(blob, "p")
	require.ErrorIs(t, err, seal.ErrRefused)
	_, err = r.Derive("b").Open(blob, "p")
	require.ErrorIs(t, err, seal.ErrRefused)
	_, err = r.Derive("a").Open(blob, "p")
	require.NoError(t, err)
}

func TestSigningKeySignsAcrossStarts(t *testing.T) {
	t.Parallel()
	private := ring(t, keyText(1)).SigningKeys("audit")[0]
	public := ring(t, keyText(2), keyText(1)).SigningKeys("audit")[1].Public().(ed25519.PublicKey)
	require.True(t, ed25519.Verify(public, []byte("m"), ed25519.Sign(private, []byte("m"))))
}

// The formats are read back from databases: these values may never change.
func TestFormatsAreStable(t *testing.T) {
	t.Parallel()
	r := ring(t, keyText(1))
	r.Rand = bytes.NewReader(bytes.Repeat([]byte{7}, 28))
	blob, err := r.Seal([]byte("hello"), "place")
	require.NoError(t, err)
	require.Equal(t, "01d87797a1"+strings.Repeat("07", 28)+"5a25f83c2cb3a140a91b4a6e3d736813a9e67cd851", hex.EncodeToString(blob))
	require.Equal(t, "8f26229f5f1a38b6c61fc2cabd861183b760386a0faccc193f3e4c997d441803", hex.EncodeToString(r.MAC("purpose", []byte("data"))))
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	short := base64.StdEncoding.EncodeToString([]byte("short-canary"))
	for name, text := range map[string]string{
		"nothing":     "",
		"not base64":  "canary!canary",
		"short":       short,
		"twice":       keyText(1) + "," + keyText(1),
		"empty part":  keyText(1) + ",",
		"too many":    strings.Repeat(keyText(1)+",", 20) + keyText(1),
		"second long": keyText(1) + "," + base64.StdEncoding.EncodeToString(make([]byte, 33)),
	} {
		_, err := seal.Parse(text)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "canary", name)
		require.NotContains(t, err.Error(), short, name)
	}
	_, err := seal.Parse(" " + keyText(1) + " ,\n" + keyText(2) + "\n")
	require.NoError(t, err)
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	text, err := seal.Generate(bytes.NewReader(make([]byte, seal.KeySize)))
	require.NoError(t, err)
	require.Equal(t, keyText(0), text)
	_, err = seal.Generate(iotest.ErrReader(errors.New("dry")))
	require.ErrorContains(t, err, "dry")
}

func TestSealFailsWithoutRandomness(t *testing.T) {
	t.Parallel()
	r := ring(t, keyText(1))
	r.Rand = io.LimitReader(bytes.NewReader(make([]byte, 64)), 10)
	_, err := r.Seal([]byte("x"), "p")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestKeysNeverPrint(t *testing.T) {
	t.Parallel()
	secret := "deployment-key-canary-0123456789"
	r := ring(t, base64.StdEncoding.EncodeToString([]byte(secret)))
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%U"} {
		fmt.Fprintf(&out, verb, r)
		fmt.Fprintf(&out, verb, *r) //nolint:govet // the copy is the test: even without our methods nothing shows
		fmt.Fprintf(&out, verb, struct{ ring *seal.Keyring }{r})
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("m", "ring", r, "holder", struct{ Ring *seal.Keyring }{r})
	}
	require.NoError(t, json.NewEncoder(&out).Encode(r))
	require.NoError(t, yaml.NewEncoder(&out).Encode(r))

	for _, form := range []string{
		secret, hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))),
		base64.StdEncoding.EncodeToString([]byte(secret)), "100 101 112 108", // its bytes in decimal begin so
	} {
		require.NotContains(t, out.String(), form)
	}
}

func FuzzOpen(f *testing.F) {
	r := ring(f, keyText(1))
	r.Rand = bytes.NewReader(make([]byte, 28)) // the fuzzer's processes must agree on the one good blob
	good, err := r.Seal([]byte("good"), "p")
	require.NoError(f, err)
	f.Add(good)
	f.Add([]byte{})
	f.Add(good[:len(good)-1])
	f.Fuzz(func(t *testing.T, blob []byte) {
		plain, err := r.Open(blob, "p")
		if err == nil {
			require.Equal(t, good, blob, "only what was sealed opens")
			require.Equal(t, "good", string(plain))
		}
	})
}
