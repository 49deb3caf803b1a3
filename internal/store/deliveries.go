package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// DeliveryStart is a delivery whose workflow is to be started. It goes into
// Temporal: ids, a kind and an instant only.
type DeliveryStart struct {
	ID      visit.DeliveryID
	EventID visit.EventID
	Kind    visit.EventKind
	Target  visit.Target
	Replay  int
	SiteID  visit.SiteID // empty: of the deployment
	DueAt   time.Time
}

const (
	// startAgainAfter is how long a pending delivery's next attempt may be overdue
	// before its workflow is started again, in case there is none any more.
	startAgainAfter = 15 * time.Minute
	// DeliveriesKeptFor is how long a delivery that has ended stays in the log.
	DeliveriesKeptFor = 30 * 24 * time.Hour
)

// DeliveriesToStart returns deliveries without a workflow, the oldest first, and
// behind them pending ones of which nothing was heard for long after they were due:
// their workflow was terminated, or Temporal's database lost.
func (s *Store) DeliveriesToStart(ctx context.Context, limit int) ([]DeliveryStart, error) {
	type row struct {
		ID      visit.DeliveryID
		EventID visit.EventID
		Kind    visit.EventKind
		Target  visit.Target
		Replay  int
		SiteID  *visit.SiteID
		DueAt   time.Time
	}
	const columns = `select d.id, d.event_id, e.kind, d.target, d.replay, d.site_id, d.due_at from deliveries d join events e on e.id = d.event_id`
	const fresh = columns + ` where d.started_at is null and d.ended_at is null order by d.created_at, d.id limit @limit`
	const silent = columns + ` where d.ended_at is null and d.next_attempt_at < @before and d.started_at < @before
		order by d.next_attempt_at limit @limit`
	var starts []DeliveryStart
	err := s.query(ctx, func(ctx context.Context, q db) error {
		args := pgx.NamedArgs{"limit": limit, "before": s.now().Add(-startAgainAfter)}
		rows, err := all[row](ctx, q, fresh, args)
		if err == nil && len(rows) < limit {
			var more []row
			args["limit"] = limit - len(rows)
			more, err = all[row](ctx, q, silent, args)
			rows = append(rows, more...)
		}
		starts = make([]DeliveryStart, len(rows))
		for i, r := range rows {
			starts[i] = DeliveryStart{ID: r.ID, EventID: r.EventID, Kind: r.Kind, Target: r.Target, Replay: r.Replay, SiteID: value(r.SiteID), DueAt: r.DueAt}
		}
		return err
	})
	return starts, err
}

// DeliveriesStarted notes that the workflows of these deliveries run.
func (s *Store) DeliveriesStarted(ctx context.Context, ids []visit.DeliveryID) error {
	return s.once(ctx, func(ctx context.Context, q db) error {
		_, err := exec(ctx, q, `update deliveries set started_at = @now where id = any(@ids::uuid[])`, pgx.NamedArgs{"ids": texts(ids), "now": s.now()})
		return err
	})
}

// ErrDeliveryNotFound covers what the caller may not see, and what was pruned.
var ErrDeliveryNotFound = visit.Errorf(visit.KindNotFound, "delivery_not_found", "There is no such delivery.")

// DeliveryEnd is how a delivery stands, as far as whoever carries it must know.
type DeliveryEnd struct {
	State    visit.DeliveryState
	Reason   string
	Attempts int
}

// BeginAttempt returns a delivery with its event and the number of the attempt to
// make, or how it came out if it has ended. It returns ErrDeliveryNotFound.
func (s *Store) BeginAttempt(ctx context.Context, id visit.DeliveryID) (visit.Delivery, DeliveryEnd, error) {
	type row struct {
		eventRow
		DeliveryID visit.DeliveryID    `db:"delivery_id"`
		Target     visit.Target        `db:"target"`
		Replay     int                 `db:"replay"`
		Attempts   int                 `db:"attempts"`
		State      visit.DeliveryState `db:"state"`
		Reason     string              `db:"reason"`
		CreatedAt  time.Time           `db:"created_at"`
	}
	var delivery visit.Delivery
	var end DeliveryEnd
	err := s.query(ctx, func(ctx context.Context, q db) error {
		const find = `select ` + eventColumns + `, d.id as delivery_id, d.target, d.replay, d.attempts, d.state, d.reason, d.created_at
			from deliveries d join events v on v.id = d.event_id where d.id = @id`
		r, err := one[row](ctx, q, ErrDeliveryNotFound, find, pgx.NamedArgs{"id": id})
		if err != nil {
			return err
		}
		e, err := r.event()
		delivery = visit.Delivery{
			ID: r.DeliveryID, Event: e.Event, Target: r.Target, Replay: r.Replay, Attempt: r.Attempts + 1, CreatedAt: r.CreatedAt,
		}
		end = DeliveryEnd{State: r.State, Reason: r.Reason, Attempts: r.Attempts}
		return err
	})
	return delivery, end, err
}

// AttemptEnd is what one attempt brought and how the delivery stands after it.
type AttemptEnd struct {
	Delivery visit.DeliveryID
	Attempt  int
	At       time.Time // it began
	Took     time.Duration
	Status   int    // the receiver's; 0: no answer
	Code     string // why it was not accepted; empty: it was
	State    visit.DeliveryState
	Reason   string
	NextAt   time.Time // while pending
}

