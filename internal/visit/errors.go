package visit

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what an error means to a caller. Each transport maps kinds to its
// own answers in one place: HTTP status, Temporal retryability, log level.
type Kind string

// The kinds. An error without a kind is KindInternal.
const (
	KindInvalid         Kind = "invalid"         // the request can never succeed as sent
	KindUnauthenticated Kind = "unauthenticated" // who is asking is not known
	KindForbidden       Kind = "forbidden"       // who is asking may not
	KindNotFound        Kind = "not_found"       // no such thing, or not one the caller may see
	KindConflict        Kind = "conflict"        // the thing's state forbids it
	KindGone            Kind = "gone"            // it was there and is deliberately no more
	KindLimited         Kind = "limited"         // too many, come back later
	KindUnavailable     Kind = "unavailable"     // something we need does not answer; worth repeating
	KindInternal        Kind = "internal"        // our fault; details are logged, never shown
)

// Error is the one error type of the domain. Code is stable and part of the
// interface (it ends the problem's type URI), Message is for people and holds
// no personal data, Field names the offending input where there is one. Err,
// when set, is for logs only. RetryAfter, when set, is when repeating is worth
// while, where somebody has said so.
type Error struct {
	Kind       Kind
	Code       string
	Message    string
	Field      string
	Err        error
	RetryAfter time.Duration
}

// Error returns the code and message; the wrapped cause is left to logs.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Unwrap returns the cause, if any.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an *Error with the same code, so that the
// sentinel values below work with errors.Is also after fields were added.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Errorf makes an Error of a kind with a stable code.
func Errorf(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid makes a KindInvalid error about one input field.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Kind: KindInvalid, Code: "invalid", Field: field, Message: fmt.Sprintf(format, args...)}
}

// Unavailable wraps a failure of something we depend on.
func Unavailable(what string, err error) *Error {
	return &Error{Kind: KindUnavailable, Code: "unavailable", Message: what + " does not answer", Err: err}
}

// KindOf returns err's kind, KindInternal for errors that are not ours.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindInternal
}

// Refusals that callers tell apart.
var (
	ErrVisitNotFound   = Errorf(KindNotFound, "visit_not_found", "There is no such visit.")
	ErrSiteNotFound    = Errorf(KindNotFound, "site_not_found", "There is no such site.")
	ErrAgentNotFound   = Errorf(KindNotFound, "agent_not_found", "There is no such agent.")
	ErrNASNotFound     = Errorf(KindNotFound, "nas_not_found", "There is no such NAS.")
	ErrVisitEnded      = Errorf(KindConflict, "visit_ended", "The visit has ended.")
	ErrVisitCancelled  = Errorf(KindConflict, "visit_cancelled", "The visit was cancelled.")
	ErrNotCheckedIn    = Errorf(KindConflict, "visit_not_checked_in", "The visit is not checked in.")
	ErrAlreadyCheckIn  = Errorf(KindConflict, "visit_checked_in", "The visit is checked in; check it out instead.")
	ErrSiteArchived    = Errorf(KindConflict, "site_archived", "The site is archived.")
	ErrVoucherWiped    = Errorf(KindGone, "voucher_gone", "The visit has ended; its credentials are gone.")
	ErrReadmitTooLate  = Errorf(KindConflict, "readmit_too_late", "A visit can be readmitted within 12 hours of its end.")
	ErrStaleEpoch      = Errorf(KindConflict, "stale_epoch", "Another connection acts as this agent.")
	ErrAgentWithdrawn  = Errorf(KindForbidden, "agent_withdrawn", "The agent was withdrawn.")
	ErrQuarantined     = Errorf(KindForbidden, "agent_quarantined", "Several machines act as this agent; an operator must decide.")
	ErrIdempotencyKey  = Errorf(KindInvalid, "idempotency_key_reused", "This Idempotency-Key was used with another request.")
	ErrDepartureInPast = &Error{Kind: KindInvalid, Code: "departure_in_past", Field: "expected_departure", Message: "The expected departure is in the past."}
	ErrStayTooLong     = &Error{Kind: KindInvalid, Code: "stay_too_long", Field: "expected_departure", Message: "The stay is longer than the site allows."}
)
