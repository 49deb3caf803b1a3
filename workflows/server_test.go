package workflows_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	temporalworker "go.temporal.io/sdk/worker"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/activities/activitiestest"
	"github.com/foyerhq/foyer/internal/devstack/devstacktest"
	"github.com/foyerhq/foyer/internal/durable"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/worker"
	"github.com/foyerhq/foyer/workflows"
)

// server is a real Temporal server, a worker of its own on it, and a desk for one
// visit in real time.
type server struct {
	t        *testing.T
	temporal client.Client
	client   *workflows.Client
	desk     *activitiestest.Desk
	id       visit.VisitID
	attempts chan activities.Attempt // of TerminateSessions, where pend is in use
}

var registered sync.Once

func dial(t *testing.T) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{
		HostPort: devstacktest.SharedTemporal(t), Namespace: durable.DefaultNamespace,
		Logger: quiet,
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	registered.Do(func() {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.NoError(t, durable.RegisterSearchAttributes(ctx, c, durable.DefaultNamespace))
	})
	return c
}

// serve prepares a visit that asked for its check-in and departs in an hour.
func serve(t *testing.T, edits ...func(*activitiestest.Row)) *server {
	t.Helper()
	s := &server{
		t: t, temporal: dial(t), desk: activitiestest.New(time.Now),
		id: visit.VisitID(uuid.Must(uuid.NewV7()).String()), attempts: make(chan activities.Attempt, 100),
	}
	queue := "test-" + string(s.id)
	s.client = workflows.NewClient(s.temporal, durable.DefaultNamespace, queue)
	now := time.Now()
	row := activitiestest.Row{Visit: visit.Visit{
		ID: s.id, SiteID: theSite, CheckInRequestedAt: &now, ExpectedArrival: now, ExpectedDeparture: now.Add(time.Hour),
	}}
	for _, edit := range edits {
		edit(&row)
	}
	s.desk.Add(row)

	options := temporalworker.Options{
		Interceptors: []interceptor.WorkerInterceptor{
			worker.NewInterceptor(slog.New(slog.DiscardHandler), worker.NewMetrics(prometheus.NewRegistry())),
		},
	}
	inside, outside := temporalworker.New(s.temporal, queue, options), temporalworker.New(s.temporal, workflows.OutwardTaskQueue(queue), options)
	workflows.Register(inside)
	for _, w := range []temporalworker.Worker{inside, outside} {
		s.desk.Set().Register(w)
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
	}
	return s
}

// pend makes terminations wait for completion from outside.
func (s *server) pend() {
	s.desk.Begin = func(a activities.Attempt) (visit.TerminationResult, bool, error) {
		s.attempts <- a
		return visit.TerminationResult{}, false, nil
	}
}

// complete answers the next attempt.
func (s *server) complete(result visit.TerminationResult) activities.Attempt {
	s.t.Helper()
	a := s.attempt()
	require.NoError(s.t, s.client.CompleteTermination(s.t.Context(), workflows.Completion{
		WorkflowID: a.WorkflowID, RunID: a.RunID, ActivityID: a.ActivityID, Result: result, Final: result.Done(),
	}))
	return a
}

func (s *server) attempt() activities.Attempt {
	s.t.Helper()
	select {
	case a := <-s.attempts:
		return a
	case <-time.After(30 * time.Second):
		require.Fail(s.t, "no attempt to terminate")
		return activities.Attempt{}
	}
}

func (s *server) checkIn() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(s.t, s.client.CheckIn(ctx, s.id, theSite, s.desk.Row(s.id).ExpectedDeparture))
	require.Equal(s.t, visit.CheckedIn, s.desk.Row(s.id).Status, "check-in answers when the voucher is issued")
}

func (s *server) checkOut() {
	s.t.Helper()
	s.desk.CheckOut(s.id, "user:1")
	require.NoError(s.t, s.client.CheckOut(s.t.Context(), s.id, theSite))
}

func (s *server) move(to time.Time) {
	s.t.Helper()
	s.desk.Change(s.id, func(r *activitiestest.Row) { r.ExpectedDeparture = to })
	require.NoError(s.t, s.client.DepartureChanged(s.t.Context(), s.id, to))
}

func (s *server) retry(generation int) {
	s.t.Helper()
	s.desk.Change(s.id, func(r *activitiestest.Row) { r.Generation = generation })
	running, err := s.client.RetryTermination(s.t.Context(), s.id, generation)
	require.NoError(s.t, err)
	require.True(s.t, running)
}

// end waits for the workflow's end.
func (s *server) end() workflows.VisitResult {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	var result workflows.VisitResult
	require.NoError(s.t, s.temporal.GetWorkflow(ctx, workflows.VisitWorkflowID(s.id), "").Get(ctx, &result))
	return result
}

// runs returns the histories of all runs of the visit's workflow, first to last.
func (s *server) runs() []*history.History {
	s.t.Helper()
	var runs []*history.History
	for run := ""; ; {
		h := &history.History{}
		events := s.temporal.GetWorkflowHistory(s.t.Context(), workflows.VisitWorkflowID(s.id), run, false,
			enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			require.NoError(s.t, err)
			h.Events = append(h.Events, event)
		}
		runs = append([]*history.History{h}, runs...)
		run = h.Events[0].GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId()
		if run == "" {
			return runs
		}
	}
}

// outline is what of a history tells the story: names of steps, signals and timers.
func outline(h *history.History) (lines []string) {
	for _, e := range h.Events {
		switch {
		case e.GetMarkerRecordedEventAttributes().GetMarkerName() == "Version": // of the code, and no step
		case e.GetMarkerRecordedEventAttributes() != nil:
			lines = append(lines, step(e.GetMarkerRecordedEventAttributes()))
		case e.GetActivityTaskScheduledEventAttributes() != nil:
			lines = append(lines, e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName())
		case e.GetTimerStartedEventAttributes() != nil:
			lines = append(lines, "timer")
		case e.GetWorkflowExecutionSignaledEventAttributes() != nil:
			lines = append(lines, e.GetWorkflowExecutionSignaledEventAttributes().GetSignalName())
		}
	}
	return lines
}

// step reads the name of a local activity from its marker.
func step(marker *history.MarkerRecordedEventAttributes) string {
	var name struct{ ActivityType string }
	if err := converter.GetDefaultDataConverter().FromPayloads(marker.GetDetails()["data"], &name); err != nil {
		return fmt.Sprintf("%s: %v", marker.GetMarkerName(), err)
	}
	return name.ActivityType
}
