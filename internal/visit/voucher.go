package visit

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Alphabet has no letters or digits that look alike on a printed slip. Its
// length, 31, gives a password of twelve over 58 bits.
const Alphabet = "23456789abcdefghjkmnpqrstuvwxyz"

const (
	usernamePrefix = "v-"
	usernameLength = 8
	passwordLength = 12
)

// Credentials are what a guest types. The password is a secret.
type Credentials struct {
	Username string
	Password string
}

// String keeps the password out of logs and error texts.
func (c Credentials) String() string { return c.Username + "/[password]" }

// GoString is String.
func (c Credentials) GoString() string { return c.String() }

// NewCredentials draws credentials from random. Uniqueness of the user name is
// for the store to enforce; a collision is drawn again.
func NewCredentials(random io.Reader) (Credentials, error) {
	name, err := draw(random, usernameLength)
	if err != nil {
		return Credentials{}, err
	}
	password, err := draw(random, passwordLength)
	return Credentials{Username: usernamePrefix + name, Password: password}, err
}

// NewPassword draws a voucher password from random.
func NewPassword(random io.Reader) (string, error) { return draw(random, passwordLength) }

// draw returns n letters of Alphabet, each equally likely: octets that would
// favour the first letters are thrown away.
func draw(random io.Reader, n int) (string, error) {
	const fair = 256 / len(Alphabet) * len(Alphabet)
	out := make([]byte, 0, n)
	var octet [1]byte
	for len(out) < n {
		if _, err := io.ReadFull(random, octet[:]); err != nil {
			return "", fmt.Errorf("random source: %w", err)
		}
		if int(octet[0]) < fair {
			out = append(out, Alphabet[int(octet[0])%len(Alphabet)])
		}
	}
	return string(out), nil
}

// NormalizeUsername returns the form under which a user name is looked up:
// trimmed and lower-cased, the dash being part of the name.
func NormalizeUsername(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// NormalizePassword returns the form in which PAP compares: people type the
// groups they see and capitals their phone adds. CHAP and MS-CHAPv2 hash what
// was typed and cannot be so forgiving.
func NormalizePassword(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, s))
}

// Voucher is a visit's WiFi credentials, without the password.
type Voucher struct {
	ID        VoucherID
	VisitID   VisitID
	SiteID    SiteID
	Username  string
	NotBefore time.Time
	NotAfter  time.Time
	Revision  int64 // of the site ledger, when it last changed
	CreatedAt time.Time
	RevokedAt *time.Time
	RevokedBy string
	WipedAt   *time.Time
}
