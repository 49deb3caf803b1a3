package main

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/foyerhq/foyer/test/stack"
)

// measureTimer lets many visits end in the same second, and logs some of the guests
// in over and over around it: the agent ends them by its own clock.
func measureTimer(b *bench, p pace) {
	s := startSystem(b, systemOptions{noAccounting: true})
	// A slow machine checks ten in a second.
	departure := time.Now().Add(time.Duration(p.together)*time.Second/10 + 30*time.Second).Truncate(time.Second)
	var samples []stack.CheckedIn
	for range p.sampled {
		in, err := s.walkIn(b.ctx, departure)
		b.must(err)
		samples = append(samples, in)
	}
	s.checkInMany(p.together-p.sampled, func(int) time.Time { return departure })
	left := time.Until(departure)
	if left < 5*time.Second {
		b.Fatalf("this machine is too slow: the departure is in %s", left)
	}
	b.note("all checked in, departure in %s", left.Round(time.Second))
	b.pause(left - 2*time.Second)
	rejects, late := s.rejects(samples, departure)
	s.printLateness(s.waitEnded(p.together))
	swept := bytes.Count(s.Workers[0].Log(), []byte("a visit was not ended by its workflow"))
	fmt.Printf("\nOf them the sweeper ended %d, 30 s after the departure.\n", swept)
	fmt.Printf("\nAgent: %d guests logged in every %s: first reject %s ms after the departure (p50 / p99), %d accepts of requests sent after it. Load %s.\n",
		len(samples), tryEvery, spread(rejects), late, load())
}

const tryEvery = 50 * time.Millisecond

// rejects returns when each guest was first refused, counted from the departure to
// the sending of the request, and how many requests sent after the departure were
// accepted.
func (s *system) rejects(samples []stack.CheckedIn, departure time.Time) (first []time.Duration, late int) {
	ctx, cancel := context.WithDeadline(s.b.ctx, departure.Add(30*time.Second))
	defer cancel()
	// A Session-Timeout has whole seconds, so that the last one is refused already.
	pauseFor(ctx, time.Until(departure.Add(-1300*time.Millisecond)))
	var mu sync.Mutex // guards the results
	var guests sync.WaitGroup
	for i, in := range samples {
		g := s.guest(in)
		guests.Go(func() {
			pauseFor(ctx, tryEvery*time.Duration(i)/time.Duration(len(samples))) // not all in the same instant
			for ctx.Err() == nil {
				sent := time.Now()
				result, err := g.login(ctx)
				if err != nil {
					s.b.Errorf("login: %v", err)
					return
				}
				mu.Lock()
				if result.Accepted && sent.After(departure) {
					late++
				}
				if !result.Accepted {
					first = append(first, sent.Sub(departure))
				}
				mu.Unlock()
				if !result.Accepted {
					return
				}
				pauseFor(ctx, tryEvery)
			}
		})
	}
	guests.Wait()
	return first, late
}

// waitEnded waits until all visits have ended and returns how late each was, by who
// ended it.
func (s *system) waitEnded(want int) map[string][]time.Duration {
	for limit := time.Now().Add(3 * time.Minute); ; s.b.pause(500 * time.Millisecond) {
		var ended int
		s.query(&ended, `select count(*) from visits where ended_at is not null`)
		if ended >= want {
			break
		}
		if time.Now().After(limit) {
			s.b.Fatalf("%d of %d visits have ended", ended, want)
		}
	}
	late, err := s.lateness(s.b.ctx)
	s.b.must(err)
	return late
}

func (s *system) lateness(ctx context.Context) (map[string][]time.Duration, error) {
	rows, err := s.db.Query(ctx, `select ended_by, ended_at, expected_departure from visits where ended_at is not null`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	late := map[string][]time.Duration{}
	for rows.Next() {
		var by string
		var ended, due time.Time
		if err := rows.Scan(&by, &ended, &due); err != nil {
			return nil, err
		}
		late[by] = append(late[by], ended.Sub(due))
	}
	return late, rows.Err()
}

func (s *system) printLateness(late map[string][]time.Duration) {
	head("ended by", "n", "ended after the departure, ms p50 / p99", "max")
	for by, samples := range late {
		row(by, fmt.Sprint(len(samples)), spread(samples), ms(percentile(samples, 1)))
	}
}
