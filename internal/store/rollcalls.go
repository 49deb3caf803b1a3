package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// RollCallOutcome is a roll call as it is after a request.
type RollCallOutcome struct {
	RollCall visit.RollCall
	// Fresh: the request changed it. Else somebody had done the same before.
	Fresh bool
}

// RollCallPerson is one person on the list.
type RollCallPerson struct {
	EvacuationEntry
	AddedAt time.Time
	Arrived bool       // after the start
	Mark    visit.Mark // what the marks amount to
	Marks   []NamedMark
}

// NamedMark is a mark with the name of who made it, as far as that is known.
type NamedMark struct {
	visit.RollMark
	ByName string // personal data of staff
}

// RollCallDetail is a roll call with its list, in order of name, as of one state of
// the database. Of one that has ended it is the report.
type RollCallDetail struct {
	RollCall visit.RollCall
	People   []RollCallPerson
}

// Counts returns how many people have which mark.
func (d RollCallDetail) Counts() map[visit.Mark]int {
	counts := map[visit.Mark]int{}
	for _, p := range d.People {
		counts[p.Mark]++
	}
	return counts
}

// RollCallPage is a part of the list, the newest first.
type RollCallPage struct {
	Items []visit.RollCall
	Next  string
}

type rollCallRow struct {
	ID        visit.RollCallID   `db:"id"`
	SiteID    visit.SiteID       `db:"site_id"`
	Kind      visit.RollCallKind `db:"kind"`
	StartedAt time.Time          `db:"started_at"`
	StartedBy string             `db:"started_by"`
	EndedAt   *time.Time         `db:"ended_at"`
	EndedBy   *string            `db:"ended_by"`
}

const rollCallColumns = `v.id, v.site_id, v.kind, v.started_at, v.started_by, v.ended_at, v.ended_by`

func (r rollCallRow) rollCall() visit.RollCall {
	return visit.RollCall{
		ID: r.ID, SiteID: r.SiteID, Kind: r.Kind, StartedAt: r.StartedAt, StartedBy: r.StartedBy, EndedAt: r.EndedAt, EndedBy: value(r.EndedBy),
	}
}

func (r rollCallRow) event(kind visit.EventKind, actor string, data map[string]any) visit.Event {
	data["roll_call_id"], data["kind"] = string(r.ID), string(r.Kind)
	return visit.Event{Kind: kind, SiteID: r.SiteID, Actor: actor, Data: data}
}

// wholeSite returns the site to who sees all of its visits: a part of the people
// in a building is no list for an evacuation.
func wholeSite(ctx context.Context, q db, scope Scope, site visit.SiteID) error {
	if scope.Host != "" {
		return visit.ErrSiteNotFound
	}
	_, err := findSite(ctx, q, scope, site)
	return err
}

// holdSite keeps check-ins at the site from being committed until this transaction
// is. Each of them takes this lock last and then looks for an open roll call, so
// that who comes in at the moment of its start is on the list either way.
func (t *tx) holdSite(ctx context.Context, site visit.SiteID) error {
	_, err := t.Exec(ctx, `select from site_heads where site_id = @site for no key update`, pgx.NamedArgs{"site": site})
	return err
}

// StartRollCall freezes the list of everyone who may be in the building. Where a
// roll call goes on already the request joins it: two people who sound the alarm
// mean the same one, and one list is what both need. A real one makes a drill real.
// It returns ErrSiteNotFound, ErrIdempotencyKey and KindInvalid.
func (s *Store) StartRollCall(ctx context.Context, by Caller, site visit.SiteID, kind visit.RollCallKind) (RollCallOutcome, error) {
	var out RollCallOutcome
	if kind != visit.Drill && kind != visit.Real {
		return out, visit.Invalid("kind", "One of drill, real.")
	}
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		out = RollCallOutcome{}
		if err := wholeSite(ctx, t, by.Scope, site); err != nil {
			return err
		}
		row, fresh, err := t.startRollCall(ctx, by, site, kind)
		out = RollCallOutcome{row.rollCall(), fresh}
		return err
	})
	return out, err
}

