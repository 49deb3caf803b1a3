package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// WebhookPayload is how much an endpoint is told.
type WebhookPayload string

// The payloads.
const (
	PayloadThin WebhookPayload = "thin" // ids, kinds, instants and numbers
	PayloadFull WebhookPayload = "full" // and who visits whom, as the visit says when it is sent
)

// Webhook is a customer's endpoint without its secrets. Its URL may hold a token of
// theirs: it is shown to those who may read webhooks, and never logged.
type Webhook struct {
	ID             visit.WebhookID
	Name           string
	URL            string
	Scope          Scope             // whose events; events of no site go to endpoints of all
	Kinds          []visit.EventKind // empty: all of visit.Outward
	Payload        WebhookPayload
	OldSecretUntil *time.Time // until then two secrets sign
	PausedUntil    *time.Time // the receiver asked us to slow down
	DisabledAt     *time.Time
	DisabledReason string // a code; empty: enabled
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Why an endpoint is disabled.
const (
	DisabledByHand = "by_hand"
	DisabledGone   = "gone" // it answered 410
)

// WebhookChange names what to change; nil fields stay.
type WebhookChange struct {
	Name    *string
	URL     *string
	Scope   *Scope
	Kinds   *[]visit.EventKind
	Payload *WebhookPayload
	Enabled *bool
}

// ErrWebhookNotFound covers what the caller may not see.
var ErrWebhookNotFound = visit.Errorf(visit.KindNotFound, "webhook_not_found", "There is no such webhook.")

const maxWebhooks = 200 // live ones, of a deployment

var errTooManyWebhooks = visit.Errorf(visit.KindConflict, "too_many_webhooks", "There are %d webhooks already.", maxWebhooks)

type webhookRow struct {
	ID              visit.WebhookID   `db:"id"`
	Name            string            `db:"name"`
	URL             string            `db:"url"`
	Sites           []visit.SiteID    `db:"sites"`
	AllSites        bool              `db:"all_sites"`
	Kinds           []visit.EventKind `db:"kinds"`
	Payload         WebhookPayload    `db:"payload"`
	SecretSealed    []byte            `db:"secret_sealed"`
	OldSecretSealed []byte            `db:"old_secret_sealed"`
	OldSecretUntil  *time.Time        `db:"old_secret_until"`
	PausedUntil     *time.Time        `db:"paused_until"`
	DisabledAt      *time.Time        `db:"disabled_at"`
	DisabledReason  string            `db:"disabled_reason"`
	CreatedAt       time.Time         `db:"created_at"`
	UpdatedAt       time.Time         `db:"updated_at"`
	DeletedAt       *time.Time        `db:"deleted_at"`
}

const webhookColumns = `v.id, v.name, v.url, v.sites, v.sites is null as all_sites, v.kinds, v.payload, v.secret_sealed, v.old_secret_sealed,
	v.old_secret_until, v.paused_until, v.disabled_at, v.disabled_reason, v.created_at, v.updated_at, v.deleted_at`

// webhookInScope: an endpoint is seen by who sees all of its sites.
const webhookInScope = `(@all or v.sites <@ @sites::uuid[])`

func (r webhookRow) webhook(now time.Time) Webhook {
	w := Webhook{
		ID: r.ID, Name: r.Name, URL: r.URL, Scope: Scope{All: r.AllSites, Sites: r.Sites}, Kinds: r.Kinds, Payload: r.Payload,
		DisabledAt: r.DisabledAt, DisabledReason: r.DisabledReason, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	if r.OldSecretUntil != nil && r.OldSecretUntil.After(now) {
		w.OldSecretUntil = r.OldSecretUntil
	}
	if r.PausedUntil != nil && r.PausedUntil.After(now) {
		w.PausedUntil = r.PausedUntil
	}
	return w
}

func webhookPlace(id visit.WebhookID) string { return "webhook:" + string(id) }

// home is the site whose chain records an endpoint of one site; others belong to
// the deployment.
func (s Scope) home() visit.SiteID {
	if s.All || len(s.Sites) != 1 {
		return ""
	}
	return s.Sites[0]
}

// CreateWebhook stores an endpoint with its secret, which is the caller's to show
// once. It returns KindInvalid errors that name a field, and ErrSiteNotFound.
func (s *Store) CreateWebhook(ctx context.Context, by Caller, hook Webhook, secret string) (Webhook, error) {
	if hook.Payload == "" {
		hook.Payload = PayloadThin
	}
	if hook.Kinds == nil {
		hook.Kinds = []visit.EventKind{}
	}
	hook.Name = strings.TrimSpace(hook.Name)
	if err := validWebhook(hook); err != nil {
		return hook, err
	}
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.within(ctx, by.Scope, hook.Scope); err != nil {
			return err
		}
		live, err := scalars[int](ctx, t, `select count(*) from webhooks where deleted_at is null`, nil)
		if err != nil || live[0] >= maxWebhooks {
			return orFull(err)
		}
		id, err := s.newID()
		if err != nil {
			return err
		}
		hook.ID, hook.CreatedAt, hook.UpdatedAt = visit.WebhookID(id), t.now, t.now
		sealed, err := s.keyring.Seal([]byte(secret), webhookPlace(hook.ID))
		if err != nil {
			return err
		}
		t.audit(hook.Scope.home(), by.Actor, "webhook.created", webhookPlace(hook.ID), map[string]any{"payload": string(hook.Payload)})
		const insert = `insert into webhooks (id, name, url, sites, kinds, payload, secret_sealed, created_at, updated_at)
			values (@id, @name, @url, @hook_sites, @kinds, @payload, @secret, @now, @now)`
		_, err = t.Exec(ctx, insert, pgx.NamedArgs{
			"id": id, "name": hook.Name, "url": hook.URL, "hook_sites": hook.Scope.column(), "kinds": texts(hook.Kinds),
			"payload": hook.Payload, "secret": sealed, "now": t.now,
		})
		return err
	})
	return hook, err
}

