package live

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

const (
	queueSize  = 256     // frames
	readLimit  = 4 << 10 // octets; screens have nothing to say
	replayMost = 1000    // events; a screen that missed more reads everything again
	replayFor  = 5 * time.Second
	goodbyeFor = time.Second
	recheckFor = 5 * time.Second
)

// timing is how patient a screen's connection is.
type timing struct {
	write   time.Duration // for one frame
	pong    time.Duration // without one the peer is gone
	ping    time.Duration
	beat    time.Duration // a message at least this often: a page is not told of pings
	recheck time.Duration
}

var usual = timing{write: 5 * time.Second, pong: 30 * time.Second, ping: 27 * time.Second, beat: 15 * time.Second, recheck: time.Minute}

func (t timing) beatSeconds() int { return int(t.beat / time.Second) }

// closing is why a connection ends, as the peer is told (RFC 6455 7.4.1).
type closing struct {
	reason string // for the metric
	code   int
	text   string
}

func (c *closing) Error() string { return "live: " + c.text }

var (
	errStopping = &closing{"stopping", websocket.CloseServiceRestart, "restarting"}
	errSlow     = &closing{"slow", websocket.CloseTryAgainLater, "too slow; come back with your cursor"}
	errReplay   = &closing{"unavailable", websocket.CloseTryAgainLater, "come back with your cursor"}
	errRevoked  = &closing{"revoked", websocket.ClosePolicyViolation, "sign in again"}
	errPeer     = &closing{"peer", websocket.CloseNormalClosure, ""}
)

// screen is one dashboard's connection.
type screen struct {
	conn   *websocket.Conn
	who    auth.Identity
	scope  store.Scope
	timing timing
	queue  chan frame // never closed
	cursor string     // of the last message sent; of the writer alone
	now    func() time.Time
	doubt  chan struct{} // one slot: the credentials may have been revoked
	sent   atomic.Int64  // frames
	paced  int64         // of the dispatcher, under its lock: sent when it last looked

	ctx    context.Context // its cause says why the connection ends
	cancel context.CancelCauseFunc
}

// offer queues a frame, or ends a connection that has too many waiting.
func (s *screen) offer(frame frame) {
	select {
	case s.queue <- frame:
	default:
		s.cancel(errSlow)
	}
}

// read notices pongs, and the end of the peer or of its silence.
func (s *screen) read() {
	s.conn.SetReadLimit(readLimit)
	alive := func(string) error { return s.conn.SetReadDeadline(time.Now().Add(s.timing.pong)) }
	s.conn.SetPongHandler(alive)
	err := alive("")
	for err == nil {
		// Reading whole messages makes the limit count all fragments of one.
		_, _, err = s.conn.ReadMessage()
	}
	s.cancel(errPeer)
}

// doubtful ends the connection once its credentials no longer hold, or mean
// something else.
func (s *screen) doubtful() {
	tick := time.NewTicker(s.timing.recheck)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		case <-s.doubt:
		}
		if !s.holds() {
			s.cancel(errRevoked)
		}
	}
}

// holds asks again. That nobody could answer is no reason to cut a screen.
func (s *screen) holds() bool {
	ctx, cancel := context.WithTimeout(s.ctx, recheckFor)
	defer cancel()
	now, err := s.who.Again(ctx)
	if err != nil {
		return visit.KindOf(err) != visit.KindUnauthenticated
	}
	was := s.who.Principal
	return now.Can(auth.VisitsRead) && now.Host == was.Host && was.Sites.Within(now.Sites) && now.Sites.Within(was.Sites)
}

// write sends what is queued, beats where there is nothing, and pings, until the
// connection ends.
func (s *screen) write(drained func()) {
	ping, beat := time.NewTicker(s.timing.ping), time.NewTicker(s.timing.beat)
	defer ping.Stop()
	defer beat.Stop()
	var err error
	for err == nil {
		select {
		case <-s.ctx.Done():
			s.goodbye()
			return
		case frame := <-s.queue:
			err = s.send(frame)
			s.sent.Add(1)
			beat.Reset(s.timing.beat)
			if len(s.queue) == halfFull {
				drained()
			}
		case <-beat.C:
			now := s.now().UTC()
			err = s.say(message{Type: typeBeat, Cursor: s.cursor, Now: &now})
		case <-ping.C:
			err = s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(s.timing.write))
		}
	}
	s.failed(err)
}

// failed tells a peer that does not read from one that has gone.
func (s *screen) failed(err error) {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		s.cancel(errSlow)
	}
	s.cancel(errPeer)
}

func (s *screen) send(frame frame) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.timing.write)); err != nil {
		return err
	}
	s.cursor = frame.cursor
	return s.conn.WritePreparedMessage(frame.message)
}

func (s *screen) say(m message) error {
	frame, err := m.prepared()
	if err != nil {
		return err
	}
	return s.send(frame)
}

// cause is why the connection ends.
func (s *screen) cause() *closing {
	if c, ok := errors.AsType[*closing](context.Cause(s.ctx)); ok {
		return c
	}
	return errPeer
}

// goodbye tells the peer why, as far as it still listens.
func (s *screen) goodbye() {
	c := s.cause()
	_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(c.code, c.text), time.Now().Add(goodbyeFor))
}
