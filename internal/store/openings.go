package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// OpeningID is a UUID: a gate that was opened without RADIUS.
type OpeningID string

// NewOpening is a gate that is about to be opened, for a visit or for an
// authentication.
type NewOpening struct {
	Portal  Portal
	Visit   visit.VisitID
	Access  roll.AccessID
	Arrival gate.Arrival
	Queue   *gate.Entry // that the gateway is to collect
	Until   time.Time   // by the device's own timer
	Limited bool        // a visit's devices are counted here, as no agent does
}

// Opening is one as staff see it.
type Opening struct {
	ID        OpeningID
	PortalID  identity.PortalID
	Portal    string // its name
	OpenedAt  time.Time
	Until     time.Time
	ShutAt    *time.Time
	Tries     int        // of shutting it
	NextTryAt *time.Time // nil: none is to come
	Failure   string     // one of the Shut… values; empty: none
}

// Why a gate is not, or was not, shut by us.
const (
	ShutNeverOpened = "never_opened"  // the controller did not open it
	ShutReopened    = "reopened"      // it was opened anew for the same device
	ShutAtNextCheck = "at_next_check" // this vendor's devices cannot be told: their own timer ends it
	ShutFailed      = "failed"        // the controller did not do it
)

func openingPlace(id OpeningID) string { return "opening:" + string(id) }

// replacedFor is how long a gate stays that is about to be opened anew.
const replacedFor = 10 * time.Second

// OpenGate notes a gate before it is opened. Who is let in again takes the place of
// what the device had before. It returns ErrAuthenticationNotFound and ErrNoVoucher for
// what has ended meanwhile: nobody would shut the gate; and identity.ErrDeviceLimit.
func (s *Store) OpenGate(ctx context.Context, o NewOpening) (OpeningID, error) {
	drawn, err := s.newID()
	if err != nil {
		return "", err
	}
	id := OpeningID(drawn)
	plain, err := json.Marshal(o.Arrival)
	if err != nil {
		return "", err
	}
	sealed, err := s.keyring.Seal(plain, openingPlace(id))
	if err != nil {
		return "", err
	}
	args := pgx.NamedArgs{
		"id": id, "site": o.Portal.SiteID, "portal": o.Portal.ID, "visit": optional(o.Visit), "access": optional(o.Access), "arrival": sealed,
		"client": o.Arrival.MAC, "queued": "", "until": o.Until,
	}
	if o.Queue != nil {
		args["client"], args["queued"] = o.Queue.Client, o.Queue.Text
	}
	if o.Access != "" {
		args["visit"] = nil
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		args["now"] = t.now
		if err := t.stillGood(ctx, o); err != nil {
			return err
		}
		const reopened = `update openings set shut_at = @now, due_at = null, failure = '` + ShutReopened + `', queued = ''
			where portal_id = @portal and client = @client and client <> '' and shut_at is null`
		if _, err := t.Exec(ctx, reopened, args); err != nil {
			return err
		}
		const insert = `insert into openings (id, site_id, portal_id, visit_id, access_id, arrival_sealed, queued, client, opened_at, until)
			values (@id, @site, @portal, @visit, @access, @arrival, @queued, @client, @now, @until)`
		_, err := t.Exec(ctx, insert, args)
		return err
	})
	return id, err
}

// stillGood holds what the gate is opened for until the end of the transaction: who ends
// it then finds the gate.
func (t *tx) stillGood(ctx context.Context, o NewOpening) error {
	if o.Access != "" {
		_, err := t.standsFor(ctx, SecretFor{SiteID: o.Portal.SiteID, AccessID: o.Access})
		return err
	}
	const find = `select id::text from vouchers where visit_id = @visit and site_id = @site and revoked_at is null and not_after > @now for no key update`
	_, err := scalar(ctx, t, ErrNoVoucher, find, pgx.NamedArgs{"visit": o.Visit, "site": o.Portal.SiteID, "now": t.now})
	if err != nil || !o.Limited {
		return err
	}
	return t.visitWithinLimit(ctx, o)
}

// visitWithinLimit counts the devices that a visit let in, but the one that asks, against
// what the site allows a voucher: agents do the same where the NAS asks them.
func (t *tx) visitWithinLimit(ctx context.Context, o NewOpening) error {
	client := o.Arrival.MAC
	if o.Queue != nil {
		client = o.Queue.Client
	}
	const count = `select s.device_limit > 0 and s.device_limit <= (
			select count(distinct case when o.client = '' then o.id::text else o.client end) from openings o
			where o.visit_id = @visit and o.shut_at is null and o.until > @now and (o.client = '' or o.client <> @client))
		from sites s where s.id = @site`
	full, err := scalars[bool](ctx, t, count, pgx.NamedArgs{"visit": o.Visit, "client": client, "site": o.Portal.SiteID, "now": t.now})
	if err == nil && first(full) {
		err = identity.ErrDeviceLimit
	}
	return err
}

