package store

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// Tab is one of the three lists of visits.
type Tab string

// The tabs. On site is everyone in or unconfirmed; a visit that expired is also
// among the completed ones.
const (
	TabExpected  Tab = "expected"
	TabOnSite    Tab = "on_site"
	TabCompleted Tab = "completed"
)

// VisitFilter chooses visits. SiteID may be empty: all of the scope.
type VisitFilter struct {
	SiteID visit.SiteID
	Tab    Tab    // empty: all, newest first
	Query  string // parts of names, e-mail, host or company, in any case
	Page
}

// VisitPage is a part of a list.
type VisitPage struct {
	Items []visit.Visit
	Next  string // cursor; empty at the end
}

// Counts are the numbers on the tabs.
type Counts struct {
	Expected  int
	OnSite    int
	Completed int
}

// EvacuationEntry is one person who may be in the building.
type EvacuationEntry struct {
	Visit        visit.Visit
	OverdueSince *time.Time // expired and nobody has confirmed that they left
	LastSeenAt   *time.Time // last WiFi activity
}

// tab is how a tab is read: each has an index in the order of its key.
type tab struct {
	where string
	after string // the rows behind @at, @id
	order string
	key   func(visitRow) cursor
	fits  func(cursor) bool
}

var tabs = map[Tab]tab{
	"": {"true", "v.id < @id", "v.id desc",
		func(r visitRow) cursor { return cursor{ID: new(string(r.ID))} }, byID},
	TabExpected: {"v.status = 'pre_registered'", "(v.expected_arrival, v.id) > (@at, @id)", "v.expected_arrival, v.id",
		func(r visitRow) cursor { return cursor{At: &r.ExpectedArrival, ID: new(string(r.ID))} }, byTime},
	TabOnSite: {"v.presence in ('in', 'unconfirmed')", "(v.expected_departure, v.id) > (@at, @id)", "v.expected_departure, v.id",
		func(r visitRow) cursor { return cursor{At: &r.ExpectedDeparture, ID: new(string(r.ID))} }, byTime},
	TabCompleted: {"v.ended_at is not null", "(v.ended_at, v.id) < (@at, @id)", "v.ended_at desc, v.id desc",
		func(r visitRow) cursor { return cursor{At: r.EndedAt, ID: new(string(r.ID))} }, byTime},
}

const (
	matches = `(v.visitor_first_name || ' ' || v.visitor_last_name ilike @word%d or v.visitor_email ilike @word%d
		or v.visitor_company ilike @word%d or v.host_name ilike @word%d or v.host_email ilike @word%d)`
	maxWords = 5
	maxQuery = 200 // characters
)

// escapeLike makes a word stand for itself in a pattern.
var escapeLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// List returns one tab, one part at a time. It returns ErrSiteNotFound for a site
// outside the scope, and KindInvalid.
func (s *Store) List(ctx context.Context, scope Scope, filter VisitFilter) (VisitPage, error) {
	statement, args, key, err := listStatement(scope, filter)
	if err != nil {
		return VisitPage{}, err
	}
	page := VisitPage{Items: []visit.Visit{}}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		rows, err := all[visitRow](ctx, q, statement, args)
		if err != nil {
			return orMissing(err, visit.ErrSiteNotFound)
		}
		rows, page.Next = cut(rows, filter.limit(), key)
		for _, row := range rows {
			page.Items = append(page.Items, row.visit())
		}
		return nil
	})
	return page, err
}

