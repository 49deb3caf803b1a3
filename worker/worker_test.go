package worker

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"github.com/foyerhq/foyer/internal/devstack/devstacktest"
	"github.com/foyerhq/foyer/internal/durable"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/workflows"
)

// role is a worker over a real database and a real Temporal server, for one site
// without agents.
type role struct {
	*storetest.Bench
	t        *testing.T
	temporal client.Client
	client   *workflows.Client
	config   Config
	site     visit.SiteID
}

var system = store.Caller{Actor: "user:1", Scope: store.Everything}

func newRole(t *testing.T) *role {
	t.Helper()
	r := &role{Bench: storetest.New(t), t: t}
	temporal, err := client.Dial(client.Options{
		HostPort: devstacktest.SharedTemporal(t), Namespace: durable.DefaultNamespace,
		Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, durable.RegisterSearchAttributes(ctx, temporal, durable.DefaultNamespace))
	queue := "test-" + uuid.NewString()
	r.temporal, r.client = temporal, workflows.NewClient(temporal, durable.DefaultNamespace, queue)
	r.config = Config{
		Temporal: temporal, Workflows: r.client, TaskQueue: queue, Store: r.Store,
		Logger: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()), Now: r.Clock.Now,
	}
	site, err := r.CreateSite(t.Context(), system, visit.Site{Name: "Berlin", Timezone: "Europe/Berlin"})
	require.NoError(t, err)
	r.site = site.ID
	return r
}

// run runs the role until the test ends.
func (r *role) run() {
	r.t.Helper()
	w, err := New(r.config)
	require.NoError(r.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	r.t.Cleanup(func() { cancel(); <-done })
}

// walkIn commits a visit with the wish to be checked in.
func (r *role) walkIn(stay time.Duration) visit.VisitID {
	r.t.Helper()
	out, err := r.Register(r.t.Context(), system, visit.Registration{
		SiteID: r.site, Visitor: visit.Visitor{LastName: "Lovelace"}, ExpectedDeparture: r.Clock.Now().Add(stay),
	}, store.RegisterOptions{CheckIn: true})
	require.NoError(r.t, err)
	return out.Visit.ID
}

func (r *role) visit(id visit.VisitID) visit.Visit {
	r.t.Helper()
	v, err := r.Visit(r.t.Context(), store.Everything, id)
	require.NoError(r.t, err)
	return v
}

// sealed waits until the visit's record is sealed and checks it.
func (r *role) sealed(id visit.VisitID) visit.Visit {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return r.visit(id).SealedAt != nil }, 30*time.Second, 10*time.Millisecond)
	report, err := r.AuditVerify(r.t.Context(), store.Everything, "")
	require.NoError(r.t, err)
	require.True(r.t, report.OK)
	page, err := r.Events(r.t.Context(), store.Everything, store.EventFilter{VisitID: id})
	require.NoError(r.t, err)
	terminal := 0
	for _, e := range page.Items {
		if e.Kind.Terminal() {
			terminal++
		}
	}
	require.Equal(r.t, 1, terminal, "one terminal event a visit")
	return r.visit(id)
}

func TestAVisitFromCheckInToTheSeal(t *testing.T) {
	t.Parallel()
	r := newRole(t)
	r.run()
	id := r.walkIn(time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, r.client.CheckIn(ctx, id, r.site, time.Time{}))
	_, voucher, err := r.Credentials(t.Context(), id)
	require.NoError(t, err)
	require.Nil(t, voucher.RevokedAt)

	_, err = r.RequestCheckOut(t.Context(), system, id)
	require.NoError(t, err)
	require.NoError(t, r.client.CheckOut(t.Context(), id, r.site))
	v := r.sealed(id)
	require.Equal(t, visit.CheckedOut, v.Status)
	require.Equal(t, "user:1", v.EndedBy)
	var result workflows.VisitResult
	require.NoError(t, r.temporal.GetWorkflow(t.Context(), workflows.VisitWorkflowID(id), "").Get(t.Context(), &result))
	require.Equal(t, "no_live_session", string(result.Termination))
	require.Equal(t, "not_configured", string(result.CRM))
}

