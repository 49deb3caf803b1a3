package disconnect

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Outcome is what asking a NAS came to, before accounting is weighed. State is
// accepted, unconfirmed or failed.
type Outcome struct {
	State    visit.TerminationState
	Reason   visit.TerminationReason
	Attempts []visit.TerminationAttempt
}

// Driver asks a NAS to end one session, by one kind of NAS's own protocol. It
// returns when the NAS has answered or is called silent, or ctx ends, and may be
// called for many sessions at once.
type Driver interface {
	Disconnect(ctx context.Context, nas *wire.NAS, session wire.Session) Outcome
}

// defaultPort is RFC 5176's.
const defaultPort = 3799

// RADIUSConfig is what a RADIUS driver needs; zero values mean the defaults.
type RADIUSConfig struct {
	Schedule Schedule // zero: DefaultSchedule
	// ProbeSchedule is that of Probe; zero: DefaultProbeSchedule.
	ProbeSchedule Schedule
	Local         netip.Addr       // sent from here; invalid: as the kernel chooses
	Now           func() time.Time // for Event-Timestamp; nil: time.Now
	Random        func() float64   // jitter in [0,1); nil: math/rand
	Logger        *slog.Logger
	Metrics       *Metrics
}

// RADIUS is the driver for RFC 5176 Disconnect-Requests. It learns per NAS which
// shape of request is understood, for as long as the process lives.
type RADIUS struct {
	cfg    RADIUSConfig
	lastID atomic.Uint32

	mu      sync.Mutex // guards learned
	learned map[visit.NASID]lesson
}

// lesson is how requests that a NAS understood differed from the fullest.
type lesson struct {
	without shape
	respelt bool
}

// NewRADIUS returns a driver.
func NewRADIUS(cfg RADIUSConfig) *RADIUS {
	if cfg.Schedule == (Schedule{}) {
		cfg.Schedule = DefaultSchedule
	}
	if cfg.ProbeSchedule == (Schedule{}) {
		cfg.ProbeSchedule = DefaultProbeSchedule
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Float64
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Metrics == nil {
		cfg.Metrics = NewMetrics(nil)
	}
	d := &RADIUS{cfg: cfg, learned: make(map[visit.NASID]lesson)}
	d.lastID.Store(uint32(cfg.Random() * 256))
	return d
}

// Disconnect implements Driver: it sends one request per shape until one is
// understood, as causes says.
func (d *RADIUS) Disconnect(ctx context.Context, nas *wire.NAS, session wire.Session) Outcome {
	address, err := coaAddress(nas, session)
	if err != nil {
		d.cfg.Logger.Warn("no address to disconnect at", "nas_id", nas.ID, "error", err)
		return Outcome{State: visit.TerminationFailed, Reason: visit.ReasonUnknownNAS}
	}
	ctx, cancel := context.WithTimeout(ctx, 3*d.cfg.Schedule.All) // a NAS that refuses, slowly, every shape
	defer cancel()
	var out Outcome
	find := newSearch(session)
	for current, ok := d.begin(nas.ID, find), true; ok; {
		a, attempt := d.ask(ctx, address, nas, session, current)
		out.Attempts = append(out.Attempts, attempt)
		v := silence
		if attempt.Answer == "ack" || attempt.Answer == "nak" {
			v = a.verdict()
		}
		out.State, out.Reason = v.state, v.reason
		if v.state == visit.TerminationAccepted {
			d.learn(nas.ID, find.full, current)
		}
		current, ok = find.next(current, v.move)
	}
	return out
}

// silence is the verdict on no answer at all.
var silence = verdict{stay, visit.TerminationUnconfirmed, visit.ReasonNoAnswer}

// ask sends one request, with repeats, and returns what came back.
func (d *RADIUS) ask(ctx context.Context, address string, nas *wire.NAS, session wire.Session, form shape) (answer, visit.TerminationAttempt) {
	attempt := visit.TerminationAttempt{At: d.cfg.Now(), Method: "disconnect", Shape: form.String(), Answer: "error"}
	defer func() { d.cfg.Metrics.answers.WithLabelValues(attempt.Answer).Inc() }()
	conn, err := d.dial(ctx, address)
	if err != nil {
		d.cfg.Logger.Warn("disconnect not sent", "nas_id", nas.ID, "error", err)
		return answer{}, attempt
	}
	defer func() { _ = conn.Close() }()
	secret := []byte(nas.Secret)
	request := buildRequest(byte(d.lastID.Add(1)), secret, attempt.At, form.attributes(session))
	a, tries, err := d.cfg.Schedule.exchange(ctx, conn, request, d.cfg.Random, func(b []byte) (answer, error) {
		a, err := parseAnswer(b, request, secret, d.cfg.Now())
		if err != nil {
			d.cfg.Metrics.discarded.WithLabelValues(err.Error()).Inc()
		}
		return a, err
	})
	attempt.Tries, attempt.ErrorCause = tries, a.cause
	switch {
	case err != nil:
		attempt.Answer = "none"
	case a.ack:
		attempt.Answer = "ack"
	default:
		attempt.Answer = "nak"
	}
	return a, attempt
}

// dial opens a socket of its own for one request: the kernel then drops what
// does not come from the NAS's address and port, and requests never run out of
// Identifiers.
func (d *RADIUS) dial(ctx context.Context, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: 5 * time.Second} // a name may have to be resolved
	if d.cfg.Local.IsValid() {
		dialer.LocalAddr = net.UDPAddrFromAddrPort(netip.AddrPortFrom(d.cfg.Local, 0))
	}
	return dialer.DialContext(ctx, "udp", address)
}

// coaAddress returns where nas listens: as configured, else where the session's
// packets come from if that is within the NAS's network, else its only address.
func coaAddress(nas *wire.NAS, session wire.Session) (string, error) {
	port := nas.CoAPort
	if port == 0 {
		port = defaultPort
	}
	host := nas.CoAAddress
	if host == "" {
		from, err := netip.ParseAddr(session.NASAddress)
		switch from = from.Unmap(); {
		case err == nil && nas.Source.Contains(from):
			host = from.String()
		case nas.Source.IsSingleIP():
			host = nas.Source.Addr().String()
		default:
			return "", errors.New("neither a CoA address nor a single source address is known")
		}
	}
	return net.JoinHostPort(host, strconv.Itoa(port)), nil
}

// begin returns the first shape to try: the fullest, as far as the NAS is known
// to understand it.
func (d *RADIUS) begin(id visit.NASID, find *search) shape {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.learned[id]
	form := find.full &^ known.without
	if !form.identifies() {
		form = find.full
	}
	if known.respelt && find.spelt {
		form |= respelt
	}
	return form
}

func (d *RADIUS) learn(id visit.NASID, full, worked shape) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.learned[id] = lesson{without: full &^ worked, respelt: worked.has(respelt)}
}
