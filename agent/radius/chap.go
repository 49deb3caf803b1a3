package radius

import (
	"crypto/md5"
	"crypto/subtle"
)

// provesCHAP reports whether CHAP-Password is the MD5 of its identifier, password
// and the challenge (RFC 2865 5.3, RFC 1994 4.1). The challenge is CHAP-Challenge,
// or the Request Authenticator where that is absent (RFC 2865 2.2).
func (r *request) provesCHAP(password string) bool {
	if len(r.chapPassword) != 1+md5.Size {
		return false
	}
	challenge := r.chapChallenge
	if challenge == nil {
		challenge = r.packet.authenticator()
	}
	if len(challenge) == 0 {
		return false
	}
	b := append(r.hash.start(), r.chapPassword[0])
	b = append(b, password...)
	b = append(b, challenge...)
	want := md5.Sum(b)
	clear(b)
	return subtle.ConstantTimeCompare(want[:], r.chapPassword[1:]) == 1
}
