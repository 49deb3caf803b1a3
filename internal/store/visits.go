package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// VisitOutcome is a visit as it is after a request.
type VisitOutcome struct {
	Visit visit.Visit
	Outcome
}

// RegisterOptions are the choices of a registration.
type RegisterOptions struct {
	CheckIn  bool           // a walk-in: the check-in is requested with it
	PersonID visit.PersonID // link to a known person; empty: a new one
	Kiosk    *AtKiosk       // the visitor registers themselves; nil: staff do
}

// AtKiosk is what a visitor who registers themselves agrees to.
type AtKiosk struct {
	Rules int // the version of the site's rules
}

// VisitChange names what to change; nil fields stay.
type VisitChange struct {
	FirstName, LastName, Email, Phone, Company *string // the visitor's
	HostName, HostEmail, Purpose               *string
	ExpectedArrival, ExpectedDeparture         *time.Time // only before the check-in
	CRMSkip                                    *bool
}

// Visit returns a visit, or ErrVisitNotFound.
func (s *Store) Visit(ctx context.Context, scope Scope, id visit.VisitID) (visit.Visit, error) {
	var found visit.Visit
	err := s.query(ctx, func(ctx context.Context, q db) error {
		row, err := findVisit(ctx, q, scope, id)
		found = row.visit()
		return err
	})
	return found, err
}

// Register stores a new visit; a walk-in's check-in is requested with it. It
// returns KindInvalid errors that name a field, ErrSiteNotFound, ErrSiteArchived
// ErrIdempotencyKey, and at a kiosk ErrRulesChanged.
func (s *Store) Register(ctx context.Context, by Caller, reg visit.Registration, options RegisterOptions) (VisitOutcome, error) {
	return s.newVisit(ctx, by, func(ctx context.Context, t *tx, row *visitRow) error {
		site, err := findSite(ctx, t, by.Scope, reg.SiteID)
		if err != nil {
			return err
		}
		if err := by.Scope.invites(&reg.Host); err != nil {
			return err
		}
		reg, err := reg.Normalize(site, t.now)
		if err != nil {
			return err
		}
		row.SiteID = reg.SiteID
		row.apply(reg)
		if options.CheckIn {
			if !row.visit().DepartureFrom(t.now, site).Equal(row.ExpectedDeparture) {
				return visit.ErrStayTooLong // a walk-in's stay begins now, whatever arrival it names
			}
			row.requestCheckIn(by.Actor, t.now)
		}
		if options.Kiosk != nil {
			if err := t.accept(ctx, row, by, options.Kiosk.Rules); err != nil {
				return err
			}
		}
		row.PersonID, err = t.person(ctx, by.Scope, options.PersonID, reg.Visitor)
		return err
	})
}

// Readmit continues a visit that ended within the last twelve hours: a new visit
// of the same person with the check-in requested. A zero departure is the site's
// default stay from now. It returns ErrReadmitTooLate, ErrVisitCancelled,
// ErrAlreadyCheckIn and what Register returns.
func (s *Store) Readmit(ctx context.Context, by Caller, id visit.VisitID, departure time.Time) (VisitOutcome, error) {
	return s.newVisit(ctx, by, func(ctx context.Context, t *tx, row *visitRow) error {
		old, err := t.lockVisit(ctx, by.Scope, id)
		if err != nil {
			return err
		}
		if err := old.visit().Readmit(t.now); err != nil {
			return err
		}
		site, err := findSite(ctx, t, by.Scope, old.SiteID)
		if err != nil {
			return err
		}
		reg := old.registration()
		reg.ExpectedArrival, reg.ExpectedDeparture = t.now, departure
		if reg, err = reg.Normalize(site, t.now); err != nil {
			return err
		}
		row.SiteID, row.PersonID, row.ReadmitOf = old.SiteID, old.PersonID, &old.ID
		row.apply(reg)
		row.requestCheckIn(by.Actor, t.now)
		return nil
	})
}

