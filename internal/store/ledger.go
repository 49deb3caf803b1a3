package store

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// snapshotPart is how many grants or NASes go into one part of a snapshot, so
// that it stays well below wire.MaxFrame whatever the names' lengths.
const snapshotPart = 100

type ledgerRow struct {
	Revision int64
	Stamp    int64
	Kind     string
	ObjectID string
}

func (r ledgerRow) position() wire.Position {
	return wire.Position{Revision: r.Revision, Stamp: uint64(r.Stamp)}
}

// LedgerFrom returns the steps behind position, at most limit, each composed from
// its object's current row. known is false when the ledger does not have exactly
// that position: an agent there needs a snapshot.
func (s *Store) LedgerFrom(ctx context.Context, site visit.SiteID, position wire.Position, limit int) (entries []*wire.Entry, known bool, err error) {
	err = s.view(ctx, func(ctx context.Context, q pgx.Tx) error {
		if known, err = knowsPosition(ctx, q, site, position); err != nil || !known {
			return err
		}
		const list = `select revision, stamp, kind, object_id::text as object_id from site_ledger
			where site_id = @site and revision > @revision order by revision limit @limit`
		rows, err := all[ledgerRow](ctx, q, list, pgx.NamedArgs{"site": site, "revision": position.Revision, "limit": limit})
		if err != nil {
			return err
		}
		entries, err = s.compose(ctx, q, site, rows)
		return err
	})
	return entries, known, err
}

func (t *tx) knows(ctx context.Context, site visit.SiteID, position wire.Position) (bool, error) {
	return knowsPosition(ctx, t, site, position)
}

// knowsPosition: the zero position, before any step, is known as long as the
// first step is.
func knowsPosition(ctx context.Context, q db, site visit.SiteID, position wire.Position) (bool, error) {
	const find = `select exists (select from site_ledger where site_id = @site and revision = @revision and stamp = @stamp)
		or @revision = 0 and @stamp = 0 and (
			exists (select from site_ledger where site_id = @site and revision = 1)
			or exists (select from site_heads where site_id = @site and revision = 0))`
	known, err := scalars[bool](ctx, q, find, pgx.NamedArgs{"site": site, "revision": position.Revision, "stamp": int64(position.Stamp)})
	return err == nil && known[0], err
}

type grantRow struct {
	voucherRow
	DeviceLimit int `db:"device_limit"`
}

const grantColumns = `v.id, v.visit_id, v.site_id, v.username, v.password_sealed, v.not_before, v.not_after,
	v.created_revision, v.revision, v.created_at, v.revoked_at, v.revoked_by, v.wiped_at, s.device_limit`

// compose turns steps into entries. A missing row, or one that agents must not
// know any more, is a removal.
func (s *Store) compose(ctx context.Context, q db, site visit.SiteID, rows []ledgerRow) ([]*wire.Entry, error) {
	objects := map[string][]string{}
	for _, r := range rows {
		objects[r.Kind] = append(objects[r.Kind], r.ObjectID)
	}
	grants, err := found(ctx, q, `select `+grantColumns+` from vouchers v join sites s on s.id = v.site_id
		where v.site_id = @site and v.id = any(@ids::uuid[])`, site, objects[ledgerVoucher], func(r grantRow) string { return string(r.ID) })
	if err != nil {
		return nil, err
	}
	secrets, err := s.oneTimeSecrets(ctx, q, site, slices.Collect(maps.Keys(grants)))
	if err != nil {
		return nil, err
	}
	nases, err := found(ctx, q, `select `+nasColumns+` from nases v
		where v.site_id = @site and v.id = any(@ids::uuid[]) and v.deleted_at is null`, site, objects[ledgerNAS], func(r nasRow) string { return string(r.ID) })
	if err != nil {
		return nil, err
	}
	ofRolls, err := s.rollObjects(ctx, q, site, objects)
	if err != nil {
		return nil, err
	}
	entries := make([]*wire.Entry, len(rows))
	for i, r := range rows {
		entry := &wire.Entry{Position: r.position(), ObjectID: r.ObjectID}
		switch {
		case r.Kind == ledgerNAS:
			s.composeNAS(entry, nases)
		case !ofRolls.compose(r.Kind, entry):
			s.composeGrant(entry, grants, secrets)
		}
		entries[i] = entry
	}
	return entries, nil
}

func found[T any](ctx context.Context, q db, sql string, site visit.SiteID, ids []string, id func(T) string) (map[string]T, error) {
	objects := map[string]T{}
	if len(ids) == 0 {
		return objects, nil
	}
	rows, err := all[T](ctx, q, sql, pgx.NamedArgs{"site": site, "ids": ids})
	for _, r := range rows {
		objects[id(r)] = r
	}
	return objects, err
}

func (s *Store) composeGrant(entry *wire.Entry, grants map[string]grantRow, secrets map[string][]wire.OneTime) {
	row, ok := grants[entry.ObjectID]
	if !ok || !row.live(s.now()) {
		entry.Type = wire.TypeVoucherRevoke
		return
	}
	grant, err := s.grant(row, secrets)
	switch {
	case err != nil: // one that cannot be opened must not hold up the others
		s.log.Error("voucher cannot be opened", "voucher", entry.ObjectID, "error", err)
		entry.Type = wire.TypeVoucherRevoke
	case row.CreatedRevision == entry.Position.Revision:
		entry.Type, entry.Grant = wire.TypeVoucherCreate, grant
	default:
		entry.Type, entry.Grant = wire.TypeVoucherUpdate, grant
	}
}

