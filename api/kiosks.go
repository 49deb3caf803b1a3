package api

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type kiosks interface {
	CreateKiosk(ctx context.Context, by store.Caller, site visit.SiteID, name string, walkIns bool) (store.Kiosk, string, error)
	Kiosks(ctx context.Context, scope store.Scope, site visit.SiteID) ([]store.Kiosk, error)
	RevokeKiosk(ctx context.Context, by store.Caller, site visit.SiteID, id string) error
	PairKiosk(ctx context.Context, code string, secretHash []byte) (store.Kiosk, error)
}

// Kiosk is a screen in a site's lobby.
type Kiosk struct {
	ID            string       `json:"id"`
	SiteID        visit.SiteID `json:"site_id"`
	Name          string       `json:"name"`
	WalkIns       bool         `json:"walk_ins" doc:"Visitors may register themselves."`
	CodeExpiresAt *time.Time   `json:"code_expires_at,omitempty" doc:"Until when it waits for being paired."`
	CreatedAt     time.Time    `json:"created_at"`
	PairedAt      *time.Time   `json:"paired_at,omitempty"`
	LastSeenAt    *time.Time   `json:"last_seen_at,omitempty" doc:"To the minute."`
}

func kioskOf(k store.Kiosk) Kiosk {
	return Kiosk{
		ID: k.ID, SiteID: k.SiteID, Name: k.Name, WalkIns: k.WalkIns, CodeExpiresAt: k.CodeExpiresAt,
		CreatedAt: k.CreatedAt, PairedAt: k.PairedAt, LastSeenAt: k.LastSeenAt,
	}
}

type createKioskInput struct {
	SitePath
	Body struct {
		Name    string `json:"name" minLength:"1" maxLength:"200" example:"Lobby"`
		WalkIns bool   `json:"walk_ins,omitempty" doc:"Let visitors register themselves."`
	}
}

type createKioskAnswer struct {
	Body struct {
		Kiosk Kiosk  `json:"kiosk"`
		Code  string `json:"code" doc:"Six digits, to be typed at the screen within ten minutes. Shown here only." example:"042017"`
	}
}

func (s *Server) createKiosk(ctx context.Context, in *createKioskInput) (*createKioskAnswer, error) {
	kiosk, code, err := s.Store.CreateKiosk(ctx, s.caller(ctx), in.Site, in.Body.Name, in.Body.WalkIns)
	if err != nil {
		return nil, err
	}
	a := &createKioskAnswer{}
	a.Body.Kiosk, a.Body.Code = kioskOf(kiosk), code
	return a, nil
}

type listKiosksAnswer struct {
	Body struct {
		Items []Kiosk `json:"items"`
	}
}

func (s *Server) listKiosks(ctx context.Context, in *SitePath) (*listKiosksAnswer, error) {
	list, err := s.Store.Kiosks(ctx, s.caller(ctx).Scope, in.Site)
	if err != nil {
		return nil, err
	}
	a := &listKiosksAnswer{}
	a.Body.Items = each(list, kioskOf)
	return a, nil
}

type kioskPath struct {
	SitePath
	Kiosk string `path:"kiosk" format:"uuid"`
}

func (s *Server) revokeKiosk(ctx context.Context, in *kioskPath) (*struct{}, error) {
	return nil, s.Store.RevokeKiosk(ctx, s.caller(ctx), in.Site, in.Kiosk)
}

type pairInput struct {
	FromAddress
	Login string `cookie:"foyer_login" hidden:"true"`
	Body  struct {
		Code string `json:"code" minLength:"6" maxLength:"6" pattern:"^[0-9]{6}$" writeOnly:"true"`
	}
}

type pairAnswer struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      Me
}

// kioskFor is the longest that browsers keep a cookie (RFC 6265bis section 5.5). The
// kiosk itself lasts until it is revoked.
const kioskFor = 400 * 24 * time.Hour

// pairKiosk makes the browser that sends the code a kiosk. Whoever was signed in
// there no longer is: the screen stays alone in the lobby.
func (s *Server) pairKiosk(ctx context.Context, in *pairInput) (*pairAnswer, error) {
	if err := within(s.Logins, in.address); err != nil {
		return nil, err
	}
	secret, err := auth.NewToken(rand.Reader, auth.KioskCookie)
	if err != nil {
		return nil, err
	}
	kiosk, err := s.Store.PairKiosk(ctx, in.Body.Code, secret.Hash())
	if err != nil {
		return nil, err
	}
	if login, ok := auth.ParseToken(in.Login, auth.LoginCookie); ok {
		if err := s.Store.RevokeLogin(ctx, login.Hash()); err != nil {
			return nil, err
		}
	}
	principal, err := s.byKiosk(ctx, secret.Reveal())
	if err != nil {
		return nil, err
	}
	cookie := s.cookie(secret.Reveal(), int(kioskFor.Seconds())) //nolint:gosec // G124: as the login's
	cookie.Name = kioskCookieName
	s.Logger.InfoContext(ctx, "kiosk paired", "kiosk", kiosk.ID, "site", kiosk.SiteID)
	return &pairAnswer{SetCookie: []http.Cookie{cookie, s.cookie("", -1)}, Body: meOf(principal)}, nil
}
