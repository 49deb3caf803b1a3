package roll

import (
	"crypto/rand"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Powers are those of long numbers, for all odd moduli up to 64 bits.
func TestExpAgainstLongNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(1, 1<<63-1).Draw(t, "half of n")*2 + 1
		base := rapid.Uint64Range(0, n-1).Draw(t, "base")
		exponent := rapid.Uint64().Draw(t, "exponent")
		requirePower(t, n, base, exponent)
	})
	for _, n := range []uint64{3, 5, 1<<32 - 1, 1<<32 + 1, 1<<63 - 1, 1<<63 + 1, ^uint64(0)} {
		for _, base := range []uint64{0, 1, 2, n / 2, n - 1} {
			for _, exponent := range []uint64{0, 1, 2, 3, 65537, n - 1, ^uint64(0)} {
				requirePower(t, n, base, exponent)
			}
		}
	}
}

func requirePower(t require.TestingT, n, base, exponent uint64) {
	long := func(n uint64) *big.Int { return new(big.Int).SetUint64(n) }
	want := new(big.Int).Exp(long(base), long(exponent), long(n)).Uint64()
	m := newModulus(n)
	require.Equal(t, want, m.exp(base, exponent), "%d^%d mod %d", base, exponent, n)
}

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
