package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// PeerID names a peer of a zone.
type PeerID string

// Peer is another deployment with the same zone. Both name each other.
type Peer struct {
	ID         PeerID
	ZoneID     roll.ZoneID
	Address    string // host name or address
	Port       int
	RemoteSite visit.SiteID // where the zone is, or will be made, there
	User       string       // id of a token there that may rolls.sync
	Password   string       // its secret; never returned
	Waiting    bool         // something has changed that it does not have
	PushedAt   *time.Time
	FailedAt   *time.Time // since then, if the last attempt failed
	Failure    string
	CreatedAt  time.Time
}

// ErrPeerNotFound means that the zone has no such peer.
var ErrPeerNotFound = visit.Errorf(visit.KindNotFound, "peer_not_found", "There is no such peer.")

const maxPeers = 10 // of a zone

type peerRow struct {
	ID             PeerID       `db:"id"`
	ZoneID         roll.ZoneID  `db:"zone_id"`
	Address        string       `db:"address"`
	Port           int          `db:"port"`
	RemoteSiteID   visit.SiteID `db:"remote_site_id"`
	Username       string       `db:"username"`
	PasswordSealed []byte       `db:"password_sealed"`
	Revision       int64        `db:"revision"`
	Stamp          int64        `db:"stamp"`
	Whole          bool         `db:"whole"`
	Tries          int          `db:"tries"`
	PushedAt       *time.Time   `db:"pushed_at"`
	FailedAt       *time.Time   `db:"failed_at"`
	Failure        string       `db:"failure"`
	CreatedAt      time.Time    `db:"created_at"`
}

const peerColumns = `v.id, v.zone_id, v.address, v.port, v.remote_site_id, v.username, v.password_sealed, v.revision, v.stamp, v.whole, v.tries,
	v.pushed_at, v.failed_at, v.failure, v.created_at`

func (r peerRow) peer() Peer {
	return Peer{
		ID: r.ID, ZoneID: r.ZoneID, Address: r.Address, Port: r.Port, RemoteSite: r.RemoteSiteID, User: r.Username,
		Waiting: r.Whole, PushedAt: r.PushedAt, FailedAt: r.FailedAt, Failure: r.Failure, CreatedAt: r.CreatedAt,
	}
}

func peerPlace(id PeerID) string { return "zone_peer:" + string(id) }

// AddPeer makes the zone be sent to another deployment, all of it first. It returns
// ErrZoneNotFound, KindInvalid and conflicts.
func (s *Store) AddPeer(ctx context.Context, by Caller, site visit.SiteID, zone roll.ZoneID, peer Peer) (made Peer, err error) {
	if peer.Address == "" || len(peer.Address) > 253 || !plain(peer.Address) {
		return Peer{}, visit.Invalid("address", "A host name or an address.")
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.lockZone(ctx, by.Scope, site, zone); err != nil {
			return err
		}
		id, err := s.newID()
		if err != nil {
			return err
		}
		sealed, err := s.keyring.Seal([]byte(peer.Password), peerPlace(PeerID(id)))
		if err != nil {
			return err
		}
		const insert = `insert into zone_peers as v (id, zone_id, address, port, remote_site_id, username, password_sealed, due_at, created_at)
			select @id, @zone, @address, @port, @remote, @user, @password, @now, @now
			where (select count(*) from zone_peers where zone_id = @zone) < @limit returning ` + peerColumns
		row, err := one[peerRow](ctx, t, visit.Errorf(visit.KindConflict, "peers_too_many", "A zone has at most %d peers.", maxPeers), insert, pgx.NamedArgs{
			"id": id, "zone": zone, "address": peer.Address, "port": peer.Port, "remote": peer.RemoteSite, "user": peer.User,
			"password": sealed, "now": t.now, "limit": maxPeers,
		})
		made = row.peer()
		t.audit(site, by.Actor, "zone.peer_added", zonePlace(zone), map[string]any{"peer_id": id})
		return err
	})
	return made, err
}

// Peers returns a zone's, or ErrZoneNotFound.
func (s *Store) Peers(ctx context.Context, scope Scope, site visit.SiteID, zone roll.ZoneID) ([]Peer, error) {
	peers := []Peer{}
	err := s.query(ctx, func(ctx context.Context, q db) error {
		if _, err := findZone(ctx, q, scope, site, zone); err != nil {
			return err
		}
		type found struct {
			peerRow
			Behind bool `db:"behind"`
		}
		const list = `select ` + peerColumns + `, v.whole or exists (select from site_ledger l
				where l.site_id = @site and l.revision > v.revision and ` + ofZone + `) as behind
			from zone_peers v where v.zone_id = @zone order by v.id`
		rows, err := all[found](ctx, q, list, pgx.NamedArgs{"zone": zone, "site": site})
		peers = peers[:0]
		for _, row := range rows {
			peer := row.peer()
			peer.Waiting = row.Behind
			peers = append(peers, peer)
		}
		return err
	})
	return peers, err
}

// DeletePeer stops sending. It returns ErrZoneNotFound and ErrPeerNotFound.
func (s *Store) DeletePeer(ctx context.Context, by Caller, site visit.SiteID, zone roll.ZoneID, id PeerID) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.lockZone(ctx, by.Scope, site, zone); err != nil {
			return err
		}
		n, err := exec(ctx, t, `delete from zone_peers where id = @id and zone_id = @zone`, pgx.NamedArgs{"id": id, "zone": zone})
		if err == nil && n == 0 {
			err = ErrPeerNotFound
		}
		t.audit(site, by.Actor, "zone.peer_removed", zonePlace(zone), map[string]any{"peer_id": string(id)})
		return err
	})
}

