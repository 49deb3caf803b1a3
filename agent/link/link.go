package link

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/foyerhq/foyer/agent/ledger"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Ledger is the site's desired state on this agent. An error of Apply, Replace or
// Clear means "not on disk": then nothing may be acknowledged, but what ended has ended.
type Ledger interface {
	Position() (pos wire.Position, empty bool)
	Epoch() int64
	SetEpoch(epoch int64) error
	Apply(entries []*wire.Entry) (ended []ledger.Ended, err error)
	Replace(set ledger.Set) (ended []ledger.Ended, err error)
	// Clear takes every grant away.
	Clear() (ended []ledger.Ended, err error)
}

// Journal is what the hub has not yet stored.
type Journal interface {
	ID() string
	// Pending returns records with sequences from from on, oldest first, of about
	// maxBytes of JSON.
	Pending(from uint64, maxBytes int) ([]wire.Record, error)
	Ack(seq uint64) error
	Notify() <-chan struct{}
}

// Sessions takes the hub's word on sessions that other agents reported.
type Sessions interface {
	Remote(open []wire.Session, closed []wire.SessionKey)
}

// Ladder ends a grant's sessions; End returns at once.
type Ladder interface {
	End(grant wire.Grant, cmd *wire.Command, extra []wire.Session)
	Cut(grant wire.Grant, cmd wire.Command, sessions []wire.Session)
}

// Presence is the list of who is in the building. Nothing here waits.
type Presence interface {
	Version() string
	Take(f *wire.PresenceSnapshot) error
	Clear()
}

// Config is what a link is made from. The parts, Dir, Now and Sync are required.
type Config struct {
	Dir     string // keeps the identity
	Token   string // for enrolling; may stay set when enrolled
	Proxy   bool   // a proxy ends TLS: its certificate is verified by ProxyRoots
	Version string // of the program

	Ledger   Ledger
	Journal  Journal
	Sessions Sessions
	Ladder   Ladder
	Presence Presence // nil: hello says that this agent shows no list
	Stats    func() wire.Stats
	StatsDue <-chan struct{} // signalled when they should be sent at once; may be nil
	// Test tries a NAS until ctx ends; nil: hello says that this agent cannot.
	Test    func(ctx context.Context, id visit.NASID) visit.NASReport
	Now     func() time.Time                             // the corrected clock
	Sync    func(hubNow time.Time, within time.Duration) // the hub's time, at most within ago
	Logger  *slog.Logger
	Metrics *Metrics

	Timing      Timing
	Backoff     Backoff
	Random      func() float64 // jitter in [0,1)
	ProxyRoots  *x509.CertPool // nil: the system's
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// Wait sleeps between links; it returns early when ctx ends.
	Wait func(ctx context.Context, pause time.Duration)
}

// Timing holds the link's limits; the zero value is DefaultTiming.
type Timing struct {
	Handshake time.Duration // from dialling to the upgrade
	Silence   time.Duration // without a frame or ping the link is dead
	Write     time.Duration // one frame
	Stats     time.Duration // between agent.stats
	Flush     time.Duration // until a failed write of the ledger is tried again
	Renew     time.Duration // between looks at the certificate's age
}

// DefaultTiming goes with a hub that pings every four seconds.
var DefaultTiming = Timing{
	Handshake: 15 * time.Second, Silence: 15 * time.Second, Write: 10 * time.Second,
	Stats: 30 * time.Second, Flush: 5 * time.Second, Renew: time.Minute,
}

