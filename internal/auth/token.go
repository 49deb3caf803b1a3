package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"strings"
)

// TokenUse is what a token is good for. Its prefix is part of the token's text, so
// that a leaked one is recognised and a login cookie is no API token.
type TokenUse string

// The uses.
const (
	APIToken    TokenUse = "foyer_"
	LoginCookie TokenUse = "foyerlogin_"
	KioskCookie TokenUse = "foyerkiosk_"
)

const (
	tokenRandom = 32
	tokenText   = (tokenRandom + crc32.Size) * 4 / 3
)

// Token is 256 random bits as text:
//
//	use | base64url(32 random bytes, their CRC-32)
//
// The checksum lets a mistyped token be refused without asking the database. Only
// Hash is ever stored. A Token does not print itself; Reveal does.
type Token struct {
	// A pointer, so that printers that walk unexported fields show an address.
	text *string
}

// NewToken makes a token. It fails only when random does.
func NewToken(random io.Reader, use TokenUse) (Token, error) {
	raw := make([]byte, tokenRandom, tokenRandom+crc32.Size)
	if _, err := io.ReadFull(random, raw); err != nil {
		return Token{}, fmt.Errorf("auth: read randomness: %w", err)
	}
	raw = binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(raw))
	return Token{text: new(string(use) + base64.RawURLEncoding.EncodeToString(raw))}, nil
}

// ParseToken reads what a caller sent. False means it cannot be a token for that
// use; true says nothing about whether it was ever issued.
func ParseToken(text string, use TokenUse) (Token, bool) {
	encoded, ok := strings.CutPrefix(text, string(use))
	if !ok || len(encoded) != tokenText {
		return Token{}, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(raw) != tokenRandom+crc32.Size {
		return Token{}, false
	}
	if crc32.ChecksumIEEE(raw[:tokenRandom]) != binary.BigEndian.Uint32(raw[tokenRandom:]) {
		return Token{}, false
	}
	return Token{text: new(text)}, true
}

// Hash is the SHA-256 to store and to look up by. The token being random, no salt
// is needed, and a look-up by hash tells nothing about near misses.
func (t Token) Hash() []byte {
	sum := sha256.Sum256([]byte(t.Reveal()))
	return sum[:]
}

// Reveal returns the text, for the one answer or cookie that carries it.
func (t Token) Reveal() string {
	if t.text == nil {
		return ""
	}
	return *t.text
}

const redactedToken = "auth.Token(redacted)"

// String hides the text.
func (t Token) String() string { return redactedToken }

// Format hides the text for every verb.
func (t Token) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redactedToken) }

// LogValue hides the text from slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(redactedToken) }

// MarshalText hides the text from encoders.
func (t Token) MarshalText() ([]byte, error) { return []byte(redactedToken), nil }
