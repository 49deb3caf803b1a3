package api

import (
	"context"
	"net/netip"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type nases interface {
	CreateNAS(ctx context.Context, by store.Caller, nas visit.NAS) (visit.NAS, error)
	NASes(ctx context.Context, scope store.Scope, site visit.SiteID) ([]visit.NAS, error)
	NAS(ctx context.Context, scope store.Scope, site visit.SiteID, id visit.NASID) (visit.NAS, error)
	UpdateNAS(ctx context.Context, by store.Caller, site visit.SiteID, id visit.NASID, change store.NASChange) (visit.NAS, error)
	DeleteNAS(ctx context.Context, by store.Caller, site visit.SiteID, id visit.NASID) error
	RefusedLogins(ctx context.Context, scope store.Scope, site visit.SiteID, filter store.RefusedFilter) (store.RefusedPage, error)
}

// NAS is an access point, controller or firewall, without its secret.
type NAS struct {
	ID                    visit.NASID                      `json:"id"`
	SiteID                visit.SiteID                     `json:"site_id"`
	Name                  string                           `json:"name"`
	Source                string                           `json:"source" doc:"The network its requests come from; the most specific one wins."`
	MessageAuthenticator  visit.MessageAuthenticatorPolicy `json:"message_authenticator" enum:"require,auto,allow_none"`
	Driver                string                           `json:"driver"`
	CoAAddress            string                           `json:"coa_address,omitempty" doc:"Where Disconnect-Requests go; absent: where its requests come from."`
	CoAPort               int                              `json:"coa_port"`
	MaxSessionSeconds     *int                             `json:"max_session_seconds,omitempty" doc:"Operator's choice; 0 no limit; absent: 900 until a disconnect was confirmed once, then no limit."`
	SessionSeconds        int                              `json:"session_seconds" doc:"The limit in force; 0 none."`
	InterimSeconds        int                              `json:"interim_seconds"`
	DisconnectConfirmedAt *time.Time                       `json:"disconnect_confirmed_at,omitempty"`
	AccountingSeenAt      *time.Time                       `json:"accounting_seen_at,omitempty"`
	CreatedAt             time.Time                        `json:"created_at"`
	UpdatedAt             time.Time                        `json:"updated_at"`
}

func nasOf(n visit.NAS) NAS {
	return NAS{
		ID: n.ID, SiteID: n.SiteID, Name: n.Name, Source: n.Source.String(), MessageAuthenticator: n.MessageAuthenticator,
		Driver: n.Driver, CoAAddress: n.CoAAddress, CoAPort: n.CoAPort, MaxSessionSeconds: n.MaxSessionSeconds,
		SessionSeconds: n.SessionSeconds(), InterimSeconds: n.InterimSeconds, DisconnectConfirmedAt: n.DisconnectConfirmedAt,
		AccountingSeenAt: n.AccountingSeenAt, CreatedAt: n.CreatedAt, UpdatedAt: n.UpdatedAt,
	}
}

type nasAnswer struct {
	Body NAS
}

type createNASInput struct {
	SitePath
	Body struct {
		Name                 string                           `json:"name" minLength:"1" maxLength:"200"`
		Source               string                           `json:"source" maxLength:"64" example:"10.1.0.0/24" doc:"An address or a network."`
		Secret               string                           `json:"secret" minLength:"8" maxLength:"128" writeOnly:"true"`
		MessageAuthenticator visit.MessageAuthenticatorPolicy `json:"message_authenticator,omitempty" enum:"require,auto,allow_none" default:"require"`
		Driver               string                           `json:"driver,omitempty" enum:"radius" default:"radius"`
		CoAAddress           string                           `json:"coa_address,omitempty" maxLength:"64"`
		CoAPort              int                              `json:"coa_port,omitempty" minimum:"1" maximum:"65535" default:"3799"`
		MaxSessionSeconds    *int                             `json:"max_session_seconds,omitempty" minimum:"0" maximum:"31536000"`
		InterimSeconds       int                              `json:"interim_seconds,omitempty" minimum:"60" maximum:"86400" default:"300"`
	}
}

func (s *Server) createNAS(ctx context.Context, in *createNASInput) (*nasAnswer, error) {
	b := in.Body
	source, err := sourceOf(b.Source)
	if err != nil {
		return nil, err
	}
	if err := checkCoAAddress(b.CoAAddress); err != nil {
		return nil, err
	}
	nas, err := s.Store.CreateNAS(ctx, s.caller(ctx), visit.NAS{
		SiteID: in.Site, Name: b.Name, Source: source, Secret: b.Secret, MessageAuthenticator: b.MessageAuthenticator,
		Driver: b.Driver, CoAAddress: b.CoAAddress, CoAPort: b.CoAPort, MaxSessionSeconds: b.MaxSessionSeconds, InterimSeconds: b.InterimSeconds,
	})
	if err != nil {
		return nil, err
	}
	return &nasAnswer{nasOf(nas)}, nil
}

// sourceOf reads an address or a network.
func sourceOf(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		return netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return prefix, visit.Invalid("source", "This is not an address or a network such as 10.1.0.0/24.")
	}
	return prefix, nil
}

