package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/foyerhq/foyer/internal/durable"
	"github.com/foyerhq/foyer/internal/seal"
)

// The textbook workflow is a visit as the first page of every tutorial would write
// it: a step, a wait for a signal or a timer, four more steps, each an ordinary
// activity. Its activities do nothing. What it costs is what Temporal costs.
const (
	textbookQueue  = "textbook"
	textbookSignal = "check-out"
	textbookStay   = 8 * time.Hour
	textbookSteps  = 5
)

// Textbook is the workflow.
func Textbook(ctx workflow.Context, id string) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second},
	})
	if err := workflow.ExecuteActivity(ctx, "Step", id, 1).Get(ctx, nil); err != nil {
		return err
	}
	waiting, disarm := workflow.WithCancel(ctx)
	timer := workflow.NewTimer(waiting, textbookStay)
	workflow.NewSelector(ctx).
		AddFuture(timer, func(workflow.Future) {}).
		AddReceive(workflow.GetSignalChannel(ctx, textbookSignal), func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) }).
		Select(ctx)
	disarm()
	for step := 2; step <= textbookSteps; step++ {
		if err := workflow.ExecuteActivity(ctx, "Step", id, step).Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// stepper tells the parent, on standard output, of each workflow's first and last
// step: the parent waits for them without asking the Temporal server for anything.
type stepper struct {
	mu sync.Mutex // one line at a time
}

// Step does nothing.
func (s *stepper) Step(_ context.Context, id string, step int) error {
	if step == 1 || step == textbookSteps {
		s.mu.Lock()
		defer s.mu.Unlock()
		fmt.Println(id, step)
	}
	return nil
}

// textbookWorker runs until it is told to end. Its limits are those of Foyer's
// worker: see worker.Limits and the options in worker/worker.go.
func textbookWorker() error {
	c, err := dialTextbook(os.Getenv("BENCH_TEMPORAL_ADDRESS"), os.Getenv("FOYER_KEY"))
	if err != nil {
		return err
	}
	defer c.Close()
	worker.SetStickyWorkflowCacheSize(2000)
	w := worker.New(c, textbookQueue, worker.Options{
		MaxConcurrentWorkflowTaskExecutionSize: 64,
		MaxConcurrentActivityExecutionSize:     64,
		MaxConcurrentWorkflowTaskPollers:       4,
		MaxConcurrentActivityTaskPollers:       2,
	})
	w.RegisterWorkflow(Textbook)
	w.RegisterActivityWithOptions((&stepper{}).Step, activity.RegisterOptions{Name: "Step"})
	if err := w.Start(); err != nil {
		return err
	}
	defer w.Stop()
	fmt.Println("ready 0")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	<-ctx.Done()
	return nil
}

// dialTextbook is Foyer's own client, codec included.
func dialTextbook(address, key string) (client.Client, error) {
	ring, err := seal.Parse(key)
	if err != nil {
		return nil, err
	}
	return durable.Dial(durable.Config{
		Address: address, Namespace: durable.DefaultNamespace, Keys: ring, Logger: slog.New(slog.DiscardHandler),
	})
}
