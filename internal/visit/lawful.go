package visit

import (
	"net/netip"
	"time"
)

// LawfulQuery asks which visit had an address at an instant. One of IP and MAC is
// set. It is personal data and sealed at rest.
type LawfulQuery struct {
	IP  string    `json:"ip,omitempty"`
	MAC string    `json:"mac,omitempty"`
	At  time.Time `json:"at"`
}

// Slack of what is known about a session's span.
const (
	// ClockSlack is by how much the authority's clock, the NAS's and ours may differ.
	ClockSlack = 5 * time.Minute
	// SilentSpans is how many interim intervals a session without an end may have
	// lasted beyond its last sign of life.
	SilentSpans = 2
)

// Normalize brings the address into the form that sessions hold. It returns
// KindInvalid errors that name the field.
func (q LawfulQuery) Normalize(now time.Time) (LawfulQuery, error) {
	if (q.IP == "") == (q.MAC == "") {
		return q, Invalid("ip", "Ask for an IP address or for a MAC address, one of them.")
	}
	if q.IP != "" {
		ip, ok := ParseIP(q.IP)
		if !ok {
			return q, Invalid("ip", "This is not an IP address.")
		}
		q.IP = ip.String()
	}
	if q.MAC != "" {
		mac, ok := ParseMAC(q.MAC)
		if !ok {
			return q, Invalid("mac", "This is not a MAC address.")
		}
		q.MAC = mac
	}
	if q.At = instant(q.At); q.At.IsZero() || q.At.After(now) {
		return q, Invalid("at", "The instant lies in the past.")
	}
	return q, nil
}

// Outside reports whether the query asks for an address of the Internet: guests
// behind a NAT share it, and only the firewall's own log knows which of them used
// it.
func (q LawfulQuery) Outside() bool {
	ip, err := netip.ParseAddr(q.IP)
	return err == nil && !InsideOnly(ip)
}
