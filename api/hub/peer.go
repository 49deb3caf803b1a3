package hub

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/errgroup"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Limits of one link. A ping carries the hub's clock, so that an agent keeps
// its offset without a frame of its own.
const (
	pingEvery    = 2 * time.Second
	lookEvery    = 500 * time.Millisecond
	suspectAfter = 4500 * time.Millisecond // shown within five seconds
	cutAfter     = 15 * time.Second
	writeWithin  = 10 * time.Second
	helloWithin  = 10 * time.Second
	storeWithin  = 15 * time.Second
	queueFrames  = 64 // a full queue blocks this link's own follower and reader, nobody else
	ledgerBatch  = 500
)

// errPeerLeft is how a link that the other side ended is told from a failure;
// it is recognised in one place, leave.
var errPeerLeft = errors.New("the peer left")

// closing is an error that says with which code to close.
type closing struct {
	code   int
	reason string
}

func (c *closing) Error() string { return fmt.Sprintf("close %d: %s", c.code, c.reason) }

// peer is one agent's link.
type peer struct {
	hub    *Hub
	conn   *websocket.Conn
	leaf   *x509.Certificate
	agent  store.Agent
	epoch  int64
	hello  wire.Hello
	log    *slog.Logger
	out    chan []byte   // closed by nobody; the link's context ends its users
	wake   chan struct{} // capacity 1: there may be something to follow
	heard  atomic.Int64  // unix nanoseconds of the last sign of life
	cancel context.CancelCauseFunc
}

// serve runs the link to its end. The caller closes the socket.
func (p *peer) serve(ctx context.Context) error {
	ctx, p.cancel = context.WithCancelCause(ctx)
	defer p.cancel(nil)
	if err := p.greet(ctx); err != nil {
		return err
	}
	if err := p.hub.admit(p); err != nil {
		return err
	}
	defer p.hub.release(ctx, p)

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.write(ctx) })
	group.Go(func() error { return p.follow(ctx) })
	group.Go(func() error { return p.read(ctx) })
	group.Go(func() error { // a read has no context of its own: the end of the link ends it
		<-ctx.Done()
		_ = p.conn.SetReadDeadline(time.Unix(1, 0))
		return context.Cause(ctx)
	})
	return group.Wait()
}

// greet reads the hello and takes the agent's next epoch.
func (p *peer) greet(ctx context.Context) error {
	p.conn.SetReadLimit(wire.MaxFrame)
	if err := p.conn.SetReadDeadline(time.Now().Add(helloWithin)); err != nil {
		return err
	}
	frame, err := p.next()
	if err != nil {
		return err
	}
	hello, ok := frame.(*wire.Hello)
	if !ok {
		return &closing{websocket.ClosePolicyViolation, "the first frame is agent.hello"}
	}
	if hello.Protocol < 1 {
		return &closing{websocket.ClosePolicyViolation, "protocol version unknown"}
	}
	p.hello = *hello
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	p.epoch, err = p.hub.store.Connect(ctx, p.agent.ID, p.hub.id, *hello)
	p.heard.Store(p.hub.now().UnixNano())
	return err
}

// next reads one frame, skipping and counting those of a newer protocol.
func (p *peer) next() (wire.Frame, error) {
	for {
		kind, body, err := p.conn.ReadMessage()
		if err != nil {
			return nil, readError(err)
		}
		p.heard.Store(p.hub.now().UnixNano())
		if kind != websocket.TextMessage {
			return nil, &closing{websocket.CloseUnsupportedData, "frames are text"}
		}
		frame, err := wire.Decode(body)
		switch {
		case errors.Is(err, wire.ErrUnknownType):
			p.hub.metrics.frames.WithLabelValues("unknown").Inc()
			continue
		case err != nil:
			return nil, &closing{websocket.CloseInvalidFramePayloadData, "frame does not decode"}
		}
		p.hub.metrics.frames.WithLabelValues(string(frame.FrameType())).Inc()
		return frame, nil
	}
}

func readError(err error) error {
	if errors.Is(err, websocket.ErrReadLimit) {
		return &closing{websocket.CloseMessageTooBig, "frame too long"}
	}
	return fmt.Errorf("%w: %w", errPeerLeft, err)
}

// read takes in what the agent says until the link ends.
func (p *peer) read(ctx context.Context) error {
	if err := p.conn.SetReadDeadline(time.Now().Add(cutAfter)); err != nil {
		return err
	}
	p.conn.SetPongHandler(func(string) error {
		p.heard.Store(p.hub.now().UnixNano())
		return p.conn.SetReadDeadline(time.Now().Add(cutAfter))
	})
	for {
		frame, err := p.next()
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err
		}
		if err := p.take(ctx, frame); err != nil {
			return err
		}
		if err := p.conn.SetReadDeadline(time.Now().Add(cutAfter)); err != nil {
			return err
		}
	}
}

