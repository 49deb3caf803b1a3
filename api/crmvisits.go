package api

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// crmVisits are what goes there.
type crmVisits interface {
	SiteCRM(ctx context.Context, scope store.Scope, site visit.SiteID) (visit.SiteCRM, error)
	SetSiteCRM(ctx context.Context, by store.Caller, site visit.SiteID, crm visit.SiteCRM) (visit.SiteCRM, error)
	CRMSyncs(ctx context.Context, scope store.Scope, account visit.CRMAccountID, state visit.CRMState, page store.Page) (store.CRMSyncPage, error)
	RequestCRMRetry(ctx context.Context, by store.Caller, id visit.VisitID) (visit.Visit, error)
}

// CRMSync is what became of one visit in its site's CRM.
type CRMSync struct {
	VisitID    visit.VisitID      `json:"visit_id"`
	SiteID     visit.SiteID       `json:"site_id"`
	AccountID  visit.CRMAccountID `json:"account_id"`
	State      visit.CRMState     `json:"state" enum:"pending,synced,skipped,needs_attention,erased"`
	Reason     string             `json:"reason,omitempty" example:"crm_limited" doc:"Why it is skipped, refused or still waiting: a code."`
	ContactRef string             `json:"contact_ref,omitempty" doc:"The CRM's id of the contact."`
	VisitRef   string             `json:"visit_ref,omitempty" doc:"The CRM's id of the meeting, event, appointment or activity."`
	Fields     []visit.CRMField   `json:"fields" doc:"What was sent beside the e-mail address and the times."`
	Attempts   int                `json:"attempts"`
	TriedAt    *time.Time         `json:"tried_at,omitempty"`
	SyncedAt   *time.Time         `json:"synced_at,omitempty"`
}

func crmSyncOf(c visit.CRMSync) CRMSync {
	return CRMSync{
		VisitID: c.VisitID, SiteID: c.SiteID, AccountID: c.AccountID, State: c.State, Reason: c.Reason,
		ContactRef: c.Refs.Contact, VisitRef: c.Refs.Visit, Fields: append([]visit.CRMField{}, c.Fields...),
		Attempts: c.Attempts, TriedAt: c.TriedAt, SyncedAt: c.SyncedAt,
	}
}

// crmOf is a visit's, where there is anything to say.
func crmOf(c *visit.CRMSync) *CRMSync {
	if c == nil {
		return nil
	}
	return new(crmSyncOf(*c))
}

type listCRMSyncsInput struct {
	CRMAccountPath
	PageInput
	State visit.CRMState `query:"state" enum:"pending,synced,skipped,needs_attention,erased" doc:"Absent: any."`
}

type listCRMSyncsAnswer struct {
	Body struct {
		Items []CRMSync `json:"items"`
		Next  string    `json:"next,omitempty"`
	}
}

func (s *Server) listCRMSyncs(ctx context.Context, in *listCRMSyncsInput) (*listCRMSyncsAnswer, error) {
	page, err := s.Store.CRMSyncs(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Account, in.State, in.page())
	if err != nil {
		return nil, err
	}
	a := &listCRMSyncsAnswer{}
	a.Body.Items, a.Body.Next = each(page.Items, crmSyncOf), page.Next
	return a, nil
}

// SiteCRM is what a site does with its visits.
type SiteCRM struct {
	AccountID visit.CRMAccountID `json:"account_id,omitempty" doc:"Absent: visits stay here."`
	Kind      visit.CRMKind      `json:"kind,omitempty" enum:"hubspot,salesforce,dynamics,pipedrive"`
	Fields    []visit.CRMField   `json:"fields"`
}

type siteCRMAnswer struct {
	Body SiteCRM
}

func answerSiteCRM(c visit.SiteCRM) *siteCRMAnswer {
	return &siteCRMAnswer{SiteCRM{AccountID: c.AccountID, Kind: c.Kind, Fields: append([]visit.CRMField{}, c.Fields...)}}
}

func (s *Server) readSiteCRM(ctx context.Context, in *SitePath) (*siteCRMAnswer, error) {
	c, err := s.Store.SiteCRM(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site)
	if err != nil {
		return nil, err
	}
	return answerSiteCRM(c), nil
}

type setSiteCRMInput struct {
	SitePath
	Body struct {
		AccountID visit.CRMAccountID `json:"account_id" format:"uuid"`
		Fields    []visit.CRMField   `json:"fields" maxItems:"7" uniqueItems:"true" doc:"What is sent beside the e-mail address and the times: first_name, last_name, phone, company, host, purpose, location."`
	}
}

func (s *Server) setSiteCRM(ctx context.Context, in *setSiteCRMInput) (*siteCRMAnswer, error) {
	c, err := s.Store.SetSiteCRM(ctx, s.caller(ctx), in.Site, visit.SiteCRM{AccountID: in.Body.AccountID, Fields: in.Body.Fields})
	if err != nil {
		return nil, err
	}
	return answerSiteCRM(c), nil
}

func (s *Server) removeSiteCRM(ctx context.Context, in *SitePath) (*struct{}, error) {
	_, err := s.Store.SetSiteCRM(ctx, s.caller(ctx), in.Site, visit.SiteCRM{})
	return nil, err
}

type retryCRMAnswer struct {
	Body struct {
		Visit Visit `json:"visit"`
	}
}

var errCRMRetryNotTold = visit.Errorf(visit.KindUnavailable, "unavailable", "Temporal does not answer; try again in a moment.")

// retryCRM hands a visit to the CRM now, whatever its own workflow is waiting for.
func (s *Server) retryCRM(ctx context.Context, in *VisitPath) (*retryCRMAnswer, error) {
	v, err := s.retryOne(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	a := &retryCRMAnswer{}
	a.Body.Visit = visitOf(v)
	return a, nil
}

func (s *Server) retryOne(ctx context.Context, id visit.VisitID) (visit.Visit, error) {
	v, err := s.Store.RequestCRMRetry(ctx, s.caller(ctx), id)
	if err != nil {
		return v, err
	}
	if !s.tell(ctx, "retry_crm", func(ctx context.Context) error { return s.Workflows.SyncCRM(ctx, v.ID, v.SiteID) }) {
		return v, errCRMRetryNotTold
	}
	return v, nil
}

type retryCRMsInput struct {
	CRMAccountPath
	Cursor string `query:"cursor" maxLength:"256" doc:"From the answer before."`
}

type retryCRMsAnswer struct {
	Body struct {
		Retried int    `json:"retried"`
		Next    string `json:"next,omitempty" doc:"There are more: call again with this cursor."`
	}
}

// mostRetries bounds what one request starts.
const mostRetries = 100

// retryCRMs hands over again what the account has refused. Visits whose site has
// another CRM by now, or none, are passed over.
func (s *Server) retryCRMs(ctx context.Context, in *retryCRMsInput) (*retryCRMsAnswer, error) {
	page, err := s.Store.CRMSyncs(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Account, visit.CRMNeedsAttention, store.Page{Cursor: in.Cursor, Limit: mostRetries})
	if err != nil {
		return nil, err
	}
	a := &retryCRMsAnswer{}
	a.Body.Next = page.Next
	for _, sync := range page.Items {
		_, err := s.retryOne(ctx, sync.VisitID)
		if visit.KindOf(err) == visit.KindConflict {
			continue
		}
		if err != nil {
			return nil, err
		}
		a.Body.Retried++
	}
	return a, nil
}
