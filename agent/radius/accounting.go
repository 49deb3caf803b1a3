package radius

import (
	"context"
	"fmt"
	"time"

	"github.com/foyerhq/foyer/internal/wire"
)

// Bounds within which a NAS's clock is believed.
const (
	eventPast   = 24 * time.Hour // a NAS may have kept a record while nobody answered
	eventFuture = 5 * time.Minute
)

// accounting answers an Accounting-Request once it is recorded (RFC 2866 4.1), or
// not at all.
func (s *Server) accounting(r *request) (outcome, discard) {
	if why := s.authenticAccounting(r); why != keep {
		return noAnswer, why
	}
	switch r.peer.answers.begin(r) {
	case seenAnswered:
		return answeredAgain, keep
	case seenWorking:
		return noAnswer, dropDuplicate
	}
	defer r.peer.answers.finish(r)

	a, why := s.readAccounting(r)
	if why != keep {
		return noAnswer, why
	}
	if a.Status != "" { // others, such as tunnels' (RFC 2867), say nothing of a guest
		if err := s.record(r, a); err != nil {
			s.logs.journal.Do(func() { s.cfg.Logger.Error("accounting not recorded", "error", err) })
			return noAnswer, dropNotDurable
		}
	}
	// Unsigned on purpose, also where the request was signed: no RFC gives an
	// Accounting-Response a Message-Authenticator. FreeRADIUS' client computes it with
	// zeros in the header, the rule for answers (RFC 3579 3.2) is the request's
	// authenticator, and a wrong one loses the answer. CVE-2024-3596 does not reach
	// here: both authenticators are keyed.
	r.out.begin(codeAccountingResponse, r.packet.identifier(), false)
	r.out.copyProxyState(r.packet)
	return s.finish(r, answeredAccounting)
}

// record makes a durable, then effective, then looks whether the session should
// be there at all.
func (s *Server) record(r *request, a wire.Accounting) error {
	a = s.cfg.Sessions.Resolve(s.assign(r, a))
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.JournalFor)
	defer cancel()
	if _, err := s.cfg.Journal.Append(ctx, wire.Record{At: r.at, Accounting: &a}); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	s.cfg.Sessions.Account(a)
	if s.orphaned(a, r.at) {
		s.cfg.Metrics.orphans.Inc()
		if s.cfg.OnOrphan != nil {
			s.cfg.OnOrphan(a.Session)
		}
	}
	return nil
}

// assign says whose session a is: by the Class we gave it, else by its user
// name. Sessions then tries the device's earlier login.
func (s *Server) assign(r *request, a wire.Accounting) wire.Accounting {
	p := r.packet
	for at := headerLen; at < len(p) && a.Session.GrantID == ""; at = p.next(at) {
		if p.kind(at) == attrClass {
			a.Session.GrantID = s.classes.open(p.value(at))
		}
	}
	if a.Session.GrantID == "" && a.Session.Username != "" {
		if g, _ := s.cfg.Grants.Lookup(a.Session.Username); g != nil {
			a.Session.GrantID = g.ID
		}
	}
	if a.Session.GrantID == "" {
		return a
	}
	if g := s.cfg.Grants.Grant(a.Session.GrantID); g != nil {
		a.Session.VisitID = g.VisitID
	}
	return a
}

// orphaned reports whether a shows a guest online whose grant is gone or over: a
// NAS that cached our accept, or let in somebody revoked. A session that never was
// ours is none of our business.
func (s *Server) orphaned(a wire.Accounting, now time.Time) bool {
	if a.Status != wire.AccountingStart && a.Status != wire.AccountingInterim {
		return false
	}
	if a.Session.GrantID == "" {
		_, why := s.cfg.Grants.Lookup(a.Session.Username)
		return why == wire.RefusedExpired || why == wire.RefusedRevoked
	}
	g := s.cfg.Grants.Grant(a.Session.GrantID)
	return g == nil || !now.Before(g.NotAfter)
}

