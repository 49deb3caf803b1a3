package activities

import (
	"context"

	"github.com/foyerhq/foyer/internal/visit"
)

// SealInput says how the stages after the visit's end came out.
type SealInput struct {
	VisitID     visit.VisitID `json:"visit_id"`
	Termination Outcome       `json:"termination"`
	CRM         Outcome       `json:"crm"`
}

// Sealed is the result of SealAudit.
type Sealed struct {
	Sealed bool `json:"sealed"`
}

// Archive closes a visit's record.
type Archive interface {
	// SealVisit writes the visit's last event and audit row. Once is enough.
	SealVisit(ctx context.Context, in SealInput) error
}

// Records are the activities that keep the record of visits.
type Records struct{ Archive Archive }

// SealAudit seals the audit record of a visit for which nothing is left to do.
func (r *Records) SealAudit(ctx context.Context, in SealInput) (Sealed, error) {
	err := r.Archive.SealVisit(ctx, in)
	return Sealed{Sealed: err == nil}, err
}
