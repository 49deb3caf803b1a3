package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
)

// BlockAccount shuts an account out: what it has ends now, and no browser is known by
// it any more. It returns ErrAccountNotFound.
func (s *Store) BlockAccount(ctx context.Context, by Caller, id visit.PersonID) (Account, error) {
	return s.onAccount(ctx, by, id, func(ctx context.Context, t *tx, row accountRow) error {
		if row.BlockedAt != nil {
			return nil
		}
		if _, err := t.Exec(ctx, `update accounts set blocked_at = @now, updated_at = @now where person_id = @id`, pgx.NamedArgs{"id": id, "now": t.now}); err != nil {
			return err
		}
		t.audit(row.SiteID, by.Actor, "account.blocked", accountPlace(id), nil)
		return t.shutOut(ctx, id, by.Actor)
	})
}

// shutOut ends all that a locked account has, and what it could come back with.
func (t *tx) shutOut(ctx context.Context, id visit.PersonID, actor string) error {
	if err := t.endAllOf(ctx, id, identity.EndRevoked, actor); err != nil {
		return err
	}
	args := pgx.NamedArgs{"id": id, "now": t.now}
	if _, err := t.Exec(ctx, `delete from browsers where person_id = @id`, args); err != nil {
		return err
	}
	const cancel = `update registrations set status = 'cancelled', decided_at = @now where person_id = @id and status in ('waiting', 'approved')`
	if _, err := t.Exec(ctx, cancel, args); err != nil {
		return err
	}
	return t.followDevicesOf(ctx, id)
}

// UnblockAccount lets a guest log in again. It returns ErrAccountNotFound.
func (s *Store) UnblockAccount(ctx context.Context, by Caller, id visit.PersonID) (Account, error) {
	return s.onAccount(ctx, by, id, func(ctx context.Context, t *tx, row accountRow) error {
		if row.BlockedAt == nil {
			return nil
		}
		if _, err := t.Exec(ctx, `update accounts set blocked_at = null, updated_at = @now where person_id = @id`, pgx.NamedArgs{"id": id, "now": t.now}); err != nil {
			return err
		}
		t.audit(row.SiteID, by.Actor, "account.unblocked", accountPlace(id), nil)
		return t.followDevicesOf(ctx, id)
	})
}

// SetAccountPassword gives an account another password, by its PHC string. Who is
// logged in stays so. It returns ErrAccountNotFound.
func (s *Store) SetAccountPassword(ctx context.Context, by Caller, id visit.PersonID, hash string) (Account, error) {
	return s.onAccount(ctx, by, id, func(ctx context.Context, t *tx, row accountRow) error {
		if _, err := t.Exec(ctx, `update accounts set password_hash = @hash, updated_at = @now where person_id = @id`,
			pgx.NamedArgs{"id": id, "hash": hash, "now": t.now}); err != nil {
			return err
		}
		t.audit(row.SiteID, by.Actor, "account.password_set", accountPlace(id), nil)
		return nil
	})
}
