package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// LawfulRequest asks who had an address. A second person decides; the answer is
// computed when it is read.
type LawfulRequest struct {
	ID          string
	SiteID      visit.SiteID       // empty: all
	Query       *visit.LawfulQuery // nil: wiped
	Reference   string             // of the authority's letter; wiped with the query
	RequestedBy string
	RequestedAt time.Time
	DecidedBy   string
	DecidedAt   *time.Time
	Approved    *bool // nil: undecided
	ExpiresAt   time.Time
}

// Expired reports whether the request is over at now.
func (r LawfulRequest) Expired(now time.Time) bool { return !r.ExpiresAt.After(now) }

// LawfulMatch is a session that had the address about the instant. It is personal
// data.
type LawfulMatch struct {
	Session visit.SessionID
	SiteID  visit.SiteID
	NASID   visit.NASID
	MAC     string
	IP      string
	Start   time.Time
	Seen    time.Time  // last
	End     *time.Time // nil: none was reported
	Certain bool       // the instant lies within what was reported, not in the slack around it
	VisitID visit.VisitID
	Visit   *visit.Visit // nil: no visit is known, or purged
	Guest   *LawfulGuest // nil: it was no guest of a portal
}

// LawfulGuest is the guest whose authentication it was.
type LawfulGuest struct {
	AccessID  roll.AccessID
	AccountID visit.PersonID
	Name      string // the pseudonym that stands in networks' logs
	Login     string // a pseudonym too, where the person was erased
	FirstName string
	LastName  string
}

// NewLawfulRequest is what to ask.
type NewLawfulRequest struct {
	SiteID    visit.SiteID // empty: all
	Query     visit.LawfulQuery
	Reference string
}

// LawfulPage is a part of the list, the newest first.
type LawfulPage struct {
	Items []LawfulRequest
	Next  string
}

type lawfulRow struct {
	ID              string        `db:"id"`
	SiteID          *visit.SiteID `db:"site_id"`
	QuerySealed     []byte        `db:"query_sealed"`
	ReferenceSealed []byte        `db:"reference_sealed"`
	RequestedBy     string        `db:"requested_by"`
	RequestedAt     time.Time     `db:"requested_at"`
	DecidedBy       *string       `db:"decided_by"`
	DecidedAt       *time.Time    `db:"decided_at"`
	Approved        *bool         `db:"approved"`
	ExpiresAt       time.Time     `db:"expires_at"`
}

const lawfulColumns = `v.id, v.site_id, v.query_sealed, v.reference_sealed, v.requested_by, v.requested_at, v.decided_by, v.decided_at, v.approved, v.expires_at`

func lawfulPlace(id, part string) string { return "lawful:" + id + ":" + part }

func (s *Store) lawful(r lawfulRow) (LawfulRequest, error) {
	request := LawfulRequest{
		ID: r.ID, SiteID: value(r.SiteID), RequestedBy: r.RequestedBy, RequestedAt: r.RequestedAt,
		DecidedBy: value(r.DecidedBy), DecidedAt: r.DecidedAt, Approved: r.Approved, ExpiresAt: r.ExpiresAt,
	}
	if request.Expired(s.now()) {
		return request, nil // what is left of it is not shown, wiped or not
	}
	if r.ReferenceSealed != nil {
		text, err := s.keyring.Open(r.ReferenceSealed, lawfulPlace(r.ID, "reference"))
		if err != nil {
			return request, err
		}
		request.Reference = string(text)
	}
	if r.QuerySealed == nil {
		return request, nil
	}
	text, err := s.keyring.Open(r.QuerySealed, lawfulPlace(r.ID, "query"))
	if err != nil {
		return request, err
	}
	request.Query = &visit.LawfulQuery{}
	return request, json.Unmarshal(text, request.Query)
}

