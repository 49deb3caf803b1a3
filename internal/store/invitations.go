package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

const (
	// invitationPurpose is of the keyed hash by which a code is looked up.
	invitationPurpose = "invitation-code"
	codeDraws         = 10
)

func invitationPlace(id visit.VisitID) string { return "invitation:" + string(id) }

// invite gives a new visit a code that no other has.
func (t *tx) invite(ctx context.Context, id visit.VisitID) error {
	const insert = `insert into invitation_codes (visit_id, code_hash, code_sealed) values (@visit, @hash, @sealed)
		on conflict on constraint invitation_codes_hash do nothing`
	for range codeDraws {
		code, err := visit.NewInvitationCode(t.s.rand)
		if err != nil {
			return err
		}
		sealed, err := t.s.keyring.Seal([]byte(code), invitationPlace(id))
		if err != nil {
			return err
		}
		n, err := exec(ctx, t, insert, pgx.NamedArgs{"visit": id, "hash": t.s.keyring.MAC(invitationPurpose, []byte(code)), "sealed": sealed})
		if err != nil || n == 1 {
			return err
		}
	}
	return errCodesTaken
}

// InvitationCode returns the short code of a visit's invitation, empty where it has
// none: walk-ins, and visits of whom nothing personal is left.
func (s *Store) InvitationCode(ctx context.Context, id visit.VisitID) (string, error) {
	var sealed [][]byte
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		sealed, err = scalars[[]byte](ctx, q, `select code_sealed from invitation_codes where visit_id = @visit`, pgx.NamedArgs{"visit": id})
		return err
	})
	if err != nil || len(sealed) == 0 {
		return "", err
	}
	code, err := s.keyring.Open(sealed[0], invitationPlace(id))
	return string(code), err
}

// VisitByCode returns the visit that a typed code invites to, or
// ErrInvitationNotFound. Codes are found by keyed hashes, so that how long it takes
// says nothing of those there are.
func (s *Store) VisitByCode(ctx context.Context, scope Scope, code string) (visit.Visit, error) {
	const find = `select ` + visitColumns + ` from invitation_codes c join visits v on v.id = c.visit_id
		where c.code_hash = any(@hashes::bytea[]) and ` + visitInScope
	hashes := s.keyring.MACs(invitationPurpose, []byte(visit.NormalizeInvitationCode(code)))
	return s.foundVisit(ctx, find, scope.args(pgx.NamedArgs{"hashes": hashes}))
}

// VisitByUsername returns the visit that WiFi credentials were given out for, or
// ErrInvitationNotFound.
func (s *Store) VisitByUsername(ctx context.Context, scope Scope, username string) (visit.Visit, error) {
	const find = `select ` + visitColumns + ` from vouchers c join visits v on v.id = c.visit_id
		where c.username = @username and ` + visitInScope
	return s.foundVisit(ctx, find, scope.args(pgx.NamedArgs{"username": visit.NormalizeUsername(username)}))
}

func (s *Store) foundVisit(ctx context.Context, find string, args pgx.NamedArgs) (visit.Visit, error) {
	var found visit.Visit
	err := s.query(ctx, func(ctx context.Context, q db) error {
		row, err := one[visitRow](ctx, q, visit.ErrInvitationNotFound, find, args)
		found = row.visit()
		return err
	})
	return found, err
}

// CheckInAtKiosk is RequestCheckIn by whoever stands before a kiosk and agrees to a
// version of the site's rules. It returns what that returns, ErrTooEarly and
// ErrRulesChanged.
func (s *Store) CheckInAtKiosk(ctx context.Context, by Caller, id visit.VisitID, rules int) (VisitOutcome, error) {
	return s.onVisit(ctx, by, id, func(ctx context.Context, t *tx, row *visitRow) (bool, error) {
		if row.visit().Invited(t.now) == visit.InvitedTooEarly {
			return false, visit.ErrTooEarly
		}
		if row.CheckInRequestedAt == nil {
			if err := t.accept(ctx, row, by, rules); err != nil {
				return false, err
			}
		}
		return t.wantCheckIn(ctx, by, row)
	})
}
