package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.temporal.io/api/enums/v1"
)

// times are one visit's.
type times struct {
	workflow string        // its id
	opening  time.Duration // request to first step done, as the requester sees it
	closing  time.Duration // check-out to the last step done
}

// stayFor is how long a visitor stays in the comparison: long enough that every
// workflow really waits when the signal comes.
const stayFor = 500 * time.Millisecond

// contender is a way to run visits.
type contender struct {
	name  string
	visit func(context.Context) (times, error)
}

// tally is what a contender did in all its rounds.
type tally struct {
	visits []times
	took   time.Duration
	cpu    usage
}

func (t tally) rate() float64 { return float64(len(t.visits)) / t.took.Seconds() }

// perVisit is CPU time of the parts, in milliseconds.
func (t tally) perVisit(parts ...string) float64 {
	var sum time.Duration
	for _, p := range parts {
		sum += t.cpu[p]
	}
	return float64(sum) / float64(time.Millisecond) / float64(len(t.visits))
}

// measureVisits compares visits with the textbook workflow on one Temporal server,
// in alternating rounds.
func measureVisits(b *bench, p pace, onPostgres bool) {
	s := startSystem(b, systemOptions{temporalOnPostgres: onPostgres})
	book, seals := startTextbook(s), watchSeals(s)
	parts := append(s.parts(), part{partTextbook, book.pid})
	contenders := []contender{
		{"textbook", book.visit},
		{"Visit, no session", (&foyer{system: s, seals: seals}).visit},
		{"Visit, live session", (&foyer{system: s, seals: seals, online: true}).visit},
	}
	tallies := make([]tally, len(contenders))
	idle := idleOf(b, parts, p.warmFor)
	for _, c := range contenders {
		round(b, parts, c, p.warmFor, p.sideBySide)
	}
	for n := range p.rounds {
		for i, c := range contenders {
			t := round(b, parts, c, p.roundFor, p.sideBySide)
			b.note("round %d, %s: %.1f visits/s, load %s", n+1, c.name, t.rate(), load())
			tallies[i].merge(t)
		}
	}
	printTallies(s, contenders, tallies)
	printSessions(s)
	fmt.Printf("- times the API did not wait for Temporal any longer and acted by itself: %d\n", s.fallbacks())
	fmt.Printf("- idle, in the same arrangement: Temporal %.1f, its Postgres %.1f ms of CPU a second\n", idle[partTemporal], idle[partTemporalPostgres])
}

// idleOf returns the CPU time of the parts in milliseconds a second while nothing
// happens.
func idleOf(b *bench, parts []part, lasts time.Duration) map[string]float64 {
	before := usageOf(parts)
	b.pause(lasts)
	idle := map[string]float64{}
	for name, used := range usageOf(parts).since(before) {
		idle[name] = float64(used) / float64(time.Millisecond) / lasts.Seconds()
	}
	return idle
}

func (t *tally) merge(other tally) {
	if t.cpu == nil {
		t.cpu = usage{}
	}
	t.visits = append(t.visits, other.visits...)
	t.took += other.took
	t.cpu.add(other.cpu)
}

// round keeps a number of visits under way for the given time and waits for the
// last of them.
func round(b *bench, parts []part, c contender, lasts time.Duration, sideBySide int) tally {
	ctx, cancel := context.WithTimeout(b.ctx, lasts+3*time.Minute)
	defer cancel()
	var mu sync.Mutex // guards t.visits
	var t tally
	var visitors sync.WaitGroup
	before, begun := usageOf(parts), time.Now()
	for range sideBySide {
		visitors.Go(func() {
			for time.Since(begun) < lasts && !b.Failed() {
				done, err := c.visit(ctx)
				if err != nil {
					b.Errorf("%s: %v", c.name, err)
					return
				}
				mu.Lock()
				t.visits = append(t.visits, done)
				mu.Unlock()
			}
		})
	}
	visitors.Wait()
	t.took = time.Since(begun)
	// What the last visits still cause belongs to them.
	b.pause(time.Second)
	t.cpu = usageOf(parts).since(before)
	if b.Failed() {
		b.FailNow()
	}
	return t
}

func printTallies(s *system, contenders []contender, tallies []tally) {
	head("workflow", "visits", "visits/s", "Temporal CPU ms/visit", "its Postgres", "worker", "api", "agent", "Foyer's Postgres", "load",
		"check-in ms p50 / p99", "check-out to sealed ms p50 / p99", "events", "workflow tasks", "activities")
	for i, c := range contenders {
		t := tallies[i]
		shape := shapeOf(s, t.visits[len(t.visits)-1].workflow)
		cell := func(parts ...string) string { return fmt.Sprintf("%.1f", t.perVisit(parts...)) }
		row(c.name, fmt.Sprint(len(t.visits)), fmt.Sprintf("%.1f", t.rate()), cell(partTemporal), cell(partTemporalPostgres),
			cell(partWorker, partTextbook), cell(partAPI), cell(partAgent), cell(partPostgres), cell(partLoad),
			spread(openings(t.visits)), spread(closings(t.visits)),
			fmt.Sprint(shape.events), fmt.Sprint(shape.tasks), fmt.Sprint(shape.activities))
	}
	fmt.Println()
	for i, c := range contenders[1:] {
		base, t := tallies[0], tallies[i+1]
		fmt.Printf("- %s beside the textbook: %.2f × its rate, %.2f × its Temporal CPU a visit (%.2f × with Temporal's Postgres)\n", c.name,
			t.rate()/base.rate(), t.perVisit(partTemporal)/base.perVisit(partTemporal),
			t.perVisit(partTemporal, partTemporalPostgres)/base.perVisit(partTemporal, partTemporalPostgres))
	}
}

func openings(visits []times) []time.Duration {
	return durations(visits, func(t times) time.Duration { return t.opening })
}

func closings(visits []times) []time.Duration {
	return durations(visits, func(t times) time.Duration { return t.closing })
}

func durations(visits []times, of func(times) time.Duration) []time.Duration {
	list := make([]time.Duration, 0, len(visits))
	for _, v := range visits {
		list = append(list, of(v))
	}
	return list
}

// shape is what a workflow's history is made of.
type shape struct{ events, tasks, activities int }

func shapeOf(s *system, workflow string) shape {
	var found shape
	events := s.Durable().GetWorkflowHistory(s.b.ctx, workflow, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		s.b.must(err)
		found.events++
		switch event.GetEventType() {
		case enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
			found.tasks++
		case enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			found.activities++
		}
	}
	return found
}

// printSessions says how the disconnects came out, so that nobody compares visits
// whose sessions were not ended.
func printSessions(s *system) {
	rows, err := s.db.Query(s.b.ctx, `select state, count(*) from terminations group by state`)
	s.b.must(err)
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var state string
		var count int
		s.b.must(rows.Scan(&state, &count))
		lines = append(lines, fmt.Sprintf("%d %s", count, state))
	}
	slices.SortFunc(lines, cmp.Compare[string])
	fmt.Printf("- results of ending sessions, warm-up included: %v\n", lines)
}
