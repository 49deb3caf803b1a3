package store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// KeyPair is a pair that a zone may be given. Nothing of it is stored: the private
// half travels sealed, so that nobody who sees it on its way can make codes.
type KeyPair struct {
	Pair    string // opaque; good at the same site only
	KeyBits int
	Magic   uint64 // to go with it
}

type seriesRow struct {
	ID               roll.SeriesID `db:"id"`
	ZoneID           roll.ZoneID   `db:"zone_id"`
	PublicKeySealed  []byte        `db:"public_key_sealed"`
	PrivateKeySealed []byte        `db:"private_key_sealed"`
	KeyBits          int           `db:"key_bits"`
	RollBits         int           `db:"roll_bits"`
	TicketBits       int           `db:"ticket_bits"`
	ChecksumBits     int           `db:"checksum_bits"`
	Magic            int64         `db:"magic"`
	Alphabet         string        `db:"alphabet"`
	CreatedAt        time.Time     `db:"created_at"`
	RetiredAt        *time.Time    `db:"retired_at"`
}

const seriesColumns = `v.id, v.zone_id, v.public_key_sealed, v.private_key_sealed, v.key_bits, v.roll_bits, v.ticket_bits, v.checksum_bits,
	v.magic, v.alphabet, v.created_at, v.retired_at`

func (r seriesRow) format() roll.Format {
	return roll.Format{RollBits: r.RollBits, TicketBits: r.TicketBits, ChecksumBits: r.ChecksumBits, Magic: uint64(r.Magic), Alphabet: r.Alphabet}
}

func (r seriesRow) zoneSeries() ZoneSeries {
	return ZoneSeries{ID: r.ID, KeyBits: r.KeyBits, HasPrivate: r.PrivateKeySealed != nil, Format: r.format(), CreatedAt: r.CreatedAt}
}

func seriesPlace(id roll.SeriesID, half string) string {
	return "roll_series:" + string(id) + ":" + half
}

func pairPlace(site visit.SiteID) string { return "roll_pair:" + string(site) }

// openPublic returns the key that codes are read with.
func (s *Store) openPublic(r seriesRow) (roll.PublicKey, error) {
	pem, err := s.keyring.Open(r.PublicKeySealed, seriesPlace(r.ID, "public"))
	if err != nil {
		return roll.PublicKey{}, fmt.Errorf("public key of series %s: %w", r.ID, err)
	}
	return roll.ParsePublicKey(pem)
}

// errNoPrivateKey: the zone only accepts codes.
var errNoPrivateKey = visit.Errorf(visit.KindConflict, "private_key_missing", "The zone has no private key: its codes are made elsewhere, and printed there. Add the private key to print them here.")

// openPrivate returns the key that codes are made with, or errNoPrivateKey.
func (s *Store) openPrivate(r seriesRow) (roll.PrivateKey, error) {
	if r.PrivateKeySealed == nil {
		return roll.PrivateKey{}, errNoPrivateKey
	}
	pem, err := s.keyring.Open(r.PrivateKeySealed, seriesPlace(r.ID, "private"))
	if err != nil {
		return roll.PrivateKey{}, fmt.Errorf("private key of series %s: %w", r.ID, err)
	}
	return roll.ParsePrivateKey(pem)
}

func (s *Store) printer(r seriesRow) (*roll.Printer, error) {
	key, err := s.openPrivate(r)
	if err != nil {
		return nil, err
	}
	return roll.NewPrinter(key, r.format())
}

var errNoSeries = errors.New("a compatible zone without a current series")

func currentSeries(ctx context.Context, q db, zone roll.ZoneID) (seriesRow, error) {
	const find = `select ` + seriesColumns + ` from roll_series v where v.zone_id = @zone and v.retired_at is null`
	return one[seriesRow](ctx, q, errNoSeries, find, pgx.NamedArgs{"zone": zone})
}

// seriesOf returns a zone's series, the current one first and then the newer ones.
func seriesOf(ctx context.Context, q db, zone roll.ZoneID) ([]seriesRow, error) {
	const list = `select ` + seriesColumns + ` from roll_series v where v.zone_id = @zone order by v.retired_at is not null, v.id desc`
	return all[seriesRow](ctx, q, list, pgx.NamedArgs{"zone": zone})
}

