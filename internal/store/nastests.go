package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const (
	testFor       = 9 * time.Second // whoever asks waits so long
	testMargin    = 2 * time.Second // of it for the ways there and back
	testsAMinute  = 10              // of one site
	testsKeptFor  = time.Hour
	testedPoll    = 250 * time.Millisecond
	testsPerClaim = 4
)

// ErrTooManyTests limits the tests of a site's NASes.
var ErrTooManyTests = visit.Errorf(visit.KindLimited, "too_many_tests", "This site's NASes were tested often within a minute; wait a little.")

// NASTest is a test of a NAS by the site's agents, by name.
type NASTest struct {
	ID     string
	NAS    visit.NAS
	Agents []NASTestAgent
}

// NASTestAgent is what one agent found.
type NASTestAgent struct {
	AgentID visit.AgentID
	Name    string
	Since   *time.Time // offline since, where it is
	Report  visit.NASReport
}

// BeginNASTest asks the site's connected agents to try a NAS; WaitNASTest returns
// what they find. It returns ErrNASNotFound and ErrTooManyTests.
func (s *Store) BeginNASTest(ctx context.Context, by Caller, site visit.SiteID, nas visit.NASID) (id string, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) (err error) {
		args := by.Scope.args(pgx.NamedArgs{"id": nas, "site": site})
		if _, err := one[nasRow](ctx, t, visit.ErrNASNotFound, findNAS+` for no key update`, args); err != nil {
			return err
		}
		if err := t.limitTests(ctx, site); err != nil {
			return err
		}
		if id, err = s.newID(); err != nil {
			return err
		}
		const insert = `insert into nas_tests (id, agent_id, site_id, nas_id, asked_at, ends_at)
			select @test, a.id, a.site_id, @nas, @now, @ends from agents a
			where a.site_id = @site and a.withdrawn_at is null and a.enrolled_at is not null`
		t.audit(site, by.Actor, "nas.tested", "nas:"+string(nas), nil)
		t.notify(NotifyTest, site, id)
		_, err = t.Exec(ctx, insert, pgx.NamedArgs{"test": id, "nas": nas, "site": site, "now": t.now, "ends": t.now.Add(testFor)})
		return err
	})
	return id, err
}

// limitTests counts a site's tests over all replicas, and forgets old ones.
func (t *tx) limitTests(ctx context.Context, site visit.SiteID) error {
	const forget = `delete from nas_tests where site_id = @site and asked_at < @old`
	if _, err := t.Exec(ctx, forget, pgx.NamedArgs{"site": site, "old": t.now.Add(-testsKeptFor)}); err != nil {
		return err
	}
	const count = `select count(distinct id) from nas_tests where site_id = @site and asked_at > @recent`
	recent, err := scalars[int](ctx, t, count, pgx.NamedArgs{"site": site, "recent": t.now.Add(-time.Minute)})
	if err == nil && recent[0] >= testsAMinute {
		err = ErrTooManyTests
	}
	return err
}

// ClaimNASTests takes the tests that wait for this agent's link. A stale epoch gets
// none.
func (s *Store) ClaimNASTests(ctx context.Context, agent visit.AgentID, epoch int64) ([]wire.NASTest, error) {
	type claimedRow struct {
		ID     string      `db:"id"`
		NASID  visit.NASID `db:"nas_id"`
		EndsAt time.Time   `db:"ends_at"`
	}
	var tests []wire.NASTest
	err := s.query(ctx, func(ctx context.Context, q db) error {
		const claim = `update nas_tests set claimed_at = @now
			where (id, agent_id) in (
				select t.id, t.agent_id from nas_tests t join agents a on a.id = t.agent_id
				where t.agent_id = @agent and a.epoch = @epoch and t.claimed_at is null and t.ends_at > @now
				order by t.asked_at limit @limit)
			returning id, nas_id, ends_at`
		now := s.now()
		rows, err := all[claimedRow](ctx, q, claim, pgx.NamedArgs{"agent": agent, "epoch": epoch, "now": now, "limit": testsPerClaim})
		for _, r := range rows {
			within := max(r.EndsAt.Sub(now)-testMargin, time.Second)
			tests = append(tests, wire.NASTest{ID: r.ID, NASID: r.NASID, WithinMS: int(within.Milliseconds())})
		}
		return err
	})
	return tests, err
}