// newVisit stores the visit that fill describes, once per Idempotency-Key.
func (s *Store) newVisit(ctx context.Context, by Caller, fill func(context.Context, *tx, *visitRow) error) (VisitOutcome, error) {
	var out VisitOutcome
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		id, err := s.newID()
		if err != nil {
			return err
		}
		outcome, object, err := t.claim(ctx, by, id, statusCreated)
		if err != nil {
			return err
		}
		row := visitRow{ID: visit.VisitID(object), Status: visit.PreRegistered, Presence: new(visit.Expected), CreatedAt: t.now, UpdatedAt: t.now}
		if outcome.Replayed {
			row, err = findVisit(ctx, t, by.Scope, row.ID)
		} else {
			err = t.create(ctx, by, &row, fill)
		}
		out = VisitOutcome{row.visit(), outcome}
		return err
	})
	return out, err
}

func (t *tx) create(ctx context.Context, by Caller, row *visitRow, fill func(context.Context, *tx, *visitRow) error) error {
	if err := fill(ctx, t, row); err != nil {
		return err
	}
	if err := t.insertVisit(ctx, row); err != nil {
		return err
	}
	if row.CheckInRequestedAt == nil {
		if err := t.invite(ctx, row.ID); err != nil {
			return err
		}
	}
	data := map[string]any{
		"expected_arrival": row.ExpectedArrival, "expected_departure": row.ExpectedDeparture,
		"walk_in": row.CheckInRequestedAt != nil,
	}
	if row.ReadmitOf != nil {
		data["readmit_of"] = *row.ReadmitOf
	}
	if row.SeriesID != nil {
		data["series_id"] = *row.SeriesID
	}
	return t.record(row.event(visit.EventPreRegistered, by.Actor, data))
}

// person returns the id of a known person whom the caller sees, for a visit of
// theirs shows the person, or of a new one.
func (t *tx) person(ctx context.Context, scope Scope, known visit.PersonID, visitor visit.Visitor) (*visit.PersonID, error) {
	if known != "" {
		_, err := findPerson(ctx, t, scope, known)
		return &known, err // who is erased between here and the commit fails the foreign key
	}
	id, err := t.s.newID()
	if err != nil {
		return nil, err
	}
	const insert = `insert into people (id, first_name, last_name, email, phone, company, created_at, updated_at)
		values (@id, @first, @last, @email, @phone, @company, @now, @now)`
	_, err = t.Exec(ctx, insert, pgx.NamedArgs{
		"id": id, "first": visitor.FirstName, "last": visitor.LastName, "email": visitor.Email,
		"phone": visitor.Phone, "company": visitor.Company, "now": t.now,
	})
	return new(visit.PersonID(id)), err
}

// RequestCheckIn commits the wish to check in, which IssueVoucher then carries
// out; all refusals are decided here. Asking again is no error: Unchanged. It
// returns ErrVisitCancelled, ErrVisitEnded, ErrDepartureInPast, ErrSiteArchived.
func (s *Store) RequestCheckIn(ctx context.Context, by Caller, id visit.VisitID) (VisitOutcome, error) {
	return s.onVisit(ctx, by, id, func(ctx context.Context, t *tx, row *visitRow) (bool, error) {
		return t.wantCheckIn(ctx, by, row)
	})
}

func (t *tx) wantCheckIn(ctx context.Context, by Caller, row *visitRow) (changed bool, err error) {
	if err := row.visit().CheckIn(t.now); err != nil || row.CheckInRequestedAt != nil {
		return false, err
	}
	site, err := findSite(ctx, t, Everything, row.SiteID)
	if err != nil {
		return false, err
	}
	if site.ArchivedAt != nil {
		return false, visit.ErrSiteArchived
	}
	row.requestCheckIn(by.Actor, t.now)
	return true, nil
}

