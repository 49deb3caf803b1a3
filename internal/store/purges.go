package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// PurgeID names a purge.
type PurgeID string

// Purge is the proof of one purge, in numbers.
type Purge struct {
	ID        PurgeID
	Day       time.Time
	Run       int // 0: the night's
	StartedAt time.Time
	EndedAt   *time.Time
	Counts    map[string]int
	Rewritten []string // tables
	Skipped   []string // tables whose files may still hold deleted rows
}

// actorPurge is who purges.
const actorPurge = "system:purge"

// classPeople counts people of whom no visit is left; they go with the visits.
const classPeople = "people"

type purgeRow struct {
	ID        PurgeID    `db:"id"`
	Day       time.Time  `db:"day"`
	Run       int        `db:"run"`
	StartedAt time.Time  `db:"started_at"`
	EndedAt   *time.Time `db:"ended_at"`
	Counts    []byte     `db:"counts"`
	Rewritten []string   `db:"rewritten"`
	Skipped   []string   `db:"skipped"`
}

const purgeColumns = `v.id, v.day, v.run, v.started_at, v.ended_at, v.counts, v.rewritten, v.skipped`

func (r purgeRow) purge() (Purge, error) {
	p := Purge{
		ID: r.ID, Day: r.Day, Run: r.Run, StartedAt: r.StartedAt, EndedAt: r.EndedAt,
		Counts: map[string]int{}, Rewritten: r.Rewritten, Skipped: r.Skipped,
	}
	return p, json.Unmarshal(r.Counts, &p.Counts)
}

var errPurgeNotFound = visit.Errorf(visit.KindNotFound, "purge_not_found", "There is no such purge.")

