package store

import (
	"net/netip"

	"github.com/foyerhq/foyer/internal/visit"
)

// NASChange names what to change; nil fields stay.
type NASChange struct {
	Name                 *string
	Source               *netip.Prefix
	Secret               *string
	MessageAuthenticator *visit.MessageAuthenticatorPolicy
	Driver               *string
	CoAAddress           *string
	CoAPort              *int
	MaxSessionSeconds    **int // pointer to nil: back to what experience says
	InterimSeconds       *int
}