// RequestCheckOut commits the wish to check out, which RevokeVoucher then carries
// out. A visit that has ended is returned as it is, Unchanged. It returns
// ErrNotCheckedIn, and ErrVisitCancelled for visits that never began.
func (s *Store) RequestCheckOut(ctx context.Context, by Caller, id visit.VisitID) (VisitOutcome, error) {
	return s.onVisit(ctx, by, id, func(_ context.Context, t *tx, row *visitRow) (bool, error) {
		switch {
		case row.Status == visit.PreRegistered && row.CheckInRequestedAt == nil:
			return false, visit.ErrNotCheckedIn
		case row.Status == visit.Cancelled || row.Status == visit.NoShow:
			return false, visit.ErrVisitCancelled
		case row.Status.Ended() || row.CheckOutRequestedAt != nil:
			return false, nil
		}
		row.CheckOutRequestedAt, row.CheckOutRequestedBy = &t.now, &by.Actor
		row.IntentTries, row.IntentSentAt = 0, nil
		return true, nil
	})
}

// Cancel ends a visit that nobody has checked in. Cancelling twice is no error.
// It returns ErrAlreadyCheckIn and ErrVisitEnded.
func (s *Store) Cancel(ctx context.Context, by Caller, id visit.VisitID) (VisitOutcome, error) {
	return s.onVisit(ctx, by, id, func(_ context.Context, t *tx, row *visitRow) (bool, error) {
		if err := row.visit().Cancel(); err != nil || row.Status == visit.Cancelled {
			return false, err
		}
		row.end(visit.End{Status: visit.Cancelled, By: by.Actor}, t.now)
		return true, t.record(row.event(visit.EventCancelled, by.Actor, nil))
	})
}

// ConfirmLeft says that an expired visitor has left the building. It returns
// ErrAlreadyCheckIn, ErrNotCheckedIn and ErrVisitCancelled.
func (s *Store) ConfirmLeft(ctx context.Context, by Caller, id visit.VisitID) (VisitOutcome, error) {
	return s.onVisit(ctx, by, id, func(_ context.Context, t *tx, row *visitRow) (bool, error) {
		switch row.Status {
		case visit.PreRegistered:
			return false, visit.ErrNotCheckedIn
		case visit.CheckedIn:
			return false, visit.ErrAlreadyCheckIn
		case visit.Cancelled, visit.NoShow:
			return false, visit.ErrVisitCancelled
		case visit.CheckedOut, visit.Expired:
		}
		if value(row.Presence) == visit.Left {
			return false, nil
		}
		return true, t.left(row, by.Actor, nil)
	})
}

func (t *tx) left(row *visitRow, actor string, data map[string]any) error {
	row.Presence, row.LeftAt = new(visit.Left), &t.now
	return t.record(row.event(visit.EventLeftConfirmed, actor, data))
}

// Move extends or shortens a visit. The voucher follows in the same transaction,
// and agents by the ledger. It returns ErrVisitEnded, ErrVisitCancelled,
// ErrDepartureInPast, ErrStayTooLong and KindInvalid.
func (s *Store) Move(ctx context.Context, by Caller, id visit.VisitID, to time.Time) (VisitOutcome, error) {
	return s.onVisit(ctx, by, id, func(ctx context.Context, t *tx, row *visitRow) (bool, error) {
		site, err := findSite(ctx, t, Everything, row.SiteID)
		if err != nil {
			return false, err
		}
		to, err := row.visit().Move(to, site, t.now)
		if err != nil || to.Equal(row.ExpectedDeparture) {
			return false, err
		}
		was := row.ExpectedDeparture
		row.ExpectedDeparture = to
		if err := t.moveVoucher(ctx, row); err != nil {
			return false, err
		}
		return true, t.record(row.event(visit.EventExtended, by.Actor, map[string]any{"from": was, "to": to}))
	})
}

// Change corrects what a visit says of its people, and moves one that nobody has
// checked in. It returns ErrVisitEnded, ErrVisitCancelled, ErrAlreadyCheckIn for
// instants after the check-in, and KindInvalid.
func (s *Store) Change(ctx context.Context, by Caller, id visit.VisitID, change VisitChange) (VisitOutcome, error) {
	return s.onVisit(ctx, by, id, func(ctx context.Context, t *tx, row *visitRow) (bool, error) {
		if err := changeable(row, change); err != nil {
			return false, err
		}
		reg := row.registration()
		fields := change.apply(&reg)
		if len(fields) == 0 {
			return false, nil
		}
		site, err := findSite(ctx, t, Everything, row.SiteID)
		if err != nil {
			return false, err
		}
		if err := by.Scope.invites(&reg.Host); err != nil {
			return false, err
		}
		if err := checkChange(&reg, row, site, t.now); err != nil {
			return false, err
		}
		row.apply(reg)
		return true, t.record(row.event(visit.EventVisitChanged, by.Actor, map[string]any{"fields": strings.Join(fields, ",")}))
	})
}

