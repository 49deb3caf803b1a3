package hub

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Config is what a Hub needs. All fields but Timing are required.
type Config struct {
	ID            string // this replica, unique among the running ones
	Authority     *Authority
	Store         Followed
	Ledger        Ledger
	Registry      Registry
	Notifications Notifications
	Metrics       *Metrics
	Logger        *slog.Logger
	Now           func() time.Time
	Timing        Timing // zero: DefaultTiming
}

// Timing holds the limits of a link.
type Timing struct {
	Ping    time.Duration // between pings; each carries the hub's clock
	Look    time.Duration // between looks at how long the agent has been silent
	Suspect time.Duration // of silence, after which check-ins no longer wait for the agent
	Cut     time.Duration // of silence, after which the link ends
	Write   time.Duration // one frame
	Hello   time.Duration // until the first frame
	Store   time.Duration // one call of the store
	Poll    time.Duration // the safety net beneath notifications
}

// DefaultTiming shows a silent agent as suspect within five seconds.
var DefaultTiming = Timing{
	Ping: 2 * time.Second, Look: 500 * time.Millisecond, Suspect: 4500 * time.Millisecond, Cut: 15 * time.Second,
	Write: 10 * time.Second, Hello: 10 * time.Second, Store: 15 * time.Second, Poll: time.Second,
}

// queueFrames may wait for an agent to read. A full queue blocks this link's own
// follower and reader, nobody else.
const queueFrames = 64

// Hub holds the links of the agents connected to this replica. Safe for
// concurrent use.
type Hub struct {
	id        string
	authority *Authority
	store     Followed
	ledger    Ledger
	registry  Registry
	notes     Notifications
	metrics   *Metrics
	log       *slog.Logger
	now       func() time.Time
	timing    Timing

	ctx    context.Context // of all links; cancelled by Stop
	cancel context.CancelCauseFunc
	links  sync.WaitGroup
	wakers sync.WaitGroup

	mu    sync.Mutex // guards peers and stopping
	peers map[visit.AgentID]*peer
	// stopping keeps links.Add from racing links.Wait.
	stopping bool
}

// New makes a Hub. Start must be called before links are woken by anything but
// their poll.
func New(c Config) *Hub {
	if c.Timing == (Timing{}) {
		c.Timing = DefaultTiming
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	return &Hub{
		id: c.ID, authority: c.Authority, store: c.Store, ledger: c.Ledger, registry: c.Registry,
		notes: c.Notifications, metrics: c.Metrics, log: c.Logger, now: c.Now, timing: c.Timing,
		ctx: ctx, cancel: cancel, peers: map[visit.AgentID]*peer{},
	}
}

// errStopping ends links so that agents come back, to another replica if there
// is one.
var errStopping = &closing{wire.CloseRestart, "the hub restarts"}

// Start begins to wake links by notifications. It does not block.
func (h *Hub) Start() {
	notes, cancel := h.notes.Subscribe(1024)
	h.wakers.Go(func() {
		defer cancel()
		for {
			select {
			case note := <-notes:
				h.notified(note)
			case <-h.ctx.Done():
				return
			}
		}
	})
}

// Stop closes every link with 1012 and waits for them, at most until ctx ends.
func (h *Hub) Stop(ctx context.Context) error {
	h.mu.Lock()
	h.stopping = true
	h.mu.Unlock()
	h.cancel(errStopping)
	done := make(chan struct{})
	go func() {
		h.links.Wait()
		h.wakers.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return errors.New("agents' links did not end in time")
	}
}

// notified wakes the links a notification is about.
func (h *Hub) notified(note store.Notification) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch note.Kind {
	case store.NotifyLedger, store.NotifyCommand, store.NotifyTest, store.NotifyResync:
	case store.NotifyAgent:
		if p := h.peers[visit.AgentID(note.Object)]; p != nil {
			h.links.Go(func() { h.recheck(p) })
		}
		// The site's others are woken too: a lost link leaves commands to them.
	case store.NotifyVisit, store.NotifyDetail, store.NotifyAck, store.NotifyEvent, store.NotifyAccess:
		return
	}
	for _, p := range h.peers {
		if note.SiteID == "" || note.SiteID == p.agent.SiteID {
			if note.Kind == store.NotifyTest || note.Kind == store.NotifyResync {
				p.asked.Store(true)
			}
			select {
			case p.wake <- struct{}{}:
			default:
			}
		}
	}
}

// recheck ends a link whose agent was withdrawn or has another connection. Any
// conditional write would find out; this one does so at once.
func (h *Hub) recheck(p *peer) {
	ctx, cancel := context.WithTimeout(h.ctx, h.timing.Store)
	defer cancel()
	if err := h.store.Seen(ctx, p.agent.ID, p.epoch, false); errors.Is(err, visit.ErrStaleEpoch) {
		p.end(err)
	}
}

// admit makes p the link of its agent; an earlier one on this replica ends.
func (h *Hub) admit(p *peer) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopping {
		return errStopping
	}
	if old := h.peers[p.agent.ID]; old != nil {
		if old.epoch > p.epoch {
			return visit.ErrStaleEpoch
		}
		old.end(visit.ErrStaleEpoch)
	}
	h.peers[p.agent.ID] = p
	h.metrics.connected.Set(float64(len(h.peers)))
	return nil
}

// release forgets p and records that its agent is away, unless another
// connection acts for it by now.
func (h *Hub) release(ctx context.Context, p *peer) {
	h.mu.Lock()
	if h.peers[p.agent.ID] == p {
		delete(h.peers, p.agent.ID)
		h.metrics.forget(p.agent.ID)
	}
	h.metrics.connected.Set(float64(len(h.peers)))
	h.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.timing.Store)
	defer cancel()
	if err := h.store.Disconnected(ctx, p.agent.ID, p.epoch); err != nil && !errors.Is(err, visit.ErrStaleEpoch) {
		p.log.Warn("agent's disconnect not recorded", "error", err)
	}
}

// connected lists the site's agents that have their link here.
func (h *Hub) connected(site visit.SiteID) []visit.AgentID {
	h.mu.Lock()
	defer h.mu.Unlock()
	var ids []visit.AgentID
	for id, p := range h.peers {
		if p.agent.SiteID == site {
			ids = append(ids, id)
		}
	}
	return ids
}

// forward tells the site's other agents on this replica of sessions that one of
// them reported. Those of other replicas learn them when they connect, and a
// command always carries its sessions whole.
func (h *Hub) forward(from *peer, open []wire.Session, closed []wire.SessionKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, part := range sessionReports(open, closed) {
		for _, p := range h.peers {
			if p != from && p.agent.SiteID == from.agent.SiteID {
				p.offer(part)
			}
		}
	}
}
