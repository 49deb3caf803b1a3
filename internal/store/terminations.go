package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const (
	maxSessions = 1000 // results of one termination that are kept
	maxAttempts = 50   // attempts of one result that are kept
)

// termination stores an agent's result: a row per session, the end of sessions
// that are proven gone, and the outcome of the command it answers, if any.
func (r *report) termination(ctx context.Context, c wire.Termination) error {
	if id, ok := r.purged[c.GrantID]; ok && c.Command != nil && c.Command.VisitID == id {
		return r.answerOnly(ctx, c)
	}
	id, ok := r.vouchers[c.GrantID]
	if r.accesses[c.GrantID] { // whose commands are named by it
		id, ok = visit.VisitID(c.GrantID), true
	}
	if !ok || c.Command != nil && c.Command.VisitID != id {
		return errSkip
	}
	result := visit.TerminationResult{AgentID: r.agent, Sessions: []visit.SessionTermination{}}
	for _, session := range c.Results[:min(len(c.Results), maxSessions)] {
		stored, err := r.sessionResult(ctx, id, visit.VoucherID(c.GrantID), c.Command, session)
		if err != nil {
			return err
		}
		result.Sessions = append(result.Sessions, stored)
	}
	if c.Command == nil {
		return nil
	}
	return r.answer(ctx, *c.Command, result)
}

// answerOnly tells who waits for a command how it came out, and keeps nothing of
// sessions: the visitor was erased while they were being ended.
func (r *report) answerOnly(ctx context.Context, c wire.Termination) error {
	result := visit.TerminationResult{AgentID: r.agent, Sessions: []visit.SessionTermination{}}
	for _, session := range c.Results[:min(len(c.Results), maxSessions)] {
		outcome := tidy(session.Result)
		outcome.NASID, outcome.SessionID = "", ""
		result.Sessions = append(result.Sessions, outcome)
	}
	return r.answer(ctx, *c.Command, result)
}

// sessionResult stores the result for one session and returns it as it goes into
// the command's: with the session's id, without anything unexpected.
func (r *report) sessionResult(ctx context.Context, id visit.VisitID, voucher visit.VoucherID, command *wire.Command, in wire.SessionResult) (visit.SessionTermination, error) {
	result := tidy(in.Result)
	facts := r.nases[string(in.Key.NASID)]
	result.NASID, result.SessionID = "", ""
	var row *sessionRow
	if facts != nil {
		var err error
		result.NASID = facts.ID
		if row, err = r.sessionOf(ctx, id, voucher, in.Key); err != nil {
			return result, err
		}
	}
	already, err := r.doneBefore(ctx, row)
	if err != nil {
		return result, err
	}
	if row != nil {
		result.SessionID = row.ID
		if err := r.provenGone(ctx, row, result); err != nil {
			return result, err
		}
	}
	if err := r.insertTermination(ctx, id, command, result); err != nil {
		return result, err
	}
	if facts != nil && result.State == visit.TerminationConfirmed && acknowledged(result) {
		if err := r.learnDisconnect(ctx, facts); err != nil {
			return result, err
		}
	}
	if already || !result.Done() {
		r.notify(NotifyDetail, r.site, string(id))
		return result, nil
	}
	return result, r.announceTermination(id, command, result)
}

// tidy keeps of an agent's result what the domain knows. Times are cut to what
// Postgres keeps.
func tidy(s visit.SessionTermination) visit.SessionTermination {
	if !slices.Contains(terminationReasons, s.Reason) {
		s.Reason = visit.ReasonOther // of a newer agent
	}
	s.At = micro(s.At)
	if s.Until != nil {
		s.Until = new(micro(*s.Until))
	}
	s.Attempts = slices.Clone(s.Attempts[max(0, len(s.Attempts)-maxAttempts):])
	for i, a := range s.Attempts {
		s.Attempts[i].Method, s.Attempts[i].Answer, s.Attempts[i].Shape = code(a.Method), code(a.Answer), code(a.Shape)
	}
	if !slices.Contains(terminationStates, s.State) {
		s.State = visit.TerminationUnconfirmed // of a newer agent
	}
	return s
}

var terminationStates = []visit.TerminationState{
	visit.TerminationRequested, visit.TerminationAccepted, visit.TerminationConfirmed, visit.TerminationAbsent,
	visit.TerminationUnconfirmed, visit.TerminationFailed, visit.TerminationTimeout,
}

