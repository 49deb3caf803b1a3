package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
)

const hooks = "/api/v1/webhooks"

// hook adds an endpoint and returns its address in the interface.
func (b *bench) hook(t *testing.T, body object) string {
	t.Helper()
	full := object{"name": "hook", "url": "https://example.org/canarytoken"}
	for field, value := range body {
		full[field] = value
	}
	return hooks + "/" + b.want(t, 201, call{method: "POST", path: hooks, as: b.admin, body: full}).string("webhook.id")
}

func TestAWebhooksSecretIsShownOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.want(t, 201, call{method: "POST", path: hooks, as: b.admin, body: object{"name": "hook", "url": "https://example.org/canarytoken"}})
	secret := made.string("secret")
	_, err := webhook.ParseSecret(secret)
	require.NoError(t, err)
	require.Equal(t, true, made.field("webhook.all_sites"))
	require.Equal(t, "thin", made.string("webhook.payload"))
	require.Equal(t, true, made.field("webhook.enabled"))
	hook := hooks + "/" + made.string("webhook.id")
	for _, path := range []string{hooks, hook} {
		require.NotContains(t, string(b.want(t, 200, call{path: path, as: b.admin}).text), secret[len("whsec_"):])
	}
	rotated := b.want(t, 200, call{method: "POST", path: hook + "/rotate", as: b.admin, body: object{}})
	require.NotEqual(t, secret, rotated.string("secret"))
	require.Equal(t, b.Clock.Now().Add(24*time.Hour).Format(time.RFC3339Nano), rotated.string("webhook.old_secret_until"))
	now := b.want(t, 200, call{method: "POST", path: hook + "/rotate", as: b.admin, body: object{"overlap_seconds": 0}})
	require.Nil(t, now.field("webhook.old_secret_until"))
	b.refused(t, 422, "invalid", call{method: "POST", path: hook + "/rotate", as: b.admin, body: object{"overlap_seconds": 8 * 24 * 3600}})
	require.NotContains(t, b.log.String(), "canarytoken")
}

func TestAWebhookThatCannotBeCalledIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, body := range []object{
		{"url": "http://example.org/"}, {"url": "https://10.0.0.1/"}, {"url": "https://[::1]/"}, {"url": "https://169.254.169.254/latest"},
		{"url": "https://user:password@example.org/"}, {"url": "nonsense"}, {"url": ""},
		{"kinds": []string{"voucher.revealed"}}, {"payload": "fat"}, {"name": ""}, {"sites": []string{"nonsense"}},
	} {
		full := object{"name": "hook", "url": "https://example.org/"}
		for field, value := range body {
			full[field] = value
		}
		b.refused(t, 422, "invalid", call{method: "POST", path: hooks, as: b.admin, body: full})
	}
	hook := b.hook(t, nil)
	b.refused(t, 422, "invalid", call{method: "PATCH", path: hook, as: b.admin, body: object{"url": "https://127.0.0.1/"}})
}

// Who may not read visits does not get their names sent somewhere instead.
func TestAFullPayloadNeedsThePermissionToReadVisits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	blind := b.token(t, store.Everything, auth.NewPermissions(auth.WebhooksRead, auth.WebhooksWrite))
	full := object{"name": "hook", "url": "https://example.org/", "payload": "full"}
	b.refused(t, 403, "grants_more", call{method: "POST", path: hooks, as: blind, body: full})
	b.want(t, 201, call{method: "POST", path: hooks, as: b.admin, body: full})
	thin, wide := b.hook(t, nil), b.hook(t, object{"payload": "full"})
	b.refused(t, 403, "grants_more", call{method: "PATCH", path: thin, as: blind, body: object{"payload": "full"}})
	b.refused(t, 403, "grants_more", call{method: "PATCH", path: wide, as: blind, body: object{"url": "https://elsewhere.example/"}})
	b.want(t, 200, call{method: "PATCH", path: thin, as: blind, body: object{"url": "https://elsewhere.example/"}})
	narrow := b.hook(t, object{"payload": "full", "sites": []any{b.site}})
	b.refused(t, 403, "grants_more", call{method: "PATCH", path: narrow, as: blind, body: object{"sites": []any{b.site, b.other}}})
	b.refused(t, 403, "grants_more", call{method: "PATCH", path: narrow, as: blind, body: object{"all_sites": true}})
}

