package disconnect

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/foyerhq/foyer/agent/session"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// climb is the ending of one grant's sessions: of those that were asked for alone,
// and once the grant has ended of all. Its own goroutine uses it, but for asks.
type climb struct {
	l     *Ladder
	grant wire.Grant
	asks  asks          // guarded by l.mu
	wake  chan struct{} // capacity 1: asks may have changed

	all      bool           // the grant has ended: all its sessions
	self     bool           // asked for by the agent itself at least once
	commands []wire.Command // to be answered
	last     *wire.Command  // answered last
	cuts     []cut          // single sessions, to be answered
	cutsDone []cut          // the same, answered
	ousted   []*target      // single sessions, by the agent's own wish
	begunAt  time.Time
	askedAt  time.Time // by whomever, last
	rounds   int
	roundAt  time.Time
	targets  []*target
}

func newClimb(l *Ladder, grant wire.Grant) *climb {
	now := l.cfg.Now()
	return &climb{l: l, grant: grant, wake: make(chan struct{}, 1), begunAt: now, askedAt: now}
}

func (c *climb) wakeUp() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run makes rounds and rests between them until everything is done, nobody is
// left to ask again, or ctx ends.
func (c *climb) run(ctx context.Context) {
	for ctx.Err() == nil {
		c.round(ctx)
		c.report(ctx)
		if !c.rest(ctx) && c.l.leave(c) {
			return
		}
	}
}

// round asks once for every session that is not done. Sessions that appear
// meanwhile, and commands, join it. Those with accounting go first: a request
// that names only the user, for a login without, would end them as well, and
// the answer to the one would be proof of the other.
func (c *climb) round(ctx context.Context) {
	c.rounds++
	c.roundAt = c.l.cfg.Now()
	for ctx.Err() == nil {
		c.collect()
		todo := slices.DeleteFunc(slices.Clone(c.targets), func(t *target) bool {
			return t.round == c.rounds || t.result.Done() || !c.wanted(t)
		})
		if len(todo) == 0 {
			return
		}
		if slices.ContainsFunc(todo, (*target).accounted) {
			todo = slices.DeleteFunc(todo, func(t *target) bool { return !t.accounted() })
		}
		var wg sync.WaitGroup
		for _, t := range todo {
			t.round = c.rounds
			wg.Go(func() { c.attempt(ctx, t) })
		}
		wg.Wait()
	}
}

// collect takes up what was asked, and the sessions now known.
func (c *climb) collect() {
	taken := c.l.take(c)
	c.all = c.all || taken.self || len(taken.commands) > 0
	c.self = c.self || taken.self
	c.commands = append(c.commands, taken.commands...)
	if !taken.empty() {
		c.askedAt = c.l.cfg.Now()
	}
	for _, w := range taken.cuts {
		for _, s := range w.sessions {
			w.targets = append(w.targets, c.add(s))
		}
		c.cuts = append(c.cuts, w)
	}
	for _, s := range taken.ousts {
		c.ousted = append(c.ousted, c.add(s))
	}
	if c.all {
		for _, s := range slices.Concat(c.l.cfg.Sessions.ByGrant(c.grant.ID), taken.extra) {
			c.add(s)
		}
		return
	}
	for i := range c.cuts {
		c.cuts[i].targets = c.successors(c.cuts[i].targets)
	}
	c.ousted = slices.DeleteFunc(c.successors(c.ousted), c.returned)
}

// returned reports whether a device that was to make room has logged in since.
func (c *climb) returned(t *target) bool {
	return t.session.MAC != "" && slices.ContainsFunc(c.l.cfg.Sessions.ByGrant(c.grant.ID), func(s wire.Session) bool {
		return s.MAC == t.session.MAC && s.Key.StartedAt.After(t.session.Key.StartedAt.Add(time.Second)) && !sameKey(s.Key, t.key)
	})
}

// successors adds to the targets of a cut the sessions that took the place of a
// login among them: its Accounting-Start came meanwhile.
func (c *climb) successors(targets []*target) []*target {
	for i := 0; i < len(targets); i++ {
		status, _ := c.l.cfg.Sessions.Watch(targets[i].watched())
		if status.ReplacedBy == nil {
			continue
		}
		by, _ := c.l.cfg.Sessions.Watch(wire.Session{Key: *status.ReplacedBy, Username: targets[i].session.Username, MAC: targets[i].session.MAC})
		if !by.Known {
			continue
		}
		if next := c.add(by.Session); !slices.Contains(targets, next) {
			targets = append(targets, next)
		}
	}
	return targets
}

