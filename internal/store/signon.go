package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// SignOn is somebody whom the organisation's own provider has signed in.
type SignOn struct {
	Issuer, Subject string
	Email           string // that the provider has verified; empty: none
	Name            string
	// Role and Scope are what the provider's claims mean; an empty role leaves a
	// user's as they are.
	Role      string
	Scope     Scope
	Provision bool  // make a user for who has none
	Login     Login // TokenHash and ExpiresAt
}

// ErrNoAccount covers who has no account here, and one that is disabled or belongs
// to another subject.
var ErrNoAccount = visit.Errorf(visit.KindForbidden, "oidc_no_account", "You are signed in, but there is no account for you here. Ask an administrator.")

// actorSignOn is who makes and changes users as the provider's claims say.
const actorSignOn = "system:oidc"

// SignOn begins a dashboard session for the user who is linked to the subject, or
// has the verified address and is linked to none: they are linked from then on. It
// returns ErrNoAccount and ErrLastAdministrator.
func (s *Store) SignOn(ctx context.Context, in SignOn) (User, error) {
	signed, err := s.signOn(ctx, in)
	if errors.Is(err, refusals["users_email"]) {
		signed, err = s.signOn(ctx, in) // another tab has just made them
	}
	return signed, err
}

func (s *Store) signOn(ctx context.Context, in SignOn) (User, error) {
	var signed User
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		u, err := t.signOnUser(ctx, in)
		if err != nil {
			return err
		}
		if u.DisabledAt != nil {
			return ErrNoAccount
		}
		if in.Role != "" && (u.Role != in.Role || !sameSites(u.Scope, in.Scope)) {
			becomes, fields := UserChange{Role: &in.Role, Scope: &in.Scope}.apply(u)
			if err := t.saveUser(ctx, actorSignOn, u, becomes, fields); err != nil {
				return err
			}
			u = becomes
		}
		const update = `update users set failed_attempts = 0, failed_at = null, last_login_at = @now where id = @id`
		if _, err := t.Exec(ctx, update, pgx.NamedArgs{"id": u.ID, "now": t.now}); err != nil {
			return err
		}
		signed, in.Login.UserID = u, u.ID
		return t.beginLogin(ctx, in.Login, "oidc")
	})
	return signed, err
}

// signOnUser finds, links or makes the user.
func (t *tx) signOnUser(ctx context.Context, in SignOn) (User, error) {
	args := pgx.NamedArgs{"issuer": in.Issuer, "subject": in.Subject, "email": in.Email, "now": t.now}
	const linked = `u.oidc_issuer = @issuer and u.oidc_subject = @subject`
	u, err := t.lockUser(ctx, linked, args)
	if err == nil || !errors.Is(err, ErrUserNotFound) {
		return u, err
	}
	if in.Email == "" {
		return u, ErrNoAccount
	}
	u, err = t.lockUser(ctx, `lower(u.email) = lower(@email)`, args)
	switch {
	case errors.Is(err, ErrUserNotFound):
		u, err = t.provision(ctx, in)
	case err == nil && u.SignOn: // to another subject, or by another tab just now
		if u, err = t.lockUser(ctx, linked, args); errors.Is(err, ErrUserNotFound) {
			err = ErrNoAccount
		}
		return u, err
	case err == nil && u.DisabledAt != nil:
		err = ErrNoAccount
	}
	if err != nil {
		return u, err
	}
	args["id"] = u.ID
	u.SignOn = true
	t.audit("", actorSignOn, "user.linked", "user:"+u.ID, nil)
	_, err = t.Exec(ctx, `update users set oidc_issuer = @issuer, oidc_subject = @subject, updated_at = @now where id = @id`, args)
	return u, err
}

func (t *tx) provision(ctx context.Context, in SignOn) (User, error) {
	if !in.Provision || in.Role == "" {
		return User{}, ErrNoAccount
	}
	id, err := t.s.newID()
	if err != nil {
		return User{}, err
	}
	u := User{ID: id, Email: in.Email, Name: in.Name, Role: in.Role, Scope: in.Scope, CreatedAt: t.now}
	t.audit("", actorSignOn, "user.created", "user:"+id, map[string]any{"role": code(in.Role), "all_sites": in.Scope.All})
	return u, t.insertUser(ctx, u)
}
