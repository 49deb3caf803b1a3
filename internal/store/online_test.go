package store_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// TestWhoIsOnlineAtAnAddress: exactly one device, by what its NAS accounts for.
func TestWhoIsOnlineAtAnAddress(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	nas, other, agent := l.newNAS(t, "10.0.0.0/24"), l.newNAS(t, "10.0.1.0/24"), l.reporting(t, "a")
	a := l.admit(t, robert("")).Authentication
	const at = "192.0.2.77"
	says := func(status wire.AccountingStatus, id string, on visit.NASID, grant, mac string) {
		t.Helper()
		session := wire.Session{Key: wire.SessionKey{NASID: on, AcctSessionID: id, StartedAt: l.Clock.Now()}, GrantID: grant, MAC: mac, IP: at}
		stored, err := agent.send(wire.Record{Accounting: &wire.Accounting{Status: status, EventAt: l.Clock.Now(), Session: session}})
		require.NoError(t, err)
		require.Zero(t, stored.Skipped)
	}
	online := func(p store.Portal, ip string) *store.Online {
		t.Helper()
		found, err := l.OnlineAt(t.Context(), p, netip.MustParseAddr(ip))
		require.NoError(t, err)
		return found
	}
	require.Nil(t, online(l.portal, at), "nobody said so yet")
	says(wire.AccountingStart, "1", nas.ID, a.ID, phone)
	require.Equal(t, &store.Online{Until: a.ExpiresAt, More: true}, online(l.portal, at))
	require.NotNil(t, online(l.portal, "::ffff:"+at))
	require.Nil(t, online(l.portal, "192.0.2.78"))
	byMAC, err := l.OnlineDevice(t.Context(), l.portal, phone)
	require.NoError(t, err)
	require.Equal(t, a.ExpiresAt, byMAC.Until)

	behind := l.portal
	behind.NASID = other.ID
	require.Nil(t, online(behind, at), "networks of a site may have the same addresses")
	behind.NASID = nas.ID
	require.NotNil(t, online(behind, at))

	says(wire.AccountingStart, "2", nas.ID, a.ID, phone)
	require.NotNil(t, online(l.portal, at), "it has roamed")
	says(wire.AccountingStart, "3", other.ID, "", "02:00:00:00:00:99")
	require.Nil(t, online(l.portal, at), "one of two")
	require.NotNil(t, online(behind, at))
	says(wire.AccountingStop, "3", other.ID, "", "02:00:00:00:00:99")
	require.NotNil(t, online(l.portal, at))

	l.Clock.Advance(4 * time.Hour)
	require.Nil(t, online(l.portal, at), "the time is over")
}

// TestNobodyIsOnlineWithAnAccessThatEnded: the session is open until it is cut.
func TestNobodyIsOnlineWithAnAccessThatEnded(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	nas, agent := l.newNAS(t, "10.0.0.0/24"), l.reporting(t, "a")
	a := l.admit(t, robert("")).Authentication
	_, err := agent.send(wire.Record{Accounting: &wire.Accounting{Status: wire.AccountingStart, EventAt: l.Clock.Now(), Session: wire.Session{
		Key: wire.SessionKey{NASID: nas.ID, AcctSessionID: "1", StartedAt: l.Clock.Now()}, GrantID: a.ID, MAC: phone, IP: "192.0.2.77",
	}}})
	require.NoError(t, err)
	_, err = l.BlockAccount(t.Context(), l.desk, a.AccountID)
	require.NoError(t, err)
	found, err := l.OnlineAt(t.Context(), l.portal, netip.MustParseAddr("192.0.2.77"))
	require.NoError(t, err)
	require.Nil(t, found)
	found, err = l.OnlineAt(t.Context(), l.portal, netip.Addr{})
	require.NoError(t, err)
	require.Nil(t, found)
}

// TestLooksAreKeptOnce: a device looks every few seconds, and only what is new is kept.
func TestLooksAreKeptOnce(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	looks := func(page identity.Page, rule identity.Rule, mac string, look bool) int {
		t.Helper()
		require.NoError(t, l.NoteDecision(t.Context(), store.Decided{Portal: l.portal, MAC: mac, Page: page, Rule: rule, Look: look}))
		return sql[int](t, l.bench, "select count(*)::int from portal_decisions")[0]
	}
	require.Equal(t, 1, looks(identity.PageContinue, identity.RuleContinue, phone, true))
	require.Equal(t, 1, looks(identity.PageContinue, identity.RuleContinue, phone, true))
	l.Clock.Advance(time.Hour)
	require.Equal(t, 1, looks(identity.PageContinue, identity.RuleContinue, phone, true), "nothing has changed for an hour")
	require.Equal(t, 2, looks(identity.PageContinue, identity.RuleContinue, "02:00:00:00:00:02", true), "another device")
	require.Equal(t, 3, looks(identity.PageDenied, identity.RuleBlocked, phone, true))
	require.Equal(t, 3, looks(identity.PageDenied, identity.RuleBlocked, phone, true))
	require.Equal(t, 4, looks(identity.PageDenied, identity.RuleAccess, phone, true), "for another reason")
	require.Equal(t, 5, looks(identity.PageContinue, identity.RuleContinue, phone, true), "it may again")
	l.Clock.Advance(10 * time.Minute)
	require.Equal(t, 6, looks(identity.PageDenied, identity.RuleBlocked, phone, true), "a guest at the desk asks about today")
	require.Equal(t, 7, looks(identity.PageDenied, identity.RuleBlocked, phone, false), "who tries is kept each time")
	require.Equal(t, 7, looks(identity.PageDenied, identity.RuleAccess, "", true), "of no device in particular")
}
