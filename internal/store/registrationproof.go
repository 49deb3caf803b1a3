package store

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// Who decides on a registration, in the audit.
const (
	actorGuestLink   = "link:guest"
	actorSponsorLink = "link:sponsor"
)

// A device has so many graces in a day that nothing came of. Who makes up one device
// after another has no more than a portal's in an hour. Graces that are not over may yet
// come to something: a crowd that comes at once has them all.
const (
	gracesEach   = 2
	graceEach    = 24 * time.Hour
	gracesPortal = 60
	gracePortal  = time.Hour
)

// RegistrationCode returns the code of a registration that waits, for it to be sent. It
// returns ErrRegistrationNotFound, and ErrRegistrationOver when there is none any more.
func (s *Store) RegistrationCode(ctx context.Context, id identity.RegistrationID) (code string, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) error {
		row, err := one[registrationRow](ctx, q, ErrRegistrationNotFound, `select `+registrationColumns+` from registrations g where g.id = @id`, pgx.NamedArgs{"id": id})
		if err != nil {
			return err
		}
		if row.now(s.now()) != identity.RegistrationWaiting || row.CodeSealed == nil {
			return ErrRegistrationOver
		}
		code, err = s.openRegistrationCode(row)
		return err
	})
	return code, err
}

func (s *Store) openRegistrationCode(row registrationRow) (string, error) {
	code, err := s.keyring.Open(row.CodeSealed, registrationPlace(row.ID)+" code")
	return string(code), err
}

// onRegistration runs f on a locked registration that waits; any other is returned as
// it stands. What f changed is kept although it refuses.
func (s *Store) onRegistration(ctx context.Context, id identity.RegistrationID, f func(context.Context, *tx, *registrationRow) (refused, err error)) (r Registration, fresh bool, err error) {
	var refused error
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		fresh, refused = false, nil
		const find = `select ` + registrationColumns + ` from registrations g where g.id = @id for no key update`
		row, err := one[registrationRow](ctx, t, ErrRegistrationNotFound, find, pgx.NamedArgs{"id": id})
		if err != nil {
			return err
		}
		if row.now(t.now) == identity.RegistrationWaiting {
			if refused, err = f(ctx, t, &row); err != nil {
				return err
			}
			fresh = refused == nil
		}
		r, err = s.registration(row, t.now)
		return err
	})
	if err == nil {
		err = refused
	}
	return r, fresh, err
}

// TryRegistrationCode compares a code that the guest typed. Each try counts, and after
// identity.CodeTries of them a code is good no more. Right, the registration is
// approved. One that does not wait is returned as it stands, without an error: its code
// was used, or nothing is to be decided any more. It returns ErrRegistrationCode and
// ErrRegistrationTries with the registration, and ErrRegistrationNotFound.
func (s *Store) TryRegistrationCode(ctx context.Context, id identity.RegistrationID, code string) (Registration, error) {
	r, _, err := s.onRegistration(ctx, id, func(ctx context.Context, t *tx, row *registrationRow) (refused, err error) {
		if row.CodeSealed == nil {
			return ErrRegistrationCode, nil
		}
		if row.Tries >= identity.CodeTries {
			return ErrRegistrationTries, nil
		}
		right, err := s.openRegistrationCode(*row)
		if err != nil {
			return nil, err
		}
		if subtle.ConstantTimeCompare([]byte(right), []byte(code)) == 1 {
			return nil, t.decideRegistration(ctx, row, identity.RegistrationApproved, "", actorPortal)
		}
		row.Tries++
		_, err = t.Exec(ctx, `update registrations set tries = @tries where id = @id`, pgx.NamedArgs{"id": row.ID, "tries": row.Tries})
		if row.Tries >= identity.CodeTries {
			return ErrRegistrationTries, err
		}
		return ErrRegistrationCode, err
	})
	return r, err
}

