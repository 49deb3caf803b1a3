package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/foyerhq/foyer/internal/crm/crmtest"
	"github.com/foyerhq/foyer/internal/visit"
)

// measureDeadCRM compares how fast access ends while the site's CRM works, while it
// hangs and a day's visits wait for it, and while it is told of them.
func measureDeadCRM(b *bench, p pace) {
	s := startSystem(b, systemOptions{})
	fake := s.connectCRM()
	s.revocations(5*time.Second, 5) // warm
	head("CRM", "visits waiting for it", "n", "check-out answered ms p50 / p99", "check-out to Access-Reject ms p50 / p99", "load")
	s.printRevocations("works", p)

	fake.Die()
	b.note("%d visits end while the CRM hangs", p.backlog)
	s.each(p.backlog, p.sideBySide, func() error {
		in, err := s.walkIn(b.ctx, time.Now().Add(textbookStay))
		if err != nil {
			return err
		}
		return s.checkOut(b.ctx, in.Visit.ID)
	})
	s.settle()
	s.printRevocations("hangs", p)

	had := len(fake.Visits())
	fake.Behave()
	b.note("the CRM is back")
	for limit := time.Now().Add(p.probeFor); len(fake.Visits()) == had; b.pause(time.Second) {
		if time.Now().After(limit) {
			b.Fatalf("the CRM is back and heard of nothing within %s", p.probeFor)
		}
	}
	told, begun := len(fake.Visits()), time.Now()
	s.printRevocations("is back and being told", p)
	fmt.Printf("\nIt was told of %.1f visits a second. Wrong requests it saw: %d.\n",
		float64(len(fake.Visits())-told)/time.Since(begun).Seconds(), len(fake.Breaches()))
}

func (s *system) connectCRM() *crmtest.Fake {
	fake := crmtest.New(visit.HubSpot)
	server := httptest.NewServer(fake)
	s.b.Cleanup(func() { server.CloseClientConnections(); fake.Behave(); server.Close() })
	var account struct{ ID string }
	s.b.must(s.post(s.b.ctx, "/api/v1/crm/accounts", map[string]any{
		"name": "bench", "kind": visit.HubSpot,
		"settings": map[string]any{"base_url": server.URL}, "credentials": map[string]any{"token": crmtest.Secret},
	}, &account))
	s.b.must(s.send(s.b.ctx, http.MethodPut, "/api/v1/sites/"+s.site+"/crm",
		map[string]any{"account_id": account.ID, "fields": []string{"first_name", "last_name"}}, nil))
	return fake
}

// settle waits until the workflows have done all that a dead CRM lets them do.
func (s *system) settle() {
	for limit := time.Now().Add(5 * time.Minute); ; s.b.pause(time.Second) {
		var live int
		s.query(&live, `select count(*) from commands where delivered_at is null and not final`)
		if live == 0 {
			return
		}
		if time.Now().After(limit) {
			s.b.Fatalf("%d terminations are still under way", live)
		}
	}
}

func (s *system) unsealed() (n int) {
	s.query(&n, `select count(*) from visits where ended_at is not null and sealed_at is null`)
	return n
}

// revocation is one visitor's end of access.
type revocation struct{ answered, refused []time.Duration }

func (s *system) printRevocations(state string, p pace) {
	waiting := s.unsealed()
	f := s.revocations(p.deskFor, 5)
	row(state, fmt.Sprint(waiting), fmt.Sprint(len(f.answered)), spread(f.answered), spread(f.refused), load())
}

// revocations checks visitors out at a fixed pace whose devices go on trying to log
// in, and returns when they were refused.
func (s *system) revocations(lasts time.Duration, rate int) (all revocation) {
	n := rate * int(lasts.Seconds())
	results := make(chan revocation, n)
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for range n {
		<-tick.C
		go func() {
			r, err := s.revoke(s.b.ctx)
			if err != nil {
				s.b.Errorf("%v", err)
			}
			results <- r
		}()
	}
	for range n {
		r := <-results
		all.answered, all.refused = append(all.answered, r.answered...), append(all.refused, r.refused...)
	}
	if s.b.Failed() {
		s.b.FailNow()
	}
	return all
}

// revoke is one visitor: online, checked out, refused.
func (s *system) revoke(ctx context.Context) (r revocation, err error) {
	in, err := s.walkIn(ctx, time.Now().Add(textbookStay))
	if err != nil {
		return r, err
	}
	g := s.guest(in)
	if err := (&foyer{system: s}).login(ctx, in.Visit.ID, g); err != nil {
		return r, err
	}
	pauseFor(ctx, stayFor)
	begun := time.Now()
	if err := s.checkOut(ctx, in.Visit.ID); err != nil {
		return r, err
	}
	r.answered = []time.Duration{time.Since(begun)}
	for range 200 {
		result, err := g.login(ctx)
		if err != nil {
			return r, err
		}
		if !result.Accepted {
			r.refused = []time.Duration{time.Since(begun)}
			return r, nil
		}
		pauseFor(ctx, 10*time.Millisecond)
	}
	return r, fmt.Errorf("visit %s: still accepted after its check-out", in.Visit.ID)
}
