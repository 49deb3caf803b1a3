package store_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// reporting is an agent that reports.
type reporting struct {
	bench
	agent store.Agent
	epoch int64
	next  uint64
}

func (b bench) reporting(t testing.TB, name string) *reporting {
	t.Helper()
	agent, epoch := b.connected(t, name)
	return &reporting{bench: b, agent: agent, epoch: epoch}
}

func (a *reporting) send(records ...wire.Record) (store.Stored, error) {
	for i := range records {
		a.next++
		records[i].Sequence, records[i].At = a.next, a.Clock.Now()
	}
	return a.StoreReport(context.Background(), a.agent.ID, a.site.ID, a.epoch, wire.Report{Journal: "j-" + string(a.agent.ID), Records: records})
}

func (a *reporting) uses(t testing.TB, zone store.Zone, entries ...wire.RollEntry) store.Stored {
	t.Helper()
	stored, err := a.send(wire.Record{RollUse: &wire.RollUse{ZoneID: string(zone.ID), Entries: entries}})
	require.NoError(t, err)
	return stored
}

func used(r store.Roll, ticket, holder uint32, at time.Time) wire.RollEntry {
	return wire.RollEntry{RollID: r.ID, Ticket: ticket, At: at, HolderRollID: r.ID, HolderTicket: holder, ForSeconds: 3600}
}

// told is what an agent that takes a snapshot knows.
func (b bench) told(t testing.TB) (*roll.Usage, map[roll.AccessID]wire.Grant) {
	t.Helper()
	usage, grants, first := &roll.Usage{}, map[roll.AccessID]wire.Grant{}, map[roll.ID]uint32{}
	require.NoError(t, b.Snapshot(t.Context(), b.site.ID, func(part wire.Snapshot) error {
		for _, r := range part.Rolls {
			first[r.ID] = r.First
		}
		for _, u := range part.Usages {
			require.Contains(t, first, u.RollID, "rolls come first")
			for bit := range uint32(8 * len(u.Over)) {
				if u.Over[bit/8]>>(bit%8)&1 == 1 {
					usage.Merge(roll.Entry{Ticket: roll.Ticket{Roll: u.RollID, Number: first[u.RollID] + bit}, Record: roll.Record{Over: true}})
				}
			}
		}
		for _, g := range part.Grants {
			if g.Kind != wire.GrantRoll {
				continue
			}
			grants[roll.AccessID(g.ID)] = g
			for _, e := range g.Entries {
				usage.Merge(entry(e))
			}
		}
		return nil
	}))
	return usage, grants
}

func entry(e wire.RollEntry) roll.Entry {
	return roll.Entry{Ticket: roll.Ticket{Roll: e.RollID, Number: e.Ticket}, Record: roll.Record{
		At: e.At, Holder: roll.Ticket{Roll: e.HolderRollID, Number: e.HolderTicket}, For: time.Duration(e.ForSeconds) * time.Second,
	}}
}

func TestAnAgentReportsAFirstUse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, zone := b.reporting(t, "a"), b.zone(t, store.LongZone, "lobby")
	r := b.roll(t, zone, 1, 10)
	at := b.Clock.Now().Truncate(time.Second).Add(-time.Minute)
	before := sql[int64](t, b, "select revision from site_heads where site_id = $1", b.site.ID)[0]
	for range 2 { // a repeat changes nothing
		require.Zero(t, a.uses(t, zone, used(r, 3, 3, at), used(r, 4, 3, at)).Skipped)
	}
	holder := roll.Ticket{Roll: r.ID, Number: 3}
	access, err := b.Access(t.Context(), holder.AccessID())
	require.NoError(t, err)
	require.Equal(t, at, access.StartedAt)
	require.Equal(t, at.Add(2*time.Hour), access.EndsAt)
	require.Equal(t, []string{"access.started"}, sql[string](t, b, "select kind from events where kind like 'access.%'"))
	require.Equal(t, roll.Active, b.state(t, zone, b.codes(t, zone, r)[3]))

	entries, known, err := b.LedgerFrom(t.Context(), b.site.ID, positionOf(t, b, before), 100)
	require.NoError(t, err)
	require.True(t, known)
	require.Len(t, entries, 1)
	require.Equal(t, wire.TypeGrantPut, entries[0].Type)
	grant := entries[0].Grant
	require.Equal(t, string(holder.AccessID()), grant.ID)
	require.Len(t, grant.Entries, 2)
	require.Equal(t, access.EndsAt, grant.NotAfter)
	require.Equal(t, string(zone.ID), grant.Zone)

	b.Clock.Advance(3 * time.Hour)
	entries, _, err = b.LedgerFrom(t.Context(), b.site.ID, positionOf(t, b, before), 100)
	require.NoError(t, err)
	require.Equal(t, grant, entries[0].Grant, "one whose time is over: an agent that was away must not take its codes for fresh ones")
	b.verify(t)
}

