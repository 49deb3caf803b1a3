package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// visitRow is a row of visits: the visit, and what the work on it needs.
type visitRow struct {
	ID                  visit.VisitID   `db:"id"`
	SiteID              visit.SiteID    `db:"site_id"`
	PersonID            *visit.PersonID `db:"person_id"` // nil: purged
	ReadmitOf           *visit.VisitID  `db:"readmit_of"`
	SeriesID            *visit.SeriesID `db:"series_id"`
	FirstName           string          `db:"visitor_first_name"`
	LastName            string          `db:"visitor_last_name"`
	Email               string          `db:"visitor_email"`
	Phone               string          `db:"visitor_phone"`
	Company             string          `db:"visitor_company"`
	HostName            string          `db:"host_name"`
	HostEmail           string          `db:"host_email"`
	Purpose             string          `db:"purpose"`
	Status              visit.Status    `db:"status"`
	Presence            *visit.Presence `db:"presence"`
	ExpectedArrival     time.Time       `db:"expected_arrival"`
	ExpectedDeparture   time.Time       `db:"expected_departure"`
	CheckInRequestedAt  *time.Time      `db:"check_in_requested_at"`
	CheckInRequestedBy  *string         `db:"check_in_requested_by"`
	CheckInTakenAt      *time.Time      `db:"check_in_taken_at"`
	CheckedInAt         *time.Time      `db:"checked_in_at"`
	CheckOutRequestedAt *time.Time      `db:"check_out_requested_at"`
	CheckOutRequestedBy *string         `db:"check_out_requested_by"`
	CheckOutTakenAt     *time.Time      `db:"check_out_taken_at"`
	EndedAt             *time.Time      `db:"ended_at"`
	EndedBy             *string         `db:"ended_by"`
	LeftAt              *time.Time      `db:"left_at"`
	SealedAt            *time.Time      `db:"sealed_at"`
	Generation          int             `db:"generation"`
	IntentSentAt        *time.Time      `db:"intent_sent_at"`
	IntentTries         int             `db:"intent_tries"`
	PurgedAt            *time.Time      `db:"purged_at"`
	CRMSkip             bool            `db:"crm_skip"`
	RulesVersion        *int            `db:"rules_version"`
	RulesAcceptedAt     *time.Time      `db:"rules_accepted_at"`
	RulesAcceptedBy     *string         `db:"rules_accepted_by"`
	CreatedAt           time.Time       `db:"created_at"`
	UpdatedAt           time.Time       `db:"updated_at"`
}

const visitColumns = `v.id, v.site_id, v.person_id, v.readmit_of, v.series_id,
	v.visitor_first_name, v.visitor_last_name, v.visitor_email, v.visitor_phone, v.visitor_company,
	v.host_name, v.host_email, v.purpose, v.status, v.presence, v.expected_arrival, v.expected_departure,
	v.check_in_requested_at, v.check_in_requested_by, v.check_in_taken_at, v.checked_in_at,
	v.check_out_requested_at, v.check_out_requested_by, v.check_out_taken_at,
	v.ended_at, v.ended_by, v.left_at, v.sealed_at, v.generation, v.intent_sent_at, v.intent_tries,
	v.purged_at, v.crm_skip, v.rules_version, v.rules_accepted_at, v.rules_accepted_by, v.created_at, v.updated_at`

