package radius

import (
	"cmp"
	"io"
	"math"
	"time"

	"github.com/foyerhq/foyer/internal/wire"
)

// defaultInterim is the Acct-Interim-Interval of a NAS that sets none.
const defaultInterim = 300

// access answers an Access-Request (RFC 2865 4.1) with an Access-Accept (4.2), an
// Access-Reject (4.3), or silence.
func (s *Server) access(r *request) (outcome, discard) {
	if why := s.authenticAccess(r); why != keep {
		return noAnswer, why
	}

	// RFC 5080 2.2.2: a retransmission gets the same octets. An Access-Accept does
	// so only while it is still true.
	before := r.peer.answers.begin(r)
	if before == seenAnswered && !r.remember.accepted.stands(s.cfg.Grants, r.at) {
		r.peer.answers.forget(r)
		r.answer = nil
		before = r.peer.answers.begin(r)
	}
	switch before {
	case seenAnswered:
		return answeredAgain, keep
	case seenWorking:
		return noAnswer, dropDuplicate
	}
	defer r.peer.answers.finish(r)

	r.identify()
	verdict := s.authorize(r)
	switch {
	case verdict.discard != keep || r.deferred:
		return noAnswer, verdict.discard
	case verdict.refused != "":
		return s.reject(r, verdict)
	}
	return s.accept(r, verdict)
}

// verdict is the decision on a login.
type verdict struct {
	method  method
	grant   *wire.Grant        // set when accepted; may be set when refused, for its id
	refused wire.RefusedReason // "" for accepted
	discard discard            // of a request that gets no answer
	once    *wire.OneTime      // the secret that proved the login; nil where none did
	seconds uint32             // Session-Timeout
	renew   bool               // the NAS is to ask again when it is over
	byCode  bool               // the user name was tried as a roll code
	message string             // for the guest; empty: that of the reason
}

// authorize decides a login from memory. An accepted one is known to Sessions when
// it returns: a revoke that comes a moment later finds what it has to end.
func (s *Server) authorize(r *request) verdict {
	// RFC 2865 4.1: not both a User-Password and a CHAP-Password; we hold to one way
	// of proving altogether.
	v := verdict{method: r.method()}
	switch v.method {
	case methodSeveral:
		return v.refuse(wire.RefusedAmbiguousCredentials)
	case methodEAP:
		return v.refuse(wire.RefusedUnsupportedMethod)
	}
	if mac, asked := r.asksByMAC(v.method); asked {
		return s.byMAC(r, v, mac)
	}
	if v.method == methodNone && !r.waits { // a roll code needs no password
		return v.refuse(wire.RefusedUnsupportedMethod)
	}

	// Who guesses is refused unchecked, also when this guess would be right.
	user, device := userKey(r.nas.ID, r.who.name), deviceKey(r.who.mac)
	if s.brake.holds(user, device, r.at) {
		return v.refuse(wire.RefusedTooManyTries)
	}

	// An unknown name and a wrong password are both a try, and the same to the guest.
	v.grant, v.refused = s.cfg.Grants.Lookup(r.who.name)
	if r.waits && s.cfg.Codes != nil && v.refused == wire.RefusedUnknownUser {
		if zone := s.cfg.Codes.Zone(r.nas.ID, ssidOf(r.who.calledStation)); zone != "" {
			v = s.redeem(r, v, zone)
			s.countTry(v, user, device, r.at)
			return v
		}
	}
	if v.method == methodNone {
		return v.refuse(wire.RefusedUnsupportedMethod)
	}
	if v.refused == "" {
		v = s.prove(r, v)
	}
	s.countTry(v, user, device, r.at)
	if v.refused != "" {
		return v
	}
	return s.last(r, v)
}

// last is what is left to decide of a login that is proven.
func (s *Server) last(r *request, v verdict) verdict {
	// RFC 2865 5.27, 5.29: how long, and what happens then.
	v.seconds, v.renew = sessionTimeout(v.grant.NotAfter.Sub(r.at), r.nas.MaxSessionSeconds)
	if v.seconds == 0 {
		return v.refuse(wire.RefusedExpired)
	}
	return s.admit(r, v)
}

// prove looks at the login's proof, then at whose and where it is.
func (s *Server) prove(r *request, v verdict) verdict {
	if !r.proves(v.method, v.grant.Password) {
		var spent bool
		if v.once, spent = s.provenOnce(r, v); spent {
			return v.refuse(wire.RefusedSecretSpent)
		}
		if v.once == nil {
			return v.refuse(r.disproved())
		}
	}
	return v.bound(r)
}

// disproved says what a wrong proof means: where nothing else has shown that the
// secret is right, a password of rubbish speaks against the secret.
func (r *request) disproved() wire.RefusedReason {
	if r.garbled && r.messageAuthenticator == 0 {
		r.peer.heard.distrusted.Store(r.at.UnixNano())
		return wire.RefusedWrongSecret
	}
	return wire.RefusedWrongPassword
}

// countTry counts a wrong try. A code that was never sold may be a forged one.
func (s *Server) countTry(v verdict, user, device brakeKey, now time.Time) {
	switch v.refused {
	case wire.RefusedUnknownUser, wire.RefusedWrongPassword, wire.RefusedWrongSecret,
		wire.RefusedRollCodeInvalid, wire.RefusedRollCodeUnsold:
		s.brake.wrong(user, device, now)
	}
}

