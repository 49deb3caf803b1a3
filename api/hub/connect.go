package hub

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/websocket"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// maxEnrolment bounds the body of an enrolment.
const maxEnrolment = 16 << 10

// Handler serves the agent listener: enrolment, and the link in its two forms.
func (h *Hub) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /agent/enrol", h.enrol)
	mux.HandleFunc("GET /agent/ws", h.connect)
	mux.HandleFunc("GET /agent/ws-proxy", h.connectByProof)
	return mux
}

// enrolment is the body of POST /agent/enrol, enrolled its answer.
type (
	enrolment struct {
		Secret string `json:"secret"` // base64url, as in the token
		CSR    []byte `json:"csr"`    // PKCS #10, DER
	}
	enrolled struct {
		AgentID     visit.AgentID `json:"agent_id"`
		SiteID      visit.SiteID  `json:"site_id"`
		Certificate []byte        `json:"certificate"` // DER
		CA          []byte        `json:"ca"`          // DER
	}
)

// enrol exchanges a token's secret and a certificate request for a certificate.
// The same secret with the same key within the token's hour gets the same
// certificate, so that an answer that was lost can be asked for again.
func (h *Hub) enrol(w http.ResponseWriter, r *http.Request) {
	var body enrolment
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxEnrolment)).Decode(&body); err != nil {
		h.refuse(w, r, visit.Invalid("", "The body is not an enrolment."))
		return
	}
	request, err := parseRequest(body.CSR)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	raw, err := base64.RawURLEncoding.DecodeString(body.Secret)
	if err != nil {
		h.refuse(w, r, visit.Invalid("secret", "This is not an enrolment secret."))
		return
	}
	secret := sha256.Sum256(raw)
	agent, certificate, err := h.registry.Enrol(r.Context(), secret[:], spkiOf(request.RawSubjectPublicKeyInfo),
		func(a store.Agent) (store.Certificate, error) { return h.authority.Sign(a.ID, request) })
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	h.log.Info("agent enrolled", "agent_id", agent.ID, "site_id", agent.SiteID)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(enrolled{agent.ID, agent.SiteID, certificate.DER, h.authority.Certificate()})
}

// refuse answers with a problem that says no more than the agent must know.
func (h *Hub) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, detail := http.StatusServiceUnavailable, "Come back later."
	switch visit.KindOf(err) {
	case visit.KindInvalid:
		status, detail = http.StatusUnprocessableEntity, err.Error()
	case visit.KindUnauthenticated, visit.KindForbidden, visit.KindNotFound, visit.KindGone, visit.KindConflict:
		status, detail = http.StatusForbidden, "This credential is not accepted."
	case visit.KindUnavailable, visit.KindLimited:
		w.Header().Set("Retry-After", "5")
	case visit.KindInternal:
		status, detail = http.StatusInternalServerError, "The hub failed."
	}
	h.log.Warn("agent refused", "path", r.URL.Path, "status", status, "error", err)
	h.metrics.refused.Inc()
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "status": status, "title": http.StatusText(status), "detail": detail})
}

// upgrader takes no Origin: browsers have no business here, agents send none.
var upgrader = websocket.Upgrader{
	HandshakeTimeout: 10 * time.Second,
	ReadBufferSize:   4 << 10,
	WriteBufferSize:  4 << 10,
	CheckOrigin:      func(r *http.Request) bool { return r.Header.Get("Origin") == "" },
}

// connect is the link by mutual TLS.
func (h *Hub) connect(w http.ResponseWriter, r *http.Request) {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		h.refuse(w, r, visit.Errorf(visit.KindUnauthenticated, "no_certificate", "no client certificate"))
		return
	}
	h.link(w, r, func(*peer, context.Context) (*x509.Certificate, error) { return r.TLS.PeerCertificates[0], nil })
}

// connectByProof is the link where a proxy ends TLS: the agent's first frame
// proves that it holds its certificate's key.
func (h *Hub) connectByProof(w http.ResponseWriter, r *http.Request) {
	h.link(w, r, (*peer).prove)
}

