package webhook

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"

	"github.com/foyerhq/foyer/internal/visit"
)

// Guard says which addresses may be called: the public ones, and those that the
// operator allowed. Its zero value allows public addresses by https.
type Guard struct {
	Allowed []netip.Prefix // called although not public, also by plain http
}

// AddressError is a connection that was not made.
type AddressError struct {
	Addr netip.Addr
}

// Error names the address.
func (e *AddressError) Error() string {
	return fmt.Sprintf("webhook: %s may not be called", e.Addr)
}

// Check returns an *AddressError for an address that may not be called.
func (g Guard) Check(addr netip.Addr) error {
	if g.allows(addr) || public(addr) {
		return nil
	}
	return &AddressError{Addr: addr}
}

// checkPlain is Check for connections that nothing encrypts.
func (g Guard) checkPlain(addr netip.Addr) error {
	if g.allows(addr) {
		return nil
	}
	return &AddressError{Addr: addr}
}

func (g Guard) allows(addr netip.Addr) bool {
	addr = embedded(addr)
	for _, prefix := range g.Allowed {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// control makes a check into a [net.Dialer]'s Control, which is called with the
// address of each connection before it is made.
func control(check func(netip.Addr) error) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		peer, err := netip.ParseAddrPort(address)
		if err != nil { // the network is always one with addresses and ports
			return fmt.Errorf("webhook: dial: %w", err)
		}
		return check(peer.Addr())
	}
}

// longestURL is well beyond what receivers use, and below what they refuse.
const longestURL = 2000

// CheckURL says whether an endpoint may be called so, as far as that can be said
// without resolving its name. Errors are KindInvalid for the field "url" and do
// not quote it.
func (g Guard) CheckURL(text string) error {
	if len(text) > longestURL {
		return visit.Invalid("url", "The URL is longer than %d characters.", longestURL)
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return visit.Invalid("url", "This is not an absolute URL.")
	}
	if u.User != nil || u.Fragment != "" {
		return visit.Invalid("url", "The URL must hold no user, password or fragment.")
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && (err != nil || port == 0) {
		return visit.Invalid("url", "The URL's port is out of range.")
	}
	return g.checkTarget(u)
}

func (g Guard) checkTarget(u *url.URL) error {
	check := g.Check
	switch u.Scheme {
	case "https":
	case "http":
		if len(g.Allowed) == 0 {
			return visit.Invalid("url", "The URL must begin with https.")
		}
		check = g.checkPlain
	default:
		return visit.Invalid("url", "The URL must begin with https.")
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil && check(addr) != nil {
		return visit.Invalid("url", "This address may not be called.")
	}
	return nil // a name is judged by what it resolves to, when it is dialled
}
