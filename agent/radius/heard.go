package radius

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// heard is when a NAS last said what, in nanoseconds since 1970; zero for never.
// A person who sets the NAS up wants to know.
type heard struct {
	signed     atomic.Int64               // Access-Request with a valid Message-Authenticator
	unsigned   atomic.Int64               // Access-Request without one
	distrusted atomic.Int64               // packet whose proof of the secret was wrong
	accounting atomic.Int64               // Accounting-Request with the right secret
	from       atomic.Pointer[netip.Addr] // of the last packet that proved the secret
}

// proven notes where a packet came from that proved the secret.
func (h *heard) proven(from netip.Addr) {
	if last := h.from.Load(); last == nil || *last != from {
		now := from // what escapes is only made where it is new
		h.from.Store(&now)
	}
}

// Heard adds to report what the NAS was heard to say since the server was made.
func (s *Server) Heard(id visit.NASID, report *visit.NASReport) {
	report.HeardSince = s.madeAt.UTC()
	p := s.known(id)
	if p == nil {
		return
	}
	report.SignedAt, report.UnsignedAt = instant(&p.heard.signed), instant(&p.heard.unsigned)
	report.DistrustedAt, report.AccountingAt = instant(&p.heard.distrusted), instant(&p.heard.accounting)
}

// LastFrom returns where the NAS's last packet came from that proved its secret, the
// zero Addr if there was none.
func (s *Server) LastFrom(id visit.NASID) netip.Addr {
	if p := s.known(id); p != nil {
		if from := p.heard.from.Load(); from != nil {
			return *from
		}
	}
	return netip.Addr{}
}

// known is peer for a NAS that may never have been heard.
func (s *Server) known(id visit.NASID) *peer {
	s.peersMu.RLock()
	defer s.peersMu.RUnlock()
	return s.peers[id]
}

func instant(at *atomic.Int64) *time.Time {
	if n := at.Load(); n != 0 {
		return new(time.Unix(0, n).UTC())
	}
	return nil
}
