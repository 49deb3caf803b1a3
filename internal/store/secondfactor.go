package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

func totpPlace(user string) string { return "totp:" + user }

// BeginSecondFactor keeps the secret of a second factor until a code has proved
// that the user's app has it too. It replaces one that was never proved, and returns
// ErrSecondFactor for one that was.
func (s *Store) BeginSecondFactor(ctx context.Context, user string, secret []byte) error {
	sealed, err := s.keyring.Seal(secret, totpPlace(user))
	if err != nil {
		return err
	}
	return s.once(ctx, func(ctx context.Context, q db) error {
		const begin = `update users set totp_sealed = @sealed, totp_step = 0, updated_at = @now where id = @id and totp_confirmed_at is null`
		n, err := exec(ctx, q, begin, pgx.NamedArgs{"id": user, "sealed": sealed, "now": s.now()})
		if err == nil && n == 0 {
			return ErrSecondFactor
		}
		return err
	})
}

// SecondFactor returns the secret, proved or not, and the step of the last code that
// was accepted; ErrNoSecond when there is none.
func (s *Store) SecondFactor(ctx context.Context, user string) (secret []byte, used int64, err error) {
	type row struct {
		TOTPSealed []byte `db:"totp_sealed"`
		TOTPStep   int64  `db:"totp_step"`
	}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		r, err := one[row](ctx, q, ErrNoSecond, `select totp_sealed, totp_step from users where id = @id and totp_sealed is not null`, pgx.NamedArgs{"id": user})
		if err != nil {
			return err
		}
		used = r.TOTPStep
		if secret, err = s.keyring.Open(r.TOTPSealed, totpPlace(user)); err != nil {
			return fmt.Errorf("second factor of user %s: %w", user, err)
		}
		return nil
	})
	return secret, used, err
}

// ConfirmSecondFactor switches the second factor on, uses the step of the code that
// proved it up, and keeps hashes of new recovery codes. It returns ErrSecondFactor
// when it was on before.
func (s *Store) ConfirmSecondFactor(ctx context.Context, user string, step int64, recovery [][]byte) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		const confirm = `update users set totp_confirmed_at = @now, totp_step = @step, updated_at = @now
			where id = @id and totp_sealed is not null and totp_confirmed_at is null`
		n, err := exec(ctx, t, confirm, pgx.NamedArgs{"id": user, "step": step, "now": t.now})
		if err != nil || n == 0 {
			return orNone(err, ErrSecondFactor)
		}
		t.audit("", "user:"+user, "user.totp_on", "user:"+user, nil)
		const insert = `insert into recovery_codes (user_id, code_hash) select @id, unnest(@hashes::bytea[])`
		_, err = t.Exec(ctx, insert, pgx.NamedArgs{"id": user, "hashes": recovery})
		return err
	})
}

// RemoveSecondFactor switches the second factor of a user whom the caller may see
// off and ends the user's logins. may decides under the row's lock. It returns
// ErrUserNotFound, ErrNoSecond and may's error.
func (s *Store) RemoveSecondFactor(ctx context.Context, by Caller, user string, may func(User) error) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		u, err := t.lockUser(ctx, `u.id = @id and `+userInScope, by.Scope.args(pgx.NamedArgs{"id": user}))
		if err != nil {
			return err
		}
		if err := may(u); err != nil {
			return err
		}
		if !u.SecondFactor {
			return ErrNoSecond
		}
		const remove = `update users set totp_sealed = null, totp_confirmed_at = null, totp_step = 0, updated_at = @now where id = @id`
		if _, err := t.Exec(ctx, remove, pgx.NamedArgs{"id": user, "now": t.now}); err != nil {
			return err
		}
		t.audit("", by.Actor, "user.totp_off", "user:"+user, nil)
		if _, err := t.Exec(ctx, `delete from recovery_codes where user_id = @id`, pgx.NamedArgs{"id": user}); err != nil {
			return err
		}
		return t.endLogins(ctx, user)
	})
}
