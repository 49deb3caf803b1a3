package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/workflows"
)

// outbox is a store of deliveries, and Temporal beside it.
type outbox struct {
	mu      sync.Mutex // guards all below
	events  int        // not looked at
	waiting []store.DeliveryStart
	started []visit.DeliveryID
	asked   int // Temporal
	looked  int
	down    error // Temporal's
	hang    bool  // Temporal does
	leads   bool  // somebody else
	most    int   // of events in one transaction; 0: any
}

func (o *outbox) do(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f()
}

func (o *outbox) count() (waiting, started, asked int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.waiting), len(o.started), o.asked
}

func (o *outbox) RelayEvents(_ context.Context, _ store.MailPlan, limit int) (done store.Relayed, err error) {
	o.do(func() {
		o.looked++
		n := min(o.events, limit)
		if o.most > 0 && n > o.most {
			err = visit.Unavailable("database", context.DeadlineExceeded)
			return
		}
		for range n {
			id := visit.DeliveryID(fmt.Sprint(len(o.waiting) + len(o.started)))
			o.waiting = append(o.waiting, store.DeliveryStart{ID: id, EventID: visit.EventID(id), Target: "webhook:w"})
		}
		o.events -= n
		done = store.Relayed{Events: n, Deliveries: n, More: o.events > 0}
	})
	return done, err
}

func (o *outbox) DeliveriesToStart(_ context.Context, limit int) (list []store.DeliveryStart, err error) {
	o.do(func() { list = append(list, o.waiting[:min(limit, len(o.waiting))]...) })
	return list, nil
}

func (o *outbox) DeliveriesStarted(_ context.Context, ids []visit.DeliveryID) error {
	o.do(func() {
		o.started = append(o.started, ids...)
		left := o.waiting[:0]
		for _, w := range o.waiting {
			if !slices.Contains(ids, w.ID) {
				left = append(left, w)
			}
		}
		o.waiting = left
	})
	return nil
}

func (o *outbox) DeliveryBacklog(context.Context) (store.DeliveryBacklog, error) {
	return store.DeliveryBacklog{}, nil
}

func (o *outbox) StartDelivery(ctx context.Context, _ workflows.DeliveryStart, _ time.Time) error {
	var hang bool
	var down error
	o.do(func() { o.asked++; hang, down = o.hang, o.down })
	if hang {
		<-ctx.Done()
		return visit.Unavailable("Temporal", ctx.Err())
	}
	return down
}

func (o *outbox) lead(ctx context.Context, _ string) (lease context.Context, release func(), ok bool, err error) {
	o.do(func() { ok = !o.leads })
	lease, release = context.WithCancel(ctx)
	return lease, release, ok, nil
}

// relayOver runs the relay over an outbox in virtual time.
func relayOver(t *testing.T, o *outbox, during func(t *testing.T, news chan<- store.Notification)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tr := &tray{news: make(chan store.Notification, 8)}
		r := &relay{
			store: o, workflows: o, notifications: tr, logger: slog.New(slog.DiscardHandler),
			metrics: NewMetrics(prometheus.NewRegistry()), now: time.Now, lead: o.lead,
		}
		done := make(chan struct{})
		go func() { defer close(done); r.run(ctx) }()
		synctest.Wait()
		during(t, tr.news)
		cancel()
		<-done
	})
}

func TestABacklogThatIsTooMuchForOneTransactionIsRelayedInSmallerOnes(t *testing.T) {
	t.Parallel()
	o := &outbox{events: 250, most: 30}
	relayOver(t, o, func(t *testing.T, _ chan<- store.Notification) {
		pause(t.Context(), 3*relayEvery)
		synctest.Wait()
		_, started, _ := o.count()
		require.Equal(t, 250, started)
	})
}

