package store

import (
	"time"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Agent is our process on a site's LAN, as the server knows it.
type Agent struct {
	ID                 visit.AgentID
	SiteID             visit.SiteID
	Name               string
	EnrolmentExpiresAt *time.Time // nil once the token is used up or overdue
	EnrolledAt         *time.Time
	Epoch              int64
	Hub                string // the replica that holds its link; empty: not connected
	ConnectedAt        *time.Time
	DisconnectedAt     *time.Time
	LastSeenAt         *time.Time
	SuspectSince       *time.Time
	Version            string
	AckedRevision      int64
	SiteRevision       int64 // the site's own; lag = SiteRevision − AckedRevision
	Stats              *wire.Stats
	QuarantinedAt      *time.Time
	WithdrawnAt        *time.Time
	CreatedAt          time.Time
}

// Certificate is an agent's certificate. Nothing of it is secret.
type Certificate struct {
	Serial   string
	SPKI     []byte // SHA-256 of the subject's public key info
	DER      []byte
	NotAfter time.Time
}
