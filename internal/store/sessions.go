package store

import (
	"cmp"
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// maxAttribute is the longest text of a RADIUS attribute (RFC 2865 5).
const maxAttribute = 253

// startsAgree is by how much two agents may disagree about a session's start:
// who saw no Start computes it from Acct-Session-Time, in whole seconds and after
// the network's delays.
const startsAgree = time.Minute

type sessionRow struct {
	ID             visit.SessionID  `db:"id"`
	SiteID         visit.SiteID     `db:"site_id"`
	AgentID        visit.AgentID    `db:"agent_id"`
	NASID          visit.NASID      `db:"nas_id"`
	AcctSessionID  string           `db:"acct_session_id"`
	StartedAt      time.Time        `db:"started_at"`
	VoucherID      *visit.VoucherID `db:"voucher_id"`
	VisitID        *visit.VisitID   `db:"visit_id"`
	AccessID       *roll.AccessID   `db:"access_id"` // instead of a voucher and its visit
	Username       string           `db:"username"`
	MAC            string           `db:"mac"`
	MACSpelt       string           `db:"mac_spelt"`
	IP             string           `db:"ip"`
	NASAddress     string           `db:"nas_address"`
	NASIP          string           `db:"nas_ip"`
	NASIdentifier  string           `db:"nas_identifier"`
	CalledStation  string           `db:"called_station"`
	InputOctets    int64            `db:"input_octets"`
	OutputOctets   int64            `db:"output_octets"`
	ExpiresAt      *time.Time       `db:"expires_at"`
	LastSeenAt     time.Time        `db:"last_seen_at"`
	EndedAt        *time.Time       `db:"ended_at"`
	TerminateCause string           `db:"terminate_cause"`
}

const sessionColumns = `v.id, v.site_id, v.agent_id, v.nas_id, v.acct_session_id, v.started_at, v.voucher_id, v.visit_id, v.access_id,
	v.username, v.mac, v.mac_spelt, v.ip, v.nas_address, v.nas_ip, v.nas_identifier, v.called_station,
	v.input_octets, v.output_octets, v.expires_at, v.last_seen_at, v.ended_at, v.terminate_cause`

func (r sessionRow) key() wire.SessionKey {
	return wire.SessionKey{NASID: r.NASID, AcctSessionID: r.AcctSessionID, StartedAt: r.StartedAt}
}

func (r sessionRow) wire() wire.Session {
	return wire.Session{
		Key: r.key(), ID: r.ID, GrantID: r.grant(), VisitID: value(r.VisitID), Username: r.Username,
		MAC: r.MAC, MACSpelt: r.MACSpelt, IP: r.IP, NASAddress: r.NASAddress, NASIP: r.NASIP, NASIdentifier: r.NASIdentifier,
		CalledStation: r.CalledStation, ExpiresAt: r.ExpiresAt,
	}
}

// grant is what the session was let in with, if that is known.
func (r sessionRow) grant() string {
	return cmp.Or(string(value(r.VoucherID)), string(value(r.AccessID)))
}

// clean makes text from the network fit for Postgres and for a limit in octets.
func clean(text string, limit int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	for len(text) > limit {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}

func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// fill takes over what an agent says of the session. What it does not know does
// not erase what was known.
func (r *sessionRow) fill(a wire.Accounting) {
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&r.Username, a.Session.Username}, {&r.MAC, a.Session.MAC}, {&r.MACSpelt, a.Session.MACSpelt}, {&r.IP, a.Session.IP},
		{&r.NASAddress, a.Session.NASAddress}, {&r.NASIP, a.Session.NASIP}, {&r.NASIdentifier, a.Session.NASIdentifier},
		{&r.CalledStation, a.Session.CalledStation},
	} {
		if f.from != "" {
			*f.to = clean(f.from, maxAttribute)
		}
	}
	if a.Session.ExpiresAt != nil {
		r.ExpiresAt = new(micro(*a.Session.ExpiresAt))
	}
	r.InputOctets = max(r.InputOctets, octets(a.InputOctets))
	r.OutputOctets = max(r.OutputOctets, octets(a.OutputOctets))
	if at := micro(a.EventAt); at.After(r.LastSeenAt) {
		r.LastSeenAt = at
	}
}

