package radius

import "crypto/md5"

// hasher is scratch space for RADIUS' keyed hashes, so that none of them
// allocates. The zero value is ready; one goroutine at a time may use it.
type hasher struct{ buf []byte }

// start returns the empty buffer, large enough for any packet, pad and secret.
func (h *hasher) start() []byte {
	if h.buf == nil {
		h.buf = make([]byte, 0, 2*maxPacket)
	}
	return h.buf[:0]
}

// keyed returns MD5(p with authenticator in its place, secret): the Response
// Authenticator (RFC 2865 3) and, with zeros, the Request Authenticator of
// accounting (RFC 2866 3).
func (h *hasher) keyed(p packet, authenticator []byte, secret string) [md5.Size]byte {
	b := append(h.start(), p...)
	copy(packet(b).authenticator(), authenticator)
	b = append(b, secret...)
	return md5.Sum(b)
}

// messageAuthenticator returns HMAC-MD5 of p keyed with secret, where the value
// of the attribute at offset at counts as zeros and authenticator stands in the
// header (RFC 3579 3.2, RFC 2104 2).
func (h *hasher) messageAuthenticator(p packet, at int, authenticator []byte, secret string) [md5.Size]byte {
	var pad [md5.BlockSize]byte
	if len(secret) > len(pad) {
		sum := md5.Sum(append(h.start(), secret...))
		copy(pad[:], sum[:])
	} else {
		copy(pad[:], secret)
	}
	for i := range pad {
		pad[i] ^= 0x36
	}
	b := append(append(h.start(), pad[:]...), p...)
	message := packet(b[len(pad):])
	copy(message.authenticator(), authenticator)
	clear(message.value(at))
	inner := md5.Sum(b)

	for i := range pad {
		pad[i] ^= 0x36 ^ 0x5c
	}
	return md5.Sum(append(append(h.start(), pad[:]...), inner[:]...))
}

// xorKeystream decrypts or encrypts dst in place, 16 octets at a time, with the
// chain of RFC 2865 5.2 and RFC 2548 2.4.2: each block's key is MD5(secret,
// previous ciphertext), where seed stands before the first.
func (h *hasher) xorKeystream(dst []byte, seed []byte, secret string, encrypt bool) {
	var previous [md5.Size]byte
	for i := 0; i+md5.Size <= len(dst); i += md5.Size {
		block := dst[i : i+md5.Size]
		b := append(h.start(), secret...)
		if i == 0 {
			b = append(b, seed...)
		} else {
			b = append(b, previous[:]...)
		}
		key := md5.Sum(b)
		if !encrypt {
			copy(previous[:], block)
		}
		for j := range block {
			block[j] ^= key[j]
		}
		if encrypt {
			copy(previous[:], block)
		}
	}
}
