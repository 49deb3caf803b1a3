package disconnect

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/agent/session"
	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// TestAnothersSessionUnderTheSameID has the server ask for a session of which this
// agent knows nothing, while it knows another's under the same Acct-Session-Id at
// about the same time. What that one does is no proof.
func TestAnothersSessionUnderTheSameID(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit  func(*wire.Session)
		state visit.TerminationState
	}{
		"another device":       {func(s *wire.Session) { s.MAC = "02:00:00:00:00:02" }, visit.TerminationFailed},
		"another guest":        {func(s *wire.Session) { s.GrantID, s.Username = "grant-2", "v-2222" }, visit.TerminationFailed},
		"another access point": {func(s *wire.Session) { s.NASAddress = "127.0.0.2" }, visit.TerminationFailed},
		"the same":             {func(*wire.Session) {}, visit.TerminationConfirmed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := testSession()
			known := asked
			known.ID, known.Key.StartedAt = "", asked.Key.StartedAt.Add(time.Second)
			c.edit(&known)
			l, journal := withTable(t, answers(visit.TerminationFailed, visit.ReasonProhibited),
				wire.Accounting{Status: wire.AccountingStart, Session: known, EventAt: known.Key.StartedAt},
				wire.Accounting{Status: wire.AccountingStop, Session: known, EventAt: known.Key.StartedAt.Add(20 * time.Second), SessionSeconds: 20})
			l.End(grant, command(1), []wire.Session{asked})
			record := <-journal
			require.Len(t, record.Results, 1)
			require.Equal(t, c.state, record.Results[0].Result.State)
			require.Equal(t, asked.Key, record.Results[0].Key)
		})
	}
}

// TestBothUnderTheSameID: the guest's own session is found next to the other one,
// which began nearer to the server's idea of the start.
func TestBothUnderTheSameID(t *testing.T) {
	t.Parallel()
	own := testSession()
	other := own
	other.MAC, other.GrantID, other.Username = "02:00:00:00:00:02", "grant-2", "v-2222"
	own.Key.StartedAt = own.Key.StartedAt.Add(20 * time.Second)
	asked := testSession()
	asked.Key.StartedAt = asked.Key.StartedAt.Add(time.Second)
	targets := make(chan wire.Session, 10)
	driver := func(_ context.Context, _ *wire.NAS, s wire.Session) Outcome {
		targets <- s
		return Outcome{State: visit.TerminationFailed, Reason: visit.ReasonProhibited}
	}
	l, journal := withTable(t, driver,
		wire.Accounting{Status: wire.AccountingStart, Session: other, EventAt: other.Key.StartedAt},
		wire.Accounting{Status: wire.AccountingStart, Session: own, EventAt: own.Key.StartedAt})
	l.End(grant, command(1), []wire.Session{asked})
	require.Len(t, (<-journal).Results, 1, "the server's and the table's are one")
	require.Len(t, targets, 1)
	require.Equal(t, own.MAC, (<-targets).MAC)
}

func withTable(t *testing.T, driver driverFunc, said ...wire.Accounting) (*Ladder, fakeJournal) {
	t.Helper()
	dir := t.TempDir()
	keys, err := vault.Open(filepath.Join(dir, "ledger.key"), rand.Reader)
	require.NoError(t, err)
	now := func() time.Time { return testSession().Key.StartedAt.Add(time.Minute) }
	table, err := session.Open(session.Config{Dir: dir, Keys: keys, Now: now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, table.Close()) })
	for _, a := range said {
		table.Account(table.Resolve(a))
	}
	journal := make(fakeJournal, 10)
	l := New(Config{
		Sessions: table, NASes: fakeNASes{"nas-1": {ID: "nas-1", AccountingSeen: true, InterimSeconds: 300}}, Journal: journal,
		Drivers: map[string]Driver{"radius": driver}, Now: now,
	})
	t.Cleanup(l.Stop)
	return l, journal
}

// TestTwoAtOnceUnderTheSameID: two devices of a guest come online at two access
// points in the same second; both are ended.
func TestTwoAtOnceUnderTheSameID(t *testing.T) {
	t.Parallel()
	one := testSession()
	two := one
	two.MAC, two.NASAddress = "02:00:00:00:00:02", "127.0.0.2"
	l, journal := withTable(t, answers(visit.TerminationFailed, visit.ReasonProhibited),
		wire.Accounting{Status: wire.AccountingStart, Session: one, EventAt: one.Key.StartedAt},
		wire.Accounting{Status: wire.AccountingStart, Session: two, EventAt: two.Key.StartedAt})
	l.End(grant, command(1), nil)
	require.Len(t, (<-journal).Results, 2)
}
