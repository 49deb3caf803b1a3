package radius

// Status-Server answers a NAS a second; more is no question but a load.
const (
	statusRate  = 5
	statusBurst = 10
)

// status answers a Status-Server (RFC 5997 4.2, 4.3): on the authentication port
// with an Access-Accept, on the accounting port with an Accounting-Response, and
// on both with nothing in it that means anything but "I am here".
func (s *Server) status(r *request) (outcome, discard) {
	if why := s.authenticStatus(r); why != keep {
		return noAnswer, why
	}
	if !r.peer.status.AllowN(r.at, 1) {
		return noAnswer, dropRateLimited
	}
	answer := codeAccessAccept
	if r.socket.port == acctPort {
		answer = codeAccountingResponse
	}
	r.out.begin(answer, r.packet.identifier(), true)
	r.out.copyProxyState(r.packet)
	return s.finish(r, answeredStatus)
}
