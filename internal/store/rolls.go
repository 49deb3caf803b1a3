package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// Roll is a generation of a roll, with what became of its codes in numbers.
type Roll struct {
	roll.Roll
	ZoneID      roll.ZoneID
	SeriesID    roll.SeriesID // empty for long codes
	Devices     int           // at a time; 0 as the zone's logins say
	Description string
	RetiredAt   *time.Time
	// Clashes are tickets whose codes an earlier series has. They would be refused, so
	// they are neither printed nor sold.
	Clashes   []uint32
	CreatedAt time.Time
	UpdatedAt time.Time

	Ready, Active, Used, Sold int
}

// RollChange names what to change; nil fields stay. Number and Count make another
// generation and end this one's codes.
type RollChange struct {
	Number      *uint32
	Count       *uint32
	For         *time.Duration
	SoldOnly    *bool
	NotBefore   **time.Time // pointer to nil: none
	FirstUseBy  **time.Time
	Devices     *int
	Description *string
	Retire      bool // as in ZoneChange
	RunsOn      bool
}

// LongRollCount is how many codes a roll of long ones has at most.
const LongRollCount = 10_000

const (
	maxRollNumber  = 1<<31 - 1
	maxDescription = 500 // characters
	maxDevices     = 1000
	maxRolls       = 2000 // of a zone that are not retired
)

// Refusals about rolls.
var (
	ErrRollNotFound = visit.Errorf(visit.KindNotFound, "roll_not_found", "There is no such roll.")
	errRollRetired  = visit.Errorf(visit.KindConflict, "roll_retired", "The roll was changed or deleted since. Look at the list again.")
	errTooManyRolls = visit.Errorf(visit.KindConflict, "rolls_too_many", "A zone has at most 2000 rolls. Delete one that is used up.")
	errNumberTaken  = visit.Invalid("number", "There is a roll of this number already. Choose another one, or delete that roll.")
)

// generation is a row of rolls but for its codes and masks.
type generation struct {
	ID          roll.ID        `db:"id"`
	ZoneID      roll.ZoneID    `db:"zone_id"`
	SeriesID    *roll.SeriesID `db:"series_id"`
	Number      int64          `db:"number"`
	First       int64          `db:"first"`
	Count       int64          `db:"count"`
	ForSeconds  int64          `db:"for_seconds"`
	SoldOnly    bool           `db:"sold_only"`
	NotBefore   *time.Time     `db:"not_before"`
	FirstUseBy  *time.Time     `db:"first_use_by"`
	Devices     int            `db:"devices"`
	Description string         `db:"description"`
	RetiredAt   *time.Time     `db:"retired_at"`
	RunsOn      bool           `db:"runs_on"`
	Clashes     []int32        `db:"clashes"`
	CreatedAt   time.Time      `db:"created_at"`
	UpdatedAt   time.Time      `db:"updated_at"`
}

const generationColumns = `v.id, v.zone_id, v.series_id, v.number, v.first, v.count, v.for_seconds, v.sold_only, v.not_before, v.first_use_by,
	v.devices, v.description, v.retired_at, v.runs_on, v.clashes, v.created_at, v.updated_at`

func (g generation) terms() roll.Roll {
	return roll.Roll{
		ID: g.ID, Number: uint32(g.Number), First: uint32(g.First), Count: uint32(g.Count), For: time.Duration(g.ForSeconds) * time.Second,
		SoldOnly: g.SoldOnly, NotBefore: value(g.NotBefore), FirstUseBy: value(g.FirstUseBy), Retired: g.RetiredAt != nil, RunsOn: g.RunsOn,
	}
}

func (g generation) roll() Roll {
	r := Roll{
		Roll: g.terms(), ZoneID: g.ZoneID, SeriesID: value(g.SeriesID), Devices: g.Devices, Description: g.Description,
		RetiredAt: g.RetiredAt, CreatedAt: g.CreatedAt, UpdatedAt: g.UpdatedAt,
	}
	for _, ticket := range g.Clashes {
		r.Clashes = append(r.Clashes, uint32(ticket))
	}
	return r
}

func rollPlace(id roll.ID) string { return "roll:" + string(id) }

// generationsOf returns all of a zone, the newest first.
func generationsOf(ctx context.Context, q db, zone roll.ZoneID) ([]generation, error) {
	return all[generation](ctx, q, `select `+generationColumns+` from rolls v where v.zone_id = @zone order by v.id desc`, pgx.NamedArgs{"zone": zone})
}

func findGeneration(ctx context.Context, q db, zone roll.ZoneID, id roll.ID) (generation, error) {
	const find = `select ` + generationColumns + ` from rolls v where v.id = @id and v.zone_id = @zone`
	return one[generation](ctx, q, ErrRollNotFound, find, pgx.NamedArgs{"id": id, "zone": zone})
}