func checkCoAAddress(text string) error {
	if _, err := netip.ParseAddr(text); text != "" && err != nil {
		return visit.Invalid("coa_address", "This is not an address.")
	}
	return nil
}

type listNASesAnswer struct {
	Body struct {
		Items []NAS `json:"items"`
	}
}

func (s *Server) listNASes(ctx context.Context, in *SitePath) (*listNASesAnswer, error) {
	list, err := s.Store.NASes(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site)
	if err != nil {
		return nil, err
	}
	a := &listNASesAnswer{}
	a.Body.Items = each(list, nasOf)
	return a, nil
}

// NASPath is embedded by every request about one NAS.
type NASPath struct {
	SitePath
	NAS visit.NASID `path:"nas" format:"uuid"`
}

func (s *Server) readNAS(ctx context.Context, in *NASPath) (*nasAnswer, error) {
	nas, err := s.Store.NAS(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, in.NAS)
	if err != nil {
		return nil, err
	}
	return &nasAnswer{nasOf(nas)}, nil
}

type changeNASInput struct {
	NASPath
	Body struct {
		Name                 *string                           `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Source               *string                           `json:"source,omitempty" maxLength:"64"`
		Secret               *string                           `json:"secret,omitempty" minLength:"8" maxLength:"128" writeOnly:"true"`
		MessageAuthenticator *visit.MessageAuthenticatorPolicy `json:"message_authenticator,omitempty" enum:"require,auto,allow_none"`
		CoAAddress           *string                           `json:"coa_address,omitempty" maxLength:"64"`
		CoAPort              *int                              `json:"coa_port,omitempty" minimum:"1" maximum:"65535"`
		MaxSessionSeconds    *int                              `json:"max_session_seconds,omitempty" minimum:"-1" maximum:"31536000" doc:"-1: back to what experience with this NAS says."`
		InterimSeconds       *int                              `json:"interim_seconds,omitempty" minimum:"60" maximum:"86400"`
	}
}

func (s *Server) changeNAS(ctx context.Context, in *changeNASInput) (*nasAnswer, error) {
	b := in.Body
	change := store.NASChange{
		Name: b.Name, Secret: b.Secret, MessageAuthenticator: b.MessageAuthenticator,
		CoAAddress: b.CoAAddress, CoAPort: b.CoAPort, InterimSeconds: b.InterimSeconds,
	}
	if b.Source != nil {
		source, err := sourceOf(*b.Source)
		if err != nil {
			return nil, err
		}
		change.Source = &source
	}
	if b.CoAAddress != nil {
		if err := checkCoAAddress(*b.CoAAddress); err != nil {
			return nil, err
		}
	}
	if limit := b.MaxSessionSeconds; limit != nil {
		if *limit < 0 {
			limit = nil
		}
		change.MaxSessionSeconds = &limit
	}
	nas, err := s.Store.UpdateNAS(ctx, s.caller(ctx), in.Site, in.NAS, change)
	if err != nil {
		return nil, err
	}
	return &nasAnswer{nasOf(nas)}, nil
}

func (s *Server) deleteNAS(ctx context.Context, in *NASPath) (*struct{}, error) {
	return nil, s.Store.DeleteNAS(ctx, s.caller(ctx), in.Site, in.NAS)
}

// RefusedLogin is a login that got no Accept, and why.
type RefusedLogin struct {
	ID       string        `json:"id"`
	NASID    visit.NASID   `json:"nas_id,omitempty"`
	NASName  string        `json:"nas_name,omitempty"`
	VisitID  visit.VisitID `json:"visit_id,omitempty"`
	Reason   string        `json:"reason"`
	Username string        `json:"username,omitempty"`
	MAC      string        `json:"mac,omitempty"`
	Method   string        `json:"method,omitempty"`
	Count    int           `json:"count" doc:"How often within a minute."`
	At       time.Time     `json:"at"`
}

type listRefusedInput struct {
	SitePath
	PageInput
	Reason string      `query:"reason" maxLength:"64" doc:"Only these, such as no_message_authenticator."`
	NAS    visit.NASID `query:"nas_id" format:"uuid"`
	Since  time.Time   `query:"since" doc:"Not what was refused before."`
}

type listRefusedAnswer struct {
	Body struct {
		Items []RefusedLogin `json:"items"`
		Next  string         `json:"next,omitempty"`
	}
}

func (s *Server) listRefused(ctx context.Context, in *listRefusedInput) (*listRefusedAnswer, error) {
	filter := store.RefusedFilter{Reason: in.Reason, NASID: in.NAS, Page: in.page()}
	if !in.Since.IsZero() {
		filter.Since = &in.Since
	}
	page, err := s.Store.RefusedLogins(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, filter)
	if err != nil {
		return nil, err
	}
	a := &listRefusedAnswer{}
	a.Body.Next = page.Next
	a.Body.Items = each(page.Items, func(x store.RefusedLogin) RefusedLogin {
		return RefusedLogin{
			ID: x.ID, NASID: x.NASID, NASName: x.NASName, VisitID: x.VisitID, Reason: x.Reason,
			Username: x.Username, MAC: x.MAC, Method: x.Method, Count: x.Count, At: x.At,
		}
	})
	return a, nil
}
