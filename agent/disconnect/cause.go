package disconnect

import (
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// move says how the next request differs after a refusal.
type move int

const (
	stay        move = iota // the answer stands
	smaller                 // fewer attributes
	larger                  // more attributes
	toggleNAS               // without NAS-*, or with
	respell                 // the other spelling of the MAC
	otherOnce               // another identification, once
	sessionOnly             // Acct-Session-Id without what several sessions share
)

// verdict is what an answer means: how to ask again, and the outcome once there
// is no other way to ask.
type verdict struct {
	move   move
	state  visit.TerminationState
	reason visit.TerminationReason
}

// refused is the verdict on an answer that no table knows: no Error-Cause at
// all, or one of RFC 5580, 7930 or later.
var refused = verdict{respell, visit.TerminationFailed, visit.ReasonOther}

// causes holds the verdict for each Error-Cause of RFC 5176 3.5.
var causes = map[int]verdict{
	201: {stay, visit.TerminationAccepted, visit.ReasonNone},             // residual context removed
	202: {stay, visit.TerminationFailed, visit.ReasonOther},              // invalid EAP packet
	401: {smaller, visit.TerminationFailed, visit.ReasonUnsupported},     // unsupported attribute
	402: {larger, visit.TerminationFailed, visit.ReasonUnsupported},      // missing attribute
	403: {toggleNAS, visit.TerminationFailed, visit.ReasonMismatch},      // NAS identification mismatch
	404: {respell, visit.TerminationFailed, visit.ReasonInvalid},         // invalid request
	405: {stay, visit.TerminationFailed, visit.ReasonUnsupported},        // unsupported service
	406: {stay, visit.TerminationFailed, visit.ReasonUnsupported},        // unsupported extension
	407: {respell, visit.TerminationFailed, visit.ReasonInvalid},         // invalid attribute value
	501: {stay, visit.TerminationFailed, visit.ReasonProhibited},         // administratively prohibited
	502: {stay, visit.TerminationUnconfirmed, visit.ReasonBusy},          // not routable
	503: {otherOnce, visit.TerminationUnconfirmed, visit.ReasonNotFound}, // session context not found
	504: {stay, visit.TerminationFailed, visit.ReasonNotRemovable},       // session context not removable
	505: {stay, visit.TerminationUnconfirmed, visit.ReasonBusy},          // other proxy processing error
	506: {stay, visit.TerminationUnconfirmed, visit.ReasonBusy},          // resources unavailable
	507: {stay, visit.TerminationAccepted, visit.ReasonNone},             // request initiated: it asks us first
	508: {sessionOnly, visit.TerminationFailed, visit.ReasonUnsupported}, // multiple sessions
}

func (a answer) verdict() verdict {
	if a.ack {
		return verdict{stay, visit.TerminationAccepted, visit.ReasonNone}
	}
	if v, known := causes[a.cause]; known {
		return v
	}
	return refused
}

// search walks the shapes for one session. No shape is sent twice.
type search struct {
	full  shape // what the session can fill
	spelt bool  // the MAC has another spelling
	tried map[shape]bool
	once  bool // otherOnce has been used
}

func newSearch(session wire.Session) *search {
	full := shapeOf(session)
	spelt := full.has(withMAC) && otherSpelling(session) != ""
	return &search{full: full, spelt: spelt, tried: make(map[shape]bool)}
}

// next returns the shape to send after current was refused, and false when
// there is none that m asks for.
func (s *search) next(current shape, m move) (shape, bool) {
	s.tried[current] = true
	to := current
	switch m {
	case stay:
	case smaller:
		to = current.smaller()
	case larger:
		to = current.larger(s.full)
	case toggleNAS:
		to = current ^ (withNAS & s.full)
	case respell:
		if s.spelt {
			to = current ^ respelt
		}
	case otherOnce:
		if !s.once {
			to = s.other(current)
		}
		s.once = true
	case sessionOnly:
		if current.has(withSession) {
			to = current &^ (withUser | withIP)
		}
	}
	return to, to.identifies() && !s.tried[to]
}

// other prefers the larger identification.
func (s *search) other(current shape) shape {
	if to := current.larger(s.full); to != current && !s.tried[to] {
		return to
	}
	return current.smaller()
}
