package link

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/errgroup"

	"github.com/foyerhq/foyer/internal/wire"
)

const (
	queueIn  = 512 // frames read and not yet taken; a full queue stops the reading
	queueOut = 32  // frames not yet written; a full queue stops who wants to send
	// pingDelay is how old the time in a ping may be when it is read. A clock that
	// is ahead of it by no more is left alone.
	pingDelay = 250 * time.Millisecond
)

// errSilent: neither frame nor ping for Timing.Silence.
var errSilent = errors.New("the hub is silent")

// conn is one link.
type conn struct {
	l   *Link
	ws  *websocket.Conn
	id  *identity
	own credential
	in  chan wire.Frame // closed by nobody; the link's context ends its users
	out chan wire.Frame

	readEnd chan struct{} // closed by read, after readErr was set
	readErr error

	follower follower
	upload   upload
	renewal  renewal
	tests    errgroup.Group // of NASes, at most maxTests
}

// connect makes a link and serves it to its end. It returns how long it was up.
func (l *Link) connect(ctx context.Context, id *identity, own credential) (up time.Duration, err error) {
	ws, err := l.dial(ctx, id, own)
	if err != nil {
		return 0, errors.Join(err, l.failed())
	}
	began := time.Now()
	c := &conn{
		l: l, ws: ws, id: id, own: own,
		in: make(chan wire.Frame, queueIn), out: make(chan wire.Frame, queueOut),
		readEnd:  make(chan struct{}),
		follower: newFollower(l), upload: newUpload(),
	}
	err = c.serve(ctx)
	if code := closeCode(err); (code == wire.CloseWithdrawn || code == wire.CloseUnknown) && id.Next != nil {
		err = errors.Join(errRenewed, l.failed()) // it may be the new certificate only
	}
	return time.Since(began), err
}

func (l *Link) dial(ctx context.Context, id *identity, own credential) (*websocket.Conn, error) {
	config, err := l.linkTLS(id, own)
	if err != nil {
		return nil, err
	}
	dialer := websocket.Dialer{
		TLSClientConfig: config, HandshakeTimeout: l.cfg.Timing.Handshake,
		NetDialContext: l.cfg.DialContext, Proxy: http.ProxyFromEnvironment,
		ReadBufferSize: 16 << 10, WriteBufferSize: 16 << 10,
	}
	path := "/agent/ws"
	if l.cfg.Proxy {
		path = "/agent/ws-proxy"
	}
	//nolint:bodyclose // the dialer has read what it gives of the body and closed it
	ws, response, err := dialer.DialContext(ctx, "wss"+strings.TrimPrefix(id.URL, "https")+path, nil)
	if err != nil && response != nil {
		return nil, &unavailable{status: response.StatusCode, after: retryAfter(response)}
	}
	if err != nil {
		return nil, fmt.Errorf("dial the hub: %w", err)
	}
	return ws, nil
}

// serve runs the link until either side, or ctx, ends it.
func (c *conn) serve(parent context.Context) error {
	defer func() { _ = c.ws.Close() }()
	c.listen()
	if err := c.greet(); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(parent)
	c.tests.SetLimit(maxTests)
	defer func() { _ = c.tests.Wait() }()
	group.Go(func() error { return c.read(ctx) })
	group.Go(func() error { return c.write(ctx) })
	group.Go(func() error { return c.take(ctx) })
	group.Go(func() error { return c.deliver(ctx) })
	group.Go(func() error { // a read has no context of its own: the end of the link ends it
		<-ctx.Done()
		c.farewell(parent)
		return ctx.Err()
	})
	return group.Wait()
}

func (c *conn) farewell(parent context.Context) {
	if parent.Err() != nil {
		goodbye := websocket.FormatCloseMessage(websocket.CloseGoingAway, "the agent stops")
		_ = c.ws.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(time.Second))
	}
	_ = c.ws.Close()
}

// listen sets what holds for reading from the first octet on.
func (c *conn) listen() {
	c.ws.SetReadLimit(wire.MaxFrame)
	c.ws.SetPingHandler(func(payload string) error {
		if len(payload) == 8 {
			hub := time.Unix(0, int64(binary.BigEndian.Uint64([]byte(payload))))
			c.l.cfg.Sync(hub, pingDelay)
		}
		err := c.ws.WriteControl(websocket.PongMessage, []byte(payload), time.Now().Add(c.l.cfg.Timing.Write))
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			err = nil // the writer, who is stuck, will say so
		}
		return errors.Join(err, c.stayAwake())
	})
}

