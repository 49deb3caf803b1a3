// Package linktest is a hub for tests of agents: a real TLS WebSocket server on
// loopback that does what the test says, and nothing by itself but enrolling,
// certificates and pings.
package linktest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Identity of every agent that enrols.
const (
	AgentID visit.AgentID = "0198a000-0000-7000-8000-000000000001"
	SiteID  visit.SiteID  = "0198a000-0000-7000-8000-000000000002"
)

// Hub is the test's end of the link. Its fields may be set before an agent calls.
type Hub struct {
	URL string
	// Links delivers each link after its hello.
	Links chan *Link
	// PingEvery is how often links are pinged; zero: never.
	PingEvery time.Duration
	// PingAt is the time that pings tell; zero: now.
	PingAt time.Time
	// Refuse answers everything with 503.
	Refuse atomic.Bool
	// Answer, when set, may answer a request itself and then returns true.
	Answer func(w http.ResponseWriter, r *http.Request) bool
	// CertificateFor is how long certificates last; zero: 30 days.
	CertificateFor time.Duration

	t        testing.TB
	ca       *x509.Certificate
	key      *ecdsa.PrivateKey
	mu       sync.Mutex // guards enrolled
	enrolled []string   // public keys, in order
	wg       sync.WaitGroup
	stop     chan struct{}
}

// New starts a hub that ends with the test.
func New(t testing.TB) *Hub {
	t.Helper()
	h := &Hub{t: t, Links: make(chan *Link, 64), PingEvery: 50 * time.Millisecond, stop: make(chan struct{})}
	h.makeCA()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /agent/enrol", h.Enrol)
	mux.HandleFunc("GET /agent/ws", func(w http.ResponseWriter, r *http.Request) { h.link(w, r, false) })
	mux.HandleFunc("GET /agent/ws-proxy", func(w http.ResponseWriter, r *http.Request) { h.link(w, r, true) })
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case h.Refuse.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case h.Answer == nil || !h.Answer(w, r):
			mux.ServeHTTP(w, r)
		}
	}))
	clients := x509.NewCertPool()
	clients.AddCert(h.ca)
	server.TLS = &tls.Config{
		MinVersion: tls.VersionTLS13, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: clients,
		Certificates: []tls.Certificate{h.serverCertificate()},
		NextProtos:   []string{"http/1.1"},
	}
	server.StartTLS()
	h.URL = server.URL
	t.Cleanup(func() {
		close(h.stop)
		server.CloseClientConnections()
		server.Close()
		h.wg.Wait()
	})
	return h
}

func (h *Hub) makeCA() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(h.t, err)
	h.key, h.ca = key, h.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, &key.PublicKey, key)
}

// sign signs a certificate by the authority, or, before there is one, by itself.
func (h *Hub) sign(template *x509.Certificate, public any, key *ecdsa.PrivateKey) *x509.Certificate {
	parent := h.ca
	if parent == nil {
		parent = template
	}
	template.SerialNumber, _ = rand.Int(rand.Reader, big.NewInt(1<<62))
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	require.NoError(h.t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(h.t, err)
	return certificate
}

func (h *Hub) serverCertificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(h.t, err)
	leaf := h.sign(&x509.Certificate{
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, &key.PublicKey, h.key)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, h.ca.Raw}, PrivateKey: key, Leaf: leaf}
}

// Roots trusts the hub, as a system would trust a proxy before it.
func (h *Hub) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(h.ca)
	return pool
}

// Token returns an enrolment token with a secret.
func (h *Hub) Token(secret string) string {
	pin := sha256.Sum256(h.ca.RawSubjectPublicKeyInfo)
	return Token(h.URL, pin[:], secret)
}

// Token returns an enrolment token for any URL and pin.
func Token(url string, pin []byte, secret string) string {
	text, _ := json.Marshal(map[string]any{"url": url, "spki": pin, "secret": secret})
	return base64.RawURLEncoding.EncodeToString(text)
}

// Certificate signs a request as the hub would.
func (h *Hub) Certificate(csr []byte) []byte {
	request, err := x509.ParseCertificateRequest(csr)
	require.NoError(h.t, err)
	require.NoError(h.t, request.CheckSignature())
	life := h.CertificateFor
	if life == 0 {
		life = 30 * 24 * time.Hour
	}
	return h.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: string(AgentID)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(life),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, request.PublicKey, h.key).Raw
}

