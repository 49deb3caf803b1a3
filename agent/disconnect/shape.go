package disconnect

import (
	"net/netip"
	"strings"

	"github.com/foyerhq/foyer/internal/wire"
)

// shape says which identification attributes a Disconnect-Request carries. NASes
// differ: some refuse attributes they do not know (401), some want more (402),
// and all of those sent must match the session (RFC 5176 3).
type shape uint8

const (
	withSession shape = 1 << iota // Acct-Session-Id
	withUser                      // User-Name
	withMAC                       // Calling-Station-Id
	withIP                        // Framed-IP-Address
	withNAS                       // NAS-IP-Address, NAS-Identifier
	respelt                       // Calling-Station-Id in another spelling

	fullShape = withSession | withUser | withMAC | withIP | withNAS
)

// droppable lists what is left out after another 401, in this order, and added
// again the other way round.
var droppable = [...]shape{withIP, withUser, withNAS}

var shapeNames = [...]string{"session", "user", "mac", "ip", "nas", "respelt"}

// String names the shape for results: "session+user+mac+ip+nas" is the fullest.
func (s shape) String() string {
	var names []string
	for i, name := range shapeNames {
		if s&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "+")
}

func (s shape) has(part shape) bool { return s&part != 0 }

// identifies reports whether a request of this shape names one session: NAS and
// address alone do not.
func (s shape) identifies() bool { return s.has(withSession | withUser | withMAC) }

// shapeOf returns the fullest shape that s can fill.
func shapeOf(s wire.Session) shape {
	full := shape(0)
	for _, part := range []struct {
		bit   shape
		known bool
	}{
		{withSession, s.Key.AcctSessionID != ""},
		{withUser, s.Username != ""},
		{withMAC, callingStation(s) != ""},
		{withIP, framedIP(s) != nil},
		{withNAS, s.NASIP != "" || s.NASIdentifier != ""},
	} {
		if part.known {
			full |= part.bit
		}
	}
	return full
}

// smaller returns s without its next droppable part.
func (s shape) smaller() shape {
	for _, part := range droppable {
		if s.has(part) && (s &^ part).identifies() {
			return s &^ part
		}
	}
	return s
}

// larger returns s with the part that smaller would have dropped last.
func (s shape) larger(full shape) shape {
	for i := len(droppable) - 1; i >= 0; i-- {
		if part := droppable[i]; full.has(part) && !s.has(part) {
			return s | part
		}
	}
	return s
}

// attributes returns the identification attributes of session in shape s.
func (s shape) attributes(session wire.Session) []attribute {
	var list []attribute
	add := func(part shape, kind byte, value []byte) {
		if s.has(part) && len(value) > 0 {
			list = append(list, attribute{kind, value})
		}
	}
	mac := callingStation(session)
	if s.has(respelt) {
		mac = otherSpelling(session)
	}
	add(withSession, attrAcctSessionID, []byte(session.Key.AcctSessionID))
	add(withUser, attrUserName, []byte(session.Username))
	add(withMAC, attrCallingStationID, []byte(mac))
	add(withIP, attrFramedIPAddress, framedIP(session))
	if ip, err := netip.ParseAddr(session.NASIP); err == nil {
		kind := byte(attrNASIPAddress)
		if ip = ip.Unmap(); ip.Is6() {
			kind = attrNASIPv6Address
		}
		add(withNAS, kind, ip.AsSlice())
	}
	add(withNAS, attrNASIdentifier, []byte(session.NASIdentifier))
	return list
}

// callingStation is the device's address as the NAS wrote it, else ours.
func callingStation(s wire.Session) string {
	if s.MACSpelt != "" {
		return s.MACSpelt
	}
	return s.MAC
}

// otherSpelling is AA-BB-CC-DD-EE-FF (RFC 3580 3.21), or, where the NAS writes
// that itself, aa:bb:cc:dd:ee:ff; "" if there is no other.
func otherSpelling(s wire.Session) string {
	dashed := strings.ToUpper(strings.ReplaceAll(s.MAC, ":", "-"))
	for _, spelling := range []string{dashed, s.MAC} {
		if spelling != callingStation(s) {
			return spelling
		}
	}
	return ""
}

// framedIP returns the session's IPv4 address in four octets, or nil.
func framedIP(s wire.Session) []byte {
	ip, err := netip.ParseAddr(s.IP)
	if err != nil || !ip.Unmap().Is4() {
		return nil
	}
	return ip.Unmap().AsSlice()
}
