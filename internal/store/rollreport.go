package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/wire"
)

// loadRolls finds the accesses among grants, and locks the zones that codes were used
// in, in the order of their ids.
func (r *report) loadRolls(ctx context.Context, records []wire.Record, grants []string) error {
	type found struct{ ID string }
	known, err := named(ctx, r.tx, `select v.id::text as id from accesses v where v.site_id = @site and v.id = any(@ids::uuid[])`,
		r.site, grants, func(f *found) string { return f.ID })
	r.accesses = map[string]bool{}
	for id := range maps.Keys(known) {
		r.accesses[id] = true
	}
	r.zones = map[roll.ZoneID]zoneRow{}
	var zones []string
	for _, record := range records {
		if record.RollUse != nil && isUUID(record.RollUse.ZoneID) {
			zones = append(zones, record.RollUse.ZoneID)
		}
	}
	if err != nil || len(zones) == 0 {
		return err
	}
	slices.Sort(zones)
	const lock = `select ` + zoneColumns + ` from zones v where v.site_id = @site and v.id = any(@ids::uuid[]) order by v.id for no key update`
	rows, err := all[zoneRow](ctx, r.tx, lock, pgx.NamedArgs{"site": r.site, "ids": slices.Compact(zones)})
	for _, row := range rows {
		r.zones[row.ID] = row
	}
	return err
}

// rollUse stores that an agent let somebody in with codes. A deleted zone's rolls are
// retired, so that what came too late ends.
func (r *report) rollUse(ctx context.Context, use wire.RollUse) error {
	zone, ok := r.zones[roll.ZoneID(use.ZoneID)]
	if !ok {
		return errSkip
	}
	if err := r.mergeReported(ctx, zone, notAhead(use.Entries, r.now), "agent:"+string(r.agent)); err != nil {
		return err
	}
	var holders []string
	for _, e := range use.Entries {
		holders = append(holders, string(roll.Ticket{Roll: e.HolderRollID, Number: e.HolderTicket}.AccessID()))
	}
	began, err := scalars[string](ctx, r.tx, `select id::text from accesses where id = any(@ids::uuid[])`, pgx.NamedArgs{"ids": holders})
	for _, id := range began { // their sessions may be reported next
		r.accesses[id] = true
	}
	return err
}

// maxAhead is how far in the future an agent may report a first use.
const maxAhead = time.Minute

// notAhead has uses that a wrong clock put later than that begin now. The earliest use
// of a code counts, so the agent follows.
func notAhead(entries []wire.RollEntry, now time.Time) []wire.RollEntry {
	entries = slices.Clone(entries)
	for i := range entries {
		if entries[i].At.After(now.Add(maxAhead)) {
			entries[i].At = now
		}
	}
	return entries
}

// refusedName is the name that a refused login is remembered by. A roll code is all
// that its holder has to show, so of what may be one only the beginning is kept.
func refusedName(f wire.Refused) string {
	switch {
	case f.Username == "":
		return ""
	case strings.HasPrefix(string(f.Reason), "roll_code_"), f.Reason == wire.RefusedZoneDisabled,
		f.Reason == wire.RefusedInUse, f.Reason == wire.RefusedNotRecorded:
		return string([]rune(f.Username)[:1]) + "…"
	}
	return f.Username
}
