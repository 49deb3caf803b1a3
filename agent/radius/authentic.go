package radius

import (
	"crypto/md5"
	"crypto/subtle"

	"github.com/foyerhq/foyer/internal/visit"
)

var zeros [md5.Size]byte

// authenticAccess says why an Access-Request must get no answer, or keep.
//
// RFC 3579 3.2: a wrong Message-Authenticator is silence, and so is an
// EAP-Message without one. Whether other requests need one is the NAS's policy;
// without one a request with Proxy-State is silence in any case, because the
// forgery of CVE-2024-3596 needs that attribute to be reflected.
func (s *Server) authenticAccess(r *request) discard {
	if r.nas.MessageAuthenticator != visit.AutoMessageAuthenticator && r.peer.ratcheted.Load() {
		r.peer.ratcheted.Store(false) // by the operator's choice, or kept by whom Ratchet told
	}
	if r.messageAuthenticator != 0 {
		if !s.signed(r, r.packet.authenticator()) {
			return s.distrust(r)
		}
		r.peer.heard.signed.Store(r.at.UnixNano())
		r.peer.heard.proven(r.source.Addr())
		if r.eapMessage == nil { // EAP always has one and proves no habit
			s.ratchet(r)
		}
		return keep
	}
	r.peer.heard.unsigned.Store(r.at.UnixNano())
	required := r.nas.MessageAuthenticator != visit.AllowNone &&
		(r.nas.MessageAuthenticator != visit.AutoMessageAuthenticator || r.peer.ratcheted.Load())
	if required || r.eapMessage != nil || r.proxyState {
		s.refusals.nas(r.nas.ID, refusedNoMessageAuth, r.at)
		return dropNoMessageAuthenticator
	}
	return keep
}

// authenticAccounting says why an Accounting-Request must get no answer, or keep:
// its Request Authenticator is keyed (RFC 2866 3), a Message-Authenticator is
// optional there but must be right.
func (s *Server) authenticAccounting(r *request) discard {
	want := r.hash.keyed(r.packet, zeros[:], r.nas.Secret)
	if subtle.ConstantTimeCompare(want[:], r.packet.authenticator()) != 1 {
		return s.distrust(r)
	}
	if r.messageAuthenticator != 0 && !s.signed(r, zeros[:]) {
		return s.distrust(r)
	}
	r.peer.heard.accounting.Store(r.at.UnixNano())
	r.peer.heard.proven(r.source.Addr())
	return keep
}

// authenticStatus: a Status-Server must be signed, on either port (RFC 5997 3).
func (s *Server) authenticStatus(r *request) discard {
	switch {
	case r.messageAuthenticator == 0:
		return dropNoMessageAuthenticator
	case !s.signed(r, r.packet.authenticator()):
		return s.distrust(r)
	}
	return keep
}

// signed reports whether the packet carries exactly one Message-Authenticator and
// that one is right, with authenticator standing in the header.
func (s *Server) signed(r *request, authenticator []byte) bool {
	value := r.packet.value(r.messageAuthenticator)
	if r.repeatedMA || len(value) != md5.Size {
		return false
	}
	want := r.hash.messageAuthenticator(r.packet, r.messageAuthenticator, authenticator, r.nas.Secret)
	return subtle.ConstantTimeCompare(want[:], value) == 1
}

// distrust records, for staff, that a packet's proof was wrong. The packet's own
// words (user, MAC) are not recorded: anybody could have written them.
func (s *Server) distrust(r *request) discard {
	r.peer.heard.distrusted.Store(r.at.UnixNano())
	s.refusals.nas(r.nas.ID, refusedWrongSecret, r.at)
	return dropNotAuthentic
}

// ratchet makes a NAS with policy auto need a Message-Authenticator from now on.
func (s *Server) ratchet(r *request) {
	if r.nas.MessageAuthenticator != visit.AutoMessageAuthenticator {
		return
	}
	if r.peer.ratcheted.CompareAndSwap(false, true) && s.cfg.Ratchet != nil {
		s.cfg.Ratchet(r.nas.ID)
	}
}
