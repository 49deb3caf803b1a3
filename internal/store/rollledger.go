package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func isUUID(text string) bool { return uuid.Validate(text) == nil }

// rollObjects are the forms that agents know zones, rolls, accesses and devices in, by id.
type rollObjects struct {
	zones    map[string]*wire.Zone
	rolls    map[string]*wire.Roll
	codes    map[string]*wire.RollCodes
	usages   map[string]*wire.RollUsage
	accesses map[string]*wire.Grant // also authentications
	devices  map[string]*wire.Grant
}

// rollObjects reads what steps of the ledger name.
func (s *Store) rollObjects(ctx context.Context, q db, site visit.SiteID, ids map[string][]string) (o rollObjects, err error) {
	const byID = ` and v.id = any(@ids::uuid[])`
	args := func(kind string) pgx.NamedArgs { return pgx.NamedArgs{"site": site, "ids": texts(ids[kind])} }
	if o.zones, err = ifAny(ids[ledgerZone], func() ([]*wire.Zone, error) { return s.wireZones(ctx, q, byID, args(ledgerZone)) }, func(z *wire.Zone) string { return z.ID }); err != nil {
		return o, err
	}
	if o.rolls, err = ifAny(ids[ledgerRoll], func() ([]*wire.Roll, error) { return wireRolls(ctx, q, byID, args(ledgerRoll)) }, func(r *wire.Roll) string { return string(r.ID) }); err != nil {
		return o, err
	}
	if o.codes, err = ifAny(ids[ledgerRollCodes], func() ([]*wire.RollCodes, error) { return wireCodes(ctx, q, byID, args(ledgerRollCodes)) }, func(c *wire.RollCodes) string { return string(c.RollID) }); err != nil {
		return o, err
	}
	if o.usages, err = ifAny(ids[ledgerRollUsage], func() ([]*wire.RollUsage, error) { return wireUsages(ctx, q, byID, args(ledgerRollUsage)) }, func(u *wire.RollUsage) string { return string(u.RollID) }); err != nil {
		return o, err
	}
	if o.accesses, err = ifAny(ids[ledgerAccess], func() ([]*wire.Grant, error) {
		rolls, err := s.wireAccesses(ctx, q, byID, args(ledgerAccess))
		if err != nil {
			return nil, err
		}
		portals, err := s.wireAuthentications(ctx, q, site, byID, args(ledgerAccess))
		return append(rolls, portals...), err
	}, func(g *wire.Grant) string { return g.ID }); err != nil {
		return o, err
	}
	o.devices, err = ifAny(ids[ledgerDevice], func() ([]*wire.Grant, error) { return s.wireDevices(ctx, q, byID, args(ledgerDevice)) }, func(g *wire.Grant) string { return g.ID })
	return o, err
}

// ifAny reads objects where there is anything to read, and files them.
func ifAny[T any](ids []string, read func() ([]T, error), id func(T) string) (map[string]T, error) {
	objects := map[string]T{}
	if len(ids) == 0 {
		return objects, nil
	}
	list, err := read()
	for _, object := range list {
		objects[id(object)] = object
	}
	return objects, err
}

// compose turns a step about a zone, a roll, an access or a device into an entry; false for
// other kinds. What is not there any more is a removal.
func (o rollObjects) compose(kind string, entry *wire.Entry) bool {
	switch kind {
	case ledgerZone:
		entry.Type, entry.Zone = wire.TypeZonePut, o.zones[entry.ObjectID]
		if entry.Zone == nil {
			entry.Type = wire.TypeZoneDrop
		}
	case ledgerRoll:
		entry.Type, entry.Roll = wire.TypeRollPut, o.rolls[entry.ObjectID]
		if entry.Roll == nil {
			entry.Type = wire.TypeRollDrop
		}
	case ledgerRollCodes:
		entry.Type, entry.Codes = wire.TypeRollCodes, o.codes[entry.ObjectID]
		if entry.Codes == nil {
			entry.Type = wire.TypeRollDrop
		}
	case ledgerRollUsage:
		entry.Type, entry.Usage = wire.TypeRollUsage, o.usages[entry.ObjectID]
		if entry.Usage == nil {
			entry.Type = wire.TypeRollDrop
		}
	case ledgerAccess:
		entry.Type, entry.Grant = wire.TypeGrantPut, o.accesses[entry.ObjectID]
		if entry.Grant == nil {
			entry.Type = wire.TypeGrantDrop
		}
	case ledgerDevice:
		entry.Type, entry.Grant = wire.TypeGrantPut, o.devices[entry.ObjectID]
		if entry.Grant == nil {
			entry.Type = wire.TypeGrantDrop
		}
	default:
		return false
	}
	return true
}