func findPurge(ctx context.Context, q db, id PurgeID) (Purge, error) {
	row, err := one[purgeRow](ctx, q, errPurgeNotFound, `select `+purgeColumns+` from purges v where v.id = @id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return Purge{}, err
	}
	return row.purge()
}

// Purge returns a purge's proof.
func (s *Store) Purge(ctx context.Context, id PurgeID) (purge Purge, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) (err error) {
		purge, err = findPurge(ctx, q, id)
		return err
	})
	return purge, err
}

// NightPurged reports whether the night's purge of a day (2026-11-22) is proven.
func (s *Store) NightPurged(ctx context.Context, day string) (bool, error) {
	var found []bool
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		const find = `select true from purges where day = @day::date and run = 0 and ended_at is not null`
		found, err = scalars[bool](ctx, q, find, pgx.NamedArgs{"day": day})
		return err
	})
	return len(found) > 0, err
}

// NextPurgeRun returns the number of a purge by hand: the unfinished one's, if
// there is one.
func (s *Store) NextPurgeRun(ctx context.Context, day string) (int, error) {
	var next []int
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		const find = `select coalesce(min(run) filter (where ended_at is null), max(run) + 1, 1)
			from purges where day = @day::date and run > 0`
		next, err = scalars[int](ctx, q, find, pgx.NamedArgs{"day": day})
		return err
	})
	if err != nil {
		return 0, err
	}
	return next[0], nil
}

// BeginPurge returns the purge of a day and run, a new one if there is none.
func (s *Store) BeginPurge(ctx context.Context, day string, run int) (Purge, error) {
	var purge Purge
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		id, err := s.newID()
		if err != nil {
			return err
		}
		const begin = `insert into purges as v (id, day, run, started_at) values (@id, @day::date, @run, @now)
			on conflict (day, run) do update set run = v.run returning ` + purgeColumns
		row, err := one[purgeRow](ctx, t, errPurgeNotFound, begin, pgx.NamedArgs{"id": id, "day": day, "run": run, "now": t.now})
		if err != nil {
			return err
		}
		purge, err = row.purge()
		return err
	})
	return purge, err
}

// PurgeClass purges at most limit rows of a class, of all sites, and returns how
// many. It is one transaction, which also counts them in the proof: a purge that
// is cut off goes on where it stood and no row is counted twice. Of a purge that
// has ended nothing more is done.
func (s *Store) PurgeClass(ctx context.Context, id PurgeID, class visit.Class, limit int) (int, error) {
	var purged int
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		purged = 0
		running, err := t.lockPurge(ctx, id)
		if err != nil || !running {
			return err
		}
		counts, err := t.purge(ctx, class, limit)
		if err != nil {
			return err
		}
		purged = counts[string(class)]
		return t.countPurged(ctx, id, counts)
	})
	return purged, err
}

func (t *tx) lockPurge(ctx context.Context, id PurgeID) (running bool, err error) {
	const lock = `select ended_at is null from purges where id = @id for no key update`
	found, err := scalars[bool](ctx, t, lock, pgx.NamedArgs{"id": id})
	if err == nil && len(found) == 0 {
		err = errPurgeNotFound
	}
	return err == nil && found[0], err
}

func (t *tx) countPurged(ctx context.Context, id PurgeID, counts map[string]int) error {
	const count = `update purges set counts = counts || jsonb_build_object(@class::text, coalesce((counts ->> @class)::integer, 0) + @n::integer) where id = @id`
	for class, n := range counts {
		if n == 0 {
			continue
		}
		if _, err := t.Exec(ctx, count, pgx.NamedArgs{"id": id, "class": class, "n": n}); err != nil {
			return err
		}
	}
	return nil
}

// purge does one transaction's worth of a class.
func (t *tx) purge(ctx context.Context, class visit.Class, limit int) (map[string]int, error) {
	days, err := siteDays(ctx, t)
	if err != nil {
		return nil, err
	}
	args := dueAt(days, class, t.now)
	args["limit"] = limit
	switch class { //nolint:exhaustive // the others are one statement each
	case visit.ClassVisits:
		return t.purgeVisits(ctx, days, args)
	case visit.ClassAccounts:
		return t.purgeAccounts(ctx, days, args)
	case visit.ClassAuthentications:
		return t.purgeAuthentications(ctx, args)
	}
	purge, ok := purges[class]
	if !ok {
		return nil, visit.Errorf(visit.KindInvalid, "class_unknown", "There is no such class.")
	}
	n, err := exec(ctx, t, purge, args)
	return map[string]int{string(class): int(n)}, err
}

// siteDays returns how long each site keeps what.
func siteDays(ctx context.Context, q db) (map[visit.SiteID]visit.Days, error) {
	type setting struct {
		ID        visit.SiteID
		Retention []byte
	}
	rows, err := all[setting](ctx, q, `select id, retention from sites`, nil)
	days := make(map[visit.SiteID]visit.Days, len(rows))
	for _, row := range rows {
		var set visit.Retention
		if err := json.Unmarshal(row.Retention, &set); err != nil {
			return nil, err
		}
		days[row.ID] = set.Days()
	}
	return days, err
}

// dueAt is which site's rows are due since when, and what is due everywhere.
func dueAt(days map[visit.SiteID]visit.Days, class visit.Class, now time.Time) pgx.NamedArgs {
	sites, before := make([]string, 0, len(days)), make([]time.Time, 0, len(days))
	for id, d := range days {
		sites, before = append(sites, string(id)), append(before, d.Before(class, now))
	}
	return pgx.NamedArgs{"ids": sites, "instants": before, "before": visit.Days{}.Before(class, now)}
}

// ofEach runs a part for each site, on the site's own index.
const ofEach = ` from unnest(@ids::uuid[], @instants::timestamptz[]) as s (site_id, before) cross join lateral `

// purges delete what is due of each class but visits, at most @limit rows.
var purges = map[visit.Class]string{
	visit.ClassTerminations: `delete from terminations where id in (select d.id` + ofEach + `(
		select v.id from terminations v where v.site_id = s.site_id and v.at <= s.before order by v.at, v.id limit @limit) d limit @limit)`,
	// A termination that came in later than its session's end goes with it.
	visit.ClassSessions: `with due as materialized (select d.id` + ofEach + `(
			select v.id from sessions v where v.site_id = s.site_id
				and coalesce(v.ended_at, greatest(v.last_seen_at, v.expires_at)) <= s.before
			order by coalesce(v.ended_at, greatest(v.last_seen_at, v.expires_at)), v.id limit @limit) d limit @limit),
		ended as (delete from terminations where session_id in (select id from due))
		delete from sessions where id in (select id from due)`,
	visit.ClassRefusedLogins: `delete from refused_logins where id in (select d.id` + ofEach + `(
		select v.id from refused_logins v where v.site_id = s.site_id and v.at <= s.before order by v.at, v.id limit @limit) d limit @limit)`,
	visit.ClassRegistrations: `delete from registrations where id in (
		select id from registrations where expires_at <= @before order by expires_at limit @limit)`,
	visit.ClassDecisions: `delete from portal_decisions where id in (
		select id from portal_decisions where at <= @before order by at limit @limit)`,
	visit.ClassLogins: `delete from logins where token_hash in (
		select token_hash from logins where expires_at <= @before order by expires_at limit @limit)`,
	visit.ClassLawful: `update lawful_requests set query_sealed = null, reference_sealed = null where id in (
		select id from lawful_requests where expires_at <= @before and (query_sealed is not null or reference_sealed is not null)
		order by expires_at limit @limit)`,
}

// purgeVisits blanks visits that are due. Which are is found by an index and
// decided by the domain, on locked rows.
func (t *tx) purgeVisits(ctx context.Context, days map[visit.SiteID]visit.Days, args pgx.NamedArgs) (map[string]int, error) {
	const find = `select d.id` + ofEach + `(
		select v.id from visits v where v.site_id = s.site_id
			and v.purged_at is null and v.ended_at is not null and v.presence is distinct from 'unconfirmed'
			and coalesce(v.left_at, v.ended_at) <= s.before
		order by coalesce(v.left_at, v.ended_at), v.id limit @limit) d limit @limit`
	ids, err := scalars[visit.VisitID](ctx, t, find, args)
	if err != nil {
		return nil, err
	}
	rows, err := t.lockVisits(ctx, ids)
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r visitRow) bool { return !r.visit().PurgeDue(days[r.SiteID], t.now) })
	if err := t.blank(ctx, rows, actorPurge); err != nil {
		return nil, err
	}
	people, err := t.forgetPeople(ctx, rows)
	return map[string]int{string(visit.ClassVisits): len(rows), classPeople: people}, err
}

// lockVisits locks visits in the order of their ids.
func (t *tx) lockVisits(ctx context.Context, ids []visit.VisitID) ([]visitRow, error) {
	const lock = `select ` + visitColumns + ` from visits v where v.id = any(@ids::uuid[]) order by v.id for no key update`
	return all[visitRow](ctx, t, lock, pgx.NamedArgs{"ids": texts(ids)})
}

// blank takes the people out of locked visits. What is left are ids, instants and
// how the visit went, so that the trail can be followed. The ids of what the CRM
// holds are as good as a name there, and go as well.
func (t *tx) blank(ctx context.Context, rows []visitRow, actor string) error {
	const update = `update visits set person_id = null, visitor_first_name = '', visitor_last_name = '', visitor_email = '',
			visitor_phone = '', visitor_company = '', host_name = '', host_email = '', purpose = '', purged_at = @now, updated_at = @now
		where id = any(@ids::uuid[])`
	args := pgx.NamedArgs{"ids": idsOf(rows), "now": t.now}
	if _, err := t.Exec(ctx, update, args); err != nil {
		return err
	}
	const refs = `update crm_syncs set contact_ref = '', visit_ref = '', elsewhere = '[]' where visit_id = any(@ids::uuid[])`
	if _, err := t.Exec(ctx, refs, args); err != nil {
		return err
	}
	if _, err := t.Exec(ctx, `delete from invitation_codes where visit_id = any(@ids::uuid[])`, args); err != nil {
		return err
	}
	// One that is yet to be shut says where: it goes when it was.
	if _, err := t.Exec(ctx, `delete from openings where visit_id = any(@ids::uuid[]) and due_at is null`, args); err != nil {
		return err
	}
	for _, row := range rows {
		if err := t.record(row.event(visit.EventVisitPurged, actor, nil)); err != nil {
			return err
		}
	}
	return nil
}

// forgetPeople deletes the people of blanked visits of whom nothing else is left.
func (t *tx) forgetPeople(ctx context.Context, rows []visitRow) (int, error) {
	var people []string
	for _, row := range rows {
		if row.PersonID != nil {
			people = append(people, string(*row.PersonID))
		}
	}
	const forget = `delete from people p where p.id = any(@people::uuid[]) and not exists (select from visits v where v.person_id = p.id)
		and not exists (select from accounts c where c.person_id = p.id)`
	args := pgx.NamedArgs{"people": texts(people), "now": t.now}
	n, err := exec(ctx, t, forget, args)
	if err != nil {
		return 0, err
	}
	// Whose account is a pseudonym already stays as nobody, for its authentications.
	const blank = `update people p set first_name = '', last_name = '', email = '', phone = '', company = '', updated_at = @now
		from accounts c where p.id = any(@people::uuid[]) and c.person_id = p.id and c.erased_at is not null
			and not exists (select from visits v where v.person_id = p.id)`
	_, err = t.Exec(ctx, blank, args)
	return int(n), err
}

func idsOf(rows []visitRow) []string {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = string(row.ID)
	}
	return ids
}

// EndPurge closes the proof, with an audit row of the numbers. Once is enough.
func (s *Store) EndPurge(ctx context.Context, id PurgeID) (Purge, error) {
	var purge Purge
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		running, err := t.lockPurge(ctx, id)
		if err != nil {
			return err
		}
		if running {
			if _, err := t.Exec(ctx, `update purges set ended_at = @now where id = @id`, pgx.NamedArgs{"id": id, "now": t.now}); err != nil {
				return err
			}
		}
		if purge, err = findPurge(ctx, t, id); err != nil || !running {
			return err
		}
		body := map[string]any{"rewritten": len(purge.Rewritten), "skipped": strings.Join(purge.Skipped, ",")}
		for class, n := range purge.Counts {
			body[class] = n
		}
		t.audit("", actorPurge, "data.purged", "purge:"+string(id), body)
		return nil
	})
	return purge, err
}

// AlarmPresence raises visit.presence_overdue for visits whose departure is long
// past while nobody has said that the visitor left: they are never purged, and
// somebody has to look. It returns how many, at most limit; of one visit there is
// at most one alarm a week.
func (s *Store) AlarmPresence(ctx context.Context, limit int) (int, error) {
	const find = `select id from visits
		where presence in ('in', 'unconfirmed') and expected_departure <= @before
			and (presence_alarmed_at is null or presence_alarmed_at <= @before)
		order by expected_departure limit @limit`
	due, err := s.visitIDs(ctx, find, pgx.NamedArgs{"before": s.now().Add(-visit.PresenceOverdueAfter), "limit": limit})
	if err != nil {
		return 0, err
	}
	return countEach(due, func(id visit.VisitID) (bool, error) { return s.alarmPresence(ctx, id) })
}

func (s *Store) alarmPresence(ctx context.Context, id visit.VisitID) (alarmed bool, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockVisit(ctx, Everything, id)
		if err != nil {
			return err
		}
		const stamp = `update visits set presence_alarmed_at = @now where id = @id and presence in ('in', 'unconfirmed')
			and (presence_alarmed_at is null or presence_alarmed_at <= @before)`
		n, err := exec(ctx, t, stamp, pgx.NamedArgs{"id": id, "now": t.now, "before": t.now.Add(-visit.PresenceOverdueAfter)})
		if alarmed = n == 1; err != nil || !alarmed {
			return err
		}
		return t.record(row.event(visit.EventPresenceOverdue, visit.ActorSweeper, map[string]any{
			"presence": string(value(row.Presence)), "since": row.ExpectedDeparture,
		}))
	})
	return alarmed, err
}
