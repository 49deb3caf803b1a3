package visit

import (
	"encoding/hex"
	"net/netip"
	"strings"
)

// ParseMAC returns a hardware address as sessions hold it, aa:bb:cc:dd:ee:ff,
// whatever its spelling: with colons, dashes or Cisco's dots, or bare. Ok is false
// for what is no 48-bit address.
func ParseMAC(text string) (mac string, ok bool) {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(":-. ", r) {
			return -1
		}
		return r
	}, strings.TrimSpace(text))
	octets, err := hex.DecodeString(digits)
	if err != nil || len(octets) != 6 {
		return "", false
	}
	var out strings.Builder
	for i, octet := range octets {
		if i > 0 {
			out.WriteByte(':')
		}
		out.WriteString(hex.EncodeToString([]byte{octet}))
	}
	return out.String(), true
}

// ParseIP returns an address in its canonical form (RFC 5952), an IPv4 address in
// IPv6 clothes as IPv4. Ok is false for what is no address, and for one with a
// zone, which means something on one machine only.
func ParseIP(text string) (ip netip.Addr, ok bool) {
	ip, err := netip.ParseAddr(strings.TrimSpace(text))
	if err != nil || ip.Zone() != "" {
		return netip.Addr{}, false
	}
	return ip.Unmap(), true
}

// sharedSpace is what carriers put between their customers and the Internet (RFC
// 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// InsideOnly reports whether an address means something inside a network only, as
// those do that guests are given behind a NAT (RFC 1918, RFC 4193, RFC 6598).
func InsideOnly(ip netip.Addr) bool {
	return ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsLoopback() || sharedSpace.Contains(ip)
}
