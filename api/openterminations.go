package api

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type openTerminations interface {
	OpenTerminations(ctx context.Context, scope store.Scope, site visit.SiteID, page store.Page) (store.OpenTerminationPage, error)
}

// OpenTermination is an ended visit whose sessions are not proven gone.
type OpenTermination struct {
	Visit      Visit                   `json:"visit"`
	NASes      []string                `json:"nases" doc:"Where its open sessions are."`
	Devices    int                     `json:"devices" doc:"Open sessions on record; none: nothing was ever reported, or the agent has not answered yet."`
	Attempt    int                     `json:"attempt"`
	AskedAt    time.Time               `json:"asked_at"`
	AgentName  string                  `json:"agent_name,omitempty" doc:"Who has it in hand; absent: no agent of the site has taken it."`
	AnsweredAt *time.Time              `json:"answered_at,omitempty" doc:"Of the last attempt; absent: under way."`
	Reason     visit.TerminationReason `json:"reason,omitempty" doc:"Why the last attempt did not do."`
	NextTryAt  *time.Time              `json:"next_try_at,omitempty"`
	FailedAt   *time.Time              `json:"failed_at,omitempty" doc:"Given up after the site's time for it; see terminate."`
}

type listOpenTerminationsInput struct {
	SitePath
	PageInput
	Open bool `query:"open" default:"true" enum:"true" doc:"What is still open: the only list there is. What became of one visit's sessions is in the visit."`
}

type listOpenTerminationsAnswer struct {
	Body struct {
		Items []OpenTermination `json:"items"`
		Next  string            `json:"next,omitempty"`
	}
}

func (s *Server) listOpenTerminations(ctx context.Context, in *listOpenTerminationsInput) (*listOpenTerminationsAnswer, error) {
	page, err := s.Store.OpenTerminations(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, in.page())
	if err != nil {
		return nil, err
	}
	a := &listOpenTerminationsAnswer{}
	a.Body.Next = page.Next
	a.Body.Items = each(page.Items, func(x store.OpenTermination) OpenTermination {
		return OpenTermination{
			Visit: visitOf(x.Visit), NASes: x.NASes, Devices: x.Devices, Attempt: x.Attempt, AskedAt: x.AskedAt,
			AgentName: x.AgentName, AnsweredAt: x.AnsweredAt, Reason: x.Reason, NextTryAt: x.NextTryAt, FailedAt: x.FailedAt,
		}
	})
	return a, nil
}
