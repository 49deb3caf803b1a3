package api

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// people are those who visit, and what may be done with what is held about them.
type people interface {
	People(ctx context.Context, scope store.Scope, filter store.PersonFilter) (store.PersonPage, error)
	Person(ctx context.Context, scope store.Scope, id visit.PersonID) (store.Person, []visit.Visit, error)
	ChangePerson(ctx context.Context, by store.Caller, id visit.PersonID, change store.PersonChange) (store.Person, error)
	ExportPerson(ctx context.Context, by store.Caller, id visit.PersonID) ([]byte, error)
	ErasePerson(ctx context.Context, by store.Caller, id visit.PersonID) (store.Erasure, error)
}

// erasures are people on their way out, and how far they are.
type erasures interface {
	Erasure(ctx context.Context, scope store.Scope, id visit.ErasureID) (store.Erasure, error)
	Erasures(ctx context.Context, scope store.Scope, page store.Page) (store.ErasurePage, error)
	RetryErasure(ctx context.Context, by store.Caller, id visit.ErasureID) (store.Erasure, error)
}

// retention is how long a site keeps what.
type retention interface {
	Retention(ctx context.Context, scope store.Scope, site visit.SiteID) (visit.Retention, error)
	SetRetention(ctx context.Context, by store.Caller, site visit.SiteID, set visit.Retention) error
}

// Person is somebody who visits, or logs in at a portal.
type Person struct {
	ID        visit.PersonID `json:"id"`
	FirstName string         `json:"first_name"`
	LastName  string         `json:"last_name"`
	Email     string         `json:"email,omitempty"`
	Phone     string         `json:"phone,omitempty"`
	Company   string         `json:"company,omitempty"`
	Visits    int            `json:"visits" doc:"That you may see."`
	Guest     bool           `json:"guest" doc:"Has an account at portals, which has the same id."`
	LastVisit *LastVisit     `json:"last_visit,omitempty" doc:"In lists: the newest of these."`
	CreatedAt time.Time      `json:"created_at"`
	UpdatedAt time.Time      `json:"updated_at"`
}

// LastVisit is what a form for the next visit of a person begins with.
type LastVisit struct {
	VisitID         visit.VisitID `json:"visit_id"`
	SiteID          visit.SiteID  `json:"site_id"`
	Host            visit.Host    `json:"host"`
	Purpose         string        `json:"purpose,omitempty"`
	ExpectedArrival time.Time     `json:"expected_arrival"`
}

