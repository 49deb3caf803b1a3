package workflows

import (
	"context"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/visit"
)

// StartPurge starts a purge and reports whether it had to be started. That one is
// over is for its proof to say: the caller asks the row first.
func (c *Client) StartPurge(ctx context.Context, in activities.PurgeInput) (bool, error) {
	return c.startOnce(ctx, PurgeWorkflowID(in), "purge of "+in.Day, Purge, in)
}

// Purge starts a purge, or finds it running, and waits for its end.
func (c *Client) Purge(ctx context.Context, in activities.PurgeInput) (proof activities.PurgeProof, err error) {
	if _, err = c.StartPurge(ctx, in); err != nil {
		return proof, err
	}
	if err = c.temporal.GetWorkflow(ctx, PurgeWorkflowID(in), "").Get(ctx, &proof); err != nil {
		err = visit.Unavailable("the purge", err)
	}
	return proof, err
}

// StartErase starts the outward part of an erasure and reports whether it had to be
// started. As with a purge, the row knows whether there is anything left to do.
func (c *Client) StartErase(ctx context.Context, id visit.ErasureID) (bool, error) {
	return c.startOnce(ctx, EraseWorkflowID(id), "erasure of a person", Erase, activities.ErasureInput{ErasureID: id})
}

// startOnce starts a workflow of which one runs at a time.
func (c *Client) startOnce(ctx context.Context, id, summary string, workflow, in any) (bool, error) {
	_, err := c.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: c.queue, StaticSummary: summary,
		WorkflowIDConflictPolicy:                 enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowIDReusePolicy:                    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, workflow, in)
	return err == nil, unlessClosed(err)
}
