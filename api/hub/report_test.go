package hub_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api/hub"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// refused is a report of one refused login.
func refused(journal string, sequence uint64) *wire.Report {
	return &wire.Report{Journal: journal, Records: []wire.Record{{
		Sequence: sequence, At: time.Unix(1, 0).UTC(), Refused: &wire.Refused{Reason: wire.RefusedUnknownUser, Username: "v-guess"},
	}}}
}

// unwell is a store that cannot store reports for the moment.
type unwell struct {
	hub.Ledger
	ill *atomic.Bool
}

func (u unwell) StoreReport(ctx context.Context, agent visit.AgentID, site visit.SiteID, epoch int64, report wire.Report) (store.Stored, error) {
	if u.ill.Load() {
		return store.Stored{}, visit.Unavailable("database", context.DeadlineExceeded)
	}
	return u.Ledger.StoreReport(ctx, agent, site, epoch, report)
}

func TestReportIsAcknowledgedOnceStored(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var ill atomic.Bool
	p := r.replica(func(c *hub.Config) { c.Ledger = unwell{c.Ledger, &ill} })
	a := p.agent("rack 1")
	l := p.follow(a)
	l.send(refused("j", 1))
	require.Equal(t, &wire.ReportAck{Journal: "j", Sequence: 1}, expect[*wire.ReportAck](l))
	require.Equal(t, 1, r.count("select count(*) from refused_logins"))

	ill.Store(true)
	l.send(refused("j", 2))
	code, rest := l.closed()
	require.Equal(t, wire.CloseOverloaded, code)
	for _, frame := range rest {
		require.NotEqual(t, wire.TypeReportAck, frame.FrameType(), "what is not stored is not acknowledged")
	}

	ill.Store(false)
	l = p.follow(a)
	for range 2 { // the answer to the first may have been lost
		for _, sequence := range []uint64{1, 2, 3} {
			l.send(refused("j", sequence))
			require.GreaterOrEqual(t, expect[*wire.ReportAck](l).Sequence, sequence)
		}
	}
	require.Equal(t, 3, r.count("select count(*) from refused_logins"), "repeats change nothing")
	l.send(refused("wiped", 1))
	require.Equal(t, &wire.ReportAck{Journal: "wiped", Sequence: 1}, expect[*wire.ReportAck](l))
	require.Equal(t, 4, r.count("select count(*) from refused_logins"), "another journal is another story")
}

func TestSessionsAreForwarded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	visitor := r.arrive(r.nas(1))
	first, second := p.follow(p.agent("rack 1")), p.follow(p.agent("rack 2"))
	first.reported(visitor.accounting(1, wire.AccountingStart))
	told := expect[*wire.SessionReport](second)
	require.Len(t, told.Open, 1)
	require.Equal(t, visitor.key.AcctSessionID, told.Open[0].Key.AcctSessionID)
	require.Equal(t, visitor.grant.ID, told.Open[0].GrantID)

	third := p.follow(p.agent("rack 3"))
	require.Equal(t, told.Open[0].Key, expect[*wire.SessionReport](third).Open[0].Key, "who comes later hears of it too")

	first.reported(visitor.accounting(2, wire.AccountingStop))
	for told.Closed == nil { // what has begun may be told twice
		told = expect[*wire.SessionReport](second)
	}
	require.Equal(t, visitor.key.AcctSessionID, told.Closed[0].AcctSessionID)
	require.NoError(t, first.ws.Close())
	_, rest := first.closed()
	for _, frame := range rest {
		require.NotEqual(t, wire.TypeSessionReport, frame.FrameType(), "who reported it is not told")
	}
}

// gated holds the list of open sessions between reading and sending it.
type gated struct {
	hub.Ledger
	read, release chan struct{}
}

func (g gated) OpenSessions(ctx context.Context, site visit.SiteID, except visit.AgentID) ([]wire.Session, error) {
	open, err := g.Ledger.OpenSessions(ctx, site, except)
	if len(open) > 0 {
		close(g.read)
		<-g.release
	}
	return open, err
}

// A session that ends while an agent connects is told as open first, and then as
// closed.
func TestSessionsAreToldInOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	gate := gated{r.Store, make(chan struct{}), make(chan struct{})}
	p := r.replica(func(c *hub.Config) { c.Ledger = gate })
	visitor := r.arrive(r.nas(1))
	first := p.follow(p.agent("rack 1"))
	first.reported(visitor.accounting(1, wire.AccountingStart))
	second := p.connect(p.agent("rack 2"))
	select {
	case <-gate.read:
	case <-time.After(soon):
		require.FailNow(t, "nobody asked for the open sessions")
	}
	first.reported(visitor.accounting(2, wire.AccountingStop))
	close(gate.release)
	require.NotEmpty(t, expect[*wire.SessionReport](second).Open)
	require.NotEmpty(t, expect[*wire.SessionReport](second).Closed)
}

// A command goes to the agent that reported the session, by the replica that
// holds its link, and to another one when that link is lost.
func TestCommandsFindTheRightAgent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p, q := r.replica(), r.replica()
	visitor := r.arrive(r.nas(1))
	near, far := p.follow(p.agent("rack 1")), q.follow(q.agent("rack 2"))
	near.reported(visitor.accounting(1, wire.AccountingStart))
	r.leave(visitor)

	command := expect[*wire.SessionTerminate](near)
	require.Equal(t, wire.Command{VisitID: visitor.visit, Generation: 1, Attempt: 1}, command.Command)
	require.Equal(t, visitor.grant.ID, command.GrantID)
	require.Len(t, command.Sessions, 1)
	require.Equal(t, visitor.key.AcctSessionID, command.Sessions[0].Key.AcctSessionID)

	require.NoError(t, near.ws.Close())
	taken := expect[*wire.SessionTerminate](far)
	require.Equal(t, command.Command, taken.Command)
	require.Equal(t, command.Sessions, taken.Sessions)

	result := &wire.Termination{Command: &taken.Command, GrantID: taken.GrantID, VisitID: visitor.visit, Results: []wire.SessionResult{{
		Key: taken.Sessions[0].Key, Result: visit.SessionTermination{State: visit.TerminationConfirmed, At: r.Clock.Now()},
	}}}
	for range 2 { // a result that comes twice is one result
		far.reported(wire.Record{Sequence: 1, At: r.Clock.Now(), Termination: result})
	}
	stored, final := r.terminate(visitor)
	require.True(t, final)
	require.Equal(t, visit.TerminationConfirmed, stored.Sessions[0].State)
	require.Equal(t, 1, r.count("select count(*) from events where kind = 'session.terminated'"))
}

// A NAS that never says that a session ended leaves more of them on record than
// a frame holds.
func TestCommandWithCountlessSessions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	visitor := r.arrive(r.nas(1))
	first := p.agent("rack 1")
	l, second := p.follow(first), p.agent("rack 2")
	const sessions = 300
	var records []wire.Record
	for i := range sessions {
		record := visitor.accounting(uint64(i+1), wire.AccountingStart)
		record.Accounting.Session.Key.AcctSessionID = string(rune('a'+i%26)) + time.Duration(i).String()
		record.Accounting.Session.CalledStation = "a long name of a station <&> <&> <&> <&> <&> <&> <&> <&> <&>"
		records = append(records, record)
	}
	l.reported(records...)
	r.leave(visitor)
	require.NotEmpty(t, expect[*wire.SessionTerminate](l).Sessions)
	late, told := p.follow(second), 0
	for told < sessions {
		told += len(expect[*wire.SessionReport](late).Open)
	}
	require.Equal(t, sessions, told)
}
