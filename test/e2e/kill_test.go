package e2e

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

// Any process killed with -9 in the middle of a visit: the visit ends right and
// nobody keeps access.
func TestKilledInTheMiddleOfAVisit(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	for _, victim := range []struct {
		name       string
		kill, back func()
	}{
		{"api", func() { r.APIs[0].Kill9() }, func() { r.APIs[0].Start(); r.Ready() }},
		{"worker", func() { r.Workers[0].Kill9() }, func() { r.Workers[0].Start() }},
		{"agent", func() { r.agent.Kill9() }, func() { r.agent.Start() }},
		{"temporal", func() { require.NoError(t, r.Temporal.Kill9()) }, func() { require.NoError(t, r.Temporal.Restart(t.Context())) }},
		{"postgres", func() { require.NoError(t, r.Postgres.Kill9()) }, func() { require.NoError(t, r.Postgres.Restart(t.Context())); r.Ready() }},
	} {
		t.Run(victim.name, func(t *testing.T) {
			online, checkedOut := r.WalkIn(r.site, time.Hour), r.WalkIn(r.site, time.Hour)
			mac, _ := r.login(online, nas.PAP)
			r.seen(online.Visit.ID)
			soon := r.WalkIn(r.site, 15*time.Second)

			// The check-out is under way when the victim dies.
			under := make(chan int, 1)
			go func() {
				under <- r.Try(0, "POST", "/api/v1/visits/"+checkedOut.Visit.ID+"/check-out", nil, nil, "out-"+victim.name)
			}()
			victim.kill()
			<-under // any answer, or none
			victim.back()
			r.Connected(r.agent)

			r.Eventually("the same request again is answered", func() bool {
				return r.Try(0, "POST", "/api/v1/visits/"+checkedOut.Visit.ID+"/check-out", nil, nil, "out-"+victim.name) == http.StatusOK
			})
			require.Equal(t, "checked_out", r.Sealed(checkedOut.Visit.ID).Visit.Status)
			require.Equal(t, "expired", r.Sealed(soon.Visit.ID).Visit.Status)
			r.Eventually("nobody keeps access", func() bool { return !r.accepts(checkedOut) && !r.accepts(soon) })

			require.Equal(t, "checked_in", r.Detail(online.Visit.ID).Visit.Status, "who is in the middle of a visit stays")
			require.True(t, r.accepts(online))
			r.Act(online.Visit.ID, "check-out", nil)
			r.offline(mac)
			oneEnd(t, r.Sealed(online.Visit.ID))
			oneEnd(t, r.Detail(checkedOut.Visit.ID))
			r.AuditVerifies()
		})
	}
}

// oneEnd requires exactly one terminal event and one seal.
func oneEnd(t *testing.T, d stack.Detail) {
	t.Helper()
	count := map[string]int{}
	for _, kind := range d.Kinds() {
		count[kind]++
	}
	require.Equal(t, 1, count["visitor.checked_in"], count)
	require.Equal(t, 1, count["visitor.checked_out"]+count["visitor.expired"], count)
	require.Equal(t, 1, count["visit.sealed"], count)
}

// Temporal is away: check-in gives credentials, check-out revokes, departures
// pass; the workflows follow when it is back.
func TestTemporalAway(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{Options: stack.Options{NoFsync: true}})
	before := r.WalkIn(r.site, time.Hour)
	mac, _ := r.login(before, nas.PAP)
	r.seen(before.Visit.ID)
	require.NoError(t, r.Temporal.Kill9())

	during := r.WalkIn(r.site, time.Hour)
	require.Equal(t, "ready", during.Network, "the voucher reaches the agent without Temporal")
	require.True(t, r.accepts(during))
	short := r.WalkIn(r.site, 5*time.Second)
	require.Equal(t, "checked_out", r.Act(before.Visit.ID, "check-out", nil).Status)
	r.Eventually("revoked", func() bool { return !r.accepts(before) })
	r.offline(mac)
	r.Eventually("expired on site", func() bool { return !r.accepts(short) })
	r.Eventually("ended by the sweeper", func() bool { return r.Detail(short.Visit.ID).Visit.Status == "expired" })

	require.NoError(t, r.Temporal.Restart(t.Context()))
	for _, v := range []stack.CheckedIn{before, short} {
		oneEnd(t, r.Sealed(v.Visit.ID))
	}
	require.True(t, r.accepts(during), "who came meanwhile stays")
	r.Act(during.Visit.ID, "check-out", nil)
	oneEnd(t, r.Sealed(during.Visit.ID))
	order(t, r.History(during.Visit.ID), "WORKFLOW_EXECUTION_STARTED", "RevokeVoucher", "SealAudit")
	r.AuditVerifies()
}

// Operators' buttons in the Temporal UI: cancel ends the visit in order,
// terminate and reset are repaired.
func TestOperatorsButtons(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{Options: stack.Options{NoFsync: true}})
	temporal := r.Durable()

	t.Run("cancel", func(t *testing.T) {
		visitor := r.WalkIn(r.site, time.Hour)
		mac, _ := r.login(visitor, nas.PAP)
		r.seen(visitor.Visit.ID)
		require.NoError(t, temporal.CancelWorkflow(t.Context(), "visit-"+visitor.Visit.ID, ""))
		r.offline(mac)
		detail := r.Sealed(visitor.Visit.ID)
		require.Equal(t, "operator:temporal", detail.Visit.EndedBy)
		require.Equal(t, "checked_out", detail.Visit.Status)
		require.False(t, r.accepts(visitor))
	})

	t.Run("terminate", func(t *testing.T) {
		visitor := r.WalkIn(r.site, time.Hour)
		mac, _ := r.login(visitor, nas.PAP)
		r.seen(visitor.Visit.ID)
		require.NoError(t, temporal.TerminateWorkflow(t.Context(), "visit-"+visitor.Visit.ID, "", "by a test"))
		require.True(t, r.accepts(visitor), "terminating the workflow is not ending the visit")
		require.Equal(t, "checked_out", r.Act(visitor.Visit.ID, "check-out", nil).Status)
		r.offline(mac)
		oneEnd(t, r.Sealed(visitor.Visit.ID))
	})

	t.Run("reset", func(t *testing.T) {
		visitor := r.WalkIn(r.site, time.Hour)
		id := "visit-" + visitor.Visit.ID
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		_, err := temporal.ResetWorkflowExecution(ctx, &workflowservice.ResetWorkflowExecutionRequest{
			Namespace: "default", WorkflowExecution: &common.WorkflowExecution{WorkflowId: id},
			Reason: "by a test", RequestId: id, WorkflowTaskFinishEventId: firstTaskCompleted(t, r, visitor.Visit.ID),
		})
		require.NoError(t, err)
		require.True(t, r.accepts(visitor))
		require.Equal(t, "checked_out", r.Act(visitor.Visit.ID, "check-out", nil).Status)
		oneEnd(t, r.Sealed(visitor.Visit.ID))
		require.False(t, r.accepts(visitor))
	})
	r.AuditVerifies()
}

func firstTaskCompleted(t *testing.T, r *rig, visit string) int64 {
	t.Helper()
	for i, event := range r.History(visit) {
		if event["eventType"] == "EVENT_TYPE_WORKFLOW_TASK_COMPLETED" {
			return int64(i + 1)
		}
	}
	t.Fatal("the history has no completed workflow task")
	return 0
}