func personOf(p store.Person) Person {
	var last *LastVisit
	if l := p.Last; l != nil {
		last = &LastVisit{VisitID: l.ID, SiteID: l.SiteID, Host: l.Host, Purpose: l.Purpose, ExpectedArrival: l.ExpectedArrival}
	}
	return Person{
		LastVisit: last, ID: p.ID, FirstName: p.FirstName, LastName: p.LastName, Email: p.Email, Phone: p.Phone, Company: p.Company,
		Visits: p.Visits, Guest: p.Guest, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
}

// PersonPath is embedded by every request about one person.
type PersonPath struct {
	Person visit.PersonID `path:"person" format:"uuid"`
}

type listPeopleInput struct {
	SiteID visit.SiteID `query:"site_id" format:"uuid"`
	Query  string       `query:"q" maxLength:"200" doc:"Parts of a name, e-mail, phone or company, two characters at least; for the form of somebody who comes again."`
	PageInput
}

type listPeopleAnswer struct {
	Body struct {
		Items []Person `json:"items"`
		Next  string   `json:"next,omitempty"`
	}
}

func (s *Server) listPeople(ctx context.Context, in *listPeopleInput) (*listPeopleAnswer, error) {
	query := strings.TrimSpace(in.Query)
	if utf8.RuneCountInString(query) == 1 {
		return nil, visit.Invalid("q", "At least 2 characters.")
	}
	page, err := s.Store.People(ctx, scopeOf(auth.PrincipalOf(ctx)), store.PersonFilter{SiteID: in.SiteID, Query: query, Page: in.page()})
	if err != nil {
		return nil, err
	}
	a := &listPeopleAnswer{}
	a.Body.Items, a.Body.Next = each(page.Items, personOf), page.Next
	return a, nil
}

type personAnswer struct {
	Body struct {
		Person Person  `json:"person"`
		Visits []Visit `json:"visits,omitempty" doc:"The newest first, those at sites that you may see."`
	}
}

func (s *Server) readPerson(ctx context.Context, in *PersonPath) (*personAnswer, error) {
	person, visits, err := s.Store.Person(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Person)
	if err != nil {
		return nil, err
	}
	a := &personAnswer{}
	a.Body.Person, a.Body.Visits = personOf(person), each(visits, visitOf)
	return a, nil
}

type changePersonInput struct {
	PersonPath
	Body VisitorChange
}

func (s *Server) changePerson(ctx context.Context, in *changePersonInput) (*personAnswer, error) {
	person, err := s.Store.ChangePerson(ctx, s.caller(ctx), in.Person, store.PersonChange(in.Body))
	if err != nil {
		return nil, err
	}
	a := &personAnswer{}
	a.Body.Person = personOf(person)
	return a, nil
}

type exportAnswer struct {
	ContentType        string `header:"Content-Type" hidden:"true"`
	ContentDisposition string `header:"Content-Disposition"`
	CacheControl       string `header:"Cache-Control"`
	Body               []byte
}

// exportPerson is everything held about somebody, for the answer that they are owed.
func (s *Server) exportPerson(ctx context.Context, in *PersonPath) (*exportAnswer, error) {
	document, err := s.Store.ExportPerson(ctx, s.caller(ctx), in.Person)
	if err != nil {
		return nil, err
	}
	return &exportAnswer{"application/json", `attachment; filename="person.json"`, "no-store", document}, nil
}

// Erasure is the erasure of one person.
type Erasure struct {
	ID          visit.ErasureID    `json:"id"`
	PersonID    visit.PersonID     `json:"person_id"`
	State       store.ErasureState `json:"state" enum:"pending,done,needs_attention" doc:"Here the person is gone; pending and needs_attention are about the CRM."`
	Reason      string             `json:"reason,omitempty"`
	InCRM       int                `json:"in_crm" doc:"Contacts that a CRM has still to erase."`
	Counts      map[string]int     `json:"counts" doc:"What was erased here."`
	RequestedBy string             `json:"requested_by"`
	Requester   Actor              `json:"requester" doc:"requested_by for people to read."`
	RequestedAt time.Time          `json:"requested_at"`
	ErasedAt    *time.Time         `json:"erased_at,omitempty" doc:"Here."`
	EndedAt     *time.Time         `json:"ended_at,omitempty" doc:"Everywhere."`
}

func erasureOf(e store.Erasure, names map[string]string) Erasure {
	return Erasure{
		Requester: actorOf(e.RequestedBy, names),
		ID:        e.ID, PersonID: e.PersonID, State: e.State, Reason: e.Reason, InCRM: e.InCRM, Counts: e.Counts,
		RequestedBy: e.RequestedBy, RequestedAt: e.RequestedAt, ErasedAt: e.ErasedAt, EndedAt: e.EndedAt,
	}
}

type erasePersonAnswer struct {
	Body struct {
		ErasureID visit.ErasureID    `json:"erasure_id"`
		State     store.ErasureState `json:"state" enum:"pending,done,needs_attention"`
	}
}

// erasePerson erases somebody here and has the CRM follow.
func (s *Server) erasePerson(ctx context.Context, in *PersonPath) (*erasePersonAnswer, error) {
	erasure, err := s.Store.ErasePerson(ctx, s.caller(ctx), in.Person)
	if err != nil {
		return nil, err
	}
	s.tellErasure(ctx, erasure)
	a := &erasePersonAnswer{}
	a.Body.ErasureID, a.Body.State = erasure.ID, erasure.State
	return a, nil
}

// tellErasure starts the erasure's workflow; the sweeper does it where Temporal does
// not hear it.
func (s *Server) tellErasure(ctx context.Context, erasure store.Erasure) {
	if erasure.State != store.ErasurePending {
		return
	}
	s.tell(ctx, "erase", func(ctx context.Context) error {
		_, err := s.Workflows.StartErase(ctx, erasure.ID)
		return err
	})
}

type erasurePath struct {
	Erasure visit.ErasureID `path:"erasure" format:"uuid"`
}

type erasureAnswer struct{ Body Erasure }

func (s *Server) answerErasure(ctx context.Context, e store.Erasure) *erasureAnswer {
	return &erasureAnswer{erasureOf(e, s.names(ctx, e.RequestedBy))}
}

func (s *Server) readErasure(ctx context.Context, in *erasurePath) (*erasureAnswer, error) {
	erasure, err := s.Store.Erasure(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Erasure)
	if err != nil {
		return nil, err
	}
	return s.answerErasure(ctx, erasure), nil
}

type listErasuresInput struct{ PageInput }

type listErasuresAnswer struct {
	Body struct {
		Items []Erasure `json:"items"`
		Next  string    `json:"next,omitempty"`
	}
}

func (s *Server) listErasures(ctx context.Context, in *listErasuresInput) (*listErasuresAnswer, error) {
	page, err := s.Store.Erasures(ctx, scopeOf(auth.PrincipalOf(ctx)), in.page())
	if err != nil {
		return nil, err
	}
	a := &listErasuresAnswer{}
	names := s.names(ctx, each(page.Items, func(e store.Erasure) string { return e.RequestedBy })...)
	a.Body.Items = each(page.Items, func(e store.Erasure) Erasure { return erasureOf(e, names) })
	a.Body.Next = page.Next
	return a, nil
}

func (s *Server) retryErasure(ctx context.Context, in *erasurePath) (*erasureAnswer, error) {
	erasure, err := s.Store.RetryErasure(ctx, s.caller(ctx), in.Erasure)
	if err != nil {
		return nil, err
	}
	s.tellErasure(ctx, erasure)
	return s.answerErasure(ctx, erasure), nil
}

// KeptDays is how long a site keeps what.
type KeptDays struct {
	Profile     string `json:"profile" doc:"default, or a country's."`
	VisitDays   int    `json:"visit_days" doc:"After the visitor left; cancelled and missed visits after their end."`
	SessionDays int    `json:"session_days" doc:"Connection records, after their end."`
	RefusedDays int    `json:"refused_days" doc:"Refused logins."`
	AccountDays int    `json:"account_days" doc:"Guests' accounts, after their end. Authentications are connection records."`
}

type retentionAnswer struct {
	Body struct {
		Effective KeptDays        `json:"effective" doc:"What holds, defaults filled in."`
		Set       visit.Retention `json:"set" doc:"What the site has set."`
		Profiles  []string        `json:"profiles" doc:"What may be set as profile. No legal advice: see docs/privacy.md."`
	}
}

func answerRetention(set visit.Retention) *retentionAnswer {
	a := &retentionAnswer{}
	days := set.Days()
	a.Body.Effective = KeptDays{set.ProfileName(), days.Visits, days.Sessions, days.Refused, days.Accounts}
	a.Body.Set, a.Body.Profiles = set, visit.RetentionProfiles()
	return a
}

func (s *Server) readRetention(ctx context.Context, in *SitePath) (*retentionAnswer, error) {
	set, err := s.Store.Retention(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site)
	if err != nil {
		return nil, err
	}
	return answerRetention(set), nil
}

type setRetentionInput struct {
	SitePath
	Body struct {
		Profile     string `json:"profile,omitempty" maxLength:"20"`
		VisitDays   *int   `json:"visit_days,omitempty" minimum:"4" maximum:"3650"`
		SessionDays *int   `json:"session_days,omitempty" minimum:"1" maximum:"730"`
		RefusedDays *int   `json:"refused_days,omitempty" minimum:"1" maximum:"90"`
		AccountDays *int   `json:"account_days,omitempty" minimum:"1" maximum:"3650"`
	}
}

func (s *Server) setRetention(ctx context.Context, in *setRetentionInput) (*retentionAnswer, error) {
	set := visit.Retention(in.Body)
	if err := s.Store.SetRetention(ctx, s.caller(ctx), in.Site, set); err != nil {
		return nil, err
	}
	return answerRetention(set), nil
}
