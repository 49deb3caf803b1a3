package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/test/nas"
)

// A visitor checks in, goes online, checks out, and is offline for certain.
func TestVisitFromCheckInToConfirmedDisconnect(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})

	visitor := r.WalkIn(r.site, time.Hour)
	require.Equal(t, "checked_in", visitor.Visit.Status)
	require.Equal(t, "ready", visitor.Network, "the agent is connected, so the answer waits for it")

	t.Log("radclient is accepted by each method, no longer than this NAS may")
	for _, attributes := range []string{
		pap(visitor, r.Stack),
		"User-Name=" + visitor.Voucher.Username + ",CHAP-Password=" + visitor.PasswordIn(r.Stack),
		"User-Name=" + visitor.Voucher.Username + ",MS-CHAP-Password=" + visitor.PasswordIn(r.Stack),
	} {
		reply := r.Radclient(r.agent, secret, attributes)
		require.True(t, reply.Accepted, reply.Text)
		require.Equal(t, 900, reply.SessionTimeout, "no disconnect was ever confirmed on this NAS")
	}
	wrong := r.Radclient(r.agent, secret, "User-Name="+visitor.Voucher.Username+",User-Password=wrong")
	require.True(t, wrong.Rejected, wrong.Text)

	cut, _ := r.login(visitor, nas.PAP)
	mac, _ := r.login(visitor, nas.MSCHAPv2)

	t.Log("one device is disconnected by hand; the other stays, and the visit goes on")
	r.disconnect(visitor.Visit.ID, cut)
	r.offline(cut)
	r.Eventually("told", func() bool { return slices.Contains(states(r.Detail(visitor.Visit.ID)), "confirmed") })
	require.Len(t, r.Detail(visitor.Visit.ID).Terminations, 1)
	require.Equal(t, "checked_in", r.Detail(visitor.Visit.ID).Visit.Status)
	require.True(t, r.accepts(visitor), "it may come back")
	r.seen(visitor.Visit.ID)

	t.Log("check-out: rejected, disconnected, confirmed")
	out := r.Act(visitor.Visit.ID, "check-out", nil)
	require.Equal(t, "checked_out", out.Status)
	require.Equal(t, "left", out.Presence)
	r.Eventually("rejected", func() bool { return !r.accepts(visitor) })
	r.offline(mac)

	detail := r.Sealed(visitor.Visit.ID)
	require.Contains(t, states(detail), "confirmed", "by Accounting-Stop")
	require.NotNil(t, detail.Voucher.RevokedAt)
	require.Subset(t, detail.Kinds(), []string{"visitor.checked_in", "session.started", "visitor.checked_out", "session.ended", "session.terminated", "visit.sealed"})
	r.AuditVerifies()

	t.Log("the history reads like the visit")
	order(t, r.History(visitor.Visit.ID), "IssueVoucher", "TIMER_STARTED", "check-out", "RevokeVoucher", "TerminateSessions", "SealAudit")
	require.Contains(t, historyText(r, visitor.Visit.ID), "not_configured", "the CRM's line")

	t.Log("from now on this NAS is trusted to disconnect")
	next := r.WalkIn(r.site, 30*time.Minute)
	r.Eventually("unlimited", func() bool {
		reply := r.Radclient(r.agent, secret, pap(next, r.Stack))
		return reply.SessionTimeout > 900 && reply.SessionTimeout <= 1800
	})
}

// disconnect has the device with this MAC cut off once the server knows its session.
func (r *rig) disconnect(visit, mac string) {
	r.t.Helper()
	session := ""
	r.Eventually("session known", func() bool {
		for _, x := range r.Detail(visit).Sessions {
			if strings.EqualFold(strings.ReplaceAll(x.MAC, ":", "-"), mac) {
				session = x.ID
			}
		}
		return session != ""
	})
	r.Call("POST", "/api/v1/visits/"+visit+"/sessions/"+session+"/disconnect", nil, nil, 202)
}
