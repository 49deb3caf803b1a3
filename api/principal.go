package api

import (
	"context"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// cookieName is the login cookie's. The prefix __Host- would demand TLS, which
// a loopback installation has not.
const cookieName = "foyer_login"

// Identities turns credentials into who they belong to.
type Identities interface {
	Login(ctx context.Context, hash []byte) (store.Login, store.User, error)
	TokenByHash(ctx context.Context, hash []byte) (store.Token, error)
}

var (
	errUnauthenticated = visit.Errorf(visit.KindUnauthenticated, "unauthenticated", "Sign in, or send a valid token.")
	errForbidden       = visit.Errorf(visit.KindForbidden, "forbidden", "You may not do this.")
	errNoRoute         = visit.Errorf(visit.KindNotFound, "no_such_route", "There is nothing at this address.")
	errNoMethod        = visit.Errorf(visit.KindInvalid, "method_not_allowed", "This address does not take that method.")
	errTooMany         = visit.Errorf(visit.KindLimited, "too_many_requests", "Too many requests. Come back in a moment.")
)

type principalKey struct{}

// principalOf returns who makes the request. Only routes with a permission have
// one, and every such route has.
func principalOf(ctx context.Context) auth.Principal {
	p, _ := ctx.Value(principalKey{}).(auth.Principal)
	return p
}

// identify says who makes a request: a bearer token wins over a cookie, and a
// bad one is not forgiven by a good other.
func (s *Server) identify(ctx context.Context, header, cookie string) (auth.Principal, error) {
	if scheme, value, ok := strings.Cut(header, " "); ok && strings.EqualFold(scheme, "bearer") {
		return s.byToken(ctx, strings.TrimSpace(value))
	}
	if cookie == "" {
		return auth.Principal{}, errUnauthenticated
	}
	return s.byLogin(ctx, cookie)
}

func (s *Server) byToken(ctx context.Context, value string) (auth.Principal, error) {
	parsed, ok := auth.ParseToken(value, auth.APIToken)
	if !ok {
		return auth.Principal{}, errUnauthenticated
	}
	token, err := s.Store.TokenByHash(ctx, parsed.Hash())
	if err != nil {
		return auth.Principal{}, unknownIs(err, errUnauthenticated)
	}
	permissions, err := auth.ParsePermissions(token.Permissions)
	if err != nil {
		return auth.Principal{}, err
	}
	return auth.Principal{
		Kind: auth.KindToken, ID: token.ID, Name: token.Name,
		Sites: auth.Sites{All: token.Scope.All, IDs: token.Scope.Sites}, Permissions: permissions,
	}, nil
}

func (s *Server) byLogin(ctx context.Context, cookie string) (auth.Principal, error) {
	parsed, ok := auth.ParseToken(cookie, auth.LoginCookie)
	if !ok {
		return auth.Principal{}, errUnauthenticated
	}
	_, user, err := s.Store.Login(ctx, parsed.Hash())
	if err != nil {
		return auth.Principal{}, unknownIs(err, errUnauthenticated)
	}
	return principalOfUser(user), nil
}

func principalOfUser(user store.User) auth.Principal {
	return auth.Principal{
		Kind: auth.KindUser, ID: user.ID, Name: user.Name,
		Sites: auth.Sites{All: user.Scope.All, IDs: user.Scope.Sites}, Permissions: auth.Role(user.Role).Permissions(),
	}
}

// unknownIs replaces "there is no such thing" by what the caller may know.
func unknownIs(err, known error) error {
	switch visit.KindOf(err) {
	case visit.KindNotFound, visit.KindGone, visit.KindUnauthenticated:
		return known
	default:
		return err
	}
}

// guard returns the middleware that lets a route be called with a permission
// only, within the request limit, and bounded in time.
func (s *Server) guard(permission auth.Permission) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		ctx, cancel := context.WithTimeout(c.Context(), requestWithin)
		defer cancel()
		principal, err := s.permitted(ctx, c, permission)
		if err != nil {
			s.fail(c, err)
			return
		}
		next(huma.WithContext(c, context.WithValue(ctx, principalKey{}, principal)))
	}
}

func (s *Server) permitted(ctx context.Context, c huma.Context, permission auth.Permission) (auth.Principal, error) {
	cookie, err := huma.ReadCookie(c, cookieName)
	if err != nil {
		cookie = &http.Cookie{}
	}
	principal, err := s.identify(ctx, c.Header("Authorization"), cookie.Value)
	if err != nil {
		return principal, err
	}
	return principal, s.allowed(principal, permission)
}

// allowed refuses a principal that calls too often or lacks the permission.
func (s *Server) allowed(p auth.Principal, permission auth.Permission) error {
	if err := within(s.Requests, p.Actor()); err != nil {
		return err
	}
	if !p.Can(permission) {
		return errForbidden
	}
	return nil
}

// within takes one call from a key's bucket, or says when to come back.
func within(l *limit.Limiter, key string) error {
	if l == nil {
		return nil
	}
	ok, retryFor := l.Allow(key)
	if ok {
		return nil
	}
	p := problemFrom(errTooMany)
	p.retryAfter = strconv.Itoa(int(retryFor/time.Second) + 1)
	return p
}

// caller is the principal as the store knows it, with the request's key.
func (s *Server) caller(ctx context.Context, key string, request string, status int) store.Caller {
	p := principalOf(ctx)
	c := store.Caller{Actor: p.Actor(), Scope: scopeOf(p)}
	if key != "" {
		c.Idempotency = &store.Idempotency{
			Key:         hex.EncodeToString(s.Hash("idempotency-key", []byte(key))),
			RequestHash: s.Hash("idempotency-request", []byte(request)),
			Status:      status,
		}
	}
	return c
}

func scopeOf(p auth.Principal) store.Scope { return store.Scope{All: p.Sites.All, Sites: p.Sites.IDs} }

// loginFor is how long a login lasts from its start; staff sign in once a day.
const loginFor = 12 * time.Hour
