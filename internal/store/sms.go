package store

import (
	"context"
	"crypto/subtle"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// SMSLimits bound what codes are sent and tried.
type SMSLimits struct {
	PerNumber   int   // codes in an hour
	PerSite     int   // codes in an hour
	CostCap     int64 // of a site in a day (UTC), in hundredths; 0: none
	Cost        int64 // of one code, in hundredths
	CodeFor     time.Duration
	MaxAttempts int
}

// Refusals of codes.
var (
	ErrSMSNumberLimit = visit.Errorf(visit.KindLimited, "sms_number_limit", "This number has had several codes. Come back later.")
	ErrSMSSiteLimit   = visit.Errorf(visit.KindLimited, "sms_site_limit", "Too many codes were sent at this site. Come back later.")
	ErrSMSCostCap     = visit.Errorf(visit.KindLimited, "sms_cost_cap", "The site's SMS budget for today is used up.")
	ErrSMSCode        = visit.Errorf(visit.KindForbidden, "sms_code_wrong", "This code is not right, or no longer good.")
)

const smsCodesKeptFor = 24 * time.Hour

// NewSMSCode stores a code about to be sent, and its cost: number and code are
// known by their keyed hashes only. An earlier code of the number stops being
// good. It returns the ErrSMS… limits, and ErrSiteNotFound.
func (s *Store) NewSMSCode(ctx context.Context, site visit.SiteID, phoneHash, codeHash []byte, l SMSLimits) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		// The site's row of today is locked first: limits of a site hold for all at once.
		spent, err := t.spend(ctx, site, l)
		if err != nil {
			return err
		}
		if l.CostCap > 0 && spent > l.CostCap {
			return ErrSMSCostCap
		}
		if err := t.smsWithin(ctx, site, phoneHash, l); err != nil {
			return err
		}
		id, err := t.s.newID()
		if err != nil {
			return err
		}
		const void = `update sms_codes set expires_at = @now where site_id = @site and phone_hash = @phone and used_at is null and expires_at > @now`
		if _, err := t.Exec(ctx, void, pgx.NamedArgs{"site": site, "phone": phoneHash, "now": t.now}); err != nil {
			return err
		}
		const insert = `insert into sms_codes (id, site_id, phone_hash, code_hash, expires_at, created_at)
			values (@id, @site, @phone, @code, @until, @now)`
		_, err = t.Exec(ctx, insert, pgx.NamedArgs{
			"id": id, "site": site, "phone": phoneHash, "code": codeHash, "until": t.now.Add(l.CodeFor), "now": t.now,
		})
		return err
	})
}

// spend adds the cost of one code to the site's day and returns the sum.
func (t *tx) spend(ctx context.Context, site visit.SiteID, l SMSLimits) (int64, error) {
	type row struct{ Cost int64 }
	const add = `insert into sms_spend as s (site_id, day, count, cost)
		select id, (@now::timestamptz at time zone 'utc')::date, 1, @cost from sites where id = @site and archived_at is null
		on conflict (site_id, day) do update set count = s.count + 1, cost = s.cost + excluded.cost returning cost`
	spent, err := one[row](ctx, t, visit.ErrSiteNotFound, add, pgx.NamedArgs{"site": site, "now": t.now, "cost": l.Cost})
	return spent.Cost, err
}

func (t *tx) smsWithin(ctx context.Context, site visit.SiteID, phoneHash []byte, l SMSLimits) error {
	type row struct{ Number, Site int }
	// A number is counted over all sites: it is one person's telephone that rings.
	const count = `select
			(select count(*) from sms_codes where phone_hash = @phone and created_at > @since) as number,
			(select count(*) from sms_codes where site_id = @site and created_at > @since) as site`
	sent, err := one[row](ctx, t, visit.ErrSiteNotFound, count, pgx.NamedArgs{"site": site, "phone": phoneHash, "since": t.now.Add(-time.Hour)})
	switch {
	case err != nil:
		return err
	case sent.Number >= l.PerNumber:
		return ErrSMSNumberLimit
	case sent.Site >= l.PerSite:
		return ErrSMSSiteLimit
	}
	return nil
}

// UseSMSCode accepts the number's code once. Each try counts, right or wrong;
// after the last one the code is good no more. It returns ErrSMSCode, which does
// not say what was wrong.
func (s *Store) UseSMSCode(ctx context.Context, site visit.SiteID, phoneHash, codeHash []byte, l SMSLimits) error {
	right := false
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		type row struct {
			ID       string
			CodeHash []byte
		}
		const try = `update sms_codes set attempts = attempts + 1
			where id = (select id from sms_codes where site_id = @site and phone_hash = @phone order by created_at desc, id desc limit 1 for update)
				and used_at is null and expires_at > @now and attempts < @most
			returning id::text, code_hash`
		found, err := one[row](ctx, t, ErrSMSCode, try, pgx.NamedArgs{"site": site, "phone": phoneHash, "now": t.now, "most": l.MaxAttempts})
		if err != nil {
			return err
		}
		if right = subtle.ConstantTimeCompare(found.CodeHash, codeHash) == 1; !right {
			return nil // the try is committed
		}
		_, err = t.Exec(ctx, `update sms_codes set used_at = @now where id = @id`, pgx.NamedArgs{"id": found.ID, "now": t.now})
		return err
	})
	if err == nil && !right {
		return ErrSMSCode
	}
	return err
}
