package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// Readiness says how far a site's agents have followed.
type Readiness struct {
	Agents    int // enrolled and not withdrawn
	Connected int
	Suspect   int // of the connected
	Acked     int // of the connected: at or beyond the revision
}

// Ready reports whether the network knows: at least one agent is connected and
// every connected one has acknowledged.
func (r Readiness) Ready() bool {
	return r.Connected > 0 && r.Acked == r.Connected && r.Suspect == 0
}

const (
	// drawTries bounds how often a taken user name is drawn again. With 31^8 names
	// the second draw is rare, the third is a broken random source.
	drawTries = 5
	// earlyFor lets a voucher begin a little before it was made: the clocks of the
	// replica that made it and of the hub that an agent follows may differ.
	earlyFor = time.Minute
)

type voucherRow struct {
	ID              visit.VoucherID `db:"id"`
	VisitID         visit.VisitID   `db:"visit_id"`
	SiteID          visit.SiteID    `db:"site_id"`
	Username        string          `db:"username"`
	PasswordSealed  []byte          `db:"password_sealed"`
	NotBefore       time.Time       `db:"not_before"`
	NotAfter        time.Time       `db:"not_after"`
	CreatedRevision int64           `db:"created_revision"`
	Revision        int64           `db:"revision"`
	CreatedAt       time.Time       `db:"created_at"`
	RevokedAt       *time.Time      `db:"revoked_at"`
	RevokedBy       *string         `db:"revoked_by"`
	WipedAt         *time.Time      `db:"wiped_at"`
}

const voucherColumns = `id, visit_id, site_id, username, password_sealed, not_before, not_after,
	created_revision, revision, created_at, revoked_at, revoked_by, wiped_at`

func (r voucherRow) voucher() visit.Voucher {
	return visit.Voucher{
		ID: r.ID, VisitID: r.VisitID, SiteID: r.SiteID, Username: r.Username,
		NotBefore: r.NotBefore, NotAfter: r.NotAfter, Revision: r.Revision, CreatedAt: r.CreatedAt,
		RevokedAt: r.RevokedAt, RevokedBy: value(r.RevokedBy), WipedAt: r.WipedAt,
	}
}

// live reports whether agents accept the voucher at now.
func (r voucherRow) live(now time.Time) bool { return r.RevokedAt == nil && r.NotAfter.After(now) }

func voucherPlace(id visit.VoucherID) string { return "voucher:" + string(id) }

func (s *Store) open(r voucherRow) (visit.Credentials, error) {
	password, err := s.keyring.Open(r.PasswordSealed, voucherPlace(r.ID))
	return visit.Credentials{Username: r.Username, Password: string(password)}, err
}

// latestVoucher returns the visit's live voucher, or the last one it had.
func latestVoucher(ctx context.Context, q db, id visit.VisitID) (voucherRow, error) {
	const find = `select ` + voucherColumns + ` from vouchers where visit_id = @visit
		order by revoked_at is not null, created_at desc, id desc limit 1`
	return one[voucherRow](ctx, q, visit.ErrNotCheckedIn, find, pgx.NamedArgs{"visit": id})
}

// newVoucher gives the visit fresh credentials until its departure.
func (t *tx) newVoucher(ctx context.Context, row *visitRow) (visit.VoucherID, error) {
	drawn, err := t.s.newID()
	if err != nil {
		return "", err
	}
	id := visit.VoucherID(drawn)
	for range drawTries {
		taken, err := t.insertVoucher(ctx, id, row)
		if err != nil {
			return "", err
		}
		if !taken {
			t.follow(row.SiteID, ledgerVoucher, drawn)
			return id, nil
		}
	}
	return "", errors.New("no free user name drawn: is the random source broken?")
}

