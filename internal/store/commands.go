package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// TerminationRequest is one attempt of the activity that ends a visit's sessions.
type TerminationRequest struct {
	VisitID    visit.VisitID
	Generation int
	Attempt    int
	WorkflowID string
	RunID      string
	ActivityID string
}

// Completion is a stored result on its way to the activity that waits for it.
type Completion struct {
	TerminationRequest
	Result visit.TerminationResult
	Final  bool // done: completes the activity; else it fails the current attempt
}

// Retried is the outcome of RetryTermination.
type Retried struct {
	Visit      visit.Visit
	Generation int
	Sealed     bool // no workflow is left: the command was started here
	Outcome
}

var errVisitRunning = visit.Errorf(visit.KindConflict, "visit_running", "The visit has not ended; its sessions are rightly open.")

// BeginTermination hands an attempt to the site's agents: the hub that holds the
// right one's link claims it. final says that the result is there already, which
// is also so for a site where nobody could have a session. It returns
// ErrVisitNotFound.
func (s *Store) BeginTermination(ctx context.Context, request TerminationRequest) (result visit.TerminationResult, final bool, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		site, err := t.siteOfVisit(ctx, request.VisitID)
		if err != nil {
			return err
		}
		if err := t.upsertCommand(ctx, site, request); err != nil {
			return err
		}
		row, err := t.lockCommand(ctx, request.VisitID, request.Generation)
		if err != nil {
			return err
		}
		if !row.Final {
			if row.Final, err = t.nothingToEnd(ctx, row); err != nil {
				return err
			}
		}
		final = row.Final
		result, err = row.result()
		if !final {
			t.notify(NotifyCommand, site, string(request.VisitID))
		}
		return err
	})
	return result, final, err
}

// siteOfVisit is also that of an access, which a command may be about as well.
func (t *tx) siteOfVisit(ctx context.Context, id visit.VisitID) (visit.SiteID, error) {
	type siteOnly struct{ SiteID visit.SiteID }
	row, err := one[siteOnly](ctx, t, visit.ErrVisitNotFound, `select site_id from visits where id = @id
		union all select site_id from accesses where id = @id`, pgx.NamedArgs{"id": id})
	return row.SiteID, err
}

// upsertCommand makes the attempt the current one. A repeat of the current attempt
// keeps its claim; a final result is never forgotten.
func (t *tx) upsertCommand(ctx context.Context, site visit.SiteID, r TerminationRequest) error {
	const upsert = `insert into commands as c (visit_id, generation, site_id, attempt, workflow_id, run_id, activity_id, created_at, updated_at)
		values (@visit, @generation, @site, @attempt, @workflow, @run, @activity, @now, @now)
		on conflict (visit_id, generation) do update set
			attempt = excluded.attempt, workflow_id = excluded.workflow_id, run_id = excluded.run_id, activity_id = excluded.activity_id,
			agent_id = null, epoch = null, claimed_at = null, result = null, result_at = null, delivered_at = null,
			updated_at = excluded.updated_at
		where not c.final and (c.attempt, c.run_id, c.activity_id) is distinct from (excluded.attempt, excluded.run_id, excluded.activity_id)`
	_, err := t.Exec(ctx, upsert, pgx.NamedArgs{
		"visit": r.VisitID, "generation": r.Generation, "site": site, "attempt": r.Attempt,
		"workflow": optional(r.WorkflowID), "run": optional(r.RunID), "activity": optional(r.ActivityID), "now": t.now,
	})
	return err
}

// nothingToEnd settles the command of a site where no agent was ever enrolled, or
// all are withdrawn, and no session is on record.
func (t *tx) nothingToEnd(ctx context.Context, row commandRow) (bool, error) {
	const settle = `update commands set final = true, result = @result, result_at = @now, delivered_at = @now, updated_at = @now
		where visit_id = @visit and generation = @generation
			and not exists (select from agents where site_id = @site and withdrawn_at is null and enrolled_at is not null)
			and not exists (select from sessions where (visit_id = @visit or access_id = @visit) and ended_at is null)`
	settled, err := exec(ctx, t, settle, pgx.NamedArgs{
		"visit": row.VisitID, "generation": row.Generation, "site": row.SiteID, "now": t.now,
		"result": visit.TerminationResult{Sessions: []visit.SessionTermination{}},
	})
	return settled == 1, err
}

