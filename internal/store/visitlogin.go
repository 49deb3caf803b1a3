package store

import (
	"context"
	"crypto/hmac"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// VisitPass is what the credentials of a visit are good for at a portal.
type VisitPass struct {
	Visit   visit.VisitID
	Voucher visit.VoucherID
	Person  visit.PersonID // empty: purged
	Until   time.Time      // the visit's departure
}

type visitPassRow struct {
	voucherRow
	PersonID *visit.PersonID `db:"person_id"`
}

func (r visitPassRow) pass() VisitPass {
	return VisitPass{Visit: r.VisitID, Voucher: r.ID, Person: value(r.PersonID), Until: r.NotAfter}
}

const liveVouchers = `select o.id, o.visit_id, o.site_id, o.username, o.password_sealed, o.not_before, o.not_after, o.created_revision, o.revision,
		o.created_at, o.revoked_at, o.revoked_by, o.wiped_at, v.person_id
	from vouchers o join visits v on v.id = o.visit_id
	where o.site_id = @site and o.revoked_at is null and o.not_before <= @now and o.not_after > @now`

const comparePurpose = "portal password compare"

// VisitLogin finds the visit at the portal's site whose credentials these are. It
// returns ErrNoVoucher, whatever is wrong with them. Passwords are compared by their
// hashes, in one time for all of them.
func (s *Store) VisitLogin(ctx context.Context, p Portal, username, password string) (pass VisitPass, err error) {
	row, err := s.liveVoucher(ctx, p, `o.username = @of`, visit.NormalizeUsername(username))
	stored := ""
	if err == nil {
		credentials, wrong := s.open(row.voucherRow)
		if wrong != nil {
			return pass, wrong
		}
		stored = credentials.Password
	} else if !errors.Is(err, ErrNoVoucher) {
		return pass, err
	}
	hash := func(text string) []byte { return s.keyring.MAC(comparePurpose, []byte(visit.NormalizePassword(text))) }
	if !hmac.Equal(hash(stored), hash(password)) || stored == "" {
		return pass, ErrNoVoucher
	}
	return row.pass(), nil
}

// VisitPass returns what the visit's credentials are good for now, for a device that
// has shown them. It returns ErrNoVoucher.
func (s *Store) VisitPass(ctx context.Context, p Portal, id visit.VisitID) (VisitPass, error) {
	row, err := s.liveVoucher(ctx, p, `o.visit_id = @of`, string(id))
	return row.pass(), err
}

func (s *Store) liveVoucher(ctx context.Context, p Portal, which, of string) (row visitPassRow, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) error {
		row, err = one[visitPassRow](ctx, q, ErrNoVoucher, liveVouchers+` and `+which, pgx.NamedArgs{"site": p.SiteID, "now": s.now(), "of": of})
		return err
	})
	return row, err
}

// VisitLink returns the user name that a link stands for, or ErrNoVoucher: it was used,
// or the visit is over.
func (s *Store) VisitLink(ctx context.Context, p Portal, id visit.VoucherID) (username string, err error) {
	row, err := s.liveVoucher(ctx, p, unusedLink, string(id))
	return row.Username, err
}

const unusedLink = `o.id = @of and o.link_used_at is null`

// UseVisitLink is VisitLogin by a link, which is good once. It returns ErrNoVoucher.
func (s *Store) UseVisitLink(ctx context.Context, p Portal, id visit.VoucherID) (pass VisitPass, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := one[visitPassRow](ctx, t, ErrNoVoucher, liveVouchers+` and `+unusedLink+` for no key update of o`, pgx.NamedArgs{"site": p.SiteID, "now": t.now, "of": id})
		if err != nil {
			return err
		}
		pass = row.pass()
		_, err = t.Exec(ctx, `update vouchers set link_used_at = @now where id = @id`, pgx.NamedArgs{"id": id, "now": t.now})
		return err
	})
	return pass, err
}

