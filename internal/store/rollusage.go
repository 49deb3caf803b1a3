package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/wire"
)

// masks of a roll: the first ticket is bit 0 of octet 0.
type masks struct {
	ID    roll.ID `db:"id"`
	First int64   `db:"first"`
	Over  []byte  `db:"over"`
	Sold  []byte  `db:"sold"`

	changed bool
}

func hasBit(mask []byte, bit uint32) bool {
	return int(bit/8) < len(mask) && mask[bit/8]>>(bit%8)&1 == 1
}

// setBit reports whether the bit was not set before. One outside is nobody's.
func setBit(mask []byte, bit uint32) bool {
	if int(bit/8) >= len(mask) || hasBit(mask, bit) {
		return false
	}
	mask[bit/8] |= 1 << (bit % 8)
	return true
}

func masksOf(ctx context.Context, q db, rolls []roll.ID) (map[roll.ID]*masks, error) {
	rows, err := all[masks](ctx, q, `select id, first, over, sold from rolls where id = any(@ids::uuid[])`, pgx.NamedArgs{"ids": texts(rolls)})
	found := map[roll.ID]*masks{}
	for i := range rows {
		found[rows[i].ID] = &rows[i]
	}
	return found, err
}

func (t *tx) masksOf(ctx context.Context, rolls []roll.ID) (map[roll.ID]*masks, error) {
	return masksOf(ctx, t, rolls)
}

type recordRow struct {
	RollID       roll.ID   `db:"roll_id"`
	Ticket       int64     `db:"ticket"`
	At           time.Time `db:"at"`
	HolderRollID roll.ID   `db:"holder_roll_id"`
	HolderTicket int64     `db:"holder_ticket"`
	ForSeconds   int64     `db:"for_seconds"`
}

const recordColumns = `r.roll_id, r.ticket, r.at, r.holder_roll_id, r.holder_ticket, r.for_seconds`

func (r recordRow) ticket() roll.Ticket { return roll.Ticket{Roll: r.RollID, Number: uint32(r.Ticket)} }

func (r recordRow) holder() roll.Ticket {
	return roll.Ticket{Roll: r.HolderRollID, Number: uint32(r.HolderTicket)}
}

func (r recordRow) entry() roll.Entry {
	return roll.Entry{Ticket: r.ticket(), Record: roll.Record{At: r.At, Holder: r.holder(), For: time.Duration(r.ForSeconds) * time.Second}}
}

func (r recordRow) wire() wire.RollEntry {
	return wire.RollEntry{
		RollID: r.RollID, Ticket: uint32(r.Ticket), At: r.At, HolderRollID: r.HolderRollID, HolderTicket: uint32(r.HolderTicket), ForSeconds: r.ForSeconds,
	}
}

// state is what is known of the tickets that a question is about, of those that
// their time went to, and of all others whose time went there too.
type state struct {
	usage *roll.Usage
	masks map[roll.ID]*masks
}

// stateOf loads it.
func stateOf(ctx context.Context, q db, tickets []roll.Ticket) (state, error) {
	st := state{usage: &roll.Usage{}}
	rows, err := recordsAround(ctx, q, tickets)
	if err != nil {
		return st, err
	}
	for _, row := range rows {
		tickets = append(tickets, row.holder())
	}
	tickets = slices.Compact(slices.SortedFunc(slices.Values(tickets), compareTickets))
	var rolls []roll.ID
	for _, ticket := range tickets {
		rolls = append(rolls, ticket.Roll)
	}
	if st.masks, err = masksOf(ctx, q, slices.Compact(rolls)); err != nil {
		return st, err
	}
	for _, row := range rows {
		st.usage.Merge(row.entry())
	}
	for _, ticket := range tickets {
		if m := st.masks[ticket.Roll]; m != nil {
			bit := ticket.Number - uint32(m.First)
			st.usage.Merge(roll.Entry{Ticket: ticket, Record: roll.Record{Over: hasBit(m.Over, bit), Sold: hasBit(m.Sold, bit)}})
		}
	}
	return st, nil
}

func compareTickets(a, b roll.Ticket) int {
	return cmp.Or(cmp.Compare(a.Roll, b.Roll), cmp.Compare(a.Number, b.Number))
}

// recordsAround returns the records of tickets, and of all whose time went to the
// same holders or to the tickets themselves.
func recordsAround(ctx context.Context, q db, tickets []roll.Ticket) ([]recordRow, error) {
	const list = `with asked as (select distinct * from unnest(@rolls::uuid[], @tickets::bigint[]) a (roll_id, ticket)),
		holders as (
			select roll_id, ticket from asked
			union select r.holder_roll_id, r.holder_ticket from roll_records r join asked a on a.roll_id = r.roll_id and a.ticket = r.ticket
		)
		select ` + recordColumns + ` from roll_records r join asked a on a.roll_id = r.roll_id and a.ticket = r.ticket
		union select ` + recordColumns + ` from roll_records r join holders h on h.roll_id = r.holder_roll_id and h.ticket = r.holder_ticket`
	rolls, numbers := make([]roll.ID, len(tickets)), make([]int64, len(tickets))
	for i, ticket := range tickets {
		rolls[i], numbers[i] = ticket.Roll, int64(ticket.Number)
	}
	return all[recordRow](ctx, q, list, pgx.NamedArgs{"rolls": rolls, "tickets": numbers})
}