// ProveRegistration approves what a mail's link stands for, or denies it where its
// reader says that they asked for nothing. fresh tells that this did it.
func (s *Store) ProveRegistration(ctx context.Context, id identity.RegistrationID, itWasMe bool) (r Registration, fresh bool, err error) {
	return s.onRegistration(ctx, id, func(ctx context.Context, t *tx, row *registrationRow) (refused, err error) {
		if row.Method != identity.MethodEmail {
			return ErrRegistrationNotFound, nil
		}
		status := identity.RegistrationApproved
		if !itWasMe {
			status = identity.RegistrationDenied
			if err := t.endGrace(ctx, row); err != nil {
				return nil, err
			}
		}
		return nil, t.decideRegistration(ctx, row, status, "", actorGuestLink)
	})
}

// endGrace ends what somebody got by an address that is not theirs.
func (t *tx) endGrace(ctx context.Context, row *registrationRow) error {
	if row.AccessID == nil {
		return nil
	}
	grace, err := t.lockAuthentication(ctx, *row.AccessID)
	if errors.Is(err, ErrAuthenticationNotFound) {
		return nil // purged
	}
	if err != nil {
		return err
	}
	return t.endAuthentication(ctx, grace, identity.EndRevoked, actorGuestLink)
}

// DecideRegistration is the sponsor's answer. The first one counts, whoever gives it;
// fresh tells that it was this one, and the registration how it stands.
func (s *Store) DecideRegistration(ctx context.Context, id identity.RegistrationID, approve bool, profile identity.ProfileID) (r Registration, fresh bool, err error) {
	return s.onRegistration(ctx, id, func(ctx context.Context, t *tx, row *registrationRow) (refused, err error) {
		if row.Method != identity.MethodSponsor {
			return ErrRegistrationNotFound, nil
		}
		if !approve {
			return nil, t.decideRegistration(ctx, row, identity.RegistrationDenied, "", actorSponsorLink)
		}
		if _, err := findProfile(ctx, t, profile); err != nil {
			return nil, err
		}
		return nil, t.decideRegistration(ctx, row, identity.RegistrationApproved, profile, actorSponsorLink)
	})
}

// decideRegistration writes a decision. There is nothing to guess any more.
func (t *tx) decideRegistration(ctx context.Context, row *registrationRow, status identity.RegistrationStatus, profile identity.ProfileID, actor string) error {
	row.Status, row.ProfileID, row.DecidedAt, row.CodeSealed = status, optional(profile), &t.now, nil
	if status == identity.RegistrationApproved {
		row.ExpiresAt = t.now.Add(identity.ApprovedFor)
	}
	const save = `update registrations set status = @status, profile_id = @profile, decided_at = @now, expires_at = @until, code_sealed = null where id = @id`
	_, err := t.Exec(ctx, save, pgx.NamedArgs{"id": row.ID, "status": status, "profile": row.ProfileID, "now": t.now, "until": row.ExpiresAt})
	if err != nil {
		return err
	}
	e := row.event(visit.EventRegistrationDecided, actor)
	e.Data["status"] = string(status)
	return t.record(e)
}

// CancelRegistration is the guest's: they begin anew, or have read that they were
// refused. One that led to something stays.
func (s *Store) CancelRegistration(ctx context.Context, id identity.RegistrationID) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		return t.cancelRegistrations(ctx, `g.id = @id`, pgx.NamedArgs{"id": id})
	})
}

func (t *tx) cancelRegistrations(ctx context.Context, which string, args pgx.NamedArgs) error {
	args["now"] = t.now
	cancel := `update registrations as g set status = 'cancelled', decided_at = @now, code_sealed = null
		where ` + which + ` and g.status in ('waiting', 'approved', 'denied') returning ` + registrationColumns
	rows, err := all[registrationRow](ctx, t, cancel, args)
	for _, row := range rows {
		e := row.event(visit.EventRegistrationDecided, actorPortal)
		e.Data["status"] = string(identity.RegistrationCancelled)
		if err == nil {
			err = t.record(e)
		}
	}
	return err
}