func (t *tx) sealLawful(id string, in NewLawfulRequest) (query, reference []byte, err error) {
	text, err := json.Marshal(in.Query)
	if err != nil {
		return nil, nil, err
	}
	if query, err = t.s.keyring.Seal(text, lawfulPlace(id, "query")); err != nil {
		return nil, nil, err
	}
	reference, err = t.s.keyring.Seal([]byte(in.Reference), lawfulPlace(id, "reference"))
	return query, reference, err
}

// AskLawful stores a request, which another person has to approve. Asking about
// all sites takes seeing all of them. It returns KindInvalid,
// ErrSiteNotFound and ErrNeedsUser.
func (s *Store) AskLawful(ctx context.Context, by Caller, in NewLawfulRequest) (LawfulRequest, error) {
	var request LawfulRequest
	err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
		if !isUser(by) {
			return visit.ErrNeedsUser
		}
		if in.SiteID == "" && !by.Scope.All {
			return visit.ErrSiteNotFound
		}
		if in.SiteID != "" {
			if _, err := findSite(ctx, t, by.Scope, in.SiteID); err != nil {
				return err
			}
		}
		if in.Query, err = in.Query.Normalize(t.now); err != nil {
			return err
		}
		id, err := s.newID()
		if err != nil {
			return err
		}
		query, reference, err := t.sealLawful(id, in)
		if err != nil {
			return err
		}
		const insert = `insert into lawful_requests as v (id, site_id, query_sealed, reference_sealed, requested_by, requested_at, expires_at)
			values (@id, @site, @query, @reference, @by, @now, @expires) returning ` + lawfulColumns
		row, err := one[lawfulRow](ctx, t, visit.ErrLawfulNotFound, insert, pgx.NamedArgs{
			"id": id, "site": optional(in.SiteID), "query": query, "reference": reference, "by": by.Actor,
			"now": t.now, "expires": t.now.Add(visit.LawfulRequestFor),
		})
		if err != nil {
			return err
		}
		t.auditLawful(row, by.Actor, "requested", nil)
		request, err = s.lawful(row)
		return err
	})
	return request, err
}

// isUser keeps tokens out: who holds one is not known, and two of them may be the
// same person's.
func isUser(by Caller) bool { return strings.HasPrefix(by.Actor, "user:") }

func (t *tx) auditLawful(row lawfulRow, actor, step string, body map[string]any) {
	t.audit(value(row.SiteID), actor, "lawful."+step, "lawful_request:"+row.ID, body)
}

func findLawful(ctx context.Context, q db, scope Scope, id, lock string) (lawfulRow, error) {
	find := `select ` + lawfulColumns + ` from lawful_requests v where v.id = @id and ` + inScope + lock
	return one[lawfulRow](ctx, q, visit.ErrLawfulNotFound, find, scope.args(pgx.NamedArgs{"id": id}))
}

// DecideLawful approves or denies a request. What was asked is wiped by a denial.
// It returns ErrLawfulNotFound, ErrLawfulSamePerson, ErrLawfulDecided,
// ErrLawfulExpired and ErrNeedsUser.
func (s *Store) DecideLawful(ctx context.Context, by Caller, id string, approve bool) (LawfulRequest, error) {
	var request LawfulRequest
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := findLawful(ctx, t, by.Scope, id, " for no key update")
		switch {
		case err != nil:
			return err
		case !isUser(by):
			return visit.ErrNeedsUser
		case row.RequestedBy == by.Actor:
			return visit.ErrLawfulSamePerson
		case row.DecidedBy != nil:
			return visit.ErrLawfulDecided
		case !row.ExpiresAt.After(t.now):
			return visit.ErrLawfulExpired
		}
		const decide = `update lawful_requests as v set decided_by = @by, decided_at = @now, approved = @approved,
				query_sealed = case when @approved then query_sealed end, reference_sealed = case when @approved then reference_sealed end
			where v.id = @id returning ` + lawfulColumns
		row, err = one[lawfulRow](ctx, t, visit.ErrLawfulNotFound, decide, pgx.NamedArgs{"id": id, "by": by.Actor, "now": t.now, "approved": approve})
		if err != nil {
			return err
		}
		step := "denied"
		if approve {
			step = "approved"
		}
		t.auditLawful(row, by.Actor, step, nil)
		request, err = s.lawful(row)
		return err
	})
	return request, err
}