func (p *peer) prove(ctx context.Context) (*x509.Certificate, error) {
	nonce := make([]byte, 32)
	_, _ = rand.Read(nonce) // never fails since Go 1.24
	body, err := wire.Encode(&wire.Challenge{Nonce: nonce})
	if err != nil {
		return nil, err
	}
	p.conn.SetReadLimit(maxEnrolment)
	if err := errors.Join(p.conn.SetWriteDeadline(time.Now().Add(p.timing.Hello)),
		p.conn.WriteMessage(websocket.TextMessage, body), p.patience(ctx, p.timing.Hello)); err != nil {
		return nil, err
	}
	_, answer, err := p.conn.ReadMessage()
	if err != nil {
		return nil, readError(err)
	}
	frame, err := wire.Decode(answer)
	proof, ok := frame.(*wire.Proof)
	if err != nil || !ok {
		return nil, &closing{websocket.ClosePolicyViolation, "the first frame is agent.proof"}
	}
	return p.hub.checkProof(nonce, proof)
}

var errProof = &closing{websocket.ClosePolicyViolation, "the proof does not hold"}

func (h *Hub) checkProof(nonce []byte, proof *wire.Proof) (*x509.Certificate, error) {
	leaf, err := x509.ParseCertificate(proof.Certificate)
	if err != nil || h.authority.VerifyClient(leaf) != nil {
		return nil, errProof
	}
	key, ok := leaf.PublicKey.(*ecdsa.PublicKey)
	digest := sha256.Sum256(slices.Concat([]byte(wire.ProofContext), nonce))
	if !ok || !ecdsa.VerifyASN1(key, digest[:], proof.Signature) {
		return nil, errProof
	}
	return leaf, nil
}

// agentOf returns whose certificate it is: ErrAgentNotFound for one that is not
// known, ErrAgentWithdrawn for a withdrawn agent's, ErrQuarantined for one that an operator must look at.
func (h *Hub) agentOf(ctx context.Context, leaf *x509.Certificate) (store.Agent, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timing.Store)
	defer cancel()
	return h.registry.CertificateAgent(ctx, leaf.SerialNumber.Text(16), spkiOf(leaf.RawSubjectPublicKeyInfo))
}

// link upgrades the request and serves the link until it ends. The request's
// own context ends with the hijack, so that links live on the hub's. Whoever is
// refused is told so by a close code: an HTTP status would not tell a withdrawn
// agent to stop for good.
func (h *Hub) link(w http.ResponseWriter, r *http.Request, identify func(*peer, context.Context) (*x509.Certificate, error)) {
	h.mu.Lock()
	if h.stopping {
		h.mu.Unlock()
		w.Header().Set("Retry-After", "1")
		http.Error(w, "the hub restarts", http.StatusServiceUnavailable)
		return
	}
	h.links.Add(1)
	h.mu.Unlock()
	defer h.links.Done()

	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	ctx, end := context.WithCancelCause(h.ctx)
	defer end(nil)
	p := &peer{
		hub: h, timing: h.timing, conn: conn, log: h.log, end: end,
		out: make(chan []byte, queueFrames), news: make(chan []byte, queueFrames), wake: make(chan struct{}, 1),
	}
	defer context.AfterFunc(ctx, p.unblock)()
	p.leave(p.run(ctx, identify))
}

// run returns why the link ended.
func (p *peer) run(ctx context.Context, identify func(*peer, context.Context) (*x509.Certificate, error)) error {
	var err error
	if p.leaf, err = identify(p, ctx); err == nil {
		p.agent, err = p.hub.agentOf(ctx, p.leaf)
	}
	if err == nil {
		p.log = p.hub.log.With("agent_id", p.agent.ID, "site_id", p.agent.SiteID)
		err = p.serve(ctx)
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause // what else failed, failed because of it
	}
	if errors.Is(err, visit.ErrStaleEpoch) {
		// Replaced, or no agent any more? The registry tells them apart.
		if _, why := p.hub.agentOf(context.WithoutCancel(ctx), p.leaf); why != nil {
			err = why
		}
	}
	return err
}
