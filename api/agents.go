package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

type agents interface {
	CreateAgent(ctx context.Context, by store.Caller, site visit.SiteID, name string) (store.Agent, []byte, error)
	Agents(ctx context.Context, scope store.Scope, site visit.SiteID) ([]store.Agent, error)
	WithdrawAgent(ctx context.Context, by store.Caller, site visit.SiteID, id visit.AgentID) error
	ReleaseQuarantine(ctx context.Context, by store.Caller, site visit.SiteID, id visit.AgentID) error
}

// Agent is our process on a site's LAN.
type Agent struct {
	ID         visit.AgentID `json:"id"`
	SiteID     visit.SiteID  `json:"site_id"`
	Name       string        `json:"name"`
	State      string        `json:"state" enum:"new,connected,suspect,offline,quarantined"`
	Since      *time.Time    `json:"since,omitempty" doc:"When the state began."`
	Version    string        `json:"version,omitempty"`
	Revision   int64         `json:"revision" doc:"Of the site's ledger, as far as the agent acknowledged it."`
	Lag        int64         `json:"lag" doc:"Changes of the site that it has not acknowledged yet."`
	EnrolledAt *time.Time    `json:"enrolled_at,omitempty"`
	LastSeenAt *time.Time    `json:"last_seen_at,omitempty"`
	Stats      *wire.Stats   `json:"stats,omitempty" doc:"What it last said of itself."`
	CreatedAt  time.Time     `json:"created_at"`

	CertificateNotAfter *time.Time `json:"certificate_not_after,omitempty" doc:"End of its certificate, which it renews at two thirds of 30 days; without one it is not let in."`
}

func agentOf(x store.Agent) Agent {
	a := Agent{
		ID: x.ID, SiteID: x.SiteID, Name: x.Name, Version: x.Version, Revision: x.AckedRevision,
		Lag: max(0, x.SiteRevision-x.AckedRevision), EnrolledAt: x.EnrolledAt, LastSeenAt: x.LastSeenAt,
		Stats: x.Stats, CreatedAt: x.CreatedAt, CertificateNotAfter: x.CertificateNotAfter,
	}
	switch {
	case x.QuarantinedAt != nil:
		a.State, a.Since = "quarantined", x.QuarantinedAt
	case x.Hub != "" && x.SuspectSince != nil:
		a.State, a.Since = "suspect", x.SuspectSince
	case x.Hub != "":
		a.State, a.Since = "connected", x.ConnectedAt
	case x.EnrolledAt == nil:
		a.State, a.Since = "new", &x.CreatedAt
	default:
		a.State, a.Since = "offline", x.DisconnectedAt
	}
	return a
}

type createAgentInput struct {
	SitePath
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"200"`
	}
}

type createAgentAnswer struct {
	Body struct {
		ID             visit.AgentID `json:"id"`
		EnrolmentToken string        `json:"enrolment_token" doc:"Good for one hour. It is shown here only."`
		ExpiresAt      *time.Time    `json:"expires_at"`
	}
}

// createAgent answers with the token that the agent enrols with: where the hub
// is, by which key to know it, and a secret.
func (s *Server) createAgent(ctx context.Context, in *createAgentInput) (*createAgentAnswer, error) {
	agent, secret, err := s.Store.CreateAgent(ctx, s.caller(ctx), in.Site, in.Body.Name)
	if err != nil {
		return nil, err
	}
	token, err := EnrolmentToken(s.AgentURL, s.AgentPin, secret)
	if err != nil {
		return nil, err
	}
	a := &createAgentAnswer{}
	a.Body.ID, a.Body.EnrolmentToken, a.Body.ExpiresAt = agent.ID, token, agent.EnrolmentExpiresAt
	return a, nil
}

// EnrolmentToken is base64url of {url, spki, secret}: what an agent must be
// given to enrol.
func EnrolmentToken(url string, pin, secret []byte) (string, error) {
	body, err := json.Marshal(map[string]string{
		"url": url, "spki": base64.StdEncoding.EncodeToString(pin), "secret": base64.RawURLEncoding.EncodeToString(secret),
	})
	return base64.RawURLEncoding.EncodeToString(body), err
}

type listAgentsAnswer struct {
	Body struct {
		Items []Agent `json:"items"`
	}
}

func (s *Server) listAgents(ctx context.Context, in *SitePath) (*listAgentsAnswer, error) {
	list, err := s.Store.Agents(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site)
	if err != nil {
		return nil, err
	}
	a := &listAgentsAnswer{}
	a.Body.Items = each(list, agentOf)
	return a, nil
}

// AgentPath is a request about one agent.
type AgentPath struct {
	SitePath
	Agent visit.AgentID `path:"agent" format:"uuid"`
}

func (s *Server) withdrawAgent(ctx context.Context, in *AgentPath) (*struct{}, error) {
	return nil, s.Store.WithdrawAgent(ctx, s.caller(ctx), in.Site, in.Agent)
}

func (s *Server) releaseAgent(ctx context.Context, in *AgentPath) (*struct{}, error) {
	return nil, s.Store.ReleaseQuarantine(ctx, s.caller(ctx), in.Site, in.Agent)
}
