package clock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// SaveEvery is how often Run saves the mark: what a visit may gain by a kill, a
// clock set back and no hub, beyond the time the agent is down.
const SaveEvery = 10 * time.Second

// Mark is what a clock needs to go on after a restart.
type Mark struct {
	At     time.Time     `json:"at"`     // the time was at least this
	Offset time.Duration `json:"offset"` // hub minus wall clock, nanoseconds
}

// Store keeps a Mark over restarts. A store that has none returns the zero Mark.
type Store interface {
	Load() (Mark, error)
	Save(Mark) error
}

// Config says what a clock is made from. Wall and Mono default to the machine's.
type Config struct {
	Wall  func() time.Time
	Mono  func() time.Duration // since some fixed instant, time asleep included
	Store Store
}

// Clock tells the corrected time. It is safe for concurrent use.
type Clock struct {
	cfg    Config
	anchor atomic.Pointer[anchor]
	save   sync.Mutex // orders saves; also of Sync against itself
}

// An anchor says that it was at when the monotonic clock said mono.
type anchor struct {
	at     time.Time
	mono   time.Duration
	offset time.Duration
}

// New makes a clock that goes on from the store's mark. When the mark cannot be
// read the clock works all the same, by the wall clock, and err says so.
func New(cfg Config) (*Clock, error) {
	if cfg.Wall == nil {
		cfg.Wall = time.Now
	}
	if cfg.Mono == nil {
		cfg.Mono = monotonic()
	}
	c := &Clock{cfg: cfg}
	mark, err := cfg.Store.Load()
	if err != nil {
		mark, err = Mark{}, fmt.Errorf("clock: the saved mark is lost: %w", err)
	}
	at := cfg.Wall().Round(0).Add(mark.Offset)
	if at.Before(mark.At) {
		at = mark.At
	}
	c.anchor.Store(&anchor{at: at.UTC(), mono: cfg.Mono(), offset: mark.Offset})
	return c, err
}

// Now returns the corrected time, in UTC. It takes no lock and allocates nothing.
func (c *Clock) Now() time.Time { return c.anchor.Load().now(c.cfg.Mono()) }

func (a *anchor) now(mono time.Duration) time.Time { return a.at.Add(mono - a.mono) }

// Sync takes the hub's time as just received in a message whose round trip took
// roundTrip, and returns by how much the clock jumped. The hub's time is then
// between hubNow and hubNow + roundTrip; a clock within that is left alone.
func (c *Clock) Sync(hubNow time.Time, roundTrip time.Duration) (jump time.Duration) {
	c.save.Lock()
	defer c.save.Unlock()
	mono := c.cfg.Mono()
	now := c.anchor.Load().now(mono)
	at := now
	if now.Before(hubNow) || now.After(hubNow.Add(roundTrip)) {
		at = hubNow.Add(roundTrip / 2).Round(0).UTC()
	}
	c.anchor.Store(&anchor{at: at, mono: mono, offset: at.Sub(c.cfg.Wall().Round(0))})
	return at.Sub(now)
}

// Offset returns hub minus wall clock, as of the last Sync.
func (c *Clock) Offset() time.Duration { return c.anchor.Load().offset }

// Save makes the present time the high-water mark.
func (c *Clock) Save() error {
	c.save.Lock()
	defer c.save.Unlock()
	a := c.anchor.Load()
	return c.cfg.Store.Save(Mark{At: a.now(c.cfg.Mono()), Offset: a.offset})
}

// Run saves the mark every SaveEvery and a last time when ctx is done. A failed
// save is told to failed, which may be nil, and tried again in its turn; the last
// one's error is returned.
func (c *Clock) Run(ctx context.Context, failed func(error)) error {
	tick := time.NewTicker(SaveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return c.Save()
		case <-tick.C:
			if err := c.Save(); err != nil && failed != nil {
				failed(err)
			}
		}
	}
}

var errMark = errors.New("not a clock mark")
