package disconnect

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/agent/session"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// fakeTable is a table of sessions that says what the test says.
type fakeTable struct {
	mu       sync.Mutex
	sessions []wire.Session
	status   map[string]session.Status // by Acct-Session-Id
	watchers map[string]chan struct{}
}

func newFakeTable(sessions ...wire.Session) *fakeTable {
	f := &fakeTable{sessions: sessions, status: map[string]session.Status{}, watchers: map[string]chan struct{}{}}
	for _, s := range sessions {
		f.status[s.Key.AcctSessionID] = session.Status{Session: s, Known: true, SeenAt: time.Now()}
	}
	return f
}

func (f *fakeTable) ByGrant(id string) (list []wire.Session) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sessions {
		if status := f.status[s.Key.AcctSessionID]; s.GrantID == id && status.EndedAt.IsZero() && status.ReplacedBy == nil {
			list = append(list, s)
		}
	}
	return list
}

func (f *fakeTable) Watch(s wire.Session) (session.Status, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := s.Key.AcctSessionID
	if f.watchers[id] == nil {
		f.watchers[id] = make(chan struct{})
	}
	return f.status[id], f.watchers[id]
}

func (f *fakeTable) change(id string, change func(*session.Status)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	status := f.status[id]
	change(&status)
	f.status[id] = status
	if f.watchers[id] != nil {
		close(f.watchers[id])
		delete(f.watchers, id)
	}
}

func (f *fakeTable) stop(id string) {
	f.change(id, func(s *session.Status) { s.EndedAt, s.Stopped = time.Now(), true })
}

func (f *fakeTable) interim(id string) {
	f.change(id, func(s *session.Status) { s.SeenAt, s.InterimAt = time.Now(), time.Now() })
}

type fakeNASes map[visit.NASID]*wire.NAS

func (f fakeNASes) NASByID(id visit.NASID) *wire.NAS { return f[id] }

type fakeJournal chan wire.Termination

func (f fakeJournal) Append(_ context.Context, rec wire.Record) (uint64, error) {
	f <- *rec.Termination
	return 1, nil
}

// driverFunc asks the test instead of a NAS.
type driverFunc func(ctx context.Context, nas *wire.NAS, s wire.Session) Outcome

func (f driverFunc) Disconnect(ctx context.Context, nas *wire.NAS, s wire.Session) Outcome {
	return f(ctx, nas, s)
}

func accepts(context.Context, *wire.NAS, wire.Session) Outcome {
	return Outcome{State: visit.TerminationAccepted}
}

func answers(state visit.TerminationState, reason visit.TerminationReason) driverFunc {
	return func(context.Context, *wire.NAS, wire.Session) Outcome { return Outcome{State: state, Reason: reason} }
}

type stage struct {
	*Ladder
	table   *fakeTable
	nases   fakeNASes
	journal fakeJournal
	asked   *counter
}

// counter counts calls of a driver.
type counter struct {
	mu sync.Mutex
	n  int
	at []time.Time
}

func (c *counter) count() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	c.at = append(c.at, time.Now())
}

func (c *counter) total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

var grant = wire.Grant{ID: "grant-1", VisitID: "visit-1", Username: "v-7k2m"}

func command(attempt int) *wire.Command {
	return &wire.Command{VisitID: "visit-1", Generation: 1, Attempt: attempt}
}

// onStage runs a test in virtual time, with one NAS and the sessions given.
func onStage(t *testing.T, driver driverFunc, sessions []wire.Session, play func(t *testing.T, s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{
			table: newFakeTable(sessions...), journal: make(fakeJournal, 1000), asked: new(counter),
			nases: fakeNASes{"nas-1": {ID: "nas-1", AccountingSeen: true, InterimSeconds: 300}},
		}
		counting := func(ctx context.Context, nas *wire.NAS, session wire.Session) Outcome {
			s.asked.count()
			return driver(ctx, nas, session)
		}
		s.Ladder = New(Config{
			Sessions: s.table, NASes: s.nases, Journal: s.journal,
			Drivers: map[string]Driver{"radius": driverFunc(counting)}, Now: time.Now,
		})
		defer s.Stop()
		play(t, s)
	})
}

