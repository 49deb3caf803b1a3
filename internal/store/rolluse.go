package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// ErrZoneDisabled: nobody new is let in.
var ErrZoneDisabled = visit.Errorf(visit.KindConflict, "zone_disabled", "The zone is switched off.")

// maxEntries is how many codes' time one access is given, so that it fits a frame.
const maxEntries = 500

var errTooMuch = &visit.Error{Kind: visit.KindInvalid, Code: "roll_codes_too_many", Field: "codes", Message: "This access was given the time of 500 codes. Begin another one."}

// decide looks at codes that are entered together, as they are worth now.
func (s *Store) decide(ctx context.Context, q db, zone zoneRow, text string, now time.Time) (roll.Decision, state, error) {
	codes := split(zone.Kind, text)
	if len(codes) > roll.MaxCodes {
		return roll.Decision{}, state{}, roll.ErrTooManyCodes
	}
	claims, err := s.find(ctx, q, zone, codes)
	if err != nil {
		return roll.Decision{}, state{}, err
	}
	st, err := stateOf(ctx, q, ticketsOf(claims))
	if err != nil {
		return roll.Decision{}, st, err
	}
	d := roll.Decide(st.usage, claims, now)
	if entries := st.held(d.Holder) + len(d.Entries); d.Refused == "" && entries > maxEntries {
		err = errTooMuch
	}
	return d, st, err
}

func ticketsOf(claims []roll.Claim) []roll.Ticket {
	var tickets []roll.Ticket
	for _, claim := range claims {
		if claim.Err == nil {
			tickets = append(tickets, claim.Ticket())
		}
	}
	return tickets
}

// held is how many tickets' time a holder has.
func (st state) held(holder roll.Ticket) (n int) {
	for _, record := range st.usage.All() {
		if record.Holder == holder {
			n++
		}
	}
	return n
}

// TestCodes explains codes, separated by line ends or blanks, as if they were entered
// together now, and uses none. Its result is not to be shown to guests. It returns
// ErrZoneNotFound and KindInvalid.
func (s *Store) TestCodes(ctx context.Context, scope Scope, site visit.SiteID, zone roll.ZoneID, text string) (d roll.Decision, err error) {
	err = s.view(ctx, func(ctx context.Context, q pgx.Tx) error {
		row, err := findZone(ctx, q, scope, site, zone)
		if err != nil {
			return err
		}
		d, _, err = s.decide(ctx, q, row, text, s.now())
		return err
	})
	return d, err
}

// UseCodes lets somebody in who enters codes here, not at an agent. Unless the
// decision is refused, it is in effect when this returns, and repeating it changes
// nothing. It returns ErrZoneNotFound, ErrZoneDisabled and KindInvalid.
func (s *Store) UseCodes(ctx context.Context, by Caller, site visit.SiteID, zone roll.ZoneID, text string) (d roll.Decision, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockZone(ctx, by.Scope, site, zone)
		if err != nil {
			return err
		}
		if !row.Enabled {
			return ErrZoneDisabled
		}
		var st state
		if d, st, err = s.decide(ctx, t, row, text, t.now); err != nil || len(d.Entries) == 0 {
			return err
		}
		return t.mergeInto(ctx, row, st, d.Entries, cause{by.Actor, endMerged})
	})
	return d, err
}

// ExpireMax is how many codes ExpireCodes takes at a time.
const ExpireMax = 1000

// ExpiredCode is what became of one code of a batch.
type ExpiredCode struct {
	roll.Claim
	Changed bool // false: it was over already, or is none
	Active  bool // it was in use
}

// ExpireCodes ends codes for good, before or during use; who is online with one is
// cut off at once, unless other codes' time is left. Codes that are none are passed
// over, and said. It returns ErrZoneNotFound and KindInvalid.
func (s *Store) ExpireCodes(ctx context.Context, by Caller, site visit.SiteID, zone roll.ZoneID, codes []string) (done []ExpiredCode, err error) {
	if len(codes) > ExpireMax {
		return nil, visit.Invalid("codes", "At most %d at a time.", ExpireMax)
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockZone(ctx, by.Scope, site, zone)
		if err != nil {
			return err
		}
		claims, err := s.find(ctx, t, row, codes)
		if err != nil {
			return err
		}
		st, err := stateOf(ctx, t, ticketsOf(claims))
		if err != nil {
			return err
		}
		done = expirable(st.usage, claims, t.now)
		entries, _ := roll.Expire(st.usage, claims)
		if err := t.mergeInto(ctx, row, st, entries, cause{by.Actor, endExpired}); err != nil {
			return err
		}
		changed := 0
		for _, code := range done {
			if code.Changed {
				changed++
			}
		}
		t.audit(site, by.Actor, "roll.codes_expired", zonePlace(zone), map[string]any{"codes": changed, "entered": len(codes)})
		return nil
	})
	return done, err
}

