package identity

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/foyerhq/foyer/internal/roll"
)

// DeviceAccessID is the id of the access that a device is given at an instant, to the
// microsecond, where it logs in by its MAC address: an agent that lets it in without
// asking and the server that hears of it later speak of the same one. It is made as
// roll.Ticket.AccessID is.
func DeviceAccessID(device DeviceID, at time.Time) roll.AccessID {
	text := append([]byte("foyer device access\x00"), device...)
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(text, uint64(at.UnixMicro())))
	id := sum[:16]
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return roll.AccessID(fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]))
}

// DeviceTokenName is the TokenName of such an access, which agent and server compute
// alike. Its number has eighteen digits: those that are counted stay below.
func DeviceTokenName(access roll.AccessID, domain string) string {
	const least = 100_000_000_000_000_000
	sum := sha256.Sum256(append([]byte("foyer device name\x00"), access...))
	return TokenName(int64(least+binary.BigEndian.Uint64(sum[:])%(9*least)), domain)
}
