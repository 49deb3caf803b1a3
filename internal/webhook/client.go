package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

const (
	defaultTimeout = 20 * time.Second // Standard Webhooks: 15 to 30 s
	dialTimeout    = 10 * time.Second
	idleFor        = 30 * time.Second
	idlePerHost    = 4
	maxHeader      = 32 << 10
	// An answer as short as this is read to the end, so that the connection can be
	// used again; of a longer one, or a slower, nothing more is wanted.
	maxDrain = 4 << 10
	drainFor = 500 * time.Millisecond

	userAgent = "Foyer-Webhook/1"
)

// Options are how to call. Zero values are the defaults.
type Options struct {
	Guard    Guard
	Timeout  time.Duration    // of an attempt, name and body included; 20 s
	Now      func() time.Time // signs attempts; time.Now
	Resolver *net.Resolver    // the system's
	RootCAs  *x509.CertPool   // the system's
	// Proxy, when set, is called instead of the receivers and judges addresses in
	// Guard's place: an egress proxy. None is taken from the environment.
	Proxy *url.URL
}

// Client makes attempts. It is safe for concurrent use.
type Client struct {
	options Options
	guarded *guarded
}

// New returns a client. Close it when no attempt is under way.
func New(options Options) *Client {
	if options.Timeout <= 0 {
		options.Timeout = defaultTimeout
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Client{options: options, guarded: newGuarded(options)}
}

// Close lets idle connections go.
func (c *Client) Close() { c.guarded.CloseIdleConnections() }

// HTTPClient is how attempts are made, for whatever else calls addresses that
// customers named: the guard judges the address of every connection
// before it is made, plain http goes to allowed addresses only, redirects are not
// followed. Calls need a deadline of their own. Their errors quote the URL and more,
// as those of net/http do: see [Unquoted].
func HTTPClient(options Options) *http.Client {
	return &http.Client{
		Transport:     newGuarded(options),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// guarded is two transports, because a dialler does not learn whether what it
// dials for will be encrypted.
type guarded struct{ secure, plain *http.Transport }

func newGuarded(options Options) *guarded {
	return &guarded{secure: options.transport(options.Guard.Check), plain: options.transport(options.Guard.checkPlain)}
}

// RoundTrip makes a request.
func (g *guarded) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme == "https" {
		return g.secure.RoundTrip(request)
	}
	return g.plain.RoundTrip(request)
}

// CloseIdleConnections lets idle connections go.
func (g *guarded) CloseIdleConnections() {
	g.secure.CloseIdleConnections()
	g.plain.CloseIdleConnections()
}

func (o Options) transport(check func(netip.Addr) error) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, Resolver: o.Resolver, Control: control(check)}
	transport := &http.Transport{
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleFor,
		DisableCompression:     true,
	}
	if o.Proxy != nil {
		dialer.Control = nil
		transport.Proxy = http.ProxyURL(o.Proxy)
		transport.OnProxyConnectResponse = refusedByProxy
	}
	return transport
}

// errProxy is an egress proxy that does not connect: mostly because it may not.
var errProxy = errors.New("the egress proxy refuses the address")

func refusedByProxy(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return errProxy
	}
	return nil
}

// Request is one attempt.
type Request struct {
	URL     string
	ID      string // the event's, the same on every attempt
	Body    []byte // JSON
	Secrets []Secret
}

// Send makes one attempt. A nil error means delivered. Otherwise the error is a
// [visit.Error] whose code is also the receipt's reason: KindGone and final for
// 410, KindLimited where the receiver is busy, KindUnavailable for the rest; the
// package's documentation lists the codes. A URL that cannot be called at all is
// KindInvalid.
func (c *Client) Send(ctx context.Context, request Request) (visit.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	call, err := c.prepare(ctx, request)
	if err != nil {
		return receipt(0, err)
	}
	// Not by an http.Client, which would put the URL into errors.
	response, err := c.guarded.RoundTrip(call) //nolint:bodyclose // drain does
	if err != nil {
		return receipt(0, failure(ctx, err))
	}
	defer drain(response.Body, cancel)
	return receipt(response.StatusCode, verdict(response, c.options.Now()))
}

func (c *Client) prepare(ctx context.Context, request Request) (*http.Request, error) {
	if err := c.options.Guard.CheckURL(request.URL); err != nil {
		return nil, err
	}
	call, err := http.NewRequestWithContext(ctx, http.MethodPost, request.URL, bytes.NewReader(request.Body))
	if err != nil { // its text quotes the URL
		return nil, visit.Invalid("url", "This is not an absolute URL.")
	}
	call.Header.Set("Content-Type", "application/json")
	call.Header.Set("User-Agent", userAgent)
	Sign(call.Header, request.ID, c.options.Now(), request.Body, request.Secrets...)
	return call, nil
}

// drain reads what little a receiver may have said, and closes.
func drain(body io.ReadCloser, cancel context.CancelFunc) {
	timer := time.AfterFunc(drainFor, cancel)
	defer timer.Stop()
	_, _ = io.CopyN(io.Discard, body, maxDrain)
	_ = body.Close()
}

func receipt(status int, err error) (visit.Receipt, error) {
	r := visit.Receipt{Status: status}
	if err == nil {
		return r, nil
	}
	refusal, ok := asError(err)
	if ok {
		r.Reason = refusal.Code
	}
	return r, err
}

// verdict is what a status means.
func verdict(response *http.Response, now time.Time) error {
	status := response.StatusCode
	code := "status_" + strconv.Itoa(status)
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusGone:
		return visit.Errorf(visit.KindGone, CodeGone, "The endpoint answered 410: it wants no more.")
	case status == http.StatusTooManyRequests, status == http.StatusBadGateway,
		status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		err := visit.Errorf(visit.KindLimited, code, "The endpoint answered %d: it is busy.", status)
		err.RetryAfter = RetryAfter(response.Header, now)
		return err
	}
	return visit.Errorf(visit.KindUnavailable, code, "The endpoint answered %d.", status)
}

// Bounds of a Retry-After.
const (
	shortestWish = time.Second
	longestWish  = 24 * time.Hour
)

// RetryAfter reads the header (RFC 9110 10.2.3: seconds, or a date), bounded to a
// second at least and a day at most; 0 without one that can be read.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return bounded(time.Duration(seconds) * time.Second)
	}
	if at, err := http.ParseTime(text); err == nil {
		return bounded(at.Sub(now))
	}
	return 0
}

func bounded(wish time.Duration) time.Duration { return min(max(wish, shortestWish), longestWish) }

// unanswered wraps what kept an answer from coming. what is for people, code for
// the log of deliveries.
func unanswered(code, what string, err error) error {
	e := visit.Errorf(visit.KindUnavailable, code, "%s", what)
	if err != nil {
		e.Err = fmt.Errorf("webhook: %w", err)
	}
	return e
}
