package radius

import (
	"encoding/hex"
	"fmt"
)

// method is how a request proves its user.
type method byte

const (
	methodNone method = iota
	methodPAP
	methodCHAP
	methodMSCHAP
	methodMSCHAP2
	methodEAP
	methodSeveral // more than one at once
	methods
)

var methodNames = [methods]string{
	methodPAP: "pap", methodCHAP: "chap", methodMSCHAP: "mschap", methodMSCHAP2: "mschapv2", methodEAP: "eap",
}

func (f *fields) method() method {
	switch {
	case f.credentials > 1:
		return methodSeveral
	case f.userPassword != nil:
		return methodPAP
	case f.chapPassword != nil:
		return methodCHAP
	case f.msResponse != nil:
		return methodMSCHAP
	case f.ms2Response != nil:
		return methodMSCHAP2
	case f.eapMessage != nil:
		return methodEAP
	}
	return methodNone
}

// proves reports whether the request proves knowledge of password. A grant
// without a password is never proved.
func (r *request) proves(m method, password string) bool {
	if password == "" {
		return false
	}
	switch m {
	case methodPAP:
		return r.provesPAP(password)
	case methodCHAP:
		return r.provesCHAP(password)
	case methodMSCHAP:
		return r.provesMSCHAP(password)
	case methodMSCHAP2:
		return r.provesMSCHAP2(password)
	}
	return false
}

// addMSCHAP2Success adds what RFC 2548 2.3.3 and 2.4 give an MS-CHAPv2 Accept: the
// server's own proof, and the keys of the link for NASes that encrypt it.
func (s *Server) addMSCHAP2Success(r *request) error {
	ntResponse := r.ms2Response[msNTResponseAt:]
	proof := authenticatorResponse(r.hashHash, ntResponse, r.challenge[:])
	var success [1 + len(proof)]byte
	success[0] = r.ms2Response[0] // Ident
	copy(success[1:], proof[:])
	r.out.addMicrosoft(msCHAP2Success, success[:])

	random, err := s.draw(r, 2)
	if err != nil {
		return fmt.Errorf("salt: %w", err)
	}
	// RFC 2548 2.4.2: a salt has its high bit set and is used once in a packet.
	salt := [2]byte{random[0] | 0x80, random[1]}
	master := r.hash.mppeMasterKey(r.hashHash, ntResponse)
	for _, k := range mppeKeys {
		key := r.hash.mppeStartKey(master, k.magic)
		hidden := r.hash.hideKey(key, salt, r.packet.authenticator(), r.nas.Secret)
		r.out.addMicrosoft(k.kind, hidden[:])
		salt[1] ^= 1
	}
	r.out.addMicrosoft(msMPPEEncryptionPolicy, []byte{0, 0, 0, mppeAllowed})
	r.out.addMicrosoft(msMPPEEncryptionTypes, []byte{0, 0, 0, mppe40Or128})
	return nil
}

var mppeKeys = [...]struct {
	kind  byte
	magic []byte
}{{msMPPESendKey, magicSend}, {msMPPERecvKey, magicRecv}}

// RFC 2548 2.4.4 and 2.4.5.
const (
	mppeAllowed = 1
	mppe40Or128 = 6
)

// addMSCHAPError adds MS-CHAP-Error: authentication failed, no retry under the
// same identifier (RFC 2433 9, RFC 2759 6). Version 2 must name a challenge.
func (s *Server) addMSCHAPError(r *request, m method) error {
	const failed = "E=691 R=0"
	if m == methodMSCHAP {
		r.out.addMicrosoft(msCHAPError, append([]byte{ident(r.msResponse)}, failed+" V=3"...))
		return nil
	}
	random, err := s.draw(r, ms2ChallengeLen)
	if err != nil {
		return fmt.Errorf("challenge: %w", err)
	}
	text := append([]byte{ident(r.ms2Response)}, failed+" C="...)
	text = hex.AppendEncode(text, random)
	r.out.addMicrosoft(msCHAPError, append(text, " V=3"...))
	return nil
}

// ident returns a response's first octet, which may be missing.
func ident(response []byte) byte {
	if len(response) == 0 {
		return 0
	}
	return response[0]
}
