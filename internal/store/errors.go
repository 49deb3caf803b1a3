package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/foyerhq/foyer/internal/visit"
)

// SQLSTATE codes (PostgreSQL manual, appendix A).
const (
	codeSerializationFailure = "40001"
	codeDeadlock             = "40P01"
	codeInvalidText          = "22P02"
	codeUniqueViolation      = "23505"
)

// refusals is the one place that says what a violated constraint means to a
// caller. Constraints that are not here guard against our own mistakes.
var refusals = map[string]*visit.Error{
	"sites_name_length":           visit.Invalid("name", "A site needs a name of at most 200 characters."),
	"sites_spans":                 visit.Invalid("max_stay", "Spans are positive."),
	"sites_device_limit":          visit.Invalid("device_limit", "The device limit is 0 (none) or more."),
	"visits_person_id_fkey":       visit.Errorf(visit.KindNotFound, "person_not_found", "There is no such person."),
	"visits_span":                 visit.Invalid("expected_departure", "The departure is not after the arrival."),
	"visits_readmit_of":           visit.Errorf(visit.KindConflict, "visit_readmitted", "The visit was readmitted already."),
	"events_one_terminal":         visit.ErrVisitEnded,
	"vouchers_span":               visit.ErrDepartureInPast,
	"agents_name_length":          visit.Invalid("name", "An agent needs a name of at most 200 characters."),
	"nases_source":                visit.Errorf(visit.KindConflict, "nas_source_taken", "Another NAS of the site has this network."),
	"nases_coa_port":              visit.Invalid("coa_port", "This is not a port."),
	"nases_max_session":           visit.Invalid("max_session_seconds", "At least 60 seconds, or 0 for no limit."),
	"nases_interim":               visit.Invalid("interim_seconds", "At least 60 seconds (RFC 2869 5.16)."),
	"nases_message_authenticator": visit.Invalid("message_authenticator", "One of require, auto, allow_none."),
	"zones_name":                  visit.Errorf(visit.KindConflict, "zone_name_taken", "Another zone of the site has this name."),
	"zone_ways_pkey":              visit.Errorf(visit.KindConflict, "way_taken", "From one of these NASes and networks another zone is reached already."),
	"rolls_number":                errNumberTaken,
	"accounts_proven_login":       ErrLoginTaken,
	"accounts_pkey":               errAccountExists,
	"profiles_name":               visit.Errorf(visit.KindConflict, "profile_name_taken", "Another profile has this name."),
	"templates_name":              visit.Errorf(visit.KindConflict, "template_name_taken", "Another template has this name."),
	"portals_name":                visit.Errorf(visit.KindConflict, "portal_name_taken", "Another portal of the site has this name."),
	"users_email":                 visit.Errorf(visit.KindConflict, "email_taken", "Another user has this e-mail address."),
	"idempotency_key_length":      visit.Invalid("idempotency_key", "The key is too long."),
}

// unavailable are the classes and codes that say "not now" rather than "no":
// connection trouble, resources, shutting down, limits of time.
var unavailable = []string{"08", "53", "57", "58", "25P03", "25006", "55P03", codeSerializationFailure, codeDeadlock}

// explain turns what a database call returned into an error of the domain.
// Domain errors pass through. Errors never quote statements or values: pgx adds
// neither, and the server's message is left to logs.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if _, ours := errors.AsType[*visit.Error](err); ours {
		return err
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return explainServer(pg)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || isConnection(err) {
		return visit.Unavailable("database", err)
	}
	return fmt.Errorf("store: %w", err)
}

func explainServer(pg *pgconn.PgError) error {
	if refusal, ok := refusals[pg.ConstraintName]; ok {
		refused := *refusal
		refused.Err = redacted(pg)
		return &refused
	}
	for _, prefix := range unavailable {
		if strings.HasPrefix(pg.Code, prefix) {
			return visit.Unavailable("database", redacted(pg))
		}
	}
	return fmt.Errorf("store: %w", redacted(pg))
}

// redacted keeps of a server error what is no value: a unique violation's detail
// quotes the row, an invalid text's message quotes the input.
func redacted(pg *pgconn.PgError) error {
	return &serverError{code: pg.Code, constraint: pg.ConstraintName, table: pg.TableName, routine: pg.Routine}
}

type serverError struct{ code, constraint, table, routine string }

func (e *serverError) Error() string {
	return fmt.Sprintf("postgres %s (constraint %q, table %q, routine %q)", e.code, e.constraint, e.table, e.routine)
}

// isConnection recognises the ways pgx says that the connection is not there.
func isConnection(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*lostError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*unbegunError](err); ok {
		return true
	}
	return pgconn.SafeToRetry(err) || pgconn.Timeout(err)
}

// lostError marks an error after which the connection was found closed.
type lostError struct{ err error }

func (e *lostError) Error() string { return "connection lost: " + e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// retryable reports whether the transaction left no trace and may well succeed
// when run again.
func retryable(err error) bool {
	if _, unbegun := errors.AsType[*unbegunError](err); unbegun {
		return true
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == codeSerializationFailure || pg.Code == codeDeadlock ||
			violates(err, "sessions_key") || // two agents reported the same session at once
			violates(err, "authentications_device") || violates(err, "accounts_proven_login") // two logged in at once
	}
	return pgconn.SafeToRetry(err)
}

// unbegunError marks the failure of a BEGIN: nothing has happened yet.
type unbegunError struct{ err error }

func (e *unbegunError) Error() string { return "begin: " + e.err.Error() }
func (e *unbegunError) Unwrap() error { return e.err }

// violates reports whether err is a violation of the named unique constraint.
func violates(err error, constraint string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == codeUniqueViolation && pg.ConstraintName == constraint
}
