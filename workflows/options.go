package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/foyerhq/foyer/internal/visit"
)

const (
	// taskTimeout is how soon a workflow task whose worker died is given to
	// another worker.
	taskTimeout = 5 * time.Second
	// recheckAfter keeps a worker whose clock is behind Temporal's from asking the
	// row again and again whether the departure has passed.
	recheckAfter = time.Second
	// longHistory is where a waiting visit begins a new run. A stay costs four
	// events an extension and leaving about twenty, so that no run exceeds 500.
	longHistory = 450
	// crmFor is how long a CRM may be down before the visit is sealed without it.
	crmFor = 75 * time.Hour
	// deliverFor is how long a delivery is tried: the schedule's three days and a
	// bit, and a day for being held back.
	deliverFor = 96 * time.Hour
)

// quick is for a database step inside the workflow task: three attempts within
// five seconds, then the caller turns to patient.
func quick(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		Summary:                summary,
		ScheduleToCloseTimeout: 5 * time.Second,
		StartToCloseTimeout:    2 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond, BackoffCoefficient: 4, MaximumAttempts: 3},
	})
}

// patient is for the same step while the database is away: repeated without end,
// and where operators see it.
func patient(summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		Summary:             summary,
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second},
	}
}

// untilConfirmed is for ending live sessions: an attempt waits three minutes for
// the agent's result, a result that is not final says when the next one is due.
func untilConfirmed(ctx workflow.Context, summary string, limit time.Duration) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:                summary,
		StartToCloseTimeout:    3 * time.Minute,
		ScheduleToCloseTimeout: limit,
		// visit.TerminationReason.NextTryAfter tells staff when that is.
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: visit.FirstTerminationRetry, BackoffCoefficient: 2, MaximumInterval: visit.LastTerminationRetry,
		},
	})
}

// untilDelivered is for handing the visit to the site's CRM.
func untilDelivered(summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		Summary:                summary,
		StartToCloseTimeout:    time.Minute,
		ScheduleToCloseTimeout: crmFor,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 10 * time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Minute},
	}
}

// untilAccepted is for a delivery: an attempt that was not accepted says when the
// next one is due; the policy is for attempts of which nothing came, because the
// database was away.
func untilAccepted(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              outward(ctx),
		Summary:                summary,
		StartToCloseTimeout:    time.Minute,
		ScheduleToCloseTimeout: deliverFor,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
	})
}