// counted is a roll's codes in numbers.
type counted struct {
	ID     roll.ID
	Over   int
	Sold   int
	Rows   int
	Active int
}

// count fills in what became of the codes of rolls.
func (s *Store) count(ctx context.Context, q db, rolls []Roll) error {
	ids := make([]roll.ID, len(rolls))
	for i, r := range rolls {
		ids[i] = r.ID
	}
	const count = `select r.id, bit_count(r.over)::integer as over, bit_count(r.sold)::integer as sold,
			coalesce(u.rows, 0)::integer as rows, coalesce(u.active, 0)::integer as active
		from rolls r left join (
			select c.roll_id, count(*) as rows, count(*) filter (where a.ended_at is null and a.ends_at > @now) as active
			from roll_records c left join accesses a on a.roll_id = c.holder_roll_id and a.ticket = c.holder_ticket
			where c.roll_id = any(@ids::uuid[]) group by c.roll_id
		) u on u.roll_id = r.id
		where r.id = any(@ids::uuid[])`
	rows, err := all[counted](ctx, q, count, pgx.NamedArgs{"ids": texts(ids), "now": s.now()})
	if err != nil {
		return err
	}
	for _, n := range rows {
		i := slices.Index(ids, n.ID)
		r := &rolls[i]
		r.Active, r.Sold = n.Active, n.Sold
		r.Used = n.Over - len(r.Clashes) + n.Rows - n.Active
		r.Ready = int(r.Count) - n.Over - n.Rows
	}
	return nil
}

// Roll returns a roll of a zone, also a retired one. It returns ErrZoneNotFound and
// ErrRollNotFound.
func (s *Store) Roll(ctx context.Context, scope Scope, site visit.SiteID, zone roll.ZoneID, id roll.ID) (r Roll, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) error {
		if _, err := findZone(ctx, q, scope, site, zone); err != nil {
			return err
		}
		found, err := findGeneration(ctx, q, zone, id)
		if err != nil {
			return err
		}
		r, err = s.counted(ctx, q, found)
		return err
	})
	return r, err
}

func (s *Store) counted(ctx context.Context, q db, g generation) (Roll, error) {
	list := []Roll{g.roll()}
	err := s.count(ctx, q, list)
	return list[0], err
}

// Rolls returns a zone's rolls, the newest first: those that are not retired, and
// retired ones of which codes are still in use. It returns ErrZoneNotFound.
func (s *Store) Rolls(ctx context.Context, scope Scope, site visit.SiteID, zone roll.ZoneID) ([]Roll, error) {
	rolls := []Roll{}
	err := s.query(ctx, func(ctx context.Context, q db) error {
		if _, err := findZone(ctx, q, scope, site, zone); err != nil {
			return err
		}
		const list = `select ` + generationColumns + ` from rolls v where v.zone_id = @zone and (v.retired_at is null or v.runs_on
			and exists (select from roll_records c where c.roll_id = v.id)) order by v.id desc`
		rows, err := all[generation](ctx, q, list, pgx.NamedArgs{"zone": zone})
		rolls = rolls[:0]
		for _, row := range rows {
			rolls = append(rolls, row.roll())
		}
		if err != nil {
			return err
		}
		if err := s.count(ctx, q, rolls); err != nil {
			return err
		}
		rolls = slices.DeleteFunc(rolls, func(r Roll) bool { return r.Retired && r.Active == 0 })
		return nil
	})
	return rolls, err
}

// CreateRoll adds a roll to a zone. Compatible ones get the tickets behind all that
// were ever printed under their number; long ones get new codes. It returns
// ErrZoneNotFound and KindInvalid.
func (s *Store) CreateRoll(ctx context.Context, by Caller, site visit.SiteID, zone roll.ZoneID, r Roll) (made Roll, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockZone(ctx, by.Scope, site, zone)
		if err != nil {
			return err
		}
		generations, err := generationsOf(ctx, t, zone)
		if err != nil {
			return err
		}
		made, err = t.addRoll(ctx, by, row, generations, r, "roll.created")
		return err
	})
	return made, err
}

func live(generations []generation) int {
	n := 0
	for _, g := range generations {
		if g.RetiredAt == nil {
			n++
		}
	}
	return n
}

