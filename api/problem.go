package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/visit"
)

// problemType prefixes a problem's code. Codes are stable; the URI needs no
// network to be understood.
const problemType = "urn:foyer:problem:"

// statusOf maps a kind of error to its HTTP status.
func statusOf(kind visit.Kind) int {
	switch kind {
	case visit.KindInvalid:
		return http.StatusUnprocessableEntity
	case visit.KindUnauthenticated:
		return http.StatusUnauthorized
	case visit.KindForbidden:
		return http.StatusForbidden
	case visit.KindNotFound:
		return http.StatusNotFound
	case visit.KindConflict:
		return http.StatusConflict
	case visit.KindGone:
		return http.StatusGone
	case visit.KindLimited:
		return http.StatusTooManyRequests
	case visit.KindUnavailable:
		return http.StatusServiceUnavailable
	case visit.KindInternal:
	}
	return http.StatusInternalServerError
}

// Problem is the body of every answer that is not a success (RFC 9457).
type Problem struct {
	Type   string         `json:"type" doc:"Stable: urn:foyer:problem: and a code."`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail,omitempty" doc:"For people."`
	Errors []ProblemField `json:"errors,omitempty" doc:"What is wrong with which part of the request."`
	// RulesVersion comes with rules_changed.
	RulesVersion int `json:"rules_version,omitempty" doc:"With rules_changed: the version of the site's rules in force."`

	retryAfter string
}

// ProblemField names one part of the request that is wrong. It never repeats
// the value.
type ProblemField struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

// Error implements error.
func (p *Problem) Error() string { return p.Type + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter != "" {
		h.Set("Retry-After", p.retryAfter)
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="foyer"`)
	}
	return h
}

var errInternal = visit.Errorf(visit.KindInternal, "internal", "Something went wrong on our side. It has been logged.")

// problemOf turns an error into what the caller may know of it, and logs the
// rest, once: a problem is passed on as it is. That a caller has left is not
// logged. Errors of other parts quote no values, so that none gets into logs.
func problemOf(ctx context.Context, log *slog.Logger, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	e, ok := errors.AsType[*visit.Error](err)
	if !ok {
		e = errInternal
		if errors.Is(err, context.DeadlineExceeded) {
			e = visit.Unavailable("Something we need", err)
		}
	}
	p := problemFrom(e)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
	case e.Kind == visit.KindInternal:
		log.ErrorContext(ctx, "request failed", "error", err, "cause", errors.Unwrap(e))
	case e.Kind == visit.KindUnavailable:
		p.retryAfter = "2"
		log.WarnContext(ctx, "request not served", "error", err, "cause", errors.Unwrap(e))
	case e.Kind == visit.KindLimited:
		p.retryAfter = "10"
	}
	return p
}

func problemFrom(e *visit.Error) *Problem {
	p := &Problem{Type: problemType + e.Code, Title: http.StatusText(statusOf(e.Kind)), Status: statusOf(e.Kind), Detail: e.Message}
	if e.Field != "" {
		p.Errors = []ProblemField{{Location: e.Field, Message: e.Message}}
	}
	return p
}

// newError makes a problem of a status, and of what huma itself refuses: bodies
// that do not parse, parameters out of range.
func newError(status int, message string, errs ...error) *Problem {
	if message == "cannot read request body" { // huma blames itself
		status = http.StatusBadRequest
	}
	code := strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
	switch status {
	case http.StatusUnprocessableEntity:
		code = "invalid"
	case http.StatusInternalServerError:
		code = "internal"
	}
	p := &Problem{Type: problemType + code, Title: http.StatusText(status), Status: status, Detail: message}
	for _, err := range errs {
		if detailer, ok := err.(huma.ErrorDetailer); ok {
			detail := detailer.ErrorDetail()
			p.Errors = append(p.Errors, ProblemField{Location: detail.Location, Message: detail.Message}) // not its Value
		}
	}
	return p
}