// An agent whose clock was a day ahead gives nobody a day more, once it is heard of.
func TestAFirstUseIsNotInTheFuture(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, zone := b.reporting(t, "a"), b.zone(t, store.LongZone, "lobby")
	r := b.roll(t, zone, 1, 10)
	now := b.Clock.Now().Truncate(time.Second)
	for range 2 { // a repeat changes nothing
		a.uses(t, zone, used(r, 3, 3, now.Add(24*time.Hour)), used(r, 4, 4, now.Add(30*time.Second)))
		usage, _ := b.told(t)
		require.Equal(t, now.Add(time.Hour), usage.EndsAt(roll.Ticket{Roll: r.ID, Number: 3}))
		require.Equal(t, now.Add(time.Hour+30*time.Second), usage.EndsAt(roll.Ticket{Roll: r.ID, Number: 4}), "a clock may be a little wrong")
		b.Clock.Advance(time.Minute)
	}
}

// Between its end and its settling, an access is all that says that its codes are used.
func TestCodesThatRanOutAreToldUntilTheyAreSettled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, zone := b.reporting(t, "a"), b.zone(t, store.LongZone, "lobby")
	r := b.roll(t, zone, 1, 10)
	a.uses(t, zone, used(r, 3, 3, b.Clock.Now()), used(r, 4, 3, b.Clock.Now()))
	first, second := roll.Ticket{Roll: r.ID, Number: 3}, roll.Ticket{Roll: r.ID, Number: 4}
	told := func(when string) {
		t.Helper()
		usage, _ := b.told(t)
		require.True(t, usage.Of(first).Used(), when)
		require.True(t, usage.Of(second).Used(), when)
	}

	b.Clock.Advance(3 * time.Hour)
	told("no worker has noticed")
	_, err := b.EndAccess(t.Context(), first.AccessID(), false)
	require.NoError(t, err)
	told("ended")
	_, err = b.SealAccess(t.Context(), first.AccessID(), "confirmed")
	require.NoError(t, err)
	told("sealed")
	b.Clock.Advance(8 * 24 * time.Hour)
	settled, err := b.SettleAccesses(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, 1, settled)
	told("settled")
	usage, grants := b.told(t)
	require.True(t, usage.Of(first).Over)
	require.Empty(t, grants)
}

// What makes no sense, or is another site's, is skipped and blocks nothing.
func TestReportedNonsenseIsSkipped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, zone, other := b.reporting(t, "a"), b.zone(t, store.LongZone, "lobby"), b.zone(t, store.LongZone, "bar")
	r, foreign := b.roll(t, zone, 1, 10), b.roll(t, other, 1, 10)
	now := b.Clock.Now()
	strange := used(r, 1, 1, now)
	strange.HolderRollID = foreign.ID
	timeless := used(r, 1, 1, now)
	timeless.ForSeconds = 0
	for _, e := range []wire.RollEntry{
		used(r, 0, 1, now), used(r, 11, 1, now), used(r, 1, 0, now), used(foreign, 1, 1, now), strange, timeless,
		used(r, 1, 1, time.Time{}), {RollID: "nonsense", HolderRollID: "nonsense", Ticket: 1, HolderTicket: 1, At: now, ForSeconds: 1},
	} {
		require.Equal(t, 1, a.uses(t, zone, e).Skipped, "%v", e)
	}
	require.Equal(t, 1, a.uses(t, store.Zone{ID: "nonsense"}, used(r, 1, 1, now)).Skipped)
	require.Equal(t, 1, a.uses(t, store.Zone{ID: "0197a3f0-0000-7000-8000-000000000007"}, used(r, 1, 1, now)).Skipped)
	require.Zero(t, a.uses(t, zone, used(r, 1, 1, now)).Skipped, "the negative control")
	require.Len(t, sql[string](t, b, "select id::text from accesses"), 1)
}

