package wire

import (
	"encoding/json"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// Report carries records from the agent's journal, oldest first. The hub
// answers with ReportAck once they are stored. A record may come again: (agent,
// journal, sequence) makes it idempotent.
type Report struct {
	Journal string   `json:"journal"`
	Records []Record `json:"records"`
}

// FrameType implements Frame.
func (*Report) FrameType() Type { return TypeReport }

// ReportAck says that the journal's records up to Sequence are stored.
type ReportAck struct {
	Journal  string `json:"journal"`
	Sequence uint64 `json:"sequence"`
}

// FrameType implements Frame.
func (*ReportAck) FrameType() Type { return TypeReportAck }

// Record is one entry of the journal. Exactly one of the pointers is set; a
// record of a kind this side does not know has none and is acknowledged unread.
type Record struct {
	Sequence    uint64          `json:"sequence"`
	At          time.Time       `json:"at"` // by the agent's corrected clock
	Accounting  *Accounting     `json:"accounting,omitempty"`
	Refused     *Refused        `json:"refused,omitempty"`
	Termination *Termination    `json:"termination,omitempty"`
	Presence    *PresenceOpened `json:"presence,omitempty"`
	RollUse     *RollUse        `json:"roll_use,omitempty"`
	DeviceLogin *DeviceLogin    `json:"device_login,omitempty"`
}

// SessionKey names a session at a NAS. Acct-Session-Id alone is not unique: a
// rebooted NAS uses it again, so the start belongs to the key.
type SessionKey struct {
	NASID         visit.NASID `json:"nas_id"`
	AcctSessionID string      `json:"acct_session_id"` // empty: known from an Access-Accept only
	StartedAt     time.Time   `json:"started_at"`
}

// Session is a device's live connection at a NAS. It is personal data.
type Session struct {
	Key           SessionKey      `json:"key"`
	ID            visit.SessionID `json:"id,omitempty"` // the server's, where known
	GrantID       string          `json:"grant_id,omitempty"`
	VisitID       visit.VisitID   `json:"visit_id,omitempty"`
	Username      string          `json:"username"`
	MAC           string          `json:"mac,omitempty"`            // canonical aa:bb:cc:dd:ee:ff
	MACSpelt      string          `json:"mac_spelt,omitempty"`      // Calling-Station-Id as the NAS wrote it
	IP            string          `json:"ip,omitempty"`             // Framed-IP-Address
	NASAddress    string          `json:"nas_address,omitempty"`    // where its packets come from
	NASIP         string          `json:"nas_ip,omitempty"`         // NAS-IP-Address it sent
	NASIdentifier string          `json:"nas_identifier,omitempty"` // NAS-Identifier it sent
	CalledStation string          `json:"called_station,omitempty"`
	ExpiresAt     *time.Time      `json:"expires_at,omitempty"` // by the Session-Timeout sent
}

// AccountingStatus is Acct-Status-Type (RFC 2866 5.1), and Accepted for a
// session known from its Access-Accept only.
type AccountingStatus string

// The statuses.
const (
	AccountingAccepted AccountingStatus = "accepted"
	AccountingStart    AccountingStatus = "start"
	AccountingInterim  AccountingStatus = "interim"
	AccountingStop     AccountingStatus = "stop"
	AccountingOn       AccountingStatus = "on"  // closes all sessions of the device that sends it
	AccountingOff      AccountingStatus = "off" // as On
)

// Accounting is what a NAS said of a session, or of itself (on, off).
type Accounting struct {
	Status         AccountingStatus `json:"status"`
	EventAt        time.Time        `json:"event_at"`
	Session        Session          `json:"session"`
	InputOctets    uint64           `json:"input_octets,omitempty"`
	OutputOctets   uint64           `json:"output_octets,omitempty"`
	SessionSeconds uint32           `json:"session_seconds,omitempty"`
	TerminateCause string           `json:"terminate_cause,omitempty"` // RFC 2866 5.10's names, lower case with dashes
}

// RefusedReason says why a login was refused, for staff. Names are interface.
type RefusedReason string

// The reasons.
const (
	RefusedUnknownUser          RefusedReason = "unknown_user"
	RefusedWrongPassword        RefusedReason = "wrong_password"
	RefusedExpired              RefusedReason = "expired"
	RefusedRevoked              RefusedReason = "revoked"
	RefusedNotYetValid          RefusedReason = "not_yet_valid"
	RefusedDeviceLimit          RefusedReason = "device_limit"
	RefusedWrongSecret          RefusedReason = "wrong_secret_suspected"
	RefusedNoMessageAuth        RefusedReason = "no_message_authenticator"
	RefusedUnsupportedMethod    RefusedReason = "unsupported_method"
	RefusedTooManyTries         RefusedReason = "too_many_tries"
	RefusedAmbiguousCredentials RefusedReason = "ambiguous_credentials"
	RefusedRollCodeInvalid      RefusedReason = "roll_code_invalid" // no code of the zone
	RefusedRollCodeExpired      RefusedReason = "roll_code_expired" // used up, or expired by staff
	RefusedRollCodeRetired      RefusedReason = "roll_code_retired" // its roll was changed or deleted
	RefusedRollCodeUnsold       RefusedReason = "roll_code_unsold"
	RefusedRollCodeTooEarly     RefusedReason = "roll_code_too_early"
	RefusedRollCodeTooLate      RefusedReason = "roll_code_too_late"
	RefusedZoneDisabled         RefusedReason = "zone_disabled"
	RefusedInUse                RefusedReason = "in_use"       // by another device, and the zone lets the first one stay
	RefusedNotRecorded          RefusedReason = "not_recorded" // the agent's disk failed; nobody is let in unrecorded
	RefusedSecretSpent          RefusedReason = "secret_spent" // a portal's one-time secret, for a second session
	RefusedSecretExpired        RefusedReason = "secret_expired"
	RefusedOtherDevice          RefusedReason = "other_device"   // the login belongs to another MAC address, or none was sent
	RefusedOtherNAS             RefusedReason = "other_nas"      // the login belongs to another NAS
	RefusedUnknownDevice        RefusedReason = "unknown_device" // asked for by MAC address; counted, and not reported
)

// Refused is a login that got no Accept. Repeats of the same (NAS, reason, user
// name, MAC) within a minute are one record with a Count.
type Refused struct {
	NASID    visit.NASID   `json:"nas_id,omitempty"`
	Reason   RefusedReason `json:"reason"`
	Username string        `json:"username,omitempty"` // at most 64 octets
	MAC      string        `json:"mac,omitempty"`
	GrantID  string        `json:"grant_id,omitempty"`
	Method   string        `json:"method,omitempty"` // pap, chap, mschapv2
	Count    int           `json:"count,omitempty"`
}

// Command names one attempt to end a visit's sessions.
type Command struct {
	VisitID    visit.VisitID `json:"visit_id"`
	Generation int           `json:"generation"`
	Attempt    int           `json:"attempt"`
}

// SessionTerminate asks the agent to end all sessions of a grant: those listed
// and those it knows of itself. It joins a ladder that is already running and
// is answered by a Termination record with the same command.
//
// With Only it asks for the listed sessions alone, although their grant is good: the
// device may log in again. That is a frame type of its own, because an agent that
// does not know it must not take it for the end of all of the grant's sessions.
type SessionTerminate struct {
	Command  Command   `json:"command"`
	GrantID  string    `json:"grant_id"`
	Username string    `json:"username"`
	Sessions []Session `json:"sessions,omitempty"`
	Only     bool      `json:"-"`
}

// FrameType implements Frame.
func (s *SessionTerminate) FrameType() Type {
	if s.Only {
		return TypeDisconnect
	}
	return TypeSessionTerminate
}

// Termination is the result of ending a grant's sessions. Command is nil where
// the agent acted by itself (a revoke, an expiry, a snapshot without the grant).
type Termination struct {
	Command *Command        `json:"command,omitempty"`
	GrantID string          `json:"grant_id"`
	VisitID visit.VisitID   `json:"visit_id,omitempty"`
	Results []SessionResult `json:"results"`
}

// SessionResult is the result for one session, with the key by which the server
// finds its row.
type SessionResult struct {
	Key    SessionKey               `json:"key"`
	Result visit.SessionTermination `json:"result"`
}

// SessionReport gives an agent the open sessions that other agents of its site
// reported, so that it can end them and count devices. It replaces what earlier
// reports of the same sessions said; Closed ones are forgotten.
type SessionReport struct {
	Open   []Session    `json:"open,omitempty"`
	Closed []SessionKey `json:"closed,omitempty"`
}

// FrameType implements Frame.
func (*SessionReport) FrameType() Type { return TypeSessionReport }

// MarshalJSON keeps an empty list a list: [] and absent differ for readers.
func (t Termination) MarshalJSON() ([]byte, error) {
	type plain Termination
	if t.Results == nil {
		t.Results = []SessionResult{}
	}
	return json.Marshal(plain(t))
}
