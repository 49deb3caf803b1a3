package roll_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/roll"
)

// Pairs made here are pairs, of the size that was asked for, and each another one.
func TestGenerateKey(t *testing.T) {
	t.Parallel()
	for _, size := range []int{roll.ShortKey, roll.LongKey} {
		seen := map[string]bool{}
		for range 50 {
			key, err := roll.GenerateKey(rand.Reader, size)
			require.NoError(t, err)
			require.Equal(t, size, key.Bits())
			again, err := roll.ParsePrivateKey(key.PEM())
			require.NoError(t, err)
			require.NoError(t, roll.CheckPair(again, key.PublicKey))
			public, err := roll.ParsePublicKey(key.PublicKey.PEM())
			require.NoError(t, err)
			require.NoError(t, roll.CheckPair(key, public))
			seen[string(key.PEM())] = true
		}
		require.Greater(t, len(seen), 45)
	}
	for _, size := range []int{0, 31, 40, 128} {
		_, err := roll.GenerateKey(rand.Reader, size)
		require.ErrorContains(t, err, "32 or 64 bits")
	}
	_, err := roll.GenerateKey(iotest.ErrReader(fmt.Errorf("no randomness")), roll.ShortKey)
	require.ErrorContains(t, err, "no randomness")
}

// Short keys come from the whole range of primes of half their size, not from its
// upper quarter alone.
func TestGenerateKeyUsesTheRange(t *testing.T) {
	t.Parallel()
	low := 0
	for range 200 {
		key, err := roll.GenerateKey(rand.Reader, roll.ShortKey)
		require.NoError(t, err)
		o := oracleOf(t, key, roll.Format{})
		if o.n.Cmp(big.NewInt(0xC0000000)) < 0 {
			low++
		}
	}
	require.Greater(t, low, 20, "of 200 moduli in the lower half")
}

// rsaArc is the last number of rsaEncryption's identifier.
const rsaArc = 1

// pkcs8 wraps a PKCS #1 key: version 0, the algorithm, the key as octets.
func pkcs8(t *testing.T, text string, arc byte) string {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	require.NotNil(t, block)
	inner := append([]byte{0x04, byte(len(block.Bytes))}, block.Bytes...)
	algorithm := []byte{0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, arc, 0x05, 0}
	body := append(append([]byte{0x02, 1, 0}, algorithm...), inner...)
	return pemOf("PRIVATE KEY", append([]byte{0x30, byte(len(body))}, body...))
}

