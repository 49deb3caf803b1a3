package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// ActiveCode is a code in use that holds its access.
type ActiveCode struct {
	AccessID  roll.AccessID
	RollID    roll.ID
	Number    uint32 // the roll's
	Ticket    uint32
	Code      string // as printed; empty for who may not see it, and where it is made elsewhere
	Codes     int    // whose time went to it, itself included
	Sessions  int    // open ones on record
	StartedAt time.Time
	EndsAt    time.Time
}

// ActivePage is a part of the list, the next to end first.
type ActivePage struct {
	Items []ActiveCode
	Next  string
}

type activeRow struct {
	ID        roll.AccessID `db:"id"`
	RollID    roll.ID       `db:"roll_id"`
	Ticket    int64         `db:"ticket"`
	Number    int64         `db:"number"`
	Codes     int           `db:"codes"`
	Sessions  int           `db:"sessions"`
	StartedAt time.Time     `db:"started_at"`
	EndsAt    time.Time     `db:"ends_at"`
}

// ActiveCodes returns a zone's codes in use. With codes they are shown as well, which
// is for who may print them. It returns ErrZoneNotFound.
func (s *Store) ActiveCodes(ctx context.Context, scope Scope, site visit.SiteID, zone roll.ZoneID, page Page, codes bool) (active ActivePage, err error) {
	from, err := parseCursor(page.Cursor, byTime)
	if err != nil {
		return active, err
	}
	const list = `select v.id, v.roll_id, v.ticket, v.started_at, v.ends_at, r.number,
			(select count(*)::integer from roll_records c where c.holder_roll_id = v.roll_id and c.holder_ticket = v.ticket) as codes,
			(select count(*)::integer from sessions o where o.access_id = v.id and o.ended_at is null) as sessions
		from accesses v join rolls r on r.id = v.roll_id
		where v.zone_id = @zone and v.ended_at is null and v.ends_at > @now
			and (@at::timestamptz is null or (v.ends_at, v.id) > (@at, @id))
		order by v.ends_at, v.id limit @limit`
	err = s.view(ctx, func(ctx context.Context, q pgx.Tx) error {
		row, err := findZone(ctx, q, scope, site, zone)
		if err != nil {
			return err
		}
		rows, err := all[activeRow](ctx, q, list, pgx.NamedArgs{"zone": zone, "now": s.now(), "at": from.At, "id": from.ID, "limit": page.limit() + 1})
		if err != nil {
			return err
		}
		active = ActivePage{Items: []ActiveCode{}}
		rows, active.Next = cut(rows, page.limit(), func(r activeRow) cursor { return cursor{At: &r.EndsAt, ID: new(string(r.ID))} })
		for _, r := range rows {
			active.Items = append(active.Items, ActiveCode{
				AccessID: r.ID, RollID: r.RollID, Number: uint32(r.Number), Ticket: uint32(r.Ticket), Codes: r.Codes, Sessions: r.Sessions,
				StartedAt: r.StartedAt, EndsAt: r.EndsAt,
			})
		}
		if !codes {
			return nil
		}
		return s.showCodes(ctx, q, row, active.Items)
	})
	return active, err
}

// showCodes adds the codes of tickets. Those that are made elsewhere stay empty.
func (s *Store) showCodes(ctx context.Context, q db, zone zoneRow, items []ActiveCode) error {
	byRoll := map[roll.ID][]int{}
	for i, item := range items {
		byRoll[item.RollID] = append(byRoll[item.RollID], i)
	}
	for id, places := range byRoll {
		g, err := findGeneration(ctx, q, zone.ID, id)
		if err != nil {
			return err
		}
		r := g.terms()
		codes, _, err := s.codes(ctx, q, zone, g, r.First, r.Last())
		if kind := visit.KindOf(err); kind == visit.KindConflict || kind == visit.KindGone {
			continue
		}
		if err != nil {
			return err
		}
		byTicket := map[uint32]string{}
		for _, code := range codes {
			byTicket[code.Ticket] = code.Code
		}
		for _, i := range places {
			items[i].Code = byTicket[items[i].Ticket]
		}
	}
	return nil
}
