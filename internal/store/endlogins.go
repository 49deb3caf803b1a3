package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// EndLogins signs a user whom the caller may see out everywhere. may decides under
// the row's lock. It returns ErrUserNotFound and may's error.
func (s *Store) EndLogins(ctx context.Context, by Caller, user string, may func(User) error) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		u, err := t.lockUser(ctx, `u.id = @id and `+userInScope, by.Scope.args(pgx.NamedArgs{"id": user}))
		if err != nil {
			return err
		}
		if err := may(u); err != nil {
			return err
		}
		t.audit("", by.Actor, "user.logins_ended", "user:"+user, nil)
		return t.endLogins(ctx, user)
	})
}