func octets(n uint64) int64 { return int64(min(n, 1<<62)) }

// end closes the session; the first end stays.
func (r *sessionRow) end(at time.Time, cause string) {
	if r.EndedAt != nil {
		return
	}
	if at = micro(at); at.Before(r.StartedAt) {
		at = r.StartedAt
	}
	r.EndedAt, r.TerminateCause = &at, clean(cause, maxName)
}

// A NAS may be a network of access points, told apart by the address that their
// packets come from. These conditions hold when a session may be of the one at
// @address, or, with @identifier, of the device that says this of itself. What is
// not known on both sides tells nothing apart.
const (
	atAddress = `(v.nas_address = '' or @address::text = '' or v.nas_address = @address)`
	ofSender  = `case when v.nas_address <> '' and @address::text <> '' then v.nas_address = @address
		else v.nas_identifier = '' or @identifier::text = '' or v.nas_identifier = @identifier end`
)

// findSession returns the session that s is, or nil. Username and MAC belong to
// the key: some NASes number their sessions from 1 after each restart; and so does
// the access point. One that had ended when the other began is not it.
func (t *tx) findSession(ctx context.Context, s wire.Session) (*sessionRow, error) {
	const find = `select ` + sessionColumns + ` from sessions v
		where v.nas_id = @nas and v.acct_session_id = @acct and v.username = @username and v.mac = @mac and ` + atAddress + `
			and v.started_at between @start::timestamptz - @slack::interval and @start::timestamptz + @slack::interval
			and (v.started_at = @start or v.ended_at is null or v.ended_at > @start)
		order by abs(extract(epoch from v.started_at - @start::timestamptz)) limit 1 for no key update`
	return t.firstSession(ctx, find, pgx.NamedArgs{
		"nas": s.Key.NASID, "acct": clean(s.Key.AcctSessionID, maxAttribute), "username": clean(s.Username, maxAttribute),
		"mac": clean(s.MAC, maxAttribute), "address": clean(s.NASAddress, maxAttribute),
		"start": micro(s.Key.StartedAt), "slack": startsAgree,
	})
}

// openSession returns the open session of a grant's device at a NAS: the one
// known from its Access-Accept only (implied), or the real one. One at s's access
// point comes first.
func (t *tx) openSession(ctx context.Context, s wire.Session, implied bool) (*sessionRow, error) {
	const find = `select ` + sessionColumns + ` from sessions v
		where v.nas_id = @nas and (v.voucher_id = @grant or v.access_id = @grant) and v.mac = @mac and v.ended_at is null and (v.acct_session_id = '') = @implied
		order by ` + atAddress + ` desc, v.started_at desc limit 1 for no key update`
	return t.firstSession(ctx, find, pgx.NamedArgs{
		"nas": s.Key.NASID, "grant": s.GrantID, "mac": clean(s.MAC, maxAttribute), "implied": implied,
		"address": clean(s.NASAddress, maxAttribute),
	})
}

// elsewhere reports whether s is known to be at another access point.
func (r *sessionRow) elsewhere(s wire.Session) bool {
	return r.NASAddress != "" && s.NASAddress != "" && r.NASAddress != s.NASAddress
}

