package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
)

// find says which of a zone's rolls have the codes of a text.
func (s *Store) find(ctx context.Context, q db, zone zoneRow, codes []string) ([]roll.Claim, error) {
	generations, err := generationsOf(ctx, q, zone.ID)
	if err != nil {
		return nil, err
	}
	if zone.Kind == LongZone {
		return s.findLong(ctx, q, zone, generations, codes)
	}
	list, err := seriesOf(ctx, q, zone.ID)
	if err != nil {
		return nil, err
	}
	book, err := s.book(list, generations)
	if err != nil {
		return nil, err
	}
	claims := make([]roll.Claim, len(codes))
	for i, code := range codes {
		claims[i] = book.Find(code)
	}
	return claims, nil
}

// hash is what a long code is looked up by.
type hash = [roll.HashSize]byte

// findLong looks codes up by their hashes. The hashes of a roll stand in one row, so
// all of the zone's are read: a million codes are 12 MB.
func (s *Store) findLong(ctx context.Context, q db, zone zoneRow, generations []generation, codes []string) ([]roll.Claim, error) {
	key, err := s.keyring.Open(zone.HashKeySealed, zonePlace(zone.ID))
	if err != nil {
		return nil, fmt.Errorf("hash key of zone %s: %w", zone.ID, err)
	}
	claims, wanted := make([]roll.Claim, len(codes)), map[hash][]int{}
	for i, text := range codes {
		claims[i] = roll.Claim{Code: text, Err: roll.ErrCodeUnknown}
		code, err := roll.ParseLongCode(text)
		if err != nil {
			claims[i].Err = err
			continue
		}
		claims[i].Spelling = code.Grouped()
		wanted[code.Hash(key)] = append(wanted[code.Hash(key)], i)
	}
	if len(wanted) == 0 {
		return claims, nil
	}
	terms := map[roll.ID]roll.Roll{}
	for _, g := range generations {
		terms[g.ID] = g.terms()
	}
	return claims, eachHash(ctx, q, zone.ID, func(id roll.ID, place int, h hash) {
		for _, i := range wanted[h] {
			r := terms[id]
			claims[i].Roll, claims[i].Reading.Ticket, claims[i].Of, claims[i].Err = r.Number, r.First+uint32(place), r, nil
		}
	})
}

func eachHash(ctx context.Context, q db, zone roll.ZoneID, each func(id roll.ID, place int, h hash)) error {
	rows, err := q.Query(ctx, `select id, hashes from rolls where zone_id = @zone and hashes is not null`, pgx.NamedArgs{"zone": zone})
	if err != nil {
		return err
	}
	var id roll.ID
	var hashes []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &hashes}, func() error {
		for i := 0; i+roll.HashSize <= len(hashes); i += roll.HashSize {
			each(id, i/roll.HashSize, hash(hashes[i:]))
		}
		return nil
	})
	return err
}

// split parts a text into codes: by blanks and line ends, and long ones, which may be
// typed with blanks in them, by line ends where a line is one code.
func split(kind ZoneKind, text string) []string {
	if kind != LongZone {
		return strings.Fields(text)
	}
	var codes []string
	for line := range strings.Lines(text) {
		if _, err := roll.ParseLongCode(strings.TrimSpace(line)); err == nil {
			codes = append(codes, strings.TrimSpace(line))
		} else {
			codes = append(codes, strings.Fields(line)...)
		}
	}
	return codes
}