func (s *Store) grant(row grantRow, secrets map[string][]wire.OneTime) (*wire.Grant, error) {
	credentials, err := s.open(row.voucherRow)
	return &wire.Grant{
		ID: string(row.ID), Kind: wire.GrantVisit, VisitID: row.VisitID, Username: row.Username, Password: credentials.Password,
		NotBefore: row.NotBefore, NotAfter: row.NotAfter, DeviceLimit: row.DeviceLimit, Secrets: secrets[string(row.ID)],
	}, err
}

func (s *Store) composeNAS(entry *wire.Entry, nases map[string]nasRow) {
	entry.Type = wire.TypeNASDrop
	row, ok := nases[entry.ObjectID]
	if !ok {
		return
	}
	nas, err := s.wireNAS(row)
	if err != nil {
		s.log.Error("NAS cannot be opened", "nas", entry.ObjectID, "error", err)
		return
	}
	entry.Type, entry.NAS = wire.TypeNASPut, nas
}

// Snapshot hands the site's whole desired set to chunk, part by part, as of one
// state of the database with its position. ID, Part, Last, Position and Now are
// set; the epoch is the caller's. An error of chunk ends it.
func (s *Store) Snapshot(ctx context.Context, site visit.SiteID, chunk func(part wire.Snapshot) error) error {
	id, err := s.newID()
	if err != nil {
		return err
	}
	return s.view(ctx, func(ctx context.Context, q pgx.Tx) error {
		const head = `select revision, stamp, '' as kind, '' as object_id from site_heads where site_id = @site`
		row, err := one[ledgerRow](ctx, q, visit.ErrSiteNotFound, head, pgx.NamedArgs{"site": site})
		if err != nil {
			return err
		}
		send := &snapshot{s: s, q: q, site: site, chunk: chunk, part: wire.Snapshot{ID: id, Position: row.position(), Now: s.now()}}
		if err := send.nases(ctx); err != nil {
			return err
		}
		if err := send.rolls(ctx); err != nil {
			return err
		}
		if err := send.guests(ctx); err != nil {
			return err
		}
		return send.grants(ctx)
	})
}

// snapshot is one under way. part is the template of the next part.
type snapshot struct {
	s     *Store
	q     pgx.Tx
	site  visit.SiteID
	chunk func(wire.Snapshot) error
	part  wire.Snapshot
}

func (p *snapshot) send(grants []wire.Grant, nases []wire.NAS, last bool) error {
	part := p.part
	part.Grants, part.NASes, part.Last = grants, nases, last
	p.part.Part++
	return p.chunk(part)
}

func (p *snapshot) nases(ctx context.Context) error {
	const list = `select ` + nasColumns + ` from nases v where v.site_id = @site and v.deleted_at is null and (@after::uuid is null or v.id > @after)
		order by v.id limit @limit`
	var after *visit.NASID
	for {
		rows, err := all[nasRow](ctx, p.q, list, pgx.NamedArgs{"site": p.site, "after": after, "limit": snapshotPart})
		if err != nil || len(rows) == 0 {
			return err
		}
		var part []wire.NAS
		for _, row := range rows {
			if nas, err := p.s.wireNAS(row); err == nil {
				part = append(part, *nas)
			} else {
				p.s.log.Error("NAS cannot be opened", "nas", row.ID, "error", err)
			}
		}
		if err := p.send(nil, part, false); err != nil {
			return err
		}
		after = &rows[len(rows)-1].ID
	}
}

// grants sends the live vouchers; the last part may be empty.
func (p *snapshot) grants(ctx context.Context) error {
	const list = `select ` + grantColumns + ` from vouchers v join sites s on s.id = v.site_id
		where v.site_id = @site and v.revoked_at is null and v.not_after > @now and (@after::uuid is null or v.id > @after)
		order by v.id limit @limit`
	var after *visit.VoucherID
	for {
		rows, err := all[grantRow](ctx, p.q, list, pgx.NamedArgs{"site": p.site, "now": p.part.Now, "after": after, "limit": snapshotPart})
		if err != nil {
			return err
		}
		secrets, err := p.s.oneTimeSecrets(ctx, p.q, p.site, vouchersIn(rows))
		if err != nil {
			return err
		}
		last := len(rows) < snapshotPart
		if err := p.send(p.open(rows, secrets), nil, last); err != nil || last {
			return err
		}
		after = &rows[len(rows)-1].ID
	}
}

func vouchersIn(rows []grantRow) []string {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = string(row.ID)
	}
	return ids
}

func (p *snapshot) open(rows []grantRow, secrets map[string][]wire.OneTime) []wire.Grant {
	grants := make([]wire.Grant, 0, len(rows))
	for _, row := range rows {
		grant, err := p.s.grant(row, secrets)
		if err != nil { // one that cannot be opened must not hold up the others
			p.s.log.Error("voucher cannot be opened", "voucher", row.ID, "error", err)
			continue
		}
		grants = append(grants, *grant)
	}
	return grants
}
