package roll

import "math/bits"

// modulus is an odd number of at most 64 bits with what Montgomery multiplication
// (P. L. Montgomery, Modular Multiplication Without Trial Division, 1985) needs to
// know of it. With R = 2^64, the product of two numbers in Montgomery form a·R and
// b·R costs three machine multiplications and no division.
type modulus struct {
	n       uint64
	inverse uint64 // n⁻¹ mod R
	one     uint64 // R mod n
	square  uint64 // R² mod n
}

// newModulus prepares an odd n greater than 1.
func newModulus(n uint64) modulus {
	inverse := n // right in its lowest three bits; each step doubles that
	for range 5 {
		inverse *= 2 - n*inverse
	}
	one := -n % n
	hi, lo := bits.Mul64(one, one)
	return modulus{n: n, inverse: inverse, one: one, square: bits.Rem64(hi, lo, n)}
}

// mul returns a·b/R mod n. Both are less than n.
func (m *modulus) mul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	// The multiple of n with the same low word; subtracting it leaves a multiple of R.
	same, _ := bits.Mul64(lo*m.inverse, m.n)
	rest, borrow := bits.Sub64(hi, same, 0)
	return rest + m.n&-borrow
}

// exp returns base^exponent mod n. The base is less than n.
func (m *modulus) exp(base, exponent uint64) uint64 {
	power, result := m.mul(base, m.square), m.one
	for i := bits.Len64(exponent) - 1; i >= 0; i-- {
		result = m.mul(result, result)
		if exponent>>i&1 == 1 {
			result = m.mul(result, power)
		}
	}
	return m.mul(result, 1)
}
