package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// Person is somebody who visits, or logs in at a portal. It is personal data.
type Person struct {
	ID visit.PersonID
	visit.Visitor
	Visits    int        // that the caller may see
	Guest     bool       // has an account at portals that the caller may see
	Last      *LastVisit // the newest of them; in lists only
	CreatedAt time.Time
	UpdatedAt time.Time
}

// LastVisit is what a form for the next visit of a person begins with.
type LastVisit struct {
	ID              visit.VisitID
	SiteID          visit.SiteID
	Host            visit.Host
	Purpose         string
	ExpectedArrival time.Time
}

// PersonFilter chooses people. SiteID may be empty: all of the scope.
type PersonFilter struct {
	SiteID visit.SiteID
	Query  string // parts of names, e-mail, phone or company, in any case
	Page
}

// PersonPage is a part of the list, the newest first.
type PersonPage struct {
	Items []Person
	Next  string
}

// PersonChange names what to change; nil fields stay.
type PersonChange struct {
	FirstName, LastName, Email, Phone, Company *string
}

type personRow struct {
	ID        visit.PersonID `db:"id"`
	FirstName string         `db:"first_name"`
	LastName  string         `db:"last_name"`
	Email     string         `db:"email"`
	Phone     string         `db:"phone"`
	Company   string         `db:"company"`
	CreatedAt time.Time      `db:"created_at"`
	UpdatedAt time.Time      `db:"updated_at"`
	Visits    int            `db:"visits"`
	Guest     bool           `db:"guest"`
}

// personColumns count the visits in scope; a person without any, who is no guest either,
// is not seen.
const personColumns = `p.id, p.first_name, p.last_name, p.email, p.phone, p.company, p.created_at, p.updated_at,
	(select count(*) from visits v where v.person_id = p.id and ` + visitInScope + `) as visits, ` + guestInScope + ` as guest`

const (
	personInScope = `(exists (select from visits v where v.person_id = p.id and ` + visitInScope + `) or ` + guestInScope + `)`
	// guestInScope: hosts see who visits them and nobody else.
	guestInScope  = `(@host = '' and exists (select from accounts c where c.person_id = p.id and c.erased_at is null and ` + accountSeen + `))`
	personMatches = `(p.first_name || ' ' || p.last_name ilike @word%d or p.email ilike @word%d or p.phone ilike @word%d or p.company ilike @word%d)`
)

func (r personRow) person() Person {
	return Person{
		ID: r.ID, Visits: r.Visits, Guest: r.Guest, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		Visitor: visit.Visitor{FirstName: r.FirstName, LastName: r.LastName, Email: r.Email, Phone: r.Phone, Company: r.Company},
	}
}

// People returns who visited the sites of the scope or has an account there, the newest first. It returns
// ErrSiteNotFound for a site outside it, and KindInvalid.
func (s *Store) People(ctx context.Context, scope Scope, filter PersonFilter) (PersonPage, error) {
	page := PersonPage{Items: []Person{}}
	after, err := parseCursor(filter.Cursor, byID)
	if err != nil {
		return page, err
	}
	if filter.SiteID != "" {
		if !scope.holds(filter.SiteID) {
			return page, visit.ErrSiteNotFound
		}
		scope.All, scope.Sites = false, []visit.SiteID{filter.SiteID}
	}
	words, err := searchWords(filter.Query)
	if err != nil {
		return page, err
	}
	where := []string{personInScope, "(@id::uuid is null or p.id < @id)"}
	args := scope.args(pgx.NamedArgs{"id": after.ID, "limit": filter.limit() + 1})
	for i, word := range words {
		name := "word" + string(rune('0'+i))
		args[name] = "%" + escapeLike.Replace(word) + "%"
		where = append(where, strings.ReplaceAll(personMatches, "word%d", name))
	}
	list := `select ` + personColumns + ` from people p where ` + strings.Join(where, " and ") + ` order by p.id desc limit @limit`
	err = s.query(ctx, func(ctx context.Context, q db) error {
		rows, err := all[personRow](ctx, q, list, args)
		if err != nil {
			return orMissing(err, visit.ErrSiteNotFound)
		}
		rows, page.Next = cut(rows, filter.limit(), func(r personRow) cursor { return cursor{ID: new(string(r.ID))} })
		for _, row := range rows {
			page.Items = append(page.Items, row.person())
		}
		return addLastVisits(ctx, q, scope, page.Items)
	})
	return page, err
}

// lastVisits are the newest in scope of each of some people: one look along the
// index of a person's visits for each.
const lastVisits = `select p.id as person_id, v.id, v.site_id, v.host_name, v.host_email, v.purpose, v.expected_arrival
	from unnest(@people::uuid[]) as p (id) cross join lateral (
		select v.* from visits v where v.person_id = p.id and ` + visitInScope + ` order by v.id desc limit 1) v`

