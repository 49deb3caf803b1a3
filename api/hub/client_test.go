package hub_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// agent is an enrolled agent's identity, and how far it is.
type agent struct {
	id       visit.AgentID
	key      *ecdsa.PrivateKey
	leaf     []byte
	epoch    int64
	position wire.Position
	full     bool // it has a ledger
	takes    bool // tests of NASes
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func csr(t *testing.T, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	require.NoError(t, err)
	return der
}

// token makes an agent that has not enrolled and returns its secret.
func (r *rig) token(name string) (id visit.AgentID, secret string) {
	r.t.Helper()
	created, raw, err := r.CreateAgent(r.t.Context(), r.desk, r.site.ID, name)
	require.NoError(r.t, err)
	return created.ID, base64.RawURLEncoding.EncodeToString(raw)
}

type answer struct {
	AgentID     visit.AgentID `json:"agent_id"`
	SiteID      visit.SiteID  `json:"site_id"`
	Certificate []byte        `json:"certificate"`
	CA          []byte        `json:"ca"`
}

// enrol sends a body and returns the status, and the answer where there is one.
func (p *replica) enrol(body string) (status int, enrolled answer) {
	p.rig.t.Helper()
	request, err := http.NewRequestWithContext(p.rig.t.Context(), http.MethodPost, "https://"+p.address+"/agent/enrol", strings.NewReader(body))
	require.NoError(p.rig.t, err)
	response, err := p.client.Do(request)
	require.NoError(p.rig.t, err)
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusOK {
		require.Equal(p.rig.t, "no-store", response.Header.Get("Cache-Control"))
		require.NoError(p.rig.t, json.NewDecoder(response.Body).Decode(&enrolled))
	} else {
		require.Equal(p.rig.t, "application/problem+json", response.Header.Get("Content-Type"))
	}
	return response.StatusCode, enrolled
}

func enrolment(t *testing.T, secret string, key *ecdsa.PrivateKey) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"secret": secret, "csr": csr(t, key)})
	require.NoError(t, err)
	return string(body)
}

// agent enrols a new agent.
func (p *replica) agent(name string) *agent {
	p.rig.t.Helper()
	id, secret := p.rig.token(name)
	a := &agent{id: id, key: newKey(p.rig.t)}
	status, enrolled := p.enrol(enrolment(p.rig.t, secret, a.key))
	require.Equal(p.rig.t, http.StatusOK, status)
	require.Equal(p.rig.t, id, enrolled.AgentID)
	a.leaf = enrolled.Certificate
	return a
}

func (a *agent) pair() *tls.Certificate {
	return &tls.Certificate{Certificate: [][]byte{a.leaf}, PrivateKey: a.key}
}

// link is the agent's end of a link.
type link struct {
	t      *testing.T
	a      *agent
	ws     *websocket.Conn
	frames chan wire.Frame // closed at the end
	code   int             // the close code, once frames is closed
	begin  func()          // starts reading
}

func (p *replica) dialer(own *tls.Certificate) *websocket.Dialer {
	return &websocket.Dialer{TLSClientConfig: p.rig.tls(own), HandshakeTimeout: soon}
}

// dial makes a link and says nothing yet.
func (p *replica) dial(a *agent) *link {
	p.rig.t.Helper()
	return p.open(p.dialer(a.pair()), "/agent/ws", a)
}

func (p *replica) open(d *websocket.Dialer, path string, a *agent) *link {
	p.rig.t.Helper()
	ws, response, err := d.DialContext(p.rig.t.Context(), "wss://"+p.address+path, nil)
	require.NoError(p.rig.t, err)
	_ = response.Body.Close()
	l := &link{t: p.rig.t, a: a, ws: ws, frames: make(chan wire.Frame, 10_000)}
	var reading sync.WaitGroup
	l.begin = sync.OnceFunc(func() { reading.Go(l.read) })
	l.t.Cleanup(func() { _ = ws.Close(); reading.Wait() })
	return l
}

func (l *link) read() {
	defer close(l.frames)
	defer func() { _ = l.ws.Close() }()
	for {
		_, body, err := l.ws.ReadMessage()
		if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
			l.code = closed.Code
		}
		if err != nil {
			return
		}
		frame, err := wire.Decode(body)
		if err != nil {
			l.code = -1
			return
		}
		l.frames <- frame
	}
}

func (l *link) send(frames ...wire.Frame) {
	l.t.Helper()
	for _, frame := range frames {
		body, err := wire.Encode(frame)
		require.NoError(l.t, err)
		require.NoError(l.t, l.ws.WriteMessage(websocket.TextMessage, body))
	}
}

func (a *agent) hello() *wire.Hello {
	var takes []wire.Type
	if a.takes {
		takes = []wire.Type{wire.TypeNASTest}
	}
	return &wire.Hello{
		Takes: takes,
		Agent: string(a.id), Journal: "journal-" + string(a.id), Version: "test", Protocol: wire.Version,
		Epoch: a.epoch, Position: a.position, Empty: !a.full,
	}
}

// connect makes a link and says hello; reading has begun.
func (p *replica) connect(a *agent) *link {
	p.rig.t.Helper()
	l := p.dial(a)
	l.send(a.hello())
	l.begin()
	return l
}

// follow connects and takes the snapshot or resume that comes first.
func (p *replica) follow(a *agent) *link {
	p.rig.t.Helper()
	l := p.connect(a)
	switch first := l.next().(type) {
	case *wire.Snapshot:
		for !first.Last {
			first = expect[*wire.Snapshot](l)
		}
		a.epoch, a.position, a.full = first.Epoch, first.Position, true
	case *wire.Resume:
		a.epoch = first.Epoch
	default:
		require.Failf(l.t, "neither snapshot nor resume", "%s", first.FrameType())
	}
	return l
}

// next returns the next frame.
func (l *link) next() wire.Frame {
	l.t.Helper()
	select {
	case frame, ok := <-l.frames:
		require.True(l.t, ok, "the link ended with %d", l.code)
		return frame
	case <-time.After(soon):
		require.FailNow(l.t, "no frame came")
		return nil
	}
}

// expect returns the next frame of type F, passing over others.
func expect[F wire.Frame](l *link) F {
	l.t.Helper()
	for {
		if frame, ok := l.next().(F); ok {
			return frame
		}
	}
}

// closed waits for the end of the link and returns the code and what came before.
func (l *link) closed() (code int, rest []wire.Frame) {
	l.t.Helper()
	l.begin()
	limit := time.After(soon)
	for {
		select {
		case frame, ok := <-l.frames:
			if !ok {
				return l.code, rest
			}
			rest = append(rest, frame)
		case <-limit:
			require.FailNow(l.t, "the link did not end")
		}
	}
}

func (l *link) endsWith(code int, why string) {
	l.t.Helper()
	got, _ := l.closed()
	require.Equal(l.t, code, got, why)
}