// listStatement puts the statement together from fixed parts, so that the planner
// sees only conditions that matter and uses the tab's index.
func listStatement(scope Scope, filter VisitFilter) (string, pgx.NamedArgs, func(visitRow) cursor, error) {
	tab, ok := tabs[filter.Tab]
	if !ok {
		return "", nil, nil, visit.Invalid("tab", "One of expected, on_site, completed.")
	}
	after, err := parseCursor(filter.Cursor, tab.fits)
	if err != nil {
		return "", nil, nil, err
	}
	where := []string{tab.where}
	args := scope.args(pgx.NamedArgs{"at": after.At, "id": after.ID, "limit": filter.limit() + 1, "site": filter.SiteID})
	if filter.Cursor != "" {
		where = append(where, tab.after)
	}
	switch {
	case filter.SiteID == "":
		where = append(where, inScope)
	case !scope.holds(filter.SiteID):
		return "", nil, nil, visit.ErrSiteNotFound
	default:
		where = append(where, "v.site_id = @site")
	}
	if scope.Host != "" {
		where = append(where, toHost)
	}
	words, err := searchWords(filter.Query)
	for i, word := range words {
		name := "word" + string(rune('0'+i))
		args[name] = "%" + escapeLike.Replace(word) + "%"
		where = append(where, strings.ReplaceAll(matches, "word%d", name))
	}
	statement := "select " + visitColumns + " from visits v where " + strings.Join(where, " and ") + " order by " + tab.order + " limit @limit"
	return statement, args, tab.key, err
}

func (s Scope) holds(site visit.SiteID) bool { return s.All || slices.Contains(s.Sites, site) }

// searchWords splits what somebody typed; all words must be found.
func searchWords(query string) ([]string, error) {
	if !utf8.ValidString(query) || strings.ContainsRune(query, 0) || utf8.RuneCountInString(query) > maxQuery {
		return nil, visit.Invalid("q", "At most %d readable characters.", maxQuery)
	}
	words := strings.Fields(query)
	return words[:min(len(words), maxWords)], nil
}

// Counts returns how many visits each tab holds, at one site or in all of the
// scope. Completed ones are those that ended in the last 24 hours.
func (s *Store) Counts(ctx context.Context, scope Scope, site visit.SiteID) (Counts, error) {
	if site != "" && !scope.holds(site) {
		return Counts{}, visit.ErrSiteNotFound
	}
	var counts Counts
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		const count = `select
			(select count(*) from visits v where v.status = 'pre_registered' and ` + visitInScope + ` and (@site::uuid is null or v.site_id = @site)) as expected,
			(select count(*) from visits v where v.presence in ('in', 'unconfirmed') and ` + visitInScope + ` and (@site::uuid is null or v.site_id = @site)) as on_site,
			(select count(*) from visits v where v.ended_at > @since and ` + visitInScope + ` and (@site::uuid is null or v.site_id = @site)) as completed`
		counts, err = one[Counts](ctx, q, visit.ErrSiteNotFound, count, scope.args(pgx.NamedArgs{
			"site": optional(site), "since": s.now().Add(-24 * time.Hour),
		}))
		return err
	})
	return counts, err
}

// Evacuation returns everyone who may be in a site's building: checked in, or
// expired without anybody having confirmed that they left. No timer takes anybody
// off this list, and no scope leaves anybody out: who sees a part of the visits
// has none. It returns ErrSiteNotFound.
func (s *Store) Evacuation(ctx context.Context, scope Scope, site visit.SiteID) ([]EvacuationEntry, error) {
	type present struct {
		visitRow
		LastActiveAt *time.Time `db:"last_active_at"`
	}
	entries := []EvacuationEntry{}
	if scope.Host != "" {
		return nil, visit.ErrSiteNotFound
	}
	err := s.query(ctx, func(ctx context.Context, q db) error {
		if _, err := findSite(ctx, q, scope, site); err != nil {
			return err
		}
		const list = `select ` + visitColumns + `, (select max(s.last_seen_at) from sessions s where s.visit_id = v.id) as last_active_at
			from visits v where v.site_id = @site and v.presence in ('in', 'unconfirmed')
			order by lower(v.visitor_last_name), lower(v.visitor_first_name), v.id`
		rows, err := all[present](ctx, q, list, pgx.NamedArgs{"site": site})
		for _, row := range rows {
			entries = append(entries, evacuationEntry(row.visitRow, row.LastActiveAt))
		}
		return err
	})
	return entries, err
}

func evacuationEntry(row visitRow, lastActiveAt *time.Time) EvacuationEntry {
	entry := EvacuationEntry{Visit: row.visit(), LastSeenAt: lastActiveAt}
	if row.Status == visit.Expired && value(row.Presence) == visit.Unconfirmed {
		entry.OverdueSince = &row.ExpectedDeparture
	}
	return entry
}