// statuses are Acct-Status-Type (RFC 2866 5.1) as far as it concerns sessions.
var statuses = map[uint32]wire.AccountingStatus{
	1: wire.AccountingStart,
	2: wire.AccountingStop,
	3: wire.AccountingInterim,
	7: wire.AccountingOn,
	8: wire.AccountingOff,
}

// usage is what only accounting carries, each 0 when absent.
type usage struct {
	status, delay, seconds, cause, eventAt uint32
	input, output, inputHigh, outputHigh   uint32
}

func (p packet) usage() (u usage) {
	for at := headerLen; at < len(p); at = p.next(at) {
		if field := u.field(p.kind(at)); field != nil {
			if n, ok := number(p.value(at)); ok {
				*field = n
			}
		}
	}
	return u
}

func (u *usage) field(kind attribute) *uint32 {
	switch kind {
	case attrAcctStatusType:
		return &u.status
	case attrAcctDelayTime:
		return &u.delay
	case attrAcctSessionTime:
		return &u.seconds
	case attrAcctTerminateCause:
		return &u.cause
	case attrEventTimestamp:
		return &u.eventAt
	case attrAcctInputOctets:
		return &u.input
	case attrAcctOutputOctets:
		return &u.output
	case attrAcctInputGigawords:
		return &u.inputHigh
	case attrAcctOutputGigawords:
		return &u.outputHigh
	}
	return nil
}

// readAccounting returns what the packet says. Status is empty for kinds of
// accounting that are acknowledged only.
func (s *Server) readAccounting(r *request) (a wire.Accounting, why discard) {
	u := r.packet.usage()
	status, known := statuses[u.status]
	if !known {
		if u.status == 0 { // RFC 2866 5.13: exactly one is required
			return a, dropInvalid
		}
		return a, keep
	}
	r.identify()
	a = wire.Accounting{
		Status:         status,
		EventAt:        eventAt(u, r.at),
		Session:        r.session(),
		InputOctets:    uint64(u.inputHigh)<<32 | uint64(u.input), // RFC 2869 5.1, 5.2
		OutputOctets:   uint64(u.outputHigh)<<32 | uint64(u.output),
		SessionSeconds: u.seconds,
	}
	a.Session.Key.AcctSessionID = r.who.acctSessionID
	a.Session.Key.StartedAt = a.EventAt.Add(-time.Duration(u.seconds) * time.Second)
	if status == wire.AccountingStop {
		a.TerminateCause = terminateCause(u.cause)
	}
	ofNAS := status == wire.AccountingOn || status == wire.AccountingOff
	if r.who.acctSessionID == "" && !ofNAS { // RFC 2866 5.5: required
		return a, dropInvalid
	}
	return a, keep
}

// eventAt is when it happened: the NAS's Event-Timestamp (RFC 2869 5.3) if its
// clock can be right, else the time of receipt less Acct-Delay-Time (RFC 2866 5.2).
func eventAt(u usage, now time.Time) time.Time {
	at := time.Unix(int64(u.eventAt), 0)
	if u.eventAt != 0 && now.Sub(at) <= eventPast && at.Sub(now) <= eventFuture {
		return at.UTC()
	}
	delay := min(time.Duration(u.delay)*time.Second, eventPast)
	return now.Add(-delay).UTC()
}

// causes are Acct-Terminate-Cause's names from 1 on: RFC 2866 5.10, and from 19
// RFC 3580 2.
var causes = [...]string{
	"user-request", "lost-carrier", "lost-service", "idle-timeout", "session-timeout", "admin-reset",
	"admin-reboot", "port-error", "nas-error", "nas-request", "nas-reboot", "port-unneeded",
	"port-preempted", "port-suspended", "service-unavailable", "callback", "user-error", "host-request",
	"supplicant-restart", "reauthentication-failure", "port-reinitialized", "port-administratively-disabled",
}

func terminateCause(n uint32) string {
	switch {
	case n == 0:
		return ""
	case int(n) <= len(causes):
		return causes[n-1]
	}
	return fmt.Sprintf("cause-%d", n)
}
