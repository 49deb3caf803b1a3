package store

import (
	"context"

	"github.com/foyerhq/foyer/internal/visit"
)

// exportPage is how many rows of an export are read at once.
const exportPage = maxLimit

// ExportAccounts calls each for the accounts that Accounts would list, page by page: an
// account that is changed meanwhile is as it was before or after. That somebody took
// them along is audited first.
func (s *Store) ExportAccounts(ctx context.Context, by Caller, filter AccountFilter, each func([]Account) error) error {
	if err := s.exported(ctx, by, filter.SiteID, "accounts.exported"); err != nil {
		return err
	}
	for filter.Page = (Page{Limit: exportPage}); ; {
		page, err := s.Accounts(ctx, by.Scope, filter)
		if err != nil {
			return err
		}
		if err := each(page.Items); err != nil || page.Next == "" {
			return err
		}
		filter.Cursor = page.Next
	}
}

// ExportAuthentications is ExportAccounts for authentications.
func (s *Store) ExportAuthentications(ctx context.Context, by Caller, filter AuthenticationFilter, each func([]AuthenticationItem) error) error {
	if err := s.exported(ctx, by, filter.SiteID, "authentications.exported"); err != nil {
		return err
	}
	for filter.Page = (Page{Limit: exportPage}); ; {
		page, err := s.Authentications(ctx, by.Scope, filter)
		if err != nil {
			return err
		}
		if err := each(page.Items); err != nil || page.Next == "" {
			return err
		}
		filter.Cursor = page.Next
	}
}

// exported records an export with the site that it is of, or with the deployment.
func (s *Store) exported(ctx context.Context, by Caller, site visit.SiteID, action string) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		object := "sites:all"
		if site != "" {
			if _, err := findSite(ctx, t, by.Scope, site); err != nil {
				return err
			}
			object = "site:" + string(site)
		}
		t.audit(site, by.Actor, action, object, nil)
		return nil
	})
}
