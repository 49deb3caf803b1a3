package api

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
)

type templates interface {
	CreateTemplate(ctx context.Context, by store.Caller, t identity.Template) (store.Template, error)
	Templates(ctx context.Context) ([]store.Template, error)
	Template(ctx context.Context, id identity.TemplateID) (store.Template, error)
	UpdateTemplate(ctx context.Context, by store.Caller, id identity.TemplateID, change store.TemplateChange) (store.Template, error)
	DeleteTemplate(ctx context.Context, by store.Caller, id identity.TemplateID) error
	Consents(ctx context.Context, template identity.TemplateID) ([]store.Consent, error)
	Consent(ctx context.Context, template identity.TemplateID, kind identity.ConsentKind, version int) (store.Consent, error)
	SetConsent(ctx context.Context, by store.Caller, template identity.TemplateID, kind identity.ConsentKind, texts map[string]string) (store.Consent, error)
}

// TemplatePath is embedded by every request about one template.
type TemplatePath struct {
	Template identity.TemplateID `path:"template" format:"uuid"`
}

// Template is a portal's page and policy.
type Template struct {
	ID              identity.TemplateID                    `json:"id"`
	Name            string                                 `json:"name"`
	LifetimeMinutes int                                    `json:"lifetime_minutes" doc:"Of an authentication. Never longer than accounts of a profile here are good."`
	Reauth          identity.Reauth                        `json:"reauth" enum:"continue,silent"`
	Methods         []identity.Method                      `json:"methods"`
	ProfileID       identity.ProfileID                     `json:"profile_id"`
	Profiles        map[identity.Method]identity.ProfileID `json:"profiles"`
	Ask             map[identity.Field]bool                `json:"ask"`
	RecogniseMAC    bool                                   `json:"recognise_mac"`
	MACAuth         bool                                   `json:"mac_auth"`
	GraceMinutes    int                                    `json:"grace_minutes"`
	SponsorDomains  []string                               `json:"sponsor_domains"`
	SMSPrefixes     []string                               `json:"sms_prefixes"`
	Rules           []identity.AccessRule                  `json:"rules"`
	Look            identity.Look                          `json:"look"`
	ShortLifetime   bool                                   `json:"short_lifetime" doc:"Below an hour: guests have to come back often."`
	Portals         int                                    `json:"portals" doc:"That use it, at all sites."`
	CreatedAt       time.Time                              `json:"created_at"`
	UpdatedAt       time.Time                              `json:"updated_at"`
}

func templateOf(t store.Template) Template {
	out := Template{
		ID: t.ID, Name: t.Name, LifetimeMinutes: int(t.Lifetime / time.Minute), Reauth: t.Reauth, Methods: t.Methods,
		ProfileID: t.ProfileID, Profiles: t.Profiles, Ask: t.Ask, RecogniseMAC: t.RecogniseMAC, MACAuth: t.MACAuth,
		GraceMinutes: int(t.GraceFor / time.Minute), SponsorDomains: list(t.SponsorDomains), SMSPrefixes: list(t.SMSPrefixes), Rules: list(t.Rules), Look: t.Look,
		ShortLifetime: t.Lifetime < identity.ShortLifetime, Portals: t.Portals, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt,
	}
	if out.Profiles == nil {
		out.Profiles = map[identity.Method]identity.ProfileID{}
	}
	if out.Ask == nil {
		out.Ask = map[identity.Field]bool{}
	}
	return out
}

// list makes nothing an empty list.
func list[T any](of []T) []T {
	if of == nil {
		return []T{}
	}
	return of
}

// TemplateChange is what may be said of a template.
type TemplateChange struct {
	Name            *string                                 `json:"name,omitempty" minLength:"1" maxLength:"200"`
	LifetimeMinutes *int                                    `json:"lifetime_minutes,omitempty" minimum:"5" maximum:"43200" doc:"240 by default."`
	Reauth          *identity.Reauth                        `json:"reauth,omitempty" enum:"continue,silent" doc:"What a recognised guest does when an authentication is over: a click (the default), or nothing."`
	Methods         *[]identity.Method                      `json:"methods,omitempty" maxItems:"7" doc:"visit, account, code, email, sms, form, sponsor."`
	ProfileID       *identity.ProfileID                     `json:"profile_id,omitempty" format:"uuid" doc:"Of accounts that are made here."`
	Profiles        *map[identity.Method]identity.ProfileID `json:"profiles,omitempty" doc:"Another for accounts that a method makes."`
	Ask             *map[identity.Field]bool                `json:"ask,omitempty" doc:"What the form asks for (first_name, last_name, email, phone, company), and whether it must be given."`
	RecogniseMAC    *bool                                   `json:"recognise_mac,omitempty" doc:"A device may come back by its MAC address alone, which can be forged. Off by default."`
	MACAuth         *bool                                   `json:"mac_auth,omitempty" doc:"Also without a portal, when the NAS asks RADIUS for it."`
	GraceMinutes    *int                                    `json:"grace_minutes,omitempty" minimum:"0" maximum:"30" doc:"How long who gave an e-mail address is let in to read the mail."`
	SponsorDomains  *[]string                               `json:"sponsor_domains,omitempty" maxItems:"50" doc:"Of whose addresses may be a sponsor's."`
	SMSPrefixes     *[]string                               `json:"sms_prefixes,omitempty" maxItems:"50" doc:"+49, +43; none: numbers of all countries."`
	Rules           *[]identity.AccessRule                  `json:"rules,omitempty" maxItems:"50" doc:"The first that applies decides; where none does guests are let in. from and to are minutes behind midnight, by the clock at the site; 0 is Sunday."`
	Look            *identity.Look                          `json:"look,omitempty"`
}