// shutGatesOf has what a visit or an access opened without RADIUS shut, from an instant
// on: what nobody has collected yet is taken back at once.
func (t *tx) shutGatesOf(ctx context.Context, column, id string, at time.Time) error {
	update := `update openings set
			shut_at = case when queued <> '' and collected_at is null then @now::timestamptz end,
			due_at = case when queued <> '' and collected_at is null then null else @at::timestamptz end, queued = ''
		where ` + column + ` = @id and shut_at is null and until > @now and due_at is null`
	_, err := t.Exec(ctx, update, pgx.NamedArgs{"id": id, "at": at, "now": t.now})
	return err
}

// shutGatesOfAccess is for an authentication that has ended. One that the same device
// replaces is about to open the gate itself.
func (t *tx) shutGatesOfAccess(ctx context.Context, id roll.AccessID, why identity.Reason) error {
	at := t.now
	if why == identity.EndReplaced {
		at = at.Add(replacedFor)
	}
	return t.shutGatesOf(ctx, "access_id", string(id), at)
}

// DueGate is one that has to be shut now.
type DueGate struct {
	ID      OpeningID
	Portal  Portal // with what is secret, also where it was deleted since
	Arrival gate.Arrival
	Until   time.Time
	Tries   int // with this one
}

// gateLease is how long a worker has for a gate before another one tries.
const gateLease = 30 * time.Second

// DueGates takes gates that have to be shut, at most limit of them. Who takes one says
// with ShutGate what became of it.
func (s *Store) DueGates(ctx context.Context, limit int) (due []DueGate, err error) {
	type row struct {
		ID       OpeningID         `db:"id"`
		PortalID identity.PortalID `db:"portal_id"`
		Arrival  []byte            `db:"arrival_sealed"`
		Until    time.Time         `db:"until"`
		Tries    int               `db:"tries"`
	}
	const take = `update openings o set tries = o.tries + 1, due_at = @again
		where o.id in (select id from openings where due_at <= @now order by due_at limit @limit for update skip locked)
		returning o.id, o.portal_id, o.arrival_sealed, o.until, o.tries`
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		due = nil
		rows, err := all[row](ctx, t, take, pgx.NamedArgs{"now": t.now, "again": t.now.Add(gateLease), "limit": limit})
		if err != nil {
			return err
		}
		for _, r := range rows {
			g := DueGate{ID: r.ID, Until: r.Until, Tries: r.Tries}
			if g.Portal, err = s.portalOf(ctx, t, r.PortalID); err != nil {
				return err
			}
			if g.Arrival, err = s.openArrival(r.ID, r.Arrival); err != nil {
				return err
			}
			due = append(due, g)
		}
		return nil
	})
	return due, err
}

func (s *Store) openArrival(id OpeningID, sealed []byte) (a gate.Arrival, err error) {
	plain, err := s.keyring.Open(sealed, openingPlace(id))
	if err == nil {
		err = json.Unmarshal(plain, &a)
	}
	return a, err
}

// Shutting is what came of shutting a gate.
type Shutting struct {
	Try     int       // DueGate.Tries of who took it; zero: nobody did
	Failure string    // empty: it is shut
	Again   time.Time // when to try again; zero: not at all
}

// ShutGate notes what came of it. What came of a try that another one follows already
// says nothing.
func (s *Store) ShutGate(ctx context.Context, id OpeningID, found Shutting) error {
	const update = `update openings set failure = @failure, due_at = @again, queued = '',
			shut_at = case when @failure in ('', '` + ShutNeverOpened + `') then @now::timestamptz end
		where id = @id and shut_at is null and @try::integer in (0, tries)`
	var again *time.Time
	if !found.Again.IsZero() {
		again = &found.Again
	}
	// Of a visitor who is forgotten meanwhile nothing stays: see blank.
	const forget = `delete from openings o using visits v where o.id = @id and o.due_at is null and v.id = o.visit_id and v.purged_at is not null`
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.Exec(ctx, update, pgx.NamedArgs{"id": id, "try": found.Try, "failure": found.Failure, "again": again, "now": t.now}); err != nil {
			return err
		}
		_, err := t.Exec(ctx, forget, pgx.NamedArgs{"id": id})
		return err
	})
}