func pemOf(label string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

// Keys are found in what people paste.
func TestKeysAsPasted(t *testing.T) {
	t.Parallel()
	v := recorded(t)
	for _, recorded := range v.Keys {
		want := recorded.private(t)
		for name, text := range map[string]string{
			"PKCS #8":       pkcs8(t, recorded.Private, rsaArc),
			"carriage":      strings.ReplaceAll(recorded.Private, "\n", "\r\n"),
			"notes around":  "my key\n\n" + recorded.Private + "\nend of key\n",
			"both keys":     recorded.Private + "\x00" + recorded.Public,
			"the other way": recorded.Public + recorded.Private,
		} {
			key, err := roll.ParsePrivateKey([]byte(text))
			require.NoError(t, err, name)
			require.NoError(t, roll.CheckPair(key, want.PublicKey), name)
			require.Equal(t, recorded.Private, string(key.PEM()), name)
		}
		public, err := roll.ParsePublicKey([]byte(recorded.Private + recorded.Public))
		require.NoError(t, err)
		require.NoError(t, roll.CheckPair(want, public))
	}
}

// keyOf writes a private key of given parts by hand.
func keyOf(parts ...*big.Int) string {
	der := integers(append([]*big.Int{new(big.Int)}, parts...)...)
	return pemOf("RSA PRIVATE KEY", der)
}

func integers(parts ...*big.Int) []byte {
	var body []byte
	for _, part := range parts {
		octets := part.Bytes()
		if part.BitLen()%8 == 0 { // the first bit would be the sign
			octets = append([]byte{0}, octets...)
		}
		body = append(append(body, 0x02, byte(len(octets))), octets...)
	}
	return append([]byte{0x30, byte(len(body))}, body...)
}

func publicOf(n, e *big.Int) string {
	inner := append([]byte{0}, integers(n, e)...)
	body := append([]byte{0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 0x05, 0, 0x03, byte(len(inner))}, inner...)
	return pemOf("PUBLIC KEY", append([]byte{0x30, byte(len(body))}, body...))
}

// Keys that are none say what is wrong with them and what to do.
func TestKeysRefused(t *testing.T) {
	t.Parallel()
	v := recorded(t)
	good := v.key(t, "d-k0-32b")
	n, d := big.NewInt(3058935107), big.NewInt(2710920833)
	e, p, q := big.NewInt(65537), big.NewInt(65027), big.NewInt(47041)
	one := big.NewInt(1)
	with := func(n, e, d, p, q *big.Int) string { return keyOf(n, e, d, p, q, one, one, one) }
	small := func(p, q int64) string { // a right key of another size
		order := big.NewInt((p - 1) * (q - 1))
		return with(big.NewInt(p*q), big.NewInt(17), new(big.Int).ModInverse(big.NewInt(17), order), big.NewInt(p), big.NewInt(q))
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":             {"", "no RSA private key in PEM"},
		"public":            {good.Public, "no RSA private key in PEM"},
		"cut off":           {good.Private[:60], "no RSA private key in PEM"},
		"other algorithm":   {pkcs8(t, good.Private, rsaArc+1), "no RSA private key in PEM"},
		"trailing":          {pemOf("RSA PRIVATE KEY", append(mustDER(t, good.Private), 0)), "no RSA private key in PEM"},
		"huge":              {strings.Repeat("x", 1<<20) + good.Private, "no RSA private key in PEM"},
		"zero":              {with(n, e, new(big.Int), p, q), "no RSA private key in PEM"},
		"too large":         {with(new(big.Int).Lsh(one, 127), e, d, p, q), "128 bits; codes are made with at most 64"},
		"33 bits":           {small(65539, 65537), "33 bits, which is not a multiple of 8"},
		"63 bits":           {with(new(big.Int).Lsh(one, 62), e, d, p, q), "63 bits, which is not a multiple of 8"},
		"even":              {with(big.NewInt(3058935108), e, d, p, q), "even"},
		"exponent":          {with(n, one, d, p, q), "exponent must be odd"},
		"even exponent":     {with(n, big.NewInt(65536), d, p, q), "exponent must be odd"},
		"primes":            {with(n, e, d, p, big.NewInt(47043)), "not the product"},
		"one prime":         {with(n, e, d, n, one), "not the product"},
		"overflow":          {with(n, e, d, new(big.Int).Add(p, new(big.Int).Lsh(one, 63)), q), "not the product"},
		"private exponent":  {with(n, e, big.NewInt(2710920835), p, q), "do not belong together"},
		"oversize part":     {with(n, e, new(big.Int).Lsh(one, 64), p, q), "larger than its modulus"},
		"oversize exponent": {with(n, new(big.Int).Lsh(one, 64), d, p, q), "larger than its modulus"},
	} {
		_, err := roll.ParsePrivateKey([]byte(c.text))
		require.ErrorContains(t, err, c.want, name)
		requireField(t, err, "private_key")
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":             {"", "no RSA public key in PEM"},
		"private":           {good.Private, "no RSA public key in PEM"},
		"too large":         {publicOf(new(big.Int).Lsh(one, 71), e), "72 bits; codes are made with at most 64"},
		"31 bits":           {publicOf(big.NewInt(1<<30+1), e), "31 bits, which is not a multiple of 8"},
		"exponent":          {publicOf(n, n), "exponent must be odd"},
		"oversize exponent": {publicOf(n, new(big.Int).Lsh(one, 64)), "larger than its modulus"},
	} {
		_, err := roll.ParsePublicKey([]byte(c.text))
		require.ErrorContains(t, err, c.want, name)
		requireField(t, err, "public_key")
	}
	_, err := roll.ParsePrivateKey([]byte(with(n, e, d, p, q)))
	require.NoError(t, err, "the control: the same parts, right")
}

func mustDER(t *testing.T, text string) []byte {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	require.NotNil(t, block)
	return block.Bytes
}

func TestCheckPair(t *testing.T) {
	t.Parallel()
	v := recorded(t)
	private := v.key(t, "d-k0-32b").private(t)
	err := roll.CheckPair(private, v.key(t, "d-k5-64b").public(t))
	require.ErrorContains(t, err, "64 bits) does not belong to the private key (32 bits)")
	other, err := roll.ParsePublicKey([]byte(publicOf(big.NewInt(3058935107), big.NewInt(17))))
	require.NoError(t, err)
	require.ErrorContains(t, roll.CheckPair(private, other), "another exponent (17, not 65537)")
}

// A key in a log, an error or a frame is a key given away.
func TestKeysHideThemselves(t *testing.T) {
	t.Parallel()
	text := recorded(t).key(t, "d-k0-32b")
	key := text.private(t)
	original, err := roll.ReadOriginalKey([]byte(text.Private), true)
	require.NoError(t, err)
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, nil))
	logger.Info("keys", "private", key, "public", key.PublicKey, "pointer", &key)
	for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x", "%s"} {
		fmt.Fprintf(&out, verb+verb+verb+"\n", key, key.PublicKey, original)
	}
	encoded, err := json.Marshal(map[string]any{"private": key, "public": key.PublicKey})
	require.NoError(t, err)
	out.Write(encoded)
	for _, part := range []string{"3058935107", "2710920833", "65027", "47041", "b653a543"} {
		require.NotContains(t, out.String(), part)
	}
}

// FuzzKeys: whatever is pasted is a key that is given out as it was taken in, or it
// is refused.
func FuzzKeys(f *testing.F) {
	for _, key := range recorded(f).Keys {
		private, _ := pem.Decode([]byte(key.Private))
		public, _ := pem.Decode([]byte(key.Public))
		f.Add(private.Bytes, public.Bytes)
	}
	f.Fuzz(func(t *testing.T, private, public []byte) {
		for _, label := range []string{"RSA PRIVATE KEY", "PRIVATE KEY"} {
			text := []byte(pemOf(label, private))
			_, _ = roll.ReadOriginalKey(text, true)
			if key, err := roll.ParsePrivateKey(text); err == nil {
				again, err := roll.ParsePrivateKey(key.PEM())
				require.NoError(t, err)
				require.NoError(t, roll.CheckPair(again, key.PublicKey))
			}
		}
		text := []byte(pemOf("PUBLIC KEY", public))
		_, _ = roll.ReadOriginalKey(text, false)
		if key, err := roll.ParsePublicKey(text); err == nil {
			again, err := roll.ParsePublicKey(key.PEM())
			require.NoError(t, err)
			require.Equal(t, key, again)
		}
	})
}
