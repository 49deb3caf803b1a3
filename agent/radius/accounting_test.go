package radius

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	layeh "layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const (
	start   = rfc2866.AcctStatusType_Value_Start
	interim = rfc2866.AcctStatusType_Value_InterimUpdate
	stop    = rfc2866.AcctStatusType_Value_Stop
)

func TestAccountingIsDurableBeforeItIsAnswered(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.journal.setFail(errors.New("disk full"))
	request := account(t, start, "1").octets(t)
	require.Nil(t, b.acct(t, request))
	require.Empty(t, b.sessions.accounts)
	require.Equal(t, 1, b.discarded(acctPort, dropNotDurable))

	b.journal.setFail(nil)
	require.NotNil(t, b.acct(t, request), "the NAS's repetition is tried anew")
	require.Len(t, b.journal.accounting(), 1)
	require.Len(t, b.sessions.accounts, 1)
}

func TestAccountingForgeries(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for _, request := range [][]byte{account(t, start, "1").octets(t), account(t, start, "1").signed(t)} {
		for bit := range 8 * len(request) {
			forged := append([]byte{}, request...)
			forged[bit/8] ^= 1 << (bit % 8)
			require.Nil(t, b.ask(forged, acctPort, testNAS), "bit %d", bit)
		}
		require.NotNil(t, b.ask(request, acctPort, testNAS))
	}
	// Keyed rightly, yet with a wrong Message-Authenticator.
	require.Nil(t, b.ask(account(t, start, "1").with(attrMessageAuthenticator, make([]byte, 16)).octets(t), acctPort, testNAS))
	require.Equal(t, wire.RefusedWrongSecret, b.journal.refused()[0].Reason)
}

func TestAccountingFindsItsGrant(t *testing.T) {
	t.Parallel()
	for name, arrange := range map[string]func(*bundle, message){
		"by Class": func(b *bundle, m message) {
			accept := b.auth(t, papLogin(t, testUser, testPassword).signed(t))
			_ = rfc2865.Class_Add(m.Packet, []byte("another server's"))
			_ = rfc2865.Class_Add(m.Packet, rfc2865.Class_Get(accept))
			_ = rfc2865.UserName_SetString(m.Packet, "renamed by the NAS")
		},
		"by name": func(*bundle, message) {},
		"by an earlier login of the device": func(b *bundle, m message) {
			b.auth(t, papLogin(t, testUser, testPassword).from("02-00-00-00-00-01").signed(t))
			_ = rfc2865.UserName_SetString(m.Packet, "02000000-0001")
			m.from("0200.0000.0001")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			m := account(t, start, "1")
			arrange(b, m)
			require.NotNil(t, b.acct(t, m.octets(t)))
			require.Equal(t, b.grants.byName[testUser].ID, b.journal.accounting()[0].Session.GrantID)
			require.Equal(t, b.journal.accounting(), b.sessions.accounts, "journal and table hear the same")
			require.Empty(t, b.orphans)
		})
	}
}

func TestSessionsOfEndedGrantsAreOrphans(t *testing.T) {
	t.Parallel()
	revoke := func(b *bundle) { b.grants.end(testUser, wire.RefusedRevoked) }
	for name, c := range map[string]struct {
		status  rfc2866.AcctStatusType
		arrange func(*bundle)
		want    int
	}{
		"start after a revoke":   {start, revoke, 1},
		"interim after a revoke": {interim, revoke, 1},
		"stop after a revoke":    {stop, revoke, 0},
		"start of a live grant":  {start, func(*bundle) {}, 0},
		"interim after the end":  {interim, func(b *bundle) { b.clock.move(2 * time.Hour) }, 1},
		"somebody else's": {start, func(b *bundle) {
			b.grants.mu.Lock()
			delete(b.grants.byName, testUser)
			b.grants.mu.Unlock()
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			c.arrange(b)
			require.NotNil(t, b.acct(t, account(t, c.status, "1").octets(t)))
			require.Len(t, b.journal.accounting(), 1, "recorded all the same")
			require.Len(t, b.orphans, c.want)
		})
	}
	t.Run("a Class of ours whose grant is forgotten", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t)
		class := rfc2865.Class_Get(b.auth(t, papLogin(t, testUser, testPassword).signed(t)))
		delete(b.grants.byName, testUser)
		m := account(t, start, "1")
		_ = rfc2865.Class_Add(m.Packet, class)
		require.NotNil(t, b.acct(t, m.octets(t)))
		require.Len(t, b.orphans, 1)
	})
}

