package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// User is a staff member. It is personal data.
type User struct {
	ID             string
	Email          string
	Name           string
	PasswordHash   string // argon2id, encoded
	Role           string
	Scope          Scope
	FailedAttempts int // since the last success
	FailedAt       *time.Time
	DisabledAt     *time.Time
	CreatedAt      time.Time
}

// NewUser is what a user starts from.
type NewUser struct {
	Email        string
	Name         string
	PasswordHash string
	Role         string
	Scope        Scope
}

// Login is a staff member's dashboard session, found by the SHA-256 of its
// cookie.
type Login struct {
	TokenHash  []byte
	UserID     string
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time
}

// Refusals of identities.
var (
	ErrUserNotFound  = visit.Errorf(visit.KindNotFound, "user_not_found", "There is no such user.")
	ErrLoginNotFound = visit.Errorf(visit.KindNotFound, "login_not_found", "There is no such login, or it is over.")
	ErrTokenNotFound = visit.Errorf(visit.KindNotFound, "token_not_found", "There is no such token, or it is over.")
)

// touchEach is how exact last_seen_at and last_used_at are: a write for every
// request would cost more than it tells.
const touchEach = time.Minute

type userRow struct {
	ID             string         `db:"id"`
	Email          string         `db:"email"`
	Name           string         `db:"name"`
	PasswordHash   string         `db:"password_hash"`
	Role           string         `db:"role"`
	Sites          []visit.SiteID `db:"sites"`
	AllSites       bool           `db:"all_sites"`
	FailedAttempts int            `db:"failed_attempts"`
	FailedAt       *time.Time     `db:"failed_at"`
	DisabledAt     *time.Time     `db:"disabled_at"`
	CreatedAt      time.Time      `db:"created_at"`
}

const userColumns = `u.id, u.email, u.name, u.password_hash, u.role, u.sites, u.sites is null as all_sites,
	u.failed_attempts, u.failed_at, u.disabled_at, u.created_at`

func (r userRow) user() User {
	return User{
		ID: r.ID, Email: r.Email, Name: r.Name, PasswordHash: r.PasswordHash, Role: r.Role,
		Scope:          Scope{All: r.AllSites, Sites: r.Sites},
		FailedAttempts: r.FailedAttempts, FailedAt: r.FailedAt, DisabledAt: r.DisabledAt, CreatedAt: r.CreatedAt,
	}
}

// column is a scope as it is stored: null for all sites.
func (s Scope) column() any {
	if s.All {
		return nil
	}
	return texts(s.Sites)
}

// CreateUser adds a staff member. It returns a conflict when the e-mail address
// is taken, in whatever case.
func (s *Store) CreateUser(ctx context.Context, by Caller, user NewUser) (User, error) {
	email := strings.TrimSpace(user.Email)
	if email == "" || user.PasswordHash == "" || user.Role == "" {
		return User{}, visit.Invalid("email", "A user needs an e-mail address, a password and a role.")
	}
	var created User
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		id, err := s.newID()
		if err != nil {
			return err
		}
		created = User{
			ID: id, Email: email, Name: strings.TrimSpace(user.Name), PasswordHash: user.PasswordHash, Role: user.Role,
			Scope: user.Scope, CreatedAt: t.now,
		}
		t.audit("", by.Actor, "user.created", "user:"+id, map[string]any{"role": code(user.Role), "all_sites": user.Scope.All})
		const insert = `insert into users (id, email, name, password_hash, role, sites, created_at, updated_at)
			values (@id, @email, @name, @hash, @role, @sites, @now, @now)`
		_, err = t.Exec(ctx, insert, pgx.NamedArgs{
			"id": id, "email": created.Email, "name": created.Name, "hash": created.PasswordHash, "role": created.Role,
			"sites": user.Scope.column(), "now": t.now,
		})
		return err
	})
	return created, err
}

// User returns a user by id, or ErrUserNotFound.
func (s *Store) User(ctx context.Context, id string) (User, error) {
	return s.findUser(ctx, `u.id = @key`, id)
}

// UserByEmail returns a user by e-mail address, in whatever case, or
// ErrUserNotFound.
func (s *Store) UserByEmail(ctx context.Context, email string) (User, error) {
	return s.findUser(ctx, `lower(u.email) = lower(@key)`, strings.TrimSpace(email))
}

func (s *Store) findUser(ctx context.Context, where, key string) (User, error) {
	var row userRow
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		row, err = one[userRow](ctx, q, ErrUserNotFound, `select `+userColumns+` from users u where `+where, pgx.NamedArgs{"key": key})
		return err
	})
	return row.user(), err
}

