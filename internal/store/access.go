package store

import (
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// User is a staff member.
type User struct {
	ID             string
	Email          string
	Name           string
	PasswordHash   string // argon2id, encoded
	Role           string
	Scope          Scope
	FailedAttempts int // since the last success
	FailedAt       *time.Time
	DisabledAt     *time.Time
	CreatedAt      time.Time
}

// Login is a staff member's dashboard session, found by the SHA-256 of its
// cookie.
type Login struct {
	TokenHash  []byte
	UserID     string
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time
}

// Token is an API token, found by the SHA-256 of its secret.
type Token struct {
	ID          string
	Name        string
	Permissions []string
	Scope       Scope
	CreatedBy   string
	CreatedAt   time.Time
	ExpiresAt   *time.Time
	LastUsedAt  *time.Time
	RevokedAt   *time.Time
}

// NewUser is what a user starts from.
type NewUser struct {
	Email, Name, PasswordHash, Role string
	Scope                           Scope
}

// NewToken is what a token starts from.
type NewToken struct {
	Name        string
	Permissions []string
	Scope       Scope
	ExpiresAt   *time.Time
	SecretHash  []byte
}

// RefusedLogin is a login that an agent refused. It is personal data.
type RefusedLogin struct {
	ID        string
	SiteID    visit.SiteID
	NASID     visit.NASID
	NASName   string
	VisitID   visit.VisitID
	VoucherID visit.VoucherID
	Reason    string // see wire.RefusedReason
	Username  string
	MAC       string
	Method    string
	Count     int
	At        time.Time
}

// RefusedPage is a part of the list, newest first.
type RefusedPage struct {
	Items []RefusedLogin
	Next  string
}
