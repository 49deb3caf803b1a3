package api

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type sites interface {
	CreateSite(ctx context.Context, by store.Caller, site visit.Site) (visit.Site, error)
	Sites(ctx context.Context, scope store.Scope) ([]visit.Site, error)
	Site(ctx context.Context, scope store.Scope, id visit.SiteID) (visit.Site, error)
	Networks(ctx context.Context, scope store.Scope, id visit.SiteID) ([]visit.Network, error)
	UpdateSite(ctx context.Context, by store.Caller, id visit.SiteID, change store.SiteChange) (visit.Site, error)
	ArchiveSite(ctx context.Context, by store.Caller, id visit.SiteID) (visit.Site, error)
}

// NetworkSetting is one WiFi network of a site. The passphrase is written, never read.
type NetworkSetting struct {
	SSID      string            `json:"ssid" minLength:"1" maxLength:"32"`
	Kind      visit.NetworkKind `json:"kind" enum:"open_portal,wpa_psk,wpa_eap"`
	PortalURL string            `json:"portal_url,omitempty" maxLength:"500"`
	PSK       string            `json:"psk,omitempty" maxLength:"63" writeOnly:"true" doc:"Absent in a change: the one this SSID had."`
	Hidden    bool              `json:"hidden,omitempty"`
}

func networkOf(n visit.Network) NetworkSetting {
	return NetworkSetting{SSID: n.SSID, Kind: n.Kind, PortalURL: n.PortalURL, Hidden: n.Hidden}
}

func networkFrom(n NetworkSetting) visit.Network {
	return visit.Network{SSID: n.SSID, Kind: n.Kind, PortalURL: n.PortalURL, PSK: n.PSK, Hidden: n.Hidden}
}

// Site is a site as staff see it. Spans are whole seconds; absent ones are the
// defaults.
type Site struct {
	ID                 visit.SiteID     `json:"id"`
	Name               string           `json:"name"`
	Timezone           string           `json:"timezone"`
	Address            string           `json:"address,omitempty"`
	Networks           []NetworkSetting `json:"networks"`
	DefaultStaySeconds int              `json:"default_stay_seconds"`
	MaxStaySeconds     int              `json:"max_stay_seconds"`
	TerminationSeconds int              `json:"termination_seconds" doc:"How long ending a session is retried."`
	DeviceLimit        int              `json:"device_limit" doc:"Devices per voucher at a time; 0 no limit."`
	WalkIns            bool             `json:"walk_ins" doc:"Visitors may register themselves at its kiosks, where the kiosk allows it too."`
	ArchivedAt         *time.Time       `json:"archived_at,omitempty"`
	CreatedAt          time.Time        `json:"created_at"`
	UpdatedAt          time.Time        `json:"updated_at"`
}

func siteOf(x visit.Site) Site {
	return Site{
		ID: x.ID, Name: x.Name, Timezone: x.Timezone, Address: x.Address, Networks: each(x.Networks, networkOf),
		DefaultStaySeconds: seconds(x.DefaultStayFor()), MaxStaySeconds: seconds(x.MaxStayFor()),
		TerminationSeconds: seconds(x.TerminateFor()), DeviceLimit: x.DeviceLimit, WalkIns: !x.NoWalkIns,
		ArchivedAt: x.ArchivedAt, CreatedAt: x.CreatedAt, UpdatedAt: x.UpdatedAt,
	}
}

func seconds(d time.Duration) int { return int(d / time.Second) }

type siteAnswer struct {
	Body Site
}

type createSiteInput struct {
	Body struct {
		Name               string           `json:"name" minLength:"1" maxLength:"200"`
		Timezone           string           `json:"timezone" maxLength:"64" example:"Europe/Berlin" doc:"IANA name, such as Europe/Berlin."`
		Address            string           `json:"address,omitempty" maxLength:"500"`
		Networks           []NetworkSetting `json:"networks,omitempty" maxItems:"16"`
		DefaultStaySeconds int              `json:"default_stay_seconds,omitempty" minimum:"0" maximum:"31536000"`
		MaxStaySeconds     int              `json:"max_stay_seconds,omitempty" minimum:"0" maximum:"31536000"`
		TerminationSeconds int              `json:"termination_seconds,omitempty" minimum:"0" maximum:"2592000"`
		DeviceLimit        int              `json:"device_limit,omitempty" minimum:"0" maximum:"100"`
		WalkIns            *bool            `json:"walk_ins,omitempty" doc:"Yes when absent."`
	}
}

