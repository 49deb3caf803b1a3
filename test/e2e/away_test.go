package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

// The agent is away while people come and go.
func TestAgentAway(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{Options: stack.Options{NoFsync: true}})
	leaves := r.WalkIn(r.site, time.Hour)
	stays := r.WalkIn(r.site, time.Hour)
	leaver, _ := r.login(leaves, nas.PAP)
	stayer, _ := r.login(stays, nas.PAP)
	r.seen(leaves.Visit.ID)

	r.agent.Kill9()
	r.Eventually("known to be away", func() bool { return r.AgentState(r.agent) == "offline" })

	came := r.WalkIn(r.site, time.Hour)
	require.Equal(t, "pending", came.Network, "credentials at once, and the truth about the network")
	require.NotEmpty(t, came.PasswordIn(r.Stack))
	require.Equal(t, "checked_out", r.Act(leaves.Visit.ID, "check-out", nil).Status)
	cameAndWent := r.WalkIn(r.site, time.Hour)
	require.Equal(t, "checked_out", r.Act(cameAndWent.Visit.ID, "check-out", nil).Status)

	r.agent.Start()
	r.Connected(r.agent)
	r.Eventually("the newcomer is accepted", func() bool { return r.accepts(came) })
	require.False(t, r.accepts(leaves), "left while the agent was away")
	require.False(t, r.accepts(cameAndWent))
	require.True(t, r.accepts(stays))
	r.offline(leaver)
	_, online := r.nas.Session(stayer)
	require.True(t, online, "nobody else is disturbed")
	require.Contains(t, states(r.Sealed(leaves.Visit.ID)), "confirmed")
	r.Sealed(cameAndWent.Visit.ID)
}

// The agent restarts while the server is unreachable: it answers from its disk,
// and ends what ends.
func TestAgentAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{Options: stack.Options{NoFsync: true}})
	long := r.WalkIn(r.site, time.Hour)
	short := r.WalkIn(r.site, 20*time.Second)
	gone := r.WalkIn(r.site, time.Hour)
	require.True(t, r.accepts(short))
	r.Act(gone.Visit.ID, "check-out", nil)
	r.Eventually("revoked", func() bool { return !r.accepts(gone) })
	mac, _ := r.login(short, nas.MSCHAPv2)
	r.seen(short.Visit.ID)

	r.APIs[0].Kill9()
	r.Workers[0].Kill9()
	r.agent.Kill9()
	r.agent.Start()
	r.Eventually("answers again", func() bool { return r.Radclient(r.agent, secret, pap(long, r.Stack)).Accepted })
	require.False(t, r.accepts(gone), "revoked stays revoked")
	r.Eventually("expired by the site alone", func() bool { return !r.accepts(short) })
	require.WithinDuration(t, short.Visit.Departs, time.Now(), 6*time.Second)
	r.offline(mac)

	r.Workers[0].Start()
	r.APIs[0].Start()
	r.Ready()
	r.Connected(r.agent)
	detail := r.Sealed(short.Visit.ID)
	require.Equal(t, "expired", detail.Visit.Status)
	// The NAS's own Session-Timeout ends in the same second: which of the two was first
	// decides what can be known, and that is in the record.
	require.Subset(t, []string{"confirmed", "absent", "left_to_timeout"}, states(detail)[len(states(detail))-1:], "what the agent did alone")
	r.AuditVerifies()
}