// next returns the next record's results, which must be for one session.
func (s *stage) next(t *testing.T, cmd *wire.Command) visit.SessionTermination {
	t.Helper()
	record := <-s.journal
	require.Equal(t, cmd, record.Command)
	require.Equal(t, grant.ID, record.GrantID)
	require.Equal(t, grant.VisitID, record.VisitID)
	require.Len(t, record.Results, 1)
	return record.Results[0].Result
}

func (s *stage) quiet(t *testing.T) {
	t.Helper()
	synctest.Wait()
	require.Empty(t, s.journal)
}

// pass lets virtual time go by.
func pass(d time.Duration) { <-time.After(d) }

func online() []wire.Session { return []wire.Session{testSession()} }

func TestStopAfterACKConfirms(t *testing.T) {
	t.Parallel()
	onStage(t, accepts, online(), func(t *testing.T, s *stage) {
		s.End(grant, command(1), nil)
		pass(time.Second)
		s.quiet(t)
		s.table.stop("5F3A-01")
		result := s.next(t, command(1))
		require.Equal(t, visit.TerminationConfirmed, result.State)
		require.Equal(t, visit.SessionID("session-1"), result.SessionID)
		require.Equal(t, visit.NASID("nas-1"), result.NASID)
	})
}

func TestNoStopIsUnconfirmedAndWatched(t *testing.T) {
	t.Parallel()
	onStage(t, accepts, online(), func(t *testing.T, s *stage) {
		began := time.Now()
		s.End(grant, command(1), nil)
		result := s.next(t, command(1))
		require.Equal(t, visit.TerminationUnconfirmed, result.State)
		require.Equal(t, visit.ReasonNoStop, result.Reason)
		require.Equal(t, 5*time.Second, time.Since(began))
		pass(10 * time.Minute)
		s.quiet(t)
		s.table.stop("5F3A-01")
		require.Equal(t, visit.TerminationConfirmed, s.next(t, command(1)).State, "the command's answer comes after all")
		require.Equal(t, 1, s.asked.total(), "a commanded climb does not ask again by itself")
	})
}

func TestTheLieIsFound(t *testing.T) {
	t.Parallel()
	onStage(t, accepts, online(), func(t *testing.T, s *stage) {
		s.End(grant, command(1), nil)
		pass(2 * time.Second)
		s.table.interim("5F3A-01")
		result := s.next(t, command(1))
		require.Equal(t, visit.TerminationUnconfirmed, result.State)
		require.Equal(t, visit.ReasonStillOnline, result.Reason)
	})
}

func TestTheLieIsFoundLater(t *testing.T) {
	t.Parallel()
	onStage(t, accepts, online(), func(t *testing.T, s *stage) {
		s.End(grant, command(1), nil)
		require.Equal(t, visit.ReasonNoStop, s.next(t, command(1)).Reason)
		pass(time.Minute)
		s.table.interim("5F3A-01")
		require.Equal(t, visit.ReasonStillOnline, s.next(t, command(1)).Reason)
		s.table.stop("5F3A-01")
		require.Equal(t, visit.TerminationConfirmed, s.next(t, command(1)).State)
	})
}

func TestSilenceAfterACKConfirmsWhereTheNASSpoke(t *testing.T) {
	t.Parallel()
	onStage(t, accepts, online(), func(t *testing.T, s *stage) {
		s.table.interim("5F3A-01")
		pass(time.Minute)
		began := time.Now()
		s.End(grant, command(1), nil)
		require.Equal(t, visit.ReasonNoStop, s.next(t, command(1)).Reason)
		require.Equal(t, visit.TerminationConfirmed, s.next(t, command(1)).State)
		require.Equal(t, 450*time.Second, time.Since(began), "one and a half interim intervals")
	})
}

