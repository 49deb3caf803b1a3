package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// measureDesk checks expected visitors in at a fixed pace, whether or not the last
// answers have come, and logs each in with the credentials from the answer.
func measureDesk(b *bench, p pace) {
	s := startSystem(b, systemOptions{})
	s.deskAt(5, 5*time.Second) // warm
	head("check-ins/s", "n", "answer ms p50 / p99", "max", "check-in to Access-Accept ms p50 / p99", "max", "network: ready", "accepted at the first try", "load")
	for _, rate := range []int{1, 5} {
		b.note("%d check-ins/s", rate)
		f := s.deskAt(rate, p.deskFor)
		row(fmt.Sprint(rate), fmt.Sprint(len(f.answers)), spread(f.answers), ms(percentile(f.answers, 1)),
			spread(f.accepts), ms(percentile(f.accepts, 1)),
			fmt.Sprint(f.ready), fmt.Sprint(f.atOnce), load())
	}
}

// deskFigures are those of one pace. An accept counts from the request for the
// check-in.
type deskFigures struct {
	answers, accepts []time.Duration
	ready, atOnce    int
}

func (s *system) deskAt(rate int, lasts time.Duration) deskFigures {
	ids := make([]string, rate*int(lasts.Seconds()))
	for i := range ids {
		var err error
		ids[i], err = s.register(s.b.ctx, time.Now().Add(textbookStay))
		s.b.must(err)
	}
	var mu sync.Mutex // guards f
	var f deskFigures
	var arrivals sync.WaitGroup
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for _, id := range ids {
		<-tick.C
		arrivals.Go(func() {
			one, err := s.arrive(s.b.ctx, id)
			if err != nil {
				s.b.Errorf("%v", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			f.answers, f.accepts = append(f.answers, one.answers...), append(f.accepts, one.accepts...)
			f.ready, f.atOnce = f.ready+one.ready, f.atOnce+one.atOnce
		})
	}
	arrivals.Wait()
	if s.b.Failed() {
		s.b.FailNow()
	}
	return f
}

// arrive is one visitor: checked in at the desk, online at once.
func (s *system) arrive(ctx context.Context, id string) (deskFigures, error) {
	begun := time.Now()
	in, err := s.checkIn(ctx, id)
	if err != nil {
		return deskFigures{}, err
	}
	f := deskFigures{answers: []time.Duration{time.Since(begun)}}
	if in.Network == "ready" {
		f.ready = 1
	}
	g := s.guest(in)
	for try := range 4 { // an agent brakes those who guess
		result, err := g.login(ctx)
		if err != nil {
			return f, err
		}
		if result.Accepted {
			f.accepts = []time.Duration{time.Since(begun)}
			if try == 0 {
				f.atOnce = 1
			}
			return f, nil
		}
		pauseFor(ctx, 100*time.Millisecond)
	}
	return f, fmt.Errorf("visit %s: login refused", id)
}
