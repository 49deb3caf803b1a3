package visit

import "time"

// ProbeAnswer says what came of a Disconnect-Request for a session that does not
// exist. Names are interface.
type ProbeAnswer string

// The answers.
const (
	ProbeUnderstood   ProbeAnswer = "understood"    // NAK 503, session context not found: as it should be
	ProbeAgreed       ProbeAnswer = "agreed"        // ACK, although there was nothing to end
	ProbeRefused      ProbeAnswer = "refused"       // another NAK; its Error-Cause says why
	ProbeForged       ProbeAnswer = "forged"        // answers came, none of them signed with our secret
	ProbeNoAnswer     ProbeAnswer = "no_answer"     // silence
	ProbeUnreachable  ProbeAnswer = "unreachable"   // ICMP: nobody listens there
	ProbeNoAddress    ProbeAnswer = "no_address"    // neither a CoA address nor a single source is known
	ProbeUnknownNAS   ProbeAnswer = "unknown_nas"   // the agent does not know the NAS
	ProbeUnsupported  ProbeAnswer = "unsupported"   // the agent has no such driver, or one that cannot be tried
	ProbeAgentTooOld  ProbeAnswer = "agent_too_old" // said by the hub: the agent knows no tests
	ProbeAgentSilent  ProbeAnswer = "agent_silent"  // said by the server: no result came in time
	ProbeAgentOffline ProbeAnswer = "agent_offline" // said by the server: there is no link to the agent
)

// NASReport is what an agent found out about a NAS from where it stands. It names
// nobody.
type NASReport struct {
	Answer     ProbeAnswer `json:"answer"`
	ErrorCause int         `json:"error_cause,omitempty"` // RFC 5176 3.5, of a NAK
	Tries      int         `json:"tries,omitempty"`       // datagrams sent

	// What the NAS was heard to say since HeardSince, when the agent began to
	// listen; nil for nothing.
	HeardSince   time.Time  `json:"heard_since"`
	SignedAt     *time.Time `json:"signed_at,omitempty"`     // Access-Request with a valid Message-Authenticator
	UnsignedAt   *time.Time `json:"unsigned_at,omitempty"`   // Access-Request without one
	DistrustedAt *time.Time `json:"distrusted_at,omitempty"` // packet whose proof of the secret was wrong
	AccountingAt *time.Time `json:"accounting_at,omitempty"` // Accounting-Request
}

// FindingState says whether something is as it should be.
type FindingState string

// The states.
const (
	FindingGood    FindingState = "good"
	FindingBad     FindingState = "bad"     // something has to be changed
	FindingUnknown FindingState = "unknown" // nothing was heard that would tell
)

// Finding is one sentence of a test's result. Codes are interface; what to do
// about each is the interface's to say, in its reader's language.
type Finding struct {
	State FindingState
	Code  string
	At    *time.Time // when it was last seen
}

// Findings says what an agent's report means for a NAS with this policy: first
// whether sessions can be ended, then whether logins arrive, are signed, and are
// followed by accounting. An agent that could not try is one finding.
func (r NASReport) Findings(policy MessageAuthenticatorPolicy) []Finding {
	switch r.Answer {
	case ProbeAgentTooOld, ProbeAgentSilent, ProbeAgentOffline, ProbeUnknownNAS:
		return []Finding{{State: FindingBad, Code: string(r.Answer)}}
	case ProbeUnderstood, ProbeAgreed, ProbeRefused, ProbeForged, ProbeNoAnswer, ProbeUnreachable, ProbeNoAddress, ProbeUnsupported:
	}
	findings := []Finding{r.disconnect(), r.requests()}
	if latest(r.SignedAt, r.UnsignedAt) != nil {
		findings = append(findings, r.signature(policy))
	}
	return append(findings, r.accounting())
}

// disconnect judges the probe. RFC 5176 3.5: causes other than 503 tell of a
// configuration fault, or of a NAS that has no time.
func (r NASReport) disconnect() Finding {
	if r.Answer == ProbeUnderstood {
		return Finding{State: FindingGood, Code: "disconnect_understood"}
	}
	code := "disconnect_" + string(r.Answer)
	if r.Answer == ProbeRefused {
		switch r.ErrorCause {
		case 501:
			code = "disconnect_prohibited"
		case 403:
			code = "disconnect_mismatch"
		case 502, 505, 506:
			code = "disconnect_busy"
		}
	}
	return Finding{State: FindingBad, Code: code}
}

// requests judges whether logins arrive. A wrong proof that is newer than every
// right one speaks against the secret.
func (r NASReport) requests() Finding {
	heard := latest(r.SignedAt, r.UnsignedAt)
	switch {
	case r.DistrustedAt != nil && latest(r.SignedAt, r.AccountingAt, r.DistrustedAt) == r.DistrustedAt:
		return Finding{FindingBad, "secret_suspected", r.DistrustedAt}
	case heard == nil:
		return Finding{FindingUnknown, "requests_none", &r.HeardSince}
	}
	return Finding{FindingGood, "requests_seen", heard}
}

func (r NASReport) signature(policy MessageAuthenticatorPolicy) Finding {
	unsigned := r.UnsignedAt != nil && latest(r.SignedAt, r.UnsignedAt) == r.UnsignedAt
	switch {
	case !unsigned:
		return Finding{FindingGood, "signature_seen", r.SignedAt}
	case policy == AllowNone:
		return Finding{FindingBad, "signature_allowed_none", r.UnsignedAt}
	case policy == AutoMessageAuthenticator && r.SignedAt == nil:
		return Finding{FindingBad, "signature_not_yet", r.UnsignedAt}
	}
	return Finding{FindingBad, "signature_missing", r.UnsignedAt}
}

func (r NASReport) accounting() Finding {
	if r.AccountingAt == nil {
		return Finding{FindingUnknown, "accounting_none", &r.HeardSince}
	}
	return Finding{FindingGood, "accounting_seen", r.AccountingAt}
}

// latest returns the last of the instants, nil if there is none.
func latest(instants ...*time.Time) (last *time.Time) {
	for _, at := range instants {
		if at != nil && (last == nil || !at.Before(*last)) {
			last = at
		}
	}
	return last
}
