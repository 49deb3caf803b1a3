package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// causeRestart is why a session ended whose NAS said Accounting-On or -Off (RFC
// 2866 5.10).
const causeRestart = "nas-reboot"

// accounting stores what a NAS said. Records may come in any order and more than
// once: the first end stays, counters only grow.
func (r *report) accounting(ctx context.Context, a wire.Accounting) error {
	facts, ok := r.nases[string(a.Session.Key.NASID)]
	if !ok {
		return errSkip
	}
	if a.Session.GrantID != "" {
		if _, ok := r.vouchers[a.Session.GrantID]; !ok && !r.accesses[a.Session.GrantID] {
			return errSkip
		}
	}
	if a.Status == wire.AccountingAccepted {
		return r.accepted(ctx, a)
	}
	if err := r.learnAccounting(ctx, facts); err != nil {
		return err
	}
	switch a.Status {
	case wire.AccountingOn, wire.AccountingOff:
		return r.restarted(ctx, a)
	case wire.AccountingStart, wire.AccountingInterim, wire.AccountingStop:
		return r.real(ctx, a)
	default:
		return errSkip // of a newer agent
	}
}

// learnAccounting notes that the NAS sends accounting: an ACK is not all the
// proof there can be.
func (r *report) learnAccounting(ctx context.Context, nas *nasFacts) error {
	if nas.Accounting {
		return nil
	}
	nas.Accounting = true
	return r.learn(ctx, nas.ID, `update nases set accounting_seen_at = @now where id = @id and accounting_seen_at is null`)
}

// learnDisconnect notes that a disconnect was confirmed: sessions need no short
// limit any more.
func (r *report) learnDisconnect(ctx context.Context, nas *nasFacts) error {
	if nas.Confirmed {
		return nil
	}
	nas.Confirmed = true
	return r.learn(ctx, nas.ID, `update nases set disconnect_confirmed_at = @now where id = @id and disconnect_confirmed_at is null`)
}

func (r *report) learn(ctx context.Context, id visit.NASID, update string) error {
	learned, err := exec(ctx, r, update, pgx.NamedArgs{"id": id, "now": r.now})
	if err == nil && learned == 1 {
		r.follow(r.site, ledgerNAS, string(id))
	}
	return err
}

// onSlack is by how much an Accounting-On may seem later than it was: NASes tell
// time, and the age of a repeat, in whole seconds.
const onSlack = time.Second

// restarted closes every session of the device, the NAS or one of its access points,
// that showed no life after its restart. A report of it may come late, when the device
// has new sessions already.
func (r *report) restarted(ctx context.Context, a wire.Accounting) error {
	const open = `select ` + sessionColumns + ` from sessions v
		where v.nas_id = @nas and v.ended_at is null and greatest(v.started_at, v.last_seen_at) <= @at
			and ` + ofSender + ` order by v.id for no key update`
	at := micro(a.EventAt)
	if a.Status == wire.AccountingOn { // sessions begin after it, maybe in its second
		at = at.Add(-onSlack - time.Microsecond)
	}
	rows, err := all[sessionRow](ctx, r, open, pgx.NamedArgs{
		"nas": a.Session.Key.NASID, "at": at,
		"address": clean(a.Session.NASAddress, maxAttribute), "identifier": clean(a.Session.NASIdentifier, maxAttribute),
	})
	if err != nil {
		return err
	}
	for _, row := range rows {
		row.AgentID = r.agent
		row.end(a.EventAt, causeRestart)
		if err := r.closed(ctx, &row); err != nil {
			return err
		}
	}
	return nil
}

// accepted stores a session known from its Access-Accept only, until the real one
// takes its place.
func (r *report) accepted(ctx context.Context, a wire.Accounting) error {
	if a.Session.GrantID == "" {
		return errSkip
	}
	for _, implied := range []bool{false, true} {
		row, err := r.openSession(ctx, a.Session, implied)
		if err != nil {
			return err
		}
		if row != nil && !row.elsewhere(a.Session) { // re-authenticated
			return r.seen(ctx, row, a)
		}
	}
	a.Session.Key.AcctSessionID = ""
	row := r.newSession(a)
	found, err := r.findSession(ctx, row.wire())
	if err != nil || found != nil {
		return err // it came before, and has ended
	}
	if err := r.insertSession(ctx, row); err != nil {
		return err
	}
	r.opened(row)
	return nil
}

