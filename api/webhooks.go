package api

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
)

type webhooks interface {
	CreateWebhook(ctx context.Context, by store.Caller, hook store.Webhook, secret string) (store.Webhook, error)
	Webhooks(ctx context.Context, scope store.Scope) ([]store.Webhook, error)
	Webhook(ctx context.Context, scope store.Scope, id visit.WebhookID) (store.Webhook, error)
	UpdateWebhook(ctx context.Context, by store.Caller, id visit.WebhookID, change store.WebhookChange) (store.Webhook, error)
	RotateWebhook(ctx context.Context, by store.Caller, id visit.WebhookID, secret string, overlap time.Duration) (store.Webhook, error)
	DeleteWebhook(ctx context.Context, by store.Caller, id visit.WebhookID) error
}

// Webhook is an endpoint that is told of events, without its secret.
type Webhook struct {
	ID             visit.WebhookID      `json:"id"`
	Name           string               `json:"name"`
	URL            string               `json:"url"`
	AllSites       bool                 `json:"all_sites"`
	Sites          []visit.SiteID       `json:"sites,omitempty"`
	Kinds          []visit.EventKind    `json:"kinds" doc:"Empty: all."`
	Payload        store.WebhookPayload `json:"payload" enum:"thin,full"`
	Enabled        bool                 `json:"enabled"`
	DisabledAt     *time.Time           `json:"disabled_at,omitempty"`
	DisabledReason string               `json:"disabled_reason,omitempty" doc:"by_hand, or gone: it answered 410."`
	PausedUntil    *time.Time           `json:"paused_until,omitempty" doc:"The receiver asked us to slow down."`
	OldSecretUntil *time.Time           `json:"old_secret_until,omitempty" doc:"Until then the secret before this one signs too."`
	CreatedAt      time.Time            `json:"created_at"`
	UpdatedAt      time.Time            `json:"updated_at"`
}

func webhookOf(w store.Webhook) Webhook {
	return Webhook{
		ID: w.ID, Name: w.Name, URL: w.URL, AllSites: w.Scope.All, Sites: w.Scope.Sites, Kinds: w.Kinds, Payload: w.Payload,
		Enabled: w.DisabledAt == nil, DisabledAt: w.DisabledAt, DisabledReason: w.DisabledReason, PausedUntil: w.PausedUntil,
		OldSecretUntil: w.OldSecretUntil, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt,
	}
}

type webhookAnswer struct {
	Body Webhook
}

type webhookSecretAnswer struct {
	Body struct {
		Webhook Webhook `json:"webhook"`
		Secret  string  `json:"secret" doc:"Shown here only."`
	}
}

func secretAnswer(hook store.Webhook, secret webhook.Secret) *webhookSecretAnswer {
	a := &webhookSecretAnswer{}
	a.Body.Webhook, a.Body.Secret = webhookOf(hook), secret.Reveal()
	return a
}

type createWebhookInput struct {
	Body struct {
		Name    string               `json:"name" minLength:"1" maxLength:"200"`
		URL     string               `json:"url" maxLength:"2000" doc:"https, without user or password in it."`
		Sites   []visit.SiteID       `json:"sites,omitempty" maxItems:"200" doc:"Absent: all sites that you may see."`
		Kinds   []visit.EventKind    `json:"kinds,omitempty" maxItems:"50" doc:"Of events. Absent or empty: all."`
		Payload store.WebhookPayload `json:"payload,omitempty" enum:"thin,full" default:"thin" doc:"full adds who visits whom; it needs the permission to read visits."`
	}
}

func (s *Server) createWebhook(ctx context.Context, in *createWebhookInput) (*webhookSecretAnswer, error) {
	b := in.Body
	if err := s.mayReceive(ctx, b.URL, b.Payload); err != nil {
		return nil, err
	}
	scope := scopeOf(auth.PrincipalOf(ctx))
	if len(b.Sites) > 0 {
		var err error
		if scope, err = theseSites(b.Sites); err != nil {
			return nil, err
		}
	}
	secret, err := webhook.NewSecret(rand.Reader)
	if err != nil {
		return nil, err
	}
	hook, err := s.Store.CreateWebhook(ctx, s.caller(ctx), store.Webhook{
		Name: b.Name, URL: b.URL, Scope: scope, Kinds: b.Kinds, Payload: b.Payload,
	}, secret.Reveal())
	if err != nil {
		return nil, err
	}
	return secretAnswer(hook, secret), nil
}

