package store

import (
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// SiteChange names what to change; nil fields stay. A wpa_psk network without a
// passphrase keeps the one its SSID had.
type SiteChange struct {
	Name, Timezone, Address *string
	Networks                *[]visit.Network
	DefaultStay, MaxStay    *time.Duration // zero: the default
	TerminationFor          *time.Duration
	DeviceLimit             *int
}
