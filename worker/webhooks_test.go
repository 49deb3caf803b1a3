package worker

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
	"github.com/foyerhq/foyer/internal/webhook/webhooktest"
	"github.com/foyerhq/foyer/workflows"
)

const (
	firstSecret  = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
	secondSecret = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4"
)

// newCarrier is a role that carries webhooks to receivers of the test.
func newCarrier(t *testing.T) *role {
	t.Helper()
	r := newRole(t)
	sender := webhook.New(webhook.Options{Guard: webhook.Guard{Allowed: prefixes(webhooktest.Loopback)}, Timeout: 30 * time.Second})
	t.Cleanup(sender.Close)
	r.config.Couriers = map[string]activities.Courier{visit.TargetWebhook: &Webhooks{
		Store: r.Store, Sender: sender, Gate: NewWebhookGate(time.Now), Logger: slog.New(slog.DiscardHandler), Now: r.Clock.Now,
	}}
	notifier := store.NewNotifier(r.URL, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = notifier.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	r.config.Notifications = notifier
	return r
}

func prefixes[T any](p T) []T { return []T{p} }

// endpoint adds a webhook for check-ins at the role's site.
func (r *role) endpoint(url string, edits ...func(*store.Webhook)) store.Webhook {
	r.t.Helper()
	hook := store.Webhook{
		Name: "hook", URL: url, Scope: store.Scope{Sites: []visit.SiteID{r.site}}, Kinds: []visit.EventKind{visit.EventCheckedIn},
	}
	for _, edit := range edits {
		edit(&hook)
	}
	hook, err := r.CreateWebhook(r.t.Context(), system, hook, firstSecret)
	require.NoError(r.t, err)
	return hook
}

// arrive checks a visitor in, which endpoints hear of.
func (r *role) arrive() visit.VisitID {
	r.t.Helper()
	id := r.walkIn(time.Hour)
	_, err := r.IssueVoucher(r.t.Context(), id, store.Fallback)
	require.NoError(r.t, err)
	return id
}

func (r *role) log(hook store.Webhook) []store.DeliveryRecord {
	r.t.Helper()
	page, err := r.Deliveries(r.t.Context(), store.Everything, hook.ID, store.DeliveryFilter{})
	require.NoError(r.t, err)
	return page.Items
}

// ended waits until so many deliveries of the endpoint have ended, newest first.
func (r *role) ended(hook store.Webhook, n int) (list []store.DeliveryRecord) {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		list = r.log(hook)
		over := 0
		for _, d := range list {
			if d.State != visit.DeliveryPending {
				over++
			}
		}
		return over == n && len(list) == n
	}, 40*time.Second, 20*time.Millisecond)
	return list
}

func TestAWebhookIsTriedAgainUnderTheSameIDUntilItIsAccepted(t *testing.T) {
	t.Parallel()
	r := newCarrier(t)
	receiver := webhooktest.NewPlainReceiver(t, firstSecret)
	receiver.Behave(webhooktest.Status(500), webhooktest.Accept)
	hook := r.endpoint(receiver.URL())
	r.run()
	id := r.arrive()
	record := r.ended(hook, 1)[0]
	require.Equal(t, visit.DeliveryDelivered, record.State)
	require.Equal(t, id, record.VisitID)
	_, attempts, err := r.Delivery(t.Context(), store.Everything, hook.ID, record.ID)
	require.NoError(t, err)
	require.Len(t, attempts, 2)
	require.Equal(t, 500, attempts[0].Status)
	require.Equal(t, "status_500", attempts[0].Reason)
	require.Equal(t, store.DeliveryAttempt{Attempt: 2, At: attempts[1].At, Took: attempts[1].Took, Status: 204}, attempts[1])

	arrived := receiver.Deliveries()
	require.Len(t, arrived, 2)
	require.Equal(t, arrived[0].Body, arrived[1].Body)
	for _, d := range arrived {
		require.Equal(t, string(record.EventID), d.ID)
		require.Equal(t, 1, d.Verified, "by the official library")
	}
	var said noticeBody
	require.NoError(t, json.Unmarshal(arrived[0].Body, &said))
	require.Equal(t, visit.EventCheckedIn, said.Type)
	require.Equal(t, id, said.Data.VisitID)
	require.Nil(t, said.Data.Visit, "thin")
	require.NotContains(t, string(arrived[0].Body), "Lovelace")

	again, err := r.ReplayDelivery(t.Context(), system, hook.ID, record.ID)
	require.NoError(t, err)
	require.Equal(t, again, r.ended(hook, 2)[0].ID)
	arrived = receiver.Deliveries()
	require.Equal(t, arrived[0].ID, arrived[2].ID, "a replay too")
}

