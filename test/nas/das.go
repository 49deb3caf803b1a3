package nas

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"
	"layeh.com/radius/rfc3576"
)

// Bounds of the DAS: beyond them a request is dropped, and the log says so.
const (
	maxHandlers = 64
	maxRepeats  = 1024
	repeatLife  = 30 * time.Second // RFC 5080 section 2.2.2
)

// das is the Dynamic Authorization Server of one run.
type das struct {
	run   *run
	conn  net.PacketConn
	slots chan struct{} // one token per request in hand

	mu   sync.Mutex // guards seen
	seen map[repeatKey]*repeat
}

// repeatKey makes two datagrams the same request.
type repeatKey struct {
	from          netip.AddrPort
	code          byte
	identifier    byte
	authenticator seed
}

// repeat is a request that was taken on; its answer is nil until it is known.
type repeat struct {
	answer []byte
	at     time.Time
}

func newDAS(r *run, conn net.PacketConn) *das {
	return &das{run: r, conn: conn, slots: make(chan struct{}, maxHandlers), seen: map[repeatKey]*repeat{}}
}

// serve reads until the socket is closed. It decides on repeats itself, so
// that two handlers never work on one request.
func (d *das) serve() {
	receive(d.conn, func(from netip.AddrPort, b []byte) {
		p, err := d.admit(from, b)
		if err != nil {
			d.drop(from, b, err)
			return
		}
		key := repeatKey{from, b[0], b[1], seed(b[4:headerLen])}
		switch answer, known := d.begin(key); {
		case answer != nil:
			d.write(from, answer)
		case known:
			d.drop(from, b, errors.New("repeat of a request in hand"))
		default:
			d.dispatch(key, p, b)
		}
	})
}

// dispatch hands a new request to a goroutine of the run.
func (d *das) dispatch(key repeatKey, p *radius.Packet, b []byte) {
	select {
	case d.slots <- struct{}{}:
	default:
		d.finish(key, nil)
		d.drop(key.from, b, errors.New("too many requests in hand"))
		return
	}
	d.run.nas.journal.packet(EventReceived, key.from.String(), b, "")
	d.run.spawn(func() {
		defer func() { <-d.slots }()
		d.handle(key, p)
	})
}

// admit verifies a request as RFC 5176 section 2.3, 3.4 and 6.3 want it. What
// fails gets no answer: an answer would help a forger.
func (d *das) admit(from netip.AddrPort, datagram []byte) (*radius.Packet, error) {
	cfg := &d.run.nas.cfg
	if !contains(cfg.DASClients, from.Addr()) {
		return nil, errors.New("source is no Dynamic Authorization Client")
	}
	b, err := trim(datagram)
	if err != nil {
		return nil, err
	}
	p, err := radius.Parse(b, cfg.Secret)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if p.Code != radius.CodeDisconnectRequest && p.Code != radius.CodeCoARequest {
		return nil, errors.New("not a Disconnect or CoA request")
	}
	if err := checkAuthenticator(b, seed{}, cfg.Secret); err != nil {
		return nil, err
	}
	return p, d.admitPolicy(p, b)
}

func (d *das) admitPolicy(p *radius.Packet, b []byte) error {
	n := d.run.nas
	policy := n.currentPolicy()
	signed, _, err := checkMessageAuthenticator(b, seed{}, n.cfg.Secret)
	if err != nil {
		return err
	}
	if !signed && !policy.WithoutMessageAuthenticator {
		return ErrMessageAuthenticator
	}
	stamp, err := rfc2869.EventTimestamp_Lookup(p)
	switch {
	case errors.Is(err, radius.ErrNoAttribute):
		if !policy.WithoutEventTimestamp {
			return errors.New("no Event-Timestamp")
		}
		return nil
	case err != nil:
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	case n.cfg.Now().Sub(stamp).Abs() > answerWindow:
		return errors.New("Event-Timestamp outside the window")
	}
	return nil
}

// begin looks a request up and, if it is new, notes it as in hand.
func (d *das) begin(key repeatKey) (answer []byte, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r, ok := d.seen[key]; ok && time.Since(r.at) < repeatLife {
		return r.answer, true
	}
	if len(d.seen) >= maxRepeats {
		d.expire()
	}
	d.seen[key] = &repeat{at: time.Now()}
	return nil, false
}

// expire makes room: what is too old goes, else whatever comes first. d.mu is held.
func (d *das) expire() {
	for key, r := range d.seen {
		if time.Since(r.at) >= repeatLife {
			delete(d.seen, key)
		}
	}
	for key := range d.seen {
		if len(d.seen) < maxRepeats {
			return
		}
		delete(d.seen, key)
	}
}