func (t *tx) startRollCall(ctx context.Context, by Caller, site visit.SiteID, kind visit.RollCallKind) (rollCallRow, bool, error) {
	id, err := t.s.newID()
	if err != nil {
		return rollCallRow{}, false, err
	}
	outcome, object, err := t.claim(ctx, by, id, statusOK)
	if err != nil {
		return rollCallRow{}, false, err
	}
	if outcome.Replayed {
		row, err := findRollCall(ctx, t, site, visit.RollCallID(object))
		return row, !outcome.Unchanged, err
	}
	if err := t.holdSite(ctx, site); err != nil {
		return rollCallRow{}, false, err
	}
	const open = `select ` + rollCallColumns + ` from roll_calls v where v.site_id = @site and v.ended_at is null`
	rows, err := all[rollCallRow](ctx, t, open, pgx.NamedArgs{"site": site})
	switch {
	case err != nil:
		return rollCallRow{}, false, err
	case len(rows) > 0:
		return t.joinRollCall(ctx, by, rows[0], kind)
	}
	row := rollCallRow{ID: visit.RollCallID(id), SiteID: site, Kind: kind, StartedAt: t.now, StartedBy: by.Actor}
	return row, true, t.freeze(ctx, row)
}

// freeze puts everyone who is in, or not known to have left, on a new list.
func (t *tx) freeze(ctx context.Context, row rollCallRow) error {
	const insert = `insert into roll_calls (id, site_id, kind, started_at, started_by) values (@id, @site_id, @kind, @started_at, @started_by)`
	if _, err := t.Exec(ctx, insert, pgx.StructArgs(row)); err != nil {
		return err
	}
	const people = `insert into roll_call_people (roll_call_id, visit_id, added_at, arrived)
		select @id, v.id, @now, false from visits v where v.site_id = @site and v.presence in ('in', 'unconfirmed')`
	listed, err := exec(ctx, t, people, pgx.NamedArgs{"id": row.ID, "site": row.SiteID, "now": t.now})
	if err != nil {
		return err
	}
	return t.record(row.event(visit.EventRollCallStarted, row.StartedBy, map[string]any{"people": listed}))
}

func (t *tx) joinRollCall(ctx context.Context, by Caller, row rollCallRow, kind visit.RollCallKind) (rollCallRow, bool, error) {
	if by.Idempotency != nil {
		const update = `update idempotency set object_id = @id where caller = @caller and key = @key`
		if _, err := t.Exec(ctx, update, pgx.NamedArgs{"id": row.ID, "caller": by.Actor, "key": by.Idempotency.Key}); err != nil {
			return row, false, err
		}
	}
	if row.Kind == visit.Real || kind == visit.Drill {
		return row, false, t.unchanged(ctx, by, &Outcome{})
	}
	row.Kind = visit.Real
	if _, err := t.Exec(ctx, `update roll_calls set kind = 'real' where id = @id`, pgx.NamedArgs{"id": row.ID}); err != nil {
		return row, false, err
	}
	return row, true, t.record(row.event(visit.EventRollCallStarted, by.Actor, map[string]any{"was": string(visit.Drill)}))
}

// EndRollCall ends it: the list grows no more, and what it says is the report.
// Ending it twice is no error. It returns ErrRollCallNotFound and ErrSiteNotFound.
func (s *Store) EndRollCall(ctx context.Context, by Caller, site visit.SiteID, id visit.RollCallID) (RollCallOutcome, error) {
	var out RollCallOutcome
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockRollCall(ctx, by.Scope, site, id)
		if err != nil {
			return err
		}
		out = RollCallOutcome{row.rollCall(), false}
		if row.EndedAt != nil {
			return nil
		}
		people, err := rollCallPeople(ctx, t, id)
		if err != nil {
			return err
		}
		row.EndedAt, row.EndedBy = &t.now, &by.Actor
		if t.now.Before(row.StartedAt) {
			row.EndedAt = &row.StartedAt // a clock that was set back must not keep it open
		}
		const end = `update roll_calls set ended_at = @ended_at, ended_by = @ended_by where id = @id`
		if _, err := t.Exec(ctx, end, pgx.StructArgs(row)); err != nil {
			return err
		}
		out = RollCallOutcome{row.rollCall(), true}
		data := map[string]any{"people": len(people)}
		for mark, n := range (RollCallDetail{People: people}).Counts() {
			data[string(mark)] = n
		}
		return t.record(row.event(visit.EventRollCallEnded, by.Actor, data))
	})
	return out, err
}