// ofZone leaves the ledger's steps about @zone and what is in it.
const ofZone = `(l.kind = 'zone' and l.object_id = @zone
	or l.kind in ('roll', 'roll_codes', 'roll_usage') and exists (select from rolls o where o.id = l.object_id and o.zone_id = @zone)
	or l.kind = 'access' and exists (select from accesses o where o.id = l.object_id and o.zone_id = @zone))`

// ZonePush is what a peer is to be sent, in order.
type ZonePush struct {
	Peer  Peer // with the password
	Parts []ZoneSync
	upTo  wire.Position
	zone  roll.ZoneID
}

// pushBatch is how many steps of the ledger one push is about.
const pushBatch = 500

// DuePushes returns peers to which something is to be sent now, at most limit. What is
// failing comes again after 2 seconds, doubling to 5 minutes.
func (s *Store) DuePushes(ctx context.Context, limit int) ([]PeerID, error) {
	const list = `select v.id from zone_peers v join zones z on z.id = v.zone_id join site_heads h on h.site_id = z.site_id
		where v.due_at <= @now and (v.whole or h.revision <> v.revision) order by v.due_at limit @limit`
	var due []PeerID
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		due, err = scalars[PeerID](ctx, q, list, pgx.NamedArgs{"now": s.now(), "limit": limit})
		return err
	})
	return due, err
}

// ComposePush reads what a peer does not have: its parts are none where nothing of
// the zone has changed. It returns ErrPeerNotFound.
func (s *Store) ComposePush(ctx context.Context, id PeerID) (push ZonePush, err error) {
	err = s.view(ctx, func(ctx context.Context, q pgx.Tx) error {
		push = ZonePush{}
		row, err := one[peerRow](ctx, q, ErrPeerNotFound, `select `+peerColumns+` from zone_peers v where v.id = @id`, pgx.NamedArgs{"id": id})
		if err != nil {
			return err
		}
		push.Peer, push.zone = row.peer(), row.ZoneID
		password, err := s.keyring.Open(row.PasswordSealed, peerPlace(id))
		if err != nil {
			return fmt.Errorf("password of peer %s: %w", id, err)
		}
		push.Peer.Password = string(password)
		zone, err := one[zoneRow](ctx, q, ErrZoneNotFound, `select `+zoneColumns+` from zones v where v.id = @id`, pgx.NamedArgs{"id": row.ZoneID})
		if err != nil {
			return err
		}
		var changed map[string][]string
		if changed, push.upTo, err = s.changedFor(ctx, q, zone, row); err != nil {
			return err
		}
		push.Parts, err = s.syncParts(ctx, q, zone, changed)
		return err
	})
	return push, err
}

// changedFor returns the ids of what changed since the peer's place, by kind of step;
// nil means everything.
func (s *Store) changedFor(ctx context.Context, q db, zone zoneRow, peer peerRow) (map[string][]string, wire.Position, error) {
	const head = `select revision, stamp, '' as kind, '' as object_id from site_heads where site_id = @site`
	end, err := one[ledgerRow](ctx, q, visit.ErrSiteNotFound, head, pgx.NamedArgs{"site": zone.SiteID})
	if err != nil {
		return nil, wire.Position{}, err
	}
	at := wire.Position{Revision: peer.Revision, Stamp: uint64(peer.Stamp)}
	known, err := knowsPosition(ctx, q, zone.SiteID, at)
	if err != nil || peer.Whole || !known {
		return nil, end.position(), err
	}
	const list = `select l.revision, l.stamp, l.kind, l.object_id::text as object_id from site_ledger l
		where l.site_id = @site and l.revision > @revision and ` + ofZone + ` order by l.revision limit @limit`
	rows, err := all[ledgerRow](ctx, q, list, pgx.NamedArgs{"site": zone.SiteID, "zone": zone.ID, "revision": peer.Revision, "limit": pushBatch})
	changed := map[string][]string{}
	for _, row := range rows {
		changed[row.Kind] = append(changed[row.Kind], row.ObjectID)
	}
	if len(rows) == pushBatch {
		end = rows[len(rows)-1]
	}
	return changed, end.position(), err
}

// Pushed notes that a peer has taken a push. One that refused part of it is sent
// everything again after a while: somebody has to decide there.
func (s *Store) Pushed(ctx context.Context, push ZonePush, refused int) error {
	due, failure := s.now(), ""
	if refused > 0 {
		due, failure = due.Add(5*time.Minute), "roll_number_clash"
	}
	const update = `update zone_peers set revision = @revision, stamp = @stamp, whole = @again, due_at = @due, tries = 0,
		pushed_at = case when @sent then @now else pushed_at end,
		failed_at = case when @again then coalesce(failed_at, @now) end, failure = @failure where id = @id`
	return s.query(ctx, func(ctx context.Context, q db) error {
		_, err := exec(ctx, q, update, pgx.NamedArgs{
			"id": push.Peer.ID, "revision": push.upTo.Revision, "stamp": int64(push.upTo.Stamp), "again": refused > 0,
			"due": due, "now": s.now(), "failure": failure, "sent": len(push.Parts) > 0,
		})
		return err
	})
}

// PushFailed notes that a push came to nothing, with a code that says why.
func (s *Store) PushFailed(ctx context.Context, push ZonePush, reason string) error {
	const update = `update zone_peers set tries = tries + 1, failed_at = coalesce(failed_at, @now), failure = @failure,
		due_at = @now::timestamptz + least(interval '1 second' * power(2, least(tries + 1, 10)), interval '5 minutes') where id = @id`
	return s.query(ctx, func(ctx context.Context, q db) error {
		_, err := exec(ctx, q, update, pgx.NamedArgs{"id": push.Peer.ID, "now": s.now(), "failure": code(reason)})
		return err
	})
}
