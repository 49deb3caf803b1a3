package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// relay reads until nothing is left and returns how many deliveries it made.
func (b bench) relay(t testing.TB, mails store.MailPlan) (made int) {
	t.Helper()
	for {
		done, err := b.RelayEvents(t.Context(), mails, 100)
		require.NoError(t, err)
		made += done.Deliveries
		if !done.More {
			return made
		}
	}
}

// posted lists what goes where: "<target> <kind of event>".
func (b bench) posted(t testing.TB) []string {
	t.Helper()
	return sql[string](t, b, `select d.target || ' ' || e.kind from deliveries d join events e on e.id = d.event_id order by e.at, e.seq, d.target`)
}

func TestEventsGoToEndpointsOfTheirSiteThatWantTheirKind(t *testing.T) {
	t.Parallel()
	b := setup(t)
	paris := b.newSite(t, "Paris")
	every := string(visit.WebhookTarget(b.hook(t, nil).ID))
	arrivals := string(visit.WebhookTarget(b.hook(t, []visit.EventKind{visit.EventCheckedIn}, b.site.ID).ID))
	b.hook(t, nil, paris.ID) // never hears of Berlin
	off := b.hook(t, nil)
	_, err := b.UpdateWebhook(t.Context(), b.desk, off.ID, store.WebhookChange{Enabled: new(false)})
	require.NoError(t, err)
	gone := b.hook(t, nil)
	require.NoError(t, b.DeleteWebhook(t.Context(), b.desk, gone.ID))

	id := b.left(t)
	_, _, err = b.Reveal(t.Context(), b.desk, id)
	require.Error(t, err, "over")
	require.Equal(t, 4, b.relay(t, nil))
	require.ElementsMatch(t, []string{
		every + " visitor.pre_registered", every + " visitor.checked_in", arrivals + " visitor.checked_in", every + " visitor.checked_out",
	}, b.posted(t))
	require.Zero(t, b.relay(t, nil), "once")
	require.Equal(t, []string{string(id)}, sql[string](t, b, "select distinct visit_id::text from deliveries"))
}

func TestOnlyOutwardKindsEverLeave(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hook(t, nil)
	id := b.arrived(t)
	_, _, err := b.Reveal(t.Context(), b.desk, id)
	require.NoError(t, err)
	_, err = b.Change(t.Context(), b.desk, id, store.VisitChange{Purpose: new("other")})
	require.NoError(t, err)
	b.relay(t, nil)
	require.Empty(t, sql[string](t, b, "select kind from events e join deliveries d on d.event_id = e.id where kind not like 'visitor.%'"))
	require.NotEmpty(t, sql[string](t, b, "select kind from events where kind = 'voucher.revealed'"), "there was something to keep")
}

func TestAnEndpointHearsNothingOlderThanItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.left(t)
	b.Clock.Advance(time.Second)
	b.hook(t, nil)
	require.Zero(t, b.relay(t, nil))
	b.left(t)
	require.NotZero(t, b.relay(t, nil))
}

func TestOldEventsMakeNoDeliveries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hook(t, nil)
	mails := func(visit.Event, visit.MailSettings) []visit.Posting {
		return []visit.Posting{{Target: visit.MailTarget("x")}}
	}
	b.registered(t)
	b.Clock.Advance(25 * time.Hour)
	b.registered(t)
	b.Clock.Advance(51 * time.Hour)
	b.registered(t)
	b.relay(t, mails)
	require.Equal(t, []int64{2}, sql[int64](t, b, "select count(*) from deliveries where target like 'webhook:%'"), "75 hours")
	require.Equal(t, []int64{1}, sql[int64](t, b, "select count(*) from deliveries where target like 'mail:%'"), "a day")
}

func TestMailsAreMadeAsThePlanSays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	due := b.Clock.Now().Add(5 * time.Minute)
	mails := func(e visit.Event, _ visit.MailSettings) []visit.Posting {
		if e.Kind != visit.EventCheckedIn {
			return nil
		}
		return []visit.Posting{{Target: visit.MailTarget("arrival")}, {Target: visit.MailTarget("credentials"), DueAt: due}}
	}
	b.arrived(t)
	require.Equal(t, 2, b.relay(t, mails))
	require.Equal(t, []string{"mail:arrival visitor.checked_in", "mail:credentials visitor.checked_in"}, b.posted(t))
	require.Equal(t, []time.Time{due}, sql[time.Time](t, b, "select due_at at time zone 'UTC' from deliveries where target = 'mail:credentials'"))
}

