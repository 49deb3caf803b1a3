package auth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Limits of what a stored string may ask for: a row altered by hand must not make
// a login take a gigabyte.
const (
	maxMemory = 256 * 1024
	maxTime   = 16
	maxLanes  = 8
	maxHash   = 64
	maxPHC    = 256
)

var errPHC = errors.New("auth: the stored password is not an argon2id PHC string within limits")

// phc is a parsed PHC string: $argon2id$v=19$m=…,t=…,p=…$salt$hash.
type phc struct {
	Cost
	salt []byte
	hash []byte
}

func (p phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.Memory, p.Time, p.Lanes,
		base64.RawStdEncoding.EncodeToString(p.salt), base64.RawStdEncoding.EncodeToString(p.hash))
}

func parsePHC(text string) (phc, error) {
	parts := strings.Split(text, "$")
	if len(text) > maxPHC || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return phc{}, errPHC
	}
	if parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, errPHC
	}
	var parsed phc
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &parsed.Memory, &parsed.Time, &parsed.Lanes); err != nil {
		return phc{}, errPHC
	}
	var err error
	if parsed.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return phc{}, errPHC
	}
	if parsed.hash, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return phc{}, errPHC
	}
	// Writing it again catches what Sscanf and base64 let pass (blanks, a rest).
	if !parsed.within() || parsed.String() != text {
		return phc{}, errPHC
	}
	return parsed, nil
}

func (p phc) within() bool {
	return p.Memory >= 8 && p.Memory <= maxMemory && p.Time >= 1 && p.Time <= maxTime &&
		p.Lanes >= 1 && p.Lanes <= maxLanes &&
		len(p.salt) >= 8 && len(p.salt) <= maxHash && len(p.hash) >= 16 && len(p.hash) <= maxHash
}