// ProposeKeys makes a pair of 32 or 64 bits for a compatible zone. Until it is saved
// in one, each call makes another. It returns ErrSiteNotFound and KindInvalid.
func (s *Store) ProposeKeys(ctx context.Context, scope Scope, site visit.SiteID, bits int) (KeyPair, error) {
	if _, err := s.Site(ctx, scope, site); err != nil {
		return KeyPair{}, err
	}
	key, err := roll.GenerateKey(s.rand, bits)
	if err != nil {
		return KeyPair{}, err
	}
	format, err := roll.NewFormat(s.rand)
	if err != nil {
		return KeyPair{}, err
	}
	sealed, err := s.keyring.Seal(key.PEM(), pairPlace(site))
	return KeyPair{Pair: base64.RawURLEncoding.EncodeToString(sealed), KeyBits: bits, Magic: format.Magic}, err
}

// newSeries is a series that is about to be.
type newSeries struct {
	public  roll.PublicKey
	private *roll.PrivateKey
	format  roll.Format
}

var errPair = visit.Invalid("pair", "This is no pair that was made for this site. Ask for another one.")

// keys reads the pair or the PEMs of a change. Nothing given: ok is false.
func (s *Store) keys(site visit.SiteID, c SeriesChange) (keys newSeries, ok bool, err error) {
	switch {
	case c.Pair != "":
		sealed, err := base64.RawURLEncoding.DecodeString(c.Pair)
		if err != nil {
			return keys, false, errPair
		}
		pem, err := s.keyring.Open(sealed, pairPlace(site))
		if err != nil {
			return keys, false, errPair
		}
		c.PrivateKey, c.PublicKey = string(pem), ""
	case c.PrivateKey == "" && c.PublicKey == "":
		return keys, false, nil
	}
	if c.PrivateKey != "" {
		private, err := roll.ParsePrivateKey([]byte(c.PrivateKey))
		if err != nil {
			return keys, false, err
		}
		keys.private, keys.public = &private, private.PublicKey
	}
	if c.PublicKey != "" {
		if keys.public, err = roll.ParsePublicKey([]byte(c.PublicKey)); err != nil {
			return keys, false, err
		}
		if keys.private != nil {
			err = roll.CheckPair(*keys.private, keys.public)
		}
	}
	return keys, true, err
}

var errKeysMissing = visit.Invalid("series.pair", "A zone of compatible codes needs keys. Take a pair that is made here, or paste your own.")

// nextSeries is what a change makes of a zone's current series. next is nil where
// its codes stay the same codes, which they do when only the private key is added.
func (s *Store) nextSeries(ctx context.Context, q db, zone zoneRow, c SeriesChange) (current seriesRow, next *newSeries, err error) {
	if zone.Kind != CompatibleZone {
		return current, nil, visit.Invalid("series", "Only zones of compatible codes have keys, bits and a character set.")
	}
	if current, err = currentSeries(ctx, q, zone.ID); err != nil {
		return current, nil, err
	}
	made, err := s.seriesFrom(zone.SiteID, &current, c)
	if err != nil {
		return current, nil, err
	}
	public, err := s.openPublic(current)
	if err != nil || public == made.public && current.format() == made.format {
		return current, nil, err
	}
	return current, &made, nil
}

// seriesFrom applies a change to the current series, or to the defaults.
func (s *Store) seriesFrom(site visit.SiteID, current *seriesRow, c SeriesChange) (newSeries, error) {
	made, given, err := s.keys(site, c)
	if err != nil {
		return made, err
	}
	switch {
	case current != nil && !given:
		if made.public, err = s.openPublic(*current); err != nil {
			return made, err
		}
		if private, err := s.openPrivate(*current); err == nil {
			made.private = &private
		}
	case !given:
		return made, errKeysMissing
	}
	if current != nil {
		made.format = current.format()
	} else if made.format, err = roll.NewFormat(s.rand); err != nil {
		return made, err
	}
	apply(&made.format.RollBits, c.RollBits)
	apply(&made.format.TicketBits, c.TicketBits)
	apply(&made.format.ChecksumBits, c.ChecksumBits)
	apply(&made.format.Magic, c.Magic)
	apply(&made.format.Alphabet, c.Alphabet)
	return made, made.format.Check(made.public.Bits())
}