// GateOpened notes that the controller has opened a gate. What it was opened for may have
// ended while the controller was asked, which may have been told to shut the gate first:
// shut tells that the gate is to be shut once more. Where the device was let in anew
// meanwhile, that gate stays.
func (s *Store) GateOpened(ctx context.Context, id OpeningID) (shut bool, err error) {
	const again = `update openings o set tries = tries + 1, due_at = @now, shut_at = null, failure = ''
		where id = @id and until > @now and (shut_at is not null or tries > 0 or due_at <= @now)
			and not exists (select from openings n where n.portal_id = o.portal_id and n.client = o.client and o.client <> ''
				and n.id > o.id and n.shut_at is null and n.due_at is null and n.until > @now)`
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		done, err := t.Exec(ctx, again, pgx.NamedArgs{"id": id, "now": t.now})
		shut = done.RowsAffected() > 0
		return err
	})
	return shut, err
}

const maxQueued = 100 // that a gateway is shown at a time

// QueuedOpenings are what a gateway of the portal has to collect, the newest first.
func (s *Store) QueuedOpenings(ctx context.Context, portal identity.PortalID, gateway string) (entries []gate.Entry, err error) {
	type row struct {
		ID      OpeningID `db:"id"`
		Arrival []byte    `db:"arrival_sealed"`
		Queued  string    `db:"queued"`
		Client  string    `db:"client"`
	}
	const list = `select id, arrival_sealed, queued, client from openings
		where portal_id = @portal and queued <> '' and collected_at is null and opened_at > @since order by id desc limit @limit`
	err = s.query(ctx, func(ctx context.Context, q db) error {
		entries = nil
		rows, err := all[row](ctx, q, list, pgx.NamedArgs{"portal": portal, "since": s.now().Add(-gate.EntryFor), "limit": maxQueued})
		for _, r := range rows {
			arrival, err := s.openArrival(r.ID, r.Arrival)
			if err != nil {
				return err
			}
			if arrival.Handle["hash"] == gateway {
				entries = append(entries, gate.Entry{Client: r.Client, Text: r.Queued})
			}
		}
		return err
	})
	return entries, err
}

// CollectOpenings notes that a gateway has what was queued for these clients.
func (s *Store) CollectOpenings(ctx context.Context, portal identity.PortalID, clients []string) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		const update = `update openings set collected_at = @now where portal_id = @portal and client = any(@clients) and queued <> '' and collected_at is null`
		_, err := t.Exec(ctx, update, pgx.NamedArgs{"portal": portal, "clients": clients[:min(len(clients), maxQueued)], "now": t.now})
		return err
	})
}

type openingRow struct {
	ID       OpeningID         `db:"id"`
	PortalID identity.PortalID `db:"portal_id"`
	Name     string            `db:"name"`
	OpenedAt time.Time         `db:"opened_at"`
	Until    time.Time         `db:"until"`
	ShutAt   *time.Time        `db:"shut_at"`
	Tries    int               `db:"tries"`
	DueAt    *time.Time        `db:"due_at"`
	Failure  string            `db:"failure"`
}

// openingsOf are the gates that a visit or an access opened, by the column of its id.
// The newest come last.
func openingsOf(ctx context.Context, q db, column, id string) ([]Opening, error) {
	list := `select o.id, o.portal_id, p.name, o.opened_at, o.until, o.shut_at, o.tries, o.due_at, o.failure
		from openings o join portals p on p.id = o.portal_id where o.` + column + ` = @id order by o.id desc limit @limit`
	rows, err := all[openingRow](ctx, q, list, pgx.NamedArgs{"id": id, "limit": detailLimit})
	if err != nil {
		return nil, err
	}
	openings := make([]Opening, len(rows))
	for i, r := range rows {
		openings[i] = Opening{
			ID: r.ID, PortalID: r.PortalID, Portal: r.Name, OpenedAt: r.OpenedAt, Until: r.Until,
			ShutAt: r.ShutAt, Tries: r.Tries, NextTryAt: r.DueAt, Failure: r.Failure,
		}
	}
	slices.Reverse(openings)
	return openings, nil
}

// AccessOpenings are the gates that an authentication opened without RADIUS; of one
// outside the scope there are none.
func (s *Store) AccessOpenings(ctx context.Context, scope Scope, id roll.AccessID) (openings []Opening, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) error {
		const find = `select ` + authenticationColumns + ` from ` + authenticationTables + ` where n.access_id = @id`
		row, err := one[authenticationRow](ctx, q, ErrAuthenticationNotFound, find, pgx.NamedArgs{"id": id})
		if err == nil && !scope.holds(row.SiteID) {
			err = ErrAuthenticationNotFound
		}
		if err != nil {
			return unless(err, ErrAuthenticationNotFound)
		}
		openings, err = openingsOf(ctx, q, "access_id", string(id))
		return err
	})
	return openings, err
}
