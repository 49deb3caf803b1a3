package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// longCodeSize is a long code without dashes, as it is sealed.
const longCodeSize = 15

// printed is what is kept of a new roll's codes. Of compatible ones that is nothing:
// they follow from the key.
type printed struct {
	sealed []byte
	hashes []byte
}

// print gives a new roll its tickets and codes.
func (t *tx) print(ctx context.Context, zone zoneRow, others []generation, r *Roll) (printed, error) {
	if zone.Kind == LongZone {
		return t.printLong(zone, r)
	}
	return printed{}, t.place(ctx, zone, others, r)
}

func (t *tx) printLong(zone zoneRow, r *Roll) (p printed, err error) {
	if r.Count == 0 || r.Count > LongRollCount {
		return p, visit.Invalid("count", "Choose 1 to %d; for more, make several rolls.", LongRollCount)
	}
	key, err := t.s.keyring.Open(zone.HashKeySealed, zonePlace(zone.ID))
	if err != nil {
		return p, fmt.Errorf("hash key of zone %s: %w", zone.ID, err)
	}
	r.First, r.SeriesID = 1, ""
	var codes []byte
	for range r.Count {
		code, err := roll.NewLongCode(t.s.rand)
		if err != nil {
			return p, err
		}
		hash := code.Hash(key)
		codes, p.hashes = append(codes, code...), append(p.hashes, hash[:]...)
	}
	p.sealed, err = t.s.keyring.Seal(codes, rollPlace(r.ID))
	return p, err
}

// place puts a roll of compatible codes behind all that were ever printed under its
// number with the same codes, and finds those that an earlier series has.
func (t *tx) place(ctx context.Context, zone zoneRow, others []generation, r *Roll) error {
	list, err := seriesOf(ctx, t, zone.ID)
	if err != nil {
		return err
	}
	book, err := t.s.book(list, others)
	if err != nil {
		return err
	}
	r.SeriesID = list[0].ID
	current := book[0]
	for i, earlier := range book[1:] { // a zone may go back to keys and bits that it had
		if same, err := t.s.sameCodes(list[0], list[i+1]); err != nil {
			return err
		} else if same {
			current.Rolls = append(slices.Clone(current.Rolls), earlier.Rolls...)
		}
	}
	if r.Roll, err = current.Place(r.Roll); err != nil {
		return err
	}
	if printer, err := t.s.printer(list[0]); err == nil {
		r.Clashes = book.Clashes(printer, r.Roll)
	}
	return nil
}

func (s *Store) sameCodes(a, b seriesRow) (bool, error) {
	first, err := s.openPublic(a)
	if err != nil {
		return false, err
	}
	second, err := s.openPublic(b)
	return first == second && a.format() == b.format(), err
}

// book is what codes of a compatible zone are compared with.
func (s *Store) book(list []seriesRow, generations []generation) (roll.Zone, error) {
	rolls := map[roll.SeriesID][]roll.Roll{}
	// Those that are retired last: two of one number that were made in two deployments
	// have the same tickets.
	generations = slices.SortedStableFunc(slices.Values(generations), func(a, b generation) int {
		return cmp.Compare(retiredLast(a), retiredLast(b))
	})
	for _, g := range generations {
		rolls[value(g.SeriesID)] = append(rolls[value(g.SeriesID)], g.terms())
	}
	var zone roll.Zone
	for _, row := range list {
		key, err := s.openPublic(row)
		if err != nil {
			return nil, err
		}
		verifier, err := roll.NewVerifier(key, row.format())
		if err != nil {
			return nil, fmt.Errorf("series %s: %w", row.ID, err)
		}
		zone = append(zone, roll.Series{Verifier: verifier, Rolls: rolls[row.ID]})
	}
	return zone, nil
}

func retiredLast(g generation) int {
	if g.RetiredAt != nil {
		return 1
	}
	return 0
}

// Code is a printed code: whoever has it has the ticket.
type Code struct {
	Ticket uint32
	Code   string // as it is printed; long ones in groups
}

// Sheet is what is needed to print a roll's codes.
type Sheet struct {
	Zone        Zone
	Roll        Roll
	First, Last uint32 // tickets asked for
	Codes       []Code // of them, without those that clash
	// Printer makes the original's file; nil for long codes.
	Printer *roll.Printer
}