func (t *tx) insertVoucher(ctx context.Context, id visit.VoucherID, row *visitRow) (taken bool, err error) {
	credentials, err := visit.NewCredentials(t.s.rand)
	if err != nil {
		return false, err
	}
	sealed, err := t.s.keyring.Seal([]byte(credentials.Password), voucherPlace(id))
	if err != nil {
		return false, err
	}
	const insert = `insert into vouchers (id, visit_id, site_id, username, password_sealed, not_before, not_after, created_at)
		values (@id, @visit, @site, @username, @sealed, @not_before, @not_after, @now)
		on conflict (username) do nothing`
	inserted, err := exec(ctx, t, insert, pgx.NamedArgs{
		"id": id, "visit": row.ID, "site": row.SiteID, "username": credentials.Username, "sealed": sealed,
		"not_before": t.now.Add(-earlyFor), "not_after": row.ExpectedDeparture, "now": t.now,
	})
	return err == nil && inserted == 0, err
}

// moveVoucher makes the live voucher, if there is one, end with the visit.
func (t *tx) moveVoucher(ctx context.Context, row *visitRow) error {
	const update = `update vouchers set not_after = @to where visit_id = @visit and revoked_at is null returning id`
	return t.followAll(ctx, row.SiteID, update, pgx.NamedArgs{"to": row.ExpectedDeparture, "visit": row.ID})
}

func (t *tx) revokeVoucher(ctx context.Context, row *visitRow, by string) error {
	if err := t.shutGatesOf(ctx, "visit_id", string(row.ID), t.now); err != nil {
		return err
	}
	const update = `update vouchers set revoked_at = @now, revoked_by = @by where visit_id = @visit and revoked_at is null returning id`
	return t.followAll(ctx, row.SiteID, update, pgx.NamedArgs{"now": t.now, "by": by, "visit": row.ID})
}

// followAll runs a change of vouchers that returns their ids.
func (t *tx) followAll(ctx context.Context, site visit.SiteID, update string, args pgx.NamedArgs) error {
	ids, err := scalars[string](ctx, t, update, args)
	for _, id := range ids {
		t.follow(site, ledgerVoucher, id)
	}
	return err
}

// Credentials returns the visit's credentials, for whoever does not show the
// password to anybody; who does uses HandOut or Reveal. It returns ErrNotCheckedIn
// before the voucher is issued and ErrVoucherWiped after the visit's end.
func (s *Store) Credentials(ctx context.Context, id visit.VisitID) (visit.Credentials, visit.Voucher, error) {
	var row voucherRow
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		row, err = latestVoucher(ctx, q, id)
		return err
	})
	if err != nil {
		return visit.Credentials{}, visit.Voucher{}, err
	}
	if row.RevokedAt != nil {
		return visit.Credentials{}, row.voucher(), visit.ErrVoucherWiped
	}
	credentials, err := s.open(row)
	return credentials, row.voucher(), err
}

// actionHandedOut is an audit row without an event: what a request was for has its
// own.
const actionHandedOut = "voucher.handed_out"

// HandOut is Credentials for the answer to a request that gives them out; who got
// them, and how, is in the audit before anybody has them.
func (s *Store) HandOut(ctx context.Context, by Caller, id visit.VisitID, how visit.Disclosed) (visit.Credentials, visit.Voucher, error) {
	var credentials visit.Credentials
	var voucher visit.Voucher
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		found, err := latestVoucher(ctx, t, id)
		if err != nil {
			return err
		}
		voucher = found.voucher()
		if found.RevokedAt != nil {
			return visit.ErrVoucherWiped
		}
		if credentials, err = s.open(found); err != nil {
			return err
		}
		t.audit(found.SiteID, by.Actor, actionHandedOut, "visit:"+string(id), map[string]any{"how": how, "voucher_id": found.ID})
		return nil
	})
	if err != nil {
		return visit.Credentials{}, voucher, err
	}
	return credentials, voucher, nil
}

// Reveal is Credentials on demand: audited, with an event.
func (s *Store) Reveal(ctx context.Context, by Caller, id visit.VisitID) (visit.Credentials, visit.Voucher, error) {
	var credentials visit.Credentials
	var voucher visit.Voucher
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockVisit(ctx, by.Scope, id)
		if err != nil {
			return err
		}
		found, err := latestVoucher(ctx, t, id)
		if err != nil {
			return err
		}
		voucher = found.voucher()
		if found.RevokedAt != nil {
			return visit.ErrVoucherWiped
		}
		if credentials, err = s.open(found); err != nil {
			return err
		}
		return t.record(row.event(visit.EventVoucherRevealed, by.Actor, map[string]any{"voucher_id": found.ID}))
	})
	if err != nil {
		return visit.Credentials{}, voucher, err
	}
	return credentials, voucher, nil
}

