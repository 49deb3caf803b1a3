package gate

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/visit"
)

// bareHost reports whether text is a host or an address and nothing else, so that it can
// be put into a URL.
func bareHost(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return !strings.ContainsAny(text, ":%") // no vendor here has IPv6
	}
	return isName(strings.ToLower(text))
}

// door says what the address may look like that a vendor's device takes credentials at.
type door struct {
	plain bool     // http too: what some devices speak on their own network
	ports []string // beside the scheme's own; a host of Settings may name another
	fixed []string // hosts that the vendor fixes, as in Settings.Hosts
}

// target reads the address that a secret is to be sent to. It returns ErrForged unless
// that is unmistakably at a host of the vendor's or of the settings'.
func (d door) target(text string, s Settings) (*url.URL, error) {
	// What browsers read differently from net/url is refused before either reads it.
	if len(text) > maxTarget || strings.ContainsFunc(text, isOdd) {
		return nil, ErrForged
	}
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.User != nil || strings.Contains(u.Host, "%") {
		return nil, ErrForged
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !d.plain) {
		return nil, ErrForged
	}
	if !d.admits(u, d.fixed) && !d.admits(u, s.Hosts) {
		return nil, ErrForged
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

func isOdd(c rune) bool { return c <= 0x20 || c >= 0x7f || strings.ContainsRune("\\\"<>^`{|}", c) }

// admits reports whether one of hosts is this address's. An entry with a port admits that
// alone, so that one with :443 admits HTTPS only.
func (d door) admits(u *url.URL, hosts []string) bool {
	own := map[string]string{"https": "443", "http": "80"}[u.Scheme]
	host, port := strings.ToLower(u.Hostname()), cmp.Or(u.Port(), own)
	if strings.HasSuffix(u.Host, ":") || u.Scheme == "http" && port == "443" {
		return false
	}
	usual := port == own || slices.Contains(d.ports, port)
	for _, entry := range hosts {
		name, only := splitEntry(strings.ToLower(entry))
		if (only == port || only == "" && usual) && sameHost(host, name) {
			return true
		}
	}
	return false
}

// splitEntry takes the port off an entry of Settings.Hosts, if it has one.
func splitEntry(entry string) (host, port string) {
	if _, err := netip.ParseAddr(entry); err == nil {
		return entry, ""
	}
	if i := strings.LastIndexByte(entry, ':'); i >= 0 && !strings.HasSuffix(entry, "]") {
		entry, port = entry[:i], entry[i+1:]
	}
	return strings.Trim(entry, "[]"), port
}

// sameHost compares a host with an entry: addresses as addresses, names as names, and a
// name with a suffix. An address is not the same in IPv6's clothes.
func sameHost(host, entry string) bool {
	if address, err := netip.ParseAddr(entry); err == nil {
		got, err := netip.ParseAddr(host)
		return err == nil && got == address
	}
	if !isName(host) || !isName(strings.TrimPrefix(entry, ".")) {
		return false
	}
	if strings.HasPrefix(entry, ".") { // one label alone would be a top-level domain
		return strings.Count(entry, ".") > 1 && strings.HasSuffix(host, entry)
	}
	return host == entry
}

// isName reports whether text is a host name, and none that a browser takes for an
// address (WHATWG URL, ends in a number): 2130706433, 0x7f.1.
func isName(text string) bool {
	labels := strings.Split(text, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	last := labels[len(labels)-1]
	return len(text) <= 253 && !strings.HasPrefix(last, "0x") && strings.Trim(last, "0123456789") != ""
}

// CheckHost tells staff what is wrong with an entry of Settings.Hosts: a KindInvalid
// error of the field hosts, or nil. A suffix must have two labels, so that nobody
// allows a whole top-level domain.
func CheckHost(entry string) error {
	name, port := splitEntry(strings.ToLower(entry))
	if strings.Trim(port, "0123456789") != "" || len(port) > 5 || strings.HasSuffix(entry, ":") {
		return visit.Invalid("hosts", "The port must be a number.")
	}
	if address, err := netip.ParseAddr(name); err == nil && address.Zone() == "" {
		return nil
	}
	bare, suffix := strings.CutPrefix(name, ".")
	if !isName(bare) {
		return visit.Invalid("hosts", "Give a host name, an address, or a suffix that begins with a dot.")
	}
	if suffix && !strings.Contains(bare, ".") {
		return visit.Invalid("hosts", "A suffix must have two parts at least, such as .wifi.example.")
	}
	return nil
}