func TestAnEventIsRelayedAsSoonAsItIsHeardOfAndSoonEvenIfNot(t *testing.T) {
	t.Parallel()
	o := &outbox{}
	relayOver(t, o, func(t *testing.T, news chan<- store.Notification) {
		o.do(func() { o.events = 1 })
		news <- store.Notification{Kind: store.NotifyVisit}
		synctest.Wait()
		_, started, _ := o.count()
		require.Zero(t, started, "that is no event")
		news <- store.Notification{Kind: store.NotifyEvent}
		synctest.Wait()
		_, started, _ = o.count()
		require.Equal(t, 1, started)
		o.do(func() { o.events = 1 })
		pause(t.Context(), relayEvery+time.Millisecond)
		synctest.Wait()
		_, started, _ = o.count()
		require.Equal(t, 2, started)
	})
}

func TestABacklogOfEventsIsRelayedWithoutPausing(t *testing.T) {
	t.Parallel()
	o := &outbox{events: 1050}
	began := time.Now()
	relayOver(t, o, func(t *testing.T, _ chan<- store.Notification) {
		synctest.Wait()
		waiting, started, _ := o.count()
		require.Equal(t, 1050, started)
		require.Zero(t, waiting)
	})
	require.Less(t, time.Since(began), time.Minute)
}

// Rows are made whatever Temporal does, and it is not asked for each of them.
func TestWhileTemporalIsAwayRowsAreMadeAndWait(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]*outbox{
		"it refuses": {events: 500, down: visit.Unavailable("Temporal", errors.New("refused"))},
		"it hangs":   {events: 500, hang: true},
	} {
		relayOver(t, o, func(t *testing.T, _ chan<- store.Notification) {
			pause(t.Context(), 20*time.Second)
			synctest.Wait()
			waiting, started, asked := o.count()
			require.Equal(t, 500, waiting, name)
			require.Zero(t, started, name)
			require.Less(t, asked, 100, name)
			o.do(func() { o.down, o.hang = nil, false })
			pause(t.Context(), 10*time.Second)
			synctest.Wait()
			_, started, _ = o.count()
			require.Equal(t, 500, started, name)
		})
	}
}

func TestOneProcessRelays(t *testing.T) {
	t.Parallel()
	o := &outbox{events: 1, leads: true}
	relayOver(t, o, func(t *testing.T, _ chan<- store.Notification) {
		pause(t.Context(), time.Minute)
		synctest.Wait()
		require.Zero(t, o.looked)
		o.do(func() { o.leads = false })
		pause(t.Context(), leadEvery)
		synctest.Wait()
		_, started, _ := o.count()
		require.Equal(t, 1, started)
	})
}

func TestANoticeIsThinOrFullAndNeverTooLarge(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)
	event := visit.Event{ID: "e", Kind: visit.EventCheckedIn, SiteID: "s", VisitID: "v", Actor: "user:1", At: at, Data: map[string]any{"revision": 7}}
	thin, err := notice(event, nil)
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"visitor.checked_in","timestamp":"2026-11-20T15:00:00Z",
		"data":{"event_id":"e","site_id":"s","visit_id":"v","actor":"user:1","details":{"revision":7}}}`, string(thin))

	about := visit.Visit{
		Status: visit.CheckedIn, Presence: visit.In, ExpectedArrival: at, ExpectedDeparture: at.Add(time.Hour), CheckedInAt: &at,
		Purpose: "talk", Visitor: visit.Visitor{FirstName: "Ada", LastName: "Quill"}, Host: visit.Host{Name: "Grace"},
	}
	full, err := notice(event, &about)
	require.NoError(t, err)
	for _, word := range []string{"Ada", "Quill", "Grace", "talk", `"status":"checked_in"`} {
		require.Contains(t, string(full), word)
	}
	about.PurgedAt = &at
	purged, err := notice(event, &about)
	require.NoError(t, err)
	for _, word := range []string{"Ada", "Quill", "Grace", "talk", "visitor\"", "host\""} {
		require.NotContains(t, string(purged), word)
	}
	event.Data = map[string]any{"much": strings.Repeat("x", largestNotice)}
	large, err := notice(event, nil)
	require.NoError(t, err)
	require.Less(t, len(large), largestNotice)
	require.Contains(t, string(large), `"visit_id":"v"`)
}
