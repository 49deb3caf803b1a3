package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// pseudonym is what stands for the login of a guest whose personal data is gone.
func pseudonym(id visit.PersonID) string { return "erased-" + string(id) }

// eraseGuest takes the person out of an account, if there is one. What it has ends now.
// Its authentications are kept until their class's time is over: they say which
// device was online when, of whom nobody can tell any more.
func (t *tx) eraseGuest(ctx context.Context, id visit.PersonID, actor string) (map[string]int, error) {
	row, err := t.lockAccount(ctx, id)
	if errors.Is(err, ErrAccountNotFound) { // a visitor, who may have used a portal all the same
		_, err := t.Exec(ctx, `delete from portal_decisions where person_id = @id`, pgx.NamedArgs{"id": id})
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	if err := t.shutOut(ctx, id, actor); err != nil {
		return nil, err
	}
	n, err := t.forgetGuest(ctx, row)
	return map[string]int{"accounts": 1, "devices": n.Devices, "registrations": n.Registrations, "portal_decisions": n.Decisions}, err
}

// forgotten counts what went with an account.
type forgotten struct{ Devices, Registrations, Decisions int }

// forgetGuest replaces what is personal of a locked account by a pseudonym, and deletes
// what else is known of the guest.
func (t *tx) forgetGuest(ctx context.Context, row accountRow) (forgotten, error) {
	const traces = `with gone as (delete from devices where person_id = @id returning 1),
			agreed as (delete from consents where person_id = @id returning 1),
			known as (delete from browsers where person_id = @id returning 1),
			asked as (delete from registrations where person_id = @id or login = @login and site_id = @site returning 1),
			why as (delete from portal_decisions where person_id = @id or access_id in (select access_id from authentications where person_id = @id) returning 1),
			secrets as (delete from one_time_secrets where access_id in (select access_id from authentications where person_id = @id) returning 1)
		select (select count(*) from gone) as devices, (select count(*) from asked) as registrations, (select count(*) from why) as decisions`
	args := pgx.NamedArgs{"id": row.ID, "login": row.Login, "site": row.SiteID, "pseudonym": pseudonym(row.ID), "now": t.now}
	n, err := one[forgotten](ctx, t, ErrAccountNotFound, traces, args)
	if err != nil {
		return n, err
	}
	const erase = `update accounts set login = @pseudonym, login_kind = 'name', password_hash = null, sponsor = '', language = '', notes = '',
			contact_status = 'unknown', contact_checked_at = null, contact_due_at = null, first_login_at = null, last_login_at = null,
			erased_at = coalesce(erased_at, @now), updated_at = @now
		where person_id = @id`
	if _, err := t.Exec(ctx, erase, args); err != nil {
		return n, err
	}
	_, err = t.Exec(ctx, emptyAccounts, pgx.NamedArgs{"people": []string{string(row.ID)}})
	return n, err
}

// emptyAccounts deletes accounts that are pseudonyms, and have no authentication left
// that they stand for.
const emptyAccounts = `delete from accounts c where c.person_id = any(@people::uuid[]) and c.erased_at is not null
	and not exists (select from authentications a where a.person_id = c.person_id)`

// forgetPerson deletes a person of whom nothing is left, or blanks one whose
// authentications have to be kept. It leaves somebody alone whose visits are kept.
func (t *tx) forgetPerson(ctx context.Context, id visit.PersonID) error {
	args := pgx.NamedArgs{"id": id, "now": t.now}
	const unvisited = `id = @id and not exists (select from visits v where v.person_id = @id)`
	n, err := exec(ctx, t, `delete from people where `+unvisited+` and not exists (select from authentications where person_id = @id)`, args)
	if err != nil || n > 0 {
		return err
	}
	_, err = t.Exec(ctx, `update people set first_name = '', last_name = '', email = '', phone = '', company = '', updated_at = @now where `+unvisited, args)
	return err
}

// accountsDue are accounts whose end is long past.
const accountsDue = `select d.person_id` + ofEach + `(
	select c.person_id, c.ends_at from accounts c where c.site_id = s.site_id and c.erased_at is null and c.ends_at <= s.before
	order by c.ends_at, c.person_id limit @limit) d limit @limit`

// purgeAccounts forgets guests whose accounts ended long ago. Which are is found by an
// index and decided on locked rows.
func (t *tx) purgeAccounts(ctx context.Context, days map[visit.SiteID]visit.Days, args pgx.NamedArgs) (map[string]int, error) {
	ids, err := scalars[visit.PersonID](ctx, t, accountsDue, args)
	if err != nil {
		return nil, err
	}
	const lock = `select ` + accountColumns + ` from accounts c where c.person_id = any(@ids::uuid[]) order by c.person_id for no key update`
	rows, err := all[accountRow](ctx, t, lock, pgx.NamedArgs{"ids": texts(ids)})
	purged := 0
	for _, row := range rows {
		if err != nil || row.ErasedAt != nil || row.EndsAt.After(days[row.SiteID].Before(visit.ClassAccounts, t.now)) {
			continue
		}
		purged++
		if _, err = t.forgetGuest(ctx, row); err == nil {
			err = t.forgetPerson(ctx, row.ID)
		}
		t.audit(row.SiteID, actorPurge, "account.purged", accountPlace(row.ID), nil)
	}
	return map[string]int{string(visit.ClassAccounts): purged}, err
}

// authenticationsDue are those that ended long ago and are sealed; whose workflow never
// came to an end, a month later.
const authenticationsDue = `select d.id` + ofEach + `(
	select v.id from accesses v where v.site_id = s.site_id and v.kind = 'portal' and v.ended_at is not null and v.ended_at <= s.before
		and (v.sealed_at is not null or v.ended_at <= s.before - interval '30 days')
	order by v.ended_at, v.id limit @limit) d limit @limit`

// purgeAuthentications deletes connection records, and people of whom nothing else was
// left.
func (t *tx) purgeAuthentications(ctx context.Context, args pgx.NamedArgs) (map[string]int, error) {
	ids, err := scalars[string](ctx, t, authenticationsDue, args)
	if err != nil {
		return nil, err
	}
	of := pgx.NamedArgs{"ids": ids}
	people, err := scalars[string](ctx, t, `select distinct person_id::text from authentications where access_id = any(@ids::uuid[])`, of)
	if err != nil {
		return nil, err
	}
	n, err := exec(ctx, t, `delete from accesses where id = any(@ids::uuid[])`, of)
	if err != nil {
		return nil, err
	}
	whose := pgx.NamedArgs{"people": texts(people)}
	if _, err := t.Exec(ctx, emptyAccounts, whose); err != nil {
		return nil, err
	}
	const forget = `delete from people p where p.id = any(@people::uuid[])
		and not exists (select from accounts c where c.person_id = p.id) and not exists (select from visits v where v.person_id = p.id)`
	gone, err := exec(ctx, t, forget, whose)
	return map[string]int{string(visit.ClassAuthentications): int(n), classPeople: int(gone)}, err
}

// PruneGuests deletes what is over by itself, at most limit of each kind, and returns
// how many: one-time secrets and browsers that have expired, and devices that made
// their address up and were not seen for so long that they have another one.
func (s *Store) PruneGuests(ctx context.Context, limit int) (n int, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		n = 0
		args := pgx.NamedArgs{"now": t.now, "unseen": t.now.Add(-visit.PrivateDeviceFor), "limit": limit}
		for _, prune := range []string{
			`delete from one_time_secrets where id in (select id from one_time_secrets where expires_at <= @now order by expires_at limit @limit)`,
			`delete from browsers where cookie_hash in (select cookie_hash from browsers where expires_at <= @now order by expires_at limit @limit)`,
		} {
			gone, err := exec(ctx, t, prune, args)
			if err != nil {
				return err
			}
			n = max(n, int(gone))
		}
		devices, err := t.pruneDevices(ctx, args)
		n = max(n, devices)
		return err
	})
	return n, err
}