// expirable says what expiring the claims comes to; a code that is entered twice
// changes once.
func expirable(u *roll.Usage, claims []roll.Claim, now time.Time) []ExpiredCode {
	done, seen := make([]ExpiredCode, len(claims)), map[roll.Ticket]bool{}
	for i, claim := range claims {
		done[i].Claim = claim
		if claim.Err != nil || seen[claim.Ticket()] {
			continue
		}
		seen[claim.Ticket()] = true
		record := u.Of(claim.Ticket())
		done[i].Changed = !record.Over
		done[i].Active = !record.At.IsZero() && u.EndsAt(record.Holder).After(now)
	}
	return done
}

// Codes of one record of a report, and instants, that make sense.
const maxUseEntries = 2 * roll.MaxCodes

var (
	earliestUse = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	latestUse   = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
)

// mergeReported takes in what an agent, or another deployment, let somebody in with.
// Codes of a generation that is retired were not to be accepted: they are over, and
// so are their accesses. It returns errSkip for what names nothing of the zone's.
func (t *tx) mergeReported(ctx context.Context, zone zoneRow, reported []wire.RollEntry, actor string) error {
	if len(reported) == 0 || len(reported) > maxUseEntries {
		return errSkip
	}
	rolls, err := t.generationsIn(ctx, zone.ID, reported)
	if err != nil {
		return err
	}
	entries := make([]roll.Entry, 0, len(reported))
	for _, r := range reported {
		entry, ok := entryOf(r)
		g, known := rolls[r.RollID]
		holder, held := rolls[r.HolderRollID]
		if !ok || !known || !held || !hasTicket(g, r.Ticket) || !hasTicket(holder, r.HolderTicket) {
			return errSkip
		}
		if g.RetiredAt != nil && (!g.RunsOn || entry.Record.At.After(*g.RetiredAt)) {
			entry.Record = roll.Record{Over: true}
		}
		entries = append(entries, entry)
	}
	return t.merge(ctx, zone, entries, cause{actor, endMerged})
}

func entryOf(r wire.RollEntry) (roll.Entry, bool) {
	entry := roll.Entry{
		Ticket: roll.Ticket{Roll: r.RollID, Number: r.Ticket},
		Record: roll.Record{At: r.At.UTC().Truncate(time.Second), Holder: roll.Ticket{Roll: r.HolderRollID, Number: r.HolderTicket}},
	}
	ok := r.At.After(earliestUse) && r.At.Before(latestUse) && r.ForSeconds > 0 && r.ForSeconds <= int64(roll.MaxFor/time.Second)
	entry.Record.For = time.Duration(r.ForSeconds) * time.Second
	return entry, ok
}

func hasTicket(g generation, ticket uint32) bool {
	return g.terms().Has(roll.Reading{Roll: uint32(g.Number), Ticket: ticket})
}

// generationsIn returns those of the zone that entries name.
func (t *tx) generationsIn(ctx context.Context, zone roll.ZoneID, entries []wire.RollEntry) (map[roll.ID]generation, error) {
	var ids []roll.ID
	for _, e := range entries {
		ids = append(ids, e.RollID, e.HolderRollID)
	}
	ids = slices.DeleteFunc(ids, func(id roll.ID) bool { return !isUUID(string(id)) })
	rows, err := all[generation](ctx, t, `select `+generationColumns+` from rolls v where v.zone_id = @zone and v.id = any(@ids::uuid[])`,
		pgx.NamedArgs{"zone": zone, "ids": texts(ids)})
	found := map[roll.ID]generation{}
	for _, row := range rows {
		found[row.ID] = row
	}
	return found, err
}
