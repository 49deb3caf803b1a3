package store

import (
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// Session is a device's connection as staff see it. It is personal data.
type Session struct {
	ID             visit.SessionID
	AgentID        visit.AgentID // that last reported it
	NASID          visit.NASID
	NASName        string
	VisitID        visit.VisitID
	VoucherID      visit.VoucherID
	AcctSessionID  string // empty: known from an Access-Accept only
	Username       string
	MAC            string
	IP             string
	CalledStation  string
	InputOctets    int64
	OutputOctets   int64
	StartedAt      time.Time
	LastSeenAt     time.Time
	ExpiresAt      *time.Time // by the Session-Timeout sent
	EndedAt        *time.Time
	TerminateCause string
}

// Termination is one result that came in for one session.
type Termination struct {
	ID         string
	Generation int // zero: the agent acted by itself
	Attempt    int
	AgentID    visit.AgentID
	visit.SessionTermination
}

// VisitDetail is everything staff see of one visit, without the password.
type VisitDetail struct {
	Visit        visit.Visit
	Voucher      *visit.Voucher // the current or last one
	Sessions     []Session
	Terminations []Termination
	Timeline     []visit.Event
}
