package redeem

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/wire"
)

// State is what the book knows, as it is on disk, with the indexes that make it
// quick. Tickets that nobody used take no room.
type state struct {
	head       head
	zones      map[string]*zone
	rolls      map[roll.ID]*generation
	records    map[roll.Ticket]roll.Record // first uses
	held       map[roll.Ticket][]roll.Ticket
	unreported map[string]wire.RollUse // by a random key
}

// Head says whether a whole set was ever written.
type head struct {
	Complete bool `json:"complete"`
}

// Zone is one with what is needed to look its codes up.
type zone struct {
	wire.Zone
	series roll.Zone                           // of compatible codes
	long   map[[roll.HashSize]byte]roll.Ticket // of long codes
}

// Generation is a roll's, with its codes' fate as far as it is one bit.
type generation struct {
	wire.Roll
	Hashes     []byte
	Over, Sold []byte
}

// domain is the generation as package roll knows it.
func (g *generation) domain() roll.Roll {
	at := func(t *time.Time) time.Time {
		if t == nil {
			return time.Time{}
		}
		return *t
	}
	return roll.Roll{
		ID: g.ID, Number: g.Number, First: g.First, Count: g.Count, For: time.Duration(g.ForSeconds) * time.Second,
		SoldOnly: g.SoldOnly, NotBefore: at(g.NotBefore), FirstUseBy: at(g.FirstUseBy), Retired: g.Retired, RunsOn: g.RunsOn,
	}
}

// has reads a ticket's bit.
func (g *generation) has(mask []byte, ticket uint32) bool {
	bit := ticket - g.First
	return int(bit/8) < len(mask) && mask[bit/8]&(1<<(bit%8)) != 0
}

// union adds the bits of more to mask.
func union(mask, more []byte) []byte {
	if len(more) > len(mask) {
		mask = append(slices.Clone(mask), make([]byte, len(more)-len(mask))...)
	}
	for i, octet := range more {
		mask[i] |= octet
	}
	return mask
}

// index makes the look-ups of every zone anew, and what holders hold.
func (s *state) index(log *slog.Logger) {
	s.held = map[roll.Ticket][]roll.Ticket{}
	for t, record := range s.records {
		s.held[record.Holder] = append(s.held[record.Holder], t)
	}
	for _, z := range s.zones {
		s.indexZone(z, log)
	}
}

// indexZone makes one zone's look-ups. What makes no sense is left out, which lets
// nobody in by it.
func (s *state) indexZone(z *zone, log *slog.Logger) {
	z.series, z.long = nil, map[[roll.HashSize]byte]roll.Ticket{}
	bySeries := map[string][]roll.Roll{}
	for _, g := range s.rolls {
		if g.ZoneID != z.ID {
			continue
		}
		bySeries[g.SeriesID] = append(bySeries[g.SeriesID], g.domain())
		if g.SeriesID == "" {
			z.addLong(g)
		}
	}
	for _, series := range z.Series {
		verifier, err := verifier(series)
		if err != nil {
			log.Warn("the hub sent keys of roll codes that make no sense; codes of them are refused", "zone_id", z.ID, "series_id", series.ID)
			continue
		}
		z.series = append(z.series, roll.Series{Verifier: verifier, Rolls: bySeries[series.ID]})
	}
}

func (z *zone) addLong(g *generation) {
	for i := range uint32(len(g.Hashes) / roll.HashSize) {
		if i >= g.Count {
			return
		}
		hash := [roll.HashSize]byte(g.Hashes[i*roll.HashSize:])
		z.long[hash] = roll.Ticket{Roll: g.ID, Number: g.First + i}
	}
}

func verifier(s wire.Series) (*roll.Verifier, error) {
	key, err := roll.ParsePublicKey([]byte(s.PublicKey))
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return roll.NewVerifier(key, roll.Format{
		RollBits: s.RollBits, TicketBits: s.TicketBits, ChecksumBits: s.ChecksumBits, Magic: s.Magic, Alphabet: s.Alphabet,
	})
}

