package store

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// MergeZone takes in what another deployment says of a zone, which is made at the
// site if there is none. What is known already changes nothing, and so is passed on to
// nobody: two deployments that name each other do not go in circles. It returns the
// rolls that it could not take, because another live one has their number, and
// ErrSiteNotFound, ErrZoneNotFound and KindInvalid.
func (s *Store) MergeZone(ctx context.Context, by Caller, site visit.SiteID, id roll.ZoneID, in ZoneSync) (refused []roll.ID, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		refused = nil
		if _, err := t.lockSite(ctx, by.Scope, site); err != nil {
			return err
		}
		zone, err := t.receiveZone(ctx, by, site, id, in.Zone)
		if err != nil {
			return err
		}
		for _, r := range in.Rolls {
			taken, err := t.receiveRoll(ctx, by, zone, r)
			if err != nil {
				return err
			}
			if !taken {
				refused = append(refused, r.ID)
			}
		}
		for _, usage := range in.Usages {
			if err := t.receiveUsage(ctx, by, zone, usage); err != nil {
				return err
			}
		}
		for part := range slices.Chunk(in.Entries, maxUseEntries) {
			if err := t.receiveEntries(ctx, by, zone, part); err != nil {
				return err
			}
		}
		return nil
	})
	return refused, err
}

// receiveZone returns the locked zone as it is now.
func (t *tx) receiveZone(ctx context.Context, by Caller, site visit.SiteID, id roll.ZoneID, in *SyncZone) (zoneRow, error) {
	const find = `select ` + zoneColumns + ` from zones v where v.id = @id for no key update`
	rows, err := all[zoneRow](ctx, t, find, pgx.NamedArgs{"id": id})
	switch {
	case err != nil:
		return zoneRow{}, err
	case len(rows) > 0 && (rows[0].SiteID != site || rows[0].DeletedAt != nil):
		return zoneRow{}, ErrZoneNotFound
	case len(rows) == 0 && in == nil:
		return zoneRow{}, ErrZoneNotFound
	case len(rows) == 0:
		row, err := t.adoptZone(ctx, by, site, id, *in)
		if err != nil {
			return row, err
		}
		return row, t.receiveSeries(ctx, by, row, in.Series)
	}
	row := rows[0]
	if in == nil {
		return row, nil
	}
	if in.Kind != row.Kind {
		return row, visit.Invalid("kind", "The zone has another kind here.")
	}
	if in.UpdatedAt.After(row.UpdatedAt) {
		if err := t.receiveSettings(ctx, by, &row, *in); err != nil {
			return row, err
		}
	}
	return row, t.receiveSeries(ctx, by, row, in.Series)
}

func (t *tx) adoptZone(ctx context.Context, by Caller, site visit.SiteID, id roll.ZoneID, in SyncZone) (zoneRow, error) {
	zone := in.zone(site)
	if err := zone.validate(); err != nil {
		return zoneRow{}, err
	}
	if !isUUID(string(id)) || in.Kind == LongZone && len(in.HashKey) != 32 {
		return zoneRow{}, visit.Invalid("hash_key", "The key of long codes has 32 octets.")
	}
	row, err := t.insertZone(ctx, zone, id)
	if err != nil {
		return row, err
	}
	var sealed []byte
	if in.Kind == LongZone {
		if sealed, err = t.s.keyring.Seal(in.HashKey, zonePlace(id)); err != nil {
			return row, err
		}
	}
	const keep = `update zones as v set hash_key_sealed = @key, updated_at = @at where v.id = @id returning ` + zoneColumns
	row, err = one[zoneRow](ctx, t, ErrZoneNotFound, keep, pgx.NamedArgs{"id": id, "key": sealed, "at": micro(in.UpdatedAt)})
	t.follow(site, ledgerZone, string(id))
	t.audit(site, by.Actor, "zone.adopted", zonePlace(id), map[string]any{"kind": string(in.Kind)})
	return row, err
}

func (z SyncZone) zone(site visit.SiteID) Zone {
	zone := Zone{
		SiteID: site, Name: z.Name, Enabled: z.Enabled, Kind: z.Kind, Logins: z.Logins, InvalidMessage: z.InvalidMessage, ExpiredMessage: z.ExpiredMessage,
	}
	zone.defaults()
	return zone
}

