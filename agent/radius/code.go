package radius

import (
	"sync"
	"time"

	"github.com/foyerhq/foyer/agent/redeem"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Codes lets guests in who give a roll code for a user name.
type Codes interface {
	// Leads reports whether a NAS leads to any zone. It does not wait.
	Leads(nas visit.NASID) bool
	// Zone returns the zone in which codes from a NAS's network are tried, "" for
	// none. It does not wait.
	Zone(nas visit.NASID, ssid string) string
	// Redeem decides a login by code. A first use waits for the disk. Accepted is
	// called before anybody else may redeem.
	Redeem(login redeem.Login, accepted func(wire.Grant)) redeem.Answer
}

// laneWidth is how many such logins are under way at a time. One that finds no
// place is lost, and counted; its NAS sends it again.
const laneWidth = 64

// lane is where logins wait for the disk that are recorded before they are accepted, by
// code and by MAC address, so that nobody else does. The requests themselves are its
// bound.
type lane struct {
	work, free chan *request
	workers    sync.WaitGroup
}

func (s *Server) openLane() *lane {
	l := &lane{work: make(chan *request, laneWidth), free: make(chan *request, laneWidth)}
	for range laneWidth {
		l.free <- newRequest()
		l.workers.Go(func() {
			for r := range l.work {
				s.serveWaiting(r)
				l.free <- r
			}
		})
	}
	return l
}

func (l *lane) close() {
	close(l.work)
	l.workers.Wait()
}

// enter takes r and returns a request to read the next packet to: another one, or r
// itself, whose packet is lost, when there is no place.
func (l *lane) enter(r *request) (next *request, entered bool) {
	select {
	case next := <-l.free:
		l.work <- r
		return next, true
	default:
		return r, false
	}
}

// serveWaiting answers a login in the lane. It must not keep Settle waiting for a disk,
// so the decision is made first, and looked at again when the answer is to be sent:
// what has ended meanwhile gets no answer, and its retransmission a refusal.
func (s *Server) serveWaiting(r *request) {
	r.waits = true
	defer func() { r.waits = false }()
	s.handle(r)
	s.deciding.RLock()
	defer s.deciding.RUnlock()
	if r.answer != nil && !r.remember.accepted.stands(s.cfg.Grants, s.cfg.Now()) {
		r.answer = nil
	}
	s.send(r)
}

// mayWait reports whether r's packet may be a login by code: its NAS's network leads
// to a zone, and its user name is nobody's.
func (s *Server) mayWait(r *request) bool {
	nas := s.cfg.NASes.NAS(r.from.Addr().Unmap().WithZone(""))
	if nas == nil || !s.cfg.Codes.Leads(nas.ID) {
		return false
	}
	p, err := parse(r.in[:r.received])
	if err != nil || p.code() != codeAccessRequest {
		return false
	}
	f := p.fields()
	if s.cfg.Codes.Zone(nas.ID, ssidOf(string(appendText(nil, f.calledStation)))) == "" {
		return false
	}
	_, why := s.cfg.Grants.Lookup(string(appendText(nil, f.userName)))
	return why == wire.RefusedUnknownUser
}

// ssidOf is the network's name in a Called-Station-Id, "" where there is none: the
// access point's MAC address, a colon, the SSID (RFC 3580 3.20).
func ssidOf(called string) string {
	const spelt, bare = len("00-10-A4-23-19-C0"), len("0010A42319C0")
	for _, length := range []int{spelt, bare} {
		if len(called) > length && called[length] == ':' && len(appendMAC(nil, []byte(called[:length]))) > 0 {
			return called[length+1:]
		}
	}
	return ""
}

// redeem decides a login by code.
func (s *Server) redeem(r *request, v verdict, zone string) verdict {
	v.byCode, v.refused = true, ""
	if !r.provesCode(v.method) {
		return v.refuse(r.disproved())
	}
	login := redeem.Login{Zone: zone, NASID: r.nas.ID, Text: r.who.name, MAC: r.who.mac}
	answer := s.cfg.Codes.Redeem(login, func(g wire.Grant) {
		v.grant = &g
		v.seconds, v.renew = sessionTimeout(g.NotAfter.Sub(r.at), r.nas.MaxSessionSeconds)
		if v.seconds > 0 {
			session := r.session()
			session.Key.StartedAt, session.GrantID, session.Username = r.at, g.ID, g.Username
			s.cfg.Sessions.Accepted(session, r.at.Add(time.Duration(v.seconds)*time.Second))
		}
	})
	v.message = answer.Message
	switch {
	case answer.Grant == nil:
		return v.refuse(answer.Refused)
	case v.seconds == 0:
		return v.refuse(wire.RefusedRollCodeExpired)
	}
	return v
}

// provesCode reports whether a request's password fits a code, which is proof
// itself. PAP's may be anything, as portals fill in what they like, but must be
// text: rubbish means that the secrets differ, and a use would be wasted. Where there
// is none, Message-Authenticator has to tell. The other methods show only whether it
// is a certain one: none, or the code again.
func (r *request) provesCode(m method) bool {
	switch m {
	case methodNone:
		return r.messageAuthenticator != 0
	case methodPAP:
		r.provesPAP("")
		return !r.garbled
	case methodCHAP:
		return r.provesCHAP("") || r.provesCHAP(r.who.name)
	case methodMSCHAP:
		return r.provesMSCHAP("") || r.provesMSCHAP(r.who.name)
	case methodMSCHAP2:
		return r.provesMSCHAP2("") || r.provesMSCHAP2(r.who.name)
	}
	return false
}

// masked is a code as the list of refused logins may show it: enough to find it on
// a slip of paper, too little to use it.
func masked(code string) string {
	const shown = 3
	if len(code) <= shown {
		return "…"
	}
	return code[:shown] + "…"
}