func TestSilenceCountsFromTheFirstACK(t *testing.T) {
	t.Parallel()
	onStage(t, accepts, online(), func(t *testing.T, s *stage) {
		s.table.interim("5F3A-01")
		pass(time.Minute)
		began := time.Now()
		for attempt := 1; ; attempt++ { // as the server's workflow does
			s.End(grant, command(attempt), nil)
			pass(15 * time.Second)
			if record := <-s.journal; record.Results[0].Result.Done() || len(s.journal) > 0 {
				break // during an attempt, or in the rest after it
			}
		}
		require.InDelta(t, 450, time.Since(began).Seconds(), 16)
	})
}

func TestStoppedSessionIsNotAskedFor(t *testing.T) {
	t.Parallel()
	onStage(t, accepts, online(), func(t *testing.T, s *stage) {
		s.table.stop("5F3A-01")
		s.End(grant, command(1), online())
		require.Equal(t, visit.TerminationConfirmed, s.next(t, command(1)).State)
		require.Zero(t, s.asked.total())
	})
}

func TestNothingToEnd(t *testing.T) {
	t.Parallel()
	onStage(t, accepts, nil, func(t *testing.T, s *stage) {
		s.End(grant, nil, nil)
		s.quiet(t)
		s.End(grant, command(1), nil)
		record := <-s.journal
		require.Equal(t, command(1), record.Command)
		require.Empty(t, record.Results)
		require.NotNil(t, record.Results)
	})
}

func TestNASWithoutAccounting(t *testing.T) {
	t.Parallel()
	implied := testSession()
	implied.Key.AcctSessionID = ""
	onStage(t, accepts, []wire.Session{implied}, func(t *testing.T, s *stage) {
		s.nases["nas-1"].AccountingSeen = false
		s.End(grant, command(1), nil)
		result := s.next(t, command(1))
		require.Equal(t, visit.TerminationAccepted, result.State)
		require.True(t, result.NoAccounting)
		require.True(t, result.Done())
	})
}

func TestLoginReplacedByItsStart(t *testing.T) {
	t.Parallel()
	implied := testSession()
	implied.Key.AcctSessionID, implied.ID = "", ""
	onStage(t, accepts, []wire.Session{implied}, func(t *testing.T, s *stage) {
		s.End(grant, command(1), nil)
		pass(time.Second)
		started := testSession()
		s.table.mu.Lock()
		s.table.sessions = append(s.table.sessions, started)
		s.table.mu.Unlock()
		s.table.change(started.Key.AcctSessionID, func(st *session.Status) { *st = session.Status{Session: started, Known: true, SeenAt: time.Now()} })
		s.table.change("", func(st *session.Status) { st.ReplacedBy = &started.Key })
		pass(time.Second)
		require.Equal(t, 2, s.asked.total(), "the session that took its place is asked for in the same round")
		s.table.stop(started.Key.AcctSessionID)
		record := <-s.journal
		require.Len(t, record.Results, 2)
		require.Equal(t, visit.TerminationAbsent, record.Results[0].Result.State)
		require.Equal(t, visit.TerminationConfirmed, record.Results[1].Result.State)
	})
}

