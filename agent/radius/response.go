package radius

import (
	"crypto/md5"
	"encoding/binary"
)

// response builds an answer in a buffer that is used again for the next one.
type response struct {
	buf     []byte // cap maxPacket
	tooLong bool   // something did not fit; the answer must not be sent
}

// begin starts an answer. With signed, Message-Authenticator is its first
// attribute, so that a forger cannot choose what precedes it (CVE-2024-3596);
// finish fills it in.
func (w *response) begin(c code, identifier byte, signed bool) {
	w.buf = append(w.buf[:0], byte(c), identifier, 0, 0)
	w.buf = append(w.buf, make([]byte, headerLen-len(w.buf))...)
	w.tooLong = false
	if signed {
		var zero [md5.Size]byte
		w.add(attrMessageAuthenticator, zero[:])
	}
}

func (w *response) add(kind attribute, value []byte) {
	if w.fits(len(value)) {
		w.buf = append(w.buf, byte(kind), byte(len(value)+2))
		w.buf = append(w.buf, value...)
	}
}

func (w *response) addString(kind attribute, value string) {
	if w.fits(len(value)) {
		w.buf = append(w.buf, byte(kind), byte(len(value)+2))
		w.buf = append(w.buf, value...)
	}
}

func (w *response) addNumber(kind attribute, n uint32) {
	if w.fits(4) {
		w.buf = append(w.buf, byte(kind), 6)
		w.buf = binary.BigEndian.AppendUint32(w.buf, n)
	}
}

// addMicrosoft adds one Microsoft attribute in a Vendor-Specific of its own
// (RFC 2548 2).
func (w *response) addMicrosoft(kind byte, value []byte) {
	if w.fits(len(value) + 6) {
		w.buf = append(w.buf, byte(attrVendorSpecific), byte(len(value)+8), 0, 0, vendorMicrosoft>>8, vendorMicrosoft&0xff)
		w.buf = append(w.buf, kind, byte(len(value)+2))
		w.buf = append(w.buf, value...)
	}
}

// copyProxyState adds p's Proxy-State attributes, unchanged and in their order
// (RFC 2865 5.33).
func (w *response) copyProxyState(p packet) {
	for at := headerLen; at < len(p); at = p.next(at) {
		if p.kind(at) == attrProxyState {
			w.add(attrProxyState, p.value(at))
		}
	}
}

func (w *response) fits(value int) bool {
	if value > maxValue || len(w.buf)+2+value > maxPacket {
		w.tooLong = true
	}
	return !w.tooLong
}

// finish writes the length, the Message-Authenticator and the Response
// Authenticator, in this order, for an answer to request. It returns the answer,
// valid until the next begin, or nil if it did not fit into a packet.
func (w *response) finish(request packet, secret string, h *hasher) []byte {
	if w.tooLong {
		return nil
	}
	p := packet(w.buf)
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	copy(p.authenticator(), request.authenticator())
	if len(p) > headerLen && p.kind(headerLen) == attrMessageAuthenticator {
		sum := h.messageAuthenticator(p, headerLen, p.authenticator(), secret)
		copy(p.value(headerLen), sum[:])
	}
	sum := h.keyed(p, p.authenticator(), secret)
	copy(p.authenticator(), sum[:])
	return p
}