func TestAnEndpointThatIsGoneIsDisabledAndHearsNoMore(t *testing.T) {
	t.Parallel()
	r := newCarrier(t)
	receiver := webhooktest.NewPlainReceiver(t)
	receiver.Behave(webhooktest.Status(410))
	hook := r.endpoint(receiver.URL())
	r.run()
	r.arrive()
	record := r.ended(hook, 1)[0]
	require.Equal(t, visit.DeliveryFailed, record.State)
	require.Equal(t, "webhook_gone", record.Reason)
	read, err := r.Webhook(t.Context(), store.Everything, hook.ID)
	require.NoError(t, err)
	require.Equal(t, store.DisabledGone, read.DisabledReason)
	events, err := r.Events(t.Context(), store.Everything, store.EventFilter{Kinds: []visit.EventKind{visit.EventWebhookDisabled}})
	require.NoError(t, err)
	require.Len(t, events.Items, 1)
	r.arrive()
	r.relayed()
	require.Len(t, r.log(hook), 1)
	require.Len(t, receiver.Deliveries(), 1)
}

// relayed waits until every event was looked at.
func (r *role) relayed() {
	r.t.Helper()
	r.Clock.Advance(time.Second)
	require.Eventually(r.t, func() bool {
		backlog, err := r.DeliveryBacklog(r.t.Context())
		return err == nil && backlog.UnrelayedFor == 0
	}, 30*time.Second, 10*time.Millisecond)
}

func TestAReceiverThatAsksForAPauseGetsItFromAllDeliveries(t *testing.T) {
	t.Parallel()
	r := newCarrier(t)
	receiver := webhooktest.NewPlainReceiver(t, firstSecret)
	receiver.Behave(webhooktest.Status(429, "Retry-After", "6"), webhooktest.Accept)
	hook := r.endpoint(receiver.URL())
	r.run()
	r.arrive()
	require.Eventually(t, func() bool { return len(receiver.Deliveries()) == 1 }, 30*time.Second, 10*time.Millisecond)
	paused := func() bool {
		read, err := r.Webhook(t.Context(), store.Everything, hook.ID)
		return err == nil && read.PausedUntil != nil
	}
	require.Eventually(t, paused, 30*time.Second, 10*time.Millisecond)
	r.arrive()
	r.relayed()
	r.Clock.Advance(6 * time.Second)
	records := r.ended(hook, 2)
	require.Equal(t, 1, records[0].Attempts, "held back is no attempt")
	require.Equal(t, 2, records[1].Attempts)
	arrived := receiver.Deliveries()
	require.GreaterOrEqual(t, arrived[1].At.Sub(arrived[0].At), 5*time.Second, "whole seconds are signed")
}

// Deliveries that wait, and those sent again, go by what the endpoint may hear now.
func TestANarrowedEndpointIsNotToldOfOtherSites(t *testing.T) {
	t.Parallel()
	r := newCarrier(t)
	receiver := webhooktest.NewPlainReceiver(t)
	hook := r.endpoint(receiver.URL(), func(w *store.Webhook) { w.Scope = store.Everything })
	courier := r.config.Couriers[visit.TargetWebhook]
	carry := func(site visit.SiteID, kind visit.EventKind) visit.Receipt {
		receipt, err := courier.Carry(t.Context(), visit.Delivery{
			Target: visit.WebhookTarget(hook.ID), Event: visit.Event{ID: "event", Kind: kind, SiteID: site, At: r.Clock.Now()},
		})
		require.NoError(t, err)
		return receipt
	}
	const elsewhere visit.SiteID = "0197a000-0000-7000-8000-00000000000e"
	require.Equal(t, 204, carry(elsewhere, visit.EventCheckedIn).Status)
	_, err := r.UpdateWebhook(t.Context(), system, hook.ID, store.WebhookChange{Scope: &store.Scope{Sites: []visit.SiteID{r.site}}})
	require.NoError(t, err)
	for _, site := range []visit.SiteID{elsewhere, ""} {
		require.Equal(t, skipped("webhook_narrowed"), carry(site, visit.EventPersonErased))
	}
	require.Equal(t, 204, carry(r.site, visit.EventCheckedIn).Status)
	require.Equal(t, 204, carry("", visit.EventWebhookTest).Status)
}

