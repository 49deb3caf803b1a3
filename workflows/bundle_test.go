package workflows_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	temporalworker "go.temporal.io/sdk/worker"

	"github.com/foyerhq/foyer/activities/activitiestest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/worker"
	"github.com/foyerhq/foyer/workflows"
)

const (
	theVisit = visit.VisitID("0197a000-0000-7000-8000-000000000001")
	theSite  = visit.SiteID("0197a000-0000-7000-8000-0000000000aa")
)

// story is one visit in virtual time: a desk, and a workflow over it.
type story struct {
	*testsuite.TestWorkflowEnvironment
	t      *testing.T
	desk   *activitiestest.Desk
	began  time.Time
	timers int // armed
}

// tell prepares a visit that asked for its check-in and departs in two hours.
func tell(t *testing.T, edits ...func(*activitiestest.Row)) *story {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	s := &story{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), t: t}
	s.SetStartTime(time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC))
	s.SetTestTimeout(20 * time.Second)
	s.began = s.Now()
	s.desk = activitiestest.New(s.Now)
	s.desk.Set().Register(s)
	workflows.Register(s)
	s.SetWorkerOptions(temporalworker.Options{Interceptors: []interceptor.WorkerInterceptor{
		worker.NewInterceptor(slog.New(slog.DiscardHandler), worker.NewMetrics(prometheus.NewRegistry())),
	}})
	s.SetOnTimerScheduledListener(func(string, time.Duration) { s.timers++ })
	now := s.began
	row := activitiestest.Row{Visit: visit.Visit{
		ID: theVisit, SiteID: theSite, CheckInRequestedAt: &now,
		ExpectedArrival: now, ExpectedDeparture: now.Add(2 * time.Hour),
	}}
	for _, edit := range edits {
		edit(&row)
	}
	s.desk.Add(row)
	return s
}

// at does something that long after the beginning.
func (s *story) at(after time.Duration, do func()) { s.RegisterDelayedCallback(do, after) }

// checkOut is what the API does: the intent on the row, then the signal.
func (s *story) checkOut() {
	s.desk.CheckOut(theVisit, "user:1")
	s.SignalWorkflow("check-out", nil)
}

// move is what the API does: the row, then the signal.
func (s *story) move(to time.Time) {
	s.moveRow(to)
	s.signalMoved(to)
}

func (s *story) moveRow(to time.Time) {
	s.desk.Change(theVisit, func(r *activitiestest.Row) { r.ExpectedDeparture = to })
}

func (s *story) signalMoved(to time.Time) {
	s.SignalWorkflow("departure-changed", map[string]any{"departure": to})
}

func (s *story) retry(generation int) {
	s.desk.Change(theVisit, func(r *activitiestest.Row) { r.Generation = max(r.Generation, generation) })
	s.SignalWorkflow("retry-termination", map[string]any{"generation": generation})
}

// play runs the workflow to its end and returns its result and the row.
func (s *story) play() (workflows.VisitResult, activitiestest.Row) {
	s.t.Helper()
	s.run()
	require.NoError(s.t, s.GetWorkflowError())
	var result workflows.VisitResult
	require.NoError(s.t, s.GetWorkflowResult(&result))
	row := s.desk.Row(theVisit)
	require.LessOrEqual(s.t, len(row.Terminal), 1, "one terminal event a visit")
	return result, row
}

func (s *story) run() {
	s.t.Helper()
	s.ExecuteWorkflow(workflows.Visit, workflows.VisitInput{VisitID: theVisit, SiteID: theSite})
	require.True(s.t, s.IsWorkflowCompleted())
}

// local reports which activities ran inside the workflow task, and which did not.
func (s *story) attempts() (local, ordinary map[string]int) {
	local, ordinary = map[string]int{}, map[string]int{}
	s.SetOnLocalActivityStartedListener(func(info *activity.Info, _ context.Context, _ []any) {
		local[info.ActivityType.Name]++
	})
	s.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		ordinary[info.ActivityType.Name]++
	})
	return local, ordinary
}
