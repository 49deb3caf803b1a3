package radius

import (
	"net/netip"
	"time"

	"golang.org/x/crypto/md4"

	"github.com/foyerhq/foyer/internal/wire"
)

// request is one packet under way, with everything its handling may touch. The
// buffers are used again for the next packet; one goroutine has it at a time.
type request struct {
	in       [maxPacket]byte
	received int
	control  control
	socket   *socket
	from     netip.AddrPort // as the socket wants it back
	source   netip.AddrPort // unmapped, for lookups
	at       time.Time      // when it was read, by the corrected clock

	packet packet
	fields
	nas  *wire.NAS
	peer *peer
	who  asker

	hash     hasher
	plain    [maxPassword]byte // a decrypted password, cleared after use
	random   [16]byte
	text     []byte
	class    []byte
	out      response
	answer   []byte // what to send, nil for silence
	remember remembered

	garbled bool // a User-Password that does not decrypt to text
	waits   bool // in the lane of logins that are recorded, where the disk may be waited for

	deferred bool // not decided, because that must wait for the disk

	// What MS-CHAPv2 leaves for its Access-Accept.
	hashHash  [md4.Size]byte
	challenge [msChallengeLen]byte
}

func newRequest() *request {
	return &request{
		text:  make([]byte, 0, 1024),
		class: make([]byte, 0, maxValue),
		out:   response{buf: make([]byte, 0, maxPacket)},
	}
}

// asker is who asks, from where: the request's texts, made by one allocation.
// All of it is personal data or comes from strangers.
type asker struct {
	name          string // User-Name as sent
	mac           string // Calling-Station-Id as aa:bb:cc:dd:ee:ff, empty if it is no MAC
	macSpelt      string // Calling-Station-Id as sent
	ip            string
	nasAddress    string
	nasIP         string
	nasIdentifier string
	calledStation string
	acctSessionID string
}

// identify fills r.who. The strings share one backing array: whoever keeps one of
// them keeps some hundred octets.
func (r *request) identify() {
	var ends [9]int
	b := appendText(r.text[:0], r.userName)
	ends[0] = len(b)
	b = appendMAC(b, r.callingStation)
	ends[1] = len(b)
	b = appendText(b, r.callingStation)
	ends[2] = len(b)
	b = appendIPv4(b, r.framedIP)
	ends[3] = len(b)
	b = r.source.Addr().AppendTo(b)
	ends[4] = len(b)
	b = appendIPv4(b, r.nasIP)
	ends[5] = len(b)
	b = appendText(b, r.nasIdentifier)
	ends[6] = len(b)
	b = appendText(b, r.calledStation)
	ends[7] = len(b)
	b = appendText(b, r.acctSessionID)
	ends[8] = len(b)
	r.text = b

	all := string(b)
	r.who = asker{
		name:          all[:ends[0]],
		mac:           all[ends[0]:ends[1]],
		macSpelt:      all[ends[1]:ends[2]],
		ip:            all[ends[2]:ends[3]],
		nasAddress:    all[ends[3]:ends[4]],
		nasIP:         all[ends[4]:ends[5]],
		nasIdentifier: all[ends[5]:ends[6]],
		calledStation: all[ends[6]:ends[7]],
		acctSessionID: all[ends[7]:ends[8]],
	}
}

// appendText copies what a stranger sent, with control characters replaced: some
// NASes end a text with NUL, and no database takes one.
func appendText(b, text []byte) []byte {
	for _, octet := range text {
		if octet < ' ' || octet == 0x7f {
			octet = '?'
		}
		b = append(b, octet)
	}
	return b
}

func appendIPv4(b, value []byte) []byte {
	if len(value) != 4 {
		return b
	}
	return netip.AddrFrom4([4]byte(value)).AppendTo(b)
}

// appendMAC appends spelt in the canonical form aa:bb:cc:dd:ee:ff. It takes twelve
// hex digits however they are grouped, and appends nothing for anything else.
func appendMAC(b, spelt []byte) []byte {
	const length = len("aa:bb:cc:dd:ee:ff")
	start := len(b)
	digits := 0
	for _, octet := range spelt {
		switch {
		case octet == '-' || octet == ':' || octet == '.':
			continue
		case octet >= '0' && octet <= '9', octet >= 'a' && octet <= 'f':
		case octet >= 'A' && octet <= 'F':
			octet += 'a' - 'A'
		default:
			return b[:start]
		}
		if digits == 12 {
			return b[:start]
		}
		if digits > 0 && digits%2 == 0 {
			b = append(b, ':')
		}
		b = append(b, octet)
		digits++
	}
	if len(b)-start != length {
		return b[:start]
	}
	return b
}

// session describes the device that asks, as far as the packet tells.
func (r *request) session() wire.Session {
	return wire.Session{
		Key:           wire.SessionKey{NASID: r.nas.ID},
		Username:      r.who.name,
		MAC:           r.who.mac,
		MACSpelt:      r.who.macSpelt,
		IP:            r.who.ip,
		NASAddress:    r.who.nasAddress,
		NASIP:         r.who.nasIP,
		NASIdentifier: r.who.nasIdentifier,
		CalledStation: r.who.calledStation,
	}
}