// AgreeAsVisitor notes what a visitor agreed to at a portal, if it is still known who
// they are.
func (s *Store) AgreeAsVisitor(ctx context.Context, p Portal, id visit.VisitID, texts []string) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		const insert = `insert into consents (person_id, text_id, agreed_at)
			select v.person_id, c.id, @now from visits v, consent_texts c
			where v.id = @visit and v.site_id = @site and v.person_id is not null and c.template_id = @template and c.id = any(@texts::uuid[])
			on conflict do nothing`
		_, err := t.Exec(ctx, insert, pgx.NamedArgs{"visit": id, "site": p.SiteID, "template": p.Template.ID, "texts": texts, "now": t.now})
		return err
	})
}

// AccountPassword returns the account that staff or a sponsor gave a password, and its
// hash. It returns ErrAccountNotFound.
func (s *Store) AccountPassword(ctx context.Context, login string) (id visit.PersonID, hash string, err error) {
	type found struct {
		PersonID     visit.PersonID `db:"person_id"`
		PasswordHash string         `db:"password_hash"`
	}
	const find = `select c.person_id, c.password_hash from accounts c
		where c.login = @login and c.password_hash is not null and c.erased_at is null
		order by c.proven_at is null, c.ends_at desc, c.person_id limit 1`
	err = s.query(ctx, func(ctx context.Context, q db) error {
		row, err := one[found](ctx, q, ErrAccountNotFound, find, pgx.NamedArgs{"login": login})
		id, hash = row.PersonID, row.PasswordHash
		return err
	})
	return id, hash, err
}

// KnownLogin is whom a login is taken for that somebody typed and did not prove.
type KnownLogin struct {
	Account     *identity.Account // nil: it would make a new one
	ConsentsDue []identity.ConsentKind
}

// KnownLogin says whom Admit would take a device for that types a login.
func (s *Store) KnownLogin(ctx context.Context, p Portal, login string, seen Seen) (known KnownLogin, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		known = KnownLogin{}
		row, err := t.accountByLogin(ctx, Admission{Login: login, Cookie: seen.Cookie, Arrival: Arrival{MAC: seen.MAC, SSID: seen.SSID}})
		if err != nil {
			return unless(err, ErrAccountNotFound)
		}
		known.Account = new(row.account())
		known.ConsentsDue, err = consentsDue(ctx, t, p, row.ID)
		return err
	})
	return known, err
}

// GuestAuthentication returns an authentication for the guest's own page, or
// ErrAuthenticationNotFound.
func (s *Store) GuestAuthentication(ctx context.Context, p Portal, id roll.AccessID) (a identity.Authentication, err error) {
	const find = `select ` + authenticationColumns + ` from ` + authenticationTables + ` where n.access_id = @id and n.portal_id = @portal`
	err = s.query(ctx, func(ctx context.Context, q db) error {
		row, err := one[authenticationRow](ctx, q, ErrAuthenticationNotFound, find, pgx.NamedArgs{"id": id, "portal": p.ID})
		a = row.authentication()
		return err
	})
	return a, err
}

// GuestAccount returns an account as the rules see it, or ErrAccountNotFound.
func (s *Store) GuestAccount(ctx context.Context, id visit.PersonID) (account identity.Account, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) error {
		row, err := one[accountRow](ctx, q, ErrAccountNotFound, `select `+accountColumns+` from accounts c where c.person_id = @id`, pgx.NamedArgs{"id": id})
		account = row.account()
		return err
	})
	return account, err
}

// VendorPortal returns the one portal of a vendor whose devices call their site so, for
// those that send browsers to a path of their own. It returns ErrPortalNotFound, also
// where there are several.
func (s *Store) VendorPortal(ctx context.Context, vendor gate.Vendor, site string) (id identity.PortalID, err error) {
	if !utf8.ValidString(site) || strings.ContainsRune(site, 0) {
		return "", ErrPortalNotFound
	}
	const find = `select v.id from portals v join sites s on s.id = v.site_id
		where v.vendor = @vendor and v.enabled and v.deleted_at is null and s.archived_at is null
			and coalesce(nullif(v.settings->>'site', ''), 'default') = @site limit 2`
	err = s.query(ctx, func(ctx context.Context, q db) error {
		found, err := scalars[identity.PortalID](ctx, q, find, pgx.NamedArgs{"vendor": vendor, "site": site})
		if err == nil && len(found) != 1 {
			err = ErrPortalNotFound
		}
		if err == nil {
			id = found[0]
		}
		return err
	})
	return id, err
}