// PrintCodes hands out the codes of tickets first to last, in order and without those
// that clash; zero means the roll's first and last. style goes into the audit trail,
// with the range. It returns ErrZoneNotFound, ErrRollNotFound, and conflicts for a
// roll that is retired or whose codes are made elsewhere.
func (s *Store) PrintCodes(ctx context.Context, by Caller, site visit.SiteID, zone roll.ZoneID, id roll.ID, first, last uint32, style string) (sheet Sheet, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := findZone(ctx, t, by.Scope, site, zone)
		if err != nil {
			return err
		}
		g, err := t.liveGeneration(ctx, zone, id)
		if err != nil {
			return err
		}
		r, err := s.counted(ctx, t, g)
		if err != nil {
			return err
		}
		first, last, err := within(r.Roll, first, last)
		if err != nil {
			return err
		}
		codes, printer, err := s.codes(ctx, t, row, g, first, last)
		if err != nil {
			return err
		}
		sheet = Sheet{Roll: r, First: first, Last: last, Codes: codes, Printer: printer}
		if sheet.Zone, err = s.wholeZone(ctx, t, row); err != nil {
			return err
		}
		t.audit(site, by.Actor, "roll.printed", rollPlace(id), map[string]any{
			"zone_id": string(zone), "first": int64(first), "last": int64(last), "style": code(style),
		})
		return nil
	})
	return sheet, err
}

// within makes a range of tickets whole and says why it is none of the roll's.
func within(r roll.Roll, first, last uint32) (uint32, uint32, error) {
	if first == 0 {
		first = r.First
	}
	if last == 0 {
		last = r.Last()
	}
	if first < r.First || last > r.Last() || first > last {
		return 0, 0, visit.Invalid("first", "The roll has tickets %d to %d. Choose a range of these.", r.First, r.Last())
	}
	return first, last, nil
}

// codes makes, or opens, the codes of tickets that do not clash.
func (s *Store) codes(ctx context.Context, q db, zone zoneRow, g generation, first, last uint32) ([]Code, *roll.Printer, error) {
	if zone.Kind == LongZone {
		codes, err := s.longCodes(ctx, q, g, first, last)
		return codes, nil, err
	}
	const find = `select ` + seriesColumns + ` from roll_series v where v.id = @id`
	series, err := one[seriesRow](ctx, q, errNoSeries, find, pgx.NamedArgs{"id": g.SeriesID})
	if err != nil {
		return nil, nil, err
	}
	printer, err := s.printer(series)
	if err != nil {
		return nil, nil, err
	}
	clashes := g.roll().Clashes
	codes := make([]Code, 0, last-first+1)
	for ticket := first; ticket <= last; ticket++ {
		if !slices.Contains(clashes, ticket) {
			codes = append(codes, Code{ticket, printer.Code(uint32(g.Number), ticket)})
		}
	}
	return codes, printer, nil
}

var errCodesGone = visit.Errorf(visit.KindGone, "roll_codes_gone", "The roll's codes are not kept any more.")

func (s *Store) longCodes(ctx context.Context, q db, g generation, first, last uint32) ([]Code, error) {
	sealed, err := scalars[[]byte](ctx, q, `select codes_sealed from rolls where id = @id and codes_sealed is not null`, pgx.NamedArgs{"id": g.ID})
	if err != nil {
		return nil, err
	}
	if len(sealed) == 0 {
		return nil, errCodesGone
	}
	text, err := s.keyring.Open(sealed[0], rollPlace(g.ID))
	if err != nil {
		return nil, fmt.Errorf("codes of roll %s: %w", g.ID, err)
	}
	codes := make([]Code, 0, last-first+1)
	for ticket := first; ticket <= last; ticket++ {
		at := int(ticket-uint32(g.First)) * longCodeSize
		codes = append(codes, Code{ticket, roll.LongCode(text[at : at+longCodeSize]).Grouped()})
	}
	return codes, nil
}

// SellCodes marks tickets first to last of a roll as sold, for good. It returns how
// many were not before, and ErrZoneNotFound, ErrRollNotFound and KindInvalid.
func (s *Store) SellCodes(ctx context.Context, by Caller, site visit.SiteID, zone roll.ZoneID, id roll.ID, first, last uint32) (sold int, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		sold = 0
		if _, err := t.lockZone(ctx, by.Scope, site, zone); err != nil {
			return err
		}
		g, err := t.liveGeneration(ctx, zone, id)
		if err != nil {
			return err
		}
		first, last, err := within(g.terms(), first, last)
		if err != nil {
			return err
		}
		masks, err := t.masksOf(ctx, []roll.ID{id})
		if err != nil {
			return err
		}
		mask := masks[id]
		for ticket := first; ticket <= last; ticket++ {
			if !slices.Contains(g.Clashes, int32(ticket)) && setBit(mask.Sold, ticket-uint32(g.First)) {
				sold++
			}
		}
		if sold == 0 {
			return nil
		}
		if _, err := t.Exec(ctx, `update rolls set sold = @sold where id = @id`, pgx.NamedArgs{"id": id, "sold": mask.Sold}); err != nil {
			return err
		}
		t.follow(site, ledgerRollUsage, string(id))
		t.audit(site, by.Actor, "roll.sold", rollPlace(id), map[string]any{"zone_id": string(zone), "first": int64(first), "last": int64(last), "codes": sold})
		return nil
	})
	return sold, err
}
