package worker

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	sdkworker "go.temporal.io/sdk/worker"

	"github.com/foyerhq/foyer/internal/visit"
)

const canary = "Ada Lovelace"

// That it is not an attempt's turn is no failure: thousands may say so while somebody
// else's service is away.
func TestAnAttemptWhoseTurnHasNotComeIsNoFailure(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestActivityEnvironment()
	var logged bytes.Buffer
	metrics := NewMetrics(prometheus.NewRegistry())
	env.SetWorkerOptions(sdkworker.Options{Interceptors: []interceptor.WorkerInterceptor{
		NewInterceptor(slog.New(slog.NewTextHandler(&logged, nil)), metrics),
	}})
	run := func(context.Context) error { return visit.Errorf(visit.KindLimited, heldBack, "not its turn yet") }
	env.RegisterActivityWithOptions(run, activity.RegisterOptions{Name: "Step"})
	_, err := env.ExecuteActivity("Step")
	require.Error(t, err)
	require.Empty(t, logged.String())
	require.True(t, metrics.activities.DeleteLabelValues("Step", "limited"))
}

// Whatever an activity says on its way out, Temporal hears a kind and a code.
func TestErrorsAndPanicsOfActivitiesSayNothingToTemporal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run  func(context.Context) error
		text string
		logs bool
	}{
		"an error of a dependency": {func(context.Context) error { return visit.Unavailable("the database", errors.New(canary)) }, "unavailable", true},
		"one beneath another": {func(context.Context) error {
			return &visit.Error{Kind: visit.KindUnavailable, Code: "unavailable", Err: visit.Unavailable("the mail server", errors.New(canary))}
		}, "unavailable", true},
		"an unknown error": {func(context.Context) error { return errors.New(canary) }, "internal", true},
		"a panic":          {func(context.Context) error { panic(canary) }, "internal", false},
	} {
		var suite testsuite.WorkflowTestSuite
		suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
		env := suite.NewTestActivityEnvironment()
		var logged bytes.Buffer
		metrics := NewMetrics(prometheus.NewRegistry())
		env.SetWorkerOptions(sdkworker.Options{Interceptors: []interceptor.WorkerInterceptor{
			NewInterceptor(slog.New(slog.NewTextHandler(&logged, nil)), metrics),
		}})
		env.RegisterActivityWithOptions(c.run, activity.RegisterOptions{Name: "Step"})
		_, err := env.ExecuteActivity("Step")
		failure, ok := errors.AsType[*temporal.ApplicationError](err)
		require.True(t, ok, name)
		require.Equal(t, c.text, failure.Message(), name)
		require.False(t, failure.NonRetryable(), name)
		require.NotContains(t, temporal.GetDefaultFailureConverter().ErrorToFailure(err).String(), canary, name)
		require.Contains(t, logged.String(), "workflow_id", name)
		require.Equal(t, c.logs, bytes.Contains(logged.Bytes(), []byte(canary)), "%s: the cause is for the log, a panic's text for nobody", name)
		require.Equal(t, 1, testutil.CollectAndCount(metrics.activities), name)
	}
}
