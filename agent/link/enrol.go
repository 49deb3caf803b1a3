package link

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// maxAnswer bounds the hub's answer to an enrolment.
const maxAnswer = 64 << 10

// enrolment is the body of POST /agent/enrol, enrolled the answer.
type (
	enrolment struct {
		Secret string `json:"secret"`
		CSR    []byte `json:"csr"`
	}
	enrolled struct {
		AgentID     visit.AgentID `json:"agent_id"`
		SiteID      visit.SiteID  `json:"site_id"`
		Certificate []byte        `json:"certificate"`
		CA          []byte        `json:"ca"`
	}
)

// errRefused: the hub does not take the token, because it is used up, too old or
// withdrawn.
var errRefused = errors.New("the hub refuses the enrolment token")

// enrol exchanges the token for a certificate. It may be called again after any
// failure: the key is kept, and with the same key the hub gives the same answer.
func (l *Link) enrol(ctx context.Context) error {
	draft, err := l.draft()
	if err != nil {
		return err
	}
	csr, err := draft.Current.request()
	if err != nil {
		return err
	}
	answer, err := l.askToEnrol(ctx, enrolment{Secret: l.token.Secret, CSR: csr})
	if err != nil {
		return err
	}
	draft.AgentID, draft.SiteID, draft.CA = answer.AgentID, answer.SiteID, answer.CA
	draft.Current.Certificate = answer.Certificate
	if err := draft.accepted(l.token, l.cfg.Now()); err != nil {
		return fmt.Errorf("the hub's answer to the enrolment: %w", err)
	}
	if err := draft.save(filepath.Join(l.cfg.Dir, identityFile)); err != nil {
		return err
	}
	l.setIdentity(draft)
	l.log.Info("enrolled", "agent_id", draft.AgentID, "site_id", draft.SiteID)
	return os.Remove(filepath.Join(l.cfg.Dir, enrollingFile))
}

// draft returns the identity to enrol, with a key that is on disk.
func (l *Link) draft() (*identity, error) {
	path := filepath.Join(l.cfg.Dir, enrollingFile)
	if id, err := loadIdentity(path); err == nil && l.token.made(id) {
		return id, nil
	}
	key, err := newCredential()
	if err != nil {
		return nil, err
	}
	id := &identity{URL: l.token.URL, Token: l.token.mark(), Current: key}
	return id, id.save(path)
}

// accepted checks an answer: the authority is the pinned one (a proxy that ends
// TLS has vouched for nothing) and has signed our key.
func (id *identity) accepted(t token, now time.Time) error {
	ca, err := x509.ParseCertificate(id.CA)
	if err != nil || !pinned(ca, t.SPKI) {
		return errors.New("the authority is not the one the token names")
	}
	if id.AgentID == "" || id.SiteID == "" {
		return errors.New("it names no agent or site")
	}
	return id.Current.check(id.CA, now)
}

func pinned(c *x509.Certificate, pin []byte) bool {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return subtle.ConstantTimeCompare(sum[:], pin) == 1
}

func (l *Link) askToEnrol(ctx context.Context, body enrolment) (answer enrolled, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timing.Handshake)
	defer cancel()
	text, err := json.Marshal(body)
	if err != nil {
		return answer, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.token.URL+"/agent/enrol", bytes.NewReader(text))
	if err != nil {
		return answer, err
	}
	request.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{TLSClientConfig: l.enrolTLS(), DialContext: l.cfg.DialContext, DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment}
	client := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return answer, fmt.Errorf("ask the hub to enrol: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	switch {
	case response.StatusCode >= 400 && response.StatusCode < 500 && response.StatusCode != http.StatusTooManyRequests:
		return answer, fmt.Errorf("%w (status %d)", errRefused, response.StatusCode)
	case response.StatusCode != http.StatusOK:
		return answer, &unavailable{status: response.StatusCode, after: retryAfter(response)}
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&answer); err != nil {
		return answer, errors.New("the hub's answer to the enrolment does not decode")
	}
	return answer, nil
}

// enrolTLS trusts the authority that the token pins, which the hub presents in
// its chain; behind a proxy that ends TLS, those the system trusts.
func (l *Link) enrolTLS() *tls.Config {
	if l.cfg.Proxy {
		return l.proxyTLS()
	}
	now, token := l.cfg.Now, l.token
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		Time:               now,
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection does it, against the pin
		VerifyConnection: func(s tls.ConnectionState) error {
			return token.verify(s.PeerCertificates, now())
		},
	}
}

// verify checks the chain that a server presented: by the pinned authority, for
// the host of the token's URL.
func (t token) verify(chain []*x509.Certificate, now time.Time) error {
	u, err := url.Parse(t.URL)
	if err != nil {
		return errToken
	}
	for _, ca := range chain {
		if ca.IsCA && pinned(ca, t.SPKI) {
			roots := x509.NewCertPool()
			roots.AddCert(ca)
			_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: u.Hostname(), CurrentTime: now})
			return err
		}
	}
	return errors.New("the server does not present the authority that the token names")
}

// linkTLS is mutual: the authority that enrolled us, and our certificate.
func (l *Link) linkTLS(id *identity, own credential) (*tls.Config, error) {
	if l.cfg.Proxy {
		return l.proxyTLS(), nil
	}
	roots, err := pool(id.CA)
	if err != nil {
		return nil, err
	}
	pair, err := own.tls()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		Time:       l.cfg.Now,
		RootCAs:    roots,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return pair, nil
		},
	}, nil
}

func (l *Link) proxyTLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, Time: l.cfg.Now, RootCAs: l.cfg.ProxyRoots}
}
