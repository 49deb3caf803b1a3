package activities

import (
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/foyerhq/foyer/internal/visit"
)

// Failure turns an activity's error into what goes to Temporal. A refusal that a
// repeat cannot change is final; everything else is repeated, after the error's
// RetryAfter where it has one. That it is not an attempt's turn yet (KindLimited) is
// benign to Temporal, and no failure in its metrics. The failure carries the error's kind and code and
// nothing of its text, which may quote input.
//
// Errors made for Temporal, and activity.ErrResultPending, pass as they are.
func Failure(err error) error {
	if err == nil || errors.Is(err, activity.ErrResultPending) {
		return err
	}
	if _, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return err
	}
	kind, code, after := visit.KindOf(err), string(visit.KindInternal), time.Duration(0)
	if refusal, ok := errors.AsType[*visit.Error](err); ok {
		code, after = refusal.Code, refusal.RetryAfter
	}
	options := temporal.ApplicationErrorOptions{NonRetryable: final(kind), NextRetryDelay: after}
	if kind == visit.KindLimited {
		options.Category = temporal.ApplicationErrorCategoryBenign
	}
	return temporal.NewApplicationErrorWithOptions(code, string(kind), options)
}

// final reports whether repeating is useless.
func final(kind visit.Kind) bool {
	switch kind {
	case visit.KindInvalid, visit.KindUnauthenticated, visit.KindForbidden,
		visit.KindNotFound, visit.KindConflict, visit.KindGone:
		return true
	case visit.KindLimited, visit.KindUnavailable, visit.KindInternal:
	}
	return false
}
