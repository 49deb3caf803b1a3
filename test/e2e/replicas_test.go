package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

// Two replicas and two workers; the agent's link is at one of them, and requests
// come to the other.
func TestCommandsFindTheReplicaThatHoldsTheLink(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{Options: stack.Options{APIs: 2, Workers: 2, NoFsync: true}})
	var visitor stack.CheckedIn
	require.Equal(t, 201, r.Try(1, "POST", "/api/v1/visits", stack.WalkInBody(r.site, time.Hour), &visitor, ""))
	require.Equal(t, "ready", visitor.Network)
	mac, _ := r.login(visitor, nas.PAP)
	r.seen(visitor.Visit.ID)
	require.Equal(t, 200, r.Try(1, "POST", "/api/v1/visits/"+visitor.Visit.ID+"/check-out", nil, nil, ""))
	r.offline(mac)
	require.Contains(t, states(r.Sealed(visitor.Visit.ID)), "confirmed")

	t.Log("a stopped replica and a stopped worker are not missed")
	r.Workers[0].Stop()
	next := r.WalkIn(r.site, time.Hour)
	require.Equal(t, "checked_out", r.Act(next.Visit.ID, "check-out", nil).Status)
	r.Sealed(next.Visit.ID)
}

// A site's second agent follows the same list, and a withdrawn one loses its
// live link.
func TestTwoAgents(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{Options: stack.Options{NoFsync: true}})
	second := r.AddAgent(r.site)
	visitor := r.WalkIn(r.site, time.Hour)
	require.Equal(t, "ready", visitor.Network, "both have it")
	require.True(t, r.Radclient(second, secret, pap(visitor, r.Stack)).Accepted)
	mac, _ := r.login(visitor, nas.PAP)
	r.seen(visitor.Visit.ID)

	t.Log("the agent that reported the session dies; the other ends it")
	r.agent.Kill9()
	r.Act(visitor.Visit.ID, "check-out", nil)
	r.offline(mac)
	require.False(t, r.Radclient(second, secret, pap(visitor, r.Stack)).Accepted)

	t.Log("withdrawn: the link is cut")
	r.Call("DELETE", "/api/v1/sites/"+r.site+"/agents/"+second.ID, nil, nil, 204)
	r.Eventually("gone from the list", func() bool { return r.AgentState(second) == "" })
	r.Eventually("the agent says so", func() bool {
		return counter(t, second.Metrics, `foyer_link_phase_info{phase="withdrawn"}`) == 1
	})
	late := r.WalkIn(r.site, time.Hour)
	require.Equal(t, "pending", late.Network)
}