// lockRollCall returns the roll call; until this transaction is over nobody comes
// onto a list of the site and nothing is marked.
func (t *tx) lockRollCall(ctx context.Context, scope Scope, site visit.SiteID, id visit.RollCallID) (rollCallRow, error) {
	if err := wholeSite(ctx, t, scope, site); err != nil {
		return rollCallRow{}, err
	}
	if err := t.holdSite(ctx, site); err != nil {
		return rollCallRow{}, err
	}
	return findRollCall(ctx, t, site, id)
}

func findRollCall(ctx context.Context, q db, site visit.SiteID, id visit.RollCallID) (rollCallRow, error) {
	const find = `select ` + rollCallColumns + ` from roll_calls v where v.id = @id and v.site_id = @site`
	return one[rollCallRow](ctx, q, visit.ErrRollCallNotFound, find, pgx.NamedArgs{"id": id, "site": site})
}

// RollCalls returns a site's roll calls, the newest first. One that goes on is the
// first. It returns ErrSiteNotFound and KindInvalid.
func (s *Store) RollCalls(ctx context.Context, scope Scope, site visit.SiteID, page Page) (RollCallPage, error) {
	out := RollCallPage{Items: []visit.RollCall{}}
	after, err := parseCursor(page.Cursor, byID)
	if err != nil {
		return out, err
	}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		if err := wholeSite(ctx, q, scope, site); err != nil {
			return err
		}
		const list = `select ` + rollCallColumns + ` from roll_calls v where v.site_id = @site and (@id::uuid is null or v.id < @id)
			order by v.id desc limit @limit`
		rows, err := all[rollCallRow](ctx, q, list, pgx.NamedArgs{"site": site, "id": after.ID, "limit": page.limit() + 1})
		rows, out.Next = cut(rows, page.limit(), func(r rollCallRow) cursor { return cursor{ID: new(string(r.ID))} })
		for _, row := range rows {
			out.Items = append(out.Items, row.rollCall())
		}
		return err
	})
	return out, err
}

// RollCall returns a roll call with its list and all marks. It returns
// ErrRollCallNotFound and ErrSiteNotFound.
func (s *Store) RollCall(ctx context.Context, scope Scope, site visit.SiteID, id visit.RollCallID) (RollCallDetail, error) {
	var detail RollCallDetail
	err := s.view(ctx, func(ctx context.Context, q pgx.Tx) error {
		if err := wholeSite(ctx, q, scope, site); err != nil {
			return err
		}
		row, err := findRollCall(ctx, q, site, id)
		if err != nil {
			return err
		}
		detail.RollCall = row.rollCall()
		detail.People, err = rollCallPeople(ctx, q, id)
		return err
	})
	return detail, err
}

const rollCallList = `select ` + visitColumns + `, p.added_at, p.arrived, (select max(s.last_seen_at) from sessions s where s.visit_id = v.id) as last_active_at
	from roll_call_people p join visits v on v.id = p.visit_id where p.roll_call_id = @id
	order by lower(v.visitor_last_name), lower(v.visitor_first_name), v.id`

func rollCallPeople(ctx context.Context, q db, id visit.RollCallID) ([]RollCallPerson, error) {
	type listed struct {
		visitRow
		AddedAt      time.Time  `db:"added_at"`
		Arrived      bool       `db:"arrived"`
		LastActiveAt *time.Time `db:"last_active_at"`
	}
	rows, err := all[listed](ctx, q, rollCallList, pgx.NamedArgs{"id": id})
	if err != nil {
		return nil, err
	}
	marks, err := rollCallMarks(ctx, q, id)
	if err != nil {
		return nil, err
	}
	people := make([]RollCallPerson, 0, len(rows))
	for _, row := range rows {
		theirs := marks[row.ID]
		people = append(people, RollCallPerson{
			EvacuationEntry: evacuationEntry(row.visitRow, row.LastActiveAt), AddedAt: row.AddedAt, Arrived: row.Arrived,
			Marks: theirs, Mark: visit.Conclude(plainMarks(theirs)),
		})
	}
	return people, nil
}

func plainMarks(named []NamedMark) []visit.RollMark {
	marks := make([]visit.RollMark, len(named))
	for i, m := range named {
		marks[i] = m.RollMark
	}
	return marks
}

// sortMarks puts marks in the order in which they were made.
func sortMarks(marks []NamedMark) {
	slices.SortStableFunc(marks, func(a, b NamedMark) int { return a.At.Compare(b.At) })
}