// Why an access ends before its time is over, and when it is.
const (
	endTime    = "time"
	endExpired = "expired" // by staff
	endRetired = "retired" // its roll was changed or deleted
	endMerged  = "merged"  // its time was another access's already
)

// cause is who changes what became of codes, and what an access ends for if it does.
type cause struct {
	actor string
	end   string
}

// merge takes entries into a locked zone's state and lets everybody follow: agents,
// and whoever looks at accesses. Repeated entries change nothing.
func (t *tx) merge(ctx context.Context, zone zoneRow, entries []roll.Entry, why cause) error {
	tickets := make([]roll.Ticket, 0, 2*len(entries))
	for _, e := range entries {
		tickets = append(tickets, e.Ticket)
		if e.Record.Holder != (roll.Ticket{}) {
			tickets = append(tickets, e.Record.Holder)
		}
	}
	st, err := stateOf(ctx, t, tickets)
	if err != nil {
		return err
	}
	return t.mergeInto(ctx, zone, st, entries, why)
}

// mergeInto is merge where the state of all tickets concerned is loaded already.
func (t *tx) mergeInto(ctx context.Context, zone zoneRow, st state, entries []roll.Entry, why cause) error {
	var holders []roll.Ticket
	kept := map[roll.Ticket]bool{} // in a row
	for _, e := range entries {
		before := st.usage.Of(e.Ticket)
		holders, kept[e.Ticket] = append(holders, before.Holder), !before.At.IsZero()
	}
	changed := latestOf(st.usage.Merge(entries...))
	if len(changed) == 0 {
		return nil
	}
	var batch pgx.Batch
	for _, e := range changed {
		holders = append(holders, e.Record.Holder)
		if e.Record.Over && st.held(e.Ticket) > 0 { // others' time went to it
			holders = append(holders, e.Ticket)
		}
		st.save(&batch, zone.ID, e, kept[e.Ticket])
	}
	for id, m := range st.masks {
		if m.changed {
			batch.Queue(`update rolls set over = @over, sold = @sold where id = @id`, pgx.NamedArgs{"id": id, "over": m.Over, "sold": m.Sold})
			t.follow(zone.SiteID, ledgerRollUsage, string(id))
			m.changed = false
		}
	}
	if err := t.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	holders = slices.DeleteFunc(holders, func(h roll.Ticket) bool { return h == roll.Ticket{} })
	holders = slices.Compact(slices.SortedFunc(slices.Values(holders), compareTickets))
	return t.settleHolders(ctx, zone, st.usage, holders, why)
}

// latestOf keeps of several changes of a ticket the last, which holds the others.
func latestOf(changed []roll.Entry) []roll.Entry {
	at := map[roll.Ticket]int{}
	var last []roll.Entry
	for _, e := range changed {
		if i, ok := at[e.Ticket]; ok {
			last[i] = e
			continue
		}
		at[e.Ticket] = len(last)
		last = append(last, e)
	}
	return last
}

// save queues a ticket's record as it is now: a row while it is in use, a bit once it
// is over. kept says that there is a row.
func (st state) save(batch *pgx.Batch, zone roll.ZoneID, e roll.Entry, kept bool) {
	m := st.masks[e.Ticket.Roll]
	bit := e.Ticket.Number - uint32(m.First)
	if e.Record.Sold && setBit(m.Sold, bit) {
		m.changed = true
	}
	args := pgx.NamedArgs{
		"roll": e.Ticket.Roll, "ticket": int64(e.Ticket.Number), "zone": zone, "at": e.Record.At,
		"holder_roll": optional(e.Record.Holder.Roll), "holder_ticket": int64(e.Record.Holder.Number), "seconds": int64(e.Record.For / time.Second),
	}
	switch {
	case e.Record.Over:
		m.changed = setBit(m.Over, bit) || m.changed
		if !kept {
			return
		}
		batch.Queue(`delete from roll_records where roll_id = @roll and ticket = @ticket`, args)
	case !e.Record.At.IsZero():
		batch.Queue(`insert into roll_records (roll_id, ticket, zone_id, at, holder_roll_id, holder_ticket, for_seconds)
			values (@roll, @ticket, @zone, @at, @holder_roll, @holder_ticket, @seconds)
			on conflict (roll_id, ticket) do update set at = excluded.at, holder_roll_id = excluded.holder_roll_id,
				holder_ticket = excluded.holder_ticket, for_seconds = excluded.for_seconds`, args)
	}
}