func (c TemplateChange) change() store.TemplateChange {
	change := store.TemplateChange{
		Name: c.Name, Reauth: c.Reauth, Methods: c.Methods, ProfileID: c.ProfileID, Profiles: c.Profiles, Ask: c.Ask,
		RecogniseMAC: c.RecogniseMAC, MACAuth: c.MACAuth, SponsorDomains: c.SponsorDomains, SMSPrefixes: c.SMSPrefixes, Rules: c.Rules, Look: c.Look,
	}
	if c.LifetimeMinutes != nil {
		change.Lifetime = new(time.Duration(*c.LifetimeMinutes) * time.Minute)
	}
	if c.GraceMinutes != nil {
		change.GraceFor = new(time.Duration(*c.GraceMinutes) * time.Minute)
	}
	return change
}

// newTemplate is what a template has of which nothing is said.
func newTemplate() identity.Template {
	return identity.Template{Lifetime: identity.DefaultLifetime, Reauth: identity.ReauthContinue}
}

type templateAnswer struct {
	Body Template
}

func answerTemplate(t store.Template, err error) (*templateAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &templateAnswer{templateOf(t)}, nil
}

type createTemplateInput struct {
	Body TemplateChange
}

func (s *Server) createTemplate(ctx context.Context, in *createTemplateInput) (*templateAnswer, error) {
	return answerTemplate(s.Store.CreateTemplate(ctx, s.caller(ctx), in.Body.change().Of(newTemplate())))
}

type listTemplatesAnswer struct {
	Body struct {
		Items []Template `json:"items"`
	}
}

func (s *Server) listTemplates(ctx context.Context, _ *struct{}) (*listTemplatesAnswer, error) {
	list, err := s.Store.Templates(ctx)
	if err != nil {
		return nil, err
	}
	a := &listTemplatesAnswer{}
	a.Body.Items = each(list, templateOf)
	return a, nil
}

func (s *Server) readTemplate(ctx context.Context, in *TemplatePath) (*templateAnswer, error) {
	return answerTemplate(s.Store.Template(ctx, in.Template))
}

type changeTemplateInput struct {
	TemplatePath
	Body TemplateChange
}

func (s *Server) changeTemplate(ctx context.Context, in *changeTemplateInput) (*templateAnswer, error) {
	return answerTemplate(s.Store.UpdateTemplate(ctx, s.caller(ctx), in.Template, in.Body.change()))
}

func (s *Server) deleteTemplate(ctx context.Context, in *TemplatePath) (*struct{}, error) {
	return nil, s.Store.DeleteTemplate(ctx, s.caller(ctx), in.Template)
}

// ConsentTexts are by language.
type ConsentTexts map[string]string

// Consent is a version of what guests agree to with one tick.
type Consent struct {
	Kind     identity.ConsentKind `json:"kind" enum:"terms,privacy,marketing"`
	Version  int                  `json:"version" doc:"0: there never was any."`
	Texts    ConsentTexts         `json:"texts" doc:"By language: en, de, fr, es, it, pl. None: there is nothing to agree to."`
	Required bool                 `json:"required" doc:"Whether nobody is let in who does not agree."`
	MadeAt   *time.Time           `json:"made_at,omitempty"`
	MadeBy   string               `json:"made_by,omitempty" doc:"user:…, token:…"`
}

func consentOf(c store.Consent) Consent {
	out := Consent{Kind: c.Kind, Version: c.Version, Texts: c.Texts, Required: c.Kind.Required(), MadeBy: c.MadeBy}
	if out.Texts == nil {
		out.Texts = ConsentTexts{}
	}
	if c.Version > 0 {
		out.MadeAt = &c.MadeAt
	}
	return out
}

// ConsentPath is embedded by every request about one of a template's texts.
type ConsentPath struct {
	TemplatePath
	Kind identity.ConsentKind `path:"kind" enum:"terms,privacy,marketing"`
}

type consentAnswer struct {
	Body Consent
}

func answerConsent(c store.Consent, err error) (*consentAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &consentAnswer{consentOf(c)}, nil
}

type listConsentsAnswer struct {
	Body struct {
		Items []Consent `json:"items"`
	}
}

func (s *Server) listConsents(ctx context.Context, in *TemplatePath) (*listConsentsAnswer, error) {
	list, err := s.Store.Consents(ctx, in.Template)
	if err != nil {
		return nil, err
	}
	a := &listConsentsAnswer{}
	a.Body.Items = each(list, consentOf)
	return a, nil
}

type readConsentInput struct {
	ConsentPath
	Version int `query:"version" minimum:"0" doc:"An older version; the newest when absent."`
}

func (s *Server) readConsent(ctx context.Context, in *readConsentInput) (*consentAnswer, error) {
	return answerConsent(s.Store.Consent(ctx, in.Template, in.Kind, in.Version))
}

type setConsentInput struct {
	ConsentPath
	Body struct {
		Texts ConsentTexts `json:"texts" doc:"By language: en, de, fr, es, it, pl; at most 10,000 characters each. None: guests are not asked any more."`
	}
}

func (s *Server) setConsent(ctx context.Context, in *setConsentInput) (*consentAnswer, error) {
	return answerConsent(s.Store.SetConsent(ctx, s.caller(ctx), in.Template, in.Kind, in.Body.Texts))
}
