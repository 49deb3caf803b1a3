package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/foyerhq/foyer/internal/visit"
)

const (
	callFor     = 15 * time.Second // a call whose context has no deadline
	rollbackFor = 2 * time.Second
	maxTries    = 3 // of a transaction that met another one
)

// db is what a statement needs: the pool, or a transaction.
type db interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// tx is one writing transaction. now is fixed for its length. What it records
// and what agents must follow is kept until the end and written by flush, so that
// the sites' heads are always locked last.
type tx struct {
	pgx.Tx
	s   *Store
	now time.Time

	changes map[visit.SiteID]*changes // "" for the deployment's chain
	wake    []Notification            // sent after the commit
}

// limited gives ctx a deadline if it has none.
func limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, callFor)
}

// write runs f in a transaction of its own and commits it. f may run several
// times: it must set its results from scratch and touch nothing outside.
//
// A connection lost in COMMIT leaves open whether it was committed. That is
// KindUnavailable; the same request with the same Idempotency-Key finds out.
func (s *Store) write(ctx context.Context, f func(context.Context, *tx) error) error {
	ctx, cancel := limited(ctx)
	defer cancel()
	var err error
	for range maxTries {
		if err = s.tryWrite(ctx, f); err == nil || !retryable(err) || ctx.Err() != nil {
			break
		}
	}
	return explain(err)
}

func (s *Store) tryWrite(ctx context.Context, f func(context.Context, *tx) error) error {
	var done *tx
	err := s.transact(ctx, pgx.TxOptions{}, func(ctx context.Context, inner pgx.Tx) error {
		done = &tx{Tx: inner, s: s, now: s.now(), changes: map[visit.SiteID]*changes{}}
		if err := f(ctx, done); err != nil {
			return err
		}
		return done.flush(ctx)
	})
	if err == nil {
		s.pulse.wake(done.wake...)
	}
	return err
}

// view runs f in a read-only transaction that sees one state of the database.
func (s *Store) view(ctx context.Context, f func(context.Context, pgx.Tx) error) error {
	ctx, cancel := limited(ctx)
	defer cancel()
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := s.transact(ctx, options, f)
	if retryable(err) && ctx.Err() == nil {
		err = s.transact(ctx, options, f)
	}
	return explain(err)
}

// query runs f, which reads or may as well happen twice, without a transaction
// around it. A connection that turns out to be dead costs one more try.
func (s *Store) query(ctx context.Context, f func(context.Context, db) error) error {
	ctx, cancel := limited(ctx)
	defer cancel()
	run := func(c *pgxpool.Conn) error { return f(ctx, c) }
	err := s.withConn(ctx, run)
	if _, lost := errors.AsType[*lostError](err); lost && ctx.Err() == nil {
		err = s.withConn(ctx, run)
	}
	return explain(err)
}

// once runs f, a single statement, without a transaction around it.
func (s *Store) once(ctx context.Context, f func(context.Context, db) error) error {
	ctx, cancel := limited(ctx)
	defer cancel()
	return explain(s.withConn(ctx, func(c *pgxpool.Conn) error { return f(ctx, c) }))
}

func (s *Store) transact(ctx context.Context, options pgx.TxOptions, f func(context.Context, pgx.Tx) error) error {
	return s.withConn(ctx, func(c *pgxpool.Conn) error {
		inner, err := c.BeginTx(ctx, options)
		if err != nil {
			return &unbegunError{err}
		}
		if err := f(ctx, inner); err != nil {
			rollback(ctx, inner)
			return err
		}
		return inner.Commit(ctx)
	})
}

// withConn marks errors of a connection that broke, which pgx reports in many
// shapes, none of them exported.
func (s *Store) withConn(ctx context.Context, f func(*pgxpool.Conn) error) error {
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return visit.Unavailable("database", err)
	}
	defer c.Release()
	err = f(c)
	if _, refused := errors.AsType[*visit.Error](err); err == nil || refused || !c.Conn().IsClosed() {
		return err
	}
	if ctx.Err() == nil {
		s.pool.Reset() // the server has restarted: the others are dead as well
	}
	return &lostError{err}
}

// rollback works also when ctx is over. A connection that cannot even roll back
// is closed by pgx, and the server does it.
func rollback(ctx context.Context, inner pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackFor)
	defer cancel()
	_ = inner.Rollback(ctx)
}

// newID draws a UUIDv7: ordered by time, so that indexes grow at their end.
func (s *Store) newID() (string, error) {
	id, err := uuid.NewV7FromReader(s.rand)
	if err != nil {
		return "", fmt.Errorf("random source: %w", err)
	}
	return id.String(), nil
}

// all returns every row of a query.
func all[T any](ctx context.Context, q db, sql string, args pgx.NamedArgs) ([]T, error) {
	rows, err := q.Query(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[T])
}

// one returns the row of a query, or missing when there is none or when an id in
// args is not even an id.
func one[T any](ctx context.Context, q db, missing error, sql string, args pgx.NamedArgs) (T, error) {
	var none T
	rows, err := q.Query(ctx, sql, args)
	if err != nil {
		return none, orMissing(err, missing)
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	return row, orMissing(err, missing)
}

func orMissing(err, missing error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return missing
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == codeInvalidText {
		return missing
	}
	return err
}

// scalars returns the single column of a query.
func scalars[T any](ctx context.Context, q db, sql string, args pgx.NamedArgs) ([]T, error) {
	rows, err := q.Query(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[T])
}

// exec runs a statement and returns how many rows it touched.
func exec(ctx context.Context, q db, sql string, args pgx.NamedArgs) (int64, error) {
	tag, err := q.Exec(ctx, sql, args)
	return tag.RowsAffected(), err
}

// optional makes an empty id a null.
func optional[T ~string](id T) *T {
	if id == "" {
		return nil
	}
	return &id
}

// value makes a null an empty id.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
