package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
)

// PortalZone is what a zone's portal page shows.
type PortalZone struct {
	Zone
	SiteName string
}

// PortalZone returns a zone by its id alone, for guests. It returns ErrZoneNotFound,
// also where the site is archived.
func (s *Store) PortalZone(ctx context.Context, id roll.ZoneID) (zone PortalZone, err error) {
	type named struct {
		zoneRow
		SiteName string `db:"site_name"`
	}
	const find = `select ` + zoneColumns + `, s.name as site_name from zones v join sites s on s.id = v.site_id and s.archived_at is null
		where v.id = @id and v.deleted_at is null`
	if !isUUID(string(id)) {
		return zone, ErrZoneNotFound
	}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		row, err := one[named](ctx, q, ErrZoneNotFound, find, pgx.NamedArgs{"id": id})
		zone = PortalZone{Zone: row.zone(), SiteName: row.SiteName}
		return err
	})
	return zone, err
}
