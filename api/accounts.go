package api

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// accounts are guests' identities.
type accounts interface {
	Accounts(ctx context.Context, scope store.Scope, filter store.AccountFilter) (store.AccountPage, error)
	Account(ctx context.Context, scope store.Scope, id visit.PersonID) (store.AccountDetail, error)
	CreateAccount(ctx context.Context, by store.Caller, n store.NewAccount) (store.Account, error)
	ChangeAccount(ctx context.Context, by store.Caller, id visit.PersonID, change store.AccountChange) (store.Account, error)
	BlockAccount(ctx context.Context, by store.Caller, id visit.PersonID) (store.Account, error)
	UnblockAccount(ctx context.Context, by store.Caller, id visit.PersonID) (store.Account, error)
	SetAccountPassword(ctx context.Context, by store.Caller, id visit.PersonID, hash string) (store.Account, error)
	SamePerson(ctx context.Context, by store.Caller, account, visitor visit.PersonID) (store.Account, error)
	ImportAccounts(ctx context.Context, by store.Caller, site visit.SiteID, rows []store.AccountRow, options store.AccountImport) ([]store.AccountResult, error)
	ExportAccounts(ctx context.Context, by store.Caller, filter store.AccountFilter, each func([]store.Account) error) error
}

// GuestVisitor is who a guest is, as far as they said.
type GuestVisitor struct {
	FirstName string `json:"first_name,omitempty" maxLength:"200"`
	LastName  string `json:"last_name,omitempty" maxLength:"200"`
	Email     string `json:"email,omitempty" maxLength:"254"`
	Phone     string `json:"phone,omitempty" maxLength:"40"`
	Company   string `json:"company,omitempty" maxLength:"200"`
}

// Account is a guest's identity at portals.
type Account struct {
	ID            visit.PersonID         `json:"id" doc:"Of the person too."`
	Login         string                 `json:"login"`
	LoginKind     identity.LoginKind     `json:"login_kind" enum:"email,phone,name"`
	Visitor       GuestVisitor           `json:"visitor"`
	SiteID        visit.SiteID           `json:"site_id" doc:"Where it was made, and whose midnight counts."`
	PortalID      identity.PortalID      `json:"portal_id,omitempty" doc:"Absent: staff made it."`
	ProfileID     identity.ProfileID     `json:"profile_id"`
	ProfileName   string                 `json:"profile_name"`
	Method        identity.Method        `json:"method" doc:"By which it was made; account: by staff."`
	Lifecycle     identity.Lifecycle     `json:"lifecycle" enum:"pending,scheduled,active,expired,blocked,erased" doc:"By the clock, now."`
	StartsAt      time.Time              `json:"starts_at"`
	EndsAt        time.Time              `json:"ends_at" doc:"Exclusive: at this instant it is over."`
	EndsSet       bool                   `json:"ends_set" doc:"By staff: the profile does not move it."`
	ContactStatus identity.ContactStatus `json:"contact_status" enum:"unknown,valid,invalid,disposable" doc:"Whether the address can be one. It does not decide on access."`
	HasPassword   bool                   `json:"has_password"`
	Sponsor       string                 `json:"sponsor,omitempty"`
	Language      string                 `json:"language,omitempty"`
	Notes         string                 `json:"notes,omitempty"`
	Green         int                    `json:"green" doc:"Authentications that are good now."`
	ProvenAt      *time.Time             `json:"proven_at,omitempty" doc:"When the login was proven: by a code, a link or staff."`
	BlockedAt     *time.Time             `json:"blocked_at,omitempty"`
	ErasedAt      *time.Time             `json:"erased_at,omitempty"`
	FirstLoginAt  *time.Time             `json:"first_login_at,omitempty"`
	LastLoginAt   *time.Time             `json:"last_login_at,omitempty"`
	CreatedAt     time.Time              `json:"created_at"`
	UpdatedAt     time.Time              `json:"updated_at"`
}

func accountOf(a store.Account) Account {
	return Account{
		ID: a.ID, Login: a.Login, LoginKind: a.Kind, SiteID: a.SiteID, PortalID: a.PortalID, ProfileID: a.ProfileID, ProfileName: a.ProfileName,
		Visitor: GuestVisitor(a.Visitor), Method: a.Method, Lifecycle: a.Lifecycle, StartsAt: a.StartsAt, EndsAt: a.EndsAt, EndsSet: a.EndsSet,
		ContactStatus: a.ContactStatus, HasPassword: a.HasPassword, Sponsor: a.Sponsor, Language: a.Language, Notes: a.Notes, Green: a.Green,
		ProvenAt: a.ProvenAt, BlockedAt: a.BlockedAt, ErasedAt: a.ErasedAt, FirstLoginAt: a.FirstLoginAt, LastLoginAt: a.LastLoginAt,
		CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
	}
}