// addRoll places and stores a roll beside the zone's others.
func (t *tx) addRoll(ctx context.Context, by Caller, zone zoneRow, others []generation, r Roll, action string) (Roll, error) {
	if live(others) >= maxRolls {
		return Roll{}, errTooManyRolls
	}
	if err := checkRoll(&r); err != nil {
		return Roll{}, err
	}
	text, err := t.s.newID()
	if err != nil {
		return Roll{}, err
	}
	r.ID, r.ZoneID = roll.ID(text), zone.ID
	printed, err := t.print(ctx, zone, others, &r)
	if err != nil {
		return Roll{}, err
	}
	row, err := t.insertRoll(ctx, r, printed)
	if err != nil {
		return Roll{}, err
	}
	t.follow(zone.SiteID, ledgerRoll, text)
	if printed.hashes != nil {
		t.follow(zone.SiteID, ledgerRollCodes, text)
	}
	if len(r.Clashes) > 0 {
		t.follow(zone.SiteID, ledgerRollUsage, text)
	}
	t.audit(zone.SiteID, by.Actor, action, rollPlace(r.ID), map[string]any{
		"zone_id": string(zone.ID), "number": int64(r.Number), "first": int64(r.First), "count": int64(r.Count), "seconds": int64(r.For / time.Second), "clashes": len(r.Clashes),
	})
	return t.s.counted(ctx, t, row)
}

func checkRoll(r *Roll) error {
	r.Description = strings.TrimSpace(r.Description)
	switch {
	case r.Number > maxRollNumber:
		return visit.Invalid("number", "Choose 0 to %d.", maxRollNumber)
	case len([]rune(r.Description)) > maxDescription || !plain(r.Description):
		return visit.Invalid("description", "One line of at most %d characters.", maxDescription)
	case r.Devices < 0 || r.Devices > maxDevices:
		return visit.Invalid("devices", "Choose 0, which leaves it to the zone, to %d.", maxDevices)
	}
	r.NotBefore, r.FirstUseBy = r.NotBefore.UTC().Truncate(time.Second), r.FirstUseBy.UTC().Truncate(time.Second) // as first uses are
	return r.CheckTerms()
}

func (t *tx) insertRoll(ctx context.Context, r Roll, p printed) (generation, error) {
	return t.insertGeneration(ctx, r, p, nil)
}

func (t *tx) insertGeneration(ctx context.Context, r Roll, p printed, retired *time.Time) (generation, error) {
	over := make([]byte, (r.Count+7)/8)
	for _, ticket := range r.Clashes {
		setBit(over, ticket-r.First)
	}
	const insert = `insert into rolls as v (id, zone_id, series_id, number, first, count, for_seconds, sold_only, not_before, first_use_by, devices,
			description, retired_at, codes_sealed, hashes, clashes, over, sold, created_at, updated_at)
		values (@id, @zone, @series, @number, @first, @count, @seconds, @sold_only, @not_before, @first_use_by, @devices,
			@description, @retired, @codes, @hashes, @clashes, @over, @sold, @now, @now) returning ` + generationColumns
	clashes := make([]int32, len(r.Clashes))
	for i, ticket := range r.Clashes {
		clashes[i] = int32(ticket)
	}
	return one[generation](ctx, t, ErrRollNotFound, insert, pgx.NamedArgs{
		"id": r.ID, "zone": r.ZoneID, "series": optional(r.SeriesID), "number": int64(r.Number), "first": int64(r.First), "count": int64(r.Count),
		"seconds": int64(r.For / time.Second), "sold_only": r.SoldOnly, "not_before": instant(r.NotBefore), "first_use_by": instant(r.FirstUseBy),
		"devices": r.Devices, "description": r.Description, "codes": p.sealed, "hashes": p.hashes, "clashes": clashes,
		"over": over, "sold": make([]byte, len(over)), "retired": retired, "now": t.now,
	})
}

// UpdateRoll changes a roll. Another number or count ends its codes and makes another
// generation, which is returned; that must be said by Retire. It returns
// ErrZoneNotFound, ErrRollNotFound, KindInvalid and conflicts.
func (s *Store) UpdateRoll(ctx context.Context, by Caller, site visit.SiteID, zone roll.ZoneID, id roll.ID, change RollChange) (made Roll, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockZone(ctx, by.Scope, site, zone)
		if err != nil {
			return err
		}
		old, err := t.liveGeneration(ctx, zone, id)
		if err != nil {
			return err
		}
		next, fields := change.applyTo(old.roll())
		if next.Number != old.terms().Number || next.Count != old.terms().Count {
			made, err = t.replaceRoll(ctx, by, row, old, next, change)
			return err
		}
		made, err = t.changeTerms(ctx, by, row, next, fields)
		return err
	})
	return made, err
}

// liveGeneration is one that is not retired.
func (t *tx) liveGeneration(ctx context.Context, zone roll.ZoneID, id roll.ID) (generation, error) {
	g, err := findGeneration(ctx, t, zone, id)
	if err == nil && g.RetiredAt != nil {
		err = errRollRetired
	}
	return g, err
}

