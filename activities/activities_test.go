package activities_test

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/activities/activitiestest"
	"github.com/foyerhq/foyer/internal/visit"
)

// registry notes what is registered.
type registry struct {
	worker.ActivityRegistry
	names map[string]string // registered name → method
	again []string
}

func (r *registry) RegisterActivityWithOptions(run any, options activity.RegisterOptions) {
	if _, ok := r.names[options.Name]; ok {
		r.again = append(r.again, options.Name)
	}
	path := strings.TrimSuffix(runtime.FuncForPC(reflect.ValueOf(run).Pointer()).Name(), "-fm")
	r.names[options.Name] = path[strings.LastIndex(path, ".")+1:]
}

// The SDK resolves a method reference by the method's bare name: two structs with a
// method of one name would be one activity.
func TestNamesAreUniqueAndEqualTheMethods(t *testing.T) {
	t.Parallel()
	r := &registry{names: map[string]string{}}
	set := activitiestest.New(time.Now).Set()
	set.Register(r)
	require.Empty(t, r.again)
	methods := 0
	for _, part := range parts(set) {
		for i := range part.NumMethod() {
			method := part.Method(i).Name
			require.Equal(t, method, r.names[method], "every exported method is registered under its own name")
			methods++
		}
	}
	require.Len(t, r.names, methods)
}

// parts returns the types of the set's structs.
func parts(set activities.Set) (types []reflect.Type) {
	v := reflect.ValueOf(set)
	for i := range v.NumField() {
		types = append(types, v.Field(i).Type())
	}
	return types
}

func TestFailureSaysKindAndCodeAndNothingElse(t *testing.T) {
	t.Parallel()
	const secret = "Ada Lovelace"
	for _, c := range []struct {
		err        error
		text, kind string
		final      bool
	}{
		{visit.ErrVisitNotFound, "visit_not_found", "not_found", true},
		{fmt.Errorf("%s: %w", secret, visit.ErrVisitEnded), "visit_ended", "conflict", true},
		{visit.Invalid("name", "%s is too long", secret), "invalid", "invalid", true},
		{visit.Unavailable("the database", errors.New(secret)), "unavailable", "unavailable", false},
		{visit.Errorf(visit.KindLimited, "slow_down", "later"), "slow_down", "limited", false},
		{errors.New(secret), "internal", "internal", false},
	} {
		failure, ok := errors.AsType[*temporal.ApplicationError](activities.Failure(c.err))
		require.True(t, ok)
		require.Equal(t, c.text, failure.Message())
		require.Equal(t, c.kind, failure.Type())
		require.Equal(t, c.final, failure.NonRetryable())
		require.Equal(t, c.kind == "limited", failure.Category() == temporal.ApplicationErrorCategoryBenign, "not its turn yet")
		proto := temporal.GetDefaultFailureConverter().ErrorToFailure(failure)
		require.NotContains(t, proto.String(), secret)
	}
	require.NoError(t, activities.Failure(nil))
	require.ErrorIs(t, activities.Failure(activity.ErrResultPending), activity.ErrResultPending)
	ours := activities.NotDone(visit.TerminationResult{})
	require.Equal(t, ours, activities.Failure(ours))
}

func sessions(states ...visit.TerminationState) (r visit.TerminationResult) {
	for _, state := range states {
		r.Sessions = append(r.Sessions, visit.SessionTermination{State: state, Reason: visit.ReasonBusy})
	}
	return r
}

func TestDoneNamesTheOutcome(t *testing.T) {
	t.Parallel()
	for outcome, result := range map[activities.Outcome]visit.TerminationResult{
		activities.NoLiveSession: {},
		activities.SessionsEnded: sessions(visit.TerminationConfirmed, visit.TerminationAbsent),
		activities.LeftToTimeout: sessions(visit.TerminationConfirmed, visit.TerminationTimeout),
	} {
		require.Equal(t, outcome, activities.Done(result).Outcome)
	}
}

func TestResultsAreBoundedInTheHistory(t *testing.T) {
	t.Parallel()
	var many visit.TerminationResult
	for range 1000 {
		s := visit.SessionTermination{
			SessionID: visit.SessionID(strings.Repeat("s", 36)), NASID: visit.NASID(strings.Repeat("n", 36)),
			State: visit.TerminationFailed, Reason: visit.ReasonBusy,
		}
		for range 100 {
			s.Attempts = append(s.Attempts, visit.TerminationAttempt{Method: "disconnect", Answer: "nak", ErrorCause: 506})
		}
		many.Sessions = append(many.Sessions, s)
	}
	done := activities.Done(many)
	require.Equal(t, 1000, len(done.Sessions)+done.More)
	payload, err := converter.GetDefaultDataConverter().ToPayload(done)
	require.NoError(t, err)
	require.Less(t, len(payload.GetData()), 64<<10)
	failure := temporal.GetDefaultFailureConverter().ErrorToFailure(activities.NotDone(many))
	require.Less(t, len(failure.String()), 4<<10, "the server cuts longer ones")
	require.Len(t, many.Sessions[0].Attempts, 100, "the original is left alone")
}

func TestNotDoneAsksForTheNextAttemptWhenItIsWorthOne(t *testing.T) {
	t.Parallel()
	busy, ok := errors.AsType[*temporal.ApplicationError](activities.NotDone(sessions(visit.TerminationConfirmed, visit.TerminationFailed)))
	require.True(t, ok)
	require.False(t, busy.NonRetryable())
	require.Equal(t, 10*time.Second, busy.NextRetryDelay())
	var pending []visit.SessionTermination
	require.NoError(t, busy.Details(&pending))
	require.Len(t, pending, 1, "what is done is not repeated")
	require.Equal(t, visit.ReasonBusy, activities.ReasonOf(fmt.Errorf("activity error: %w", busy)))
}

func TestReasonOfAnErrorThatIsNotAResult(t *testing.T) {
	t.Parallel()
	require.Equal(t, visit.ReasonOther, activities.ReasonOf(activities.Failure(errors.New("down"))))
	require.Equal(t, visit.ReasonAgentUnreachable, activities.ReasonOf(errors.New("timeout")))
}

func environment(t *testing.T, desk *activitiestest.Desk) *testsuite.TestActivityEnvironment {
	t.Helper()
	env := bareEnvironment(t)
	desk.Set().Register(env)
	return env
}

func bareEnvironment(t *testing.T) *testsuite.TestActivityEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	return suite.NewTestActivityEnvironment()
}

func TestTerminateSessionsNamesTheActivityThatWaits(t *testing.T) {
	t.Parallel()
	desk := activitiestest.New(time.Now)
	desk.Add(activitiestest.Row{Visit: visit.Visit{ID: "v", SiteID: "s"}})
	var begun activities.Attempt
	desk.Begin = func(a activities.Attempt) (visit.TerminationResult, bool, error) {
		begun = a
		return visit.TerminationResult{}, false, nil
	}
	var terminations *activities.Terminations
	_, err := environment(t, desk).ExecuteActivity(terminations.TerminateSessions, activities.TerminateInput{VisitID: "v", SiteID: "s", Generation: 2})
	require.ErrorIs(t, err, activity.ErrResultPending)
	require.Equal(t, 2, begun.Generation)
	require.Equal(t, 1, begun.Attempt)
	require.NotEmpty(t, begun.WorkflowID)
	require.NotEmpty(t, begun.RunID)
	require.NotEmpty(t, begun.ActivityID)
}
