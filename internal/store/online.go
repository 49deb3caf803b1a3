package store

import (
	"context"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"
)

// Online is a device that is online, by what the NAS that let it in accounts for.
type Online struct {
	Until time.Time // when the gate shuts
	// More: what let it in is good for longer, so that its guest may go on at the portal.
	More bool
}

type onlineRow struct {
	MAC       string     `db:"mac"`
	Grant     *string    `db:"of"`
	ExpiresAt *time.Time `db:"expires_at"` // of the session, as the NAS was told
	EndsAt    *time.Time `db:"ends_at"`    // of the access or the visit; null: over
	LastAt    *time.Time `db:"last_at"`    // until when there can be another
}

const onlineSessions = `select s.mac, coalesce(s.access_id, s.voucher_id)::text as of, s.expires_at,
		coalesce(x.ends_at, o.not_after) as ends_at, coalesce(c.ends_at, x.ends_at, o.not_after) as last_at
	from sessions s
		left join accesses x on x.id = s.access_id and x.ended_at is null
		left join authentications n on n.access_id = x.id
		left join accounts c on c.person_id = n.person_id
		left join vouchers o on o.id = s.voucher_id and o.revoked_at is null and o.not_before <= @now
	where s.site_id = @site and s.ended_at is null and (@nas::uuid is null or s.nas_id = @nas)`

// OnlineAt returns the device that has an address in the portal's network, by the
// sessions that are open there. It returns nil where none has, where several have, and
// where what let it in is over.
func (s *Store) OnlineAt(ctx context.Context, p Portal, ip netip.Addr) (*Online, error) {
	if !ip.IsValid() {
		return nil, nil
	}
	return s.online(ctx, p, ` and s.ip = @of`, ip.Unmap().String())
}

// OnlineDevice is OnlineAt for a device that is known by its MAC address.
func (s *Store) OnlineDevice(ctx context.Context, p Portal, mac string) (*Online, error) {
	return s.online(ctx, p, ` and s.mac = @of`, mac)
}

func (s *Store) online(ctx context.Context, p Portal, which, of string) (found *Online, err error) {
	now := s.now()
	err = s.query(ctx, func(ctx context.Context, q db) error {
		rows, err := all[onlineRow](ctx, q, onlineSessions+which, pgx.NamedArgs{"site": p.SiteID, "nas": optional(p.NASID), "of": of, "now": now})
		found = oneDevice(rows, now)
		return err
	})
	return found, err
}

// oneDevice makes one of a device's sessions, of which it has two where it has roamed.
func oneDevice(rows []onlineRow, now time.Time) (found *Online) {
	for _, row := range rows {
		if row.MAC != rows[0].MAC || value(row.Grant) != value(rows[0].Grant) || row.EndsAt == nil {
			return nil
		}
		until := *row.EndsAt
		if row.ExpiresAt != nil && row.ExpiresAt.Before(until) {
			until = *row.ExpiresAt
		}
		if until.After(now) && (found == nil || until.After(found.Until)) {
			found = &Online{Until: until, More: row.LastAt.After(until)}
		}
	}
	return found
}
