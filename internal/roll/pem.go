package roll

import (
	"encoding/asn1"
	"encoding/pem"
	"math/big"

	"github.com/foyerhq/foyer/internal/visit"
)

// PEM labels (RFC 7468) and the forms behind them.
const (
	labelPKCS1 = "RSA PRIVATE KEY" // RFC 8017, appendix A.1.2
	labelPKCS8 = "PRIVATE KEY"     // RFC 5208
	labelSPKI  = "PUBLIC KEY"      // RFC 5280, section 4.1
)

// maxPEM bounds what is parsed as a key: a 64-bit pair takes 300 octets, this
// leaves room for notes around it.
const maxPEM = 16 << 10

// The standard library's crypto/x509 refuses RSA keys of less than 1024 bits, so
// the three small structures are read here.

type pkcs1 struct {
	Version                     int
	N, E, D, P, Q, DP, DQ, QInv *big.Int
}

type pkcs1Public struct{ N, E *big.Int }

type algorithm struct {
	ID         asn1.ObjectIdentifier
	Parameters asn1.RawValue
}

type pkcs8 struct {
	Version   int
	Algorithm algorithm
	Key       []byte
	Optional  asn1.RawValue `asn1:"optional,tag:0"`
}

type spki struct {
	Algorithm algorithm
	Key       asn1.BitString
}

var rsaEncryption = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}

// ParsePrivateKey reads a private key in PEM, PKCS #1 or PKCS #8, and checks it:
// its size, its primes and that its exponents belong together. Text around it is
// skipped, so that a file of both keys may be given.
func ParsePrivateKey(text []byte) (PrivateKey, error) {
	const field = "private_key"
	parts, ok := privateParts(text)
	if !ok {
		return PrivateKey{}, visit.Invalid(field, "This is no RSA private key in PEM. Paste all of it, from the line BEGIN RSA PRIVATE KEY to the line END RSA PRIVATE KEY.")
	}
	if err := checkSize(field, parts.N); err != nil {
		return PrivateKey{}, err
	}
	key, ok := parts.key()
	if !ok {
		return PrivateKey{}, visit.Invalid(field, "A part of the key is larger than its modulus. Paste the key again or make a new pair.")
	}
	return key, key.check(field)
}

// ParsePublicKey reads a public key in PEM, as SubjectPublicKeyInfo, and checks
// its size and exponent. Text around it is skipped.
func ParsePublicKey(text []byte) (PublicKey, error) {
	const field = "public_key"
	parts, ok := publicParts(text)
	if !ok {
		return PublicKey{}, visit.Invalid(field, "This is no RSA public key in PEM. Paste all of it, from the line BEGIN PUBLIC KEY to the line END PUBLIC KEY.")
	}
	if err := checkSize(field, parts.N); err != nil {
		return PublicKey{}, err
	}
	key, ok := parts.key()
	if !ok {
		return PublicKey{}, visit.Invalid(field, "The key's exponent is larger than its modulus. Paste the key again or make a new pair.")
	}
	return key, key.check(field)
}

func checkSize(field string, n *big.Int) error {
	if n.BitLen() <= MaxKeyBits {
		return nil
	}
	return visit.Invalid(field, "The key has %d bits; codes are made with at most 64. Make a key of 64 bits or fewer.", n.BitLen())
}

// PEM is the key as PKCS #1, the form the original insists on. It is the secret.
func (k PrivateKey) PEM() []byte {
	part := func(n uint64) *big.Int { return new(big.Int).SetUint64(n) }
	return encode(labelPKCS1, pkcs1{
		N: part(k.n), E: part(k.e), D: part(k.d), P: part(k.p), Q: part(k.q),
		DP: part(k.d % (k.p - 1)), DQ: part(k.d % (k.q - 1)),
		QInv: new(big.Int).ModInverse(part(k.q), part(k.p)),
	})
}

// PEM is the key as SubjectPublicKeyInfo.
func (k PublicKey) PEM() []byte {
	key, _ := asn1.Marshal(pkcs1Public{new(big.Int).SetUint64(k.n), new(big.Int).SetUint64(k.e)}) // two integers
	return encode(labelSPKI, spki{
		Algorithm: algorithm{rsaEncryption, asn1.NullRawValue},
		Key:       asn1.BitString{Bytes: key, BitLength: 8 * len(key)},
	})
}

func encode(label string, key any) []byte {
	der, _ := asn1.Marshal(key) // integers and octets only
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
}

// privateParts finds the first private key in text. It says nothing of its parts
// but that they are positive.
func privateParts(text []byte) (parts pkcs1, ok bool) {
	block := firstBlock(text, labelPKCS1, labelPKCS8)
	if block == nil {
		return pkcs1{}, false
	}
	der := block.Bytes
	if block.Type == labelPKCS8 {
		var outer pkcs8
		if !decode(der, &outer) || !outer.Algorithm.ID.Equal(rsaEncryption) {
			return pkcs1{}, false
		}
		der = outer.Key
	}
	ok = decode(der, &parts) && parts.Version == 0 && positive(parts.N, parts.E, parts.D, parts.P, parts.Q)
	return parts, ok
}

// publicParts finds the first public key in text.
func publicParts(text []byte) (parts pkcs1Public, ok bool) {
	block := firstBlock(text, labelSPKI)
	if block == nil {
		return pkcs1Public{}, false
	}
	var outer spki
	if !decode(block.Bytes, &outer) || !outer.Algorithm.ID.Equal(rsaEncryption) {
		return pkcs1Public{}, false
	}
	ok = decode(outer.Key.RightAlign(), &parts) && positive(parts.N, parts.E)
	return parts, ok
}

// firstBlock finds the first PEM block with one of the labels.
func firstBlock(text []byte, labels ...string) *pem.Block {
	if len(text) > maxPEM {
		return nil
	}
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return nil
		}
		for _, label := range labels {
			if block.Type == label {
				return block
			}
		}
	}
}

func decode(der []byte, into any) bool {
	rest, err := asn1.Unmarshal(der, into)
	return err == nil && len(rest) == 0
}

func positive(parts ...*big.Int) bool {
	for _, part := range parts {
		if part == nil || part.Sign() <= 0 {
			return false
		}
	}
	return true
}

// key fits the parts into machine words.
func (p pkcs1) key() (PrivateKey, bool) {
	public, ok := pkcs1Public{p.N, p.E}.key()
	ok = ok && p.D.IsUint64() && p.P.IsUint64() && p.Q.IsUint64()
	return PrivateKey{public, p.D.Uint64(), p.P.Uint64(), p.Q.Uint64()}, ok
}

func (p pkcs1Public) key() (PublicKey, bool) {
	return PublicKey{p.N.Uint64(), p.E.Uint64()}, p.N.IsUint64() && p.E.IsUint64()
}
