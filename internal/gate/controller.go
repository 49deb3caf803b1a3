package gate

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"strings"
)

// TLS returns how a caller is to check the controller: as any server, or against the
// fingerprint that staff have given. A fingerprint replaces the check of names and
// dates: it is one certificate's, and consoles out of the box sign their own.
func (s Settings) TLS() *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.Fingerprint == "" {
		return config
	}
	want, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "").Replace(s.Fingerprint))
	config.InsecureSkipVerify = true //nolint:gosec // VerifyConnection does it, against the fingerprint
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if err != nil || len(state.PeerCertificates) == 0 {
			return ErrController
		}
		got := sha256.Sum256(state.PeerCertificates[0].Raw)
		if subtle.ConstantTimeCompare(got[:], want) != 1 {
			return ErrController
		}
		return nil
	}
	return config
}
