package roll

import (
	"crypto/rand"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the package documentation says of stolen keys and of codes, measured. The
// figures are what a warning to operators may quote.

// BenchmarkFactor finds the private key of a public one of 64 bits: what keeping
// the former from an agent is worth.
func BenchmarkFactor(b *testing.B) {
	for b.Loop() {
		key, err := GenerateKey(rand.Reader, LongKey)
		require.NoError(b, err)
		p := factor(key.n)
		found, ok := fromPrimes(max(p, key.n/p), min(p, key.n/p), key.e)
		require.True(b, ok)
		require.Equal(b, key.d, found.d)
	}
}

// factor is Pollard's rho method: a sequence of squares modulo n repeats modulo a
// prime of n long before it does modulo n.
func factor(n uint64) uint64 {
	m := newModulus(n)
	for c := uint64(1); ; c++ {
		slow, fast, product := uint64(2), uint64(2), m.one
		step := func(x uint64) uint64 {
			if x = m.mul(x, x); x >= n-c {
				return x - (n - c)
			}
			return x + c
		}
		for i := 1; ; i++ {
			slow, fast = step(slow), step(step(fast))
			if slow == fast {
				break // unlucky: another sequence
			}
			product = m.mul(product, max(slow, fast)-min(slow, fast))
			if i%256 > 0 {
				continue
			}
			divisor := new(big.Int).GCD(nil, nil, new(big.Int).SetUint64(product), new(big.Int).SetUint64(n)).Uint64()
			if divisor > 1 && divisor < n {
				return divisor
			}
			if divisor == n || product == 0 {
				break
			}
		}
	}
}

// BenchmarkTwoCodes finds a short key from two codes of one roll and the default
// format, which anybody may know: it tries all products of two primes.
func BenchmarkTwoCodes(b *testing.B) {
	f, err := NewFormat(rand.Reader)
	require.NoError(b, err)
	var primes []uint64
	for n := uint64(1<<15 + 1); n < 1<<16; n += 2 {
		if isPrime(n) {
			primes = append(primes, n)
		}
	}
	for b.Loop() {
		key, err := GenerateKey(rand.Reader, ShortKey)
		require.NoError(b, err)
		p, err := NewPrinter(key, f)
		require.NoError(b, err)
		one, _ := p.coder.read(p.Code(7, 100))
		other, _ := p.coder.read(p.Code(7, 200))
		found := fits(primes, f, one, other)
		require.Contains(b, found, key.n)
		require.Less(b, len(found), 3, "a third code settles what is left")
	}
}

// fits returns the moduli under which both numbers are tickets of the same roll.
func fits(primes []uint64, f Format, one, other uint64) (moduli []uint64) {
	c := coder{e: exponent, bytes: ShortKey / 8, format: f}
	for i, p := range primes {
		for _, q := range primes[i+1:] {
			n := p * q
			if n>>31 == 0 || one >= n || other >= n {
				continue
			}
			c.key = newModulus(n)
			rollOfOne, _, why := c.fields(one)
			if why != good {
				continue
			}
			if rollOfOther, _, why := c.fields(other); why == good && rollOfOther == rollOfOne {
				moduli = append(moduli, n)
			}
		}
	}
	return moduli
}