// receiveSettings takes over settings that were chosen later than ours.
func (t *tx) receiveSettings(ctx context.Context, by Caller, row *zoneRow, in SyncZone) error {
	if err := in.zone(row.SiteID).validate(); err != nil {
		return err
	}
	const update = `update zones as v set name = @name, enabled = @enabled, logins = @logins, invalid_message = @invalid, expired_message = @expired,
		updated_at = @at where v.id = @id returning ` + zoneColumns
	var err error
	*row, err = one[zoneRow](ctx, t, ErrZoneNotFound, update, pgx.NamedArgs{
		"id": row.ID, "name": in.Name, "enabled": in.Enabled, "logins": in.Logins,
		"invalid": in.InvalidMessage, "expired": in.ExpiredMessage, "at": micro(in.UpdatedAt),
	})
	t.follow(row.SiteID, ledgerZone, string(row.ID))
	t.audit(row.SiteID, by.Actor, "zone.received", zonePlace(row.ID), nil)
	return err
}

// receiveSeries adds series that are not known. Of several that are not retired the
// one that was made last is the current one, on both sides; the others' rolls end, and
// their codes in use run on.
func (t *tx) receiveSeries(ctx context.Context, by Caller, zone zoneRow, in []SyncSeries) error {
	if zone.Kind != CompatibleZone || len(in) == 0 {
		return nil
	}
	known, err := seriesOf(ctx, t, zone.ID)
	if err != nil {
		return err
	}
	retired, current := map[roll.SeriesID]bool{}, roll.SeriesID("")
	for _, r := range known {
		retired[r.ID] = r.RetiredAt != nil
	}
	for _, r := range in {
		retired[r.ID] = retired[r.ID] || r.Retired
	}
	for id, gone := range retired {
		if !gone {
			current = max(current, id)
		}
	}
	for _, r := range known {
		if r.RetiredAt == nil && r.ID != current {
			if err := t.retireSeries(ctx, by, zone, r); err != nil {
				return err
			}
		}
	}
	for _, r := range in {
		if slices.ContainsFunc(known, func(k seriesRow) bool { return k.ID == r.ID }) {
			continue
		}
		if err := t.adoptSeries(ctx, zone, r, r.ID == current); err != nil {
			return err
		}
		t.follow(zone.SiteID, ledgerZone, string(zone.ID))
	}
	return nil
}

func (t *tx) retireSeries(ctx context.Context, by Caller, zone zoneRow, r seriesRow) error {
	generations, err := generationsOf(ctx, t, zone.ID)
	if err != nil {
		return err
	}
	if err := t.retire(ctx, by.Actor, zone, r.of(generations), true); err != nil {
		return err
	}
	t.follow(zone.SiteID, ledgerZone, string(zone.ID))
	_, err = t.Exec(ctx, `update roll_series set retired_at = @now where id = @id`, pgx.NamedArgs{"id": r.ID, "now": t.now})
	return err
}

func (t *tx) adoptSeries(ctx context.Context, zone zoneRow, in SyncSeries, current bool) error {
	made, _, err := t.s.keys(zone.SiteID, SeriesChange{PublicKey: in.PublicKey, PrivateKey: in.PrivateKey})
	if err != nil {
		return err
	}
	magic, err := strconv.ParseUint(in.Magic, 10, 64)
	if err != nil {
		return visit.Invalid("magic", "The magic number has more than 64 bits.")
	}
	made.format = roll.Format{RollBits: in.RollBits, TicketBits: in.TicketBits, ChecksumBits: in.ChecksumBits, Magic: magic, Alphabet: in.Alphabet}
	if err := made.format.Check(made.public.Bits()); err != nil {
		return err
	}
	if !isUUID(string(in.ID)) {
		return visit.Invalid("series", "A series' id is a UUID.")
	}
	var retired *time.Time
	if !current {
		retired = &t.now
	}
	return t.putSeries(ctx, zone.ID, in.ID, made, retired)
}

