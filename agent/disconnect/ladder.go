package disconnect

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/foyerhq/foyer/agent/session"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Sessions is what the ladder asks of the table of sessions.
type Sessions interface {
	ByGrant(grantID string) []wire.Session
	// Watch returns a session's status, never another guest's under the same key, and
	// a channel closed at its next change.
	Watch(s wire.Session) (session.Status, <-chan struct{})
}

// NASes knows the site's NASes; NASByID returns nil for one that is no more.
type NASes interface {
	NASByID(id visit.NASID) *wire.NAS
}

// Journal takes results and returns once they are on disk.
type Journal interface {
	Append(ctx context.Context, rec wire.Record) (seq uint64, err error)
}

// Config is what a ladder is made from. Zero durations and numbers mean the
// defaults, told beside them.
type Config struct {
	Sessions Sessions
	NASes    NASes
	Journal  Journal
	Drivers  map[string]Driver // by wire.NAS.Driver; "" is "radius"
	Now      func() time.Time  // the corrected clock
	Logger   *slog.Logger
	Metrics  *Metrics

	ConfirmFor   time.Duration // 5 s: how long after an ACK the Stop is waited for
	StartFor     time.Duration // 10 s: how long after its Access-Accept a session's Accounting-Start may take
	TimeoutGrace time.Duration // 15 s: after a Session-Timeout, before it is believed
	FirstRetry   time.Duration // 10 s: then doubling, for climbs the agent began
	LastRetry    time.Duration // 5 min: the longest pause
	GiveUpAfter  time.Duration // 1 h: after this a climb is left to the server
	PerSecond    float64       // 20: requests to one NAS
	InFlight     int           // 64: requests to one NAS at a time
	MaxClimbs    int           // 10,000: grants under way
	MaxWaiting   int           // 100,000: grants waiting
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		value *time.Duration
		zero  time.Duration
	}{
		{&c.ConfirmFor, 5 * time.Second},
		{&c.StartFor, 10 * time.Second},
		{&c.TimeoutGrace, 15 * time.Second},
		{&c.FirstRetry, 10 * time.Second},
		{&c.LastRetry, 5 * time.Minute},
		{&c.GiveUpAfter, time.Hour},
	} {
		if *d.value == 0 {
			*d.value = d.zero
		}
	}
	for _, n := range []struct {
		value *int
		zero  int
	}{{&c.InFlight, 64}, {&c.MaxClimbs, 10_000}, {&c.MaxWaiting, 100_000}} {
		if *n.value == 0 {
			*n.value = n.zero
		}
	}
	if c.PerSecond == 0 {
		c.PerSecond = 20
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

// Ladder ends sessions. Its methods are safe for concurrent use.
type Ladder struct {
	cfg    Config
	gates  *gates
	ctx    context.Context // of every climb; ended by Stop
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu       sync.Mutex        // guards what follows, and climb.asks
	climbs   map[string]*climb // by grant id, under way or waiting
	waiting  []*climb          // not yet under way, in order
	underWay int
}

// New returns a ladder. Stop must be called in the end.
func New(cfg Config) *Ladder {
	cfg = cfg.withDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	return &Ladder{
		cfg: cfg, ctx: ctx, cancel: cancel,
		gates:  newGates(cfg.PerSecond, cfg.InFlight),
		climbs: make(map[string]*climb),
	}
}

// End has the grant's sessions ended: those the table knows and those in extra.
// It returns at once. The outcome is journalled: with cmd where the server asked,
// then also when there was nothing to end, and without where the agent asks by
// itself (cmd is nil).
func (l *Ladder) End(grant wire.Grant, cmd *wire.Command, extra []wire.Session) {
	if cmd == nil && len(extra) == 0 && len(l.cfg.Sessions.ByGrant(grant.ID)) == 0 {
		return
	}
	l.ask(grant, func(a *asks) { a.join(cmd, extra) })
}

// Cut has these sessions ended, once each, although their grant is good: the server
// asked for them alone. It returns at once. The outcome is journalled with cmd, also
// when there was nothing to end. Should the grant end meanwhile, the climb that ends
// all of its sessions takes these over.
func (l *Ladder) Cut(grant wire.Grant, cmd wire.Command, sessions []wire.Session) {
	l.ask(grant, func(a *asks) { a.cut(cmd, sessions) })
}

// Oust has these sessions ended although their grant is good, because another device
// has taken their place. It returns at once. The agent repeats it as it does when a
// grant ends, but leaves a device alone that has logged in again.
func (l *Ladder) Oust(grant wire.Grant, sessions []wire.Session) {
	l.ask(grant, func(a *asks) {
		if len(a.ousts)+len(sessions) <= maxAsked {
			a.ousts = append(a.ousts, sessions...)
		}
	})
}

// ask gives a grant's climb something to do, and makes one if there is none.
func (l *Ladder) ask(grant wire.Grant, join func(*asks)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return
	}
	c := l.climbs[grant.ID]
	if c == nil {
		if len(l.waiting) >= l.cfg.MaxWaiting {
			l.cfg.Metrics.refused.Inc()
			l.cfg.Logger.Error("too many sessions to end at a time", "grant_id", grant.ID)
			return
		}
		c = newClimb(l, grant)
		l.climbs[grant.ID] = c
		l.waiting = append(l.waiting, c)
	}
	join(&c.asks)
	c.wakeUp()
	l.startWaiting()
}