// mayReceive reports whether the caller may have that much sent there.
func (s *Server) mayReceive(ctx context.Context, url string, payload store.WebhookPayload) error {
	if payload == store.PayloadFull && !auth.PrincipalOf(ctx).Can(auth.VisitsRead) {
		return errGrantsMore
	}
	return s.CheckURL(url)
}

func theseSites(ids []visit.SiteID) (store.Scope, error) {
	for _, id := range ids {
		if uuid.Validate(string(id)) != nil {
			return store.Scope{}, visit.Invalid("sites", "This is not a site's id.")
		}
	}
	slices.Sort(ids)
	return store.Scope{Sites: slices.Compact(ids)}, nil
}

type listWebhooksAnswer struct {
	Body struct {
		Items []Webhook `json:"items"`
	}
}

func (s *Server) listWebhooks(ctx context.Context, _ *struct{}) (*listWebhooksAnswer, error) {
	list, err := s.Store.Webhooks(ctx, scopeOf(auth.PrincipalOf(ctx)))
	if err != nil {
		return nil, err
	}
	a := &listWebhooksAnswer{}
	a.Body.Items = each(list, webhookOf)
	return a, nil
}

// WebhookPath is embedded by every request about one webhook.
type WebhookPath struct {
	Webhook visit.WebhookID `path:"webhook" format:"uuid"`
}

func (s *Server) readWebhook(ctx context.Context, in *WebhookPath) (*webhookAnswer, error) {
	hook, err := s.Store.Webhook(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Webhook)
	if err != nil {
		return nil, err
	}
	return &webhookAnswer{webhookOf(hook)}, nil
}

type changeWebhookInput struct {
	WebhookPath
	Body struct {
		Name     *string               `json:"name,omitempty" minLength:"1" maxLength:"200"`
		URL      *string               `json:"url,omitempty" maxLength:"2000"`
		AllSites bool                  `json:"all_sites,omitempty"`
		Sites    []visit.SiteID        `json:"sites,omitempty" maxItems:"200"`
		Kinds    *[]visit.EventKind    `json:"kinds,omitempty" maxItems:"50"`
		Payload  *store.WebhookPayload `json:"payload,omitempty" enum:"thin,full"`
		Enabled  *bool                 `json:"enabled,omitempty" doc:"true forgets why it was disabled, and any pause."`
	}
}

func (s *Server) changeWebhook(ctx context.Context, in *changeWebhookInput) (*webhookAnswer, error) {
	hook, err := s.Store.Webhook(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Webhook)
	if err != nil {
		return nil, err
	}
	b := in.Body
	// What it will be told, and where, is judged by who changes either.
	if b.URL != nil || b.Payload != nil || b.AllSites || len(b.Sites) > 0 {
		if err := s.mayReceive(ctx, or(b.URL, hook.URL), or(b.Payload, hook.Payload)); err != nil {
			return nil, err
		}
	}
	change := store.WebhookChange{Name: b.Name, URL: b.URL, Kinds: b.Kinds, Payload: b.Payload, Enabled: b.Enabled}
	switch {
	case b.AllSites:
		change.Scope = &store.Scope{All: true}
	case len(b.Sites) > 0:
		scope, err := theseSites(b.Sites)
		if err != nil {
			return nil, err
		}
		change.Scope = &scope
	}
	if hook, err = s.Store.UpdateWebhook(ctx, s.caller(ctx), in.Webhook, change); err != nil {
		return nil, err
	}
	return &webhookAnswer{webhookOf(hook)}, nil
}

// or is what p points to, or otherwise.
func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

func (s *Server) deleteWebhook(ctx context.Context, in *WebhookPath) (*struct{}, error) {
	return nil, s.Store.DeleteWebhook(ctx, s.caller(ctx), in.Webhook)
}

// overlapSeconds is a day: time enough to change a secret over.
const overlapSeconds = 24 * 60 * 60

type rotateWebhookInput struct {
	WebhookPath
	Body struct {
		OverlapSeconds *int `json:"overlap_seconds,omitempty" minimum:"0" maximum:"604800" doc:"How long the secret it has goes on signing beside the new one. Absent: a day."`
	}
}

func (s *Server) rotateWebhook(ctx context.Context, in *rotateWebhookInput) (*webhookSecretAnswer, error) {
	secret, err := webhook.NewSecret(rand.Reader)
	if err != nil {
		return nil, err
	}
	hook, err := s.Store.RotateWebhook(ctx, s.caller(ctx), in.Webhook, secret.Reveal(), span(or(in.Body.OverlapSeconds, overlapSeconds)))
	if err != nil {
		return nil, err
	}
	return secretAnswer(hook, secret), nil
}
