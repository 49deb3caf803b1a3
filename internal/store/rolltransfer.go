package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// ZoneImport is a zone of compatible codes that comes from elsewhere in the middle of
// its rolls.
type ZoneImport struct {
	Zone   Zone
	Series SeriesChange // all of it
	Rolls  []RollImport
}

// RollImport is a roll with its state.
type RollImport struct {
	Number      uint32
	Count       uint32
	For         time.Duration
	Description string
	Files       roll.Files
}

// ImportZone makes a zone that goes on where another one stood: codes that were used
// there are used here, those in use run to the same end. All of it is made or nothing.
// It returns what CreateZone and CreateRoll return, with the roll's number in front.
func (s *Store) ImportZone(ctx context.Context, by Caller, in ZoneImport) (zone Zone, rolls []Roll, err error) {
	in.Zone.Kind = CompatibleZone
	in.Zone.defaults()
	if err := in.Zone.validate(); err != nil {
		return zone, nil, err
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		rolls = nil
		if _, err := t.lockSite(ctx, by.Scope, in.Zone.SiteID); err != nil {
			return err
		}
		id, err := s.newID()
		if err != nil {
			return err
		}
		row, err := t.insertZone(ctx, in.Zone, roll.ZoneID(id))
		if err != nil {
			return err
		}
		if err := t.firstSeries(ctx, row, in.Series); err != nil {
			return err
		}
		t.follow(row.SiteID, ledgerZone, id)
		t.audit(row.SiteID, by.Actor, "zone.imported", zonePlace(row.ID), map[string]any{"rolls": len(in.Rolls)})
		for _, r := range in.Rolls {
			made, err := t.importRoll(ctx, by, row, r)
			if err != nil {
				return ofRoll(r.Number, err)
			}
			rolls = append(rolls, made)
		}
		zone, err = s.wholeZone(ctx, t, row)
		return err
	})
	return zone, rolls, err
}

// ofRoll says which roll a refusal is about.
func ofRoll(number uint32, err error) error {
	e, ours := err.(*visit.Error) //nolint:errorlint // a refusal as it was made, not one within
	if !ours {
		return fmt.Errorf("roll %d: %w", number, err)
	}
	about := *e
	about.Message = fmt.Sprintf("Roll %d: %s", number, e.Message)
	return &about
}

func (t *tx) importRoll(ctx context.Context, by Caller, zone zoneRow, in RollImport) (Roll, error) {
	others, err := generationsOf(ctx, t, zone.ID)
	if err != nil {
		return Roll{}, err
	}
	made, err := t.addRoll(ctx, by, zone, others, Roll{
		Roll: roll.Roll{Number: in.Number, Count: in.Count, For: in.For}, Description: in.Description,
	}, "roll.imported")
	if err != nil {
		return Roll{}, err
	}
	series, err := currentSeries(ctx, t, zone.ID)
	if err != nil {
		return Roll{}, err
	}
	g, err := findGeneration(ctx, t, zone.ID, made.ID)
	if err != nil {
		return Roll{}, err
	}
	book, err := t.s.book([]seriesRow{series}, []generation{g})
	if err != nil {
		return Roll{}, err
	}
	entries, err := roll.Import(book[0], made.Roll, in.Files)
	if err != nil {
		return Roll{}, err
	}
	var over []recordRow
	entries = slices.DeleteFunc(entries, func(e roll.Entry) bool {
		if e.Record.Over {
			over = append(over, recordRow{RollID: e.Ticket.Roll, Ticket: int64(e.Ticket.Number)})
		}
		return e.Record.Over
	})
	if err := t.useUp(ctx, zone, over); err != nil {
		return Roll{}, err
	}
	for part := range slices.Chunk(entries, ExpireMax) {
		if err := t.merge(ctx, zone, part, cause{by.Actor, endMerged}); err != nil {
			return Roll{}, err
		}
	}
	return t.s.counted(ctx, t, g)
}

// ZoneExport is a zone with its keys and the state of its rolls, for elsewhere. It is
// all that is needed to make every code of the zone.
type ZoneExport struct {
	Zone       Zone
	PublicKey  string // PEM
	PrivateKey string
	Rolls      []RollExport
}

