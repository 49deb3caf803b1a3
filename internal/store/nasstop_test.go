package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// TestTheNetworkSaysThatAGuestLeft: a guest who ended their session at the network, or
// did nothing for long, has ended the authentication. Whatever else ends a session says
// nothing of the guest.
func TestTheNetworkSaysThatAGuestLeft(t *testing.T) {
	t.Parallel()
	type step struct {
		session string // of the NAS
		status  wire.AccountingStatus
		cause   string
	}
	start := func(id string) step { return step{id, wire.AccountingStart, ""} }
	stop := func(id, cause string) step { return step{id, wire.AccountingStop, cause} }
	for name, c := range map[string]struct {
		template func(*identity.Template)
		steps    []step
		reason   identity.Reason // empty: it is green still
	}{
		"left":                {steps: []step{start("1"), stop("1", "user-request")}, reason: identity.EndNASStop},
		"did nothing":         {steps: []step{start("1"), stop("1", "idle-timeout")}, reason: identity.EndIdle},
		"said twice":          {steps: []step{start("1"), stop("1", "user-request"), stop("1", "idle-timeout")}, reason: identity.EndNASStop},
		"its start was lost":  {steps: []step{stop("1", "user-request")}, reason: identity.EndNASStop},
		"out of reach":        {steps: []step{start("1"), stop("1", "lost-carrier")}},
		"NAS restarted":       {steps: []step{start("1"), stop("1", "nas-reboot")}},
		"NAS came up":         {steps: []step{start("1"), {"", wire.AccountingOn, ""}, stop("1", "user-request")}},
		"cut by us":           {steps: []step{start("1"), stop("1", "admin-reset")}},
		"time was over":       {steps: []step{start("1"), stop("1", "session-timeout")}},
		"no cause":            {steps: []step{start("1"), stop("1", "")}},
		"went on elsewhere":   {steps: []step{start("1"), start("2"), stop("1", "user-request")}},
		"then left there too": {steps: []step{start("1"), start("2"), stop("1", "user-request"), stop("2", "idle-timeout")}, reason: identity.EndIdle},
		"let in, not begun":   {steps: []step{start("1"), {"", wire.AccountingAccepted, ""}, stop("1", "user-request")}, reason: identity.EndNASStop},
		"comes by itself":     {template: byMAC, steps: []step{start("1"), stop("1", "user-request")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := setup(t).lobby(t, c.template)
			nas, agent := l.newNAS(t, "10.0.0.0/24"), l.reporting(t, "a")
			a := l.admit(t, robert("")).Authentication
			began := l.Clock.Now()
			for _, s := range c.steps {
				l.Clock.Advance(time.Minute)
				session := wire.Session{Key: wire.SessionKey{NASID: nas.ID, AcctSessionID: s.session, StartedAt: began}}
				if s.status != wire.AccountingOn {
					session.GrantID, session.Username, session.MAC = a.ID, a.Name, phone
				}
				stored, err := agent.send(wire.Record{Accounting: &wire.Accounting{Status: s.status, EventAt: l.Clock.Now(), Session: session, TerminateCause: s.cause}})
				require.NoError(t, err)
				require.Zero(t, stored.Skipped)
			}
			require.Equal(t, []string{string(c.reason)}, sql[string](t, l.bench, "select coalesce(end_reason, '') from accesses"))
			require.Equal(t, []bool{c.reason == ""}, sql[bool](t, l.bench, "select live from authentications"))
			l.verify(t)
		})
	}
}

// TestAStopWhenTheTimeIsOver: what ends by the clock ends by it, whatever the NAS says of
// the session that we cut then.
func TestAStopWhenTheTimeIsOver(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	nas, agent := l.newNAS(t, "10.0.0.0/24"), l.reporting(t, "a")
	a := l.admit(t, robert("")).Authentication
	session := wire.Session{Key: wire.SessionKey{NASID: nas.ID, AcctSessionID: "1", StartedAt: l.Clock.Now()}, GrantID: a.ID, Username: a.Name, MAC: phone}
	l.Clock.Advance(a.ExpiresAt.Sub(l.Clock.Now()) - time.Second) // its clock is ahead
	_, err := agent.send(wire.Record{Accounting: &wire.Accounting{Status: wire.AccountingStop, EventAt: l.Clock.Now(), Session: session, TerminateCause: "user-request"}})
	require.NoError(t, err)
	require.Equal(t, []bool{true}, sql[bool](t, l.bench, "select live from authentications"))
	l.Clock.Advance(time.Second)
	require.Equal(t, string(identity.EndLifetime), l.end(t, a).EndReason)
}

// TestAStopOfWhatWeCut: a session that a termination is known of was not left by its guest.
func TestAStopOfWhatWeCut(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	nas, agent := l.newNAS(t, "10.0.0.0/24"), l.reporting(t, "a")
	a := l.admit(t, robert("")).Authentication
	session := wire.Session{Key: wire.SessionKey{NASID: nas.ID, AcctSessionID: "1", StartedAt: l.Clock.Now()}, GrantID: a.ID, Username: a.Name, MAC: phone}
	say := func(status wire.AccountingStatus, cause string) wire.Record {
		return wire.Record{Accounting: &wire.Accounting{Status: status, EventAt: l.Clock.Now(), Session: session, TerminateCause: cause}}
	}
	cut := wire.Record{Termination: &wire.Termination{GrantID: a.ID, Results: []wire.SessionResult{{
		Key: session.Key, Result: visit.SessionTermination{NASID: nas.ID, State: visit.TerminationAccepted, At: l.Clock.Now()},
	}}}}
	_, err := agent.send(say(wire.AccountingStart, ""), cut)
	require.NoError(t, err)
	_, err = agent.send(say(wire.AccountingStop, "user-request"))
	require.NoError(t, err)
	require.Equal(t, []bool{true}, sql[bool](t, l.bench, "select live from authentications where access_id = $1", roll.AccessID(a.ID)))
}
