package hub

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/errgroup"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/wire"
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
	timing Timing
	conn   *websocket.Conn
	leaf   *x509.Certificate
	agent  store.Agent
	epoch  int64
	hello  wire.Hello
	log    *slog.Logger
	out    chan []byte   // closed by nobody; the link's context ends its users
	news   chan []byte   // other agents' sessions, for the follower to pass on
	wake   chan struct{} // capacity 1: there may be something to follow
	asked  atomic.Bool   // for a test of a NAS, perhaps; who asks waits for seconds only, so that no poll looks
	shown  shown         // the follower's
	heard  atomic.Int64  // unix nanoseconds of the last sign of life
	end    context.CancelCauseFunc
}

// serve runs the link from its hello to its end.
func (p *peer) serve(ctx context.Context) error {
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
	group.Go(func() error {
		<-ctx.Done()
		p.unblock()
		return context.Cause(ctx)
	})
	return group.Wait()
}

// unblock ends a read at once and a write soon: neither has a context of its
// own. A write gets the time to finish its frame, so that the close frame can
// follow.
func (p *peer) unblock() {
	_ = p.conn.NetConn().SetReadDeadline(time.Unix(1, 0))
	_ = p.conn.NetConn().SetWriteDeadline(time.Now().Add(time.Second))
}

// patience sets how long the next read waits. It looks at the context after
// that, since unblock may have come just before.
func (p *peer) patience(ctx context.Context, within time.Duration) error {
	if err := p.conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// greet reads the hello and takes the agent's next epoch.
func (p *peer) greet(ctx context.Context) error {
	p.conn.SetReadLimit(wire.MaxFrame)
	if err := p.patience(ctx, p.timing.Hello); err != nil {
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
	ctx, cancel := context.WithTimeout(ctx, p.timing.Store)
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
	p.conn.SetPongHandler(func(string) error {
		p.heard.Store(p.hub.now().UnixNano())
		return p.patience(ctx, p.timing.Cut)
	})
	for {
		if err := p.patience(ctx, p.timing.Cut); err != nil {
			return err
		}
		frame, err := p.next()
		if err != nil {
			return err
		}
		if err := p.take(ctx, frame); err != nil {
			return err
		}
	}
}

// take stores what one frame says, and answers it once it is stored.
func (p *peer) take(ctx context.Context, frame wire.Frame) error {
	storing, cancel := context.WithTimeout(ctx, p.timing.Store)
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
	case *wire.NASTested:
		return p.hub.ledger.AnswerNASTest(storing, p.agent.ID, p.agent.SiteID, p.epoch, *f)
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
	storing, cancel := context.WithTimeout(ctx, p.timing.Store)
	defer cancel()
	if err := p.hub.registry.StoreCertificate(storing, p.agent.ID, p.epoch, issued); err != nil {
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
	return p.queue(ctx, body)
}

func (p *peer) queue(ctx context.Context, body []byte) error {
	select {
	case p.out <- body:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// offer tells of other agents' sessions. It may be lost: the caller is not this
// link's and does not wait. The follower passes it on, so that it comes after the
// list that this link began with and not before.
func (p *peer) offer(frame wire.Frame) {
	body, err := wire.Encode(frame)
	if err != nil {
		p.log.Error("frame not sent", "error", err)
		return
	}
	select {
	case p.news <- body:
	default:
		p.hub.metrics.dropped.Inc()
	}
}