// wanted reports whether a target is to be asked for in the round under way: while
// the grant is good, nobody repeats what the server asked for once.
func (c *climb) wanted(t *target) bool {
	return c.all || slices.Contains(c.ousted, t) || slices.ContainsFunc(c.cuts, func(w cut) bool { return slices.Contains(w.targets, t) })
}

// add makes s a target, unless it is one, and returns it. The server may know a
// session by another start than the table, and finds its row by its own. What the
// table has under this key may be another guest's: then s keeps its own.
func (c *climb) add(s wire.Session) *target {
	if s.Username == "" {
		s.Username = c.grant.Username
	}
	key := s.Key
	if status, _ := c.l.cfg.Sessions.Watch(s); status.Known {
		key = status.Session.Key
	}
	for _, t := range c.targets {
		if !sameKey(t.key, key) || session.Differ(t.session, s) {
			continue
		}
		if s.ID != "" {
			t.session.ID, t.result.SessionID, t.session.Key = s.ID, s.ID, s.Key
		}
		t.reopen(c.l)
		return t
	}
	t := newTarget(s, key)
	c.targets = append(c.targets, t)
	return t
}

// sameKey compares starts by the millisecond: on its way through the server's
// database an instant loses its nanoseconds.
func sameKey(a, b wire.SessionKey) bool {
	return a.NASID == b.NASID && a.AcctSessionID == b.AcctSessionID &&
		a.StartedAt.Truncate(time.Millisecond).Equal(b.StartedAt.Truncate(time.Millisecond))
}

// done reports whether nothing is left to do or to watch. Who was to make room and
// has come back is neither.
func (c *climb) done() bool {
	return !slices.ContainsFunc(c.targets, func(t *target) bool { return !t.result.Done() && (c.all || !c.forgiven(t)) })
}

// forgiven reports whether a target was to make room alone, and need not any more.
func (c *climb) forgiven(t *target) bool {
	cut := slices.ContainsFunc(slices.Concat(c.cuts, c.cutsDone), func(w cut) bool { return slices.Contains(w.targets, t) })
	return !cut && !slices.Contains(c.ousted, t)
}

// mustAsk reports whether a new round is due because of what was asked: a
// command, a session not asked for yet, or the agent's own wish after a while.
func (c *climb) mustAsk() bool {
	fresh := slices.ContainsFunc(c.targets, func(t *target) bool { return t.round == 0 })
	return fresh || len(c.commands)+len(c.cuts) > 0 || !c.done() && c.l.cfg.Now().Sub(c.roundAt) >= c.l.cfg.FirstRetry
}

// report journals the results: once for each command, or, when something has
// changed, for the last one answered. What was asked for alone is answered alone.
func (c *climb) report(ctx context.Context) {
	if ctx.Err() != nil {
		return // what was cut short is no result
	}
	var changed []*target
	for _, t := range c.targets {
		if t.changed() {
			changed = append(changed, t)
		}
	}
	if c.all && len(c.commands) == 0 && len(changed) > 0 {
		c.journal(ctx, c.last, results(c.targets))
	}
	if news := slices.DeleteFunc(slices.Clone(changed), func(t *target) bool { return !slices.Contains(c.ousted, t) }); !c.all && len(news) > 0 {
		c.journal(ctx, nil, results(news))
	}
	for _, cmd := range c.commands {
		c.last = &cmd
		c.journal(ctx, c.last, results(c.targets))
	}
	c.commands = nil
	for _, w := range c.cutsDone {
		if !c.all && slices.ContainsFunc(w.targets, func(t *target) bool { return slices.Contains(changed, t) && c.newest(t) == w.command }) {
			c.journal(ctx, &w.command, results(w.targets))
		}
	}
	for _, w := range c.cuts {
		c.journal(ctx, &w.command, results(w.targets))
	}
	// Of what was asked for again the newest is answered, and of what is done none.
	c.cutsDone = slices.DeleteFunc(slices.Concat(c.cutsDone, c.cuts), func(w cut) bool {
		return !slices.ContainsFunc(w.targets, func(t *target) bool { return !t.result.Done() && c.newest(t) == w.command })
	})
	c.cuts = nil
}

