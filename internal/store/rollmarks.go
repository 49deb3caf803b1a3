package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// NewMark is a mark as it comes in.
type NewMark struct {
	ID      visit.MarkID
	VisitID visit.VisitID
	Mark    visit.Mark
	At      time.Time // when it was made; zero, or later than now: now
}

// MarkResult is what became of a mark.
type MarkResult string

// The results. What is not taken says why, and keeps nothing else from being taken:
// a tablet that was offline hands in all it has.
const (
	MarkTaken     MarkResult = "taken"
	MarkKnown     MarkResult = "known"      // it was taken before
	MarkNotListed MarkResult = "not_listed" // the visit is not on this list
	MarkReused    MarkResult = "id_reused"  // another mark has this id
	MarkTooLate   MarkResult = "too_late"   // made after the end, or long before and not handed in
)

// Marked is what became of marks, in their order.
type Marked struct {
	RollCall visit.RollCall
	Results  []MarkResult
}

type markRow struct {
	ID         visit.MarkID  `db:"mark_id"`
	VisitID    visit.VisitID `db:"visit_id"`
	Mark       visit.Mark    `db:"mark"`
	By         string        `db:"marked_by"`
	At         time.Time     `db:"marked_at"`
	ReceivedAt time.Time     `db:"received_at"`
}

const markColumns = `v.mark_id, v.visit_id, v.mark, v.marked_by, v.marked_at, v.received_at`

func (r markRow) mark() visit.RollMark {
	return visit.RollMark{ID: r.ID, VisitID: r.VisitID, Mark: r.Mark, By: r.By, At: r.At, ReceivedAt: r.ReceivedAt}
}

func rollCallMarks(ctx context.Context, q db, id visit.RollCallID) (map[visit.VisitID][]NamedMark, error) {
	type namedRow struct {
		markRow
		ByName string `db:"by_name"`
	}
	const list = `select ` + markColumns + `, coalesce(nullif(u.name, ''), u.email, '') as by_name
		from roll_call_marks v left join users u on u.id::text = substr(v.marked_by, 6) and v.marked_by like 'user:%'
		where v.roll_call_id = @id order by v.mark_id`
	rows, err := all[namedRow](ctx, q, list, pgx.NamedArgs{"id": id})
	marks := map[visit.VisitID][]NamedMark{}
	for _, row := range rows {
		marks[row.VisitID] = append(marks[row.VisitID], NamedMark{row.mark(), row.ByName})
	}
	for _, theirs := range marks {
		sortMarks(theirs)
	}
	return marks, err
}

// MarkRollCall takes marks, each once. It returns ErrRollCallNotFound and
// ErrSiteNotFound; what is wrong with single marks is their result.
func (s *Store) MarkRollCall(ctx context.Context, by Caller, site visit.SiteID, id visit.RollCallID, marks []NewMark) (Marked, error) {
	var out Marked
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockRollCall(ctx, by.Scope, site, id)
		if err != nil {
			return err
		}
		ids, visits := make([]visit.MarkID, len(marks)), make([]visit.VisitID, len(marks))
		for i, m := range marks {
			ids[i], visits[i] = m.ID, m.VisitID
		}
		args := pgx.NamedArgs{"id": id, "marks": ids, "visits": visits}
		known, err := all[markRow](ctx, t, `select `+markColumns+` from roll_call_marks v where v.roll_call_id = @id and v.mark_id = any(@marks::uuid[])`, args)
		if err != nil {
			return err
		}
		listed, err := scalars[visit.VisitID](ctx, t, `select visit_id from roll_call_people where roll_call_id = @id and visit_id = any(@visits::uuid[])`, args)
		if err != nil {
			return err
		}
		taken, results := takeMarks(row.rollCall(), by.Actor, t.now, marks, known, listed)
		out = Marked{row.rollCall(), results}
		return t.insertMarks(ctx, by, row, taken)
	})
	return out, err
}

// takeMarks decides about each mark, given the ones that are known under these ids
// and the visits that are on the list.
func takeMarks(call visit.RollCall, by string, now time.Time, marks []NewMark, known []markRow, listed []visit.VisitID) ([]markRow, []MarkResult) {
	before, onList := map[visit.MarkID]markRow{}, map[visit.VisitID]bool{}
	for _, row := range known {
		before[row.ID] = row
	}
	for _, id := range listed {
		onList[id] = true
	}
	var taken []markRow
	results := make([]MarkResult, len(marks))
	for i, m := range marks {
		row := markRow{ID: m.ID, VisitID: m.VisitID, Mark: m.Mark, By: by, At: m.At.UTC().Truncate(time.Microsecond), ReceivedAt: now}
		if m.At.IsZero() || m.At.After(now) {
			row.At = now // a tablet's clock that is fast must not outdo who corrects it
		}
		was, used := before[m.ID]
		switch {
		case used && was.VisitID == row.VisitID && was.Mark == row.Mark && was.By == by:
			results[i] = MarkKnown
		case used:
			results[i] = MarkReused
		case !onList[m.VisitID]:
			results[i] = MarkNotListed
		case !call.Takes(row.At, now):
			results[i] = MarkTooLate
		default:
			results[i], before[m.ID], taken = MarkTaken, row, append(taken, row)
		}
	}
	return taken, results
}

// notInRollCall refuses to erase who is on the list of a roll call that goes on,
// also after they have left: somebody may be looking for them.
func (t *tx) notInRollCall(ctx context.Context, rows []visitRow) error {
	const find = `select p.visit_id::text from roll_call_people p join roll_calls r on r.id = p.roll_call_id
		where p.visit_id = any(@ids::uuid[]) and r.ended_at is null limit 1`
	listed, err := scalars[string](ctx, t, find, pgx.NamedArgs{"ids": idsOf(rows)})
	if err == nil && len(listed) > 0 {
		err = visit.ErrEraseRollCall
	}
	return err
}

// insertMarks stores the marks: an audit row for each, and one event for all.
func (t *tx) insertMarks(ctx context.Context, by Caller, call rollCallRow, taken []markRow) error {
	if len(taken) == 0 {
		return nil
	}
	var batch pgx.Batch
	for _, m := range taken {
		batch.Queue(`insert into roll_call_marks (roll_call_id, mark_id, visit_id, mark, marked_by, marked_at, received_at)
			values (@call, @id, @visit, @mark, @by, @at, @now)`, pgx.NamedArgs{
			"call": call.ID, "id": m.ID, "visit": m.VisitID, "mark": m.Mark, "by": m.By, "at": m.At, "now": m.ReceivedAt,
		})
		t.audit(call.SiteID, by.Actor, "roll_call.mark", "visit:"+string(m.VisitID), map[string]any{
			"roll_call_id": string(call.ID), "mark_id": string(m.ID), "mark": string(m.Mark), "marked_at": m.At.Format(time.RFC3339Nano),
		})
	}
	if err := t.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	return t.record(call.event(visit.EventRollCallMarked, by.Actor, map[string]any{"marks": len(taken)}))
}
