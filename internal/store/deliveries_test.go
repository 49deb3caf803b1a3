package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// posting is a bench with an endpoint and one delivery to it.
type posting struct {
	bench
	hook  store.Webhook
	start store.DeliveryStart
	visit visit.VisitID
}

func post(t *testing.T) posting {
	t.Helper()
	p := posting{bench: setup(t)}
	p.hook = p.bench.hook(t, []visit.EventKind{visit.EventPreRegistered}, p.site.ID)
	p.visit = p.registered(t)
	require.Equal(t, 1, p.relay(t, nil))
	p.start = p.starts(t)[0]
	return p
}

func (b bench) starts(t testing.TB) []store.DeliveryStart {
	t.Helper()
	list, err := b.DeliveriesToStart(t.Context(), 100)
	require.NoError(t, err)
	return list
}

func (p posting) attempt(t testing.TB, n int, state visit.DeliveryState, status int, code string) {
	t.Helper()
	end := store.AttemptEnd{
		Delivery: p.start.ID, Attempt: n, At: p.Clock.Now(), Took: 20 * time.Millisecond, Status: status, Code: code, State: state,
	}
	if state == visit.DeliveryFailed {
		end.Reason = code
	}
	if state == visit.DeliveryPending {
		end.NextAt = p.Clock.Now().Add(5 * time.Minute)
	}
	require.NoError(t, p.EndAttempt(t.Context(), end))
}

func (p posting) record(t testing.TB, id visit.DeliveryID) (store.DeliveryRecord, []store.DeliveryAttempt) {
	t.Helper()
	record, attempts, err := p.Delivery(t.Context(), store.Everything, p.hook.ID, id)
	require.NoError(t, err)
	return record, attempts
}

func TestADeliveryIsStartedOnceAndAgainWhenNothingIsHeardOfIt(t *testing.T) {
	t.Parallel()
	p := post(t)
	require.Equal(t, visit.EventPreRegistered, p.start.Kind)
	require.Equal(t, p.site.ID, p.start.SiteID)
	require.Equal(t, visit.WebhookTarget(p.hook.ID), p.start.Target)
	require.Len(t, p.starts(t), 1, "until its workflow runs")
	started := func() { require.NoError(t, p.DeliveriesStarted(t.Context(), []visit.DeliveryID{p.start.ID})) }
	started()
	require.Empty(t, p.starts(t))
	p.Clock.Advance(16 * time.Minute)
	require.Len(t, p.starts(t), 1, "overdue: its workflow may be lost")
	started()
	require.Empty(t, p.starts(t), "not at every look")

	require.NoError(t, p.PostponeDelivery(t.Context(), p.start.ID, p.Clock.Now().Add(time.Hour)))
	p.Clock.Advance(time.Hour + 14*time.Minute)
	require.Empty(t, p.starts(t), "it was held back")
	p.attempt(t, 1, visit.DeliveryDelivered, 204, "")
	p.Clock.Advance(time.Hour)
	require.Empty(t, p.starts(t), "it has ended")
}

func TestAttemptsAreCountedAndRecordedOnce(t *testing.T) {
	t.Parallel()
	p := post(t)
	d, end, err := p.BeginAttempt(t.Context(), p.start.ID)
	require.NoError(t, err)
	require.Equal(t, 1, d.Attempt)
	require.Equal(t, visit.DeliveryPending, end.State)
	require.Equal(t, visit.EventPreRegistered, d.Event.Kind)
	require.Equal(t, p.visit, d.Event.VisitID)
	p.attempt(t, 1, visit.DeliveryPending, 500, "status_500")
	p.attempt(t, 1, visit.DeliveryPending, 0, "timeout") // made twice
	d, _, err = p.BeginAttempt(t.Context(), p.start.ID)
	require.NoError(t, err)
	require.Equal(t, 2, d.Attempt)
	record, attempts := p.record(t, p.start.ID)
	require.Equal(t, p.Clock.Now().Add(5*time.Minute), *record.NextAttemptAt)
	require.Equal(t, []store.DeliveryAttempt{{Attempt: 1, At: p.Clock.Now(), Took: 20 * time.Millisecond, Status: 500, Reason: "status_500"}}, attempts)

	p.attempt(t, 2, visit.DeliveryDelivered, 200, "")
	p.attempt(t, 3, visit.DeliveryPending, 500, "status_500") // too late
	record, _ = p.record(t, p.start.ID)
	require.Equal(t, visit.DeliveryDelivered, record.State)
	require.Equal(t, 2, record.Attempts)
	require.Equal(t, p.Clock.Now(), *record.EndedAt)
	_, end, err = p.BeginAttempt(t.Context(), p.start.ID)
	require.NoError(t, err)
	require.Equal(t, store.DeliveryEnd{State: visit.DeliveryDelivered, Attempts: 2}, end)
	require.NoError(t, p.FailDelivery(t.Context(), p.start.ID, "cancelled"))
	record, _ = p.record(t, p.start.ID)
	require.Equal(t, visit.DeliveryDelivered, record.State, "what has ended stays so")
}