func (c RollChange) applyTo(r Roll) (Roll, []string) {
	var fields []string
	take(&fields, "number", &r.Number, c.Number)
	take(&fields, "count", &r.Count, c.Count)
	take(&fields, "for", &r.For, c.For)
	take(&fields, "sold_only", &r.SoldOnly, c.SoldOnly)
	take(&fields, "devices", &r.Devices, c.Devices)
	take(&fields, "description", &r.Description, c.Description)
	if c.NotBefore != nil {
		r.NotBefore, fields = value(*c.NotBefore), append(fields, "not_before")
	}
	if c.FirstUseBy != nil {
		r.FirstUseBy, fields = value(*c.FirstUseBy), append(fields, "first_use_by")
	}
	return r, fields
}

// changeTerms changes what holds for codes that are not used yet.
func (t *tx) changeTerms(ctx context.Context, by Caller, zone zoneRow, r Roll, fields []string) (Roll, error) {
	if err := checkRoll(&r); err != nil {
		return Roll{}, err
	}
	const update = `update rolls as v set for_seconds = @seconds, sold_only = @sold_only, not_before = @not_before, first_use_by = @first_use_by,
		devices = @devices, description = @description, updated_at = @now where v.id = @id returning ` + generationColumns
	row, err := one[generation](ctx, t, ErrRollNotFound, update, pgx.NamedArgs{
		"id": r.ID, "seconds": int64(r.For / time.Second), "sold_only": r.SoldOnly, "not_before": instant(r.NotBefore),
		"first_use_by": instant(r.FirstUseBy), "devices": r.Devices, "description": r.Description, "now": t.now,
	})
	if err != nil {
		return Roll{}, err
	}
	if len(fields) > 0 {
		t.follow(zone.SiteID, ledgerRoll, string(r.ID))
		t.audit(zone.SiteID, by.Actor, "roll.changed", rollPlace(r.ID), map[string]any{"zone_id": string(zone.ID), "fields": strings.Join(fields, ",")})
	}
	return t.s.counted(ctx, t, row)
}

// replaceRoll retires a roll and puts another generation in its place.
func (t *tx) replaceRoll(ctx context.Context, by Caller, zone zoneRow, old generation, next Roll, change RollChange) (Roll, error) {
	if !change.Retire {
		impact, err := t.s.impactOf(ctx, t, []generation{old})
		if err != nil {
			return Roll{}, err
		}
		return Roll{}, impact.refusal()
	}
	if err := t.retire(ctx, by.Actor, zone, []generation{old}, change.RunsOn); err != nil {
		return Roll{}, err
	}
	others, err := generationsOf(ctx, t, zone.ID)
	if err != nil {
		return Roll{}, err
	}
	return t.addRoll(ctx, by, zone, others, next, "roll.replaced")
}

// DeleteRoll retires a roll; runsOn lets its codes that are in use run to their end.
// Its number may be used again, its codes never. It returns ErrZoneNotFound and
// ErrRollNotFound.
func (s *Store) DeleteRoll(ctx context.Context, by Caller, site visit.SiteID, zone roll.ZoneID, id roll.ID, runsOn bool) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockZone(ctx, by.Scope, site, zone)
		if err != nil {
			return err
		}
		old, err := t.liveGeneration(ctx, zone, id)
		if err != nil {
			return err
		}
		t.audit(site, by.Actor, "roll.deleted", rollPlace(id), map[string]any{"zone_id": string(zone), "runs_on": runsOn})
		return t.retire(ctx, by.Actor, row, []generation{old}, runsOn)
	})
}

// PreviewRoll counts what a change would end. It returns what UpdateRoll returns.
func (s *Store) PreviewRoll(ctx context.Context, scope Scope, site visit.SiteID, zone roll.ZoneID, id roll.ID, change RollChange) (impact Impact, err error) {
	err = s.view(ctx, func(ctx context.Context, q pgx.Tx) error {
		impact = Impact{}
		if _, err := findZone(ctx, q, scope, site, zone); err != nil {
			return err
		}
		g, err := findGeneration(ctx, q, zone, id)
		if err != nil {
			return err
		}
		if next, _ := change.applyTo(g.roll()); next.Number == g.terms().Number && next.Count == g.terms().Count {
			return nil
		}
		impact, err = s.impactOf(ctx, q, []generation{g})
		return err
	})
	return impact, err
}

// DeleteRollImpact counts what deleting a roll would end. It returns ErrZoneNotFound
// and ErrRollNotFound.
func (s *Store) DeleteRollImpact(ctx context.Context, scope Scope, site visit.SiteID, zone roll.ZoneID, id roll.ID) (Impact, error) {
	r, err := s.Roll(ctx, scope, site, zone, id)
	if err != nil || r.Retired {
		return Impact{}, err
	}
	return Impact{Rolls: 1, Ready: r.Ready, Active: r.Active, Used: r.Used, Sold: r.Sold}, nil
}
