package radius

import (
	"crypto/des"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"unicode/utf16"

	"golang.org/x/crypto/md4"
)

// Layout of MS-CHAP-Response and MS-CHAP2-Response (RFC 2548 2.1.3, 2.3.2): both
// have 50 octets and end with the NT response.
const (
	msResponseLen   = 50
	msNTResponseAt  = 26
	msPeerAt        = 2
	msPeerLen       = 16
	msFlagNT        = 1 // MS-CHAP-Response: the NT response is the one to use
	msChallengeLen  = 8
	ms2ChallengeLen = 16
)

// provesMSCHAP reports whether the NT response of an MS-CHAP-Response (version 1,
// RFC 2433) is right. The older LAN Manager response is refused.
func (r *request) provesMSCHAP(password string) bool {
	if len(r.msResponse) != msResponseLen || len(r.msChallenge) != msChallengeLen || r.msResponse[1]&msFlagNT == 0 {
		return false
	}
	want := challengeResponse(r.msChallenge, ntPasswordHash(password))
	return subtle.ConstantTimeCompare(want[:], r.msResponse[msNTResponseAt:]) == 1
}

// provesMSCHAP2 reports whether the NT response of an MS-CHAP2-Response is right
// (RFC 2759 8.1). On success it leaves in r what the Access-Accept must prove.
func (r *request) provesMSCHAP2(password string) bool {
	if len(r.ms2Response) != msResponseLen || len(r.msChallenge) != ms2ChallengeLen {
		return false
	}
	peer := r.ms2Response[msPeerAt : msPeerAt+msPeerLen]
	challenge := r.challengeHash(peer, r.msChallenge, r.userName)
	hash := ntPasswordHash(password)
	want := challengeResponse(challenge[:], hash)
	if subtle.ConstantTimeCompare(want[:], r.ms2Response[msNTResponseAt:]) != 1 {
		return false
	}
	r.hashHash = md4Sum(hash[:])
	r.challenge = challenge
	return true
}

// challengeHash is RFC 2759 8.2; the user name is taken as received.
func (r *request) challengeHash(peer, authenticator, userName []byte) (challenge [msChallengeLen]byte) {
	b := append(r.hash.start(), peer...)
	b = append(b, authenticator...)
	b = append(b, userName...)
	sum := sha1.Sum(b)
	copy(challenge[:], sum[:])
	return challenge
}

// ntPasswordHash is RFC 2759 8.3: MD4 over the password in UTF-16, little endian.
func ntPasswordHash(password string) [md4.Size]byte {
	var wide [2 * maxValue]byte
	b := wide[:0]
	for _, letter := range password {
		if hi, lo := utf16.EncodeRune(letter); letter > 0xffff {
			b = append(b, byte(hi), byte(hi>>8), byte(lo), byte(lo>>8))
		} else {
			b = append(b, byte(letter), byte(letter>>8))
		}
	}
	defer clear(b)
	return md4Sum(b)
}

func md4Sum(b []byte) (sum [md4.Size]byte) {
	h := md4.New()
	_, _ = h.Write(b) // a hash does not fail
	h.Sum(sum[:0])
	return sum
}

// challengeResponse is RFC 2759 8.5: the challenge, DES-encrypted under each third
// of the hash padded to 21 octets.
func challengeResponse(challenge []byte, hash [md4.Size]byte) (response [24]byte) {
	var padded [21]byte
	copy(padded[:], hash[:])
	for i := range 3 {
		key := desKey(padded[7*i:])
		block, err := des.NewCipher(key[:])
		if err != nil {
			panic(err) // only for a key that is not 8 octets long
		}
		block.Encrypt(response[8*i:], challenge)
	}
	return response
}

// desKey spreads 56 bits over the high seven bits of eight octets; DES ignores
// the parity bit.
func desKey(b []byte) (key [8]byte) {
	var bits uint64
	for _, octet := range b[:7] {
		bits = bits<<8 | uint64(octet)
	}
	for i := range key {
		key[i] = byte(bits>>(49-7*i)) << 1
	}
	return key
}

var (
	magicServer1 = []byte("Magic server to client signing constant")
	magicServer2 = []byte("Pad to make it do more than one iteration")
)

// authenticatorResponse is RFC 2759 8.7: the server's proof, "S=" and forty hex
// digits.
func authenticatorResponse(hashHash [md4.Size]byte, ntResponse, challenge []byte) (proof [42]byte) {
	b := make([]byte, 0, sha1.Size+msChallengeLen+len(magicServer2)+len(magicServer1))
	b = append(append(append(b, hashHash[:]...), ntResponse...), magicServer1...)
	digest := sha1.Sum(b)
	b = append(append(append(b[:0], digest[:]...), challenge...), magicServer2...)
	digest = sha1.Sum(b)
	copy(proof[:], "S=")
	hex.Encode(proof[2:], digest[:])
	for i := 2; i < len(proof); i++ {
		if proof[i] >= 'a' {
			proof[i] -= 'a' - 'A'
		}
	}
	return proof
}
