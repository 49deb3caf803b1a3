package live

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

const (
	page     = 128 // events of a chain per look, and handed out at a time; half a screen's queue
	pollFor  = 5 * time.Second
	paceFor  = 2 * time.Second
	stallFor = 500 * time.Millisecond
	halfFull = queueSize / 2
)

// dispatcher reads new events once for all screens and hands them out.
type dispatcher struct {
	store   Events
	notes   Notifications
	metrics *Metrics
	log     *slog.Logger
	now     func() time.Time
	every   time.Duration

	done    <-chan struct{}   // closed when run is to end
	asks    chan chan<- error // answered after a look that began after the ask; the inner ones have a slot
	drained chan struct{}     // one slot: some queue fell to half
	failing bool              // of run alone: the last look failed

	mu     sync.Mutex // guards all below
	at     position   // nil while nobody follows
	feeds  map[string]*feed
	coming int // screens between asking and joining
}

// run looks for events when woken, when a screen comes, and every so often,
// until ctx, whose end is done, ends.
func (d *dispatcher) run(ctx context.Context) {
	notes, cancel := d.notes.Subscribe(256)
	defer cancel()
	tick := time.NewTicker(d.every)
	defer tick.Stop()
	for {
		var asked []chan<- error
		select {
		case <-ctx.Done():
			return
		case note := <-notes:
			if note.Kind == store.NotifyAccess || note.Kind == store.NotifyResync {
				d.recheck() // a revoke may be among what was missed
			}
			if note.Kind == store.NotifyDetail {
				d.hint(note)
			}
			if !wakes(note) {
				continue
			}
		case <-tick.C:
		case ask := <-d.asks:
			asked = d.waiting(ask)
		}
		err := d.look(ctx)
		for _, ask := range asked {
			ask <- err
		}
	}
}

func wakes(note store.Notification) bool {
	switch note.Kind {
	case store.NotifyEvent, store.NotifyVisit, store.NotifyResync:
		return true
	case store.NotifyLedger, store.NotifyCommand, store.NotifyAgent, store.NotifyAck, store.NotifyAccess, store.NotifyDetail, store.NotifyTest:
	}
	return false
}

// waiting returns all who ask by now: one look serves them.
func (d *dispatcher) waiting(first chan<- error) []chan<- error {
	asked := []chan<- error{first}
	for {
		select {
		case ask := <-d.asks:
			asked = append(asked, ask)
		default:
			return asked
		}
	}
}

// look hands out what is new.
func (d *dispatcher) look(ctx context.Context) error {
	err := d.read(ctx)
	if err != nil && ctx.Err() == nil {
		d.metrics.failures.Inc()
		if !d.failing {
			d.log.Warn("looking for events failed", "error", err)
		}
	}
	d.failing = err != nil
	return err
}

func (d *dispatcher) read(ctx context.Context) error {
	at, wanted := d.position()
	if !wanted {
		return nil
	}
	if at == nil {
		return d.begin(ctx)
	}
	for {
		events, err := d.after(ctx, at)
		if err != nil {
			return err
		}
		for some := range slices.Chunk(events, page) {
			d.pace(ctx)
			d.deliver(some)
		}
		if len(events) < page {
			return nil
		}
	}
}

// position returns where the dispatcher is, and forgets it when nobody follows.
// Only run, which calls it, changes the map.
func (d *dispatcher) position() (at position, wanted bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.feeds) == 0 && d.coming == 0 {
		d.at = nil
		return nil, false
	}
	return d.at, true
}

// begin starts at the present end of all chains.
func (d *dispatcher) begin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pollFor)
	defer cancel()
	at, err := d.store.EventCursors(ctx, store.Everything)
	if err != nil {
		return err
	}
	if at == nil {
		at = position{}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = at
	return nil
}

func (d *dispatcher) after(ctx context.Context, at position) ([]store.ChainEvent, error) {
	ctx, cancel := context.WithTimeout(ctx, pollFor)
	defer cancel()
	return d.store.EventsAfter(ctx, store.Everything, at, page)
}

