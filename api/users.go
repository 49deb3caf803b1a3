package api

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type users interface {
	Users(ctx context.Context, scope store.Scope, page store.Page) (store.UserPage, error)
	UserInScope(ctx context.Context, scope store.Scope, id string) (store.User, error)
	CreateUser(ctx context.Context, by store.Caller, user store.NewUser) (store.User, error)
	EraseUser(ctx context.Context, by store.Caller, id string, may func(store.User) error) error
	EndLogins(ctx context.Context, by store.Caller, user string, may func(store.User) error) error
}

// User is a member of staff.
type User struct {
	ID           string         `json:"id"`
	Email        string         `json:"email"`
	Name         string         `json:"name"`
	Role         auth.Role      `json:"role"`
	AllSites     bool           `json:"all_sites"`
	Sites        []visit.SiteID `json:"sites,omitempty"`
	Language     string         `json:"language,omitempty"`
	HasPassword  bool           `json:"has_password"`
	SecondFactor bool           `json:"second_factor"`
	SignOn       bool           `json:"sign_on" doc:"Linked to somebody at the organisation's own provider."`
	LockedUntil  *time.Time     `json:"locked_until,omitempty" doc:"After wrong passwords."`
	LastLoginAt  *time.Time     `json:"last_login_at,omitempty"`
	DisabledAt   *time.Time     `json:"disabled_at,omitempty"`
	CreatedAt    time.Time      `json:"created_at"`
}

func (s *Server) userOf(u store.User) User {
	user := User{
		ID: u.ID, Email: u.Email, Name: u.Name, Role: auth.Role(u.Role), AllSites: u.Scope.All, Sites: u.Scope.Sites, Language: u.Language,
		HasPassword: u.PasswordHash != "", SecondFactor: u.SecondFactor, SignOn: u.SignOn,
		LastLoginAt: u.LastLoginAt, DisabledAt: u.DisabledAt, CreatedAt: u.CreatedAt,
	}
	if u.FailedAt != nil {
		if until := auth.Lockout(u.FailedAttempts, *u.FailedAt, s.Now()); !until.IsZero() {
			user.LockedUntil = &until
		}
	}
	return user
}

type userAnswer struct {
	Body struct {
		User User `json:"user"`
	}
}

func (s *Server) answerUser(u store.User, err error) (*userAnswer, error) {
	if err != nil {
		return nil, err
	}
	a := &userAnswer{}
	a.Body.User = s.userOf(u)
	return a, nil
}

type listUsersAnswer struct {
	Body struct {
		Items []User `json:"items"`
		Next  string `json:"next,omitempty" doc:"Cursor of the next part; absent at the end."`
	}
}

func (s *Server) listUsers(ctx context.Context, in *PageInput) (*listUsersAnswer, error) {
	page, err := s.Store.Users(ctx, s.caller(ctx).Scope, in.page())
	if err != nil {
		return nil, err
	}
	a := &listUsersAnswer{}
	a.Body.Items, a.Body.Next = each(page.Items, s.userOf), page.Next
	return a, nil
}

// UserPath is embedded by every request about one user.
type UserPath struct {
	User string `path:"user" format:"uuid"`
}

func (s *Server) readUser(ctx context.Context, in *UserPath) (*userAnswer, error) {
	return s.answerUser(s.Store.UserInScope(ctx, s.caller(ctx).Scope, in.User))
}

type createUserInput struct {
	Body struct {
		Email    string         `json:"email" minLength:"3" maxLength:"254" example:"ada@example.org"`
		Name     string         `json:"name,omitempty" maxLength:"200"`
		Role     auth.Role      `json:"role" maxLength:"40" doc:"One of GET /api/v1/roles; at most what you have yourself."`
		Sites    []visit.SiteID `json:"sites,omitempty" maxItems:"200" doc:"Absent: all sites that you may see."`
		Language string         `json:"language,omitempty" maxLength:"20"`
		Password string         `json:"password,omitempty" maxLength:"512" writeOnly:"true" doc:"Absent: a link to choose one is mailed, good for three days."`
	}
}

func (s *Server) createUser(ctx context.Context, in *createUserInput) (*userAnswer, error) {
	b := in.Body
	user := store.User{Email: strings.TrimSpace(b.Email), Name: strings.TrimSpace(b.Name), Role: string(b.Role), Language: b.Language}
	var err error
	if user.Scope, err = scopeFrom(auth.PrincipalOf(ctx), b.Sites); err != nil {
		return nil, err
	}
	if err := s.fit(ctx, user); err != nil {
		return nil, err
	}
	if b.Password != "" {
		if user.PasswordHash, err = s.chosen(ctx, "password", b.Password, user); err != nil {
			return nil, err
		}
	}
	return s.answerUser(s.Store.CreateUser(ctx, s.caller(ctx), store.NewUser{
		Email: user.Email, Name: user.Name, Role: user.Role, Scope: user.Scope, Language: user.Language,
		PasswordHash: user.PasswordHash, Invite: b.Password == "" && s.LocalLogin.may(user),
	}))
}

// scopeFrom is the sites that somebody asks for, or all that the asker may see.
func scopeFrom(p auth.Principal, sites []visit.SiteID) (store.Scope, error) {
	if len(sites) == 0 {
		return store.Scope{All: p.Sites.All, Sites: p.Sites.IDs}, nil
	}
	for _, id := range sites {
		if uuid.Validate(string(id)) != nil {
			return store.Scope{}, visit.Invalid("sites", "This is not a site's id.")
		}
	}
	return store.Scope{Sites: sites}, nil
}