// RetryTermination starts the next generation. While the visit is not sealed its
// workflow is to be told; after that the command is started here. It returns
// ErrVisitNotFound, ErrNotCheckedIn, ErrVisitCancelled, and a conflict while the
// visit goes on.
func (s *Store) RetryTermination(ctx context.Context, by Caller, id visit.VisitID) (Retried, error) {
	var generation int
	out, err := s.onVisit(ctx, by, id, func(ctx context.Context, t *tx, row *visitRow) (bool, error) {
		switch row.Status {
		case visit.PreRegistered:
			return false, visit.ErrNotCheckedIn
		case visit.CheckedIn:
			return false, errVisitRunning
		case visit.Cancelled, visit.NoShow:
			return false, visit.ErrVisitCancelled
		case visit.CheckedOut, visit.Expired:
		}
		row.Generation++
		generation = row.Generation
		t.audit(row.SiteID, by.Actor, "visit.termination_retried", "visit:"+string(id), map[string]any{"generation": row.Generation})
		if row.SealedAt == nil {
			return true, nil
		}
		t.notify(NotifyCommand, row.SiteID, string(id))
		return true, t.upsertCommand(ctx, row.SiteID, TerminationRequest{VisitID: id, Generation: row.Generation, Attempt: 1})
	})
	if err == nil && out.Replayed {
		var work visit.Work
		work, err = s.WorkView(ctx, id)
		generation = work.Generation
	}
	return Retried{Visit: out.Visit, Generation: generation, Sealed: out.Visit.SealedAt != nil, Outcome: out.Outcome}, err
}

// FailTermination records, once, that the generation's time is over: an event for
// staff to see. A result that came in after all stays what it is.
func (s *Store) FailTermination(ctx context.Context, id visit.VisitID, generation int, reason string) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		site, tell, err := t.lockForFailure(ctx, id)
		if err != nil {
			return err
		}
		row, err := t.lockCommand(ctx, id, generation)
		if errors.Is(err, pgx.ErrNoRows) {
			err = t.upsertCommand(ctx, site, TerminationRequest{VisitID: id, Generation: generation})
		}
		if err != nil || row.Final || row.FailedAt != nil {
			return err
		}
		const update = `update commands set failed_at = @now, updated_at = @now, delivered_at = coalesce(delivered_at, @now)
			where visit_id = @visit and generation = @generation`
		if _, err := t.Exec(ctx, update, pgx.NamedArgs{"visit": id, "generation": generation, "now": t.now}); err != nil {
			return err
		}
		return tell(map[string]any{"generation": generation, "reason": code(reason)})
	})
}

// lockForFailure locks what a command is about, a visit or an access, and returns how
// it is told there that ending the sessions was given up.
func (t *tx) lockForFailure(ctx context.Context, id visit.VisitID) (visit.SiteID, func(data map[string]any) error, error) {
	row, err := t.lockVisit(ctx, Everything, id)
	if !errors.Is(err, visit.ErrVisitNotFound) {
		return row.SiteID, func(data map[string]any) error {
			return t.record(row.event(visit.EventTerminationFailed, actorWorkflow, data))
		}, err
	}
	access, err := t.lockAccess(ctx, roll.AccessID(id))
	return access.SiteID, func(data map[string]any) error { // what has no visit is in the trail alone
		t.audit(access.SiteID, actorWorkflow, "access.termination_failed", accessPlace(access.ID), data)
		return nil
	}, err
}

// Undelivered returns results that no activity is known to have got, the oldest
// first.
func (s *Store) Undelivered(ctx context.Context, limit int) ([]Completion, error) {
	completions := []Completion{}
	err := s.query(ctx, func(ctx context.Context, q db) error {
		const list = `select ` + commandColumns + ` from commands c
			where c.result_at is not null and c.delivered_at is null order by c.result_at limit @limit`
		rows, err := all[commandRow](ctx, q, list, pgx.NamedArgs{"limit": limit})
		if err != nil {
			return err
		}
		for _, row := range rows {
			result, err := row.result()
			if err != nil {
				return err
			}
			completions = append(completions, Completion{TerminationRequest: row.request(), Result: result, Final: row.Final})
		}
		return nil
	})
	return completions, err
}

// Delivered notes that the activity got the result of this attempt, or is gone.
func (s *Store) Delivered(ctx context.Context, id visit.VisitID, generation, attempt int) error {
	return s.query(ctx, func(ctx context.Context, q db) error {
		const update = `update commands set delivered_at = @now
			where visit_id = @visit and generation = @generation and attempt = @attempt and result_at is not null and delivered_at is null
			returning site_id`
		sites, err := scalars[visit.SiteID](ctx, q, update, pgx.NamedArgs{"visit": id, "generation": generation, "attempt": attempt, "now": s.now()})
		for _, site := range sites { // from now on the next attempt has its time
			s.pulse.wake(Notification{NotifyDetail, site, string(id)})
		}
		return err
	})
}

const (
	claimLimit = 100              // commands of one call
	preferFor  = 10 * time.Second // the agent that last reported the sessions goes first
)

type claimRow struct {
	VisitID    visit.VisitID    `db:"visit_id"`
	Generation int              `db:"generation"`
	Attempt    int              `db:"attempt"`
	VoucherID  visit.VoucherID  `db:"voucher_id"`
	Username   string           `db:"username"`
	SessionID  *visit.SessionID `db:"session_id"`
}