// An attempt that was given up for lost and made again: one of the two was accepted.
func TestOfTwoTriesOfAnAttemptTheAcceptedOneWins(t *testing.T) {
	t.Parallel()
	p := post(t)
	p.attempt(t, 1, visit.DeliveryPending, 0, "timeout")
	p.attempt(t, 1, visit.DeliveryDelivered, 200, "")
	record, _ := p.record(t, p.start.ID)
	require.Equal(t, visit.DeliveryDelivered, record.State)
}

func TestWhatFailedIsSentAgainUnderTheSameEvent(t *testing.T) {
	t.Parallel()
	p := post(t)
	_, err := p.ReplayDelivery(t.Context(), p.desk, p.hook.ID, p.start.ID)
	require.ErrorContains(t, err, "delivery_pending")
	p.attempt(t, 1, visit.DeliveryFailed, 400, "status_400")
	n, err := p.ReplayFailed(t.Context(), p.desk, p.hook.ID, p.Clock.Now().Add(time.Second))
	require.NoError(t, err)
	require.Zero(t, n, "it is older")
	n, err = p.ReplayFailed(t.Context(), p.desk, p.hook.ID, p.Clock.Now())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	n, err = p.ReplayFailed(t.Context(), p.desk, p.hook.ID, p.Clock.Now())
	require.NoError(t, err)
	require.Zero(t, n, "it is on its way")
	require.NoError(t, p.DeliveriesStarted(t.Context(), []visit.DeliveryID{p.start.ID}))
	again := p.starts(t)[0]
	require.Equal(t, 1, again.Replay)
	require.Equal(t, p.start.EventID, again.EventID)

	require.NoError(t, p.EndAttempt(t.Context(), store.AttemptEnd{Delivery: again.ID, Attempt: 1, State: visit.DeliveryDelivered, At: p.Clock.Now()}))
	id, err := p.ReplayDelivery(t.Context(), p.desk, p.hook.ID, p.start.ID) // also what was delivered
	require.NoError(t, err)
	record, _ := p.record(t, id)
	require.Equal(t, 2, record.Replay)
	require.Equal(t, p.site.ID, record.SiteID)
	require.Equal(t, p.visit, record.VisitID)
	require.Zero(t, p.relay(t, nil))
	p.verify(t)
}

func TestATestGoesToOneEndpointAlone(t *testing.T) {
	t.Parallel()
	p := post(t)
	p.bench.hook(t, nil, p.site.ID)
	id, err := p.TestWebhook(t.Context(), p.desk, p.hook.ID)
	require.NoError(t, err)
	require.Zero(t, p.relay(t, nil))
	record, _ := p.record(t, id)
	require.Equal(t, visit.EventWebhookTest, record.Kind)
	d, _, err := p.BeginAttempt(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"webhook_id": string(p.hook.ID)}, d.Event.Data)
	p.verify(t)
}

func TestTheLogIsReadInPagesByState(t *testing.T) {
	t.Parallel()
	p := post(t)
	for range 9 {
		p.registered(t)
	}
	p.relay(t, nil)
	for i, start := range p.starts(t) {
		if i%2 == 0 {
			require.NoError(t, p.FailDelivery(t.Context(), start.ID, "exhausted"))
		}
	}
	for state, want := range map[visit.DeliveryState]int{"": 10, visit.DeliveryFailed: 5, visit.DeliveryPending: 5, visit.DeliveryDelivered: 0} {
		var seen []string
		filter := store.DeliveryFilter{State: state, Page: store.Page{Limit: 3}}
		for {
			page, err := p.Deliveries(t.Context(), store.Everything, p.hook.ID, filter)
			require.NoError(t, err)
			for _, d := range page.Items {
				seen = append(seen, string(d.ID))
				require.Equal(t, "hook", d.TargetName)
			}
			if filter.Cursor = page.Next; page.Next == "" {
				break
			}
		}
		require.Len(t, seen, want, state)
		require.IsDecreasing(t, append(seen, ""), state)
	}
	_, err := p.Deliveries(t.Context(), store.Everything, p.hook.ID, store.DeliveryFilter{Page: store.Page{Cursor: "nonsense"}})
	require.Equal(t, visit.KindInvalid, visit.KindOf(err))
	detail, err := p.Detail(t.Context(), store.Everything, p.visit)
	require.NoError(t, err)
	require.Len(t, detail.Deliveries, 1)
	require.Equal(t, p.start.ID, detail.Deliveries[0].ID)
}

