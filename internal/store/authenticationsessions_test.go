package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestAuthenticationsSayWhoIsConnected(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	nas, agent := l.newNAS(t, "10.0.0.0/24"), l.reporting(t, "a")
	account := l.guest(t, "walter")
	used, unused := l.let(t, account.ID, phone).Authentication, l.let(t, account.ID, "3a:22:fb:00:00:01").Authentication
	reports := func(session string, status wire.AccountingStatus, in, out uint64) {
		t.Helper()
		_, err := agent.send(wire.Record{Accounting: &wire.Accounting{
			Status: status, EventAt: l.Clock.Now(), InputOctets: in, OutputOctets: out, Session: wire.Session{
				Key: wire.SessionKey{NASID: nas.ID, AcctSessionID: session, StartedAt: l.Clock.Now()}, GrantID: used.ID, Username: used.Name, MAC: phone,
			},
		}})
		require.NoError(t, err)
	}
	same := func(id string, online bool, in, out int64) {
		t.Helper()
		detail, err := l.AuthenticationDetail(t.Context(), store.Everything, accessID(identity.Authentication{ID: id}))
		require.NoError(t, err)
		of, err := l.Account(t.Context(), store.Everything, account.ID)
		require.NoError(t, err)
		listed := append([]store.AuthenticationItem{l.authentication(t, id), detail.AuthenticationItem}, of.Authentications...)
		found := 0
		for _, item := range listed {
			if item.ID == id {
				found++
				require.Equal(t, []any{online, in, out}, []any{item.Online, item.InputOctets, item.OutputOctets})
				require.Equal(t, gate.Meraki, item.Vendor)
			}
		}
		require.Equal(t, 3, found, "wherever it is shown")
	}
	same(used.ID, false, 0, 0)
	reports("1", wire.AccountingStart, 0, 0)
	same(used.ID, true, 0, 0)
	reports("1", wire.AccountingStop, 1<<62, 20)
	same(used.ID, false, 1<<62, 20)
	l.Clock.Advance(time.Minute)
	reports("2", wire.AccountingInterim, 1<<62, 5)
	same(used.ID, true, 1<<62, 25)
	same(unused.ID, false, 0, 0)
}

func TestRefusedAreWhoWereKeptOutOrProvedNothing(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	for _, d := range []store.Decided{
		{Page: identity.PageFull, Rule: identity.RuleUnknown},
		{Page: identity.PageFull, Rule: identity.RuleCredentials},
		{Page: identity.PageFull, Rule: identity.RuleNotActive},
		{Page: identity.PageWaiting, Rule: identity.RulePending},
		{Page: identity.PageDenied, Rule: identity.RuleDevices, MAC: phone},
		{Page: identity.PageAdmitted, Rule: identity.RuleLogin, MAC: phone},
	} {
		d.Portal = l.portal
		require.NoError(t, l.NoteDecision(t.Context(), d))
	}
	rules := func(f store.DecisionFilter) (found []identity.Rule) {
		f.SiteID = l.site.ID
		page, err := l.PortalDecisions(t.Context(), store.Everything, f)
		require.NoError(t, err)
		for _, d := range page.Items {
			found = append(found, d.Rule)
		}
		return found
	}
	require.Len(t, rules(store.DecisionFilter{}), 6)
	require.Equal(t, []identity.Rule{identity.RuleDevices, identity.RuleNotActive, identity.RuleCredentials}, rules(store.DecisionFilter{Refused: true}))
	require.Equal(t, []identity.Rule{identity.RuleLogin, identity.RuleDevices}, rules(store.DecisionFilter{MAC: "3C-22-FB-00-00-01"}))
}
