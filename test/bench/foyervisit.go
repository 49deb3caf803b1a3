package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/foyerhq/foyer/workflows"

	"github.com/foyerhq/foyer/internal/visit"
)

// foyer drives visits as people do: through the API, and at the NAS.
type foyer struct {
	*system
	online bool // the guest logs in, so that there is a session to disconnect

	seals *seals
}

// visit runs one visit from a walk-in to the seal on its record.
func (f *foyer) visit(ctx context.Context) (times, error) {
	begun := time.Now()
	in, err := f.walkIn(ctx, begun.Add(textbookStay))
	if err != nil {
		return times{}, err
	}
	opening := time.Since(begun)
	if f.online {
		if err := f.login(ctx, in.Visit.ID, f.guest(in)); err != nil {
			return times{}, err
		}
	}
	pauseFor(ctx, stayFor)
	sealed := f.seals.expect(in.Visit.ID)
	left := time.Now()
	if err := f.checkOut(ctx, in.Visit.ID); err != nil {
		return times{}, err
	}
	at, err := await(ctx, sealed)
	if err != nil {
		return times{}, fmt.Errorf("visit %s: seal: %w", in.Visit.ID, err)
	}
	return times{workflow: workflows.VisitWorkflowID(visit.VisitID(in.Visit.ID)), opening: opening, closing: at.Sub(left)}, nil
}

func (f *foyer) login(ctx context.Context, id string, g guest) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	// The answer may say that the network is pending. Few tries: an agent brakes
	// those who guess.
	for range 4 {
		result, err := g.login(ctx)
		if err != nil || result.Accepted {
			return err
		}
		pauseFor(ctx, 500*time.Millisecond)
	}
	return fmt.Errorf("visit %s: login refused", id)
}

// seals looks for sealed records, many visits at a time.
type seals struct {
	system *system

	mu      sync.Mutex // guards waiting
	waiting map[string]chan time.Time
}

const lookEvery = 40 * time.Millisecond

// watchSeals looks until the measurement ends.
func watchSeals(s *system) *seals {
	w := &seals{system: s, waiting: map[string]chan time.Time{}}
	ctx, cancel := context.WithCancel(s.b.ctx)
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			if err := w.look(ctx); err != nil && !errors.Is(err, context.Canceled) {
				s.b.Errorf("looking for seals: %v", err)
				return
			}
			pauseFor(ctx, lookEvery)
		}
	})
	s.b.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return w
}

// expect returns a channel that gets the time at which the visit was sealed.
func (w *seals) expect(id string) <-chan time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := make(chan time.Time, 1)
	w.waiting[id] = c
	return c
}

func (w *seals) look(ctx context.Context) error {
	w.mu.Lock()
	ids := make([]string, 0, len(w.waiting))
	for id := range w.waiting {
		ids = append(ids, id)
	}
	w.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	rows, err := w.system.db.Query(ctx, `select id::text, sealed_at from visits where id = any($1::uuid[]) and sealed_at is not null`, ids)
	if err != nil {
		return err
	}
	defer rows.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for rows.Next() {
		var id string
		var at time.Time
		if err := rows.Scan(&id, &at); err != nil {
			return err
		}
		w.waiting[id] <- at // has room for the one time
		delete(w.waiting, id)
	}
	return rows.Err()
}

// pauseFor waits for d or the end of ctx.
func pauseFor(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