func TestAWebhookIsChangedDisabledAndRemoved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hook := b.hook(t, object{"sites": []any{b.site}})
	changed := b.want(t, 200, call{method: "PATCH", path: hook, as: b.admin, body: object{
		"name": "other", "kinds": []string{"visitor.checked_in"}, "all_sites": true, "enabled": false}})
	require.Equal(t, "other", changed.string("name"))
	require.Equal(t, true, changed.field("all_sites"))
	require.Equal(t, "by_hand", changed.string("disabled_reason"))
	b.refused(t, 409, "webhook_disabled", call{method: "POST", path: hook + "/test", as: b.admin})
	changed = b.want(t, 200, call{method: "PATCH", path: hook, as: b.admin, body: object{"enabled": true, "sites": []any{b.other}}})
	require.Equal(t, []any{string(b.other)}, changed.list("sites"))
	require.Nil(t, changed.field("disabled_at"))
	b.want(t, 204, call{method: "DELETE", path: hook, as: b.admin})
	b.refused(t, 404, "webhook_not_found", call{path: hook, as: b.admin})
	require.Empty(t, b.want(t, 200, call{path: hooks, as: b.admin}).list("items"))
}

func TestTheLogOfDeliveriesAndSendingAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hook := b.hook(t, object{"sites": []any{b.site}})
	id := b.want(t, 202, call{method: "POST", path: hook + "/test", as: b.admin}).string("delivery_id")
	at := hook + "/deliveries/" + id
	read := b.want(t, 200, call{path: at, as: b.admin})
	require.Equal(t, "webhook.test", read.string("delivery.kind"))
	require.Equal(t, "pending", read.string("delivery.state"))
	require.Equal(t, "webhook", read.string("delivery.target"))
	require.Equal(t, "hook", read.string("delivery.name"))
	b.refused(t, 409, "delivery_pending", call{method: "POST", path: at + "/replay", as: b.admin})
	require.NoError(t, b.EndAttempt(t.Context(), store.AttemptEnd{
		Delivery: visit.DeliveryID(id), Attempt: 1, At: b.Clock.Now(), Took: 12 * time.Millisecond, Status: 400, Code: "status_400",
		State: visit.DeliveryFailed, Reason: "status_400",
	}))
	attempt, _ := b.want(t, 200, call{path: at, as: b.admin}).list("attempts")[0].(map[string]any)
	require.Equal(t, map[string]any{
		"attempt": 1.0, "at": b.Clock.Now().Format(time.RFC3339Nano), "milliseconds": 12.0, "status": 400.0, "reason": "status_400",
	}, attempt)

	failed := func() int {
		return len(b.want(t, 200, call{path: hook + "/deliveries?state=failed", as: b.admin}).list("items"))
	}
	require.Equal(t, 1, failed())
	replay := call{method: "POST", path: hook + "/replay", as: b.admin, body: object{"since": b.Clock.Now().Add(-time.Minute)}}
	require.Equal(t, 1.0, b.want(t, 202, replay).field("replayed"))
	require.Equal(t, 0.0, b.want(t, 202, replay).field("replayed"))
	require.Len(t, b.want(t, 200, call{path: hook + "/deliveries", as: b.admin}).list("items"), 2)
	b.refused(t, 422, "invalid", call{path: hook + "/deliveries?state=lost", as: b.admin})
	b.refused(t, 422, "invalid", call{path: hook + "/deliveries?cursor=lost", as: b.admin})
}

func TestAVisitsDetailTellsWhatWentOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hook(t, object{"sites": []any{b.site}, "kinds": []string{"visitor.pre_registered"}})
	id := b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: b.registration()}).string("visit.id")
	mails := func(visit.Event, visit.MailSettings) []visit.Posting {
		return []visit.Posting{{Target: visit.MailTarget("invitation")}}
	}
	_, err := b.RelayEvents(t.Context(), mails, 100)
	require.NoError(t, err)
	detail := b.want(t, 200, call{path: "/api/v1/visits/" + id, as: b.admin})
	var told []string
	for _, item := range detail.list("deliveries") {
		d, _ := item.(map[string]any)
		told = append(told, strings.Join([]string{d["target"].(string), d["name"].(string), d["kind"].(string), d["state"].(string)}, " "))
	}
	require.ElementsMatch(t, []string{"webhook hook visitor.pre_registered pending", "mail invitation visitor.pre_registered pending"}, told)
	require.NotContains(t, string(detail.text), "canarytoken")
}
