package app

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/test/hotspot"
	"github.com/foyerhq/foyer/test/nas"
)

const demoPortal = "Demo portal"

// preparePortal gives the demo site a portal, with the template and profile it needs,
// unless somebody has made any already. Its gateway is simulated: hotspot.
func (u *up) preparePortal(ctx context.Context, s *store.Store) error {
	portals, err := s.Portals(ctx, store.Everything, u.state.SiteID)
	if err != nil || len(portals) > 0 {
		return err
	}
	template, err := demoTemplate(ctx, s)
	if err != nil {
		return err
	}
	nases, err := s.NASes(ctx, store.Everything, u.state.SiteID)
	if err != nil || len(nases) == 0 {
		return err
	}
	secret, err := newPassword()
	if err != nil {
		return err
	}
	portal, err := s.CreatePortal(ctx, operator, store.Portal{
		SiteID: u.state.SiteID, Name: demoPortal, Vendor: gate.CoovaChilli, NASID: nases[0].ID, Enabled: true,
		Settings: gate.Settings{Hosts: []string{local(u.ports.hotspot)}, Secret: secret},
	}, template)
	if err != nil {
		return err
	}
	u.state.PortalID, u.state.PortalSecret = portal.ID, secret
	return u.state.save()
}

// hotspot is the network in front of the demo's portal; nil without one.
func (u *up) hotspot(n *nas.NAS) (*hotspot.Hotspot, error) {
	if u.state.PortalID == "" {
		return nil, nil
	}
	return hotspot.New(hotspot.Config{
		Address: local(u.ports.hotspot), Portal: u.public().PublicURL + "/portal/" + string(u.state.PortalID), Secret: u.state.PortalSecret,
		SSID: demoSSID, NAS: n,
	})
}

// demoTemplate finds or makes a template: four hours a login, accounts for five days.
func demoTemplate(ctx context.Context, s *store.Store) (identity.TemplateID, error) {
	templates, err := s.Templates(ctx)
	if err != nil {
		return "", err
	}
	if len(templates) > 0 {
		return templates[0].ID, nil
	}
	profile, err := demoProfile(ctx, s)
	if err != nil {
		return "", err
	}
	template, err := s.CreateTemplate(ctx, operator, identity.Template{
		Name: "Guests", Lifetime: identity.DefaultLifetime, Reauth: identity.ReauthContinue, ProfileID: profile,
		Methods:  []identity.Method{identity.MethodVisit, identity.MethodAccount, identity.MethodEmail, identity.MethodForm},
		Ask:      map[identity.Field]bool{identity.FieldFirstName: false, identity.FieldLastName: true, identity.FieldEmail: true},
		GraceFor: 10 * time.Minute,
	})
	if err != nil {
		return "", err
	}
	_, err = s.SetConsent(ctx, operator, template.ID, identity.ConsentTerms, map[string]string{
		"en": "Use this network lawfully and considerately.", "de": "Nutzen Sie dieses Netz rechtmäßig und rücksichtsvoll.",
	})
	return template.ID, err
}

func demoProfile(ctx context.Context, s *store.Store) (identity.ProfileID, error) {
	profiles, err := s.Profiles(ctx)
	if err != nil {
		return "", err
	}
	if len(profiles) > 0 {
		return profiles[0].ID, nil
	}
	profile, err := s.CreateProfile(ctx, operator, identity.Profile{
		Name: "Five days", Validity: identity.Validity{Kind: identity.Days, Value: 5}, Devices: 3,
	})
	return profile.ID, err
}