func (r visitRow) visit() visit.Visit {
	return visit.Visit{
		ID: r.ID, SiteID: r.SiteID, PersonID: value(r.PersonID), ReadmitOf: value(r.ReadmitOf), SeriesID: value(r.SeriesID),
		Visitor: visit.Visitor{FirstName: r.FirstName, LastName: r.LastName, Email: r.Email, Phone: r.Phone, Company: r.Company},
		Host:    visit.Host{Name: r.HostName, Email: r.HostEmail},
		Purpose: r.Purpose, Status: r.Status, Presence: value(r.Presence),
		ExpectedArrival: r.ExpectedArrival, ExpectedDeparture: r.ExpectedDeparture,
		CheckInRequestedAt: r.CheckInRequestedAt, CheckInRequestedBy: value(r.CheckInRequestedBy), CheckedInAt: r.CheckedInAt,
		CheckOutRequestedAt: r.CheckOutRequestedAt, CheckOutRequestedBy: value(r.CheckOutRequestedBy),
		EndedAt: r.EndedAt, EndedBy: value(r.EndedBy), LeftAt: r.LeftAt, SealedAt: r.SealedAt, PurgedAt: r.PurgedAt, CRMSkip: r.CRMSkip,
		RulesVersion: value(r.RulesVersion), RulesAcceptedAt: r.RulesAcceptedAt, RulesAcceptedBy: value(r.RulesAcceptedBy),
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

// apply takes over what a registration says of a visit.
func (r *visitRow) apply(reg visit.Registration) {
	r.FirstName, r.LastName, r.Email = reg.Visitor.FirstName, reg.Visitor.LastName, reg.Visitor.Email
	r.Phone, r.Company = reg.Visitor.Phone, reg.Visitor.Company
	r.HostName, r.HostEmail, r.Purpose = reg.Host.Name, reg.Host.Email, reg.Purpose
	r.ExpectedArrival, r.ExpectedDeparture, r.CRMSkip = reg.ExpectedArrival, reg.ExpectedDeparture, reg.CRMSkip
}

func (r *visitRow) registration() visit.Registration {
	v := r.visit()
	return visit.Registration{
		SiteID: v.SiteID, Visitor: v.Visitor, Host: v.Host, Purpose: v.Purpose,
		ExpectedArrival: v.ExpectedArrival, ExpectedDeparture: v.ExpectedDeparture, CRMSkip: v.CRMSkip,
	}
}

// requestCheckIn sets the intent.
func (r *visitRow) requestCheckIn(by string, now time.Time) {
	r.CheckInRequestedAt, r.CheckInRequestedBy = &now, &by
	r.IntentTries, r.IntentSentAt = 0, nil
}

// end closes the visit; whoever gets here first decides how.
func (r *visitRow) end(end visit.End, now time.Time) {
	r.Status, r.Presence = end.Status, optional(end.Presence)
	r.EndedAt, r.EndedBy = &now, &end.By
	if end.Presence == visit.Left {
		r.LeftAt = &now
	}
}

// event begins an event about the visit.
func (r *visitRow) event(kind visit.EventKind, actor string, data map[string]any) visit.Event {
	return visit.Event{Kind: kind, SiteID: r.SiteID, VisitID: r.ID, Actor: actor, Data: data}
}

const (
	inScope = `(@all or v.site_id = any(@sites::uuid[]))`
	toHost  = `lower(v.host_email) = @host`
	// visitInScope is inScope for visits.
	visitInScope = `(` + inScope + ` and (@host = '' or ` + toHost + `))`
)

func (s Scope) args(more pgx.NamedArgs) pgx.NamedArgs {
	more["all"], more["sites"], more["host"] = s.All, s.Sites, strings.ToLower(s.Host)
	return more
}

// lockVisit returns the visit and keeps others from changing it. The lock is not
// the strongest one: events of other transactions may still refer to the row.
func (t *tx) lockVisit(ctx context.Context, scope Scope, id visit.VisitID) (visitRow, error) {
	const find = `select ` + visitColumns + ` from visits v where v.id = @id and ` + visitInScope + ` for no key update`
	return one[visitRow](ctx, t, visit.ErrVisitNotFound, find, scope.args(pgx.NamedArgs{"id": id}))
}

func findVisit(ctx context.Context, q db, scope Scope, id visit.VisitID) (visitRow, error) {
	const find = `select ` + visitColumns + ` from visits v where v.id = @id and ` + visitInScope
	return one[visitRow](ctx, q, visit.ErrVisitNotFound, find, scope.args(pgx.NamedArgs{"id": id}))
}

func (t *tx) insertVisit(ctx context.Context, r *visitRow) error {
	const insert = `insert into visits (id, site_id, person_id, readmit_of, series_id,
			visitor_first_name, visitor_last_name, visitor_email, visitor_phone, visitor_company,
			host_name, host_email, purpose, status, presence, expected_arrival, expected_departure,
			check_in_requested_at, check_in_requested_by, crm_skip,
			rules_version, rules_accepted_at, rules_accepted_by, created_at, updated_at)
		values (@id, @site_id, @person_id, @readmit_of, @series_id,
			@visitor_first_name, @visitor_last_name, @visitor_email, @visitor_phone, @visitor_company,
			@host_name, @host_email, @purpose, @status, @presence, @expected_arrival, @expected_departure,
			@check_in_requested_at, @check_in_requested_by, @crm_skip,
			@rules_version, @rules_accepted_at, @rules_accepted_by, @created_at, @updated_at)`
	_, err := t.Exec(ctx, insert, pgx.StructArgs(r))
	return err
}

// saveVisit writes everything that may change in a row that lockVisit returned.
func (t *tx) saveVisit(ctx context.Context, r *visitRow) error {
	r.UpdatedAt = t.now
	const update = `update visits set
			visitor_first_name = @visitor_first_name, visitor_last_name = @visitor_last_name, visitor_email = @visitor_email,
			visitor_phone = @visitor_phone, visitor_company = @visitor_company,
			host_name = @host_name, host_email = @host_email, purpose = @purpose,
			status = @status, presence = @presence,
			expected_arrival = @expected_arrival, expected_departure = @expected_departure,
			leaving_soon_at = case when expected_departure = @expected_departure then leaving_soon_at end,
			check_in_requested_at = @check_in_requested_at, check_in_requested_by = @check_in_requested_by,
			check_in_taken_at = @check_in_taken_at, checked_in_at = @checked_in_at,
			check_out_requested_at = @check_out_requested_at, check_out_requested_by = @check_out_requested_by,
			check_out_taken_at = @check_out_taken_at,
			ended_at = @ended_at, ended_by = @ended_by, left_at = @left_at, sealed_at = @sealed_at,
			crm_skip = @crm_skip, rules_version = @rules_version, rules_accepted_at = @rules_accepted_at, rules_accepted_by = @rules_accepted_by,
			generation = @generation, intent_sent_at = @intent_sent_at, intent_tries = @intent_tries,
			updated_at = @updated_at
		where id = @id`
	_, err := t.Exec(ctx, update, pgx.StructArgs(r))
	return err
}
