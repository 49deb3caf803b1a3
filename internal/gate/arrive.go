package gate

import (
	"net/url"
	"strings"
)

// Verifier is an adapter whose devices sign a redirect octet for octet, so that its
// parameters alone do not tell whether it is genuine.
type Verifier interface {
	// Verify checks the signature over the address that the device sent the browser to.
	// It returns ErrForged.
	Verify(address string, s Settings) error
}

// Leaver is an adapter whose devices have an address that a browser goes to in order to
// be logged off.
type Leaver interface {
	Leave(a Arrival, s Settings) (*url.URL, error)
}

// Read reads a redirect: what callers use instead of an adapter's Parse. Address is
// where the device sent the browser: the portal's address as staff have typed it in
// there, and the query as the browser sent it, undecoded.
func Read(adapter Adapter, address string, s Settings) (Arrival, error) {
	_, raw, _ := strings.Cut(address, "?")
	if len(raw) > MaxQuery {
		return Arrival{}, ErrForged
	}
	if v, ok := adapter.(Verifier); ok {
		if err := v.Verify(address, s); err != nil {
			return Arrival{}, err
		}
	}
	query, err := url.ParseQuery(raw)
	if err != nil && len(query) == 0 {
		return Arrival{}, ErrNotFromNAS
	}
	return adapter.Parse(query, s)
}