// free moves r's start to the first instant from it on at which the guest has no
// session of this key at another access point. One of its own is r, which another
// agent has just reported: then the database refuses a second.
func (t *tx) free(ctx context.Context, r *sessionRow) error {
	const find = `select exists (select from sessions v where v.nas_id = @nas and v.acct_session_id = @acct
		and v.started_at = @start and v.username = @username and v.mac = @mac and not ` + atAddress + `)`
	for {
		taken, err := scalars[bool](ctx, t, find, pgx.NamedArgs{
			"nas": r.NASID, "acct": r.AcctSessionID, "start": r.StartedAt, "username": r.Username, "mac": r.MAC, "address": r.NASAddress,
		})
		if err != nil || !taken[0] {
			return err
		}
		r.StartedAt = r.StartedAt.Add(time.Microsecond)
	}
}

func (t *tx) firstSession(ctx context.Context, find string, args pgx.NamedArgs) (*sessionRow, error) {
	rows, err := all[sessionRow](ctx, t, find, args)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

func (t *tx) insertSession(ctx context.Context, r *sessionRow) error {
	if err := t.free(ctx, r); err != nil {
		return err
	}
	id, err := t.s.newID()
	if err != nil {
		return err
	}
	r.ID = visit.SessionID(id)
	const insert = `insert into sessions (id, site_id, agent_id, nas_id, acct_session_id, started_at, voucher_id, visit_id, access_id,
			username, mac, mac_spelt, ip, nas_address, nas_ip, nas_identifier, called_station,
			input_octets, output_octets, expires_at, last_seen_at, ended_at, terminate_cause)
		values (@id, @site_id, @agent_id, @nas_id, @acct_session_id, @started_at, @voucher_id, @visit_id, @access_id,
			@username, @mac, @mac_spelt, @ip, @nas_address, @nas_ip, @nas_identifier, @called_station,
			@input_octets, @output_octets, @expires_at, @last_seen_at, @ended_at, @terminate_cause)`
	_, err = t.Exec(ctx, insert, pgx.StructArgs(r))
	return err
}

func (t *tx) saveSession(ctx context.Context, r *sessionRow) error {
	const update = `update sessions set agent_id = @agent_id, acct_session_id = @acct_session_id, started_at = @started_at,
			username = @username, mac = @mac, mac_spelt = @mac_spelt, ip = @ip, nas_address = @nas_address, nas_ip = @nas_ip,
			nas_identifier = @nas_identifier, called_station = @called_station,
			input_octets = @input_octets, output_octets = @output_octets, expires_at = @expires_at,
			last_seen_at = @last_seen_at, ended_at = @ended_at, terminate_cause = @terminate_cause
		where id = @id`
	_, err := t.Exec(ctx, update, pgx.StructArgs(r))
	return err
}

// announceSession records that a session of a visit began or ended. Who and from
// where stays in the sessions table.
func (t *tx) announceSession(r *sessionRow, kind visit.EventKind, data map[string]any) error {
	if r.VisitID == nil {
		return nil
	}
	data["session_id"], data["nas_id"] = r.ID, r.NASID
	return t.record(visit.Event{
		Kind: kind, SiteID: r.SiteID, VisitID: *r.VisitID, Actor: "agent:" + string(r.AgentID), Data: data,
	})
}

// openFor is how long a session without an end and without a sign of life is
// still taken for live.
const openFor = 48 * time.Hour

// OpenSessions returns the site's live sessions that other agents than except
// reported.
func (s *Store) OpenSessions(ctx context.Context, site visit.SiteID, except visit.AgentID) ([]wire.Session, error) {
	var sessions []wire.Session
	err := s.query(ctx, func(ctx context.Context, q db) error {
		const list = `select ` + sessionColumns + ` from sessions v
			where v.site_id = @site and v.ended_at is null and v.agent_id <> @except and v.last_seen_at > @since order by v.id`
		rows, err := all[sessionRow](ctx, q, list, pgx.NamedArgs{"site": site, "except": except, "since": s.now().Add(-openFor)})
		sessions = wireSessions(rows)
		return err
	})
	return sessions, err
}

func wireSessions(rows []sessionRow) []wire.Session {
	sessions := make([]wire.Session, len(rows))
	for i, r := range rows {
		sessions[i] = r.wire()
	}
	return sessions
}
