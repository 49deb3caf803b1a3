package store

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// UserChange names what to change of a user; nil fields stay.
type UserChange struct {
	Email, Name, Role, Language *string
	Scope                       *Scope
	PasswordHash                *string
	Disabled                    *bool
}

// UserPage is a part of the list, newest first.
type UserPage struct {
	Items []User
	Next  string // cursor; empty at the end
}

// administrator is the role without which nobody could mend anything.
const administrator = "administrator"

// ErrLastAdministrator keeps a deployment from locking itself out.
var ErrLastAdministrator = visit.Errorf(visit.KindConflict, "last_administrator", "Nobody else who can sign in administers all sites.")

// userInScope leaves users whose every site the caller may see.
const userInScope = `(@all or u.sites <@ @sites::uuid[])`

// Users returns the users of a scope, one part at a time.
func (s *Store) Users(ctx context.Context, scope Scope, page Page) (UserPage, error) {
	const list = `select ` + userColumns + ` from users u
		where ` + userInScope + ` and (@id::uuid is null or u.id < @id) order by u.id desc limit @limit`
	after, err := parseCursor(page.Cursor, byID)
	if err != nil {
		return UserPage{}, err
	}
	found := UserPage{Items: []User{}}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		rows, err := all[userRow](ctx, q, list, scope.args(pgx.NamedArgs{"id": after.ID, "limit": page.limit() + 1}))
		rows, found.Next = cut(rows, page.limit(), func(r userRow) cursor { return cursor{ID: &r.ID} })
		for _, row := range rows {
			found.Items = append(found.Items, row.user())
		}
		return err
	})
	return found, err
}

// UserInScope returns a user by id, or ErrUserNotFound also for one who has sites
// that the caller may not see.
func (s *Store) UserInScope(ctx context.Context, scope Scope, id string) (User, error) {
	var row userRow
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		const find = `select ` + userColumns + ` from users u where u.id = @id and ` + userInScope
		row, err = one[userRow](ctx, q, ErrUserNotFound, find, scope.args(pgx.NamedArgs{"id": id}))
		return err
	})
	return row.user(), err
}

// lockUser returns a user and keeps others from changing the row. where is about u.
func (t *tx) lockUser(ctx context.Context, where string, args pgx.NamedArgs) (User, error) {
	row, err := one[userRow](ctx, t, ErrUserNotFound, `select `+userColumns+` from users u where `+where+` for no key update`, args)
	return row.user(), err
}

// ChangeUser changes a user whom the caller may see. may decides under the row's
// lock about what the user was and becomes. A change of rights, address or
// password, and disabling, end the user's logins. It returns ErrUserNotFound,
// ErrLastAdministrator, may's error and a conflict for an address that is taken.
func (s *Store) ChangeUser(ctx context.Context, by Caller, id string, change UserChange, may func(was, becomes User) error) (User, error) {
	var changed User
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		was, err := t.lockUser(ctx, `u.id = @id and `+userInScope, by.Scope.args(pgx.NamedArgs{"id": id}))
		if err != nil {
			return err
		}
		becomes, fields := change.apply(was)
		if changed = was; len(fields) == 0 {
			return may(was, was)
		}
		if change.Disabled != nil && *change.Disabled && becomes.DisabledAt == nil {
			becomes.DisabledAt = &t.now
		}
		if err := may(was, becomes); err != nil {
			return err
		}
		if err := t.saveUser(ctx, by.Actor, was, becomes, fields); err != nil {
			return err
		}
		changed = becomes
		return nil
	})
	return changed, err
}

// apply returns the user as changed, but for the instant of disabling, and the
// names of the fields that differ.
func (c UserChange) apply(u User) (User, []string) {
	var fields []string
	take(&fields, "email", &u.Email, c.Email)
	take(&fields, "name", &u.Name, c.Name)
	take(&fields, "role", &u.Role, c.Role)
	take(&fields, "language", &u.Language, c.Language)
	take(&fields, "password", &u.PasswordHash, c.PasswordHash)
	if c.Scope != nil && !sameSites(u.Scope, *c.Scope) {
		u.Scope, fields = *c.Scope, append(fields, "sites")
	}
	if c.Disabled != nil && *c.Disabled != (u.DisabledAt != nil) {
		fields = append(fields, "disabled")
		if !*c.Disabled {
			u.DisabledAt = nil
		}
	}
	return u, fields
}

func sameSites(a, b Scope) bool {
	x, y := slices.Sorted(slices.Values(a.Sites)), slices.Sorted(slices.Values(b.Sites))
	return a.All == b.All && (a.All || slices.Equal(slices.Compact(x), slices.Compact(y)))
}

