package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// Endpoint is what a delivery needs of a webhook.
type Endpoint struct {
	Webhook
	Deleted bool
	Secrets []string // the current one, and during a rotation the old one
}

// WebhookEndpoint returns an endpoint for sending, deleted ones too, or
// ErrWebhookNotFound.
func (s *Store) WebhookEndpoint(ctx context.Context, id visit.WebhookID) (Endpoint, error) {
	var endpoint Endpoint
	err := s.query(ctx, func(ctx context.Context, q db) error {
		const find = `select ` + webhookColumns + ` from webhooks v where v.id = @id`
		row, err := one[webhookRow](ctx, q, ErrWebhookNotFound, find, pgx.NamedArgs{"id": id})
		if err != nil {
			return err
		}
		endpoint = Endpoint{Webhook: row.webhook(s.now()), Deleted: row.DeletedAt != nil}
		if endpoint.Deleted {
			return nil
		}
		sealed := [][]byte{row.SecretSealed}
		if endpoint.OldSecretUntil != nil {
			sealed = append(sealed, row.OldSecretSealed)
		}
		for _, blob := range sealed {
			secret, err := s.keyring.Open(blob, webhookPlace(id))
			if err != nil {
				return fmt.Errorf("secret of webhook %s: %w", id, err)
			}
			endpoint.Secrets = append(endpoint.Secrets, string(secret))
		}
		return nil
	})
	return endpoint, err
}

// PauseWebhook holds an endpoint's deliveries back until then; a longer pause stays.
func (s *Store) PauseWebhook(ctx context.Context, id visit.WebhookID, until time.Time) error {
	return s.once(ctx, func(ctx context.Context, q db) error {
		const pause = `update webhooks set paused_until = greatest(paused_until, @until) where id = @id and deleted_at is null`
		_, err := exec(ctx, q, pause, pgx.NamedArgs{"id": id, "until": until})
		return err
	})
}

// DisableWebhook ends deliveries to an endpoint that wants no more, and tells
// operators so by an event. Doing so twice changes nothing.
func (s *Store) DisableWebhook(ctx context.Context, id visit.WebhookID, reason string) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockWebhook(ctx, Everything, id)
		if errors.Is(err, ErrWebhookNotFound) || err == nil && row.DisabledAt != nil {
			return nil
		}
		if err != nil {
			return err
		}
		const disable = `update webhooks set disabled_at = @now, disabled_reason = @reason, updated_at = @now where id = @id`
		if _, err := t.Exec(ctx, disable, pgx.NamedArgs{"id": id, "reason": code(reason), "now": t.now}); err != nil {
			return err
		}
		return t.record(visit.Event{
			Kind: visit.EventWebhookDisabled, SiteID: row.webhook(t.now).Scope.home(), Actor: visit.ActorDeliveries,
			Data: map[string]any{"webhook_id": string(id), "reason": code(reason)},
		})
	})
}
