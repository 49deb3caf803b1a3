package store

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/foyerhq/foyer/internal/visit"
)

// A deleted row, and the former state of a changed one, stay readable inside the
// table's file: VACUUM marks their space as free and overwrites nothing. Only a
// rewrite of the file takes them out. It locks the table for as long as it takes,
// so it waits for that lock only briefly and leaves large tables alone.
const (
	rewriteLockFor   = time.Second
	rewriteFor       = 10 * time.Minute
	oldSnapshotsFor  = time.Minute // how long transactions that may still see deleted rows are waited for
	oldSnapshotsEach = 250 * time.Millisecond
)

// held lists the tables that a class's purge leaves traces in.
var held = map[string][]string{
	string(visit.ClassVisits):          {"visits", "crm_syncs", "openings"},
	string(visit.ClassAccounts):        {"accounts", "people", "devices", "consents", "browsers"},
	string(visit.ClassAuthentications): {"authentications", "accesses", "openings", "one_time_secrets", "accounts", "people"},
	string(visit.ClassRegistrations):   {"registrations"},
	string(visit.ClassDecisions):       {"portal_decisions"},
	classPeople:                        {"people"},
	string(visit.ClassTerminations):    {"terminations"},
	string(visit.ClassSessions):        {"sessions", "terminations"},
	string(visit.ClassRefusedLogins):   {"refused_logins"},
	string(visit.ClassLogins):          {"logins"},
	string(visit.ClassLawful):          {"lawful_requests"},
}

// erasedFrom lists the tables that the erasure of a person leaves traces in.
var erasedFrom = []string{"visits", "crm_syncs", "people", "sessions", "terminations", "refused_logins", "erasures",
	"accounts", "devices", "consents", "browsers", "registrations", "portal_decisions", "one_time_secrets", "openings"}

// RewritePurged rewrites the files of tables from which this purge, or an erasure
// since the one before, took personal data, and those that the one before had to
// skip. A table of more than maxBytes with its indexes, one that is in use, and
// all of them while an old transaction still sees deleted rows, are noted in the
// proof as skipped. Zero maxBytes skips all. Doing it again goes on where it was
// cut off.
func (s *Store) RewritePurged(ctx context.Context, id PurgeID, maxBytes int64) (Purge, error) {
	ctx, cancel := context.WithTimeout(ctx, rewriteFor)
	defer cancel()
	tables, err := s.traced(ctx, id)
	if err != nil || len(tables) == 0 {
		purge, failed := s.Purge(ctx, id)
		return purge, errors.Join(err, failed)
	}
	conn, err := connectAlone(ctx, s.url)
	if err != nil {
		return Purge{}, visit.Unavailable("database", err)
	}
	defer closeConn(ctx, conn)
	clean := maxBytes > 0
	if clean {
		if clean, err = snapshotsGone(ctx, conn); err != nil {
			return Purge{}, explain(err)
		}
	}
	for _, table := range tables {
		done := false
		if clean {
			done = s.rewriteTable(ctx, conn, table, maxBytes)
		}
		if err := s.noteRewrite(ctx, id, table, done); err != nil {
			return Purge{}, err
		}
	}
	return s.Purge(ctx, id)
}

// traced returns the tables that are still to be rewritten in this purge.
func (s *Store) traced(ctx context.Context, id PurgeID) ([]string, error) {
	var tables []string
	err := s.query(ctx, func(ctx context.Context, q db) error {
		purge, err := findPurge(ctx, q, id)
		if err != nil || purge.EndedAt != nil {
			return err
		}
		traces := map[string]bool{}
		add := func(names []string) {
			for _, name := range names {
				traces[name] = true
			}
		}
		for class, n := range purge.Counts {
			if n > 0 {
				add(held[class])
			}
		}
		const before = `select ` + purgeColumns + ` from purges v where v.ended_at is not null and v.id <> @id order by v.ended_at desc limit 1`
		last, err := all[purgeRow](ctx, q, before, pgx.NamedArgs{"id": id})
		if err != nil {
			return err
		}
		since := time.Time{}
		for _, l := range last {
			add(l.Skipped)
			since = l.StartedAt
		}
		erased, err := scalars[bool](ctx, q, `select true from erasures where erased_at >= @since or ended_at >= @since limit 1`, pgx.NamedArgs{"since": since})
		if len(erased) > 0 {
			add(erasedFrom)
		}
		tables = slices.DeleteFunc(slices.Sorted(maps.Keys(traces)), func(name string) bool {
			return slices.Contains(purge.Rewritten, name) || slices.Contains(purge.Skipped, name)
		})
		return err
	})
	return tables, err
}

// snapshotsGone waits until nobody can see what was deleted before now: rows that
// somebody may still see are copied into the new file. A transaction of another
// database of the server counts as well, because the rewrite's own view reaches
// back to the oldest that runs.
func snapshotsGone(ctx context.Context, conn *pgx.Conn) (bool, error) {
	const old = `select count(*) from (
			select where pg_snapshot_xmin(pg_current_snapshot()) < @next::text::xid8
			union all select from pg_stat_activity where pid <> pg_backend_pid()
				and (datname is null or datname = current_database()) and age(backend_xmin) > age(@next::text::xid8::xid)
			union all select from pg_replication_slots where age(xmin) > age(@next::text::xid8::xid)) seeing`
	var next string
	if err := conn.QueryRow(ctx, `select pg_snapshot_xmax(pg_current_snapshot())::text`).Scan(&next); err != nil {
		return false, err
	}
	for range oldSnapshotsFor / oldSnapshotsEach {
		var left int
		if err := conn.QueryRow(ctx, old, pgx.NamedArgs{"next": next}).Scan(&left); err != nil || left == 0 {
			return err == nil, err
		}
		timer := time.NewTimer(oldSnapshotsEach)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false, ctx.Err()
		case <-timer.C:
		}
	}
	return false, nil
}

// rewriteTable reports whether it was done. What kept it from being done is logged:
// the proof names the table, and the next purge tries again.
func (s *Store) rewriteTable(ctx context.Context, conn *pgx.Conn, table string, maxBytes int64) bool {
	name := pgx.Identifier{table}.Sanitize()
	var size int64
	err := conn.QueryRow(ctx, `select pg_total_relation_size($1::regclass)`, name).Scan(&size)
	if err == nil && size > maxBytes {
		s.log.Warn("purge: a table is too large to be rewritten", "table", table, "bytes", size)
		return false
	}
	for _, statement := range []string{
		"set lock_timeout = " + strconv.FormatInt(rewriteLockFor.Milliseconds(), 10),
		"set statement_timeout = " + strconv.FormatInt(rewriteFor.Milliseconds(), 10),
		"vacuum (full, analyze) " + name, // which cannot run inside a transaction
	} {
		if err == nil {
			_, err = conn.Exec(ctx, statement)
		}
	}
	if err != nil {
		code := "unknown"
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
			code = pg.Code
		}
		s.log.Warn("purge: a table was not rewritten", "table", table, "sqlstate", code)
	}
	return err == nil
}

func (s *Store) noteRewrite(ctx context.Context, id PurgeID, table string, done bool) error {
	return s.once(ctx, func(ctx context.Context, q db) error {
		const note = `update purges set
				rewritten = case when @done then array_append(rewritten, @table::text) else rewritten end,
				skipped = case when @done then skipped else array_append(skipped, @table::text) end
			where id = @id`
		_, err := exec(ctx, q, note, pgx.NamedArgs{"id": id, "table": table, "done": done})
		return err
	})
}
