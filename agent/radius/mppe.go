package radius

import (
	"bytes"
	"crypto/sha1"

	"golang.org/x/crypto/md4"
)

// The constants of RFC 3079 3.4, as the server uses them: what it sends with is
// what the client receives with.
var (
	magicMaster = []byte("This is the MPPE Master Key")
	magicSend   = []byte("On the client side, this is the receive key; on the server side, it is the send key.")
	magicRecv   = []byte("On the client side, this is the send key; on the server side, it is the receive key.")
	shsPad1     = make([]byte, 40)
	shsPad2     = bytes.Repeat([]byte{0xf2}, 40)
)

const mppeKeyLen = 16 // 128-bit session keys

// mppeMasterKey is GetMasterKey of RFC 3079 3.4.
func (h *hasher) mppeMasterKey(hashHash [md4.Size]byte, ntResponse []byte) (key [mppeKeyLen]byte) {
	b := append(h.start(), hashHash[:]...)
	b = append(b, ntResponse...)
	b = append(b, magicMaster...)
	sum := sha1.Sum(b)
	copy(key[:], sum[:])
	return key
}

// mppeStartKey is GetAsymmetricStartKey of RFC 3079 3.4 for one direction.
func (h *hasher) mppeStartKey(master [mppeKeyLen]byte, magic []byte) (key [mppeKeyLen]byte) {
	b := append(h.start(), master[:]...)
	b = append(b, shsPad1...)
	b = append(b, magic...)
	b = append(b, shsPad2...)
	sum := sha1.Sum(b)
	copy(key[:], sum[:])
	return key
}

// hideKey returns key as MS-MPPE-Send-Key and MS-MPPE-Recv-Key carry it (RFC 2548
// 2.4.2): salt, then length and key padded to two blocks and encrypted.
func (h *hasher) hideKey(key [mppeKeyLen]byte, salt [2]byte, requestAuthenticator []byte, secret string) (value [34]byte) {
	copy(value[:], salt[:])
	value[2] = mppeKeyLen
	copy(value[3:], key[:])
	var seed [18]byte
	copy(seed[:], requestAuthenticator)
	copy(seed[16:], salt[:])
	h.xorKeystream(value[2:], seed[:], secret, true)
	return value
}