func changeable(row *visitRow, change VisitChange) error {
	switch {
	case row.Status == visit.Cancelled:
		return visit.ErrVisitCancelled
	case row.Status.Ended():
		return visit.ErrVisitEnded
	case row.CheckInRequestedAt != nil && (change.ExpectedArrival != nil || change.ExpectedDeparture != nil):
		return visit.ErrAlreadyCheckIn
	}
	return nil
}

// checkChange applies the rules of a registration. Once the check-in has begun
// its instants are settled and are not judged again.
func checkChange(reg *visit.Registration, row *visitRow, site visit.Site, now time.Time) error {
	settled := row.CheckInRequestedAt != nil
	if settled {
		reg.ExpectedArrival, reg.ExpectedDeparture = now, now.Add(time.Second)
	}
	normal, err := reg.Normalize(site, now)
	if err != nil {
		return err
	}
	if settled {
		normal.ExpectedArrival, normal.ExpectedDeparture = row.ExpectedArrival, row.ExpectedDeparture
	}
	*reg = normal
	return nil
}

// apply returns the names of the fields that differ now.
func (c VisitChange) apply(reg *visit.Registration) []string {
	var fields []string
	take(&fields, "first_name", &reg.Visitor.FirstName, c.FirstName)
	take(&fields, "last_name", &reg.Visitor.LastName, c.LastName)
	take(&fields, "email", &reg.Visitor.Email, c.Email)
	take(&fields, "phone", &reg.Visitor.Phone, c.Phone)
	take(&fields, "company", &reg.Visitor.Company, c.Company)
	take(&fields, "host_name", &reg.Host.Name, c.HostName)
	take(&fields, "host_email", &reg.Host.Email, c.HostEmail)
	take(&fields, "purpose", &reg.Purpose, c.Purpose)
	take(&fields, "expected_arrival", &reg.ExpectedArrival, c.ExpectedArrival)
	take(&fields, "expected_departure", &reg.ExpectedDeparture, c.ExpectedDeparture)
	take(&fields, "crm_skip", &reg.CRMSkip, c.CRMSkip)
	return fields
}

// onVisit runs change under the visit's lock, once per Idempotency-Key, and saves
// the row when change says that it changed.
func (s *Store) onVisit(ctx context.Context, by Caller, id visit.VisitID, change func(context.Context, *tx, *visitRow) (bool, error)) (VisitOutcome, error) {
	var out VisitOutcome
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		outcome, err := t.claimOn(ctx, by, id)
		if err != nil {
			return err
		}
		row, err := t.lockVisit(ctx, by.Scope, id)
		if err != nil {
			return err
		}
		if !outcome.Replayed {
			err = t.apply(ctx, by, &row, &outcome, change)
		}
		out = VisitOutcome{row.visit(), outcome}
		return err
	})
	return out, err
}

func (t *tx) apply(ctx context.Context, by Caller, row *visitRow, outcome *Outcome, change func(context.Context, *tx, *visitRow) (bool, error)) error {
	changed, err := change(ctx, t, row)
	if err != nil {
		return err
	}
	if !changed {
		return t.unchanged(ctx, by, outcome)
	}
	t.notify(NotifyVisit, row.SiteID, string(row.ID))
	return t.saveVisit(ctx, row)
}

// claimOn is claim for a change of an existing visit: a key that was used on
// another one was not used with this request.
func (t *tx) claimOn(ctx context.Context, by Caller, id visit.VisitID) (Outcome, error) {
	outcome, object, err := t.claim(ctx, by, string(id), statusOK)
	if err == nil && object != string(id) {
		err = visit.ErrIdempotencyKey
	}
	return outcome, err
}