func (t *tx) pruneDevices(ctx context.Context, args pgx.NamedArgs) (int, error) {
	type known struct {
		ID     string
		SiteID visit.SiteID `db:"site_id"`
	}
	const prune = `delete from devices where id in (select id from devices where private and last_seen <= @unseen order by last_seen limit @limit)
		returning id::text as id, site_id`
	gone, err := all[known](ctx, t, prune, args)
	for _, d := range gone {
		t.follow(d.SiteID, ledgerDevice, d.ID)
	}
	return len(gone), err
}

// theirsAsGuest are rows that are about the guest @id.
const theirsAsGuest = `their_authentications as (select * from authentications where person_id = @id)`

// guestExport is everything held about a person as a guest of portals. Hashes and what
// is sealed are no data about them but keys.
const guestExport = `jsonb_build_object(
			'account', (select to_jsonb(x) - 'password_hash' from accounts x where x.person_id = @id),
			'consents', (select coalesce(jsonb_agg(to_jsonb(x) || jsonb_build_object('kind', t.kind, 'version', t.version, 'texts', t.texts) order by x.agreed_at, t.id), '[]')
				from consents x join consent_texts t on t.id = x.text_id where x.person_id = @id),
			'browsers', (select coalesce(jsonb_agg(to_jsonb(x) - 'cookie_hash' order by x.made_at), '[]') from browsers x where x.person_id = @id),
			'devices', (select coalesce(jsonb_agg(to_jsonb(x) order by x.id), '[]') from devices x where x.person_id = @id),
			'authentications', (select coalesce(jsonb_agg(to_jsonb(a) || to_jsonb(x) order by x.access_id), '[]')
				from their_authentications x join accesses a on a.id = x.access_id),
			'guest_sessions', (select coalesce(jsonb_agg(to_jsonb(x) order by x.id), '[]') from sessions x where x.access_id in (select access_id from their_authentications)),
			'guest_terminations', (select coalesce(jsonb_agg(to_jsonb(x) order by x.id), '[]') from terminations x where x.access_id in (select access_id from their_authentications)),
			'openings', (select coalesce(jsonb_agg(to_jsonb(x) - 'arrival_sealed' order by x.id), '[]') from openings x where x.access_id in (select access_id from their_authentications)
				or x.visit_id in (select id from their_visits)),
			'registrations', (select coalesce(jsonb_agg(to_jsonb(x) - 'arrival_sealed' - 'code_sealed' order by x.id), '[]') from registrations x where x.person_id = @id),
			'portal_decisions', (select coalesce(jsonb_agg(to_jsonb(x) order by x.id), '[]') from portal_decisions x where x.person_id = @id)
		)`
