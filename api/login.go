package api

import (
	"context"
	"crypto/rand"
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
	LoginFailed(ctx context.Context, user string) error
	LoginSucceeded(ctx context.Context, user string) error
	CreateLogin(ctx context.Context, login store.Login) error
	RevokeLogin(ctx context.Context, hash []byte) error
}

type loginInput struct {
	address string
	Body    struct {
		Email    string `json:"email" minLength:"3" maxLength:"254"`
		Password string `json:"password" minLength:"1" maxLength:"512" writeOnly:"true"`
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

// Me is who is signed in and what they may do.
type Me struct {
	Kind        auth.Kind      `json:"kind"`
	ID          string         `json:"id"`
	Name        string         `json:"name,omitempty"`
	Permissions []string       `json:"permissions"`
	AllSites    bool           `json:"all_sites"`
	Sites       []visit.SiteID `json:"sites,omitempty"`
}

func meOf(p auth.Principal) Me {
	return Me{Kind: p.Kind, ID: p.ID, Name: p.Name, Permissions: p.Permissions.Names(), AllSites: p.Sites.All, Sites: p.Sites.IDs}
}

// loginFor is how long a login lasts from its start; staff sign in once a day.
const loginFor = 12 * time.Hour

var errLogin = visit.Errorf(visit.KindUnauthenticated, "login_refused", "E-mail and password do not match.")

// refusedAfter is more than a refusal takes, whatever its reason: counting a
// wrong password is a write that an unknown name does not need.
const refusedAfter = 300 * time.Millisecond

// login answers the same, after the same work and time, whether the name is
// unknown, the password wrong, the user disabled or locked out.
func (s *Server) login(ctx context.Context, in *loginInput) (*loginAnswer, error) {
	refusal := time.After(refusedAfter)
	if err := within(s.Logins, in.address); err != nil {
		s.Metrics.logins.WithLabelValues("limited").Inc()
		return nil, err
	}
	user, err := s.checkedPassword(ctx, strings.TrimSpace(in.Body.Email), in.Body.Password)
	if err != nil {
		s.Metrics.logins.WithLabelValues("refused").Inc()
		select {
		case <-refusal:
		case <-ctx.Done():
		}
		return nil, err
	}
	cookie, err := auth.NewToken(rand.Reader, auth.LoginCookie)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	if err := s.Store.CreateLogin(ctx, store.Login{
		TokenHash: cookie.Hash(), UserID: user.ID, CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(loginFor),
	}); err != nil {
		return nil, err
	}
	s.Metrics.logins.WithLabelValues("accepted").Inc()
	a := &loginAnswer{SetCookie: s.cookie(cookie.Reveal(), int(loginFor.Seconds()))}
	a.Body = meOf(principalOfUser(user))
	return a, nil
}

func (s *Server) checkedPassword(ctx context.Context, email, password string) (store.User, error) {
	user, err := s.Store.UserByEmail(ctx, email)
	if visit.KindOf(err) == visit.KindNotFound {
		if err := s.Passwords.VerifyNobody(ctx, password); err != nil {
			return user, err
		}
		return user, errLogin
	}
	if err != nil {
		return user, err
	}
	if user.FailedAt != nil && s.Now().Before(auth.Lockout(user.FailedAttempts, *user.FailedAt, s.Now())) || user.DisabledAt != nil {
		if err := s.Passwords.VerifyNobody(ctx, password); err != nil {
			return user, err
		}
		return user, errLogin
	}
	ok, err := s.Passwords.Verify(ctx, password, user.PasswordHash)
	if err != nil {
		return user, err
	}
	if !ok {
		if err := s.Store.LoginFailed(ctx, user.ID); err != nil {
			return user, err
		}
		return user, errLogin
	}
	return user, s.Store.LoginSucceeded(ctx, user.ID)
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

type meAnswer struct {
	Body Me
}

func (s *Server) me(ctx context.Context, _ *struct{}) (*meAnswer, error) {
	return &meAnswer{meOf(auth.PrincipalOf(ctx))}, nil
}
