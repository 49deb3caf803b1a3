package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// board is what reception looks at.
type board interface {
	List(ctx context.Context, scope store.Scope, filter store.VisitFilter) (store.VisitPage, error)
	Counts(ctx context.Context, scope store.Scope, site visit.SiteID) (store.Counts, error)
	Detail(ctx context.Context, scope store.Scope, id visit.VisitID) (store.VisitDetail, error)
	Evacuation(ctx context.Context, scope store.Scope, site visit.SiteID) ([]store.EvacuationEntry, error)
}

// PageInput is embedded by every list that has pages.
type PageInput struct {
	Cursor string `query:"cursor" maxLength:"400" doc:"What the page before gave as next."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (p PageInput) page() store.Page { return store.Page{Cursor: p.Cursor, Limit: p.Limit} }

type listVisitsInput struct {
	SiteID visit.SiteID `query:"site_id" format:"uuid"`
	Tab    store.Tab    `query:"tab" enum:"expected,on_site,completed"`
	Query  string       `query:"q" maxLength:"200" doc:"Part of a name, e-mail, host or company."`
	PageInput
}

// Counts are the numbers on the tabs.
type Counts struct {
	Expected  int `json:"expected"`
	OnSite    int `json:"on_site"`
	Completed int `json:"completed"`
}

type listVisitsAnswer struct {
	Body struct {
		Items  []Visit `json:"items"`
		Next   string  `json:"next,omitempty" doc:"Cursor of the next page; absent at the end."`
		Counts Counts  `json:"counts"`
	}
}

func (s *Server) listVisits(ctx context.Context, in *listVisitsInput) (*listVisitsAnswer, error) {
	scope := scopeOf(auth.PrincipalOf(ctx))
	page, err := s.Store.List(ctx, scope, store.VisitFilter{SiteID: in.SiteID, Tab: in.Tab, Query: strings.TrimSpace(in.Query), Page: in.page()})
	if err != nil {
		return nil, err
	}
	counts, err := s.Store.Counts(ctx, scope, in.SiteID)
	if err != nil {
		return nil, err
	}
	a := &listVisitsAnswer{}
	a.Body.Items, a.Body.Next = each(page.Items, visitOf), page.Next
	a.Body.Counts = Counts(counts)
	return a, nil
}

// each maps a list; an empty one stays a list in JSON.
func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, a := range list {
		out = append(out, f(a))
	}
	return out
}

// Session is a device's connection as staff see it.
type Session struct {
	ID             visit.SessionID `json:"id"`
	NASID          visit.NASID     `json:"nas_id"`
	NASName        string          `json:"nas_name"`
	MAC            string          `json:"mac,omitempty"`
	IP             string          `json:"ip,omitempty"`
	CalledStation  string          `json:"called_station,omitempty"`
	InputOctets    int64           `json:"input_octets"`
	OutputOctets   int64           `json:"output_octets"`
	StartedAt      time.Time       `json:"started_at"`
	LastSeenAt     time.Time       `json:"last_seen_at"`
	EndsAt         *time.Time      `json:"ends_at,omitempty" doc:"When the NAS ends it by itself at the latest."`
	EndedAt        *time.Time      `json:"ended_at,omitempty"`
	TerminateCause string          `json:"terminate_cause,omitempty"`
}

// VoucherState is a voucher without its password.
type VoucherState struct {
	Username   string     `json:"username"`
	ValidFrom  time.Time  `json:"valid_from"`
	ValidUntil time.Time  `json:"valid_until"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	RevokedBy  string     `json:"revoked_by,omitempty"`
	By         *Actor     `json:"by,omitempty" doc:"Who or what revoked it, for people to read."`
}

// Event is one thing that happened.
type Event struct {
	ID      visit.EventID   `json:"id"`
	Kind    visit.EventKind `json:"kind"`
	SiteID  visit.SiteID    `json:"site_id,omitempty"`
	VisitID visit.VisitID   `json:"visit_id,omitempty"`
	Actor   string          `json:"actor" doc:"user:<id>, token:<id>, timer and the like, as the audit has it."`
	By      Actor           `json:"by" doc:"The actor for people to read."`
	At      time.Time       `json:"at"`
	Data    map[string]any  `json:"data,omitempty"`
}