// LawfulRequests returns requests, the newest first, without what they ask.
func (s *Store) LawfulRequests(ctx context.Context, scope Scope, page Page) (LawfulPage, error) {
	out := LawfulPage{Items: []LawfulRequest{}}
	after, err := parseCursor(page.Cursor, byID)
	if err != nil {
		return out, err
	}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		const list = `select ` + lawfulColumns + ` from lawful_requests v where ` + inScope + ` and (@id::uuid is null or v.id < @id)
			order by v.id desc limit @limit`
		rows, err := all[lawfulRow](ctx, q, list, scope.args(pgx.NamedArgs{"id": after.ID, "limit": page.limit() + 1}))
		if err != nil {
			return err
		}
		rows, out.Next = cut(rows, page.limit(), func(r lawfulRow) cursor { return cursor{ID: new(r.ID)} })
		for _, row := range rows {
			row.QuerySealed, row.ReferenceSealed = nil, nil
			request, err := s.lawful(row)
			if err != nil {
				return err
			}
			out.Items = append(out.Items, request)
		}
		return nil
	})
	return out, err
}

// ReadLawful returns a request, and once it is approved what it asked for, to the
// one who asked and nobody else. Each reading is audited. It returns
// ErrLawfulNotFound.
func (s *Store) ReadLawful(ctx context.Context, by Caller, id string) (LawfulRequest, []LawfulMatch, error) {
	var request LawfulRequest
	var matches []LawfulMatch
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		matches = nil
		row, err := findLawful(ctx, t, by.Scope, id, "")
		if err != nil {
			return err
		}
		if request, err = s.lawful(row); err != nil {
			return err
		}
		body := map[string]any{"answered": false}
		if value(row.Approved) && request.Query != nil && row.RequestedBy == by.Actor {
			if matches, err = lawfulMatches(ctx, t, request); err != nil {
				return err
			}
			body["answered"], body["matches"] = true, len(matches)
		}
		t.auditLawful(row, by.Actor, "read", body)
		return nil
	})
	return request, matches, err
}

// maxMatches bounds an answer: more sessions with one address at one instant mean
// that the question is not the right one.
const maxMatches = 100

// lawfulMatches finds sessions that may have had the address at the instant. A
// session's start and end are known but for the clocks; without an end it may have
// lasted some interim intervals beyond its last sign of life.
func lawfulMatches(ctx context.Context, q db, request LawfulRequest) ([]LawfulMatch, error) {
	type matchRow struct {
		sessionRow
		Certain bool `db:"certain"`
	}
	const find = `select ` + sessionColumns + `, @at between v.started_at and coalesce(v.ended_at, v.last_seen_at) as certain
		from sessions v join nases n on n.id = v.nas_id
		where (@site::uuid is null or v.site_id = @site)
			and (@mac = '' or v.mac = @mac) and (@ip = '' or v.ip = @ip)
			and v.started_at <= @at::timestamptz + @slack::interval
			and coalesce(v.ended_at, v.last_seen_at + make_interval(secs => n.interim_seconds * @silent::integer)) >= @at::timestamptz - @slack::interval
		order by certain desc, v.started_at, v.id limit @limit`
	rows, err := all[matchRow](ctx, q, find, pgx.NamedArgs{
		"site": optional(request.SiteID), "mac": request.Query.MAC, "ip": request.Query.IP, "at": request.Query.At,
		"slack": visit.ClockSlack, "silent": visit.SilentSpans, "limit": maxMatches,
	})
	if err != nil {
		return nil, err
	}
	matches := make([]LawfulMatch, len(rows))
	for i, r := range rows {
		matches[i] = LawfulMatch{
			Session: r.ID, SiteID: r.SiteID, NASID: r.NASID, MAC: r.MAC, IP: r.IP, Start: r.StartedAt, Seen: r.LastSeenAt,
			End: r.EndedAt, Certain: r.Certain, VisitID: value(r.VisitID),
		}
		if matches[i].Guest, err = lawfulGuest(ctx, q, r.AccessID); err != nil {
			return nil, err
		}
		if r.VisitID == nil {
			continue
		}
		row, err := findVisit(ctx, q, Everything, *r.VisitID)
		if err != nil {
			return nil, err
		}
		if row.PurgedAt == nil {
			matches[i].Visit = new(row.visit())
		}
	}
	more, err := lawfulAuthentications(ctx, q, request, matches)
	return append(matches, more...), err
}

