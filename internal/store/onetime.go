package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// SecretFor says what a one-time secret is for: a visit's voucher or an authentication,
// and of which device at which NAS.
type SecretFor struct {
	SiteID    visit.SiteID
	VoucherID visit.VoucherID
	AccessID  roll.AccessID
	NASID     visit.NASID // empty: any of the site
	MAC       string      // empty: the NAS does not tell devices apart
}

// Secret is what a device proves itself with to RADIUS, once, instead of a password.
type Secret struct {
	Username string
	Password string
	Revision int64 // of the site's ledger, from which on agents know it
}

// secretFor is how long a one-time secret is good: the browser takes it to the NAS at
// once.
const secretFor = time.Minute

func secretPlace(id string) string { return "one_time_secret:" + id }

// OneTimeSecret makes a secret. It returns ErrAuthenticationNotFound and
// visit.ErrVoucherRevoked where there is nothing (any more) that it could stand for.
func (s *Store) OneTimeSecret(ctx context.Context, f SecretFor) (secret Secret, err error) {
	var followed *changes
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		username, err := t.standsFor(ctx, f)
		if err != nil {
			return err
		}
		id, err := s.newID()
		if err != nil {
			return err
		}
		password, err := visit.NewPassword(s.rand)
		if err != nil {
			return err
		}
		sealed, err := s.keyring.Seal([]byte(password), secretPlace(id))
		if err != nil {
			return err
		}
		const insert = `insert into one_time_secrets (id, site_id, voucher_id, access_id, nas_id, mac, secret_sealed, expires_at, created_at)
			values (@id, @site, @voucher, @access, @nas, @mac, @sealed, @until, @now)`
		if _, err := t.Exec(ctx, insert, pgx.NamedArgs{
			"id": id, "site": f.SiteID, "voucher": optional(f.VoucherID), "access": optional(f.AccessID), "nas": optional(f.NASID),
			"mac": f.MAC, "sealed": sealed, "until": t.now.Add(secretFor), "now": t.now,
		}); err != nil {
			return err
		}
		if f.VoucherID != "" {
			t.follow(f.SiteID, ledgerVoucher, string(f.VoucherID))
		} else {
			t.follow(f.SiteID, ledgerAccess, string(f.AccessID))
		}
		followed, secret = t.of(f.SiteID), Secret{Username: username, Password: password}
		return nil
	})
	if err == nil {
		secret.Revision = followed.revision
	}
	return secret, err
}

// standsFor is the user name that the secret goes with, of what is good now.
func (t *tx) standsFor(ctx context.Context, f SecretFor) (string, error) {
	if f.VoucherID != "" {
		const find = `select username from vouchers where id = @id and site_id = @site and revoked_at is null and not_after > @now for share`
		return scalar(ctx, t, ErrNoVoucher, find, pgx.NamedArgs{"id": f.VoucherID, "site": f.SiteID, "now": t.now})
	}
	const find = `select n.name from ` + authenticationTables + ` where n.access_id = @id and v.site_id = @site and n.live and v.ends_at > @now for share`
	return scalar(ctx, t, ErrAuthenticationNotFound, find, pgx.NamedArgs{"id": f.AccessID, "site": f.SiteID, "now": t.now})
}

// ErrNoVoucher: there is none, or it is over.
var ErrNoVoucher = visit.Errorf(visit.KindNotFound, "voucher_not_found", "This access is over.")

// scalar returns the single column of a single row, or missing.
func scalar(ctx context.Context, q db, missing error, sql string, args pgx.NamedArgs) (string, error) {
	found, err := scalars[string](ctx, q, sql, args)
	if err != nil {
		return "", orMissing(err, missing)
	}
	if len(found) == 0 {
		return "", missing
	}
	return found[0], nil
}