func orFull(err error) error {
	if err == nil {
		return errTooManyWebhooks
	}
	return err
}

func validWebhook(hook Webhook) error {
	switch {
	case hook.Name == "":
		return visit.Invalid("name", "A webhook needs a name of at most 200 characters.")
	case hook.Payload != PayloadThin && hook.Payload != PayloadFull:
		return visit.Invalid("payload", "One of thin, full.")
	case !hook.Scope.All && len(hook.Scope.Sites) == 0:
		return visit.Invalid("sites", "A webhook needs a site, or all.")
	}
	for _, kind := range hook.Kinds {
		if !slices.Contains(visit.Outward(), kind) {
			return visit.Invalid("kinds", "There is no such kind of event.")
		}
	}
	return nil
}

// within reports whether a caller's scope holds another and whether its sites exist.
func (t *tx) within(ctx context.Context, outer, inner Scope) error {
	if inner.All {
		if !outer.All {
			return visit.ErrSiteNotFound
		}
		return nil
	}
	for _, site := range inner.Sites {
		if _, err := findSite(ctx, t, outer, site); err != nil {
			return err
		}
	}
	return nil
}

const findWebhook = `select ` + webhookColumns + ` from webhooks v where v.id = @id and v.deleted_at is null and ` + webhookInScope

// Webhook returns an endpoint, or ErrWebhookNotFound.
func (s *Store) Webhook(ctx context.Context, scope Scope, id visit.WebhookID) (Webhook, error) {
	var row webhookRow
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		row, err = one[webhookRow](ctx, q, ErrWebhookNotFound, findWebhook, scope.args(pgx.NamedArgs{"id": id}))
		return err
	})
	return row.webhook(s.now()), err
}

// Webhooks returns the endpoints of the scope, the newest first.
func (s *Store) Webhooks(ctx context.Context, scope Scope) ([]Webhook, error) {
	hooks := []Webhook{}
	err := s.query(ctx, func(ctx context.Context, q db) error {
		const list = `select ` + webhookColumns + ` from webhooks v where v.deleted_at is null and ` + webhookInScope + ` order by v.id desc`
		rows, err := all[webhookRow](ctx, q, list, scope.args(pgx.NamedArgs{}))
		for _, row := range rows {
			hooks = append(hooks, row.webhook(s.now()))
		}
		return err
	})
	return hooks, err
}

func (t *tx) lockWebhook(ctx context.Context, scope Scope, id visit.WebhookID) (webhookRow, error) {
	return one[webhookRow](ctx, t, ErrWebhookNotFound, findWebhook+` for no key update`, scope.args(pgx.NamedArgs{"id": id}))
}