// startWaiting starts what may be under way. l.mu is held.
func (l *Ladder) startWaiting() {
	for len(l.waiting) > 0 && l.underWay < l.cfg.MaxClimbs && l.ctx.Err() == nil {
		c := l.waiting[0]
		l.waiting[0], l.waiting = nil, l.waiting[1:]
		l.underWay++
		l.wg.Go(func() {
			c.run(l.ctx)
			l.finished()
		})
	}
	l.cfg.Metrics.climbs.Set(float64(len(l.climbs)))
}

func (l *Ladder) finished() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.underWay--
	l.startWaiting()
}

// take hands a climb what has been asked of it since.
func (l *Ladder) take(c *climb) asks {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := c.asks
	c.asks = asks{}
	return taken
}

// leave ends a climb unless more has been asked of it.
func (l *Ladder) leave(c *climb) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !c.asks.empty() {
		return false
	}
	delete(l.climbs, c.grant.ID)
	return true
}

// Stop ends every climb where it is and waits for them; nothing more is
// journalled. It may be called twice.
func (l *Ladder) Stop() {
	l.mu.Lock()
	l.cancel()
	l.mu.Unlock()
	l.wg.Wait()
}

// asks is what was asked of a climb and not yet taken up.
type asks struct {
	self     bool // by the agent itself
	commands []wire.Command
	extra    []wire.Session
	cuts     []cut
	ousts    []wire.Session
}

// cut is the wish to end single sessions of a grant that is good.
type cut struct {
	command  wire.Command
	sessions []wire.Session
	targets  []*target // once taken up
}

// maxAsked bounds commands and sessions that wait in one climb; more are
// forgotten, and the server asks again.
const maxAsked = 1000

func (a *asks) empty() bool {
	return !a.self && len(a.commands)+len(a.cuts)+len(a.ousts) == 0
}

func (a *asks) cut(cmd wire.Command, sessions []wire.Session) {
	if len(a.cuts) < maxAsked {
		a.cuts = append(a.cuts, cut{command: cmd, sessions: sessions})
	}
}

func (a *asks) join(cmd *wire.Command, extra []wire.Session) {
	if cmd == nil {
		a.self = true
	} else if len(a.commands) < maxAsked {
		a.commands = append(a.commands, *cmd)
	}
	if len(a.extra)+len(extra) <= maxAsked {
		a.extra = append(a.extra, extra...)
	}
}
