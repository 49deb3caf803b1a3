package api

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type tokens interface {
	CreateToken(ctx context.Context, by store.Caller, token store.NewToken) (store.Token, error)
	Tokens(ctx context.Context) ([]store.Token, error)
	RevokeToken(ctx context.Context, by store.Caller, id string) error
}

// Token is an API token without its secret.
type Token struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Permissions []string       `json:"permissions"`
	AllSites    bool           `json:"all_sites"`
	Sites       []visit.SiteID `json:"sites,omitempty"`
	CreatedBy   string         `json:"created_by"`
	CreatedAt   time.Time      `json:"created_at"`
	ExpiresAt   *time.Time     `json:"expires_at,omitempty"`
	LastUsedAt  *time.Time     `json:"last_used_at,omitempty"`
	RevokedAt   *time.Time     `json:"revoked_at,omitempty"`
}

func tokenOf(t store.Token) Token {
	return Token{
		ID: t.ID, Name: t.Name, Permissions: t.Permissions, AllSites: t.Scope.All, Sites: t.Scope.Sites,
		CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, LastUsedAt: t.LastUsedAt, RevokedAt: t.RevokedAt,
	}
}

type createTokenInput struct {
	Body struct {
		Name        string         `json:"name" minLength:"1" maxLength:"200"`
		Permissions []string       `json:"permissions" minItems:"1" maxItems:"100" doc:"At most what you have yourself."`
		Sites       []visit.SiteID `json:"sites,omitempty" maxItems:"200" doc:"Absent: all sites that you may see."`
		ExpiresAt   *time.Time     `json:"expires_at,omitempty"`
	}
}

type createTokenAnswer struct {
	Body struct {
		Token  Token  `json:"token"`
		Secret string `json:"secret" doc:"Shown here only."`
	}
}

var errGrantsMore = visit.Errorf(visit.KindForbidden, "grants_more", "Nobody can give more than they have.")

func (s *Server) createToken(ctx context.Context, in *createTokenInput) (*createTokenAnswer, error) {
	p := auth.PrincipalOf(ctx)
	permissions, err := auth.ParsePermissions(in.Body.Permissions)
	if err != nil {
		return nil, visit.Invalid("permissions", "There is no such permission.")
	}
	sites := p.Sites
	if len(in.Body.Sites) > 0 {
		for _, id := range in.Body.Sites {
			if uuid.Validate(string(id)) != nil {
				return nil, visit.Invalid("sites", "This is not a site's id.")
			}
		}
		sites = auth.TheseSites(in.Body.Sites...)
	}
	if !p.MayGrant(sites, permissions) {
		return nil, errGrantsMore
	}
	if e := in.Body.ExpiresAt; e != nil && !e.After(s.Now()) {
		return nil, visit.Invalid("expires_at", "This is in the past.")
	}
	secret, err := auth.NewToken(rand.Reader, auth.APIToken)
	if err != nil {
		return nil, err
	}
	token, err := s.Store.CreateToken(ctx, s.caller(ctx), store.NewToken{
		Name: in.Body.Name, Permissions: permissions.Names(), Scope: store.Scope{All: sites.All, Sites: sites.IDs},
		ExpiresAt: in.Body.ExpiresAt, SecretHash: secret.Hash(),
	})
	if err != nil {
		return nil, err
	}
	a := &createTokenAnswer{}
	a.Body.Token, a.Body.Secret = tokenOf(token), secret.Reveal()
	return a, nil
}

// visible are the tokens whose sites the caller may see.
func (s *Server) visible(ctx context.Context) ([]store.Token, error) {
	list, err := s.Store.Tokens(ctx)
	mine := auth.PrincipalOf(ctx).Sites
	return slices.DeleteFunc(list, func(t store.Token) bool { return !sitesOf(t.Scope).Within(mine) }), err
}

type listTokensAnswer struct {
	Body struct {
		Items []Token `json:"items"`
	}
}

func (s *Server) listTokens(ctx context.Context, _ *struct{}) (*listTokensAnswer, error) {
	list, err := s.visible(ctx)
	if err != nil {
		return nil, err
	}
	a := &listTokensAnswer{}
	a.Body.Items = each(list, tokenOf)
	return a, nil
}

type tokenPath struct {
	Token string `path:"token" format:"uuid"`
}

func (s *Server) revokeToken(ctx context.Context, in *tokenPath) (*struct{}, error) {
	list, err := s.visible(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(list, func(t store.Token) bool { return t.ID == in.Token }) {
		return nil, store.ErrTokenNotFound
	}
	return nil, s.Store.RevokeToken(ctx, s.caller(ctx), in.Token)
}
