package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

const hookSecret = "whsec_canary-webhook-secret"

// hook adds an endpoint, of all sites unless some are named.
func (b bench) hook(t testing.TB, kinds []visit.EventKind, sites ...visit.SiteID) store.Webhook {
	t.Helper()
	hook, err := b.CreateWebhook(t.Context(), b.desk, store.Webhook{
		Name: "hook", URL: "https://example.org/hook", Kinds: kinds, Scope: store.Scope{All: len(sites) == 0, Sites: sites},
	}, hookSecret)
	require.NoError(t, err)
	return hook
}

func TestAWebhookIsStoredChangedAndTakenAway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hook := b.hook(t, []visit.EventKind{visit.EventCheckedIn}, b.site.ID)
	read, err := b.Webhook(t.Context(), store.Everything, hook.ID)
	require.NoError(t, err)
	require.Equal(t, hook, read)
	require.Equal(t, store.PayloadThin, read.Payload)

	changed, err := b.UpdateWebhook(t.Context(), b.desk, hook.ID, store.WebhookChange{
		Name: new(" other "), Kinds: new([]visit.EventKind{}), Payload: new(store.PayloadFull), Scope: &store.Everything,
	})
	require.NoError(t, err)
	require.Equal(t, "other", changed.Name)
	require.True(t, changed.Scope.All)
	list, err := b.Webhooks(t.Context(), store.Everything)
	require.NoError(t, err)
	require.Equal(t, []store.Webhook{changed}, list)

	require.NoError(t, b.DeleteWebhook(t.Context(), b.desk, hook.ID))
	_, err = b.Webhook(t.Context(), store.Everything, hook.ID)
	require.ErrorIs(t, err, store.ErrWebhookNotFound)
	require.ErrorIs(t, b.DeleteWebhook(t.Context(), b.desk, hook.ID), store.ErrWebhookNotFound)
	endpoint, err := b.WebhookEndpoint(t.Context(), hook.ID)
	require.NoError(t, err)
	require.True(t, endpoint.Deleted)
	require.Empty(t, endpoint.Secrets)
	require.Equal(t, []string{""}, sql[string](t, b, "select url from webhooks where secret_sealed = ''"))
	require.ElementsMatch(t, []string{"webhook.created", "webhook.changed", "webhook.deleted"},
		sql[string](t, b, "select action from audit where object = $1", "webhook:"+string(hook.ID)))
	b.verify(t)
}

func TestAWebhookThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good := store.Webhook{Name: "x", URL: "https://example.org", Scope: store.Everything}
	for field, edit := range map[string]func(*store.Webhook){
		"name":    func(w *store.Webhook) { w.Name = "  " },
		"payload": func(w *store.Webhook) { w.Payload = "fat" },
		"sites":   func(w *store.Webhook) { w.Scope = store.Scope{} },
		"kinds":   func(w *store.Webhook) { w.Kinds = []visit.EventKind{visit.EventVoucherRevealed} },
	} {
		hook := good
		edit(&hook)
		_, err := b.CreateWebhook(t.Context(), b.desk, hook, hookSecret)
		require.Equal(t, visit.KindInvalid, visit.KindOf(err), field)
		require.Contains(t, err.Error(), "invalid", field)
	}
}

func TestAWebhookIsSeenByWhoSeesAllOfItsSites(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.newSite(t, "Paris")
	wide, both, ours := b.hook(t, nil), b.hook(t, nil, b.site.ID, other.ID), b.hook(t, nil, b.site.ID)
	here := store.Caller{Actor: "user:here", Scope: store.Scope{Sites: []visit.SiteID{b.site.ID}}}
	list, err := b.Webhooks(t.Context(), here.Scope)
	require.NoError(t, err)
	require.Equal(t, []store.Webhook{ours}, list)
	for _, hook := range []store.Webhook{wide, both} {
		_, err := b.Webhook(t.Context(), here.Scope, hook.ID)
		require.ErrorIs(t, err, store.ErrWebhookNotFound)
		_, err = b.UpdateWebhook(t.Context(), here, hook.ID, store.WebhookChange{Name: new("mine")})
		require.ErrorIs(t, err, store.ErrWebhookNotFound)
		_, err = b.RotateWebhook(t.Context(), here, hook.ID, hookSecret, 0)
		require.ErrorIs(t, err, store.ErrWebhookNotFound)
		_, err = b.TestWebhook(t.Context(), here, hook.ID)
		require.ErrorIs(t, err, store.ErrWebhookNotFound)
		_, err = b.ReplayFailed(t.Context(), here, hook.ID, time.Time{})
		require.ErrorIs(t, err, store.ErrWebhookNotFound)
		_, err = b.Deliveries(t.Context(), here.Scope, hook.ID, store.DeliveryFilter{})
		require.ErrorIs(t, err, store.ErrWebhookNotFound)
		require.ErrorIs(t, b.DeleteWebhook(t.Context(), here, hook.ID), store.ErrWebhookNotFound)
	}
	for _, scope := range []store.Scope{store.Everything, {Sites: []visit.SiteID{b.site.ID, other.ID}}} {
		_, err = b.UpdateWebhook(t.Context(), here, ours.ID, store.WebhookChange{Scope: &scope})
		require.ErrorIs(t, err, visit.ErrSiteNotFound, "nobody widens it beyond what they see")
		_, err = b.CreateWebhook(t.Context(), here, store.Webhook{Name: "x", URL: "https://example.org", Scope: scope}, hookSecret)
		require.ErrorIs(t, err, visit.ErrSiteNotFound)
	}
}