// deliver moves on by each event and offers it to who follows its chain.
func (d *dispatcher) deliver(events []store.ChainEvent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range events {
		d.at[e.Chain] = e.Seq
		d.metrics.events.Inc()
		d.metrics.lag.Observe(d.now().Sub(e.At).Seconds())
		for _, f := range d.feeds {
			if follows(f.scope, e) {
				d.offer(f, e)
			}
		}
	}
}

// hint tells who sees the whole site that a visit's page has news that are no event.
// It may get lost: a page that waits for something also asks.
func (d *dispatcher) hint(note store.Notification) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.feeds {
		if f.scope.Host == "" && (f.scope.All || slices.Contains(f.scope.Sites, note.SiteID)) {
			d.tell(f, message{Type: typeDetail, SiteID: note.SiteID, VisitID: visit.VisitID(note.Object)})
		}
	}
}

func (d *dispatcher) offer(f *feed, e store.ChainEvent) { d.tell(f, eventMessage(e)) }

// tell queues a message for a feed's screens. d.mu is held.
func (d *dispatcher) tell(f *feed, m message) {
	m.Cursor = d.at.within(f.scope).encode()
	frame, err := m.prepared()
	if err != nil { // ids, kinds and instants always encode
		d.log.Error("message not encoded", "type", m.Type, "error", err)
		return
	}
	for s := range f.members {
		s.offer(frame)
	}
}

// pace lets queues empty to half before more is read. Screens that send nothing
// for stallFor are not waited for, nor any for long: the next pages cut them.
func (d *dispatcher) pace(ctx context.Context) {
	limit, stall := time.NewTimer(paceFor), time.NewTicker(stallFor)
	defer limit.Stop()
	defer stall.Stop()
	for stalled := false; d.crowded(stalled); {
		select {
		case <-d.drained:
			stalled = false
		case <-stall.C:
			stalled = true
		case <-limit.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// crowded reports whether a screen's queue is more than half full; with stalled,
// only of screens that have sent something since it was last asked that.
func (d *dispatcher) crowded(stalled bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	found := false
	for _, f := range d.feeds {
		for s := range f.members {
			moved := true
			if stalled {
				sent := s.sent.Load()
				moved, s.paced = sent != s.paced, sent
			}
			found = found || moved && len(s.queue) > halfFull && s.ctx.Err() == nil
		}
	}
	return found
}

// fresh waits for a look that began after the call. On success the caller must
// call join or arrive.
func (d *dispatcher) fresh(ctx context.Context) error {
	d.arrive(1)
	answer := make(chan error, 1)
	err := d.ask(ctx, answer)
	if err != nil {
		d.arrive(-1)
	}
	return err
}

func (d *dispatcher) ask(ctx context.Context, answer chan error) error {
	select {
	case d.asks <- answer:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-d.done:
		return errStopping
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-d.done:
		return errStopping
	}
}

// arrive counts screens that are about to join.
func (d *dispatcher) arrive(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.coming += n
}

// join makes a screen a member of its feed and returns where the feed is: every
// later event will be offered, none before.
func (d *dispatcher) join(s *screen) position {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.coming--
	k := key(s.scope)
	f := d.feeds[k]
	if f == nil {
		f = &feed{scope: s.scope, members: map[*screen]struct{}{}}
		d.feeds[k] = f
	}
	f.members[s] = struct{}{}
	return d.at.within(s.scope)
}

func (d *dispatcher) leave(s *screen) {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := key(s.scope)
	delete(d.feeds[k].members, s)
	if len(d.feeds[k].members) == 0 {
		delete(d.feeds, k)
	}
}

// recheck makes every screen ask whether its credentials still hold.
func (d *dispatcher) recheck() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.feeds {
		for s := range f.members {
			select {
			case s.doubt <- struct{}{}:
			default:
			}
		}
	}
}