func TestContextNotFound(t *testing.T) {
	t.Parallel()
	notFound := answers(visit.TerminationUnconfirmed, visit.ReasonNotFound)
	t.Run("with fresh news, then none", func(t *testing.T) {
		t.Parallel()
		onStage(t, notFound, online(), func(t *testing.T, s *stage) {
			began := time.Now()
			s.End(grant, command(1), nil)
			require.Equal(t, visit.ReasonNotFound, s.next(t, command(1)).Reason)
			require.Equal(t, visit.TerminationAbsent, s.next(t, command(1)).State)
			require.Equal(t, 450*time.Second, time.Since(began))
		})
	})
	t.Run("with old news", func(t *testing.T) {
		t.Parallel()
		onStage(t, notFound, online(), func(t *testing.T, s *stage) {
			pass(451 * time.Second)
			s.End(grant, command(1), nil)
			require.Equal(t, visit.TerminationAbsent, s.next(t, command(1)).State)
		})
	})
	login := testSession()
	login.Key.AcctSessionID, login.ID = "", ""
	t.Run("of a login whose session never started", func(t *testing.T) {
		t.Parallel()
		onStage(t, notFound, []wire.Session{login}, func(t *testing.T, s *stage) {
			began := time.Now()
			s.End(grant, command(1), nil)
			require.Equal(t, visit.ReasonNotFound, s.next(t, command(1)).Reason, "its Accounting-Start may be on the way")
			require.Equal(t, visit.TerminationAbsent, s.next(t, command(1)).State)
			require.Equal(t, 10*time.Second, time.Since(began))
		})
	})
	t.Run("of a login at a NAS that sends no accounting", func(t *testing.T) {
		t.Parallel()
		onStage(t, notFound, []wire.Session{login}, func(t *testing.T, s *stage) {
			s.nases["nas-1"].AccountingSeen = false
			began := time.Now()
			s.End(grant, command(1), nil)
			require.Equal(t, visit.ReasonNotFound, s.next(t, command(1)).Reason)
			require.Equal(t, visit.TerminationAbsent, s.next(t, command(1)).State)
			require.Equal(t, 450*time.Second, time.Since(began), "no Start says nothing there")
		})
	})
	t.Run("of a session only the server knows", func(t *testing.T) {
		t.Parallel()
		onStage(t, notFound, nil, func(t *testing.T, s *stage) {
			s.End(grant, command(1), online())
			require.Equal(t, visit.ReasonNotFound, s.next(t, command(1)).Reason, "no news is no evidence yet")
			require.Equal(t, visit.TerminationAbsent, s.next(t, command(1)).State)
		})
	})
}

func TestSessionTimeout(t *testing.T) {
	t.Parallel()
	ends := func() (wire.Session, time.Time) {
		s := testSession()
		at := time.Date(2000, 1, 1, 0, 10, 0, 0, time.UTC) // synctest begins at midnight
		s.ExpiresAt = &at
		return s, at
	}
	t.Run("passed", func(t *testing.T) {
		t.Parallel()
		one, at := ends()
		onStage(t, accepts, []wire.Session{one}, func(t *testing.T, s *stage) {
			pass(11 * time.Minute)
			s.End(grant, command(1), nil)
			result := s.next(t, command(1))
			require.Equal(t, visit.TerminationTimeout, result.State)
			require.True(t, at.Equal(*result.Until))
			require.Zero(t, s.asked.total())
		})
	})
	t.Run("passed, yet the session goes on", func(t *testing.T) {
		t.Parallel()
		one, _ := ends()
		onStage(t, accepts, []wire.Session{one}, func(t *testing.T, s *stage) {
			pass(11 * time.Minute)
			s.table.interim("5F3A-01")
			s.End(grant, command(1), nil)
			require.Equal(t, visit.ReasonNoStop, s.next(t, command(1)).Reason)
			require.Equal(t, 1, s.asked.total())
		})
	})
	t.Run("ahead, and the NAS refuses", func(t *testing.T) {
		t.Parallel()
		one, at := ends()
		onStage(t, answers(visit.TerminationFailed, visit.ReasonProhibited), []wire.Session{one}, func(t *testing.T, s *stage) {
			s.End(grant, command(1), nil)
			result := s.next(t, command(1))
			require.Equal(t, visit.TerminationFailed, result.State)
			require.True(t, at.Equal(*result.Until), "access ends then at the latest")
			require.Equal(t, visit.TerminationTimeout, s.next(t, command(1)).State)
		})
	})
}

func TestOwnClimbRepeatsWithBackoff(t *testing.T) {
	t.Parallel()
	onStage(t, answers(visit.TerminationUnconfirmed, visit.ReasonNoAnswer), online(), func(t *testing.T, s *stage) {
		s.End(grant, nil, nil)
		require.Equal(t, visit.ReasonNoAnswer, s.next(t, nil).Reason)
		pass(2 * time.Hour)
		synctest.Wait()
		require.Empty(t, s.Ladder.climbs, "given up after an hour")
		var pauses []time.Duration
		for i := range s.asked.total() - 1 {
			pauses = append(pauses, s.asked.at[i+1].Sub(s.asked.at[i]))
		}
		require.Equal(t, []time.Duration{30 * time.Second, 30 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second}, pauses[:5])
		require.Equal(t, 5*time.Minute, pauses[6])
		require.Less(t, len(pauses), 20)
		require.Empty(t, s.journal, "the same result is told once")
	})
}

