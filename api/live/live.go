package live

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// Events are the events as this package reads them.
type Events interface {
	// EventCursors returns the present end of each site's chain in the scope. The
	// last event may lie before it.
	EventCursors(ctx context.Context, scope store.Scope) (map[string]int64, error)
	// EventsAfter returns at most limit events of each chain behind the place in it,
	// in order within a chain; a chain that is not named is read from its beginning.
	EventsAfter(ctx context.Context, scope store.Scope, after map[string]int64, limit int) ([]store.ChainEvent, error)
	// Site errors with KindNotFound for what lies outside the scope.
	Site(ctx context.Context, scope store.Scope, id visit.SiteID) (visit.Site, error)
}

// Notifications wake the dispatcher. They may get lost.
type Notifications interface {
	Subscribe(buffer int) (notifications <-chan store.Notification, cancel func())
}

// Config is what a Live needs. All fields are required.
type Config struct {
	Store         Events
	Notifications Notifications
	Metrics       *Metrics
	Logger        *slog.Logger
	Origin        string // a URL of the pages that may connect; its path is ignored
	Now           func() time.Time
}

const (
	pollEvery   = time.Second
	maxScreens  = 2000 // connections of this process
	handshake   = 5 * time.Second
	writeBuffer = 2 << 10
)

// Live serves dashboards' WebSockets. It is safe for concurrent use.
type Live struct {
	dispatcher *dispatcher
	store      Events
	metrics    *Metrics
	log        *slog.Logger
	now        func() time.Time
	origin     string
	timing     timing
	upgrader   websocket.Upgrader

	ctx    context.Context // of all screens; cancelled by Stop
	cancel context.CancelCauseFunc
	work   sync.WaitGroup

	mu       sync.Mutex // guards screens and stopping
	screens  int
	stopping bool // keeps work.Add from racing work.Wait
}

// New makes a Live. Screens wait for Start.
func New(c Config) *Live {
	ctx, cancel := context.WithCancelCause(context.Background())
	return &Live{
		dispatcher: &dispatcher{
			store: c.Store, notes: c.Notifications, metrics: c.Metrics, log: c.Logger, now: c.Now, every: pollEvery,
			done: ctx.Done(), asks: make(chan chan<- error), drained: make(chan struct{}, 1), feeds: map[string]*feed{},
		},
		store: c.Store, metrics: c.Metrics, log: c.Logger, now: c.Now, origin: originOf(c.Origin), timing: usual,
		upgrader: websocket.Upgrader{
			HandshakeTimeout: handshake, ReadBufferSize: readLimit, WriteBufferSize: writeBuffer,
			CheckOrigin: func(*http.Request) bool { return true },                // admitted has
			Error:       func(http.ResponseWriter, *http.Request, int, error) {}, // Handle returns it
		},
		ctx: ctx, cancel: cancel,
	}
}

// Start begins to look for events. It does not block.
func (l *Live) Start() {
	l.work.Go(func() { l.dispatcher.run(l.ctx) })
}

// Stop closes every screen with 1012 and waits for them, at most until ctx ends.
// It may be called twice.
func (l *Live) Stop(ctx context.Context) error {
	l.mu.Lock()
	l.stopping = true
	l.mu.Unlock()
	l.cancel(errStopping)
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.work.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return errors.New("live: screens did not end in time")
	}
}

var (
	errOrigin   = visit.Errorf(visit.KindForbidden, "foreign_origin", "This page may not connect.")
	errRestart  = visit.Errorf(visit.KindUnavailable, "unavailable", "This server restarts.")
	errCrowded  = visit.Errorf(visit.KindUnavailable, "unavailable", "Too many screens are connected.")
	errProtocol = visit.Errorf(visit.KindInvalid, "websocket_expected", "This address speaks WebSocket.")
)

// Handle serves GET ?site_id=&cursor= for the identity in the request's context
// (auth.WithIdentity) until the connection ends. Before it is one, what goes
// wrong is returned and nothing has been written: KindForbidden for a foreign
// page, KindNotFound for a site that the principal may not see, KindInvalid,
// KindUnavailable.
func (l *Live) Handle(w http.ResponseWriter, r *http.Request) error {
	site, cursor, err := l.admitted(r)
	if err != nil {
		return err
	}
	if err := l.enter(); err != nil {
		return err
	}
	defer l.exit()
	if err := l.dispatcher.fresh(r.Context()); err != nil {
		return visit.Unavailable("The database", err)
	}
	conn, err := l.upgrader.Upgrade(w, r, nil)
	if err != nil {
		l.dispatcher.arrive(-1)
		if _, bad := errors.AsType[websocket.HandshakeError](err); bad {
			return errProtocol
		}
		return nil // the peer left
	}
	l.serve(conn, auth.IdentityOf(r.Context()), site, cursor)
	return nil
}

