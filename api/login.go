package api

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type logins interface {
	UserByEmail(ctx context.Context, email string) (store.User, error)
	User(ctx context.Context, id string) (store.User, error)
	// BeginLogin counts an attempt before its password is looked at, and says
	// whether it may be.
	BeginLogin(ctx context.Context, user string) (allowed bool, err error)
	LoginFailed(ctx context.Context, user string) error
	ForgiveLogin(ctx context.Context, user string) error
	SignIn(ctx context.Context, in store.SignIn) error
	RevokeLogin(ctx context.Context, hash []byte) error
	SecondFactor(ctx context.Context, user string) (secret []byte, used int64, err error)
}

// LocalLogin says who may sign in with a password of ours.
type LocalLogin string

// Who may: everyone, or where staff sign in at their organisation's provider
// administrators alone, for the day on which that fails.
const (
	LocalEveryone       LocalLogin = "everyone"
	LocalAdministrators LocalLogin = "administrators"
)

// has reports whether a user has a password to sign in with.
func (l LocalLogin) has(u store.User) bool {
	return u.PasswordHash != "" && u.DisabledAt == nil && l.may(u)
}

func (l LocalLogin) may(u store.User) bool {
	return l != LocalAdministrators || auth.Role(u.Role) == auth.Administrator
}

type loginInput struct {
	address string
	Body    struct {
		Email    string `json:"email" minLength:"3" maxLength:"254"`
		Password string `json:"password" minLength:"1" maxLength:"512" writeOnly:"true"`
		Code     string `json:"code,omitempty" maxLength:"40" writeOnly:"true" doc:"Of the second factor, or a recovery code; needed when the answer without it was totp_required."`
	}
}

// Resolve implements huma.Resolver: the address is for the rate limit.
func (i *loginInput) Resolve(c huma.Context) []error {
	i.address = clientAddress(humagin.Unwrap(c))
	return nil
}

type loginAnswer struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      Me
}

// loginFor is how long a login lasts from its start; staff sign in once a day.
const loginFor = 12 * time.Hour

var (
	errLogin        = visit.Errorf(visit.KindUnauthenticated, "login_refused", "E-mail and password do not match.")
	errTOTPRequired = visit.Errorf(visit.KindUnauthenticated, "totp_required", "Enter the code of your authenticator app.")
)

// refusedAfter is more than a refusal takes, whatever its reason: counting a
// wrong password is a write that an unknown name does not need.
const refusedAfter = 300 * time.Millisecond

// login answers the same, after the same work and time, whether the name is
// unknown, the password wrong, the user disabled or locked out. Only who knows the
// password learns that a code is asked for.
func (s *Server) login(ctx context.Context, in *loginInput) (*loginAnswer, error) {
	refusal := time.After(refusedAfter)
	if err := within(s.Logins, in.address); err != nil {
		s.Metrics.logins.WithLabelValues("limited").Inc()
		return nil, err
	}
	a, err := s.signIn(ctx, in)
	if err != nil {
		s.Metrics.logins.WithLabelValues("refused").Inc()
		waitFor(ctx, refusal)
		return nil, err
	}
	s.Metrics.logins.WithLabelValues("accepted").Inc()
	return a, nil
}

// waitFor waits for an instant, or for the caller to leave.
func waitFor(ctx context.Context, at <-chan time.Time) {
	select {
	case <-at:
	case <-ctx.Done():
	}
}

func (s *Server) signIn(ctx context.Context, in *loginInput) (*loginAnswer, error) {
	user, err := s.Store.UserByEmail(ctx, strings.TrimSpace(in.Body.Email))
	if visit.KindOf(err) == visit.KindNotFound {
		return nil, s.nobody(ctx, in.Body.Password)
	}
	if err != nil {
		return nil, err
	}
	if !s.LocalLogin.has(user) {
		return nil, s.nobody(ctx, in.Body.Password)
	}
	if err := s.knowsPassword(ctx, user, in.Body.Password); err != nil {
		return nil, err
	}
	proof := store.SignIn{PasswordHash: user.PasswordHash, NewHash: s.rehash(ctx, user.PasswordHash, in.Body.Password)}
	if user.SecondFactor {
		if err := s.checkCode(ctx, user, in.Body.Code, &proof); err != nil {
			return nil, err
		}
	}
	cookie, err := s.beginLogin(ctx, user, proof)
	if errors.Is(err, store.ErrCodeUsed) {
		err = s.codeRefused(ctx, user)
	}
	if err != nil {
		return nil, err
	}
	a := &loginAnswer{SetCookie: cookie}
	a.Body = meOfUser(user)
	return a, nil
}