// claims finds the codes of a text in a zone. A long code may be typed with blanks,
// which elsewhere part several codes.
func (s *state) claims(z *zone, text string) ([]roll.Claim, error) {
	if len(z.HashKey) == 0 {
		return z.series.FindAll(text)
	}
	if _, err := roll.ParseLongCode(text); err == nil {
		return []roll.Claim{s.long(z, text)}, nil
	}
	codes := strings.Fields(text)
	if len(codes) > roll.MaxCodes {
		return nil, roll.ErrTooManyCodes
	}
	claims := make([]roll.Claim, len(codes))
	for i, code := range codes {
		claims[i] = s.long(z, code)
	}
	return claims, nil
}

func (s *state) long(z *zone, text string) roll.Claim {
	code, err := roll.ParseLongCode(text)
	if err != nil {
		return roll.Claim{Code: text, Err: err}
	}
	ticket, known := z.long[code.Hash(z.HashKey)]
	g := s.rolls[ticket.Roll]
	if !known || g == nil {
		return roll.Claim{Code: text, Err: roll.ErrCodeUnknown}
	}
	return roll.Claim{Code: text, Reading: roll.Reading{Roll: g.Number, Ticket: ticket.Number}, Of: g.domain()}
}

// usage is what is known of some tickets, with the accesses that they are part of.
func (s *state) usage(tickets ...roll.Ticket) *roll.Usage {
	u := &roll.Usage{}
	for _, t := range tickets {
		u.Merge(roll.Entry{Ticket: t, Record: s.record(t)})
		for _, holder := range []roll.Ticket{t, s.records[t].Holder} {
			for _, part := range s.held[holder] {
				u.Merge(roll.Entry{Ticket: part, Record: s.record(part)})
			}
			u.Merge(roll.Entry{Ticket: holder, Record: s.record(holder)})
		}
	}
	return u
}

func (s *state) record(t roll.Ticket) roll.Record {
	record := s.records[t]
	if g := s.rolls[t.Roll]; g != nil {
		record.Sold = g.has(g.Sold, t.Number)
		if g.has(g.Over, t.Number) {
			return roll.Record{Over: true, Sold: record.Sold}
		}
	}
	return record
}

// access is the grant of what a ticket holds, if it holds anything now.
func (s *state) access(holder roll.Ticket, now time.Time) (grant wire.Grant, live bool) {
	g := s.rolls[holder.Roll]
	if g == nil || s.zones[g.ZoneID] == nil || g.Retired && !g.RunsOn {
		return wire.Grant{}, false
	}
	usage := s.usage(holder)
	ends := usage.EndsAt(holder)
	return wire.Grant{
		ID: string(holder.AccessID()), Kind: wire.GrantRoll, Zone: g.ZoneID, Username: label(g, holder),
		NotBefore: s.records[holder].At, NotAfter: ends,
	}, ends.After(now)
}

// label is the user name of an access: what the NAS is told in the Access-Accept and
// says in accounting, so that the code stays out of it. It is unique among live
// accesses but for an accident, which Class makes good.
func label(g *generation, t roll.Ticket) string {
	return fmt.Sprintf("roll-%d-%d", g.Number, t.Number)
}

// put adds a first use to the records and keeps held true.
func (s *state) put(t roll.Ticket, record roll.Record) {
	s.remove(t)
	s.records[t] = record
	s.held[record.Holder] = append(s.held[record.Holder], t)
}

func (s *state) remove(t roll.Ticket) {
	old, was := s.records[t]
	if !was {
		return
	}
	delete(s.records, t)
	s.held[old.Holder] = slices.DeleteFunc(s.held[old.Holder], func(o roll.Ticket) bool { return o == t })
	if len(s.held[old.Holder]) == 0 {
		delete(s.held, old.Holder)
	}
}

func entryOf(t roll.Ticket, r roll.Record) wire.RollEntry {
	return wire.RollEntry{
		RollID: t.Roll, Ticket: t.Number, At: r.At, HolderRollID: r.Holder.Roll, HolderTicket: r.Holder.Number,
		ForSeconds: int64(r.For / time.Second),
	}
}

func recordOf(e wire.RollEntry) (roll.Ticket, roll.Record) {
	return roll.Ticket{Roll: e.RollID, Number: e.Ticket}, roll.Record{
		At: e.At, Holder: roll.Ticket{Roll: e.HolderRollID, Number: e.HolderTicket}, For: time.Duration(e.ForSeconds) * time.Second,
	}
}
