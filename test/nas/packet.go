package nas

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // RADIUS is built on it (RFC 2865 section 3)
	"encoding/binary"
	"errors"
	"slices"

	"layeh.com/radius"
	"layeh.com/radius/rfc2869"
)

const (
	headerLen = 20
	// Attribute type, its length octet and 16 octets of HMAC.
	messageAuthenticatorLen = 18
)

// Faults of an answer, for errors.Is.
var (
	ErrMalformed            = errors.New("malformed packet")
	ErrAuthenticator        = errors.New("wrong authenticator")
	ErrMessageAuthenticator = errors.New("Message-Authenticator missing, wrong or not the first attribute")
)

// seed is what stands in the authenticator field while a packet is hashed: the
// request's authenticator for an answer, zeros for accounting and Disconnect.
type seed [16]byte

// encode turns p into a datagram. p.Authenticator holds the seed, or for an
// Access-Request its random authenticator; a Message-Authenticator attribute,
// if p has one, is computed first (RFC 3579 section 3.2, RFC 5176 section 2.3).
func encode(p *radius.Packet) ([]byte, error) {
	b, err := p.MarshalBinary()
	if err != nil {
		return nil, err
	}
	if at, n := findMessageAuthenticator(b); n == 1 {
		copy(b[at:], messageAuthenticator(b, p.Secret))
	}
	if p.Code != radius.CodeAccessRequest {
		sum := digest(b, p.Secret)
		copy(b[4:headerLen], sum[:])
	}
	return b, nil
}

// addMessageAuthenticator reserves the place that encode fills in.
func addMessageAuthenticator(p *radius.Packet) {
	p.Add(rfc2869.MessageAuthenticator_Type, make([]byte, 16))
}

// trim cuts a datagram to its Length field; octets beyond are padding.
func trim(b []byte) ([]byte, error) {
	if len(b) < headerLen {
		return nil, ErrMalformed
	}
	n := int(binary.BigEndian.Uint16(b[2:4]))
	if n < headerLen || n > radius.MaxPacketLength || n > len(b) {
		return nil, ErrMalformed
	}
	return b[:n], nil
}

// checkAuthenticator verifies the authenticator of a trimmed packet.
func checkAuthenticator(b []byte, s seed, secret []byte) error {
	seeded := slices.Clone(b)
	copy(seeded[4:headerLen], s[:])
	sum := digest(seeded, secret)
	if !hmac.Equal(sum[:], b[4:headerLen]) {
		return ErrAuthenticator
	}
	return nil
}

// checkMessageAuthenticator verifies the attribute of a trimmed packet, and
// reports whether there is one and whether it comes first. Two are a fault.
func checkMessageAuthenticator(b []byte, s seed, secret []byte) (present, first bool, err error) {
	at, n := findMessageAuthenticator(b)
	if n == 0 {
		return false, false, nil
	}
	if n > 1 || at == 0 {
		return true, false, ErrMessageAuthenticator
	}
	blank := slices.Clone(b)
	copy(blank[4:headerLen], s[:])
	clear(blank[at : at+16])
	if !hmac.Equal(messageAuthenticator(blank, secret), b[at:at+16]) {
		return true, false, ErrMessageAuthenticator
	}
	return true, at == headerLen+2, nil
}

// findMessageAuthenticator returns where the value lies, 0 if its length is
// wrong, and how many there are. It stops at a malformed attribute.
func findMessageAuthenticator(b []byte) (at, count int) {
	for i := headerLen; i+2 <= len(b); i += int(b[i+1]) {
		size := int(b[i+1])
		if size < 2 || i+size > len(b) {
			return at, count
		}
		if radius.Type(b[i]) != rfc2869.MessageAuthenticator_Type {
			continue
		}
		count++
		if size == messageAuthenticatorLen {
			at = i + 2
		}
	}
	return at, count
}

func messageAuthenticator(b, secret []byte) []byte {
	mac := hmac.New(md5.New, secret)
	mac.Write(b)
	return mac.Sum(nil)
}

func digest(b, secret []byte) [md5.Size]byte {
	return md5.Sum(append(slices.Clone(b), secret...)) //nolint:gosec // see the import
}
