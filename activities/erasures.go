package activities

import (
	"context"

	"github.com/foyerhq/foyer/internal/visit"
)

// ErasureInput names an erasure. What is to be erased is read from its row: a CRM's
// ids are as good as a name and stay out of histories.
type ErasureInput struct {
	ErasureID visit.ErasureID `json:"erasure_id"`
}

// ErasedFromCRM is the result of EraseFromCRM.
type ErasedFromCRM struct {
	Contacts int `json:"contacts"`
}

// EndErasureInput says how the CRM's part came out; an empty reason is well.
type EndErasureInput struct {
	ErasureID visit.ErasureID `json:"erasure_id"`
	Reason    string          `json:"reason,omitempty"`
}

// ErasureEnd is the result of EndErasure: done or needs_attention.
type ErasureEnd struct {
	State string `json:"state"`
}

// CRMContact is what a CRM holds of a person, by its ids.
type CRMContact struct {
	AccountID  visit.CRMAccountID
	ContactRef string
	VisitRefs  []string
}

// ErasureBook knows what is still to be erased.
type ErasureBook interface {
	ContactsToErase(ctx context.Context, id visit.ErasureID) ([]CRMContact, error)
	ContactErased(ctx context.Context, id visit.ErasureID, done CRMContact) error
	EndErasure(ctx context.Context, id visit.ErasureID, reason string) (state string, err error)
}

// CRMEraser erases a visitor in a CRM: the contact and what was logged of visits.
// What is gone already is no error.
type CRMEraser interface {
	EraseVisitor(ctx context.Context, account visit.CRMAccountID, contactRef string, visitRefs []string) error
}

// errNoCRM: an earlier version wrote there, this process cannot.
var errNoCRM = visit.Errorf(visit.KindInvalid, "crm_unknown", "This version cannot erase anybody in the CRM.")

// Erasures are the activities that carry an erasure out of the house.
type Erasures struct {
	Book ErasureBook
	CRM  CRMEraser // nil: this version speaks to no CRM
}

// EraseFromCRM erases a person in every CRM that knows them. What is done is noted
// at once; one CRM that refuses or is away keeps no other from being asked. What a
// CRM was still writing when the person was erased may be added meanwhile.
func (e *Erasures) EraseFromCRM(ctx context.Context, in ErasureInput) (ErasedFromCRM, error) {
	erased := ErasedFromCRM{}
	for {
		contacts, err := e.Book.ContactsToErase(ctx, in.ErasureID)
		if err != nil || len(contacts) == 0 {
			return erased, err
		}
		if e.CRM == nil {
			return erased, errNoCRM
		}
		var failed error
		for _, contact := range contacts {
			if err := ctx.Err(); err != nil {
				return erased, err // the next attempt goes on from here
			}
			switch err := e.eraseContact(ctx, in, contact); {
			case err == nil:
				erased.Contacts++
			case failed == nil || final(visit.KindOf(failed)):
				failed = err // one that repeating may mend counts for more
			}
		}
		if failed != nil {
			return erased, failed
		}
	}
}

func (e *Erasures) eraseContact(ctx context.Context, in ErasureInput, contact CRMContact) error {
	if err := e.CRM.EraseVisitor(ctx, contact.AccountID, contact.ContactRef, contact.VisitRefs); err != nil {
		return err
	}
	return e.Book.ContactErased(ctx, in.ErasureID, contact)
}

// EndErasure closes an erasure, or says that somebody has to look.
func (e *Erasures) EndErasure(ctx context.Context, in EndErasureInput) (ErasureEnd, error) {
	state, err := e.Book.EndErasure(ctx, in.ErasureID, in.Reason)
	return ErasureEnd{State: state}, err
}