func TestEventTime(t *testing.T) {
	t.Parallel()
	now := testStart
	for name, c := range map[string]struct {
		eventAt, delay uint32
		want           time.Time
	}{
		"nothing":               {0, 0, now},
		"delay":                 {0, 90, now.Add(-90 * time.Second)},
		"timestamp":             {uint32(now.Unix() - 600), 90, now.Add(-10 * time.Minute)},
		"an hour ahead":         {uint32(now.Unix() + 3600), 90, now.Add(-90 * time.Second)},
		"a little ahead":        {uint32(now.Unix() + 60), 0, now.Add(time.Minute)},
		"two days ago":          {uint32(now.Unix() - 2*86400), 0, now},
		"1970, a NAS's new day": {1200, 30, now.Add(-30 * time.Second)},
		"delay without sense":   {0, 1 << 31, now.Add(-eventPast)},
	} {
		require.Equal(t, c.want, eventAt(usage{eventAt: c.eventAt, delay: c.delay}, now), name)
	}
}

func TestUsageAgreesWithAnotherImplementation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.Uint32()
		low, high, seconds := n.Draw(rt, "octets"), n.Draw(rt, "gigawords"), n.Draw(rt, "seconds")
		m := account(t, stop, "1")
		require.NoError(rt, rfc2866.AcctInputOctets_Set(m.Packet, rfc2866.AcctInputOctets(low)))
		require.NoError(rt, rfc2869.AcctInputGigawords_Set(m.Packet, rfc2869.AcctInputGigawords(high)))
		require.NoError(rt, rfc2866.AcctOutputOctets_Set(m.Packet, rfc2866.AcctOutputOctets(low)))
		require.NoError(rt, rfc2866.AcctSessionTime_Set(m.Packet, rfc2866.AcctSessionTime(seconds)))
		b := newBundle(t)
		require.NotNil(rt, b.ask(m.octets(t), acctPort, testNAS))
		got := b.journal.accounting()[0]
		require.Equal(rt, uint64(high)<<32|uint64(low), got.InputOctets)
		require.Equal(rt, uint64(low), got.OutputOctets)
		require.Equal(rt, seconds, got.SessionSeconds)
		require.Equal(rt, got.EventAt.Add(-time.Duration(seconds)*time.Second), got.Session.Key.StartedAt)
	})
}

func TestAccountingOfAnotherKind(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.Equal(t, layeh.CodeAccountingResponse, b.acct(t, account(t, 9, "1").octets(t)).Code, "Tunnel-Start")
	require.Empty(t, b.journal.accounting())

	none := newMessage(codeAccountingRequest).with(attrUserName, []byte("x"))
	require.Nil(t, b.acct(t, none.octets(t)), "without Acct-Status-Type")
	require.Nil(t, b.acct(t, account(t, start, "").octets(t)), "without Acct-Session-Id")

	on := newMessage(codeAccountingRequest)
	require.NoError(t, rfc2866.AcctStatusType_Set(on.Packet, rfc2866.AcctStatusType_Value_AccountingOn))
	require.NotNil(t, b.acct(t, on.octets(t)))
	require.Equal(t, wire.AccountingOn, b.journal.accounting()[0].Status)
	require.Equal(t, visit.NASID("nas-1"), b.journal.accounting()[0].Session.Key.NASID)
}

func TestNumbersOfAnotherLengthAreIgnored(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	m := account(t, stop, "1").with(attrAcctSessionTime, []byte{1, 2, 3}).with(attrAcctInputOctets, nil)
	require.NotNil(t, b.acct(t, m.octets(t)))
	require.Zero(t, b.journal.accounting()[0].SessionSeconds)
}

func TestTerminateCauses(t *testing.T) {
	t.Parallel()
	for n, want := range map[uint32]string{
		0: "", 1: "user-request", 6: "admin-reset", 18: "host-request", 22: "port-administratively-disabled",
		23: "cause-23", 1 << 31: "cause-2147483648",
	} {
		require.Equal(t, want, terminateCause(n))
	}
	for n := uint32(1); n <= 18; n++ {
		require.Equal(t, dashed(rfc2866.AcctTerminateCause(n).String()), terminateCause(n))
	}
}

// dashed turns a dictionary's name into ours.
func dashed(name string) string {
	b := []byte(name)
	for i := range b {
		if b[i] >= 'A' && b[i] <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

func TestTextsOfStrangers(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	m := account(t, start, "1\x00").with(attrCalledStationID, []byte("\x01\xff")).with(attrNASIPAddress, []byte{1, 2, 3})
	require.NotNil(t, b.acct(t, m.octets(t)))
	got := b.journal.accounting()[0].Session
	require.Equal(t, "1?", got.Key.AcctSessionID)
	require.Equal(t, "?\xff", got.CalledStation)
	require.Empty(t, got.NASIP)
}