func TestTwoSecretsSignDuringARotation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hook := b.hook(t, nil)
	secrets := func() []string {
		endpoint, err := b.WebhookEndpoint(t.Context(), hook.ID)
		require.NoError(t, err)
		return endpoint.Secrets
	}
	require.Equal(t, []string{hookSecret}, secrets())
	rotated, err := b.RotateWebhook(t.Context(), b.desk, hook.ID, "whsec_second", 24*time.Hour)
	require.NoError(t, err)
	require.Equal(t, b.Clock.Now().Add(24*time.Hour), *rotated.OldSecretUntil)
	require.Equal(t, []string{"whsec_second", hookSecret}, secrets())
	b.Clock.Advance(24 * time.Hour)
	require.Equal(t, []string{"whsec_second"}, secrets())
	_, err = b.RotateWebhook(t.Context(), b.desk, hook.ID, "whsec_third", 0)
	require.NoError(t, err)
	require.Equal(t, []string{"whsec_third"}, secrets())
	everything := sql[string](t, b, "select to_jsonb(w)::text || (select string_agg(to_jsonb(a)::text, '') from audit a) from webhooks w")[0]
	require.NotContains(t, everything, "whsec")
}

func TestAnEndpointThatIsGoneIsDisabledOnceAndToldOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hook := b.hook(t, nil, b.site.ID)
	require.NoError(t, b.DisableWebhook(t.Context(), hook.ID, store.DisabledGone))
	require.NoError(t, b.DisableWebhook(t.Context(), hook.ID, store.DisabledGone))
	require.Equal(t, []string{string(b.site.ID)}, sql[string](t, b, "select site_id::text from events where kind = 'webhook.disabled'"))
	_, err := b.TestWebhook(t.Context(), b.desk, hook.ID)
	require.ErrorContains(t, err, "webhook_disabled")
	require.NoError(t, b.PauseWebhook(t.Context(), hook.ID, b.Clock.Now().Add(time.Hour)))
	back, err := b.UpdateWebhook(t.Context(), b.desk, hook.ID, store.WebhookChange{Enabled: new(true)})
	require.NoError(t, err)
	require.Nil(t, back.DisabledAt)
	require.Nil(t, back.PausedUntil)
	off, err := b.UpdateWebhook(t.Context(), b.desk, hook.ID, store.WebhookChange{Enabled: new(false)})
	require.NoError(t, err)
	require.Equal(t, store.DisabledByHand, off.DisabledReason)
	b.verify(t)
}

func TestWhoMendsAnEndpointEndsItsPause(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hook := b.hook(t, nil)
	for name, change := range map[string]store.WebhookChange{
		"another receiver": {URL: new("https://mended.example/")}, "enabled, though it is": {Enabled: new(true)},
	} {
		require.NoError(t, b.PauseWebhook(t.Context(), hook.ID, b.Clock.Now().Add(time.Hour)))
		renamed, err := b.UpdateWebhook(t.Context(), b.desk, hook.ID, store.WebhookChange{Name: new(name)})
		require.NoError(t, err)
		require.NotNil(t, renamed.PausedUntil, "a name mends nothing")
		back, err := b.UpdateWebhook(t.Context(), b.desk, hook.ID, change)
		require.NoError(t, err)
		require.Nil(t, back.PausedUntil, name)
	}
}

func TestAPauseIsNotShortened(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hook := b.hook(t, nil)
	long := b.Clock.Now().Add(time.Hour)
	require.NoError(t, b.PauseWebhook(t.Context(), hook.ID, long))
	require.NoError(t, b.PauseWebhook(t.Context(), hook.ID, long.Add(-time.Minute)))
	read, err := b.Webhook(t.Context(), store.Everything, hook.ID)
	require.NoError(t, err)
	require.Equal(t, long, *read.PausedUntil)
	b.Clock.Advance(time.Hour)
	read, err = b.Webhook(t.Context(), store.Everything, hook.ID)
	require.NoError(t, err)
	require.Nil(t, read.PausedUntil)
}