// finish keeps the answer for repeats; without one the next datagram counts as
// a new request.
func (d *das) finish(key repeatKey, answer []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if answer == nil {
		delete(d.seen, key)
		return
	}
	d.seen[key] = &repeat{answer: answer, at: time.Now()}
}

// forget is what a reboot does to the memory of answers.
func (d *das) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.seen)
}

// handle behaves as the script says.
func (d *das) handle(key repeatKey, p *radius.Packet) {
	if p.Code == radius.CodeCoARequest {
		d.answer(key, p, radius.CodeCoANAK, causeUnsupportedExtension)
		return
	}
	step := d.run.nas.nextBehaviour()
	if !d.pause(step.Delay) {
		return
	}
	switch step.Answer {
	case NAK:
		d.answer(key, p, radius.CodeDisconnectNAK, step.ErrorCause)
	case Drop:
		d.finish(key, nil)
		d.run.nas.journal.add(Event{Kind: EventDropped, Packet: codeName(p.Code), Identifier: int(p.Identifier), Note: "scripted silence"})
	case Lie:
		d.answer(key, p, radius.CodeDisconnectACK, 0)
	case BadAuthenticator:
		d.forge(key, p)
	case ACKWithoutStop:
		d.disconnect(key, p, false)
	default:
		d.disconnect(key, p, true)
	}
}

// disconnect is the honest answer.
func (d *das) disconnect(key repeatKey, p *radius.Packet, stop bool) {
	policy := d.run.nas.currentPolicy()
	matching, cause := d.run.nas.find(p, policy)
	if cause != 0 {
		d.answer(key, p, radius.CodeDisconnectNAK, cause)
		return
	}
	cut := func() {
		for _, s := range matching {
			s.end(rfc2866.AcctTerminateCause_Value_AdminReset, stop)
		}
	}
	if policy.StopFirst {
		cut()
		d.answer(key, p, radius.CodeDisconnectACK, 0)
	} else {
		d.answer(key, p, radius.CodeDisconnectACK, 0)
		cut()
	}
	for _, s := range matching {
		d.run.nas.reconnect(s)
	}
}

// reconnect lets a device that wants it log in again, in the background.
func (n *NAS) reconnect(s *session) {
	if !s.guest.Reconnects {
		return
	}
	s.run.spawn(func() {
		if _, err := n.Login(s.run.ctx, s.guest); err != nil {
			n.cfg.Logger.Debug("device could not reconnect", "nas", n.cfg.Name, "error", err)
		}
	})
}

func (d *das) answer(key repeatKey, p *radius.Packet, code radius.Code, cause uint32) {
	b, err := d.compose(p, code, cause)
	if err != nil {
		d.run.nas.cfg.Logger.Error("disconnect answer not composed", "nas", d.run.nas.cfg.Name, "error", err)
		return
	}
	d.finish(key, b)
	d.write(key.from, b)
}

// forge sends an ACK whose authenticator is wrong.
func (d *das) forge(key repeatKey, p *radius.Packet) {
	b, err := d.compose(p, radius.CodeDisconnectACK, 0)
	if err != nil {
		return
	}
	b[4] ^= 0xff
	d.finish(key, nil)
	d.write(key.from, b)
}

// compose builds a signed answer. Proxy-State goes back unchanged and in order.
func (d *das) compose(p *radius.Packet, code radius.Code, cause uint32) ([]byte, error) {
	q := p.Response(code)
	addMessageAuthenticator(q)
	if stamp, err := radius.NewDate(d.run.nas.cfg.Now()); err == nil {
		q.Add(rfc2869.EventTimestamp_Type, stamp)
	}
	if cause != 0 {
		q.Add(rfc3576.ErrorCause_Type, radius.NewInteger(cause))
	}
	for _, avp := range p.Attributes {
		if avp.Type == rfc2865.ProxyState_Type {
			q.Add(avp.Type, avp.Attribute)
		}
	}
	return encode(q)
}

func (d *das) write(to netip.AddrPort, b []byte) {
	d.run.nas.journal.packet(EventSent, to.String(), b, "")
	if _, err := d.conn.WriteTo(b, net.UDPAddrFromAddrPort(to)); err != nil {
		d.run.nas.cfg.Logger.Debug("disconnect answer not sent", "nas", d.run.nas.cfg.Name, "error", err)
	}
}

func (d *das) drop(from netip.AddrPort, b []byte, why error) {
	d.run.nas.journal.packet(EventDropped, from.String(), b, why.Error())
}

// pause waits and reports whether the NAS is still running.
func (d *das) pause(delay time.Duration) bool {
	done, stop := after(delay)
	defer stop()
	if done == nil {
		return d.run.ctx.Err() == nil
	}
	select {
	case <-done:
		return true
	case <-d.run.ctx.Done():
		return false
	}
}

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
