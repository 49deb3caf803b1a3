package link

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/visit"
)

// identity is who this agent is, as kept on disk in one file, so that a key and
// its certificate are never apart.
type identity struct {
	URL     string        `json:"url"`
	AgentID visit.AgentID `json:"agent_id,omitempty"`
	SiteID  visit.SiteID  `json:"site_id,omitempty"`
	CA      []byte        `json:"ca,omitempty"` // DER
	Token   []byte        `json:"token"`        // mark of the token it was made with
	Current credential    `json:"current"`
	Next    *credential   `json:"next,omitempty"` // issued, and not yet seen to work
}

// credential is a key with its certificate, which is empty until enrolled.
type credential struct {
	Key         []byte `json:"key"`                   // PKCS #8, DER
	Certificate []byte `json:"certificate,omitempty"` // DER
}

// The files in the agent's data directory. Both hold a private key.
const (
	identityFile  = "identity.json"
	enrollingFile = "enrolling.json" // until enrolled: the key to repeat it with
)

// Enrolled reports whether dir holds an identity.
func Enrolled(dir string) (bool, error) {
	id, err := loadIdentity(filepath.Join(dir, identityFile))
	return id != nil, err
}

// newCredential makes an ECDSA P-256 key.
func newCredential() (credential, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return credential{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return credential{Key: der}, err
}

func (c credential) key() (*ecdsa.PrivateKey, error) {
	key, err := x509.ParsePKCS8PrivateKey(c.Key)
	if err != nil {
		return nil, errors.New("the private key does not parse")
	}
	signer, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("the private key is not ECDSA")
	}
	return signer, nil
}

// request returns a certificate request for the key. The hub takes only the key
// from it: who the agent is, the token says.
func (c credential) request() ([]byte, error) {
	key, err := c.key()
	if err != nil {
		return nil, err
	}
	return x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
}

func (c credential) tls() (*tls.Certificate, error) {
	key, err := c.key()
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(c.Certificate)
	if err != nil {
		return nil, errors.New("the certificate does not parse")
	}
	return &tls.Certificate{Certificate: [][]byte{c.Certificate}, PrivateKey: key, Leaf: leaf}, nil
}

// check verifies that the certificate is for the key, for a client, by ca.
func (c credential) check(ca []byte, now time.Time) error {
	pair, err := c.tls()
	if err != nil {
		return err
	}
	key, _ := c.key()
	if !key.PublicKey.Equal(pair.Leaf.PublicKey) {
		return errors.New("the certificate is for another key")
	}
	roots, err := pool(ca)
	if err != nil {
		return err
	}
	_, err = pair.Leaf.Verify(x509.VerifyOptions{
		Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err
}

// renewAt is two thirds into the certificate's life.
func (c credential) renewAt() (time.Time, error) {
	leaf, err := x509.ParseCertificate(c.Certificate)
	if err != nil {
		return time.Time{}, errors.New("the certificate does not parse")
	}
	return leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) * 2 / 3), nil
}

func pool(ca []byte) (*x509.CertPool, error) {
	certificate, err := x509.ParseCertificate(ca)
	if err != nil {
		return nil, errors.New("the authority's certificate does not parse")
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return roots, nil
}

// loadIdentity reads an identity; nil if there is none.
func loadIdentity(path string) (*identity, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the agent's identity: %w", err)
	}
	id := new(identity)
	if err := json.Unmarshal(text, id); err != nil {
		return nil, fmt.Errorf("the agent's identity in %s is not readable", path)
	}
	return id, nil
}

// save replaces the file at path and returns once it is on disk: what is in
// memory only may be gone after a crash, and a key with it.
func (id *identity) save(path string) error {
	text, err := json.Marshal(id)
	if err != nil {
		return err
	}
	if err := vault.Replace(path, text); err != nil {
		return fmt.Errorf("the agent's identity: %w", err)
	}
	return nil
}