// newest is the last command that asked for a target alone.
func (c *climb) newest(t *target) (cmd wire.Command) {
	for _, w := range slices.Concat(c.cutsDone, c.cuts) {
		if slices.Contains(w.targets, t) {
			cmd = w.command
		}
	}
	return cmd
}

func results(targets []*target) []wire.SessionResult {
	list := make([]wire.SessionResult, 0, len(targets))
	for _, t := range targets {
		list = append(list, wire.SessionResult{Key: t.session.Key, Result: t.result})
	}
	return list
}

func (c *climb) journal(ctx context.Context, cmd *wire.Command, results []wire.SessionResult) {
	for _, r := range results {
		c.l.cfg.Metrics.results.WithLabelValues(string(r.Result.State)).Inc()
		if !r.Result.Done() {
			c.l.cfg.Logger.Warn("session not ended", "grant_id", c.grant.ID, "nas_id", r.Result.NASID,
				"state", r.Result.State, "reason", r.Result.Reason)
		}
	}
	_, err := c.l.cfg.Journal.Append(ctx, wire.Record{
		At: c.l.cfg.Now(),
		Termination: &wire.Termination{
			Command: cmd, GrantID: c.grant.ID, VisitID: c.grant.VisitID, Results: results,
		},
	})
	if err != nil && ctx.Err() == nil { // the server's workflow will ask again
		c.l.cfg.Metrics.unwritten.Inc()
		c.l.cfg.Logger.Error("termination result not journalled", "grant_id", c.grant.ID, "error", err)
	}
}

// rest waits, watching what accounting says, and reports whether another round
// is due; false when all is done or the climb has been at it for too long.
func (c *climb) rest(ctx context.Context) (again bool) {
	retry := c.nextRound()
	giveUp := c.askedAt.Add(c.l.cfg.GiveUpAfter)
	for !c.done() {
		now := c.l.cfg.Now()
		switch {
		case ctx.Err() != nil || !now.Before(giveUp):
			return false
		case !now.Before(retry):
			return true
		}
		if c.await(ctx, earliest(giveUp, retry, c.nextEvidence())) {
			if c.collect(); c.mustAsk() {
				return true
			}
		}
		for _, t := range c.targets {
			c.settle(t)
		}
		c.report(ctx)
	}
	return false
}

// nextRound returns when the climb asks again by itself; far away if it does not.
func (c *climb) nextRound() time.Time {
	if !c.self && len(c.ousted) == 0 {
		return c.roundAt.Add(2 * c.l.cfg.GiveUpAfter)
	}
	pause := c.l.cfg.FirstRetry
	for range c.rounds - 1 {
		if pause *= 2; pause >= c.l.cfg.LastRetry {
			break
		}
	}
	return c.roundAt.Add(max(min(pause, c.l.cfg.LastRetry), c.worst().RetryAfter()))
}

func (c *climb) worst() visit.TerminationReason {
	var r visit.TerminationResult
	for _, t := range c.targets {
		r.Sessions = append(r.Sessions, t.result)
	}
	return r.Worst()
}

// await waits until the instant, for news of an open session, or for a wake-up,
// which it reports.
func (c *climb) await(ctx context.Context, until time.Time) (woken bool) {
	ctx, cancel := context.WithTimeout(ctx, until.Sub(c.l.cfg.Now()))
	news := make(chan struct{}, len(c.targets))
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for _, t := range c.targets {
		if t.result.Done() {
			continue
		}
		status, changed := c.l.cfg.Sessions.Watch(t.watched())
		if t.overtaken(status) {
			return false
		}
		wg.Go(func() {
			select {
			case <-changed:
				news <- struct{}{}
			case <-ctx.Done():
			}
		})
	}
	select {
	case <-c.wake:
		return true
	case <-news:
	case <-ctx.Done():
	}
	return false
}

func earliest(first time.Time, rest ...time.Time) time.Time {
	for _, t := range rest {
		if !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}
