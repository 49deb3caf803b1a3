package durable_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/foyerhq/foyer/internal/durable"
)

func logTo(out *bytes.Buffer) log.Logger {
	return durable.NewLogger(slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{AddSource: true, Level: slog.LevelDebug})))
}

func TestLoggerUsesOurKeys(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := log.With(logTo(&out), "Namespace", "ns", "Unheard", "x")
	logger.Warn("Workflow task failed", "WorkflowID", "visit-1", "Attempt", 3, "Error", errors.New("no route"),
		"Result", canary, "visit_id", "1", "odd")
	require.Contains(t, out.String(), `"part":"temporal","namespace":"ns","workflow_id":"visit-1","attempt":3,"error":"no route","visit_id":"1"}`)
	require.Contains(t, out.String(), "logger_test.go")
	require.NotContains(t, out.String(), canary)
	require.NotContains(t, out.String(), "Unheard")

	out.Reset()
	logger.Debug("noise")
	require.Empty(t, out.String())
	log.Skip(logger, 0).Info("still with", "TaskQueue", "q")
	require.Contains(t, out.String(), `"namespace":"ns","task_queue":"q"`)
}

// Whatever the SDK logs of a panic, the value that was panicked with is not in it.
func TestPanicsAreLoggedWithoutTheirValue(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(logTo(&out))

	workflows := suite.NewTestWorkflowEnvironment()
	workflows.ExecuteWorkflow(func(workflow.Context) error { panic("for " + canary) })
	require.Error(t, workflows.GetWorkflowError())

	activities := suite.NewTestActivityEnvironment()
	explode := func() error { panic(fmt.Errorf("for %s", canary)) }
	activities.RegisterActivity(explode)
	_, err := activities.ExecuteActivity(explode)
	require.Error(t, err)

	require.Contains(t, out.String(), "panic")
	require.Contains(t, out.String(), `"stack":`)
	require.NotContains(t, out.String(), canary)

	// Negative control: the SDK's own adapter shows it.
	var plain bytes.Buffer
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.NewJSONHandler(&plain, nil))))
	unguarded := suite.NewTestActivityEnvironment()
	unguarded.RegisterActivity(explode)
	_, err = unguarded.ExecuteActivity(explode)
	require.Error(t, err)
	require.Contains(t, plain.String(), canary)
}

// An attempt that failed is logged by the worker's interceptor, at a level that fits,
// and not by the SDK as an error besides.
func TestFailedAttemptsAreNotLoggedTwice(t *testing.T) {
	t.Parallel()
	fail := func() error { return errors.New("no route") }
	var suite testsuite.WorkflowTestSuite
	run := func(logger log.Logger) {
		suite.SetLogger(logger)
		env := suite.NewTestActivityEnvironment()
		env.RegisterActivity(fail)
		_, err := env.ExecuteActivity(fail)
		require.Error(t, err)
	}
	var ours, theirs bytes.Buffer
	run(logTo(&ours))
	require.Empty(t, ours.String())
	run(log.NewStructuredLogger(slog.New(slog.NewJSONHandler(&theirs, nil))))
	require.Contains(t, theirs.String(), "no route", "negative control")
}

func TestOwnPanicsOfTheSDKAreNamed(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logTo(&out).Error("Workflow panic", "Error", stacked{"[TMPRL1100] nondeterministic workflow"})
	logTo(&out).Error("Workflow panic", "Error", fmt.Errorf("wrapped %s: %w", canary, stacked{canary}))
	require.Contains(t, out.String(), "TMPRL1100")
	require.NotContains(t, out.String(), canary)
}

type stacked struct{ text string }

func (s stacked) Error() string    { return s.text }
func (stacked) StackTrace() string { return "" }
