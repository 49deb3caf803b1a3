package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/wire"
)

// at is accounting that an access point of the NAS, which is a network, sends.
func (l *link) at(address, identifier string, status wire.AccountingStatus, session string, start, at time.Duration) wire.Record {
	record := l.accounting(status, session, at, 0)
	s := &record.Accounting.Session
	s.NASAddress, s.NASIdentifier, s.Key.StartedAt = address, identifier, l.start.Add(start)
	return record
}

func (l *link) open(t testing.TB) []wire.Session {
	t.Helper()
	open, err := l.OpenSessions(t.Context(), l.site.ID, "00000000-0000-0000-0000-000000000000")
	require.NoError(t, err)
	return open
}

func TestARestartIsOfItsSenderOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		session, restart [2]string // address and NAS-Identifier
		ends             bool
	}{
		"same address":              {[2]string{"10.1.0.2", "ap"}, [2]string{"10.1.0.2", "ap"}, true},
		"an address, by two names":  {[2]string{"10.1.0.2", "lobby"}, [2]string{"10.1.0.2", "ap"}, true},
		"another address":           {[2]string{"10.1.0.2", "ap"}, [2]string{"10.1.0.3", "ap"}, false},
		"same name, an address":     {[2]string{"10.1.0.2", "ap"}, [2]string{"", "ap"}, true},
		"another name":              {[2]string{"", "lobby"}, [2]string{"10.1.0.3", "ap"}, false},
		"neither known of restart":  {[2]string{"10.1.0.2", "ap"}, [2]string{}, true},
		"neither known of sessions": {[2]string{}, [2]string{"10.1.0.3", "ap"}, true},
		"nothing in common":         {[2]string{"", "ap"}, [2]string{"10.1.0.3", ""}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, status := range []wire.AccountingStatus{wire.AccountingOn, wire.AccountingOff} {
				l := connect(t)
				login := l.at(c.session[0], c.session[1], wire.AccountingAccepted, "", 0, 0)
				login.Accounting.Session.MAC = "02:00:00:00:00:02"
				l.report(t, login, l.at(c.session[0], c.session[1], wire.AccountingStart, "s1", 0, 0))
				stored := l.report(t, l.at(c.restart[0], c.restart[1], status, "", 0, time.Minute))
				left := 2
				if c.ends {
					left = 0
				}
				require.Len(t, l.open(t), left, status)
				require.Len(t, stored.Closed, 2-left, status)
			}
		})
	}
}

// Both number their sessions from the first, and the guest walks from one to the
// other: in the same second, too.
func TestTwoAccessPointsUseOneID(t *testing.T) {
	t.Parallel()
	for _, apart := range []time.Duration{0, 45 * time.Second} {
		l := connect(t)
		for range 2 {
			stored := l.report(t,
				l.at("10.1.0.2", "ap", wire.AccountingStart, "00000001", 0, 0),
				l.at("10.1.0.3", "ap", wire.AccountingStart, "00000001", apart, apart))
			require.Zero(t, stored.Skipped)
		}
		require.Len(t, l.open(t), 2)
		l.report(t, l.at("10.1.0.2", "ap", wire.AccountingStop, "00000001", 0, 50*time.Second))
		open := l.open(t)
		require.Len(t, open, 1)
		require.Equal(t, "10.1.0.3", open[0].NASAddress)
		l.report(t, l.at("", "ap", wire.AccountingInterim, "00000001", apart, time.Minute)) // of an agent that does not say
		require.Len(t, l.open(t), 1)
		l.verify(t)
	}
}

func TestALoginElsewhereIsAnotherSession(t *testing.T) {
	t.Parallel()
	l := connect(t)
	l.report(t,
		l.at("10.1.0.2", "ap", wire.AccountingStart, "a", 0, 0),
		l.at("10.1.0.3", "ap", wire.AccountingAccepted, "", 10*time.Second, 10*time.Second),
		l.at("10.1.0.3", "ap", wire.AccountingAccepted, "", 20*time.Second, 20*time.Second))
	open := l.open(t)
	require.Len(t, open, 2, "it has to be ended where it is")
	require.Equal(t, "10.1.0.2", open[0].NASAddress)
	require.Equal(t, "10.1.0.3", open[1].NASAddress)

	l.report(t, l.at("10.1.0.2", "ap", wire.AccountingStop, "a", 0, 25*time.Second))
	require.Len(t, l.open(t), 1)
	l.report(t, l.at("10.1.0.4", "ap", wire.AccountingStart, "b", 30*time.Second, 30*time.Second)) // moved without a login
	open = l.open(t)
	require.Len(t, open, 1)
	require.Equal(t, "10.1.0.4", open[0].NASAddress)
}

func TestAStartTakesItsOwnLoginsPlace(t *testing.T) {
	t.Parallel()
	l := connect(t)
	l.report(t,
		l.at("10.1.0.2", "ap", wire.AccountingAccepted, "", 0, 0),
		l.at("10.1.0.3", "ap", wire.AccountingAccepted, "", 0, 0), // in the same instant
		l.at("10.1.0.2", "ap", wire.AccountingStart, "a", time.Second, time.Second))
	open := l.open(t)
	require.Len(t, open, 2)
	for _, s := range open {
		require.Equal(t, s.NASAddress == "10.1.0.2", s.Key.AcctSessionID == "a")
	}
}
