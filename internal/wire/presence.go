package wire

import (
	"net/netip"
	"time"
)

// PresenceSnapshot is one part of the list of who may be in the building, with the
// site's settings for showing it. Parts of one Version come in order and are
// swapped in when Last has come. It does not belong to the ledger: it is sent when
// a link begins and the agent's version is another, and whenever the list changes.
type PresenceSnapshot struct {
	Version string    `json:"version"` // of settings and people together; empty: nothing is shown here
	Part    int       `json:"part"`    // from 0
	Last    bool      `json:"last"`
	AsOf    time.Time `json:"as_of"` // it was right at this instant, by the hub's clock
	// Unchanged: the list is the one that the agent has, and was still right at AsOf.
	Unchanged bool              `json:"unchanged,omitempty"`
	Settings  *PresenceSettings `json:"settings,omitempty"` // in part 0; nil: nothing is shown here
	People    []PresentPerson   `json:"people,omitempty"`
}

// FrameType implements Frame.
func (*PresenceSnapshot) FrameType() Type { return TypePresenceSnapshot }

// PresenceSettings say how an agent shows the list.
type PresenceSettings struct {
	Site     string         `json:"site"` // its name
	Timezone string         `json:"timezone"`
	Listen   string         `json:"listen"`
	Networks []netip.Prefix `json:"networks"`
	PINHash  string         `json:"pin_hash"` // PHC string, argon2id
}

// PresentPerson is one line of the list: nothing but what is called out.
type PresentPerson struct {
	Name    string `json:"name"`              // family name first
	Overdue bool   `json:"overdue,omitempty"` // expired, and nobody has confirmed that they left
}

// PresenceOpened says that somebody saw the list at the agent, or tried to. Who it
// was is not known: they had the PIN, or had not.
type PresenceOpened struct {
	Opened  int `json:"opened,omitempty"`
	Refused int `json:"refused,omitempty"` // tries with a wrong PIN
}

// PresenceStats is what an agent says of the list it shows.
type PresenceStats struct {
	Address     string `json:"address,omitempty" doc:"Host and port to open by HTTPS."`
	Fingerprint string `json:"fingerprint,omitempty" doc:"SHA-256 of the certificate that a browser is shown there."`
	Error       string `json:"error,omitempty" doc:"Why it is not served: address_in_use, no_such_address, not_permitted, failed."`
}
