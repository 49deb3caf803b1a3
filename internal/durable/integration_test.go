package durable_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	querypb "go.temporal.io/api/query/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/foyerhq/foyer/internal/devstack/devstacktest"
	"github.com/foyerhq/foyer/internal/durable"
)

// dial returns a client with the codec on in a namespace that this test has to itself.
func dial(t *testing.T) (client.Client, string) {
	t.Helper()
	namespace := "durable-" + uuid.NewString()
	c, err := durable.Dial(durable.Config{Address: devstacktest.SharedTemporal(t), Namespace: namespace, Keys: keys(t, 1), Logger: quiet()})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	ctx := limit(t)
	require.NoError(t, durable.EnsureNamespace(ctx, c, namespace, 24*time.Hour))
	require.NoError(t, durable.RegisterSearchAttributes(ctx, c, namespace))
	return c, namespace
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestNamespaceAndAttributesMayBeRepeated(t *testing.T) {
	t.Parallel()
	c, namespace := dial(t)
	ctx := limit(t)
	var wait sync.WaitGroup
	for range 3 { // api, worker and migrate start together
		wait.Go(func() {
			if err := durable.EnsureNamespace(ctx, c, namespace, time.Hour*48); err != nil {
				t.Error(err)
			}
			if err := durable.RegisterSearchAttributes(ctx, c, namespace); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	described, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	require.NoError(t, err)
	require.Equal(t, 24*time.Hour, described.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration(), "what exists is left alone")
}

func TestAttributeOfAnotherTypeIsAnError(t *testing.T) {
	t.Parallel()
	namespace := "durable-" + uuid.NewString()
	c, err := durable.Dial(durable.Config{Address: devstacktest.SharedTemporal(t), Namespace: namespace, Keys: keys(t, 1), Logger: quiet()})
	require.NoError(t, err)
	defer c.Close()
	ctx := limit(t)
	require.NoError(t, durable.EnsureNamespace(ctx, c, namespace, 24*time.Hour))
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: map[string]enums.IndexedValueType{"VisitStatus": enums.INDEXED_VALUE_TYPE_INT},
	})
	require.NoError(t, err)
	require.ErrorContains(t, durable.RegisterSearchAttributes(ctx, c, namespace), "VisitStatus")
}

func TestWaitingForAServerEnds(t *testing.T) {
	t.Parallel()
	c, err := durable.Dial(durable.Config{Address: "127.0.0.1:1", Keys: keys(t, 1)})
	require.NoError(t, err)
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	require.Error(t, durable.EnsureNamespace(ctx, c, "ns", time.Hour))
	require.Error(t, durable.RegisterSearchAttributes(ctx, c, "ns"))
}

// leak is a workflow that puts the canary everywhere a workflow can put text.
type leak struct{ panicked atomic.Bool }

func (l *leak) Leaky(ctx workflow.Context, input string) (string, error) {
	if !l.panicked.Swap(true) {
		panic("workflow exploded for " + input)
	}
	workflow.SetCurrentDetails(ctx, "details "+input)
	if err := workflow.SetQueryHandler(ctx, "who", func() (string, error) { return input, nil }); err != nil {
		return "", err
	}
	err := workflow.SetUpdateHandlerWithOptions(ctx, "rename", func(workflow.Context, string) (string, error) { return input, nil },
		workflow.UpdateHandlerOptions{Validator: func(name string) error {
			if name == "bad" {
				return fmt.Errorf("rejected for %s", input)
			}
			return nil
		}, Description: "describes " + input})
	if err != nil {
		return "", err
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second, Summary: "activity for " + input,
		RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 2, InitialInterval: time.Millisecond},
	})
	_ = workflow.ExecuteActivity(ctx, "Fail", input).Get(ctx, nil)
	_ = workflow.ExecuteActivity(ctx, "Explode", input).Get(ctx, nil)
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: 10 * time.Second, Summary: "local for " + input, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
	})
	_ = workflow.ExecuteLocalActivity(local, fail, input).Get(local, nil)
	_ = workflow.SideEffect(ctx, func(workflow.Context) any { return input })
	timer := workflow.NewTimerWithOptions(ctx, time.Millisecond, workflow.TimerOptions{Summary: "timer for " + input})
	_ = timer.Get(ctx, nil)
	var signalled string
	workflow.GetSignalChannel(ctx, "say").Receive(ctx, &signalled)
	return "", temporal.NewApplicationErrorWithCause("ended for "+input, "refused", errors.New(signalled), input)
}

