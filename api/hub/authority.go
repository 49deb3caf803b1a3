package hub

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

const (
	authorityKey      = "agent_ca" // its name among the deployment's keys
	authorityFor      = 20 * 365 * 24 * time.Hour
	certificateFor    = 30 * 24 * time.Hour
	certificateBefore = 24 * time.Hour // agents with a late clock must be able to use a new certificate
)

// Authority is the deployment's certificate authority for the agents' links. It
// signs agents' certificates and, on each replica, a server certificate of the
// replica's own. Safe for concurrent use.
type Authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	now         func() time.Time

	mu     sync.Mutex // guards server
	hosts  []string
	server *tls.Certificate
}

// OpenAuthority reads the authority from the deployment's keys and makes it
// when there is none yet; of several replicas that try at once, one wins.
func OpenAuthority(ctx context.Context, keys Registry, hosts []string, now func() time.Time) (*Authority, error) {
	public, private, err := keys.DeploymentKey(ctx, authorityKey, func() (public, private []byte, err error) {
		return newAuthority(now())
	})
	if err != nil {
		return nil, fmt.Errorf("agents' certificate authority: %w", err)
	}
	certificate, err := x509.ParseCertificate(public)
	if err != nil {
		return nil, fmt.Errorf("agents' certificate authority: %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(private)
	if err != nil {
		return nil, errors.New("agents' certificate authority: the private key does not parse")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("agents' certificate authority: the private key cannot sign")
	}
	return &Authority{certificate: certificate, key: signer, now: now, hosts: hosts}, nil
}

func newAuthority(now time.Time) (certificate, private []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: "Foyer agents"},
		NotBefore:             now.Add(-certificateBefore),
		NotAfter:              now.Add(authorityFor),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	certificate, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	private, err = x509.MarshalPKCS8PrivateKey(key)
	return certificate, private, err
}

// serial returns 127 random bits: unguessable, positive, within RFC 5280's 20
// octets.
func serial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b[:])
}

// Certificate returns the authority's own certificate, DER.
func (a *Authority) Certificate() []byte { return a.certificate.Raw }

// SPKI returns the SHA-256 of the authority's public key: what an enrolment
// token pins.
func (a *Authority) SPKI() []byte {
	sum := sha256.Sum256(a.certificate.RawSubjectPublicKeyInfo)
	return sum[:]
}

// Sign issues the certificate of agent for the key in a certificate request
// (PKCS #10, DER). Of the request only the key is used: the name comes from the
// enrolment token, not from whoever asks.
func (a *Authority) Sign(agent visit.AgentID, request *x509.CertificateRequest) (store.Certificate, error) {
	now := a.now()
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: string(agent)},
		NotBefore:    now.Add(-certificateBefore),
		NotAfter:     now.Add(certificateFor).Truncate(time.Second),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, request.PublicKey, a.key)
	if err != nil {
		return store.Certificate{}, fmt.Errorf("sign an agent's certificate: %w", err)
	}
	return store.Certificate{
		Serial: template.SerialNumber.Text(16), SPKI: spkiOf(request.RawSubjectPublicKeyInfo),
		DER: der, NotAfter: template.NotAfter,
	}, nil
}

func spkiOf(raw []byte) []byte {
	sum := sha256.Sum256(raw)
	return sum[:]
}

// maxRequest bounds a certificate request: an ECDSA one has about 300 octets.
const maxRequest = 8 << 10

// parseRequest checks that a certificate request is signed with the key it
// names, an ECDSA P-256 one.
func parseRequest(der []byte) (*x509.CertificateRequest, error) {
	if len(der) > maxRequest {
		return nil, visit.Invalid("csr", "The certificate request is too long.")
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil || request.CheckSignature() != nil {
		return nil, visit.Invalid("csr", "This is not a signed PKCS #10 certificate request.")
	}
	key, ok := request.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, visit.Invalid("csr", "The key must be ECDSA P-256.")
	}
	return request, nil
}

// VerifyClient checks that a certificate is an agent's and current. Whether it
// was withdrawn is for the registry to say.
func (a *Authority) VerifyClient(certificate *x509.Certificate) error {
	roots := x509.NewCertPool()
	roots.AddCert(a.certificate)
	_, err := certificate.Verify(x509.VerifyOptions{
		Roots: roots, CurrentTime: a.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err
}

// TLSConfig is the agent listener's: TLS 1.3 with a server certificate of this
// replica's own, and a client certificate where the client has one (an agent
// that enrols has none yet).
func (a *Authority) TLSConfig() *tls.Config {
	clients := x509.NewCertPool()
	clients.AddCert(a.certificate)
	return &tls.Config{
		MinVersion:     tls.VersionTLS13,
		ClientAuth:     tls.VerifyClientCertIfGiven,
		ClientCAs:      clients,
		Time:           a.now,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return a.serverCertificate() },
	}
}

// serverCertificate returns this replica's certificate, made anew at two thirds
// of its life. Its key never leaves memory.
func (a *Authority) serverCertificate() (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if a.server != nil && now.Before(a.server.Leaf.NotAfter.Add(-certificateFor/3)) {
		return a.server, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: "Foyer hub"},
		NotBefore:    now.Add(-certificateBefore),
		NotAfter:     now.Add(certificateFor),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range a.hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	a.server = &tls.Certificate{Certificate: [][]byte{der, a.certificate.Raw}, PrivateKey: key, Leaf: leaf}
	return a.server, nil
}
