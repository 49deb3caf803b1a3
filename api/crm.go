package api

import (
	"context"
	"errors"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// crmAccounts are customers' CRMs.
type crmAccounts interface {
	CreateCRMAccount(ctx context.Context, by store.Caller, account visit.CRMAccount) (visit.CRMAccount, error)
	CRMAccounts(ctx context.Context, scope store.Scope) ([]visit.CRMAccount, error)
	CRMAccount(ctx context.Context, scope store.Scope, id visit.CRMAccountID) (visit.CRMAccount, error)
	OpenCRMAccount(ctx context.Context, scope store.Scope, id visit.CRMAccountID) (visit.CRMAccount, error)
	UpdateCRMAccount(ctx context.Context, by store.Caller, id visit.CRMAccountID, change store.CRMAccountChange, valid func(visit.CRMAccount) error) (visit.CRMAccount, error)
	DeleteCRMAccount(ctx context.Context, by store.Caller, id visit.CRMAccountID) error
}

// CRMs speak to customers' accounts: *crm.Vendors.
type CRMs interface {
	Validate(account visit.CRMAccount) error
	Check(ctx context.Context, account visit.CRMAccount) error
	Setup(ctx context.Context, account visit.CRMAccount) (visit.CRMSetup, error)
}

// CRMSettings say where an account is. What is absent has the vendor's default.
type CRMSettings struct {
	BaseURL      string `json:"base_url,omitempty" maxLength:"500" example:"https://example.my.salesforce.com" doc:"Of the account's own host; HubSpot has one for all."`
	TokenURL     string `json:"token_url,omitempty" maxLength:"500" doc:"Where client credentials become a token."`
	Tenant       string `json:"tenant,omitempty" maxLength:"100" doc:"Dynamics: the directory (tenant) id of Microsoft Entra."`
	Version      string `json:"version,omitempty" maxLength:"20" example:"v62.0" doc:"Of the vendor's interface."`
	VisitField   string `json:"visit_field,omitempty" maxLength:"100" doc:"HubSpot, Salesforce: the property that holds a visit's id."`
	VisitorField string `json:"visitor_field,omitempty" maxLength:"100" doc:"Salesforce, Pipedrive: the property that holds a visitor's key."`
}

// CRMCredentials are written and never shown.
type CRMCredentials struct {
	Token        string `json:"token,omitempty" maxLength:"4000" writeOnly:"true" doc:"HubSpot: of a private app. Pipedrive: an API token."`
	ClientID     string `json:"client_id,omitempty" maxLength:"500" writeOnly:"true" doc:"Salesforce, Dynamics."`
	ClientSecret string `json:"client_secret,omitempty" maxLength:"4000" writeOnly:"true"`
}

// CRMAccount is a customer's CRM, without its credentials.
type CRMAccount struct {
	ID        visit.CRMAccountID `json:"id"`
	Name      string             `json:"name"`
	Kind      visit.CRMKind      `json:"kind" enum:"hubspot,salesforce,dynamics,pipedrive"`
	Settings  CRMSettings        `json:"settings"`
	CreatedAt time.Time          `json:"created_at"`
	UpdatedAt time.Time          `json:"updated_at"`
}

func crmAccountOf(a visit.CRMAccount) CRMAccount {
	return CRMAccount{
		ID: a.ID, Name: a.Name, Kind: a.Kind, Settings: CRMSettings(a.Settings), CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
	}
}

type crmAccountAnswer struct {
	Body CRMAccount
}

// CRMAccountPath is embedded by every request about one account.
type CRMAccountPath struct {
	Account visit.CRMAccountID `path:"account" format:"uuid"`
}

// allSites refuses callers who do not see every site that may use an account. One
// that they do not see at all does not exist for them.
func (s *Server) allSites(ctx context.Context, id visit.CRMAccountID) error {
	if scope := scopeOf(auth.PrincipalOf(ctx)); !scope.All {
		if _, err := s.Store.CRMAccount(ctx, scope, id); err != nil {
			return err
		}
		return errForbidden
	}
	return nil
}

type createCRMAccountInput struct {
	Body struct {
		Name        string         `json:"name" minLength:"1" maxLength:"200"`
		Kind        visit.CRMKind  `json:"kind" enum:"hubspot,salesforce,dynamics,pipedrive"`
		Settings    CRMSettings    `json:"settings,omitempty"`
		Credentials CRMCredentials `json:"credentials"`
	}
}

func (s *Server) createCRMAccount(ctx context.Context, in *createCRMAccountInput) (*crmAccountAnswer, error) {
	if !auth.PrincipalOf(ctx).Sites.All {
		return nil, errForbidden // any site may come to use it
	}
	account := visit.CRMAccount{
		Name: in.Body.Name, Kind: in.Body.Kind, Settings: visit.CRMSettings(in.Body.Settings), Credentials: visit.CRMCredentials(in.Body.Credentials),
	}
	if err := s.CRMs.Validate(account); err != nil {
		return nil, err
	}
	account, err := s.Store.CreateCRMAccount(ctx, s.caller(ctx), account)
	if err != nil {
		return nil, err
	}
	return &crmAccountAnswer{crmAccountOf(account)}, nil
}

type listCRMAccountsAnswer struct {
	Body struct {
		Items []CRMAccount `json:"items"`
	}
}

func (s *Server) listCRMAccounts(ctx context.Context, _ *struct{}) (*listCRMAccountsAnswer, error) {
	list, err := s.Store.CRMAccounts(ctx, scopeOf(auth.PrincipalOf(ctx)))
	if err != nil {
		return nil, err
	}
	a := &listCRMAccountsAnswer{}
	a.Body.Items = each(list, crmAccountOf)
	return a, nil
}

func (s *Server) readCRMAccount(ctx context.Context, in *CRMAccountPath) (*crmAccountAnswer, error) {
	account, err := s.Store.CRMAccount(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Account)
	if err != nil {
		return nil, err
	}
	return &crmAccountAnswer{crmAccountOf(account)}, nil
}

type changeCRMAccountInput struct {
	CRMAccountPath
	Body struct {
		Name        *string         `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Settings    *CRMSettings    `json:"settings,omitempty" doc:"All of them; what is absent goes back to the default."`
		Credentials *CRMCredentials `json:"credentials,omitempty" doc:"All of them."`
	}
}

func (s *Server) changeCRMAccount(ctx context.Context, in *changeCRMAccountInput) (*crmAccountAnswer, error) {
	if err := s.allSites(ctx, in.Account); err != nil {
		return nil, err
	}
	change := store.CRMAccountChange{Name: in.Body.Name}
	if in.Body.Settings != nil {
		change.Settings = new(visit.CRMSettings(*in.Body.Settings))
	}
	if in.Body.Credentials != nil {
		change.Credentials = new(visit.CRMCredentials(*in.Body.Credentials))
	}
	account, err := s.Store.UpdateCRMAccount(ctx, s.caller(ctx), in.Account, change, s.CRMs.Validate)
	if err != nil {
		return nil, err
	}
	return &crmAccountAnswer{crmAccountOf(account)}, nil
}

func (s *Server) deleteCRMAccount(ctx context.Context, in *CRMAccountPath) (*struct{}, error) {
	if err := s.allSites(ctx, in.Account); err != nil {
		return nil, err
	}
	return nil, s.Store.DeleteCRMAccount(ctx, s.caller(ctx), in.Account)
}

type testCRMAnswer struct {
	Body struct {
		Ready  bool   `json:"ready"`
		Reason string `json:"reason,omitempty" example:"crm_unauthorized" doc:"Why not: a code."`
		Detail string `json:"detail,omitempty" doc:"The same for people."`
	}
}

// testCRM asks the CRM. That it refuses is an answer, and no error of ours.
func (s *Server) testCRM(ctx context.Context, in *CRMAccountPath) (*testCRMAnswer, error) {
	account, err := s.Store.OpenCRMAccount(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Account)
	if err != nil {
		return nil, err
	}
	a := &testCRMAnswer{}
	refusal, err := refusalOf(s.CRMs.Check(ctx, account))
	a.Body.Ready = refusal == nil
	if refusal != nil {
		a.Body.Reason, a.Body.Detail = refusal.Code, refusal.Message
	}
	return a, err
}

func refusalOf(err error) (*visit.Error, error) {
	if refusal, ok := errors.AsType[*visit.Error](err); ok {
		return refusal, nil
	}
	return nil, err
}

type setupCRMAnswer struct {
	Body struct {
		Ready  bool     `json:"ready" doc:"Visits can be written."`
		Made   []string `json:"made" doc:"What was made in the CRM now."`
		ToDo   []string `json:"to_do" doc:"What an administrator of the CRM has to do; then run the setup again."`
		Reason string   `json:"reason,omitempty" doc:"Why it came to an end before: a code."`
		Detail string   `json:"detail,omitempty"`
	}
}

func (s *Server) setupCRM(ctx context.Context, in *CRMAccountPath) (*setupCRMAnswer, error) {
	if err := s.allSites(ctx, in.Account); err != nil {
		return nil, err
	}
	account, err := s.Store.OpenCRMAccount(ctx, store.Everything, in.Account)
	if err != nil {
		return nil, err
	}
	done, err := s.CRMs.Setup(ctx, account)
	refusal, err := refusalOf(err)
	if err != nil {
		return nil, err
	}
	a := &setupCRMAnswer{}
	a.Body.Made, a.Body.ToDo = append([]string{}, done.Made...), append([]string{}, done.ToDo...)
	if refusal != nil {
		a.Body.Reason, a.Body.Detail = refusal.Code, refusal.Message
		return a, nil
	}
	a.Body.Ready = done.Ready
	_, err = s.Store.UpdateCRMAccount(ctx, s.caller(ctx), in.Account, store.CRMAccountChange{Settings: &done.Settings}, s.CRMs.Validate)
	return a, err
}
