package activities

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// VisitInput names the visit that an activity is about.
type VisitInput struct {
	VisitID visit.VisitID `json:"visit_id"`
}

// Issued is how the visit stands after IssueVoucher.
type Issued struct {
	Work      visit.Work      `json:"work"`
	VoucherID visit.VoucherID `json:"voucher_id,omitempty"` // empty: the visit is not, or no longer, to be checked in
	Revision  int64           `json:"revision,omitempty"`   // of the site's ledger, at which agents know the voucher
}

// RevokeInput asks whether it is time for the visit to end.
type RevokeInput struct {
	VisitID   visit.VisitID `json:"visit_id"`
	Cancelled bool          `json:"cancelled,omitempty"` // an operator cancelled the workflow
}

// Revoked is how the visit stands after RevokeVoucher. While Ended is false the
// visit goes on until Departure.
type Revoked struct {
	Ended      bool         `json:"ended"`
	Status     visit.Status `json:"status"`
	EndedAt    *time.Time   `json:"ended_at,omitempty"`
	Departure  time.Time    `json:"departure"`
	Generation int          `json:"generation"` // of terminations, from 1
}

// VoucherDesk gives vouchers and takes them back, each in one transaction.
type VoucherDesk interface {
	// IssueVoucher makes the voucher of a visit whose check-in was requested,
	// unless there is one, and stamps the request as taken. In every other state
	// it changes nothing. Errors: KindNotFound, KindUnavailable.
	IssueVoucher(ctx context.Context, in VisitInput) (Issued, error)
	// RevokeVoucher decides under the visit's row lock whether and how a
	// checked-in visit ends (visit.DecideEnd) and revokes what is to be revoked.
	// An ended visit stays as it is. Errors: KindNotFound, KindUnavailable.
	RevokeVoucher(ctx context.Context, in RevokeInput) (Revoked, error)
}

// Vouchers are the activities that begin and end access.
type Vouchers struct{ Desk VoucherDesk }

// IssueVoucher checks the visit in: voucher, site ledger, status, event and audit
// in one transaction.
func (v *Vouchers) IssueVoucher(ctx context.Context, in VisitInput) (Issued, error) {
	return v.Desk.IssueVoucher(ctx, in)
}

// RevokeVoucher ends the visit if it is time: from the commit on, new logins are
// refused wherever an agent has heard of it.
func (v *Vouchers) RevokeVoucher(ctx context.Context, in RevokeInput) (Revoked, error) {
	return v.Desk.RevokeVoucher(ctx, in)
}