// ResendRegistration has the code or the request sent again, as often and as soon as
// identity.Sending allows. The code stays the same while it can be tried, so that it
// does not matter which of two mails is read. It returns ErrRegistrationSoon, with when
// to come back, ErrRegistrationSends and ErrRegistrationOver.
func (s *Store) ResendRegistration(ctx context.Context, id identity.RegistrationID) (Registration, error) {
	r, fresh, err := s.onRegistration(ctx, id, func(ctx context.Context, t *tx, row *registrationRow) (refused, err error) {
		sending := identity.Sending{Method: row.Method, Sends: row.Sends, SentAt: value(row.SentAt), CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt}
		switch ok, wait := sending.Again(t.now); {
		case !ok && wait > 0:
			soon := *ErrRegistrationSoon
			soon.RetryAfter = wait
			return &soon, nil
		case !ok:
			return ErrRegistrationSends, nil
		}
		return nil, t.sendRegistrationAgain(ctx, row, sending)
	})
	if err == nil && !fresh {
		err = ErrRegistrationOver
	}
	return r, err
}

func (t *tx) sendRegistrationAgain(ctx context.Context, row *registrationRow, sending identity.Sending) (err error) {
	if row.Tries >= identity.CodeTries {
		if row.CodeSealed, err = t.newRegistrationCode(row.ID, row.Method); err != nil {
			return err
		}
		row.Tries = 0
	}
	row.Sends, row.SentAt, row.ExpiresAt = row.Sends+1, &t.now, sending.GoodUntil(t.now)
	const save = `update registrations set code_sealed = @code, tries = @tries, sends = @sends, sent_at = @now, expires_at = @until where id = @id`
	if _, err := t.Exec(ctx, save, pgx.NamedArgs{
		"id": row.ID, "code": row.CodeSealed, "tries": row.Tries, "sends": row.Sends, "now": t.now, "until": row.ExpiresAt,
	}); err != nil {
		return err
	}
	return t.registrationAsked(*row)
}

// registrationLed notes in Admit's transaction what a registration led to: a grace
// leaves it waiting.
func (t *tx) registrationLed(ctx context.Context, id identity.RegistrationID, person visit.PersonID, access roll.AccessID, done bool) error {
	const save = `update registrations set person_id = @person, access_id = @access,
			status = case when @done and status in ('waiting', 'approved') then 'done' else status end
		where id = @id`
	_, err := t.Exec(ctx, save, pgx.NamedArgs{"id": id, "person": person, "access": access, "done": done})
	return err
}

// GraceUsed reports whether a device has no grace at a portal any more: it had its own
// within the last day, too many came to nothing there within the last hour, or it cannot
// be told from others.
func (s *Store) GraceUsed(ctx context.Context, portal identity.PortalID, mac string) (used bool, err error) {
	if mac == "" {
		return true, nil
	}
	const find = `select (select count(*) from registrations where portal_id = @portal and mac = @mac and mac <> '' and created_at > @day
				and method = 'email' and access_id is not null and status <> 'done') >= @each
			or (select count(*) from registrations g join accesses v on v.id = g.access_id
				where g.site_id = (select site_id from portals where id = @portal) and g.portal_id = @portal and g.created_at > @hour
				and g.method = 'email' and g.status <> 'done' and v.ends_at <= @now) >= @most`
	err = s.query(ctx, func(ctx context.Context, q db) error {
		now := s.now()
		found, err := scalars[bool](ctx, q, find, pgx.NamedArgs{
			"portal": portal, "mac": mac, "now": now, "day": now.Add(-graceEach), "each": gracesEach, "hour": now.Add(-gracePortal), "most": gracesPortal,
		})
		used = first(found)
		return err
	})
	return used, err
}
