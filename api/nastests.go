package api

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type nasTests interface {
	BeginNASTest(ctx context.Context, by store.Caller, site visit.SiteID, nas visit.NASID) (id string, err error)
}

// NASTest is what a site's agents found when they tried a NAS.
type NASTest struct {
	Agents []NASTestAgent `json:"agents" doc:"Every agent of the site that was ever enrolled; none: there is nobody to ask."`
}

// NASTestAgent is what one agent found, from where it stands.
type NASTestAgent struct {
	AgentID    visit.AgentID     `json:"agent_id"`
	Name       string            `json:"name"`
	Answer     visit.ProbeAnswer `json:"answer" doc:"What came of a Disconnect-Request for a session that does not exist: understood is as it should be. Or why there was none: agent_offline, agent_silent, agent_too_old, unknown_nas."`
	ErrorCause int               `json:"error_cause,omitempty" doc:"Of a NAK (RFC 5176 3.5)."`
	Tries      int               `json:"tries,omitempty" doc:"Datagrams sent."`
	Since      *time.Time        `json:"since,omitempty" doc:"Since when the agent is offline."`
	Findings   []Finding         `json:"findings"`
}

// Finding is one thing that is as it should be, or is not.
type Finding struct {
	State visit.FindingState `json:"state" enum:"good,bad,unknown"`
	Code  string             `json:"code"`
	At    *time.Time         `json:"at,omitempty" doc:"When it was last seen; of what was not heard: since when the agent listens."`
}

type testNASAnswer struct {
	Body NASTest
}

// testNAS waits for the agents, who take seconds where the NAS is silent.
func (s *Server) testNAS(ctx context.Context, in *NASPath) (*testNASAnswer, error) {
	id, err := s.Store.BeginNASTest(ctx, s.caller(ctx), in.Site, in.NAS)
	if err != nil {
		return nil, err
	}
	test, err := s.Readiness.WaitNASTest(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, in.NAS, id)
	if err != nil {
		return nil, err
	}
	a := &testNASAnswer{}
	a.Body.Agents = each(test.Agents, func(x store.NASTestAgent) NASTestAgent {
		return NASTestAgent{
			AgentID: x.AgentID, Name: x.Name, Answer: x.Report.Answer, ErrorCause: x.Report.ErrorCause, Tries: x.Report.Tries, Since: x.Since,
			Findings: each(x.Report.Findings(test.NAS.MessageAuthenticator), func(f visit.Finding) Finding { return Finding(f) }),
		}
	})
	return a, nil
}
