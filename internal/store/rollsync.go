package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/wire"
)

// ZoneSync is part of a zone's state on its way to another deployment. All of it may
// come in any order and more than once; but for rolls, which come before what is about
// them. It holds the zone's keys and codes.
type ZoneSync struct {
	Zone    *SyncZone        `json:"zone,omitempty"`
	Rolls   []SyncRoll       `json:"rolls,omitempty" maxItems:"2000"`
	Usages  []wire.RollUsage `json:"usages,omitempty" maxItems:"2000"`
	Entries []wire.RollEntry `json:"entries,omitempty" maxItems:"5000"`
}

// SyncZone is a zone's settings. Ways are each deployment's own.
type SyncZone struct {
	Name           string       `json:"name" maxLength:"200"`
	Enabled        bool         `json:"enabled"`
	Kind           ZoneKind     `json:"kind" enum:"long,compatible"`
	Logins         roll.Logins  `json:"logins" enum:"last_login,first_login,multiple"`
	InvalidMessage string       `json:"invalid_message" maxLength:"200"`
	ExpiredMessage string       `json:"expired_message" maxLength:"200"`
	HashKey        []byte       `json:"hash_key,omitempty" writeOnly:"true"`
	Series         []SyncSeries `json:"series,omitempty" maxItems:"1000"`
	UpdatedAt      time.Time    `json:"updated_at"`
}

// SyncSeries is what compatible codes are, or were, made with.
type SyncSeries struct {
	ID           roll.SeriesID `json:"id" format:"uuid"`
	PublicKey    string        `json:"public_key" writeOnly:"true"`
	PrivateKey   string        `json:"private_key,omitempty" writeOnly:"true"`
	RollBits     int           `json:"roll_bits"`
	TicketBits   int           `json:"ticket_bits"`
	ChecksumBits int           `json:"checksum_bits"`
	Magic        string        `json:"magic" pattern:"^[0-9]{1,20}$"`
	Alphabet     string        `json:"alphabet"`
	CreatedAt    time.Time     `json:"created_at"`
	Retired      bool          `json:"retired,omitempty"`
}

