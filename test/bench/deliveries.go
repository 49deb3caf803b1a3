package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// receiver is a customer's endpoint that takes everything at once.
type receiver struct {
	*httptest.Server

	mu   sync.Mutex // guards seen
	seen map[string]time.Time
	news chan struct{}
}

func startReceiver(b *bench) *receiver {
	r := &receiver{seen: map[string]time.Time{}, news: make(chan struct{}, 1)}
	r.Server = httptest.NewServer(r)
	b.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(_ http.ResponseWriter, request *http.Request) {
	_, _ = io.Copy(io.Discard, io.LimitReader(request.Body, 64<<10))
	r.mu.Lock()
	if id := request.Header.Get("webhook-id"); r.seen[id].IsZero() {
		r.seen[id] = time.Now()
	}
	r.mu.Unlock()
	select {
	case r.news <- struct{}{}:
	default:
	}
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen)
}

// wait returns when so many different events have come.
func (r *receiver) wait(b *bench, n int, within time.Duration) {
	ctx, cancel := context.WithTimeout(b.ctx, within)
	defer cancel()
	for r.count() < n {
		select {
		case <-r.news:
		case <-ctx.Done():
			b.Fatalf("%d of %d events delivered within %s", r.count(), n, within)
		}
	}
}

// times returns when the first and the last event came.
func (r *receiver) times() (first, last time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, at := range r.seen {
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	return first, last
}

// measureDeliveries lets events pile up while no worker runs, and measures how fast
// and at what cost they go out once one does; then how long after its registration a
// visit is told of when nothing waits.
func measureDeliveries(b *bench, p pace) {
	s := startSystem(b, systemOptions{})
	r := startReceiver(b)
	s.webhook(r.URL)
	s.Workers[0].Kill9()
	b.note("%d events pile up", p.events)
	s.each(p.events, 16, func() error {
		_, err := s.register(b.ctx, time.Now().Add(textbookStay))
		return err
	})
	s.Workers[0].Start()
	begun, before := time.Now(), usageOf(s.parts())
	r.wait(b, p.events, 10*time.Minute)
	first, last := r.times()
	b.pause(time.Second) // what the last ones still cause belongs to them
	cost := usageOf(s.parts()).since(before)
	head("deliveries", "deliveries/s", "Temporal CPU ms/delivery", "worker", "Foyer's Postgres", "worker started to first, s", "load")
	cell := func(part string) string {
		return fmt.Sprintf("%.1f", float64(cost[part])/float64(time.Millisecond)/float64(p.events))
	}
	row(fmt.Sprint(p.events), fmt.Sprintf("%.1f", float64(p.events)/last.Sub(first).Seconds()),
		cell(partTemporal), cell(partWorker), cell(partPostgres), fmt.Sprintf("%.1f", first.Sub(begun).Seconds()), load())

	samples := s.announce(r, 5, p.deskFor)
	fmt.Printf("\nAt 5 registrations a second: from the request to the webhook, n = %d: %s ms (p50 / p99), at most %s. Load %s.\n",
		len(samples), spread(samples), ms(percentile(samples, 1)), load())
}

// announce registers visits at a fixed pace and returns how long after each request
// its event came.
func (s *system) announce(r *receiver, rate int, lasts time.Duration) []time.Duration {
	had := r.count()
	requested := map[string]time.Time{} // by visit
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	n := rate * int(lasts.Seconds())
	for range n {
		<-tick.C
		begun := time.Now()
		id, err := s.register(s.b.ctx, time.Now().Add(textbookStay))
		s.b.must(err)
		requested[id] = begun
	}
	r.wait(s.b, had+n, time.Minute)
	return s.delays(r, requested)
}

func (s *system) delays(r *receiver, requested map[string]time.Time) (delays []time.Duration) {
	rows, err := s.db.Query(s.b.ctx, `select id::text, visit_id::text from events where kind = 'visitor.pre_registered'`)
	s.b.must(err)
	defer rows.Close()
	for rows.Next() {
		var event, visit string
		s.b.must(rows.Scan(&event, &visit))
		if begun, ok := requested[visit]; ok {
			r.mu.Lock()
			delays = append(delays, r.seen[event].Sub(begun))
			r.mu.Unlock()
		}
	}
	s.b.must(rows.Err())
	return delays
}

// webhook has events of registrations sent to an address.
func (s *system) webhook(url string) {
	var made struct{ ID string }
	s.b.must(s.post(s.b.ctx, "/api/v1/webhooks", map[string]any{
		"name": "bench", "url": url, "kinds": []string{"visitor.pre_registered"},
	}, &made))
}

// each does something so many times, some of them side by side.
func (s *system) each(times, sideBySide int, do func() error) {
	var workers sync.WaitGroup
	work := make(chan struct{}, times)
	for range times {
		work <- struct{}{}
	}
	close(work)
	for range sideBySide {
		workers.Go(func() {
			for range work {
				if err := do(); err != nil {
					s.b.Errorf("%v", err)
					return
				}
			}
		})
	}
	workers.Wait()
	if s.b.Failed() {
		s.b.FailNow()
	}
}
