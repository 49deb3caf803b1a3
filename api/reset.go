package api

import (
	"context"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/visit"
)

type resets interface {
	AskReset(ctx context.Context, user string) error
	ResetPassword(ctx context.Context, user string, made time.Time, hash string) error
}

// FromAddress is embedded by requests that are limited by where they come from.
type FromAddress struct{ address string }

// Resolve implements huma.Resolver.
func (i *FromAddress) Resolve(c huma.Context) []error {
	i.address = clientAddress(humagin.Unwrap(c))
	return nil
}

type askResetInput struct {
	FromAddress
	Body struct {
		Email string `json:"email" minLength:"3" maxLength:"254"`
	}
}

// askReset has a link to choose a password mailed, to whoever has one. The answer is
// the same, after the same time, for an address that nobody has.
func (s *Server) askReset(ctx context.Context, in *askResetInput) (*struct{}, error) {
	answer := time.After(refusedAfter)
	if err := within(s.Logins, in.address); err != nil {
		return nil, err
	}
	user, err := s.Store.UserByEmail(ctx, strings.TrimSpace(in.Body.Email))
	if err == nil && s.LocalLogin.may(user) {
		err = s.Store.AskReset(ctx, user.ID)
	}
	if visit.KindOf(err) == visit.KindNotFound {
		err = nil
	}
	waitFor(ctx, answer)
	return nil, err
}

type resetInput struct {
	FromAddress
	Body struct {
		Token    string `json:"token" minLength:"1" maxLength:"200" writeOnly:"true" doc:"Of the link."`
		Password string `json:"password" minLength:"1" maxLength:"512" writeOnly:"true"`
	}
}

// reset sets the password of a link's holder, once: the store refuses links from
// before the password last changed. It signs nobody in, so that a second factor is
// asked for as usual.
func (s *Server) reset(ctx context.Context, in *resetInput) (*struct{}, error) {
	if err := within(s.Logins, in.address); err != nil {
		return nil, err
	}
	l, err := link.Parse(s.Links, in.Body.Token, s.Now(), link.PasswordReset, link.Account)
	if err != nil {
		return nil, err
	}
	user, err := s.Store.User(ctx, l.Object)
	if err != nil {
		return nil, unknownIs(err, link.ErrInvalid)
	}
	if !s.LocalLogin.may(user) {
		return nil, link.ErrInvalid
	}
	hash, err := s.chosen(ctx, "password", in.Body.Password, user)
	if err != nil {
		return nil, err
	}
	return nil, s.Store.ResetPassword(ctx, user.ID, l.MadeAt(), hash)
}