// RollExport is a roll with its state in the original's form. Count is its last ticket:
// those before its first are used up.
type RollExport struct {
	Roll
	Count uint32
	Files roll.Files
	// Unsold are codes that are refused here until they are sold. The original knows no
	// such thing, and accepts them.
	Unsold int
}

// ExportZone returns a compatible zone's rolls as the original keeps them. It returns
// ErrZoneNotFound, and conflicts for zones that the original cannot go on with.
func (s *Store) ExportZone(ctx context.Context, by Caller, site visit.SiteID, id roll.ZoneID) (out ZoneExport, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		out = ZoneExport{}
		row, err := t.lockZone(ctx, by.Scope, site, id)
		if err != nil {
			return err
		}
		if row.Kind != CompatibleZone {
			return visit.Errorf(visit.KindConflict, "zone_not_compatible", "pfSense has no long codes. Only zones of compatible codes can go back there.")
		}
		if out.Zone, err = s.wholeZone(ctx, t, row); err != nil {
			return err
		}
		series, err := currentSeries(ctx, t, id)
		if err != nil {
			return err
		}
		private, err := s.openPrivate(series)
		if err != nil {
			return err
		}
		out.PublicKey, out.PrivateKey = string(private.PublicKey.PEM()), string(private.PEM())
		if out.Rolls, err = t.exportRolls(ctx, row, series); err != nil {
			return err
		}
		t.audit(site, by.Actor, "zone.exported", zonePlace(id), map[string]any{"rolls": len(out.Rolls)})
		return nil
	})
	return out, err
}

func (t *tx) exportRolls(ctx context.Context, zone zoneRow, series seriesRow) ([]RollExport, error) {
	printer, err := t.s.printer(series)
	if err != nil {
		return nil, err
	}
	generations, err := generationsOf(ctx, t, zone.ID)
	if err != nil {
		return nil, err
	}
	usage, err := t.wholeUsage(ctx, zone.ID, generations)
	if err != nil {
		return nil, err
	}
	var rolls []RollExport
	for _, g := range generations {
		if g.RetiredAt != nil || value(g.SeriesID) != series.ID {
			continue
		}
		r, err := t.s.counted(ctx, t, g)
		if err != nil {
			return nil, err
		}
		out := RollExport{Roll: r, Count: r.Last(), Files: roll.Export(printer, usage, r.Roll, t.now)}
		if r.SoldOnly {
			out.Unsold = int(r.Roll.Count) - r.Sold
		}
		mask, err := roll.ParseMask(out.Files.Used, r.Last())
		if err != nil {
			return nil, err
		}
		for ticket := uint32(1); ticket < r.First; ticket++ {
			mask.Set(ticket)
		}
		out.Files.Used = mask.Text()
		for _, earlier := range generations { // codes that run on
			if earlier.Number == g.Number && earlier.RunsOn && value(earlier.SeriesID) == series.ID {
				out.Files.Active += roll.Export(printer, usage, earlier.terms(), t.now).Active
			}
		}
		rolls = append(rolls, out)
	}
	slices.Reverse(rolls)
	return rolls, nil
}

// wholeUsage is what became of all of a zone's tickets.
func (t *tx) wholeUsage(ctx context.Context, zone roll.ZoneID, generations []generation) (*roll.Usage, error) {
	usage := &roll.Usage{}
	records, err := all[recordRow](ctx, t, `select `+recordColumns+` from roll_records r where r.zone_id = @zone`, pgx.NamedArgs{"zone": zone})
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		usage.Merge(r.entry())
	}
	ids := make([]roll.ID, len(generations))
	for i, g := range generations {
		ids[i] = g.ID
	}
	found, err := masksOf(ctx, t, ids)
	if err != nil {
		return nil, err
	}
	for _, g := range generations {
		m := found[g.ID]
		for bit := range uint32(g.Count) {
			if hasBit(m.Over, bit) {
				usage.Merge(roll.Entry{Ticket: roll.Ticket{Roll: g.ID, Number: uint32(g.First) + bit}, Record: roll.Record{Over: true}})
			}
		}
	}
	return usage, nil
}
