package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"
)

// departureChanged says that the row has a new departure.
type departureChanged struct {
	Departure time.Time `json:"departure"`
}

// retryTermination says that staff asked for another generation of terminations.
type retryTermination struct {
	Generation int `json:"generation"`
}

// listen takes the check-in update and the signals. They set fields; the main line
// decides. A signal may come late, twice or not at all: the row holds the truth.
func (v *visitRun) listen(ctx workflow.Context) error {
	workflow.GoNamed(ctx, "signals", func(ctx workflow.Context) {
		selector := workflow.NewSelector(ctx)
		selector.AddReceive(workflow.GetSignalChannel(ctx, signalCheckOut), func(c workflow.ReceiveChannel, _ bool) {
			c.Receive(ctx, nil)
			v.checkOut = true
		})
		selector.AddReceive(workflow.GetSignalChannel(ctx, signalDepartureChanged), func(c workflow.ReceiveChannel, _ bool) {
			var signal departureChanged
			c.Receive(ctx, &signal)
			v.moved(ctx, signal.Departure)
		})
		selector.AddReceive(workflow.GetSignalChannel(ctx, signalRetryTermination), func(c workflow.ReceiveChannel, _ bool) {
			var signal retryTermination
			c.Receive(ctx, &signal)
			v.termination.retry(signal.Generation)
		})
		for {
			selector.Select(ctx)
		}
	})
	return workflow.SetUpdateHandler(ctx, updateCheckIn, func(ctx workflow.Context) error {
		return workflow.Await(ctx, func() bool { return v.opened })
	})
}

// moved notes the earliest departure that was signalled.
func (v *visitRun) moved(ctx workflow.Context, to time.Time) {
	if v.sooner.IsZero() || to.Before(v.sooner) {
		v.sooner = to
	}
	v.progress.was(ctx, "departure moved to %s", clock(to))
}
