// Package webhooktest is the other side of webhooks in tests: a receiver with bad
// manners, which also checks signatures by the official library, and a resolver
// that says what a test wants it to say.
package webhooktest

import (
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

// Loopback is where receivers listen, for the guard of a client under test.
var Loopback = netip.MustParsePrefix("127.0.0.0/8")

// Delivery is one attempt that arrived.
type Delivery struct {
	ID       string
	At       time.Time // as signed
	Header   http.Header
	Body     []byte
	Verified int // how many of the receiver's secrets have a right signature on it
}

// Receiver is a customer's endpoint on 127.0.0.1. It is safe for concurrent use.
type Receiver struct {
	server *httptest.Server
	over   chan struct{} // closed when the test ends

	mu         sync.Mutex // guards all below
	judges     []*standardwebhooks.Webhook
	manners    []Manner
	deliveries []Delivery
	dials      int
}

// Manner is how a request is answered.
type Manner func(w http.ResponseWriter, r *http.Request)

// NewReceiver starts an endpoint with TLS that accepts everything. It ends with
// the test.
func NewReceiver(t testing.TB, secrets ...string) *Receiver {
	return start(t, (*httptest.Server).StartTLS, secrets)
}

// NewPlainReceiver starts one without TLS.
func NewPlainReceiver(t testing.TB, secrets ...string) *Receiver {
	return start(t, (*httptest.Server).Start, secrets)
}

func start(t testing.TB, start func(*httptest.Server), secrets []string) *Receiver {
	t.Helper()
	r := &Receiver{over: make(chan struct{})}
	r.Expect(t, secrets...)
	r.server = httptest.NewUnstartedServer(r)
	r.server.EnableHTTP2 = true
	r.server.Config.ErrorLog = log.New(io.Discard, "", 0) // failed handshakes are what some tests want
	r.server.Listener = &counted{Listener: r.server.Listener, receiver: r}
	start(r.server)
	t.Cleanup(func() {
		close(r.over)
		r.server.CloseClientConnections()
		r.server.Close()
	})
	return r
}

// Expect sets the secrets that deliveries are checked with.
func (r *Receiver) Expect(t testing.TB, secrets ...string) {
	t.Helper()
	var judges []*standardwebhooks.Webhook
	for _, secret := range secrets {
		judge, err := standardwebhooks.NewWebhook(secret)
		require.NoError(t, err)
		judges = append(judges, judge)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.judges = judges
}

// Behave sets how the next requests are answered, one manner each; the last one
// stays. Without any, everything is accepted.
func (r *Receiver) Behave(manners ...Manner) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.manners = manners
}

// URL is the endpoint's, by address.
func (r *Receiver) URL() string { return r.server.URL }

// URLFor is the endpoint's under another host name, which a [Resolver] knows. The
// certificate is good for example.com and what is below it.
func (r *Receiver) URLFor(host string) string {
	u, err := url.Parse(r.server.URL)
	if err != nil { // it is httptest's own
		return ""
	}
	u.Host = net.JoinHostPort(host, u.Port())
	return u.String()
}

// RootCAs trusts the endpoint's certificate; empty without TLS.
func (r *Receiver) RootCAs() *x509.CertPool {
	pool := x509.NewCertPool()
	if certificate := r.server.Certificate(); certificate != nil {
		pool.AddCert(certificate)
	}
	return pool
}

// Deliveries are those that arrived so far.
func (r *Receiver) Deliveries() []Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.deliveries)
}

// Dials is how often somebody has connected.
func (r *Receiver) Dials() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dials
}

// ServeHTTP notes the delivery and answers as told.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	r.note(request.Header, body)(w, request)
}

func (r *Receiver) note(header http.Header, body []byte) Manner {
	r.mu.Lock()
	defer r.mu.Unlock()
	seconds, _ := strconv.ParseInt(header.Get("webhook-timestamp"), 10, 64)
	delivery := Delivery{ID: header.Get("webhook-id"), At: time.Unix(seconds, 0).UTC(), Header: header.Clone(), Body: body}
	for _, judge := range r.judges {
		// A test's clock need not be this machine's.
		if judge.VerifyIgnoringTimestamp(body, header) == nil {
			delivery.Verified++
		}
	}
	r.deliveries = append(r.deliveries, delivery)
	manner := Accept
	if len(r.manners) > 0 {
		manner = r.manners[0]
	}
	if len(r.manners) > 1 {
		r.manners = r.manners[1:]
	}
	return manner
}

// counted counts who connects.
type counted struct {
	net.Listener
	receiver *Receiver
}

// Accept returns the next connection.
func (c *counted) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.receiver.mu.Lock()
	defer c.receiver.mu.Unlock()
	c.receiver.dials++
	return conn, nil
}