// EndAttempt records an attempt, once for each number: should one have been made
// twice because the first was given up for lost, one that was accepted wins.
func (s *Store) EndAttempt(ctx context.Context, end AttemptEnd) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		const record = `insert into delivery_attempts (delivery_id, attempt, at, took_ms, status, reason)
			values (@id, @attempt, @at, @took, @status, @code) on conflict (delivery_id, attempt) do nothing`
		const stand = `update deliveries set attempts = greatest(attempts, @attempt), state = @state, reason = @reason,
				next_attempt_at = coalesce(@next, next_attempt_at), ended_at = case when @state = 'pending' then null else @now::timestamptz end
			where id = @id and ended_at is null and (attempts < @attempt or @state = 'delivered')` + returningVisit
		args := pgx.NamedArgs{
			"id": end.Delivery, "attempt": end.Attempt, "at": micro(end.At), "took": min(end.Took.Milliseconds(), 1<<31-1), "status": end.Status,
			"code": code(end.Code), "state": end.State, "reason": code(end.Reason), "next": instant(end.NextAt), "now": t.now,
		}
		if _, err := t.Exec(ctx, record, args); err != nil {
			return err
		}
		stood, err := all[deliveredFor](ctx, t, stand, args)
		for _, v := range stood {
			t.wake = append(t.wake, v.news()...)
		}
		return err
	})
}

const returningVisit = ` returning site_id, visit_id`

// deliveredFor is the visit on whose page a delivery stands, if it is one's.
type deliveredFor struct {
	SiteID  *visit.SiteID  `db:"site_id"`
	VisitID *visit.VisitID `db:"visit_id"`
}

func (d deliveredFor) news() []Notification {
	if d.SiteID == nil || d.VisitID == nil {
		return nil
	}
	return []Notification{{NotifyDetail, *d.SiteID, string(*d.VisitID)}}
}

// instant makes the zero time a null.
func instant(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return new(micro(at))
}

// PostponeDelivery notes that a pending delivery is not worth trying before then.
func (s *Store) PostponeDelivery(ctx context.Context, id visit.DeliveryID, until time.Time) error {
	return s.once(ctx, func(ctx context.Context, q db) error {
		_, err := exec(ctx, q, `update deliveries set next_attempt_at = @until where id = @id and ended_at is null`, pgx.NamedArgs{"id": id, "until": until})
		return err
	})
}

// FailDelivery ends a delivery that is pending.
func (s *Store) FailDelivery(ctx context.Context, id visit.DeliveryID, reason string) error {
	return s.once(ctx, func(ctx context.Context, q db) error {
		const fail = `update deliveries set state = 'failed', reason = @reason, ended_at = @now where id = @id and ended_at is null` + returningVisit
		failed, err := all[deliveredFor](ctx, q, fail, pgx.NamedArgs{"id": id, "reason": code(reason), "now": s.now()})
		for _, v := range failed {
			s.pulse.wake(v.news()...)
		}
		return err
	})
}

// PruneDeliveries forgets deliveries that ended long ago, with their attempts, and
// returns how many.
func (s *Store) PruneDeliveries(ctx context.Context, limit int) (int, error) {
	var pruned int64
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		const prune = `delete from deliveries where id in (select id from deliveries where ended_at < @before order by ended_at limit @limit)`
		pruned, err = exec(ctx, q, prune, pgx.NamedArgs{"before": s.now().Add(-DeliveriesKeptFor), "limit": limit})
		return err
	})
	return int(pruned), err
}

// DeliveryBacklog is what waits to go out.
type DeliveryBacklog struct {
	Pending      map[string]int // by sort of target
	OldestFor    time.Duration  // since the oldest pending delivery was due
	UnrelayedFor time.Duration  // since the oldest event that was not looked at yet
}

// DeliveryBacklog measures what waits to go out.
func (s *Store) DeliveryBacklog(ctx context.Context) (DeliveryBacklog, error) {
	backlog := DeliveryBacklog{Pending: map[string]int{visit.TargetWebhook: 0, visit.TargetMail: 0}}
	type count struct {
		Sort   string
		Count  int
		Oldest time.Time
	}
	const pending = `select split_part(target, ':', 1) as sort, count(*) as count, min(due_at) as oldest
		from deliveries where ended_at is null group by 1`
	const unrelayed = `select min(e.at) from (select site_id::text as chain, audit_seq as seq from site_heads
				union all select 'deployment', audit_seq from deployment_head) h
			left join event_cursors c on c.consumer = @consumer and c.chain = h.chain
			cross join lateral (select at from events e where e.chain = h.chain and e.seq > coalesce(c.seq, 0) order by e.seq limit 1) e
			where h.seq > coalesce(c.seq, 0)`
	err := s.query(ctx, func(ctx context.Context, q db) error {
		counts, err := all[count](ctx, q, pending, nil)
		if err != nil {
			return err
		}
		for _, c := range counts {
			backlog.Pending[c.Sort] = c.Count
			backlog.OldestFor = max(backlog.OldestFor, s.now().Sub(c.Oldest))
		}
		oldest, err := scalars[*time.Time](ctx, q, unrelayed, pgx.NamedArgs{"consumer": relayConsumer})
		if err == nil && oldest[0] != nil {
			backlog.UnrelayedFor = max(0, s.now().Sub(*oldest[0]))
		}
		return err
	})
	return backlog, err
}
