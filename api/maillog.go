package api

import (
	"context"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type listMailsInput struct {
	SitePath
	State visit.DeliveryState `query:"state" enum:"pending,delivered,skipped,failed"`
	PageInput
}

func (s *Server) listMails(ctx context.Context, in *listMailsInput) (*listDeliveriesAnswer, error) {
	page, err := s.Store.MailDeliveries(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, store.DeliveryFilter{State: in.State, Page: in.page()})
	if err != nil {
		return nil, err
	}
	a := &listDeliveriesAnswer{}
	a.Body.Items, a.Body.Next = each(page.Items, deliveryOf), page.Next
	return a, nil
}

// testMail goes to the address of who asks, and to no other.
func (s *Server) testMail(ctx context.Context, in *SitePath) (*struct{}, error) {
	if _, err := s.Store.Site(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site); err != nil {
		return nil, err
	}
	user, err := s.myself(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Store.AskTestMail(ctx, s.caller(ctx), in.Site, user.ID)
}
