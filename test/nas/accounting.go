package nas

import (
	"context"
	"fmt"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"
	"layeh.com/radius/rfc3162"
)

const (
	// causeReauthentication is Reauthentication-Failure (RFC 3580 section 2.3.3).
	causeReauthentication rfc2866.AcctTerminateCause = 20
	// causeForgotten never goes over the wire.
	causeForgotten rfc2866.AcctTerminateCause = 0
)

func causeName(c rfc2866.AcctTerminateCause) string {
	switch c {
	case causeReauthentication:
		return "Reauthentication-Failure"
	case causeForgotten:
		return "forgotten"
	default:
		return c.String()
	}
}

// describe adds what an Access-Request and accounting have in common: the NAS,
// the port and the station.
func (s *session) describe(p *radius.Packet) {
	n := s.nas
	n.identify(p)
	p.Add(rfc2865.NASPort_Type, radius.NewInteger(s.port))
	p.Add(rfc2865.NASPortType_Type, radius.NewInteger(uint32(rfc2865.NASPortType_Value_Wireless80211)))
	p.Add(rfc2865.CallingStationID_Type, radius.Attribute(s.guest.MAC))
	p.Add(rfc2866.AcctSessionID_Type, radius.Attribute(s.id))
	if s.guest.IP.Is4() {
		p.Add(rfc2865.FramedIPAddress_Type, s.guest.IP.AsSlice())
	}
}

func (n *NAS) identify(p *radius.Packet) {
	p.Add(rfc2865.NASIdentifier_Type, radius.Attribute(n.cfg.Name))
	if n.at.bind.Is4() {
		p.Add(rfc2865.NASIPAddress_Type, n.at.bind.AsSlice())
	} else {
		p.Add(rfc3162.NASIPv6Address_Type, n.at.bind.AsSlice())
	}
}

// account sends a record of the session. s.mu is held, so that first datagrams
// leave in order.
func (s *session) account(status rfc2866.AcctStatusType, cause rfc2866.AcctTerminateCause) {
	p := s.nas.newRecord(status)
	p.Add(rfc2865.UserName_Type, radius.Attribute(s.username()))
	s.describe(p)
	for _, class := range s.granted.class {
		p.Add(rfc2865.Class_Type, class)
	}
	if status != rfc2866.AcctStatusType_Value_Start {
		s.count(p)
	}
	if status == rfc2866.AcctStatusType_Value_Stop {
		p.Add(rfc2866.AcctTerminateCause_Type, radius.NewInteger(uint32(cause)))
	}
	s.run.report(p)
}

// count adds duration and traffic; Gigawords only where the counter has
// wrapped (RFC 2869 section 5.1).
func (s *session) count(p *radius.Packet) {
	up, down := s.traffic()
	p.Add(rfc2866.AcctSessionTime_Type, radius.NewInteger(uint32(s.age()/time.Second)))
	addCounter(p, rfc2866.AcctInputOctets_Type, rfc2869.AcctInputGigawords_Type, up)
	addCounter(p, rfc2866.AcctOutputOctets_Type, rfc2869.AcctOutputGigawords_Type, down)
}

func addCounter(p *radius.Packet, octets, gigawords radius.Type, value uint64) {
	p.Add(octets, radius.NewInteger(uint32(value))) //nolint:gosec // the low half is meant
	if high := uint32(value >> 32); high > 0 {
		p.Add(gigawords, radius.NewInteger(high))
	}
}

// boot sends Accounting-On. What it is sent for, that all older sessions are
// gone, must not reach the server after the first new one: see awaitBoot.
func (r *run) boot() {
	p := r.nas.newRecord(rfc2866.AcctStatusType_Value_AccountingOn)
	r.nas.identify(p)
	settled := r.report(p)
	r.nas.mu.Lock()
	defer r.nas.mu.Unlock()
	r.nas.booted = settled
}

// awaitBoot holds logins back until Accounting-On is answered, or its first
// retransmission is due: a NAS serves guests also where accounting is down.
func (n *NAS) awaitBoot(ctx context.Context) error {
	n.mu.Lock()
	booted := n.booted
	n.mu.Unlock()
	timer := time.NewTimer(n.cfg.RetryAfter)
	defer timer.Stop()
	select {
	case <-booted:
		return nil
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (n *NAS) newRecord(status rfc2866.AcctStatusType) *radius.Packet {
	p := &radius.Packet{Code: radius.CodeAccountingRequest, Secret: n.cfg.Secret}
	p.Add(rfc2866.AcctStatusType_Type, radius.NewInteger(uint32(status)))
	if stamp, err := radius.NewDate(n.cfg.Now()); err == nil {
		p.Add(rfc2869.EventTimestamp_Type, stamp)
	}
	return p
}

// report sends an accounting record: the first datagram at once, the rest in
// the background. What cannot be delivered is logged as lost. The channel is
// closed when the record is answered or lost.
func (r *run) report(p *radius.Packet) <-chan struct{} {
	settled := make(chan struct{})
	if r.acct == nil {
		close(settled)
		return settled
	}
	q := r.request(r.acct, r.nas.cfg.AcctTries)
	q.renews = true
	q.compose = func(id byte, delay time.Duration) ([]byte, error) {
		p.Identifier = id
		p.Set(rfc2866.AcctDelayTime_Type, radius.NewInteger(uint32(delay/time.Second)))
		return encode(p)
	}
	if err := q.start(); err != nil {
		r.lose(p, err)
		close(settled)
		return settled
	}
	spawned := r.spawn(func() {
		defer close(settled)
		r.deliver(q, p)
	})
	if !spawned {
		q.close()
		close(settled)
	}
	return settled
}

// deliver sees a started record through to its answer.
func (r *run) deliver(q *request, p *radius.Packet) {
	answer, err := q.wait(r.ctx)
	if err != nil {
		r.lose(p, err)
		return
	}
	if err := r.acknowledged(answer, q.datagram); err != nil {
		r.nas.journal.packet(EventInvalid, r.acct.server.String(), answer, err.Error())
		r.lose(p, err)
		return
	}
	r.nas.journal.packet(EventReceived, r.acct.server.String(), answer, "")
}

// acknowledged verifies an Accounting-Response; a Message-Authenticator is
// optional there, but never wrong.
func (r *run) acknowledged(answer, request []byte) error {
	b, err := trim(answer)
	if err != nil {
		return err
	}
	if radius.Code(b[0]) != radius.CodeAccountingResponse {
		return fmt.Errorf("%w: %v in answer to accounting", ErrMalformed, radius.Code(b[0]))
	}
	from := seed(request[4:headerLen])
	if err := checkAuthenticator(b, from, r.nas.cfg.Secret); err != nil {
		return err
	}
	_, _, err = checkMessageAuthenticator(b, from, r.nas.cfg.Secret)
	return err
}

func (r *run) lose(p *radius.Packet, why error) {
	status := rfc2866.AcctStatusType_Get(p).String()
	r.nas.journal.add(Event{
		Kind: EventLost, Packet: codeName(p.Code), Note: status + ": " + why.Error(),
		AcctSessionID: rfc2866.AcctSessionID_GetString(p),
	})
	r.nas.cfg.Logger.Warn("accounting record lost", "nas", r.nas.cfg.Name, "record", status)
}
