package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/durable"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/workflows"
)

func TestCheckInReturnsInTimeWhenNoWorkerIsThereAndTheStartIsDurable(t *testing.T) {
	t.Parallel()
	temporal := dial(t)
	c := workflows.NewClient(temporal, durable.DefaultNamespace, "nobody-works-here")
	id := visit.VisitID(uuid.Must(uuid.NewV7()).String())
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := c.CheckIn(ctx, id, theSite, time.Time{})
	require.Equal(t, visit.KindUnavailable, visit.KindOf(err))

	started, err := c.Start(t.Context(), id, theSite)
	require.NoError(t, err)
	require.False(t, started, "it was started by the check-in")
	require.NoError(t, temporal.TerminateWorkflow(t.Context(), workflows.VisitWorkflowID(id), "", "end of test"))
}

func TestEveryCallSaysUnavailableWhenTemporalCannotBeReached(t *testing.T) {
	t.Parallel()
	temporal, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1", Logger: quiet})
	require.NoError(t, err)
	defer temporal.Close()
	c := workflows.NewClient(temporal, durable.DefaultNamespace, "q")
	for name, call := range map[string]func(context.Context) error{
		"CheckIn":          func(ctx context.Context) error { return c.CheckIn(ctx, "v", "s", time.Time{}) },
		"CheckOut":         func(ctx context.Context) error { return c.CheckOut(ctx, "v", "s") },
		"DepartureChanged": func(ctx context.Context) error { return c.DepartureChanged(ctx, "v", time.Now()) },
		"Start":            func(ctx context.Context) error { _, err := c.Start(ctx, "v", "s"); return err },
		"StartDelivery":    func(ctx context.Context) error { return c.StartDelivery(ctx, workflows.DeliveryStart{}, time.Now()) },
		"RetryTermination": func(ctx context.Context) error { _, err := c.RetryTermination(ctx, "v", 2); return err },
		"Running":          func(ctx context.Context) error { _, err := c.Running(ctx); return err },
		"CompleteTermination": func(ctx context.Context) error {
			return c.CompleteTermination(ctx, workflows.Completion{WorkflowID: "w", ActivityID: "a", Final: true})
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		require.Equal(t, visit.KindUnavailable, visit.KindOf(call(ctx)), name)
		cancel()
	}
}

func TestAClosedWorkflowIsAnAnswerAndStartsNothing(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.checkIn()
	s.checkOut()
	s.end()
	steps := s.desk.Steps()

	require.NoError(t, s.client.CheckIn(t.Context(), s.id, theSite, s.desk.Row(s.id).ExpectedDeparture), "the old outcome of a fixed update id: read the row")
	require.NoError(t, s.client.CheckOut(t.Context(), s.id, theSite))
	require.NoError(t, s.client.DepartureChanged(t.Context(), s.id, time.Now()))
	started, err := s.client.Start(t.Context(), s.id, theSite)
	require.NoError(t, err)
	require.False(t, started)
	running, err := s.client.RetryTermination(t.Context(), s.id, 2)
	require.NoError(t, err)
	require.False(t, running)
	require.Equal(t, steps, s.desk.Steps())
}

func TestATerminatedWorkflowIsStartedAgainAndTheVisitEndsRight(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.checkIn()
	require.NoError(t, s.temporal.TerminateWorkflow(t.Context(), workflows.VisitWorkflowID(s.id), "", "by an operator"))
	started, err := s.client.Start(t.Context(), s.id, theSite)
	require.NoError(t, err)
	require.True(t, started)
	s.checkOut()
	require.Equal(t, visit.CheckedOut, s.end().Status)
	require.Len(t, s.desk.Row(s.id).Terminal, 1)
}

// Reset in the Temporal UI cuts the history off behind a workflow task; what came
// after is done again, by steps that find it done.
func TestAResetWorkflowEndsTheVisitOnce(t *testing.T) {
	t.Parallel()
	for name, task := range map[string]int{"while on site": 0, "after leaving began": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			s.checkIn()
			s.checkOut()
			s.end()
			_, err := s.temporal.ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
				Namespace:                 durable.DefaultNamespace,
				WorkflowExecution:         &common.WorkflowExecution{WorkflowId: workflows.VisitWorkflowID(s.id)},
				WorkflowTaskFinishEventId: tasksDone(s.runs()[0])[task], RequestId: uuid.NewString(), Reason: "test",
			})
			require.NoError(t, err)
			require.Equal(t, visit.CheckedOut, s.end().Status)
			row := s.desk.Row(s.id)
			require.Len(t, row.Terminal, 1)
			require.Len(t, row.Seals, 1)
		})
	}
}

