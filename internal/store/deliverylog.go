package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// DeliveryRecord is a delivery as it is shown: where to and how it came out, and
// nothing of what was said.
type DeliveryRecord struct {
	ID            visit.DeliveryID
	EventID       visit.EventID
	Kind          visit.EventKind
	Target        visit.Target
	TargetName    string // a webhook's; the kind of a mail is in the target
	Replay        int
	SiteID        visit.SiteID
	VisitID       visit.VisitID
	State         visit.DeliveryState
	Reason        string
	Attempts      int
	DueAt         time.Time
	NextAttemptAt *time.Time // while pending
	EndedAt       *time.Time
	CreatedAt     time.Time
}

// DeliveryAttempt is one attempt as it was recorded.
type DeliveryAttempt struct {
	Attempt int
	At      time.Time
	Took    time.Duration
	Status  int
	Reason  string // empty: accepted
}

// DeliveryFilter chooses deliveries; an empty state chooses all.
type DeliveryFilter struct {
	State visit.DeliveryState
	Page
}

// DeliveryPage is a part of the list, newest first.
type DeliveryPage struct {
	Items []DeliveryRecord
	Next  string
}

type deliveryRow struct {
	ID            visit.DeliveryID    `db:"id"`
	EventID       visit.EventID       `db:"event_id"`
	Kind          visit.EventKind     `db:"kind"`
	Target        visit.Target        `db:"target"`
	TargetName    *string             `db:"target_name"`
	Replay        int                 `db:"replay"`
	SiteID        *visit.SiteID       `db:"site_id"`
	VisitID       *visit.VisitID      `db:"visit_id"`
	State         visit.DeliveryState `db:"state"`
	Reason        string              `db:"reason"`
	Attempts      int                 `db:"attempts"`
	DueAt         time.Time           `db:"due_at"`
	NextAttemptAt time.Time           `db:"next_attempt_at"`
	EndedAt       *time.Time          `db:"ended_at"`
	CreatedAt     time.Time           `db:"created_at"`
}

const selectDeliveries = `select v.id, v.event_id, e.kind, v.target, w.name as target_name, v.replay, v.site_id, v.visit_id, v.state, v.reason,
		v.attempts, v.due_at, v.next_attempt_at, v.ended_at, v.created_at
	from deliveries v join events e on e.id = v.event_id left join webhooks w on w.id = v.webhook_id`

// deliveryInScope: an endpoint that is narrowed to a site keeps its log, of which
// who sees that site is shown that site's part. What the deployment told of is for
// who sees all of it, but for tests, which say nothing.
const deliveryInScope = `(v.site_id is null and (@all or e.kind = '` + string(visit.EventWebhookTest) + `') or ` + inScope + `)`

func (r deliveryRow) record() DeliveryRecord {
	record := DeliveryRecord{
		ID: r.ID, EventID: r.EventID, Kind: r.Kind, Target: r.Target, TargetName: value(r.TargetName), Replay: r.Replay,
		SiteID: value(r.SiteID), VisitID: value(r.VisitID), State: r.State, Reason: r.Reason, Attempts: r.Attempts,
		DueAt: r.DueAt, EndedAt: r.EndedAt, CreatedAt: r.CreatedAt,
	}
	if r.State == visit.DeliveryPending {
		record.NextAttemptAt = &r.NextAttemptAt
	}
	return record
}

// Deliveries returns what went, or is to go, to an endpoint. It returns
// ErrWebhookNotFound and KindInvalid.
func (s *Store) Deliveries(ctx context.Context, scope Scope, hook visit.WebhookID, filter DeliveryFilter) (DeliveryPage, error) {
	page := DeliveryPage{Items: []DeliveryRecord{}}
	err := s.query(ctx, func(ctx context.Context, q db) error {
		if _, err := one[webhookRow](ctx, q, ErrWebhookNotFound, findWebhook, scope.args(pgx.NamedArgs{"id": hook})); err != nil {
			return err
		}
		after, err := parseCursor(filter.Cursor, byID)
		if err != nil {
			return err
		}
		list := selectDeliveries + ` where v.webhook_id = @hook and ` + deliveryInScope
		if filter.State != "" {
			list += ` and v.state = @state`
		}
		if filter.Cursor != "" {
			list += ` and v.id < @id`
		}
		rows, err := all[deliveryRow](ctx, q, list+` order by v.id desc limit @limit`, scope.args(pgx.NamedArgs{
			"hook": hook, "state": filter.State, "id": after.ID, "limit": filter.limit() + 1,
		}))
		rows, page.Next = cut(rows, filter.limit(), func(r deliveryRow) cursor { return cursor{ID: new(string(r.ID))} })
		for _, row := range rows {
			page.Items = append(page.Items, row.record())
		}
		return err
	})
	return page, err
}

const findDelivery = selectDeliveries + ` where v.id = @id and v.webhook_id = @hook and ` + deliveryInScope

// Delivery returns one delivery of an endpoint with its attempts, or
// ErrWebhookNotFound or ErrDeliveryNotFound.
func (s *Store) Delivery(ctx context.Context, scope Scope, hook visit.WebhookID, id visit.DeliveryID) (DeliveryRecord, []DeliveryAttempt, error) {
	var record DeliveryRecord
	attempts := []DeliveryAttempt{}
	err := s.view(ctx, func(ctx context.Context, q pgx.Tx) error {
		if _, err := one[webhookRow](ctx, q, ErrWebhookNotFound, findWebhook, scope.args(pgx.NamedArgs{"id": hook})); err != nil {
			return err
		}
		row, err := one[deliveryRow](ctx, q, ErrDeliveryNotFound, findDelivery, scope.args(pgx.NamedArgs{"id": id, "hook": hook}))
		if err != nil {
			return err
		}
		record = row.record()
		attempts, err = attemptsOf(ctx, q, id)
		return err
	})
	return record, attempts, err
}

func attemptsOf(ctx context.Context, q db, id visit.DeliveryID) ([]DeliveryAttempt, error) {
	type attemptRow struct {
		Attempt int
		At      time.Time
		TookMs  int
		Status  int
		Reason  string
	}
	const list = `select attempt, at, took_ms, status, reason from delivery_attempts where delivery_id = @id order by attempt`
	rows, err := all[attemptRow](ctx, q, list, pgx.NamedArgs{"id": id})
	attempts := make([]DeliveryAttempt, len(rows))
	for i, r := range rows {
		attempts[i] = DeliveryAttempt{Attempt: r.Attempt, At: r.At, Took: time.Duration(r.TookMs) * time.Millisecond, Status: r.Status, Reason: r.Reason}
	}
	return attempts, err
}

// deliveriesOf returns what a visit's events gave rise to.
func deliveriesOf(ctx context.Context, q db, id visit.VisitID) ([]DeliveryRecord, error) {
	const list = `select * from (` + selectDeliveries + ` where v.visit_id = @visit order by v.id desc limit @limit) newest order by id`
	rows, err := all[deliveryRow](ctx, q, list, pgx.NamedArgs{"visit": id, "limit": detailLimit})
	records := make([]DeliveryRecord, len(rows))
	for i, row := range rows {
		records[i] = row.record()
	}
	return records, err
}