// An agent that had not heard that the roll was retired let somebody in.
func TestUseOfARetiredRollEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, zone := b.reporting(t, "a"), b.zone(t, store.LongZone, "lobby")
	r := b.roll(t, zone, 1, 10)
	before := b.Clock.Now().Truncate(time.Second).Add(-time.Second)
	require.NoError(t, b.DeleteRoll(t.Context(), b.desk, b.site.ID, zone.ID, r.ID, true))
	b.Clock.Advance(time.Minute)
	a.uses(t, zone, used(r, 1, 1, before))
	a.uses(t, zone, used(r, 2, 2, b.Clock.Now()))
	usage, grants := b.told(t)
	require.Contains(t, grants, roll.Ticket{Roll: r.ID, Number: 1}.AccessID(), "it was in use when its roll was retired, and runs on")
	require.NotContains(t, grants, roll.Ticket{Roll: r.ID, Number: 2}.AccessID())
	require.True(t, usage.Of(roll.Ticket{Roll: r.ID, Number: 2}).Over)
}

// Two agents that cannot see each other, and staff, do whatever they do, in any order
// and more than once: what the server knows at the end is what the domain says.
func TestReportsOfSeveralAgentsMerge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	agents := []*reporting{b.reporting(t, "a"), b.reporting(t, "b")}
	const tickets = 5
	rapid.Check(t, func(rt *rapid.T) {
		zone := b.zone(t, store.LongZone, uuid.NewString())
		r := b.roll(t, zone, 1, tickets)
		codes := b.codes(t, zone, r)
		base := b.Clock.Now().Truncate(time.Second)
		ticket := rapid.Uint32Range(1, tickets)
		use := rapid.Custom(func(rt *rapid.T) wire.RollEntry {
			e := used(r, ticket.Draw(rt, "ticket"), ticket.Draw(rt, "holder"), base.Add(time.Duration(rapid.IntRange(-5, 5).Draw(rt, "at"))*time.Second))
			e.ForSeconds = rapid.Int64Range(1000, 1002).Draw(rt, "for")
			return e
		})
		logs := [][]wire.RollEntry{rapid.SliceOfN(use, 1, 6).Draw(rt, "a"), rapid.SliceOfN(use, 1, 6).Draw(rt, "b")}
		expired := rapid.SliceOfN(rapid.IntRange(0, tickets-1), 0, 2).Draw(rt, "expired")

		model := &roll.Usage{}
		var wait sync.WaitGroup
		for i, agent := range agents {
			for _, e := range logs[i] {
				model.Merge(entry(e))
			}
			wait.Go(func() {
				for range 2 {
					for _, e := range logs[i] {
						_, err := agent.send(wire.Record{RollUse: &wire.RollUse{ZoneID: string(zone.ID), Entries: []wire.RollEntry{e}}})
						if err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		for _, i := range expired {
			model.Merge(roll.Entry{Ticket: roll.Ticket{Roll: r.ID, Number: uint32(i + 1)}, Record: roll.Record{Over: true}})
			wait.Go(func() {
				if _, err := b.ExpireCodes(t.Context(), b.desk, b.site.ID, zone.ID, codes[i:i+1]); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()

		known, grants := b.told(t)
		for number := uint32(1); number <= tickets; number++ {
			ticket := roll.Ticket{Roll: r.ID, Number: number}
			ends := model.EndsAt(ticket)
			require.Equal(rt, model.Of(ticket).Used(), known.Of(ticket).Used(), "no agent takes it for a fresh one, ticket %d", number)
			require.Equal(rt, ends, known.EndsAt(ticket), "as an agent computes it, ticket %d", number)
			grant, live := grants[ticket.AccessID()]
			if !ends.IsZero() {
				require.True(rt, live)
				require.Equal(rt, ends, grant.NotAfter, "as the server computes it")
			}
			want := roll.Ready
			if model.Of(ticket).Used() {
				want = roll.Expired
				if !model.Of(ticket).Over && model.EndsAt(model.Of(ticket).Holder).After(b.Clock.Now()) {
					want = roll.Active
				}
			}
			require.Equal(rt, want, b.state(t, zone, codes[number-1]))
		}
	})
	b.verify(t)
}

// Sessions of an access: on record, ended by command, without any visit.
func TestSessionsOfAnAccess(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nas := b.newNAS(t, "10.0.0.0/8")
	a, zone := b.reporting(t, "a"), b.zone(t, store.LongZone, "lobby")
	r := b.roll(t, zone, 1, 10)
	code := b.codes(t, zone, r)[0]
	id := roll.Ticket{Roll: r.ID, Number: 1}.AccessID()
	now := b.Clock.Now()
	session := wire.Session{
		Key: wire.SessionKey{NASID: nas.ID, AcctSessionID: "s1", StartedAt: now}, GrantID: string(id), Username: code, MAC: "02:00:00:00:00:01",
	}
	stored, err := a.send(
		wire.Record{RollUse: &wire.RollUse{ZoneID: string(zone.ID), NASID: nas.ID, Entries: []wire.RollEntry{used(r, 1, 1, now)}}},
		wire.Record{Accounting: &wire.Accounting{Status: wire.AccountingAccepted, EventAt: now, Session: session}},
		wire.Record{Accounting: &wire.Accounting{Status: wire.AccountingStart, EventAt: now, Session: session}},
	)
	require.NoError(t, err)
	require.Zero(t, stored.Skipped, "the access is known from the same report")
	require.Equal(t, []string{string(id)}, sql[string](t, b, "select access_id::text from sessions where ended_at is null and acct_session_id = 's1'"))
	require.Len(t, stored.Open, 2)
	require.Equal(t, string(id), stored.Open[1].GrantID, "for the site's other agents")

	_, err = b.ExpireCodes(t.Context(), b.desk, b.site.ID, zone.ID, []string{code})
	require.NoError(t, err)
	_, final, err := b.BeginTermination(t.Context(), store.TerminationRequest{
		VisitID: visit.VisitID(id), Generation: 1, Attempt: 1, WorkflowID: "access-" + string(id), RunID: "r", ActivityID: "1",
	})
	require.NoError(t, err)
	require.False(t, final)
	commands, err := b.ClaimCommands(t.Context(), b.site.ID, a.agent.ID, a.epoch, []visit.AgentID{a.agent.ID})
	require.NoError(t, err)
	require.Len(t, commands, 1)
	require.Equal(t, string(id), commands[0].GrantID)
	require.Len(t, commands[0].Sessions, 1)
	require.Equal(t, code, commands[0].Sessions[0].Username)

	stored, err = a.send(wire.Record{Termination: &wire.Termination{Command: &commands[0].Command, GrantID: string(id), Results: []wire.SessionResult{{
		Key: session.Key, Result: visit.SessionTermination{State: visit.TerminationConfirmed, At: now, Attempts: []visit.TerminationAttempt{{Answer: "ack"}}},
	}}}})
	require.NoError(t, err)
	require.Zero(t, stored.Skipped)
	require.Len(t, stored.Completions, 1)
	require.True(t, stored.Completions[0].Final)
	require.Empty(t, sql[string](t, b, "select id::text from sessions where ended_at is null"))
	require.Equal(t, []string{string(id)}, sql[string](t, b, "select access_id::text from terminations"))
	require.NotContains(t, strings.Join(sql[string](t, b, "select body::text from audit"), ""), code)
	b.verify(t)
}

// A refused code is somebody's, or nearly: it is not kept.
func TestRefusedCodesAreNotKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.reporting(t, "a")
	for _, reason := range []wire.RefusedReason{wire.RefusedRollCodeUnsold, wire.RefusedInUse, wire.RefusedUnknownUser} {
		_, err := a.send(wire.Record{Refused: &wire.Refused{Reason: reason, Username: "K7M2Q-9XTBC-4RHWE"}})
		require.NoError(t, err)
	}
	require.Equal(t, []string{"K…", "K…", "K7M2Q-9XTBC-4RHWE"}, sql[string](t, b, "select username from refused_logins order by id"))
}

// BenchmarkRollUse is what an agent's report of one first use costs.
func BenchmarkRollUse(b *testing.B) {
	s := setup(b)
	a, zone := s.reporting(b, "a"), s.zone(b, store.LongZone, "lobby")
	var rolls []store.Roll
	now, n := s.Clock.Now(), uint32(0)
	for b.Loop() {
		if n%store.LongRollCount == 0 {
			rolls = append(rolls, s.roll(b, zone, uint32(len(rolls)), store.LongRollCount))
		}
		ticket := n%store.LongRollCount + 1
		a.uses(b, zone, used(rolls[len(rolls)-1], ticket, ticket, now))
		n++
	}
}

// BenchmarkRollReport is the same for a hundred that an agent had to keep.
func BenchmarkRollReport(b *testing.B) {
	s := setup(b)
	a, zone := s.reporting(b, "a"), s.zone(b, store.LongZone, "lobby")
	now, number := s.Clock.Now(), uint32(0)
	for b.Loop() {
		r := s.roll(b, zone, number, 100)
		number++
		var records []wire.Record
		for ticket := uint32(1); ticket <= 100; ticket++ {
			records = append(records, wire.Record{RollUse: &wire.RollUse{ZoneID: string(zone.ID), Entries: []wire.RollEntry{used(r, ticket, ticket, now)}}})
		}
		_, err := a.send(records...)
		require.NoError(b, err)
	}
}
