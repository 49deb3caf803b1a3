package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

type tested struct {
	Agents []struct {
		Name, Answer string
		ErrorCause   int `json:"error_cause"`
		Findings     []struct{ State, Code string }
	}
}

// test asks one replica; the agent's link may be another's.
func (r *rig) test(replica int) (found tested, codes []string) {
	r.t.Helper()
	began := time.Now()
	path := fmt.Sprintf("/api/v1/sites/%s/nases/%s/test", r.site, r.nasID)
	require.Equal(r.t, 200, r.Try(replica, "POST", path, nil, &found, ""))
	require.Less(r.t, time.Since(began), 15*time.Second, "bounded, whatever the NAS does")
	require.Len(r.t, found.Agents, 1)
	for _, f := range found.Agents[0].Findings {
		codes = append(codes, f.State+" "+f.Code)
	}
	return found, codes
}

func (r *rig) change(nas map[string]any) {
	r.t.Helper()
	r.Call("PATCH", fmt.Sprintf("/api/v1/sites/%s/nases/%s", r.site, r.nasID), nas, nil, 200)
}

// Somebody sets an access point up, with everything that goes wrong on the way.
func TestAnAccessPointIsTried(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{Options: stack.Options{APIs: 2, NoFsync: true}})

	found, codes := r.test(1)
	require.Equal(t, "understood", found.Agents[0].Answer)
	require.Equal(t, 503, found.Agents[0].ErrorCause)
	require.Equal(t, "good disconnect_understood", codes[0])
	require.Equal(t, "unknown requests_none", codes[1])

	t.Log("a guest logs in: now more is known")
	mac, _ := r.login(r.WalkIn(r.site, time.Hour), nas.PAP)
	_, codes = r.test(0)
	require.Equal(t, []string{"good disconnect_understood", "good requests_seen", "good signature_seen", "good accounting_seen"}, codes)
	_, online := r.nas.Session(mac)
	require.True(t, online, "a test disconnects nobody")

	for _, c := range []struct {
		manners nas.Behaviour
		want    string
	}{
		{nas.Behaviour{Answer: nas.NAK, ErrorCause: 506}, "bad disconnect_busy"},
		{nas.Behaviour{Answer: nas.NAK, ErrorCause: 501}, "bad disconnect_prohibited"},
		{nas.Behaviour{Answer: nas.Lie}, "bad disconnect_agreed"},
		{nas.Behaviour{Answer: nas.BadAuthenticator}, "bad disconnect_forged"},
		{nas.Behaviour{Answer: nas.Drop}, "bad disconnect_no_answer"},
	} {
		require.NoError(t, r.nas.Script(c.manners))
		_, codes = r.test(0)
		require.Equal(t, c.want, codes[0])
	}
	require.NoError(t, r.nas.Script())

	t.Log("the two do not have the same secret")
	r.change(map[string]any{"secret": "another-secret-of-24-chr"})
	_, codes = r.test(1)
	require.Equal(t, "bad disconnect_no_answer", codes[0], "a NAS says nothing to who has no secret")
	r.change(map[string]any{"secret": secret, "coa_port": 9})
	_, codes = r.test(0)
	require.Equal(t, "bad disconnect_unreachable", codes[0])

	t.Log("the agent is away")
	r.agent.Kill9()
	r.Eventually("noticed", func() bool { return r.AgentState(r.agent) == "offline" })
	_, codes = r.test(0)
	require.Equal(t, []string{"bad agent_offline"}, codes)
}
