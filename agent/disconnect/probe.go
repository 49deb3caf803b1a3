package disconnect

import (
	"context"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Prober is a Driver that can be tried without a session.
type Prober interface {
	// Probe asks the NAS to end a session that does not exist, until it has
	// answered or ctx ends. lastFrom is where its packets come from, where known.
	Probe(ctx context.Context, nas *wire.NAS, lastFrom netip.Addr) visit.NASReport
}

// Probe tries the NAS by its driver. It waits for a turn at the NAS as a
// termination does, and ctx bounds all of it.
func (l *Ladder) Probe(ctx context.Context, id visit.NASID, lastFrom netip.Addr) visit.NASReport {
	nas, driver := l.counterpart(id)
	if nas == nil {
		return visit.NASReport{Answer: visit.ProbeUnknownNAS}
	}
	prober, ok := driver.(Prober)
	if !ok {
		return visit.NASReport{Answer: visit.ProbeUnsupported}
	}
	leave, err := l.gates.enter(ctx, id)
	if err != nil {
		return visit.NASReport{Answer: visit.ProbeNoAnswer}
	}
	defer leave()
	return prober.Probe(ctx, nas, lastFrom)
}

// DefaultProbeSchedule fits a person who waits for the result: four datagrams in
// six seconds, for all shapes of the request together.
var DefaultProbeSchedule = Schedule{First: time.Second, Cap: 2 * time.Second, Tries: 4, All: 6 * time.Second}

// Probe implements Prober. The session it names is drawn at random, so that no
// guest's can be meant. A NAS that wants fewer or more attributes is asked again as
// for a real session; what it understood is not learned from a session it does not
// know.
func (d *RADIUS) Probe(ctx context.Context, nas *wire.NAS, lastFrom netip.Addr) visit.NASReport {
	session := d.nobody()
	if lastFrom.IsValid() {
		session.NASAddress = lastFrom.String()
	}
	address, err := coaAddress(nas, session)
	if err != nil {
		return visit.NASReport{Answer: visit.ProbeNoAddress}
	}
	ctx, cancel := context.WithTimeout(ctx, d.cfg.ProbeSchedule.All)
	defer cancel()
	var report visit.NASReport
	find := newSearch(session)
	for current, ok := find.full, true; ok; {
		one := d.probe(ctx, address, nas, session, current)
		if report.Answer == "" || one.Answer != visit.ProbeNoAnswer {
			report.Answer, report.ErrorCause = one.Answer, one.ErrorCause
		}
		report.Tries += one.Tries
		if one.Answer != visit.ProbeRefused {
			break
		}
		current, ok = find.next(current, answer{cause: one.ErrorCause}.verdict().move)
	}
	return report
}

// nobody is a session that no NAS has.
func (d *RADIUS) nobody() wire.Session {
	var drawn [6]byte
	for i := range drawn {
		drawn[i] = byte(d.cfg.Random() * 256)
	}
	mac := net.HardwareAddr(append([]byte{2}, drawn[1:]...)) // locally administered
	return wire.Session{
		Key:      wire.SessionKey{AcctSessionID: "foyer-test-" + hex.EncodeToString(drawn[:])},
		Username: "foyer-test-" + hex.EncodeToString(drawn[:3]), MAC: mac.String(),
	}
}

// probe sends one request, with repeats, and tells silence, a stranger's answer
// and a closed port apart.
func (d *RADIUS) probe(ctx context.Context, address string, nas *wire.NAS, session wire.Session, form shape) visit.NASReport {
	dialled, err := d.dial(ctx, address)
	if err != nil {
		d.cfg.Logger.Warn("test of a NAS not sent", "nas_id", nas.ID, "error", err)
		return visit.NASReport{Answer: visit.ProbeUnreachable}
	}
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	conn := &noticing{Conn: dialled, giveUp: giveUp}
	defer func() { _ = conn.Close() }()
	secret, forged := []byte(nas.Secret), false
	request := buildRequest(byte(d.lastID.Add(1)), secret, d.cfg.Now(), form.attributes(session))
	a, tries, err := d.cfg.ProbeSchedule.exchange(ctx, conn, request, d.cfg.Random, func(b []byte) (answer, error) {
		a, err := parseAnswer(b, request, secret, d.cfg.Now())
		forged = forged || errors.Is(err, errAuthenticator) || errors.Is(err, errMessageAuth)
		return a, err
	})
	report := visit.NASReport{Answer: visit.ProbeRefused, ErrorCause: a.cause, Tries: tries}
	switch {
	case err != nil && forged:
		report.Answer = visit.ProbeForged
	case err != nil && conn.refusals.Load() > 0:
		report.Answer = visit.ProbeUnreachable
	case err != nil:
		report.Answer = visit.ProbeNoAnswer
	case a.ack:
		report.Answer = visit.ProbeAgreed
	case a.cause == causeNotFound:
		report.Answer = visit.ProbeUnderstood
	}
	return report
}

// causeNotFound is Error-Cause 503, session context not found.
const causeNotFound = 503

// noticing counts how often the network said that nobody listens there. Once might
// be a restart; who is told twice need not be kept waiting.
type noticing struct {
	net.Conn
	refusals atomic.Int32
	giveUp   func()
}

func (c *noticing) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.notice(err)
	return n, err
}

func (c *noticing) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.notice(err)
	return n, err
}

func (c *noticing) notice(err error) {
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH) {
		if c.refusals.Add(1) > 1 {
			c.giveUp()
		}
	}
}