// take stores what one frame says, and answers it once it is stored.
func (p *peer) take(ctx context.Context, frame wire.Frame) error {
	storing, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	switch f := frame.(type) {
	case *wire.Ack:
		return p.hub.store.Ack(storing, p.agent.ID, p.epoch, f.Position)
	case *wire.Report:
		stored, err := p.hub.ledger.StoreReport(storing, p.agent.ID, p.agent.SiteID, p.epoch, *f)
		if err != nil {
			return fmt.Errorf("store a report: %w", err)
		}
		p.hub.metrics.records.Add(float64(len(f.Records)))
		p.hub.forward(p, stored.Open, stored.Closed)
		return p.send(ctx, &wire.ReportAck{Journal: f.Journal, Sequence: stored.Sequence})
	case *wire.Stats:
		p.hub.metrics.observe(p.agent, *f)
		return p.hub.store.StoreStats(storing, p.agent.ID, p.epoch, *f)
	case *wire.Renew:
		return p.renew(ctx, f.CSR)
	default:
		return &closing{websocket.ClosePolicyViolation, string(frame.FrameType()) + " does not go this way"}
	}
}

// renew issues the agent's next certificate. The old one stays good until it
// ends: the new one might never arrive.
func (p *peer) renew(ctx context.Context, csr []byte) error {
	request, err := parseRequest(csr)
	if err != nil {
		return &closing{websocket.ClosePolicyViolation, "certificate request refused"}
	}
	issued, err := p.hub.authority.Sign(p.agent.ID, request)
	if err != nil {
		return err
	}
	storing, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	if err := p.hub.registry.StoreCertificate(storing, p.agent.ID, issued); err != nil {
		return fmt.Errorf("store a renewed certificate: %w", err)
	}
	return p.send(ctx, &wire.Certificate{Certificate: issued.DER, NotAfter: issued.NotAfter})
}

