package disconnect

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"time"
)

// Packet codes, RFC 5176 2.
const (
	codeRequest = 40
	codeACK     = 41
	codeNAK     = 42
)

// Attribute types, RFC 2865, 2866, 2869, 3162 and 5176.
const (
	attrUserName             = 1
	attrNASIPAddress         = 4
	attrFramedIPAddress      = 8
	attrCallingStationID     = 31
	attrNASIdentifier        = 32
	attrAcctSessionID        = 44
	attrEventTimestamp       = 55
	attrMessageAuthenticator = 80
	attrNASIPv6Address       = 95
	attrErrorCause           = 101
)

const (
	headerLen = 20
	maxPacket = 4096 // RFC 2865 3
	maxValue  = 253  // RFC 2865 5
	authLen   = md5.Size
	// clockWindow is how far an Event-Timestamp may be off, RFC 5176 3 and 6.3.
	clockWindow = 300 * time.Second
)

// attribute is one attribute of a request.
type attribute struct {
	kind  byte
	value []byte
}

// buildRequest makes a Disconnect-Request. Message-Authenticator comes first and
// is computed over the packet with a zero Request Authenticator, which is
// computed after it (RFC 5176 2.3 and 3.4). Attributes too long to be sent are
// left out.
func buildRequest(id byte, secret []byte, at time.Time, attributes []attribute) []byte {
	b := make([]byte, headerLen, 256)
	b[0], b[1] = codeRequest, id
	b = append(b, attrMessageAuthenticator, 2+authLen)
	mac := len(b)
	b = append(b, make([]byte, authLen)...)
	b = append(b, attrEventTimestamp, 6)
	b = binary.BigEndian.AppendUint32(b, uint32(at.Unix()))
	for _, a := range attributes {
		if len(a.value) > 0 && len(a.value) <= maxValue {
			b = append(b, a.kind, byte(2+len(a.value)))
			b = append(b, a.value...)
		}
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	copy(b[mac:], messageAuthenticator(b, secret))
	sum := md5.Sum(append(b[:len(b):len(b)], secret...))
	copy(b[4:headerLen], sum[:])
	return b
}

func messageAuthenticator(packet, secret []byte) []byte {
	h := hmac.New(md5.New, secret)
	h.Write(packet)
	return h.Sum(nil)
}

// answer is what a NAS said to a Disconnect-Request.
type answer struct {
	ack   bool
	cause int // Error-Cause, 0 for none
}

// Why a datagram is not the answer waited for. Each is a metric's label.
var (
	errMalformed     = errors.New("malformed")
	errIdentifier    = errors.New("identifier")
	errCode          = errors.New("code")
	errAuthenticator = errors.New("authenticator")
	errMessageAuth   = errors.New("message_authenticator")
	errTimestamp     = errors.New("event_timestamp")
)

// parseAnswer checks b as the answer to request: length, Identifier, Response
// Authenticator, code, and, where present, Message-Authenticator and
// Event-Timestamp. What fails is discarded silently (RFC 5176 3.4 and 6.3, RFC
// 2865 3); octets beyond the length field are padding.
func parseAnswer(b, request, secret []byte, now time.Time) (answer, error) {
	if len(b) < headerLen {
		return answer{}, errMalformed
	}
	length := int(binary.BigEndian.Uint16(b[2:]))
	if length < headerLen || length > maxPacket || length > len(b) {
		return answer{}, errMalformed
	}
	b = b[:length]
	switch {
	case b[1] != request[1]:
		return answer{}, errIdentifier
	case !authentic(b, request, secret):
		return answer{}, errAuthenticator
	case b[0] != codeACK && b[0] != codeNAK:
		return answer{}, errCode
	}
	a := answer{ack: b[0] == codeACK}
	return a, a.readAttributes(b, request, secret, now)
}

// authentic checks the Response Authenticator: MD5 over the answer with the
// request's authenticator in its place, and the secret.
func authentic(b, request, secret []byte) bool {
	h := md5.New()
	h.Write(b[:4])
	h.Write(request[4:headerLen])
	h.Write(b[headerLen:])
	h.Write(secret)
	return hmac.Equal(h.Sum(nil), b[4:headerLen])
}

func (a *answer) readAttributes(b, request, secret []byte, now time.Time) error {
	for at := headerLen; at < len(b); {
		if len(b)-at < 2 || b[at+1] < 2 || at+int(b[at+1]) > len(b) {
			return errMalformed
		}
		end := at + int(b[at+1])
		value := b[at+2 : end]
		switch b[at] {
		case attrErrorCause:
			if len(value) != 4 {
				return errMalformed
			}
			a.cause = int(binary.BigEndian.Uint32(value))
		case attrEventTimestamp:
			if len(value) != 4 {
				return errMalformed
			}
			said := time.Unix(int64(binary.BigEndian.Uint32(value)), 0)
			if now.Sub(said).Abs() > clockWindow {
				return errTimestamp
			}
		case attrMessageAuthenticator:
			if !authenticMessage(b, at+2, end, request, secret) {
				return errMessageAuth
			}
		}
		at = end
	}
	return nil
}

// authenticMessage checks the Message-Authenticator at b[from:to], which is
// computed with the request's authenticator in the header and zeros in itself.
func authenticMessage(b []byte, from, to int, request, secret []byte) bool {
	if to-from != authLen {
		return false
	}
	clean := append([]byte(nil), b...)
	copy(clean[4:headerLen], request[4:headerLen])
	clear(clean[from:to])
	return hmac.Equal(messageAuthenticator(clean, secret), b[from:to])
}
