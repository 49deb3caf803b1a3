package api

import (
	"context"
	"net/url"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type portals interface {
	CreatePortal(ctx context.Context, by store.Caller, p store.Portal, template identity.TemplateID) (store.StaffPortal, error)
	Portals(ctx context.Context, scope store.Scope, site visit.SiteID) ([]store.StaffPortal, error)
	SitePortal(ctx context.Context, scope store.Scope, site visit.SiteID, id identity.PortalID) (store.StaffPortal, error)
	UpdatePortal(ctx context.Context, by store.Caller, site visit.SiteID, id identity.PortalID, change store.PortalChange) (store.StaffPortal, error)
	DeletePortal(ctx context.Context, by store.Caller, site visit.SiteID, id identity.PortalID) error
}

// PortalPath is embedded by every request about one portal.
type PortalPath struct {
	SitePath
	Portal identity.PortalID `path:"portal" format:"uuid"`
}

// PortalSettings are what a vendor's devices need; see portal-vendors.
type PortalSettings struct {
	Hosts       []string          `json:"hosts,omitempty" maxItems:"50" doc:"Devices that a browser may be sent to: names, addresses, or suffixes that begin with a dot."`
	Names       map[string]string `json:"names,omitempty" doc:"What this device calls parameters, where staff can set that there."`
	Controller  string            `json:"controller,omitempty" maxLength:"500" doc:"https://…, which the server asks."`
	Fingerprint string            `json:"fingerprint,omitempty" maxLength:"120" doc:"SHA-256 of the controller's certificate in hex, for one that no authority has signed."`
	Site        string            `json:"site,omitempty" maxLength:"64" doc:"The controller's name for the site."`
	Level       int               `json:"level,omitempty" minimum:"0" maximum:"4" doc:"openNDS: FAS security level."`
}

// PortalSecrets are written and never shown.
type PortalSecrets struct {
	Secret *string `json:"secret,omitempty" maxLength:"500" writeOnly:"true" doc:"Shared with the device: faskey, uamsecret, request password. Empty takes it away."`
	Key    *string `json:"key,omitempty" maxLength:"500" writeOnly:"true" doc:"Of the controller's API; to be given again with another controller."`
}

func (p PortalSettings) settings() gate.Settings {
	return gate.Settings{Hosts: p.Hosts, Names: p.Names, Controller: p.Controller, Fingerprint: p.Fingerprint, Site: p.Site, Level: p.Level}
}

// Portal is where a NAS sends browsers.
type Portal struct {
	ID           identity.PortalID   `json:"id"`
	SiteID       visit.SiteID        `json:"site_id"`
	Name         string              `json:"name"`
	Vendor       gate.Vendor         `json:"vendor"`
	TemplateID   identity.TemplateID `json:"template_id"`
	TemplateName string              `json:"template_name"`
	NASID        visit.NASID         `json:"nas_id,omitempty" doc:"That asks RADIUS for its guests; absent: any of the site."`
	ZoneID       roll.ZoneID         `json:"zone_id,omitempty" doc:"Whose roll codes it takes."`
	Enabled      bool                `json:"enabled"`
	Settings     PortalSettings      `json:"settings"`
	HasSecret    bool                `json:"has_secret"`
	HasKey       bool                `json:"has_key"`
	URL          string              `json:"url" doc:"Of its page: what the device is to redirect to."`
	CreatedAt    time.Time           `json:"created_at"`
	UpdatedAt    time.Time           `json:"updated_at"`
}

func (s *Server) portalURL(id identity.PortalID) string { return s.PublicURL + "/portal/" + string(id) }

func (s *Server) portalOf(p store.StaffPortal) Portal {
	return Portal{
		ID: p.ID, SiteID: p.SiteID, Name: p.Name, Vendor: p.Vendor, TemplateID: p.Template.ID, TemplateName: p.Template.Name,
		NASID: p.NASID, ZoneID: p.RollZone, Enabled: p.Enabled, HasSecret: p.HasSecret, HasKey: p.HasKey,
		Settings: PortalSettings{
			Hosts: p.Settings.Hosts, Names: p.Settings.Names, Controller: p.Settings.Controller,
			Fingerprint: p.Settings.Fingerprint, Site: p.Settings.Site, Level: p.Settings.Level,
		},
		URL: s.portalURL(p.ID), CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
}

type portalAnswer struct {
	Body Portal
}

func (s *Server) answerPortal(p store.StaffPortal, err error) (*portalAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &portalAnswer{s.portalOf(p)}, nil
}

type createPortalInput struct {
	SitePath
	Body struct {
		Name       string              `json:"name" minLength:"1" maxLength:"200"`
		Vendor     gate.Vendor         `json:"vendor" maxLength:"32" doc:"One of portal-vendors."`
		TemplateID identity.TemplateID `json:"template_id" format:"uuid"`
		NASID      visit.NASID         `json:"nas_id,omitempty" maxLength:"36"`
		ZoneID     roll.ZoneID         `json:"zone_id,omitempty" maxLength:"36"`
		Enabled    *bool               `json:"enabled,omitempty" doc:"true by default."`
		Settings   PortalSettings      `json:"settings,omitempty"`
		PortalSecrets
	}
}

func (s *Server) createPortal(ctx context.Context, in *createPortalInput) (*portalAnswer, error) {
	b := in.Body
	settings := b.Settings.settings()
	if b.Secret != nil {
		settings.Secret = *b.Secret
	}
	if b.Key != nil {
		settings.Key = *b.Key
	}
	return s.answerPortal(s.Store.CreatePortal(ctx, s.caller(ctx), store.Portal{
		SiteID: in.Site, Name: b.Name, Vendor: b.Vendor, NASID: b.NASID, RollZone: b.ZoneID, Enabled: b.Enabled == nil || *b.Enabled, Settings: settings,
	}, b.TemplateID))
}

type listPortalsAnswer struct {
	Body struct {
		Items []Portal `json:"items"`
	}
}

func (s *Server) listPortals(ctx context.Context, in *SitePath) (*listPortalsAnswer, error) {
	list, err := s.Store.Portals(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site)
	if err != nil {
		return nil, err
	}
	a := &listPortalsAnswer{}
	a.Body.Items = each(list, s.portalOf)
	return a, nil
}

func (s *Server) readPortal(ctx context.Context, in *PortalPath) (*portalAnswer, error) {
	return s.answerPortal(s.Store.SitePortal(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, in.Portal))
}

type changePortalInput struct {
	PortalPath
	Body struct {
		Name       *string              `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Vendor     *gate.Vendor         `json:"vendor,omitempty" maxLength:"32"`
		TemplateID *identity.TemplateID `json:"template_id,omitempty" format:"uuid"`
		NASID      *visit.NASID         `json:"nas_id,omitempty" maxLength:"36" doc:"Empty: any of the site."`
		ZoneID     *roll.ZoneID         `json:"zone_id,omitempty" maxLength:"36" doc:"Empty: none."`
		Enabled    *bool                `json:"enabled,omitempty"`
		Settings   *PortalSettings      `json:"settings,omitempty" doc:"Replaces all."`
		PortalSecrets
	}
}

func (s *Server) changePortal(ctx context.Context, in *changePortalInput) (*portalAnswer, error) {
	b := in.Body
	change := store.PortalChange{
		Name: b.Name, Vendor: b.Vendor, TemplateID: b.TemplateID, NASID: b.NASID, RollZone: b.ZoneID, Enabled: b.Enabled, Secret: b.Secret, Key: b.Key,
	}
	if b.Settings != nil {
		change.Settings = new(b.Settings.settings())
	}
	return s.answerPortal(s.Store.UpdatePortal(ctx, s.caller(ctx), in.Site, in.Portal, change))
}

func (s *Server) deletePortal(ctx context.Context, in *PortalPath) (*struct{}, error) {
	return nil, s.Store.DeletePortal(ctx, s.caller(ctx), in.Site, in.Portal)
}

// VendorCaps say what a vendor's devices can be told.
type VendorCaps struct {
	RADIUS     bool `json:"radius" doc:"The device asks RADIUS: the site's agents decide, and sessions are accounted."`
	TimeLimit  bool `json:"time_limit" doc:"The device is told for how long."`
	Revoke     bool `json:"revoke" doc:"Access can be ended at once; else at the device's next check."`
	ReliableIP bool `json:"reliable_ip"`
	Signed     bool `json:"signed" doc:"A secret keeps redirects from being made up."`
}

// Vendor is what portals can be for.
type Vendor struct {
	Vendor gate.Vendor `json:"vendor"`
	Needs  []string    `json:"needs" doc:"Settings without which its portal cannot work: hosts, secret, key, controller, site, level."`
	Caps   VendorCaps  `json:"caps"`
}

type listVendorsAnswer struct {
	Body struct {
		Items []Vendor `json:"items"`
	}
}

func (s *Server) listVendors(context.Context, *struct{}) (*listVendorsAnswer, error) {
	a := &listVendorsAnswer{}
	for _, name := range gate.Vendors() {
		adapter, _ := gate.Of(name)
		a.Body.Items = append(a.Body.Items, Vendor{Vendor: name, Needs: list(adapter.Needs()), Caps: VendorCaps(adapter.Caps())})
	}
	return a, nil
}

// PortalFile is one that staff put onto the device.
type PortalFile struct {
	Name string `json:"name" doc:"As the device wants it named."`
	Text string `json:"text"`
}

type setupPortalAnswer struct {
	Body struct {
		Vendor Vendor `json:"vendor"`
		URL    string `json:"url" doc:"What the device is to redirect to."`
		// Capport is empty where it could not tell who is online, or devices would not ask.
		Capport string       `json:"capport_url" doc:"The captive portal API (RFC 8908) that DHCP option 114 announces; empty: announce none."`
		Garden  []string     `json:"garden" doc:"What guests must reach before they are let in, as this vendor wants it written."`
		Files   []PortalFile `json:"files"`
	}
}

// setupPortal says what to set at the device.
func (s *Server) setupPortal(ctx context.Context, in *PortalPath) (*setupPortalAnswer, error) {
	p, err := s.Store.SitePortal(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, in.Portal)
	if err != nil {
		return nil, err
	}
	address, err := url.Parse(s.portalURL(p.ID))
	if err != nil {
		return nil, err
	}
	a := &setupPortalAnswer{}
	adapter, known := gate.Of(p.Vendor)
	if !known { // of a version that knew it
		return nil, visit.Invalid("vendor", "There is no such vendor.")
	}
	a.Body.Vendor = Vendor{Vendor: p.Vendor, Needs: list(adapter.Needs()), Caps: VendorCaps(adapter.Caps())}
	a.Body.URL, a.Body.Garden, a.Body.Files = address.String(), list(adapter.Garden(address.Host)), []PortalFile{}
	if adapter.Caps().RADIUS && address.Scheme == "https" {
		a.Body.Capport = address.JoinPath("capport").String()
	}
	if installer, ok := adapter.(gate.Installer); ok {
		pages, err := installer.Pages(address, p.SiteName)
		if err != nil {
			return nil, err
		}
		a.Body.Files = each(pages, func(f gate.Page) PortalFile { return PortalFile{f.Name, string(f.Text)} })
	}
	return a, nil
}