// harmless are changes that give and take nothing.
func harmless(field string) bool { return field == "name" || field == "language" }

func (t *tx) saveUser(ctx context.Context, actor string, was, becomes User, fields []string) error {
	if administers(was) && !administers(becomes) {
		if err := t.keepAdministrator(ctx, was.ID); err != nil {
			return err
		}
	}
	const update = `update users set email = @email, name = @name, role = @role, sites = @sites, language = @language,
			password_hash = @hash, disabled_at = @disabled, updated_at = @now,
			credentials_at = case when @credentials then @now else credentials_at end,
			failed_attempts = case when @credentials then 0 else failed_attempts end
		where id = @id`
	_, err := t.Exec(ctx, update, pgx.NamedArgs{
		"id": was.ID, "email": strings.TrimSpace(becomes.Email), "name": becomes.Name, "role": becomes.Role, "sites": becomes.Scope.column(),
		"language": becomes.Language, "hash": becomes.PasswordHash, "disabled": becomes.DisabledAt, "now": t.now,
		"credentials": slices.Contains(fields, "email") || slices.Contains(fields, "password"),
	})
	if err != nil {
		return err
	}
	body := map[string]any{"fields": strings.Join(fields, ",")}
	if slices.Contains(fields, "role") || slices.Contains(fields, "sites") {
		body["role"], body["all_sites"] = code(becomes.Role), becomes.Scope.All
	}
	if slices.Contains(fields, "disabled") {
		body["disabled"] = becomes.DisabledAt != nil
	}
	t.audit("", actor, "user.changed", "user:"+was.ID, body)
	if !slices.ContainsFunc(fields, func(f string) bool { return !harmless(f) }) {
		return nil
	}
	return t.endLogins(ctx, was.ID)
}

// EraseUser disables a user whom the caller may see and takes everything personal off
// the row, which stays because the audit trail names its id. may decides under the
// row's lock. It returns ErrUserNotFound, ErrLastAdministrator and may's error.
func (s *Store) EraseUser(ctx context.Context, by Caller, id string, may func(User) error) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		u, err := t.lockUser(ctx, `u.id = @id and `+userInScope, by.Scope.args(pgx.NamedArgs{"id": id}))
		if err != nil {
			return err
		}
		if err := may(u); err != nil {
			return err
		}
		if administers(u) {
			if err := t.keepAdministrator(ctx, u.ID); err != nil {
				return err
			}
		}
		t.audit("", by.Actor, "user.erased", "user:"+u.ID, nil)
		t.notify(NotifyAccess, "", "")
		var batch pgx.Batch
		args := pgx.NamedArgs{"id": u.ID, "email": "erased-" + u.ID + "@invalid", "now": t.now}
		batch.Queue(`update users set email = @email, name = '', password_hash = '', language = '', failed_attempts = 0, failed_at = null,
				last_login_at = null, reset_asked_at = null, totp_sealed = null, totp_confirmed_at = null, totp_step = 0,
				oidc_issuer = null, oidc_subject = null, disabled_at = coalesce(disabled_at, @now), credentials_at = @now, updated_at = @now
			where id = @id`, args)
		batch.Queue(`delete from recovery_codes where user_id = @id`, args)
		batch.Queue(`delete from logins where user_id = @id`, args)
		return t.SendBatch(ctx, &batch).Close()
	})
}

// endLogins ends everything that a user is signed in with.
func (t *tx) endLogins(ctx context.Context, user string) error {
	t.notify(NotifyAccess, "", "")
	_, err := t.Exec(ctx, `update logins set revoked_at = @now where user_id = @id and revoked_at is null`, pgx.NamedArgs{"id": user, "now": t.now})
	return err
}

func administers(u User) bool { return u.Role == administrator && u.Scope.All && u.DisabledAt == nil }

// keepAdministrator refuses to lose the last administrator. Those who would lose
// one wait here for each other, so that two cannot both be the last but one.
func (t *tx) keepAdministrator(ctx context.Context, loses string) error {
	if _, err := t.Exec(ctx, `select pg_advisory_xact_lock(@class, hashtext(@name))`, pgx.NamedArgs{"class": leaseClass, "name": administrator}); err != nil {
		return err
	}
	const count = `select count(*) from users where id <> @id and role = @role and sites is null and disabled_at is null
		and (password_hash <> '' or oidc_subject is not null)`
	others, err := scalars[int](ctx, t, count, pgx.NamedArgs{"id": loses, "role": administrator})
	if err == nil && others[0] == 0 {
		return ErrLastAdministrator
	}
	return err
}