func TestAnotherReceiverIsNotHeldToThePauseOfTheOneBefore(t *testing.T) {
	t.Parallel()
	r := newCarrier(t)
	receiver := webhooktest.NewPlainReceiver(t)
	receiver.Behave(webhooktest.Status(503, "Retry-After", "86400"), webhooktest.Accept)
	hook := r.endpoint(receiver.URL())
	carry := func() error {
		_, err := r.config.Couriers[visit.TargetWebhook].Carry(t.Context(), visit.Delivery{
			Target: visit.WebhookTarget(hook.ID), Event: visit.Event{ID: "event", Kind: visit.EventCheckedIn, SiteID: r.site, At: r.Clock.Now()},
		})
		return err
	}
	require.Error(t, carry())
	require.ErrorContains(t, carry(), heldBack)
	r.Clock.Advance(time.Second)
	_, err := r.UpdateWebhook(t.Context(), system, hook.ID, store.WebhookChange{URL: new(receiver.URL() + "/mended")})
	require.NoError(t, err)
	require.NoError(t, carry())
}

func TestAnEndpointThatIsMendedGetsWhatItMissed(t *testing.T) {
	t.Parallel()
	r := newCarrier(t)
	hook := r.endpoint("http://127.0.0.1:1/")
	r.run()
	r.arrive()
	require.Eventually(t, func() bool {
		list := r.log(hook)
		return len(list) == 1 && list[0].Attempts == 1
	}, 30*time.Second, 10*time.Millisecond)
	receiver := webhooktest.NewPlainReceiver(t, firstSecret)
	_, err := r.UpdateWebhook(t.Context(), system, hook.ID, store.WebhookChange{URL: new(receiver.URL())})
	require.NoError(t, err)
	record := r.ended(hook, 1)[0]
	require.Equal(t, visit.DeliveryDelivered, record.State)
	_, attempts, err := r.Delivery(t.Context(), store.Everything, hook.ID, record.ID)
	require.NoError(t, err)
	require.Equal(t, "connection_refused", attempts[0].Reason)
}

