package webhook

import (
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/foyerhq/foyer/internal/visit"
)

const (
	secretPrefix   = "whsec_"
	secretRandom   = 32 // bytes in a secret of our making
	secretShortest = 24
	secretLongest  = 64
)

// Secret is what an endpoint's deliveries are signed with. It does not print
// itself; Reveal does.
type Secret struct {
	// A pointer, so that printers that walk unexported fields show an address.
	key *[]byte
}

// NewSecret makes a secret of 256 random bits. It fails only when random does.
func NewSecret(random io.Reader) (Secret, error) {
	key := make([]byte, secretRandom)
	if _, err := io.ReadFull(random, key); err != nil {
		return Secret{}, fmt.Errorf("webhook: read randomness: %w", err)
	}
	return Secret{key: &key}, nil
}

// ParseSecret reads "whsec_" and the base64 of 24 to 64 bytes. The error is
// KindInvalid for the field "secret" and does not quote it.
func ParseSecret(text string) (Secret, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	if !ok {
		return Secret{}, visit.Invalid("secret", "A webhook's secret begins with %s.", secretPrefix)
	}
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") { // which the decoder passes over
		return Secret{}, visit.Invalid("secret", "A webhook's secret is base64 after %s.", secretPrefix)
	}
	if len(key) < secretShortest || len(key) > secretLongest {
		return Secret{}, visit.Invalid("secret", "A webhook's secret has %d to %d bytes.", secretShortest, secretLongest)
	}
	return Secret{key: &key}, nil
}

// Reveal returns the text, for the one answer that carries it, and for sealing.
func (s Secret) Reveal() string {
	if s.key == nil {
		return ""
	}
	return secretPrefix + base64.StdEncoding.EncodeToString(*s.key)
}

const redactedSecret = "webhook.Secret(redacted)"

// String hides the secret.
func (s Secret) String() string { return redactedSecret }

// Format hides the secret for every verb.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redactedSecret) }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redactedSecret) }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redactedSecret), nil }
