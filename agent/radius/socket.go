package radius

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// receiveBuffer is asked of the kernel, so that a burst is held while answers are
// made; the kernel may give less.
const receiveBuffer = 4 << 20

// socket is one open port.
type socket struct {
	conn *net.UDPConn
	port port
	addr netip.AddrPort
	lost atomic.Uint32 // datagrams the kernel dropped, as far as counted
}

func listen(ctx context.Context, address string, p port) (*socket, error) {
	lc := net.ListenConfig{Control: askControl}
	conn, err := lc.ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, fmt.Errorf("radius: %s: %w", portNames[p], err)
	}
	udp, isUDP := conn.(*net.UDPConn)
	addr, isAddr := conn.LocalAddr().(*net.UDPAddr)
	if !isUDP || !isAddr {
		return nil, errors.Join(fmt.Errorf("radius: %s: not a UDP address", portNames[p]), conn.Close())
	}
	_ = udp.SetReadBuffer(receiveBuffer) // a smaller one works too
	bound := addr.AddrPort()
	return &socket{conn: udp, port: p, addr: netip.AddrPortFrom(bound.Addr().Unmap(), bound.Port())}, nil
}

// serveAuth reads, decides and answers until Stop. Nothing in it waits for more
// than memory, so the kernel's buffer is the only queue: what exceeds it is new,
// and is lost, and counted, before any work was spent on it. Logins that wait for
// the disk go to a lane of their own.
func (s *Server) serveAuth(k *socket) {
	codes := s.openLane()
	defer codes.close()
	var readers sync.WaitGroup
	defer readers.Wait()
	for range s.cfg.Readers {
		readers.Go(func() { s.readAuth(k, codes) })
	}
}

func (s *Server) readAuth(k *socket, codes *lane) {
	r := newRequest()
	for s.receive(k, r) {
		if s.cfg.Codes == nil || !s.mayWait(r) {
			if s.serveOne(r); !r.deferred {
				continue
			}
		}
		next, entered := codes.enter(r)
		if !entered {
			s.cfg.Metrics.discards[authPort][dropOverload].Inc()
		}
		r = next
	}
}

// serveOne answers one packet on the authentication port, as Settle sees it.
func (s *Server) serveOne(r *request) {
	s.deciding.RLock()
	defer s.deciding.RUnlock()
	s.handle(r)
	s.send(r)
}

// serveAcct reads until Stop and hands packets to goroutines that wait for the
// journal. The requests themselves are the bound: when all are under way, a new
// packet is dropped where the next one will be read to.
func (s *Server) serveAcct(k *socket) {
	var workers sync.WaitGroup
	defer workers.Wait()
	work := make(chan *request, s.cfg.InFlight)
	defer close(work)
	free := make(chan *request, s.cfg.InFlight)
	for range s.cfg.InFlight {
		free <- newRequest()
		workers.Go(func() {
			for r := range work {
				s.handle(r)
				s.send(r)
				free <- r
			}
		})
	}
	reading := newRequest()
	for s.receive(k, reading) {
		select {
		case next := <-free:
			work <- reading
			reading = next
		default:
			s.cfg.Metrics.discards[acctPort][dropOverload].Inc()
		}
	}
}

// receive reads one datagram into r. It returns false when the server stops.
// A datagram longer than a packet may be is cut: what is cut off is padding, or
// its Length is wrong.
func (s *Server) receive(k *socket, r *request) bool {
	for {
		n, controlled, _, from, err := k.conn.ReadMsgUDPAddrPort(r.in[:], r.control.room())
		if err == nil {
			r.socket, r.received, r.from = k, n, from
			r.control.received(controlled)
			if more := k.lostSince(r.control.lost); more > 0 {
				s.cfg.Metrics.discards[k.port][dropOverload].Add(float64(more))
			}
			return true
		}
		if !s.pause() {
			return false
		}
	}
}

// lostSince returns how many datagrams were lost since it was last told. The
// kernel's figure wraps around; readers may bring theirs out of order.
func (k *socket) lostSince(now uint32) uint32 {
	for {
		before := k.lost.Load()
		more := now - before
		if more == 0 || more > 1<<31 {
			return 0
		}
		if k.lost.CompareAndSwap(before, now) {
			return more
		}
	}
}

// pause keeps an error that repeats from becoming a busy loop. It returns false
// when the server stops.
func (s *Server) pause() bool {
	select {
	case <-s.stop:
		return false
	default:
	}
	wait := time.NewTimer(10 * time.Millisecond)
	defer wait.Stop()
	select {
	case <-s.stop:
		return false
	case <-wait.C:
		return true
	}
}

// send sends r's answer, if it has one, from the address that was asked.
func (s *Server) send(r *request) {
	if r.answer == nil {
		return
	}
	if _, _, err := r.socket.conn.WriteMsgUDPAddrPort(r.answer, r.control.octets(), r.from); err != nil {
		s.cfg.Metrics.discards[r.socket.port][dropUnsent].Inc()
	}
}
