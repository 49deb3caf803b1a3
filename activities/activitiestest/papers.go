package activitiestest

import (
	"context"
	"slices"
	"sync"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/visit"
)

// Papers plays the part of what is to be purged and erased.
type Papers struct {
	// Fail is asked before each step; its error is the step's.
	Fail func(step string) error
	// Erase is the CRM; nil erases what it is given.
	Erase func(contact activities.CRMContact) error

	mu       sync.Mutex // guards what follows
	due      map[visit.Class]int
	proof    activities.PurgeProof
	begun    []activities.PurgeInput
	contacts []activities.CRMContact
	reasons  []string // of the erasure's ends
}

// Due puts rows there that are to be purged.
func (p *Papers) Due(class visit.Class, rows int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.due == nil {
		p.due = map[visit.Class]int{}
	}
	p.due[class] += rows
}

// Know has CRMs know the person who is to be erased.
func (p *Papers) Know(contacts ...activities.CRMContact) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.contacts = append(p.contacts, contacts...)
}

// Proof returns the purge's proof, and how often it was begun.
func (p *Papers) Proof() (activities.PurgeProof, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.proof, len(p.begun)
}

// Ends returns what the erasure ended with, each time, and what CRMs still know.
func (p *Papers) Ends() (reasons []string, left int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.reasons), len(p.contacts)
}

func (p *Papers) enter(step string) error {
	if p.Fail != nil {
		if err := p.Fail(step); err != nil {
			return err
		}
	}
	p.mu.Lock()
	return nil
}

// BeginPurge implements activities.Shredder.
func (p *Papers) BeginPurge(_ context.Context, in activities.PurgeInput) (activities.PurgeProof, error) {
	if err := p.enter("BeginPurge"); err != nil {
		return activities.PurgeProof{}, err
	}
	defer p.mu.Unlock()
	p.begun = append(p.begun, in)
	p.proof.ID = "proof"
	return p.proof, nil
}

// PurgeBatch implements activities.Shredder.
func (p *Papers) PurgeBatch(_ context.Context, _ string, class visit.Class, limit int) (int, error) {
	if err := p.enter("PurgeBatch"); err != nil {
		return 0, err
	}
	defer p.mu.Unlock()
	n := min(limit, p.due[class])
	if n > 0 {
		p.due[class] -= n
		if p.proof.Counts == nil {
			p.proof.Counts = map[string]int{}
		}
		p.proof.Counts[string(class)] += n
	}
	return n, nil
}

// RewritePurged implements activities.Shredder.
func (p *Papers) RewritePurged(_ context.Context, _ string, maxBytes int64) (activities.PurgeProof, error) {
	if err := p.enter("RewritePurged"); err != nil {
		return activities.PurgeProof{}, err
	}
	defer p.mu.Unlock()
	p.proof.Rewritten, p.proof.Skipped = nil, []string{"visits"}
	if maxBytes > 0 {
		p.proof.Rewritten, p.proof.Skipped = []string{"visits"}, nil
	}
	return p.proof, nil
}

// EndPurge implements activities.Shredder.
func (p *Papers) EndPurge(context.Context, string) (activities.PurgeProof, error) {
	if err := p.enter("EndPurge"); err != nil {
		return activities.PurgeProof{}, err
	}
	defer p.mu.Unlock()
	p.proof.Ended = true
	return p.proof, nil
}

// ContactsToErase implements activities.ErasureBook.
func (p *Papers) ContactsToErase(context.Context, visit.ErasureID) ([]activities.CRMContact, error) {
	if err := p.enter("ContactsToErase"); err != nil {
		return nil, err
	}
	defer p.mu.Unlock()
	return slices.Clone(p.contacts), nil
}

// ContactErased implements activities.ErasureBook.
func (p *Papers) ContactErased(_ context.Context, _ visit.ErasureID, done activities.CRMContact) error {
	if err := p.enter("ContactErased"); err != nil {
		return err
	}
	defer p.mu.Unlock()
	p.contacts = slices.DeleteFunc(p.contacts, func(c activities.CRMContact) bool { return c.ContactRef == done.ContactRef })
	return nil
}

// EndErasure implements activities.ErasureBook.
func (p *Papers) EndErasure(_ context.Context, _ visit.ErasureID, reason string) (string, error) {
	if err := p.enter("EndErasure"); err != nil {
		return "", err
	}
	defer p.mu.Unlock()
	p.reasons = append(p.reasons, reason)
	if reason != "" || len(p.contacts) > 0 {
		return "needs_attention", nil
	}
	return "done", nil
}

// EraseVisitor implements activities.CRMEraser.
func (p *Papers) EraseVisitor(_ context.Context, account visit.CRMAccountID, contactRef string, visitRefs []string) error {
	if p.Erase == nil {
		return nil
	}
	return p.Erase(activities.CRMContact{AccountID: account, ContactRef: contactRef, VisitRefs: visitRefs})
}
