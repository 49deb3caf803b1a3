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
	PasswordHash   string // argon2id, encoded; empty: none, nobody signs in here
	Role           string
	Scope          Scope
	Language       string // of the catalogue; empty: the browser's
	SecondFactor   bool   // a code is asked for beside the password
	SignOn         bool   // linked to somebody at the organisation's own provider
	FailedAttempts int    // since the last success
	FailedAt       *time.Time
	CredentialsAt  time.Time // when password or address last changed; links from before are void
	LastLoginAt    *time.Time
	DisabledAt     *time.Time
	CreatedAt      time.Time
}

// NewUser is what a user starts from.
type NewUser struct {
	Email        string
	Name         string
	PasswordHash string // empty: the user is sent a link to set one, or signs in elsewhere
	Role         string
	Scope        Scope
	Language     string
	Invite       bool // mail them a link to set a password
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
	Language       string         `db:"language"`
	SecondFactor   bool           `db:"second_factor"`
	SignOn         bool           `db:"sign_on"`
	FailedAttempts int            `db:"failed_attempts"`
	FailedAt       *time.Time     `db:"failed_at"`
	CredentialsAt  time.Time      `db:"credentials_at"`
	LastLoginAt    *time.Time     `db:"last_login_at"`
	DisabledAt     *time.Time     `db:"disabled_at"`
	CreatedAt      time.Time      `db:"created_at"`
}

const userColumns = `u.id, u.email, u.name, u.password_hash, u.role, u.sites, u.sites is null as all_sites,
	u.language, u.totp_confirmed_at is not null as second_factor, u.oidc_subject is not null as sign_on,
	u.failed_attempts, u.failed_at, u.credentials_at, u.last_login_at, u.disabled_at, u.created_at`

func (r userRow) user() User {
	return User{
		ID: r.ID, Email: r.Email, Name: r.Name, PasswordHash: r.PasswordHash, Role: r.Role,
		Scope:    Scope{All: r.AllSites, Sites: r.Sites},
		Language: r.Language, SecondFactor: r.SecondFactor, SignOn: r.SignOn,
		FailedAttempts: r.FailedAttempts, FailedAt: r.FailedAt, CredentialsAt: r.CredentialsAt,
		LastLoginAt: r.LastLoginAt, DisabledAt: r.DisabledAt, CreatedAt: r.CreatedAt,
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
	if email == "" || user.Role == "" {
		return User{}, visit.Invalid("email", "A user needs an e-mail address and a role.")
	}
	var created User
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		id, err := s.newID()
		if err != nil {
			return err
		}
		created = User{
			ID: id, Email: email, Name: strings.TrimSpace(user.Name), PasswordHash: user.PasswordHash, Role: user.Role,
			Scope: user.Scope, Language: user.Language, CreatedAt: t.now, CredentialsAt: time.Unix(0, 0).UTC(),
		}
		t.audit("", by.Actor, "user.created", "user:"+id, map[string]any{"role": code(user.Role), "all_sites": user.Scope.All})
		if err := t.insertUser(ctx, created); err != nil || !user.Invite {
			return err
		}
		return t.record(visit.Event{Kind: visit.EventUserInvited, Actor: by.Actor, Data: map[string]any{"user_id": id}})
	})
	return created, err
}

func (t *tx) insertUser(ctx context.Context, u User) error {
	const insert = `insert into users (id, email, name, password_hash, role, sites, language, created_at, updated_at)
		values (@id, @email, @name, @hash, @role, @sites, @language, @now, @now)`
	_, err := t.Exec(ctx, insert, pgx.NamedArgs{
		"id": u.ID, "email": u.Email, "name": u.Name, "hash": u.PasswordHash, "role": u.Role,
		"sites": u.Scope.column(), "language": u.Language, "now": t.now,
	})
	return err
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

// orNone is for updates that found nothing: an error of the database, else none.
func orNone(err, none error) error {
	if err != nil {
		return orMissing(err, none)
	}
	return none
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