// admitted reads and checks what a request asks for.
func (l *Live) admitted(r *http.Request) (visit.SiteID, string, error) {
	query := r.URL.Query()
	site := visit.SiteID(query.Get("site_id"))
	for name := range query {
		if name != "site_id" && name != "cursor" {
			return "", "", visit.Invalid("query", "There is a parameter that this address does not know.")
		}
	}
	if origin := r.Header.Get("Origin"); origin != "" && !strings.EqualFold(origin, l.origin) {
		return "", "", errOrigin
	}
	if !websocket.IsWebSocketUpgrade(r) {
		return "", "", errProtocol
	}
	if site == "" {
		return "", query.Get("cursor"), nil
	}
	found, err := l.store.Site(r.Context(), scopeOf(auth.PrincipalOf(r.Context()), ""), site)
	return found.ID, query.Get("cursor"), err
}

// enter counts a screen in, which exit undoes.
func (l *Live) enter() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.stopping:
		return errRestart
	case l.screens >= maxScreens:
		return errCrowded
	}
	l.screens++
	l.work.Add(1)
	return nil
}

func (l *Live) exit() {
	l.mu.Lock()
	l.screens--
	l.mu.Unlock()
	l.work.Done()
}

// serve runs a connection. It is the screen's only writer.
func (l *Live) serve(conn *websocket.Conn, who auth.Identity, site visit.SiteID, cursor string) {
	l.metrics.screens.Inc()
	defer l.metrics.screens.Dec()
	ctx, cancel := context.WithCancelCause(l.ctx)
	s := &screen{
		conn: conn, who: who, scope: scopeOf(who.Principal, site), timing: l.timing,
		queue: make(chan frame, queueSize), now: l.now, doubt: make(chan struct{}, 1), ctx: ctx, cancel: cancel,
	}
	var helpers sync.WaitGroup
	helpers.Go(s.read)
	helpers.Go(s.doubtful)

	at := l.dispatcher.join(s)
	if err := l.greet(s, at, cursor); err != nil {
		s.failed(err)
		s.goodbye()
	} else {
		s.write(l.drained)
	}
	l.dispatcher.leave(s)
	cancel(errPeer)
	_ = conn.Close()
	helpers.Wait()
	l.metrics.closed.WithLabelValues(s.cause().reason).Inc()
}

func (l *Live) drained() {
	select {
	case l.dispatcher.drained <- struct{}{}:
	default:
	}
}

// greet brings a screen to where its feed is.
func (l *Live) greet(s *screen, at position, cursor string) error {
	now := l.now().UTC()
	if cursor == "" {
		return s.say(message{Type: typeHello, Cursor: at.encode(), Now: &now, Beat: s.timing.beatSeconds()})
	}
	from, events, err := l.missed(s, at, cursor)
	switch {
	case err != nil:
		l.log.Warn("replay failed", "error", err)
		s.cancel(errReplay)
		return err
	case from == nil:
		return s.say(message{Type: typeResync, Cursor: at.encode(), Now: &now, Beat: s.timing.beatSeconds()})
	}
	if err := s.say(message{Type: typeHello, Cursor: from.encode(), Now: &now, Beat: s.timing.beatSeconds()}); err != nil {
		return err
	}
	for _, e := range events {
		from[e.Chain] = e.Seq
		m := eventMessage(e)
		m.Cursor = from.encode()
		if err := s.say(m); err != nil {
			return err
		}
	}
	return nil
}

// missed returns the place of a cursor and the events from there to at. No
// place: the cursor is none of ours, of another time line (a database restored
// from a copy), or too far behind.
func (l *Live) missed(s *screen, at position, cursor string) (position, []store.ChainEvent, error) {
	named, ok := parseCursor(cursor)
	if !ok {
		return nil, nil, nil
	}
	ctx, cancel := context.WithTimeout(s.ctx, replayFor)
	defer cancel()
	heads, err := l.store.EventCursors(ctx, s.scope)
	if err != nil {
		return nil, nil, err
	}
	from, behind := position{}, int64(0)
	for chain, head := range heads {
		if named[chain] > head {
			return nil, nil, nil
		}
		from[chain] = named[chain]
		behind += max(0, at[chain]-named[chain])
	}
	if behind > replayMost {
		return nil, nil, nil
	}
	events, err := l.between(ctx, s.scope, from, at)
	return from, events, err
}

// between returns the events behind from up to at, which were committed before
// the call; what is behind at comes by the feed.
func (l *Live) between(ctx context.Context, scope store.Scope, from, at position) ([]store.ChainEvent, error) {
	seen, events := maps.Clone(from), []store.ChainEvent{}
	for {
		some, err := l.store.EventsAfter(ctx, scope, seen, page)
		if err != nil {
			return nil, err
		}
		for _, e := range some {
			seen[e.Chain] = e.Seq
			if e.Seq <= at[e.Chain] {
				events = append(events, e)
			}
		}
		if len(some) < page || len(events) >= replayMost {
			return events, nil
		}
	}
}

// originOf is a URL's origin as browsers write it (RFC 6454 6.1).
func originOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}