// SetPassword replaces a user's password and ends the user's logins.
func (s *Store) SetPassword(ctx context.Context, by Caller, user, hash string) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		const update = `update users set password_hash = @hash, failed_attempts = 0, failed_at = null, updated_at = @now where id = @id`
		n, err := exec(ctx, t, update, pgx.NamedArgs{"id": user, "hash": hash, "now": t.now})
		if err != nil || n == 0 {
			return orNone(err, ErrUserNotFound)
		}
		t.audit("", by.Actor, "user.password_set", "user:"+user, nil)
		t.notify(NotifyAccess, "", "")
		const revoke = `update logins set revoked_at = @now where user_id = @id and revoked_at is null`
		_, err = t.Exec(ctx, revoke, pgx.NamedArgs{"id": user, "now": t.now})
		return err
	})
}

// orNone is for updates that found nothing: an error of the database, else none.
func orNone(err, none error) error {
	if err != nil {
		return orMissing(err, none)
	}
	return none
}

// LoginFailed counts a wrong password. The count is kept in the database so that
// a lockout holds over replicas and restarts.
func (s *Store) LoginFailed(ctx context.Context, user string) error {
	return s.loginTried(ctx, user, "user.login_failed", `update users set failed_attempts = failed_attempts + 1, failed_at = @now where id = @id`)
}

// LoginSucceeded forgets the wrong passwords before.
func (s *Store) LoginSucceeded(ctx context.Context, user string) error {
	return s.loginTried(ctx, user, "user.login_succeeded", `update users set failed_attempts = 0, failed_at = null where id = @id`)
}

func (s *Store) loginTried(ctx context.Context, user, action, update string) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := exec(ctx, t, update, pgx.NamedArgs{"id": user, "now": t.now})
		if err != nil || n == 0 {
			return orNone(err, ErrUserNotFound)
		}
		t.audit("", "user:"+user, action, "user:"+user, nil)
		return nil
	})
}

// CreateLogin begins a dashboard session. UserID, TokenHash and ExpiresAt are
// used.
func (s *Store) CreateLogin(ctx context.Context, login Login) error {
	return s.once(ctx, func(ctx context.Context, q db) error {
		const insert = `insert into logins (token_hash, user_id, created_at, last_seen_at, expires_at) values (@hash, @user, @now, @now, @expires)`
		_, err := exec(ctx, q, insert, pgx.NamedArgs{"hash": login.TokenHash, "user": login.UserID, "now": s.now(), "expires": login.ExpiresAt})
		return err
	})
}

type loginRow struct {
	userRow
	LoginCreatedAt  time.Time `db:"login_created_at"`
	LoginLastSeenAt time.Time `db:"login_last_seen_at"`
	LoginExpiresAt  time.Time `db:"login_expires_at"`
}

// Login returns the dashboard session with this hash and its user. One that is
// over or whose user is disabled is ErrLoginNotFound.
func (s *Store) Login(ctx context.Context, hash []byte) (Login, User, error) {
	var row loginRow
	now := s.now()
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		const find = `select ` + userColumns + `, l.created_at as login_created_at, l.last_seen_at as login_last_seen_at, l.expires_at as login_expires_at
			from logins l join users u on u.id = l.user_id
			where l.token_hash = @hash and l.revoked_at is null and l.expires_at > @now and u.disabled_at is null`
		if row, err = one[loginRow](ctx, q, ErrLoginNotFound, find, pgx.NamedArgs{"hash": hash, "now": now}); err != nil {
			return err
		}
		if now.Sub(row.LoginLastSeenAt) < touchEach {
			return nil
		}
		_, err = exec(ctx, q, `update logins set last_seen_at = @now where token_hash = @hash`, pgx.NamedArgs{"hash": hash, "now": now})
		return err
	})
	login := Login{
		TokenHash: hash, UserID: row.ID, CreatedAt: row.LoginCreatedAt, LastSeenAt: row.LoginLastSeenAt, ExpiresAt: row.LoginExpiresAt,
	}
	return login, row.user(), err
}

// RevokeLogin ends a dashboard session; one that is unknown or over is no error.
func (s *Store) RevokeLogin(ctx context.Context, hash []byte) error {
	err := s.query(ctx, func(ctx context.Context, q db) error {
		_, err := exec(ctx, q, `update logins set revoked_at = @now where token_hash = @hash and revoked_at is null`, pgx.NamedArgs{"hash": hash, "now": s.now()})
		return err
	})
	if err == nil {
		s.pulse.wake(Notification{Kind: NotifyAccess})
	}
	return err
}

// PruneLogins forgets logins that have been over for a day and returns how many.
func (s *Store) PruneLogins(ctx context.Context) (int, error) {
	var pruned int64
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		const prune = `delete from logins where least(expires_at, revoked_at) < @before`
		pruned, err = exec(ctx, q, prune, pgx.NamedArgs{"before": s.now().Add(-24 * time.Hour)})
		return err
	})
	return int(pruned), err
}
