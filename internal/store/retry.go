package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// Retry is the next attempt to end a visit's sessions, as its workflow will make it.
type Retry struct {
	Generation int
	At         time.Time
}

// retryLate is how long after its time an attempt that has not begun counts as on
// its way. Later than that nothing is known of it: Temporal may be away.
const retryLate = 5 * time.Second

// nextRetry returns when a visit's sessions are to be ended again, or nil where
// nothing is scheduled: an attempt is under way, all is done or given up, or there is
// no workflow (any more) that would make one.
func (s *Store) nextRetry(ctx context.Context, q db, row visitRow) (*Retry, error) {
	if row.SealedAt != nil || !row.Status.Ended() {
		return nil, nil
	}
	type tried struct {
		commandRow
		CreatedAt   time.Time  `db:"created_at"`
		DeliveredAt *time.Time `db:"delivered_at"`
		LimitSecs   *int       `db:"termination_seconds"`
	}
	const last = `select ` + commandColumns + `, c.created_at, c.delivered_at, s.termination_seconds
		from commands c join sites s on s.id = c.site_id
		where c.visit_id = @visit and c.session_id is null order by c.generation desc limit 1`
	commands, err := all[tried](ctx, q, last, pgx.NamedArgs{"visit": row.ID})
	if err != nil || len(commands) == 0 {
		return nil, err
	}
	c := commands[0]
	if c.Generation != row.Generation || c.WorkflowID == nil || c.Final || c.FailedAt != nil || c.ResultAt == nil || c.DeliveredAt == nil {
		return nil, nil
	}
	result, err := c.result()
	if err != nil {
		return nil, err
	}
	// The wait begins when the activity hears of the result.
	at := c.DeliveredAt.Add(result.Worst().NextTryAfter(c.Attempt))
	limit := visit.Site{TerminationFor: span(c.LimitSecs)}.TerminateFor()
	if at.After(c.CreatedAt.Add(limit)) || s.now().After(at.Add(retryLate)) {
		return nil, nil
	}
	return &Retry{Generation: c.Generation, At: at}, nil
}
