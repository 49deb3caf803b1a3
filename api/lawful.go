package api

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// lawful are an authority's questions about who had an address.
type lawful interface {
	AskLawful(ctx context.Context, by store.Caller, in store.NewLawfulRequest) (store.LawfulRequest, error)
	DecideLawful(ctx context.Context, by store.Caller, id string, approve bool) (store.LawfulRequest, error)
	ReadLawful(ctx context.Context, by store.Caller, id string) (store.LawfulRequest, []store.LawfulMatch, error)
	LawfulRequests(ctx context.Context, scope store.Scope, page store.Page) (store.LawfulPage, error)
}

// LawfulState is how far a request is.
type LawfulState string

// The states of a lawful request.
const (
	lawfulOpen     LawfulState = "open"
	lawfulApproved LawfulState = "approved"
	lawfulDenied   LawfulState = "denied"
	lawfulExpired  LawfulState = "expired"
)

// LawfulRequest is a request; what it asks is shown until it ends.
type LawfulRequest struct {
	ID          string             `json:"id"`
	SiteID      visit.SiteID       `json:"site_id,omitempty" doc:"Absent: all sites."`
	State       LawfulState        `json:"state" enum:"open,approved,denied,expired"`
	Query       *visit.LawfulQuery `json:"query,omitempty" doc:"Not in lists; gone when the request has ended."`
	Reference   string             `json:"reference,omitempty"`
	RequestedBy string             `json:"requested_by"`
	Requester   Actor              `json:"requester" doc:"requested_by for people to read."`
	RequestedAt time.Time          `json:"requested_at"`
	DecidedBy   string             `json:"decided_by,omitempty"`
	Decider     *Actor             `json:"decider,omitempty" doc:"decided_by for people to read."`
	DecidedAt   *time.Time         `json:"decided_at,omitempty"`
	ExpiresAt   time.Time          `json:"expires_at"`
}

func (s *Server) lawfulOf(r store.LawfulRequest, names map[string]string) LawfulRequest {
	state := lawfulOpen
	switch {
	case r.Approved != nil && !*r.Approved:
		state = lawfulDenied
	case r.Expired(s.Now()):
		state = lawfulExpired
	case r.Approved != nil:
		state = lawfulApproved
	}
	var decider *Actor
	if r.DecidedBy != "" {
		decider = new(actorOf(r.DecidedBy, names))
	}
	return LawfulRequest{
		ID: r.ID, SiteID: r.SiteID, State: state, Query: r.Query, Reference: r.Reference, Requester: actorOf(r.RequestedBy, names), Decider: decider,
		RequestedBy: r.RequestedBy, RequestedAt: r.RequestedAt, DecidedBy: r.DecidedBy, DecidedAt: r.DecidedAt, ExpiresAt: r.ExpiresAt,
	}
}

// LawfulGuest is a guest of a portal.
type LawfulGuest struct {
	AccessID  roll.AccessID  `json:"authentication_id"`
	AccountID visit.PersonID `json:"account_id"`
	Name      string         `json:"name" doc:"That stands in networks' logs."`
	Login     string         `json:"login" doc:"A pseudonym where the person was erased."`
	FirstName string         `json:"first_name,omitempty"`
	LastName  string         `json:"last_name,omitempty"`
}

// LawfulMatch is a session that may have had the address, or an authentication of which
// no session is known.
type LawfulMatch struct {
	SessionID  visit.SessionID `json:"session_id,omitempty"`
	SiteID     visit.SiteID    `json:"site_id"`
	NASID      visit.NASID     `json:"nas_id,omitempty"`
	MAC        string          `json:"mac,omitempty"`
	IP         string          `json:"ip,omitempty"`
	StartedAt  time.Time       `json:"started_at"`
	LastSeenAt time.Time       `json:"last_seen_at"`
	EndedAt    *time.Time      `json:"ended_at,omitempty" doc:"Absent where no end was reported."`
	Certain    bool            `json:"certain" doc:"The instant lies within what was reported, and not in the slack of clocks and reports around it."`
	VisitID    visit.VisitID   `json:"visit_id,omitempty"`
	Visitor    *visit.Visitor  `json:"visitor,omitempty" doc:"Absent where the visit's personal data is gone."`
	Host       *visit.Host     `json:"host,omitempty"`
	Guest      *LawfulGuest    `json:"guest,omitempty"`
}