// admit counts the device in, unless the grant has as many as it may, or its secret is
// good for no session any more.
func (s *Server) admit(r *request, v verdict) verdict {
	session := r.session()
	session.Key.StartedAt = r.at
	session.GrantID, session.VisitID, session.Username = v.grant.ID, v.grant.VisitID, v.grant.Username
	until := r.at.Add(time.Duration(v.seconds) * time.Second)
	if v.grant.DeviceLimit > 0 || v.once != nil {
		// Two devices must not both find the last place free, or a secret.
		s.admission.Lock()
		defer s.admission.Unlock()
		if v.grant.DeviceLimit > 0 && s.cfg.Sessions.Devices(v.grant.ID, session.MAC) >= v.grant.DeviceLimit {
			return v.refuse(wire.RefusedDeviceLimit)
		}
		if v.once != nil {
			if why := s.spend(r, v); why != "" {
				return v.refuse(why)
			}
		}
	}
	s.cfg.Sessions.Accepted(session, until)
	return v
}

func (v verdict) refuse(why wire.RefusedReason) verdict {
	v.refused = why
	return v
}

// sessionTimeout returns the whole seconds a session may last: what is left of
// the grant, or the NAS's bound if that comes first, after which the NAS asks
// again without the guest noticing. Zero means that less than a second is left.
func sessionTimeout(left time.Duration, bound int) (seconds uint32, renew bool) {
	whole := int64(max(left, 0) / time.Second)
	whole = min(whole, math.MaxInt32) // some NASes read it as a signed number
	if bound > 0 && int64(bound) < whole {
		return uint32(bound), true
	}
	return uint32(whole), false
}

const (
	terminationDefault       = 0 // RFC 2865 5.29
	terminationRADIUSRequest = 1
)

// accept builds the Access-Accept.
func (s *Server) accept(r *request, v verdict) (outcome, discard) {
	class, err := s.classes.seal(r.class[:0], v.grant.ID)
	if err != nil {
		return noAnswer, s.fault(r, err)
	}
	w := &r.out
	w.begin(codeAccessAccept, r.packet.identifier(), true)
	w.addString(attrUserName, v.grant.Username) // accounting then names it so (RFC 2865 5.1)
	w.addNumber(attrSessionTimeout, v.seconds)
	w.addNumber(attrTerminationAction, terminationAction(v.renew))
	w.addNumber(attrAcctInterimInterval, interimInterval(r.nas))
	if len(class) > 0 {
		w.add(attrClass, class)
	}
	if v.method == methodMSCHAP2 {
		if err := s.addMSCHAP2Success(r); err != nil {
			return noAnswer, s.fault(r, err)
		}
	}
	w.copyProxyState(r.packet)
	r.remember.accepted = grantOf(v.grant)
	return s.finish(r, answeredAccept)
}

// reject builds the Access-Reject. RFC 2865 5.44 lets it carry Reply-Message and
// Proxy-State, RFC 3579 EAP-Message and Message-Authenticator, RFC 2548
// MS-CHAP-Error; nothing else belongs in one.
func (s *Server) reject(r *request, v verdict) (outcome, discard) {
	s.cfg.Metrics.rejected(v.refused)
	refused := wire.Refused{
		NASID: r.nas.ID, Reason: v.refused, Username: r.who.name, MAC: r.who.mac, Method: methodNames[v.method],
	}
	if v.grant != nil {
		refused.GrantID = v.grant.ID
	}
	if v.byCode {
		refused.Username = masked(r.who.name)
	}
	if v.refused != wire.RefusedUnknownDevice { // a NAS asks so for every device that comes by
		s.refusals.record(refused, r.at)
	}

	w := &r.out
	w.begin(codeAccessReject, r.packet.identifier(), true)
	switch v.method {
	case methodEAP: // no Reply-Message beside EAP (RFC 3579 2.6.5)
		w.addEAPFailure(r.eapMessage)
	case methodMSCHAP, methodMSCHAP2:
		if err := s.addMSCHAPError(r, v.method); err != nil {
			return noAnswer, s.fault(r, err)
		}
		fallthrough
	default:
		if text := cmp.Or(v.message, replyMessages[v.refused]); text != "" {
			w.addString(attrReplyMessage, text)
		}
	}
	w.copyProxyState(r.packet)
	return s.finish(r, answeredReject)
}

// replyMessages are what a portal may show. A wrong name and a wrong password are
// not told apart.
var replyMessages = map[wire.RefusedReason]string{
	wire.RefusedExpired:      "Your access has ended.",
	wire.RefusedRevoked:      "Your access has ended.",
	wire.RefusedNotYetValid:  "Your access has not begun yet.",
	wire.RefusedDeviceLimit:  "Too many devices use this access.",
	wire.RefusedTooManyTries: "Too many tries. Wait a minute.",
	wire.RefusedInUse:        "Another device uses this code.",
	wire.RefusedNotRecorded:  "This is not possible at the moment. Try again later.",

	wire.RefusedSecretSpent:   "This login was used already. Open the login page again.",
	wire.RefusedSecretExpired: "This login took too long. Open the login page again.",
	wire.RefusedOtherDevice:   "This login belongs to another device. Open the login page again.",
	wire.RefusedOtherNAS:      "This login belongs to another place. Open the login page again.",
}

func terminationAction(renew bool) uint32 {
	if renew {
		return terminationRADIUSRequest
	}
	return terminationDefault
}

func interimInterval(nas *wire.NAS) uint32 {
	if nas.InterimSeconds > 0 {
		return uint32(nas.InterimSeconds)
	}
	return defaultInterim
}

// addEAPFailure answers an EAP conversation that cannot be had (RFC 3748 4.2).
func (w *response) addEAPFailure(message []byte) {
	const eapFailure = 4
	var identifier byte
	if len(message) > 1 {
		identifier = message[1]
	}
	w.add(attrEAPMessage, []byte{eapFailure, identifier, 0, 4})
}

// draw fills n octets of r.random, which live until the next draw.
func (s *Server) draw(r *request, n int) ([]byte, error) {
	_, err := io.ReadFull(s.cfg.Rand, r.random[:n])
	return r.random[:n], err
}