func addLastVisits(ctx context.Context, q db, scope Scope, people []Person) error {
	type lastRow struct {
		PersonID  visit.PersonID `db:"person_id"`
		ID        visit.VisitID  `db:"id"`
		SiteID    visit.SiteID   `db:"site_id"`
		HostName  string         `db:"host_name"`
		HostEmail string         `db:"host_email"`
		Purpose   string         `db:"purpose"`
		ArrivesAt time.Time      `db:"expected_arrival"`
	}
	ids := make([]visit.PersonID, len(people))
	for i, p := range people {
		ids[i] = p.ID
	}
	rows, err := all[lastRow](ctx, q, lastVisits, scope.args(pgx.NamedArgs{"people": ids}))
	for _, r := range rows {
		i := slices.Index(ids, r.PersonID)
		people[i].Last = &LastVisit{r.ID, r.SiteID, visit.Host{Name: r.HostName, Email: r.HostEmail}, r.Purpose, r.ArrivesAt}
	}
	return err
}

// Person returns somebody with their visits, the newest first, as far as both are
// in scope, or ErrPersonNotFound.
func (s *Store) Person(ctx context.Context, scope Scope, id visit.PersonID) (Person, []visit.Visit, error) {
	var person Person
	visits := []visit.Visit{}
	err := s.view(ctx, func(ctx context.Context, q pgx.Tx) (err error) {
		if person, err = findPerson(ctx, q, scope, id); err != nil {
			return err
		}
		const list = `select ` + visitColumns + ` from visits v where v.person_id = @id and ` + visitInScope + ` order by v.id desc limit @limit`
		rows, err := all[visitRow](ctx, q, list, scope.args(pgx.NamedArgs{"id": id, "limit": detailLimit}))
		for _, row := range rows {
			visits = append(visits, row.visit())
		}
		return err
	})
	return person, visits, err
}

func findPerson(ctx context.Context, q db, scope Scope, id visit.PersonID) (Person, error) {
	const find = `select ` + personColumns + ` from people p where p.id = @id and ` + personInScope
	row, err := one[personRow](ctx, q, visit.ErrPersonNotFound, find, scope.args(pgx.NamedArgs{"id": id}))
	return row.person(), err
}

// wholePerson is a person all of whom is in scope.
type wholePerson struct {
	Person
	visits []visitRow // not locked, by id
	sites  []visit.SiteID
}

// whole locks a person all of whose visits and authentications are in scope. It returns
// ErrPersonNotFound for whom the caller does not see and ErrPersonElsewhere for whom
// they do not see whole.
func (t *tx) whole(ctx context.Context, scope Scope, id visit.PersonID) (whole wholePerson, err error) {
	// The strongest lock: a visit that is being registered holds the row too, so that
	// none is added between here and the commit.
	if _, err := one[struct{ ID string }](ctx, t, visit.ErrPersonNotFound, `select id::text from people where id = @id for update`, pgx.NamedArgs{"id": id}); err != nil {
		return whole, err
	}
	if whole.Person, err = findPerson(ctx, t, scope, id); err != nil {
		return whole, err
	}
	args := pgx.NamedArgs{"id": id}
	if whole.visits, err = all[visitRow](ctx, t, `select `+visitColumns+` from visits v where v.person_id = @id order by v.id`, args); err != nil {
		return whole, err
	}
	const guest = `select site_id from accounts where person_id = @id
		union select v.site_id from ` + authenticationTables + ` where n.person_id = @id`
	sites, err := scalars[visit.SiteID](ctx, t, guest, args)
	whole.sites = slices.Compact(slices.Sorted(slices.Values(append(sites, sitesOf(whole.visits)...))))
	if err == nil && slices.ContainsFunc(whole.sites, func(site visit.SiteID) bool { return !scope.holds(site) }) {
		err = visit.ErrPersonElsewhere
	}
	return whole, err
}

// sitesOf lists the sites of visits, each once, in order.
func sitesOf(rows []visitRow) []visit.SiteID {
	sites := make([]visit.SiteID, 0, len(rows))
	for _, row := range rows {
		sites = append(sites, row.SiteID)
	}
	slices.Sort(sites)
	return slices.Compact(sites)
}

// auditPerson writes what was done with a person's data into the chain of each site
// that they visited.
func (t *tx) auditPerson(sites []visit.SiteID, actor, action string, id visit.PersonID, body map[string]any) {
	for _, site := range sites {
		t.audit(site, actor, action, "person:"+string(id), body)
	}
}