// AnswerNASTest stores what an agent found. An answer that nobody asked this agent
// for, or a second one, changes nothing. It returns ErrStaleEpoch.
func (s *Store) AnswerNASTest(ctx context.Context, agent visit.AgentID, site visit.SiteID, epoch int64, answer wire.NASTested) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.fence(ctx, agent, site, epoch); err != nil {
			return err
		}
		report := answer.Report
		report.Answer = visit.ProbeAnswer(code(string(report.Answer)))
		const store = `update nas_tests set report = @report, answered_at = @now
			where id::text = @id and agent_id = @agent and answered_at is null`
		t.notify(NotifyTest, site, clean(answer.ID, maxName))
		_, err := t.Exec(ctx, store, pgx.NamedArgs{"report": report, "now": t.now, "id": answer.ID, "agent": agent})
		return err
	})
}

type testRow struct {
	AgentID        visit.AgentID `db:"agent_id"`
	Name           string        `db:"name"`
	Hub            *string       `db:"hub"`
	DisconnectedAt *time.Time    `db:"disconnected_at"`
	Report         []byte        `db:"report"`
}

// settled reports whether nothing more is to be waited for.
func (r testRow) settled() bool { return r.Report != nil || r.Hub == nil }

func (r testRow) agent() (NASTestAgent, error) {
	a := NASTestAgent{AgentID: r.AgentID, Name: r.Name}
	switch {
	case r.Report != nil:
		return a, json.Unmarshal(r.Report, &a.Report)
	case r.Hub == nil:
		a.Report.Answer, a.Since = visit.ProbeAgentOffline, r.DisconnectedAt
	default:
		a.Report.Answer = visit.ProbeAgentSilent
	}
	return a, nil
}

// WaitNASTest returns what every agent found, waiting for those that are connected
// until their time is over or ctx ends. A nil notifier means polling.
func (s *Store) WaitNASTest(ctx context.Context, n *Notifier, scope Scope, site visit.SiteID, nas visit.NASID, id string) (NASTest, error) {
	test := NASTest{ID: id, Agents: []NASTestAgent{}}
	var woken <-chan Notification
	if n != nil {
		notifications, cancel := n.Subscribe(64)
		defer cancel()
		woken = notifications
	}
	limit, cancel := context.WithTimeout(ctx, testFor)
	defer cancel()
	for {
		rows, err := s.testRows(context.WithoutCancel(ctx), id)
		if err != nil {
			return test, err
		}
		settled := true
		for _, r := range rows {
			settled = settled && r.settled()
		}
		if settled || limit.Err() != nil {
			return s.testOf(context.WithoutCancel(ctx), scope, site, nas, test, rows)
		}
		waitTested(limit, woken, id)
	}
}

func (s *Store) testRows(ctx context.Context, id string) ([]testRow, error) {
	var rows []testRow
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		const list = `select t.agent_id, a.name, a.hub, a.disconnected_at, t.report from nas_tests t join agents a on a.id = t.agent_id
			where t.id = @id order by lower(a.name), a.id`
		rows, err = all[testRow](ctx, q, list, pgx.NamedArgs{"id": id})
		return err
	})
	return rows, err
}

func (s *Store) testOf(ctx context.Context, scope Scope, site visit.SiteID, nas visit.NASID, test NASTest, rows []testRow) (NASTest, error) {
	for _, r := range rows {
		agent, err := r.agent()
		if err != nil {
			return test, err
		}
		test.Agents = append(test.Agents, agent)
	}
	var err error
	test.NAS, err = s.NAS(ctx, scope, site, nas)
	return test, err
}

func waitTested(ctx context.Context, woken <-chan Notification, id string) {
	timer := time.NewTimer(testedPoll)
	defer timer.Stop()
	for {
		select {
		case n := <-woken:
			if n.Kind == NotifyResync || n.Kind == NotifyTest && n.Object == id {
				return
			}
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
