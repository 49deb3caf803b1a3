package roll

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"math/bits"

	"github.com/foyerhq/foyer/internal/visit"
)

// Key sizes in bits. Every multiple of 8 up to MaxKeyBits is accepted from
// elsewhere; ShortKey and LongKey are made here.
const (
	ShortKey   = 32
	LongKey    = 64
	MaxKeyBits = 64

	// exponent is the public exponent of keys made here, as of the original's.
	exponent = 65537
)

// PublicKey reads codes. It is no secret, and yet it must not get about: its
// modulus is factored in a fraction of a second, see the package documentation.
type PublicKey struct {
	n, e uint64
}

// Bits is the modulus's length, a multiple of 8.
func (k PublicKey) Bits() int { return bits.Len64(k.n) }

// Format writes the size alone: a modulus in a log is a key in a log.
func (k PublicKey) Format(state fmt.State, _ rune) {
	_, _ = fmt.Fprintf(state, "roll.PublicKey(%d bits)", k.Bits())
}

// check says why a modulus and exponent are no key for codes. field is the input
// they came in.
func (k PublicKey) check(field string) error {
	switch size := k.Bits(); {
	case size == 0 || size%8 != 0:
		return visit.Invalid(field, "The key has %d bits, which is not a multiple of 8. Make a key of 32, 40, 48, 56 or 64 bits.", size)
	case k.n%2 == 0:
		return visit.Invalid(field, "The key's modulus is even, so it is no RSA key. Paste the key again or make a new pair.")
	case k.e < 3 || k.e%2 == 0 || k.e >= k.n:
		return visit.Invalid(field, "The key's exponent must be odd, at least 3 and less than the modulus. Make a new pair.")
	}
	return nil
}

// PrivateKey makes codes, and so whoever has it. It hides itself from logs and
// encoders; only [PrivateKey.PEM] gives it away.
type PrivateKey struct {
	PublicKey

	d, p, q uint64
}

// GenerateKey makes a pair of [ShortKey] or [LongKey] bits from random. All pairs
// of that size are about equally likely, also those whose primes the usual
// generators leave out to save a second try: a small key needs every bit.
func GenerateKey(random io.Reader, size int) (PrivateKey, error) {
	if size != ShortKey && size != LongKey {
		return PrivateKey{}, visit.Invalid("key_bits", "Keys are made with 32 or 64 bits. Paste a pair of another size.")
	}
	for {
		p, err := prime(random, size/2)
		if err != nil {
			return PrivateKey{}, err
		}
		q, err := prime(random, size/2)
		if err != nil {
			return PrivateKey{}, err
		}
		if key, ok := fromPrimes(max(p, q), min(p, q), exponent); ok && key.Bits() == size {
			return key, nil
		}
	}
}

// prime draws a prime of exactly size bits, at most 32.
func prime(random io.Reader, size int) (uint64, error) {
	var octets [4]byte
	for {
		if _, err := io.ReadFull(random, octets[:]); err != nil {
			return 0, fmt.Errorf("random source: %w", err)
		}
		n := uint64(binary.BigEndian.Uint32(octets[:]))>>(32-size) | 1<<(size-1) | 1
		if isPrime(n) {
			return n, nil
		}
	}
}

// isPrime is exact: the Baillie-PSW test has no exception below 2^64.
func isPrime(n uint64) bool { return new(big.Int).SetUint64(n).ProbablyPrime(0) }

// fromPrimes computes the pair of two primes, where they make one.
func fromPrimes(p, q, e uint64) (PrivateKey, bool) {
	if p == q {
		return PrivateKey{}, false
	}
	order := new(big.Int).SetUint64((p - 1) * (q - 1))
	d := new(big.Int).ModInverse(new(big.Int).SetUint64(e), order)
	if d == nil {
		return PrivateKey{}, false
	}
	return PrivateKey{PublicKey{p * q, e}, d.Uint64(), p, q}, true
}

// check says why the parts are no key for codes.
func (k PrivateKey) check(field string) error {
	if err := k.PublicKey.check(field); err != nil {
		return err
	}
	high, n := bits.Mul64(k.p, k.q)
	if high != 0 || n != k.n || k.p == k.q || !isPrime(k.p) || !isPrime(k.q) {
		return visit.Invalid(field, "The key's modulus is not the product of its two primes. Paste the key again or make a new pair.")
	}
	if !inverse(k.d, k.e, k.p-1) || !inverse(k.d, k.e, k.q-1) {
		return visit.Invalid(field, "The key's two exponents do not belong together. Paste the key again or make a new pair.")
	}
	return nil
}

// inverse reports whether d·e is 1 modulo m.
func inverse(d, e, m uint64) bool {
	hi, lo := bits.Mul64(d, e)
	return bits.Rem64(hi, lo, m) == 1
}

// CheckPair says whether codes made with one key are read with the other.
func CheckPair(private PrivateKey, public PublicKey) error {
	if private.PublicKey == public {
		return nil
	}
	if private.n == public.n {
		return visit.Invalid("public_key", "The public key has the private key's modulus but another exponent (%d, not %d). Paste the public key of this pair.", public.e, private.e)
	}
	return visit.Invalid("public_key", "The public key (%d bits) does not belong to the private key (%d bits). Paste both keys of one pair.", public.Bits(), private.Bits())
}

const redacted = "roll.PrivateKey(redacted)"

// Format hides the key, whatever the verb.
func (PrivateKey) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// MarshalText hides the key from encoders and slog.
func (PrivateKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }
