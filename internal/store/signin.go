package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/visit"
)

// Refusals of signing in.
var (
	ErrCodeUsed      = visit.Errorf(visit.KindUnauthenticated, "totp_refused", "This code is not right, or was used before.")
	ErrChangedSince  = visit.Errorf(visit.KindUnauthenticated, "login_refused", "E-mail and password do not match.")
	ErrSecondFactor  = visit.Errorf(visit.KindConflict, "totp_on", "A second factor is set up already.")
	ErrNoSecond      = visit.Errorf(visit.KindConflict, "totp_off", "No second factor is set up.")
	ErrResetLinkUsed = visit.Errorf(visit.KindGone, "link_expired", "This link has expired.")
)

// resetEach is how soon a user may be sent another link to set a password.
const resetEach = 2 * time.Minute

// BeginLogin counts a login before its password is looked at, and reports whether
// it may be: of many guesses at once, by however many replicas, no more get through
// than the lockout allows. Who turns out to know the password is forgiven.
func (s *Store) BeginLogin(ctx context.Context, user string) (allowed bool, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		allowed = false
		u, err := t.lockUser(ctx, `u.id = @id`, pgx.NamedArgs{"id": user})
		if err != nil || u.DisabledAt != nil {
			return err
		}
		last := value(u.FailedAt)
		if !auth.Lockout(u.FailedAttempts, last, t.now).IsZero() {
			return nil
		}
		allowed = true
		const count = `update users set failed_attempts = @failed, failed_at = @now where id = @id`
		_, err = t.Exec(ctx, count, pgx.NamedArgs{"id": user, "failed": auth.CountFailure(u.FailedAttempts, last, t.now), "now": t.now})
		return err
	})
	return allowed, err
}

// LoginFailed records that an attempt, which stays counted, did not know the
// password or the code.
func (s *Store) LoginFailed(ctx context.Context, user string) error {
	return s.write(ctx, func(_ context.Context, t *tx) error {
		t.audit("", "user:"+user, "user.login_failed", "user:"+user, nil)
		return nil
	})
}

// ForgiveLogin takes back an attempt that knew the password and has yet to bring
// its code. Earlier ones stay: who knows the password must not guess codes freely.
func (s *Store) ForgiveLogin(ctx context.Context, user string) error {
	return s.once(ctx, func(ctx context.Context, q db) error {
		_, err := exec(ctx, q, `update users set failed_attempts = greatest(failed_attempts - 1, 0) where id = @id`, pgx.NamedArgs{"id": user})
		return err
	})
}

// SignIn is a login whose credentials were checked.
type SignIn struct {
	Login                 // UserID, TokenHash and ExpiresAt
	PasswordHash string   // that was checked; one that was changed since lets nobody in
	NewHash      string   // of the same password at today's cost; empty: as it was
	Step         int64    // of the code; 0: none
	Recovery     [][]byte // hashes of the recovery code that was sent, under each key; nil: none
	Continues    bool     // a login that has ended just now: no code is asked for
}

// method is how the user proved who they are, for the audit.
func (in SignIn) method() string {
	switch {
	case in.Continues:
		return "continued"
	case in.Recovery != nil:
		return "recovery_code"
	case in.Step != 0:
		return "totp"
	}
	return "password"
}

// SignIn begins a dashboard session, forgets the wrong passwords before and uses
// the code up. It returns ErrCodeUsed, and ErrChangedSince when the user was changed
// meanwhile.
func (s *Store) SignIn(ctx context.Context, in SignIn) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		const find = `u.id = @id and u.password_hash = @hash and u.disabled_at is null`
		u, err := t.lockUser(ctx, find, pgx.NamedArgs{"id": in.UserID, "hash": in.PasswordHash})
		if errors.Is(err, ErrUserNotFound) {
			err = ErrChangedSince
		}
		if err != nil {
			return err
		}
		if err := t.useCode(ctx, u, in); err != nil {
			return err
		}
		hash := in.PasswordHash
		if in.NewHash != "" {
			hash = in.NewHash
		}
		const update = `update users set failed_attempts = 0, failed_at = null, last_login_at = @now, password_hash = @hash where id = @id`
		if _, err := t.Exec(ctx, update, pgx.NamedArgs{"id": in.UserID, "hash": hash, "now": t.now}); err != nil {
			return err
		}
		return t.beginLogin(ctx, in.Login, in.method())
	})
}

// useCode makes sure that a code is never used again. A user whose second factor
// was set up meanwhile needs one.
func (t *tx) useCode(ctx context.Context, u User, in SignIn) error {
	var n int64
	var err error
	switch {
	case !u.SecondFactor || in.Continues:
		return nil
	case in.Recovery != nil:
		const use = `delete from recovery_codes where user_id = @id and code_hash = any(@hashes)`
		n, err = exec(ctx, t, use, pgx.NamedArgs{"id": u.ID, "hashes": in.Recovery})
	default:
		n, err = exec(ctx, t, `update users set totp_step = @step where id = @id and totp_step < @step`, pgx.NamedArgs{"id": u.ID, "step": in.Step})
	}
	if err == nil && n == 0 {
		return ErrCodeUsed
	}
	return err
}

func (t *tx) beginLogin(ctx context.Context, login Login, method string) error {
	const insert = `insert into logins (token_hash, user_id, created_at, last_seen_at, expires_at) values (@hash, @user, @now, @now, @expires)`
	_, err := t.Exec(ctx, insert, pgx.NamedArgs{"hash": login.TokenHash, "user": login.UserID, "now": t.now, "expires": login.ExpiresAt})
	t.audit("", "user:"+login.UserID, "user.login_succeeded", "user:"+login.UserID, map[string]any{"method": method})
	return err
}

// SetPassword replaces the password that hashes to was, and ends the user's logins.
// It returns ErrChangedSince.
func (s *Store) SetPassword(ctx context.Context, by Caller, user, was, hash string) error {
	return s.setPassword(ctx, by.Actor, `id = @id and password_hash = @was`, ErrChangedSince, pgx.NamedArgs{"id": user, "was": was, "hash": hash})
}

// ResetPassword sets the password of who holds a link that was made at an instant,
// and ends the user's logins and lockout. The link is void from then on: it returns
// ErrResetLinkUsed when password or address have changed since it was made.
func (s *Store) ResetPassword(ctx context.Context, user string, made time.Time, hash string) error {
	return s.setPassword(ctx, "user:"+user, `id = @id and credentials_at < @made and disabled_at is null`, ErrResetLinkUsed,
		pgx.NamedArgs{"id": user, "made": made, "hash": hash})
}

func (s *Store) setPassword(ctx context.Context, actor, where string, refusal error, args pgx.NamedArgs) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		// A replica whose clock is behind must not leave a link good.
		at := t.now
		if made, ok := args["made"].(time.Time); ok {
			at = later(at, made)
		}
		args["now"], args["at"] = t.now, at
		n, err := exec(ctx, t, `update users set password_hash = @hash, credentials_at = @at, failed_attempts = 0, failed_at = null, updated_at = @now
			where `+where, args)
		if err != nil || n == 0 {
			return orNone(err, refusal)
		}
		id, _ := args["id"].(string)
		t.audit("", actor, "user.password_set", "user:"+id, nil)
		return t.endLogins(ctx, id)
	})
}

// AskReset asks for a link to set a password to be mailed, for a user who may have
// one: not disabled, and with a password or nowhere else to sign in. Others, and who
// asked a moment ago, get none; the caller cannot tell.
func (s *Store) AskReset(ctx context.Context, user string) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		const find = `u.id = @id and u.disabled_at is null and (u.password_hash <> '' or u.oidc_subject is null)
			and (u.reset_asked_at is null or u.reset_asked_at <= @before)`
		_, err := t.lockUser(ctx, find, pgx.NamedArgs{"id": user, "before": t.now.Add(-resetEach)})
		if visit.KindOf(err) == visit.KindNotFound {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := t.Exec(ctx, `update users set reset_asked_at = @now where id = @id`, pgx.NamedArgs{"id": user, "now": t.now}); err != nil {
			return err
		}
		return t.record(visit.Event{Kind: visit.EventPasswordResetAsked, Actor: "user:" + user, Data: map[string]any{"user_id": user}})
	})
}
