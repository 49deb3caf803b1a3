package api

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// authentications are guests' logins, and why they were let in or not.
type authentications interface {
	Authentications(ctx context.Context, scope store.Scope, filter store.AuthenticationFilter) (store.AuthenticationPage, error)
	AuthenticationDetail(ctx context.Context, scope store.Scope, id roll.AccessID) (store.AuthenticationDetail, error)
	EndAuthentication(ctx context.Context, by store.Caller, id roll.AccessID, why identity.Reason) error
	GreenAuthentications(ctx context.Context, scope store.Scope, site visit.SiteID) (int, error)
	ExportAuthentications(ctx context.Context, by store.Caller, filter store.AuthenticationFilter, each func([]store.AuthenticationItem) error) error
	PortalDecisions(ctx context.Context, scope store.Scope, filter store.DecisionFilter) (store.PortalDecisionPage, error)
}

// Authentication is one login of one device: green until it ends, grey from then on.
type Authentication struct {
	ID           string               `json:"id"`
	Name         string               `json:"name" doc:"What networks and their logs see in the guest's place."`
	AccountID    visit.PersonID       `json:"account_id"`
	Login        string               `json:"login"`
	FirstName    string               `json:"first_name,omitempty"`
	LastName     string               `json:"last_name,omitempty"`
	SiteID       visit.SiteID         `json:"site_id"`
	PortalID     identity.PortalID    `json:"portal_id"`
	PortalName   string               `json:"portal_name"`
	TemplateID   identity.TemplateID  `json:"template_id"`
	Method       identity.Method      `json:"method"`
	Green        bool                 `json:"green" doc:"Good now."`
	Status       identity.Status      `json:"status" enum:"logged_in,returning,returning_auto"`
	Renewal      bool                 `json:"renewal" doc:"The account had expired and was proven anew."`
	Clicked      bool                 `json:"clicked"`
	RecognisedBy identity.Recognition `json:"recognised_by,omitempty" enum:"cookie,mac,mac_auth"`
	StartedAt    time.Time            `json:"started_at"`
	ExpiresAt    time.Time            `json:"expires_at"`
	EndsWith     identity.Reason      `json:"ends_with" enum:"lifetime,identity_end" doc:"What its end comes from: its own time, or the account's."`
	EndedAt      *time.Time           `json:"ended_at,omitempty"`
	Reason       identity.Reason      `json:"reason,omitempty" doc:"Why it is grey: lifetime, identity_end, logout, revoked, nas_stop, idle, replaced, cancelled, device_limit."`
	MAC          string               `json:"mac,omitempty"`
	IP           string               `json:"ip,omitempty"`
	SSID         string               `json:"ssid,omitempty"`
	AP           string               `json:"ap,omitempty"`
	Online       *bool                `json:"online,omitempty" doc:"It has a session now. Absent: the portal's device reports none."`
	InputOctets  int64                `json:"input_octets" doc:"From the device, of all its sessions."`
	OutputOctets int64                `json:"output_octets" doc:"To the device."`
}

func authenticationOf(x store.AuthenticationItem) Authentication {
	a := Authentication{
		ID: x.ID, Name: x.Name, AccountID: x.AccountID, Login: x.Login, FirstName: x.FirstName, LastName: x.LastName,
		SiteID: x.SiteID, PortalID: x.PortalID, PortalName: x.PortalName, TemplateID: x.TemplateID, Method: x.Method,
		Green: x.IsGreen, Status: x.Status, Renewal: x.Renewal, Clicked: x.Click, RecognisedBy: x.By,
		StartedAt: x.StartedAt, ExpiresAt: x.ExpiresAt, EndsWith: x.EndsWith, EndedAt: x.EndedAt, Reason: x.Reason,
		MAC: x.MAC, IP: x.IP, SSID: x.SSID, AP: x.AP, InputOctets: x.InputOctets, OutputOctets: x.OutputOctets,
	}
	if adapter, known := gate.Of(x.Vendor); x.Online || known && adapter.Caps().RADIUS {
		a.Online = new(x.Online)
	}
	if !a.Green && a.Reason == "" { // over by the clock, and nobody has noted it yet
		a.Reason = x.EndsWith
	}
	return a
}