func (s *Server) createSite(ctx context.Context, in *createSiteInput) (*siteAnswer, error) {
	if !auth.PrincipalOf(ctx).Sites.All {
		return nil, errForbidden // they would not see what they made
	}
	b := in.Body
	site, err := s.Store.CreateSite(ctx, s.caller(ctx), visit.Site{
		Name: b.Name, Timezone: b.Timezone, Address: b.Address, Networks: each(b.Networks, networkFrom),
		DefaultStay: span(b.DefaultStaySeconds), MaxStay: span(b.MaxStaySeconds),
		TerminationFor: span(b.TerminationSeconds), DeviceLimit: b.DeviceLimit,
		NoWalkIns: b.WalkIns != nil && !*b.WalkIns,
	})
	if err != nil {
		return nil, err
	}
	return &siteAnswer{siteOf(site)}, nil
}

func span(seconds int) time.Duration { return time.Duration(seconds) * time.Second }

type listSitesAnswer struct {
	Body struct {
		Items []Site `json:"items"`
	}
}

func (s *Server) listSites(ctx context.Context, _ *struct{}) (*listSitesAnswer, error) {
	list, err := s.Store.Sites(ctx, scopeOf(auth.PrincipalOf(ctx)))
	if err != nil {
		return nil, err
	}
	a := &listSitesAnswer{}
	a.Body.Items = each(list, siteOf)
	return a, nil
}

func (s *Server) readSite(ctx context.Context, in *SitePath) (*siteAnswer, error) {
	site, err := s.Store.Site(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site)
	if err != nil {
		return nil, err
	}
	return &siteAnswer{siteOf(site)}, nil
}

type changeSiteInput struct {
	SitePath
	Body struct {
		Name               *string           `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Timezone           *string           `json:"timezone,omitempty" maxLength:"64"`
		Address            *string           `json:"address,omitempty" maxLength:"500"`
		Networks           *[]NetworkSetting `json:"networks,omitempty" maxItems:"16"`
		DefaultStaySeconds *int              `json:"default_stay_seconds,omitempty" minimum:"0" maximum:"31536000" doc:"0: back to the default."`
		MaxStaySeconds     *int              `json:"max_stay_seconds,omitempty" minimum:"0" maximum:"31536000"`
		TerminationSeconds *int              `json:"termination_seconds,omitempty" minimum:"0" maximum:"2592000"`
		DeviceLimit        *int              `json:"device_limit,omitempty" minimum:"0" maximum:"100"`
		WalkIns            *bool             `json:"walk_ins,omitempty" doc:"Whether visitors may register themselves at kiosks."`
	}
}

func (s *Server) changeSite(ctx context.Context, in *changeSiteInput) (*siteAnswer, error) {
	b := in.Body
	change := store.SiteChange{
		Name: b.Name, Timezone: b.Timezone, Address: b.Address, DeviceLimit: b.DeviceLimit,
		DefaultStay: spanOf(b.DefaultStaySeconds), MaxStay: spanOf(b.MaxStaySeconds), TerminationFor: spanOf(b.TerminationSeconds),
	}
	if b.WalkIns != nil {
		change.NoWalkIns = new(!*b.WalkIns)
	}
	if b.Networks != nil {
		change.Networks = new(each(*b.Networks, networkFrom))
	}
	site, err := s.Store.UpdateSite(ctx, s.caller(ctx), in.Site, change)
	if err != nil {
		return nil, err
	}
	return &siteAnswer{siteOf(site)}, nil
}

func spanOf(seconds *int) *time.Duration {
	if seconds == nil {
		return nil
	}
	return new(span(*seconds))
}

func (s *Server) archiveSite(ctx context.Context, in *SitePath) (*siteAnswer, error) {
	site, err := s.Store.ArchiveSite(ctx, s.caller(ctx), in.Site)
	if err != nil {
		return nil, err
	}
	return &siteAnswer{siteOf(site)}, nil
}
