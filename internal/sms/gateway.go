package sms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
)

const (
	callFor   = 15 * time.Second
	maxAnswer = 64 << 10
	formType  = "application/x-www-form-urlencoded"
)

// Gateway is how the operator describes the service that sends SMS.
type Gateway struct {
	URL  string
	Body string // with {to}, {text} and {from}
	// ContentType decides how values are written into Body: as JSON strings, or
	// form-encoded.
	ContentType string
	From        string
	Header      string // "Authorization: Bearer …"; a secret
	Success     string // what the answer must contain besides being 2xx; empty: nothing
}

// Refusals and failures of a gateway. None quotes the number or what it answered.
var (
	errGateway = visit.Errorf(visit.KindUnavailable, "sms_gateway", "The SMS gateway does not answer.")
	errRefused = visit.Errorf(visit.KindInvalid, "sms_refused", "The SMS gateway refused the message.")
	errSetup   = visit.Errorf(visit.KindUnavailable, "sms_settings", "The SMS gateway does not accept our settings.")
)

// Validate checks what an operator has set. Errors do not quote it.
func (g Gateway) Validate(guard webhook.Guard) error {
	if err := guard.CheckURL(g.URL); err != nil {
		return err
	}
	if g.ContentType != formType && g.ContentType != "application/json" {
		return visit.Invalid("sms_content_type", "This is application/json or %s.", formType)
	}
	if !strings.Contains(g.Body, "{to}") || !strings.Contains(g.Body, "{text}") {
		return visit.Invalid("sms_body", "The body must have {to} and {text}.")
	}
	if g.ContentType != formType && !json.Valid([]byte(g.fill("+10", `"\`))) {
		return visit.Invalid("sms_body", "The body is not JSON; placeholders stand between quotation marks.")
	}
	if name, value, ok := strings.Cut(g.Header, ":"); g.Header != "" && (!ok || strings.TrimSpace(name) == "" || strings.TrimSpace(value) == "" || strings.ContainsAny(g.Header, "\r\n")) {
		return visit.Invalid("sms_header", "The header is a name, a colon and a value.")
	}
	return nil
}

// fill writes values into the body so that none can leave its place.
func (g Gateway) fill(to Number, text string) string {
	quote := func(s string) string {
		if g.ContentType == formType {
			return url.QueryEscape(s)
		}
		quoted, _ := json.Marshal(s) // a string always can
		return string(quoted[1 : len(quoted)-1])
	}
	return strings.NewReplacer("{to}", quote(string(to)), "{text}", quote(text), "{from}", quote(g.From)).Replace(g.Body)
}

// send makes one request. The client must check addresses as it dials.
func (g Gateway) send(ctx context.Context, client *http.Client, to Number, text string) error {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL, strings.NewReader(g.fill(to, text)))
	if err != nil {
		return failed(errSetup, errors.New("the request could not be made")) // the cause would quote the URL
	}
	request.Header.Set("Content-Type", g.ContentType)
	request.Header.Set("User-Agent", "Foyer-SMS/1")
	if name, value, ok := strings.Cut(g.Header, ":"); ok {
		request.Header.Set(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	response, err := client.Do(request)
	if err != nil {
		return failed(errGateway, webhook.Unquoted(ctx, err))
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return failed(errGateway, webhook.Unquoted(ctx, err))
	}
	return g.judge(response, answer)
}

func (g Gateway) judge(response *http.Response, answer []byte) error {
	cause := errors.New("gateway: HTTP " + response.Status[:min(3, len(response.Status))])
	switch status := response.StatusCode; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusNotFound || status >= 300 && status < 400:
		return failed(errSetup, cause)
	case status == http.StatusTooManyRequests || status >= 500:
		e := failed(errGateway, cause)
		e.RetryAfter = webhook.RetryAfter(response.Header, time.Now())
		return e
	case status >= 400, !bytes.Contains(answer, []byte(g.Success)):
		return failed(errRefused, cause)
	}
	return nil
}

func failed(as *visit.Error, cause error) *visit.Error {
	e := *as
	e.Err = cause
	return &e
}
