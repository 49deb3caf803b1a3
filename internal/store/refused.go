package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// RefusedLogin is a login that an agent refused. It is personal data.
type RefusedLogin struct {
	ID        string
	SiteID    visit.SiteID
	NASID     visit.NASID
	NASName   string
	VisitID   visit.VisitID
	VoucherID visit.VoucherID
	Reason    string // see wire.RefusedReason
	Username  string
	MAC       string
	Method    string
	Count     int
	At        time.Time
}

// RefusedPage is a part of the list, newest first.
type RefusedPage struct {
	Items []RefusedLogin
	Next  string
}

// RefusedFilter chooses refused logins; zero fields do not.
type RefusedFilter struct {
	Reason string
	NASID  visit.NASID
	Since  *time.Time
	Page
}

type refusedRow struct {
	ID        string             `db:"id"`
	SiteID    visit.SiteID       `db:"site_id"`
	NASID     *visit.NASID       `db:"nas_id"`
	NASName   *string            `db:"nas_name"`
	VisitID   *visit.VisitID     `db:"visit_id"`
	VoucherID *visit.VoucherID   `db:"voucher_id"`
	Reason    wire.RefusedReason `db:"reason"`
	Username  string             `db:"username"`
	MAC       string             `db:"mac"`
	Method    string             `db:"method"`
	Count     int                `db:"count"`
	At        time.Time          `db:"at"`
}

// RefusedLogins returns a site's refused logins, newest first, or
// ErrSiteNotFound.
func (s *Store) RefusedLogins(ctx context.Context, scope Scope, site visit.SiteID, filter RefusedFilter) (RefusedPage, error) {
	page := filter.Page
	after, err := parseCursor(page.Cursor, byTime)
	if err != nil {
		return RefusedPage{}, err
	}
	out := RefusedPage{Items: []RefusedLogin{}}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		if _, err := findSite(ctx, q, scope, site); err != nil {
			return err
		}
		const list = `select r.id, r.site_id, r.nas_id, n.name as nas_name, v.visit_id, r.voucher_id,
				r.reason, r.username, r.mac, r.method, r.count, r.at
			from refused_logins r left join nases n on n.id = r.nas_id left join vouchers v on v.id = r.voucher_id
			where r.site_id = @site and (@reason = '' or r.reason = @reason) and (@nas::uuid is null or r.nas_id = @nas::uuid)
				and (@since::timestamptz is null or r.at >= @since::timestamptz) and (@at::timestamptz is null or (r.at, r.id) < (@at, @id::uuid))
			order by r.at desc, r.id desc limit @limit`
		rows, err := all[refusedRow](ctx, q, list, pgx.NamedArgs{
			"site": site, "reason": filter.Reason, "nas": optional(filter.NASID), "since": filter.Since,
			"at": after.At, "id": after.ID, "limit": page.limit() + 1,
		})
		if err != nil {
			return err
		}
		rows, out.Next = cut(rows, page.limit(), func(r refusedRow) cursor { return cursor{At: &r.At, ID: &r.ID} })
		for _, r := range rows {
			out.Items = append(out.Items, RefusedLogin{
				ID: r.ID, SiteID: r.SiteID, NASID: value(r.NASID), NASName: value(r.NASName), VisitID: value(r.VisitID), VoucherID: value(r.VoucherID),
				Reason: string(r.Reason), Username: r.Username, MAC: r.MAC, Method: r.Method, Count: r.Count, At: r.At,
			})
		}
		return nil
	})
	return out, err
}
