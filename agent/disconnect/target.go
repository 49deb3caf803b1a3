package disconnect

import (
	"context"
	"slices"
	"time"

	"github.com/foyerhq/foyer/agent/session"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// target is one session of a climb.
type target struct {
	session    wire.Session
	key        wire.SessionKey // by which the table knows it
	result     visit.SessionTermination
	round      int       // the last round that asked for it
	acceptedAt time.Time // of the first ACK without a sign of life after it
	reported   visit.SessionTermination
}

func newTarget(s wire.Session, key wire.SessionKey) *target {
	return &target{session: s, key: key, result: visit.SessionTermination{
		SessionID: s.ID, NASID: s.Key.NASID, State: visit.TerminationRequested,
	}}
}

// watched is the session as the table is asked for it.
func (t *target) watched() wire.Session {
	s := t.session
	s.Key = t.key
	return s
}

// accounted reports whether the session is known from its accounting, and not
// from its Access-Accept only.
func (t *target) accounted() bool { return t.session.Key.AcctSessionID != "" }

// maxAttempts bounds the attempts of a climb that a result tells of.
const maxAttempts = 10

// answered adds a round's attempts to those of the rounds before, so that a
// result says what it took.
func (t *target) answered(attempts []visit.TerminationAttempt) {
	all := slices.Concat(t.result.Attempts, attempts)
	t.result.Attempts = all[max(0, len(all)-maxAttempts):]
}

// changed reports whether the result differs from what it was at the last call.
func (t *target) changed() bool {
	was := t.reported
	t.reported = t.result
	return was.State != t.result.State || was.Reason != t.result.Reason
}

func (t *target) conclude(at time.Time, state visit.TerminationState, reason visit.TerminationReason) {
	t.result.At, t.result.State, t.result.Reason = at, state, reason
	t.result.Until = nil
	if state == visit.TerminationTimeout || state == visit.TerminationFailed {
		t.result.Until = t.session.ExpiresAt
	}
}

// reopen takes a done result back when the session has shown life since.
func (t *target) reopen(l *Ladder) {
	status, _ := l.cfg.Sessions.Watch(t.watched())
	if t.result.Done() && status.EndedAt.IsZero() && status.ReplacedBy == nil && status.SeenAt.After(t.result.At) {
		t.conclude(l.cfg.Now(), visit.TerminationUnconfirmed, visit.ReasonStillOnline)
	}
}

// overtaken reports whether a status says what the result does not yet.
func (t *target) overtaken(status session.Status) bool {
	return !status.EndedAt.IsZero() || status.ReplacedBy != nil ||
		t.result.Reason == visit.ReasonNoStop && status.SeenAt.After(t.acceptedAt)
}

// attempt asks the session's NAS once, unless what is known answers already.
func (c *climb) attempt(ctx context.Context, t *target) {
	if c.settle(t) {
		return
	}
	nas, driver := c.l.counterpart(t.session.Key.NASID)
	if driver == nil {
		t.conclude(c.l.cfg.Now(), visit.TerminationFailed, unreachable(nas))
		return
	}
	leave, err := c.l.gates.enter(ctx, nas.ID)
	if err != nil {
		return
	}
	out := driver.Disconnect(ctx, nas, t.session)
	leave()
	t.answered(out.Attempts)
	t.conclude(c.l.cfg.Now(), out.State, out.Reason)
	if out.State == visit.TerminationAccepted {
		if status, _ := c.l.cfg.Sessions.Watch(t.watched()); t.acceptedAt.IsZero() || status.SeenAt.After(t.acceptedAt) {
			t.acceptedAt = t.result.At
		}
		c.confirm(ctx, t, nas)
		return
	}
	c.settle(t)
}

// counterpart returns the NAS and its driver, nil where there is none.
func (l *Ladder) counterpart(id visit.NASID) (*wire.NAS, Driver) {
	nas := l.cfg.NASes.NASByID(id)
	if nas == nil {
		return nil, nil
	}
	name := nas.Driver
	if name == "" {
		name = "radius"
	}
	return nas, l.cfg.Drivers[name]
}

func unreachable(nas *wire.NAS) visit.TerminationReason {
	if nas == nil {
		return visit.ReasonUnknownNAS
	}
	return visit.ReasonUnsupported
}

// confirm waits for proof after an ACK. Where the NAS has never sent accounting
// there is none to wait for.
func (c *climb) confirm(ctx context.Context, t *target, nas *wire.NAS) {
	if !nas.AccountingSeen && !t.accounted() {
		t.result.NoAccounting = true
		return
	}
	wait, cancel := context.WithTimeout(ctx, c.l.cfg.ConfirmFor)
	defer cancel()
	for {
		status, changed := c.l.cfg.Sessions.Watch(t.watched())
		if c.settle(t) {
			return
		}
		select {
		case <-changed:
		case <-wait.Done():
			t.conclude(c.l.cfg.Now(), visit.TerminationUnconfirmed, sinceACK(t, status))
			return
		}
	}
}

func sinceACK(t *target, status session.Status) visit.TerminationReason {
	if status.SeenAt.After(t.acceptedAt) {
		return visit.ReasonStillOnline
	}
	return visit.ReasonNoStop
}

// settle concludes t by what accounting and the clock say, and reports whether
// they say anything conclusive.
func (c *climb) settle(t *target) bool {
	if t.result.Done() {
		return true
	}
	now := c.l.cfg.Now()
	status, _ := c.l.cfg.Sessions.Watch(t.watched())
	e := c.evidence(t, status)
	switch {
	case status.ReplacedBy != nil: // by a session of its own, which is a target too
		t.conclude(now, visit.TerminationAbsent, visit.ReasonNone)
	case !status.EndedAt.IsZero():
		t.conclude(now, visit.TerminationConfirmed, visit.ReasonNone)
	case passed(e.silentAt, now):
		t.conclude(now, visit.TerminationConfirmed, visit.ReasonNone)
	case passed(e.absentAt, now):
		t.conclude(now, visit.TerminationAbsent, visit.ReasonNone)
	case passed(e.timeoutAt, now):
		t.conclude(now, visit.TerminationTimeout, visit.ReasonNone)
	case t.result.Reason == visit.ReasonNoStop && status.SeenAt.After(t.acceptedAt):
		t.conclude(now, visit.TerminationUnconfirmed, visit.ReasonStillOnline)
		return false
	default:
		return false
	}
	return true
}

func passed(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// evidence is when silence will say something of a session, zero for never.
type evidence struct {
	silentAt  time.Time // ACK, then no news for 1.5 interim intervals: confirmed
	absentAt  time.Time // context not found, and news older than that, or no Accounting-Start: absent
	timeoutAt time.Time // Session-Timeout has passed without news since
}

func (c *climb) evidence(t *target, status session.Status) (e evidence) {
	interim := 300 * time.Second
	nas, _ := c.l.counterpart(t.session.Key.NASID)
	if nas != nil && nas.InterimSeconds > 0 {
		interim = time.Duration(nas.InterimSeconds) * time.Second
	}
	long := interim + interim/2
	news := status.SeenAt
	if news.IsZero() {
		news = c.begunAt // nothing is known here: from now on we listen
	}
	// Silence tells something only of a NAS that would have spoken.
	unstarted := !t.accounted() && nas != nil && nas.AccountingSeen
	speaks := !status.InterimAt.IsZero() || unstarted
	if !t.acceptedAt.IsZero() && speaks && !status.SeenAt.After(t.acceptedAt) {
		e.silentAt = t.acceptedAt.Add(long)
	}
	switch {
	case t.result.Reason != visit.ReasonNotFound:
	case unstarted: // it would have told of the session's start by now
		e.absentAt = news.Add(c.l.cfg.StartFor)
	default:
		e.absentAt = news.Add(long)
	}
	if ends := t.expiresAt(status); ends != nil {
		if believed := ends.Add(c.l.cfg.TimeoutGrace); !status.SeenAt.After(believed) {
			e.timeoutAt = believed
		}
	}
	return e
}

// expiresAt is the session's end by the last Session-Timeout sent, or nil.
func (t *target) expiresAt(status session.Status) *time.Time {
	if later := status.Session.ExpiresAt; later != nil {
		t.session.ExpiresAt = later // re-authentication moves it
	}
	return t.session.ExpiresAt
}

// nextEvidence returns when the first of the open targets' silences will speak.
func (c *climb) nextEvidence() time.Time {
	var next time.Time
	for _, t := range c.targets {
		if t.result.Done() {
			continue
		}
		status, _ := c.l.cfg.Sessions.Watch(t.watched())
		e := c.evidence(t, status)
		for _, at := range []time.Time{e.silentAt, e.absentAt, e.timeoutAt} {
			if !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
	}
	return next
}