// receiveRoll takes a roll, or what has changed of one: that it is retired, or terms
// that were chosen later than ours.
func (t *tx) receiveRoll(ctx context.Context, by Caller, zone zoneRow, in SyncRoll) (taken bool, err error) {
	const find = `select ` + generationColumns + ` from rolls v where v.id = @id`
	rows, err := all[generation](ctx, t, find, pgx.NamedArgs{"id": in.ID})
	if err = orMissing(err, errSyncRoll); err != nil {
		return false, err
	}
	if len(rows) == 0 {
		return t.adoptRoll(ctx, by, zone, in)
	}
	g := rows[0]
	if g.ZoneID != zone.ID || uint32(g.Number) != in.Number || uint32(g.First) != in.First || uint32(g.Count) != in.Count {
		return false, errSyncRoll
	}
	if in.Retired {
		if err := t.retire(ctx, by.Actor, zone, []generation{g}, in.RunsOn); err != nil {
			return false, err
		}
	}
	if !in.UpdatedAt.After(g.UpdatedAt) || g.RetiredAt != nil || in.Retired {
		return true, nil
	}
	return true, t.receiveTerms(ctx, by, zone, in)
}

var errSyncRoll = visit.Invalid("rolls", "This is no roll of the zone.")

func (t *tx) receiveTerms(ctx context.Context, by Caller, zone zoneRow, in SyncRoll) error {
	r := in.roll(zone.ID)
	if err := checkRoll(&r); err != nil {
		return err
	}
	if _, err := t.changeTerms(ctx, by, zone, r, []string{"terms"}); err != nil {
		return err
	}
	_, err := t.Exec(ctx, `update rolls set updated_at = @at where id = @id`, pgx.NamedArgs{"id": in.ID, "at": micro(in.UpdatedAt)})
	return err
}

func (r SyncRoll) roll(zone roll.ZoneID) Roll {
	made := Roll{
		Roll: roll.Roll{
			ID: r.ID, Number: r.Number, First: r.First, Count: r.Count, For: time.Duration(r.ForSeconds) * time.Second, SoldOnly: r.SoldOnly,
			NotBefore: value(r.NotBefore), FirstUseBy: value(r.FirstUseBy),
		},
		ZoneID: zone, SeriesID: roll.SeriesID(r.SeriesID), Devices: r.Devices, Description: r.Description,
	}
	for _, ticket := range r.Clashes {
		made.Clashes = append(made.Clashes, uint32(ticket))
	}
	return made
}

// adoptRoll stores a roll that was made there. Two that were made under one number
// while the deployments could not see each other are for people to decide.
func (t *tx) adoptRoll(ctx context.Context, by Caller, zone zoneRow, in SyncRoll) (bool, error) {
	r := in.roll(zone.ID)
	if err := checkRoll(&r); err != nil {
		return false, err
	}
	p, err := t.receivedCodes(ctx, zone, in)
	if err != nil {
		return false, err
	}
	const taken = `select id from rolls where zone_id = @zone and number = @number and retired_at is null`
	others, err := scalars[roll.ID](ctx, t, taken, pgx.NamedArgs{"zone": zone.ID, "number": int64(in.Number)})
	if err != nil || len(others) > 0 && !in.Retired {
		return false, err
	}
	insert := t.insertRoll
	if in.Retired { // at once, so that its number stays free
		insert = t.insertRetired
	}
	if _, err := insert(ctx, r, p); err != nil {
		return false, err
	}
	const keep = `update rolls set created_at = @created, updated_at = @updated, runs_on = @runs_on where id = @id`
	if _, err := t.Exec(ctx, keep, pgx.NamedArgs{"id": in.ID, "created": micro(in.CreatedAt), "updated": micro(in.UpdatedAt), "runs_on": in.RunsOn}); err != nil {
		return false, err
	}
	t.follow(zone.SiteID, ledgerRoll, string(in.ID))
	if p.hashes != nil {
		t.follow(zone.SiteID, ledgerRollCodes, string(in.ID))
	}
	t.audit(zone.SiteID, by.Actor, "roll.adopted", rollPlace(in.ID), map[string]any{"zone_id": string(zone.ID), "number": int64(in.Number), "count": int64(in.Count)})
	return true, nil
}

