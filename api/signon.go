package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/foyerhq/foyer/internal/oidc"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type signOns interface {
	SignOn(ctx context.Context, in store.SignOn) (store.User, error)
}

// SignOn is the organisation's own provider.
type SignOn interface {
	// Name is what the button is called.
	Name() string
	// Begin returns where to send the browser, and what it must bring back.
	Begin(ctx context.Context) (to, kept string, err error)
	// Finish says who came back.
	Finish(ctx context.Context, kept, code, state string) (oidc.Person, error)
}

// The cookie that a browser brings back from the provider.
const (
	signOnCookie = "foyer_oidc"
	signOnPath   = "/api/v1/oidc"
)

type signInWays struct {
	Body struct {
		Local  LocalLogin `json:"local_login" enum:"everyone,administrators" doc:"Who may sign in with a password."`
		SignOn string     `json:"sign_on,omitempty" doc:"Name of the organisation's own provider; sign in there by /api/v1/oidc/start."`
		Mail   bool       `json:"mail" doc:"Whether this deployment sends mail, such as links to choose a password."`
	}
}

// loginWays says how people sign in here, for the page that asks them to.
func (s *Server) loginWays(context.Context, *struct{}) (*signInWays, error) {
	a := &signInWays{}
	a.Body.Local, a.Body.Mail = LocalEveryone, s.Mail
	if s.LocalLogin != "" {
		a.Body.Local = s.LocalLogin
	}
	if s.SignOn != nil {
		a.Body.SignOn = s.SignOn.Name()
	}
	return a, nil
}

type redirectAnswer struct {
	Status    int
	Location  string        `header:"Location"`
	SetCookie []http.Cookie `header:"Set-Cookie"`
}

var errNoSignOn = visit.Errorf(visit.KindNotFound, "oidc_off", "Nobody signs in elsewhere here.")

// signOnStart sends the browser to the provider.
func (s *Server) signOnStart(ctx context.Context, in *FromAddress) (*redirectAnswer, error) {
	if s.SignOn == nil {
		return nil, errNoSignOn
	}
	if err := within(s.Requests, in.address); err != nil {
		return nil, err
	}
	to, kept, err := s.SignOn.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return &redirectAnswer{http.StatusFound, to, []http.Cookie{s.signOnCookie(kept, int(oidc.ReturnWithin.Seconds()))}}, nil
}

// signOnCookie is Lax, unlike others of ours: the provider's page sends the browser
// back with it.
func (s *Server) signOnCookie(value string, maxAge int) http.Cookie {
	c := s.cookie(value, maxAge) //nolint:gosec // G124: as the login's, but Lax
	c.Name, c.Path, c.SameSite = signOnCookie, signOnPath, http.SameSiteLaxMode
	return c
}

type signOnInput struct {
	FromAddress
	Kept  string `cookie:"foyer_oidc" hidden:"true"`
	Code  string `query:"code" maxLength:"4096"`
	State string `query:"state" maxLength:"1024"`
	Error string `query:"error" maxLength:"200" doc:"A code (RFC 6749 section 4.1.2.1)."`
}

// signOnReturn signs in who came back from the provider. A person waits in a browser:
// what goes wrong is shown by the page that they are sent to.
func (s *Server) signOnReturn(ctx context.Context, in *signOnInput) (*redirectAnswer, error) {
	if s.SignOn == nil {
		return nil, errNoSignOn
	}
	used := s.signOnCookie("", -1)
	cookie, err := s.signedOn(ctx, in)
	if err != nil {
		s.Metrics.logins.WithLabelValues("refused").Inc()
		s.Logger.InfoContext(ctx, "sign-on refused", "error", err, "cause", errors.Unwrap(err))
		p := problemOf(ctx, s.Logger, err)
		to := s.PublicURL + "/sign-in?problem=" + url.QueryEscape(p.Type[len(problemType):])
		return &redirectAnswer{http.StatusFound, to, []http.Cookie{used}}, nil
	}
	s.Metrics.logins.WithLabelValues("accepted").Inc()
	return &redirectAnswer{http.StatusFound, s.PublicURL + "/", []http.Cookie{cookie, used}}, nil
}

func (s *Server) signedOn(ctx context.Context, in *signOnInput) (http.Cookie, error) {
	if err := within(s.Logins, in.address); err != nil {
		return http.Cookie{}, err
	}
	if in.Error != "" {
		return http.Cookie{}, oidc.ErrRefused
	}
	who, err := s.SignOn.Finish(ctx, in.Kept, in.Code, in.State)
	if err != nil {
		return http.Cookie{}, err
	}
	token, login, err := s.newLogin()
	if err != nil {
		return http.Cookie{}, err
	}
	_, err = s.Store.SignOn(ctx, store.SignOn{
		Issuer: who.Issuer, Subject: who.Subject, Email: who.Email, Name: who.Name, Role: string(who.Role),
		Scope: store.Scope{All: who.Sites.All, Sites: who.Sites.IDs}, Provision: who.Provision, Login: login,
	})
	return s.cookie(token.Reveal(), int(loginFor.Seconds())), err
}
