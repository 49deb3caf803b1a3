package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"syscall"

	"github.com/foyerhq/foyer/internal/visit"
)

// Codes of attempts that brought no answer, and of 410.
const (
	CodeGone    = "webhook_gone"
	CodeTimeout = "timeout"
	CodeDNS     = "dns"
	CodeTLS     = "tls"
	CodeAddress = "refused_address"
	CodeRefused = "connection_refused"
	CodeReset   = "connection_reset"
	CodeNetwork = "connection"
	CodeAnswer  = "protocol"
)

// failure says why there is no answer. An address that the guard refuses is no
// reason to give up: what a name resolves to may be mended like anything else.
func failure(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*AddressError](err); ok || errors.Is(err, errProxy) {
		return unanswered(CodeAddress, "The endpoint's address may not be called.", err)
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return unanswered(CodeDNS, "The endpoint's name cannot be resolved.", dns)
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() || ctx.Err() != nil {
		return unanswered(CodeTimeout, "The endpoint did not answer in time.", nil)
	}
	if isTLS(err) {
		return unanswered(CodeTLS, "The endpoint's certificate or TLS is not right.", err)
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return unanswered(CodeRefused, "The endpoint refuses connections.", err)
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return unanswered(CodeReset, "The endpoint closed the connection.", err)
	}
	if network, ok := errors.AsType[*net.OpError](err); ok {
		return unanswered(CodeNetwork, "The endpoint cannot be reached.", network)
	}
	// What is left quotes what was received.
	return unanswered(CodeAnswer, "The endpoint does not answer in HTTP.", nil)
}

// Unquoted is an error of [HTTPClient] without what it may quote: the URL, and what
// came in place of an answer. ctx is the request's.
func Unquoted(ctx context.Context, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if refusal, ok := asError(failure(ctx, err)); ok && refusal.Code == CodeAnswer {
		return errNoHTTP
	}
	return err
}

var errNoHTTP = errors.New("no answer in HTTP")

func isTLS(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	_, ok := errors.AsType[x509.HostnameError](err)
	return ok
}

func asError(err error) (*visit.Error, bool) { return errors.AsType[*visit.Error](err) }
