package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/wire"
)

// arrived stores that an agent let a device in by its address. The agent goes by what
// it gave until it is told otherwise, so that it is told something in any case.
func (r *report) arrived(ctx context.Context, l wire.DeviceLogin) error {
	if !isUUID(string(l.DeviceID)) || l.AccessID != identity.DeviceAccessID(l.DeviceID, l.At) {
		return errSkip
	}
	if l.At = micro(l.At); l.At.After(r.now.Add(maxAhead)) {
		l.At = r.now
	}
	if err := r.deviceLogin(ctx, r.site, l); err != nil {
		return err
	}
	known, err := scalars[bool](ctx, r, `select true from accesses where id = @id and site_id = @site`, pgx.NamedArgs{"id": l.AccessID, "site": r.site})
	switch {
	case err != nil:
		return err
	case len(known) == 0:
		r.follow(r.site, ledgerAccess, string(l.AccessID))
	default: // its sessions may be reported next
		r.accesses[string(l.AccessID)] = true
	}
	return nil
}
