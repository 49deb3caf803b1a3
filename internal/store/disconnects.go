package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// Disconnection is the wish to end one session of a running visit.
type Disconnection struct {
	Visit      visit.Visit
	SessionID  visit.SessionID
	Generation int // by which its results are known
	Outcome
}

// Refusals of disconnecting.
var (
	ErrSessionNotFound = visit.Errorf(visit.KindNotFound, "session_not_found", "There is no such session.")
	errSessionEnded    = visit.Errorf(visit.KindConflict, "session_ended", "The device is not connected any more.")
	errNoAgent         = visit.Errorf(visit.KindUnavailable, "agent_away",
		"No agent of the site is connected, so that its network cannot be asked. Nothing was changed.")
)

// DisconnectFor is how long a wish to disconnect waits for an agent's answer. A
// device that is cut minutes after somebody asked is a riddle to everybody.
const DisconnectFor = 30 * time.Second

// DisconnectSession has one session of a running visit ended; the visit, its voucher
// and its other sessions go on. It is an attempt, which nobody repeats by himself. A
// wish that is under way already is joined, Unchanged. It returns ErrVisitNotFound,
// ErrSessionNotFound, ErrNotCheckedIn, ErrVisitEnded, ErrVisitCancelled, a conflict
// where the session has ended, and KindUnavailable where no agent is connected.
func (s *Store) DisconnectSession(ctx context.Context, by Caller, id visit.VisitID, session visit.SessionID) (Disconnection, error) {
	var generation int
	out, err := s.onVisit(ctx, by, id, func(ctx context.Context, t *tx, row *visitRow) (changed bool, err error) {
		switch {
		case row.Status == visit.Cancelled || row.Status == visit.NoShow:
			return false, visit.ErrVisitCancelled
		case row.Status.Ended() || row.CheckOutRequestedAt != nil:
			return false, visit.ErrVisitEnded
		case row.Status != visit.CheckedIn:
			return false, visit.ErrNotCheckedIn
		}
		generation, changed, err = t.disconnect(ctx, by, row, session)
		return changed, err
	})
	if err == nil && out.Replayed {
		generation, err = s.disconnectionAt(ctx, id, session, out.FirstAt)
	}
	return Disconnection{Visit: out.Visit, SessionID: session, Generation: generation, Outcome: out.Outcome}, err
}

func (t *tx) disconnect(ctx context.Context, by Caller, row *visitRow, session visit.SessionID) (generation int, changed bool, err error) {
	const find = `select ` + sessionColumns + ` from sessions v where v.id = @session and v.visit_id = @visit`
	args := pgx.NamedArgs{"session": session, "visit": row.ID, "site": row.SiteID, "now": t.now, "since": t.now.Add(-DisconnectFor), "quiet": t.now.Add(-quietFor)}
	found, err := one[sessionRow](ctx, t, ErrSessionNotFound, find, args)
	if err != nil {
		return 0, false, err
	}
	if found.EndedAt != nil {
		return 0, false, errSessionEnded
	}
	const underWay = `select generation from commands where visit_id = @visit and session_id = @session
		and result_at is null and failed_at is null and created_at > @since order by generation desc limit 1`
	if before, err := scalars[int](ctx, t, underWay, args); err != nil || len(before) > 0 {
		return first(before), false, err
	}
	const linked = `select true as linked from agents where site_id = @site and withdrawn_at is null and hub is not null and last_seen_at > @quiet limit 1`
	if _, err := one[struct{ Linked bool }](ctx, t, errNoAgent, linked, args); err != nil {
		return 0, false, err
	}
	// The next generation is the workflow's, when the visit ends.
	args["generation"] = row.Generation
	row.Generation++
	const insert = `insert into commands (visit_id, generation, site_id, attempt, session_id, created_at, updated_at)
		values (@visit, @generation, @site, 1, @session, @now, @now)`
	if _, err := t.Exec(ctx, insert, args); err != nil {
		return 0, false, err
	}
	t.notify(NotifyCommand, row.SiteID, string(row.ID))
	return row.Generation - 1, true, t.record(row.event(visit.EventDisconnectAsked, by.Actor, map[string]any{
		"session_id": session, "nas_id": found.NASID, "generation": row.Generation - 1,
	}))
}

// disconnectionAt is the generation that the request of that instant began or joined.
func (s *Store) disconnectionAt(ctx context.Context, id visit.VisitID, session visit.SessionID, at time.Time) (int, error) {
	var generations []int
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		const find = `select generation from commands where visit_id = @visit and session_id = @session and created_at <= @at
			order by generation desc limit 1`
		generations, err = scalars[int](ctx, q, find, pgx.NamedArgs{"visit": id, "session": session, "at": at})
		return err
	})
	return first(generations), err
}

// ExpireDisconnects gives up what no agent has answered, at most limit, and returns
// how many. An answer that comes after all is stored.
func (s *Store) ExpireDisconnects(ctx context.Context, limit int) (int, error) {
	const find = `select ` + commandColumns + ` from commands c where c.result_at is null and c.session_id is not null
		and c.failed_at is null and c.created_at <= @before order by c.created_at limit @limit`
	var due []commandRow
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		due, err = all[commandRow](ctx, q, find, pgx.NamedArgs{"before": s.now().Add(-DisconnectFor), "limit": limit})
		return err
	})
	if err != nil {
		return 0, err
	}
	return countEach(due, func(row commandRow) (bool, error) { return s.expireDisconnect(ctx, row) })
}

func (s *Store) expireDisconnect(ctx context.Context, row commandRow) (expired bool, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		expired = false
		visitRow, err := t.lockVisit(ctx, Everything, row.VisitID)
		if err != nil {
			return err
		}
		id, err := t.s.newID()
		if err != nil {
			return err
		}
		const give = `with given as (
				update commands set failed_at = @now, updated_at = @now
				where visit_id = @visit and generation = @generation and result_at is null and failed_at is null
				returning session_id)
			insert into terminations (id, site_id, visit_id, generation, attempt, agent_id, session_id, nas_id, state, reason, at)
			select @id, v.site_id, v.visit_id, @generation, @attempt, v.agent_id, v.id, v.nas_id, 'unconfirmed', @reason, @now
			from sessions v join given g on g.session_id = v.id
			returning nas_id`
		nases, err := scalars[visit.NASID](ctx, t, give, pgx.NamedArgs{
			"visit": row.VisitID, "generation": row.Generation, "attempt": row.Attempt, "id": id, "now": t.now, "reason": visit.ReasonAgentUnreachable,
		})
		if expired = len(nases) == 1; err != nil || !expired {
			return err
		}
		return t.record(disconnectFailed(visitRow.SiteID, row, visit.ActorSweeper, nases[0], visit.ReasonAgentUnreachable))
	})
	return expired, err
}

func disconnectFailed(site visit.SiteID, row commandRow, actor string, nas visit.NASID, reason visit.TerminationReason) visit.Event {
	data := map[string]any{"generation": row.Generation, "reason": reason, "session_id": value(row.SessionID)}
	if nas != "" {
		data["nas_id"] = nas
	}
	return visit.Event{Kind: visit.EventDisconnectFailed, SiteID: site, VisitID: row.VisitID, Actor: actor, Data: data}
}