// AuthenticationPath is embedded by every request about one authentication.
type AuthenticationPath struct {
	Authentication roll.AccessID `path:"authentication" format:"uuid"`
}

// AuthenticationsInput chooses authentications.
type AuthenticationsInput struct {
	SiteID    visit.SiteID      `query:"site_id" format:"uuid"`
	PortalID  identity.PortalID `query:"portal_id" format:"uuid"`
	AccountID visit.PersonID    `query:"account_id" format:"uuid"`
	Green     string            `query:"green" enum:"true,false" doc:"Good now, or not; all when absent."`
	Status    identity.Status   `query:"status" enum:"logged_in,returning,returning_auto"`
	Query     string            `query:"q" maxLength:"200" doc:"A MAC address, the beginning of a name such as user12, or a part of a login."`
}

func (in AuthenticationsInput) filter() store.AuthenticationFilter {
	f := store.AuthenticationFilter{SiteID: in.SiteID, PortalID: in.PortalID, Account: in.AccountID, Status: in.Status, Query: in.Query}
	if in.Green != "" {
		f.Green = new(in.Green == "true")
	}
	return f
}

type listAuthenticationsInput struct {
	AuthenticationsInput
	PageInput
}

type listAuthenticationsAnswer struct {
	Body struct {
		Items []Authentication `json:"items"`
		Next  string           `json:"next,omitempty"`
	}
}

func (s *Server) listAuthentications(ctx context.Context, in *listAuthenticationsInput) (*listAuthenticationsAnswer, error) {
	filter := in.filter()
	filter.Page = in.page()
	page, err := s.Store.Authentications(ctx, scopeOf(auth.PrincipalOf(ctx)), filter)
	if err != nil {
		return nil, err
	}
	a := &listAuthenticationsAnswer{}
	a.Body.Items, a.Body.Next = each(page.Items, authenticationOf), page.Next
	return a, nil
}

// PortalDecision is why somebody was let in by a portal, or was not.
type PortalDecision struct {
	ID               string            `json:"id"`
	SiteID           visit.SiteID      `json:"site_id"`
	PortalID         identity.PortalID `json:"portal_id"`
	PortalName       string            `json:"portal_name"`
	AccountID        visit.PersonID    `json:"account_id,omitempty" doc:"Absent: nobody was recognised."`
	AuthenticationID roll.AccessID     `json:"authentication_id,omitempty" doc:"Absent: none came of it."`
	MAC              string            `json:"mac,omitempty"`
	Page             identity.Page     `json:"page" doc:"What the device was shown: full, continue, connected, silent, waiting, denied; admitted: it was let in."`
	Rule             identity.Rule     `json:"rule" doc:"What decided."`
	Method           identity.Method   `json:"method,omitempty"`
	Facts            map[string]any    `json:"facts" doc:"What it was decided from."`
	At               time.Time         `json:"at"`
}

func decisionOf(d store.PortalDecision) PortalDecision {
	return PortalDecision{
		ID: d.ID, SiteID: d.SiteID, PortalID: d.PortalID, PortalName: d.PortalName, AccountID: d.AccountID, AuthenticationID: d.AccessID,
		MAC: d.MAC, Page: d.Page, Rule: d.Rule, Method: d.Method, Facts: d.Facts, At: d.At,
	}
}