// nobody refuses after the work of a wrong password.
func (s *Server) nobody(ctx context.Context, password string) error {
	if err := s.Passwords.VerifyNobody(ctx, password); err != nil {
		return err
	}
	return errLogin
}

// knowsPassword refuses a wrong password, and any while the user is locked out. The
// attempt stays counted until the login has succeeded, or is forgiven.
func (s *Server) knowsPassword(ctx context.Context, user store.User, password string) error {
	allowed, err := s.Store.BeginLogin(ctx, user.ID)
	if err != nil {
		return err
	}
	if !allowed {
		return s.nobody(ctx, password)
	}
	ok, err := s.Passwords.Verify(ctx, password, user.PasswordHash)
	if err != nil || ok {
		return err
	}
	if err := s.Store.LoginFailed(ctx, user.ID); err != nil {
		return err
	}
	return errLogin
}

// rehash returns the hash of a password, which is right, at today's cost; empty
// where the stored one is good enough or there is no time for it now.
func (s *Server) rehash(ctx context.Context, stored, password string) string {
	if !s.Passwords.NeedsRehash(stored) {
		return ""
	}
	hash, err := s.Passwords.Hash(ctx, password)
	if err != nil {
		return ""
	}
	return hash
}

// checkCode looks for the code of the second factor, or a recovery code. A wrong one
// counts as a wrong password does; none at all does not.
func (s *Server) checkCode(ctx context.Context, user store.User, code string, proof *store.SignIn) error {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	if code == "" {
		if err := s.Store.ForgiveLogin(ctx, user.ID); err != nil {
			return err
		}
		return errTOTPRequired
	}
	if plain, ok := auth.ParseRecoveryCode(code); ok {
		proof.Recovery = s.recoveryHashes(user.ID, plain)
		return nil
	}
	secret, used, err := s.Store.SecondFactor(ctx, user.ID)
	if err != nil {
		return err
	}
	step, ok := auth.TOTPStep(secret, code, s.Now(), used)
	if !ok {
		return s.codeRefused(ctx, user)
	}
	proof.Step = step
	return nil
}

func (s *Server) codeRefused(ctx context.Context, user store.User) error {
	if err := s.Store.LoginFailed(ctx, user.ID); err != nil {
		return err
	}
	return store.ErrCodeUsed
}

// recoveryHashes are what a recovery code may be stored as, under each key.
func (s *Server) recoveryHashes(user, plain string) [][]byte {
	return s.Links.MACs("recovery-code", []byte(user+" "+plain))
}

// beginLogin stores a login and returns its cookie.
func (s *Server) beginLogin(ctx context.Context, user store.User, proof store.SignIn) (http.Cookie, error) {
	token, login, err := s.newLogin()
	if err != nil {
		return http.Cookie{}, err
	}
	login.UserID = user.ID
	proof.Login = login
	if err := s.Store.SignIn(ctx, proof); err != nil {
		return http.Cookie{}, err
	}
	return s.cookie(token.Reveal(), int(loginFor.Seconds())), nil
}

func (s *Server) newLogin() (auth.Token, store.Login, error) {
	token, err := auth.NewToken(rand.Reader, auth.LoginCookie)
	return token, store.Login{TokenHash: token.Hash(), ExpiresAt: s.Now().Add(loginFor)}, err
}

// cookie is out of reach for scripts and other sites, and goes over TLS only
// where there is TLS.
func (s *Server) cookie(value string, maxAge int) http.Cookie {
	return http.Cookie{ //nolint:gosec // G124: Secure follows the public URL; loopback has no TLS
		Name: cookieName, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true,
		Secure: s.overTLS(), SameSite: http.SameSiteStrictMode,
	}
}

type logoutInput struct {
	Login string `cookie:"foyer_login" hidden:"true"`
}

type logoutAnswer struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

func (s *Server) logout(ctx context.Context, in *logoutInput) (*logoutAnswer, error) {
	if token, ok := auth.ParseToken(in.Login, auth.LoginCookie); ok {
		if err := s.Store.RevokeLogin(ctx, token.Hash()); err != nil {
			return nil, err
		}
	}
	return &logoutAnswer{s.cookie("", -1)}, nil
}
