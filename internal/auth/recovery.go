package auth

import (
	"io"
	"strings"

	"github.com/foyerhq/foyer/internal/visit"
)

const (
	recoveryCodes  = 10
	recoveryLength = 10 // letters of 31: over 49 bits
)

// NewRecoveryCodes makes codes for who has lost the second factor, in two groups
// that are easy to copy. It fails only when random does.
func NewRecoveryCodes(random io.Reader) ([]string, error) {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		letters, err := visit.NewPassword(random)
		if err != nil {
			return nil, err
		}
		codes[i] = letters[:recoveryLength/2] + "-" + letters[recoveryLength/2:recoveryLength]
	}
	return codes, nil
}

// ParseRecoveryCode returns the letters of a code as typed, for hashing. False
// means that it cannot be one.
func ParseRecoveryCode(text string) (string, bool) {
	plain := visit.NormalizePassword(text)
	return plain, len(plain) == recoveryLength && strings.Trim(plain, visit.Alphabet) == ""
}
