package api

import (
	"context"
	"net/netip"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type offlineLists interface {
	OfflineList(ctx context.Context, scope store.Scope, site visit.SiteID) (visit.OfflineList, error)
	SetOfflineList(ctx context.Context, by store.Caller, site visit.SiteID, list visit.OfflineList, pinHash string) (visit.OfflineList, error)
}

// OfflineList is how a site's agents show who is in the building.
type OfflineList struct {
	Enabled   bool           `json:"enabled"`
	Networks  []string       `json:"networks" doc:"Who may open it; to others the agent does not answer at all."`
	Listen    string         `json:"listen" doc:"Where agents serve it, by HTTPS: an address of theirs, or none for all of them, and a port."`
	PINSet    bool           `json:"pin_set"`
	UpdatedAt *time.Time     `json:"updated_at,omitempty"`
	Agents    []OfflineAgent `json:"agents" doc:"The site's agents, and where each of them serves the list."`
}

// OfflineAgent is where one agent serves the list.
type OfflineAgent struct {
	AgentID     visit.AgentID `json:"agent_id"`
	Name        string        `json:"name"`
	Address     string        `json:"address,omitempty" doc:"Host and port to open by HTTPS; absent: it is not served there."`
	Fingerprint string        `json:"fingerprint,omitempty" doc:"SHA-256 of the certificate that a browser is shown there; note it where it is found without Foyer."`
	Error       string        `json:"error,omitempty" doc:"Why it is not served: address_in_use, no_such_address, not_permitted, failed."`
}

func offlineAgentOf(a store.Agent) OfflineAgent {
	out := OfflineAgent{AgentID: a.ID, Name: a.Name}
	if a.Stats != nil && a.Stats.Presence != nil {
		p := a.Stats.Presence
		out.Address, out.Fingerprint, out.Error = p.Address, p.Fingerprint, p.Error
	}
	return out
}

type offlineAnswer struct {
	Body OfflineList
}

func (s *Server) offlineAnswer(ctx context.Context, site visit.SiteID, list visit.OfflineList) (*offlineAnswer, error) {
	agents, err := s.Store.Agents(ctx, scopeOf(auth.PrincipalOf(ctx)), site)
	if err != nil {
		return nil, err
	}
	return &offlineAnswer{OfflineList{
		Enabled: list.Enabled, Networks: each(list.Networks, netip.Prefix.String), Listen: list.Listen, PINSet: list.PINSet,
		UpdatedAt: list.UpdatedAt, Agents: each(agents, offlineAgentOf),
	}}, nil
}

func (s *Server) readOffline(ctx context.Context, in *SitePath) (*offlineAnswer, error) {
	list, err := s.Store.OfflineList(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site)
	if err != nil {
		return nil, err
	}
	return s.offlineAnswer(ctx, in.Site, list)
}

type setOfflineInput struct {
	SitePath
	Body struct {
		Enabled  bool     `json:"enabled"`
		Networks []string `json:"networks,omitempty" maxItems:"32" example:"[\"10.1.0.0/24\"]" doc:"Management networks or addresses."`
		Listen   string   `json:"listen,omitempty" maxLength:"64" default:":8444"`
		PIN      string   `json:"pin,omitempty" maxLength:"32" writeOnly:"true" doc:"8 to 32 digits; absent: the one there is stays."`
	}
}

// setOffline replaces the settings but for a PIN that is not given.
func (s *Server) setOffline(ctx context.Context, in *setOfflineInput) (*offlineAnswer, error) {
	networks, err := networksOf(in.Body.Networks)
	if err != nil {
		return nil, err
	}
	if _, err := s.Store.Site(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site); err != nil {
		return nil, err // before a hash is computed for nothing
	}
	hash := ""
	if in.Body.PIN != "" {
		if hash, err = s.Passwords.HashPIN(ctx, in.Body.PIN); err != nil {
			return nil, err
		}
	}
	list := visit.OfflineList{Enabled: in.Body.Enabled, Networks: networks, Listen: in.Body.Listen}
	list, err = s.Store.SetOfflineList(ctx, s.caller(ctx), in.Site, list, hash)
	if err != nil {
		return nil, err
	}
	return s.offlineAnswer(ctx, in.Site, list)
}

func networksOf(texts []string) ([]netip.Prefix, error) {
	networks := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		network, err := sourceOf(text)
		if err != nil {
			return nil, visit.Invalid("networks", "These are not networks such as 10.1.0.0/24.")
		}
		networks = append(networks, network)
	}
	return networks, nil
}
