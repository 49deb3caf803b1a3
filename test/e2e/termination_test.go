package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

// What access points answer, and what becomes of it.
func TestAccessPointsWithBadManners(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script []nas.Behaviour
		check  func(t *testing.T, r *rig, visitor stack.CheckedIn, mac string)
	}{
		"NAK 503 and the guest stays": {
			script: []nas.Behaviour{{Answer: nas.NAK, ErrorCause: 503}},
			check: func(t *testing.T, r *rig, visitor stack.CheckedIn, mac string) {
				id := visitor.Visit.ID
				r.Eventually("said so", func() bool { return slices.Contains(causes(r.Detail(id)), 503) })
				require.Contains(t, states(r.Detail(id)), "unconfirmed", "503 alone proves nothing while accounting is fresh")
				retried(r, id, "503")

				t.Log("the access point comes to its senses, and somebody presses retry now")
				require.NoError(t, r.nas.Script())
				r.Act(id, "terminate", nil)
				r.offline(mac)
				require.Contains(t, states(r.Sealed(id)), "confirmed")
			},
		},
		"NAK 506 twice, then ACK": {
			script: []nas.Behaviour{{Answer: nas.NAK, ErrorCause: 506, Times: 2}},
			check: func(t *testing.T, r *rig, visitor stack.CheckedIn, mac string) {
				r.offline(mac)
				detail := r.Sealed(visitor.Visit.ID)
				require.Contains(t, causes(detail), 506)
				require.Contains(t, states(detail), "confirmed")
				require.Contains(t, historyText(r, visitor.Visit.ID), "506", "the NAS's answers are in the history")
			},
		},
		"silent for a minute": {
			script: []nas.Behaviour{{Answer: nas.Drop}},
			check: func(t *testing.T, r *rig, visitor stack.CheckedIn, mac string) {
				id := visitor.Visit.ID
				r.Eventually("said so", func() bool { return slices.Contains(reasons(r.Detail(id)), "no_answer") })
				require.False(t, r.accepts(visitor), "silence of the access point gives nobody access")
				retried(r, id, "no_answer")
				require.NoError(t, r.nas.Script())
				r.Act(id, "terminate", nil)
				r.offline(mac)
				require.Contains(t, states(r.Sealed(id)), "confirmed")
			},
		},
		"lies: ACK, and the guest stays online": {
			script: []nas.Behaviour{{Answer: nas.Lie}},
			check: func(t *testing.T, r *rig, visitor stack.CheckedIn, mac string) {
				id := visitor.Visit.ID
				r.Eventually("not believed", func() bool { return slices.Contains(states(r.Detail(id)), "unconfirmed") })
				require.NotContains(t, states(r.Detail(id)), "confirmed")
				_, online := r.nas.Session(mac)
				require.True(t, online, "the simulator lies as told")
				require.NoError(t, r.nas.Script())
				r.Act(id, "terminate", nil)
				r.offline(mac)
				require.Contains(t, states(r.Sealed(id)), "confirmed")
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{Options: stack.Options{NoFsync: true}})
			visitor := r.WalkIn(r.site, time.Hour)
			mac, _ := r.login(visitor, nas.CHAP)
			r.seen(visitor.Visit.ID)
			require.NoError(t, r.nas.Script(c.script...))
			require.Equal(t, "checked_out", r.Act(visitor.Visit.ID, "check-out", nil).Status)
			c.check(t, r, visitor, mac)
			r.AuditVerifies()
		})
	}
}

// retried waits until the workflow's pending activity has failed at least once
// and says why, as the Temporal UI shows it.
func retried(r *rig, visit, why string) {
	r.t.Helper()
	r.Eventually("the pending activity says "+why, func() bool {
		return slices.ContainsFunc(r.PendingFailures(visit), func(failure string) bool { return strings.Contains(failure, why) })
	})
}
