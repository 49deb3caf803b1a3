package nas

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Failures of a request, for errors.Is.
var (
	ErrNoAnswer = errors.New("the RADIUS server does not answer")
	ErrBusy     = errors.New("256 requests are in flight")
)

// client is one socket towards one server; up to 256 requests share it.
type client struct {
	conn    net.PacketConn
	server  netip.AddrPort
	journal *journal

	mu      sync.Mutex // guards the fields below
	next    byte
	waiting map[byte]chan []byte
}

func newClient(conn net.PacketConn, server netip.AddrPort, j *journal) *client {
	return &client{conn: conn, server: server, journal: j, waiting: map[byte]chan []byte{}}
}

// reserve takes a free Identifier and the channel on which its answers come.
func (c *client) reserve() (byte, chan []byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 256 {
		return 0, nil, ErrBusy
	}
	for c.waiting[c.next] != nil {
		c.next++
	}
	id, answers := c.next, make(chan []byte, 1)
	c.waiting[id] = answers
	c.next++
	return id, answers, nil
}

func (c *client) release(id byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}

func (c *client) send(b []byte) error {
	c.journal.packet(EventSent, c.server.String(), b, "")
	_, err := c.conn.WriteTo(b, net.UDPAddrFromAddrPort(c.server))
	return err
}

// read hands answers to those who wait, until the socket is closed.
func (c *client) read() {
	receive(c.conn, func(from netip.AddrPort, b []byte) {
		switch {
		case from != c.server:
			c.journal.packet(EventDropped, from.String(), b, "not from the server")
		case len(b) < headerLen || !c.deliver(b):
			c.journal.packet(EventDropped, from.String(), b, "nobody waits for it")
		}
	})
}

// deliver never blocks: a second answer that comes before the first is looked
// at is of no use.
func (c *client) deliver(b []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	answers, ok := c.waiting[b[1]]
	if !ok {
		return false
	}
	select {
	case answers <- b:
		return true
	default:
		return false
	}
}

// receive calls handle with each datagram of conn, in the reader's goroutine,
// until the socket is closed. handle owns b.
func receive(conn net.PacketConn, handle func(from netip.AddrPort, b []byte)) {
	buffer := make([]byte, 1<<16) // a longer datagram than RADIUS allows is read whole, then refused
	for {
		size, addr, err := conn.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if udp, ok := addr.(*net.UDPAddr); ok && err == nil {
			handle(unmap(udp.AddrPort()), append([]byte(nil), buffer[:size]...))
		}
	}
}

// request is one exchange with a server, first datagram to last try.
type request struct {
	client *client
	// compose makes the datagram; delay is the time since the first one.
	compose func(id byte, delay time.Duration) ([]byte, error)
	// renews says that compose is called again when delay has grown by a
	// second (Acct-Delay-Time); else every try is the same datagram.
	renews     bool
	tries      int
	retryAfter time.Duration

	id       byte
	answers  chan []byte
	datagram []byte
	startAt  time.Time
	composed time.Duration // the delay that datagram carries
}

// start sends the first datagram. After an error there is nothing to close.
func (r *request) start() error {
	r.startAt = time.Now()
	if err := r.renew(0); err != nil {
		return err
	}
	if err := r.client.send(r.datagram); err != nil {
		r.close()
		return err
	}
	return nil
}

// renew composes the datagram under a fresh Identifier.
func (r *request) renew(delay time.Duration) error {
	r.close()
	id, answers, err := r.client.reserve()
	if err != nil {
		return err
	}
	r.id, r.answers, r.composed = id, answers, delay
	if r.datagram, err = r.compose(id, delay); err != nil {
		r.close()
	}
	return err
}

// close gives the Identifier back; twice is harmless.
func (r *request) close() {
	if r.answers != nil {
		r.client.release(r.id)
		r.answers = nil
	}
}

// wait returns the answer to the datagram that was sent last, retransmitting
// until the tries are used up. It ends the request.
func (r *request) wait(ctx context.Context) ([]byte, error) {
	defer r.close()
	pause := r.retryAfter
	for try := 1; ; try++ {
		answer, err := r.listen(ctx, pause)
		if !errors.Is(err, ErrNoAnswer) || try == r.tries {
			return answer, err
		}
		if err := r.retransmit(); err != nil {
			return nil, err
		}
		pause = min(2*pause, maxRetryAfter)
	}
}

// listen waits for an answer, ErrNoAnswer after the pause.
func (r *request) listen(ctx context.Context, pause time.Duration) ([]byte, error) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case answer := <-r.answers:
		return answer, nil
	case <-timer.C:
		return nil, ErrNoAnswer
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (r *request) retransmit() error {
	delay := time.Since(r.startAt)
	if r.renews && delay.Truncate(time.Second) > r.composed.Truncate(time.Second) {
		if err := r.renew(delay); err != nil {
			return err
		}
	}
	return r.client.send(r.datagram)
}
