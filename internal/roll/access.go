package roll

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// AccessID names what a ticket gives its holder, from its first use to its end, in
// the form of a UUID.
type AccessID string

// AccessID is the id of the access that a ticket holds, the same wherever it is
// used first: agents and servers that cannot see each other speak of the same one.
// It is a UUID of version 8 (RFC 9562, section 5.8) made of the SHA-256 of the
// generation's id and the ticket, the most significant octet first.
func (t Ticket) AccessID() AccessID {
	text := append([]byte("foyer roll access\x00"), t.Roll...)
	sum := sha256.Sum256(binary.BigEndian.AppendUint32(text, t.Number))
	id := sum[:16]
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return AccessID(fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]))
}
