package disconnect

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/agent/session"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// device is another session of the same grant.
func device(acct string) wire.Session {
	s := testSession()
	s.ID, s.Key.AcctSessionID, s.MAC = visit.SessionID("session-"+acct), acct, "02:00:00:00:00:"+acct
	return s
}

func cutCommand(generation int) wire.Command {
	return wire.Command{VisitID: "visit-1", Generation: generation, Attempt: 1}
}

// site is a NAS that accepts what it is asked, and tells of which sessions that was.
// Where hold is set, it takes its time. Both are made inside of the virtual time.
type site struct{ got, hold chan string }

func (n *site) driver(_ context.Context, _ *wire.NAS, s wire.Session) Outcome {
	n.got <- s.Key.AcctSessionID
	if n.hold != nil {
		<-n.hold
	}
	return Outcome{State: visit.TerminationAccepted}
}

func onSite(t *testing.T, sessions []wire.Session, play func(t *testing.T, s *stage, n *site)) {
	t.Helper()
	n := &site{}
	onStage(t, n.driver, sessions, func(t *testing.T, s *stage) {
		t.Helper()
		n.got = make(chan string, 100)
		play(t, s, n)
	})
}

func states(r wire.Termination) map[string]visit.TerminationState {
	list := map[string]visit.TerminationState{}
	for _, one := range r.Results {
		list[one.Key.AcctSessionID] = one.Result.State
	}
	return list
}

func TestACutEndsItsSessionAlone(t *testing.T) {
	t.Parallel()
	onSite(t, []wire.Session{device("0a"), device("0b")}, func(t *testing.T, s *stage, n *site) {
		s.Cut(grant, cutCommand(1), []wire.Session{device("0a")})
		require.Equal(t, "0a", <-n.got)
		s.table.stop("0a")
		record := <-s.journal
		require.Equal(t, cutCommand(1), *record.Command)
		require.Equal(t, map[string]visit.TerminationState{"0a": visit.TerminationConfirmed}, states(record))
		pass(2 * time.Hour)
		s.quiet(t)
		require.Empty(t, n.got, "the other device is left alone")
	})
}

func TestACutIsTriedOnceAndWatched(t *testing.T) {
	t.Parallel()
	onSite(t, []wire.Session{device("0a"), device("0b")}, func(t *testing.T, s *stage, n *site) {
		s.Cut(grant, cutCommand(1), []wire.Session{device("0a")})
		require.Equal(t, visit.ReasonNoStop, (<-s.journal).Results[0].Result.Reason)
		s.Cut(grant, cutCommand(2), []wire.Session{device("0b")})
		record := <-s.journal
		require.Equal(t, 2, record.Command.Generation)
		require.Equal(t, map[string]visit.TerminationState{"0b": visit.TerminationUnconfirmed}, states(record))
		require.Equal(t, []string{"0a", "0b"}, []string{<-n.got, <-n.got})
		require.Empty(t, n.got, "the wish for one repeats no other")
		s.table.stop("0a")
		record = <-s.journal
		require.Equal(t, 1, record.Command.Generation, "what it turns out to be is told by the command that asked")
		require.Equal(t, map[string]visit.TerminationState{"0a": visit.TerminationConfirmed}, states(record))
		s.Cut(grant, cutCommand(3), []wire.Session{device("0b")})
		require.Equal(t, "0b", <-n.got, "asked again, it is tried again")
		s.table.stop("0b")
		require.Equal(t, 3, (<-s.journal).Command.Generation)
		s.quiet(t)
	})
}

func TestACutOfWhatHasEndedIsAnswered(t *testing.T) {
	t.Parallel()
	onSite(t, []wire.Session{device("0a"), device("0b")}, func(t *testing.T, s *stage, n *site) {
		s.Cut(grant, cutCommand(1), nil)
		record := <-s.journal
		require.NotNil(t, record.Results)
		require.Empty(t, record.Results)
		s.table.stop("0a")
		s.Cut(grant, cutCommand(2), []wire.Session{device("0a")})
		require.Equal(t, map[string]visit.TerminationState{"0a": visit.TerminationConfirmed}, states(<-s.journal))
		s.quiet(t)
		require.Empty(t, n.got)
	})
}

