package wire

import (
	"time"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// DeviceLogin is that an agent let a known device in by its MAC address, by a grant of
// kind device. Its authentication has begun with that, whatever the hub thinks of it:
// the hub answers with the access's entry, put or drop.
type DeviceLogin struct {
	DeviceID identity.DeviceID `json:"device_id"`
	AccessID roll.AccessID     `json:"access_id"` // identity.DeviceAccessID(DeviceID, At)
	NASID    visit.NASID       `json:"nas_id"`
	MAC      string            `json:"mac"`
	SSID     string            `json:"ssid,omitempty"`
	At       time.Time         `json:"at"`
	Until    time.Time         `json:"until"` // when the agent ends it unless it is told otherwise
}
