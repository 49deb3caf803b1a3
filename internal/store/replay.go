package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// Refusals of replays.
var (
	errWebhookDisabled = visit.Errorf(visit.KindConflict, "webhook_disabled", "The webhook is disabled; enable it first.")
	errDeliveryPending = visit.Errorf(visit.KindConflict, "delivery_pending", "The delivery is still being tried.")
)

// MostReplayed bounds what one request sends again.
const MostReplayed = 1000

// TestWebhook makes an event that goes to one endpoint alone and returns the
// delivery. It returns ErrWebhookNotFound and a conflict while it is disabled.
func (s *Store) TestWebhook(ctx context.Context, by Caller, id visit.WebhookID) (visit.DeliveryID, error) {
	var delivery visit.DeliveryID
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		hook, err := t.lockEnabled(ctx, by.Scope, id)
		if err != nil {
			return err
		}
		event := visit.Event{
			Kind: visit.EventWebhookTest, SiteID: hook.Scope.home(), Actor: by.Actor, Data: map[string]any{"webhook_id": string(id)},
		}
		if event.ID, err = t.recordNamed(event); err != nil {
			return err
		}
		ids, err := t.insertDeliveries(ctx, []planned{{event: event, target: visit.WebhookTarget(id), hook: id, due: t.now}})
		delivery = first(ids)
		return err
	})
	return delivery, err
}

func (t *tx) lockEnabled(ctx context.Context, scope Scope, id visit.WebhookID) (Webhook, error) {
	row, err := t.lockWebhook(ctx, scope, id)
	if err == nil && row.DisabledAt != nil {
		err = errWebhookDisabled
	}
	return row.webhook(t.now), err
}

func first[T any](list []T) (none T) {
	if len(list) == 0 {
		return none
	}
	return list[0]
}

// ReplayDelivery sends an event to an endpoint again, under the same id, and
// returns the new delivery. It returns not-found errors, and conflicts while the
// endpoint is disabled or the last delivery of the event is pending.
func (s *Store) ReplayDelivery(ctx context.Context, by Caller, hook visit.WebhookID, id visit.DeliveryID) (visit.DeliveryID, error) {
	var made visit.DeliveryID
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		endpoint, err := t.lockEnabled(ctx, by.Scope, hook)
		if err != nil {
			return err
		}
		row, err := one[deliveryRow](ctx, t, ErrDeliveryNotFound, findDelivery, by.Scope.args(pgx.NamedArgs{"id": id, "hook": hook}))
		if err != nil {
			return err
		}
		const latest = selectDeliveries + ` where v.event_id = @event and v.target = @target order by v.replay desc limit 1`
		last, err := one[deliveryRow](ctx, t, ErrDeliveryNotFound, latest, pgx.NamedArgs{"event": row.EventID, "target": row.Target})
		if err != nil {
			return err
		}
		if last.State == visit.DeliveryPending {
			return errDeliveryPending
		}
		t.audit(endpoint.Scope.home(), by.Actor, "webhook.replayed", webhookPlace(hook), map[string]any{"deliveries": 1})
		ids, err := t.again(ctx, []deliveryRow{last})
		made = first(ids)
		return err
	})
	return made, err
}

// ReplayFailed sends again what failed since then and was not sent again since, the
// oldest first, at most MostReplayed, and returns how many.
func (s *Store) ReplayFailed(ctx context.Context, by Caller, hook visit.WebhookID, since time.Time) (int, error) {
	var count int
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		endpoint, err := t.lockEnabled(ctx, by.Scope, hook)
		if err != nil {
			return err
		}
		const failed = selectDeliveries + ` where v.webhook_id = @hook and v.state = 'failed' and v.created_at >= @since and ` + deliveryInScope + `
			and not exists (select from deliveries n where n.event_id = v.event_id and n.target = v.target and n.replay > v.replay)
			order by v.id limit @limit`
		rows, err := all[deliveryRow](ctx, t, failed, by.Scope.args(pgx.NamedArgs{"hook": hook, "since": since, "limit": MostReplayed}))
		if err != nil {
			return err
		}
		count = len(rows)
		if count == 0 {
			return nil
		}
		t.audit(endpoint.Scope.home(), by.Actor, "webhook.replayed", webhookPlace(hook), map[string]any{"deliveries": count})
		_, err = t.again(ctx, rows)
		return err
	})
	return count, err
}

// again makes the next delivery of each of these.
func (t *tx) again(ctx context.Context, rows []deliveryRow) ([]visit.DeliveryID, error) {
	next := make([]planned, len(rows))
	for i, r := range rows {
		_, name := r.Target.Split()
		next[i] = planned{
			event:  visit.Event{ID: r.EventID, SiteID: value(r.SiteID), VisitID: value(r.VisitID)},
			target: r.Target, hook: visit.WebhookID(name), due: t.now, replay: r.Replay + 1,
		}
	}
	t.notify(NotifyEvent, "", "") // wakes the relay
	return t.insertDeliveries(ctx, next)
}
