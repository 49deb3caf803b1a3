package roll

import (
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
