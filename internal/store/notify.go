package store

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// NotificationKind says what changed.
type NotificationKind string

// The kinds of notification. They only wake: the tables hold the truth.
const (
	NotifyLedger  NotificationKind = "ledger"  // a site's agents have something to follow
	NotifyCommand NotificationKind = "command" // sessions are to be ended; object: visit
	NotifyAgent   NotificationKind = "agent"   // withdrawn, replaced or quarantined; object: agent
	NotifyVisit   NotificationKind = "visit"   // object: visit
	NotifyDetail  NotificationKind = "detail"  // what a visit's page tells changed, without an event; object: visit
	NotifyAck     NotificationKind = "ack"     // an agent acknowledged; object: agent
	NotifyEvent   NotificationKind = "event"   // new events
	NotifyAccess  NotificationKind = "access"  // a login or token was revoked
	NotifyTest    NotificationKind = "test"    // of a NAS, asked for or answered; object: test
	NotifyResync  NotificationKind = "resync"  // local: some were missed, anything may have changed
)

// Notification is a hint that something changed. It holds ids only.
type Notification struct {
	Kind   NotificationKind
	SiteID visit.SiteID // empty: of the deployment
	Object string
}

func (n Notification) payload() string {
	return string(n.Kind) + ":" + string(n.SiteID) + ":" + n.Object
}

func parseNotification(payload string) (Notification, bool) {
	kind, rest, ok := strings.Cut(payload, ":")
	site, object, both := strings.Cut(rest, ":")
	return Notification{NotificationKind(kind), visit.SiteID(site), object}, ok && both
}

const (
	listenFor    = 10 * time.Second // to connect
	relistenSoon = 100 * time.Millisecond
	relistenLate = 5 * time.Second
)

// Notifier listens on a connection of its own and wakes its subscribers. It is a
// convenience: who must not miss anything also polls.
type Notifier struct {
	url string
	log *slog.Logger

	mu          sync.Mutex // guards subscribers
	subscribers map[*subscriber]struct{}
}

type subscriber struct {
	c      chan Notification // closed by its cancel function
	missed bool
}

// NewNotifier returns a notifier for the database; Run does the work.
func NewNotifier(url string, logger *slog.Logger) *Notifier {
	return &Notifier{url: url, log: logger, subscribers: map[*subscriber]struct{}{}}
}

// Run listens until ctx ends and then returns nil. A lost connection is made
// again with back-off; subscribers get NotifyResync when it stands.
func (n *Notifier) Run(ctx context.Context) error {
	wait := relistenSoon
	for ctx.Err() == nil {
		began := time.Now()
		err := n.listen(ctx)
		if ctx.Err() != nil {
			break
		}
		if time.Since(began) > relistenLate {
			wait = relistenSoon
		}
		n.log.Warn("listening for notifications interrupted", "error", explain(err))
		pause(ctx, wait/2+rand.N(wait/2)) //nolint:gosec // jitter
		wait = min(2*wait, relistenLate)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (n *Notifier) listen(ctx context.Context) error {
	conn, err := connectAlone(ctx, n.url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "listen "+channel); err != nil {
		return err
	}
	n.deliver(Notification{Kind: NotifyResync})
	for {
		got, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if notification, ok := parseNotification(got.Payload); ok {
			n.deliver(notification)
		}
	}
}

// connectAlone opens a connection outside the pool, on which only TCP says
// whether the server is still there.
func connectAlone(ctx context.Context, url string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database URL does not parse") // the cause would quote the password
	}
	config.RuntimeParams["application_name"] = "foyer"
	for name, value := range map[string]string{
		"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3",
	} {
		config.RuntimeParams[name] = value
	}
	ctx, cancel := context.WithTimeout(ctx, listenFor)
	defer cancel()
	return pgx.ConnectConfig(ctx, config)
}

// Subscribe returns a channel of notifications and a function that ends the
// subscription and closes the channel. A subscriber that does not read loses
// notifications, never delays others, and gets a NotifyResync with the next one.
func (n *Notifier) Subscribe(buffer int) (notifications <-chan Notification, cancel func()) {
	s := &subscriber{c: make(chan Notification, max(buffer, 1))}
	n.mu.Lock()
	n.subscribers[s] = struct{}{}
	n.mu.Unlock()
	return s.c, sync.OnceFunc(func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.subscribers, s)
		close(s.c)
	})
}

func (n *Notifier) deliver(notification Notification) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for s := range n.subscribers {
		s.offer(notification)
	}
}

// offer never blocks. What found no room is made up for by a resync in place of
// the next one that does.
func (s *subscriber) offer(notification Notification) {
	if s.missed {
		notification = Notification{Kind: NotifyResync}
	}
	select {
	case s.c <- notification:
		s.missed = false
	default:
		s.missed = true
	}
}

// ackPoll is how often WaitAcked looks by itself.
const ackPoll = 100 * time.Millisecond

// WaitAcked waits until the site's connected agents have all acknowledged the
// revision or ctx ends, and returns what holds then. A suspect agent, or none
// connected, is not waited for. The end of ctx is no error. A nil notifier means
// polling.
func (s *Store) WaitAcked(ctx context.Context, n *Notifier, site visit.SiteID, revision int64) (Readiness, error) {
	var woken <-chan Notification
	if n != nil {
		notifications, cancel := n.Subscribe(64)
		defer cancel()
		woken = notifications
	}
	for {
		ready, err := s.Acked(context.WithoutCancel(ctx), site, revision)
		if err != nil || ready.Ready() || ready.Connected == 0 || ready.Suspect > 0 || ctx.Err() != nil {
			return ready, err
		}
		waitFor(ctx, woken, site)
	}
}

func waitFor(ctx context.Context, woken <-chan Notification, site visit.SiteID) {
	timer := time.NewTimer(ackPoll)
	defer timer.Stop()
	for {
		select {
		case n := <-woken:
			if n.Kind == NotifyResync || n.Kind == NotifyAck && n.SiteID == site {
				return
			}
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