// Enrol is the hub's handler for enrolments.
func (h *Hub) Enrol(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Secret string `json:"secret"`
		CSR    []byte `json:"csr"`
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil || body.Secret == "used" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	request, err := x509.ParseCertificateRequest(body.CSR)
	if err != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	h.mu.Lock()
	h.enrolled = append(h.enrolled, string(request.RawSubjectPublicKeyInfo))
	h.mu.Unlock()
	_ = json.NewEncoder(w).Encode(map[string]any{
		"agent_id": AgentID, "site_id": SiteID, "certificate": h.Certificate(body.CSR), "ca": h.ca.Raw,
	})
}

// Enrolled returns the public keys that enrolled, in order.
func (h *Hub) Enrolled() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.enrolled)
}

func (h *Hub) link(w http.ResponseWriter, r *http.Request, proxied bool) {
	if !proxied && len(r.TLS.VerifiedChains) == 0 {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	upgrader := websocket.Upgrader{}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	l := &Link{ws: ws, Frames: make(chan wire.Frame, 1024), Pongs: make(chan []byte, 1024), Ended: make(chan struct{})}
	if len(r.TLS.PeerCertificates) > 0 {
		l.Certificate = r.TLS.PeerCertificates[0].Raw
	}
	if proxied {
		l.Nonce = make([]byte, 32)
		_, _ = rand.Read(l.Nonce)
		l.Send(&wire.Challenge{Nonce: l.Nonce})
		if l.Proof, _ = l.read().(*wire.Proof); l.Proof == nil {
			_ = ws.Close()
			return
		}
	}
	if l.Hello, _ = l.read().(*wire.Hello); l.Hello == nil {
		_ = ws.Close()
		return
	}
	ws.SetPongHandler(func(payload string) error { l.Pongs <- []byte(payload); return nil })
	h.wg.Go(func() { h.ping(l) })
	h.Links <- l
	defer close(l.Ended)
	defer close(l.Frames)
	for {
		frame := l.read()
		if frame == nil {
			_ = ws.Close()
			return
		}
		l.Frames <- frame
	}
}

func (h *Hub) ping(l *Link) {
	if h.PingEvery == 0 {
		return
	}
	tick := time.NewTicker(h.PingEvery)
	defer tick.Stop()
	for {
		now := time.Now()
		if !h.PingAt.IsZero() {
			now = h.PingAt
		}
		payload := binary.BigEndian.AppendUint64(nil, uint64(now.UnixNano()))
		_ = l.ws.WriteControl(websocket.PingMessage, payload, time.Now().Add(time.Second))
		select {
		case <-tick.C:
		case <-l.Ended:
			return
		case <-h.stop:
			return
		}
	}
}

// Next returns the next link, or fails the test.
func (h *Hub) Next() *Link {
	h.t.Helper()
	select {
	case l := <-h.Links:
		l.t = h.t
		return l
	case <-time.After(20 * time.Second):
		require.FailNow(h.t, "no link came")
		return nil
	}
}

// Link is the hub's end of one link.
type Link struct {
	Hello       *wire.Hello
	Nonce       []byte
	Proof       *wire.Proof
	Certificate []byte
	Frames      chan wire.Frame // all but Stats can be awaited by Expect
	Pongs       chan []byte
	Ended       chan struct{}

	t  testing.TB
	ws *websocket.Conn
	mu sync.Mutex // one writer at a time
}

func (l *Link) read() wire.Frame {
	_, body, err := l.ws.ReadMessage()
	if err != nil {
		return nil
	}
	frame, err := wire.Decode(body)
	if err != nil {
		return nil
	}
	return frame
}

// Send sends frames in their order.
func (l *Link) Send(frames ...wire.Frame) {
	for _, f := range frames {
		body, err := wire.Encode(f)
		if err == nil {
			l.Raw(body)
		}
	}
}

// Raw sends any text.
func (l *Link) Raw(body []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.ws.WriteMessage(websocket.TextMessage, body)
}

// Close ends the link with a code.
func (l *Link) Close(code int) {
	_ = l.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, "test"), time.Now().Add(time.Second))
}

// Cut ends the link without a word.
func (l *Link) Cut() { _ = l.ws.NetConn().Close() }

// Expect returns the next frame of type F, passing over others.
func Expect[F wire.Frame](l *Link) F {
	l.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case frame, ok := <-l.Frames:
			require.True(l.t, ok, "the link ended")
			if f, ok := frame.(F); ok {
				return f
			}
		case <-limit:
			require.FailNow(l.t, "the frame did not come")
		}
	}
}
