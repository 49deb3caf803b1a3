package wire

import (
	"time"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// Zone is what an agent must know of a zone of roll codes, without its rolls.
type Zone struct {
	ID      string      `json:"id"`
	Enabled bool        `json:"enabled"` // no new logins without it; who is online stays
	Logins  roll.Logins `json:"logins"`
	// HashKey keys the look-up of long codes. A zone has either it or Series.
	HashKey []byte `json:"hash_key,omitempty"`
	// Series are those of compatible codes, the current one first.
	Series []Series `json:"series,omitempty"`
	Ways   []Way    `json:"ways,omitempty"`
	// What guests read, in Reply-Message: the second of a code whose time is over,
	// the first of any other that is refused.
	InvalidMessage string `json:"invalid_message,omitempty"`
	ExpiredMessage string `json:"expired_message,omitempty"`
}

// Series is what a zone's compatible codes were made with at a time. Its key is no
// secret by name and one in effect, see package roll.
type Series struct {
	ID           string `json:"id"`
	PublicKey    string `json:"public_key"` // PEM
	RollBits     int    `json:"roll_bits"`
	TicketBits   int    `json:"ticket_bits"`
	ChecksumBits int    `json:"checksum_bits"`
	Magic        uint64 `json:"magic,string"`
	Alphabet     string `json:"alphabet"`
}

// Way leads from a NAS, and where SSID is given from that network of it only, to a
// zone. Of two that fit the one with an SSID counts.
type Way struct {
	NASID visit.NASID `json:"nas_id"`
	SSID  string      `json:"ssid,omitempty"`
}

// Roll is a generation of a roll, without what became of its codes.
type Roll struct {
	ID         roll.ID    `json:"id"`
	ZoneID     string     `json:"zone_id"`
	SeriesID   string     `json:"series_id,omitempty"` // empty for long codes
	Number     uint32     `json:"number"`
	First      uint32     `json:"first"` // the lowest ticket
	Count      uint32     `json:"count"`
	ForSeconds int64      `json:"for_seconds"`
	SoldOnly   bool       `json:"sold_only,omitempty"`
	NotBefore  *time.Time `json:"not_before,omitempty"`
	FirstUseBy *time.Time `json:"first_use_by,omitempty"`
	Devices    int        `json:"devices,omitempty"`
	Retired    bool       `json:"retired,omitempty"`
	RunsOn     bool       `json:"runs_on,omitempty"`
}

// RollCodes are the hashes of a roll's long codes, the first ticket's first, each
// of roll.HashSize octets. They never change.
type RollCodes struct {
	RollID roll.ID `json:"roll_id"`
	Hashes []byte  `json:"hashes"`
}

// RollUsage says which tickets are over and which are sold, the first ticket at bit
// 0 of octet 0. Agents add it to what they know: a bit is never taken back.
type RollUsage struct {
	RollID roll.ID `json:"roll_id"`
	Over   []byte  `json:"over,omitempty"`
	Sold   []byte  `json:"sold,omitempty"`
}

// RollEntry is a ticket's record; see roll.Record, whose rules of merging make the
// order in which entries come, and how often, irrelevant.
type RollEntry struct {
	RollID       roll.ID   `json:"roll_id"`
	Ticket       uint32    `json:"ticket"`
	At           time.Time `json:"at"`
	HolderRollID roll.ID   `json:"holder_roll_id"`
	HolderTicket uint32    `json:"holder_ticket"`
	ForSeconds   int64     `json:"for_seconds"`
}

// RollUse is a first use of codes that an agent let somebody in with.
type RollUse struct {
	ZoneID  string      `json:"zone_id"`
	NASID   visit.NASID `json:"nas_id"`
	Entries []RollEntry `json:"entries"`
}
