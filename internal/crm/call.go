package crm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
)

const (
	callFor   = 15 * time.Second
	maxAnswer = 1 << 20
	// A CRM may put us off, but not for ever and not for nothing.
	leastWait, mostWait = time.Second, time.Hour
)

// request is one call below the account's base URL. path is escaped already.
type request struct {
	method, path string
	query        url.Values
	header       map[string]string
	body         any
}

// answer is what came back, read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

// bearer gives calls their credentials.
type bearer interface {
	// token returns what is good now.
	token(ctx context.Context) (string, error)
	// renew drops a token that the CRM refused, and reports whether there may be a
	// better one.
	renew(token string) bool
}

// caller makes the calls of one account.
type caller struct {
	http    *http.Client
	base    string
	bearer  bearer
	sign    func(r *http.Request, token string)
	header  map[string]string
	refusal func(a answer) *visit.Error // how the vendor says no
}

// call makes a request and decodes the answer into out, unless out is nil. Any
// answer but a success is an error, and so is one that is not JSON. A token that has
// expired is renewed once.
func (c *caller) call(ctx context.Context, r request, out any) (answer, error) {
	a, err := c.renewing(ctx, r)
	if err != nil {
		return a, err
	}
	if !a.ok() {
		return a, c.refusal(a)
	}
	if out == nil {
		if a.status != http.StatusNoContent && !json.Valid(a.body) {
			return a, errUnreadable // a page of something in between is no success
		}
		return a, nil
	}
	return a, a.into(out)
}

func (c *caller) renewing(ctx context.Context, r request) (answer, error) {
	token, err := c.bearer.token(ctx)
	if err != nil {
		return answer{}, err
	}
	a, err := c.send(ctx, r, token)
	if err != nil || a.status != http.StatusUnauthorized || !c.bearer.renew(token) {
		return a, err
	}
	if token, err = c.bearer.token(ctx); err != nil {
		return a, err
	}
	return c.send(ctx, r, token)
}

func (c *caller) send(ctx context.Context, r request, token string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	at := c.base + r.path
	if len(r.query) > 0 {
		at += "?" + r.query.Encode()
	}
	var body io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return answer{}, err
		}
		body = bytes.NewReader(text)
	}
	made, err := http.NewRequestWithContext(ctx, r.method, at, body)
	if err != nil {
		return answer{}, visit.Invalid("settings.base_url", "This is not a URL that can be called.")
	}
	made.Header.Set("Accept", "application/json")
	if r.body != nil {
		made.Header.Set("Content-Type", "application/json")
	}
	for _, header := range []map[string]string{c.header, r.header} {
		for name, value := range header {
			made.Header.Set(name, value)
		}
	}
	c.sign(made, token)
	return exchange(c.http, made)
}

// exchange sends a request and reads the answer. The URL of a request may hold an
// address, and so may whatever is answered.
func exchange(client *http.Client, r *http.Request) (answer, error) {
	response, err := client.Do(r) //nolint:gosec // the URL is the account's, and the client's dialler is the guard
	if refused, ok := errors.AsType[*webhook.AddressError](err); ok {
		e := *errAddress
		e.Err = refused
		return answer{}, &e
	}
	if err != nil {
		return answer{}, visit.Unavailable("The CRM", webhook.Unquoted(r.Context(), err))
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return answer{}, visit.Unavailable("The CRM", webhook.Unquoted(r.Context(), err))
	case len(body) > maxAnswer:
		return answer{}, errTooLong
	}
	return answer{response.StatusCode, response.Header, body}, nil
}

// errAddress is not final: what a name resolves to, and what the operator allows, may
// be mended.
var errAddress = visit.Errorf(visit.KindUnavailable, "crm_address", "The CRM is at an address that may not be called.")

// Answers that are none. They come from what stands between us and the CRM, or
// from a bad day of the CRM, so that they are worth a repeat.
var (
	errTooLong    = visit.Errorf(visit.KindUnavailable, "crm_answer_too_long", "The CRM's answer is too long.")
	errUnreadable = visit.Errorf(visit.KindUnavailable, "crm_unreadable", "The CRM's answer is not what was agreed.")
)

func (a answer) into(out any) error {
	if json.Unmarshal(a.body, out) != nil {
		return errUnreadable
	}
	return nil
}

// Refusals that vendors share. None but the last two is worth a repeat.
var (
	errUnauthorized = visit.Errorf(visit.KindForbidden, "crm_unauthorized", "The CRM does not accept the account's credentials.")
	errForbidden    = visit.Errorf(visit.KindForbidden, "crm_forbidden", "The account may not do this in the CRM.")
	errField        = visit.Errorf(visit.KindInvalid, "crm_field_invalid", "The CRM does not accept a field.")
	errRefused      = visit.Errorf(visit.KindInvalid, "crm_refused", "The CRM does not accept the request.")
	errSetup        = visit.Errorf(visit.KindInvalid, "crm_setup_needed", "The CRM is not set up: run the setup.")
	errDuplicates   = visit.Errorf(visit.KindConflict, "crm_duplicates", "The CRM has several records that match.")
	errConflict     = visit.Errorf(visit.KindConflict, "crm_conflict", "The CRM has a record that is in the way.")
	errNotFound     = visit.Errorf(visit.KindNotFound, "crm_not_found", "The CRM has no such record.")
	errMoved        = visit.Errorf(visit.KindInvalid, "crm_moved", "The CRM is somewhere else: check the account's URL.")
	errLimited      = visit.Errorf(visit.KindLimited, "crm_limited", "The CRM asks us to slow down.")
	errUnavailable  = visit.Errorf(visit.KindUnavailable, "crm_unavailable", "The CRM does not answer.")
)

// byStatus is what an answer means whose body says nothing.
func byStatus(a answer) *visit.Error {
	switch {
	case a.status == http.StatusUnauthorized:
		return errUnauthorized
	case a.status == http.StatusForbidden:
		return errForbidden
	case a.status == http.StatusNotFound, a.status == http.StatusGone:
		return errNotFound
	case a.status == http.StatusConflict, a.status == http.StatusPreconditionFailed:
		return errConflict
	case a.status == http.StatusTooManyRequests:
		return limited(a, 10*time.Second)
	case a.status == http.StatusRequestTimeout, a.status == http.StatusTooEarly, a.status >= 500:
		return after(errUnavailable, a, 0)
	case a.status >= 300 && a.status < 400:
		return errMoved
	case a.ok():
		return errUnreadable
	}
	return errRefused
}

// limited is errLimited until the time the answer names, or the usual one.
func limited(a answer, usual time.Duration) *visit.Error { return after(errLimited, a, usual) }

func after(refusal *visit.Error, a answer, usual time.Duration) *visit.Error {
	e := *refusal
	e.RetryAfter = usual
	if wait, ok := a.retryAfter(); ok {
		e.RetryAfter = min(max(wait, leastWait), mostWait)
	}
	return &e
}

// retryAfter reads the header in its two forms (RFC 9110 10.2.3), and Pipedrive's
// own for the same thing.
func (a answer) retryAfter() (time.Duration, bool) {
	for _, name := range []string{"Retry-After", "X-Ratelimit-Reset"} {
		text := a.header.Get(name)
		if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 && seconds < 1e6 {
			return time.Duration(seconds * float64(time.Second)), true
		}
		date, err := http.ParseTime(a.header.Get("Date"))
		if at, err2 := http.ParseTime(text); err2 == nil && err == nil {
			return at.Sub(date), true // by the CRM's own clock
		}
	}
	return 0, false
}