// AccountPath is embedded by every request about one account.
type AccountPath struct {
	Account visit.PersonID `path:"account" format:"uuid"`
}

// AccountsInput chooses accounts.
type AccountsInput struct {
	SiteID    visit.SiteID           `query:"site_id" format:"uuid"`
	PortalID  identity.PortalID      `query:"portal_id" format:"uuid"`
	ProfileID identity.ProfileID     `query:"profile_id" format:"uuid"`
	Lifecycle identity.Lifecycle     `query:"lifecycle" enum:"pending,scheduled,active,expired,blocked,erased"`
	Contact   identity.ContactStatus `query:"contact_status" enum:"unknown,valid,invalid,disposable"`
	Method    identity.Method        `query:"method" enum:"visit,account,code,email,sms,form,sponsor"`
	Query     string                 `query:"q" maxLength:"200" doc:"Parts of login, name, e-mail, phone or company."`
}

func (in AccountsInput) filter() store.AccountFilter {
	return store.AccountFilter{
		SiteID: in.SiteID, PortalID: in.PortalID, Profile: in.ProfileID, Lifecycle: in.Lifecycle, Contact: in.Contact, Method: in.Method, Query: in.Query,
	}
}

type listAccountsInput struct {
	AccountsInput
	PageInput
}

type listAccountsAnswer struct {
	Body struct {
		Items []Account `json:"items"`
		Next  string    `json:"next,omitempty"`
	}
}

func (s *Server) listAccounts(ctx context.Context, in *listAccountsInput) (*listAccountsAnswer, error) {
	filter := in.filter()
	filter.Page = in.page()
	page, err := s.Store.Accounts(ctx, scopeOf(auth.PrincipalOf(ctx)), filter)
	if err != nil {
		return nil, err
	}
	a := &listAccountsAnswer{}
	a.Body.Items, a.Body.Next = each(page.Items, accountOf), page.Next
	return a, nil
}

// AccountDevice is a device that an account was used with, in one network.
type AccountDevice struct {
	SiteID    visit.SiteID      `json:"site_id"`
	PortalID  identity.PortalID `json:"portal_id"`
	SSID      string            `json:"ssid,omitempty"`
	MAC       string            `json:"mac"`
	Private   bool              `json:"private" doc:"The device made the address up."`
	FirstSeen time.Time         `json:"first_seen"`
	LastSeen  time.Time         `json:"last_seen"`
}

// AgreedConsent is a text that a guest agreed to.
type AgreedConsent struct {
	Kind       identity.ConsentKind `json:"kind"`
	Version    int                  `json:"version"`
	TemplateID identity.TemplateID  `json:"template_id"`
	AgreedAt   time.Time            `json:"agreed_at"`
}

type accountDetailAnswer struct {
	Body struct {
		Account         Account          `json:"account"`
		Devices         []AccountDevice  `json:"devices" doc:"The last seen first."`
		Consents        []AgreedConsent  `json:"consents"`
		Authentications []Authentication `json:"authentications" doc:"The newest 50 at sites that you may see."`
		Visits          int              `json:"visits" doc:"Of the same person, that you may see."`
		Same            []Person         `json:"same" doc:"Visitors with the address that this guest has proven: say so if they are the same person."`
	}
}

func (s *Server) readAccount(ctx context.Context, in *AccountPath) (*accountDetailAnswer, error) {
	d, err := s.Store.Account(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Account)
	if err != nil {
		return nil, err
	}
	a := &accountDetailAnswer{}
	b := &a.Body
	b.Account, b.Visits, b.Same = accountOf(d.Account), d.Visits, each(d.Same, personOf)
	b.Devices = each(d.Devices, func(x store.Device) AccountDevice {
		return AccountDevice{SiteID: x.SiteID, PortalID: x.PortalID, SSID: x.SSID, MAC: x.MAC, Private: x.Private, FirstSeen: x.FirstSeen, LastSeen: x.LastSeen}
	})
	b.Consents = each(d.Consents, func(x store.Agreed) AgreedConsent { return AgreedConsent(x) })
	b.Authentications = each(d.Authentications, authenticationOf)
	return a, nil
}

// newPasswordAnswer is the answer that holds a password, once.
type newPasswordAnswer struct {
	Body struct {
		Account  Account `json:"account"`
		Password *string `json:"password" nullable:"true" doc:"Shown once; null where none was asked for."`
	}
}

// drawPassword makes a password for a guest to type, and what is stored of it.
func (s *Server) drawPassword(ctx context.Context) (password, hash string, err error) {
	if password, err = visit.NewPassword(rand.Reader); err != nil {
		return "", "", err
	}
	hash, err = s.Passwords.Hash(ctx, password)
	return password, hash, err
}