type authenticationDetailAnswer struct {
	Body struct {
		Authentication Authentication  `json:"authentication"`
		Sessions       []Session       `json:"sessions" doc:"The device's connections, with what went through them."`
		Terminations   []Termination   `json:"terminations"`
		Decision       *PortalDecision `json:"decision,omitempty" doc:"What it came of; kept 30 days."`
		SealedAt       *time.Time      `json:"sealed_at,omitempty" doc:"Nothing more is to be done: its sessions are proven ended, or cannot be ended."`
		WorkflowID     string          `json:"workflow_id"`
		WorkflowURL    *string         `json:"workflow_url" nullable:"true" doc:"In the Temporal UI, for who may see workflows."`
	}
}

func (s *Server) readAuthentication(ctx context.Context, in *AuthenticationPath) (*authenticationDetailAnswer, error) {
	d, err := s.Store.AuthenticationDetail(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Authentication)
	if err != nil {
		return nil, err
	}
	a := &authenticationDetailAnswer{}
	b := &a.Body
	b.Authentication, b.SealedAt, b.WorkflowID = authenticationOf(d.AuthenticationItem), d.SealedAt, "access-"+d.ID
	b.WorkflowURL = s.workflowURL(ctx, b.WorkflowID)
	b.Sessions = each(d.Sessions, sessionOf)
	b.Terminations = terminationsOf(store.VisitDetail{Sessions: d.Sessions, Terminations: d.Terminations})
	if d.Decision != nil {
		b.Decision = new(decisionOf(*d.Decision))
	}
	return a, nil
}

func (s *Server) endAuthentication(ctx context.Context, in *AuthenticationPath) (*struct{}, error) {
	return nil, s.Store.EndAuthentication(ctx, s.caller(ctx), in.Authentication, identity.EndRevoked)
}

type countAuthenticationsInput struct {
	SiteID visit.SiteID `query:"site_id" format:"uuid"`
}

type countAuthenticationsAnswer struct {
	Body struct {
		Green int       `json:"green"`
		At    time.Time `json:"at"`
	}
}

func (s *Server) countAuthentications(ctx context.Context, in *countAuthenticationsInput) (*countAuthenticationsAnswer, error) {
	n, err := s.Store.GreenAuthentications(ctx, scopeOf(auth.PrincipalOf(ctx)), in.SiteID)
	if err != nil {
		return nil, err
	}
	a := &countAuthenticationsAnswer{}
	a.Body.Green, a.Body.At = n, s.Now().UTC()
	return a, nil
}

type listDecisionsInput struct {
	SitePath
	MAC       string         `query:"q" maxLength:"50" doc:"A MAC address."`
	AccountID visit.PersonID `query:"account_id" format:"uuid"`
	Refused   bool           `query:"refused" doc:"Only who was kept out, or whose login did not do."`
	PageInput
}

type listDecisionsAnswer struct {
	Body struct {
		Items []PortalDecision `json:"items"`
		Next  string           `json:"next,omitempty"`
	}
}

func answerDecisions(page store.PortalDecisionPage, err error) (*listDecisionsAnswer, error) {
	if err != nil {
		return nil, err
	}
	a := &listDecisionsAnswer{}
	a.Body.Items, a.Body.Next = each(page.Items, decisionOf), page.Next
	return a, nil
}

func (s *Server) listDecisions(ctx context.Context, in *listDecisionsInput) (*listDecisionsAnswer, error) {
	return answerDecisions(s.Store.PortalDecisions(ctx, scopeOf(auth.PrincipalOf(ctx)), store.DecisionFilter{
		SiteID: in.Site, MAC: in.MAC, Account: in.AccountID, Refused: in.Refused, Page: in.page(),
	}))
}

type accountDecisionsInput struct {
	AccountPath
	PageInput
}

func (s *Server) accountDecisions(ctx context.Context, in *accountDecisionsInput) (*listDecisionsAnswer, error) {
	scope := scopeOf(auth.PrincipalOf(ctx))
	if _, err := s.Store.Account(ctx, scope, in.Account); err != nil {
		return nil, err
	}
	return answerDecisions(s.Store.PortalDecisions(ctx, scope, store.DecisionFilter{Account: in.Account, Page: in.page()}))
}
