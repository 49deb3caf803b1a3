package seal

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	// KeySize is the length of a deployment key in bytes, before base64.
	KeySize = 32

	idSize  = 4
	maxKeys = 16
)

// Keyring holds the deployment keys. It is safe for concurrent use and never
// prints its keys, whatever the verb or encoder.
type Keyring struct {
	// Rand is the source of salts and nonces: crypto/rand unless a test replaces
	// it before first use.
	Rand io.Reader

	keys []key
}

// A key keeps its secret inside a function: printers that walk unexported fields by
// reflection, where they cannot call our methods, find an address.
type key struct {
	id     [idSize]byte
	secret func() []byte
}

func newKey(id [idSize]byte, secret []byte) key {
	return key{id: id, secret: func() []byte { return secret }}
}

// Parse reads the value of FOYER_KEY: base64 (standard alphabet) of 32 bytes, or
// several of those separated by commas, the sealing key first. The error names
// the position of a bad key and never its text.
func Parse(text string) (*Keyring, error) {
	parts := strings.Split(text, ",")
	if len(parts) > maxKeys {
		return nil, fmt.Errorf("seal: %d deployment keys, at most %d", len(parts), maxKeys)
	}
	ring := &Keyring{Rand: rand.Reader}
	for i, part := range parts {
		k, err := parseKey(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("seal: deployment key %d: %w", i+1, err)
		}
		if _, taken := ring.find(k.id); taken {
			return nil, fmt.Errorf("seal: deployment key %d has the id of an earlier one", i+1)
		}
		ring.keys = append(ring.keys, k)
	}
	return ring, nil
}

// Generate makes a new deployment key in the form Parse reads.
func Generate(random io.Reader) (string, error) {
	var secret [KeySize]byte
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return "", fmt.Errorf("seal: read randomness: %w", err)
	}
	return base64.StdEncoding.EncodeToString(secret[:]), nil
}

func parseKey(text string) (key, error) {
	if text == "" {
		return key{}, errors.New("empty")
	}
	// The decoder's own error would quote a position only, but is dropped all the
	// same: nothing about a key's text belongs in a log.
	secret, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return key{}, errors.New("not base64")
	}
	if len(secret) != KeySize {
		return key{}, fmt.Errorf("%d bytes, want %d", len(secret), KeySize)
	}
	k := newKey([idSize]byte{}, secret)
	k.id = [idSize]byte(k.derive(nil, "foyer/v1/key-id", idSize))
	return k, nil
}

// derive returns size bytes of HKDF-SHA-256 for a purpose (the info string).
func (k key) derive(salt []byte, purpose string, size int) []byte {
	out, err := hkdf.Key(sha256.New, k.secret(), salt, purpose, size)
	if err != nil {
		panic("seal: " + err.Error()) // only for a size HKDF cannot give, which no caller asks for
	}
	return out
}

func (r *Keyring) find(id [idSize]byte) (key, bool) {
	for _, k := range r.keys {
		if k.id == id {
			return k, true
		}
	}
	return key{}, false
}

// KeyID names the key that seals, as 8 hex digits.
func (r *Keyring) KeyID() string { return hex.EncodeToString(r.keys[0].id[:]) }

// Derive returns a ring whose keys are derived from this one's for one purpose.
// Key ids stay those of the deployment keys; what one ring sealed the other does
// not open.
func (r *Keyring) Derive(purpose string) *Keyring {
	derived := &Keyring{Rand: r.Rand}
	for _, k := range r.keys {
		derived.keys = append(derived.keys, newKey(k.id, k.derive(nil, "foyer/v1/derive/"+purpose, KeySize)))
	}
	return derived
}