// fit refuses a user who is none, and one with more than the caller has.
func (s *Server) fit(ctx context.Context, u store.User) error {
	switch {
	case !auth.Role(u.Role).Staff():
		return visit.Invalid("role", "There is no such role for people.")
	case !visit.MailAddress(u.Email):
		return visit.Invalid("email", "This is not an e-mail address.")
	}
	if err := checkLanguage(&u.Language); err != nil {
		return err
	}
	return mayManage(auth.PrincipalOf(ctx), u)
}

// mayManage refuses to touch a user who has more than oneself: who could set their
// address or password could become them.
func mayManage(p auth.Principal, u store.User) error {
	if !p.MayGrant(sitesOf(u.Scope), auth.Role(u.Role).Permissions()) {
		return errGrantsMore
	}
	return nil
}

type changeUserInput struct {
	UserPath
	Body struct {
		Email    *string        `json:"email,omitempty" minLength:"3" maxLength:"254"`
		Name     *string        `json:"name,omitempty" maxLength:"200"`
		Role     *string        `json:"role,omitempty" maxLength:"40"`
		AllSites *bool          `json:"all_sites,omitempty" doc:"true: all sites, those to come included."`
		Sites    []visit.SiteID `json:"sites,omitempty" minItems:"1" maxItems:"200" doc:"Instead of the present ones."`
		Language *string        `json:"language,omitempty" maxLength:"20"`
		Password *string        `json:"password,omitempty" minLength:"1" maxLength:"512" writeOnly:"true"`
		Disabled *bool          `json:"disabled,omitempty"`
	}
}

// changeUser ends the user's logins unless only name or language changed.
func (s *Server) changeUser(ctx context.Context, in *changeUserInput) (*userAnswer, error) {
	b := in.Body
	change := store.UserChange{Email: trimmed(b.Email), Name: trimmed(b.Name), Role: b.Role, Language: b.Language, Disabled: b.Disabled}
	switch {
	case b.AllSites != nil && *b.AllSites:
		change.Scope = &store.Scope{All: true}
	case len(b.Sites) > 0:
		scope, err := scopeFrom(auth.Principal{}, b.Sites)
		if err != nil {
			return nil, err
		}
		change.Scope = &scope
	case b.AllSites != nil:
		return nil, visit.Invalid("sites", "Name the sites.")
	}
	if b.Password != nil {
		user, err := s.Store.UserInScope(ctx, s.caller(ctx).Scope, in.User)
		if err != nil {
			return nil, err
		}
		hash, err := s.chosen(ctx, "password", *b.Password, user)
		if err != nil {
			return nil, err
		}
		change.PasswordHash = &hash
	}
	return s.answerUser(s.Store.ChangeUser(ctx, s.caller(ctx), in.User, change, func(was, becomes store.User) error {
		if err := mayManage(auth.PrincipalOf(ctx), was); err != nil {
			return err
		}
		return s.fit(ctx, becomes)
	}))
}

// disableUser ends a user's logins at once. The row stays: the audit names it.
func (s *Server) disableUser(ctx context.Context, in *UserPath) (*struct{}, error) {
	_, err := s.Store.ChangeUser(ctx, s.caller(ctx), in.User, store.UserChange{Disabled: new(true)}, func(was, _ store.User) error {
		return mayManage(auth.PrincipalOf(ctx), was)
	})
	return nil, err
}

// eraseUser takes everything personal off a user who has left.
func (s *Server) eraseUser(ctx context.Context, in *UserPath) (*struct{}, error) {
	return nil, s.Store.EraseUser(ctx, s.caller(ctx), in.User, func(u store.User) error {
		return mayManage(auth.PrincipalOf(ctx), u)
	})
}

// resetTOTP switches off the second factor of somebody who has lost it.
func (s *Server) resetTOTP(ctx context.Context, in *UserPath) (*struct{}, error) {
	return nil, s.Store.RemoveSecondFactor(ctx, s.caller(ctx), in.User, func(u store.User) error {
		return mayManage(auth.PrincipalOf(ctx), u)
	})
}

// endLogins signs somebody out everywhere.
func (s *Server) endLogins(ctx context.Context, in *UserPath) (*struct{}, error) {
	return nil, s.Store.EndLogins(ctx, s.caller(ctx), in.User, func(u store.User) error {
		return mayManage(auth.PrincipalOf(ctx), u)
	})
}

// Role is a named set of permissions.
type Role struct {
	Name        auth.Role `json:"name"`
	Description string    `json:"description"`
	Permissions []string  `json:"permissions"`
	Staff       bool      `json:"staff" doc:"Can be given to people."`
	Grantable   bool      `json:"grantable" doc:"You could give it to somebody."`
}

type listRolesAnswer struct {
	Body struct {
		Items []Role `json:"items"`
	}
}

func (s *Server) listRoles(ctx context.Context, _ *struct{}) (*listRolesAnswer, error) {
	p := auth.PrincipalOf(ctx)
	a := &listRolesAnswer{}
	a.Body.Items = each(auth.Roles(), func(r auth.Role) Role {
		return Role{
			Name: r, Description: r.Description(), Permissions: r.Permissions().Names(), Staff: r.Staff(),
			Grantable: r.Staff() && p.Can(auth.UsersWrite) && p.MayGrant(auth.Sites{}, r.Permissions()),
		}
	})
	return a, nil
}