// ClaimCommands takes the site's waiting commands for this agent's link and
// returns them with all sessions on record. An unclaimed one goes first to the
// agent that last reported one of the visit's sessions; after ten seconds, or when
// that agent is away, to any. A claimed one is taken over only when its claimer's
// link is gone. A generation goes on until the next one has a command: that one was
// asked for is not enough, because its workflow may not hear of it. connected are
// agents whose links the calling hub holds. It returns ErrStaleEpoch.
func (s *Store) ClaimCommands(ctx context.Context, site visit.SiteID, agent visit.AgentID, epoch int64, connected []visit.AgentID) ([]wire.SessionTerminate, error) {
	var claimed []wire.SessionTerminate
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		claimed = nil
		if err := t.fence(ctx, agent, site, epoch); err != nil {
			return err
		}
		rows, err := t.takeCommands(ctx, site, agent, epoch, connected)
		if err != nil || len(rows) == 0 {
			return err
		}
		claimed, err = t.commandsOf(ctx, rows)
		return err
	})
	return claimed, err
}

// takeCommands claims for an agent. A link is up while its hub says so, is heard of, or
// the caller holds it.
func (t *tx) takeCommands(ctx context.Context, site visit.SiteID, agent visit.AgentID, epoch int64, connected []visit.AgentID) ([]claimRow, error) {
	const claim = `
		with up as (
			select id, epoch from agents
			where site_id = @site and withdrawn_at is null and hub is not null and (last_seen_at > @quiet or id = any(@connected::uuid[]))
		), waiting as (
			select c.visit_id, c.generation from commands c
			left join lateral (
				select s.agent_id from sessions s where (s.visit_id = c.visit_id or s.access_id = c.visit_id) and s.ended_at is null
					and (c.session_id is null or s.id = c.session_id)
				order by s.last_seen_at desc limit 1
			) last on true
			where c.site_id = @site and c.result_at is null and c.failed_at is null
				and (c.session_id is null or c.created_at > @fresh)
				and not exists (select from commands n where n.visit_id = c.visit_id and n.generation > c.generation and n.session_id is null)
				and (c.agent_id is null
						and (last.agent_id is null or last.agent_id = @agent or c.updated_at <= @patience
							or last.agent_id not in (select id from up))
					or c.agent_id is not null
						and not exists (select from up where up.id = c.agent_id and up.epoch = c.epoch))
			order by c.updated_at limit @limit
			for no key update of c skip locked
		)
		update commands c set agent_id = @agent, epoch = @epoch, claimed_at = @now
		from waiting w, lateral (
			(select o.id, o.username from vouchers o where o.visit_id = w.visit_id order by o.revoked_at is not null, o.created_at desc, o.id desc limit 1)
			union all select a.id, '' from accesses a where a.id = w.visit_id
		) o
		where c.visit_id = w.visit_id and c.generation = w.generation
		returning c.visit_id, c.generation, c.attempt, o.id as voucher_id, o.username, c.session_id`
	return all[claimRow](ctx, t, claim, pgx.NamedArgs{
		"site": site, "agent": agent, "epoch": epoch, "connected": texts(connected), "now": t.now,
		"quiet": t.now.Add(-quietFor), "patience": t.now.Add(-preferFor), "fresh": t.now.Add(-DisconnectFor), "limit": claimLimit,
	})
}

// commandsOf adds the open sessions, all of them to each command: whichever agent
// gets it can end them. One that is about a single session gets that.
func (t *tx) commandsOf(ctx context.Context, rows []claimRow) ([]wire.SessionTerminate, error) {
	ids := make([]visit.VisitID, len(rows))
	for i, r := range rows {
		ids[i] = r.VisitID
	}
	const open = `select ` + sessionColumns + ` from sessions v
		where (v.visit_id = any(@ids::uuid[]) or v.access_id = any(@ids::uuid[])) and v.ended_at is null order by v.id`
	sessions, err := all[sessionRow](ctx, t, open, pgx.NamedArgs{"ids": ids})
	if err != nil {
		return nil, err
	}
	commands := make([]wire.SessionTerminate, len(rows))
	for i, r := range rows {
		only := r.SessionID != nil
		own := slices.DeleteFunc(slices.Clone(sessions), func(s sessionRow) bool {
			return value(s.VisitID) != r.VisitID && string(value(s.AccessID)) != string(r.VisitID) || only && s.ID != *r.SessionID
		})
		commands[i] = wire.SessionTerminate{
			Command: wire.Command{VisitID: r.VisitID, Generation: r.Generation, Attempt: r.Attempt},
			GrantID: string(r.VoucherID), Username: r.Username, Sessions: wireSessions(own), Only: only,
		}
		if only && len(own) > 0 && own[0].VoucherID != nil {
			commands[i].GrantID = string(*own[0].VoucherID) // the credentials may have been reissued since
		}
	}
	return commands, nil
}
