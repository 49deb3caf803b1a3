package worker

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// Shredder deletes personal data when its time is over.
type Shredder interface {
	NightPurged(ctx context.Context, day string) (bool, error)
	BeginPurge(ctx context.Context, day string, run int) (store.Purge, error)
	PurgeClass(ctx context.Context, id store.PurgeID, class visit.Class, limit int) (int, error)
	RewritePurged(ctx context.Context, id store.PurgeID, maxBytes int64) (store.Purge, error)
	EndPurge(ctx context.Context, id store.PurgeID) (store.Purge, error)
	AlarmPresence(ctx context.Context, limit int) (int, error)
}

// Erasures are what is left to do of a person's erasure.
type Erasures interface {
	PendingErasures(ctx context.Context, limit int) ([]visit.ErasureID, error)
	ContactsToErase(ctx context.Context, id visit.ErasureID) ([]store.CRMContact, error)
	ContactErased(ctx context.Context, id visit.ErasureID, done store.CRMContact) error
	EndErasure(ctx context.Context, id visit.ErasureID, reason string) (store.ErasureState, error)
}

// shredder joins activities.Purges to the store.
type shredder struct{ store Shredder }

func proofOf(p store.Purge) activities.PurgeProof {
	return activities.PurgeProof{ID: string(p.ID), Ended: p.EndedAt != nil, Counts: p.Counts, Rewritten: p.Rewritten, Skipped: p.Skipped}
}

// BeginPurge implements activities.Shredder.
func (s shredder) BeginPurge(ctx context.Context, in activities.PurgeInput) (activities.PurgeProof, error) {
	purge, err := s.store.BeginPurge(ctx, in.Day, in.Run)
	return proofOf(purge), err
}

// PurgeBatch implements activities.Shredder.
func (s shredder) PurgeBatch(ctx context.Context, id string, class visit.Class, limit int) (int, error) {
	return s.store.PurgeClass(ctx, store.PurgeID(id), class, limit)
}

// RewritePurged implements activities.Shredder.
func (s shredder) RewritePurged(ctx context.Context, id string, maxBytes int64) (activities.PurgeProof, error) {
	purge, err := s.store.RewritePurged(ctx, store.PurgeID(id), maxBytes)
	return proofOf(purge), err
}

// EndPurge implements activities.Shredder.
func (s shredder) EndPurge(ctx context.Context, id string) (activities.PurgeProof, error) {
	purge, err := s.store.EndPurge(ctx, store.PurgeID(id))
	return proofOf(purge), err
}

// erasureBook joins activities.Erasures to the store.
type erasureBook struct{ store Erasures }

// ContactsToErase implements activities.ErasureBook.
func (b erasureBook) ContactsToErase(ctx context.Context, id visit.ErasureID) ([]activities.CRMContact, error) {
	contacts, err := b.store.ContactsToErase(ctx, id)
	out := make([]activities.CRMContact, len(contacts))
	for i, c := range contacts {
		out[i] = activities.CRMContact(c)
	}
	return out, err
}

// ContactErased implements activities.ErasureBook.
func (b erasureBook) ContactErased(ctx context.Context, id visit.ErasureID, done activities.CRMContact) error {
	return b.store.ContactErased(ctx, id, store.CRMContact(done))
}

// EndErasure implements activities.ErasureBook.
func (b erasureBook) EndErasure(ctx context.Context, id visit.ErasureID, reason string) (string, error) {
	state, err := b.store.EndErasure(ctx, id, reason)
	return string(state), err
}

// PurgeSettings say when the night's purge begins and what it may rewrite.
type PurgeSettings struct {
	Hour         int   // UTC, 0 to 23
	RewriteBytes int64 // tables of at most so many bytes; zero: none
}

// purge starts the night's purge once its hour has come and as long as there is no
// proof of it: one that was missed is made up for, one that was cut off goes on.
func (s *sweeper) purge(ctx context.Context) (int, error) {
	now := s.now().UTC()
	if now.Hour() < s.purges.Hour {
		return 0, nil
	}
	day := now.Format(time.DateOnly)
	if done, err := s.store.NightPurged(ctx, day); err != nil || done {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerFor)
	defer cancel()
	started, err := s.workflows.StartPurge(ctx, activities.PurgeInput{Day: day, RewriteBytes: s.purges.RewriteBytes})
	if !started {
		return 0, err
	}
	s.logger.Info("sweeper: purge started", "day", day)
	return 1, nil
}

// erasures starts the workflows of erasures that a CRM has not yet heard of.
func (s *sweeper) erasures(ctx context.Context) (int, error) {
	pending, err := s.store.PendingErasures(ctx, batch)
	if err != nil {
		return 0, err
	}
	return each(pending, func(id visit.ErasureID) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, answerFor)
		defer cancel()
		return s.workflows.StartErase(ctx, id)
	})
}