// ChangePerson mends what is known of a person. Visits keep what was said at the
// desk. It returns ErrPersonNotFound, ErrPersonElsewhere and KindInvalid.
func (s *Store) ChangePerson(ctx context.Context, by Caller, id visit.PersonID, change PersonChange) (Person, error) {
	var person Person
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		whole, err := t.whole(ctx, by.Scope, id)
		if err != nil {
			return err
		}
		person = whole.Person
		fields := change.apply(&person.Visitor)
		if len(fields) == 0 {
			return nil
		}
		if person.Visitor, err = person.Normalize(); err != nil {
			return err
		}
		person.UpdatedAt = t.now
		const update = `update people set first_name = @first, last_name = @last, email = @email, phone = @phone, company = @company, updated_at = @now
			where id = @id`
		_, err = t.Exec(ctx, update, pgx.NamedArgs{
			"id": id, "first": person.FirstName, "last": person.LastName, "email": person.Email,
			"phone": person.Phone, "company": person.Company, "now": t.now,
		})
		t.auditPerson(whole.sites, by.Actor, "person.changed", id, map[string]any{"fields": strings.Join(fields, ",")})
		return err
	})
	return person, err
}

func (c PersonChange) apply(v *visit.Visitor) []string {
	var fields []string
	take(&fields, "first_name", &v.FirstName, c.FirstName)
	take(&fields, "last_name", &v.LastName, c.LastName)
	take(&fields, "email", &v.Email, c.Email)
	take(&fields, "phone", &v.Phone, c.Phone)
	take(&fields, "company", &v.Company, c.Company)
	return fields
}

// maxExport bounds an export, which is held in memory.
const maxExport = 32 << 20

// theirs are the rows that are about the person @id. A refused login is theirs if
// it was of one of their vouchers, or tried with their user name or device. Whole
// rows are taken, so that a column that is added is exported without further ado;
// passwords are not data about them but keys.
const theirs = `their_visits as (select * from visits where person_id = @id),
	their_vouchers as (select * from vouchers where visit_id in (select id from their_visits)),
	their_sessions as (select * from sessions where visit_id in (select id from their_visits)),
	their_terminations as (select * from terminations where visit_id in (select id from their_visits)
		or session_id in (select id from their_sessions)),
	their_refused as (select * from refused_logins where voucher_id in (select id from their_vouchers)
		or lower(username) in (select lower(username) from their_vouchers)
		or mac <> '' and mac in (select mac from their_sessions))`

// ExportPerson returns everything held about a person as one JSON document, which
// is audited. It returns ErrPersonNotFound, ErrPersonElsewhere and
// ErrExportTooLarge.
func (s *Store) ExportPerson(ctx context.Context, by Caller, id visit.PersonID) ([]byte, error) {
	const export = `with ` + theirs + `, ` + theirsAsGuest + ` select (jsonb_build_object(
			'exported_at', @now::timestamptz,
			'person', (select to_jsonb(p) from people p where p.id = @id),
			'visits', (select coalesce(json_agg(to_jsonb(x) order by x.id), '[]') from their_visits x),
			'vouchers', (select coalesce(json_agg(to_jsonb(x) - 'password_sealed' order by x.id), '[]') from their_vouchers x),
			'sessions', (select coalesce(json_agg(to_jsonb(x) order by x.id), '[]') from their_sessions x),
			'terminations', (select coalesce(json_agg(to_jsonb(x) order by x.id), '[]') from their_terminations x),
			'refused_logins', (select coalesce(json_agg(to_jsonb(x) order by x.id), '[]') from their_refused x),
			'roll_calls', (select coalesce(json_agg(to_jsonb(x) order by x.added_at), '[]') from roll_call_people x where x.visit_id in (select id from their_visits)),
			'roll_call_marks', (select coalesce(json_agg(to_jsonb(x) order by x.marked_at, x.mark_id), '[]') from roll_call_marks x
				where x.visit_id in (select id from their_visits)),
			'deliveries', (select coalesce(json_agg(to_jsonb(x) || jsonb_build_object('attempts_made',
					(select coalesce(jsonb_agg(to_jsonb(a) order by a.attempt), '[]') from delivery_attempts a where a.delivery_id = x.id)
				) order by x.id), '[]') from deliveries x where x.visit_id in (select id from their_visits)),
			'crm', (select coalesce(json_agg(to_jsonb(x) order by x.visit_id), '[]') from crm_syncs x where x.visit_id in (select id from their_visits))
		) || ` + guestExport + `)::text`
	var document []byte
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		whole, err := t.whole(ctx, by.Scope, id)
		if err != nil {
			return err
		}
		texts, err := scalars[string](ctx, t, export, pgx.NamedArgs{"id": id, "now": t.now})
		if err != nil {
			return err
		}
		if document = []byte(texts[0]); len(document) > maxExport {
			return visit.ErrExportTooLarge
		}
		t.auditPerson(whole.sites, by.Actor, "person.exported", id, map[string]any{"visits": len(whole.visits), "bytes": len(document)})
		return nil
	})
	return document, err
}