func TestACutFollowsALoginToItsSession(t *testing.T) {
	t.Parallel()
	login, session := device("0a"), device("0a")
	login.Key.AcctSessionID = ""
	onSite(t, []wire.Session{login}, func(t *testing.T, s *stage, n *site) {
		s.Cut(grant, cutCommand(1), []wire.Session{login})
		require.Empty(t, <-n.got)
		s.table.add(session)
		s.table.replace("", session.Key)
		require.Equal(t, "0a", <-n.got, "its Accounting-Start came while it was being cut")
		s.table.stop("0a")
		require.Equal(t, map[string]visit.TerminationState{"": visit.TerminationAbsent, "0a": visit.TerminationConfirmed}, states(<-s.journal))
	})
}

// The visit's end while a single device is being cut: one climb goes on, with all
// sessions.
func TestAnEndTakesACutOver(t *testing.T) {
	t.Parallel()
	for _, by := range []*wire.Command{nil, command(1)} {
		onSite(t, []wire.Session{device("0a"), device("0b")}, func(t *testing.T, s *stage, n *site) {
			n.hold = make(chan string)
			s.Cut(grant, cutCommand(9), []wire.Session{device("0a")})
			require.Equal(t, "0a", <-n.got)
			s.End(grant, by, nil)
			synctest.Wait()
			require.Empty(t, n.got, "the NAS is asked about one thing at a time")
			n.hold <- ""
			s.table.stop("0a")
			require.Equal(t, "0b", <-n.got)
			n.hold <- ""
			s.table.stop("0b")
			ended, cut := <-s.journal, <-s.journal
			require.Equal(t, by, ended.Command)
			require.Equal(t, map[string]visit.TerminationState{"0a": visit.TerminationConfirmed, "0b": visit.TerminationConfirmed}, states(ended))
			require.Equal(t, cutCommand(9), *cut.Command)
			require.Equal(t, map[string]visit.TerminationState{"0a": visit.TerminationConfirmed}, states(cut))
			s.quiet(t)
		})
	}
}

// An end repeats what a cut before it could not prove, and one after it changes
// nothing about the end.
func TestAnEndAfterACutAndACutAfterAnEnd(t *testing.T) {
	t.Parallel()
	onStage(t, answers(visit.TerminationUnconfirmed, visit.ReasonNoAnswer), []wire.Session{device("0a"), device("0b")}, func(t *testing.T, s *stage) {
		s.Cut(grant, cutCommand(1), []wire.Session{device("0a")})
		require.Len(t, (<-s.journal).Results, 1)
		require.Equal(t, 1, s.asked.total())
		s.End(grant, command(2), nil)
		require.Len(t, (<-s.journal).Results, 2)
		require.Equal(t, 3, s.asked.total(), "both")
		s.Cut(grant, cutCommand(3), []wire.Session{device("0a")})
		record := <-s.journal
		require.Equal(t, cutCommand(3), *record.Command)
		require.Len(t, record.Results, 1)
		s.table.stop("0a")
		s.table.stop("0b")
		require.Equal(t, command(2), (<-s.journal).Command)
	})
}

func (f *fakeTable) add(s wire.Session) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessions = append(f.sessions, s)
	f.status[s.Key.AcctSessionID] = session.Status{Session: s, Known: true, SeenAt: time.Now()}
}

func (f *fakeTable) replace(id string, by wire.SessionKey) {
	f.change(id, func(s *session.Status) { s.ReplacedBy = &by })
}

// TestWhoMakesRoomIsAskedForUntilItIsGone or has logged in again.
func TestWhoMakesRoomIsAskedForUntilItIsGone(t *testing.T) {
	t.Parallel()
	onSite(t, []wire.Session{device("0a"), device("0b")}, func(t *testing.T, s *stage, n *site) {
		s.Oust(grant, []wire.Session{device("0a")})
		require.Equal(t, "0a", <-n.got)
		require.Nil(t, (<-s.journal).Command, "nobody asked for it")
		require.Equal(t, "0a", <-n.got, "accounting showed no Stop")
		s.table.stop("0a")
		record := <-s.journal
		require.Equal(t, map[string]visit.TerminationState{"0a": visit.TerminationConfirmed}, states(record))
		pass(2 * time.Hour)
		s.quiet(t)
		require.Empty(t, n.got, "the other device is left alone")
	})
	onSite(t, []wire.Session{device("0a"), device("0b")}, func(t *testing.T, s *stage, n *site) {
		s.Oust(grant, []wire.Session{device("0a")})
		<-n.got
		<-s.journal
		again := device("0a")
		again.Key.AcctSessionID, again.Key.StartedAt = "0c", again.Key.StartedAt.Add(time.Minute)
		s.table.add(again)
		pass(2 * time.Hour)
		require.Empty(t, n.got)
	})
}