// The deployment's chain is read like a site's.
func TestEventsOfNoSiteGoToEndpointsOfAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wide, ours := b.hook(t, nil), b.hook(t, nil, b.site.ID)
	require.NoError(t, b.DisableWebhook(t.Context(), b.hook(t, nil).ID, store.DisabledGone)) // recorded by the deployment
	sql[int](t, b, "update events set kind = 'person.erased' where kind = 'webhook.disabled' returning 1")
	require.Equal(t, 1, b.relay(t, nil))
	require.Equal(t, []string{string(visit.WebhookTarget(wide.ID)) + " person.erased"}, b.posted(t))
	_ = ours
}

// A batch that is full leaves the cursor at its last event, not at the chain's end.
func TestABacklogIsReadInParts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hook(t, []visit.EventKind{visit.EventPreRegistered})
	for range 25 {
		b.registered(t)
	}
	backlog, err := b.DeliveryBacklog(t.Context())
	require.NoError(t, err)
	require.Zero(t, backlog.UnrelayedFor)
	b.Clock.Advance(time.Minute)
	backlog, err = b.DeliveryBacklog(t.Context())
	require.NoError(t, err)
	require.Equal(t, time.Minute, backlog.UnrelayedFor)
	passes := 0
	for more := true; more; passes++ {
		done, err := b.RelayEvents(t.Context(), nil, 10)
		require.NoError(t, err)
		more = done.More
	}
	require.Equal(t, 3, passes)
	require.Equal(t, []int64{25}, sql[int64](t, b, "select count(*) from deliveries"))
	backlog, err = b.DeliveryBacklog(t.Context())
	require.NoError(t, err)
	require.Zero(t, backlog.UnrelayedFor)
	require.Equal(t, 25, backlog.Pending[visit.TargetWebhook])
	require.Equal(t, time.Duration(0), backlog.OldestFor)
}

// P17: no event is passed over, whoever commits when, and none goes out twice:
// writers, two relays, and connections that are killed all the while.
func TestNoEventIsPassedOverAndNoneIsRelayedTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sites := []visit.SiteID{b.site.ID, b.newSite(t, "Paris").ID}
	b.hook(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	killed := make(chan int, 1)
	go func() { killed <- killBackends(ctx, b.URL) }()
	const writers, each = 4, 30
	work := make([]func() error, 0, writers+2)
	written := make(chan struct{}, writers)
	for w := range writers {
		work = append(work, func() error {
			defer func() { written <- struct{}{} }()
			for i := range each {
				reg := b.registration()
				reg.SiteID = sites[(w+i)%len(sites)]
				for {
					_, err := b.Register(t.Context(), keyed(b.desk, fmt.Sprintf("%d-%d", w, i), "h"), reg, store.RegisterOptions{})
					if err == nil {
						break
					}
					if visit.KindOf(err) != visit.KindUnavailable {
						return err
					}
				}
			}
			return nil
		})
	}
	relaying, relayed := context.WithCancel(t.Context())
	for range 2 {
		work = append(work, func() error {
			for relaying.Err() == nil {
				if _, err := b.RelayEvents(t.Context(), nil, 7); err != nil && visit.KindOf(err) != visit.KindUnavailable {
					return err
				}
			}
			return nil
		})
	}
	go func() {
		for range writers {
			<-written
		}
		relayed()
	}()
	for _, err := range atOnce(work...) {
		require.NoError(t, err)
	}
	stop()
	t.Logf("%d backends killed", <-killed)
	b.relay(t, nil)
	require.Equal(t, []int64{writers * each}, sql[int64](t, b, "select count(*) from events where kind = 'visitor.pre_registered'"))
	require.Empty(t, sql[string](t, b, `select e.id::text from events e where e.kind = 'visitor.pre_registered'
		and (select count(*) from deliveries d where d.event_id = e.id) <> 1`))
	b.verify(t)
}
