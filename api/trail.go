package api

import (
	"cmp"
	"context"
	"encoding/hex"
	"time"

	"github.com/foyerhq/foyer/internal/audit"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// trail is the record of what happened, and its proof.
type trail interface {
	Events(ctx context.Context, scope store.Scope, filter store.EventFilter) (store.EventPage, error)
	AuditRows(ctx context.Context, scope store.Scope, filter store.AuditFilter) (store.AuditPage, error)
	AuditVerify(ctx context.Context, scope store.Scope, chain string) (audit.Report, error)
	ExportAudit(ctx context.Context, by store.Caller, export store.AuditExport, out *audit.Exporter) error
	Disclosures(ctx context.Context, scope store.Scope, id visit.VisitID) ([]store.Disclosure, error)
}

type listEventsInput struct {
	SiteID  visit.SiteID      `query:"site_id" format:"uuid"`
	VisitID visit.VisitID     `query:"visit_id" format:"uuid"`
	Kinds   []visit.EventKind `query:"kind" maxItems:"20" doc:"Comma separated."`
	PageInput
}

type listEventsAnswer struct {
	Body struct {
		Items []Event `json:"items"`
		Next  string  `json:"next,omitempty"`
	}
}

func (s *Server) listEvents(ctx context.Context, in *listEventsInput) (*listEventsAnswer, error) {
	page, err := s.Store.Events(ctx, scopeOf(auth.PrincipalOf(ctx)), store.EventFilter{
		SiteID: in.SiteID, VisitID: in.VisitID, Kinds: in.Kinds, Page: in.page(),
	})
	if err != nil {
		return nil, err
	}
	a := &listEventsAnswer{}
	a.Body.Items, _ = s.eventsOf(ctx, page.Items)
	a.Body.Next = page.Next
	return a, nil
}

// AuditRow is one link of a chain. Hashes are hexadecimal.
type AuditRow struct {
	Chain    string         `json:"chain" doc:"A site's id, or deployment."`
	Seq      int64          `json:"seq"`
	At       time.Time      `json:"at"`
	Actor    string         `json:"actor"`
	By       Actor          `json:"by" doc:"The actor for people to read. The name is today's, and no part of the chain."`
	Action   string         `json:"action"`
	EventID  string         `json:"event_id,omitempty"`
	Object   string         `json:"object,omitempty"`
	Body     map[string]any `json:"body,omitempty"`
	PrevHash string         `json:"prev_hash"`
	Hash     string         `json:"hash"`
}

// AuditRange is of which chain, and of when.
type AuditRange struct {
	SiteID visit.SiteID `query:"site_id" format:"uuid" doc:"The chain of this site."`
	Chain  string       `query:"chain" maxLength:"40" doc:"A site's id, or deployment; absent: all you may see."`
	From   time.Time    `query:"from" doc:"Included."`
	To     time.Time    `query:"to" doc:"Not included."`
}

// chain is the chain asked for by either name.
func (r AuditRange) chain() (string, error) {
	if r.SiteID != "" && r.Chain != "" && string(r.SiteID) != r.Chain {
		return "", visit.Invalid("chain", "This is not the chain of site_id.")
	}
	return cmp.Or(string(r.SiteID), r.Chain), nil
}

type listAuditInput struct {
	AuditRange
	VisitID visit.VisitID `query:"visit_id" format:"uuid" doc:"What was done to this visit."`
	Actor   string        `query:"actor" maxLength:"100" doc:"Who did it: user:<id>, token:<id>, system:sweeper."`
	Actions []string      `query:"action" maxItems:"20" doc:"One of these, comma separated."`
	Object  string        `query:"object" maxLength:"256" doc:"What it was done to: visit:<id>, webhook:<id>."`
	PageInput
}

type listAuditAnswer struct {
	Body struct {
		Items []AuditRow `json:"items"`
		Next  string     `json:"next,omitempty"`
	}
}

func (s *Server) listAudit(ctx context.Context, in *listAuditInput) (*listAuditAnswer, error) {
	chain, err := in.chain()
	if err != nil {
		return nil, err
	}
	page, err := s.Store.AuditRows(ctx, scopeOf(auth.PrincipalOf(ctx)), store.AuditFilter{
		Chain: chain, VisitID: in.VisitID, Actor: in.Actor, Actions: in.Actions, Object: in.Object,
		From: given(in.From), To: given(in.To), Page: in.page(),
	})
	if err != nil {
		return nil, err
	}
	a := &listAuditAnswer{}
	a.Body.Next = page.Next
	names := s.names(ctx, each(page.Items, func(r audit.Row) string { return r.Actor })...)
	a.Body.Items = each(page.Items, func(r audit.Row) AuditRow {
		return AuditRow{
			Chain: r.Chain, Seq: r.Seq, At: r.At, Actor: r.Actor, By: actorOf(r.Actor, names), Action: r.Action, EventID: r.EventID, Object: r.Object,
			Body: r.Body, PrevHash: hex.EncodeToString(r.PrevHash), Hash: hex.EncodeToString(r.Hash),
		}
	})
	return a, nil
}

// given makes an instant that was not given nil.
func given(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

type disclosuresAnswer struct {
	Body struct {
		Items []Disclosure `json:"items"`
	}
}

// Disclosure is one occasion on which a visit's password was shown.
type Disclosure struct {
	At        time.Time       `json:"at"`
	Actor     string          `json:"actor" doc:"To whom; for a mail, what sent it."`
	By        Actor           `json:"by" doc:"The actor for people to read; of a mail, who asked for it where that is known."`
	How       visit.Disclosed `json:"how" enum:"check_in,readmit,reissue,repeat,revealed,mailed"`
	VoucherID visit.VoucherID `json:"voucher_id" doc:"Which of the visit's credentials: they may have been reissued."`
	AskedBy   string          `json:"asked_by,omitempty" doc:"Of a mail: whose doing it was, for as long as its delivery is kept."`
}

func (s *Server) listDisclosures(ctx context.Context, in *VisitPath) (*disclosuresAnswer, error) {
	disclosures, err := s.Store.Disclosures(ctx, scopeOf(auth.PrincipalOf(ctx)), in.ID)
	if err != nil {
		return nil, err
	}
	a := &disclosuresAnswer{}
	who := func(d store.Disclosure) string { return cmp.Or(d.AskedBy, d.Actor) }
	names := s.names(ctx, each(disclosures, who)...)
	a.Body.Items = each(disclosures, func(d store.Disclosure) Disclosure {
		return Disclosure{At: d.At, Actor: d.Actor, By: actorOf(who(d), names), How: d.How, VoucherID: d.VoucherID, AskedBy: d.AskedBy}
	})
	return a, nil
}

type verifyAuditInput struct {
	Chain string `query:"chain" maxLength:"40" doc:"Absent: all you may see."`
}

type verifyAuditAnswer struct {
	Body struct {
		OK       bool          `json:"ok"`
		Rows     int64         `json:"rows"`
		FirstBad *audit.BadRow `json:"first_bad,omitempty" doc:"Absent when all is well."`
	}
}

func (s *Server) verifyAudit(ctx context.Context, in *verifyAuditInput) (*verifyAuditAnswer, error) {
	report, err := s.Store.AuditVerify(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Chain)
	if err != nil {
		return nil, err
	}
	a := &verifyAuditAnswer{}
	a.Body.OK, a.Body.Rows, a.Body.FirstBad = report.OK, report.Rows, report.FirstBad
	return a, nil
}
