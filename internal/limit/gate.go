package limit

import (
	"container/list"
	"sync"
	"time"
)

// GateConfig is what each key of a gate may have.
type GateConfig struct {
	AtOnce   int           // inside at a time, at least 1
	Rate     float64       // entries per second, above 0
	Burst    int           // entries at once, at least 1
	Failures int           // silences in a row that close the key, at least 1
	First    time.Duration // closed for so long the first time, then doubling
	Longest  time.Duration // bound of that
	Line     time.Duration // over how long callers are sent away at most; Longest at least
	Keys     int           // keys to keep, at least 1; each takes about 300 bytes
}

// Gate stands in front of somebody else's service, one key for each account or
// endpoint. It never waits: who may not enter is told when to come back. So a
// service that is dead, with thousands waiting for it, costs one caller's time
// now and then instead of a time-out for each.
//
// # States of a key
//
//	open ── Failures silences in a row ──▶ closed, First, then twice as long, to Longest
//	  ▲                                      │ time is up
//	  └── an answer ── probing ◀─────────────┘   one caller at a time
//	                      └── silence ──▶ closed
//
// Beside that a key may be paused until an instant, because the service asked.
//
// # Who comes back when
//
// Callers turned away are sent away one after another, 1/Rate apart, behind
// whatever keeps the key shut, and spread over no more than Line; when it opens
// they come about as fast as they may enter and not all at once. A wait is advice:
// nothing is kept for who was given it.
//
// # When there are more keys than room
//
// The key unused for longest, with nobody inside, is forgotten with all that was
// known about it; its next caller finds out again. Where somebody is inside of
// every key, a new one is turned away.
//
// State is this process's own. A Gate is safe for concurrent use.
type Gate struct {
	config GateConfig
	now    func() time.Time

	mu     sync.Mutex               // guards all below
	keys   map[string]*list.Element // of *door
	recent *list.List               // the key used last in front
}

// Outcome is how a caller fared inside.
type Outcome struct {
	untried bool
	silent  bool
	pause   time.Duration
}

// Untried means that the caller did not call after all: nothing was learned.
func Untried() Outcome { return Outcome{untried: true} }

// Answered means that the service answered, whatever it said.
func Answered() Outcome { return Outcome{} }

// Silent means that it did not: no connection, no answer in time.
func Silent() Outcome { return Outcome{silent: true} }

// Throttled means that it answered and asked to be left alone for so long.
func Throttled(pause time.Duration) Outcome { return Outcome{pause: pause} }

// door is the state of one key.
type door struct {
	key         string
	bucket      bucket
	inside      int
	failures    int           // silences in a row, while open
	shut        time.Duration // how long it was closed last; 0: open
	closing     int           // how often it has been closed: whose silence is news
	closedUntil time.Time
	pausedUntil time.Time
	last        time.Time // when the last one sent away was told to come back
}

// NewGate returns a gate. now is the clock: time.Now, or a test's.
func NewGate(config GateConfig, now func() time.Time) *Gate {
	config.AtOnce, config.Burst = max(config.AtOnce, 1), max(config.Burst, 1)
	config.Failures, config.Keys = max(config.Failures, 1), max(config.Keys, 1)
	config.Longest = max(config.Longest, config.First)
	config.Line = max(config.Line, config.Longest)
	return &Gate{config: config, now: now, keys: map[string]*list.Element{}, recent: list.New()}
}

// Enter lets the caller in, or says how long to stay away: more than nothing. Who
// is in calls leave once, with how it went; a second call does nothing.
func (g *Gate) Enter(key string) (leave func(Outcome), waitFor time.Duration, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	d := g.door(key, now)
	if d == nil {
		return nil, g.spacing(), false
	}
	if waitFor, ok = g.mayEnter(d, now); !ok {
		return nil, waitFor, false
	}
	d.bucket.tokens--
	d.inside++
	closing, left := d.closing, false
	return func(outcome Outcome) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if !left {
			left = true
			g.leave(d, closing, outcome)
		}
	}, 0, true
}

// Pause keeps the key shut until an instant: what Throttled does, for what was
// learned elsewhere.
func (g *Gate) Pause(key string, until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if d := g.door(key, g.now()); d != nil {
		d.pausedUntil = latest(d.pausedUntil, until)
	}
}

// Len is the number of keys held.
func (g *Gate) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.recent.Len()
}

func (g *Gate) mayEnter(d *door, now time.Time) (waitFor time.Duration, ok bool) {
	d.bucket.refill(now, g.config.Rate, g.config.Burst)
	atOnce := g.config.AtOnce
	if d.shut > 0 {
		atOnce = 1 // a probe
	}
	opensAt := latest(d.closedUntil, d.pausedUntil)
	switch {
	case now.Before(opensAt):
	case d.inside >= atOnce:
		// Nobody knows when they leave; a probe that finds silence closes the key
		// again, and then for longer than this.
		opensAt = now.Add(d.shut)
	case d.bucket.tokens < 1:
	default:
		return 0, true
	}
	return g.sendAway(d, opensAt, now), false
}

// sendAway says how long to stay away from a key that opens at an instant.
func (g *Gate) sendAway(d *door, opensAt, now time.Time) time.Duration {
	first := latest(now, opensAt)
	at := latest(first, d.last).Add(g.spacing())
	if at.After(first.Add(g.config.Line)) {
		at = first.Add(g.spacing()) // the line is long enough: another begins beside it
	}
	d.last = at
	return at.Sub(now)
}

// spacing is the time between two entries.
func (g *Gate) spacing() time.Duration {
	return max(time.Duration(float64(time.Second)/g.config.Rate), time.Millisecond)
}

func (g *Gate) leave(d *door, closing int, outcome Outcome) {
	d.inside--
	now := g.now()
	if outcome.untried {
		d.bucket.tokens++ // refilling bounds it
		return
	}
	if !outcome.silent {
		d.failures, d.shut, d.closedUntil = 0, 0, time.Time{}
		d.pausedUntil = latest(d.pausedUntil, now.Add(outcome.pause))
		return
	}
	if d.closing != closing {
		return // it went in before the key was closed and tells nothing new
	}
	d.failures++
	if d.shut == 0 && d.failures < g.config.Failures {
		return
	}
	d.shut = min(max(2*d.shut, g.config.First), g.config.Longest)
	d.closedUntil = now.Add(d.shut)
	d.closing++
	d.failures = 0
}

// door finds or makes the key's state; nil where there is no room.
func (g *Gate) door(key string, now time.Time) *door {
	if element, ok := g.keys[key]; ok {
		g.recent.MoveToFront(element)
		return doorOf(element)
	}
	if g.recent.Len() >= g.config.Keys && !g.makeRoom() {
		return nil
	}
	d := &door{key: key, bucket: bucket{tokens: float64(g.config.Burst), at: now}}
	g.keys[key] = g.recent.PushFront(d)
	return d
}

// makeRoom forgets the key unused for longest with nobody inside.
func (g *Gate) makeRoom() bool {
	for element := g.recent.Back(); element != nil; element = element.Prev() {
		if d := doorOf(element); d.inside == 0 {
			delete(g.keys, d.key)
			g.recent.Remove(element)
			return true
		}
	}
	return false
}

func doorOf(element *list.Element) *door {
	d, _ := element.Value.(*door) // nothing else is ever put in
	return d
}

func latest(at time.Time, others ...time.Time) time.Time {
	for _, other := range others {
		if other.After(at) {
			at = other
		}
	}
	return at
}