// SyncRoll is a generation of a roll.
type SyncRoll struct {
	wire.Roll
	Description string    `json:"description,omitempty" maxLength:"500"`
	Clashes     []int32   `json:"clashes,omitempty"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	Codes       []byte    `json:"codes,omitempty" writeOnly:"true" doc:"Of long codes."`
	Hashes      []byte    `json:"hashes,omitempty"`
}

// syncParts composes what changed, or everything, in parts that a request holds.
func (s *Store) syncParts(ctx context.Context, q db, zone zoneRow, changed map[string][]string) ([]ZoneSync, error) {
	whole := changed == nil
	var parts []ZoneSync
	if whole || len(changed[ledgerZone]) > 0 {
		settings, err := s.syncZone(ctx, q, zone)
		if err != nil {
			return nil, err
		}
		parts = append(parts, ZoneSync{Zone: settings})
	}
	generations, err := generationsOf(ctx, q, zone.ID)
	if err != nil {
		return nil, err
	}
	wanted := setOf(append(changed[ledgerRoll], changed[ledgerRollCodes]...))
	for _, g := range generations {
		if !whole && !wanted[string(g.ID)] {
			continue
		}
		r, err := s.syncRoll(ctx, q, g)
		if err != nil {
			return nil, err
		}
		parts = append(parts, ZoneSync{Rolls: []SyncRoll{r}})
	}
	usages, err := syncUsages(ctx, q, zone.ID, whole, changed[ledgerRollUsage])
	if err != nil {
		return nil, err
	}
	for _, usage := range usages {
		parts = append(parts, ZoneSync{Usages: []wire.RollUsage{usage}})
	}
	entries, err := syncEntries(ctx, q, zone.ID, whole, changed[ledgerAccess])
	for len(entries) > 0 {
		n := min(len(entries), 1000)
		parts, entries = append(parts, ZoneSync{Entries: entries[:n]}), entries[n:]
	}
	return parts, err
}

func setOf(ids []string) map[string]bool {
	set := map[string]bool{}
	for _, id := range ids {
		set[id] = true
	}
	return set
}

func (s *Store) syncZone(ctx context.Context, q db, row zoneRow) (*SyncZone, error) {
	zone := &SyncZone{
		Name: row.Name, Enabled: row.Enabled, Kind: row.Kind, Logins: row.Logins, InvalidMessage: row.InvalidMessage,
		ExpiredMessage: row.ExpiredMessage, UpdatedAt: row.UpdatedAt,
	}
	if row.Kind == LongZone {
		var err error
		if zone.HashKey, err = s.keyring.Open(row.HashKeySealed, zonePlace(row.ID)); err != nil {
			return nil, fmt.Errorf("hash key of zone %s: %w", row.ID, err)
		}
		return zone, nil
	}
	list, err := seriesOf(ctx, q, row.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		public, err := s.openPublic(r)
		if err != nil {
			return nil, err
		}
		made := SyncSeries{
			ID: r.ID, PublicKey: string(public.PEM()), RollBits: r.RollBits, TicketBits: r.TicketBits, ChecksumBits: r.ChecksumBits,
			Magic: strconv.FormatUint(uint64(r.Magic), 10), Alphabet: r.Alphabet, CreatedAt: r.CreatedAt, Retired: r.RetiredAt != nil,
		}
		if private, err := s.openPrivate(r); err == nil {
			made.PrivateKey = string(private.PEM())
		}
		zone.Series = append(zone.Series, made)
	}
	return zone, nil
}

func (s *Store) syncRoll(ctx context.Context, q db, g generation) (SyncRoll, error) {
	r := SyncRoll{
		Roll: wireRoll(g), Description: g.Description, Clashes: g.Clashes, CreatedAt: g.CreatedAt, UpdatedAt: g.UpdatedAt,
	}
	if g.SeriesID != nil {
		return r, nil
	}
	type kept struct{ CodesSealed, Hashes []byte }
	row, err := one[kept](ctx, q, ErrRollNotFound, `select codes_sealed, hashes from rolls where id = @id`, pgx.NamedArgs{"id": g.ID})
	if err != nil {
		return r, err
	}
	r.Hashes = row.Hashes
	if row.CodesSealed != nil {
		if r.Codes, err = s.keyring.Open(row.CodesSealed, rollPlace(g.ID)); err != nil {
			return r, fmt.Errorf("codes of roll %s: %w", g.ID, err)
		}
	}
	return r, nil
}

func syncUsages(ctx context.Context, q db, zone roll.ZoneID, whole bool, ids []string) ([]wire.RollUsage, error) {
	const list = `select id, first, over, sold from rolls where zone_id = @zone and (@whole or id = any(@ids::uuid[])) order by id`
	rows, err := all[masks](ctx, q, list, pgx.NamedArgs{"zone": zone, "whole": whole, "ids": texts(ids)})
	var usages []wire.RollUsage
	for _, m := range rows {
		over, sold := trimmed(m.Over), trimmed(m.Sold)
		if len(over)+len(sold) > 0 {
			usages = append(usages, wire.RollUsage{RollID: m.ID, Over: over, Sold: sold})
		}
	}
	return usages, err
}

// syncEntries returns the records of codes whose time went to accesses' holders.
func syncEntries(ctx context.Context, q db, zone roll.ZoneID, whole bool, accesses []string) ([]wire.RollEntry, error) {
	const list = `select ` + recordColumns + ` from roll_records r where r.zone_id = @zone and (@whole or exists (
			select from accesses a where a.roll_id = r.holder_roll_id and a.ticket = r.holder_ticket and a.id = any(@ids::uuid[])))
		order by r.roll_id, r.ticket`
	rows, err := all[recordRow](ctx, q, list, pgx.NamedArgs{"zone": zone, "whole": whole, "ids": texts(accesses)})
	entries := make([]wire.RollEntry, len(rows))
	for i, r := range rows {
		entries[i] = r.wire()
	}
	return entries, err
}