// eventsOf makes events for people to read; more are actors whose names the caller
// needs as well.
func (s *Server) eventsOf(ctx context.Context, list []visit.Event, more ...string) ([]Event, map[string]string) {
	names := s.names(ctx, append(each(list, func(e visit.Event) string { return e.Actor }), more...)...)
	return each(list, func(e visit.Event) Event {
		return Event{
			ID: e.ID, Kind: e.Kind, SiteID: e.SiteID, VisitID: e.VisitID, Actor: e.Actor, By: actorOf(e.Actor, names), At: e.At, Data: e.Data,
		}
	}), names
}

type visitDetailAnswer struct {
	Body struct {
		Visit        Visit         `json:"visit"`
		Voucher      *VoucherState `json:"voucher,omitempty"`
		Network      Network       `json:"network,omitempty" enum:"ready,pending" doc:"While checked in, as check-in answers it: whether the site's agents know the credentials by now."`
		Sessions     []Session     `json:"sessions"`
		Terminations []Termination `json:"terminations"`
		Timeline     []Event       `json:"timeline"`
		Deliveries   []Delivery    `json:"deliveries" doc:"Mails and webhooks that its events gave rise to."`
		Openings     []Opening     `json:"openings" doc:"Gates that portals opened for it without RADIUS; no agent can shut them."`
		CRM          *CRMSync      `json:"crm,omitempty" doc:"What was written in the site's CRM."`
		AccessEndsAt *time.Time    `json:"access_ends_at,omitempty" doc:"When WiFi access ends at the latest, also if no message gets through any more."`
		WorkflowID   string        `json:"workflow_id"`
		WorkflowURL  *string       `json:"workflow_url" nullable:"true" doc:"The workflow in the Temporal UI, for who may see workflows; null where that address is not configured."`
	}
}

func (s *Server) readVisit(ctx context.Context, in *VisitPath) (*visitDetailAnswer, error) {
	d, err := s.Store.Detail(ctx, scopeOf(auth.PrincipalOf(ctx)), in.ID)
	if err != nil {
		return nil, err
	}
	a := &visitDetailAnswer{}
	b := &a.Body
	b.Visit, b.WorkflowID = visitOf(d.Visit), "visit-"+string(d.Visit.ID)
	b.WorkflowURL = s.workflowURL(ctx, b.WorkflowID)
	revokedBy := ""
	if d.Voucher != nil {
		revokedBy = d.Voucher.RevokedBy
	}
	events, names := s.eventsOf(ctx, d.Timeline, revokedBy)
	if v := d.Voucher; v != nil {
		b.Voucher = &VoucherState{Username: v.Username, ValidFrom: v.NotBefore, ValidUntil: v.NotAfter, RevokedAt: v.RevokedAt, RevokedBy: v.RevokedBy}
		if v.RevokedBy != "" {
			b.Voucher.By = new(actorOf(v.RevokedBy, names))
		}
		if d.Visit.Status == visit.CheckedIn {
			b.Network = s.networkWithin(ctx, 0, d.Visit.SiteID, v.Revision)
		}
	}
	b.Sessions = each(d.Sessions, sessionOf)
	b.Terminations = terminationsOf(d)
	b.Timeline = events
	b.Deliveries = each(d.Deliveries, deliveryOf)
	b.Openings = openingsOf(d.Openings, s.Now())
	b.CRM = crmOf(d.CRM)
	b.AccessEndsAt = accessEndsAt(d)
	return a, nil
}

// workflowURL is where operators see a workflow; nil for everybody else.
func (s *Server) workflowURL(ctx context.Context, id string) *string {
	if s.WorkflowURL == nil || !auth.PrincipalOf(ctx).Can(auth.WorkflowsRead) {
		return nil
	}
	return new(s.WorkflowURL(id))
}

