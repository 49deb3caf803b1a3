package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// TerminateInput asks for the end of all live sessions of a visit, or of an access
// that belongs to none. Generations count from 1; "retry now" begins the next.
type TerminateInput struct {
	VisitID    visit.VisitID `json:"visit_id,omitempty"`
	AccessID   roll.AccessID `json:"access_id,omitempty"`
	SiteID     visit.SiteID  `json:"site_id"`
	Generation int           `json:"generation"`
}

// Outcome is how a stage of leaving came out. Names are interface.
type Outcome string

// The outcomes.
const (
	NoLiveSession Outcome = "no_live_session" // nothing had to be ended
	SessionsEnded Outcome = "ended"           // proven, as far as the NAS can prove it
	LeftToTimeout Outcome = "left_to_timeout" // Session-Timeout ends what is left
	NotConfigured Outcome = "not_configured"  // there is nothing to hand the visit to
	Failed        Outcome = "failed"          // given up; staff can retry
)

// Terminated is the result of TerminateSessions: what became of each session and
// what the NAS answered.
type Terminated struct {
	Outcome  Outcome                    `json:"outcome"`
	AgentID  visit.AgentID              `json:"agent_id,omitempty"`
	Sessions []visit.SessionTermination `json:"sessions,omitempty"`
	More     int                        `json:"more,omitempty"` // sessions left out here; the visit's page has them all
}

// What of a result goes into the history, which must stay small: the terminations
// table holds everything.
const (
	shownSessions = 20
	shownAttempts = 10
	// A failure above 4 kB is cut by the server.
	shownInFailure = 3
)

// Done makes TerminateSessions' result from a final one.
func Done(r visit.TerminationResult) Terminated {
	done := Terminated{Outcome: SessionsEnded, AgentID: r.AgentID}
	left := func(s visit.SessionTermination) bool { return s.State == visit.TerminationTimeout }
	switch {
	case len(r.Sessions) == 0:
		done.Outcome = NoLiveSession
	case slices.ContainsFunc(r.Sessions, left):
		done.Outcome = LeftToTimeout
	}
	done.Sessions = shown(r.Sessions, shownSessions, shownAttempts)
	done.More = len(r.Sessions) - len(done.Sessions)
	return done
}

const stillLive = "sessions are still live"

// NotDone makes the failure of one attempt of TerminateSessions: its type is the
// reason, its message and details are the NAS's answers, and the next attempt comes
// when that reason is worth another.
func NotDone(r visit.TerminationResult) error {
	pending := slices.DeleteFunc(slices.Clone(r.Sessions), visit.SessionTermination.Done)
	return temporal.NewApplicationErrorWithOptions(stillLive+inWords(pending), string(r.Worst()),
		temporal.ApplicationErrorOptions{
			NextRetryDelay: r.Worst().RetryAfter(),
			Details:        []any{shown(pending, shownInFailure, 2)},
		})
}

// inWords tells the last answer of the first sessions, for the Temporal UI.
func inWords(pending []visit.SessionTermination) string {
	var words strings.Builder
	for _, s := range pending[:min(len(pending), shownInFailure)] {
		fmt.Fprintf(&words, "; NAS %s: %s %s", s.NASID, s.State, s.Reason)
		if len(s.Attempts) == 0 {
			continue
		}
		last := s.Attempts[len(s.Attempts)-1]
		fmt.Fprintf(&words, ", answer %s", last.Answer)
		if last.ErrorCause != 0 {
			fmt.Fprintf(&words, " with Error-Cause %d", last.ErrorCause)
		}
	}
	return words.String()
}

// ReasonOf reads from the activity's error why its last attempt was not the end.
// Where no attempt ever had a result, the agent was out of reach.
func ReasonOf(err error) visit.TerminationReason {
	failure, ok := errors.AsType[*temporal.ApplicationError](err)
	switch {
	case !ok:
		return visit.ReasonAgentUnreachable
	case !strings.HasPrefix(failure.Message(), stillLive):
		return visit.ReasonOther
	}
	return visit.TerminationReason(failure.Type())
}

// shown returns the first sessions, each with its last attempts.
func shown(sessions []visit.SessionTermination, most, attempts int) []visit.SessionTermination {
	few := slices.Clone(sessions[:min(len(sessions), most)])
	for i, s := range few {
		few[i].Attempts = s.Attempts[max(0, len(s.Attempts)-attempts):]
	}
	return few
}

// FailInput says that a generation's time is over.
type FailInput struct {
	VisitID    visit.VisitID           `json:"visit_id,omitempty"`
	AccessID   roll.AccessID           `json:"access_id,omitempty"`
	Generation int                     `json:"generation"`
	Reason     visit.TerminationReason `json:"reason"`
}

// GivenUp is the result of FailTermination.
type GivenUp struct {
	Recorded bool `json:"recorded"`
}

// Attempt is one attempt of TerminateSessions, and how its activity is completed
// from outside: by these ids, not by a token, so that any process can.
type Attempt struct {
	VisitID    visit.VisitID
	AccessID   roll.AccessID
	Generation int
	Attempt    int
	WorkflowID string
	RunID      string
	ActivityID string
}

// Dispatch hands terminations to the site's agents.
type Dispatch interface {
	// BeginTermination stores the command for the site's agent, or returns the
	// final result that is there already: also that of a site without agents.
	BeginTermination(ctx context.Context, a Attempt) (result visit.TerminationResult, final bool, err error)
	// FailTermination records that the generation was given up.
	FailTermination(ctx context.Context, in FailInput) error
}

// Terminations are the activities that end live sessions.
type Terminations struct{ Dispatch Dispatch }

// TerminateSessions asks the site's agent to end the sessions at the NAS.
// It ends when the agent's result is in, completed from outside: by a final result,
// or by a failure that asks for the next attempt. An attempt that hears nothing
// runs into its time limit and is repeated.
func (t *Terminations) TerminateSessions(ctx context.Context, in TerminateInput) (Terminated, error) {
	info := activity.GetInfo(ctx)
	result, final, err := t.Dispatch.BeginTermination(ctx, Attempt{
		VisitID: in.VisitID, AccessID: in.AccessID, Generation: in.Generation, Attempt: int(info.Attempt),
		WorkflowID: info.WorkflowExecution.ID, RunID: info.WorkflowExecution.RunID, ActivityID: info.ActivityID,
	})
	switch {
	case err != nil:
		return Terminated{}, err
	case final:
		return Done(result), nil
	}
	return Terminated{}, activity.ErrResultPending
}

// FailTermination records a generation that was given up, for staff to see.
func (t *Terminations) FailTermination(ctx context.Context, in FailInput) (GivenUp, error) {
	err := t.Dispatch.FailTermination(ctx, in)
	return GivenUp{Recorded: err == nil}, err
}