// tasksDone are the ids of the events that end workflow tasks.
func tasksDone(h *history.History) (ids []int64) {
	for _, e := range h.Events {
		if e.GetWorkflowTaskCompletedEventAttributes() != nil {
			ids = append(ids, e.EventId)
		}
	}
	return ids
}

func TestRunningListsOpenVisits(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.checkIn()
	require.Eventually(t, func() bool {
		running, err := s.client.Running(t.Context())
		return err == nil && running[s.id]
	}, 30*time.Second, 20*time.Millisecond)
	s.checkOut()
	s.end()
	require.Eventually(t, func() bool {
		running, err := s.client.Running(t.Context())
		return err == nil && !running[s.id]
	}, 30*time.Second, 20*time.Millisecond)
}

func TestOperatorsFindAndReadAVisit(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.checkIn()
	details := func() string {
		answer, err := s.temporal.QueryWorkflow(t.Context(), workflows.VisitWorkflowID(s.id), "", "__temporal_workflow_metadata")
		require.NoError(t, err)
		var metadata sdk.WorkflowMetadata
		require.NoError(t, answer.Get(&metadata))
		return metadata.GetCurrentDetails()
	}
	require.Contains(t, details(), "on site, departs")
	require.Contains(t, details(), "UTC")
	found := func(query string) func() bool {
		return func() bool {
			list, err := s.temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
				Query: query + " AND WorkflowId = '" + workflows.VisitWorkflowID(s.id) + "'",
			})
			return err == nil && len(list.GetExecutions()) == 1
		}
	}
	require.Eventually(t, found("SiteId = '"+string(theSite)+"' AND VisitStatus = 'checked_in' AND DepartsAt > '2026-01-01T00:00:00Z'"),
		30*time.Second, 20*time.Millisecond)
	s.checkOut()
	s.end()
	require.Contains(t, details(), "sealed")
	require.Eventually(t, found("VisitStatus = 'checked_out'"), 30*time.Second, 20*time.Millisecond)
}

// The result may be back before the worker has said that it will come.
func TestAResultMayOvertakeItsActivity(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.desk.Begin = func(a activities.Attempt) (visit.TerminationResult, bool, error) {
		err := s.client.CompleteTermination(context.Background(), workflows.Completion{
			WorkflowID: a.WorkflowID, RunID: a.RunID, ActivityID: a.ActivityID, Result: confirmed, Final: true,
		})
		return visit.TerminationResult{}, false, err
	}
	s.checkIn()
	s.checkOut()
	require.Equal(t, activities.SessionsEnded, s.end().Termination)
	require.Equal(t, 1, count(s.desk.Steps(), "TerminateSessions"))
}

// What the NASes answered is in the history, and what a failure says of it is small.
func TestAnswersOfNASesAreInTheHistory(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.pend()
	s.checkIn()
	s.checkOut()
	answers := make([]visit.TerminationAttempt, 50)
	for i := range answers {
		answers[i] = visit.TerminationAttempt{At: time.Now(), Method: "disconnect", Answer: "nak", ErrorCause: 506}
	}
	busy := visit.TerminationResult{}
	for range 100 {
		busy.Sessions = append(busy.Sessions, visit.SessionTermination{State: visit.TerminationFailed, Reason: visit.ReasonOther, Attempts: answers})
	}
	s.complete(busy)
	s.attempt()
	d, err := s.temporal.DescribeWorkflowExecution(t.Context(), workflows.VisitWorkflowID(s.id), "")
	require.NoError(t, err)
	pending := d.GetPendingActivities()[0]
	require.Equal(t, "other", pending.GetLastFailure().GetApplicationFailureInfo().GetType())
	require.Contains(t, pending.GetLastFailure().String(), "506")
	s.retry(2)
	for i := range busy.Sessions {
		busy.Sessions[i].State = visit.TerminationConfirmed
	}
	s.complete(busy)
	s.end()
	history := s.runs()[0].String()
	require.Contains(t, history, "506")
	require.Less(t, len(history), 100_000)
}
