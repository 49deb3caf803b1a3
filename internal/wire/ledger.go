package wire

import (
	"net/netip"
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// Position is a place in a site's ledger. Equal revisions with different stamps
// belong to different lineages (a restored database) and are not comparable.
type Position struct {
	Revision int64  `json:"revision"`
	Stamp    uint64 `json:"stamp,string"`
}

// GrantKind says where a grant comes from.
type GrantKind string

// The kinds of grant.
const (
	GrantVisit  GrantKind = "visit"
	GrantRoll   GrantKind = "roll"
	GrantPortal GrantKind = "portal" // an authentication; ID is its access's
	GrantDevice GrantKind = "device" // a device that may log in by its MAC address; ID is the device's
)

// Grant is something an agent may accept between two instants.
type Grant struct {
	ID          string        `json:"id"` // the voucher's id, for kind visit
	Kind        GrantKind     `json:"kind"`
	VisitID     visit.VisitID `json:"visit_id,omitempty"`
	Username    string        `json:"username,omitempty"`
	Password    string        `json:"password,omitempty"`
	NotBefore   time.Time     `json:"not_before"`
	NotAfter    time.Time     `json:"not_after"`
	DeviceLimit int           `json:"device_limit,omitempty"` // devices at a time; 0 no limit
	// Of kind roll: what the access is made of, all tickets whose time it was given.
	// Such a grant has neither user name nor password; agents compute its end.
	Zone    string      `json:"zone_id,omitempty"`
	Entries []RollEntry `json:"entries,omitempty"`
	// Secrets a device may prove itself with instead of Password, each for one new
	// session. A grant of kind portal has nothing else to prove.
	Secrets []OneTime `json:"secrets,omitempty"`
	// Of kinds portal and device: the only device that may use the grant (canonical
	// aa:bb:cc:dd:ee:ff), at which NAS; empty: any.
	MAC   string      `json:"mac,omitempty"`
	NASID visit.NASID `json:"nas_id,omitempty"`
	// SSID is the only network in which MAC alone is proof; empty: any.
	SSID string `json:"ssid,omitempty"`
	// MACAuth, of kind portal: MAC alone is proof when the NAS asks for it.
	MACAuth bool `json:"mac_auth,omitempty"`
	// LifetimeSeconds, of kind device, is how long one login by MAC lasts, at most to
	// NotAfter. Such a grant has no user name, and what it gives is a grant of kind portal.
	LifetimeSeconds int64 `json:"lifetime_seconds,omitempty"`
	// Domain, of kind device, is what the names of the accesses end with that it gives
	// (identity.DeviceTokenName).
	Domain string `json:"domain,omitempty"`
}

// OneTime is a secret that a portal gave a device's browser for the NAS, good for a
// new session until NotAfter.
type OneTime struct {
	Secret   string      `json:"secret"`
	MAC      string      `json:"mac,omitempty"`    // the only device that may use it; empty: any
	NASID    visit.NASID `json:"nas_id,omitempty"` // where it may; empty: anywhere
	NotAfter time.Time   `json:"not_after"`
}

// Equal reports whether two secrets say the same.
func (o OneTime) Equal(other OneTime) bool {
	return o.Secret == other.Secret && o.MAC == other.MAC && o.NASID == other.NASID && o.NotAfter.Equal(other.NotAfter)
}

// Equal reports whether two grants say the same.
func (g Grant) Equal(other Grant) bool {
	return slices.Equal(g.Entries, other.Entries) && g.ID == other.ID && g.Kind == other.Kind && g.VisitID == other.VisitID &&
		g.Username == other.Username && g.Password == other.Password && g.Zone == other.Zone &&
		g.NotBefore.Equal(other.NotBefore) && g.NotAfter.Equal(other.NotAfter) && g.DeviceLimit == other.DeviceLimit &&
		slices.EqualFunc(g.Secrets, other.Secrets, OneTime.Equal) && g.MAC == other.MAC && g.NASID == other.NASID &&
		g.SSID == other.SSID && g.MACAuth == other.MACAuth && g.LifetimeSeconds == other.LifetimeSeconds && g.Domain == other.Domain
}

// NAS is what an agent must know of one NAS.
type NAS struct {
	ID                   visit.NASID                      `json:"id"`
	Name                 string                           `json:"name"`
	Source               netip.Prefix                     `json:"source"`
	Secret               string                           `json:"secret"`
	MessageAuthenticator visit.MessageAuthenticatorPolicy `json:"message_authenticator"`
	Driver               string                           `json:"driver"`
	CoAAddress           string                           `json:"coa_address,omitempty"`
	CoAPort              int                              `json:"coa_port"`
	MaxSessionSeconds    int                              `json:"max_session_seconds"` // 0 no limit
	InterimSeconds       int                              `json:"interim_seconds"`
	// AccountingSeen: this NAS has sent accounting at some time, to any agent.
	AccountingSeen bool `json:"accounting_seen,omitempty"`
}

// Entry is one step of the ledger. Its type says what it does; ObjectID names
// the object, and for create, update and put exactly one of the pointers is its new
// form. An update carries the whole object: applying an entry twice, or only the
// last of several, comes to the same.
type Entry struct {
	Type     Type     `json:"-"`
	Position Position `json:"position"`
	ObjectID string   `json:"object_id"`
	Grant    *Grant   `json:"grant,omitempty"`
	NAS      *NAS     `json:"nas,omitempty"`
	Zone     *Zone    `json:"zone,omitempty"`
	Roll     *Roll    `json:"roll,omitempty"`
	// Of one roll; ObjectID is the roll's.
	Codes *RollCodes `json:"codes,omitempty"`
	Usage *RollUsage `json:"usage,omitempty"`
}

// FrameType returns the entry's own type.
func (e *Entry) FrameType() Type { return e.Type }

// Snapshot is one part of the whole desired set, read in one transaction. Parts
// of one ID arrive in order; the agent swaps the set in when Last has come and
// forgets an unfinished one when the link ends or another ID begins.
type Snapshot struct {
	ID       string    `json:"id"`
	Part     int       `json:"part"` // from 0
	Last     bool      `json:"last"`
	Position Position  `json:"position"`
	Now      time.Time `json:"now"` // the hub's clock
	Epoch    int64     `json:"epoch"`
	Grants   []Grant   `json:"grants,omitempty"`
	NASes    []NAS     `json:"nases,omitempty"`

	Zones  []Zone      `json:"zones,omitempty"`
	Rolls  []Roll      `json:"rolls,omitempty"`
	Codes  []RollCodes `json:"codes,omitempty"`
	Usages []RollUsage `json:"usages,omitempty"`
}

// FrameType implements Frame.
func (*Snapshot) FrameType() Type { return TypeSnapshot }

// Resume tells the agent that its position is known: entries after it follow.
type Resume struct {
	Position Position  `json:"position"` // as the agent said
	Now      time.Time `json:"now"`
	Epoch    int64     `json:"epoch"`
}

// FrameType implements Frame.
func (*Resume) FrameType() Type { return TypeResume }

// Ack says that everything up to Position is out of, or in, the agent's RADIUS
// table and flushed to its disk. It never waits for a NAS.
type Ack struct {
	Position Position `json:"position"`
}

// FrameType implements Frame.
func (*Ack) FrameType() Type { return TypeAck }
