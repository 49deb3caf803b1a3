package workflows

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// DefaultTaskQueue is where workers find Foyer's work.
const DefaultTaskQueue = "foyer"

// Client speaks to workflows: nobody else knows the names of signals and updates.
// It is safe for concurrent use. Every method takes its time limit from its context
// and returns KindUnavailable when Temporal has not answered within it.
type Client struct {
	temporal  client.Client
	namespace string
	queue     string
}

// NewClient returns a client that starts workflows on the task queue.
func NewClient(c client.Client, namespace, taskQueue string) *Client {
	return &Client{temporal: c, namespace: namespace, queue: taskQueue}
}

// options make one workflow a visit: a running one is used, one that was cut off
// is begun anew, and one that completed, which means a sealed visit, is left alone.
func (c *Client) options(id visit.VisitID, site visit.SiteID) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                       VisitWorkflowID(id),
		TaskQueue:                c.queue,
		WorkflowTaskTimeout:      taskTimeout,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		StaticSummary:            "visit at site " + string(site),
		TypedSearchAttributes:    temporal.NewSearchAttributes(siteID.ValueSet(string(site))),
	}
}

// CheckIn starts the visit's workflow, or finds it running, and waits until its
// first step is over. Nil says no more than that: a closed workflow answers with
// what was true once, so what holds now is read from the row. A departure saves the
// workflow from telling operators of it.
func (c *Client) CheckIn(ctx context.Context, id visit.VisitID, site visit.SiteID, departure time.Time) error {
	options, in := c.options(id, site), VisitInput{VisitID: id, SiteID: site}
	if !departure.IsZero() {
		in.Indexed = &Indexed{Status: visit.CheckedIn, DepartsAt: departure.UTC()}
		options.TypedSearchAttributes = temporal.NewSearchAttributes(in.Indexed.attributes(site)...)
	}
	start := c.temporal.NewWithStartWorkflowOperation(options, Visit, in)
	_, err := c.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID: VisitWorkflowID(id), UpdateID: updateCheckIn, UpdateName: updateCheckIn,
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	return unlessClosed(err)
}

// CheckOut tells the visit's workflow, which is started if need be, that the row
// asks for the visit's end. It does not wait for it.
func (c *Client) CheckOut(ctx context.Context, id visit.VisitID, site visit.SiteID) error {
	_, err := c.temporal.SignalWithStartWorkflow(ctx, VisitWorkflowID(id), signalCheckOut, nil,
		c.options(id, site), Visit, VisitInput{VisitID: id, SiteID: site})
	return unlessClosed(err)
}

// Start starts the visit's workflow and reports whether it had to be started.
func (c *Client) Start(ctx context.Context, id visit.VisitID, site visit.SiteID) (bool, error) {
	options := c.options(id, site)
	options.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL // to be told
	options.WorkflowExecutionErrorWhenAlreadyStarted = true
	_, err := c.temporal.ExecuteWorkflow(ctx, options, Visit, VisitInput{VisitID: id, SiteID: site})
	return err == nil, unlessClosed(err)
}

// DepartureChanged tells the visit's workflow, if it runs, of the row's departure.
func (c *Client) DepartureChanged(ctx context.Context, id visit.VisitID, departure time.Time) error {
	err := c.temporal.SignalWorkflow(ctx, VisitWorkflowID(id), "", signalDepartureChanged, departureChanged{departure})
	return unlessClosed(err)
}

// RetryTermination tells the visit's workflow that the row has a new generation of
// terminations. A false answer says that no workflow runs: if the visit was sealed
// meanwhile, nobody carries the generation out unless the store is asked again.
func (c *Client) RetryTermination(ctx context.Context, id visit.VisitID, generation int) (bool, error) {
	err := c.temporal.SignalWorkflow(ctx, VisitWorkflowID(id), "", signalRetryTermination, retryTermination{generation})
	return err == nil, unlessClosed(err)
}

// AccessChanged tells an access's workflow, which is started if need be, to look at
// its row. It does not wait for it.
func (c *Client) AccessChanged(ctx context.Context, id roll.AccessID, site visit.SiteID) error {
	_, err := c.temporal.SignalWithStartWorkflow(ctx, AccessWorkflowID(id), signalAccessChanged, nil,
		c.accessOptions(id, site), Access, AccessInput{AccessID: id, SiteID: site})
	return unlessClosed(err)
}

// accessOptions make one workflow an access. One that completed is begun anew: an
// access may go on after its end.
func (c *Client) accessOptions(id roll.AccessID, site visit.SiteID) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                       AccessWorkflowID(id),
		TaskQueue:                c.queue,
		WorkflowTaskTimeout:      taskTimeout,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "roll code at site " + string(site),
		TypedSearchAttributes:    temporal.NewSearchAttributes(siteID.ValueSet(string(site))),
	}
}

// Completion is the result of one attempt of TerminateSessions and the activity
// that waits for it.
type Completion struct {
	WorkflowID string
	RunID      string
	ActivityID string
	Result     visit.TerminationResult
	Final      bool // nothing is left to do; else the activity tries again
}

// CompleteTermination gives the result to the waiting activity. An activity that no
// longer waits is fine: whoever asks next finds the stored result.
func (c *Client) CompleteTermination(ctx context.Context, done Completion) error {
	var result any
	var failure error
	if done.Final {
		result = activities.Done(done.Result)
	} else {
		failure = activities.NotDone(done.Result)
	}
	err := c.temporal.CompleteActivityByID(ctx, c.namespace, done.WorkflowID, done.RunID, done.ActivityID, result, failure)
	return unlessClosed(err)
}

// Running lists the visits whose workflow runs, as Temporal's visibility store sees
// it: seconds old, and no more than a hint. [Client.Start] decides.
func (c *Client) Running(ctx context.Context) (map[visit.VisitID]bool, error) {
	return running[visit.VisitID](ctx, c, nameVisit, visitPrefix)
}

// RunningAccesses is Running for accesses.
func (c *Client) RunningAccesses(ctx context.Context) (map[roll.AccessID]bool, error) {
	return running[roll.AccessID](ctx, c, nameAccess, accessPrefix)
}

func running[ID ~string](ctx context.Context, c *Client, workflowType, prefix string) (map[ID]bool, error) {
	found := map[ID]bool{}
	request := &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: c.namespace, PageSize: 1000,
		Query: "WorkflowType = '" + workflowType + "' AND ExecutionStatus = 'Running'",
	}
	for {
		page, err := c.temporal.ListWorkflow(ctx, request)
		if err != nil {
			return nil, visit.Unavailable("Temporal", err)
		}
		for _, e := range page.Executions {
			found[ID(strings.TrimPrefix(e.GetExecution().GetWorkflowId(), prefix))] = true
		}
		if request.NextPageToken = page.NextPageToken; len(request.NextPageToken) == 0 {
			return found, nil
		}
	}
}

// unlessClosed takes "there is such a workflow" and "nobody is waiting" for what
// they are: answers. Everything else means that Temporal could not be reached.
func unlessClosed(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ok {
		return nil
	}
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return nil
	}
	return visit.Unavailable("Temporal", err)
}
