package durable

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	pollEvery = 200 * time.Millisecond
	probeFor  = 5 * time.Second
)

// EnsureNamespace creates the namespace if it is missing, and waits until it can be
// used. One that exists is left as it is, retention included: that is the
// operators'. It gives up when ctx ends.
func EnsureNamespace(ctx context.Context, c client.Client, namespace string, retention time.Duration) error {
	service := c.WorkflowService()
	_, err := service.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if code(err) == codes.NotFound {
		_, err = service.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
			Namespace:                        namespace,
			Description:                      "Foyer",
			WorkflowExecutionRetentionPeriod: durationpb.New(retention),
		})
	}
	if err != nil && code(err) != codes.AlreadyExists {
		return fmt.Errorf("durable: namespace %s: %w", namespace, err)
	}
	// Frontends learn of namespaces with a delay, each by itself.
	return poll(ctx, "namespace "+namespace, func(ctx context.Context) error {
		return count(ctx, c, namespace, "")
	}, codes.NotFound)
}

// count asks visibility something, because a frontend answers it only once it knows
// the namespace and the attributes of the query.
func count(ctx context.Context, c client.Client, namespace, query string) error {
	_, err := c.WorkflowService().CountWorkflowExecutions(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: namespace, Query: query,
	})
	return err
}

// poll repeats probe while it fails with one of the codes that mean "not yet".
func poll(ctx context.Context, what string, probe func(context.Context) error, notYet ...codes.Code) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := within(ctx, probe)
		if err == nil {
			return nil
		}
		if !slices.Contains(notYet, code(err)) {
			return fmt.Errorf("durable: %s: %w", what, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("durable: waited for %s: %w (last answer: %w)", what, context.Cause(ctx), err)
		}
	}
}

func within(ctx context.Context, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, probeFor)
	defer cancel()
	return probe(ctx)
}

// code is the gRPC status of an answer, OK for none.
func code(err error) codes.Code { return serviceerror.ToStatus(err).Code() }
