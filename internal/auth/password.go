package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/foyerhq/foyer/internal/visit"
)

// Limits of a password, in characters and in bytes.
const (
	MinPassword = 12
	MaxPassword = 512
)

const (
	saltSize = 16
	hashSize = 32
)

// ErrBusy means that as many passwords are being verified, or wait for it, as this
// process will afford. The caller may come back.
var ErrBusy = visit.Errorf(visit.KindLimited, "login_busy", "Too many logins at once. Try again in a moment.")

// Cost is what one verification costs: argon2id's memory in KiB, passes and lanes
// (RFC 9106).
type Cost struct {
	Memory uint32
	Time   uint32
	Lanes  uint8
}

// DefaultCost is OWASP's recommendation for argon2id: 19 MiB, two passes, one lane.
var DefaultCost = Cost{Memory: 19 * 1024, Time: 2, Lanes: 1}

// Passwords hashes and verifies passwords. At most a fixed number run at a time,
// because each takes Cost.Memory, and at most queueFactor times as many wait; the
// next one is refused with ErrBusy. It is safe for concurrent use.
type Passwords struct {
	cost     Cost
	random   io.Reader
	admitted chan struct{} // one element per call that runs or waits
	running  chan struct{} // one element per call that runs
}

const queueFactor = 16

// NewPasswords allows concurrent verifications at a time, with new hashes at cost.
func NewPasswords(concurrent int, cost Cost) *Passwords {
	return &Passwords{
		cost: cost, random: rand.Reader,
		admitted: make(chan struct{}, concurrent*(1+queueFactor)),
		running:  make(chan struct{}, concurrent),
	}
}

// CheckPassword refuses passwords that are too short or too long to be set.
func CheckPassword(password string) error {
	switch {
	case utf8.RuneCountInString(password) < MinPassword:
		return visit.Invalid("password", "A password has at least %d characters.", MinPassword)
	case len(password) > MaxPassword:
		return visit.Invalid("password", "A password has at most %d bytes.", MaxPassword)
	default:
		return nil
	}
}

// Hash returns the PHC string of a password to store. Errors: those of
// CheckPassword, ErrBusy, ctx's.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := CheckPassword(password); err != nil {
		return "", err
	}
	return p.hash(ctx, password)
}

func (p *Passwords) hash(ctx context.Context, password string) (string, error) {
	encoded := phc{Cost: p.cost, salt: make([]byte, saltSize)}
	if _, err := io.ReadFull(p.random, encoded.salt); err != nil {
		return "", fmt.Errorf("auth: read randomness: %w", err)
	}
	hash, err := p.compute(ctx, password, encoded.Cost, encoded.salt, hashSize)
	if err != nil {
		return "", err
	}
	encoded.hash = hash
	return encoded.String(), nil
}

// Verify reports whether password is the one that stored, a PHC string, was made
// of. Errors: a stored string that is none, ErrBusy, ctx's.
func (p *Passwords) Verify(ctx context.Context, password, stored string) (bool, error) {
	if len(password) > MaxPassword {
		return false, p.VerifyNobody(ctx, "")
	}
	known, err := parsePHC(stored)
	if err != nil {
		return false, err
	}
	hash, err := p.compute(ctx, password, known.Cost, known.salt, len(known.hash))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(hash, known.hash) == 1, nil
}

// VerifyNobody takes as long as Verify with a hash of today's cost. Call it for a
// name that does not exist, so that the time of the answer does not tell.
func (p *Passwords) VerifyNobody(ctx context.Context, password string) error {
	_, err := p.compute(ctx, password[:min(len(password), MaxPassword)], p.cost, make([]byte, saltSize), hashSize)
	return err
}

// NeedsRehash reports whether stored was made at another cost than today's, so that
// the next successful login should store a new hash.
func (p *Passwords) NeedsRehash(stored string) bool {
	known, err := parsePHC(stored)
	return err != nil || known.Cost != p.cost || len(known.salt) != saltSize || len(known.hash) != hashSize
}

func (p *Passwords) compute(ctx context.Context, password string, cost Cost, salt []byte, size int) ([]byte, error) {
	select {
	case p.admitted <- struct{}{}:
		defer func() { <-p.admitted }()
	default:
		return nil, ErrBusy
	}
	select {
	case p.running <- struct{}{}:
		defer func() { <-p.running }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return argon2.IDKey([]byte(password), salt, cost.Time, cost.Memory, cost.Lanes, uint32(size)), nil //nolint:gosec // at most maxHash
}