// Reissue replaces a running visit's credentials: the old ones are revoked, and
// agents end the sessions that used them. It returns ErrNotCheckedIn,
// ErrVisitEnded and ErrVisitCancelled.
func (s *Store) Reissue(ctx context.Context, by Caller, id visit.VisitID) (VisitOutcome, error) {
	return s.onVisit(ctx, by, id, func(ctx context.Context, t *tx, row *visitRow) (bool, error) {
		switch {
		case row.Status == visit.Cancelled || row.Status == visit.NoShow:
			return false, visit.ErrVisitCancelled
		case row.Status.Ended() || row.CheckOutRequestedAt != nil || !row.ExpectedDeparture.After(t.now):
			return false, visit.ErrVisitEnded
		case row.Status != visit.CheckedIn:
			return false, visit.ErrNotCheckedIn
		}
		if err := t.revokeVoucher(ctx, row, by.Actor); err != nil {
			return false, err
		}
		voucher, err := t.newVoucher(ctx, row)
		if err != nil {
			return false, err
		}
		return true, t.record(row.event(visit.EventVoucherReissued, by.Actor, map[string]any{"voucher_id": voucher}))
	})
}

// WipeCredentials forgets the passwords of vouchers revoked more than
// visit.CredentialsKeptFor ago, at most limit of them, and returns how many.
func (s *Store) WipeCredentials(ctx context.Context, limit int) (int, error) {
	var due []voucherRow
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		const find = `select ` + voucherColumns + ` from vouchers
			where wiped_at is null and revoked_at < @before order by revoked_at limit @limit`
		due, err = all[voucherRow](ctx, q, find, pgx.NamedArgs{"before": s.now().Add(-visit.CredentialsKeptFor), "limit": limit})
		return err
	})
	if err != nil {
		return 0, err
	}
	return countEach(due, func(row voucherRow) (bool, error) { return s.wipe(ctx, row) })
}

func (s *Store) wipe(ctx context.Context, row voucherRow) (wiped bool, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		const update = `update vouchers set password_sealed = null, wiped_at = @now where id = @id and wiped_at is null and revoked_at is not null`
		n, err := exec(ctx, t, update, pgx.NamedArgs{"id": row.ID, "now": t.now})
		if wiped = n == 1; err != nil || !wiped {
			return err
		}
		return t.record(visit.Event{
			Kind: visit.EventVoucherWiped, SiteID: row.SiteID, VisitID: row.VisitID, Actor: visit.ActorSweeper,
			Data: map[string]any{"voucher_id": row.ID},
		})
	})
	return wiped, err
}

// countEach runs f for each item and counts those it did something for. One
// item's failure does not keep the others from their turn.
func countEach[T any](items []T, f func(T) (bool, error)) (int, error) {
	var failed error
	done := 0
	for _, item := range items {
		ok, err := f(item)
		if err != nil {
			failed = errors.Join(failed, err)
		} else if ok {
			done++
		}
	}
	return done, failed
}

// quietFor is after how long without any sign an agent's link counts as lost,
// whatever its hub last said: the hub itself may be gone.
const quietFor = time.Minute

// Acked says how far the site's agents have followed the revision.
func (s *Store) Acked(ctx context.Context, site visit.SiteID, revision int64) (Readiness, error) {
	var ready Readiness
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		const count = `select count(*) as agents,
				count(*) filter (where hub is not null) as connected,
				count(*) filter (where hub is not null and (suspect_since is not null or last_seen_at < @quiet)) as suspect,
				count(*) filter (where hub is not null and acked_revision >= @revision) as acked
			from agents where site_id = @site and withdrawn_at is null and enrolled_at is not null`
		ready, err = one[Readiness](ctx, q, visit.ErrSiteNotFound, count, pgx.NamedArgs{
			"site": site, "revision": revision, "quiet": s.now().Add(-quietFor),
		})
		return err
	})
	return ready, err
}
