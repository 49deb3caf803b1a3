package store

import (
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// Taker is who carries an intent out. Only the workflow stamps it as taken, so
// that the sweeper still brings the workflow after the API acted for it.
type Taker string

// The takers.
const (
	Workflow Taker = "workflow"
	Fallback Taker = "fallback" // the API or the sweeper, because Temporal did not answer
)

// Issued is the outcome of IssueVoucher.
type Issued struct {
	Work      visit.Work      `json:"work"`
	VoucherID visit.VoucherID `json:"voucher_id,omitempty"` // empty: the visit never was or no longer is to be checked in
	Revision  int64           `json:"revision"`             // of the site's ledger, at which agents know the voucher
	SiteID    visit.SiteID    `json:"site_id"`
	Fresh     bool            `json:"fresh"` // this call made it
}

// RevokeInput says why RevokeVoucher is called.
type RevokeInput struct {
	Cancelled bool // the workflow was cancelled by an operator
	By        Taker
}

// Revoked is the outcome of RevokeVoucher. While Ended is false the visit goes
// on until Departure.
type Revoked struct {
	Ended      bool         `json:"ended"`
	Status     visit.Status `json:"status"`
	EndedAt    *time.Time   `json:"ended_at,omitempty"`
	Departure  time.Time    `json:"departure"`
	Generation int          `json:"generation"`
	SiteID     visit.SiteID `json:"site_id"`
	Fresh      bool         `json:"fresh"` // this call ended it
}

// SealInput says how the work after a visit's end came out: names such as
// "done", "no_session", "failed", "not_configured".
type SealInput struct {
	Termination string `json:"termination"`
	CRM         string `json:"crm"`
}

// Intent is a request that no workflow has taken up yet.
type Intent struct {
	VisitID     visit.VisitID
	SiteID      visit.SiteID
	Kind        IntentKind
	RequestedAt time.Time
	Tries       int // how often the sweeper has sent it
}

// IntentKind is what was requested.
type IntentKind string

// The kinds of intent.
const (
	IntentCheckIn  IntentKind = "check_in"
	IntentCheckOut IntentKind = "check_out"
)

// OpenVisit is a visit for which a workflow must exist.
type OpenVisit struct {
	ID        visit.VisitID
	SiteID    visit.SiteID
	Status    visit.Status
	Departure time.Time
	EndedAt   *time.Time
}
