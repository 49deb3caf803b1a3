package radius

import (
	"net/netip"
	"runtime/debug"
	"time"
)

// handle decides what becomes of the datagram in r and leaves the answer, if any,
// in r.answer. It does not panic: what its parts do wrong costs this packet only.
func (s *Server) handle(r *request) {
	started := time.Now()
	r.answer, r.garbled, r.deferred = nil, false, false
	out, why := s.answer(r)
	if r.deferred {
		return
	}
	m := s.cfg.Metrics
	m.seconds[r.socket.port].Observe(time.Since(started).Seconds())
	if why != keep {
		m.discards[r.socket.port][why].Inc()
		return
	}
	m.answers[r.socket.port][out].Inc()
}

// answer is handle without the counting.
func (s *Server) answer(r *request) (out outcome, why discard) {
	defer func() {
		if v := recover(); v != nil {
			r.answer = nil
			s.cfg.Metrics.panics.Inc()
			s.logs.fault.Do(func() { // the value could quote the packet, the stack does not
				s.cfg.Logger.Error("panic while handling a packet", "port", portNames[r.socket.port], "stack", string(debug.Stack()))
			})
			out, why = noAnswer, dropInternal
		}
	}()
	p, err := parse(r.in[:r.received])
	if err != nil {
		return noAnswer, dropMalformed
	}
	// RFC 2865 3: the secret is found by the source address, and by nothing a packet
	// claims.
	r.source = netip.AddrPortFrom(r.from.Addr().Unmap().WithZone(""), r.from.Port())
	r.nas = s.cfg.NASes.NAS(r.source.Addr())
	if r.nas == nil {
		s.logs.unknown.Do(func() {
			s.cfg.Logger.Warn("RADIUS from a source that is no NAS", "port", portNames[r.socket.port], "source", r.source.Addr().String())
		})
		return noAnswer, dropUnknownNAS
	}
	r.at = s.cfg.Now()
	r.packet, r.fields, r.peer = p, p.fields(), s.peer(r.nas.ID)
	switch {
	case p.code() == codeStatusServer:
		return s.status(r)
	case p.code() == codeAccessRequest && r.socket.port == authPort:
		return s.access(r)
	case p.code() == codeAccountingRequest && r.socket.port == acctPort:
		return s.accounting(r)
	}
	return noAnswer, dropUnknownCode
}

// finish seals the answer that r.out holds.
func (s *Server) finish(r *request, out outcome) (outcome, discard) {
	r.answer = r.out.finish(r.packet, r.nas.Secret, &r.hash)
	if r.answer == nil {
		return noAnswer, dropTooLong
	}
	return out, keep
}

// fault logs what should not happen, such as a random source that fails.
func (s *Server) fault(r *request, err error) discard {
	s.logs.fault.Do(func() {
		s.cfg.Logger.Error("packet not answered", "port", portNames[r.socket.port], "error", err)
	})
	return dropInternal
}