// wireZones returns zones with their keys. One that cannot be opened is left out: it
// must not hold up the others.
func (s *Store) wireZones(ctx context.Context, q db, which string, args pgx.NamedArgs) ([]*wire.Zone, error) {
	rows, err := all[zoneRow](ctx, q, `select `+zoneColumns+` from zones v where v.site_id = @site and v.deleted_at is null`+which, args)
	if err != nil {
		return nil, err
	}
	ids := make([]roll.ZoneID, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	ways, err := findWays(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	var zones []*wire.Zone
	for _, row := range rows {
		zone := &wire.Zone{
			ID: string(row.ID), Enabled: row.Enabled, Logins: row.Logins, Ways: ways[row.ID],
			InvalidMessage: row.InvalidMessage, ExpiredMessage: row.ExpiredMessage,
		}
		if err := s.openZone(ctx, q, row, zone); err != nil {
			s.log.Error("zone cannot be opened", "zone", row.ID, "error", err)
			continue
		}
		zones = append(zones, zone)
	}
	return zones, nil
}

func (s *Store) openZone(ctx context.Context, q db, row zoneRow, zone *wire.Zone) (err error) {
	if row.Kind == LongZone {
		if zone.HashKey, err = s.keyring.Open(row.HashKeySealed, zonePlace(row.ID)); err != nil {
			return fmt.Errorf("hash key: %w", err)
		}
		return nil
	}
	list, err := seriesOf(ctx, q, row.ID)
	if err != nil {
		return err
	}
	for _, series := range list {
		key, err := s.openPublic(series)
		if err != nil {
			return err
		}
		zone.Series = append(zone.Series, wire.Series{
			ID: string(series.ID), PublicKey: string(key.PEM()), RollBits: series.RollBits, TicketBits: series.TicketBits,
			ChecksumBits: series.ChecksumBits, Magic: uint64(series.Magic), Alphabet: series.Alphabet,
		})
	}
	return nil
}

// ofSite leaves rolls of zones that are there.
const ofSite = ` from rolls v join zones z on z.id = v.zone_id and z.site_id = @site and z.deleted_at is null where true`

func wireRolls(ctx context.Context, q db, which string, args pgx.NamedArgs) ([]*wire.Roll, error) {
	rows, err := all[generation](ctx, q, `select `+generationColumns+ofSite+which, args)
	rolls := make([]*wire.Roll, len(rows))
	for i, g := range rows {
		rolls[i] = new(wireRoll(g))
	}
	return rolls, err
}

func wireRoll(g generation) wire.Roll {
	return wire.Roll{
		ID: g.ID, ZoneID: string(g.ZoneID), SeriesID: string(value(g.SeriesID)), Number: uint32(g.Number), First: uint32(g.First), Count: uint32(g.Count),
		ForSeconds: g.ForSeconds, SoldOnly: g.SoldOnly, NotBefore: g.NotBefore, FirstUseBy: g.FirstUseBy, Devices: g.Devices,
		Retired: g.RetiredAt != nil, RunsOn: g.RunsOn,
	}
}

func wireCodes(ctx context.Context, q db, which string, args pgx.NamedArgs) ([]*wire.RollCodes, error) {
	type row struct {
		ID     roll.ID
		Hashes []byte
	}
	rows, err := all[row](ctx, q, `select v.id, v.hashes`+ofSite+` and v.hashes is not null`+which, args)
	codes := make([]*wire.RollCodes, len(rows))
	for i, r := range rows {
		codes[i] = &wire.RollCodes{RollID: r.ID, Hashes: r.Hashes}
	}
	return codes, err
}

func wireUsages(ctx context.Context, q db, which string, args pgx.NamedArgs) ([]*wire.RollUsage, error) {
	rows, err := all[masks](ctx, q, `select v.id, v.first, v.over, v.sold`+ofSite+which, args)
	usages := make([]*wire.RollUsage, len(rows))
	for i, m := range rows {
		usages[i] = &wire.RollUsage{RollID: m.ID, Over: trimmed(m.Over), Sold: trimmed(m.Sold)}
	}
	return usages, err
}

// trimmed cuts octets off in which nothing is marked.
func trimmed(mask []byte) []byte {
	for len(mask) > 0 && mask[len(mask)-1] == 0 {
		mask = mask[:len(mask)-1]
	}
	return mask
}

type grantedRow struct {
	accessRow
	Devices int `db:"devices"`
}

// wireAccesses returns accesses with what they are made of, also those whose time is
// over until they are settled: an agent that did not hear of them would take their
// codes for fresh ones. Of those that ended otherwise no records are left.
func (s *Store) wireAccesses(ctx context.Context, q db, which string, args pgx.NamedArgs) ([]*wire.Grant, error) {
	const list = `select ` + accessColumns + `, r.devices from accesses v join rolls r on r.id = v.roll_id
		where v.site_id = @site and exists (select from roll_records c where c.holder_roll_id = v.roll_id and c.holder_ticket = v.ticket)`
	rows, err := all[grantedRow](ctx, q, list+which, args)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	grants, at := make([]*wire.Grant, len(rows)), map[roll.Ticket]int{}
	rolls, tickets := make([]roll.ID, len(rows)), make([]int64, len(rows))
	for i, row := range rows {
		grants[i] = &wire.Grant{
			ID: string(row.ID), Kind: wire.GrantRoll, NotBefore: row.StartedAt, NotAfter: row.EndsAt, DeviceLimit: row.Devices, Zone: string(value(row.ZoneID)),
		}
		at[row.holder()], rolls[i], tickets[i] = i, value(row.RollID), value(row.Ticket)
	}
	const held = `select ` + recordColumns + ` from roll_records r join unnest(@rolls::uuid[], @tickets::bigint[]) h (roll_id, ticket)
		on h.roll_id = r.holder_roll_id and h.ticket = r.holder_ticket order by r.at, r.roll_id, r.ticket`
	records, err := all[recordRow](ctx, q, held, pgx.NamedArgs{"rolls": rolls, "tickets": tickets})
	for _, r := range records {
		grant := grants[at[r.holder()]]
		if len(grant.Entries) == maxEntries+maxUseEntries { // of agents that could not see each other; a frame has its limit
			s.log.Warn("access of more codes than a frame has room for", "access", grant.ID)
			continue
		}
		grant.Entries = append(grant.Entries, r.wire())
	}
	return grants, err
}

// partSize is how many octets of zones, rolls and accesses go into one part of a
// snapshot; a single one may be larger, up to what a frame holds.
const partSize = 96 << 10

// rolls sends zones, rolls, codes, usages, and then accesses.
func (p *snapshot) rolls(ctx context.Context) error {
	args := func() pgx.NamedArgs { return pgx.NamedArgs{"site": p.site} }
	zones, err := p.s.wireZones(ctx, p.q, ` order by v.id`, args())
	if err == nil {
		err = parts(zones, func(part []wire.Zone) error { return p.sendPart(wire.Snapshot{Zones: part}) })
	}
	if err != nil {
		return err
	}
	rolls, err := wireRolls(ctx, p.q, ` order by v.id`, args())
	if err == nil {
		err = parts(rolls, func(part []wire.Roll) error { return p.sendPart(wire.Snapshot{Rolls: part}) })
	}
	if err != nil {
		return err
	}
	codes, err := wireCodes(ctx, p.q, ` order by v.id`, args())
	if err == nil {
		err = parts(codes, func(part []wire.RollCodes) error { return p.sendPart(wire.Snapshot{Codes: part}) })
	}
	if err != nil {
		return err
	}
	usages, err := wireUsages(ctx, p.q, ` order by v.id`, args())
	if err == nil {
		err = parts(usages, func(part []wire.RollUsage) error { return p.sendPart(wire.Snapshot{Usages: part}) })
	}
	if err != nil {
		return err
	}
	accesses, err := p.s.wireAccesses(ctx, p.q, ` order by v.id`, args())
	if err != nil {
		return err
	}
	return parts(accesses, func(part []wire.Grant) error { return p.sendPart(wire.Snapshot{Grants: part}) })
}

func (p *snapshot) sendPart(of wire.Snapshot) error {
	part := p.part
	part.Zones, part.Rolls, part.Codes, part.Usages, part.Grants = of.Zones, of.Rolls, of.Codes, of.Usages, of.Grants
	p.part.Part++
	return p.chunk(part)
}

// parts sends a list in parts of partSize octets.
func parts[T any](list []*T, send func([]T) error) error {
	var part []T
	size := 0
	for i, object := range list {
		text, err := json.Marshal(object)
		if err != nil {
			return err
		}
		if size > 0 && size+len(text) > partSize {
			if err := send(part); err != nil {
				return err
			}
			part, size = nil, 0
		}
		part, size = append(part, *list[i]), size+len(text)
	}
	if len(part) == 0 {
		return nil
	}
	return send(part)
}