const lawfulGuests = `select n.access_id, n.person_id, n.portal_id, n.name, n.mac, n.ip, c.login, p.first_name, p.last_name, v.site_id, v.started_at,
		coalesce(v.ended_at, v.ends_at) as ended_at
	from ` + authenticationTables + ` join accounts c on c.person_id = n.person_id join people p on p.id = n.person_id where `

type lawfulGuestRow struct {
	AccessID  roll.AccessID  `db:"access_id"`
	PersonID  visit.PersonID `db:"person_id"`
	PortalID  string         `db:"portal_id"`
	Name      string         `db:"name"`
	MAC       string         `db:"mac"`
	IP        string         `db:"ip"`
	Login     string         `db:"login"`
	FirstName string         `db:"first_name"`
	LastName  string         `db:"last_name"`
	SiteID    visit.SiteID   `db:"site_id"`
	StartedAt time.Time      `db:"started_at"`
	EndedAt   time.Time      `db:"ended_at"`
}

func (r lawfulGuestRow) guest() *LawfulGuest {
	return &LawfulGuest{AccessID: r.AccessID, AccountID: r.PersonID, Name: r.Name, Login: r.Login, FirstName: r.FirstName, LastName: r.LastName}
}

func lawfulGuest(ctx context.Context, q db, id *roll.AccessID) (*LawfulGuest, error) {
	if id == nil {
		return nil, nil
	}
	rows, err := all[lawfulGuestRow](ctx, q, lawfulGuests+`n.access_id = @id`, pgx.NamedArgs{"id": *id})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0].guest(), nil
}

// lawfulAuthentications finds guests of portals whose device had the address when it was
// let in, and of which no session is known: where the gate opens without RADIUS.
func lawfulAuthentications(ctx context.Context, q db, request LawfulRequest, found []LawfulMatch) ([]LawfulMatch, error) {
	const during = `(@site::uuid is null or v.site_id = @site) and (@mac = '' or n.mac = @mac) and (@ip = '' or n.ip = @ip)
			and v.started_at <= @at::timestamptz + @slack::interval and coalesce(v.ended_at, v.ends_at) >= @at::timestamptz - @slack::interval
		order by v.started_at, v.id limit @limit`
	rows, err := all[lawfulGuestRow](ctx, q, lawfulGuests+during, pgx.NamedArgs{
		"site": optional(request.SiteID), "mac": request.Query.MAC, "ip": request.Query.IP, "at": request.Query.At, "slack": visit.ClockSlack, "limit": maxMatches,
	})
	var matches []LawfulMatch
	for _, r := range rows {
		if slices.ContainsFunc(found, func(m LawfulMatch) bool { return m.Guest != nil && m.Guest.AccessID == r.AccessID }) {
			continue
		}
		at := request.Query.At
		matches = append(matches, LawfulMatch{
			SiteID: r.SiteID, MAC: r.MAC, IP: r.IP, Start: r.StartedAt, Seen: r.StartedAt, End: &r.EndedAt,
			Certain: !at.Before(r.StartedAt) && at.Before(r.EndedAt), Guest: r.guest(),
		})
	}
	return matches, err
}
