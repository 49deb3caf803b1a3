package app

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/foyerhq/foyer/agent"
	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/api/hub"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// prepare makes what a fresh database lacks: the administrator, the token and
// the demo site with its NAS and agent. Each part is made once, also when an
// earlier start was cut off between two of them.
func (u *up) prepare(ctx context.Context) error {
	return withStore(ctx, u.program, u.database(), func(ctx context.Context, s *store.Store) error {
		if !u.state.Prepared {
			if err := u.prepareAccess(ctx, s); err != nil {
				return fmt.Errorf("administrator: %w", err)
			}
		}
		if u.NoDemo {
			return nil
		}
		if err := u.prepareSite(ctx, s); err != nil {
			return fmt.Errorf("demo site: %w", err)
		}
		if err := u.prepareAgent(ctx, s); err != nil {
			return fmt.Errorf("demo agent: %w", err)
		}
		if err := u.preparePortal(ctx, s); err != nil {
			return fmt.Errorf("demo portal: %w", err)
		}
		u.sim = newSimulator(u)
		return nil
	})
}

func (u *up) prepareAccess(ctx context.Context, s *store.Store) error {
	if _, err := s.UserByEmail(ctx, u.state.AdminEmail); visit.KindOf(err) == visit.KindNotFound {
		if err := createAdmin(ctx, s, u.state.AdminEmail, "Administrator", u.state.AdminPassword); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	token, ok := auth.ParseToken(u.state.Token, auth.APIToken)
	if !ok {
		return errors.New("the token in up.json is damaged")
	}
	if _, err := s.TokenByHash(ctx, token.Hash()); err != nil {
		if _, err := s.CreateToken(ctx, operator, store.NewToken{
			Name: "foyer up", Permissions: auth.EveryPermission().Names(), Scope: store.Everything, SecretHash: token.Hash(),
		}); err != nil {
			return err
		}
	}
	u.state.Prepared = true
	return u.state.save()
}

const (
	demoSite = "Demo House"
	demoSSID = "Demo Guests"
)

func (u *up) prepareSite(ctx context.Context, s *store.Store) error {
	if u.state.SiteID == "" {
		site, err := u.findOrCreateSite(ctx, s)
		if err != nil {
			return err
		}
		u.state.SiteID = site.ID
		if err := u.state.save(); err != nil {
			return err
		}
	}
	nases, err := s.NASes(ctx, store.Everything, u.state.SiteID)
	if err != nil || len(nases) > 0 {
		return err
	}
	_, err = s.CreateNAS(ctx, operator, visit.NAS{
		SiteID: u.state.SiteID, Name: "Simulated access point", Source: netip.MustParsePrefix("127.0.0.1/32"),
		Secret: u.state.RADIUSSecret, MessageAuthenticator: visit.RequireMessageAuthenticator, Driver: "radius",
		CoAPort: u.ports.das, InterimSeconds: 60,
	})
	return err
}

func (u *up) findOrCreateSite(ctx context.Context, s *store.Store) (visit.Site, error) {
	sites, err := s.Sites(ctx, store.Everything)
	if err != nil {
		return visit.Site{}, err
	}
	for _, site := range sites {
		if site.Name == demoSite {
			return site, nil
		}
	}
	return s.CreateSite(ctx, operator, visit.Site{
		Name: demoSite, Timezone: "Europe/Berlin", Address: "1 Example Street",
		Networks: []visit.Network{{SSID: demoSSID, Kind: visit.OpenPortal, PortalURL: u.api().PublicURL}},
	})
}

// prepareAgent gives the agent a token unless it has a certificate already.
func (u *up) prepareAgent(ctx context.Context, s *store.Store) error {
	enrolled, err := agent.Enrolled(filepath.Join(u.Dir, "agent"))
	if err != nil || enrolled {
		return err
	}
	agent, secret, err := s.CreateAgent(ctx, operator, u.state.SiteID, "demo agent "+time.Now().UTC().Format(time.DateTime))
	if err != nil {
		return err
	}
	authority, err := hub.OpenAuthority(ctx, s, nil, time.Now)
	if err != nil {
		return err
	}
	u.log.Info("demo agent made", "agent_id", agent.ID)
	u.state.enrolment, err = api.EnrolmentToken(u.agentURL(), authority.SPKI(), secret)
	return err
}