func TestCommandJoinsTheAttemptUnderWay(t *testing.T) {
	t.Parallel()
	onStage(t, accepts, online(), func(t *testing.T, s *stage) {
		s.End(grant, nil, nil)
		pass(time.Second)
		s.End(grant, command(1), online())
		s.End(grant, command(2), online())
		s.table.stop("5F3A-01")
		require.Equal(t, visit.TerminationConfirmed, s.next(t, command(1)).State)
		require.Equal(t, visit.TerminationConfirmed, s.next(t, command(2)).State)
		require.Equal(t, 1, s.asked.total())
	})
}

func TestCommandWakesARestingClimb(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	busy := true
	driver := func(context.Context, *wire.NAS, wire.Session) Outcome {
		mu.Lock()
		defer mu.Unlock()
		if busy {
			return Outcome{State: visit.TerminationUnconfirmed, Reason: visit.ReasonBusy}
		}
		return Outcome{State: visit.TerminationAccepted}
	}
	onStage(t, driver, online(), func(t *testing.T, s *stage) {
		s.End(grant, command(1), nil)
		require.Equal(t, visit.ReasonBusy, s.next(t, command(1)).Reason)
		mu.Lock()
		busy = false
		mu.Unlock()
		began := time.Now()
		s.End(grant, command(2), nil)
		require.Equal(t, visit.ReasonNoStop, s.next(t, command(2)).Reason)
		require.InDelta(t, 5, time.Since(began).Seconds(), 0.1)
		require.Equal(t, 2, s.asked.total())
	})
}

func TestOrphansNewsWakesAClimbButNotAtOnce(t *testing.T) {
	t.Parallel()
	onStage(t, answers(visit.TerminationFailed, visit.ReasonProhibited), online(), func(t *testing.T, s *stage) {
		s.End(grant, nil, nil)
		s.next(t, nil)
		s.End(grant, nil, online())
		pass(time.Second)
		require.Equal(t, 1, s.asked.total())
		pass(time.Minute)
		s.End(grant, nil, online())
		synctest.Wait()
		pass(time.Second)
		require.Equal(t, 2, s.asked.total(), "before its own next try, which is ten minutes away")
	})
}

func TestUnknownNASAndDriver(t *testing.T) {
	t.Parallel()
	onStage(t, accepts, online(), func(t *testing.T, s *stage) {
		s.nases["nas-1"].Driver = "unheard-of"
		s.End(grant, command(1), nil)
		require.Equal(t, visit.ReasonUnsupported, s.next(t, command(1)).Reason)
		synctest.Wait() // the climb rests, and does not look
		delete(s.nases, "nas-1")
		s.End(grant, command(2), nil)
		require.Equal(t, visit.ReasonUnknownNAS, s.next(t, command(2)).Reason)
	})
}

func TestServersAndTablesSessionsAreOne(t *testing.T) {
	t.Parallel()
	onStage(t, accepts, online(), func(t *testing.T, s *stage) {
		fromServer := testSession()
		fromServer.ID = "row-9"
		fromServer.Key.StartedAt = fromServer.Key.StartedAt.Add(300 * time.Millisecond)
		s.End(grant, command(1), []wire.Session{fromServer})
		pass(time.Second)
		s.table.stop("5F3A-01")
		record := <-s.journal
		require.Len(t, record.Results, 1)
		require.Equal(t, fromServer.Key, record.Results[0].Key, "the server finds its row by its own key")
		require.Equal(t, visit.SessionID("row-9"), record.Results[0].Result.SessionID)
		require.Equal(t, 1, s.asked.total())
	})
}

