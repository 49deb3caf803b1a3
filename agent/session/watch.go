package session

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/wire"
)

// Status is what is known of one session.
type Status struct {
	Session    wire.Session
	Known      bool
	SeenAt     time.Time        // last sign of life, by the NAS's word
	InterimAt  time.Time        // last Interim-Update, zero for none
	EndedAt    time.Time        // zero while open
	Stopped    bool             // ended by its own Accounting-Stop
	ReplacedBy *wire.SessionKey // for a login: the session that took its place
}

// Watch returns a session's status and a channel that is closed at its next
// change, or sometimes for nothing: ask again. The session need not be known yet;
// of an Acct-Session-Id in use, the one that began nearest to the key's start is it,
// if it had not ended by then. One of another access point, device or user, where s
// says which, is not. Nothing has to be given back.
func (t *Table) Watch(s wire.Session) (Status, <-chan struct{}) {
	s.Key = rounded(s.Key)
	t.mu.Lock()
	defer t.mu.Unlock()
	w := slotOf(s.Key)
	if t.watchers[w] == nil {
		t.watchers[w] = make(chan struct{})
	}
	records, r := t.alike(s)
	if r == nil && s.Key.AcctSessionID != "" {
		r = nearest(records, s.Key.StartedAt)
	}
	if r == nil {
		return Status{}, t.watchers[w]
	}
	return Status{
		Session: r.Session, Known: true, SeenAt: r.SeenAt, InterimAt: r.InterimAt,
		EndedAt: r.endedAt(), Stopped: !r.StoppedAt.IsZero(), ReplacedBy: r.Replaced,
	}, t.watchers[w]
}

// Wait returns once the session has ended, has been replaced, or has shown life
// after after; or with ctx's error and the status then.
func (t *Table) Wait(ctx context.Context, session wire.Session, after time.Time) (Status, error) {
	for {
		s, changed := t.Watch(session)
		if !s.EndedAt.IsZero() || s.ReplacedBy != nil || s.SeenAt.After(after) {
			return s, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return s, ctx.Err()
		}
	}
}

// changed wakes r's watchers and has r written. Mu must be held.
func (t *Table) changed(r *record) {
	t.dirty[r] = struct{}{}
	t.poke()
	t.release(slotOf(r.Session.Key))
}

func (t *Table) release(w slot) {
	if c := t.watchers[w]; c != nil {
		close(c)
		delete(t.watchers, w)
	}
}

func (t *Table) poke() {
	select {
	case t.wake <- struct{}{}:
	default: // it will look anyway
	}
}