// Temporal was away: the API acted by itself, and the sweeper brings the workflow.
func TestTheSweeperBringsTheWorkflowAfterTheFallback(t *testing.T) {
	t.Parallel()
	r := newRole(t)
	id := r.walkIn(time.Hour)
	_, err := r.IssueVoucher(t.Context(), id, store.Fallback)
	require.NoError(t, err)
	s := newSweeper(r.config)
	sent, err := s.intents(t.Context())
	require.NoError(t, err)
	require.Zero(t, sent, "not while the API may still be at it")
	r.Clock.Advance(11 * time.Second)
	sent, err = s.intents(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, sent)

	r.run()
	taken := func() bool {
		pending, err := r.PendingIntents(t.Context(), r.Clock.Now().Add(time.Hour), 10)
		return err == nil && len(pending) == 0
	}
	require.Eventually(t, taken, 30*time.Second, 10*time.Millisecond)

	_, err = r.RequestCheckOut(t.Context(), system, id)
	require.NoError(t, err)
	_, err = r.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Fallback})
	require.NoError(t, err)
	require.False(t, taken(), "the fallback revokes and leaves the intent to the workflow")
	r.Clock.Advance(11 * time.Second)
	sent, err = s.intents(t.Context())
	require.NoError(t, err)
	require.LessOrEqual(t, sent, 1) // the running sweeper may have been first
	require.Equal(t, visit.CheckedOut, r.sealed(id).Status)
}

func TestTheSweeperStartsWhatAnOperatorTerminated(t *testing.T) {
	t.Parallel()
	r := newRole(t)
	r.run()
	id := r.walkIn(time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, r.client.CheckIn(ctx, id, r.site, time.Time{}))
	require.NoError(t, r.temporal.TerminateWorkflow(t.Context(), workflows.VisitWorkflowID(id), "", "by an operator"))
	r.Clock.Advance(2 * time.Minute)
	s := newSweeper(r.config)
	require.Eventually(t, func() bool { // the listing may be late
		_, err := s.missing(t.Context())
		d, failed := r.temporal.DescribeWorkflowExecution(t.Context(), workflows.VisitWorkflowID(id), "")
		return err == nil && failed == nil && d.GetWorkflowExecutionInfo().GetCloseTime() == nil
	}, 30*time.Second, 100*time.Millisecond)
	_, err := r.RequestCheckOut(t.Context(), system, id)
	require.NoError(t, err)
	require.NoError(t, r.client.CheckOut(t.Context(), id, r.site))
	require.Equal(t, visit.CheckedOut, r.sealed(id).Status)
}

func TestTheSweeperEndsWhatNoWorkflowEnded(t *testing.T) {
	t.Parallel()
	r := newRole(t)
	id := r.walkIn(time.Hour)
	_, err := r.IssueVoucher(t.Context(), id, store.Fallback)
	require.NoError(t, err)
	s := newSweeper(r.config)
	r.Clock.Advance(time.Hour + 29*time.Second)
	ended, err := s.overdue(t.Context())
	require.NoError(t, err)
	require.Zero(t, ended)
	r.Clock.Advance(2 * time.Second)
	ended, err = s.overdue(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, ended)
	require.Equal(t, visit.Expired, r.visit(id).Status)

	_, err = s.missing(t.Context()) // ended and not sealed
	require.NoError(t, err)
	r.run()
	require.Equal(t, visit.Expired, r.sealed(id).Status)
}

// A role that starts while Temporal is down sweeps what needs no Temporal.
func TestTheRoleLivesWithoutTemporal(t *testing.T) {
	t.Parallel()
	r := newRole(t)
	id := r.walkIn(time.Hour)
	_, err := r.IssueVoucher(t.Context(), id, store.Fallback)
	require.NoError(t, err)
	r.Clock.Advance(2 * time.Hour)
	nowhere, err := client.NewLazyClient(client.Options{
		HostPort: "127.0.0.1:1", Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(t, err)
	t.Cleanup(nowhere.Close)
	r.config.Temporal, r.config.Workflows = nowhere, workflows.NewClient(nowhere, "default", "q")
	r.run()
	require.Eventually(t, func() bool { return r.visit(id).Status == visit.Expired }, 30*time.Second, 10*time.Millisecond)
}

func TestAnIncompleteConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	_, err := New(Config{})
	require.Error(t, err)
}
