package api

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// cookieName is the login cookie's. The prefix __Host- would demand TLS, which
// a loopback installation has not.
const cookieName = "foyer_login"

// kioskCookieName is the cookie's of a paired screen.
const kioskCookieName = "foyer_kiosk"

// Identities turns credentials into who they belong to.
type Identities interface {
	Login(ctx context.Context, hash []byte) (store.Login, store.User, error)
	TokenByHash(ctx context.Context, hash []byte) (store.Token, error)
	KioskByHash(ctx context.Context, hash []byte) (store.Kiosk, error)
}

var (
	errUnauthenticated = visit.Errorf(visit.KindUnauthenticated, "unauthenticated", "Sign in, or send a valid token.")
	errForbidden       = visit.Errorf(visit.KindForbidden, "forbidden", "You may not do this.")
	errTooMany         = visit.Errorf(visit.KindLimited, "too_many_requests", "Too many requests. Come back in a moment.")
)

// guard returns the middleware that lets a route be called with a permission
// only (empty: by anybody who is signed in), within the request limit, and
// bounded in time.
func (s *Server) guard(permission auth.Permission) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		ctx, cancel := context.WithTimeout(c.Context(), requestWithin)
		defer cancel()
		request := humagin.Unwrap(c)
		identity, err := s.permitted(ctx, request, permission)
		if err != nil {
			s.refuse(request, err)
			return
		}
		next(huma.WithContext(c, auth.WithIdentity(ctx, identity)))
	}
}

// permitted says who makes a request, or why it is refused.
func (s *Server) permitted(ctx context.Context, c *gin.Context, permission auth.Permission) (auth.Identity, error) {
	sent := credentialsOf(c)
	again := func(ctx context.Context) (auth.Principal, error) { return s.identify(ctx, sent) }
	principal, err := again(ctx)
	if err != nil {
		if limited := within(s.Requests, clientAddress(c)); limited != nil {
			return auth.Identity{}, limited
		}
		return auth.Identity{}, err
	}
	if err := within(s.Requests, principal.Actor()); err != nil {
		return auth.Identity{}, err
	}
	if permission != "" && !principal.Can(permission) {
		return auth.Identity{}, errForbidden
	}
	return auth.Identity{Principal: principal, Again: again}, nil
}

// credentials are what a request may prove itself with.
type credentials struct{ header, login, kiosk string }

func credentialsOf(c *gin.Context) (sent credentials) {
	sent.header = c.GetHeader("Authorization")
	sent.login, _ = c.Cookie(cookieName) // absent: empty
	sent.kiosk, _ = c.Cookie(kioskCookieName)
	return sent
}

// identify says who makes a request: a bearer token wins over a login, a login over
// a kiosk, and a bad one is not forgiven by a good other.
func (s *Server) identify(ctx context.Context, sent credentials) (auth.Principal, error) {
	scheme, value, ok := strings.Cut(sent.header, " ")
	switch {
	case ok && strings.EqualFold(scheme, "bearer"):
		return s.byToken(ctx, strings.TrimSpace(value))
	case sent.login == "" && sent.kiosk != "":
		return s.byKiosk(ctx, sent.kiosk)
	}
	return s.byLogin(ctx, sent.login)
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
	return auth.Principal{
		Kind: auth.KindToken, ID: token.ID, Name: token.Name, Sites: sitesOf(token.Scope), Permissions: auth.StoredPermissions(token.Permissions),
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
	p := auth.Principal{
		Kind: auth.KindUser, ID: user.ID, Name: user.Name, Sites: sitesOf(user.Scope), Permissions: auth.Role(user.Role).Permissions(),
	}
	if auth.Role(user.Role) == auth.Host {
		p.Host = strings.ToLower(user.Email)
	}
	return p
}

func (s *Server) byKiosk(ctx context.Context, cookie string) (auth.Principal, error) {
	parsed, ok := auth.ParseToken(cookie, auth.KioskCookie)
	if !ok {
		return auth.Principal{}, errUnauthenticated
	}
	kiosk, err := s.Store.KioskByHash(ctx, parsed.Hash())
	if err != nil {
		return auth.Principal{}, unknownIs(err, errUnauthenticated)
	}
	permissions := auth.Kiosk.Permissions()
	if kiosk.WalkIns {
		permissions[auth.VisitsWalkIn] = struct{}{}
	}
	return auth.Principal{
		Kind: auth.KindKiosk, ID: kiosk.ID, Name: kiosk.Name, Sites: auth.TheseSites(kiosk.SiteID), Permissions: permissions,
	}, nil
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
	p.retryAfter = strconv.Itoa(max(1, int(math.Ceil(retryFor.Seconds()))))
	return p
}

// clientAddress is the key of where a request comes from: the peer, or what a
// trusted proxy says.
func clientAddress(c *gin.Context) string {
	address, err := netip.ParseAddr(c.ClientIP())
	if err != nil {
		return "unknown"
	}
	return limit.Address(address)
}

// caller is the principal as the store knows it.
func (s *Server) caller(ctx context.Context) store.Caller {
	p := auth.PrincipalOf(ctx)
	return store.Caller{Actor: p.Actor(), Scope: scopeOf(p)}
}

// keyed is the caller with the request's Idempotency-Key, if it has one. The
// request's meaning is hashed, not its spelling; of neither is anything kept but
// keyed hashes.
func (s *Server) keyed(ctx context.Context, key string, status int, request ...any) store.Caller {
	c := s.caller(ctx)
	if key == "" {
		return c
	}
	meaning, _ := json.Marshal(request) // what was read from JSON can be written
	c.Idempotency = &store.Idempotency{
		Key:         hex.EncodeToString(s.Hash("idempotency-key", []byte(key))),
		RequestHash: s.Hash("idempotency-request", meaning),
		Status:      status,
	}
	return c
}

func scopeOf(p auth.Principal) store.Scope {
	return store.Scope{All: p.Sites.All, Sites: p.Sites.IDs, Host: p.Host}
}

func sitesOf(s store.Scope) auth.Sites { return auth.Sites{All: s.All, IDs: s.Sites} }