func fail(ctx context.Context, input string) error {
	if activity.IsActivity(ctx) && !strings.HasPrefix(input, "local") {
		activity.RecordHeartbeat(ctx, "beats for "+input)
	}
	return fmt.Errorf("failed for %s", input)
}

func explode(_ context.Context, input string) error { panic("exploded for " + input) }

// Promise P14 at the level of this package: nothing readable in what Temporal keeps
// of a workflow that puts the canary everywhere; with the codec off it is readable.
func TestNothingReadableInTemporal(t *testing.T) {
	t.Parallel()
	on, namespace := dial(t)
	off, err := client.NewLazyClient(client.Options{
		HostPort: devstacktest.SharedTemporal(t), Namespace: namespace, Logger: durable.NewLogger(quiet()),
	})
	require.NoError(t, err)
	defer off.Close()

	sealed := story(t, on, namespace)
	require.Contains(t, sealed, "Encoded failure", "failures are there")
	require.Contains(t, sealed, "binary/encrypted")
	require.Contains(t, sealed, "checked_in", "search attributes stay readable")
	require.False(t, readable(sealed, canary))

	plain := story(t, off, namespace)
	for _, place := range []string{"failed for ", "workflow exploded for ", "ended for "} {
		require.Contains(t, plain, place+canary, "negative control")
	}
	require.True(t, readable(plain, canary))
}

// story runs Leaky to its end and returns all that the server tells about it.
func story(t *testing.T, c client.Client, namespace string) string {
	t.Helper()
	ctx := limit(t)
	queue := "q-" + uuid.NewString()
	w := worker.New(c, queue, worker.Options{})
	w.RegisterWorkflowWithOptions(new(leak).Leaky, workflow.RegisterOptions{Name: "Leaky"})
	w.RegisterActivityWithOptions(fail, activity.RegisterOptions{Name: "Fail"})
	w.RegisterActivityWithOptions(explode, activity.RegisterOptions{Name: "Explode"})
	require.NoError(t, w.Start())
	defer w.Stop()

	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: "leaky-" + queue, TaskQueue: queue, Memo: map[string]any{"memo": canary},
		StaticSummary: "summary " + canary, StaticDetails: "details " + canary,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			durable.SiteID.ValueSet("site-1"), durable.VisitStatus.ValueSet("checked_in"), durable.DepartsAt.ValueSet(time.Now())),
	}, "Leaky", canary)
	require.NoError(t, err)
	update, err := c.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: run.GetID(), UpdateName: "rename", Args: []any{canary}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	require.NoError(t, err)
	require.NoError(t, update.Get(ctx, nil))
	rejected, err := c.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: run.GetID(), UpdateName: "rename", Args: []any{"bad"}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	require.NoError(t, err)
	require.ErrorContains(t, rejected.Get(ctx, nil), canary, "those who hold the key can read")

	text := metadata(ctx, t, c, namespace, run)
	require.NoError(t, c.SignalWorkflow(ctx, run.GetID(), "", "say", "said "+canary))
	require.ErrorContains(t, run.Get(ctx, nil), "ended for "+canary)
	return text + history(ctx, t, c, namespace, run)
}

// metadata is what the UI asks a running workflow for: current details and more.
func metadata(ctx context.Context, t *testing.T, c client.Client, namespace string, run client.WorkflowRun) string {
	t.Helper()
	execution := &commonpb.WorkflowExecution{WorkflowId: run.GetID(), RunId: run.GetRunID()}
	described, err := c.WorkflowService().DescribeWorkflowExecution(ctx, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: namespace, Execution: execution,
	})
	require.NoError(t, err)
	asked, err := c.WorkflowService().QueryWorkflow(ctx, &workflowservice.QueryWorkflowRequest{
		Namespace: namespace, Execution: execution, Query: &querypb.WorkflowQuery{QueryType: "__temporal_workflow_metadata"},
	})
	require.NoError(t, err)
	return dump(t, described) + dump(t, asked)
}

func history(ctx context.Context, t *testing.T, c client.Client, namespace string, run client.WorkflowRun) string {
	t.Helper()
	var text strings.Builder
	events := c.GetWorkflowHistory(ctx, run.GetID(), run.GetRunID(), false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		text.WriteString(dump(t, event))
	}
	listed := func() bool {
		page, err := c.WorkflowService().ListWorkflowExecutions(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: namespace, Query: fmt.Sprintf("WorkflowId = %q AND SiteId = 'site-1'", run.GetID()),
		})
		if err != nil || len(page.GetExecutions()) == 0 {
			return false
		}
		text.WriteString(dump(t, page))
		return true
	}
	require.Eventually(t, listed, 20*time.Second, 50*time.Millisecond)
	return text.String()
}
