package activities

import (
	"context"

	"github.com/foyerhq/foyer/internal/visit"
)

// PurgeInput names a purge: the day, 2026-11-22, and 0 for the night's or the
// number of one by hand.
type PurgeInput struct {
	Day string `json:"day"`
	Run int    `json:"run,omitempty"`
	// RewriteBytes is the size up to which tables are rewritten; zero: none is.
	RewriteBytes int64 `json:"rewrite_bytes,omitempty"`
}

// PurgeProof is the state of a purge, in numbers.
type PurgeProof struct {
	ID        string         `json:"id"`
	Ended     bool           `json:"ended"`
	Counts    map[string]int `json:"counts,omitempty"` // class → rows
	Rewritten []string       `json:"rewritten,omitempty"`
	Skipped   []string       `json:"skipped,omitempty"`
}

// PurgeClassInput names one class of one purge.
type PurgeClassInput struct {
	ID    string      `json:"id"`
	Class visit.Class `json:"class"`
}

// PurgedClass is the result of PurgeClass.
type PurgedClass struct {
	Rows int  `json:"rows"`
	More bool `json:"more"` // it was stopped by its bound
}

// PurgeRef names a purge by its proof.
type PurgeRef struct {
	ID           string `json:"id"`
	RewriteBytes int64  `json:"rewrite_bytes,omitempty"`
}

// Shredder deletes what is due. Every method may be repeated.
type Shredder interface {
	BeginPurge(ctx context.Context, in PurgeInput) (PurgeProof, error)
	// PurgeBatch is one transaction; it returns how many rows went.
	PurgeBatch(ctx context.Context, id string, class visit.Class, limit int) (int, error)
	RewritePurged(ctx context.Context, id string, maxBytes int64) (PurgeProof, error)
	EndPurge(ctx context.Context, id string) (PurgeProof, error)
}

// Purges are the activities that delete personal data when its time is over.
type Purges struct{ Shredder Shredder }

const (
	purgeRows    = 500 // in one transaction
	purgeBatches = 40  // in one activity, which takes seconds
)

// BeginPurge opens the proof of a purge, or finds it open.
func (p *Purges) BeginPurge(ctx context.Context, in PurgeInput) (PurgeProof, error) {
	return p.Shredder.BeginPurge(ctx, in)
}

// PurgeClass deletes what is due of one class. Batches are counted where they are
// deleted, so that one that is repeated counts nothing twice; the result is for
// operators.
func (p *Purges) PurgeClass(ctx context.Context, in PurgeClassInput) (PurgedClass, error) {
	var done PurgedClass
	for range purgeBatches {
		n, err := p.Shredder.PurgeBatch(ctx, in.ID, in.Class, purgeRows)
		done.Rows += n
		if done.More = n > 0; err != nil || !done.More {
			return done, err
		}
	}
	return done, nil
}

// RewriteTables takes what was deleted out of the tables' files.
func (p *Purges) RewriteTables(ctx context.Context, in PurgeRef) (PurgeProof, error) {
	return p.Shredder.RewritePurged(ctx, in.ID, in.RewriteBytes)
}

// EndPurge closes the proof.
func (p *Purges) EndPurge(ctx context.Context, in PurgeRef) (PurgeProof, error) {
	return p.Shredder.EndPurge(ctx, in.ID)
}
