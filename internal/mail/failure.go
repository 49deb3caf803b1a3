package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/textproto"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// step is where in a conversation something failed.
type step string

const (
	stepDial      step = "dial"
	stepGreeting  step = "greeting"
	stepTLS       step = "tls"
	stepAuth      step = "auth"
	stepSender    step = "sender"
	stepRecipient step = "recipient"
	stepMessage   step = "message"
)

const (
	// greyFor: greylisting servers want to be asked again after five minutes or so
	// (RFC 6647 4).
	greyFor = 6 * time.Minute
	// settingsFor is when trouble with our own settings is worth another try.
	settingsFor = 10 * time.Minute
)

var (
	errNotOffered  = errors.New("STARTTLS is not offered")
	errNoMechanism = errors.New("no authentication mechanism in common")
)

// failure is what went wrong, without the server's words: they repeat addresses.
type failure struct {
	step     step
	status   int    // SMTP; 0: no answer
	enhanced string // RFC 3463, where the server gave it
	err      error  // of the connection; nil when the server answered
}

var enhancedCode = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}`)

func failedAt(at step, err error) *failure {
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		return &failure{step: at, status: answer.Code, enhanced: enhancedCode.FindString(answer.Msg)}
	}
	return &failure{step: at, err: err}
}

// Error implements error, for logs.
func (f *failure) Error() string {
	if f.status != 0 {
		return "smtp " + string(f.step) + ": " + strconv.Itoa(f.status) + " " + f.enhanced
	}
	return "smtp " + string(f.step) + ": " + f.nature()
}

// nature says what a connection's error was, in our own words.
func (f *failure) nature() string {
	if dns, ok := errors.AsType[*net.DNSError](f.err); ok && dns.IsNotFound {
		return "no such host"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](f.err); ok {
		return "certificate of an unknown authority"
	}
	if _, ok := errors.AsType[x509.HostnameError](f.err); ok {
		return "certificate of another host"
	}
	if _, ok := errors.AsType[x509.CertificateInvalidError](f.err); ok {
		return "certificate not valid"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](f.err); ok {
		return "no TLS spoken there"
	}
	switch {
	case errors.Is(f.err, errNotOffered), errors.Is(f.err, errNoMechanism):
		return f.err.Error()
	case errors.Is(f.err, context.DeadlineExceeded), errors.Is(f.err, os.ErrDeadlineExceeded), errors.Is(f.err, net.ErrClosed):
		return "no answer in time"
	case f.step == stepDial:
		return "no connection"
	}
	return "connection lost"
}

// Status returns the SMTP status that an error of Send stands for, 0 without one.
func Status(err error) int {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.status
	}
	return 0
}

// explain makes an error of the domain; see the package documentation.
func (f *failure) explain() *visit.Error {
	switch {
	case f.step == stepTLS:
		return f.as(visit.KindUnavailable, "mail_tls", settingsFor, "The mail server's TLS cannot be trusted.")
	case f.step == stepAuth && (f.status >= 500 || errors.Is(f.err, errNoMechanism) || f.status == 0 && !f.lost()):
		return f.as(visit.KindUnavailable, errAuth.Code, settingsFor, errAuth.Message)
	case f.step == stepSender && f.status >= 500:
		return f.as(visit.KindUnavailable, "mail_sender", settingsFor, "The mail server does not accept our sender address.")
	case f.status >= 500 && (f.step == stepRecipient || f.step == stepMessage):
		return f.as(visit.KindInvalid, "mail_rejected", 0, "The mail server refused the mail for good.")
	case f.status == 421 || f.status == 0 || f.status >= 500:
		return f.as(visit.KindUnavailable, "mail_unavailable", time.Minute, "The mail server does not answer.")
	}
	return f.as(visit.KindUnavailable, "mail_deferred", greyFor, "The mail server asks to try again later.")
}

// lost reports whether it was the connection, not what was said on it.
func (f *failure) lost() bool {
	_, network := errors.AsType[net.Error](f.err)
	return network || errors.Is(f.err, net.ErrClosed) || errors.Is(f.err, io.EOF) || errors.Is(f.err, io.ErrUnexpectedEOF)
}

func (f *failure) as(kind visit.Kind, code string, after time.Duration, message string) *visit.Error {
	return &visit.Error{Kind: kind, Code: code, Message: message, RetryAfter: after, Err: f}
}