// While Temporal is away, deliveries are rows; once it is back they go out, each once.
func TestWhatTemporalMissedGoesOutOnceItIsBack(t *testing.T) {
	t.Parallel()
	r := newCarrier(t)
	receiver := webhooktest.NewPlainReceiver(t, firstSecret)
	hook := r.endpoint(receiver.URL())
	nowhere, err := client.NewLazyClient(client.Options{
		HostPort: "127.0.0.1:1", Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(t, err)
	t.Cleanup(nowhere.Close)
	cut := r.config
	cut.Temporal, cut.Workflows = nowhere, workflows.NewClient(nowhere, "default", "q")
	w, err := New(cut)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	const visits = 20
	for range visits {
		r.arrive()
	}
	require.Eventually(t, func() bool { return len(r.log(hook)) == visits }, 30*time.Second, 10*time.Millisecond)
	cancel()
	<-done
	require.Empty(t, receiver.Deliveries())

	r.run()
	r.ended(hook, visits)
	seen := map[string]int{}
	for _, d := range receiver.Deliveries() {
		seen[d.ID]++
	}
	require.Len(t, seen, visits)
	for id, n := range seen {
		require.Equal(t, 1, n, id)
	}
}

// Of a delivery whose workflow an operator terminated nothing is heard any more, until
// the relay starts it again where the schedule was.
func TestADeliveryWhoseWorkflowWasTerminatedIsStartedAgain(t *testing.T) {
	t.Parallel()
	r := newCarrier(t)
	receiver := webhooktest.NewPlainReceiver(t, firstSecret)
	receiver.Behave(webhooktest.Status(500), webhooktest.Accept)
	hook := r.endpoint(receiver.URL())
	r.run()
	r.arrive()
	var record store.DeliveryRecord
	require.Eventually(t, func() bool {
		list := r.log(hook)
		if len(list) == 1 {
			record = list[0]
		}
		return record.Attempts == 1
	}, 30*time.Second, 10*time.Millisecond)
	require.NoError(t, r.temporal.TerminateWorkflow(t.Context(), workflows.DeliveryWorkflowID(record.EventID, record.Target, 0), "", "by an operator"))
	r.Clock.Advance(16 * time.Minute)
	record = r.ended(hook, 1)[0]
	require.Equal(t, visit.DeliveryDelivered, record.State)
	require.Equal(t, 2, record.Attempts)
}

func TestBothSecretsSignWhileOneIsChangedForAnother(t *testing.T) {
	t.Parallel()
	r := newCarrier(t)
	receiver := webhooktest.NewPlainReceiver(t, firstSecret, secondSecret)
	hook := r.endpoint(receiver.URL())
	_, err := r.RotateWebhook(t.Context(), system, hook.ID, secondSecret, time.Hour)
	require.NoError(t, err)
	r.run()
	r.arrive()
	r.ended(hook, 1)
	require.Equal(t, 2, receiver.Deliveries()[0].Verified)
	r.Clock.Advance(time.Hour)
	r.arrive()
	r.ended(hook, 2)
	require.Equal(t, 1, receiver.Deliveries()[1].Verified)
}

func TestASlowReceiverDelaysNoOther(t *testing.T) {
	t.Parallel()
	r := newCarrier(t)
	r.config.Limits.Outward = 8
	slow, quick := webhooktest.NewPlainReceiver(t), webhooktest.NewPlainReceiver(t, firstSecret)
	let := make(chan struct{})
	slow.Behave(func(http.ResponseWriter, *http.Request) { <-let })
	defer close(let)
	hanging := r.endpoint(slow.URL())
	for range 10 {
		r.arrive()
	}
	r.run()
	require.Eventually(t, func() bool { return len(slow.Deliveries()) >= 4 }, 30*time.Second, 10*time.Millisecond)
	hook := r.endpoint(quick.URL())
	r.arrive()
	r.ended(hook, 1) // before the first of the slow ones is given up
	for _, d := range r.log(hanging) {
		require.Zero(t, d.Attempts)
	}
}

func TestEventsOfASiteNeverReachAnEndpointOfAnother(t *testing.T) {
	t.Parallel()
	r := newCarrier(t)
	paris, err := r.CreateSite(t.Context(), system, visit.Site{Name: "Paris", Timezone: "Europe/Paris"})
	require.NoError(t, err)
	ours, theirs := webhooktest.NewPlainReceiver(t), webhooktest.NewPlainReceiver(t)
	hook := r.endpoint(ours.URL())
	foreign := r.endpoint(theirs.URL(), func(w *store.Webhook) { w.Scope.Sites = []visit.SiteID{paris.ID} })
	r.run()
	r.arrive()
	r.ended(hook, 1)
	r.relayed()
	require.Empty(t, r.log(foreign))
	require.Empty(t, theirs.Deliveries())
}

// Promise P14: what a full payload says, a URL's token and a secret are in the
// request, and neither in Temporal nor in the tables of deliveries.
func TestNothingPersonalIsInHistoriesOrDeliveries(t *testing.T) {
	t.Parallel()
	r := newCarrier(t)
	receiver := webhooktest.NewPlainReceiver(t, firstSecret)
	receiver.Behave(webhooktest.Status(500), webhooktest.Accept)
	hook := r.endpoint(receiver.URL()+"/canarytoken", func(w *store.Webhook) { w.Payload = store.PayloadFull })
	r.run()
	r.arrive()
	record := r.ended(hook, 1)[0]
	require.Contains(t, string(receiver.Deliveries()[1].Body), "Lovelace", "the control")

	id := workflows.DeliveryWorkflowID(record.EventID, record.Target, 0)
	require.NoError(t, r.temporal.GetWorkflow(t.Context(), id, "").Get(t.Context(), nil))
	history := r.temporal.GetWorkflowHistory(t.Context(), id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	var text strings.Builder
	for history.HasNext() {
		event, err := history.Next()
		require.NoError(t, err)
		text.WriteString(protojson.Format(event))
	}
	_, attempts, err := r.Delivery(t.Context(), store.Everything, hook.ID, record.ID)
	require.NoError(t, err)
	logged, err := json.Marshal([]any{record, attempts})
	require.NoError(t, err)
	text.Write(logged)
	for _, canary := range []string{"Lovelace", "canarytoken", "whsec", webhooktest.Body} {
		require.NotContains(t, text.String(), canary)
	}
	require.Contains(t, text.String(), "status_500", "the failure is there for operators")
}