func sessionOf(x store.Session) Session {
	return Session{
		ID: x.ID, NASID: x.NASID, NASName: x.NASName, MAC: x.MAC, IP: x.IP, CalledStation: x.CalledStation,
		InputOctets: x.InputOctets, OutputOctets: x.OutputOctets, StartedAt: x.StartedAt, LastSeenAt: x.LastSeenAt,
		EndsAt: x.ExpiresAt, EndedAt: x.EndedAt, TerminateCause: x.TerminateCause,
	}
}

// accessEndsAt is the voucher's end, or after the end of the visit the last
// instant at which a NAS ends a session that is still open.
func accessEndsAt(d store.VisitDetail) *time.Time {
	if d.Visit.Status == visit.CheckedIn && d.Voucher != nil {
		return &d.Voucher.NotAfter
	}
	var last *time.Time
	for _, x := range d.Sessions {
		if x.EndedAt == nil && x.ExpiresAt != nil && (last == nil || x.ExpiresAt.After(*last)) {
			last = x.ExpiresAt
		}
	}
	return last
}

// SitePath is embedded by every request about one site.
type SitePath struct {
	Site visit.SiteID `path:"site" format:"uuid"`
}

// Present is one person who may be in the building.
type Present struct {
	VisitID      visit.VisitID  `json:"visit_id"`
	Visitor      visit.Visitor  `json:"visitor"`
	Host         visit.Host     `json:"host"`
	Presence     visit.Presence `json:"presence" enum:"in,unconfirmed,left" doc:"left: only on the list of a roll call, since when they were on it."`
	Since        *time.Time     `json:"since,omitempty"`
	OverdueSince *time.Time     `json:"overdue_since,omitempty" doc:"Expired, and nobody has confirmed that they left."`
	LastSeenAt   *time.Time     `json:"last_seen_at,omitempty" doc:"Last WiFi activity."`
}

type evacuationAnswer struct {
	Body struct {
		SiteID visit.SiteID `json:"site_id"`
		At     time.Time    `json:"at"`
		Note   string       `json:"note"`
		People []Present    `json:"people"`
	}
}

// evacuationNote says what the list is.
const evacuationNote = "Visitors who are in or not confirmed to have left. Not staff, not guests of the portal."

func (s *Server) evacuation(ctx context.Context, in *SitePath) (*evacuationAnswer, error) {
	entries, err := s.Store.Evacuation(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site)
	if err != nil {
		return nil, err
	}
	a := &evacuationAnswer{}
	a.Body.SiteID, a.Body.At, a.Body.Note = in.Site, s.Now().UTC(), evacuationNote
	a.Body.People = each(entries, presentOf)
	return a, nil
}

func presentOf(e store.EvacuationEntry) Present {
	return Present{
		VisitID: e.Visit.ID, Visitor: e.Visit.Visitor, Host: e.Visit.Host, Presence: e.Visit.Presence,
		Since: e.Visit.CheckedInAt, OverdueSince: e.OverdueSince, LastSeenAt: e.LastSeenAt,
	}
}

type csvAnswer struct {
	ContentType        string `header:"Content-Type" hidden:"true"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

func (s *Server) evacuationCSV(ctx context.Context, in *SitePath) (*csvAnswer, error) {
	list, err := s.evacuation(ctx, in)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	rows := [][]string{{"last_name", "first_name", "company", "host", "presence", "since", "overdue_since", "last_seen_at"}}
	for _, p := range list.Body.People {
		rows = append(rows, each([]string{
			p.Visitor.LastName, p.Visitor.FirstName, p.Visitor.Company, p.Host.Name, string(p.Presence),
			stamp(p.Since), stamp(p.OverdueSince), stamp(p.LastSeenAt),
		}, cell))
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, err
	}
	return &csvAnswer{"text/csv; charset=utf-8", `attachment; filename="evacuation.csv"`, out.Bytes()}, nil
}

// cell keeps a spreadsheet from taking a name for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
