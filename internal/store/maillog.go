package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// MailDeliveries returns the mails of a site, newest first: which kind, and what
// became of it. It returns ErrSiteNotFound and KindInvalid.
func (s *Store) MailDeliveries(ctx context.Context, scope Scope, site visit.SiteID, filter DeliveryFilter) (DeliveryPage, error) {
	page := DeliveryPage{Items: []DeliveryRecord{}}
	if _, err := s.Site(ctx, scope, site); err != nil {
		return page, err
	}
	after, err := parseCursor(filter.Cursor, byID)
	if err != nil {
		return page, err
	}
	// Read backwards from the primary key: deliveries are kept for a month.
	list := selectDeliveries + ` where v.site_id = @site and v.webhook_id is null`
	if filter.State != "" {
		list += ` and v.state = @state`
	}
	if filter.Cursor != "" {
		list += ` and v.id < @id`
	}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		rows, err := all[deliveryRow](ctx, q, list+` order by v.id desc limit @limit`, pgx.NamedArgs{
			"site": site, "state": filter.State, "id": after.ID, "limit": filter.limit() + 1,
		})
		rows, page.Next = cut(rows, filter.limit(), func(r deliveryRow) cursor { return cursor{ID: new(string(r.ID))} })
		for _, row := range rows {
			page.Items = append(page.Items, row.record())
		}
		return err
	})
	return page, err
}

// AskTestMail has a test mail sent to a user, as the site that the caller sees. It
// returns ErrSiteNotFound.
func (s *Store) AskTestMail(ctx context.Context, by Caller, site visit.SiteID, user string) error {
	if _, err := s.Site(ctx, by.Scope, site); err != nil {
		return err
	}
	return s.write(ctx, func(_ context.Context, t *tx) error {
		return t.record(visit.Event{Kind: visit.EventMailTestAsked, SiteID: site, Actor: by.Actor, Data: map[string]any{"user_id": user}})
	})
}