// send queues a frame. A full queue blocks this link's own goroutine until the
// writer catches up or the link ends.
func (p *peer) send(ctx context.Context, frame wire.Frame) error {
	body, err := wire.Encode(frame)
	if err != nil {
		return err
	}
	select {
	case p.out <- body:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// offer queues a frame that may be lost: the caller is not this link's.
func (p *peer) offer(frame wire.Frame) {
	body, err := wire.Encode(frame)
	if err != nil {
		p.log.Error("frame not sent", "error", err)
		return
	}
	select {
	case p.out <- body:
	default:
		p.hub.metrics.dropped.Inc()
	}
}

// write is the only writer of the socket. It pings, marks an agent suspect that
// does not answer, and ends the link when the context does.
func (p *peer) write(ctx context.Context) error {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	said := state{at: p.hub.now()}
	if err := p.ping(); err != nil {
		return err
	}
	for {
		var err error
		select {
		case body := <-p.out:
			if err = p.conn.SetWriteDeadline(time.Now().Add(writeWithin)); err == nil {
				err = p.conn.WriteMessage(websocket.TextMessage, body)
			}
		case <-ping.C:
			err = p.ping()
		case <-look.C:
			if err := p.look(ctx, &said); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errPeerLeft, err)
		}
	}
}

func (p *peer) ping() error {
	var clock [8]byte
	binary.BigEndian.PutUint64(clock[:], uint64(p.hub.now().UnixNano()))
	return p.conn.WriteControl(websocket.PingMessage, clock[:], time.Now().Add(writeWithin))
}

// state is what the store was last told of the agent's signs of life.
type state struct {
	suspect bool
	at      time.Time
}

// seenEvery is how often the store hears of a live agent: it takes a link of
// which it has heard nothing for a minute for one whose hub died.
const seenEvery = 20 * time.Second

// look tells the store that the agent is suspect, is no longer, or is still
// there; and finds out that this link is not the agent's any more.
func (p *peer) look(ctx context.Context, said *state) error {
	now := p.hub.now()
	suspect := now.Sub(time.Unix(0, p.heard.Load())) > suspectAfter
	if suspect == said.suspect && now.Sub(said.at) < seenEvery {
		return nil
	}
	*said = state{suspect, now}
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	return p.hub.store.Seen(ctx, p.agent.ID, p.epoch, suspect)
}

// follow brings the agent to the site's desired state and keeps it there.
func (p *peer) follow(ctx context.Context) error {
	at, err := p.begin(ctx)
	if err != nil {
		return fmt.Errorf("bring the agent up to date: %w", err)
	}
	if err := p.sessions(ctx); err != nil {
		return fmt.Errorf("send open sessions: %w", err)
	}
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		if at, err = p.advance(ctx, at); err != nil {
			return fmt.Errorf("send ledger entries: %w", err)
		}
		if err := p.commands(ctx); err != nil {
			return fmt.Errorf("send commands: %w", err)
		}
		select {
		case <-p.wake:
		case <-poll.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// begin resumes the agent where it stands, or sends it the whole set.
func (p *peer) begin(ctx context.Context) (wire.Position, error) {
	if !p.hello.Empty {
		reading, cancel := context.WithTimeout(ctx, storeWithin)
		_, known, err := p.hub.ledger.LedgerFrom(reading, p.agent.SiteID, p.hello.Position, 1)
		cancel()
		if err != nil {
			return wire.Position{}, err
		}
		if known {
			p.hub.metrics.resumes.Inc()
			return p.hello.Position, p.send(ctx, &wire.Resume{Position: p.hello.Position, Now: p.hub.now(), Epoch: p.epoch})
		}
	}
	return p.snapshot(ctx)
}

func (p *peer) snapshot(ctx context.Context) (at wire.Position, err error) {
	p.hub.metrics.snapshots.Inc()
	err = p.hub.ledger.Snapshot(ctx, p.agent.SiteID, func(part wire.Snapshot) error {
		part.Now, part.Epoch = p.hub.now(), p.epoch
		at = part.Position
		return p.send(ctx, &part)
	})
	return at, err
}

// advance sends the entries after a position and returns the new one. When the
// ledger no longer knows the position, the agent gets the whole set.
func (p *peer) advance(ctx context.Context, at wire.Position) (wire.Position, error) {
	for {
		reading, cancel := context.WithTimeout(ctx, storeWithin)
		entries, known, err := p.hub.ledger.LedgerFrom(reading, p.agent.SiteID, at, ledgerBatch)
		cancel()
		switch {
		case err != nil:
			return at, err
		case !known:
			return p.snapshot(ctx)
		}
		for _, entry := range entries {
			if err := p.send(ctx, entry); err != nil {
				return at, err
			}
			at = entry.Position
		}
		if len(entries) < ledgerBatch {
			return at, nil
		}
	}
}

// commands sends what this link's agent is asked to end.
func (p *peer) commands(ctx context.Context) error {
	claiming, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	commands, err := p.hub.ledger.ClaimCommands(claiming, p.agent.SiteID, p.agent.ID, p.epoch, p.hub.connected(p.agent.SiteID))
	if err != nil {
		return err
	}
	for i := range commands {
		if err := p.send(ctx, &commands[i]); err != nil {
			return err
		}
	}
	return nil
}

// sessionsPerFrame keeps a session.report well below wire.MaxFrame: one session
// has at most about 1.2 kB.
const sessionsPerFrame = 150

// sessions tells the agent which sessions the site's other agents reported.
func (p *peer) sessions(ctx context.Context) error {
	reading, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	open, err := p.hub.ledger.OpenSessions(reading, p.agent.SiteID, p.agent.ID)
	if err != nil {
		return err
	}
	for start := 0; start < len(open); start += sessionsPerFrame {
		part := open[start:min(start+sessionsPerFrame, len(open))]
		if err := p.send(ctx, &wire.SessionReport{Open: part}); err != nil {
			return err
		}
	}
	return nil
}

// end closes the link for a cause; it returns at once.
func (p *peer) end(cause error) { p.cancel(cause) }

// leave tells the agent why the link ends, where that can still be told, and
// says whether the end is worth a warning.
func (p *peer) leave(err error) {
	code, reason := websocket.CloseInternalServerErr, "the hub failed; come back"
	level := slog.LevelWarn
	switch c, ok := errors.AsType[*closing](err); {
	case ok:
		code, reason, level = c.code, c.reason, slog.LevelInfo
	case errors.Is(err, errPeerLeft):
		level = slog.LevelInfo
	case errors.Is(err, visit.ErrStaleEpoch):
		code, reason = wire.CloseReplaced, "another connection acts as this agent"
	case errors.Is(err, visit.ErrQuarantined):
		code, reason = wire.CloseQuarantined, "replaced too often; an operator decides"
	case errors.Is(err, visit.ErrAgentNotFound):
		code, reason = wire.CloseWithdrawn, "credential withdrawn"
	case visit.KindOf(err) == visit.KindUnavailable:
		code, reason = wire.CloseOverloaded, "come back later"
	}
	p.hub.metrics.ended.WithLabelValues(fmt.Sprint(code)).Inc()
	p.log.Log(context.Background(), level, "agent link ended", "code", code, "epoch", p.epoch, "error", err)
	message := websocket.FormatCloseMessage(code, reason)
	_ = p.conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second))
	_ = p.conn.Close()
}
