package api

import (
	"context"
	"errors"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// kioskUse is what whoever stands before a kiosk may find: the one visit that they
// hold something of.
type kioskUse interface {
	CheckInAtKiosk(ctx context.Context, by store.Caller, id visit.VisitID, rules int) (store.VisitOutcome, error)
	VisitByCode(ctx context.Context, scope store.Scope, code string) (visit.Visit, error)
	VisitByUsername(ctx context.Context, scope store.Scope, username string) (visit.Visit, error)
	InvitationCode(ctx context.Context, id visit.VisitID) (string, error) // for guest pages
}

// KioskScreen is all that a kiosk knows before somebody stands before it.
type KioskScreen struct {
	Site       string         `json:"site" doc:"Its name."`
	Timezone   string         `json:"timezone"`
	Languages  []string       `json:"languages"`
	WalkIns    bool           `json:"walk_ins" doc:"Visitors may register themselves here."`
	Rules      *KioskRules    `json:"rules,omitempty" doc:"What must be accepted at a check-in; absent: nothing."`
	Networks   []KioskNetwork `json:"networks"`
	EarlyFor   int            `json:"early_seconds" doc:"How long before the expected arrival a visitor can check in here."`
	AgainFor   int            `json:"again_seconds" doc:"How long after a check-in this kiosk shows the credentials again."`
	CodeLength int            `json:"code_length" doc:"Of an invitation's typed code."`
}

// KioskRules are the site's rules in force.
type KioskRules struct {
	Version int        `json:"version"`
	Texts   RulesTexts `json:"texts" doc:"By language; at least one."`
}

// KioskNetwork is a network by name. How to get into it is answered with credentials.
type KioskNetwork struct {
	SSID string            `json:"ssid"`
	Kind visit.NetworkKind `json:"kind" enum:"open_portal,wpa_psk,wpa_eap"`
}

type kioskAnswer struct {
	Body KioskScreen
}

func (s *Server) kioskScreen(ctx context.Context, _ *struct{}) (*kioskAnswer, error) {
	p := auth.PrincipalOf(ctx)
	id, err := kioskSite(p)
	if err != nil {
		return nil, err
	}
	site, err := s.Store.Site(ctx, scopeOf(p), id)
	if err != nil {
		return nil, err
	}
	rules, err := s.Store.Rules(ctx, scopeOf(p), id, 0)
	if err != nil {
		return nil, err
	}
	screen := KioskScreen{
		Site: site.Name, Timezone: site.Timezone, Languages: visit.VisitorLanguages, WalkIns: p.Can(auth.VisitsWalkIn),
		Networks: each(site.Networks, func(n visit.Network) KioskNetwork { return KioskNetwork{SSID: n.SSID, Kind: n.Kind} }),
		EarlyFor: seconds(visit.EarlyFor), AgainFor: seconds(visit.ShownAgainFor), CodeLength: visit.InvitationCodeLength,
	}
	if rules.InForce() {
		screen.Rules = &KioskRules{Version: rules.Version, Texts: rules.Texts}
	}
	return &kioskAnswer{screen}, nil
}

// kioskSite is the one site of a screen. Whatever sees more than one is no screen.
func kioskSite(p auth.Principal) (visit.SiteID, error) {
	if p.Sites.All || len(p.Sites.IDs) != 1 {
		return "", errForbidden
	}
	return p.Sites.IDs[0], nil
}

// Invitation is what somebody shows to a kiosk.
type Invitation struct {
	Token string `json:"token,omitempty" maxLength:"200" writeOnly:"true" doc:"Of the invitation's link: what its QR code ends in."`
	Code  string `json:"code,omitempty" maxLength:"40" writeOnly:"true" doc:"The short code of an invitation, as typed."`
}

var errNothingShown = visit.Invalid("token", "Send one of what identifies the visit.")

// invited finds the visit that an invitation is to, at this kiosk's site. What is
// elsewhere is not known here, and every kiosk is limited in how often it may ask.
func (s *Server) invited(ctx context.Context, in Invitation, purposes ...link.Purpose) (visit.Visit, error) {
	scope, err := s.asking(ctx)
	if err != nil {
		return visit.Visit{}, err
	}
	switch {
	case (in.Token == "") == (in.Code == ""):
		return visit.Visit{}, errNothingShown
	case in.Code != "":
		return s.Store.VisitByCode(ctx, scope, in.Code)
	}
	token, err := link.Parse(s.Links, in.Token, s.Now(), purposes...)
	if errors.Is(err, link.ErrInvalid) {
		return visit.Visit{}, visit.ErrInvitationNotFound
	}
	if err != nil {
		return visit.Visit{}, err
	}
	found, err := s.Store.Visit(ctx, scope, token.Visit())
	return found, unknownIs(err, visit.ErrInvitationNotFound)
}

// asking counts what a kiosk wants to know or to register, and returns its one site.
func (s *Server) asking(ctx context.Context) (store.Scope, error) {
	p := auth.PrincipalOf(ctx)
	if _, err := kioskSite(p); err != nil {
		return store.Scope{}, err
	}
	return scopeOf(p), within(s.KioskAsks, p.Actor())
}

type invitationInput struct {
	Body Invitation
}

type invitationAnswer struct {
	Body struct {
		FirstName string        `json:"first_name"`
		State     visit.Invited `json:"state" enum:"ready,too_early,checked_in,over"`
		ReadyAt   *time.Time    `json:"ready_at,omitempty" doc:"From when on this kiosk checks in, when it is too early."`
	}
}

// showInvitation says no more of a visit than its holder must know to go on.
func (s *Server) showInvitation(ctx context.Context, in *invitationInput) (*invitationAnswer, error) {
	v, err := s.invited(ctx, in.Body, link.Invitation)
	if err != nil {
		return nil, err
	}
	a := &invitationAnswer{}
	a.Body.FirstName, a.Body.State = v.Visitor.FirstName, v.Invited(s.Now())
	if a.Body.State == visit.InvitedTooEarly {
		a.Body.ReadyAt = new(v.ExpectedArrival.Add(-visit.EarlyFor))
	}
	return a, nil
}

type kioskCheckInInput struct {
	Keyed
	Body struct {
		Invitation
		RulesVersion int `json:"rules_version,omitempty" minimum:"0" doc:"Of the site's rules that the visitor has accepted."`
	}
}

type kioskCheckInAnswer struct {
	Body struct {
		FirstName string    `json:"first_name"`
		Voucher   Voucher   `json:"voucher"`
		Network   Network   `json:"network" enum:"ready,pending" doc:"As for staff."`
		Networks  []Joining `json:"networks" doc:"How to get into the site's networks."`
	}
}

// kioskCheckIn checks in once. The kiosk that did it shows the credentials again for
// two minutes, to whoever reloads or scans twice; everybody else asks at the desk.
func (s *Server) kioskCheckIn(ctx context.Context, in *kioskCheckInInput) (*kioskCheckInAnswer, error) {
	v, err := s.invited(ctx, in.Body.Invitation, link.Invitation)
	if err != nil {
		return nil, err
	}
	outcome, err := s.Store.CheckInAtKiosk(ctx, s.keyed(ctx, in.Key, 200, "kiosk-check-in", v.ID), v.ID, in.Body.RulesVersion)
	if err != nil {
		return nil, s.withRules(ctx, v.SiteID, err)
	}
	return s.showCredentials(ctx, outcome)
}

// showCredentials answers a check-in at a kiosk.
func (s *Server) showCredentials(ctx context.Context, outcome store.VisitOutcome) (*kioskCheckInAnswer, error) {
	if (outcome.Replayed || outcome.Unchanged) && !s.again(ctx, outcome.Visit) {
		return nil, visit.ErrCheckedInBefore
	}
	full, err := s.finishCheckIn(ctx, outcome, visit.DisclosedAtCheckIn)
	if err != nil {
		return nil, err
	}
	a := &kioskCheckInAnswer{}
	a.Body.FirstName, a.Body.Voucher = full.Body.Visit.Visitor.FirstName, *full.Body.Voucher
	a.Body.Network, a.Body.Networks = full.Body.Network, full.Body.Networks
	return a, nil
}

// again reports whether the caller checked the visit in a moment ago.
func (s *Server) again(ctx context.Context, v visit.Visit) bool {
	return v.CheckInRequestedBy == auth.PrincipalOf(ctx).Actor() && v.CheckInRequestedAt != nil &&
		s.Now().Sub(*v.CheckInRequestedAt) <= visit.ShownAgainFor
}

// withRules adds to a refusal for the site's rules which version is in force.
func (s *Server) withRules(ctx context.Context, site visit.SiteID, err error) error {
	if !errors.Is(err, visit.ErrRulesChanged) {
		return err
	}
	rules, err := s.Store.Rules(ctx, scopeOf(auth.PrincipalOf(ctx)), site, 0)
	if err != nil {
		return err
	}
	p := problemFrom(visit.ErrRulesChanged)
	p.RulesVersion = rules.Version
	return p
}

type walkInInput struct {
	Keyed
	Body struct {
		Visitor           visitorInput `json:"visitor"`
		Host              hostInput    `json:"host,omitempty"`
		Purpose           string       `json:"purpose,omitempty" maxLength:"500"`
		ExpectedDeparture time.Time    `json:"expected_departure,omitempty" required:"false" doc:"The site's usual stay from now when absent."`
		RulesVersion      int          `json:"rules_version,omitempty" minimum:"0" doc:"Of the site's rules that the visitor has accepted."`
	}
}

// walkIn registers a visitor who stands at the kiosk and checks them in. It links to
// no known person: a screen in the lobby completes nobody's name.
func (s *Server) walkIn(ctx context.Context, in *walkInInput) (*kioskCheckInAnswer, error) {
	scope, err := s.asking(ctx)
	if err != nil {
		return nil, err
	}
	site := scope.Sites[0]
	b := in.Body
	outcome, err := s.Store.Register(ctx, s.keyed(ctx, in.Key, 201, "kiosk-walk-in", b), visit.Registration{
		SiteID: site, Visitor: visit.Visitor(b.Visitor), Host: visit.Host(b.Host), Purpose: b.Purpose, ExpectedDeparture: b.ExpectedDeparture,
	}, store.RegisterOptions{CheckIn: true, Kiosk: &store.AtKiosk{Rules: b.RulesVersion}})
	if err != nil {
		return nil, s.withRules(ctx, site, err)
	}
	return s.showCredentials(ctx, outcome)
}

type kioskCheckOutInput struct {
	Keyed
	Body struct {
		Invitation
		Username string `json:"username,omitempty" maxLength:"40" example:"v-7k2m9qxp"`
	}
}

// kioskCheckOut checks out whoever holds the invitation or knows the user name. An
// expired visit is confirmed as left: the visitor says so. Everything else that is
// not here is answered alike.
func (s *Server) kioskCheckOut(ctx context.Context, in *kioskCheckOutInput) (*struct{}, error) {
	v, err := s.leaving(ctx, in)
	if err != nil {
		return nil, err
	}
	switch action := (&visitAction{VisitPath{v.ID}, in.Keyed}); {
	case v.Status == visit.Expired:
		_, err = s.confirmLeft(ctx, action)
	case v.Status == visit.CheckedIn, v.Status == visit.CheckedOut, v.CheckInRequestedAt != nil && !v.Status.Ended():
		_, err = s.checkOut(ctx, action)
	default:
		err = visit.ErrInvitationNotFound
	}
	return nil, err
}

func (s *Server) leaving(ctx context.Context, in *kioskCheckOutInput) (visit.Visit, error) {
	if in.Body.Username == "" {
		return s.invited(ctx, in.Body.Invitation, link.Invitation, link.CheckOut)
	}
	if in.Body.Invitation != (Invitation{}) {
		return visit.Visit{}, errNothingShown
	}
	scope, err := s.asking(ctx)
	if err != nil {
		return visit.Visit{}, err
	}
	return s.Store.VisitByUsername(ctx, scope, in.Body.Username)
}