func apply[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// replaceSeries gives a zone other codes, which ends those that it had.
func (t *tx) replaceSeries(ctx context.Context, by Caller, zone zoneRow, change ZoneChange) ([]string, error) {
	current, next, err := t.s.nextSeries(ctx, t, zone, *change.Series)
	if err != nil {
		return nil, err
	}
	if next == nil {
		return t.addPrivate(ctx, zone, current, *change.Series)
	}
	impact, err := t.s.impactOfSeries(ctx, t, zone, current)
	if err != nil {
		return nil, err
	}
	if impact.Rolls > 0 && !change.Retire {
		return nil, impact.refusal()
	}
	generations, err := generationsOf(ctx, t, zone.ID)
	if err != nil {
		return nil, err
	}
	if err := t.retire(ctx, by.Actor, zone, current.of(generations), change.RunsOn); err != nil {
		return nil, err
	}
	const retire = `update roll_series set retired_at = @now where id = @id`
	if _, err := t.Exec(ctx, retire, pgx.NamedArgs{"id": current.ID, "now": t.now}); err != nil {
		return nil, err
	}
	return []string{"series"}, t.insertSeries(ctx, zone.ID, *next)
}

// of returns the generations of the series that are not retired.
func (r seriesRow) of(generations []generation) (live []generation) {
	for _, g := range generations {
		if value(g.SeriesID) == r.ID && g.RetiredAt == nil {
			live = append(live, g)
		}
	}
	return live
}

// firstSeries makes a new zone's.
func (t *tx) firstSeries(ctx context.Context, zone zoneRow, c SeriesChange) error {
	made, err := t.s.seriesFrom(zone.SiteID, nil, c)
	if err != nil {
		return err
	}
	return t.insertSeries(ctx, zone.ID, made)
}

// addPrivate completes the pair of a zone that only accepted codes.
func (t *tx) addPrivate(ctx context.Context, zone zoneRow, current seriesRow, c SeriesChange) ([]string, error) {
	keys, given, err := t.s.keys(zone.SiteID, c)
	if err != nil || !given || keys.private == nil || current.PrivateKeySealed != nil {
		return nil, err
	}
	sealed, err := t.s.keyring.Seal(keys.private.PEM(), seriesPlace(current.ID, "private"))
	if err != nil {
		return nil, err
	}
	_, err = t.Exec(ctx, `update roll_series set private_key_sealed = @key where id = @id`, pgx.NamedArgs{"id": current.ID, "key": sealed})
	return []string{"private_key"}, err
}

func (t *tx) insertSeries(ctx context.Context, zone roll.ZoneID, made newSeries) error {
	text, err := t.s.newID()
	if err != nil {
		return err
	}
	return t.putSeries(ctx, zone, roll.SeriesID(text), made, nil)
}

// maxSeries is how many a zone has and had, so that it fits a frame.
const maxSeries = 200

var errTooManySeries = visit.Errorf(visit.KindConflict, "series_too_many", "The zone's keys, bits and character set were changed %d times. Make a new zone.", maxSeries)

func (t *tx) putSeries(ctx context.Context, zone roll.ZoneID, id roll.SeriesID, made newSeries, retired *time.Time) error {
	count, err := scalars[int](ctx, t, `select count(*)::integer from roll_series where zone_id = @zone`, pgx.NamedArgs{"zone": zone})
	if err != nil {
		return err
	}
	if count[0] >= maxSeries {
		return errTooManySeries
	}
	public, err := t.s.keyring.Seal(made.public.PEM(), seriesPlace(id, "public"))
	if err != nil {
		return err
	}
	var private []byte
	if made.private != nil {
		if private, err = t.s.keyring.Seal(made.private.PEM(), seriesPlace(id, "private")); err != nil {
			return err
		}
	}
	f := made.format
	const insert = `insert into roll_series (id, zone_id, public_key_sealed, private_key_sealed, key_bits, roll_bits, ticket_bits, checksum_bits, magic, alphabet, created_at, retired_at)
		values (@id, @zone, @public, @private, @key_bits, @roll_bits, @ticket_bits, @checksum_bits, @magic, @alphabet, @now, @retired)`
	_, err = t.Exec(ctx, insert, pgx.NamedArgs{
		"id": id, "zone": zone, "public": public, "private": private, "key_bits": made.public.Bits(), "roll_bits": f.RollBits,
		"ticket_bits": f.TicketBits, "checksum_bits": f.ChecksumBits, "magic": int64(f.Magic), "alphabet": f.Alphabet, "now": t.now, "retired": retired,
	})
	return err
}