var terminationReasons = []visit.TerminationReason{
	visit.ReasonNone, visit.ReasonNoAnswer, visit.ReasonNotFound, visit.ReasonNotRemovable, visit.ReasonBusy, visit.ReasonProhibited,
	visit.ReasonUnsupported, visit.ReasonMismatch, visit.ReasonInvalid, visit.ReasonStillOnline, visit.ReasonNoStop,
	visit.ReasonUnknownNAS, visit.ReasonAgentUnreachable, visit.ReasonOther,
}

func acknowledged(s visit.SessionTermination) bool {
	return slices.ContainsFunc(s.Attempts, func(a visit.TerminationAttempt) bool { return a.Answer == "ack" })
}

// sessionOf returns the visit's, or the access's, session of a key, or nil: a command ends also the
// sessions of vouchers that were reissued. A device that was known from its
// Access-Accept only may have become a real session meanwhile.
func (r *report) sessionOf(ctx context.Context, id visit.VisitID, voucher visit.VoucherID, key wire.SessionKey) (*sessionRow, error) {
	const find = `select ` + sessionColumns + ` from sessions v
		where v.nas_id = @nas and (v.visit_id = @visit or v.access_id = @visit) and v.acct_session_id = @acct
			and v.started_at between @start::timestamptz - @slack::interval and @start::timestamptz + @slack::interval
		order by v.voucher_id is distinct from @voucher::uuid, abs(extract(epoch from v.started_at - @start::timestamptz)) limit 1 for no key update`
	return r.firstSession(ctx, find, pgx.NamedArgs{
		"nas": key.NASID, "visit": id, "voucher": voucher, "acct": clean(key.AcctSessionID, maxAttribute),
		"start": micro(key.StartedAt), "slack": startsAgree,
	})
}

// doneBefore reports whether the session's end was announced already.
func (r *report) doneBefore(ctx context.Context, row *sessionRow) (bool, error) {
	if row == nil {
		return false, nil
	}
	const find = `select exists (select from terminations where session_id = @id
		and (state in ('confirmed', 'absent', 'left_to_timeout') or state = 'accepted' and no_accounting))`
	done, err := scalars[bool](ctx, r, find, pgx.NamedArgs{"id": row.ID})
	return err == nil && done[0], err
}

// provenGone closes the row of a session that ended without an Accounting-Stop.
func (r *report) provenGone(ctx context.Context, row *sessionRow, result visit.SessionTermination) error {
	gone := result.State == visit.TerminationConfirmed || result.State == visit.TerminationAbsent
	if !gone || row.EndedAt != nil {
		return nil
	}
	row.AgentID = r.agent
	row.end(result.At, string(result.State))
	return r.closed(ctx, row)
}

func (r *report) insertTermination(ctx context.Context, id visit.VisitID, command *wire.Command, result visit.SessionTermination) error {
	row, err := r.reporter.s.newID()
	if err != nil {
		return err
	}
	var generation, attempt *int
	if command != nil {
		generation, attempt = &command.Generation, &command.Attempt
	}
	const insert = `insert into terminations (id, site_id, visit_id, access_id, generation, attempt, agent_id, session_id, nas_id,
			state, reason, until, no_accounting, attempts, at)
		values (@id, @site, @visit, @access, @generation, @attempt, @agent, @session, @nas, @state, @reason, @until, @no_accounting, @attempts, @at)`
	of, access := &id, (*visit.VisitID)(nil)
	if r.accesses[string(id)] {
		of, access = nil, &id
	}
	_, err = r.Exec(ctx, insert, pgx.NamedArgs{
		"id": row, "site": r.site, "visit": of, "access": access, "generation": generation, "attempt": attempt, "agent": r.agent,
		"session": optional(result.SessionID), "nas": optional(result.NASID), "state": result.State, "reason": result.Reason,
		"until": result.Until, "no_accounting": result.NoAccounting, "attempts": attempts(result.Attempts), "at": result.At,
	})
	return err
}

func attempts(list []visit.TerminationAttempt) []visit.TerminationAttempt {
	if list == nil {
		return []visit.TerminationAttempt{}
	}
	return list
}

