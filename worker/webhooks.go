package worker

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
)

// Why a webhook's delivery was not sent. What the receiver said is in codes of
// package webhook.
const (
	skippedDeleted  = "webhook_deleted"
	skippedNarrowed = "webhook_narrowed" // it does not hear of the event's site any more
	refusedDisabled = "webhook_disabled" // failed, so that it can be sent again once it is enabled
	heldBack        = "held_back"        // others are before it, or the receiver asked for a pause
)

// WebhookStore is what webhooks' deliveries are made of: *store.Store.
type WebhookStore interface {
	WebhookEndpoint(ctx context.Context, id visit.WebhookID) (store.Endpoint, error)
	PauseWebhook(ctx context.Context, id visit.WebhookID, until time.Time) error
	DisableWebhook(ctx context.Context, id visit.WebhookID, reason string) error
	Visit(ctx context.Context, scope store.Scope, id visit.VisitID) (visit.Visit, error)
}

// WebhookSender makes one attempt: *webhook.Client.
type WebhookSender interface {
	Send(ctx context.Context, request webhook.Request) (visit.Receipt, error)
}

// Webhooks is the courier of webhooks. It is safe for concurrent use.
type Webhooks struct {
	Store  WebhookStore
	Sender WebhookSender
	Gate   *limit.Gate // by endpoint; see NewWebhookGate
	Logger *slog.Logger
	Now    func() time.Time
}

// NewWebhookGate bounds what one endpoint gets of one process: four requests at a
// time, so that slow endpoints leave slots to others, and a dead one costs a time-out
// now and then instead of one for each delivery.
func NewWebhookGate(now func() time.Time) *limit.Gate {
	return limit.NewGate(limit.GateConfig{
		AtOnce: 4, Rate: 50, Burst: 100, Failures: 5, First: 5 * time.Second, Longest: 15 * time.Minute, Keys: 2000,
	}, now)
}

// Carry implements activities.Courier: it makes one attempt, unless the endpoint is
// not to be called now, and does what the answer asks for.
func (w *Webhooks) Carry(ctx context.Context, d visit.Delivery) (visit.Receipt, error) {
	_, name := d.Target.Split()
	id := visit.WebhookID(name)
	endpoint, err := w.Store.WebhookEndpoint(ctx, id)
	switch {
	case err != nil:
		return visit.Receipt{}, err
	case endpoint.Deleted:
		return skipped(skippedDeleted), nil
	case !hears(endpoint, d.Event):
		return skipped(skippedNarrowed), nil
	case endpoint.DisabledAt != nil:
		return visit.Receipt{}, visit.Errorf(visit.KindConflict, refusedDisabled, "The webhook is disabled.")
	case endpoint.PausedUntil != nil:
		w.Gate.Pause(gateKey(endpoint), *endpoint.PausedUntil) // as another process heard, maybe
	}
	request, err := w.compose(ctx, d, endpoint)
	if err != nil {
		return visit.Receipt{}, err
	}
	leave, wait, ok := w.Gate.Enter(gateKey(endpoint))
	if !ok {
		return visit.Receipt{}, &visit.Error{Kind: visit.KindLimited, Code: heldBack, Message: "not its turn yet", RetryAfter: wait}
	}
	receipt, err := w.Sender.Send(ctx, request)
	leave(fared(receipt, err))
	return w.heed(ctx, id, receipt, err)
}

// hears reports whether an endpoint may be told of an event now: it may have been
// narrowed to other sites since the delivery was made.
func hears(endpoint store.Endpoint, e visit.Event) bool {
	return endpoint.Scope.All || e.Kind == visit.EventWebhookTest || slices.Contains(endpoint.Scope.Sites, e.SiteID)
}

// gateKey names what is known of an endpoint's behaviour. Who changes the endpoint
// has mended something: it begins anew.
func gateKey(endpoint store.Endpoint) string {
	return string(endpoint.ID) + " " + endpoint.UpdatedAt.UTC().Format(time.RFC3339Nano)
}

// compose reads what the delivery says now.
func (w *Webhooks) compose(ctx context.Context, d visit.Delivery, endpoint store.Endpoint) (webhook.Request, error) {
	request := webhook.Request{URL: endpoint.URL, ID: string(d.Event.ID)}
	for _, text := range endpoint.Secrets {
		secret, err := webhook.ParseSecret(text)
		if err != nil {
			return request, err
		}
		request.Secrets = append(request.Secrets, secret)
	}
	var about *visit.Visit
	if endpoint.Payload == store.PayloadFull && d.Event.VisitID != "" {
		v, err := w.Store.Visit(ctx, store.Everything, d.Event.VisitID)
		if err != nil {
			return request, err
		}
		about = &v
	}
	var err error
	request.Body, err = notice(d.Event, about)
	return request, err
}

// fared tells the gate how it went.
func fared(receipt visit.Receipt, err error) limit.Outcome {
	refusal, _ := errors.AsType[*visit.Error](err)
	switch {
	case err != nil && receipt.Status == 0 && visit.KindOf(err) == visit.KindUnavailable:
		return limit.Silent()
	case refusal != nil && refusal.Kind == visit.KindLimited && refusal.RetryAfter > 0:
		return limit.Throttled(refusal.RetryAfter)
	}
	return limit.Answered()
}

// heed does what the receiver asks for: 410 ends deliveries to it, Retry-After holds
// all of them back.
func (w *Webhooks) heed(ctx context.Context, id visit.WebhookID, receipt visit.Receipt, err error) (visit.Receipt, error) {
	refusal, ok := errors.AsType[*visit.Error](err)
	switch {
	case !ok:
	case refusal.Kind == visit.KindGone:
		if failed := w.Store.DisableWebhook(ctx, id, store.DisabledGone); failed != nil {
			return visit.Receipt{}, failed // and ask again: it will still be gone
		}
		w.Logger.WarnContext(ctx, "webhook disabled: its receiver is gone", "webhook_id", id)
	case refusal.Kind == visit.KindLimited && refusal.RetryAfter > 0:
		if failed := w.Store.PauseWebhook(ctx, id, w.Now().Add(refusal.RetryAfter)); failed != nil {
			w.Logger.WarnContext(ctx, "webhook's pause not kept", "webhook_id", id, "error", cause(failed))
		}
	}
	return receipt, err
}