func matchOf(m store.LawfulMatch) LawfulMatch {
	out := LawfulMatch{
		SessionID: m.Session, SiteID: m.SiteID, NASID: m.NASID, MAC: m.MAC, IP: m.IP,
		StartedAt: m.Start, LastSeenAt: m.Seen, EndedAt: m.End, Certain: m.Certain, VisitID: m.VisitID,
	}
	if m.Guest != nil {
		out.Guest = new(LawfulGuest(*m.Guest))
	}
	if m.Visit != nil {
		out.Visitor, out.Host = &m.Visit.Visitor, &m.Visit.Host
	}
	return out
}

type lawfulAnswer struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Request LawfulRequest `json:"request"`
		Matches []LawfulMatch `json:"matches,omitempty" doc:"Once approved, to whoever asked and nobody else."`
		Note    string        `json:"note,omitempty"`
	}
}

// notes that keep an answer from being taken for more than it is.
const (
	noteOutside = "This is an address of the Internet. Foyer knows the addresses inside the guests' network; which guest used a public address, " +
		"and at which port, only the firewall's own log can say."
	noteInside = "Guests' addresses mean something inside their network only, and the same one may be in use at several sites. Devices may change their MAC address."
)

func (s *Server) answerLawful(ctx context.Context, r store.LawfulRequest, matches []store.LawfulMatch) *lawfulAnswer {
	a := &lawfulAnswer{CacheControl: "no-store"}
	a.Body.Request, a.Body.Matches = s.lawfulOf(r, s.names(ctx, r.RequestedBy, r.DecidedBy)), each(matches, matchOf)
	switch {
	case r.Query == nil:
	case r.Query.Outside():
		a.Body.Note = noteOutside
	default:
		a.Body.Note = noteInside
	}
	return a
}

type askLawfulInput struct {
	Body struct {
		SiteID    visit.SiteID `json:"site_id,omitempty" format:"uuid" doc:"Absent: all sites, for who may see all."`
		IP        string       `json:"ip,omitempty" maxLength:"64" doc:"This or a MAC address."`
		MAC       string       `json:"mac,omitempty" maxLength:"32" doc:"In any spelling."`
		At        time.Time    `json:"at" doc:"The instant that is asked about."`
		Reference string       `json:"reference" minLength:"1" maxLength:"200" doc:"Of the authority's letter."`
	}
}

// askLawful puts a question. It takes a person, and another one to let it through.
func (s *Server) askLawful(ctx context.Context, in *askLawfulInput) (*lawfulAnswer, error) {
	b := in.Body
	request, err := s.Store.AskLawful(ctx, s.caller(ctx), store.NewLawfulRequest{
		SiteID: b.SiteID, Query: visit.LawfulQuery{IP: b.IP, MAC: b.MAC, At: b.At}, Reference: b.Reference,
	})
	if err != nil {
		return nil, err
	}
	return s.answerLawful(ctx, request, nil), nil
}

type lawfulPath struct {
	Request string `path:"request" format:"uuid"`
}

func (s *Server) readLawful(ctx context.Context, in *lawfulPath) (*lawfulAnswer, error) {
	request, matches, err := s.Store.ReadLawful(ctx, s.caller(ctx), in.Request)
	if err != nil {
		return nil, err
	}
	return s.answerLawful(ctx, request, matches), nil
}

func (s *Server) approveLawful(ctx context.Context, in *lawfulPath) (*lawfulAnswer, error) {
	return s.decideLawful(ctx, in, true)
}

func (s *Server) denyLawful(ctx context.Context, in *lawfulPath) (*lawfulAnswer, error) {
	return s.decideLawful(ctx, in, false)
}

func (s *Server) decideLawful(ctx context.Context, in *lawfulPath, approve bool) (*lawfulAnswer, error) {
	request, err := s.Store.DecideLawful(ctx, s.caller(ctx), in.Request, approve)
	if err != nil {
		return nil, err
	}
	return s.answerLawful(ctx, request, nil), nil
}

type listLawfulInput struct{ PageInput }

type listLawfulAnswer struct {
	Body struct {
		Items []LawfulRequest `json:"items"`
		Next  string          `json:"next,omitempty"`
	}
}

func (s *Server) listLawful(ctx context.Context, in *listLawfulInput) (*listLawfulAnswer, error) {
	page, err := s.Store.LawfulRequests(ctx, scopeOf(auth.PrincipalOf(ctx)), in.page())
	if err != nil {
		return nil, err
	}
	a := &listLawfulAnswer{}
	var who []string
	for _, r := range page.Items {
		who = append(who, r.RequestedBy, r.DecidedBy)
	}
	names := s.names(ctx, who...)
	a.Body.Items = each(page.Items, func(r store.LawfulRequest) LawfulRequest { return s.lawfulOf(r, names) })
	a.Body.Next = page.Next
	return a, nil
}