func (r *report) announceTermination(id visit.VisitID, command *wire.Command, result visit.SessionTermination) error {
	data := map[string]any{"state": result.State}
	if result.SessionID != "" {
		data["session_id"] = result.SessionID
	}
	if result.NASID != "" {
		data["nas_id"] = result.NASID
	}
	if result.Until != nil {
		data["until"] = *result.Until
	}
	if command != nil {
		data["generation"], data["attempt"] = command.Generation, command.Attempt
	}
	if r.accesses[string(id)] { // what has no visit is in the trail alone
		delete(data, "until")
		r.audit(r.site, "agent:"+string(r.agent), "access.session_terminated", accessPlace(roll.AccessID(id)), data)
		return nil
	}
	return r.tx.record(visit.Event{
		Kind: visit.EventSessionTerminated, SiteID: r.site, VisitID: id, Actor: "agent:" + string(r.agent), Data: data,
	})
}

// answer stores a command's result. One that is done is final, whichever attempt
// it answers; another one counts only for the current attempt.
func (r *report) answer(ctx context.Context, command wire.Command, result visit.TerminationResult) error {
	row, err := r.lockCommand(ctx, command.VisitID, command.Generation)
	if errors.Is(err, pgx.ErrNoRows) {
		return errSkip
	}
	final := result.Done()
	if err != nil || row.Final || !final && command.Attempt != row.Attempt {
		return err
	}
	const update = `update commands set result = @result, result_at = @now, final = @final, updated_at = @now,
			delivered_at = case when workflow_id is null then @now::timestamptz end
		where visit_id = @visit and generation = @generation`
	if _, err := r.Exec(ctx, update, pgx.NamedArgs{
		"result": result, "now": r.now, "final": final, "visit": command.VisitID, "generation": command.Generation,
	}); err != nil {
		return err
	}
	r.notify(NotifyVisit, r.site, string(command.VisitID)) // the workers deliver it
	if row.SessionID != nil && !final && row.ResultAt == nil {
		nas := visit.NASID("")
		if len(result.Sessions) > 0 {
			nas = result.Sessions[0].NASID
		}
		return r.tx.record(disconnectFailed(r.site, row, "agent:"+string(r.agent), nas, result.Worst()))
	}
	if row.WorkflowID != nil {
		r.out.Completions = append(r.out.Completions, Completion{TerminationRequest: row.request(), Result: result, Final: final})
	}
	return nil
}

type commandRow struct {
	VisitID    visit.VisitID    `db:"visit_id"`
	Generation int              `db:"generation"`
	SiteID     visit.SiteID     `db:"site_id"`
	Attempt    int              `db:"attempt"`
	WorkflowID *string          `db:"workflow_id"`
	RunID      *string          `db:"run_id"`
	ActivityID *string          `db:"activity_id"`
	Result     []byte           `db:"result"`
	ResultAt   *time.Time       `db:"result_at"`
	Final      bool             `db:"final"`
	FailedAt   *time.Time       `db:"failed_at"`
	SessionID  *visit.SessionID `db:"session_id"` // set: this session alone, while the visit goes on
}

const commandColumns = `c.visit_id, c.generation, c.site_id, c.attempt, c.workflow_id, c.run_id, c.activity_id,
	c.result, c.result_at, c.final, c.failed_at, c.session_id`

func (r commandRow) request() TerminationRequest {
	return TerminationRequest{
		VisitID: r.VisitID, Generation: r.Generation, Attempt: r.Attempt,
		WorkflowID: value(r.WorkflowID), RunID: value(r.RunID), ActivityID: value(r.ActivityID),
	}
}

func (r commandRow) result() (visit.TerminationResult, error) {
	result := visit.TerminationResult{Sessions: []visit.SessionTermination{}}
	if r.Result == nil {
		return result, nil
	}
	err := json.Unmarshal(r.Result, &result)
	return result, err
}

// lockCommand returns pgx.ErrNoRows when there is none.
func (t *tx) lockCommand(ctx context.Context, id visit.VisitID, generation int) (commandRow, error) {
	const find = `select ` + commandColumns + ` from commands c where c.visit_id = @visit and c.generation = @generation for no key update`
	return one[commandRow](ctx, t, pgx.ErrNoRows, find, pgx.NamedArgs{"visit": id, "generation": generation})
}
