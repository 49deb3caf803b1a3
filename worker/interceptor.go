package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/visit"
)

// NewInterceptor returns what stands around every activity, local ones included:
// it counts and times them, logs what went wrong with the ids to find it by, and
// lets only activities.Failure out into the history. A panic is an error like any
// other: its text, too, could quote a guest.
func NewInterceptor(logger *slog.Logger, metrics *Metrics) interceptor.WorkerInterceptor {
	return &workerInterceptor{logger: logger, metrics: metrics}
}

type workerInterceptor struct {
	interceptor.WorkerInterceptorBase
	logger  *slog.Logger
	metrics *Metrics
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (w *workerInterceptor) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	i := &activityInterceptor{workerInterceptor: w}
	i.Next = next
	return i
}

type activityInterceptor struct {
	interceptor.ActivityInboundInterceptorBase
	*workerInterceptor
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (i *activityInterceptor) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	began := time.Now()
	result, err := i.guarded(ctx, in)
	info := activity.GetInfo(ctx)
	i.metrics.activity(info.ActivityType.Name, outcome(err), time.Since(began))
	if err != nil && !errors.Is(err, activity.ErrResultPending) {
		level := slog.LevelWarn
		if visit.KindOf(err) == visit.KindLimited {
			level = slog.LevelDebug // not its turn yet: thousands may say so
		}
		i.logger.Log(ctx, level, "activity failed", "activity", info.ActivityType.Name, "attempt", info.Attempt,
			"workflow_id", info.WorkflowExecution.ID, "run_id", info.WorkflowExecution.RunID, "error", cause(err))
	}
	return result, activities.Failure(err)
}

func (i *activityInterceptor) guarded(ctx context.Context, in *interceptor.ExecuteActivityInput) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			i.logger.ErrorContext(ctx, "activity panicked", "stack", string(debug.Stack()))
			err = fmt.Errorf("activity panicked: %T", p)
		}
	}()
	return i.Next.ExecuteActivity(ctx, in)
}

// cause adds to errors of the domain what lies beneath them, which is for logs only.
func cause(err error) string {
	text := err.Error()
	for {
		refusal, ok := errors.AsType[*visit.Error](err)
		if !ok || refusal.Err == nil {
			return text
		}
		err = refusal.Err
		text += ": " + err.Error()
	}
}

func outcome(err error) string {
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, activity.ErrResultPending):
		return "pending"
	case visit.KindOf(err) == visit.KindLimited:
		return "limited"
	}
	return "failed"
}
