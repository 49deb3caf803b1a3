package visit

import "time"

// TerminationState is how far the ending of one session has come. Only proof
// makes it Confirmed: an access point's ACK is a promise.
type TerminationState string

// The states. Requested and Accepted are on the way, the others are results.
const (
	TerminationRequested   TerminationState = "requested"
	TerminationAccepted    TerminationState = "accepted"        // the NAS acknowledged; not proof
	TerminationConfirmed   TerminationState = "confirmed"       // Accounting-Stop or read-back
	TerminationAbsent      TerminationState = "absent"          // there was no such session, on evidence
	TerminationUnconfirmed TerminationState = "unconfirmed"     // no proof either way; worth repeating
	TerminationFailed      TerminationState = "failed"          // the NAS refused; see Reason
	TerminationTimeout     TerminationState = "left_to_timeout" // Session-Timeout ends it at Until
)

// TerminationReason says why a termination is not done. Names are interface.
type TerminationReason string

// The reasons.
const (
	ReasonNone             TerminationReason = ""
	ReasonNoAnswer         TerminationReason = "no_answer"         // silence after all retransmissions
	ReasonNotFound         TerminationReason = "context_not_found" // Error-Cause 503 without other evidence
	ReasonNotRemovable     TerminationReason = "not_removable"     // 504
	ReasonBusy             TerminationReason = "nas_busy"          // 502, 505, 506
	ReasonProhibited       TerminationReason = "prohibited"        // 501
	ReasonUnsupported      TerminationReason = "unsupported"       // 401, 402, 405, 406 after every shape
	ReasonMismatch         TerminationReason = "nas_mismatch"      // 403
	ReasonInvalid          TerminationReason = "invalid_request"   // 404, 407
	ReasonStillOnline      TerminationReason = "still_online"      // ACK, yet accounting goes on
	ReasonNoStop           TerminationReason = "no_stop"           // ACK, no Accounting-Stop yet
	ReasonUnknownNAS       TerminationReason = "unknown_nas"       // the NAS was removed
	ReasonAgentUnreachable TerminationReason = "agent_unreachable"
	ReasonOther            TerminationReason = "other"
)

// TerminationAttempt is one request to a NAS and what came back.
type TerminationAttempt struct {
	At         time.Time `json:"at"`
	Method     string    `json:"method"` // "disconnect", "coa", later the drivers' names
	Answer     string    `json:"answer"` // "ack", "nak", "none", "error"
	ErrorCause int       `json:"error_cause,omitempty"`
	Shape      string    `json:"shape,omitempty"` // which identification attributes were sent
	Tries      int       `json:"tries,omitempty"` // datagrams sent, including retransmissions
}

// SessionTermination is the result for one session. It names the session by id
// and NAS only; MAC and IP stay in the sessions table.
type SessionTermination struct {
	SessionID SessionID         `json:"session_id,omitempty"`
	NASID     NASID             `json:"nas_id,omitempty"`
	State     TerminationState  `json:"state"`
	Reason    TerminationReason `json:"reason,omitempty"`
	Until     *time.Time        `json:"until,omitempty"` // for left_to_timeout
	At        time.Time         `json:"at"`
	// Attempts are the last ones since the ending began, earlier rounds included.
	Attempts []TerminationAttempt `json:"attempts,omitempty"`
	// NoAccounting: this NAS has never sent accounting, so that an ACK is all
	// the proof there can be.
	NoAccounting bool `json:"no_accounting,omitempty"`
}

// Done reports whether nothing is left to do for the session.
func (s SessionTermination) Done() bool {
	switch s.State {
	case TerminationConfirmed, TerminationAbsent, TerminationTimeout:
		return true
	case TerminationAccepted:
		return s.NoAccounting
	case TerminationRequested, TerminationUnconfirmed, TerminationFailed:
	}
	return false
}

// TerminationResult is the outcome of one attempt to end all of a visit's
// sessions. No sessions means that there was nothing to end.
type TerminationResult struct {
	AgentID  AgentID              `json:"agent_id,omitempty"`
	Sessions []SessionTermination `json:"sessions"`
}

// Done reports whether every session is done.
func (r TerminationResult) Done() bool {
	for _, s := range r.Sessions {
		if !s.Done() {
			return false
		}
	}
	return true
}

// Worst returns the reason that decides when to try again: the first of a
// session that is not done.
func (r TerminationResult) Worst() TerminationReason {
	for _, s := range r.Sessions {
		if !s.Done() {
			if s.Reason == ReasonNone {
				return ReasonNoStop
			}
			return s.Reason
		}
	}
	return ReasonNone
}

// How often a termination is tried again whose reason does not say.
const (
	FirstTerminationRetry = 2 * time.Second
	LastTerminationRetry  = time.Minute
)

// NextTryAfter returns how long after the given attempt (from 1) failed for this
// reason the next one is due.
func (r TerminationReason) NextTryAfter(attempt int) time.Duration {
	if wait := r.RetryAfter(); wait > 0 {
		return wait
	}
	wait := FirstTerminationRetry
	for range attempt - 1 {
		if wait *= 2; wait >= LastTerminationRetry {
			return LastTerminationRetry
		}
	}
	return wait
}

// RetryAfter returns how long to wait before the whole termination is tried
// again. Zero leaves it to the caller's own back-off, which NextTryAfter knows.
func (r TerminationReason) RetryAfter() time.Duration {
	switch r {
	case ReasonBusy, ReasonNoStop, ReasonStillOnline:
		return 10 * time.Second
	case ReasonNoAnswer, ReasonNotFound:
		return 30 * time.Second
	case ReasonProhibited, ReasonUnsupported, ReasonMismatch, ReasonInvalid, ReasonNotRemovable, ReasonUnknownNAS:
		return 10 * time.Minute // somebody has to change a setting first
	case ReasonNone, ReasonAgentUnreachable, ReasonOther:
	}
	return 0
}
