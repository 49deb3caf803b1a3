package devstack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// temporalService is a Temporal server's process, of either kind: it has a
// directory for itself, can be killed and started again, and is stopped for good
// once.
type temporalService struct {
	name       string // in logs and errors
	log        *slog.Logger
	port       int
	stopWithin time.Duration
	start      func(ctx context.Context) (*child, error) // serving when it returns
	cleanUp    func() error                              // when stopped for good; may be nil

	mu     sync.Mutex // guards the fields below and serialises Stop, Kill9 and Restart
	lock   *os.File   // of the directory; nil when stopped for good
	server *child
}

// run starts the server and waits until it serves.
func (t *temporalService) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startFor, fmt.Errorf("starting the %s took too long", t.name))
	defer cancel()
	began := time.Now()
	server, err := t.start(ctx)
	if err != nil {
		return err
	}
	t.server = server
	t.log.Info(t.name+" started", "address", t.Address(), "took", time.Since(began))
	return nil
}

// Address of the gRPC frontend, host:port.
func (t *temporalService) Address() string { return loopback(t.port) }

// PID is the running server's.
func (t *temporalService) PID() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.server.pid()
}

// Exited is closed when the running server ends, whoever ended it. After
// Restart a new channel takes its place.
func (t *temporalService) Exited() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.server.exited
}

// Stop ends the server and frees the directory; an ephemeral one is deleted. A
// second call does nothing. When ctx or the service's own limit runs out the server
// is killed, which loses no data, and Stop returns an error.
func (t *temporalService) Stop(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lock == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, t.stopWithin)
	defer cancel()
	err := t.server.stop(ctx, syscall.SIGTERM)
	if t.cleanUp != nil {
		err = errors.Join(err, t.cleanUp())
	}
	err = errors.Join(err, t.lock.Close())
	t.lock = nil
	t.log.Info(t.name+" stopped", "address", t.Address())
	return err
}

// Kill9 kills the server at once and waits until it is gone.
func (t *temporalService) Kill9() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.server.kill()
	return nil
}

// Restart starts the server again on the same ports, stopping it in order if
// it runs. It fails after Stop.
func (t *temporalService) Restart(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lock == nil {
		return fmt.Errorf("restart the %s: it was stopped for good", t.name)
	}
	stopping, cancel := context.WithTimeout(ctx, t.stopWithin)
	defer cancel()
	if err := t.server.stop(stopping, syscall.SIGTERM); err != nil {
		return err
	}
	return t.run(ctx)
}

// launch starts a process and waits until ask succeeds at its frontend.
func (t *temporalService) launch(ctx context.Context, l launch, ask func(context.Context, workflowservice.WorkflowServiceClient) error) (*child, error) {
	// It has no children, and what it stores survives any end.
	l.onParentDeath = syscall.SIGKILL
	server, err := l.start()
	if err != nil {
		return nil, err
	}
	if err := t.awaitServing(ctx, server, ask); err != nil {
		server.kill()
		return nil, err
	}
	return server, nil
}

func (t *temporalService) awaitServing(ctx context.Context, server *child, ask func(context.Context, workflowservice.WorkflowServiceClient) error) error {
	conn, err := grpc.NewClient(t.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("reach the %s: %w", t.name, err)
	}
	defer conn.Close() //nolint:errcheck // nothing was written
	frontend := workflowservice.NewWorkflowServiceClient(conn)
	return server.await(ctx, func(ctx context.Context) error {
		// Each try is short: a half-started server may accept and not answer.
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		conn.ResetConnectBackoff()
		return ask(ctx, frontend)
	})
}
