package wire

import "time"

// Close codes of the link beside RFC 6455's.
const (
	CloseRestart     = 1012 // the hub is restarting; come back after a jittered delay
	CloseOverloaded  = 1013 // come back later
	CloseWithdrawn   = 4401 // an operator withdrew the agent; do not come back
	CloseUnknown     = 4404 // this certificate is not known or is over; grants stay as they are
	CloseReplaced    = 4409 // another connection acts as this agent; wait five minutes
	CloseQuarantined = 4423 // replaced too often; an operator decides
)

// Hello is the agent's first frame.
type Hello struct {
	Agent    string   `json:"agent"`
	Journal  string   `json:"journal"` // random id of the journal file
	Version  string   `json:"version"` // of the program
	Protocol int      `json:"protocol"`
	Epoch    int64    `json:"epoch"` // of the last connection, 0 for none
	Position Position `json:"position"`
	// Empty: the agent's ledger is empty or unreadable, only a snapshot helps.
	Empty bool `json:"empty,omitempty"`
	// Takes names frames beyond the first ones that the agent acts upon; to
	// others they would be unknown, and skipped. TakesDevices among them is no frame.
	Takes []Type `json:"takes,omitempty"`
	// Presence is the version of the list of who is in the building that the agent
	// holds; empty: none.
	Presence string `json:"presence,omitempty"`
}

// TakesDevices in Hello.Takes: the agent acts upon grants of kind device.
const TakesDevices Type = "grant.device"

// FrameType implements Frame.
func (*Hello) FrameType() Type { return TypeHello }

// Stats is sent every 30 seconds and when something needs attention.
type Stats struct {
	Grants          int            `json:"grants"`
	Sessions        int            `json:"sessions"`
	JournalBacklog  int            `json:"journal_backlog"`           // records not yet acknowledged
	JournalDropped  int64          `json:"journal_dropped,omitempty"` // since the journal was made
	ClockOffsetMS   int64          `json:"clock_offset_ms"`           // hub minus agent
	RequestsDropped int64          `json:"requests_dropped,omitempty"`
	DiskError       string         `json:"disk_error,omitempty"` // a class such as "no_space", never a path
	Counters        map[string]int `json:"counters,omitempty"`
	Presence        *PresenceStats `json:"presence,omitempty"` // nil: it shows no list
}

// FrameType implements Frame.
func (*Stats) FrameType() Type { return TypeStats }

// Renew asks for a new certificate for the live link's agent.
type Renew struct {
	CSR []byte `json:"csr"` // PKCS #10, DER
}

// FrameType implements Frame.
func (*Renew) FrameType() Type { return TypeRenew }

// Certificate answers Renew.
type Certificate struct {
	Certificate []byte    `json:"certificate"` // X.509, DER
	NotAfter    time.Time `json:"not_after"`
}

// FrameType implements Frame.
func (*Certificate) FrameType() Type { return TypeCertificate }

// Challenge is the hub's first frame where a proxy ends TLS.
type Challenge struct {
	Nonce []byte `json:"nonce"` // 32 random octets
}

// FrameType implements Frame.
func (*Challenge) FrameType() Type { return TypeChallenge }

// Proof answers Challenge: the agent's certificate and its key's signature
// (ASN.1 ECDSA over SHA-256) of ProofContext followed by the nonce.
type Proof struct {
	Certificate []byte `json:"certificate"`
	Signature   []byte `json:"signature"`
}

// ProofContext keeps a signed challenge from being anything else.
const ProofContext = "foyer agent link v1\x00"

// FrameType implements Frame.
func (*Proof) FrameType() Type { return TypeProof }
