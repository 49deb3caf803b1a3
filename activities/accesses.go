package activities

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// EndAccessInput asks whether it is time for an access to end.
type EndAccessInput struct {
	AccessID  roll.AccessID `json:"access_id"`
	Cancelled bool          `json:"cancelled,omitempty"` // an operator cancelled the workflow
}

// AccessWork is how an access stands after EndAccess. While Ended is false it goes
// on until EndsAt.
type AccessWork struct {
	SiteID       visit.SiteID  `json:"site_id"`
	Ended        bool          `json:"ended"`
	Reason       string        `json:"reason,omitempty"` // why it ended: time, expired, retired, merged
	EndsAt       time.Time     `json:"ends_at"`
	Sealed       bool          `json:"sealed,omitempty"`
	Generation   int           `json:"generation"` // of terminations, from 1
	TerminateFor time.Duration `json:"terminate_for,omitempty"`
}

// SealAccessInput says how ending the sessions of an access came out.
type SealAccessInput struct {
	AccessID    roll.AccessID `json:"access_id"`
	Termination Outcome       `json:"termination"`
}

// AccessDesk keeps accesses, each step in one transaction.
type AccessDesk interface {
	// EndAccess ends an access whose time is over, or that an operator cancelled, and
	// notes that the workflow knows how it stands. One that has ended stays as it is.
	// Errors: KindNotFound, KindUnavailable.
	EndAccess(ctx context.Context, in EndAccessInput) (AccessWork, error)
	// SealAccess closes the record of an ended access. Once is enough. It is not
	// sealed when it goes on after all.
	SealAccess(ctx context.Context, in SealAccessInput) (sealed bool, err error)
}

// Accesses are the activities of access that belongs to no visit.
type Accesses struct{ Desk AccessDesk }

// EndAccess ends the access if it is time. From the commit on, agents refuse it.
func (a *Accesses) EndAccess(ctx context.Context, in EndAccessInput) (AccessWork, error) {
	return a.Desk.EndAccess(ctx, in)
}

// SealAccess seals the audit record of an access for which nothing is left to do.
func (a *Accesses) SealAccess(ctx context.Context, in SealAccessInput) (Sealed, error) {
	sealed, err := a.Desk.SealAccess(ctx, in)
	return Sealed{Sealed: sealed}, err
}