// An endpoint that saw two sites and sees one now does not tell of the other.
func TestTheLogOfANarrowedEndpointShowsOneSite(t *testing.T) {
	t.Parallel()
	p := post(t)
	paris := p.newSite(t, "Paris")
	_, err := p.UpdateWebhook(t.Context(), p.desk, p.hook.ID, store.WebhookChange{Scope: &store.Scope{Sites: []visit.SiteID{paris.ID}}})
	require.NoError(t, err)
	there := store.Caller{Actor: "user:paris", Scope: store.Scope{Sites: []visit.SiteID{paris.ID}}}
	page, err := p.Deliveries(t.Context(), there.Scope, p.hook.ID, store.DeliveryFilter{})
	require.NoError(t, err)
	require.Empty(t, page.Items)
	_, _, err = p.Delivery(t.Context(), there.Scope, p.hook.ID, p.start.ID)
	require.ErrorIs(t, err, store.ErrDeliveryNotFound)
	p.attempt(t, 1, visit.DeliveryFailed, 400, "status_400")
	_, err = p.ReplayDelivery(t.Context(), there, p.hook.ID, p.start.ID)
	require.ErrorIs(t, err, store.ErrDeliveryNotFound)
	n, err := p.ReplayFailed(t.Context(), there, p.hook.ID, time.Time{})
	require.NoError(t, err)
	require.Zero(t, n)
	page, err = p.Deliveries(t.Context(), store.Everything, p.hook.ID, store.DeliveryFilter{})
	require.NoError(t, err)
	require.Len(t, page.Items, 1, "the control")
}

// That somebody was erased at another site is nothing for who sees this one, nor to
// be sent again by them; a test of theirs is, though no site has it.
func TestTheLogOfANarrowedEndpointShowsNothingOfTheDeployment(t *testing.T) {
	t.Parallel()
	p := post(t)
	paris, rome := p.newSite(t, "Paris"), p.newSite(t, "Rome")
	sql[string](t, p.bench, "update deliveries set site_id = null, visit_id = null, state = 'failed', reason = 'exhausted', ended_at = now() returning 'x'")
	sql[string](t, p.bench, "update events set kind = 'person.erased' where id = (select event_id from deliveries) returning 'x'")
	scope := store.Scope{Sites: []visit.SiteID{paris.ID, rome.ID}}
	_, err := p.UpdateWebhook(t.Context(), p.desk, p.hook.ID, store.WebhookChange{Scope: &scope})
	require.NoError(t, err)
	there := store.Caller{Actor: "user:paris", Scope: scope}
	test, err := p.TestWebhook(t.Context(), there, p.hook.ID)
	require.NoError(t, err)
	page, err := p.Deliveries(t.Context(), scope, p.hook.ID, store.DeliveryFilter{})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.Equal(t, test, page.Items[0].ID)
	_, err = p.ReplayDelivery(t.Context(), there, p.hook.ID, p.start.ID)
	require.ErrorIs(t, err, store.ErrDeliveryNotFound)
	n, err := p.ReplayFailed(t.Context(), there, p.hook.ID, time.Time{})
	require.NoError(t, err)
	require.Zero(t, n)
	page, err = p.Deliveries(t.Context(), store.Everything, p.hook.ID, store.DeliveryFilter{})
	require.NoError(t, err)
	require.Len(t, page.Items, 2, "the control")
}

func TestEndedDeliveriesAreForgottenAfterThirtyDays(t *testing.T) {
	t.Parallel()
	p := post(t)
	p.attempt(t, 1, visit.DeliveryDelivered, 200, "")
	p.registered(t)
	p.relay(t, nil)
	p.Clock.Advance(30*24*time.Hour - time.Second)
	n, err := p.PruneDeliveries(t.Context(), 10)
	require.NoError(t, err)
	require.Zero(t, n)
	p.Clock.Advance(2 * time.Second)
	n, err = p.PruneDeliveries(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, 1, n, "the pending one stays")
	require.Equal(t, []int64{0}, sql[int64](t, p.bench, "select count(*) from delivery_attempts"))
	_, _, err = p.BeginAttempt(t.Context(), p.start.ID)
	require.ErrorIs(t, err, store.ErrDeliveryNotFound)
	require.Zero(t, p.relay(t, nil), "and does not come back")
}

// The lists of the relay and of the log are read by their indexes.
func TestDeliveriesAreFoundByIndex(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), setup(t).URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	// An empty table needs no index; what is asked is whether one fits.
	_, err = conn.Exec(t.Context(), "set enable_seqscan = off; set enable_sort = off; set enable_bitmapscan = off")
	require.NoError(t, err)
	for where, index := range map[string]string{
		"started_at is null and ended_at is null order by created_at, id limit 10":                              "deliveries_unstarted",
		"ended_at is null and next_attempt_at < now() and started_at < now() order by next_attempt_at limit 10": "deliveries_pending",
		"webhook_id = '00000000-0000-0000-0000-000000000000' order by id desc limit 10":                         "deliveries_webhook",
		"webhook_id = '00000000-0000-0000-0000-000000000000' and state = 'failed' order by id desc limit 10":    "deliveries_webhook_state",
		"visit_id = '00000000-0000-0000-0000-000000000000' order by id desc limit 10":                           "deliveries_visit",
		"ended_at < now() order by ended_at limit 10":                                                           "deliveries_ended",
	} {
		rows, err := conn.Query(t.Context(), "explain select * from deliveries where "+where)
		require.NoError(t, err)
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		require.Contains(t, plan[1], index+" ", "%s: %s", where, plan)
		require.NotContains(t, strings.Join(plan, ""), "Sort", where)
	}
}