func (c *conn) stayAwake() error {
	return c.ws.SetReadDeadline(time.Now().Add(c.l.cfg.Timing.Silence))
}

// greet proves who we are where TLS does not, and says hello.
func (c *conn) greet() error {
	if c.l.cfg.Proxy {
		frame, err := c.next()
		if err != nil {
			return err
		}
		challenge, ok := frame.(*wire.Challenge)
		if !ok {
			return errors.New("the hub did not begin with a challenge")
		}
		if err := c.prove(challenge.Nonce); err != nil {
			return err
		}
	}
	position, empty := c.l.cfg.Ledger.Position()
	return c.send(&wire.Hello{
		Agent: string(c.id.AgentID), Journal: c.l.cfg.Journal.ID(),
		Version: c.l.cfg.Version, Protocol: wire.Version,
		Epoch: cmp.Or(c.l.epoch, c.l.cfg.Ledger.Epoch()), Position: position, Empty: empty, Takes: c.l.takes(), Presence: c.l.presence(),
	})
}

func (c *conn) prove(nonce []byte) error {
	if len(nonce) < 32 {
		return errors.New("the hub's challenge is too short")
	}
	key, err := c.own.key()
	if err != nil {
		return err
	}
	digest := sha256.Sum256(slices.Concat([]byte(wire.ProofContext), nonce))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		return err
	}
	return c.send(&wire.Proof{Certificate: c.own.Certificate, Signature: signature})
}

// read is the only reader, after greet.
func (c *conn) read(ctx context.Context) (err error) {
	defer func() {
		c.readErr = err
		close(c.readEnd)
	}()
	for {
		frame, err := c.next()
		if err != nil {
			return err
		}
		c.setClock(frame)
		select {
		case c.in <- frame:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// setClock takes the hub's time from the frames that come first. In later ones
// it may be old: they wait behind others on their way.
func (c *conn) setClock(frame wire.Frame) {
	switch f := frame.(type) {
	case *wire.Resume:
		c.l.cfg.Sync(f.Now, pingDelay)
	case *wire.Snapshot:
		if f.Part == 0 {
			c.l.cfg.Sync(f.Now, pingDelay)
		}
	}
}

// next reads one frame, counting and skipping those of a newer hub.
func (c *conn) next() (wire.Frame, error) {
	for {
		if err := c.stayAwake(); err != nil {
			return nil, err
		}
		kind, body, err := c.ws.ReadMessage()
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			return nil, errSilent
		}
		if err != nil {
			return nil, err
		}
		if kind != websocket.TextMessage {
			return nil, errors.New("the hub sends frames that are not text")
		}
		frame, err := wire.Decode(body)
		if errors.Is(err, wire.ErrUnknownType) {
			c.l.cfg.Metrics.frames.WithLabelValues("unknown").Inc()
			continue
		}
		if err != nil {
			return nil, err
		}
		c.l.cfg.Metrics.frames.WithLabelValues(string(frame.FrameType())).Inc()
		return frame, nil
	}
}

// write is the only writer of frames, after greet.
func (c *conn) write(ctx context.Context) error {
	for {
		select {
		case frame := <-c.out:
			if err := c.send(frame); err != nil {
				return c.reason(ctx, err)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// reason returns why the link ended for a writer that can write no more: what the
// hub said last, if it is on its way in, matters more than a broken pipe.
func (c *conn) reason(ctx context.Context, err error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	select {
	case <-c.readEnd:
		return c.readErr
	case <-ctx.Done():
		return err
	}
}

func (c *conn) send(frame wire.Frame) error {
	body, err := wire.Encode(frame)
	if err != nil {
		return err
	}
	if err := c.ws.SetWriteDeadline(time.Now().Add(c.l.cfg.Timing.Write)); err != nil {
		return err
	}
	return c.ws.WriteMessage(websocket.TextMessage, body)
}

// queue hands a frame to the writer. A full queue makes the caller wait, until
// the writer catches up or its deadline ends the link.
func (c *conn) queue(ctx context.Context, frame wire.Frame) error {
	select {
	case c.out <- frame:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
