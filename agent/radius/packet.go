package radius

import (
	"encoding/binary"
	"errors"
)

// Limits of RFC 2865 3.
const (
	headerLen = 20
	maxPacket = 4096
	maxValue  = 253
)

// code is a packet's first octet (RFC 2865 3, RFC 5997 1).
type code byte

const (
	codeAccessRequest      code = 1
	codeAccessAccept       code = 2
	codeAccessReject       code = 3
	codeAccountingRequest  code = 4
	codeAccountingResponse code = 5
	codeStatusServer       code = 12
)

// packet is a well-formed RADIUS packet, read where the socket put it. Slices
// it gives out are parts of it and live as long as its buffer's content.
type packet []byte

// Why parse refuses a datagram. All of them are silence (RFC 2865 3).
var (
	errShort     = errors.New("shorter than a header or than its Length")
	errLength    = errors.New("length below 20 or above 4096")
	errAttribute = errors.New("attribute shorter than 2 octets or past the end")
)

// parse checks a datagram's lengths and returns the packet in it. Octets beyond
// Length are padding and no part of the packet (RFC 2865 3).
func parse(datagram []byte) (packet, error) {
	if len(datagram) < headerLen {
		return nil, errShort
	}
	length := int(binary.BigEndian.Uint16(datagram[2:]))
	switch {
	case length < headerLen || length > maxPacket:
		return nil, errLength
	case length > len(datagram):
		return nil, errShort
	}
	p := packet(datagram[:length:length])
	for at := headerLen; at < length; at = p.next(at) {
		if length-at < 2 || p[at+1] < 2 || p.next(at) > length {
			return nil, errAttribute
		}
	}
	return p, nil
}

func (p packet) code() code            { return code(p[0]) }
func (p packet) identifier() byte      { return p[1] }
func (p packet) authenticator() []byte { return p[4:headerLen] }

// An attribute is named by its offset; the first is at headerLen, and next of
// the last is len(p).
func (p packet) kind(at int) attribute { return attribute(p[at]) }
func (p packet) next(at int) int       { return at + int(p[at+1]) }
func (p packet) value(at int) []byte   { return p[at+2 : p.next(at)] }

// number returns a four-octet value, ok false if it has another length
// (RFC 2865 5: such an attribute is ignored).
func number(value []byte) (n uint32, ok bool) {
	if len(value) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(value), true
}