func (r *report) seen(ctx context.Context, row *sessionRow, a wire.Accounting) error {
	row.AgentID = r.agent
	row.fill(a)
	r.opened(row)
	return r.saveSession(ctx, row)
}

// real stores a session that its NAS accounts for.
func (r *report) real(ctx context.Context, a wire.Accounting) error {
	if a.Session.Key.AcctSessionID == "" {
		return errSkip // RFC 2866 5.5: there must be one
	}
	row, err := r.findSession(ctx, a.Session)
	if err != nil {
		return err
	}
	if row == nil {
		return r.begin(ctx, a)
	}
	was := row.EndedAt
	row.AgentID = r.agent
	row.fill(a)
	if was != nil {
		return r.saveSession(ctx, row)
	}
	return r.continues(ctx, row, a)
}

// begin stores a session's first record, whichever it is. It takes the place of
// the implied session of the same device, if there is one.
func (r *report) begin(ctx context.Context, a wire.Accounting) error {
	row, err := r.implied(ctx, a)
	if err != nil {
		return err
	}
	if row != nil {
		r.out.Closed = append(r.out.Closed, row.key())
		row.AcctSessionID, row.StartedAt = clean(a.Session.Key.AcctSessionID, maxAttribute), micro(a.Session.Key.StartedAt)
		row.AgentID = r.agent
		row.fill(a)
		if err = r.free(ctx, row); err == nil {
			err = r.saveSession(ctx, row)
		}
	} else {
		row = r.newSession(a)
		err = r.insertSession(ctx, row)
	}
	if err != nil {
		return err
	}
	if err := r.announceSession(row, visit.EventSessionStarted, map[string]any{"started_at": row.StartedAt}); err != nil {
		return err
	}
	return r.continues(ctx, row, a)
}

func (r *report) implied(ctx context.Context, a wire.Accounting) (*sessionRow, error) {
	if a.Session.GrantID == "" {
		return nil, nil
	}
	return r.openSession(ctx, a.Session, true)
}

// continues brings an open session up to date, or closes it.
func (r *report) continues(ctx context.Context, row *sessionRow, a wire.Accounting) error {
	if a.Status == wire.AccountingStop {
		row.end(a.EventAt, a.TerminateCause)
		if err := r.closed(ctx, row); err != nil {
			return err
		}
		return r.left(ctx, row)
	}
	r.opened(row)
	return r.saveSession(ctx, row)
}

func (r *report) newSession(a wire.Accounting) *sessionRow {
	key := a.Session.Key
	row := &sessionRow{
		SiteID: r.site, AgentID: r.agent, NASID: key.NASID,
		AcctSessionID: clean(key.AcctSessionID, maxAttribute), StartedAt: micro(key.StartedAt), LastSeenAt: micro(key.StartedAt),
	}
	if id, ok := r.vouchers[a.Session.GrantID]; ok {
		row.VoucherID, row.VisitID = new(visit.VoucherID(a.Session.GrantID)), &id
	} else if r.accesses[a.Session.GrantID] {
		row.AccessID = new(roll.AccessID(a.Session.GrantID))
	}
	row.fill(a)
	return row
}

func (r *report) opened(row *sessionRow) { r.out.Open = append(r.out.Open, row.wire()) }

// closed saves a session that row.end has just closed. One that was only implied
// never began, as far as anybody knows.
func (r *report) closed(ctx context.Context, row *sessionRow) error {
	r.out.Closed = append(r.out.Closed, row.key())
	if err := r.saveSession(ctx, row); err != nil || row.AcctSessionID == "" {
		return err
	}
	data := map[string]any{"ended_at": *row.EndedAt, "cause": code(row.TerminateCause)}
	return r.announceSession(row, visit.EventSessionEnded, data)
}