// TestADeadNASDelaysNoOther has a hundred sessions at a NAS that never answers.
func TestADeadNASDelaysNoOther(t *testing.T) {
	t.Parallel()
	driver := func(ctx context.Context, nas *wire.NAS, _ wire.Session) Outcome {
		if nas.ID == "dead" {
			<-ctx.Done()
		}
		return Outcome{State: visit.TerminationAccepted}
	}
	sessions := online()
	for i := range 200 {
		sessions = append(sessions, wire.Session{
			Key: wire.SessionKey{NASID: "dead", AcctSessionID: fmt.Sprint(i)}, GrantID: fmt.Sprint("dead-", i),
		})
	}
	onStage(t, driver, sessions, func(t *testing.T, s *stage) {
		s.nases["dead"] = &wire.NAS{ID: "dead", AccountingSeen: true}
		for i := range 200 {
			s.End(wire.Grant{ID: fmt.Sprint("dead-", i)}, nil, nil)
		}
		pass(time.Minute)
		require.Equal(t, 64, s.asked.total(), "requests to one NAS are limited")
		began := time.Now()
		s.End(grant, command(1), nil)
		s.next(t, command(1))
		require.Equal(t, 5*time.Second, time.Since(began))
	})
}

func TestPace(t *testing.T) {
	t.Parallel()
	var sessions []wire.Session
	for i := range 41 {
		sessions = append(sessions, wire.Session{Key: wire.SessionKey{NASID: "nas-1", AcctSessionID: fmt.Sprint(i)}, GrantID: grant.ID})
	}
	onStage(t, answers(visit.TerminationFailed, visit.ReasonProhibited), sessions, func(t *testing.T, s *stage) {
		began := time.Now()
		s.End(grant, command(1), nil)
		<-s.journal
		require.InDelta(t, 2, time.Since(began).Seconds(), 0.1, "20 a second")
	})
}

func TestOverflow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		block := make(chan struct{})
		journal := make(fakeJournal, 10)
		metrics := NewMetrics(nil)
		l := New(Config{
			Sessions: newFakeTable(), NASes: fakeNASes{"nas-1": {ID: "nas-1"}}, Journal: journal, Now: time.Now, Metrics: metrics,
			Drivers: map[string]Driver{"radius": driverFunc(func(ctx context.Context, _ *wire.NAS, _ wire.Session) Outcome {
				<-block
				return Outcome{State: visit.TerminationFailed, Reason: visit.ReasonProhibited}
			})},
			MaxClimbs: 1, MaxWaiting: 1, GiveUpAfter: time.Second,
		})
		defer l.Stop()
		l.End(wire.Grant{ID: "a"}, command(1), online())
		l.End(wire.Grant{ID: "b"}, command(2), nil)
		l.End(wire.Grant{ID: "c"}, command(3), nil)
		l.End(wire.Grant{ID: "b"}, command(4), nil)
		synctest.Wait()
		require.InDelta(t, 1, testutil.ToFloat64(metrics.refused), 0, "the third")
		require.Empty(t, journal)
		close(block)
		for _, attempt := range []int{1, 2, 4} {
			require.Equal(t, command(attempt), (<-journal).Command)
		}
	})
}

func TestStopEndsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	driver := func(ctx context.Context, _ *wire.NAS, _ wire.Session) Outcome {
		<-ctx.Done()
		return Outcome{State: visit.TerminationUnconfirmed, Reason: visit.ReasonNoAnswer}
	}
	onStage(t, driver, online(), func(t *testing.T, s *stage) {
		s.End(grant, command(1), nil)
		synctest.Wait()
		s.Stop()
		s.Stop()
		s.End(grant, command(2), nil)
		require.Empty(t, s.journal, "what was cut short is no result")
	})
}

// failingJournal has no disk.
type failingJournal struct{}

func (failingJournal) Append(context.Context, wire.Record) (uint64, error) {
	return 0, errors.New("disk full")
}

func TestUnwrittenResultIsCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		metrics := NewMetrics(nil)
		l := New(Config{Sessions: newFakeTable(), NASes: fakeNASes{}, Journal: failingJournal{}, Now: time.Now, Metrics: metrics})
		defer l.Stop()
		l.End(grant, command(1), nil)
		synctest.Wait()
		require.InDelta(t, 1, testutil.ToFloat64(metrics.unwritten), 0)
	})
}
