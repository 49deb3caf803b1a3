package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
)

// Seen is what a device shows that stands before a portal.
type Seen struct{ MAC, SSID, Cookie string }

// Standing is what is known of it.
type Standing struct {
	Live        *identity.Authentication // the one that it has here
	By          identity.Recognition
	Account     *identity.Account // whom By recognised, whether valid or not
	ConsentsDue []identity.ConsentKind
	Devices     int // of the account that are online, but this one
	Limit       int
	Elsewhere   bool // it would be recognised by its address, with which somebody is online at another site
}

// Stands says what is known of a device. It changes nothing.
func (s *Store) Stands(ctx context.Context, p Portal, seen Seen) (st Standing, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) (err error) {
		st, err = s.stands(ctx, q, p, seen)
		return err
	})
	return st, err
}

func (s *Store) stands(ctx context.Context, q db, p Portal, seen Seen) (st Standing, err error) {
	now := s.now()
	if st.Live, err = liveNow(ctx, q, p.ID, seen.MAC, now); err != nil {
		return st, err
	}
	row, by, err := s.recognise(ctx, q, p, seen, now)
	if err != nil || by == identity.ByNothing {
		st.Elsewhere = row.Elsewhere
		return st, err
	}
	account := row.account()
	st.By, st.Account = by, &account
	if st.ConsentsDue, err = consentsDue(ctx, q, p, row.ID); err != nil {
		return st, err
	}
	limits, err := scalars[int](ctx, q, `select devices from profiles where id = @id`, pgx.NamedArgs{"id": row.ProfileID})
	if err != nil || len(limits) == 0 || limits[0] == 0 {
		return st, err
	}
	st.Limit = limits[0]
	st.Devices, err = onlineDevices(ctx, q, row.ID, seen.MAC, now)
	return st, err
}

func liveNow(ctx context.Context, q db, portal identity.PortalID, mac string, now time.Time) (*identity.Authentication, error) {
	if mac == "" {
		return nil, nil
	}
	const find = `select ` + authenticationColumns + ` from ` + authenticationTables + ` where n.portal_id = @portal and n.mac = @mac and n.live and v.ends_at > @now`
	rows, err := all[authenticationRow](ctx, q, find, pgx.NamedArgs{"portal": portal, "mac": mac, "now": now})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	live := rows[0].authentication()
	return &live, nil
}

// greenElsewhere: the address of a device is good at another site too. One of the two may
// have made it up, so that it is no proof at either.
func greenElsewhere(device string) string {
	return `exists (select from authentications x join accesses e on e.id = x.access_id
		where x.mac = ` + device + `.mac and x.mac <> '' and x.live and e.ends_at > @now and e.site_id <> ` + device + `.site_id)`
}

// recognised is an account, and whether it was not taken because of greenElsewhere.
type recognised struct {
	accountRow
	Elsewhere bool
}

// recognise finds the account of a browser by its cookie, or of a device by its address
// where the template says so: in the same network of the same site, and only while
// nobody shows the address elsewhere.
func (s *Store) recognise(ctx context.Context, q db, p Portal, seen Seen, now time.Time) (found recognised, by identity.Recognition, err error) {
	if hashes := s.cookieHashes(seen.Cookie); len(hashes) > 0 {
		const find = `select ` + accountColumns + ` from browsers b join accounts c on c.person_id = b.person_id where b.cookie_hash = any(@hashes)`
		rows, err := all[accountRow](ctx, q, find, pgx.NamedArgs{"hashes": hashes})
		if err != nil {
			return found, identity.ByNothing, err
		}
		if len(rows) > 0 {
			return recognised{accountRow: rows[0]}, identity.ByCookie, nil
		}
	}
	if !p.Template.RecogniseMAC || seen.MAC == "" {
		return found, identity.ByNothing, nil
	}
	find := `select ` + accountColumns + `, ` + greenElsewhere("d") + ` as elsewhere from devices d join accounts c on c.person_id = d.person_id
		where d.mac = @mac and d.portal_id = @portal and d.ssid = @ssid and (not d.private or d.last_seen > @since)
		order by d.last_seen desc limit 1`
	rows, err := all[recognised](ctx, q, find, pgx.NamedArgs{
		"mac": seen.MAC, "portal": p.ID, "ssid": seen.SSID, "now": now, "since": now.Add(-visit.PrivateDeviceFor),
	})
	if err != nil || len(rows) == 0 {
		return found, identity.ByNothing, err
	}
	if rows[0].Elsewhere {
		return rows[0], identity.ByNothing, nil
	}
	return rows[0], identity.ByMAC, nil
}
