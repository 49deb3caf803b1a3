package store

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

type idempotencyRow struct {
	RequestHash []byte
	Status      int
	ObjectID    string
	Unchanged   bool
	CreatedAt   time.Time
}

// claim takes the caller's Idempotency-Key for this transaction, which will make
// or change object. A key that was used before gives the earlier outcome and
// object. Of two transactions with the same key the second waits here for the
// first.
func (t *tx) claim(ctx context.Context, by Caller, object string, status int) (Outcome, string, error) {
	fresh := Outcome{FirstAt: t.now}
	key := by.Idempotency
	if key == nil {
		return fresh, object, nil
	}
	if key.Status != 0 {
		status = key.Status
	}
	const insert = `insert into idempotency (caller, key, request_hash, status, object_id, created_at)
		values (@caller, @key, @hash, @status, @object, @now) on conflict do nothing`
	inserted, err := exec(ctx, t, insert, pgx.NamedArgs{
		"caller": by.Actor, "key": key.Key, "hash": notNil(key.RequestHash), "status": status, "object": object, "now": t.now,
	})
	if err != nil || inserted == 1 {
		return fresh, object, err
	}
	return t.earlier(ctx, by)
}

func (t *tx) earlier(ctx context.Context, by Caller) (Outcome, string, error) {
	const find = `select request_hash, status, object_id, unchanged, created_at from idempotency where caller = @caller and key = @key`
	row, err := one[idempotencyRow](ctx, t, visit.ErrIdempotencyKey, find, pgx.NamedArgs{"caller": by.Actor, "key": by.Idempotency.Key})
	if err != nil {
		return Outcome{}, "", err
	}
	if !bytes.Equal(row.RequestHash, by.Idempotency.RequestHash) {
		return Outcome{}, "", visit.ErrIdempotencyKey
	}
	return Outcome{Replayed: true, PreviousStatus: row.Status, FirstAt: row.CreatedAt, Unchanged: row.Unchanged}, row.ObjectID, nil
}

// unchanged remembers that the request found its wish already fulfilled.
func (t *tx) unchanged(ctx context.Context, by Caller, outcome *Outcome) error {
	outcome.Unchanged = true
	if by.Idempotency == nil {
		return nil
	}
	const update = `update idempotency set unchanged = true where caller = @caller and key = @key`
	_, err := exec(ctx, t, update, pgx.NamedArgs{"caller": by.Actor, "key": by.Idempotency.Key})
	return err
}

const idempotencyKeptFor = 24 * time.Hour

// PruneIdempotency forgets keys older than a day and returns how many.
func (s *Store) PruneIdempotency(ctx context.Context) (int, error) {
	var pruned int64
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		pruned, err = exec(ctx, q, `delete from idempotency where created_at < @before`, pgx.NamedArgs{"before": s.now().Add(-idempotencyKeptFor)})
		return err
	})
	return int(pruned), err
}

const (
	statusOK      = http.StatusOK
	statusCreated = http.StatusCreated
)
