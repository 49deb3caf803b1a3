package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// Intent is a request that no workflow has taken up yet.
type Intent struct {
	VisitID     visit.VisitID
	SiteID      visit.SiteID
	Kind        IntentKind
	RequestedAt time.Time
	Tries       int // how often the sweeper has sent it
}

// IntentKind is what was requested.
type IntentKind string

// The kinds of intent.
const (
	IntentCheckIn  IntentKind = "check_in"
	IntentCheckOut IntentKind = "check_out"
)

// OpenVisit is a visit for which a workflow must exist.
type OpenVisit struct {
	ID        visit.VisitID
	SiteID    visit.SiteID
	Status    visit.Status
	Departure time.Time
	EndedAt   *time.Time
}

// PendingIntents returns intents to send (again), the oldest first: requested at
// least 10 s ago and last sent 10 s ago, doubling to 10 min with each time.
func (s *Store) PendingIntents(ctx context.Context, now time.Time, limit int) ([]Intent, error) {
	const list = `select id as visit_id, site_id, intent_tries as tries,
			case when check_out_requested_at is not null and check_out_taken_at is null
				then 'check_out' else 'check_in' end as kind,
			case when check_out_requested_at is not null and check_out_taken_at is null
				then check_out_requested_at else check_in_requested_at end as requested_at
		from visits
		where sealed_at is null and (check_in_requested_at is not null and check_in_taken_at is null
			or check_out_requested_at is not null and check_out_taken_at is null)
			and greatest(check_in_requested_at, check_out_requested_at) <= @now::timestamptz - interval '10 s'
			and (intent_sent_at is null
				or intent_sent_at <= @now::timestamptz - least(interval '10 s' * power(2, least(intent_tries, 20) - 1), interval '10 min'))
		order by check_in_requested_at limit @limit`
	var intents []Intent
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		intents, err = all[Intent](ctx, q, list, pgx.NamedArgs{"now": now, "limit": limit})
		return err
	})
	return intents, err
}

// IntentSent notes that the visit's intent was sent now.
func (s *Store) IntentSent(ctx context.Context, id visit.VisitID) error {
	return s.once(ctx, func(ctx context.Context, q db) error {
		const update = `update visits set intent_sent_at = @now, intent_tries = intent_tries + 1 where id = @id`
		_, err := exec(ctx, q, update, pgx.NamedArgs{"id": id, "now": s.now()})
		return err
	})
}

// openAfter is how old a check-in is before its workflow is looked for.
const openAfter = time.Minute

// OpenVisits returns visits that must have a workflow, by id behind after:
// checked in more than a minute ago and not sealed.
func (s *Store) OpenVisits(ctx context.Context, after visit.VisitID, limit int) ([]OpenVisit, error) {
	const list = `select id, site_id, status, expected_departure as departure, ended_at from visits
		where checked_in_at is not null and sealed_at is null
			and checked_in_at < @before and (@after::uuid is null or id > @after)
		order by id limit @limit`
	var open []OpenVisit
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		open, err = all[OpenVisit](ctx, q, list, pgx.NamedArgs{
			"before": s.now().Add(-openAfter), "after": optional(after), "limit": limit,
		})
		return err
	})
	return open, err
}

// Overdue returns visits that nobody has ended although their departure passed
// more than visit.SweepGrace ago.
func (s *Store) Overdue(ctx context.Context, limit int) ([]visit.VisitID, error) {
	const find = `select id from visits where status = 'checked_in' and expected_departure <= @before
		order by expected_departure limit @limit`
	return s.visitIDs(ctx, find, pgx.NamedArgs{"before": s.now().Add(-visit.SweepGrace), "limit": limit})
}

func (s *Store) visitIDs(ctx context.Context, find string, args pgx.NamedArgs) ([]visit.VisitID, error) {
	var ids []visit.VisitID
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		ids, err = scalars[visit.VisitID](ctx, q, find, args)
		return err
	})
	return ids, err
}

const (
	ledgerKeptFor = 7 * 24 * time.Hour
	ledgerKept    = 50_000 // entries of a site
)

// PruneLedger forgets steps older than a week or beyond 50,000 of a site, never
// the last one, and returns how many. An agent that is further behind takes a
// snapshot.
func (s *Store) PruneLedger(ctx context.Context) (int, error) {
	var pruned int64
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		// Up to a revision, not row by row: a hole would be a step that nobody hears of.
		const prune = `delete from site_ledger l using (
				select h.site_id, h.revision as last, greatest(h.revision - @kept,
					(select max(o.revision) from site_ledger o where o.site_id = h.site_id and o.at < @before)) as upto
				from site_heads h) horizon
			where l.site_id = horizon.site_id and l.revision <= horizon.upto and l.revision < horizon.last`
		pruned, err = exec(ctx, q, prune, pgx.NamedArgs{"before": s.now().Add(-ledgerKeptFor), "kept": ledgerKept})
		return err
	})
	return int(pruned), err
}