// UpdateWebhook changes an endpoint. Enabling one forgets why it was disabled, and
// any pause; so does another URL forget the pause. It returns what CreateWebhook returns, and ErrWebhookNotFound.
func (s *Store) UpdateWebhook(ctx context.Context, by Caller, id visit.WebhookID, change WebhookChange) (Webhook, error) {
	var hook Webhook
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockWebhook(ctx, by.Scope, id)
		if err != nil {
			return err
		}
		hook = row.webhook(t.now)
		fields := change.apply(&hook, t.now)
		if len(fields) == 0 {
			return nil
		}
		if err := validWebhook(hook); err != nil {
			return err
		}
		if err := t.within(ctx, by.Scope, hook.Scope); err != nil {
			return err
		}
		hook.UpdatedAt = t.now
		t.audit(hook.Scope.home(), by.Actor, "webhook.changed", webhookPlace(id), map[string]any{"fields": strings.Join(fields, ",")})
		const update = `update webhooks set name = @name, url = @url, sites = @hook_sites, kinds = @kinds, payload = @payload,
				paused_until = @paused, disabled_at = @disabled, disabled_reason = @reason, updated_at = @now
			where id = @id`
		_, err = t.Exec(ctx, update, pgx.NamedArgs{
			"id": id, "name": hook.Name, "url": hook.URL, "hook_sites": hook.Scope.column(), "kinds": texts(hook.Kinds), "payload": hook.Payload,
			"paused": hook.PausedUntil, "disabled": hook.DisabledAt, "reason": hook.DisabledReason, "now": t.now,
		})
		return err
	})
	return hook, err
}

func (c WebhookChange) apply(hook *Webhook, now time.Time) []string {
	var fields []string
	if c.Name != nil {
		take(&fields, "name", &hook.Name, new(strings.TrimSpace(*c.Name)))
	}
	take(&fields, "url", &hook.URL, c.URL)
	take(&fields, "payload", &hook.Payload, c.Payload)
	if c.Scope != nil {
		hook.Scope = *c.Scope
		fields = append(fields, "sites")
	}
	if c.Kinds != nil && !slices.Equal(*c.Kinds, hook.Kinds) {
		hook.Kinds = *c.Kinds
		fields = append(fields, "kinds")
	}
	if slices.Contains(fields, "url") {
		hook.PausedUntil = nil // another receiver asked for it
	}
	switch {
	case c.Enabled == nil:
	case *c.Enabled && hook.DisabledAt == nil && hook.PausedUntil == nil, !*c.Enabled && hook.DisabledAt != nil:
	case *c.Enabled:
		hook.DisabledAt, hook.DisabledReason, hook.PausedUntil = nil, "", nil
		fields = append(fields, "enabled")
	default:
		hook.DisabledAt, hook.DisabledReason = &now, DisabledByHand
		fields = append(fields, "disabled")
	}
	return fields
}

// RotateWebhook gives an endpoint a new secret. The one it had goes on signing
// beside it for so long, so that the receiver can change over; zero: it ends now.
// An older one that was still signing ends.
func (s *Store) RotateWebhook(ctx context.Context, by Caller, id visit.WebhookID, secret string, overlap time.Duration) (Webhook, error) {
	var hook Webhook
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockWebhook(ctx, by.Scope, id)
		if err != nil {
			return err
		}
		sealed, err := s.keyring.Seal([]byte(secret), webhookPlace(id))
		if err != nil {
			return err
		}
		row.OldSecretSealed, row.OldSecretUntil = nil, nil
		if overlap > 0 {
			row.OldSecretSealed, row.OldSecretUntil = row.SecretSealed, new(t.now.Add(overlap))
		}
		row.UpdatedAt = t.now
		hook = row.webhook(t.now)
		t.audit(hook.Scope.home(), by.Actor, "webhook.rotated", webhookPlace(id), map[string]any{"overlap_seconds": int64(overlap / time.Second)})
		const update = `update webhooks set secret_sealed = @secret, old_secret_sealed = @old, old_secret_until = @until, updated_at = @now where id = @id`
		_, err = t.Exec(ctx, update, pgx.NamedArgs{"id": id, "secret": sealed, "old": row.OldSecretSealed, "until": row.OldSecretUntil, "now": t.now})
		return err
	})
	return hook, err
}

// DeleteWebhook takes an endpoint away. Its deliveries stay on record; pending ones
// are skipped when their time comes.
func (s *Store) DeleteWebhook(ctx context.Context, by Caller, id visit.WebhookID) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockWebhook(ctx, by.Scope, id)
		if err != nil {
			return err
		}
		t.audit(row.webhook(t.now).Scope.home(), by.Actor, "webhook.deleted", webhookPlace(id), nil)
		// The secrets go with it, and so does what the URL may hold.
		const remove = `update webhooks set deleted_at = @now, updated_at = @now, url = '', secret_sealed = '',
				old_secret_sealed = null, old_secret_until = null
			where id = @id`
		_, err = t.Exec(ctx, remove, pgx.NamedArgs{"id": id, "now": t.now})
		return err
	})
}
