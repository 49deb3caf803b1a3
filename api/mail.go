package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type mails interface {
	MailSettings(ctx context.Context, scope store.Scope, site visit.SiteID) (visit.MailSettings, error)
	SetMailSettings(ctx context.Context, by store.Caller, site visit.SiteID, settings visit.MailSettings) (visit.MailSettings, error)
	MailDeliveries(ctx context.Context, scope store.Scope, site visit.SiteID, filter store.DeliveryFilter) (store.DeliveryPage, error)
	AskTestMail(ctx context.Context, by store.Caller, site visit.SiteID, user string) error
	AskCredentialsMail(ctx context.Context, by store.Caller, id visit.VisitID) (store.MailAsked, error)
}

// MailSettings are what a site says in its mail, and to whom of its staff.
type MailSettings struct {
	SenderName         string                  `json:"sender_name,omitempty" maxLength:"200" doc:"Shown as the sender; the site's name when absent."`
	ReplyTo            string                  `json:"reply_to,omitempty" maxLength:"254" doc:"Where answers go."`
	Language           string                  `json:"language,omitempty" maxLength:"8" example:"de" doc:"Of the mails: en or de; en when absent."`
	Kinds              map[visit.MailKind]bool `json:"kinds,omitempty" doc:"Kinds switched on or off. What is absent is on, but credentials."`
	Operators          []string                `json:"operators,omitempty" maxItems:"20" doc:"Who is told of trouble at the site."`
	LeavingSoonMinutes int                     `json:"leaving_soon_minutes,omitempty" minimum:"0" maximum:"240" doc:"How long before the departure visitor and host are told; 15 when absent."`
	ExtendMinutes      int                     `json:"extend_minutes,omitempty" minimum:"0" maximum:"480" doc:"What their extend button adds; 30 when absent."`
}

type mailAnswer struct {
	Body MailSettings
}

// mailAnswerOf fills in what is in force, so that a screen shows every switch.
func mailAnswerOf(m visit.MailSettings) *mailAnswer {
	kinds := make(map[visit.MailKind]bool, len(visit.MailKinds()))
	for _, kind := range visit.MailKinds() {
		kinds[kind] = m.On(kind)
	}
	language := m.Language
	if language == "" {
		language = catalogue.Fallback
	}
	return &mailAnswer{MailSettings{
		SenderName: m.SenderName, ReplyTo: m.ReplyTo, Language: language, Kinds: kinds, Operators: m.Operators,
		LeavingSoonMinutes: int(m.LeadFor() / time.Minute), ExtendMinutes: int(m.ExtensionFor() / time.Minute),
	}}
}

func (s *Server) readMail(ctx context.Context, in *SitePath) (*mailAnswer, error) {
	settings, err := s.Store.MailSettings(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site)
	if err != nil {
		return nil, err
	}
	return mailAnswerOf(settings), nil
}

type setMailInput struct {
	SitePath
	Body MailSettings
}

// setMail replaces the settings: what is absent is the default again.
func (s *Server) setMail(ctx context.Context, in *setMailInput) (*mailAnswer, error) {
	b := in.Body
	if b.Language != "" && !catalogue.Known(b.Language) {
		return nil, visit.Invalid("language", "There are %s.", strings.Join(catalogue.Languages(), ", "))
	}
	settings, err := s.Store.SetMailSettings(ctx, s.caller(ctx), in.Site, visit.MailSettings{
		SenderName: b.SenderName, ReplyTo: b.ReplyTo, Language: b.Language, Kinds: b.Kinds, Operators: slices.Clone(b.Operators),
		LeavingSoonFor: time.Duration(b.LeavingSoonMinutes) * time.Minute, ExtendFor: time.Duration(b.ExtendMinutes) * time.Minute,
	})
	if err != nil {
		return nil, err
	}
	return mailAnswerOf(settings), nil
}

type mailVoucherAnswer struct {
	Body struct {
		Visit      Visit            `json:"visit"`
		DeliveryID visit.DeliveryID `json:"delivery_id" doc:"The mail among the visit's deliveries."`
	}
}

// mailVoucher has the credentials mailed to the visitor. It answers before they
// are: the visit's deliveries tell.
func (s *Server) mailVoucher(ctx context.Context, in *visitAction) (*mailVoucherAnswer, error) {
	asked, err := s.Store.AskCredentialsMail(ctx, s.keyed(ctx, in.Key, 200, "voucher-mail", in.ID), in.ID)
	if err != nil {
		return nil, err
	}
	a := &mailVoucherAnswer{}
	a.Body.Visit, a.Body.DeliveryID = visitOf(asked.Visit), asked.Delivery
	return a, nil
}
