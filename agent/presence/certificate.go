package presence

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

const (
	// certificateFor is what browsers take at most from an authority of one's own.
	certificateFor = 820 * 24 * time.Hour
	// certificateSpare is left when the agent makes another one: people have to note
	// its fingerprint before they need it.
	certificateSpare = 60 * 24 * time.Hour
)

// identity is the agent's own key and certificate for browsers, as it lies on disk.
type identity struct {
	Key         []byte `json:"key"` // PKCS #8, DER
	Certificate []byte `json:"certificate"`
}

// certificate returns what browsers are shown: the one on disk, or a new one, which
// is on disk when it returns. Nobody vouches for it but the fingerprint that the hub
// shows.
func (d disk) certificate(now time.Time) (tls.Certificate, error) {
	var id identity
	if found, err := d.load(keyFile, &id); err == nil && found {
		if own, err := id.pair(); err == nil && now.Before(own.Leaf.NotAfter.Add(-certificateSpare)) {
			return own, nil
		}
	}
	id, err := newIdentity(now)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("new certificate: %w", err)
	}
	if err := d.save(keyFile, id); err != nil {
		return tls.Certificate{}, err
	}
	return id.pair()
}

func (i identity) pair() (tls.Certificate, error) {
	key, err := x509.ParsePKCS8PrivateKey(i.Key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(i.Certificate)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{i.Certificate}, PrivateKey: key, Leaf: leaf}, nil
}

func newIdentity(now time.Time) (identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return identity{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return identity{}, err
	}
	names, addresses := whereabouts()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Foyer evacuation list"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(certificateFor - 24*time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, DNSNames: names, IPAddresses: addresses,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return identity{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	return identity{Key: private, Certificate: der}, err
}

// whereabouts are the machine's name and addresses, for who installs the certificate.
func whereabouts() (names []string, addresses []net.IP) {
	names = []string{"localhost"}
	if name, err := os.Hostname(); err == nil && name != "" {
		names = append(names, name)
	}
	found, _ := net.InterfaceAddrs()
	for _, address := range found {
		if network, ok := address.(*net.IPNet); ok && !network.IP.IsLinkLocalUnicast() {
			addresses = append(addresses, network.IP)
		}
	}
	return names, addresses[:min(len(addresses), 32)]
}

func fingerprint(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	return hex.EncodeToString(sum[:])
}