func (c Config) withDefaults() Config {
	if c.Timing == (Timing{}) {
		c.Timing = DefaultTiming
	}
	if c.Backoff == (Backoff{}) {
		c.Backoff = DefaultBackoff
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	if c.DialContext == nil {
		c.DialContext = (&net.Dialer{}).DialContext
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

func wait(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Phase is where a link is in its life. Names are interface.
type Phase string

// The phases.
const (
	Unenrolled  Phase = "unenrolled"  // no certificate yet
	Connecting  Phase = "connecting"  // dialling, or greeting
	Connected   Phase = "connected"   // following the ledger
	Waiting     Phase = "waiting"     // between two tries
	Replaced    Phase = "replaced"    // another connection acts as this agent
	Quarantined Phase = "quarantined" // replaced too often
	Withdrawn   Phase = "withdrawn"   // for good, and nobody is let in any more
)

// State is a link's condition for people and probes.
type State struct {
	Phase   Phase
	Since   time.Time
	AgentID visit.AgentID // empty until enrolled
	SiteID  visit.SiteID
}

// Link is the agent's connection to the hub. State may be called at any time
// and from anywhere.
type Link struct {
	cfg   Config
	log   *slog.Logger
	token token

	mu      sync.Mutex // guards what follows
	id      *identity  // replaced, never changed; nil until enrolled
	state   State
	wanting bool // the token is new, so that enrolling comes first

	// One link at a time uses these.
	renewedAt time.Time // of the last request
	epoch     int64     // that the hub told last, zero before
}

// New reads the identity in cfg.Dir. It returns an error when the identity is
// not readable, or when there is none and no usable token.
func New(cfg Config) (*Link, error) {
	l := &Link{cfg: cfg.withDefaults()}
	l.log = l.cfg.Logger
	id, err := loadIdentity(filepath.Join(cfg.Dir, identityFile))
	if err != nil {
		return nil, err
	}
	if cfg.Token != "" {
		if l.token, err = parseToken(cfg.Token); err != nil {
			return nil, err
		}
	}
	if id == nil && cfg.Token == "" {
		return nil, errors.New("the agent is not enrolled and has no enrolment token")
	}
	l.wanting = id == nil || cfg.Token != "" && !l.token.made(id)
	l.setIdentity(id)
	l.enter(Connecting)
	return l, nil
}

// State returns the link's condition.
func (l *Link) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// presence is the version of the list that the agent holds.
func (l *Link) presence() string {
	if l.cfg.Presence == nil {
		return ""
	}
	return l.cfg.Presence.Version()
}

// enter notes the phase. Without an identity there is but one.
func (l *Link) enter(phase Phase) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.id == nil {
		phase = Unenrolled
	}
	if phase != l.state.Phase {
		l.state.Phase, l.state.Since = phase, l.cfg.Now()
	}
	l.cfg.Metrics.enter(phase)
}

func (l *Link) setIdentity(id *identity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.id = id; id != nil {
		l.state.AgentID, l.state.SiteID = id.AgentID, id.SiteID
		l.wanting = l.wanting && !l.token.made(id)
	}
}

func (l *Link) identity() (id *identity, wanting bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.id, l.wanting
}

// Run enrols where needed and keeps a link until ctx ends, or the agent is
// withdrawn, which leaves the phase Withdrawn and the ledger empty. It never returns
// an error: without a hub the agent goes on from its disk.
func (l *Link) Run(ctx context.Context) error {
	p := pauses{Backoff: l.cfg.Backoff, random: l.cfg.Random}
	for ctx.Err() == nil {
		up, err := l.once(ctx)
		if ctx.Err() != nil {
			break
		}
		if errors.Is(err, errRenewed) {
			continue // the new certificate is tried at once
		}
		phase := phaseAfter(err)
		l.enter(phase)
		if phase == Withdrawn {
			l.surrender(ctx)
			return nil
		}
		pause := p.after(err, up)
		l.cfg.Metrics.ended(err)
		l.log.Warn("no link to the hub", "phase", phase, "up_for", up, "retry_in", pause, "error", err)
		l.cfg.Wait(ctx, pause)
	}
	return nil
}

// surrender gives up everything the agent could accept and has its sessions ended:
// an operator said that this machine is not trusted any more, and it will not hear
// of revokes. What the disk does not take is tried again until ctx ends; after a
// restart the hub says the same once more.
func (l *Link) surrender(ctx context.Context) {
	l.log.Error("this agent was withdrawn by the server: it drops all grants, ends their sessions, refuses every login and will not connect again")
	if l.cfg.Presence != nil {
		l.cfg.Presence.Clear()
	}
	for ctx.Err() == nil {
		ended, err := l.cfg.Ledger.Clear()
		for _, e := range ended {
			l.cfg.Ladder.End(e.Grant, nil, nil)
		}
		if err == nil {
			return
		}
		l.cfg.Metrics.unwritten.Inc()
		wait(ctx, l.cfg.Timing.Flush)
	}
}

func phaseAfter(err error) Phase {
	switch closeCode(err) {
	case wire.CloseWithdrawn:
		return Withdrawn
	case wire.CloseReplaced:
		return Replaced
	case wire.CloseQuarantined:
		return Quarantined
	}
	return Waiting
}

// once enrols if that is due, makes a link, and returns how long it was up and
// why it ended.
func (l *Link) once(ctx context.Context) (up time.Duration, err error) {
	id, wanting := l.identity()
	if wanting {
		if err := l.enrol(ctx); err != nil {
			if id == nil || !errors.Is(err, errRefused) {
				return 0, err
			}
			l.log.Error("the new enrolment token is refused; going on as before", "agent_id", id.AgentID, "error", err)
			l.forgetToken()
		}
		id, _ = l.identity()
	}
	l.enter(Connecting)
	own, err := l.choose(id)
	if err != nil {
		return 0, fmt.Errorf("the agent's certificate: %w", err)
	}
	return l.connect(ctx, id, own)
}

func (l *Link) forgetToken() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wanting = false
}