type createAccountInput struct {
	Body struct {
		SiteID    visit.SiteID       `json:"site_id" format:"uuid"`
		ProfileID identity.ProfileID `json:"profile_id" format:"uuid"`
		Login     string             `json:"login,omitempty" maxLength:"254" doc:"E-mail address, phone number or a name. Absent: the visitor's address, number, or a name that is drawn."`
		Visitor   GuestVisitor       `json:"visitor,omitempty"`
		PersonID  visit.PersonID     `json:"person_id,omitempty" maxLength:"36" doc:"A visitor who is known already."`
		StartsAt  *time.Time         `json:"starts_at,omitempty" doc:"Now by default."`
		EndsAt    *time.Time         `json:"ends_at,omitempty" doc:"By the profile by default."`
		Notes     string             `json:"notes,omitempty" maxLength:"2000"`
		Language  string             `json:"language,omitempty" maxLength:"8" doc:"en, de, fr, es, it, pl."`
		Password  bool               `json:"password,omitempty" doc:"Draw a password; the answer is the only one that holds it."`
	}
}

func (s *Server) createAccount(ctx context.Context, in *createAccountInput) (*newPasswordAnswer, error) {
	b := in.Body
	n := store.NewAccount{
		SiteID: b.SiteID, ProfileID: b.ProfileID, Login: b.Login, Visitor: visit.Visitor(b.Visitor), PersonID: b.PersonID,
		StartsAt: b.StartsAt, EndsAt: b.EndsAt, Notes: b.Notes, Language: b.Language,
	}
	a := &newPasswordAnswer{}
	if b.Password {
		password, hash, err := s.drawPassword(ctx)
		if err != nil {
			return nil, err
		}
		n.PasswordHash, a.Body.Password = hash, &password
	}
	account, err := s.Store.CreateAccount(ctx, s.caller(ctx), n)
	if err != nil {
		return nil, err
	}
	a.Body.Account = accountOf(account)
	return a, nil
}

type accountAnswer struct {
	Body Account
}

func answerAccount(account store.Account, err error) (*accountAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &accountAnswer{accountOf(account)}, nil
}

type changeAccountInput struct {
	AccountPath
	Body struct {
		Visitor      *VisitorChange      `json:"visitor,omitempty"`
		ProfileID    *identity.ProfileID `json:"profile_id,omitempty" format:"uuid"`
		StartsAt     *time.Time          `json:"starts_at,omitempty"`
		EndsAt       *time.Time          `json:"ends_at,omitempty"`
		EndByProfile bool                `json:"end_by_profile,omitempty" doc:"The end is the profile's again."`
		Notes        *string             `json:"notes,omitempty" maxLength:"2000"`
		Language     *string             `json:"language,omitempty" maxLength:"8"`
	}
}

func (s *Server) changeAccount(ctx context.Context, in *changeAccountInput) (*accountAnswer, error) {
	b := in.Body
	change := store.AccountChange{ProfileID: b.ProfileID, StartsAt: b.StartsAt, Notes: b.Notes, Language: b.Language}
	if v := b.Visitor; v != nil {
		change.FirstName, change.LastName, change.Email, change.Phone, change.Company = v.FirstName, v.LastName, v.Email, v.Phone, v.Company
	}
	if b.EndsAt != nil || b.EndByProfile {
		change.EndsAt = &b.EndsAt
	}
	return answerAccount(s.Store.ChangeAccount(ctx, s.caller(ctx), in.Account, change))
}

func (s *Server) blockAccount(ctx context.Context, in *AccountPath) (*accountAnswer, error) {
	return answerAccount(s.Store.BlockAccount(ctx, s.caller(ctx), in.Account))
}

func (s *Server) unblockAccount(ctx context.Context, in *AccountPath) (*accountAnswer, error) {
	return answerAccount(s.Store.UnblockAccount(ctx, s.caller(ctx), in.Account))
}

func (s *Server) resetAccountPassword(ctx context.Context, in *AccountPath) (*newPasswordAnswer, error) {
	password, hash, err := s.drawPassword(ctx)
	if err != nil {
		return nil, err
	}
	account, err := s.Store.SetAccountPassword(ctx, s.caller(ctx), in.Account, hash)
	if err != nil {
		return nil, err
	}
	a := &newPasswordAnswer{}
	a.Body.Account, a.Body.Password = accountOf(account), &password
	return a, nil
}

type samePersonInput struct {
	AccountPath
	Body struct {
		PersonID visit.PersonID `json:"person_id" format:"uuid" doc:"Of the visitor."`
	}
}

func (s *Server) samePerson(ctx context.Context, in *samePersonInput) (*accountAnswer, error) {
	return answerAccount(s.Store.SamePerson(ctx, s.caller(ctx), in.Account, in.Body.PersonID))
}