// receivedCodes checks that a roll is one of the zone's, and seals its codes.
func (t *tx) receivedCodes(ctx context.Context, zone zoneRow, in SyncRoll) (p printed, err error) {
	for _, ticket := range in.Clashes {
		if ticket < int32(in.First) || uint32(ticket)-in.First >= in.Count {
			return p, errSyncRoll
		}
	}
	if zone.Kind == LongZone {
		size := int(in.Count)
		if !isUUID(string(in.ID)) || in.Count == 0 || in.Count > LongRollCount || in.First != 1 || in.SeriesID != "" ||
			len(in.Hashes) != size*roll.HashSize || in.Codes != nil && len(in.Codes) != size*longCodeSize {
			return p, errSyncRoll
		}
		p.hashes = in.Hashes
		if in.Codes != nil {
			p.sealed, err = t.s.keyring.Seal(in.Codes, rollPlace(in.ID))
		}
		return p, err
	}
	list, err := seriesOf(ctx, t, zone.ID)
	if err != nil {
		return p, err
	}
	i := slices.IndexFunc(list, func(s seriesRow) bool { return string(s.ID) == in.SeriesID })
	if i < 0 || !isUUID(string(in.ID)) {
		return p, errSyncRoll
	}
	return p, in.roll(zone.ID).Check(list[i].format())
}

// receiveUsage takes marks over. A code in use that is over there is ended here.
func (t *tx) receiveUsage(ctx context.Context, by Caller, zone zoneRow, in wire.RollUsage) error {
	if !isUUID(string(in.RollID)) {
		return errSyncRoll
	}
	g, err := findGeneration(ctx, t, zone.ID, in.RollID)
	if errors.Is(err, ErrRollNotFound) { // one that was refused comes again
		return nil
	}
	if err != nil {
		return err
	}
	found, err := masksOf(ctx, t, []roll.ID{in.RollID})
	if err != nil {
		return err
	}
	const busy = `select ticket from roll_records where roll_id = @id union select holder_ticket from roll_records where holder_roll_id = @id`
	rows, err := scalars[int64](ctx, t, busy, pgx.NamedArgs{"id": in.RollID})
	if err != nil {
		return err
	}
	m, changed := found[in.RollID], false
	var ended []roll.Entry
	for bit := range uint32(g.Count) {
		ticket := uint32(g.First) + bit
		if hasBit(in.Sold, bit) {
			changed = setBit(m.Sold, bit) || changed
		}
		switch {
		case !hasBit(in.Over, bit) || hasBit(m.Over, bit):
		case slices.Contains(rows, int64(ticket)):
			ended = append(ended, roll.Entry{Ticket: roll.Ticket{Roll: in.RollID, Number: ticket}, Record: roll.Record{Over: true}})
		default:
			changed = setBit(m.Over, bit) || changed
		}
	}
	if changed {
		if _, err := t.Exec(ctx, `update rolls set over = @over, sold = @sold where id = @id`, pgx.NamedArgs{"id": in.RollID, "over": m.Over, "sold": m.Sold}); err != nil {
			return err
		}
		t.follow(zone.SiteID, ledgerRollUsage, string(in.RollID))
	}
	for part := range slices.Chunk(ended, ExpireMax) {
		if err := t.merge(ctx, zone, part, cause{by.Actor, endExpired}); err != nil {
			return err
		}
	}
	return nil
}

// receiveEntries takes in uses. Those of rolls that are not known here, because one
// was refused, come again.
func (t *tx) receiveEntries(ctx context.Context, by Caller, zone zoneRow, entries []wire.RollEntry) error {
	rolls, err := t.generationsIn(ctx, zone.ID, entries)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(slices.Clone(entries), func(e wire.RollEntry) bool {
		_, known := rolls[e.RollID]
		_, held := rolls[e.HolderRollID]
		return !known || !held
	})
	if len(entries) == 0 {
		return nil
	}
	err = t.mergeReported(ctx, zone, entries, by.Actor)
	if errors.Is(err, errSkip) {
		return visit.Invalid("entries", "One is of no ticket of the zone, or of no time.")
	}
	return err
}

// insertRetired is insertRoll of one that is retired already.
func (t *tx) insertRetired(ctx context.Context, r Roll, p printed) (generation, error) {
	return t.insertGeneration(ctx, r, p, &t.now)
}
